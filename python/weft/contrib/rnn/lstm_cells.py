"""LSTMs of other kinds: coupled gates, phases, groups, found by search."""
from weft.contrib.rnn.cell_parts import (
    Normalized, ProjectedLSTM, known_depth, sharded_variable)
from weft.contrib.rnn.core_rnn_cell import _Linear, once
from weft.python.framework import dtypes
from weft.python.layers.input_spec import InputSpec
from weft.python.ops import (
    array_ops, clip_ops, init_ops, math_ops, nn_ops, random_ops, variable_scope as vs)
from weft.python.ops.rnn_cell_base import LayerRNNCell, LSTMStateTuple, check_input_depth

__all__ = ["CoupledInputForgetGateLSTMCell", "GLSTMCell", "NASCell", "PhasedLSTMCell"]


class CoupledInputForgetGateLSTMCell(Normalized, ProjectedLSTM):
    """An LSTM that takes up as much as it forgets: one gate `f`, and 1 - f."""

    def __init__(self, num_units, use_peepholes=False, initializer=None, num_proj=None,
                 proj_clip=None, num_unit_shards=1, num_proj_shards=1, forget_bias=1.0,
                 state_is_tuple=True, activation=math_ops.tanh, reuse=None, layer_norm=False,
                 norm_gain=1.0, norm_shift=0.0):
        super().__init__(num_units, num_proj, state_is_tuple, _reuse=reuse)
        self._use_peepholes = use_peepholes
        self._initializer = initializer
        self._proj_clip = proj_clip
        self._num_unit_shards = num_unit_shards
        self._num_proj_shards = num_proj_shards
        self._forget_bias = forget_bias
        self._activation = activation
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift

    def _gates(self, inputs, m):
        n, dtype = self._num_units, inputs.dtype
        kernel = sharded_variable("W", [known_depth(inputs) + self._output_size, 3 * n], dtype,
                          self._num_unit_shards)
        bias = vs.get_variable("B", shape=[3 * n], initializer=init_ops.zeros_initializer(),
                               dtype=dtype)
        sums = math_ops.matmul(array_ops.concat([inputs, m], 1), kernel)
        if not self._layer_norm:
            sums = nn_ops.bias_add(sums, bias)
        j, f, o = array_ops.split(value=sums, num_or_size_splits=3, axis=1)
        if self._layer_norm:
            j, f, o = (self._norm(j, "transform"), self._norm(f, "forget"),
                       self._norm(o, "output"))
        return j, f, o

    def call(self, inputs, state):
        sigmoid, n, dtype = math_ops.sigmoid, self._num_units, inputs.dtype
        c, m = self._parts(state)
        j, f, o = self._gates(inputs, m)
        if self._use_peepholes:
            w_f_diag = vs.get_variable("W_F_diag", shape=[n], dtype=dtype)
            w_o_diag = vs.get_variable("W_O_diag", shape=[n], dtype=dtype)
            f = sigmoid(f + self._forget_bias + w_f_diag * c)
        else:
            f = sigmoid(f + self._forget_bias)
        c = f * c + (1 - f) * self._activation(j)
        if self._layer_norm:
            c = self._norm(c, "state")
        m = sigmoid(o + w_o_diag * c) if self._use_peepholes else sigmoid(o)
        m = m * self._activation(c)
        if self._num_proj is not None:
            m = math_ops.matmul(m, sharded_variable("W_P", [n, self._num_proj], dtype,
                                            self._num_proj_shards))
            if self._proj_clip is not None:
                m = clip_ops.clip_by_value(m, -self._proj_clip, self._proj_clip)
        return m, self._joined(c, m)


