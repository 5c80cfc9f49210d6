"""Sequences whose labels have no places in time: ctc_loss() and the decoders."""
from weft.python.framework import gen
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import array_ops

__all__ = ["ctc_beam_search_decoder", "ctc_beam_search_decoder_v2", "ctc_greedy_decoder",
           "ctc_loss"]


def ctc_loss(labels, inputs=None, sequence_length=None, preprocess_collapse_repeated=False,
             ctc_merge_repeated=True, ignore_longer_outputs_than_inputs=False, time_major=True,
             logits=None):
    """How unlikely `labels`, a SparseTensor, are by logits: [batch]."""
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels (first argument) to be a SparseTensor")
    inputs = logits if inputs is None else inputs
    if not time_major:
        inputs = array_ops.transpose(inputs, [1, 0, 2])
    loss, _ = gen.CTCLoss(
        inputs, labels.indices, labels.values, sequence_length,
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated,
        ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs)
    return loss


def ctc_greedy_decoder(inputs, sequence_length, merge_repeated=True):
    """([the likeliest class of each frame, without blanks], negated sums of their logits)."""
    indices, values, shape, neg_sum_logits = gen.CTCGreedyDecoder(
        inputs, sequence_length, merge_repeated=merge_repeated)
    return [SparseTensor(indices, values, shape)], neg_sum_logits


def ctc_beam_search_decoder(inputs, sequence_length, beam_width=100, top_paths=1,
                            merge_repeated=True):
    """([the top_paths likeliest sequences], logarithms of their probabilities).

    merge_repeated: equal neighbours in what was decoded become one, which is seldom wanted."""
    indices, values, shapes, log_probabilities = gen.CTCBeamSearchDecoder(
        inputs, sequence_length, beam_width=beam_width, top_paths=top_paths,
        merge_repeated=merge_repeated)
    return [SparseTensor(*path) for path in zip(indices, values, shapes)], log_probabilities


def ctc_beam_search_decoder_v2(inputs, sequence_length, beam_width=100, top_paths=1):
    """ctc_beam_search_decoder() that leaves equal neighbours as they are."""
    return ctc_beam_search_decoder(inputs, sequence_length, beam_width, top_paths, False)
