"""tf.sort and tf.argsort: the elements along an axis in order, by the op TopKV2."""
import numpy as np

from weft.python.framework import constant_op, ops, tensor_util
from weft.python.ops import array_ops, math_ops, nn_ops

__all__ = ["argsort", "sort"]


def sort(values, axis=-1, direction="ASCENDING", name=None):
    """The values with those along `axis` in order. ValueError for another direction than
    ASCENDING and DESCENDING, and for an axis that is not known now."""
    with ops.name_scope(name, "sort"):
        return _ordered(values, axis, direction, wants_indices=False)


def argsort(values, axis=-1, direction="ASCENDING", stable=False, name=None):
    """Where the values of sort() come from: their indices along `axis`, int32."""
    del stable                          # equal ones keep their order either way
    with ops.name_scope(name, "argsort"):
        return _ordered(values, axis, direction, wants_indices=True)


def _ordered(values, axis, direction, wants_indices):
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError("%s should be one of ASCENDING, DESCENDING" % direction)
    axis = tensor_util.constant_value(ops.convert_to_tensor(axis, name="axis"))
    if axis is None:
        raise ValueError("axis must be constant")
    values = ops.convert_to_tensor(values, name="values")
    if direction == "DESCENDING":
        return _descending(values, int(axis), wants_indices)
    found = _descending(math_ops.negative(values), int(axis), wants_indices)
    return found if wants_indices else math_ops.negative(found)


def _descending(values, axis, wants_indices):
    """TopKV2 of all elements of the last axis, with `axis` in its place for as long."""
    k = array_ops.shape(values)[axis]
    swap = None
    if axis != -1 and axis + 1 != values.shape.ndims:
        swap = _swap_with_last(axis, values)
        values = array_ops.transpose(values, swap)
    found = nn_ops.top_k(values, k)[1 if wants_indices else 0]
    return found if swap is None else array_ops.transpose(found, swap)


def _swap_with_last(axis, values):
    rank = values.shape.ndims
    if rank is not None:
        order = np.arange(rank, dtype=np.int32)
        order[[axis, -1]] = order[[-1, axis]]
        return constant_op.constant(order, name="transposition")
    rank = array_ops.rank(values)
    axis = axis if axis >= 0 else axis + rank
    return array_ops.concat([math_ops.range(axis), [rank - 1], math_ops.range(axis + 1, rank - 1),
                             [axis]], 0)
