"""Streaming counts of true and false positives and negatives, and what is made of them:
precision, recall, areas under curves."""

from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, check_ops, math_ops, state_ops, weights_broadcast_ops
from weft.python.ops.metrics_base import (aligned, at_least_zero_ratio, collected,
                                          metric_variable)
from weft.python.ops.variable_scope import variable_scope

__all__ = [
    "auc", "false_negatives", "false_negatives_at_thresholds", "false_positives",
    "false_positives_at_thresholds", "precision", "precision_at_thresholds", "recall",
    "recall_at_thresholds", "sensitivity_at_specificity", "specificity_at_sensitivity",
    "true_negatives", "true_negatives_at_thresholds", "true_positives",
    "true_positives_at_thresholds",
]

_EPSILON = 1e-7
# Each kind of count: what the label is, what the prediction is.
_KINDS = {"true_positives": (True, True), "false_positives": (False, True),
          "true_negatives": (False, False), "false_negatives": (True, False)}


def _count(kind, labels, predictions, weights, metrics_collections, updates_collections, name):
    with variable_scope(name, kind, (predictions, labels, weights)):
        predictions, labels, weights = aligned(math_ops.cast(predictions, dtypes.bool),
                                               math_ops.cast(labels, dtypes.bool), weights)
        label, prediction = _KINDS[kind]
        hits = math_ops.logical_and(math_ops.equal(labels, label),
                                    math_ops.equal(predictions, prediction))
        count = metric_variable([], dtypes.float32, name="count")
        hits = math_ops.cast(hits, dtypes.float32)
        if weights is not None:
            check = check_ops.assert_rank_in(weights, (0, array_ops.rank(hits)))
            with ops.control_dependencies((check,)):
                hits = math_ops.multiply(hits, math_ops.cast(weights, dtypes.float32))
        value = array_ops.identity(count)
        update_op = state_ops.assign_add(count, math_ops.reduce_sum(hits))
        return collected(value, update_op, metrics_collections, updates_collections)


def true_positives(labels, predictions, weights=None, metrics_collections=None,
                   updates_collections=None, name=None):
    """How many predictions were true and right."""
    return _count("true_positives", labels, predictions, weights, metrics_collections,
                  updates_collections, name)


def false_positives(labels, predictions, weights=None, metrics_collections=None,
                    updates_collections=None, name=None):
    """How many predictions were true and wrong."""
    return _count("false_positives", labels, predictions, weights, metrics_collections,
                  updates_collections, name)


def true_negatives(labels, predictions, weights=None, metrics_collections=None,
                   updates_collections=None, name=None):
    """How many predictions were false and right."""
    return _count("true_negatives", labels, predictions, weights, metrics_collections,
                  updates_collections, name)


def false_negatives(labels, predictions, weights=None, metrics_collections=None,
                    updates_collections=None, name=None):
    """How many predictions were false and wrong."""
    return _count("false_negatives", labels, predictions, weights, metrics_collections,
                  updates_collections, name)


def precision(labels, predictions, weights=None, metrics_collections=None,
              updates_collections=None, name=None):
    """true positives / (true positives + false positives)."""
    return _share("precision", "false_positives", labels, predictions, weights,
                  metrics_collections, updates_collections, name)


def recall(labels, predictions, weights=None, metrics_collections=None, updates_collections=None,
           name=None):
    """true positives / (true positives + false negatives)."""
    return _share("recall", "false_negatives", labels, predictions, weights, metrics_collections,
                  updates_collections, name)


def _share(default_name, rest, labels, predictions, weights, metrics_collections,
           updates_collections, name):
    """The true positives' share in themselves and another count."""
    with variable_scope(name, default_name, (predictions, labels, weights)):
        predictions, labels, weights = aligned(math_ops.cast(predictions, dtypes.bool),
                                               math_ops.cast(labels, dtypes.bool), weights)
        hits, update_hits = true_positives(labels, predictions, weights)
        others, update_others = _count(rest, labels, predictions, weights, None, None, None)
        return collected(at_least_zero_ratio(hits, others, "value"),
                         at_least_zero_ratio(update_hits, update_others, "update_op"),
                         metrics_collections, updates_collections)


# At thresholds: a prediction in [0, 1] is true where it is above; one count for each threshold.

def _counts_at(kinds, labels, predictions, thresholds, weights):
    """({kind: variable}, {kind: update op})."""
    checks = [
        check_ops.assert_greater_equal(predictions, math_ops.cast(0.0, predictions.dtype),
                                       message="predictions must be in [0, 1]"),
        check_ops.assert_less_equal(predictions, math_ops.cast(1.0, predictions.dtype),
                                    message="predictions must be in [0, 1]")]
    with ops.control_dependencies(checks):
        predictions, labels, weights = aligned(
            math_ops.cast(predictions, dtypes.float32), math_ops.cast(labels, dtypes.bool),
            weights)
        cells = _cells(labels, predictions, thresholds)
    if weights is not None:
        weights = weights_broadcast_ops.broadcast_weights(
            math_ops.cast(weights, dtypes.float32), predictions)
        weights = array_ops.reshape(weights, [1, -1])
    values, updates = {}, {}
    for kind in kinds:
        hits = math_ops.cast(cells(*_KINDS[kind]), dtypes.float32)
        if weights is not None:
            hits = hits * weights
        values[kind] = metric_variable([len(thresholds)], dtypes.float32, name=kind)
        updates[kind] = state_ops.assign_add(values[kind], math_ops.reduce_sum(hits, 1))
    return values, updates


