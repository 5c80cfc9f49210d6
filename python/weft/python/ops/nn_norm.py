"""Moments and normalization: by batch, by length, and the share of zeros."""

from weft.python.framework import constant_op, dtypes, gen, ops
from weft.python.ops import array_ops, math_ops
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "batch_norm_with_global_normalization", "batch_normalization", "fused_batch_norm",
    "l2_normalize", "moments", "normalize_moments", "sufficient_statistics", "weighted_moments",
    "zero_fraction",
]


def l2_normalize(x, axis=None, epsilon=1e-12, name=None, dim=None):
    """x over the square root of its sum of squares along axis, or of epsilon if that is larger."""
    axis = renamed_argument("axis", axis, "dim", dim)
    with ops.name_scope(name, "l2_normalize", [x]) as name:
        x = ops.convert_to_tensor(x, name="x")
        squares = math_ops.reduce_sum(math_ops.square(x), axis, keepdims=True)
        return math_ops.multiply(x, gen.Rsqrt(math_ops.maximum(squares, epsilon)), name=name)


def zero_fraction(value, name=None):
    """The share of elements that are 0, float32."""
    with ops.name_scope(name, "zero_fraction", [value]):
        value = ops.convert_to_tensor(value, name="value")
        size = array_ops.size(value, out_type=dtypes.int64)
        with ops.name_scope("count_nonzero", values=[value]):
            zero = array_ops.zeros([], dtype=value.dtype)
            different = math_ops.cast(math_ops.not_equal(value, zero), dtypes.int64)
            nonzero = math_ops.reduce_sum(different, name="nonzero_count")
        with ops.name_scope("counts_to_fraction"):
            zeros = math_ops.cast(size - nonzero, dtypes.float32)
            share = zeros / math_ops.cast(size, dtypes.float32)
            return array_ops.identity(share, "fraction")


# Moments.

def moments(x, axes, shift=None, name=None, keep_dims=None, keepdims=None):
    """(mean, variance) of x over axes; `shift` is taken and not needed."""
    keepdims = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    with ops.name_scope(name, "moments", [x, axes]):
        x = ops.convert_to_tensor(x)
        # float16 has too few digits for a sum of squares.
        wide = math_ops.cast(x, dtypes.float32) if x.dtype == dtypes.float16 else x
        mean = math_ops.reduce_mean(wide, axes, keepdims=True, name="mean")
        distance = gen.SquaredDifference(wide, array_ops.stop_gradient(mean))
        variance = math_ops.reduce_mean(distance, axes, keepdims=True, name="variance")
        if not keepdims:
            mean, variance = array_ops.squeeze(mean, axes), array_ops.squeeze(variance, axes)
        return math_ops.cast(mean, x.dtype), math_ops.cast(variance, x.dtype)


def weighted_moments(x, axes, frequency_weights, name=None, keep_dims=None, keepdims=None):
    """(mean, variance) of x over axes where each element counts as its weight says."""
    keepdims = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    with ops.name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = ops.convert_to_tensor(x, name="x")
        weights = ops.convert_to_tensor(frequency_weights, name="frequency_weights")
        wide = math_ops.cast(x, dtypes.float32) if x.dtype == dtypes.float16 else x
        weights = math_ops.cast(weights, wide.dtype)
        total = math_ops.reduce_sum(weights * wide, axes, name="weighted_input_sum",
                                    keepdims=True)
        spread = weights + array_ops.zeros_like(wide)
        count = math_ops.reduce_sum(spread, axes, name="sum_of_weights", keepdims=True)
        inverse = gen.Reciprocal(count, name="inv_weight_sum")
        mean = math_ops.multiply(total, inverse)
        distance = math_ops.reduce_sum(weights * gen.SquaredDifference(wide, mean), axes,
                                       name="weighted_distsq", keepdims=True)
        variance = math_ops.multiply(distance, inverse)
        if not keepdims:
            mean, variance = array_ops.squeeze(mean, axes), array_ops.squeeze(variance, axes)
        return math_ops.cast(mean, x.dtype), math_ops.cast(variance, x.dtype)


