"""What the cells of contrib share: sizes and states of LSTMs, variables in shards, parts that are
normalized."""
from weft.contrib.layers import normalization
from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, init_ops, variable_scope as vs
from weft.python.ops.rnn_cell_base import LSTMStateTuple, RNNCell
from weft.python.platform import tf_logging as logging

__all__ = ["Normalized", "ProjectedLSTM", "known_depth", "sharded_variable"]


def known_depth(inputs) -> int:
    """The second dimension of `inputs`; ValueError if that is not known."""
    depth = inputs.get_shape().with_rank(2).as_list()[1]
    if depth is None:
        raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
    return depth


class ProjectedLSTM(RNNCell):
    """Sizes and state of an LSTM with or without a projection."""

    def __init__(self, num_units, num_proj=None, state_is_tuple=True, **kwargs):
        super().__init__(**kwargs)
        if not state_is_tuple:
            logging.warn("%s: Using a concatenated state is slower and will soon be deprecated.  "
                         "Use state_is_tuple=True.", self)
        self._num_units = num_units
        self._num_proj = num_proj
        self._state_is_tuple = state_is_tuple
        self._output_size = num_proj or num_units

    @property
    def state_size(self):
        sizes = (self._num_units, self._output_size)
        return LSTMStateTuple(*sizes) if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self):
        return self._output_size

    def _parts(self, state):
        if self._state_is_tuple:
            return state
        n = self._num_units
        return (array_ops.slice(state, [0, 0], [-1, n]),
                array_ops.slice(state, [0, n], [-1, self._output_size]))

    def _joined(self, c, m):
        return LSTMStateTuple(c, m) if self._state_is_tuple else array_ops.concat([c, m], 1)


class Normalized:
    """The layer normalization of parts of a cell, for a cell with `_norm_gain`, `_norm_shift`."""

    def _norm(self, inputs, scope, dtype=dtypes.float32):
        shape = inputs.get_shape()[-1:]
        with vs.variable_scope(scope):
            vs.get_variable("gamma", shape=shape, dtype=dtype,
                            initializer=init_ops.constant_initializer(self._norm_gain))
            vs.get_variable("beta", shape=shape, dtype=dtype,
                            initializer=init_ops.constant_initializer(self._norm_shift))
        return normalization.layer_norm(inputs, reuse=True, scope=scope)


def sharded_variable(name, shape, dtype, num_shards):
    """One variable of `shape`, or the concatenation of several, made once in a graph."""
    if num_shards > shape[0]:
        raise ValueError("Too many shards: shape=%s, num_shards=%d" % (shape, num_shards))
    rows, more = divmod(shape[0], num_shards)
    shards = [vs.get_variable("%s_%d" % (name, i), [rows + (i < more)] + shape[1:], dtype=dtype)
              for i in range(num_shards)]
    if len(shards) == 1:
        return shards[0]
    full_name = "%s/%s/concat:0" % (vs.get_variable_scope().name, name)
    for value in ops.get_collection(ops.GraphKeys.CONCATENATED_VARIABLES):
        if value.name == full_name:
            return value
    whole = array_ops.concat(shards, 0, name=name + "/concat")
    ops.add_to_collection(ops.GraphKeys.CONCATENATED_VARIABLES, whole)
    return whole
