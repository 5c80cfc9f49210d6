"""LSTMs with normalized parts: their layers, or their weights."""
from weft.contrib.rnn.cell_parts import Normalized, ProjectedLSTM, known_depth
from weft.contrib.rnn.core_rnn_cell import total_depth
from weft.python.framework import ops
from weft.python.ops import (
    array_ops, clip_ops, init_ops, math_ops, nn_impl, nn_ops, variable_scope as vs)
from weft.python.ops.rnn_cell_base import LSTMStateTuple
from weft.python.platform import tf_logging as logging

__all__ = ["LayerNormBasicLSTMCell", "LayerNormLSTMCell", "WeightNormLSTMCell"]


class LayerNormBasicLSTMCell(Normalized, ProjectedLSTM):
    """A basic LSTM whose gates and state are normalized, with dropout of what it takes up."""

    def __init__(self, num_units, forget_bias=1.0, input_size=None, activation=math_ops.tanh,
                 layer_norm=True, norm_gain=1.0, norm_shift=0.0, dropout_keep_prob=1.0,
                 dropout_prob_seed=None, reuse=None):
        super().__init__(num_units, _reuse=reuse)
        if input_size is not None:
            logging.warn("%s: The input_size parameter is deprecated.", self)
        self._forget_bias = forget_bias
        self._activation = activation
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift
        self._keep_prob = dropout_keep_prob
        self._seed = dropout_prob_seed

    def _gates(self, inputs, h):
        joined = array_ops.concat([inputs, h], 1)
        dtype, size = joined.dtype, 4 * self._num_units
        kernel = vs.get_variable("kernel", [joined.get_shape().as_list()[-1], size], dtype=dtype)
        sums = math_ops.matmul(joined, kernel)
        if not self._layer_norm:
            sums = nn_ops.bias_add(sums, vs.get_variable("bias", [size], dtype=dtype))
        gates = array_ops.split(value=sums, num_or_size_splits=4, axis=1)
        if self._layer_norm:
            gates = [self._norm(gate, scope, dtype=dtype)
                     for gate, scope in zip(gates, ("input", "transform", "forget", "output"))]
        return gates

    def call(self, inputs, state):
        c, h = state
        i, j, f, o = self._gates(inputs, h)
        g = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            g = nn_ops.dropout(g, self._keep_prob, seed=self._seed)
        c = c * math_ops.sigmoid(f + self._forget_bias) + math_ops.sigmoid(i) * g
        if self._layer_norm:
            c = self._norm(c, "state", dtype=inputs.dtype)
        h = self._activation(c) * math_ops.sigmoid(o)
        return h, LSTMStateTuple(c, h)


class _FullLSTM(ProjectedLSTM):
    """An LSTM with peepholes, bounds and a projection where they are asked for; a subclass makes
    the products in `_linear`, and normalizes parts in `_normalized`."""

    def __init__(self, num_units, use_peepholes, cell_clip, initializer, num_proj, proj_clip,
                 forget_bias, activation, **kwargs):
        super().__init__(num_units, num_proj, **kwargs)
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._proj_clip = proj_clip
        self._forget_bias = forget_bias
        self._activation = activation or math_ops.tanh

    def _linear(self, args, output_size, bias):
        raise NotImplementedError

    def _normalized(self, part, scope):
        return part

    def _stepped(self, inputs, state):
        sigmoid, n, act = math_ops.sigmoid, self._num_units, self._activation
        c, m = state
        known_depth(inputs)
        gates = array_ops.split(value=self._linear([inputs, m], 4 * n, bias=True),
                                num_or_size_splits=4, axis=1)
        i, j, f, o = [self._normalized(gate, scope) for gate, scope in zip(
            gates, ("input", "transform", "forget", "output"))]
        if self._use_peepholes:
            w_f, w_i, w_o = [vs.get_variable("w_%s_diag" % gate, shape=[n], dtype=inputs.dtype)
                             for gate in "fio"]
            c = sigmoid(f + self._forget_bias + w_f * c) * c + sigmoid(i + w_i * c) * act(j)
        else:
            c = sigmoid(f + self._forget_bias) * c + sigmoid(i) * act(j)
        c = _clipped(self._normalized(c, "state"), self._cell_clip)
        m = (sigmoid(o + w_o * c) if self._use_peepholes else sigmoid(o)) * act(c)
        if self._num_proj is not None:
            with vs.variable_scope("projection"):
                m = self._linear([m], self._num_proj, bias=False)
            m = _clipped(m, self._proj_clip)
        return m, LSTMStateTuple(c, m)


