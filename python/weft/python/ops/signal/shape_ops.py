"""Signals in frames that may overlap."""

from weft.python.framework import ops, tensor_util
from weft.python.ops import array_ops, math_ops

__all__ = ["frame"]


def frame(signal, frame_length, frame_step, pad_end=False, pad_value=0, axis=-1, name=None):
    """Frames of `frame_length` elements of an axis, one every `frame_step`: the axis becomes two,
    [frames, frame_length].

    With pad_end, frames begin as long as there are elements, and `pad_value` stands where there
    are none; else only whole frames count."""
    with ops.name_scope(name, "frame", [signal, frame_length, frame_step, pad_value]):
        signal = ops.convert_to_tensor(signal, name="signal")
        length = _number(frame_length, "frame_length")
        step = _number(frame_step, "frame_step")
        axis = _number(axis, "axis")
        if signal.shape.ndims is not None and not isinstance(axis, ops.Tensor):
            axis = range(signal.shape.ndims)[axis]
        size = _size(signal, axis)
        if pad_end:
            count = -(-size // step)
            signal = _longer(signal, axis, _at_least(0, length + step * (count - 1) - size),
                             pad_value)
        else:
            count = _at_least(0, 1 + (size - length) // step)
        first = array_ops.expand_dims(math_ops.range(count) * step, 1)
        index = first + array_ops.expand_dims(math_ops.range(length), 0)
        return array_ops.gather(signal, index, axis=axis)


def _number(x, name):
    """An int if it is known, else a tensor."""
    if isinstance(x, int):
        return x
    x = ops.convert_to_tensor(x, name=name)
    x.shape.assert_has_rank(0)
    value = tensor_util.constant_value(x)
    return x if value is None else int(value)


def _size(signal, axis):
    if signal.shape.ndims is not None and not isinstance(axis, ops.Tensor):
        size = signal.shape.as_list()[axis]
        if size is not None:
            return size
    return array_ops.shape(signal)[axis]


def _at_least(least, x):
    return max(least, x) if isinstance(x, int) else math_ops.maximum(least, x)


def _longer(signal, axis, by, value):
    """`by` times `value` behind the end of an axis."""
    if isinstance(by, int) and by == 0:
        return signal
    rank = array_ops.rank(signal)
    place = array_ops.one_hot(math_ops.mod(axis, rank), rank, dtype="int32") * by
    paddings = array_ops.stack([array_ops.zeros_like(place), place], axis=1)
    static = signal.shape
    signal = array_ops.pad(signal, paddings, constant_values=value)
    if static.ndims is not None and not isinstance(axis, ops.Tensor):
        sizes = static.as_list()
        known = isinstance(by, int) and sizes[axis] is not None
        sizes[axis] = sizes[axis] + by if known else None
        signal.set_shape(sizes)
    return signal
