"""The normal distribution."""

import math

from weft.python.framework import ops
from weft.python.ops import array_ops, check_ops, math_ops, random_ops
from weft.python.ops.distributions import distribution, kullback_leibler

__all__ = ["Normal"]


class Normal(distribution.Distribution):
    """Normal(loc, scale): mean loc, standard deviation scale; they broadcast."""

    def __init__(self, loc, scale, validate_args=False, allow_nan_stats=True, name="Normal"):
        parameters = dict(locals())
        with ops.name_scope(name, values=[loc, scale]) as name:
            with ops.control_dependencies([check_ops.assert_positive(scale)] if validate_args
                                          else []):
                self._loc = array_ops.identity(loc, name="loc")
                self._scale_tensor = array_ops.identity(scale, name="scale")
                check_ops.assert_same_float_dtype([self._loc, self._scale_tensor])
        super().__init__(self._loc.dtype, distribution.FULLY_REPARAMETERIZED, validate_args,
                         allow_nan_stats, parameters, [self._loc, self._scale_tensor], name)

    loc = property(lambda self: self._loc, doc="The mean.")
    scale = property(lambda self: self._scale_tensor, doc="The standard deviation.")

    def _batch_shape(self):
        return array_ops.broadcast_static_shape(self.loc.get_shape(), self.scale.get_shape())

    def _batch_shape_tensor(self):
        return array_ops.broadcast_dynamic_shape(array_ops.shape(self.loc),
                                                 array_ops.shape(self.scale))

    def _sample_n(self, n, seed=None):
        shape = array_ops.concat([[n], self.batch_shape_tensor()], 0)
        noise = random_ops.random_normal(shape=shape, mean=0., stddev=1., dtype=self.loc.dtype,
                                         seed=seed)
        return noise * self.scale + self.loc

    def _z(self, x):
        with ops.name_scope("standardize", values=[x]):
            return (x - self.loc) / self.scale

    def _log_prob(self, x):
        normalization = 0.5 * math.log(2. * math.pi) + math_ops.log(self.scale)
        return -0.5 * math_ops.square(self._z(x)) - normalization

    def _cdf(self, x):
        return _standard_cdf(self._z(x))

    def _entropy(self):
        scale = self.scale * array_ops.ones_like(self.loc)
        return 0.5 * math.log(2. * math.pi * math.e) + math_ops.log(scale)

    def _mean(self):
        return self.loc * array_ops.ones_like(self.scale)

    def _stddev(self):
        return self.scale * array_ops.ones_like(self.loc)

    _mode = _mean


def _standard_cdf(x):
    """By erfc where erf is nearly 1, so that small chances keep their digits."""
    half_sqrt_2 = 0.5 * math.sqrt(2.)
    w = x * half_sqrt_2
    z = math_ops.abs(w)
    tails = array_ops.where(math_ops.greater(w, 0.), 2. - math_ops.erfc(z), math_ops.erfc(z))
    return 0.5 * array_ops.where(math_ops.less(z, half_sqrt_2), 1. + math_ops.erf(w), tails)


@kullback_leibler.RegisterKL(Normal, Normal)
def _kl_normal_normal(a, b, name=None):
    with ops.name_scope(name, "kl_normal_normal", [a.loc, b.loc]):
        b_variance = math_ops.square(b.scale)
        ratio = math_ops.square(a.scale) / b_variance
        return math_ops.square(a.loc - b.loc) / (2. * b_variance) + \
            0.5 * (ratio - 1. - math_ops.log(ratio))
