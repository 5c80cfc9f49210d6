"""Streaming precision and recall of the k best predictions.

Labels are class numbers [..., number of labels] (or [...] for one each, or sparse), predictions
scores [..., classes] or, in the functions of top_k, class numbers [..., k] with the best first."""

from weft.python.framework import dtypes, ops, sparse_tensor
from weft.python.ops import array_ops, math_ops, nn_activation, state_ops
from weft.python.ops.metrics_base import at_least_zero_ratio, collected, metric_variable

__all__ = [
    "average_precision_at_k", "precision_at_k", "precision_at_top_k", "recall_at_k",
    "recall_at_top_k", "sparse_average_precision_at_k", "sparse_precision_at_k",
]


def _scope_name(kind, k, class_id):
    return "%s_at_%d" % (kind, k) if class_id is None else "%s_at_%d_class%d" % (kind, k, class_id)


def precision_at_k(labels, predictions, k, class_id=None, weights=None, metrics_collections=None,
                   updates_collections=None, name=None):
    """The share of the k best predictions that are labels."""
    with ops.name_scope(name, _scope_name("precision", k, class_id),
                        (predictions, labels, weights)) as scope:
        _, best = nn_activation.top_k(predictions, k)
        return precision_at_top_k(labels, best, k, class_id, weights, metrics_collections,
                                  updates_collections, scope)


def recall_at_k(labels, predictions, k, class_id=None, weights=None, metrics_collections=None,
                updates_collections=None, name=None):
    """The share of labels that are among the k best predictions."""
    with ops.name_scope(name, _scope_name("recall", k, class_id),
                        (predictions, labels, weights)) as scope:
        _, best = nn_activation.top_k(predictions, k)
        return recall_at_top_k(labels, best, k, class_id, weights, metrics_collections,
                               updates_collections, scope)


def precision_at_top_k(labels, predictions_idx, k=None, class_id=None, weights=None,
                       metrics_collections=None, updates_collections=None, name=None):
    """The share of predictions that are labels."""
    return _streaming("precision", labels, predictions_idx, k, class_id, weights,
                      metrics_collections, updates_collections, name)


def recall_at_top_k(labels, predictions_idx, k=None, class_id=None, weights=None,
                    metrics_collections=None, updates_collections=None, name=None):
    """The share of labels that are among the predictions."""
    return _streaming("recall", labels, predictions_idx, k, class_id, weights,
                      metrics_collections, updates_collections, name)


def sparse_precision_at_k(labels, predictions, k, class_id=None, weights=None,
                          metrics_collections=None, updates_collections=None, name=None):
    """The older name of precision_at_k."""
    return precision_at_k(labels, predictions, k, class_id, weights, metrics_collections,
                          updates_collections, name)


def _streaming(kind, labels, best, k, class_id, weights, metrics_collections,
               updates_collections, name):
    best = math_ops.cast(best, dtypes.int64)
    if k is None:
        k = best.get_shape().as_list()[-1]
    with ops.name_scope(name, _scope_name(kind, k, class_id), (best, labels, weights)):
        labels = _dense_labels(labels, best)
        hit, missed = _matches(labels, best)
        if class_id is not None:
            hit = math_ops.logical_and(hit, math_ops.equal(best, class_id))
        if kind == "precision":
            rest = math_ops.logical_not(hit)
            if class_id is not None:
                rest = math_ops.logical_and(rest, math_ops.equal(best, class_id))
            rest_name = _scope_name("false_positive", k, class_id)
        else:
            rest = missed
            if class_id is not None:
                rest = math_ops.logical_and(rest, math_ops.equal(labels, class_id))
            rest_name = _scope_name("false_negative", k, class_id)
        hits, update_hits = _sum(hit, weights, _scope_name("true_positive", k, class_id))
        others, update_others = _sum(rest, weights, rest_name)
        return collected(at_least_zero_ratio(hits, others, "value"),
                         at_least_zero_ratio(update_hits, update_others, "update_op"),
                         metrics_collections, updates_collections)


