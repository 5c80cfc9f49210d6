"""Cross entropies of unrolled sequences, and models of several lengths."""
from weft.python.framework import ops
from weft.python.ops import array_ops, math_ops, nn_ops, variable_scope

__all__ = ["model_with_buckets", "sequence_loss", "sequence_loss_by_example"]


def sequence_loss_by_example(logits, targets, weights, average_across_timesteps=True,
                             softmax_loss_function=None, name=None):
    """The weighted cross entropy of each sequence of the batch, from lists with a tensor for each
    step: logits [batch, symbols], targets and weights [batch]."""
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError("Lengths of logits, weights, and targets must be the same %d, %d, %d."
                         % (len(logits), len(weights), len(targets)))
    with ops.name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        steps = []
        for logit, target, weight in zip(logits, targets, weights):
            if softmax_loss_function is None:
                target = array_ops.reshape(target, [-1])
                loss = nn_ops.sparse_softmax_cross_entropy_with_logits(labels=target, logits=logit)
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            steps.append(loss * weight)
        losses = math_ops.add_n(steps)
        if average_across_timesteps:
            # The little that is added is for weights that are all 0.
            losses /= math_ops.add_n(weights) + 1e-12
    return losses


def sequence_loss(logits, targets, weights, average_across_timesteps=True,
                  average_across_batch=True, softmax_loss_function=None, name=None):
    """sequence_loss_by_example summed, or its mean over the batch."""
    with ops.name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        cost = math_ops.reduce_sum(sequence_loss_by_example(
            logits, targets, weights, average_across_timesteps=average_across_timesteps,
            softmax_loss_function=softmax_loss_function))
        if not average_across_batch:
            return cost
        return cost / math_ops.cast(array_ops.shape(targets[0])[0], cost.dtype)


def model_with_buckets(encoder_inputs, decoder_inputs, targets, weights, buckets, seq2seq,
                       softmax_loss_function=None, per_example_loss=False, name=None):
    """A model for each of `buckets` (lengths of input and output) with the same variables.

    `seq2seq(encoder_inputs, decoder_inputs)` makes one of them. Returns the lists of outputs and
    of losses, one for each bucket.
    """
    last_encoder, last_decoder = buckets[-1]
    for what, given, last in (("encoder_inputs", encoder_inputs, last_encoder),
                              ("targets", targets, last_decoder),
                              ("weights", weights, last_decoder)):
        if len(given) < last:
            raise ValueError("Length of %s (%d) must be at least that of last bucket (%d)."
                             % (what, len(given), last))
    loss = sequence_loss_by_example if per_example_loss else sequence_loss
    losses, outputs = [], []
    with ops.name_scope(name, "model_with_buckets",
                        [*encoder_inputs, *decoder_inputs, *targets, *weights]):
        for number, (n_in, n_out) in enumerate(buckets):
            with variable_scope.variable_scope(variable_scope.get_variable_scope(),
                                               reuse=True if number > 0 else None):
                made, _ = seq2seq(encoder_inputs[:n_in], decoder_inputs[:n_out])
                outputs.append(made)
                losses.append(loss(made, targets[:n_out], weights[:n_out],
                                   softmax_loss_function=softmax_loss_function))
    return outputs, losses
