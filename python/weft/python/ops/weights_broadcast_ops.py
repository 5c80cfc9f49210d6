"""Weights of losses and metrics: may they be broadcast over the values, and doing it.

Weights are a scalar, or have the rank of the values and in each axis their size or 1."""

from weft.python.framework import dtypes, gen, ops, tensor_util
from weft.python.ops import array_ops, math_ops

__all__ = ["assert_broadcastable", "broadcast_weights", "remove_squeezable_weights"]

_PREFIX = "weights can not be broadcast to values."


def assert_broadcastable(weights, values):
    """An operation that checks it; ValueError at once where the shapes that are known refuse it."""
    with ops.name_scope(None, "assert_broadcastable", (weights, values)):
        weights, weights_shape, weights_rank = _described(weights, "weights")
        values, values_shape, values_rank = _described(values, "values")
        static_rank = tensor_util.constant_value(weights_rank)
        if static_rank is not None and tensor_util.constant_value(values_rank) is not None:
            if static_rank == 0:
                return gen.NoOp(name="static_scalar_check_success")
            if _check_static(weights.get_shape(), values.get_shape()):
                return gen.NoOp(name="static_dims_check_success")
        return _dynamic_check(weights, weights_shape, weights_rank, values, values_shape,
                              values_rank)


def _described(value, what):
    with ops.name_scope(None, what, (value,)) as scope:
        value = ops.convert_to_tensor(value, name=scope)
        return value, array_ops.shape(value, name="shape"), array_ops.rank(value, name="rank")


def _check_static(weights, values):
    """False if not all dimensions are known."""
    if weights.ndims != values.ndims:
        raise ValueError("%s values.rank=%s. weights.rank=%s. values.shape=%s. weights.shape=%s." %
                         (_PREFIX, values.ndims, weights.ndims, values, weights))
    if not (weights.is_fully_defined() and values.is_fully_defined()):
        return False
    for i, (weight, value) in enumerate(zip(weights.as_list(), values.as_list())):
        if weight not in (1, value):
            raise ValueError("%s Mismatch at dim %s. values.shape=%s weights.shape=%s." %
                             (_PREFIX, i, values, weights))
    return True


def _dynamic_check(weights, weights_shape, weights_rank, values, values_shape, values_rank):
    from weft.python.ops import control_flow_ops
    is_scalar = math_ops.equal(0, weights_rank, name="is_scalar")
    same_rank = math_ops.equal(values_rank, weights_rank, name="is_same_rank")
    # As far as both go, so that other ranks make a failed check and not an error of Equal.
    both = math_ops.minimum(weights_rank, values_rank)
    weights_dims, values_dims = weights_shape[:both], values_shape[:both]
    dims_fit = math_ops.reduce_all(math_ops.logical_or(math_ops.equal(weights_dims, values_dims),
                                                       math_ops.equal(weights_dims, 1)))
    valid = math_ops.logical_or(is_scalar, math_ops.logical_and(same_rank, dims_fit))
    data = (_PREFIX, "weights.shape=", weights.name, weights_shape, "values.shape=", values.name,
            values_shape, "is_scalar=", is_scalar)
    return control_flow_ops.Assert(valid, data, name="is_valid_shape")


def broadcast_weights(weights, values):
    """weights in the shape of values."""
    with ops.name_scope(None, "broadcast_weights", (weights, values)) as scope:
        values = ops.convert_to_tensor(values, name="values")
        weights = ops.convert_to_tensor(weights, name="weights")
        shape = weights.get_shape()
        if shape.is_fully_defined() and values.get_shape().is_fully_defined() and \
                shape.is_compatible_with(values.get_shape()):
            return weights
        with ops.control_dependencies((assert_broadcastable(weights, values),)):
            return math_ops.multiply(weights, array_ops.ones_like(values), name=scope)


def remove_squeezable_weights(weights, values):
    """weights without a last axis that they have more than values."""
    weights = ops.convert_to_tensor(weights)
    weights_rank, rank = weights.get_shape().ndims, values.get_shape().ndims
    if weights_rank == 0:
        return weights
    if weights_rank is not None and rank is not None:
        return array_ops.squeeze(weights, [-1]) if weights_rank - rank == 1 else weights
    if weights_rank is None or weights.get_shape()[-1].is_compatible_with(1):
        shape = array_ops.shape(weights)
        extra = math_ops.equal(array_ops.rank(weights), array_ops.rank(values) + 1)
        last = math_ops.logical_and(extra, math_ops.reduce_all(math_ops.equal(shape[-1:], 1)))
        keep = array_ops.rank(weights) - math_ops.cast(last, dtypes.int32)
        return array_ops.reshape(weights, shape[:keep])
    return weights
