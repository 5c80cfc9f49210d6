"""A decoder that keeps the best few sequences at every step."""
import collections

import numpy as np

from weft.contrib.seq2seq import decoder
from weft.contrib.seq2seq.basic_decoder import check_parts, size_after
from weft.contrib.seq2seq.beam_search_ops import gather_tree, gather_tree_from_array
from weft.contrib.seq2seq.beam_search_step import (
    BeamSearchDecoderOutput, BeamSearchDecoderState, beam_search_step, check_ndims,
    get_attention_probs)
from weft.contrib.seq2seq.helper import _function_of
from weft.python.framework import dtypes, ops, tensor_shape, tensor_util
from weft.python.ops import array_ops, control_flow_ops, math_ops, tensor_array_ops
from weft.python.ops.rnn_cell_base import static_size
from weft.python.util import nest

__all__ = ["BeamSearchDecoder", "BeamSearchDecoderOutput", "BeamSearchDecoderState",
           "FinalBeamSearchDecoderOutput", "tile_batch"]

FinalBeamSearchDecoderOutput = collections.namedtuple(
    "FinalBeamDecoderOutput", ("predicted_ids", "beam_search_decoder_output"))


def _tiled(t, multiplier):
    t = ops.convert_to_tensor(t, name="t")
    shape = array_ops.shape(t)
    if t.shape.ndims is None or t.shape.ndims < 1:
        raise ValueError("t must have statically known rank")
    tiling = [1] * (t.shape.ndims + 1)
    tiling[1] = multiplier
    known = t.shape.as_list()[0]
    tiled = array_ops.tile(array_ops.expand_dims(t, 1), tiling)
    tiled = array_ops.reshape(tiled, array_ops.concat(([shape[0] * multiplier], shape[1:]), 0))
    number = tensor_util.constant_value(ops.convert_to_tensor(multiplier))
    tiled.set_shape(tensor_shape.TensorShape(
        [None if known is None or number is None else known * int(number)])
        .concatenate(t.shape[1:]))
    return tiled


def tile_batch(t, multiplier, name=None):
    """A tensor, or a structure of them, with each row of the batch `multiplier` times, one after
    the other."""
    with ops.name_scope(name, "tile_batch", nest.flatten(t) + [multiplier]):
        return nest.map_structure(lambda part: _tiled(part, multiplier), t)


