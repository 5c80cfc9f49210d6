"""Gated cells that are no LSTM: fewer gates, or units that see only themselves."""
from weft.contrib.rnn.cell_parts import known_depth
from weft.contrib.rnn.core_rnn_cell import _Linear, once
from weft.python.framework import dtypes
from weft.python.keras import initializers
from weft.python.ops import array_ops, init_ops, math_ops, nn_ops, variable_scope as vs
from weft.python.ops.rnn_cell_base import (
    LSTMStateTuple, RNNCell, UnitsCell, check_input_depth)

__all__ = ["CFNCell", "IndRNNCell", "IndyGRUCell", "IndyLSTMCell", "IntersectionRNNCell",
           "MinimalRNNCell", "SRUCell", "UGRNNCell"]


class UGRNNCell(RNNCell):
    """A cell with one gate: how much of the state stays."""

    def __init__(self, num_units, initializer=None, forget_bias=1.0, activation=math_ops.tanh,
                 reuse=None):
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._activation = activation

    @property
    def state_size(self):
        return self._num_units

    @property
    def output_size(self):
        return self._num_units

    def call(self, inputs, state):
        known_depth(inputs)
        with vs.variable_scope(vs.get_variable_scope(), initializer=self._initializer):
            joined = array_ops.concat([inputs, state], 1)
            linear = once(self, "_linear", lambda: _Linear(joined, 2 * self._num_units, True))
            g, c = array_ops.split(axis=1, num_or_size_splits=2, value=linear(joined))
            c = self._activation(c)
            g = math_ops.sigmoid(g + self._forget_bias)
            new_state = g * state + (1.0 - g) * c
        return new_state, new_state


class IntersectionRNNCell(RNNCell):
    """A cell with gates in time and in depth; what it takes must be `num_units` wide, or is made so
    where `num_in_proj` is given."""

    def __init__(self, num_units, num_in_proj=None, initializer=None, forget_bias=1.0,
                 y_activation=nn_ops.relu, reuse=None):
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._initializer = initializer
        self._forget_bias = forget_bias
        self._num_input_proj = num_in_proj
        self._y_activation = y_activation

    @property
    def state_size(self):
        return self._num_units

    @property
    def output_size(self):
        return self._num_units

    def _fitted(self, inputs):
        if known_depth(inputs) == self._num_units:
            return inputs
        if not self._num_input_proj:
            raise ValueError("Must have input size == output size for Intersection RNN. To fix, "
                             "num_in_proj should be set to num_units at cell init.")
        with vs.variable_scope("in_projection"):
            return once(self, "_linear1",
                        lambda: _Linear(inputs, self._num_units, True))(inputs)

    def call(self, inputs, state):
        n = self._num_units
        with vs.variable_scope(vs.get_variable_scope(), initializer=self._initializer):
            inputs = self._fitted(inputs)
            joined = array_ops.concat([inputs, state], 1)
            sums = once(self, "_linear2", lambda: _Linear(joined, 4 * n, True))(joined)
            gh, h, gy, y = (sums[:, n * i:n * (i + 1)] for i in range(4))
            h, y = math_ops.tanh(h), self._y_activation(y)
            gh = math_ops.sigmoid(gh + self._forget_bias)
            gy = math_ops.sigmoid(gy + self._forget_bias)
            new_state = gh * state + (1.0 - gh) * h
            new_y = gy * inputs + (1.0 - gy) * y
        return new_y, new_state


class _Layered(UnitsCell):
    """A cell of `num_units`, and what its variables begin with."""

    def _zeros(self):
        return init_ops.zeros_initializer(dtype=dtypes.as_dtype(self.dtype))

    def _uniform(self):
        return init_ops.random_uniform_initializer(minval=-1, maxval=1,
                                                   dtype=dtypes.as_dtype(self.dtype))