def sufficient_statistics(x, axes, shift=None, keep_dims=None, name=None, keepdims=None):
    """(count, sum, sum of squares, shift) of x over axes, the sums of x - shift if there is one."""
    keepdims = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    axes = list(set(axes))
    with ops.name_scope(name, "sufficient_statistics", [x, shift]):
        x = ops.convert_to_tensor(x, name="x")
        counts = _count(x, axes)
        if shift is not None:
            shift = ops.convert_to_tensor(shift, name="shift")
            values, squares = math_ops.subtract(x, shift), gen.SquaredDifference(x, shift)
        else:
            values, squares = x, math_ops.square(x)
        mean_ss = math_ops.reduce_sum(values, axes, keepdims=keepdims, name="mean_ss")
        var_ss = math_ops.reduce_sum(squares, axes, keepdims=keepdims, name="var_ss")
        return counts, mean_ss, var_ss, shift


def _count(x, axes):
    dims = x.get_shape().as_list() if x.get_shape().ndims is not None else None
    if dims is not None and all(dims[i] is not None for i in axes):
        total = 1
        for i in axes:
            total *= dims[i]
        return constant_op.constant(total, dtype=x.dtype)
    sizes = array_ops.gather(math_ops.cast(array_ops.shape(x), x.dtype), axes)
    return math_ops.reduce_prod(sizes, name="count")


def normalize_moments(counts, mean_ss, variance_ss, shift, name=None):
    """(mean, variance) from what sufficient_statistics gives."""
    with ops.name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = gen.Reciprocal(counts, name="divisor")
        if shift is not None:
            shifted = math_ops.multiply(mean_ss, divisor, name="shifted_mean")
            mean = math_ops.add(shifted, shift, name="mean")
        else:
            mean = shifted = math_ops.multiply(mean_ss, divisor, name="mean")
        variance = math_ops.subtract(math_ops.multiply(variance_ss, divisor),
                                     math_ops.square(shifted), name="variance")
        return mean, variance


# Batch normalization.

def batch_normalization(x, mean, variance, offset, scale, variance_epsilon, name=None):
    """(x - mean) / sqrt(variance + variance_epsilon) * scale + offset; the last two may be None."""
    with ops.name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        factor = math_ops.rsqrt(variance + variance_epsilon)
        if scale is not None:
            factor *= scale
        scaled = x * math_ops.cast(factor, x.dtype)
        shift = offset - mean * factor if offset is not None else -mean * factor
        return scaled + math_ops.cast(shift, x.dtype)


def fused_batch_norm(x, scale, offset, mean=None, variance=None, epsilon=0.001,
                     data_format="NHWC", is_training=True, name=None):
    """(normalized x, mean, variance); in training the moments are those of the batch."""
    x = ops.convert_to_tensor(x, name="input")
    scale = ops.convert_to_tensor(scale, name="scale")
    offset = ops.convert_to_tensor(offset, name="offset")
    if is_training and (mean is not None or variance is not None):
        raise ValueError("Both 'mean' and 'variance' must be None if is_training is True.")
    if mean is None:
        mean = constant_op.constant([])
    if variance is None:
        variance = constant_op.constant([])
    # Below this, TensorFlow's GPU kernels would refuse epsilon.
    epsilon = max(epsilon, 1.001e-5)
    outputs = gen.FusedBatchNormV3(x, scale, offset, mean, variance, epsilon=epsilon,
                                   data_format=data_format, is_training=is_training, name=name)
    return outputs[0], outputs[1], outputs[2]


def batch_norm_with_global_normalization(t=None, m=None, v=None, beta=None, gamma=None,
                                         variance_epsilon=None, scale_after_normalization=None,
                                         name=None, input=None, mean=None, variance=None):
    """batch_normalization with the arguments in their oldest order."""
    t = renamed_argument("input", input, "t", t)
    m = renamed_argument("mean", mean, "m", m)
    v = renamed_argument("variance", variance, "v", v)
    return batch_normalization(t, m, v, beta, gamma if scale_after_normalization else None,
                               variance_epsilon, name)
