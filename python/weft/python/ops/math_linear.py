"""Products of matrices and tensors: matmul, tensordot, einsum, trace."""

import re

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops

__all__ = ["einsum", "matmul", "sparse_matmul", "tensordot", "trace"]


def matmul(a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False,
           a_is_sparse=False, b_is_sparse=False, name=None):
    """The product of the matrices in the last two axes of a and b.

    Leading axes are a batch and broadcast. `a_is_sparse` and `b_is_sparse` are hints that a matrix
    has many zeros; ValueError where both transpose and adjoint are asked for."""
    with ops.name_scope(name, "MatMul", [a, b]) as name:
        if transpose_a and adjoint_a:
            raise ValueError("Only one of transpose_a and adjoint_a can be True.")
        if transpose_b and adjoint_b:
            raise ValueError("Only one of transpose_b and adjoint_b can be True.")
        a = ops.convert_to_tensor(a, name="a")
        b = ops.convert_to_tensor(b, name="b")
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
    mixed = a.dtype != b.dtype and dtypes.bfloat16 in (a.dtype, b.dtype)
    return gen.has("SparseMatMul") and (
        mixed or (sparse and a.dtype in types and b.dtype in types))


def sparse_matmul(a, b, transpose_a=False, transpose_b=False, a_is_sparse=False,
                  b_is_sparse=False, name=None):
    """The product of two matrices that have many zeros."""
    return matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b,
                  a_is_sparse=a_is_sparse, b_is_sparse=b_is_sparse, name=name)


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
    free_dims = array_ops.gather(shape, free)
    sizes = [_product(free_dims), _product(array_ops.gather(shape, axes))]
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


# einsum: inputs are folded from the left; each step is one batched matrix product.

def einsum(equation, *inputs, **kwargs):
    """The sum of products that an equation such as "ij,jk->ik" describes.

    Each input is a row of letters, one an axis; the axes that the result does not name are summed
    over. An axis may stand once in an input; ellipses are refused with ValueError."""
    name = kwargs.pop("name", None)
    if kwargs:
        raise TypeError("invalid keyword arguments for this function: " +
                        ", ".join(sorted(kwargs)))
    with ops.name_scope(name, "einsum", [equation, inputs]):
        terms, result = _parse_equation(equation, len(inputs))
        tensors = [ops.convert_to_tensor(x) for x in inputs]
        for tensor, labels in zip(tensors, terms):
            _check_term(tensor, labels, equation)
        value, labels = _drop(tensors[0], terms[0], "".join(terms[1:]) + result)
        for i in range(1, len(terms)):
            wanted = "".join(terms[i + 1:]) + result
            right, right_labels = _drop(tensors[i], terms[i], labels + wanted)
            value, labels = _multiply(value, labels, right, right_labels, wanted)
        return _arrange(value, labels, result)


def _parse_equation(equation, count):
    equation = equation.replace(" ", "")
    if "..." in equation:
        raise ValueError("Subscripts with ellipses are not yet supported.")
    match = re.match("^([a-zA-Z,]+)(->[a-zA-Z]*)?$", equation)
    if not match:
        raise ValueError("Indices have incorrect format: %s" % equation)
    terms = match.group(1).split(",")
    if len(terms) != count:
        raise ValueError('Got %d arguments for equation "%s", expecting %d' %
                         (count, equation, len(terms)))
    letters = "".join(terms)
    if match.group(2) is None:
        return terms, "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    result = match.group(2)[2:]
    for c in result:
        if c not in letters:
            raise ValueError("Output axis %s of equation %s is in none of the inputs" %
                             (c, equation))
    return terms, result


def _check_term(tensor, labels, equation):
    if len(set(labels)) < len(labels):
        raise ValueError("Subscript not supported: an axis appears more than once: %s" % labels)
    ndims = tensor.shape.ndims
    if ndims is not None and ndims != len(labels):
        raise ValueError("An input of rank %d stands for %s in equation %s" %
                         (ndims, labels, equation))


def _drop(x, labels, wanted):
    """Sums over the axes that nobody wants any more."""
    unwanted = [i for i, c in enumerate(labels) if c not in wanted]
    if unwanted:
        x = gen.Sum(x, unwanted)
    return x, "".join(c for c in labels if c in wanted)


def _multiply(a, a_labels, b, b_labels, wanted):
    """The product of two inputs, summed over the axes that both have and nobody else wants."""
    shared = [c for c in a_labels if c in b_labels]
    batch = [c for c in shared if c in wanted]
    summed = [c for c in shared if c not in wanted]
    a_free = [c for c in a_labels if c not in shared]
    b_free = [c for c in b_labels if c not in shared]
    a_matrix = _grouped(a, a_labels, [batch, a_free, summed])
    b_matrix = _grouped(b, b_labels, [batch, summed, b_free])
    product = matmul(a_matrix, b_matrix)
    labels = batch + a_free + b_free
    sizes = {}
    for x, names in ((b, b_labels), (a, a_labels)):
        sizes.update(zip(names, _sizes(x, names)))
    return _reshape(product, [sizes[c] for c in labels]), "".join(labels)


def _sizes(x, labels):
    """The size of each axis: a number if it is known, else a tensor."""
    static = x.shape.as_list() if x.shape.ndims is not None else [None] * len(labels)
    if None not in static:
        return static
    shape = array_ops.shape(x)
    return [shape[i] if size is None else size for i, size in enumerate(static)]


def _grouped(x, labels, groups):
    """x with its axes in the order of the groups, and each group made one axis."""
    sizes = dict(zip(labels, _sizes(x, labels)))
    x = _arrange(x, labels, [c for group in groups for c in group])
    return _reshape(x, [_total([sizes[c] for c in group]) for group in groups])


def _total(sizes):
    total = 1
    for size in sizes:
        total = size if isinstance(total, int) and total == 1 else total * size
    return total


def _reshape(x, sizes):
    if all(isinstance(size, int) for size in sizes):
        return array_ops.reshape(x, sizes)
    result = array_ops.reshape(x, array_ops.stack(sizes))
    result.set_shape([size if isinstance(size, int) else None for size in sizes])
    return result


def _arrange(x, labels, order):
    if list(labels) == list(order):
        return x
    return array_ops.transpose(x, [labels.index(c) for c in order])
