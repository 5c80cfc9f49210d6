"""tf.distributions."""

from weft.python.ops.distributions.bernoulli import Bernoulli
from weft.python.ops.distributions.categorical import Categorical
from weft.python.ops.distributions.distribution import (
    FULLY_REPARAMETERIZED, NOT_REPARAMETERIZED, Distribution, ReparameterizationType)
from weft.python.ops.distributions.kullback_leibler import RegisterKL, kl_divergence
from weft.python.ops.distributions.normal import Normal
from weft.python.ops.distributions.uniform import Uniform

__all__ = [
    "Bernoulli", "Categorical", "Distribution", "FULLY_REPARAMETERIZED", "NOT_REPARAMETERIZED",
    "Normal", "RegisterKL", "ReparameterizationType", "Uniform", "kl_divergence",
]
