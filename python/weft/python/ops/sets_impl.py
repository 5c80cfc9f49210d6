"""Tensors as rows of sets, along the last dimension; dense or sparse."""
from weft.python.framework import dtypes, gen
from weft.python.framework.sparse_tensor import (
    SparseTensor, convert_to_tensor_or_sparse_tensor)

__all__ = ["set_size", "set_intersection", "set_difference", "set_union"]

_VALID_DTYPES = {dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64, dtypes.uint8,
                 dtypes.uint16, dtypes.string}


def set_size(a, validate_indices=True):
    """How many distinct values each row of a SparseTensor has: int32, without the last dimension
    of `a`."""
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if not isinstance(a, SparseTensor):
        raise TypeError("Expected `SparseTensor`, got %s." % a)
    if a.values.dtype.base_dtype not in _VALID_DTYPES:
        raise TypeError("Invalid dtype %s." % a.values.dtype)
    return gen.SetSize(a.indices, a.values, a.dense_shape, validate_indices=validate_indices)


def _converted(a, b):
    """(a, b, False), or (b, a, True) where only the first is sparse."""
    a = convert_to_tensor_or_sparse_tensor(a, name="a")
    if a.dtype.base_dtype not in _VALID_DTYPES:
        raise TypeError("'a' invalid dtype %s." % a.dtype)
    b = convert_to_tensor_or_sparse_tensor(b, name="b")
    if b.dtype.base_dtype != a.dtype.base_dtype:
        raise TypeError("Types don't match, %s vs %s." % (a.dtype, b.dtype))
    if isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        return b, a, True
    return a, b, False


def _operated(a, b, operation, validate_indices):
    if isinstance(a, SparseTensor):
        parts = gen.SparseToSparseSetOperation(
            a.indices, a.values, a.dense_shape, b.indices, b.values, b.dense_shape,
            set_operation=operation, validate_indices=validate_indices)
    elif isinstance(b, SparseTensor):
        parts = gen.DenseToSparseSetOperation(
            a, b.indices, b.values, b.dense_shape, set_operation=operation,
            validate_indices=validate_indices)
    else:
        parts = gen.DenseToDenseSetOperation(a, b, set_operation=operation,
                                             validate_indices=validate_indices)
    return SparseTensor(*parts)


def set_intersection(a, b, validate_indices=True):
    """Of each row what both have, sorted: a SparseTensor."""
    a, b, _ = _converted(a, b)
    return _operated(a, b, "intersection", validate_indices)


def set_difference(a, b, aminusb=True, validate_indices=True):
    """Of each row what `a` has and `b` has not, or the other way round, sorted: a SparseTensor."""
    a, b, flipped = _converted(a, b)
    return _operated(a, b, "a-b" if aminusb != flipped else "b-a", validate_indices)


def set_union(a, b, validate_indices=True):
    """Of each row what either has, sorted: a SparseTensor."""
    a, b, _ = _converted(a, b)
    return _operated(a, b, "union", validate_indices)
