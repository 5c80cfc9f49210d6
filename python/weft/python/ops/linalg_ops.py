"""tf.linalg: factorizations, solving, determinants, norms, of the matrices in the last two axes."""

import numpy as np

from weft.python.framework import dtypes, gen, ops, tensor_shape
from weft.python.ops import array_ops, math_ops
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "cholesky", "cholesky_solve", "eye", "lu", "matrix_determinant", "matrix_exponential",
    "matrix_inverse", "matrix_solve", "matrix_solve_ls", "matrix_square_root",
    "matrix_triangular_solve", "norm", "qr", "self_adjoint_eig", "self_adjoint_eigvals", "svd",
]


def cholesky(input, name=None):
    """The lower triangular L with L L^H = input; input must be positive definite."""
    return gen.Cholesky(input, name=name)


def cholesky_solve(chol, rhs, name=None):
    """The x with A x = rhs, where chol is cholesky(A)."""
    with ops.name_scope(name, "cholesky_solve", [chol, rhs]):
        y = gen.MatrixTriangularSolve(chol, rhs, adjoint=False, lower=True)
        return gen.MatrixTriangularSolve(chol, y, adjoint=True, lower=True)


def lu(input, output_idx_type=dtypes.int32, name=None):
    """(lu, p): L and U in one matrix, and the rows in the order of the pivots."""
    return gen.Lu(input, output_idx_type=output_idx_type, name=name)


def matrix_determinant(input, name=None):
    """The determinant."""
    return gen.MatrixDeterminant(input, name=name)


def matrix_inverse(input, adjoint=False, name=None):
    """The inverse of input, or of its adjoint."""
    return gen.MatrixInverse(input, adjoint=adjoint, name=name)


def matrix_solve(matrix, rhs, adjoint=False, name=None):
    """The x with matrix x = rhs (or with the adjoint of matrix)."""
    return gen.MatrixSolve(matrix, rhs, adjoint=adjoint, name=name)


def matrix_triangular_solve(matrix, rhs, lower=True, adjoint=False, name=None):
    """The x with matrix x = rhs, where only one triangle of matrix counts."""
    return gen.MatrixTriangularSolve(matrix, rhs, lower=lower, adjoint=adjoint, name=name)


def matrix_solve_ls(matrix, rhs, l2_regularizer=0.0, fast=True, name=None):
    """The x with the least ||matrix x - rhs||^2 + l2_regularizer ||x||^2.

    Wide matrices give the shortest of the many. With `fast`, by normal equations; else by a
    factorization that bears worse conditioned matrices, without regularizer."""
    with ops.name_scope(name, "matrix_solve_ls", [matrix, rhs, l2_regularizer]):
        matrix = ops.convert_to_tensor(matrix, name="matrix")
        rhs = ops.convert_to_tensor(rhs, dtype=matrix.dtype, name="rhs")
        if not fast:
            return gen.MatrixSolveLs(matrix, rhs, l2_regularizer, fast=False)
        rows, columns = matrix.shape.as_list()[-2:]
        if rows is None or columns is None:
            return gen.MatrixSolveLs(matrix, rhs, l2_regularizer, fast=True)
        if rows >= columns:
            chol = _regularized_gramian(matrix, l2_regularizer, True)
            return cholesky_solve(chol, math_ops.matmul(matrix, rhs, adjoint_a=True))
        chol = _regularized_gramian(matrix, l2_regularizer, False)
        return math_ops.matmul(matrix, cholesky_solve(chol, rhs), adjoint_a=True)


def _regularized_gramian(matrix, l2_regularizer, first):
    """cholesky of M^H M (or M M^H) + l2_regularizer I."""
    gramian = math_ops.matmul(matrix, matrix, adjoint_a=first, adjoint_b=not first)
    if isinstance(l2_regularizer, ops.Tensor) or l2_regularizer != 0:
        size = array_ops.shape(gramian)[-1]
        batch = array_ops.shape(gramian)[:-2]
        gramian += l2_regularizer * eye(size, batch_shape=batch, dtype=matrix.dtype)
    return gen.Cholesky(gramian)


def matrix_square_root(input, name=None):
    """The x with x x = input."""
    return gen.MatrixSquareRoot(input, name=name)


def matrix_exponential(input, name=None):
    """The sum of input^k / k!."""
    return gen.MatrixExponential(input, name=name)


def qr(input, full_matrices=False, name=None):
    """(q, r): q r = input, q orthogonal, r upper triangular."""
    return gen.Qr(input, full_matrices=full_matrices, name=name)


def svd(tensor, full_matrices=False, compute_uv=True, name=None):
    """(s, u, v): u diag(s) v^H = tensor, s falling; only s without compute_uv."""
    s, u, v = gen.Svd(tensor, compute_uv=compute_uv, full_matrices=full_matrices, name=name)
    return (math_ops.real(s), u, v) if compute_uv else math_ops.real(s)


