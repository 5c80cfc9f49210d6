"""Transposed convolutions, which make an image larger, as layers and as functions."""
from weft.python.framework import gen, tensor_shape
from weft.python.layers import base, utils
from weft.python.layers.convolutional_plain import Conv
from weft.python.ops import array_ops, nn_ops

__all__ = ["Conv2DTranspose", "Conv3DTranspose", "Convolution2DTranspose",
           "Convolution3DTranspose", "Deconv2D", "Deconv3D", "conv2d_transpose",
           "conv3d_transpose", "convolution2d_transpose", "convolution3d_transpose", "deconv2d",
           "deconv3d"]


class _ConvTranspose(Conv):
    """The gradient of a convolution with regard to its input, as a layer."""

    def __init__(self, rank, filters, kernel_size, strides, padding, data_format, activation,
                 **kwargs):
        super().__init__(rank, filters, kernel_size, strides, padding, data_format,
                         activation=activation, **kwargs)

    def _kernel_shape(self, channels):
        return [*self.kernel_size, self.filters, channels]

    def _out_length(self, length, i):
        return utils.deconv_output_length(length, self.kernel_size[i], self.padding,
                                          self.strides[i])

    def _output_shape(self, inputs):
        """The result's shape as a tensor, since the batch is seldom known before a run."""
        shape = array_ops.shape(inputs)
        batch, first = shape[0], self._first_axis()
        lengths = [shape[first + i] for i in range(self.rank)]
        lengths = [self._out_length(length, i) for i, length in enumerate(lengths)]
        if self.data_format == "channels_first":
            return array_ops.stack([batch, self.filters, *lengths])
        return array_ops.stack([batch, *lengths, self.filters])

    def _convolve(self, x):
        transposed = ((gen.Conv2DBackpropInput, "conv2d_transpose") if self.rank == 2 else
                      (gen.Conv3DBackpropInputV2, "conv3d_transpose"))
        op, name = transposed
        outputs = op(self._output_shape(x), self.kernel, x,
                     strides=self._over_all_axes(self.strides), padding=self.padding.upper(),
                     data_format=self._op_format(), name=name)
        outputs.set_shape(self.compute_output_shape(x.shape))
        return outputs

    def _biased(self, outputs):
        return nn_ops.bias_add(outputs, self.bias, data_format=self._bias_format())

    def compute_output_shape(self, input_shape):
        sizes = tensor_shape.TensorShape(input_shape).as_list()
        for i in range(self.rank):
            axis = self._first_axis() + i
            sizes[axis] = self._out_length(sizes[axis], i)
        sizes[self._channel_axis()] = self.filters
        return tensor_shape.TensorShape(sizes)


class Conv2DTranspose(_ConvTranspose):
    """A transposed convolution of [batch, height, width, channels]."""

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid",
                 data_format="channels_last", activation=None, **kwargs):
        super().__init__(2, filters, kernel_size, strides, padding, data_format, activation,
                         **kwargs)


class Conv3DTranspose(_ConvTranspose):
    """A transposed convolution of [batch, depth, height, width, channels]."""

    def __init__(self, filters, kernel_size, strides=(1, 1, 1), padding="valid",
                 data_format="channels_last", activation=None, **kwargs):
        super().__init__(3, filters, kernel_size, strides, padding, data_format, activation,
                         **kwargs)


def conv2d_transpose(inputs, filters, kernel_size, strides=(1, 1), padding="valid",
                     data_format="channels_last", activation=None, use_bias=True,
                     kernel_initializer=None, bias_initializer="zeros", kernel_regularizer=None,
                     bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                     bias_constraint=None, trainable=True, name=None, reuse=None):
    """`Conv2DTranspose` applied to `inputs`; `name` with `reuse` shares the variables."""
    return base.call_layer(Conv2DTranspose, locals())


def conv3d_transpose(inputs, filters, kernel_size, strides=(1, 1, 1), padding="valid",
                     data_format="channels_last", activation=None, use_bias=True,
                     kernel_initializer=None, bias_initializer="zeros", kernel_regularizer=None,
                     bias_regularizer=None, activity_regularizer=None, kernel_constraint=None,
                     bias_constraint=None, trainable=True, name=None, reuse=None):
    """`Conv3DTranspose` applied to `inputs`; `name` with `reuse` shares the variables."""
    return base.call_layer(Conv3DTranspose, locals())


Deconv2D = Convolution2DTranspose = Conv2DTranspose
Deconv3D = Convolution3DTranspose = Conv3DTranspose
deconv2d = convolution2d_transpose = conv2d_transpose
deconv3d = convolution3d_transpose = conv3d_transpose
