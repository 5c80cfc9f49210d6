"""Random initial values scaled by the size of a layer."""
import math

from weft.python.framework import dtypes
from weft.python.ops import random_ops

__all__ = ["variance_scaling_initializer", "xavier_initializer", "xavier_initializer_conv2d"]


def xavier_initializer(uniform=True, seed=None, dtype=dtypes.float32):
    """Keeps the scale of gradients about the same in all layers (Glorot and Bengio)."""
    return variance_scaling_initializer(factor=1.0, mode="FAN_AVG", uniform=uniform, seed=seed,
                                        dtype=dtype)


xavier_initializer_conv2d = xavier_initializer


def _fans(shape):
    """How many inputs and outputs a weight's shape means."""
    if not shape:
        return 1.0, 1.0
    fan_in = float(shape[-2]) if len(shape) > 1 else float(shape[-1])
    field = math.prod(float(size) for size in shape[:-2])
    return fan_in * field, float(shape[-1]) * field


def variance_scaling_initializer(factor=2.0, mode="FAN_IN", uniform=False, seed=None,
                                 dtype=dtypes.float32):
    """Values of variance factor / n, n being FAN_IN, FAN_OUT or their mean, FAN_AVG.

    Uniform, or normal without what is beyond two deviations.
    """
    if not dtypes.as_dtype(dtype).is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError("Unknown mode %s [FAN_IN, FAN_OUT, FAN_AVG]" % mode)

    def initializer(shape, dtype=dtype, partition_info=None):
        whole = shape if partition_info is None else partition_info.full_shape
        fan_in, fan_out = _fans(list(whole))
        n = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return random_ops.random_uniform(shape, -limit, limit, dtype, seed=seed)
        # A normal cut off at two deviations has 1.3 times less variance.
        return random_ops.truncated_normal(shape, 0.0, math.sqrt(1.3 * factor / n), dtype,
                                           seed=seed)

    return initializer
