"""Convolutions and their transposes, depthwise and separable ones, and dilation by moving space to
the batch, which is how dilated windows are computed."""

import numpy as np

from weft.python.framework import constant_op, dtypes, gen, ops, tensor_shape, tensor_util
from weft.python.ops import array_ops
from weft.python.ops.arguments import renamed_argument
from weft.python.ops.nn_pool import window_list

__all__ = [
    "atrous_conv2d", "atrous_conv2d_transpose", "conv1d", "conv1d_transpose", "conv2d",
    "conv2d_backprop_filter", "conv2d_backprop_input", "conv2d_transpose", "conv3d",
    "conv3d_backprop_filter", "conv3d_backprop_filter_v2", "conv3d_transpose",
    "conv_transpose", "convolution", "depthwise_conv2d", "depthwise_conv2d_backprop_filter",
    "depthwise_conv2d_backprop_input", "depthwise_conv2d_native",
    "depthwise_conv2d_native_backprop_filter", "depthwise_conv2d_native_backprop_input",
    "dilation2d", "erosion2d", "separable_conv2d", "with_space_to_batch",
]


def _is_channels_first(data_format):
    return data_format is not None and data_format.startswith("NC")


def _explicit(padding, data_format):
    """(padding, flat list of explicit paddings): a list of pairs is the "EXPLICIT" padding."""
    if not isinstance(padding, (list, tuple)):
        return padding, {}
    pairs = [list(pair) for pair in padding]
    if len(pairs) != 4 or any(len(pair) != 2 for pair in pairs):
        raise ValueError("When padding is a list, it must be of the shape ((0, 0), (top, bottom), "
                         "(left, right), (0, 0)) in the order of data_format %s" % data_format)
    return "EXPLICIT", {"explicit_paddings": [n for pair in pairs for n in pair]}


# Two dimensions.

def conv2d(input, filter=None, strides=None, padding=None, use_cudnn_on_gpu=True,
           data_format="NHWC", dilations=[1, 1, 1, 1], name=None, filters=None):
    """The convolution of images [batch, height, width, in] with [height, width, in, out]."""
    filter = renamed_argument("filters", filters, "filter", filter)
    data_format = data_format or "NHWC"
    first = _is_channels_first(data_format)
    padding, extra = _explicit(padding, data_format)
    return gen.Conv2D(input, filter, strides=window_list(strides, 2, first, "strides"),
                      padding=padding, use_cudnn_on_gpu=use_cudnn_on_gpu, data_format=data_format,
                      dilations=window_list(dilations, 2, first, "dilations"), name=name, **extra)


def conv2d_backprop_filter(input, filter_sizes, out_backprop, strides, padding,
                           use_cudnn_on_gpu=True, data_format="NHWC", dilations=[1, 1, 1, 1],
                           name=None):
    """The gradient of conv2d with respect to its filter."""
    padding, extra = _explicit(padding, data_format)
    return gen.Conv2DBackpropFilter(input, filter_sizes, out_backprop, strides=strides,
                                    padding=padding, use_cudnn_on_gpu=use_cudnn_on_gpu,
                                    data_format=data_format, dilations=dilations, name=name,
                                    **extra)


def conv2d_backprop_input(input_sizes, filter=None, out_backprop=None, strides=None, padding=None,
                          use_cudnn_on_gpu=True, data_format="NHWC", dilations=[1, 1, 1, 1],
                          name=None, filters=None):
    """The gradient of conv2d with respect to its input."""
    filter = renamed_argument("filters", filters, "filter", filter)
    padding, extra = _explicit(padding, data_format)
    return gen.Conv2DBackpropInput(input_sizes, filter, out_backprop, strides=strides,
                                   padding=padding, use_cudnn_on_gpu=use_cudnn_on_gpu,
                                   data_format=data_format, dilations=dilations, name=name,
                                   **extra)


def conv2d_transpose(value=None, filter=None, output_shape=None, strides=None, padding="SAME",
                     data_format="NHWC", name=None, input=None, filters=None, dilations=None):
    """The gradient of conv2d as a layer: filter is [height, width, out, in]."""
    value = renamed_argument("input", input, "value", value)
    filter = renamed_argument("filters", filters, "filter", filter)
    with ops.name_scope(name, "conv2d_transpose", [value, filter, output_shape]) as name:
        data_format = data_format or "NHWC"
        first = _is_channels_first(data_format)
        return conv2d_backprop_input(
            output_shape, filter, value, window_list(strides, 2, first, "strides"), padding,
            data_format=data_format, dilations=window_list(dilations, 2, first, "dilations"),
            name=name)


