"""What decodes step by step, and the loop that lets it."""
from weft.python.framework import constant_op, dtypes, ops, tensor_shape, tensor_util
from weft.python.ops import (
    array_ops, control_flow_ops, math_ops, tensor_array_ops, variable_scope)
from weft.python.ops.rnn_cell_base import zero_state_tensors
from weft.python.ops.rnn_steps import (
    cache_near_rnn, transpose_batch_time as _transpose_batch_time)
from weft.python.util import nest

__all__ = ["Decoder", "dynamic_decode"]


class Decoder:
    """Base of decoders: what to begin with, and what a step makes."""

    @property
    def batch_size(self):
        """How many sequences are decoded at once."""
        raise NotImplementedError

    @property
    def output_size(self):
        """The sizes of a step's outputs, a structure of numbers or shapes without the batch."""
        raise NotImplementedError

    @property
    def output_dtype(self):
        """Their dtypes, in the same structure."""
        raise NotImplementedError

    def initialize(self, name=None):
        """(finished, first inputs, first state)."""
        raise NotImplementedError

    def step(self, time, inputs, state, name=None):
        """(outputs, next state, next inputs, finished)."""
        raise NotImplementedError

    def finalize(self, outputs, final_state, sequence_lengths):
        """(outputs, final state) as the caller gets them; a decoder need not have this."""
        raise NotImplementedError

    @property
    def tracks_own_finished(self):
        """Whether `step` knows of itself what has finished: beams change places."""
        return False


class _Loop:
    """The loop of dynamic_decode."""

    def __init__(self, decoder, impute_finished):
        self._decoder = decoder
        self._impute_finished = impute_finished
        self._zero_outputs = nest.map_structure(
            lambda size, dtype: zero_state_tensors(size, decoder.batch_size, dtype),
            decoder.output_size, decoder.output_dtype)

    def arrays(self):
        """A TensorArray for each output."""
        return nest.map_structure(self._array, self._decoder.output_size,
                                  self._decoder.output_dtype)

    def _array(self, size, dtype):
        shape = None
        if isinstance(size, tensor_shape.TensorShape) and size.ndims != 0:
            batch_size = tensor_util.constant_value(
                ops.convert_to_tensor(self._decoder.batch_size, name="batch_size"))
            shape = tensor_shape.TensorShape([batch_size]).concatenate(size)
        return tensor_array_ops.TensorArray(dtype=dtype, size=0, dynamic_size=True,
                                            element_shape=shape)

    @staticmethod
    def condition(time, arrays, state, inputs, finished, lengths):
        """Until all have finished."""
        return math_ops.logical_not(math_ops.reduce_all(finished))

    def body(self, time, arrays, state, inputs, finished, lengths):
        """A step."""
        outputs, next_state, next_inputs, next_finished = self._decoder.step(time, inputs, state)
        if not self._decoder.tracks_own_finished:
            next_finished = math_ops.logical_or(next_finished, finished)
        lengths = array_ops.where(
            math_ops.logical_not(finished),
            array_ops.fill(array_ops.shape(lengths), time + 1), lengths)
        nest.assert_same_structure(state, next_state)
        nest.assert_same_structure(arrays, outputs)
        nest.assert_same_structure(inputs, next_inputs)
        if self._impute_finished:
            outputs = nest.map_structure(
                lambda out, zero: array_ops.where(finished, zero, out), outputs,
                self._zero_outputs)
            next_state = nest.map_structure(
                lambda new, old: _kept(finished, new, old), next_state, state)
        arrays = nest.map_structure(lambda array, out: array.write(time, out), arrays, outputs)
        return time + 1, arrays, next_state, next_inputs, next_finished, lengths


def _kept(finished, new, old):
    """The old state of what has finished; TensorArrays and scalars pass."""
    if isinstance(old, tensor_array_ops.TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.ndims == 0 else array_ops.where(finished, old, new)


def dynamic_decode(decoder, output_time_major=False, impute_finished=False,
                   maximum_iterations=None, parallel_iterations=32, swap_memory=False, scope=None):
    """Lets a decoder step until all has finished, or `maximum_iterations` are done.

    With `impute_finished` what has finished keeps its state and puts out zeros.

    Returns:
      The outputs, [batch, time, ...] (or time first), the final state, and the lengths [batch].
    """
    if not isinstance(decoder, Decoder):
        raise TypeError("Expected decoder to be type Decoder, but saw: %s" % type(decoder))
    with variable_scope.variable_scope(scope, "decoder") as varscope:
        cache_near_rnn(varscope)
        if maximum_iterations is not None:
            maximum_iterations = ops.convert_to_tensor(
                maximum_iterations, dtype=dtypes.int32, name="maximum_iterations")
            if maximum_iterations.get_shape().ndims != 0:
                raise ValueError("maximum_iterations must be a scalar")
        finished, inputs, state = decoder.initialize()
        loop = _Loop(decoder, impute_finished)
        if maximum_iterations is not None:
            finished = math_ops.logical_or(finished, 0 >= maximum_iterations)
        lengths = array_ops.zeros_like(finished, dtype=dtypes.int32)
        time = constant_op.constant(0, dtype=dtypes.int32)
        _, arrays, state, _, _, lengths = control_flow_ops.while_loop(
            loop.condition, loop.body,
            loop_vars=(time, loop.arrays(), state, inputs, finished, lengths),
            parallel_iterations=parallel_iterations, maximum_iterations=maximum_iterations,
            swap_memory=swap_memory)
        outputs = nest.map_structure(lambda array: array.stack(), arrays)
        try:
            outputs, state = decoder.finalize(outputs, state, lengths)
        except NotImplementedError:
            pass
        if not output_time_major:
            outputs = nest.map_structure(_transpose_batch_time, outputs)
    return outputs, state, lengths
