"""Frames back to signals."""

from weft.python.framework import ops, tensor_util
from weft.python.ops import array_ops, math_ops

__all__ = ["overlap_and_add"]


def overlap_and_add(signal, frame_step, name=None):
    """The signal whose frames, one every `frame_step`, are the last two axes [frames, length]: what
    falls upon the same place is summed."""
    with ops.name_scope(name, "overlap_and_add", [signal, frame_step]):
        signal = ops.convert_to_tensor(signal, name="signal")
        signal.shape.with_rank_at_least(2)
        frame_step = ops.convert_to_tensor(frame_step, name="frame_step")
        frame_step.shape.assert_has_rank(0)
        if not frame_step.dtype.is_integer:
            raise ValueError("frame_step must be an integer. Got %s" % frame_step.dtype)
        step = tensor_util.constant_value(frame_step)
        step = frame_step if step is None else int(step)
        outer, frames, length = _sizes(signal)
        if isinstance(step, int) and isinstance(length, int) and step == length:
            return array_ops.reshape(signal, array_ops.concat([outer, [frames * length]], 0))
        return _summed(signal, outer, frames, length, step)


def _sizes(signal):
    shape = array_ops.shape(signal)
    known = signal.shape.as_list() if signal.shape.ndims is not None else [None, None]
    frames = shape[-2] if known[-2] is None else known[-2]
    length = shape[-1] if known[-1] is None else known[-1]
    return shape[:-2], frames, length


def _summed(signal, outer, frames, length, step):
    """Frames are cut into parts of `step`. Laid out part by part with one row less than there are,
    each part slides one row further than the last: rows are what is to be summed."""
    parts = -(-length // step)
    rows = frames + parts
    signal = _longer(signal, outer, parts, parts * step - length)
    signal = _reshape(signal, outer, [rows, parts, step])
    signal = _swapped(signal, outer)
    signal = _reshape(signal, outer, [rows * parts, step])
    signal = signal[..., :(rows - 1) * parts, :]
    signal = _reshape(signal, outer, [parts, rows - 1, step])
    signal = math_ops.reduce_sum(signal, -3)
    signal = _reshape(signal, outer, [(rows - 1) * step])
    return signal[..., :length + step * (frames - 1)]


def _reshape(x, outer, sizes):
    return array_ops.reshape(x, array_ops.concat([outer, array_ops.stack(sizes)], 0))


def _longer(x, outer, rows, columns):
    nothing = array_ops.zeros(array_ops.stack([array_ops.size(outer), 2]), dtype="int32")
    inner = array_ops.stack([[0, rows], [0, columns]])
    return array_ops.pad(x, array_ops.concat([nothing, inner], 0))


def _swapped(x, outer):
    """The third axis from behind, and the one after it."""
    n = array_ops.size(outer)
    order = array_ops.concat([math_ops.range(n), array_ops.stack([n + 1, n, n + 2])], 0)
    return array_ops.transpose(x, order)
