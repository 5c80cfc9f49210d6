"""What the unrolled and the looping RNNs share: one step under sequence lengths, time and batch
changing places, sequences reversed."""
from weft.python.framework import ops, tensor_shape
from weft.python.ops import array_ops, control_flow_ops, math_ops, tensor_array_ops
from weft.python.util import nest

__all__ = ["cache_near_rnn", "copy_through", "infer_state_dtype", "initial_state_of",
           "is_keras_cell", "reverse", "reverse_list", "rnn_step", "transpose_batch_time"]


def cache_near_rnn(scope) -> None:
    """Lets variables be read where the RNN is, unless that is inside a loop: what is read outside
    would not be seen to change."""
    context = ops.get_default_graph()._get_control_flow_context()
    if scope.caching_device is None and (context is None or context.GetWhileContext() is None):
        scope.set_caching_device(lambda op: op.device)


def transpose_batch_time(x):
    """`x` with its first two axes exchanged."""
    known = x.get_shape()
    if known.ndims is not None and known.ndims < 2:
        raise ValueError("Expected input tensor %s to have rank at least 2, but saw shape: %s"
                         % (x, known))
    rank = array_ops.rank(x)
    result = array_ops.transpose(
        x, array_ops.concat(([1, 0], math_ops.range(2, rank)), axis=0))
    if known.ndims is not None:
        sizes = known.as_list()
        result.set_shape([sizes[1], sizes[0]] + sizes[2:])
    return result


def infer_state_dtype(explicit_dtype, state):
    """`explicit_dtype`, or the one dtype of all of `state`."""
    if explicit_dtype is not None:
        return explicit_dtype
    found = [part.dtype for part in nest.flatten(state)]
    if not found:
        raise ValueError("Unable to infer dtype from empty state.")
    if any(dtype != found[0] for dtype in found):
        raise ValueError("State has tensors of different inferred_dtypes. Unable to infer a "
                         "single representative dtype.")
    return found[0]


def initial_state_of(cell, batch_size, dtype):
    """The state that a cell begins with where none is given."""
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def is_keras_cell(cell) -> bool:
    """Whether it is a cell of Keras, whose states are lists."""
    return getattr(cell, "zero_state", None) is None


def copy_through(finished, old, new):
    """For rows that are `finished` the old value, else the new one; TensorArrays and scalars have
    no rows and are the new ones."""
    if isinstance(old, tensor_array_ops.TensorArray) or old.shape.ndims == 0:
        return new
    with ops.colocate_with(new):
        return array_ops.where(finished, old, new)


class rnn_step:
    """A step that leaves finished sequences as they are: their state stays, their output is 0.

    `lengths` are those of the sequences, `shortest` and `longest` the least and the largest of
    them: with conds, nothing is selected before the first, and nothing computed after the last.
    """

    def __init__(self, lengths, shortest, longest, zero_output, skip_conditionals=False):
        self._lengths = lengths
        self._shortest = shortest
        self._longest = longest
        self._zero_output = zero_output
        self._skip_conditionals = skip_conditionals

    def __call__(self, time, state, call_cell):
        """The output and the state after the step `call_cell()` at `time` (a number or tensor)."""
        zeros, old = nest.flatten(self._zero_output), nest.flatten(state)
        finished = time >= self._lengths

        def stepped():
            output, new_state = call_cell()
            nest.assert_same_structure(self._zero_output, output)
            nest.assert_same_structure(state, new_state)
            return nest.flatten(output) + nest.flatten(new_state)

        def selected(new):
            return [copy_through(finished, o, n) for o, n in zip(zeros + old, new)]

        def perhaps_selected():
            new = stepped()
            return control_flow_ops.cond(time < self._shortest, lambda: new,
                                         lambda: selected(new))

        if self._skip_conditionals:
            result = selected(stepped())
        else:
            result = control_flow_ops.cond(time >= self._longest, lambda: zeros + old,
                                           perhaps_selected)
        _set_shapes(result, zeros + old)
        return (nest.pack_sequence_as(self._zero_output, result[:len(zeros)]),
                nest.pack_sequence_as(state, result[len(zeros):]))


def _set_shapes(made, like):
    for new, old in zip(made, like):
        if not isinstance(new, tensor_array_ops.TensorArray):
            new.set_shape(old.get_shape())


# ---- sequences reversed ----

def reverse(x, lengths, seq_axis, batch_axis):
    """`x` turned round along `seq_axis`; where `lengths` are given, only so far."""
    if lengths is None:
        return array_ops.reverse(x, axis=[seq_axis])
    return array_ops.reverse_sequence(input=x, seq_lengths=lengths, seq_axis=seq_axis,
                                      batch_axis=batch_axis)


def reverse_list(sequence, lengths):
    """A list of steps (structures of tensors [batch, ...]) turned round, up to `lengths`."""
    if lengths is None:
        return list(reversed(sequence))
    turned = [_reverse_tensors(steps, lengths) for steps in zip(*map(nest.flatten, sequence))]
    return [nest.pack_sequence_as(step, list(parts))
            for step, parts in zip(sequence, zip(*turned))]


def _reverse_tensors(steps, lengths):
    """The same for tensors, of one shape."""
    shape = tensor_shape.unknown_shape(steps[0].get_shape().ndims)
    for step in steps:
        shape = shape.merge_with(step.get_shape())
    for step in steps:
        step.set_shape(shape)
    joined = array_ops.reverse_sequence(array_ops.stack(list(steps)), lengths, 0, 1)
    results = array_ops.unstack(joined)
    for result in results:
        result.set_shape(shape)
    return results
