"""RNNs that take a whole sequence, time first, at once: by one op, or by a cell inside."""
from weft.python.ops import array_ops, rnn

__all__ = ["FusedRNNCell", "FusedRNNCellAdaptor", "TimeReversedFusedRNN"]


class FusedRNNCell:
    """What is called with inputs [time, batch, depth], or a list of [batch, depth], and gives the
    outputs in the same form, and the last state."""

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        raise NotImplementedError


class FusedRNNCellAdaptor(FusedRNNCell):
    """A cell as a FusedRNNCell, unrolled or, with `use_dynamic_rnn`, in a loop."""

    def __init__(self, cell, use_dynamic_rnn=False):
        self._cell = cell
        self._use_dynamic_rnn = use_dynamic_rnn

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        listed = isinstance(inputs, list)
        if self._use_dynamic_rnn:
            if listed:
                inputs = array_ops.stack(inputs)
            outputs, state = rnn.dynamic_rnn(
                self._cell, inputs, sequence_length=sequence_length, initial_state=initial_state,
                dtype=dtype, time_major=True, scope=scope)
            return array_ops.unstack(outputs) if listed else outputs, state
        if not listed:
            inputs = array_ops.unstack(inputs)
        outputs, state = rnn.static_rnn(
            self._cell, inputs, initial_state=initial_state, dtype=dtype,
            sequence_length=sequence_length, scope=scope)
        return outputs if listed else array_ops.stack(outputs), state


class TimeReversedFusedRNN(FusedRNNCell):
    """A FusedRNNCell that goes back from the end of each sequence."""

    def __init__(self, cell):
        self._cell = cell

    def _reverse(self, steps, lengths):
        if isinstance(steps, list):
            return list(reversed(steps))
        if lengths is None:
            return array_ops.reverse_v2(steps, [0])
        return array_ops.reverse_sequence(steps, lengths, 0, 1)

    def __call__(self, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
        outputs, state = self._cell(
            self._reverse(inputs, sequence_length), initial_state=initial_state, dtype=dtype,
            sequence_length=sequence_length, scope=scope)
        return self._reverse(outputs, sequence_length), state
