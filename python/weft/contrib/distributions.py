"""tf.contrib.distributions: those of tf.distributions."""
from weft.python.ops.distributions import distributions
from weft.python.ops.distributions.distributions import *      # noqa: F401,F403

__all__ = list(distributions.__all__)