def _clipped(x, bound):
    return x if bound is None else clip_ops.clip_by_value(x, -bound, bound)


def _bias(size, dtype):
    """The variable `bias`, never cut."""
    with vs.variable_scope(vs.get_variable_scope()) as scope:
        scope.set_partitioner(None)
        return vs.get_variable("bias", [size], dtype=dtype,
                               initializer=init_ops.constant_initializer(0.0, dtype=dtype))


class LayerNormLSTMCell(Normalized, _FullLSTM):
    """LSTMCell with all that can be added, whose gates and state are normalized."""

    def __init__(self, num_units, use_peepholes=False, cell_clip=None, initializer=None,
                 num_proj=None, proj_clip=None, forget_bias=1.0, activation=None,
                 layer_norm=False, norm_gain=1.0, norm_shift=0.0, reuse=None):
        super().__init__(num_units, use_peepholes, cell_clip, initializer, num_proj, proj_clip,
                         forget_bias, activation, _reuse=reuse)
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift

    def _normalized(self, part, scope):
        return self._norm(part, scope) if self._layer_norm else part

    def _linear(self, args, output_size, bias):
        kernel = vs.get_variable("kernel", [total_depth(args), output_size], dtype=args[0].dtype)
        result = math_ops.matmul(args[0] if len(args) == 1 else array_ops.concat(args, 1), kernel)
        if not bias:
            return result
        # TF: where the layer is normalized the bias is there too, but not used.
        bias = _bias(output_size, args[0].dtype)
        return result if self._layer_norm else nn_ops.bias_add(result, bias)

    def call(self, inputs, state):
        with vs.variable_scope(vs.get_variable_scope(), initializer=self._initializer):
            return self._stepped(inputs, state)


class WeightNormLSTMCell(_FullLSTM):
    """LSTMCell whose weights are directions, normalized, times lengths that are variables."""

    def __init__(self, num_units, norm=True, use_peepholes=False, cell_clip=None,
                 initializer=None, num_proj=None, proj_clip=None, forget_bias=1, activation=None,
                 reuse=None):
        super().__init__(num_units, use_peepholes, cell_clip, initializer, num_proj, proj_clip,
                         forget_bias, activation, _reuse=reuse, name="wn_lstm_cell")
        self._norm = norm

    def _linear(self, args, output_size, bias):
        dtype = args[0].dtype
        kernel = vs.get_variable("kernel", [total_depth(args), output_size], dtype=dtype)
        if self._norm:
            with ops.control_dependencies(None):
                parts, at = [], 0
                for i, arg in enumerate(args):
                    end = at + arg.get_shape().as_list()[1]
                    length = vs.get_variable("norm_%d" % i, [output_size], dtype=dtype)
                    parts.append(nn_impl.l2_normalize(kernel[at:end, :], axis=0) * length)
                    at = end
                kernel = array_ops.concat(parts, axis=0)
        result = math_ops.matmul(args[0] if len(args) == 1 else array_ops.concat(args, 1), kernel)
        return nn_ops.bias_add(result, _bias(output_size, dtype)) if bias else result

    def call(self, inputs, state):
        with vs.variable_scope("wn_lstm_cell", initializer=self._initializer):
            return self._stepped(inputs, state)
