"""LSTMs that go along the frequencies of a spectrum as well as along its time."""
import collections

from weft.contrib.rnn.cell_parts import sharded_variable
from weft.python.framework import constant_op, dtypes
from weft.python.ops import (
    array_ops, clip_ops, init_ops, math_ops, nn_ops, variable_scope as vs)
from weft.python.ops.rnn_cell_base import RNNCell
from weft.python.platform import tf_logging as logging

__all__ = ["BidirectionalGridLSTMCell", "GridLSTMCell", "TimeFreqLSTMCell"]


def _width(features) -> int:
    width = features.get_shape().with_rank(2).as_list()[-1]
    if width is None:
        raise ValueError("Cannot infer input_size from static shape inference.")
    return width


def _windows(features, start, count, skip, size):
    """`count` pieces of `size` columns, `skip` apart, from column `start` on."""
    return [array_ops.slice(features, [0, start + i * skip], [-1, size]) for i in range(count)]


def _batch_size(inputs):
    known = inputs.get_shape().as_list()[0]
    return array_ops.shape(inputs)[0] if known is None else known


def _clipped(x, bound):
    return x if bound is None else clip_ops.clip_by_value(x, -bound, bound)


def _zeros_variable(name, size, dtype):
    return vs.get_variable(name, shape=[size], dtype=dtype,
                           initializer=init_ops.zeros_initializer())


class TimeFreqLSTMCell(RNNCell):
    """An LSTM that goes over windows of the features, with the last window's output beside the
    last step's. The state has memory and output of all windows side by side."""

    def __init__(self, num_units, use_peepholes=False, cell_clip=None, initializer=None,
                 num_unit_shards=1, forget_bias=1.0, feature_size=None, frequency_skip=1,
                 reuse=None):
        super().__init__(_reuse=reuse)
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._num_unit_shards = num_unit_shards
        self._forget_bias = forget_bias
        self._feature_size = feature_size
        self._frequency_skip = frequency_skip

    @property
    def output_size(self):
        return self._num_units

    @property
    def state_size(self):
        return 2 * self._num_units

    def _variables(self, depth, dtype):
        n = self._num_units
        self._kernel = sharded_variable("W", [depth + 2 * n, 4 * n], dtype, self._num_unit_shards)
        self._biases = _zeros_variable("B", 4 * n, dtype)
        if self._use_peepholes:
            self._diagonals = [vs.get_variable("W_%s_diag" % gate, shape=[n], dtype=dtype)
                               for gate in "FIO"]

    def _step(self, x, c, m, beside):
        sigmoid, tanh = math_ops.sigmoid, math_ops.tanh
        sums = math_ops.matmul(array_ops.concat([x, m, beside], 1), self._kernel)
        i, j, f, o = array_ops.split(value=nn_ops.bias_add(sums, self._biases),
                                     num_or_size_splits=4, axis=1)
        if self._use_peepholes:
            w_f, w_i, w_o = self._diagonals
            c = (sigmoid(f + self._forget_bias + w_f * c) * c + sigmoid(i + w_i * c) * tanh(j))
        else:
            c = sigmoid(f + self._forget_bias) * c + sigmoid(i) * tanh(j)
        c = _clipped(c, self._cell_clip)
        return c, (sigmoid(o + w_o * c) if self._use_peepholes else sigmoid(o)) * tanh(c)

    def call(self, inputs, state):
        n, skip, size = self._num_units, self._frequency_skip, self._feature_size
        count = int((_width(inputs) - size) / skip) + 1
        windows = _windows(inputs, 0, count, skip, size)
        self._variables(windows[0].get_shape().as_list()[1], inputs.dtype)
        m = array_ops.zeros([_batch_size(inputs), n], inputs.dtype)
        outputs, states = [], []
        for at, x in enumerate(windows):
            last_c = array_ops.slice(state, [0, 2 * at * n], [-1, n])
            last_m = array_ops.slice(state, [0, (2 * at + 1) * n], [-1, n])
            c, m = self._step(x, last_c, last_m, m)
            outputs.append(m)
            states += [c, m]
        return array_ops.concat(outputs, 1), array_ops.concat(states, 1)


# ---- grids ----