def atrous_conv2d(value, filters, rate, padding, name=None):
    """conv2d whose filter has rate - 1 holes between its values."""
    return convolution(input=value, filter=filters, padding=padding,
                       dilation_rate=np.broadcast_to(rate, (2,)), name=name)


def atrous_conv2d_transpose(value, filters, output_shape, rate, padding, name=None):
    """The gradient of atrous_conv2d as a layer."""
    with ops.name_scope(name, "atrous_conv2d_transpose", [value, filters, output_shape]) as name:
        if rate < 1:
            raise ValueError("rate {} cannot be less than one".format(rate))
        return gen.Conv2DBackpropInput(output_shape, filters, value, strides=[1, 1, 1, 1],
                                       padding=padding, dilations=[1, rate, rate, 1], name=name)


# One dimension: an image one pixel high.

def _sequence_format(data_format):
    """(format of the image, axis that is put in, is it channels first)."""
    if data_format in (None, "NHWC", "NWC"):
        return "NHWC", 1, False
    if data_format in ("NCHW", "NCW"):
        return "NCHW", 2, True
    raise ValueError('data_format must be "NWC" or "NCW".')


def conv1d(value=None, filters=None, stride=None, padding=None, use_cudnn_on_gpu=None,
           data_format=None, name=None, input=None, dilations=None):
    """The convolution of sequences [batch, width, in] with [width, in, out]."""
    value = renamed_argument("input", input, "value", value)
    with ops.name_scope(name, "conv1d", [value, filters]) as name:
        data_format, axis, first = _sequence_format(data_format)
        strides = [1] + window_list(stride, 1, first, "stride")
        dilations = [1] + window_list(dilations, 1, first, "dilations")
        value = array_ops.expand_dims(value, axis)
        filters = array_ops.expand_dims(filters, 0)
        result = gen.Conv2D(value, filters, strides=strides, padding=padding,
                            use_cudnn_on_gpu=use_cudnn_on_gpu in (None, True),
                            data_format=data_format, dilations=dilations, name=name)
        return array_ops.squeeze(result, [axis])


def conv1d_transpose(input, filters, output_shape, strides, padding="SAME", data_format="NWC",
                     dilations=None, name=None):
    """The gradient of conv1d as a layer: filters is [width, out, in]."""
    with ops.name_scope(name, "conv1d_transpose", [input, filters, output_shape]) as name:
        data_format, axis, first = _sequence_format(data_format)
        strides = [1] + window_list(strides, 1, first, "strides")
        dilations = [1] + window_list(dilations, 1, first, "dilations")
        input = array_ops.expand_dims(input, axis)
        filters = array_ops.expand_dims(filters, 0)
        if isinstance(output_shape, (list, tuple)):
            sizes = list(output_shape[:axis]) + [1] + list(output_shape[axis:])
        else:
            sizes = array_ops.concat([output_shape[:axis], [1], output_shape[axis:]], 0)
        result = gen.Conv2DBackpropInput(sizes, filters, input, strides=strides, padding=padding,
                                         data_format=data_format, dilations=dilations, name=name)
        return array_ops.squeeze(result, [axis])


# Three dimensions.

def conv3d(input, filter=None, strides=None, padding=None, data_format="NDHWC",
           dilations=[1, 1, 1, 1, 1], name=None, filters=None):
    """The convolution of volumes [batch, depth, height, width, in]."""
    filter = renamed_argument("filters", filters, "filter", filter)
    first = _is_channels_first(data_format)
    return gen.Conv3D(input, filter, strides=window_list(strides, 3, first, "strides"),
                      padding=padding, data_format=data_format,
                      dilations=window_list(dilations, 3, first, "dilations"), name=name)


def conv3d_backprop_filter(input, filter_sizes, out_backprop, strides, padding,
                           data_format="NDHWC", dilations=[1, 1, 1, 1, 1], name=None):
    """The gradient of conv3d with respect to its filter."""
    return gen.Conv3DBackpropFilterV2(input, filter_sizes, out_backprop, strides=strides,
                                      padding=padding, data_format=data_format,
                                      dilations=dilations, name=name)


