"""Clipping: of values, of one tensor's norm, and of the norm of many tensors together."""

from weft.python.framework import constant_op, dtypes, gen, ops
from weft.python.ops import array_ops, math_ops

__all__ = ["clip_by_average_norm", "clip_by_global_norm", "clip_by_norm", "clip_by_value",
           "global_norm"]


def _values(t):
    return t.values if isinstance(t, ops.IndexedSlices) else t


def _like(t, values):
    """values in the form of t: IndexedSlices with the same rows, or as they are."""
    if isinstance(t, ops.IndexedSlices):
        return ops.IndexedSlices(values, t.indices, t.dense_shape)
    return values


def clip_by_value(t, clip_value_min, clip_value_max, name=None):
    """t with what is below clip_value_min or above clip_value_max replaced by them."""
    with ops.name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as name:
        values = ops.convert_to_tensor(_values(t), name="t")
        low = math_ops.minimum(values, clip_value_max)
        values.get_shape().merge_with(low.get_shape())
        result = math_ops.maximum(low, clip_value_min, name=name)
        values.get_shape().merge_with(result.get_shape())
        return _like(t, result)


def clip_by_norm(t, clip_norm, axes=None, name=None):
    """t scaled down so that its Euclidean norm (over axes) is at most clip_norm."""
    with ops.name_scope(name, "clip_by_norm", [t, clip_norm]) as name:
        values = ops.convert_to_tensor(_values(t), name="t")
        squares = math_ops.reduce_sum(values * values, axes, keepdims=True)
        # sqrt(0) has no gradient: 0 goes around it.
        positive = squares > 0
        safe = array_ops.where(positive, squares, array_ops.ones_like(squares))
        norm = array_ops.where(positive, math_ops.sqrt(safe), squares)
        scaled = values * clip_norm
        values.get_shape().merge_with(scaled.get_shape())
        divisor = math_ops.maximum(norm, clip_norm)
        return _like(t, array_ops.identity(scaled / divisor, name=name))


def clip_by_average_norm(t, clip_norm, name=None):
    """t scaled down so that its Euclidean norm over its number of elements is at most clip_norm."""
    with ops.name_scope(name, "clip_by_average_norm", [t, clip_norm]) as name:
        t = ops.convert_to_tensor(t, name="t")
        count = math_ops.cast(array_ops.size(t), dtypes.float32)
        inverse = math_ops.rsqrt(
            math_ops.reduce_sum(t * t, math_ops.range(array_ops.rank(t))))
        limit = math_ops.minimum(inverse * count, constant_op.constant(1.0) / clip_norm)
        return array_ops.identity(t * clip_norm * limit, name=name)


def _as_list(t_list):
    if not isinstance(t_list, (list, tuple)):
        raise TypeError("t_list should be a sequence")
    return list(t_list)


def _converted(t_list):
    return [None if t is None else ops.convert_to_tensor(_values(t), name="t_%d" % i)
            for i, t in enumerate(t_list)]


def global_norm(t_list, name=None):
    """The Euclidean norm of all tensors together; None in the list is left out."""
    t_list = _as_list(t_list)
    with ops.name_scope(name, "global_norm", t_list) as name:
        halves = []
        for value in _converted(t_list):
            if value is not None:
                with ops.colocate_with(value):
                    halves.append(gen.L2Loss(value))
        half = math_ops.reduce_sum(array_ops.stack(halves))
        return math_ops.sqrt(half * constant_op.constant(2.0, dtype=half.dtype),
                             name="global_norm")


def clip_by_global_norm(t_list, clip_norm, use_norm=None, name=None):
    """(the tensors scaled so that their norm together is at most clip_norm, that norm).

    Where the norm is not finite, all values become NaN."""
    t_list = _as_list(t_list)
    if use_norm is None:
        use_norm = global_norm(t_list, name)
    with ops.name_scope(name, "clip_by_global_norm", t_list + [clip_norm]) as name:
        one = constant_op.constant(1.0, dtype=use_norm.dtype)
        finite_scale = clip_norm * math_ops.minimum(1.0 / use_norm, one / clip_norm)
        nan = constant_op.constant(float("nan"), dtype=use_norm.dtype)
        scale = array_ops.where(math_ops.is_finite(use_norm), finite_scale, nan)
        clipped = []
        for i, (t, value) in enumerate(zip(t_list, _converted(t_list))):
            if value is None:
                clipped.append(None)
                continue
            with ops.colocate_with(value):
                scaled = array_ops.identity(value * scale, name="%s_%d" % (name, i))
            clipped.append(_like(t, scaled))
        return clipped, use_norm
