"""Streaming means and errors: each keeps a total and a count, and the update op adds a batch."""

from weft.python.framework import dtypes, ops
from weft.python.ops import (array_ops, confusion_matrix, math_ops, state_ops,
                             weights_broadcast_ops)
from weft.python.ops.metrics_base import aligned, collected, metric_variable, ratio
from weft.python.ops.variable_scope import variable_scope

__all__ = [
    "accuracy", "mean", "mean_absolute_error", "mean_cosine_distance", "mean_iou",
    "mean_per_class_accuracy", "mean_relative_error", "mean_squared_error", "mean_tensor",
    "percentage_below", "root_mean_squared_error",
]


def mean(values, weights=None, metrics_collections=None, updates_collections=None, name=None):
    """The (weighted) mean of all values seen: (value, update_op)."""
    with variable_scope(name, "mean", (values, weights)):
        values = math_ops.cast(values, dtypes.float32)
        total = metric_variable([], dtypes.float32, name="total")
        count = metric_variable([], dtypes.float32, name="count")
        if weights is None:
            added = math_ops.cast(array_ops.size(values), dtypes.float32)
        else:
            values, weights = _weighted(values, weights)
            added = math_ops.reduce_sum(weights)
        return _total_over_count(total, count, math_ops.reduce_sum(values), added, values,
                                 metrics_collections, updates_collections)


def mean_tensor(values, weights=None, metrics_collections=None, updates_collections=None,
                name=None):
    """The mean of each element over all batches."""
    with variable_scope(name, "mean", (values, weights)):
        values = math_ops.cast(values, dtypes.float32)
        total = metric_variable(values.get_shape(), dtypes.float32, name="total_tensor")
        count = metric_variable(values.get_shape(), dtypes.float32, name="count_tensor")
        added = array_ops.ones_like(values)
        if weights is not None:
            values, weights = _weighted(values, weights)
            added = math_ops.multiply(added, weights)
        return _total_over_count(total, count, values, added, values, metrics_collections,
                                 updates_collections)


def _weighted(values, weights):
    """(values times weights, weights in their shape)."""
    values, _, weights = aligned(predictions=values, labels=None, weights=weights)
    weights = weights_broadcast_ops.broadcast_weights(
        math_ops.cast(weights, dtypes.float32), values)
    return math_ops.multiply(values, weights), weights


def _total_over_count(total, count, new_total, new_count, values, metrics_collections,
                      updates_collections):
    update_total = state_ops.assign_add(total, new_total)
    with ops.control_dependencies([values]):
        update_count = state_ops.assign_add(count, new_count)
    return collected(ratio(total, count, "value"),
                     ratio(update_total, update_count, "update_op"),
                     metrics_collections, updates_collections)


def accuracy(labels, predictions, weights=None, metrics_collections=None,
             updates_collections=None, name=None):
    """The share of predictions that equal their labels."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    if labels.dtype != predictions.dtype:
        predictions = math_ops.cast(predictions, labels.dtype)
    correct = math_ops.cast(math_ops.equal(predictions, labels), dtypes.float32)
    return mean(correct, weights, metrics_collections, updates_collections, name or "accuracy")


def mean_absolute_error(labels, predictions, weights=None, metrics_collections=None,
                        updates_collections=None, name=None):
    """The mean of abs(predictions - labels)."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    errors = math_ops.abs(predictions - labels)
    return mean(errors, weights, metrics_collections, updates_collections,
                name or "mean_absolute_error")


def mean_squared_error(labels, predictions, weights=None, metrics_collections=None,
                       updates_collections=None, name=None):
    """The mean of (predictions - labels) ** 2."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    errors = math_ops.square(labels - predictions)
    return mean(errors, weights, metrics_collections, updates_collections,
                name or "mean_squared_error")


def root_mean_squared_error(labels, predictions, weights=None, metrics_collections=None,
                            updates_collections=None, name=None):
    """The square root of the mean squared error."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    mse, update_mse = mean_squared_error(labels, predictions, weights, None, None,
                                         name or "root_mean_squared_error")
    return collected(math_ops.sqrt(mse), math_ops.sqrt(update_mse), metrics_collections,
                     updates_collections)