def _cells(labels, predictions, thresholds):
    """A function of (label, prediction) that tells where both are so: [thresholds, elements]."""
    labels = array_ops.reshape(labels, [1, -1])
    limits = array_ops.expand_dims(ops.convert_to_tensor(thresholds, dtype=dtypes.float32), 1)
    predicted = math_ops.greater(array_ops.reshape(predictions, [1, -1]), limits)
    labels = math_ops.logical_and(labels, array_ops.ones_like(predicted))

    def cell(label, prediction):
        return math_ops.logical_and(labels if label else math_ops.logical_not(labels),
                                    predicted if prediction else math_ops.logical_not(predicted))

    return cell


def _count_at(kind, labels, predictions, thresholds, weights, metrics_collections,
              updates_collections, name):
    with variable_scope(name, kind, (predictions, labels, weights)):
        values, updates = _counts_at([kind], labels, ops.convert_to_tensor(predictions),
                                     thresholds, weights)
        return collected(array_ops.identity(values[kind]), updates[kind], metrics_collections,
                         updates_collections)


def true_positives_at_thresholds(labels, predictions, thresholds, weights=None,
                                 metrics_collections=None, updates_collections=None, name=None):
    """How many predictions were true and right, for each threshold."""
    return _count_at("true_positives", labels, predictions, thresholds, weights,
                     metrics_collections, updates_collections, name)


def false_positives_at_thresholds(labels, predictions, thresholds, weights=None,
                                  metrics_collections=None, updates_collections=None, name=None):
    """How many predictions were true and wrong, for each threshold."""
    return _count_at("false_positives", labels, predictions, thresholds, weights,
                     metrics_collections, updates_collections, name)


def true_negatives_at_thresholds(labels, predictions, thresholds, weights=None,
                                 metrics_collections=None, updates_collections=None, name=None):
    """How many predictions were false and right, for each threshold."""
    return _count_at("true_negatives", labels, predictions, thresholds, weights,
                     metrics_collections, updates_collections, name)


def false_negatives_at_thresholds(labels, predictions, thresholds, weights=None,
                                  metrics_collections=None, updates_collections=None, name=None):
    """How many predictions were false and wrong, for each threshold."""
    return _count_at("false_negatives", labels, predictions, thresholds, weights,
                     metrics_collections, updates_collections, name)


def precision_at_thresholds(labels, predictions, thresholds, weights=None,
                            metrics_collections=None, updates_collections=None, name=None):
    """precision for each threshold."""
    return _share_at("precision_at_thresholds", "false_positives", labels, predictions,
                     thresholds, weights, metrics_collections, updates_collections, name)


def recall_at_thresholds(labels, predictions, thresholds, weights=None, metrics_collections=None,
                         updates_collections=None, name=None):
    """recall for each threshold."""
    return _share_at("recall_at_thresholds", "false_negatives", labels, predictions, thresholds,
                     weights, metrics_collections, updates_collections, name)


def _share_at(default_name, rest, labels, predictions, thresholds, weights, metrics_collections,
              updates_collections, name):
    with variable_scope(name, default_name, (predictions, labels, weights)):
        values, updates = _counts_at(["true_positives", rest], labels,
                                     ops.convert_to_tensor(predictions), thresholds, weights)

        def share(counts, name):
            hits = counts["true_positives"]
            return math_ops.div(hits, _EPSILON + hits + counts[rest], name=name)

        return collected(share(values, "value"), share(updates, "update_op"),
                         metrics_collections, updates_collections)


# Curves.

def _spread_thresholds(count):
    """count thresholds over [0, 1], the outermost a little beyond."""
    inner = [(i + 1) * 1.0 / (count - 1) for i in range(count - 2)]
    return [0.0 - _EPSILON] + inner + [1.0 + _EPSILON]


