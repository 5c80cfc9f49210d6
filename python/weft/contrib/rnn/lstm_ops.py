"""LSTMs of one op: LSTMBlockCell for a step, LSTMBlockFusedCell for a sequence."""
from weft.python.framework import gen, ops
from weft.python.layers import base
from weft.python.ops import array_ops, init_ops, math_ops
from weft.python.ops.rnn_cell_base import LayerRNNCell, LSTMStateTuple

__all__ = ["LSTMBlockCell", "LSTMBlockFusedCell", "LSTMBlockWrapper"]


def _add_weights(layer, inputs_shape, axis, use_peephole):
    """The variables of both."""
    depth, n = inputs_shape.as_list()[axis], layer._num_units
    if not depth:
        raise ValueError("Expecting inputs_shape[%d] to be set: %s" % (axis, inputs_shape))
    layer._kernel = layer.add_variable("kernel", [depth + n, 4 * n])
    layer._bias = layer.add_variable("bias", [4 * n],
                                     initializer=init_ops.constant_initializer(0.0))
    if use_peephole:
        layer._w_i_diag, layer._w_f_diag, layer._w_o_diag = [
            layer.add_variable("w_%s_diag" % gate, [n]) for gate in "ifo"]
    layer.built = True


class LSTMBlockCell(LayerRNNCell):
    """LSTMCell's step by one op; its checkpoints fit LSTMCell's."""

    def __init__(self, num_units, forget_bias=1.0, cell_clip=None, use_peephole=False, dtype=None,
                 reuse=None, name="lstm_cell"):
        super().__init__(_reuse=reuse, dtype=dtype, name=name)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self._use_peephole = use_peephole
        self.input_spec = base.InputSpec(ndim=2)

    @property
    def state_size(self):
        return LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self):
        return self._num_units

    def build(self, inputs_shape):
        _add_weights(self, inputs_shape, 1, self._use_peephole)

    def call(self, inputs, state):
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        if self._use_peephole:
            wci, wcf, wco = self._w_i_diag, self._w_f_diag, self._w_o_diag
        else:
            wci = wcf = wco = array_ops.zeros([self._num_units])
        made = gen.LSTMBlockCell(
            inputs, state[0], state[1], self._kernel, wci, wcf, wco, self._bias,
            forget_bias=self._forget_bias, cell_clip=self._cell_clip,
            use_peephole=self._use_peephole)
        return made.h, LSTMStateTuple(made.cs, made.h)


class LSTMBlockWrapper(base.Layer):
    """Base of LSTMs over whole sequences: a subclass steps in `_call_cell`."""

    @property
    def num_units(self):
        """How many units there are; a subclass says it."""
        raise NotImplementedError

    def _call_cell(self, inputs, initial_cell_state, initial_output, dtype, sequence_length):
        """The memories and the outputs of all steps, [time, batch, num_units]."""
        raise NotImplementedError

    def call(self, inputs, initial_state=None, dtype=None, sequence_length=None):
        """The outputs, in the form of `inputs`, and the last state."""
        listed = isinstance(inputs, list)
        if listed:
            inputs = array_ops.stack(inputs)
        time_len, batch_size, depth = inputs.get_shape().with_rank(3).as_list()
        if not depth:
            raise ValueError("Expecting inputs_shape[2] to be set: %s" % inputs.get_shape())
        batch_size = batch_size or array_ops.shape(inputs)[1]
        time_len = time_len or array_ops.shape(inputs)[0]
        initial_state, dtype = self._first_state(initial_state, dtype, batch_size)
        if sequence_length is not None:
            sequence_length = ops.convert_to_tensor(sequence_length)
        states, outputs = self._call_cell(inputs, *initial_state, dtype, sequence_length)
        if sequence_length is None:
            final = LSTMStateTuple(states[-1], outputs[-1])
        else:
            mask = array_ops.transpose(
                array_ops.sequence_mask(sequence_length, time_len, dtype=dtype), [1, 0])
            outputs *= array_ops.tile(array_ops.expand_dims(mask, [-1]), [1, 1, self.num_units])
            final = LSTMStateTuple(*[
                _state_after(first, later, sequence_length, batch_size)
                for first, later in zip(initial_state, (states, outputs))])
        return array_ops.unstack(outputs) if listed else outputs, final

    def _first_state(self, initial_state, dtype, batch_size):
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            zeros = array_ops.zeros(array_ops.stack([batch_size, self.num_units]), dtype=dtype)
            return (zeros, zeros), dtype
        if len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
        return initial_state, initial_state[0].dtype if dtype is None else dtype


def _state_after(first, later, lengths, batch_size):
    """Of each sequence the state after its last step: `first` where it has none."""
    states = array_ops.concat([array_ops.expand_dims(first, [0]), later], 0)
    places = array_ops.stack([lengths, math_ops.range(batch_size)], axis=1)
    return array_ops.gather_nd(states, places)


class LSTMBlockFusedCell(LSTMBlockWrapper):
    """An LSTM over a whole sequence by one op."""

    def __init__(self, num_units, forget_bias=1.0, cell_clip=None, use_peephole=False, reuse=None,
                 dtype=None, name="lstm_fused_cell"):
        super().__init__(_reuse=reuse, name=name, dtype=dtype)
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._cell_clip = -1 if cell_clip is None else cell_clip
        self._use_peephole = use_peephole
        self.input_spec = base.InputSpec(ndim=3)

    @property
    def num_units(self):
        return self._num_units

    def build(self, input_shape):
        _add_weights(self, input_shape, 2, self._use_peephole)

    def _call_cell(self, inputs, initial_cell_state=None, initial_output=None, dtype=None,
                   sequence_length=None):
        time_len = inputs.get_shape().with_rank(3).as_list()[0] or array_ops.shape(inputs)[0]
        if self._use_peephole:
            wci, wcf, wco = self._w_i_diag, self._w_f_diag, self._w_o_diag
        else:
            wci = wcf = wco = array_ops.zeros([self._num_units], dtype=dtype)
        longest = time_len if sequence_length is None else math_ops.reduce_max(sequence_length)
        made = gen.BlockLSTM(
            math_ops.to_int64(longest), inputs, initial_cell_state, initial_output, self._kernel,
            wci, wcf, wco, self._bias, forget_bias=self._forget_bias, cell_clip=self._cell_clip,
            use_peephole=self._use_peephole)
        return made.cs, made.h