def mean_relative_error(labels, predictions, normalizer, weights=None, metrics_collections=None,
                        updates_collections=None, name=None):
    """The mean of abs(predictions - labels) / normalizer, 0 where that is 0."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    normalizer = ops.convert_to_tensor(normalizer)
    predictions.get_shape().assert_is_compatible_with(normalizer.get_shape())
    errors = array_ops.where(
        math_ops.equal(normalizer, 0.0), array_ops.zeros_like(labels),
        math_ops.div(math_ops.abs(labels - predictions), normalizer))
    return mean(errors, weights, metrics_collections, updates_collections,
                name or "mean_relative_error")


def mean_cosine_distance(labels, predictions, dim, weights=None, metrics_collections=None,
                         updates_collections=None, name=None):
    """1 - the mean of sum(labels * predictions) along dim."""
    predictions, labels, weights = aligned(predictions, labels, weights)
    products = math_ops.reduce_sum(math_ops.multiply(predictions, labels), axis=[dim],
                                   keepdims=True)
    value, update_op = mean(products, weights, None, None, name or "mean_cosine_distance")
    return collected(math_ops.subtract(1.0, value), math_ops.subtract(1.0, update_op),
                     metrics_collections, updates_collections)


def percentage_below(values, threshold, weights=None, metrics_collections=None,
                     updates_collections=None, name=None):
    """The share of values below threshold."""
    below = math_ops.cast(math_ops.less(values, threshold), dtypes.float32)
    return mean(below, weights, metrics_collections, updates_collections,
                name or "percentage_below_threshold")


# By class.

def mean_iou(labels, predictions, num_classes, weights=None, metrics_collections=None,
             updates_collections=None, name=None):
    """The mean over classes of hits / (labels or predictions of that class)."""
    with variable_scope(name, "mean_iou", (predictions, labels, weights)):
        ops.convert_to_tensor(predictions).get_shape().assert_is_compatible_with(
            ops.convert_to_tensor(labels).get_shape())
        matrix, update_op = _streaming_confusion_matrix(labels, predictions, num_classes, weights)
        rows = math_ops.cast(math_ops.reduce_sum(matrix, 0), dtypes.float32)
        columns = math_ops.cast(math_ops.reduce_sum(matrix, 1), dtypes.float32)
        hits = math_ops.cast(array_ops.diag_part(matrix), dtypes.float32)
        union = rows + columns - hits
        present = math_ops.cast(math_ops.not_equal(union, 0), dtypes.float32)
        iou = math_ops.div_no_nan(hits, union)
        value = math_ops.div_no_nan(math_ops.reduce_sum(iou), math_ops.reduce_sum(present),
                                    name="mean_iou")
        return collected(value, update_op, metrics_collections, updates_collections)


def _streaming_confusion_matrix(labels, predictions, num_classes, weights):
    """A count for each pair (label, prediction), and the op that adds a batch."""
    total = metric_variable([num_classes, num_classes], dtypes.float64,
                            name="total_confusion_matrix")
    predictions = _flat(math_ops.cast(predictions, dtypes.int64))
    labels = _flat(math_ops.cast(labels, dtypes.int64))
    if weights is not None:
        weights = _flat(ops.convert_to_tensor(weights))
    matrix = confusion_matrix.confusion_matrix(labels, predictions, num_classes, weights=weights,
                                               dtype=dtypes.float64)
    return total, state_ops.assign_add(total, matrix)


def _flat(x):
    return array_ops.reshape(x, [-1]) if x.get_shape().ndims != 1 else x


def mean_per_class_accuracy(labels, predictions, num_classes, weights=None,
                            metrics_collections=None, updates_collections=None, name=None):
    """The mean over classes of the share of their labels that were predicted."""
    with variable_scope(name, "mean_accuracy", (predictions, labels, weights)):
        labels = _flat(math_ops.cast(labels, dtypes.int64))
        predictions = _flat(ops.convert_to_tensor(predictions))
        predictions.get_shape().assert_is_compatible_with(labels.get_shape())
        total = metric_variable([num_classes], dtypes.float32, name="total")
        count = metric_variable([num_classes], dtypes.float32, name="count")
        ones = array_ops.ones([array_ops.size(labels)], dtypes.float32)
        if labels.dtype != predictions.dtype:
            predictions = math_ops.cast(predictions, labels.dtype)
        correct = math_ops.cast(math_ops.equal(predictions, labels), dtypes.float32)
        if weights is not None:
            weights = _flat(math_ops.cast(weights, dtypes.float32))
            correct, ones = correct * weights, ones * weights
        update_total = state_ops.scatter_add(total, labels, ones)
        update_count = state_ops.scatter_add(count, labels, correct)
        value = math_ops.reduce_mean(ratio(count, total, "per_class_accuracy"),
                                     name="mean_accuracy")
        update_op = ratio(update_count, update_total, "update_op")
        return collected(value, update_op, metrics_collections, updates_collections)