def auc(labels, predictions, weights=None, num_thresholds=200, metrics_collections=None,
        updates_collections=None, curve="ROC", name=None, summation_method="trapezoidal",
        thresholds=None):
    """The area under the ROC or the PR curve, from counts at many thresholds."""
    if curve not in ("ROC", "PR"):
        raise ValueError("curve must be either ROC or PR, %s unknown" % curve)
    if summation_method not in ("trapezoidal", "minoring", "majoring", "careful_interpolation"):
        raise ValueError("Invalid summation_method: %s" % summation_method)
    if summation_method == "careful_interpolation" and curve != "PR":
        raise ValueError("careful_interpolation is only for the PR curve")
    with variable_scope(name, "auc", (labels, predictions, weights)):
        if thresholds is None:
            thresholds = _spread_thresholds(num_thresholds)
        else:
            thresholds = [0.0 - _EPSILON] + sorted(thresholds) + [1.0 + _EPSILON]
        kinds = ["true_positives", "false_negatives", "true_negatives", "false_positives"]
        values, updates = _counts_at(kinds, labels, ops.convert_to_tensor(predictions),
                                     thresholds, weights)
        return collected(_area(values, len(thresholds), curve, summation_method, "value"),
                         _area(updates, len(thresholds), curve, summation_method, "update_op"),
                         metrics_collections, updates_collections)


def _area(counts, n, curve, method, name):
    tp, fn = counts["true_positives"], counts["false_negatives"]
    tn, fp = counts["true_negatives"], counts["false_positives"]
    if method == "careful_interpolation":
        return _interpolated_pr_area(tp, fp, fn, n, name)
    recall = math_ops.div(tp + _EPSILON, tp + fn + _EPSILON)
    if curve == "ROC":
        x, y = math_ops.div(fp, fp + tn + _EPSILON), recall
    else:
        x, y = recall, math_ops.div(tp + _EPSILON, tp + fp + _EPSILON)
    width = x[:n - 1] - x[1:]
    if method == "trapezoidal":
        height = (y[:n - 1] + y[1:]) / 2.0
    elif method == "minoring":
        height = math_ops.minimum(y[:n - 1], y[1:])
    else:
        height = math_ops.maximum(y[:n - 1], y[1:])
    return math_ops.reduce_sum(math_ops.multiply(width, height), name=name)


def _interpolated_pr_area(tp, fp, fn, n, name):
    """Between thresholds the counts, not the precisions, are taken to change evenly."""
    dtp = tp[:n - 1] - tp[1:]
    p = tp + fp
    slope = math_ops.div_no_nan(dtp, math_ops.maximum(p[:n - 1] - p[1:], 0), name="prec_slope")
    intercept = tp[1:] - math_ops.multiply(slope, p[1:])
    both = math_ops.logical_and(p[:n - 1] > 0, p[1:] > 0)
    safe = array_ops.where(
        both, math_ops.div_no_nan(p[:n - 1], math_ops.maximum(p[1:], 0),
                                  name="recall_relative_ratio"),
        array_ops.ones_like(p[1:]))
    parts = math_ops.div_no_nan(slope * (dtp + intercept * math_ops.log(safe)),
                                math_ops.maximum(tp[1:] + fn[1:], 0), name="pr_auc_increment")
    return math_ops.reduce_sum(parts, name=name)


def sensitivity_at_specificity(labels, predictions, specificity, weights=None, num_thresholds=200,
                               metrics_collections=None, updates_collections=None, name=None):
    """The share of true labels found, at the threshold whose specificity is nearest."""
    return _one_at_other("sensitivity_at_specificity", "specificity", specificity, labels,
                         predictions, weights, num_thresholds, metrics_collections,
                         updates_collections, name)


def specificity_at_sensitivity(labels, predictions, sensitivity, weights=None, num_thresholds=200,
                               metrics_collections=None, updates_collections=None, name=None):
    """The share of false labels found, at the threshold whose sensitivity is nearest."""
    return _one_at_other("specificity_at_sensitivity", "sensitivity", sensitivity, labels,
                         predictions, weights, num_thresholds, metrics_collections,
                         updates_collections, name)


def _one_at_other(default_name, given, wanted, labels, predictions, weights, num_thresholds,
                  metrics_collections, updates_collections, name):
    if wanted < 0 or wanted > 1:
        raise ValueError("`%s` must be in the range [0, 1]." % given)
    with variable_scope(name, default_name, (predictions, labels, weights)):
        kinds = ["true_positives", "false_negatives", "true_negatives", "false_positives"]
        values, updates = _counts_at(kinds, labels, ops.convert_to_tensor(predictions),
                                     _spread_thresholds(num_thresholds), weights)

        def value(counts, name):
            tp, fn = counts["true_positives"], counts["false_negatives"]
            tn, fp = counts["true_negatives"], counts["false_positives"]
            sensitivity = math_ops.div(tp, tp + fn + _EPSILON)
            specificity = math_ops.div(tn, tn + fp + _EPSILON)
            if given == "specificity":
                nearest = math_ops.argmin(math_ops.abs(specificity - wanted), 0)
                return array_ops.gather(sensitivity, nearest, name=name)
            # Of thresholds that are as near the last one is taken.
            distance = array_ops.reverse(math_ops.abs(sensitivity - wanted), [0])
            nearest = num_thresholds - 1 - math_ops.argmin(distance, 0)
            return array_ops.gather(specificity, nearest, name=name)

        return collected(value(values, "value"), value(updates, "update_op"),
                         metrics_collections, updates_collections)