conv3d_backprop_filter_v2 = conv3d_backprop_filter


def conv3d_transpose(value, filter=None, output_shape=None, strides=None, padding="SAME",
                     data_format="NDHWC", name=None, input=None, filters=None, dilations=None):
    """The gradient of conv3d as a layer: filter is [depth, height, width, out, in]."""
    value = renamed_argument("input", input, "value", value)
    filter = renamed_argument("filters", filters, "filter", filter)
    with ops.name_scope(name, "conv3d_transpose", [value, filter, output_shape]) as name:
        data_format = data_format or "NDHWC"
        first = _is_channels_first(data_format)
        return gen.Conv3DBackpropInputV2(
            output_shape, filter, value, strides=window_list(strides, 3, first, "strides"),
            padding=padding, data_format=data_format,
            dilations=window_list(dilations, 3, first, "dilations"), name=name)


def conv_transpose(input, filters, output_shape, strides, padding="SAME", data_format=None,
                   dilations=None, name=None):
    """conv1d_transpose, conv2d_transpose or conv3d_transpose, by the length of output_shape."""
    with ops.name_scope(name, "conv_transpose", [input, filters, output_shape]) as name:
        shape = ops.convert_to_tensor(output_shape, dtype=dtypes.int32) \
            if isinstance(output_shape, ops.Tensor) else list(output_shape)
        n = (shape.shape.as_list()[0] if isinstance(shape, ops.Tensor) else len(shape)) - 2
        if not 1 <= n <= 3:
            raise ValueError("output_shape must be of length 3, 4 or 5 but was {}.".format(n + 2))
        op = (conv1d_transpose, conv2d_transpose, conv3d_transpose)[n - 1]
        formats = {"data_format": data_format} if data_format else {}
        return op(input, filters, output_shape, strides, padding=padding, dilations=dilations,
                  name=name, **formats)


# Any number of dimensions, with dilation.

def convolution(input, filter, padding, strides=None, dilation_rate=None, name=None,
                data_format=None, filters=None, dilations=None):
    """The convolution over 1 to 3 spatial axes, strided or dilated."""
    filter = renamed_argument("filters", filters, "filter", filter)
    dilation_rate = renamed_argument("dilations", dilations, "dilation_rate", dilation_rate)
    with ops.name_scope(name, "convolution", [input, filter]) as name:
        input = ops.convert_to_tensor(input, name="input")
        filter = ops.convert_to_tensor(filter, name="filter")
        return convolve(input, filter, padding, strides, dilation_rate, name, data_format)


def convolve(input, filter, padding, strides=None, dilation_rate=None, name=None,
             data_format=None):
    """convolution without a scope of its own, as layers use it."""
    shape = input.get_shape()
    filter_shape = filter.get_shape()
    n = _spatial_count(shape, filter_shape)
    strides, rate = strides_and_rate(n, strides, dilation_rate)
    axis = 1 if _is_channels_first(data_format) else n + 1
    channels = shape.as_list()[axis] if shape.ndims is not None else None
    wanted = filter_shape.as_list()[n]
    if channels is not None and wanted is not None and channels != wanted:
        raise ValueError("number of input channels does not match corresponding dimension of "
                         "filter, {} != {}".format(channels, wanted))
    op = _plain_convolution(n, filter, strides, data_format, name)
    return with_space_to_batch(input, rate, padding, op, filter_shape=filter_shape,
                               spatial_dims=spatial_axes(n, data_format))


def _spatial_count(shape, filter_shape):
    ndims = shape.ndims if shape.ndims is not None else filter_shape.ndims
    if ndims is None:
        raise ValueError("input tensor must have rank %s" % ndims)
    filter_shape.with_rank(ndims)
    if not 1 <= ndims - 2 <= 3:
        raise ValueError("Only 1, 2 and 3 spatial dimensions are supported, not %d" % (ndims - 2))
    return ndims - 2


