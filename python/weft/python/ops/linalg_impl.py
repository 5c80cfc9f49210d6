"""tf.linalg's compositions: logarithms of determinants, adjoints, what LU factors and singular
values give, systems of three diagonals."""

import numpy as np

from weft.python.framework import gen, ops
from weft.python.ops import array_ops, linalg_ops, math_ops

__all__ = [
    "adjoint", "logdet", "logm", "lu_matrix_inverse", "lu_reconstruct", "lu_solve", "matrix_rank",
    "pinv", "slogdet", "tridiagonal_matmul", "tridiagonal_solve",
]


def adjoint(matrix, name=None):
    """The conjugate transpose of the last two axes."""
    with ops.name_scope(name, "adjoint", [matrix]):
        matrix = ops.convert_to_tensor(matrix, name="matrix")
        return array_ops.matrix_transpose(matrix, conjugate=True)


def logdet(matrix, name=None):
    """The logarithm of the determinant of positive definite matrices."""
    with ops.name_scope(name, "logdet", [matrix]):
        chol = gen.Cholesky(matrix)
        diagonal = math_ops.real(array_ops.matrix_diag_part(chol))
        return 2.0 * math_ops.reduce_sum(math_ops.log(diagonal), axis=[-1])


def slogdet(input, name=None):
    """(sign, log_abs_determinant)."""
    return gen.LogMatrixDeterminant(input, name=name)


def logm(input, name=None):
    """The principal logarithm of complex matrices, whose exponential they are."""
    return gen.MatrixLogarithm(input, name=name)


# ---- what LU factors give: P^-1 L U ----

def lu_reconstruct(lower_upper, perm, validate_args=False, name=None):
    """The matrices whose factors `tf.linalg.lu` gave."""
    with ops.name_scope(name or "lu_reconstruct"):
        lower_upper = ops.convert_to_tensor(lower_upper, name="lower_upper")
        lower, upper = _triangles(lower_upper)
        return _rows(math_ops.matmul(lower, upper), _inverse_order(perm))


def lu_solve(lower_upper, perm, rhs, validate_args=False, name=None):
    """The x with A x = rhs, where (lower_upper, perm) is lu(A)."""
    with ops.name_scope(name or "lu_solve"):
        lower_upper = ops.convert_to_tensor(lower_upper, name="lower_upper")
        perm = ops.convert_to_tensor(perm, name="perm")
        rhs = ops.convert_to_tensor(rhs, dtype=lower_upper.dtype, name="rhs")
        lower, _ = _triangles(lower_upper)
        x = gen.MatrixTriangularSolve(lower, _rows(rhs, perm), lower=True)
        return gen.MatrixTriangularSolve(lower_upper, x, lower=False)


def lu_matrix_inverse(lower_upper, perm, validate_args=False, name=None):
    """The inverse of A, where (lower_upper, perm) is lu(A)."""
    with ops.name_scope(name or "lu_matrix_inverse"):
        lower_upper = ops.convert_to_tensor(lower_upper, name="lower_upper")
        shape = array_ops.shape(lower_upper)
        eye = linalg_ops.eye(shape[-1], batch_shape=shape[:-2], dtype=lower_upper.dtype)
        return lu_solve(lower_upper, perm, eye)


def _triangles(lower_upper):
    ones = array_ops.ones_like(array_ops.matrix_diag_part(lower_upper))
    lower = array_ops.matrix_set_diag(gen.MatrixBandPart(lower_upper, np.int64(-1), np.int64(0)),
                                      ones)
    return lower, gen.MatrixBandPart(lower_upper, np.int64(0), np.int64(-1))


def _inverse_order(perm):
    perm = ops.convert_to_tensor(perm, name="perm")
    if perm.shape.ndims == 1:
        return array_ops.invert_permutation(perm)
    _, places = gen.TopKV2(-perm, array_ops.shape(perm)[-1])
    return places


def _rows(x, order):
    """The rows of each matrix in another order."""
    if order.shape.ndims == 1:
        return array_ops.gather(x, order, axis=-2)
    return array_ops.gather(x, order, batch_dims=order.shape.ndims - 1)


# ---- what singular values give ----

def _cutoff(s, shape, factor):
    """What is to be taken as 0 beside the largest singular value."""
    most = math_ops.reduce_max(s, axis=-1, keepdims=True)
    sizes = math_ops.cast(math_ops.reduce_max(shape[-2:]), s.dtype)
    return factor * sizes * most


def matrix_rank(a, tol=None, validate_args=False, name=None):
    """How many singular values are above tol (rounding, of the largest one)."""
    with ops.name_scope(name or "matrix_rank"):
        a = ops.convert_to_tensor(a, name="a")
        s = linalg_ops.svd(a, compute_uv=False)
        if tol is None:
            tol = _cutoff(s, array_ops.shape(a), np.finfo(s.dtype.as_numpy_dtype).eps)
        return math_ops.reduce_sum(math_ops.cast(s > tol, "int32"), axis=-1)