class SRUCell(_Layered):
    """A cell whose products are of the inputs alone."""

    def build(self, inputs_shape):
        depth, n = check_input_depth(inputs_shape), self._num_units
        self._kernel = self.add_variable("kernel", shape=[depth, 4 * n])
        self._bias = self.add_variable(
            "bias", shape=[2 * n], initializer=init_ops.constant_initializer(
                0.0, dtype=dtypes.as_dtype(self.dtype)))
        self.built = True

    def call(self, inputs, state):
        sums = math_ops.matmul(inputs, self._kernel)
        x_bar, f, r, x = array_ops.split(value=sums, num_or_size_splits=4, axis=1)
        gates = math_ops.sigmoid(nn_ops.bias_add(array_ops.concat([f, r], 1), self._bias))
        f, r = array_ops.split(value=gates, num_or_size_splits=2, axis=1)
        c = f * state + (1.0 - f) * x_bar
        h = r * self._activation(c) + (1.0 - r) * x
        return h, c


class IndRNNCell(_Layered):
    """A plain cell in which each unit sees its own state only."""

    def build(self, inputs_shape):
        depth, n = check_input_depth(inputs_shape), self._num_units
        self._kernel_w = self.add_variable("kernel_w", shape=[depth, n])
        self._kernel_u = self.add_variable("kernel_u", shape=[1, n], initializer=self._uniform())
        self._bias = self.add_variable("bias", shape=[n], initializer=self._zeros())
        self.built = True

    def call(self, inputs, state):
        sums = math_ops.matmul(inputs, self._kernel_w) + state * self._kernel_u
        output = self._activation(nn_ops.bias_add(sums, self._bias))
        return output, output


class IndyGRUCell(_Layered):
    """A GRU in which each unit sees its own state only."""

    def __init__(self, num_units, activation=None, reuse=None, kernel_initializer=None,
                 bias_initializer=None, name=None, dtype=None):
        super().__init__(num_units, activation, reuse, name, dtype)
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer

    def _bias_start(self, default):
        return self._bias_initializer or init_ops.constant_initializer(
            default, dtype=dtypes.as_dtype(self.dtype))

    def build(self, inputs_shape):
        depth, n = check_input_depth(inputs_shape), self._num_units
        self._gate_w = self.add_variable("gates/kernel_w", shape=[depth, 2 * n],
                                         initializer=self._kernel_initializer)
        self._gate_u = self.add_variable("gates/kernel_u", shape=[1, 2 * n],
                                         initializer=self._uniform())
        self._gate_bias = self.add_variable("gates/bias", shape=[2 * n],
                                            initializer=self._bias_start(1.0))
        self._candidate_w = self.add_variable("candidate/kernel", shape=[depth, n],
                                              initializer=self._kernel_initializer)
        self._candidate_u = self.add_variable("candidate/kernel_u", shape=[1, n],
                                              initializer=self._uniform())
        self._candidate_bias = self.add_variable("candidate/bias", shape=[n],
                                                 initializer=self._bias_start(0.0))
        self.built = True

    def call(self, inputs, state):
        twice = array_ops.concat([state, state], 1)
        gates = math_ops.matmul(inputs, self._gate_w) + twice * self._gate_u
        gates = math_ops.sigmoid(nn_ops.bias_add(gates, self._gate_bias))
        r, u = array_ops.split(value=gates, num_or_size_splits=2, axis=1)
        seen = r * state
        candidate = math_ops.matmul(inputs, self._candidate_w) + seen * self._candidate_u
        c = self._activation(nn_ops.bias_add(candidate, self._candidate_bias))
        new_h = u * state + (1 - u) * c
        return new_h, new_h


