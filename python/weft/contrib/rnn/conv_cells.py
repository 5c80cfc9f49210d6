"""LSTMs over lines, images and volumes: what is a product elsewhere is a convolution here."""
from weft.python.framework import tensor_shape
from weft.python.ops import array_ops, init_ops, math_ops, nn_ops, variable_scope as vs
from weft.python.ops.rnn_cell_base import LSTMStateTuple, RNNCell

__all__ = ["Conv1DLSTMCell", "Conv2DLSTMCell", "Conv3DLSTMCell", "ConvLSTMCell"]


class ConvLSTMCell(RNNCell):
    """An LSTM over `conv_ndims` axes of space; shapes are without the batch, channels last.

    With `skip_connection` the inputs stand beside the output.
    """

    def __init__(self, conv_ndims, input_shape, output_channels, kernel_shape, use_bias=True,
                 skip_connection=False, forget_bias=1.0, initializers=None,
                 name="conv_lstm_cell"):
        super().__init__(name=name)
        if conv_ndims != len(input_shape) - 1:
            raise ValueError("Invalid input_shape {} for conv_ndims={}.".format(input_shape,
                                                                                conv_ndims))
        space = list(input_shape[:-1])
        self._conv_ndims = conv_ndims
        self._output_channels = output_channels
        self._kernel_shape = list(kernel_shape)
        self._use_bias = use_bias
        self._forget_bias = forget_bias
        self._skip_connection = skip_connection
        channels = output_channels + (input_shape[-1] if skip_connection else 0)
        state = tensor_shape.TensorShape(space + [output_channels])
        self._state_size = LSTMStateTuple(state, state)
        self._output_size = tensor_shape.TensorShape(space + [channels])

    @property
    def output_size(self):
        return self._output_size

    @property
    def state_size(self):
        return self._state_size

    def call(self, inputs, state, scope=None):
        cell, hidden = state
        gates = _convolution([inputs, hidden], self._kernel_shape, 4 * self._output_channels,
                             self._use_bias)
        i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=self._conv_ndims + 1)
        new_cell = math_ops.sigmoid(f + self._forget_bias) * cell
        new_cell += math_ops.sigmoid(i) * math_ops.tanh(j)
        output = math_ops.tanh(new_cell) * math_ops.sigmoid(o)
        if self._skip_connection:
            output = array_ops.concat([output, inputs], axis=-1)
        return output, LSTMStateTuple(new_cell, output)


class Conv1DLSTMCell(ConvLSTMCell):
    """A ConvLSTMCell over lines."""

    def __init__(self, name="conv_1d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=1, name=name, **kwargs)


class Conv2DLSTMCell(ConvLSTMCell):
    """A ConvLSTMCell over images."""

    def __init__(self, name="conv_2d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=2, name=name, **kwargs)


class Conv3DLSTMCell(ConvLSTMCell):
    """A ConvLSTMCell over volumes."""

    def __init__(self, name="conv_3d_lstm_cell", **kwargs):
        super().__init__(conv_ndims=3, name=name, **kwargs)


def _convolution(args, filter_size, num_features, bias):
    """The convolution of `args` side by side, with the variables `kernel` and `biases`."""
    rank = args[0].shape.ndims
    dtype = args[0].dtype
    if any(arg.shape.ndims != rank or rank not in (3, 4, 5) for arg in args):
        raise ValueError("Conv Linear expects 3D, 4D or 5D arguments: %s"
                         % [arg.shape for arg in args])
    depth = sum(arg.shape.as_list()[-1] for arg in args)
    kernel = vs.get_variable("kernel", filter_size + [depth, num_features], dtype=dtype)
    joined = array_ops.concat(axis=rank - 1, values=args)
    if rank == 3:
        result = nn_ops.conv1d(joined, kernel, 1, padding="SAME")
    else:
        convolution = nn_ops.conv2d if rank == 4 else nn_ops.conv3d
        result = convolution(joined, kernel, strides=[1] * rank, padding="SAME")
    if not bias:
        return result
    return result + vs.get_variable("biases", [num_features], dtype=dtype,
                                    initializer=init_ops.constant_initializer(0.0, dtype=dtype))
