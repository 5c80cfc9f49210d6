"""Cells around cells: attention to their own past, and highways past them."""
from weft.contrib.rnn.core_rnn_cell import _Linear, CellWrapper, once
from weft.python.ops import array_ops, init_ops, math_ops, nn_ops, variable_scope as vs
from weft.python.ops.rnn_cell_base import RNNCell
from weft.python.ops.rnn_cell_wrapper_impl import _Wrapper
from weft.python.platform import tf_logging as logging
from weft.python.util import nest

__all__ = ["AttentionCellWrapper", "HighwayWrapper"]


class AttentionCellWrapper(CellWrapper):
    """A cell that also sees a mean of its last `attn_length` outputs, weighted by attention.

    The state is (the cell's, the last mean, the past outputs), or all side by side.
    """

    def __init__(self, cell, attn_length, attn_size=None, attn_vec_size=None, input_size=None,
                 state_is_tuple=True, reuse=None):
        super().__init__(cell, reuse)
        if nest.is_sequence(cell.state_size) and not state_is_tuple:
            raise ValueError("Cell returns tuple of states, but the flag state_is_tuple is not "
                             "set. State size is: %s" % str(cell.state_size))
        if attn_length <= 0:
            raise ValueError("attn_length should be greater than zero, got %s" % str(attn_length))
        if not state_is_tuple:
            logging.warn("%s: Using a concatenated state is slower and will soon be deprecated.  "
                         "Use state_is_tuple=True.", self)
        self._attn_length = attn_length
        self._attn_size = cell.output_size if attn_size is None else attn_size
        self._attn_vec_size = self._attn_size if attn_vec_size is None else attn_vec_size
        self._input_size = input_size
        self._state_is_tuple = state_is_tuple

    @property
    def state_size(self):
        size = (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length)
        return size if self._state_is_tuple else sum(size)

    @property
    def output_size(self):
        return self._attn_size

    zero_state = RNNCell.zero_state         # of the sizes above, which are not the cell's

    def _parts(self, state):
        if self._state_is_tuple:
            return state
        parts, at = [], 0
        for size in (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length):
            parts.append(array_ops.slice(state, [0, at], [-1, size]))
            at += size
        return parts

    def call(self, inputs, state):
        state, attns, past = self._parts(state)
        past = array_ops.reshape(past, [-1, self._attn_length, self._attn_size])
        width = self._input_size or inputs.get_shape().as_list()[1]
        args = [inputs, attns]
        inputs = once(self, "_linear1", lambda: _Linear(args, width, True))(args)
        output, new_state = self._cell(inputs, state)
        query = new_state
        if self._state_is_tuple:
            query = array_ops.concat(nest.flatten(new_state), 1)
        new_attns, past = self._attention(query, past)
        with vs.variable_scope("attn_output_projection"):
            args = [output, new_attns]
            output = once(self, "_linear2", lambda: _Linear(args, self._attn_size, True))(args)
        past = array_ops.concat([past, array_ops.expand_dims(output, 1)], 1)
        past = array_ops.reshape(past, [-1, self._attn_length * self._attn_size])
        new_state = (new_state, new_attns, past)
        return output, new_state if self._state_is_tuple else array_ops.concat(new_state, 1)

    def _attention(self, query, past):
        """The mean of the past by its likeness to `query`, and the past without its oldest."""
        length, size, width = self._attn_length, self._attn_size, self._attn_vec_size
        with vs.variable_scope("attention"):
            kernel = vs.get_variable("attn_w", [1, 1, size, width])
            v = vs.get_variable("attn_v", [width])
            hidden = array_ops.reshape(past, [-1, length, 1, size])
            features = nn_ops.conv2d(hidden, kernel, [1, 1, 1, 1], "SAME")
            y = once(self, "_linear3", lambda: _Linear(query, width, True))(query)
            y = array_ops.reshape(y, [-1, 1, 1, width])
            scores = math_ops.reduce_sum(v * math_ops.tanh(features + y), [2, 3])
            weights = array_ops.reshape(nn_ops.softmax(scores), [-1, length, 1, 1])
            mean = math_ops.reduce_sum(weights * hidden, [1, 2])
            return (array_ops.reshape(mean, [-1, size]),
                    array_ops.slice(past, [0, 1, 0], [-1, -1, -1]))


class HighwayWrapper(_Wrapper):
    """A cell past which a gate carries a part of the inputs."""

    def __init__(self, cell, couple_carry_transform_gates=True, carry_bias_init=1.0):
        super().__init__(cell)
        self._couple_carry_transform_gates = couple_carry_transform_gates
        self._carry_bias_init = carry_bias_init

    def _gate(self, name, inputs, bias):
        size = inputs.get_shape().with_rank(2).as_list()[1]
        weight = vs.get_variable(name + "_w", [size, size])
        bias = vs.get_variable(name + "_b", [size],
                               initializer=init_ops.constant_initializer(bias))
        return math_ops.sigmoid(nn_ops.xw_plus_b(inputs, weight, bias))

    def _highway(self, inputs, output):
        carry = self._gate("carry", inputs, self._carry_bias_init)
        if self._couple_carry_transform_gates:
            transform = 1 - carry
        else:
            transform = self._gate("transform", inputs, -self._carry_bias_init)
        return inputs * carry + output * transform

    def _call_wrapped_cell(self, inputs, state, cell_call_fn, **kwargs):
        outputs, new_state = cell_call_fn(inputs, state, **kwargs)
        nest.assert_same_structure(inputs, outputs)
        nest.map_structure(lambda inp, out: inp.get_shape().assert_is_compatible_with(
            out.get_shape()), inputs, outputs)
        return nest.map_structure(self._highway, inputs, outputs), new_state
