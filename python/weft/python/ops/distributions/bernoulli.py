"""The Bernoulli distribution."""

from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, math_ops, nn_losses, random_ops
from weft.python.ops.distributions import distribution, kullback_leibler

__all__ = ["Bernoulli"]


class Bernoulli(distribution.Distribution):
    """1 with chance probs (or sigmoid(logits)), else 0."""

    def __init__(self, logits=None, probs=None, dtype=dtypes.int32, validate_args=False,
                 allow_nan_stats=True, name="Bernoulli"):
        parameters = dict(locals())
        with ops.name_scope(name) as name:
            self._logits, self._probs = distribution.logits_and_probs(
                logits, probs, "get_logits_and_probs")
        super().__init__(dtypes.as_dtype(dtype), distribution.NOT_REPARAMETERIZED, validate_args,
                         allow_nan_stats, parameters, [self._logits, self._probs], name)

    logits = property(lambda self: self._logits, doc="log(probs / (1 - probs)).")
    probs = property(lambda self: self._probs, doc="The chance of a 1.")

    def _batch_shape(self):
        return self._logits.get_shape()

    def _batch_shape_tensor(self):
        return array_ops.shape(self._logits)

    def _sample_n(self, n, seed=None):
        shape = array_ops.concat([[n], self.batch_shape_tensor()], 0)
        uniform = random_ops.random_uniform(shape, seed=seed, dtype=self.probs.dtype)
        return math_ops.cast(math_ops.less(uniform, self.probs), self.dtype)

    def _log_prob(self, event):
        event = math_ops.cast(event, self.logits.dtype)
        event, logits = _broadcast(event, self.logits)
        return -nn_losses.sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self):
        return -self.logits * (math_ops.sigmoid(self.logits) - 1) + _softplus(-self.logits)

    def _mean(self):
        return array_ops.identity(self.probs)

    def _variance(self):
        return self._mean() * (1. - self.probs)

    def _mode(self):
        return math_ops.cast(self.probs > 0.5, self.dtype)


def _broadcast(event, logits):
    if event.get_shape().is_fully_defined() and logits.get_shape().is_fully_defined() and \
            event.get_shape().as_list() == logits.get_shape().as_list():
        return event, logits
    return event * array_ops.ones_like(logits), logits * array_ops.ones_like(event)


def _softplus(x):
    from weft.python.ops import nn_activation
    return nn_activation.softplus(x)


@kullback_leibler.RegisterKL(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(a, b, name=None):
    with ops.name_scope(name, "kl_bernoulli_bernoulli", values=[a.logits, b.logits]):
        zeros = _softplus(-b.logits) - _softplus(-a.logits)
        ones = _softplus(b.logits) - _softplus(a.logits)
        return math_ops.sigmoid(a.logits) * zeros + math_ops.sigmoid(-a.logits) * ones
