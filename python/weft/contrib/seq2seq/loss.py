"""The cross entropy of sequences."""
from weft.python.framework import ops
from weft.python.ops import array_ops, math_ops, nn_ops

__all__ = ["sequence_loss"]


def sequence_loss(logits, targets, weights, average_across_timesteps=True,
                  average_across_batch=True, sum_over_timesteps=False, sum_over_batch=False,
                  softmax_loss_function=None, name=None):
    """The weighted cross entropy of logits [batch, time, symbols] for targets [batch, time].

    Averages divide by the sum of the weights, sums by how many are not 0; what is neither averaged
    nor summed over stays an axis of the result.
    """
    _check(logits, targets, weights, average_across_timesteps, average_across_batch,
           sum_over_timesteps, sum_over_batch)
    with ops.name_scope(name, "sequence_loss", [logits, targets, weights]):
        classes = array_ops.shape(logits)[2]
        flat = array_ops.reshape(logits, [-1, classes])
        targets = array_ops.reshape(targets, [-1])
        if softmax_loss_function is None:
            loss = nn_ops.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=flat)
        else:
            loss = softmax_loss_function(labels=targets, logits=flat)
        loss *= array_ops.reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return _divided(math_ops.reduce_sum(loss), math_ops.reduce_sum(weights))
        if sum_over_timesteps and sum_over_batch:
            return _divided(math_ops.reduce_sum(loss), _count(weights, loss))
        loss = array_ops.reshape(loss, array_ops.shape(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            axis = [0] if average_across_batch else [1]
            return _divided(math_ops.reduce_sum(loss, axis=axis),
                            math_ops.reduce_sum(weights, axis=axis))
        if sum_over_timesteps or sum_over_batch:
            axis = [0] if sum_over_batch else [1]
            return _divided(math_ops.reduce_sum(loss, axis=axis), _count(weights, loss, axis))
        return loss


def _divided(sum_of_losses, total):
    return math_ops.div_no_nan(sum_of_losses, total)


def _count(weights, like, axis=None):
    return math_ops.cast(math_ops.count_nonzero(weights, axis=axis), like.dtype)


def _check(logits, targets, weights, average_timesteps, average_batch, sum_timesteps, sum_batch):
    if len(logits.get_shape()) != 3:
        raise ValueError("Logits must be a [batch_size x sequence_length x logits] tensor")
    if len(targets.get_shape()) != 2:
        raise ValueError("Targets must be a [batch_size x sequence_length] tensor")
    if len(weights.get_shape()) != 2:
        raise ValueError("Weights must be a [batch_size x sequence_length] tensor")
    for average, total, what in ((average_timesteps, sum_timesteps, "timesteps"),
                                 (average_batch, sum_batch, "batch")):
        if average and total:
            raise ValueError("average_across_%s and sum_over_%s cannot be set to True at same "
                             "time." % (what, what))
    for average, total, what in ((average_timesteps, sum_batch, ("timesteps", "batch")),
                                 (average_batch, sum_timesteps, ("batch", "timesteps"))):
        if average and total:
            raise ValueError("average_across_%s and sum_over_%s cannot be set to True at same "
                             "time because of ambiguous order." % what)