def _dense_labels(labels, best):
    """labels [..., number of labels], int64; where a row has fewer, -1."""
    if isinstance(labels, sparse_tensor.SparseTensor):
        from weft.python.ops import sparse_ops
        labels = sparse_ops.sparse_tensor_to_dense(labels, default_value=-1)
    labels = math_ops.cast(labels, dtypes.int64)
    if labels.get_shape().ndims == best.get_shape().ndims - 1:
        labels = array_ops.expand_dims(labels, -1)
    return labels


def _matches(labels, best):
    """(which predictions are labels [..., k], which labels, once each, were not predicted)."""
    same = math_ops.equal(array_ops.expand_dims(labels, -1), array_ops.expand_dims(best, -2))
    hit = math_ops.reduce_any(same, axis=-2)
    found = math_ops.reduce_any(same, axis=-1)
    missed = math_ops.logical_and(_first_of_equals(labels), math_ops.logical_not(found))
    return hit, missed


def _first_of_equals(labels):
    """Which labels are classes that no earlier one of their row is."""
    twins = math_ops.equal(array_ops.expand_dims(labels, -1), array_ops.expand_dims(labels, -2))
    earlier = math_ops.cumsum(math_ops.cast(twins, dtypes.int32), axis=-1, exclusive=True)
    own = array_ops.matrix_diag_part(earlier)
    return math_ops.logical_and(math_ops.equal(own, 0), labels >= 0)


def _sum(flags, weights, name):
    """A variable and the op that adds the flags of a batch, each row times its weight."""
    rows = math_ops.reduce_sum(math_ops.cast(flags, dtypes.float64), axis=-1)
    if weights is not None:
        rows = math_ops.multiply(rows, _row_weights(weights, rows))
    total = metric_variable([], dtypes.float64, name=name)
    return total, state_ops.assign_add(total, math_ops.reduce_sum(rows), name="update")


def _row_weights(weights, rows):
    weights = math_ops.cast(weights, dtypes.float64)
    if weights.get_shape().ndims and weights.get_shape().ndims > rows.get_shape().ndims:
        weights = array_ops.squeeze(weights, [-1])
    return weights


def average_precision_at_k(labels, predictions, k, weights=None, metrics_collections=None,
                           updates_collections=None, name=None):
    """The mean over rows of the precision at each label found, over the labels there could be."""
    if k < 1:
        raise ValueError("Invalid k=%s." % k)
    with ops.name_scope(name, _scope_name("average_precision", k, None),
                        (predictions, labels, weights)):
        _, best = nn_activation.top_k(predictions, k)
        average = _average_precision(labels, math_ops.cast(best, dtypes.int64), k)
        count = array_ops.ones_like(average)
        if weights is not None:
            count = count * _row_weights(weights, average)
            average = math_ops.multiply(average, count)
        most = metric_variable([], dtypes.float64, name="max")
        total = metric_variable([], dtypes.float64, name="total")
        update_most = state_ops.assign_add(most, math_ops.reduce_sum(count))
        update_total = state_ops.assign_add(total, math_ops.reduce_sum(average))
        return collected(math_ops.div_no_nan(total, most, name="value"),
                         math_ops.div_no_nan(update_total, update_most, name="update"),
                         metrics_collections, updates_collections)


def _average_precision(labels, best, k):
    labels = _dense_labels(labels, best)
    hit, _ = _matches(labels, best)
    hit = math_ops.cast(hit, dtypes.float64)
    places = math_ops.cast(math_ops.range(1, k + 1), dtypes.float64)
    precision = math_ops.cumsum(hit, axis=-1) / places
    total = math_ops.reduce_sum(precision * hit, axis=-1)
    labels_there = math_ops.reduce_sum(
        math_ops.cast(_first_of_equals(labels), dtypes.float64), axis=-1)
    return math_ops.div_no_nan(total, math_ops.minimum(
        labels_there, ops.convert_to_tensor(k, dtype=dtypes.float64)))


sparse_average_precision_at_k = average_precision_at_k