class GLSTMCell(ProjectedLSTM):
    """An LSTM whose units are in groups, each of which sees its part of inputs and state only."""

    def __init__(self, num_units, initializer=None, num_proj=None, number_of_groups=1,
                 forget_bias=1.0, activation=math_ops.tanh, reuse=None):
        super().__init__(num_units, num_proj, _reuse=reuse)
        for size in (num_units, self._output_size):
            if size % number_of_groups:
                raise ValueError("num_units and num_proj must be divisible by number_of_groups: "
                                 "%d, %d" % (size, number_of_groups))
        self._initializer = initializer
        self._number_of_groups = number_of_groups
        self._forget_bias = forget_bias
        self._activation = activation
        self._linears = [None] * number_of_groups

    def _of_group(self, inputs, group):
        size = known_depth(inputs) // self._number_of_groups
        batch = inputs.get_shape().as_list()[0]
        batch = array_ops.shape(inputs)[0] if batch is None else batch
        return array_ops.slice(inputs, [0, group * size], [batch, size],
                               name="GLSTM_group%d_input_generation" % group)

    def _gates(self, inputs, m):
        parts = []
        for group in range(self._number_of_groups):
            with vs.variable_scope("group%d" % group):
                joined = array_ops.concat([self._of_group(inputs, group),
                                           self._of_group(m, group)], axis=1)
                if self._linears[group] is None:
                    size = 4 * self._num_units // self._number_of_groups
                    self._linears[group] = _Linear(joined, size, False)
                parts.append(array_ops.split(self._linears[group](joined), 4, 1))
        biases = [vs.get_variable("bias_" + gate, shape=[self._num_units], dtype=inputs.dtype,
                                  initializer=init_ops.constant_initializer(0.0,
                                                                            dtype=inputs.dtype))
                  for gate in "ijfo"]
        return [nn_ops.bias_add(array_ops.concat(list(gate), axis=1), bias)
                for gate, bias in zip(zip(*parts), biases)]

    def call(self, inputs, state):
        c, m = state
        if known_depth(inputs) % self._number_of_groups:
            raise ValueError("The input size must be divisible by number_of_groups: %d, %d"
                             % (known_depth(inputs), self._number_of_groups))
        with vs.variable_scope(vs.get_variable_scope(), initializer=self._initializer):
            i, j, f, o = self._gates(inputs, m)
        c = math_ops.sigmoid(f + self._forget_bias) * c + math_ops.sigmoid(i) * math_ops.tanh(j)
        m = math_ops.sigmoid(o) * self._activation(c)
        if self._num_proj is not None:
            with vs.variable_scope("projection"):
                m = once(self, "_projection", lambda: _Linear(m, self._num_proj, False))(m)
        return m, LSTMStateTuple(c, m)


class NASCell(LayerRNNCell):
    """The cell that a search for architectures found: eight gates in three layers."""

    def __init__(self, num_units, num_proj=None, use_bias=False, reuse=None, **kwargs):
        super().__init__(_reuse=reuse, **kwargs)
        self._num_units = num_units
        self._num_proj = num_proj
        self._use_bias = use_bias
        self.input_spec = InputSpec(ndim=2)
        self._output_size = num_units if num_proj is None else num_proj

    @property
    def state_size(self):
        return LSTMStateTuple(self._num_units, self._output_size)

    @property
    def output_size(self):
        return self._output_size

    def build(self, inputs_shape):
        depth, n = check_input_depth(inputs_shape), self._num_units
        self._recurrent_kernel = self.add_variable("recurrent_kernel",
                                                   shape=[self._output_size, 8 * n])
        self._kernel = self.add_variable("kernel", shape=[depth, 8 * n])
        if self._use_bias:
            self._bias = self.add_variable("bias", shape=[8 * n],
                                           initializer=init_ops.zeros_initializer)
        if self._num_proj is not None:
            self._projection = self.add_variable("projection_weights", shape=[n, self._num_proj])
        self.built = True

    def call(self, inputs, state):
        sigmoid, tanh, relu = math_ops.sigmoid, math_ops.tanh, nn_ops.relu
        c, m = state
        m = math_ops.matmul(m, self._recurrent_kernel)
        x = math_ops.matmul(inputs, self._kernel)
        if self._use_bias:
            m = nn_ops.bias_add(m, self._bias)
        m = array_ops.split(axis=1, num_or_size_splits=8, value=m)
        x = array_ops.split(axis=1, num_or_size_splits=8, value=x)
        first = [act(a * b if at == 3 else a + b) for at, (act, a, b) in enumerate(
            zip((sigmoid, relu, sigmoid, relu, tanh, sigmoid, tanh, sigmoid), x, m))]
        second = [tanh(first[0] * first[1]), tanh(first[2] + first[3]),
                  tanh(first[4] * first[5]), sigmoid(first[6] + first[7])]
        new_c = tanh(second[0] + c) * second[1]
        new_m = tanh(new_c * tanh(second[2] + second[3]))
        if self._num_proj is not None:
            new_m = math_ops.matmul(new_m, self._projection)
        return new_m, LSTMStateTuple(new_c, new_m)


