"""Pooling: the largest or the mean value of each window."""

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "avg_pool", "avg_pool1d", "avg_pool2d", "avg_pool3d", "avg_pool_v2", "fractional_avg_pool",
    "fractional_max_pool", "max_pool", "max_pool1d", "max_pool2d", "max_pool3d", "max_pool_v2",
    "max_pool_with_argmax", "pool", "window_list",
]


def window_list(value, n, channels_first, name):
    """A size or stride for n axes as the ops want it: with 1 for batch and channels."""
    if value is None:
        value = [1]
    elif not hasattr(value, "__len__"):
        value = [value]
    count = len(value)
    if count == n + 2:
        return list(value)
    if count == 1:
        value = list(value) * n
    elif count != n:
        raise ValueError("%s should be of length 1, %d or %d but was %d" % (name, n, n + 2, count))
    return [1, 1] + list(value) if channels_first else [1] + list(value) + [1]


def _pool(op, default_name, n, value, ksize, strides, padding, data_format, name):
    with ops.name_scope(name, default_name, [value]) as name:
        value = ops.convert_to_tensor(value, name="input")
        data_format = data_format or ("NHWC" if n == 2 else "NDHWC")
        first = data_format.startswith("NC")
        ksize = window_list(ksize, n, first, "ksize")
        strides = window_list(strides, n, first, "strides")
        return op(value, ksize=ksize, strides=strides, padding=padding, data_format=data_format,
                  name=name)


def max_pool(value, ksize, strides, padding, data_format="NHWC", name=None, input=None):
    """The largest value of each window of an image; ksize and strides for 4 axes, 2 or 1."""
    value = renamed_argument("input", input, "value", value)
    return _pool(gen.MaxPool, "MaxPool", 2, value, ksize, strides, padding, data_format, name)


def avg_pool(value, ksize, strides, padding, data_format="NHWC", name=None, input=None):
    """The mean value of each window of an image; ksize and strides for 4 axes, 2 or 1."""
    value = renamed_argument("input", input, "value", value)
    return _pool(gen.AvgPool, "AvgPool", 2, value, ksize, strides, padding, data_format, name)


def max_pool2d(input, ksize, strides, padding, data_format="NHWC", name=None):
    """The largest value of each window of an image."""
    return _pool(gen.MaxPool, "MaxPool2d", 2, input, ksize, strides, padding, data_format, name)


def avg_pool2d(input, ksize, strides, padding, data_format="NHWC", name=None):
    """The mean value of each window of an image."""
    return _pool(gen.AvgPool, "AvgPool2D", 2, input, ksize, strides, padding, data_format, name)


def max_pool3d(input, ksize, strides, padding, data_format="NDHWC", name=None):
    """The largest value of each window of a volume."""
    return _pool(gen.MaxPool3D, "MaxPool3D", 3, input, ksize, strides, padding, data_format, name)


def avg_pool3d(input, ksize, strides, padding, data_format="NDHWC", name=None):
    """The mean value of each window of a volume."""
    return _pool(gen.AvgPool3D, "AvgPool3D", 3, input, ksize, strides, padding, data_format, name)


def max_pool1d(input, ksize, strides, padding, data_format="NWC", name=None):
    """The largest value of each window of a sequence."""
    return _pool1d(gen.MaxPool, "MaxPool1d", input, ksize, strides, padding, data_format, name)


def avg_pool1d(input, ksize, strides, padding, data_format="NWC", name=None):
    """The mean value of each window of a sequence."""
    return _pool1d(gen.AvgPool, "AvgPool1D", input, ksize, strides, padding, data_format, name)


def _pool1d(op, default_name, input, ksize, strides, padding, data_format, name):
    """A sequence is an image one pixel high."""
    with ops.name_scope(name, default_name, [input]) as name:
        data_format = data_format or "NWC"
        first = data_format.startswith("NC")
        ksize = [1] + window_list(ksize, 1, first, "ksize")
        strides = [1] + window_list(strides, 1, first, "strides")
        axis = 2 if first else 1
        image = array_ops.expand_dims(input, axis)
        result = op(image, ksize=ksize, strides=strides, padding=padding,
                    data_format="NCHW" if first else "NHWC")
        return array_ops.squeeze(result, [axis])