class IndyLSTMCell(_Layered):
    """An LSTM in which each unit sees its own state only."""

    def __init__(self, num_units, forget_bias=1.0, activation=None, reuse=None,
                 kernel_initializer=None, bias_initializer=None, name=None, dtype=None):
        super().__init__(num_units, activation, reuse, name, dtype)
        self._forget_bias = forget_bias
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer

    @property
    def state_size(self):
        return LSTMStateTuple(self._num_units, self._num_units)

    def build(self, inputs_shape):
        depth, n = check_input_depth(inputs_shape), self._num_units
        self._kernel_w = self.add_variable("kernel_w", shape=[depth, 4 * n],
                                           initializer=self._kernel_initializer)
        self._kernel_u = self.add_variable("kernel_u", shape=[1, 4 * n],
                                           initializer=self._uniform())
        self._bias = self.add_variable("bias", shape=[4 * n],
                                       initializer=self._bias_initializer or self._zeros())
        self.built = True

    def call(self, inputs, state):
        c, h = state
        gates = math_ops.matmul(inputs, self._kernel_w)
        gates += array_ops.concat([h] * 4, 1) * self._kernel_u
        gates = nn_ops.bias_add(gates, self._bias)
        i, j, f, o = array_ops.split(value=gates, num_or_size_splits=4, axis=1)
        c = (c * math_ops.sigmoid(f + self._forget_bias) +
             math_ops.sigmoid(i) * self._activation(j))
        h = self._activation(c) * math_ops.sigmoid(o)
        return h, LSTMStateTuple(c, h)


class _OfUnits(_Layered):
    """A cell that names its arguments as layers of Keras do."""

    def __init__(self, units, activation="tanh", kernel_initializer="glorot_uniform",
                 bias_initializer="ones", name=None, dtype=None, **kwargs):
        super().__init__(units, activation, None, name, dtype, **kwargs)
        self._kernel_initializer = initializers.get(kernel_initializer)
        self._bias_initializer = initializers.get(bias_initializer)


class MinimalRNNCell(_OfUnits):
    """A cell with one gate over a feedforward layer of the inputs."""

    def build(self, inputs_shape):
        depth, n = check_input_depth(inputs_shape), self._num_units
        # What the feedforward layer has, and below it what the gate has.
        self.kernel = self.add_variable("kernel", shape=[depth + 2 * n, n],
                                        initializer=self._kernel_initializer)
        self.bias = self.add_variable("bias", shape=[n], initializer=self._bias_initializer)
        self.built = True

    def call(self, inputs, state):
        feedforward, gate = array_ops.split(
            value=self.kernel, num_or_size_splits=[known_depth(inputs), 2 * self._num_units],
            axis=0)
        fed = self._activation(math_ops.matmul(inputs, feedforward))
        sums = math_ops.matmul(array_ops.concat([fed, state], 1), gate)
        u = math_ops.sigmoid(nn_ops.bias_add(sums, self.bias))
        new_h = u * state + (1 - u) * fed
        return new_h, new_h


class CFNCell(_OfUnits):
    """A cell whose state decays without inputs, and so has no chaos."""

    def build(self, inputs_shape):
        depth, n = check_input_depth(inputs_shape), self._num_units
        # What the two gates have of the inputs, and beside it what is taken up.
        self.kernel = self.add_variable("kernel", shape=[depth, 3 * n],
                                        initializer=self._kernel_initializer)
        self.recurrent_kernel = self.add_variable("recurrent_kernel", shape=[n, 2 * n],
                                                  initializer=self._kernel_initializer)
        self.bias = self.add_variable("bias", shape=[2 * n], initializer=self._bias_initializer)
        self.built = True

    def call(self, inputs, state):
        of_gates, taken = array_ops.split(
            value=self.kernel, num_or_size_splits=[2 * self._num_units, self._num_units], axis=1)
        gates = math_ops.matmul(state, self.recurrent_kernel) + math_ops.matmul(inputs, of_gates)
        gates = math_ops.sigmoid(nn_ops.bias_add(gates, self.bias))
        theta, eta = array_ops.split(value=gates, num_or_size_splits=2, axis=1)
        fed = math_ops.matmul(inputs, taken)
        # TF: the gate is 1 - eta, so that biases of 1 let little in at first.
        new_h = theta * self._activation(state) + (1 - eta) * self._activation(fed)
        return new_h, new_h
