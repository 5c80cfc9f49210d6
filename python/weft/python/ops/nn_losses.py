"""Cross entropies and other losses per example, as nn_ops and nn_impl offer them."""

import math

from weft.python.framework import constant_op, dtypes, gen, ops
from weft.python.ops import array_ops, math_ops
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "compute_average_loss", "log_poisson_loss", "scale_regularization_loss",
    "sigmoid_cross_entropy_with_logits", "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "sparse_softmax_cross_entropy_with_logits", "weighted_cross_entropy_with_logits",
]


def _ensure_xent_args(name, sentinel, labels, logits):
    """Labels and logits must be named: their order changed long ago."""
    if sentinel is not None:
        raise ValueError("Only call `%s` with named arguments (labels=..., logits=..., ...)" % name)
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


def softmax_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, dim=-1, name=None,
                                      axis=None):
    """softmax_cross_entropy_with_logits_v2 that sends no gradient to labels."""
    dim = axis if axis is not None else dim
    _ensure_xent_args("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with ops.name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as name:
        labels = array_ops.stop_gradient(labels, name="labels_stop_gradient")
        return softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits, axis=dim,
                                                    name=name)


def softmax_cross_entropy_with_logits_v2(_sentinel=None, labels=None, logits=None, axis=None,
                                         name=None, dim=None):
    """-sum(labels * log(softmax(logits))) along an axis (the last one by default)."""
    _ensure_xent_args("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    axis = renamed_argument("axis", axis, "dim", dim)
    axis = -1 if axis is None else axis
    with ops.name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as name:
        logits = ops.convert_to_tensor(logits, name="logits")
        labels = ops.convert_to_tensor(labels, name="labels")
        wide = _at_least_float32(logits)
        labels = math_ops.cast(labels, wide.dtype)
        rank = array_ops.rank(wide)
        shape = logits.get_shape()
        if axis != -1:
            wide, labels = _axis_last(wide, axis, rank), _axis_last(labels, axis, rank)
        full_shape = array_ops.shape(wide)
        cost, _ = gen.SoftmaxCrossEntropyWithLogits(_as_rows(wide), _as_rows(labels), name=name)
        out_shape = array_ops.slice(full_shape, [0], [math_ops.subtract(rank, 1)])
        cost = array_ops.reshape(cost, out_shape)
        if shape.ndims is not None:
            dims = shape.as_list()
            del dims[axis]
            cost.set_shape(dims)
        return math_ops.cast(cost, logits.dtype)


def _at_least_float32(x):
    half = x.dtype in (dtypes.float16, dtypes.bfloat16)
    return math_ops.cast(x, dtypes.float32) if half else x


def _axis_last(x, axis, rank):
    before, after = math_ops.range(axis), math_ops.range(axis + 1, rank)
    return array_ops.transpose(x, array_ops.concat([before, after, [axis]], 0))


def _as_rows(x):
    """x as a matrix with the same last axis."""
    rank = array_ops.rank(x)
    last = array_ops.slice(array_ops.shape(x), [math_ops.subtract(rank, 1)], [1])
    rows = array_ops.reshape(x, array_ops.concat([[-1], last], 0))
    if x.shape.ndims is not None:
        dims = x.shape.as_list()
        if None not in dims[:-1]:
            rows.set_shape([math.prod(dims[:-1]), dims[-1]])
    return rows


def sparse_softmax_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, name=None):
    """-log(softmax(logits)[label]) of each row, where labels are indices of classes."""
    _ensure_xent_args("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    with ops.name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        labels = ops.convert_to_tensor(labels)
        logits = ops.convert_to_tensor(logits)
        wide = _at_least_float32(logits)
        labels_shape = array_ops.shape(labels)
        known = _check_label_shape(labels.get_shape(), logits.get_shape())
        if logits.get_shape().ndims == 2:
            cost, _ = gen.SparseSoftmaxCrossEntropyWithLogits(wide, labels, name=name)
            return math_ops.cast(cost, logits.dtype)
        with ops.control_dependencies([] if known else [_same_shape_check(labels, logits)]):
            classes = array_ops.shape(logits)[array_ops.rank(logits) - 1]
            rows = array_ops.reshape(wide, [-1, classes])
            flat = array_ops.reshape(labels, [-1])
            cost, _ = gen.SparseSoftmaxCrossEntropyWithLogits(rows, flat, name=name)
            cost = array_ops.reshape(cost, labels_shape)
            cost.set_shape(labels.get_shape())
            return math_ops.cast(cost, logits.dtype)


def _check_label_shape(labels, logits):
    """Compares what is known of the shapes; True if that was all of them."""
    if logits.ndims == 0:
        raise ValueError("Logits cannot be scalars - received shape %s." % logits)
    if logits.ndims is not None and labels.ndims is not None and labels.ndims != logits.ndims - 1:
        raise ValueError("Rank mismatch: Rank of labels (received %s) should equal rank of logits "
                         "minus 1 (received %s)." % (labels.ndims, logits.ndims))
    known = labels.is_fully_defined() and logits[:-1].is_fully_defined()
    if known and labels.as_list() != logits.as_list()[:-1]:
        raise ValueError("Shape mismatch: The shape of labels (received %s) should equal the shape "
                         "of logits except for the last dimension (received %s)." %
                         (labels, logits))
    return known


def _same_shape_check(labels, logits):
    from weft.python.ops import check_ops
    return check_ops.assert_equal(array_ops.shape(labels), array_ops.shape(logits)[:-1])


def _check_same_shape(labels, logits):
    try:
        labels.get_shape().merge_with(logits.get_shape())
    except ValueError:
        raise ValueError("logits and labels must have the same shape (%s vs %s)" %
                         (logits.get_shape(), labels.get_shape())) from None


def sigmoid_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, name=None):
    """The logistic loss of each element: labels are chances between 0 and 1.

    max(x, 0) - x * z + log(1 + exp(-abs(x))) for x logits and z labels, which never overflows."""
    _ensure_xent_args("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    with ops.name_scope(name, "logistic_loss", [logits, labels]) as name:
        logits = ops.convert_to_tensor(logits, name="logits")
        labels = ops.convert_to_tensor(labels, name="labels")
        _check_same_shape(labels, logits)
        zeros = array_ops.zeros_like(logits, dtype=logits.dtype)
        positive = logits >= zeros
        ramp = array_ops.where(positive, logits, zeros)
        minus_abs = array_ops.where(positive, -logits, logits)
        return math_ops.add(ramp - logits * labels, gen.Log1p(gen.Exp(minus_abs)), name=name)


def weighted_cross_entropy_with_logits(labels=None, logits=None, pos_weight=None, name=None,
                                       targets=None):
    """The logistic loss with the share of positive labels multiplied by pos_weight."""
    labels = renamed_argument("labels", labels, "targets", targets)
    with ops.name_scope(name, "logistic_loss", [logits, labels]) as name:
        logits = ops.convert_to_tensor(logits, name="logits")
        labels = ops.convert_to_tensor(labels, name="labels")
        _check_same_shape(labels, logits)
        weight = 1 + (pos_weight - 1) * labels
        negative_part = (1 - labels) * logits
        softplus = gen.Log1p(gen.Exp(-math_ops.abs(logits))) + gen.Relu(-logits)
        return math_ops.add(negative_part, weight * softplus, name=name)


def log_poisson_loss(targets, log_input, compute_full_loss=False, name=None):
    """exp(log_input) - log_input * targets; in full, plus Stirling's log(targets!) above 1."""
    with ops.name_scope(name, "log_poisson_loss", [log_input, targets]) as name:
        log_input = ops.convert_to_tensor(log_input, name="log_input")
        targets = ops.convert_to_tensor(targets, name="targets")
        try:
            targets.get_shape().merge_with(log_input.get_shape())
        except ValueError:
            raise ValueError("log_input and targets must have the same shape (%s vs %s)" %
                             (log_input.get_shape(), targets.get_shape())) from None
        result = gen.Exp(log_input) - log_input * targets
        return result + _stirling(targets) if compute_full_loss else result


def _stirling(targets):
    half = constant_op.constant(0.5, dtype=targets.dtype)
    two_pi = constant_op.constant(2 * math.pi, dtype=targets.dtype)
    value = targets * gen.Log(targets) - targets + half * gen.Log(two_pi * targets)
    zeros = array_ops.zeros_like(targets, dtype=targets.dtype)
    ones = array_ops.ones_like(targets, dtype=targets.dtype)
    small = gen.LogicalAnd(targets >= zeros, targets <= ones)
    return array_ops.where(small, zeros, value)


def compute_average_loss(per_example_loss, sample_weight=None, global_batch_size=None):
    """The (weighted) sum of the losses over the size of the batch, by default their own number."""
    loss = ops.convert_to_tensor(per_example_loss)
    dtype = loss.dtype
    if sample_weight is not None:
        from weft.python.ops import weights_broadcast_ops
        weights = math_ops.cast(ops.convert_to_tensor(sample_weight), dtype)
        check = weights_broadcast_ops.assert_broadcastable(weights, loss)
        with ops.control_dependencies((check,)):
            loss = math_ops.multiply(loss, weights)
    if global_batch_size is None:
        global_batch_size = array_ops.shape(loss)[0]
    return math_ops.reduce_sum(loss) / math_ops.cast(global_batch_size, dtype)


def scale_regularization_loss(regularization_loss):
    """The sum of regularization losses, for the one replica that there is."""
    return math_ops.reduce_sum(ops.convert_to_tensor(regularization_loss))
