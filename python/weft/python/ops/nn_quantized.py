"""Convolution, pooling and Relu of quantized numbers: each gives (output, its minimum, maximum)."""

from weft.python.framework import dtypes, gen

__all__ = ["quantized_avg_pool", "quantized_conv2d", "quantized_max_pool", "quantized_relu_x"]


def quantized_conv2d(input, filter, min_input, max_input, min_filter, max_filter, strides, padding,
                     out_type=dtypes.qint32, dilations=[1, 1, 1, 1], name=None):
    """conv2d() of quint8 images and filters, whose ranges are given, to qint32."""
    return gen.QuantizedConv2D(input, filter, min_input, max_input, min_filter, max_filter,
                               strides=strides, padding=padding, out_type=out_type,
                               dilations=dilations, name=name)


def quantized_avg_pool(input, min_input, max_input, ksize, strides, padding, name=None):
    """avg_pool() of quint8 images, whose range stays."""
    return gen.QuantizedAvgPool(input, min_input, max_input, ksize=ksize, strides=strides,
                                padding=padding, name=name)


def quantized_max_pool(input, min_input, max_input, ksize, strides, padding, name=None):
    """max_pool() of quint8 images, whose range stays."""
    return gen.QuantizedMaxPool(input, min_input, max_input, ksize=ksize, strides=strides,
                                padding=padding, name=name)


def quantized_relu_x(features, max_value, min_features, max_features, out_type=dtypes.quint8,
                     name=None):
    """Quantized numbers, but none below 0 or above max_value; their range stays."""
    return gen.QuantizedReluX(features, max_value, min_features, max_features, out_type=out_type,
                              name=name)