class BeamSearchDecoder(decoder.Decoder):
    """Keeps the `beam_width` likeliest beginnings of each sequence.

    The cell's batch is batch times beams: make memories and states so by `tile_batch`.
    `length_penalty_weight` prefers long sequences, `coverage_penalty_weight` those that have seen
    the whole memory. The result holds `predicted_ids` [batch, time, beam], the best beam first.
    """

    def __init__(self, cell, embedding, start_tokens, end_token, initial_state, beam_width,
                 output_layer=None, length_penalty_weight=0.0, coverage_penalty_weight=0.0,
                 reorder_tensor_arrays=True):
        check_parts(cell, output_layer)
        self._cell = cell
        self._output_layer = output_layer
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._embedding_fn = _function_of(embedding)
        start_tokens = ops.convert_to_tensor(start_tokens, dtype=dtypes.int32,
                                             name="start_tokens")
        if start_tokens.get_shape().ndims != 1:
            raise ValueError("start_tokens must be a vector")
        self._end_token = ops.convert_to_tensor(end_token, dtype=dtypes.int32, name="end_token")
        if self._end_token.get_shape().ndims != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = array_ops.size(start_tokens)
        self._static_batch_size = tensor_util.constant_value(self._batch_size)
        self._beam_width = beam_width
        self._length_penalty_weight = length_penalty_weight
        self._coverage_penalty_weight = coverage_penalty_weight
        self._initial_cell_state = nest.map_structure(self._maybe_split, initial_state,
                                                      cell.state_size)
        self._start_inputs = self._embedding_fn(
            array_ops.tile(array_ops.expand_dims(start_tokens, 1), [1, beam_width]))
        # Beams are alike at first: only the first one is open.
        self._finished = array_ops.one_hot(
            array_ops.zeros([self._batch_size], dtype=dtypes.int32), depth=beam_width,
            on_value=False, off_value=True, dtype=dtypes.bool)

    @property
    def batch_size(self):
        return self._batch_size

    @property
    def tracks_own_finished(self):
        return True

    @property
    def output_size(self):
        size = tensor_shape.TensorShape([self._beam_width])
        return BeamSearchDecoderOutput(scores=size, predicted_ids=size, parent_ids=size)

    @property
    def output_dtype(self):
        dtype = nest.flatten(self._initial_cell_state)[0].dtype
        output = size_after(self._cell.output_size, self._output_layer)
        return BeamSearchDecoderOutput(
            scores=nest.map_structure(lambda _: dtype, output), predicted_ids=dtypes.int32,
            parent_ids=dtypes.int32)

    def initialize(self, name=None):
        dtype = nest.flatten(self._initial_cell_state)[0].dtype
        log_probs = array_ops.one_hot(
            array_ops.zeros([self._batch_size], dtype=dtypes.int32), depth=self._beam_width,
            on_value=ops.convert_to_tensor(0.0, dtype=dtype),
            off_value=ops.convert_to_tensor(-np.inf, dtype=dtype), dtype=dtype)
        seen = get_attention_probs(self._initial_cell_state, self._coverage_penalty_weight)
        state = BeamSearchDecoderState(
            cell_state=self._initial_cell_state, log_probs=log_probs, finished=self._finished,
            lengths=array_ops.zeros([self._batch_size, self._beam_width], dtype=dtypes.int64),
            accumulated_attention_probs=() if seen is None else seen)
        return self._finished, self._start_inputs, state

    def finalize(self, outputs, final_state, sequence_lengths):
        longest = math_ops.to_int32(math_ops.reduce_max(final_state.lengths, axis=1))
        predicted_ids = gather_tree(outputs.predicted_ids, outputs.parent_ids,
                                    max_sequence_lengths=longest, end_token=self._end_token)
        if self._reorder_tensor_arrays:
            final_state = final_state._replace(cell_state=nest.map_structure(
                lambda t: self._maybe_sorted(t, outputs.parent_ids, final_state.lengths),
                final_state.cell_state))
        return FinalBeamSearchDecoderOutput(beam_search_decoder_output=outputs,
                                            predicted_ids=predicted_ids), final_state

    # Batches and beams as one axis, and as two.

    def _merged(self, t, size):
        """[batch, beam, ...] as [batch * beam, ...]."""
        size = static_size(size)
        known = self._static_batch_size
        shape = array_ops.shape(t)
        merged = array_ops.reshape(t, array_ops.concat(
            ([self._batch_size * self._beam_width], shape[2:]), 0))
        merged.set_shape(tensor_shape.TensorShape(
            [None if known is None else known * self._beam_width]).concatenate(size))
        return merged

    def _split(self, t, size):
        """[batch * beam, ...] as [batch, beam, ...]."""
        size = static_size(size)
        shape = array_ops.shape(t)
        split = array_ops.reshape(t, array_ops.concat(
            ([self._batch_size, self._beam_width], shape[1:]), 0))
        wanted = tensor_shape.TensorShape(
            [self._static_batch_size, self._beam_width]).concatenate(size)
        if not split.shape.is_compatible_with(wanted):
            raise ValueError(
                "Unexpected behavior when reshaping between beam width and batch size.  The "
                "reshaped tensor has shape: %s.  We expected it to have shape (batch_size, "
                "beam_width, depth) == %s.  Perhaps you forgot to create a zero_state with "
                "batch_size=encoder_batch_size * beam_width?" % (split.shape, wanted))
        split.set_shape(wanted)
        return split

    def _maybe_split(self, t, size):
        """The same for what has a batch at all."""
        if isinstance(t, tensor_array_ops.TensorArray):
            return t
        check_ndims(t)
        return self._split(t, size) if t.shape.ndims >= 1 else t

    def _maybe_merged(self, t, size):
        if isinstance(t, tensor_array_ops.TensorArray):
            return t
        check_ndims(t)
        return self._merged(t, size) if t.shape.ndims >= 2 else t

    def _maybe_sorted(self, t, parent_ids, lengths):
        """A TensorArray of batches times beams (a history of alignments) stacked, with each beam's
        steps those that it came from."""
        if not isinstance(t, tensor_array_ops.TensorArray):
            return t
        steps = t.stack()
        if steps.shape.ndims is None or steps.shape.ndims < 2:
            return t
        return gather_tree_from_array(steps, parent_ids, lengths)

    def step(self, time, inputs, state, name=None):
        with ops.name_scope(name, "BeamSearchDecoderStep", (time, inputs, state)):
            inputs = nest.map_structure(lambda x: self._merged(x, x.shape[2:]), inputs)
            cell_state = nest.map_structure(self._maybe_merged, state.cell_state,
                                            self._cell.state_size)
            outputs, next_cell_state = self._cell(inputs, cell_state)
            outputs = nest.map_structure(lambda out: self._split(out, out.shape[1:]), outputs)
            next_cell_state = nest.map_structure(self._maybe_split, next_cell_state,
                                                 self._cell.state_size)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            step = beam_search_step(self._batch_size, self._beam_width, self._end_token,
                                    self._length_penalty_weight, self._coverage_penalty_weight)
            output, next_state = step(time, outputs, next_cell_state, state)
            next_inputs = control_flow_ops.cond(
                math_ops.reduce_all(next_state.finished), lambda: self._start_inputs,
                lambda: self._embedding_fn(output.predicted_ids))
        return output, next_state, next_inputs, next_state.finished