class _Way:
    """The weights of one of the two LSTMs of a grid, "f" (frequency) or "t" (time)."""

    def __init__(self, cell, way, block, depth, dtype):
        n, self._cell = cell._num_units, cell
        gates = 3 if cell._couple_input_forget_gates else 4
        self._kernel = sharded_variable("W_%s_%d" % (way, block), [depth + 2 * n, gates * n],
                                        dtype, cell._num_unit_shards)
        self._bias = _zeros_variable("B_%s_%d" % (way, block), gates * n, dtype)
        self._diagonals = {}

    def add_peepholes(self, way, block, dtype):
        """Each gate sees the memories of frequency and time."""
        for gate in "IO" if self._cell._couple_input_forget_gates else "FIO":
            self._diagonals[gate] = [
                vs.get_variable("W_%s_diag_%s%s_%d" % (gate, way, source, block),
                                shape=[self._cell._num_units], dtype=dtype) for source in "ft"]

    def gates(self, inputs):
        """Sums of the gates i, j, f (None where it is coupled to i) and o."""
        sums = nn_ops.bias_add(math_ops.matmul(inputs, self._kernel), self._bias)
        if self._cell._couple_input_forget_gates:
            i, j, o = array_ops.split(value=sums, num_or_size_splits=3, axis=1)
            return i, j, None, o
        return array_ops.split(value=sums, num_or_size_splits=4, axis=1)

    def gate(self, name, value, c_freq, c_time):
        """A gate as open as its sum and what it sees say."""
        if name in self._diagonals:
            w_f, w_t = self._diagonals[name]
            value = value + w_f * c_freq + w_t * c_time
        return math_ops.sigmoid(value)

    def memory(self, gates, old, c_freq, c_time):
        """The memory after a step, from the old one of this way."""
        i = self.gate("I", gates[0], c_freq, c_time)
        if gates[2] is None:
            f = 1.0 - i
        else:
            f = self.gate("F", gates[2] + self._cell._forget_bias, c_freq, c_time)
        return _clipped(f * old + i * math_ops.tanh(gates[1]), self._cell._cell_clip)


class GridLSTMCell(RNNCell):
    """Two LSTMs, one along the frequencies and one along time, that see each other.

    The features are cut into blocks (`start_freqindex_list` to `end_freqindex_list`; one block of
    all if left out), and those into `num_frequency_blocks` windows each.
    """

    def __init__(self, num_units, use_peepholes=False, share_time_frequency_weights=False,
                 cell_clip=None, initializer=None, num_unit_shards=1, forget_bias=1.0,
                 feature_size=None, frequency_skip=None, num_frequency_blocks=None,
                 start_freqindex_list=None, end_freqindex_list=None,
                 couple_input_forget_gates=False, state_is_tuple=True, reuse=None):
        super().__init__(_reuse=reuse)
        if not state_is_tuple:
            logging.warn("%s: Using a concatenated state is slower and will soon be deprecated.  "
                         "Use state_is_tuple=True.", self)
        if num_frequency_blocks is None:
            raise ValueError("Must specify num_frequency_blocks")
        self._num_units = num_units
        self._use_peepholes = use_peepholes
        self._share_time_frequency_weights = share_time_frequency_weights
        self._couple_input_forget_gates = couple_input_forget_gates
        self._state_is_tuple = state_is_tuple
        self._cell_clip = cell_clip
        self._initializer = initializer
        self._num_unit_shards = num_unit_shards
        self._forget_bias = forget_bias
        self._feature_size = feature_size
        self._frequency_skip = frequency_skip
        self._start_freqindex_list = start_freqindex_list
        self._end_freqindex_list = end_freqindex_list
        self._num_frequency_blocks = num_frequency_blocks
        self._total_blocks = sum(int(count) for count in num_frequency_blocks)
        self._state_tuple_type = None
        self._state_size = num_units * self._total_blocks * 2
        if state_is_tuple:
            self._name_states("GridLSTMStateTuple", ["state"])
        self._output_size = num_units * self._total_blocks * 2

    def _name_states(self, name, prefixes):
        """The tuple of all states: memory and output of each window of each block."""
        names = ["%s_f%02d_b%02d_%s" % (prefix, window, block, part) for prefix in prefixes
                 for block, count in enumerate(self._num_frequency_blocks)
                 for window in range(count) for part in "cm"]
        self._state_tuple_type = collections.namedtuple(name, names)
        self._state_size = self._state_tuple_type(*[self._num_units] * len(names))

    @property
    def output_size(self):
        return self._output_size

    @property
    def state_size(self):
        return self._state_size

    @property
    def state_tuple_type(self):
        """The type of the state, where that is a tuple."""
        return self._state_tuple_type

    def call(self, inputs, state):
        outputs, states = self._gone_over(self._blocks(inputs), state, _batch_size(inputs),
                                          "state")
        if self._state_is_tuple:
            return array_ops.concat(outputs, 1), self._state_tuple_type(*states)
        return array_ops.concat(outputs, 1), array_ops.concat(states, 1)

    def _gone_over(self, blocks, state, batch_size, prefix):
        """The outputs and states of all blocks."""
        outputs, states = [], []
        for number, windows in enumerate(blocks):
            made = self._compute(windows, number, state, batch_size, prefix)
            outputs += made[0]
            states += made[1]
        return outputs, states

    def _last(self, state, prefix, window, block):
        """Memory and output of a window after the last step."""
        if self._state_is_tuple:
            name = "%s_f%02d_b%02d" % (prefix, window, block)
            return getattr(state, name + "_c"), getattr(state, name + "_m")
        n = self._num_units
        return [array_ops.slice(state, [0, (2 * window + part) * n], [-1, n]) for part in (0, 1)]

    def _ways(self, block, depth, dtype):
        freq = time = _Way(self, "f", block, depth, dtype)
        if not self._share_time_frequency_weights:
            time = _Way(self, "t", block, depth, dtype)
        if self._use_peepholes:
            freq.add_peepholes("freq", block, dtype)
            if time is not freq:
                time.add_peepholes("time", block, dtype)
        return freq, time

    def _compute(self, windows, block, state, batch_size, prefix):
        dtype = windows[0].dtype
        freq, time = self._ways(block, windows[0].get_shape().as_list()[1], dtype)
        m_freq = array_ops.zeros([batch_size, self._num_units], dtype)
        c_freq = array_ops.zeros([batch_size, self._num_units], dtype)
        outputs, states = [], []
        for window, x in enumerate(windows):
            last_c, last_m = self._last(state, prefix, window, block)
            inputs = array_ops.concat([x, last_m, m_freq], 1)
            of_freq = freq.gates(inputs)
            of_time = of_freq if time is freq else time.gates(inputs)
            new_c_freq = freq.memory(of_freq, c_freq, c_freq, last_c)
            c_time = time.memory(of_time, last_c, c_freq, last_c)
            c_freq = new_c_freq
            m_freq = freq.gate("O", of_freq[3], c_freq, c_time) * math_ops.tanh(c_freq)
            m_time = time.gate("O", of_time[3], c_freq, c_time) * math_ops.tanh(c_time)
            outputs += [m_time, m_freq]
            states += [c_time, m_time]
        return outputs, states

    def _blocks(self, features, offset=0):
        """The windows of each block; those behind `offset`, where it is negative before it."""
        width = _width(features)
        if offset:
            paddings = constant_op.constant([0, 0, max(-offset, 0), max(offset, 0)], shape=[2, 2],
                                            dtype=dtypes.int32)
            features = array_ops.pad(features, paddings, "CONSTANT")
            offset = max(offset, 0)
        starts, ends = self._start_freqindex_list, self._end_freqindex_list
        if not starts:
            if len(self._num_frequency_blocks) != 1:
                raise ValueError("Length of num_frequency_blocks is not 1, but instead is %d"
                                 % len(self._num_frequency_blocks))
            starts, ends = [0], [width]
        if len(starts) != len(ends):
            raise ValueError("Length of start and end freqindex_list does not match %d %d"
                             % (len(starts), len(ends)))
        if len(self._num_frequency_blocks) != len(starts):
            raise ValueError("Length of num_frequency_blocks is not equal to "
                             "start_freqindex_list %d %d"
                             % (len(self._num_frequency_blocks), len(starts)))
        return [self._windows_of(features, start, end, count, offset)
                for start, end, count in zip(starts, ends, self._num_frequency_blocks)]

    def _windows_of(self, features, start, end, wanted, offset):
        skip, size = self._frequency_skip, self._feature_size
        count = int((end - start - size) / skip) + 1
        if count != wanted:
            raise ValueError("Invalid num_frequency_blocks, requires %d but gets %d, please check "
                             "the input size and filter config are correct." % (wanted, count))
        return _windows(features, start + offset, count, skip, size)


