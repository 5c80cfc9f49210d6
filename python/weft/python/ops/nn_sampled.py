"""Losses over very many classes that look at the true ones and a sample: nce_loss and
sampled_softmax_loss."""

from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, candidate_sampling_ops, math_ops, nn_losses

__all__ = ["nce_loss", "sampled_softmax_loss"]


def nce_loss(weights, biases, labels, inputs, num_sampled, num_classes, num_true=1,
             sampled_values=None, remove_accidental_hits=False, partition_strategy="mod",
             name="nce_loss"):
    """The noise-contrastive loss of each example.

    weights [num_classes, dim] (one or a list of parts), biases [num_classes], labels
    [batch, num_true] int64, inputs [batch, dim]."""
    logits, labels = _compute_sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
        remove_accidental_hits, partition_strategy, name, seed=None)
    losses = nn_losses.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits,
                                                         name="sampled_losses")
    return _sum_rows(losses)


def sampled_softmax_loss(weights, biases, labels, inputs, num_sampled, num_classes, num_true=1,
                         sampled_values=None, remove_accidental_hits=True,
                         partition_strategy="mod", name="sampled_softmax_loss", seed=None):
    """The softmax loss of each example over its true classes and a sample of the others.

    Arguments as for nce_loss; for training only."""
    logits, labels = _compute_sampled_logits(
        weights, biases, labels, inputs, num_sampled, num_classes, num_true, sampled_values,
        remove_accidental_hits, partition_strategy, name, seed)
    labels = array_ops.stop_gradient(labels, name="labels_stop_gradient")
    return nn_losses.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)


def _compute_sampled_logits(weights, biases, labels, inputs, num_sampled, num_classes, num_true,
                            sampled_values, remove_accidental_hits, partition_strategy, name,
                            seed):
    """(logits, labels), both [batch, num_true + num_sampled]: the true classes stand first."""
    weights = _parts(weights)
    with ops.name_scope(name, "compute_sampled_logits", weights + [biases, inputs, labels]):
        labels = math_ops.cast(ops.convert_to_tensor(labels), dtypes.int64)
        labels_flat = array_ops.reshape(labels, [-1])
        if sampled_values is None:
            sampled_values = candidate_sampling_ops.log_uniform_candidate_sampler(
                true_classes=labels, num_true=num_true, num_sampled=num_sampled, unique=True,
                range_max=num_classes, seed=seed)
        sampled, true_count, sampled_count = (array_ops.stop_gradient(s) for s in sampled_values)
        sampled = math_ops.cast(sampled, dtypes.int64)
        true_logits, sampled_logits = _logits(weights, biases, inputs, labels_flat, sampled,
                                              num_true, partition_strategy)
        if remove_accidental_hits:
            sampled_logits += _accidental_hits(labels, sampled, num_true, num_sampled,
                                               sampled_logits.dtype)
        true_logits -= math_ops.log(true_count)
        sampled_logits -= math_ops.log(sampled_count)
        logits = array_ops.concat([true_logits, sampled_logits], 1)
        labels = array_ops.concat([array_ops.ones_like(true_logits) / num_true,
                                   array_ops.zeros_like(sampled_logits)], 1)
        return logits, labels


def _parts(weights):
    from weft.python.ops import variables
    if isinstance(weights, variables.PartitionedVariable):
        return list(weights)
    return list(weights) if isinstance(weights, (list, tuple)) else [weights]


def _logits(weights, biases, inputs, labels_flat, sampled, num_true, partition_strategy):
    """inputs times the weights of the true and of the sampled classes, plus their biases."""
    from weft.python.ops import embedding_ops
    ids = array_ops.concat([labels_flat, sampled], 0)
    all_w = embedding_ops.embedding_lookup(weights, ids, partition_strategy=partition_strategy)
    all_w = math_ops.cast(all_w, inputs.dtype)
    true_w = array_ops.slice(
        all_w, [0, 0], array_ops.stack([array_ops.shape(labels_flat)[0], -1]))
    sampled_w = array_ops.slice(
        all_w, array_ops.stack([array_ops.shape(labels_flat)[0], 0]), [-1, -1])
    sampled_logits = math_ops.matmul(inputs, sampled_w, transpose_b=True)
    all_b = embedding_ops.embedding_lookup(biases, ids, partition_strategy=partition_strategy)
    all_b = math_ops.cast(all_b, inputs.dtype)
    true_b = array_ops.slice(all_b, [0], array_ops.shape(labels_flat))
    sampled_b = array_ops.slice(all_b, array_ops.shape(labels_flat), [-1])
    dim = array_ops.shape(true_w)[1:2]
    each_true = array_ops.concat([[-1, num_true], dim], 0)
    dots = math_ops.multiply(array_ops.expand_dims(inputs, 1),
                             array_ops.reshape(true_w, each_true))
    rows = array_ops.reshape(dots, array_ops.concat([[-1], dim], 0))
    true_logits = array_ops.reshape(_sum_rows(rows), [-1, num_true])
    true_logits += array_ops.reshape(true_b, [-1, num_true])
    return true_logits, sampled_logits + sampled_b


def _sum_rows(x):
    """The sum of each row, as a product with ones: that is the fastest way."""
    ones = array_ops.ones(array_ops.stack([array_ops.shape(x)[1], 1]), x.dtype)
    return array_ops.reshape(math_ops.matmul(x, ones), [-1])


def _accidental_hits(labels, sampled, num_true, num_sampled, dtype):
    """What drives the logits of sampled classes that are true ones to nearly no chance."""
    from weft.python.ops import sparse_ops
    rows, ids, weights = candidate_sampling_ops.compute_accidental_hits(labels, sampled,
                                                                        num_true=num_true)
    rows = array_ops.reshape(rows, [-1, 1])
    ids = array_ops.reshape(math_ops.cast(ids, dtypes.int32), [-1, 1])
    places = array_ops.concat([rows, ids], 1, "sparse_indices")
    shape = array_ops.concat([array_ops.shape(labels)[:1], array_ops.expand_dims(num_sampled, 0)],
                             0)
    return sparse_ops.sparse_to_dense(places, shape, math_ops.cast(weights, dtype),
                                      default_value=0.0, validate_indices=False)
