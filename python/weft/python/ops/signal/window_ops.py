"""Windows: weights that fade a frame in and out."""

import math

from weft.python.framework import dtypes, ops, tensor_util
from weft.python.ops import array_ops, math_ops

__all__ = ["hamming_window", "hann_window"]


def hann_window(window_length, periodic=True, dtype=dtypes.float32, name=None):
    """0.5 - 0.5 cos: zero at its ends.

    With `periodic`, even windows are one period: what follows the last weight is the first."""
    return _raised_cosine(name, "hann_window", window_length, periodic, dtype, 0.5, 0.5)


def hamming_window(window_length, periodic=True, dtype=dtypes.float32, name=None):
    """0.54 - 0.46 cos; as `hann_window`."""
    return _raised_cosine(name, "hamming_window", window_length, periodic, dtype, 0.54, 0.46)


def _raised_cosine(name, default_name, length, periodic, dtype, a, b):
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError("dtype must be a floating point type. Found %s" % dtype)
    with ops.name_scope(name, default_name, [length, periodic]):
        length = ops.convert_to_tensor(length, dtype=dtypes.int32, name="window_length")
        length.shape.assert_has_rank(0)
        known = tensor_util.constant_value(length)
        if known == 1:
            return array_ops.ones([1], dtype=dtype)
        periodic = math_ops.cast(
            ops.convert_to_tensor(periodic, dtype=dtypes.bool, name="periodic"), dtypes.int32)
        periodic.shape.assert_has_rank(0)
        even = 1 - math_ops.mod(length, 2)
        steps = math_ops.cast(length + periodic * even - 1, dtype)
        count = math_ops.cast(math_ops.range(length), dtype)
        window = math_ops.cast(a - b * math_ops.cos(2 * math.pi * count / steps), dtype)
        return window if known is not None else _unless_one(length, window)


def _unless_one(length, window):
    """A window of one weight has no steps: it is 1."""
    alone = array_ops.fill(array_ops.shape(window), math_ops.equal(length, 1))
    return array_ops.where(alone, array_ops.ones_like(window), window)