def pinv(a, rcond=None, validate_args=False, name=None):
    """The pseudo-inverse: the inverse of what singular values above rcond, times the largest one,
    make."""
    with ops.name_scope(name or "pinv"):
        a = ops.convert_to_tensor(a, name="a")
        s, u, v = linalg_ops.svd(a)
        if rcond is None:
            cutoff = _cutoff(s, array_ops.shape(a), 10.0 * np.finfo(s.dtype.as_numpy_dtype).eps)
        else:
            rcond = ops.convert_to_tensor(rcond, dtype=s.dtype, name="rcond")
            cutoff = (array_ops.expand_dims(rcond, -1) *
                      math_ops.reduce_max(s, axis=-1, keepdims=True))
        far = array_ops.fill(array_ops.shape(s), ops.convert_to_tensor(np.inf, dtype=s.dtype))
        s = array_ops.where(s > cutoff + array_ops.zeros_like(s), s, far)
        scaled = v / math_ops.cast(array_ops.expand_dims(s, -2), v.dtype)
        return math_ops.matmul(scaled, u, adjoint_b=True)


# ---- three diagonals ----

def tridiagonal_solve(diagonals, rhs, diagonals_format="compact", transpose_rhs=False,
                      conjugate_rhs=False, name=None, partial_pivoting=True):
    """The x with A x = rhs, where A has three diagonals.

    Args:
      diagonals: "compact": [..., 3, M], upper, main and lower diagonal, element i in row i;
        "sequence": those three, the outer ones perhaps one shorter; "matrix": [..., M, M].
      rhs: [..., M] or [..., M, K], or [..., K, M] with transpose_rhs.
      partial_pivoting: rows may be swapped, which bears zeros on the diagonal.
    """
    with ops.name_scope(name or "tridiagonal_solve"):
        compact = _compact(diagonals, diagonals_format)
        rhs = ops.convert_to_tensor(rhs, dtype=compact.dtype, name="rhs")
        rank, rhs_rank = compact.shape.ndims, rhs.shape.ndims
        if rank is None or rhs_rank is None or rhs_rank not in (rank, rank - 1):
            raise ValueError("Expected the rank of rhs to be %s or one less, got %s" %
                             (rank, rhs_rank))
        vectors = rhs_rank == rank - 1
        if vectors or not transpose_rhs:
            rhs = math_ops.conj(rhs) if conjugate_rhs else rhs
            rhs = array_ops.expand_dims(rhs, -1) if vectors else rhs
        else:
            rhs = array_ops.matrix_transpose(rhs, conjugate=conjugate_rhs)
        x = gen.TridiagonalSolve(compact, rhs, partial_pivoting=partial_pivoting)
        if vectors:
            return array_ops.squeeze(x, -1)
        return array_ops.matrix_transpose(x) if transpose_rhs else x


def tridiagonal_matmul(diagonals, rhs, diagonals_format="compact", name=None):
    """The product of matrices of three diagonals, as `tridiagonal_solve` has them, and rhs."""
    with ops.name_scope(name or "tridiagonal_matmul"):
        compact = _compact(diagonals, diagonals_format)
        rhs = ops.convert_to_tensor(rhs, dtype=compact.dtype, name="rhs")
        rows = [compact[..., i:i + 1, :] for i in range(3)]
        return gen.TridiagonalMatMul(*rows, rhs)


def _compact(diagonals, diagonals_format):
    if diagonals_format == "compact":
        diagonals = ops.convert_to_tensor(diagonals, name="diagonals")
        if diagonals.shape.ndims is not None and diagonals.shape.ndims < 2:
            raise ValueError("Expected diagonals to have rank at least 2, got %d" %
                             diagonals.shape.ndims)
        if diagonals.shape.ndims and diagonals.shape.as_list()[-2] not in (3, None):
            raise ValueError("Expected 3 diagonals got %d" % diagonals.shape.as_list()[-2])
        return diagonals
    if diagonals_format == "sequence":
        return _stacked(diagonals)
    if diagonals_format == "matrix":
        return _diagonals_of(diagonals)
    raise ValueError("Unrecognized diagonals_format: %s" % diagonals_format)


def _stacked(diagonals):
    if not isinstance(diagonals, (tuple, list)) or len(diagonals) != 3:
        raise ValueError("Expected diagonals to be a sequence of length 3.")
    upper, main, lower = [ops.convert_to_tensor(d) for d in diagonals]
    size = main.shape.as_list()[-1]
    return array_ops.stack([_as_long(upper, "superdiagonal", [0, 1], size), main,
                            _as_long(lower, "subdiagonal", [1, 0], size)], axis=-2)


def _as_long(diagonal, name, padding, size):
    """A diagonal of as many elements as the main one has, one that nobody looks at among them."""
    have = diagonal.shape.as_list()[-1]
    if have is None or size is None or have == size:
        return diagonal
    if have != size - 1:
        raise ValueError("Expected %s to be have length %d or %d, got %d." %
                         (name, size, size - 1, have))
    return array_ops.pad(diagonal, [[0, 0]] * (diagonal.shape.ndims - 1) + [padding])


def _diagonals_of(matrix):
    matrix = ops.convert_to_tensor(matrix, name="diagonals")
    rows, columns = matrix.shape.as_list()[-2:]
    if rows is not None and columns is not None and rows != columns:
        raise ValueError("Expected last two dimensions of diagonals to be same, got %d and %d" %
                         (rows, columns))
    if rows is None and columns is None:
        raise ValueError("The size of the matrix needs to be known for "
                         "diagonals_format=\"matrix\"")
    return _stacked([array_ops.matrix_diag_part(matrix[..., :-1, 1:]),
                     array_ops.matrix_diag_part(matrix),
                     array_ops.matrix_diag_part(matrix[..., 1:, :-1])])