class BidirectionalGridLSTMCell(GridLSTMCell):
    """A grid that goes along the frequencies in both directions, with weights for each."""

    def __init__(self, num_units, use_peepholes=False, share_time_frequency_weights=False,
                 cell_clip=None, initializer=None, num_unit_shards=1, forget_bias=1.0,
                 feature_size=None, frequency_skip=None, num_frequency_blocks=None,
                 start_freqindex_list=None, end_freqindex_list=None,
                 couple_input_forget_gates=False, backward_slice_offset=0, reuse=None):
        super().__init__(
            num_units, use_peepholes, share_time_frequency_weights, cell_clip, initializer,
            num_unit_shards, forget_bias, feature_size, frequency_skip, num_frequency_blocks,
            start_freqindex_list, end_freqindex_list, couple_input_forget_gates, True, reuse)
        self._backward_slice_offset = int(backward_slice_offset)
        self._name_states("BidirectionalGridLSTMStateTuple", ["fwd_state", "bwd_state"])
        self._output_size = 2 * num_units * self._total_blocks * 2

    def call(self, inputs, state):
        batch_size = _batch_size(inputs)
        forward = backward = self._blocks(inputs)
        if self._backward_slice_offset:
            backward = self._blocks(inputs, self._backward_slice_offset)
        with vs.variable_scope("fwd"):
            outputs, states = self._gone_over(forward, state, batch_size, "fwd_state")
        with vs.variable_scope("bwd"):
            turned = [windows[::-1] for windows in backward]
            more = self._gone_over(turned, state, batch_size, "bwd_state")
        return (array_ops.concat(outputs + more[0], 1),
                self._state_tuple_type(*(states + more[1])))
