"""What all distributions share: names, shapes, sampling, errors for what one cannot tell."""

from weft.python.framework import dtypes, ops, tensor_shape, tensor_util
from weft.python.ops import array_ops, math_ops

__all__ = ["Distribution", "FULLY_REPARAMETERIZED", "NOT_REPARAMETERIZED", "ReparameterizationType"]


class ReparameterizationType:
    """Whether gradients flow through samples to the parameters."""

    def __init__(self, rep_type):
        self._rep_type = rep_type

    def __repr__(self):
        return "<Reparameterization Type: %s>" % self._rep_type


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


class Distribution:
    """A batch of distributions: a function of its parameters that draws samples and tells chances.

    Subclasses offer _sample_n(n, seed), _log_prob(x) and what else they know, each for the public
    method of that name; a method whose private one is missing raises NotImplementedError."""

    def __init__(self, dtype, reparameterization_type, validate_args, allow_nan_stats,
                 parameters=None, graph_parents=None, name=None):
        self._dtype = dtype
        self._reparameterization_type = reparameterization_type
        self._validate_args = validate_args
        self._allow_nan_stats = allow_nan_stats
        self._parameters = {k: v for k, v in (parameters or {}).items()
                            if k not in ("self", "__class__")}
        self._graph_parents = graph_parents or []
        self._name = name if name.endswith("/") else name + "/"

    name = property(lambda self: self._name)
    dtype = property(lambda self: self._dtype)
    parameters = property(lambda self: dict(self._parameters))
    reparameterization_type = property(lambda self: self._reparameterization_type)
    allow_nan_stats = property(lambda self: self._allow_nan_stats)
    validate_args = property(lambda self: self._validate_args)

    def __repr__(self):
        return "<tf.distributions.%s '%s' batch_shape=%s event_shape=%s dtype=%s>" % (
            type(self).__name__, self.name, self.batch_shape, self.event_shape, self.dtype.name)

    def copy(self, **override_parameters_kwargs):
        """The same distribution with some parameters replaced."""
        return type(self)(**dict(self._parameters, **override_parameters_kwargs))

    @property
    def batch_shape(self):
        """The shape of the parameters together, as far as it is known."""
        return tensor_shape.as_shape(self._batch_shape())

    @property
    def event_shape(self):
        """The shape of one sample of one distribution: that of a scalar."""
        return tensor_shape.TensorShape([])

    def batch_shape_tensor(self, name="batch_shape_tensor"):
        """batch_shape as an int32 vector."""
        with self._scope(name):
            if self.batch_shape.is_fully_defined():
                return ops.convert_to_tensor(self.batch_shape.as_list(), dtype=dtypes.int32,
                                             name="batch_shape")
            return self._batch_shape_tensor()

    def event_shape_tensor(self, name="event_shape_tensor"):
        """event_shape as an int32 vector."""
        with self._scope(name):
            return ops.convert_to_tensor([], dtype=dtypes.int32, name="event_shape")

    def is_scalar_event(self, name="is_scalar_event"):
        """True: events are scalars."""
        with self._scope(name):
            return ops.convert_to_tensor(True, name="is_scalar_event")

    def is_scalar_batch(self, name="is_scalar_batch"):
        """Whether this is one distribution and no batch."""
        with self._scope(name):
            return math_ops.equal(array_ops.size(self.batch_shape_tensor()), 0)

    def _scope(self, name, values=()):
        return _TwoScopes(self._name, name, list(values) + self._graph_parents)

    def _call(self, method, name, *values):
        """The private method's answer, in the distribution's scope."""
        function = getattr(self, method, None)
        if function is None:
            raise NotImplementedError("%s is not implemented: %s" %
                                      (method[1:], type(self).__name__))
        with self._scope(name, values):
            return function(*(ops.convert_to_tensor(v, name="value", preferred_dtype=self.dtype)
                              for v in values))

    def sample(self, sample_shape=(), seed=None, name="sample"):
        """Samples of shape sample_shape + batch_shape."""
        with self._scope(name):
            sample_shape = ops.convert_to_tensor(sample_shape, dtype=dtypes.int32,
                                                 name="sample_shape")
            vector = sample_shape if sample_shape.shape.ndims == 1 else \
                array_ops.reshape(sample_shape, [-1])
            samples = self._sample_n(math_ops.reduce_prod(vector), seed)
            shape = array_ops.concat([vector, array_ops.shape(samples)[1:]], 0)
            result = array_ops.reshape(samples, shape)
            known = tensor_util.constant_value_as_shape(vector)
            result.set_shape(known.concatenate(self.batch_shape))
            return result

    def log_prob(self, value, name="log_prob"):
        """The logarithm of the density, or of the chance, at value."""
        return self._call("_log_prob", name, value)

    def prob(self, value, name="prob"):
        """The density, or the chance, at value."""
        if hasattr(self, "_prob"):
            return self._call("_prob", name, value)
        with self._scope(name, [value]):
            value = ops.convert_to_tensor(value, name="value", preferred_dtype=self.dtype)
            return math_ops.exp(self._log_prob(value))

    def cdf(self, value, name="cdf"):
        """The chance of at most value."""
        return self._call("_cdf", name, value)

    def log_cdf(self, value, name="log_cdf"):
        """The logarithm of the chance of at most value."""
        with self._scope(name, [value]):
            value = ops.convert_to_tensor(value, name="value", preferred_dtype=self.dtype)
            return math_ops.log(self._cdf(value))

    def survival_function(self, value, name="survival_function"):
        """The chance of more than value."""
        with self._scope(name, [value]):
            value = ops.convert_to_tensor(value, name="value", preferred_dtype=self.dtype)
            return 1. - self._cdf(value)

    def quantile(self, value, name="quantile"):
        """The x whose cdf is value."""
        return self._call("_quantile", name, value)

    def entropy(self, name="entropy"):
        """Shannon's entropy in nats."""
        return self._call("_entropy", name)

    def mean(self, name="mean"):
        """The mean."""
        return self._call("_mean", name)

    def variance(self, name="variance"):
        """The variance."""
        if hasattr(self, "_variance"):
            return self._call("_variance", name)
        with self._scope(name):
            return math_ops.square(self._stddev())

    def stddev(self, name="stddev"):
        """The standard deviation."""
        if hasattr(self, "_stddev"):
            return self._call("_stddev", name)
        with self._scope(name):
            return math_ops.sqrt(self._variance())

    def mode(self, name="mode"):
        """The likeliest value."""
        return self._call("_mode", name)

    def kl_divergence(self, other, name="kl_divergence"):
        """KL(self || other)."""
        from weft.python.ops.distributions import kullback_leibler
        with self._scope(name):
            return kullback_leibler.kl_divergence(self, other)

    def cross_entropy(self, other, name="cross_entropy"):
        """entropy(self) + KL(self || other)."""
        from weft.python.ops.distributions import kullback_leibler
        with self._scope(name):
            return kullback_leibler.cross_entropy(self, other)


class _TwoScopes:
    """The distribution's scope, entered again, and a new one for a method inside it."""

    def __init__(self, own, name, values):
        self._scopes = (ops.name_scope(own), ops.name_scope(name, values=values))

    def __enter__(self):
        self._scopes[0].__enter__()
        return self._scopes[1].__enter__()

    def __exit__(self, *exception):
        self._scopes[1].__exit__(*exception)
        self._scopes[0].__exit__(*exception)


def logits_and_probs(logits, probs, name, multidimensional=False):
    """(logits, probs) where one of them is given; ValueError if both are, or none."""
    if (logits is None) == (probs is None):
        raise ValueError("Must pass probs or logits, but not both.")
    with ops.name_scope(name, values=[logits, probs]):
        if probs is None:
            logits = ops.convert_to_tensor(logits, name="logits")
            if multidimensional:
                from weft.python.ops import nn_activation
                return logits, nn_activation.softmax(logits, name="probs")
            return logits, math_ops.sigmoid(logits, name="probs")
        probs = ops.convert_to_tensor(probs, name="probs")
        with ops.name_scope("logits"):
            logs = math_ops.log(probs)
            return (logs if multidimensional else logs - math_ops.log1p(-1. * probs)), probs
