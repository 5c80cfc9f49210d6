"""What all streaming metrics share: their variables, the shapes of what comes in, collections."""

from weft.python.framework import ops
from weft.python.ops import (array_ops, confusion_matrix, math_ops, variable_scope,
                             weights_broadcast_ops)

__all__ = ["metric_variable"]


def metric_variable(shape, dtype, validate_shape=True, name=None):
    """A local variable of zeros, collected in LOCAL_VARIABLES and METRIC_VARIABLES."""
    return variable_scope.variable(
        lambda: array_ops.zeros(shape, dtype), trainable=False, validate_shape=validate_shape,
        collections=[ops.GraphKeys.LOCAL_VARIABLES, ops.GraphKeys.METRIC_VARIABLES], name=name)


def aligned(predictions, labels, weights):
    """(predictions, labels, weights) without, or with, the last axis of 1 that sets them apart."""
    predictions = ops.convert_to_tensor(predictions)
    if labels is not None:
        labels, predictions = confusion_matrix.remove_squeezable_dimensions(labels, predictions)
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
    if weights is None:
        return predictions, labels, None
    weights = ops.convert_to_tensor(weights)
    rank, weights_rank = predictions.get_shape().ndims, weights.get_shape().ndims
    if rank is not None and weights_rank and weights_rank == rank - 1:
        return predictions, labels, array_ops.expand_dims(weights, [-1])
    return predictions, labels, weights_broadcast_ops.remove_squeezable_weights(
        weights, predictions)


def collected(value, update_op, metrics_collections, updates_collections):
    """(value, update_op), after both went into their collections."""
    if metrics_collections:
        ops.add_to_collections(metrics_collections, value)
    if updates_collections:
        ops.add_to_collections(updates_collections, update_op)
    return value, update_op


def ratio(numerator, denominator, name):
    """numerator / denominator, 0 where the latter is not above 0."""
    return math_ops.div_no_nan(numerator, math_ops.maximum(denominator, 0), name=name)


def at_least_zero_ratio(part, rest, name):
    """part / (part + rest), 0 where that sum is 0."""
    total = part + rest
    return array_ops.where(math_ops.greater(total, 0), math_ops.div(part, total),
                           array_ops.zeros_like(total), name=name)
