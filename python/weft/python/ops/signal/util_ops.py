"""Numbers that may be tensors, and axes that are cut or padded to them."""

import math

from weft.python.framework import dtypes, ops, tensor_util
from weft.python.ops import array_ops, math_ops

__all__ = ["enclosing_power_of_two", "fit"]


def enclosing_power_of_two(value):
    """The least power of two that is not below an int tensor."""
    known = tensor_util.constant_value(value)
    if known is not None:
        return ops.convert_to_tensor(1 << max(int(known) - 1, 0).bit_length(), dtype=value.dtype)
    power = math_ops.ceil(math_ops.log(math_ops.cast(value, dtypes.float32)) / math.log(2.0))
    return math_ops.cast(math_ops.pow(2.0, power), value.dtype)


def fit(x, length):
    """The first `length` numbers of the last axis, zeros where there are not so many."""
    known = length if isinstance(length, int) else tensor_util.constant_value(length)
    x = x[..., :length]
    have = x.shape.as_list()[-1] if x.shape.ndims is not None else None
    if known is not None and have == known:
        return x
    missing = math_ops.maximum(0, length - array_ops.shape(x)[-1])
    place = array_ops.one_hot(array_ops.rank(x) - 1, array_ops.rank(x), dtype="int32")
    after = place * missing
    static = x.shape
    x = array_ops.pad(x, array_ops.stack([array_ops.zeros_like(after), after], axis=1))
    if static.ndims is not None:
        x.set_shape(static.as_list()[:-1] + [None if known is None else int(known)])
    return x