def _plain_convolution(n, filter, strides, data_format, name):
    formats = {} if data_format is None else {"data_format": data_format}

    def op(input, _, padding):
        if n == 1:
            return conv1d(input, filter, list(strides), padding, name=name, **formats)
        return (conv2d if n == 2 else conv3d)(input, filter, list(strides), padding, name=name,
                                              **formats)

    return op


def spatial_axes(n, data_format):
    """The axes that are space: after the batch, or after the channels too."""
    start = 2 if _is_channels_first(data_format) else 1
    return list(range(start, start + n))


def strides_and_rate(n, strides, dilation_rate):
    """Both as lists of n numbers; ValueError if they do not fit or both are more than 1."""
    rate = [1] * n if dilation_rate is None else [int(r) for r in dilation_rate]
    if len(rate) != n:
        raise ValueError("len(dilation_rate)=%d but should be %d" % (len(rate), n))
    if any(r < 1 for r in rate):
        raise ValueError("all values of dilation_rate must be positive")
    strides = [1] * n if strides is None else [int(s) for s in strides]
    if len(strides) != n:
        raise ValueError("len(strides)=%d but should be %d" % (len(strides), n))
    if any(s < 1 for s in strides):
        raise ValueError("all values of strides must be positive")
    if any(s > 1 for s in strides) and any(r > 1 for r in rate):
        raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
    return strides, rate


def with_space_to_batch(input, dilation_rate, padding, op, filter_shape=None, spatial_dims=None,
                        data_format=None):
    """op(input, number of spatial axes, padding) as if its windows had dilation_rate.

    Pixels that a dilated window sees together become images of their own in the batch, op works on
    those without dilation, and its result is woven back."""
    input = ops.convert_to_tensor(input, name="input")
    rate = tensor_util.constant_value(
        ops.convert_to_tensor(dilation_rate, dtypes.int32, name="dilation_rate"))
    if rate is None or rate.ndim != 1:
        raise ValueError("dilation_rate must be a known list of numbers")
    if np.any(rate < 1):
        raise ValueError("dilation_rate must be positive")
    n = len(rate)
    if np.all(rate == 1):
        return op(input, n, padding)
    axes = sorted(spatial_dims) if spatial_dims is not None else spatial_axes(n, data_format)
    size = _spatial_sizes(input, axes)
    paddings, crops = array_ops.required_space_to_batch_paddings(
        input_shape=size, block_shape=rate,
        base_paddings=_base_paddings(padding, filter_shape, n, rate))
    rate = _leading_axes(rate, 1, axes)
    spread = gen.SpaceToBatchND(input, rate, _leading_axes(paddings, 0, axes))
    result = op(spread, n, "VALID")
    return gen.BatchToSpaceND(result, rate, _leading_axes(crops, 0, axes))


def _spatial_sizes(input, axes):
    dims = input.get_shape().as_list() if input.get_shape().ndims is not None else None
    if dims is not None and all(dims[i] is not None for i in axes):
        return np.array([dims[i] for i in axes], np.int32)
    return array_ops.gather(array_ops.shape(input), axes)


