"""Products of matrices and tensors: matmul, matvec, tensordot, trace."""

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops

__all__ = ["matmul", "matvec", "sparse_matmul", "tensordot", "trace"]


def matmul(a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False,
           a_is_sparse=False, b_is_sparse=False, name=None):
    """The product of the matrices in the last two axes of a and b.

    Leading axes are a batch and broadcast. `a_is_sparse` and `b_is_sparse` are hints that a matrix
    has many zeros; ValueError where both transpose and adjoint are asked for."""
    if transpose_a and adjoint_a:
        raise ValueError("Only one of transpose_a and adjoint_a can be True.")
    if transpose_b and adjoint_b:
        raise ValueError("Only one of transpose_b and adjoint_b can be True.")
    options = (transpose_a, transpose_b, adjoint_a, adjoint_b, a_is_sparse, b_is_sparse)
    if isinstance(a, ops.Tensor) and isinstance(b, ops.Tensor) and not a.dtype.is_complex:
        return _matmul(a, b, *options, name or "MatMul")       # nothing to convert, no scope
    with ops.name_scope(name, "MatMul", [a, b]) as name:
        a = ops.convert_to_tensor(a, name="a")
        b = ops.convert_to_tensor(b, name="b")
        return _matmul(a, b, *options, name)


def _matmul(a, b, transpose_a, transpose_b, adjoint_a, adjoint_b, a_is_sparse, b_is_sparse, name):
    sparse = a_is_sparse or b_is_sparse
    if not sparse and (_may_have_batch(a) or _may_have_batch(b)):
        return _batch_matmul(a, b, transpose_a, transpose_b, adjoint_a, adjoint_b, name)
    a, transpose_a = (_conj(a), True) if adjoint_a else (a, transpose_a)
    b, transpose_b = (_conj(b), True) if adjoint_b else (b, transpose_b)
    if _suits_sparse_matmul(a, b, sparse):
        return gen.SparseMatMul(a, b, transpose_a=transpose_a, transpose_b=transpose_b,
                                a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse, name=name)
    return gen.MatMul(a, b, transpose_a=transpose_a, transpose_b=transpose_b, name=name)


def _may_have_batch(x):
    ndims = x.shape.ndims
    return ndims is None or ndims > 2


def _batch_matmul(a, b, transpose_a, transpose_b, adjoint_a, adjoint_b, name):
    """BatchMatMulV2 knows adjoints only, so that what is to be transposed is conjugated first."""
    if transpose_a:
        a, adjoint_a = _conj(a), True
    if transpose_b:
        b, adjoint_b = _conj(b), True
    return gen.BatchMatMulV2(a, b, adj_x=adjoint_a, adj_y=adjoint_b, name=name)


def _conj(x):
    return gen.Conj(x) if x.dtype.is_complex else x


def _suits_sparse_matmul(a, b, sparse):
    types = (dtypes.bfloat16, dtypes.float32)
    if not gen.has("SparseMatMul"):
        return False
    mixed = a.dtype != b.dtype and dtypes.bfloat16 in (a.dtype, b.dtype)
    return mixed or (sparse and a.dtype in types and b.dtype in types)


def sparse_matmul(a, b, transpose_a=False, transpose_b=False, a_is_sparse=False,
                  b_is_sparse=False, name=None):
    """The product of two matrices that have many zeros."""
    return matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b,
                  a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse, name=name)


def matvec(a, b, transpose_a=False, adjoint_a=False, a_is_sparse=False, b_is_sparse=False,
           name=None):
    """The products of the matrices in the last two axes of a and the vectors in the last of b."""
    with ops.name_scope(name, "MatVec", [a, b]):
        column = array_ops.expand_dims(b, axis=-1)
        product = matmul(a, column, transpose_a=transpose_a, adjoint_a=adjoint_a,
                         a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse)
        return array_ops.squeeze(product, axis=-1)


def trace(x, name=None):
    """The sum of the diagonal of the matrices in the last two axes."""
    with ops.name_scope(name, "Trace", [x]) as name:
        x = ops.convert_to_tensor(x, name="x")
        return gen.Sum(array_ops.matrix_diag_part(x), [-1], name=name)


# tensordot: both sides become matrices, are multiplied, and get their free axes back.

