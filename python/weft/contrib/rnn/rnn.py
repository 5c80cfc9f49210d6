"""Bidirectional RNNs in layers, each of which sees both directions of the one below."""
from weft.python.ops import array_ops, rnn, variable_scope as vs
from weft.python.ops.rnn import (                                              # noqa: F401
    static_bidirectional_rnn, static_rnn, static_state_saving_rnn)

__all__ = ["stack_bidirectional_dynamic_rnn", "stack_bidirectional_rnn"]


def _check_layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw):
    for cells, way in ((cells_fw, "fw"), (cells_bw, "bw")):
        if not cells:
            raise ValueError("Must specify at least one %s cell for BidirectionalRNN." % way)
        if not isinstance(cells, list):
            raise ValueError("cells_%s must be a list of RNNCells (one per layer)." % way)
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    for cells, states, way in ((cells_fw, initial_states_fw, "fw"),
                               (cells_bw, initial_states_bw, "bw")):
        if states is not None and (not isinstance(states, list) or len(states) != len(cells)):
            raise ValueError("initial_states_%s must be a list of state tensors (one per layer)."
                             % way)


def _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw):
    """(scope's name, cells and initial states) of each layer."""
    nothing = [None] * len(cells_fw)
    for i, layer in enumerate(zip(cells_fw, cells_bw, initial_states_fw or nothing,
                                  initial_states_bw or nothing)):
        yield "cell_%d" % i, layer


def stack_bidirectional_rnn(cells_fw, cells_bw, inputs, initial_states_fw=None,
                            initial_states_bw=None, dtype=None, sequence_length=None, scope=None):
    """static_bidirectional_rnn in layers: the outputs of the last one, and the last states forward
    and backward, a tuple each."""
    _check_layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states = []
    with vs.variable_scope(scope or "stack_bidirectional_rnn"):
        for name, (fw, bw, state_fw, state_bw) in _layers(cells_fw, cells_bw, initial_states_fw,
                                                          initial_states_bw):
            with vs.variable_scope(name) as cell_scope:
                inputs, *last = rnn.static_bidirectional_rnn(
                    fw, bw, inputs, initial_state_fw=state_fw, initial_state_bw=state_bw,
                    sequence_length=sequence_length, dtype=dtype, scope=cell_scope)
            states.append(last)
    return (inputs, *(tuple(way) for way in zip(*states)))


def stack_bidirectional_dynamic_rnn(cells_fw, cells_bw, inputs, initial_states_fw=None,
                                    initial_states_bw=None, dtype=None, sequence_length=None,
                                    parallel_iterations=None, time_major=False, scope=None,
                                    swap_memory=False):
    """The same by bidirectional_dynamic_rnn, over inputs [batch, time, depth]."""
    _check_layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    states = []
    with vs.variable_scope(scope or "stack_bidirectional_rnn"):
        for name, (fw, bw, state_fw, state_bw) in _layers(cells_fw, cells_bw, initial_states_fw,
                                                          initial_states_bw):
            with vs.variable_scope(name):
                outputs, last = rnn.bidirectional_dynamic_rnn(
                    fw, bw, inputs, initial_state_fw=state_fw, initial_state_bw=state_bw,
                    sequence_length=sequence_length, parallel_iterations=parallel_iterations,
                    dtype=dtype, swap_memory=swap_memory, time_major=time_major)
                inputs = array_ops.concat(outputs, 2)
            states.append(last)
    return (inputs, *(tuple(way) for way in zip(*states)))
