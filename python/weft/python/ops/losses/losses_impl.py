"""tf.losses: losses of batches, weighted, reduced to one number and collected.

Each function takes labels and predictions (or logits) of one shape and `weights`: 1.0, or one a
batch entry ([batch, 1...]) or one an element. The loss is put into `loss_collection`."""

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops, math_ops, nn_losses, weights_broadcast_ops
from weft.python.ops.arguments import renamed_argument
from weft.python.ops.losses import util

__all__ = [
    "Reduction", "absolute_difference", "compute_weighted_loss", "cosine_distance", "hinge_loss",
    "huber_loss", "log_loss", "mean_pairwise_squared_error", "mean_squared_error",
    "sigmoid_cross_entropy", "softmax_cross_entropy", "sparse_softmax_cross_entropy",
]

_LOSSES = ops.GraphKeys.LOSSES


class Reduction:
    """How the losses of a batch become one: by sum, by mean, or not at all."""

    NONE = "none"
    SUM = "weighted_sum"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    MEAN = "weighted_mean"
    SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS

    @classmethod
    def all(cls):
        """Every way there is."""
        return (cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE,
                cls.SUM_OVER_NONZERO_WEIGHTS, cls.SUM_BY_NONZERO_WEIGHTS)

    @classmethod
    def validate(cls, key):
        """ValueError if key is no way of reduction."""
        if key not in cls.all():
            raise ValueError("Invalid Reduction Key %s." % key)


