"""One step of a search by beams: what continues which beam, and how that is scored."""
import collections

import numpy as np

from weft.contrib.seq2seq.attention_wrapper import AttentionWrapperState
from weft.python.framework import dtypes, ops, tensor_shape, tensor_util
from weft.python.ops import array_ops, math_ops, nn_ops, tensor_array_ops
from weft.python.util import nest

__all__ = ["BeamSearchDecoderOutput", "BeamSearchDecoderState", "beam_search_step",
           "check_ndims", "get_attention_probs"]

BeamSearchDecoderState = collections.namedtuple(
    "BeamSearchDecoderState",
    ("cell_state", "log_probs", "finished", "lengths", "accumulated_attention_probs"))
BeamSearchDecoderOutput = collections.namedtuple(
    "BeamSearchDecoderOutput", ("scores", "predicted_ids", "parent_ids"))


def check_ndims(t) -> None:
    """ValueError for a tensor whose rank is not known."""
    if t.shape.ndims is None:
        raise ValueError("Expected tensor (%s) to have known rank, but ndims == None." % t)


class beam_search_step:
    """The step for batches and beams of these sizes."""

    def __init__(self, batch_size, beam_width, end_token, length_penalty_weight,
                 coverage_penalty_weight):
        self._batch_size = batch_size
        self._static_batch_size = tensor_util.constant_value(batch_size)
        self._beam_width = beam_width
        self._end_token = end_token
        self._length_penalty_weight = length_penalty_weight
        self._coverage_penalty_weight = coverage_penalty_weight

    def __call__(self, time, logits, next_cell_state, beam_state):
        """The output and the next state, from logits [batch, beam, symbols]."""
        not_finished = math_ops.logical_not(beam_state.finished)
        log_probs = _only_end(nn_ops.log_softmax(logits), self._end_token, beam_state.finished)
        total_probs = array_ops.expand_dims(beam_state.log_probs, 2) + log_probs
        symbols = logits.shape.as_list()[-1] or array_ops.shape(logits)[-1]
        seen = self._seen(next_cell_state, beam_state, not_finished)
        lengths = self._lengths_after(symbols, not_finished, beam_state.lengths)
        scores = self._scores(total_probs, lengths, beam_state.finished, seen)
        time = ops.convert_to_tensor(time, name="time")
        # Beams are alike at first: all but one begin with the chance 0.
        flat = array_ops.reshape(scores, [self._batch_size, -1])
        width = ops.convert_to_tensor(self._beam_width, dtype=dtypes.int32, name="beam_width")
        next_scores, places = nn_ops.top_k(flat, k=width)
        next_scores.set_shape([self._static_batch_size, self._beam_width])
        places.set_shape([self._static_batch_size, self._beam_width])
        next_probs = self._gathered(places, total_probs, self._beam_width * symbols, [-1],
                                    name="next_beam_probs")
        words = math_ops.to_int32(math_ops.mod(places, symbols, name="next_beam_word_ids"))
        beams = math_ops.to_int32(places / symbols, name="next_beam_parent_ids")
        was_finished = self._gathered(beams, beam_state.finished, self._beam_width, [-1])
        finished = math_ops.logical_or(was_finished, math_ops.equal(words, self._end_token),
                                       name="next_beam_finished")
        grown = math_ops.to_int64(math_ops.logical_not(was_finished))
        next_lengths = self._gathered(beams, beam_state.lengths, self._beam_width, [-1]) + grown
        many = [self._batch_size * self._beam_width, -1]
        next_seen = ()
        if seen is not None:
            next_seen = self._gathered(beams, seen, self._beam_width, many,
                                       name="next_accumulated_attention_probs")
        next_cell_state = nest.map_structure(
            lambda part: self._gathered_state(beams, part, many), next_cell_state)
        state = BeamSearchDecoderState(
            cell_state=next_cell_state, log_probs=next_probs, lengths=next_lengths,
            finished=finished, accumulated_attention_probs=next_seen)
        return BeamSearchDecoderOutput(scores=next_scores, predicted_ids=words,
                                       parent_ids=beams), state

    def _seen(self, next_cell_state, beam_state, not_finished):
        """What attention has seen so far, where coverage counts."""
        probs = get_attention_probs(next_cell_state, self._coverage_penalty_weight)
        if probs is None:
            return None
        probs *= array_ops.expand_dims(math_ops.to_float(not_finished), 2)
        return beam_state.accumulated_attention_probs + probs

    def _lengths_after(self, symbols, not_finished, lengths):
        """How long each beam would be after each symbol: the end counts for nothing."""
        ends = array_ops.fill([self._batch_size, self._beam_width], self._end_token)
        added = array_ops.one_hot(indices=ends, depth=symbols, on_value=np.int64(0),
                                  off_value=np.int64(1), dtype=dtypes.int64)
        added *= array_ops.expand_dims(math_ops.to_int64(not_finished), 2)
        return added + array_ops.expand_dims(lengths, 2)

    def _scores(self, log_probs, lengths, finished, seen):
        """The chances, with what is taken off for length and coverage."""
        scores = log_probs / math_ops.cast(
            _length_penalty(lengths, self._length_penalty_weight), dtype=log_probs.dtype)
        weight = ops.convert_to_tensor(self._coverage_penalty_weight,
                                       name="coverage_penalty_weight")
        if weight.shape.ndims != 0:
            raise ValueError("coverage_penalty_weight should be a scalar, but saw shape: %s"
                             % weight.shape)
        if tensor_util.constant_value(weight) == 0.0:
            return scores
        if seen is None:
            raise ValueError("accumulated_attention_probs can be None only if coverage penalty is "
                             "disabled.")
        # What is 0 lies past the memory's length.
        seen = array_ops.where(math_ops.equal(seen, 0.0), array_ops.ones_like(seen), seen)
        penalty = math_ops.reduce_sum(math_ops.log(math_ops.minimum(seen, 1.0)), 2)
        penalty *= math_ops.to_float(finished)
        return scores + array_ops.expand_dims(penalty * weight, 2)

    def _gathered(self, indices, source, range_size, gather_shape, name=None):
        """Of each sequence the parts of `source` [batch, range_size...] at `indices`."""
        with ops.name_scope(name, "tensor_gather_helper"):
            starts = array_ops.expand_dims(math_ops.range(self._batch_size) * range_size, 1)
            indices = array_ops.reshape(indices + starts, [-1])
            output = array_ops.gather(array_ops.reshape(source, gather_shape), indices)
            kept = 1 + len(gather_shape)
            output = array_ops.reshape(output, array_ops.shape(source)[:kept], name="output")
            output.set_shape(tensor_shape.TensorShape([self._static_batch_size]).concatenate(
                source.shape[1:kept]))
            return output

    def _gathered_state(self, beams, part, gather_shape):
        """The same for a part of a cell's state, if that has beams."""
        if isinstance(part, tensor_array_ops.TensorArray):
            return part
        check_ndims(part)
        if part.shape.ndims < len(gather_shape):
            return part
        return self._gathered(beams, part, self._beam_width, gather_shape)


