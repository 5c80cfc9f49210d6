"""tf.contrib.metrics: tf.metrics as they were before, with what is predicted first."""
from weft.python.framework import dtypes
from weft.python.ops import math_ops, metrics

__all__ = ["accuracy", "aggregate_metric_map", "aggregate_metrics", "streaming_accuracy",
           "streaming_auc", "streaming_mean", "streaming_mean_absolute_error",
           "streaming_mean_squared_error", "streaming_precision", "streaming_recall",
           "streaming_root_mean_squared_error"]


def accuracy(predictions, labels, weights=None, name=None):
    """The fraction of predictions that are right, of this batch alone."""
    right = math_ops.cast(math_ops.equal(predictions, labels), dtypes.float32)
    if weights is None:
        return math_ops.reduce_mean(right, name=name)
    weights = math_ops.cast(weights, dtypes.float32)
    return math_ops.div(math_ops.reduce_sum(right * weights), math_ops.reduce_sum(weights),
                        name=name)


def aggregate_metrics(*value_update_tuples):
    """(values, updates) of (value, update) pairs."""
    if not value_update_tuples:
        raise ValueError("Expected at least one value_tensor/update_op pair")
    values, updates = zip(*value_update_tuples)
    return list(values), list(updates)


def aggregate_metric_map(names_to_tuples):
    """(values, updates), each by name, of a dict of (value, update) pairs."""
    return ({name: value for name, (value, _) in names_to_tuples.items()},
            {name: update for name, (_, update) in names_to_tuples.items()})


streaming_mean = metrics.mean


def _swapped(metric):
    def streaming(predictions, labels, weights=None, metrics_collections=None,
                  updates_collections=None, name=None, **kwargs):
        return metric(labels=labels, predictions=predictions, weights=weights,
                      metrics_collections=metrics_collections,
                      updates_collections=updates_collections, name=name, **kwargs)
    streaming.__doc__ = metric.__doc__
    return streaming


streaming_accuracy = _swapped(metrics.accuracy)
streaming_auc = _swapped(metrics.auc)
streaming_mean_absolute_error = _swapped(metrics.mean_absolute_error)
streaming_mean_squared_error = _swapped(metrics.mean_squared_error)
streaming_precision = _swapped(metrics.precision)
streaming_recall = _swapped(metrics.recall)
streaming_root_mean_squared_error = _swapped(metrics.root_mean_squared_error)
