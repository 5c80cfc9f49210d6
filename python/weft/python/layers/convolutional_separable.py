"""Separable convolutions: each channel on its own, then all channels mixed pointwise."""
from weft.python.keras import constraints, initializers, regularizers
from weft.python.layers import base
from weft.python.layers.convolutional_plain import Conv
from weft.python.ops import array_ops, nn_impl, nn_ops

__all__ = ["SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D",
           "SeparableConvolution2D", "separable_conv1d", "separable_conv2d",
           "separable_convolution1d", "separable_convolution2d"]


class _SeparableConv(Conv):
    """`depth_multiplier` filters a channel, then `filters` mixtures of what they gave."""

    def __init__(self, rank, filters, kernel_size, strides=1, padding="valid",
                 data_format="channels_last", dilation_rate=1, depth_multiplier=1, activation=None,
                 use_bias=True, depthwise_initializer=None, pointwise_initializer=None,
                 bias_initializer="zeros", depthwise_regularizer=None, pointwise_regularizer=None,
                 bias_regularizer=None, activity_regularizer=None, depthwise_constraint=None,
                 pointwise_constraint=None, bias_constraint=None, trainable=True, name=None,
                 **kwargs):
        super().__init__(rank, filters, kernel_size, strides, padding, data_format, dilation_rate,
                         activation, use_bias, bias_initializer=bias_initializer,
                         bias_regularizer=bias_regularizer,
                         activity_regularizer=activity_regularizer,
                         bias_constraint=bias_constraint, trainable=trainable, name=name, **kwargs)
        self.depth_multiplier = depth_multiplier
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            "depthwise_kernel", shape=[*self.kernel_size, channels, self.depth_multiplier],
            initializer=self.depthwise_initializer, regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint, trainable=True, dtype=self.dtype)
        self.pointwise_kernel = self.add_weight(
            "pointwise_kernel",
            shape=[1] * self.rank + [self.depth_multiplier * channels, self.filters],
            initializer=self.pointwise_initializer, regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint, trainable=True, dtype=self.dtype)
        self._add_bias()
        self.built = True


class SeparableConv2D(_SeparableConv):
    """A separable convolution of [batch, height, width, channels]."""

    def __init__(self, filters, kernel_size, *args, **kwargs):
        super().__init__(2, filters, kernel_size, *args, **kwargs)

    def call(self, inputs):
        outputs = nn_impl.separable_conv2d(
            inputs, self.depthwise_kernel, self.pointwise_kernel,
            strides=self._over_all_axes(self.strides), padding=self.padding.upper(),
            rate=self.dilation_rate, data_format=self._op_format())
        if self.use_bias:
            outputs = self._biased(outputs)
        return base.finish(outputs, self.activation)


class SeparableConv1D(_SeparableConv):
    """A separable convolution of [batch, steps, channels], done as one of height 1."""

    def __init__(self, filters, kernel_size, *args, **kwargs):
        super().__init__(1, filters, kernel_size, *args, **kwargs)

    def call(self, inputs):
        x = self._pad_causally(inputs) if self.padding == "causal" else inputs
        padding = "VALID" if self.padding == "causal" else self.padding.upper()
        height = self._first_axis()
        outputs = nn_impl.separable_conv2d(
            array_ops.expand_dims(x, height), array_ops.expand_dims(self.depthwise_kernel, 0),
            array_ops.expand_dims(self.pointwise_kernel, 0),
            strides=self._over_all_axes(self.strides * 2), padding=padding,
            rate=(1, *self.dilation_rate), data_format=self._bias_format())
        if self.use_bias:
            outputs = self._biased_as_image(outputs)
        outputs = array_ops.squeeze(outputs, [height])
        return base.finish(outputs, self.activation)

    def _biased_as_image(self, outputs):
        return nn_ops.bias_add(outputs, self.bias, data_format=self._bias_format())


def separable_conv1d(inputs, filters, kernel_size, strides=1, padding="valid",
                     data_format="channels_last", dilation_rate=1, depth_multiplier=1,
                     activation=None, use_bias=True, depthwise_initializer=None,
                     pointwise_initializer=None, bias_initializer="zeros",
                     depthwise_regularizer=None, pointwise_regularizer=None, bias_regularizer=None,
                     activity_regularizer=None, depthwise_constraint=None,
                     pointwise_constraint=None, bias_constraint=None, trainable=True, name=None,
                     reuse=None):
    """`SeparableConv1D` applied to `inputs`; `name` with `reuse` shares the variables."""
    return base.call_layer(SeparableConv1D, locals())


def separable_conv2d(inputs, filters, kernel_size, strides=(1, 1), padding="valid",
                     data_format="channels_last", dilation_rate=(1, 1), depth_multiplier=1,
                     activation=None, use_bias=True, depthwise_initializer=None,
                     pointwise_initializer=None, bias_initializer="zeros",
                     depthwise_regularizer=None, pointwise_regularizer=None, bias_regularizer=None,
                     activity_regularizer=None, depthwise_constraint=None,
                     pointwise_constraint=None, bias_constraint=None, trainable=True, name=None,
                     reuse=None):
    """`SeparableConv2D` applied to `inputs`; `name` with `reuse` shares the variables."""
    return base.call_layer(SeparableConv2D, locals())


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
separable_convolution1d, separable_convolution2d = separable_conv1d, separable_conv2d