def _base_paddings(padding, filter_shape, n, rate):
    """What the padding of an op with the dilated window would be, [n, 2]."""
    if padding == "VALID":
        return np.zeros([n, 2], np.int32)
    if padding != "SAME":
        raise ValueError("Invalid padding method %r" % (padding,))
    if filter_shape is None:
        raise ValueError("filter_shape must be specified for SAME padding")
    if isinstance(filter_shape, ops.Tensor):
        filter_shape = tensor_util.constant_value_as_shape(filter_shape)
    window = np.array(tensor_shape.as_shape(filter_shape).as_list()[:n])
    extra = (window - 1) * rate
    return np.stack([extra // 2, extra - extra // 2], axis=1).astype(np.int32)


def _leading_axes(value, fill, axes):
    """Rows for the axes between the batch and the first spatial one, which are left alone."""
    if axes[0] == 1:
        return value
    if isinstance(value, ops.Tensor):
        head = constant_op.constant(fill, shape=[axes[0] - 1] + value.shape.as_list()[1:])
        return array_ops.concat([head, value], 0)
    value = np.asarray(value)
    head = np.full([axes[0] - 1] + list(value.shape[1:]), fill, value.dtype)
    return np.concatenate([head, value], 0)


# Depthwise: each channel has filters of its own.

def depthwise_conv2d_native(input, filter, strides, padding, data_format="NHWC",
                            dilations=[1, 1, 1, 1], name=None):
    """The depthwise convolution as one op; filter is [height, width, in, multiplier]."""
    return gen.DepthwiseConv2dNative(input, filter, strides=strides, padding=padding,
                                     data_format=data_format or "NHWC", dilations=dilations,
                                     name=name)


def depthwise_conv2d_native_backprop_input(input_sizes, filter, out_backprop, strides, padding,
                                           data_format="NHWC", dilations=[1, 1, 1, 1], name=None):
    """The gradient of depthwise_conv2d_native with respect to its input."""
    return gen.DepthwiseConv2dNativeBackpropInput(
        input_sizes, filter, out_backprop, strides=strides, padding=padding,
        data_format=data_format, dilations=dilations, name=name)


def depthwise_conv2d_native_backprop_filter(input, filter_sizes, out_backprop, strides, padding,
                                            data_format="NHWC", dilations=[1, 1, 1, 1],
                                            name=None):
    """The gradient of depthwise_conv2d_native with respect to its filter."""
    return gen.DepthwiseConv2dNativeBackpropFilter(
        input, filter_sizes, out_backprop, strides=strides, padding=padding,
        data_format=data_format, dilations=dilations, name=name)


depthwise_conv2d_backprop_input = depthwise_conv2d_native_backprop_input
depthwise_conv2d_backprop_filter = depthwise_conv2d_native_backprop_filter


def depthwise_conv2d(input, filter, strides, padding, rate=None, name=None, data_format=None,
                     dilations=None):
    """The convolution of each channel with its own filters, dilated by rate."""
    rate = renamed_argument("dilations", dilations, "rate", rate)
    with ops.name_scope(name, "depthwise", [input, filter]) as name:
        input = ops.convert_to_tensor(input, name="tensor_in")
        filter = ops.convert_to_tensor(filter, name="filter_in")
        return _depthwise(input, filter, strides, padding, rate, data_format, name)


def _depthwise(input, filter, strides, padding, rate, data_format, name):
    def op(x, _, padding):
        return depthwise_conv2d_native(x, filter, strides, padding, data_format=data_format,
                                       name=name)

    return with_space_to_batch(input, [1, 1] if rate is None else rate, padding, op,
                               filter_shape=array_ops.shape(filter), data_format=data_format)


def separable_conv2d(input, depthwise_filter, pointwise_filter, strides, padding, rate=None,
                     name=None, data_format=None, dilations=None):
    """A depthwise convolution, then a 1 x 1 convolution that mixes its channels."""
    rate = renamed_argument("dilations", dilations, "rate", rate)
    with ops.name_scope(name, "separable_conv2d",
                        [input, depthwise_filter, pointwise_filter]) as name:
        input = ops.convert_to_tensor(input, name="tensor_in")
        depthwise_filter = ops.convert_to_tensor(depthwise_filter, name="depthwise_filter")
        pointwise_filter = ops.convert_to_tensor(pointwise_filter, name="pointwise_filter")
        shape = pointwise_filter.get_shape().with_rank(4)
        shape[0].assert_is_compatible_with(1)
        shape[1].assert_is_compatible_with(1)
        depthwise = _depthwise(input, depthwise_filter, strides, padding, rate, data_format,
                               "depthwise")
        return conv2d(depthwise, pointwise_filter, [1, 1, 1, 1], "VALID",
                      data_format=data_format, name=name)


# Morphology.

def dilation2d(input, filter=None, strides=None, rates=None, padding=None, name=None,
               filters=None, dilations=None):
    """The largest sum of pixel and filter value in each window."""
    filter = renamed_argument("filters", filters, "filter", filter)
    rates = renamed_argument("dilations", dilations, "rates", rates)
    return gen.Dilation2D(input, filter, strides=strides, rates=rates, padding=padding, name=name)


def erosion2d(value, kernel, strides, rates, padding, name=None):
    """The smallest difference of pixel and kernel value in each window."""
    with ops.name_scope(name, "erosion2d", [value, kernel]) as name:
        turned = gen.Neg(value), array_ops.reverse(kernel, [0, 1])
        return gen.Neg(gen.Dilation2D(*turned, strides=strides, rates=rates, padding=padding),
                       name=name)
