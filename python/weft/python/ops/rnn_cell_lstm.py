"""Cells with long short-term memory: BasicLSTMCell, and LSTMCell with all that can be added."""
from weft.python.framework import constant_op, dtypes
from weft.python.keras import activations, initializers
from weft.python.layers.input_spec import InputSpec
from weft.python.ops import array_ops, clip_ops, init_ops, math_ops, nn_ops, partitioned_variables
from weft.python.ops.rnn_cell_base import (
    BIAS_VARIABLE_NAME, LayerRNNCell, LSTMStateTuple, WEIGHTS_VARIABLE_NAME, check_dtype,
    check_input_depth)
from weft.python.platform import tf_logging as logging
from weft.python.util.deprecation import deprecated

__all__ = ["BasicLSTMCell", "LSTMCell"]

_KERAS_HAS = ("This class is equivalent as tf.keras.layers.LSTMCell, and will be replaced by that "
              "in Tensorflow 2.0.")
_CONCATENATED = ("%s: Using a concatenated state is slower and will soon be deprecated.  Use "
                 "state_is_tuple=True.")


class BasicLSTMCell(LayerRNNCell):
    """An LSTM without peepholes, clipping or projection; `forget_bias` is added to the bias of the
    forget gate.

    The state is an LSTMStateTuple, or [batch, 2 num_units] with `state_is_tuple=False`.
    """

    @deprecated(None, _KERAS_HAS)
    def __init__(self, num_units, forget_bias=1.0, state_is_tuple=True, activation=None,
                 reuse=None, name=None, dtype=None, **kwargs):
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_dtype(self.dtype)
        if not state_is_tuple:
            logging.warn(_CONCATENATED, self)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activations.get(activation) if activation else math_ops.tanh

    @property
    def state_size(self):
        n = self._num_units
        return LSTMStateTuple(n, n) if self._state_is_tuple else 2 * n

    @property
    def output_size(self):
        return self._num_units

    def build(self, inputs_shape):
        depth = check_input_depth(inputs_shape)
        check_dtype(self.dtype)
        n = self._num_units
        self._kernel = self.add_variable(WEIGHTS_VARIABLE_NAME, shape=[depth + n, 4 * n])
        self._bias = self.add_variable(
            BIAS_VARIABLE_NAME, shape=[4 * n],
            initializer=init_ops.zeros_initializer(dtype=dtypes.as_dtype(self.dtype)))
        self.built = True

    def call(self, inputs, state):
        sigmoid, add, multiply = math_ops.sigmoid, math_ops.add, math_ops.multiply
        one = constant_op.constant(1, dtype=dtypes.int32)
        if self._state_is_tuple:
            c, h = state
        else:
            c, h = array_ops.split(value=state, num_or_size_splits=2, axis=one)
        gates = math_ops.matmul(array_ops.concat([inputs, h], 1), self._kernel)
        gates = nn_ops.bias_add(gates, self._bias)
        i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=one)
        forget_bias = constant_op.constant(self._forget_bias, dtype=f.dtype)
        new_c = add(multiply(c, sigmoid(add(f, forget_bias))),
                    multiply(sigmoid(i), self._activation(j)))
        new_h = multiply(self._activation(new_c), sigmoid(o))
        if self._state_is_tuple:
            return new_h, LSTMStateTuple(new_c, new_h)
        return new_h, array_ops.concat([new_c, new_h], 1)


class LSTMCell(LayerRNNCell):
    """An LSTM, with peepholes (gates that see `c`), `cell_clip` (a bound of `c`), `num_proj` (the
    output is a product of so many columns) and `proj_clip` (its bound) where they are asked for.

    `num_unit_shards` and `num_proj_shards` cut the kernels' variables.
    """

    @deprecated(None, _KERAS_HAS)
    def __init__(self, num_units, use_peepholes=False, cell_clip=None, initializer=None,
                 num_proj=None, proj_clip=None, num_unit_shards=None, num_proj_shards=None,
                 forget_bias=1.0, state_is_tuple=True, activation=None, reuse=None, name=None,
                 dtype=None, **kwargs):
        super().__init__(_reuse=reuse, name=name, dtype=dtype, **kwargs)
        check_dtype(self.dtype)
        if not state_is_tuple:
            logging.warn(_CONCATENATED, self)
        if num_unit_shards is not None or num_proj_shards is not None:
            logging.warn("%s: The num_unit_shards and proj_unit_shards parameters are deprecated "
                         "and will be removed in Jan 2017.  Use a variable scope with a "
                         "partitioner instead.", self)
        self.input_spec = InputSpec(ndim=2)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializers.get(initializer)
        self._num_proj = num_proj
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple
        self._activation = activations.get(activation) if activation else math_ops.tanh
        self._output_size = num_proj or num_units
        self._state_size = (LSTMStateTuple(num_units, self._output_size) if state_is_tuple
                            else num_units + self._output_size)

    @property
    def state_size(self):
        return self._state_size

    @property
    def output_size(self):
        return self._output_size

    def build(self, inputs_shape):
        depth = check_input_depth(inputs_shape)
        check_dtype(self.dtype)
        n = self._num_units
        self._kernel = self.add_variable(
            WEIGHTS_VARIABLE_NAME, shape=[depth + self._output_size, 4 * n],
            initializer=self._initializer, partitioner=_shards(self._num_unit_shards))
        zeros = (init_ops.zeros_initializer if self.dtype is None
                 else init_ops.zeros_initializer(dtype=dtypes.as_dtype(self.dtype)))
        self._bias = self.add_variable(BIAS_VARIABLE_NAME, shape=[4 * n], initializer=zeros)
        if self._use_peepholes:
            self._w_f_diag, self._w_i_diag, self._w_o_diag = [
                self.add_variable("w_%s_diag" % gate, shape=[n], initializer=self._initializer)
                for gate in "fio"]
        if self._num_proj is not None:
            self._proj_kernel = self.add_variable(
                "projection/" + WEIGHTS_VARIABLE_NAME, shape=[n, self._num_proj],
                initializer=self._initializer, partitioner=_shards(self._num_proj_shards))
        self.built = True

    def _parts(self, state):
        """`c` and the last output."""
        if self._state_is_tuple:
            return state
        n = self._num_units
        return (array_ops.slice(state, [0, 0], [-1, n]),
                array_ops.slice(state, [0, n], [-1, self._output_size]))

    def call(self, inputs, state):
        sigmoid = math_ops.sigmoid
        c, m = self._parts(state)
        if inputs.get_shape().with_rank(2).as_list()[1] is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        gates = math_ops.matmul(array_ops.concat([inputs, m], 1), self._kernel)
        gates = nn_ops.bias_add(gates, self._bias)
        i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=1)
        if self._use_peepholes:
            c = (sigmoid(f + self._forget_bias + self._w_f_diag * c) * c +
                 sigmoid(i + self._w_i_diag * c) * self._activation(j))
        else:
            c = sigmoid(f + self._forget_bias) * c + sigmoid(i) * self._activation(j)
        c = _clipped(c, self._cell_clip)
        m = sigmoid(o + self._w_o_diag * c) if self._use_peepholes else sigmoid(o)
        m = m * self._activation(c)
        if self._num_proj is not None:
            m = _clipped(math_ops.matmul(m, self._proj_kernel), self._proj_clip)
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else array_ops.concat([c, m], 1)


def _shards(count):
    return None if count is None else partitioned_variables.fixed_size_partitioner(count)


def _clipped(x, bound):
    return x if bound is None else clip_ops.clip_by_value(x, -bound, bound)
