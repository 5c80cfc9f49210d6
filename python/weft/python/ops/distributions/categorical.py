"""The categorical distribution."""

from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, math_ops, nn_activation, nn_losses, random_ops
from weft.python.ops.distributions import distribution, kullback_leibler

__all__ = ["Categorical"]


class Categorical(distribution.Distribution):
    """One of the classes 0, 1..., with the chances probs (or softmax(logits)) of the last axis."""

    def __init__(self, logits=None, probs=None, dtype=dtypes.int32, validate_args=False,
                 allow_nan_stats=True, name="Categorical"):
        parameters = dict(locals())
        with ops.name_scope(name, values=[logits, probs]) as name:
            self._logits, self._probs = distribution.logits_and_probs(
                logits, probs, "get_logits_and_probs", multidimensional=True)
        super().__init__(dtypes.as_dtype(dtype), distribution.NOT_REPARAMETERIZED, validate_args,
                         allow_nan_stats, parameters, [self._logits, self._probs], name)

    logits = property(lambda self: self._logits, doc="The logarithms of the chances, unscaled.")
    probs = property(lambda self: self._probs, doc="The chances.")

    @property
    def event_size(self):
        """The number of classes, as a tensor."""
        return array_ops.shape(self._logits)[-1]

    def _batch_shape(self):
        return self._logits.get_shape()[:-1]

    def _batch_shape_tensor(self):
        return array_ops.shape(self._logits)[:-1]

    def _sample_n(self, n, seed=None):
        rows = array_ops.reshape(self.logits, [-1, self.event_size])
        drawn = random_ops.multinomial(rows, n, seed=seed)
        shape = array_ops.concat([[n], self.batch_shape_tensor()], 0)
        return math_ops.cast(array_ops.reshape(array_ops.transpose(drawn), shape), self.dtype)

    def _log_prob(self, k):
        k = math_ops.cast(k, dtypes.int32)
        logits = self.logits
        if k.get_shape().ndims != self.batch_shape.ndims or \
                not k.get_shape().is_compatible_with(self.batch_shape):
            zeros = math_ops.cast(array_ops.zeros_like(k), logits.dtype)
            logits += array_ops.expand_dims(zeros, -1)
            k = k + array_ops.zeros_like(logits[..., 0], dtype=dtypes.int32)
        return -nn_losses.sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _entropy(self):
        return -math_ops.reduce_sum(nn_activation.log_softmax(self.logits) * self.probs, axis=-1)

    def _mode(self):
        return math_ops.cast(math_ops.argmax(self.logits, axis=-1), self.dtype)


@kullback_leibler.RegisterKL(Categorical, Categorical)
def _kl_categorical_categorical(a, b, name=None):
    with ops.name_scope(name, "kl_categorical_categorical", values=[a.logits, b.logits]):
        difference = nn_activation.log_softmax(a.logits) - nn_activation.log_softmax(b.logits)
        return math_ops.reduce_sum(nn_activation.softmax(a.logits) * difference, axis=-1)
