"""confusion_matrix: how often each class was taken for each."""

from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, check_ops, control_flow_ops, math_ops

__all__ = ["confusion_matrix", "confusion_matrix_v1", "remove_squeezable_dimensions"]


def _squeezed_if(condition, x):
    """x without its last dimension where that is 1 and `condition`, a bool tensor, holds.

    Ranks are not known here, so the shape is worked out when it runs."""
    condition = math_ops.logical_and(condition, math_ops.equal(1, array_ops.shape(x)[-1]))
    drop = math_ops.cast(condition, dtypes.int32)
    dims = array_ops.shape(x)
    return array_ops.reshape(x, dims[:array_ops.rank(x) - drop])


def remove_squeezable_dimensions(labels, predictions, expected_rank_diff=0, name=None):
    """(labels, predictions): the one whose rank is one too high without its last dimension of 1.

    expected_rank_diff is how much higher the rank of predictions should be."""
    with ops.name_scope(name, "remove_squeezable_dimensions", [labels, predictions]):
        predictions = ops.convert_to_tensor(predictions)
        labels = ops.convert_to_tensor(labels)
        rank_p, rank_l = predictions.get_shape().ndims, labels.get_shape().ndims
        if rank_p is not None and rank_l is not None:
            difference = rank_p - rank_l
            if (difference == expected_rank_diff + 1
                    and predictions.get_shape()[-1].value in (1, None)):
                predictions = array_ops.squeeze(predictions, [-1])
            elif (difference == expected_rank_diff - 1
                  and labels.get_shape()[-1].value in (1, None)):
                labels = array_ops.squeeze(labels, [-1])
            return labels, predictions
        difference = array_ops.rank(predictions) - array_ops.rank(labels)
        if rank_p is None or predictions.get_shape()[-1].is_compatible_with(1):
            predictions = _squeezed_if(math_ops.equal(expected_rank_diff + 1, difference),
                                       predictions)
        if rank_l is None or labels.get_shape()[-1].is_compatible_with(1):
            labels = _squeezed_if(math_ops.equal(expected_rank_diff - 1, difference), labels)
        return labels, predictions


def _checked(x, check, bound, message):
    """x, once check(x, bound), with its message, has passed."""
    passed = check(x, bound, message=message) if bound is not None else check(x, message=message)
    return control_flow_ops.with_dependencies([passed], x)


def _counted(labels, predictions, num_classes, dtype, weights):
    """The sum of weights (1 without) over each pair of classes."""
    shape = array_ops.stack([num_classes, num_classes])
    indices = array_ops.stack([labels, predictions], axis=1)
    if weights is None:
        values = array_ops.ones_like(predictions, dtype)
    else:
        values = math_ops.cast(weights, dtype)
    return array_ops.scatter_nd(indices, values, math_ops.cast(shape, dtypes.int64))


def confusion_matrix(labels, predictions, num_classes=None, weights=None, dtype=dtypes.int32,
                     name=None):
    """A matrix whose element [i, j] counts (or weighs) label i where j was predicted.

    labels, predictions: vectors of classes; num_classes: by default one more than the largest."""
    with ops.name_scope(name, "confusion_matrix", (predictions, labels, num_classes,
                                                   weights)):
        labels, predictions = remove_squeezable_dimensions(
            ops.convert_to_tensor(labels, name="labels"),
            ops.convert_to_tensor(predictions, name="predictions"))
        pair = {"predictions": math_ops.cast(predictions, dtypes.int64),
                "labels": math_ops.cast(labels, dtypes.int64)}
        for label in ("labels", "predictions"):
            pair[label] = _checked(pair[label], check_ops.assert_non_negative, None,
                                   "`%s` contains negative values" % label)
        if num_classes is None:
            num_classes = math_ops.maximum(math_ops.reduce_max(pair["predictions"]),
                                           math_ops.reduce_max(pair["labels"])) + 1
        else:
            num_classes = math_ops.cast(num_classes, dtypes.int64)
            for label in ("labels", "predictions"):
                pair[label] = _checked(pair[label], check_ops.assert_less, num_classes,
                                       "`%s` out of bound" % label)
        labels, predictions = pair["labels"], pair["predictions"]
        if weights is not None:
            weights = ops.convert_to_tensor(weights, name="weights")
            predictions.get_shape().assert_is_compatible_with(weights.get_shape())
        return _counted(labels, predictions, num_classes, dtype, weights)


def confusion_matrix_v1(labels, predictions, num_classes=None, dtype=dtypes.int32, name=None,
                        weights=None):
    """confusion_matrix() with TF 1's order of arguments."""
    return confusion_matrix(labels, predictions, num_classes, weights, dtype, name)
