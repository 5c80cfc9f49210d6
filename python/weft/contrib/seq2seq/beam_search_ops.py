"""Whole sequences from the steps of a search by beams."""
from weft.python.framework import dtypes, gen
from weft.python.ops import array_ops, math_ops
from weft.contrib.seq2seq.attention_mechanisms import size_of_axis

__all__ = ["gather_tree", "gather_tree_from_array"]


def gather_tree(step_ids, parent_ids, max_sequence_lengths, end_token, name=None):
    """Sequences [time, batch, beam], each followed back from its last step through parent_ids;
    `end_token` stands behind the lengths, and behind the first one."""
    return gen.GatherTree(step_ids, parent_ids, max_sequence_lengths, end_token, name=name)


def gather_tree_from_array(t, parent_ids, sequence_length):
    """`t` [time, batch, beam, ...] or [time, batch * beam, ...] with each beam's values those of
    the steps it came from."""
    max_time, batch_size, beam_width = (size_of_axis(parent_ids, axis) for axis in range(3))
    beam_ids = array_ops.expand_dims(
        array_ops.expand_dims(math_ops.range(beam_width), 0), 0)
    beam_ids = array_ops.tile(beam_ids, [max_time, batch_size, 1])
    longest = math_ops.cast(math_ops.reduce_max(sequence_length, axis=1), dtypes.int32)
    sorted_ids = gather_tree(beam_ids, parent_ids, longest, end_token=beam_width + 1)
    within = array_ops.transpose(array_ops.sequence_mask(sequence_length, maxlen=max_time),
                                 perm=[2, 0, 1])
    sorted_ids = array_ops.where(within, sorted_ids, beam_ids)
    times = array_ops.tile(array_ops.reshape(math_ops.range(max_time), [-1, 1, 1]),
                           [1, batch_size, beam_width])
    batches = array_ops.tile(array_ops.reshape(math_ops.range(batch_size), [-1, 1, 1]),
                             [1, max_time, beam_width])
    batches = array_ops.transpose(batches, perm=[1, 0, 2])
    places = array_ops.stack([times, batches, sorted_ids], -1)
    flat = array_ops.reshape(t, [max_time, batch_size, beam_width, -1])
    return array_ops.reshape(array_ops.gather_nd(flat, places), array_ops.shape(t))
