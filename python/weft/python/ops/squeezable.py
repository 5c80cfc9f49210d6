"""Last axes of size 1 that labels, predictions or weights have more than the others: losses and
metrics take them off."""

from weft.python.framework import ops
from weft.python.ops import array_ops, math_ops

__all__ = ["remove_squeezable_dimensions", "remove_squeezable_weights"]


def remove_squeezable_dimensions(labels, predictions, expected_rank_diff=0, name=None):
    """(labels, predictions) whose ranks differ by expected_rank_diff where a last axis allowed it.

    Static ranks decide at once; where one is not known, the graph decides in a run."""
    with ops.name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions = ops.convert_to_tensor(predictions)
        labels = ops.convert_to_tensor(labels)
        predictions_rank = predictions.get_shape().ndims
        labels_rank = labels.get_shape().ndims
        if predictions_rank is not None and labels_rank is not None:
            difference = predictions_rank - labels_rank
            if difference == expected_rank_diff + 1:
                predictions = array_ops.squeeze(predictions, [-1])
            elif difference == expected_rank_diff - 1:
                labels = array_ops.squeeze(labels, [-1])
            return labels, predictions
        difference = array_ops.rank(predictions) - array_ops.rank(labels)
        if predictions_rank is None or _ends_in_one(predictions):
            predictions = _squeezed_if(math_ops.equal(expected_rank_diff + 1, difference),
                                       predictions)
        if labels_rank is None or _ends_in_one(labels):
            labels = _squeezed_if(math_ops.equal(expected_rank_diff - 1, difference), labels)
        return labels, predictions


def remove_squeezable_weights(weights, values):
    """weights without a last axis that they have more than values."""
    weights = ops.convert_to_tensor(weights)
    weights_rank, rank = weights.get_shape().ndims, values.get_shape().ndims
    if weights_rank == 0:
        return weights
    if weights_rank is not None and rank is not None:
        return array_ops.squeeze(weights, [-1]) if weights_rank - rank == 1 else weights
    if weights_rank is None or _ends_in_one(weights):
        return _squeezed_if(
            math_ops.equal(array_ops.rank(weights), array_ops.rank(values) + 1), weights)
    return weights


def _ends_in_one(x):
    dims = x.get_shape().as_list()
    return len(dims) > 0 and dims[-1] in (None, 1)


def _squeezed_if(condition, x):
    from weft.python.ops import control_flow_ops
    return control_flow_ops.cond(condition, lambda: array_ops.squeeze(x, [-1]), lambda: x)