def tensordot(a, b, axes, name=None):
    """The sum of products of a and b over the given axes.

    `axes` is a number n (the last n axes of a with the first n of b) or a pair of lists."""
    with ops.name_scope(name, "Tensordot", [a, b, axes]) as name:
        a = ops.convert_to_tensor(a, name="a")
        b = ops.convert_to_tensor(b, name="b")
        a_axes, b_axes = _contracted_axes(a, axes)
        a_matrix, a_dims, a_static = _as_matrix(a, a_axes, contracted_first=False)
        b_matrix, b_dims, b_static = _as_matrix(b, b_axes, contracted_first=True)
        product = matmul(a_matrix, b_matrix)
        if isinstance(a_dims, list) and isinstance(b_dims, list):
            return array_ops.reshape(product, a_dims + b_dims, name=name)
        a_dims = ops.convert_to_tensor(a_dims, dtype=dtypes.int32)
        b_dims = ops.convert_to_tensor(b_dims, dtype=dtypes.int32)
        shape = array_ops.concat([a_dims, b_dims], 0)
        product = array_ops.reshape(product, shape, name=name)
        if a_static is not None and b_static is not None:
            product.set_shape(a_static + b_static)
        return product


def _contracted_axes(a, axes):
    """The two lists (or tensors) of axes that are summed over."""
    ndims = a.shape.ndims
    if isinstance(axes, int):
        if axes < 0:
            raise ValueError("'axes' must be at least 0.")
        if ndims is not None:
            if axes > ndims:
                raise ValueError("'axes' must not be larger than the number of dimensions of "
                                 "tensor %s." % a)
            return list(range(ndims - axes, ndims)), list(range(axes))
        rank = array_ops.rank(a)
        return gen.Range(rank - axes, rank, 1), gen.Range(0, axes, 1)
    if isinstance(axes, (list, tuple)):
        if len(axes) != 2:
            raise ValueError("'axes' must be an integer or have length 2.")
        a_axes, b_axes = axes
        if isinstance(a_axes, int) and isinstance(b_axes, int):
            a_axes, b_axes = [a_axes], [b_axes]
        if len(a_axes) != len(b_axes):
            raise ValueError("Different number of contraction axes 'a' and 'b', %s != %s." %
                             (len(a_axes), len(b_axes)))
        return list(a_axes), list(b_axes)
    axes = ops.convert_to_tensor(axes, name="axes", dtype=dtypes.int32)
    return axes[0], axes[1]


def _as_matrix(x, axes, contracted_first):
    """(x as a matrix, its free dims: a list if known else a tensor, their static form or None)."""
    if x.shape.is_fully_defined() and isinstance(axes, list):
        return _as_static_matrix(x, axes, contracted_first)
    if x.shape.ndims is not None and isinstance(axes, list):
        dims = x.shape.as_list()
        axes = [i if i >= 0 else i + len(dims) for i in axes]
        free = [i for i in range(len(dims)) if i not in axes]
        static = [dims[i] for i in free]
        axes = ops.convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        free = ops.convert_to_tensor(free, dtype=dtypes.int32, name="free")
        shape = array_ops.shape(x)
    else:
        static = None
        shape, rank = array_ops.shape(x), array_ops.rank(x)
        axes = ops.convert_to_tensor(axes, dtype=dtypes.int32, name="axes")
        axes = array_ops.where(axes >= 0, axes, axes + rank)
        free, _ = gen.ListDiff(gen.Range(0, rank, 1), axes)
    free_dims, axes_dims = array_ops.gather(shape, free), array_ops.gather(shape, axes)
    sizes = [_product(free_dims), _product(axes_dims)]
    order = [free, axes]
    if contracted_first:
        order, sizes = order[::-1], sizes[::-1]
    order = array_ops.concat(order, 0)
    sizes = array_ops.stack(sizes)
    return array_ops.reshape(array_ops.transpose(x, order), sizes), free_dims, static


def _as_static_matrix(x, axes, contracted_first):
    dims = x.shape.as_list()
    axes = [i if i >= 0 else i + len(dims) for i in axes]
    free = [i for i in range(len(dims)) if i not in axes]
    free_dims = [dims[i] for i in free]
    order, sizes = [free, axes], [_count(free_dims), _count([dims[i] for i in axes])]
    if contracted_first:
        order, sizes = order[::-1], sizes[::-1]
    matrix = array_ops.reshape(array_ops.transpose(x, order[0] + order[1]), sizes)
    return matrix, free_dims, free_dims


def _count(dims):
    total = 1
    for dim in dims:
        total *= dim
    return total


def _product(x):
    from weft.python.ops import math_reduce
    return math_reduce.reduce_prod(x)
