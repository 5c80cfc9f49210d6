"""Small numbers that may be tensors."""

import math

from weft.python.framework import dtypes, ops, tensor_util
from weft.python.ops import math_ops

__all__ = ["enclosing_power_of_two"]


def enclosing_power_of_two(value):
    """The least power of two that is not below an int tensor."""
    known = tensor_util.constant_value(value)
    if known is not None:
        return ops.convert_to_tensor(1 << max(int(known) - 1, 0).bit_length(), dtype=value.dtype)
    power = math_ops.ceil(math_ops.log(math_ops.cast(value, dtypes.float32)) / math.log(2.0))
    return math_ops.cast(math_ops.pow(2.0, power), value.dtype)
