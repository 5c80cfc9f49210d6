"""Convolutions over one, two and three axes, as layers and as functions."""
from weft.python.framework import tensor_shape
from weft.python.keras import constraints, initializers, regularizers
from weft.python.layers import base, utils
from weft.python.ops import array_ops, nn_conv, nn_ops

__all__ = ["Conv1D", "Conv2D", "Conv3D", "Convolution1D", "Convolution2D", "Convolution3D",
           "conv1d", "conv2d", "conv3d", "convolution1d", "convolution2d", "convolution3d"]


class Conv(base.Layer):
    """A convolution over `rank` axes, with bias and activation.

    Inputs are [batch, axes..., channels], or [batch, channels, axes...] for `channels_first`;
    `filters` is the number of channels that come out.
    """

    def __init__(self, rank, filters, kernel_size, strides=1, padding="valid", data_format=None,
                 dilation_rate=1, activation=None, use_bias=True, kernel_initializer=None,
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
                 trainable=True, name=None, **kwargs):
        super().__init__(trainable=trainable, name=name,
                         activity_regularizer=activity_regularizer, **kwargs)
        self.rank = rank
        self.filters = filters
        self.kernel_size = utils.normalize_tuple(kernel_size, rank, "kernel_size")
        self.strides = utils.normalize_tuple(strides, rank, "strides")
        self.padding = utils.normalize_padding(padding)
        if self.padding == "causal" and rank != 1:
            raise ValueError("Causal padding is only supported for `Conv1D`"
                             "and ``SeparableConv1D`.")
        self.data_format = utils.normalize_data_format(data_format)
        self.dilation_rate = utils.normalize_tuple(dilation_rate, rank, "dilation_rate")
        self.activation = base.activation_of(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = base.InputSpec(ndim=rank + 2)

    # Where the axes are.

    def _channel_axis(self):
        return 1 if self.data_format == "channels_first" else -1

    def _first_axis(self):
        return 2 if self.data_format == "channels_first" else 1

    def _over_all_axes(self, sizes):
        """Sizes over the convolved axes as sizes over all axes."""
        return [1, 1, *sizes] if self.data_format == "channels_first" else [1, *sizes, 1]

    def _op_format(self):
        return utils.convert_data_format(self.data_format, self.rank + 2)

    def _bias_format(self):
        return "NCHW" if self.data_format == "channels_first" else "NHWC"

    # Variables.

    def _input_channels(self, input_shape):
        """How many channels come in; sets the spec of inputs accordingly."""
        channels = tensor_shape.TensorShape(input_shape).as_list()[self._channel_axis()]
        if channels is None:
            raise ValueError("The channel dimension of the inputs should be defined. "
                             "Found `None`.")
        self.input_spec = base.InputSpec(ndim=self.rank + 2, axes={self._channel_axis(): channels})
        return channels

    def _kernel_shape(self, channels):
        return [*self.kernel_size, channels, self.filters]

    def _add_bias(self):
        """The bias, or None."""
        self.bias = self.add_weight(
            "bias", shape=(self.filters,), initializer=self.bias_initializer,
            regularizer=self.bias_regularizer, constraint=self.bias_constraint, trainable=True,
            dtype=self.dtype) if self.use_bias else None

    def build(self, input_shape):
        channels = self._input_channels(input_shape)
        self.kernel = self.add_weight(
            "kernel", shape=self._kernel_shape(channels), initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
            trainable=True, dtype=self.dtype)
        self._add_bias()
        self.built = True

    # Ops.

    def _convolve(self, x):
        """The convolution itself."""
        padding = "VALID" if self.padding == "causal" else self.padding.upper()
        return nn_conv.convolve(x, self.kernel, padding, self.strides, self.dilation_rate,
                                data_format=self._op_format())

    def _biased(self, outputs):
        if self.data_format == "channels_first" and self.rank == 1:
            return outputs + array_ops.reshape(self.bias, (1, self.filters, 1))
        return nn_ops.bias_add(outputs, self.bias, data_format=self._bias_format())

    def _pad_causally(self, x):
        """Zeros in front, so that no output sees what comes after it."""
        front = self.dilation_rate[0] * (self.kernel_size[0] - 1)
        paddings = [[0, 0], [0, 0], [0, 0]]
        paddings[self._first_axis()] = [front, 0]
        return array_ops.pad(x, paddings)

    def call(self, inputs):
        x = self._pad_causally(inputs) if self.padding == "causal" else inputs
        outputs = self._convolve(x)
        if self.use_bias:
            outputs = self._biased(outputs)
        return base.finish(outputs, self.activation)

    def compute_output_shape(self, input_shape):
        sizes = tensor_shape.TensorShape(input_shape).as_list()
        for i in range(self.rank):
            axis = self._first_axis() + i
            sizes[axis] = utils.conv_output_length(
                sizes[axis], self.kernel_size[i], self.padding, self.strides[i],
                self.dilation_rate[i])
        sizes[self._channel_axis()] = self.filters
        return tensor_shape.TensorShape(sizes)


class Conv1D(Conv):
    """A convolution of [batch, steps, channels]."""

    def __init__(self, filters, kernel_size, *args, **kwargs):
        super().__init__(1, filters, kernel_size, *args, **kwargs)


class Conv2D(Conv):
    """A convolution of [batch, height, width, channels]."""

    def __init__(self, filters, kernel_size, *args, **kwargs):
        super().__init__(2, filters, kernel_size, *args, **kwargs)


class Conv3D(Conv):
    """A convolution of [batch, depth, height, width, channels]."""

    def __init__(self, filters, kernel_size, *args, **kwargs):
        super().__init__(3, filters, kernel_size, *args, **kwargs)


def conv1d(inputs, filters, kernel_size, strides=1, padding="valid", data_format="channels_last",
           dilation_rate=1, activation=None, use_bias=True, kernel_initializer=None,
           bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
           activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
           trainable=True, name=None, reuse=None):
    """`Conv1D` applied to `inputs`; `name` with `reuse` shares the variables."""
    return base.call_layer(Conv1D, locals())


def conv2d(inputs, filters, kernel_size, strides=(1, 1), padding="valid",
           data_format="channels_last", dilation_rate=(1, 1), activation=None, use_bias=True,
           kernel_initializer=None, bias_initializer="zeros", kernel_regularizer=None,
           bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
           bias_constraint=None, trainable=True, name=None, reuse=None):
    """`Conv2D` applied to `inputs`; `name` with `reuse` shares the variables."""
    return base.call_layer(Conv2D, locals())


def conv3d(inputs, filters, kernel_size, strides=(1, 1, 1), padding="valid",
           data_format="channels_last", dilation_rate=(1, 1, 1), activation=None, use_bias=True,
           kernel_initializer=None, bias_initializer="zeros", kernel_regularizer=None,
           bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
           bias_constraint=None, trainable=True, name=None, reuse=None):
    """`Conv3D` applied to `inputs`; `name` with `reuse` shares the variables."""
    return base.call_layer(Conv3D, locals())


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
convolution1d, convolution2d, convolution3d = conv1d, conv2d, conv3d
