"""RNNs unrolled while the graph is built: a step's nodes for each step."""
from weft.python.framework import ops
from weft.python.ops import array_ops, math_ops, variable_scope as vs
from weft.python.ops.rnn_cell_base import assert_like_rnncell, concat_sizes
from weft.python.ops.rnn_steps import (
    cache_near_rnn, infer_state_dtype, initial_state_of, is_keras_cell, reverse_list, rnn_step)
from weft.python.util import nest
from weft.python.util.deprecation import deprecated

__all__ = ["static_bidirectional_rnn", "static_rnn", "static_state_saving_rnn"]

_KERAS_HAS = "Please use `%s`, which is equivalent to this API"


def _static_batch_size(inputs):
    """The size of the batch as the inputs' shapes tell it, perhaps None."""
    first = nest.flatten(inputs)[0].get_shape()
    if first.ndims == 1:
        return first.as_list()[0]
    batch = first.with_rank_at_least(2)[:1]
    for x in nest.flatten(inputs):
        shape = x.get_shape().with_rank_at_least(2)
        batch = batch.merge_with(shape[:1])
        for axis, size in enumerate(shape[1:].as_list()):
            if size is None:
                raise ValueError("Input size (dimension %d of inputs) must be accessible via shape "
                                 "inference, but saw value None." % axis)
    return batch.as_list()[0]


def _zero_output(cell, batch_size, static_batch_size, dtype):
    """What a finished sequence puts out."""
    def zeros(size):
        made = array_ops.zeros(concat_sizes(batch_size, size), dtype)
        made.set_shape(concat_sizes(static_batch_size, size, static=True))
        return made

    sizes = nest.flatten(cell.output_size)
    return nest.pack_sequence_as(cell.output_size, [zeros(size) for size in sizes])


def _step(cell, sequence_length, batch_size, static_batch_size, dtype, state):
    """`step(time, state, call_cell)` under the lengths, if there are any."""
    if sequence_length is None:
        return lambda time, state, call_cell: call_cell()
    sequence_length = ops.convert_to_tensor(sequence_length, name="sequence_length")
    if sequence_length.get_shape().ndims not in (None, 1):
        raise ValueError("sequence_length must be a vector of length batch_size")
    zero_output = _zero_output(cell, batch_size, static_batch_size,
                               infer_state_dtype(dtype, state))
    sequence_length = math_ops.to_int32(sequence_length)
    return rnn_step(sequence_length, math_ops.reduce_min(sequence_length),
                    math_ops.reduce_max(sequence_length), zero_output)


@deprecated(None, _KERAS_HAS % "keras.layers.RNN(cell, unroll=True)")
def static_rnn(cell, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
    """The list of outputs, and the last state, of `cell` stepping over a list of inputs.

    Args:
      cell: the cell.
      inputs: a tensor [batch, depth] (or a structure of such) for each step.
      initial_state: to begin with; zeros if left out, for which `dtype` is needed.
      dtype: of the state and the outputs, where there is no initial state.
      sequence_length: [batch] of integers: where a sequence ends, after which its outputs are 0
        and its state stays.
      scope: the variable scope, "rnn" by default.
    """
    assert_like_rnncell("cell", cell)
    if not nest.is_sequence(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    outputs = []
    with vs.variable_scope(scope or "rnn") as varscope:
        cache_near_rnn(varscope)
        static_batch_size = _static_batch_size(inputs)
        batch_size = static_batch_size
        if not batch_size:
            batch_size = array_ops.shape(nest.flatten(inputs)[0])[0]
        state = initial_state
        if state is None:
            if not dtype:
                raise ValueError("If no initial_state is provided, dtype must be specified")
            state = initial_state_of(cell, batch_size, dtype)
        step = _step(cell, sequence_length, batch_size, static_batch_size, dtype, state)
        wrapped = is_keras_cell(cell) and not nest.is_sequence(state)
        state = [state] if wrapped else state
        for time, x in enumerate(inputs):
            if time > 0:
                varscope.reuse_variables()
            output, state = step(time, state, lambda: cell(x, state))
            outputs.append(output)
        return outputs, state[0] if wrapped else state


@deprecated(None, _KERAS_HAS % "keras.layers.RNN(cell, stateful=True)")
def static_state_saving_rnn(cell, inputs, state_saver, state_name, sequence_length=None,
                            scope=None):
    """static_rnn from the state that `state_saver.state(name)` gives, which hands the last one to
    `state_saver.save_state(name, state)`; the results wait for that.

    `state_name` is a name, or as many as the cell's state has parts.
    """
    state_size = cell.state_size
    if nest.is_sequence(state_size) != nest.is_sequence(state_name):
        raise ValueError("state_name should be the same type as cell.state_size.  state_name: %s, "
                         "cell.state_size: %s" % (str(state_name), str(state_size)))
    names = nest.flatten(state_name)
    if len(names) != len(nest.flatten(state_size)):
        raise ValueError("#elems(state_name) != #elems(state_size): %d vs. %d"
                         % (len(names), len(nest.flatten(state_size))))
    initial_state = nest.pack_sequence_as(state_size, [state_saver.state(name) for name in names])
    outputs, state = static_rnn(cell, inputs, initial_state=initial_state,
                                sequence_length=sequence_length, scope=scope)
    saved = [state_saver.save_state(name, part) for name, part in zip(names, nest.flatten(state))]
    with ops.control_dependencies(saved):
        outputs[-1] = nest.map_structure(array_ops.identity, outputs[-1])
        state = nest.map_structure(array_ops.identity, state)
    return outputs, state


@deprecated(None, _KERAS_HAS % "keras.layers.Bidirectional(keras.layers.RNN(cell, unroll=True))")
def static_bidirectional_rnn(cell_fw, cell_bw, inputs, initial_state_fw=None,
                             initial_state_bw=None, dtype=None, sequence_length=None, scope=None):
    """Two static RNNs, one of which goes back from the end: outputs [batch, forward and backward],
    and the last state of each."""
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    if not nest.is_sequence(inputs):
        raise TypeError("inputs must be a sequence")
    if not inputs:
        raise ValueError("inputs must not be empty")
    with vs.variable_scope(scope or "bidirectional_rnn"):
        with vs.variable_scope("fw") as fw_scope:
            forward, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype,
                                           sequence_length, scope=fw_scope)
        with vs.variable_scope("bw") as bw_scope:
            reversed_inputs = reverse_list(inputs, sequence_length)
            backward, state_bw = static_rnn(cell_bw, reversed_inputs, initial_state_bw, dtype,
                                            sequence_length, scope=bw_scope)
    backward = reverse_list(backward, sequence_length)
    both = [array_ops.concat([fw, bw], 1)
            for fw, bw in zip(nest.flatten(forward), nest.flatten(backward))]
    return nest.pack_sequence_as(forward, both), state_fw, state_bw
