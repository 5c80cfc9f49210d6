"""tf.contrib.metrics: tf.metrics as they were before, with what is predicted first."""
from weft.python.framework import dtypes, ops
from weft.python.ops import math_ops, metrics, metrics_base, metrics_confusion
from weft.python.ops.variable_scope import variable_scope

__all__ = ["accuracy", "aggregate_metric_map", "aggregate_metrics", "f1_score",
           "streaming_accuracy", "streaming_auc", "streaming_mean",
           "streaming_mean_absolute_error", "streaming_mean_squared_error",
           "streaming_precision", "streaming_recall", "streaming_root_mean_squared_error",
           "streaming_sparse_precision_at_k", "streaming_sparse_recall_at_k"]


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


def f1_score(labels, predictions, weights=None, num_thresholds=200, metrics_collections=None,
             updates_collections=None, name=None):
    """The best F1 score, the harmonic mean of precision and recall, that a threshold reaches."""
    with variable_scope(name, "f1", (labels, predictions, weights)):
        kinds = ["true_positives", "false_positives", "false_negatives"]
        values, updates = metrics_confusion._counts_at(
            kinds, labels, ops.convert_to_tensor(predictions),
            metrics_confusion._spread_thresholds(num_thresholds), weights)
        return metrics_base.collected(_best_f1(values, "value"), _best_f1(updates, "update_op"),
                                      metrics_collections, updates_collections)


def _best_f1(counts, name):
    tiny = 1e-7
    right = counts["true_positives"]
    precision = math_ops.div(right, tiny + right + counts["false_positives"])
    recall = math_ops.div(right, tiny + right + counts["false_negatives"])
    scores = 2.0 * precision * recall / math_ops.maximum(precision + recall, tiny)
    return math_ops.reduce_max(scores, name=name)


def _swapped_at_k(metric):
    def streaming(predictions, labels, k, class_id=None, weights=None, metrics_collections=None,
                  updates_collections=None, name=None):
        return metric(labels=labels, predictions=predictions, k=k, class_id=class_id,
                      weights=weights, metrics_collections=metrics_collections,
                      updates_collections=updates_collections, name=name)
    streaming.__doc__ = metric.__doc__
    return streaming


streaming_sparse_precision_at_k = _swapped_at_k(metrics.precision_at_k)
streaming_sparse_recall_at_k = _swapped_at_k(metrics.recall_at_k)
