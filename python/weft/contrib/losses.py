"""tf.contrib.losses: tf.losses as they were before, with what is predicted first."""
from weft.contrib.framework.arg_scopes import add_arg_scope
from weft.python.ops.losses import losses as core

__all__ = ["absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance",
           "get_losses", "get_regularization_losses", "get_total_loss", "hinge_loss", "log_loss",
           "mean_pairwise_squared_error", "mean_squared_error", "sigmoid_cross_entropy",
           "softmax_cross_entropy", "sparse_softmax_cross_entropy"]

add_loss = add_arg_scope(core.add_loss)
get_losses = core.get_losses
get_regularization_losses = core.get_regularization_losses
get_total_loss = core.get_total_loss


@add_arg_scope
def compute_weighted_loss(losses, weights=1.0, scope=None):
    """The mean of losses times weights over those whose weight is not 0."""
    return core.compute_weighted_loss(losses, weights, scope)


@add_arg_scope
def absolute_difference(predictions, labels=None, weights=1.0, scope=None):
    """The mean magnitude of the error."""
    return core.absolute_difference(labels, predictions, weights, scope)


@add_arg_scope
def mean_squared_error(predictions, labels=None, weights=1.0, scope=None):
    """The mean of the error squared."""
    return core.mean_squared_error(labels, predictions, weights, scope)


@add_arg_scope
def mean_pairwise_squared_error(predictions, labels=None, weights=1.0, scope=None):
    """The mean squared difference of errors within an example."""
    return core.mean_pairwise_squared_error(labels, predictions, weights, scope)


@add_arg_scope
def log_loss(predictions, labels=None, weights=1.0, epsilon=1e-7, scope=None):
    """The logistic loss of probabilities."""
    return core.log_loss(labels, predictions, weights, epsilon, scope)


@add_arg_scope
def hinge_loss(logits, labels=None, scope=None):
    """The hinge loss of labels 0 and 1."""
    return core.hinge_loss(labels, logits, scope=scope)


@add_arg_scope
def cosine_distance(predictions, labels=None, axis=None, weights=1.0, scope=None, dim=None):
    """1 minus the product of unit vectors."""
    return core.cosine_distance(labels, predictions, axis=axis, weights=weights, scope=scope,
                                dim=dim)


@add_arg_scope
def sigmoid_cross_entropy(logits, multi_class_labels, weights=1.0, label_smoothing=0, scope=None):
    """Cross entropy of independent classes."""
    return core.sigmoid_cross_entropy(multi_class_labels, logits, weights, label_smoothing, scope)


@add_arg_scope
def softmax_cross_entropy(logits, onehot_labels, weights=1.0, label_smoothing=0, scope=None):
    """Cross entropy of exclusive classes, labels as vectors."""
    return core.softmax_cross_entropy(onehot_labels, logits, weights, label_smoothing, scope)


@add_arg_scope
def sparse_softmax_cross_entropy(logits, labels, weights=1.0, scope=None):
    """Cross entropy of exclusive classes, labels as numbers."""
    return core.sparse_softmax_cross_entropy(labels, logits, weights, scope)