# ---- phases ----

def _exponential(low, high):
    """An initializer: e to a power drawn evenly, so that the values lie between low and high."""
    def initializer(shape, dtype=dtypes.float32, partition_info=None):
        return math_ops.exp(random_ops.random_uniform(shape, math_ops.log(low),
                                                      math_ops.log(high), dtype))
    return initializer


class PhasedLSTMCell(ProjectedLSTM):
    """An LSTM that is open only during a part of a period of its own, by the clock.

    Its inputs are (time, x): [batch, 1] and [batch, depth].
    """

    def __init__(self, num_units, use_peepholes=False, leak=0.001, ratio_on=0.1,
                 trainable_ratio_on=True, period_init_min=1.0, period_init_max=1000.0, reuse=None):
        super().__init__(num_units, _reuse=reuse)
        self._use_peepholes = use_peepholes
        self._leak = leak
        self._ratio_on = ratio_on
        self._trainable_ratio_on = trainable_ratio_on
        self._period_init_min = period_init_min
        self._period_init_max = period_init_max

    def _linear(self, scope, args, size):
        with vs.variable_scope(scope):
            return once(self, "_" + scope, lambda: _Linear(args, size, True))(args)

    def _openness(self, time):
        """How far open each unit is: up, down, and leaking for the rest of the period."""
        n = [self._num_units]
        period = vs.get_variable("period", n, initializer=_exponential(self._period_init_min,
                                                                       self._period_init_max))
        phase = vs.get_variable("phase", n, initializer=init_ops.random_uniform_initializer(
            0., period.initial_value))
        ratio_on = vs.get_variable(
            "ratio_on", n, initializer=init_ops.constant_initializer(self._ratio_on),
            trainable=self._trainable_ratio_on)
        whole = math_ops.cast(period, time.dtype)
        shifted = time - math_ops.cast(phase, time.dtype)
        # The remainder, with the gradient of what it is the remainder of.
        remainder = array_ops.stop_gradient(math_ops.mod(shifted, whole) - shifted) + shifted
        cycle = math_ops.cast(remainder / whole, dtypes.float32)
        up = 2 * cycle / ratio_on
        k = array_ops.where(cycle < ratio_on, 2 - up, self._leak * cycle)
        return array_ops.where(cycle < 0.5 * ratio_on, up, k)

    def call(self, inputs, state):
        c, h = state
        time, x = inputs
        seen = [x, h, c] if self._use_peepholes else [x, h]
        gates = math_ops.sigmoid(self._linear("mask_gates", seen, 2 * self._num_units))
        i, f = array_ops.split(axis=1, num_or_size_splits=2, value=gates)
        taken = math_ops.tanh(self._linear("new_input", [x, h], self._num_units))
        new_c = c * f + i * taken
        seen = [x, h, new_c] if self._use_peepholes else [x, h]
        o = math_ops.sigmoid(self._linear("output_gate", seen, self._num_units))
        new_h = math_ops.tanh(new_c) * o
        k = self._openness(time)
        new_c = k * new_c + (1 - k) * c
        new_h = k * new_h + (1 - k) * h
        return new_h, LSTMStateTuple(new_c, new_h)