def _length_penalty(lengths, factor):
    """((5 + length) / 6) to the power of `factor`."""
    factor = ops.convert_to_tensor(factor, name="penalty_factor")
    factor.set_shape(())
    if tensor_util.constant_value(factor) == 0:
        return 1.0
    return math_ops.div((5. + math_ops.to_float(lengths)) ** factor, (5. + 1.) ** factor)


def _only_end(log_probs, end_token, finished):
    """The chances of symbols; after the end there is nothing but ends."""
    symbols = array_ops.shape(log_probs)[2]
    dtype = log_probs.dtype
    row = array_ops.one_hot(end_token, symbols, dtype=dtype,
                            on_value=ops.convert_to_tensor(0., dtype=dtype),
                            off_value=dtype.min)
    rows = array_ops.tile(array_ops.reshape(row, [1, 1, -1]),
                          array_ops.concat([array_ops.shape(finished), [1]], 0))
    mask = array_ops.tile(array_ops.expand_dims(finished, 2), [1, 1, symbols])
    return array_ops.where(mask, rows, log_probs)


def get_attention_probs(next_cell_state, coverage_penalty_weight):
    """The alignments that the states of AttentionWrappers hold, their mean if there are several;
    None where coverage does not count."""
    if coverage_penalty_weight == 0.0:
        return None
    states = next_cell_state
    if isinstance(states, AttentionWrapperState) or not isinstance(states, tuple):
        states = (states,)
    probs = [_mean_of(state.alignments) for state in states
             if isinstance(state, AttentionWrapperState)]
    if not probs:
        raise ValueError("AttentionWrapper must be used when coverage penalty is enabled.")
    return _mean_of(tuple(probs))


def _mean_of(alignments):
    if not isinstance(alignments, tuple):
        return alignments
    if len(alignments) == 1:
        return alignments[0]
    parts = [array_ops.expand_dims(part, -1) for part in alignments]
    return math_ops.reduce_mean(array_ops.concat(parts, -1), -1)