def self_adjoint_eig(tensor, name=None):
    """(e, v): eigenvalues and, as columns, eigenvectors of self-adjoint matrices."""
    e, v = gen.SelfAdjointEigV2(tensor, compute_v=True, name=name)
    return e, v


def self_adjoint_eigvals(tensor, name=None):
    """The eigenvalues of self-adjoint matrices."""
    e, _ = gen.SelfAdjointEigV2(tensor, compute_v=False, name=name)
    return e


def eye(num_rows, num_columns=None, batch_shape=None, dtype=dtypes.float32, name=None):
    """Matrices with 1 on the diagonal and 0 elsewhere."""
    with ops.name_scope(name, "eye", [num_rows, num_columns, batch_shape]):
        square = num_columns is None
        num_columns = num_rows if square else num_columns
        if isinstance(num_rows, ops.Tensor) or isinstance(num_columns, ops.Tensor):
            diagonal = math_ops.minimum(num_rows, num_columns)
        else:
            square = num_rows == num_columns
            diagonal = min(int(num_rows), int(num_columns))
        batch = _batch_shape([] if batch_shape is None else batch_shape, diagonal)
        ones = array_ops.ones(_extended(batch, [diagonal]), dtype=dtype)
        if square:
            return array_ops.matrix_diag(ones)
        zeros = array_ops.zeros(_extended(batch, [num_rows, num_columns]), dtype=dtype)
        return array_ops.matrix_set_diag(zeros, ones)


def _batch_shape(batch_shape, diagonal):
    """A list if all of it is known, else a tensor."""
    known = isinstance(batch_shape, (list, tuple, np.ndarray, tensor_shape.TensorShape))
    if known and not isinstance(diagonal, ops.Tensor):
        return [int(size) for size in batch_shape]
    return ops.convert_to_tensor(batch_shape, name="shape", dtype=dtypes.int32)


def _extended(batch_shape, sizes):
    if isinstance(batch_shape, list):
        return batch_shape + sizes
    return array_ops.concat([batch_shape, sizes], 0)


def norm(tensor, ord="euclidean", axis=None, keepdims=None, name=None, keep_dims=None):
    """The norm of vectors along an axis, of matrices along two, or of all elements.

    ord: "euclidean" (or "fro"), 1, 2, infinity, and any positive number for vectors."""
    keepdims = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    matrices = isinstance(axis, (tuple, list)) and len(axis) == 2
    axis = _norm_axis(axis, matrices)
    _check_ord(ord, matrices)
    with ops.name_scope(name, "norm", [tensor]):
        tensor = ops.convert_to_tensor(tensor)
        if matrices and ord == 2:
            result = _largest_singular_value(tensor, axis)
        elif ord in ("fro", "euclidean", 2):
            squares = tensor * math_ops.conj(tensor)
            result = math_ops.sqrt(math_ops.reduce_sum(squares, axis, keepdims=True))
        else:
            result = _norm_of_abs(math_ops.abs(tensor), ord, axis, matrices)
        return result if keepdims else array_ops.squeeze(result, axis)


def _norm_axis(axis, matrices):
    message = "'axis' must be None, an integer, or a tuple of 2 unique integers, got %s" % (axis,)
    if matrices:
        if not all(isinstance(i, int) for i in axis) or axis[0] == axis[1]:
            raise ValueError(message)
        return tuple(axis)
    if axis is not None and not isinstance(axis, int):
        raise ValueError(message)
    return None if axis is None else (axis,)


def _check_ord(ord, matrices):
    if matrices:
        if ord not in ("euclidean", "fro", 1, 2, np.inf):
            raise ValueError("'ord' must be a supported matrix norm in %s, got %s" %
                             (["euclidean", "fro", 1, 2, np.inf], ord))
    elif isinstance(ord, str):
        if ord != "euclidean":
            raise ValueError("'ord' must be a supported vector norm, got %s" % ord)
    elif not np.isreal(ord) or ord <= 0:
        raise ValueError("'ord' must be a supported vector norm, got %s" % ord)


def _norm_of_abs(x, ord, axis, matrices):
    first = None if axis is None else axis[0]
    if ord == 1:
        x = math_ops.reduce_sum(x, first, keepdims=True)
        return math_ops.reduce_max(x, axis[-1], keepdims=True) if matrices else x
    if ord == np.inf:
        if matrices:
            x = math_ops.reduce_sum(x, axis[1], keepdims=True)
        return math_ops.reduce_max(x, first, keepdims=True)
    total = math_ops.reduce_sum(math_ops.pow(x, ord), axis, keepdims=True)
    return math_ops.pow(total, 1.0 / ord)


def _largest_singular_value(x, axis):
    """The two axes are moved last and, as 1s, back."""
    ndims = x.shape.ndims
    axis = [i % ndims for i in axis]
    order = [i for i in range(ndims) if i not in axis] + axis
    s = svd(array_ops.transpose(x, order), compute_uv=False)
    largest = array_ops.expand_dims(math_ops.reduce_max(s, axis=-1, keepdims=True), -1)
    return array_ops.transpose(largest, np.argsort(order))
