"""The uniform distribution."""

from weft.python.framework import ops
from weft.python.ops import array_ops, check_ops, math_ops, random_ops
from weft.python.ops.distributions import distribution

__all__ = ["Uniform"]


class Uniform(distribution.Distribution):
    """Uniform(low, high): every value from low up to, without, high; they broadcast."""

    def __init__(self, low=0., high=1., validate_args=False, allow_nan_stats=True,
                 name="Uniform"):
        parameters = dict(locals())
        with ops.name_scope(name, values=[low, high]) as name:
            checks = [check_ops.assert_less(
                low, high, message="uniform not defined when low >= high.")] \
                if validate_args else []
            with ops.control_dependencies(checks):
                self._low = array_ops.identity(low, name="low")
                self._high = array_ops.identity(high, name="high")
                check_ops.assert_same_float_dtype([self._low, self._high])
        super().__init__(self._low.dtype, distribution.FULLY_REPARAMETERIZED, validate_args,
                         allow_nan_stats, parameters, [self._low, self._high], name)

    low = property(lambda self: self._low, doc="The least value.")
    high = property(lambda self: self._high, doc="What all values are below.")

    def range(self, name="range"):
        """high - low."""
        with self._scope(name):
            return self.high - self.low

    def _batch_shape(self):
        return array_ops.broadcast_static_shape(self.low.get_shape(), self.high.get_shape())

    def _batch_shape_tensor(self):
        return array_ops.broadcast_dynamic_shape(array_ops.shape(self.low),
                                                 array_ops.shape(self.high))

    def _sample_n(self, n, seed=None):
        shape = array_ops.concat([[n], self.batch_shape_tensor()], 0)
        samples = random_ops.random_uniform(shape=shape, dtype=self.dtype, seed=seed)
        return self.low + self.range() * samples

    def _log_prob(self, x):
        return math_ops.log(self._prob(x))

    def _prob(self, x):
        broadcast = x * array_ops.ones_like(self.range())
        outside = math_ops.logical_or(broadcast < self.low, broadcast >= self.high)
        inside = array_ops.ones_like(broadcast) / self.range()
        density = array_ops.where(outside, array_ops.zeros_like(broadcast), inside)
        return array_ops.where(math_ops.is_nan(broadcast), broadcast, density)

    def _cdf(self, x):
        x = x * array_ops.ones_like(self.range())
        share = (x - self.low) / self.range()
        return math_ops.minimum(math_ops.maximum(share, 0.), 1.)

    def _quantile(self, value):
        return (1. - value) * self.low + value * self.high

    def _entropy(self):
        return math_ops.log(self.range())

    def _mean(self):
        return (self.low + self.high) / 2.

    def _variance(self):
        return math_ops.square(self.range()) / 12.

    def _stddev(self):
        return self.range() / 12. ** 0.5