def compute_weighted_loss(losses, weights=1.0, scope=None, loss_collection=_LOSSES,
                          reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """losses times weights, reduced; in the dtype of losses, computed as float32."""
    Reduction.validate(reduction)
    with ops.name_scope(scope, "weighted_loss", (losses, weights)):
        check = weights_broadcast_ops.assert_broadcastable(weights, losses)
        with ops.control_dependencies((check,)):
            losses = ops.convert_to_tensor(losses)
            input_dtype = losses.dtype
            losses = math_ops.cast(losses, dtypes.float32)
            weights = math_ops.cast(weights, dtypes.float32)
            loss = math_ops.multiply(losses, weights)
            if reduction != Reduction.NONE:
                loss = _reduced(math_ops.reduce_sum(loss), losses, weights, reduction)
            loss = math_ops.cast(loss, input_dtype)
            util.add_loss(loss, loss_collection)
            return loss


def _reduced(total, losses, weights, reduction):
    if reduction == Reduction.MEAN:
        return _safe_mean(total, math_ops.reduce_sum(array_ops.ones_like(losses) * weights))
    if reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
        return _safe_mean(total, _num_present(losses, weights))
    if reduction == Reduction.SUM_OVER_BATCH_SIZE:
        return _safe_mean(total, _num_elements(losses))
    return total


def _safe_mean(losses, count):
    """The sum of losses over count, 0 where that is 0."""
    return math_ops.div_no_nan(math_ops.reduce_sum(losses), count, name="value")


def _num_present(losses, weights, per_batch=False):
    """How many losses have a weight that is not 0, in all or for each entry of the batch."""
    with ops.name_scope(None, "num_present", (losses, weights)) as scope:
        weights = math_ops.cast(weights, dtypes.float32)
        present = array_ops.where(math_ops.equal(weights, 0.0), array_ops.zeros_like(weights),
                                  array_ops.ones_like(weights))
        present = weights_broadcast_ops.broadcast_weights(present, losses)
        if per_batch:
            return math_ops.reduce_sum(present, name=scope, keepdims=True,
                                       axis=math_ops.range(1, array_ops.rank(present)))
        return math_ops.reduce_sum(present, name=scope)


def _num_elements(losses):
    with ops.name_scope(None, "num_elements", values=[losses]) as scope:
        return math_ops.cast(array_ops.size(losses, name=scope), dtype=losses.dtype)


def _require(**values):
    for name, value in values.items():
        if value is None:
            raise ValueError("%s must not be None." % name)


def _float32_pair(first, second):
    """Both as float32; ValueError if their shapes do not fit."""
    first = math_ops.cast(first, dtypes.float32)
    second = math_ops.cast(second, dtypes.float32)
    first.get_shape().assert_is_compatible_with(second.get_shape())
    return first, second


def absolute_difference(labels, predictions, weights=1.0, scope=None, loss_collection=_LOSSES,
                        reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """abs(predictions - labels)."""
    _require(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "absolute_difference", (predictions, labels, weights)) as scope:
        predictions, labels = _float32_pair(predictions, labels)
        losses = math_ops.abs(math_ops.subtract(predictions, labels))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def cosine_distance(labels, predictions, axis=None, weights=1.0, scope=None,
                    loss_collection=_LOSSES, reduction=Reduction.SUM_BY_NONZERO_WEIGHTS,
                    dim=None):
    """1 - sum(predictions * labels) along axis: both are taken to have length 1 there."""
    axis = renamed_argument("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("You must specify 'axis'.")
    _require(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "cosine_distance_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _float32_pair(predictions, labels)
        products = math_ops.multiply(predictions, labels)
        losses = 1 - math_ops.reduce_sum(products, axis=(axis,), keepdims=True)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def hinge_loss(labels, logits, weights=1.0, scope=None, loss_collection=_LOSSES,
               reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """max(0, 1 - (2 * labels - 1) * logits) for labels 0 and 1."""
    _require(labels=labels, logits=logits)
    with ops.name_scope(scope, "hinge_loss", (logits, labels, weights)) as scope:
        logits, labels = _float32_pair(logits, labels)
        ones = array_ops.ones_like(labels)
        signs = math_ops.subtract(2 * labels, ones)
        losses = gen.Relu(math_ops.subtract(ones, math_ops.multiply(signs, logits)))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def huber_loss(labels, predictions, weights=1.0, delta=1.0, scope=None, loss_collection=_LOSSES,
               reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """Half the squared error up to delta, and its tangent beyond."""
    _require(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "huber_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _float32_pair(predictions, labels)
        error = math_ops.abs(math_ops.subtract(predictions, labels))
        near = math_ops.minimum(error, delta)
        beyond = math_ops.subtract(error, near)
        half = ops.convert_to_tensor(0.5, dtype=near.dtype)
        losses = math_ops.add(math_ops.multiply(half, math_ops.multiply(near, near)),
                              math_ops.multiply(delta, beyond))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def log_loss(labels, predictions, weights=1.0, epsilon=1e-7, scope=None, loss_collection=_LOSSES,
             reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """-labels * log(predictions) - (1 - labels) * log(1 - predictions), epsilon in each log."""
    _require(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "log_loss", (predictions, labels, weights)) as scope:
        predictions, labels = _float32_pair(predictions, labels)
        losses = -math_ops.multiply(labels, math_ops.log(predictions + epsilon)) - \
            math_ops.multiply(1 - labels, math_ops.log(1 - predictions + epsilon))
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def mean_squared_error(labels, predictions, weights=1.0, scope=None, loss_collection=_LOSSES,
                       reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """(predictions - labels) ** 2."""
    _require(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "mean_squared_error", (predictions, labels, weights)) as scope:
        predictions, labels = _float32_pair(predictions, labels)
        losses = math_ops.squared_difference(predictions, labels)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def mean_pairwise_squared_error(labels, predictions, weights=1.0, scope=None,
                                loss_collection=_LOSSES):
    """The mean of ((p_i - p_j) - (l_i - l_j)) ** 2 over pairs of elements of one batch entry."""
    _require(labels=labels, predictions=predictions)
    with ops.name_scope(scope, "mean_pairwise_squared_error",
                        (predictions, labels, weights)) as scope:
        weights = math_ops.cast(weights, dtypes.float32)
        labels = math_ops.cast(labels, dtypes.float32)
        check = weights_broadcast_ops.assert_broadcastable(weights, labels)
        with ops.control_dependencies((check,)):
            predictions = math_ops.cast(predictions, dtypes.float32)
            predictions.get_shape().assert_is_compatible_with(labels.get_shape())
            loss = _pairwise_loss(math_ops.subtract(predictions, labels), weights)
            util.add_loss(loss, loss_collection)
            return loss


def _pairwise_loss(errors, weights):
    """By sums over each entry: 2 * sum(e^2) / (n - 1) - 2 * sum(e)^2 / (n * (n - 1))."""
    axis = math_ops.range(1, array_ops.rank(errors))
    squares = math_ops.reduce_sum(math_ops.square(errors), axis=axis, keepdims=True)
    present = _num_present(errors, weights, per_batch=True)
    own = 2.0 * math_ops.div_no_nan(squares, math_ops.maximum(present - 1, 0), name="value")
    total = math_ops.reduce_sum(errors, axis=axis, keepdims=True)
    pairs = math_ops.multiply(present, present - 1)
    mixed = 2.0 * math_ops.div_no_nan(math_ops.square(total), math_ops.maximum(pairs, 0),
                                      name="value")
    loss = math_ops.reduce_sum(math_ops.multiply(own - mixed, weights))
    return array_ops.where(math_ops.reduce_sum(present) > 0, loss, array_ops.zeros_like(loss),
                           name="value")


def sigmoid_cross_entropy(multi_class_labels, logits, weights=1.0, label_smoothing=0, scope=None,
                          loss_collection=_LOSSES,
                          reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """The logistic loss of each class, with labels drawn towards 0.5 by label_smoothing."""
    _require(multi_class_labels=multi_class_labels, logits=logits)
    with ops.name_scope(scope, "sigmoid_cross_entropy_loss",
                        (logits, multi_class_labels, weights)) as scope:
        logits = ops.convert_to_tensor(logits)
        labels = math_ops.cast(multi_class_labels, logits.dtype)
        logits.get_shape().assert_is_compatible_with(labels.get_shape())
        if label_smoothing > 0:
            labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
        losses = nn_losses.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits,
                                                             name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def softmax_cross_entropy(onehot_labels, logits, weights=1.0, label_smoothing=0, scope=None,
                          loss_collection=_LOSSES,
                          reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """The cross entropy of one-hot labels, drawn towards equal chances by label_smoothing."""
    _require(onehot_labels=onehot_labels, logits=logits)
    with ops.name_scope(scope, "softmax_cross_entropy_loss",
                        (logits, onehot_labels, weights)) as scope:
        logits = ops.convert_to_tensor(logits)
        labels = math_ops.cast(onehot_labels, logits.dtype)
        logits.get_shape().assert_is_compatible_with(labels.get_shape())
        if label_smoothing > 0:
            classes = math_ops.cast(array_ops.shape(labels)[-1], logits.dtype)
            share = label_smoothing / classes
            labels = labels * (1.0 - label_smoothing) + share
        labels = array_ops.stop_gradient(labels, name="labels_stop_gradient")
        losses = nn_losses.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits,
                                                                name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def sparse_softmax_cross_entropy(labels, logits, weights=1.0, scope=None, loss_collection=_LOSSES,
                                 reduction=Reduction.SUM_BY_NONZERO_WEIGHTS):
    """The cross entropy of labels that are indices of classes."""
    from weft.python.ops import confusion_matrix
    _require(labels=labels, logits=logits)
    with ops.name_scope(scope, "sparse_softmax_cross_entropy_loss",
                        (logits, labels, weights)) as scope:
        labels, logits = confusion_matrix.remove_squeezable_dimensions(labels, logits,
                                                                       expected_rank_diff=1)
        if weights is not None:
            weights = weights_broadcast_ops.remove_squeezable_weights(weights, labels)
        losses = nn_losses.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits,
                                                                    name="xentropy")
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)