def max_pool_v2(input, ksize, strides, padding, data_format=None, name=None):
    """max_pool1d, max_pool or max_pool3d, by the rank of input."""
    return _pool_by_rank("MAX", input, ksize, strides, padding, data_format, name)


def avg_pool_v2(input, ksize, strides, padding, data_format=None, name=None):
    """avg_pool1d, avg_pool or avg_pool3d, by the rank of input."""
    return _pool_by_rank("AVG", input, ksize, strides, padding, data_format, name)


def _pool_by_rank(pooling_type, input, ksize, strides, padding, data_format, name):
    input = ops.convert_to_tensor(input)
    if input.shape.ndims not in (3, 4, 5):
        raise ValueError("Input tensor must be of rank 3, 4 or 5 but was {}.".format(
            input.shape.ndims))
    formats = {} if data_format is None else {"data_format": data_format}
    op = _pooling_op(pooling_type, input.shape.ndims - 2)
    return op(input, ksize, strides, padding, name=name, **formats)


def max_pool_with_argmax(input, ksize, strides, padding, data_format="NHWC", Targmax=None,
                         name=None, output_dtype=None, include_batch_in_index=False):
    """max_pool and the flat index of each largest value (within its image, by default)."""
    if data_format != "NHWC":
        raise ValueError("Data formats other than 'NHWC' are not yet supported")
    Targmax = renamed_argument("output_dtype", output_dtype, "Targmax", Targmax) or dtypes.int64
    return gen.MaxPoolWithArgmax(input, ksize=list(ksize), strides=list(strides), padding=padding,
                                 Targmax=Targmax, name=name,
                                 include_batch_in_index=include_batch_in_index)


def fractional_max_pool(value, pooling_ratio, pseudo_random=False, overlapping=False,
                        deterministic=False, seed=0, seed2=0, name=None):
    """The largest value of windows of random sizes, and where their rows and columns begin."""
    return gen.FractionalMaxPool(value, pooling_ratio=pooling_ratio, pseudo_random=pseudo_random,
                                 overlapping=overlapping, deterministic=deterministic, seed=seed,
                                 seed2=seed2, name=name)


def fractional_avg_pool(value, pooling_ratio, pseudo_random=False, overlapping=False,
                        deterministic=False, seed=0, seed2=0, name=None):
    """The mean value of windows of random sizes, and where their rows and columns begin."""
    return gen.FractionalAvgPool(value, pooling_ratio=pooling_ratio, pseudo_random=pseudo_random,
                                 overlapping=overlapping, deterministic=deterministic, seed=seed,
                                 seed2=seed2, name=name)


def pool(input, window_shape, pooling_type, padding, dilation_rate=None, strides=None, name=None,
         data_format=None, dilations=None):
    """Pooling ("MAX" or "AVG") over 1 to 3 spatial axes; windows may be dilated or strided."""
    from weft.python.ops import nn_conv
    dilation_rate = renamed_argument("dilations", dilations, "dilation_rate", dilation_rate)
    with ops.name_scope(name, "%s_pool" % pooling_type.lower(), [input]) as scope:
        input = ops.convert_to_tensor(input, name="input")
        n = len(window_shape)
        if not 1 <= n <= 3:
            raise ValueError("`num_spatial_dims` must be 1, 2, or 3 but was %d." % n)
        input.get_shape().with_rank(n + 2)
        strides, rate = nn_conv.strides_and_rate(n, strides, dilation_rate)
        if padding == "SAME" and any(r > 1 for r in rate):
            raise ValueError("pooling with 'SAME' padding is not implemented for dilation_rate > 1")
        op = _pooling_op(pooling_type, n)

        def call(x, _, padding):
            formats = {} if n == 2 and data_format is None else {"data_format": data_format}
            return op(x, window_shape, strides, padding, name=scope, **formats)

        return nn_conv.with_space_to_batch(input, rate, padding, call,
                                           spatial_dims=nn_conv.spatial_axes(n, data_format))


def _pooling_op(pooling_type, n):
    table = {"MAX": (max_pool1d, max_pool, max_pool3d), "AVG": (avg_pool1d, avg_pool, avg_pool3d)}
    if pooling_type not in table:
        raise ValueError("pooling_type must be MAX or AVG but was %s" % pooling_type)
    return table[pooling_type][n - 1]
