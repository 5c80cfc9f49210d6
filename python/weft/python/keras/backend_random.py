"""Random tensors of Keras: a seed that is not given is drawn, so that each tensor has its own."""
import numpy as np

from weft.python.framework import dtypes
from weft.python.keras import backend_config
from weft.python.ops import array_ops, random_ops

__all__ = ["random_binomial", "random_normal", "random_uniform", "truncated_normal"]


def drawn_seed() -> int:
    """A seed from NumPy's generator, as Keras draws it."""
    return int(np.random.randint(10e6))


def _settled(dtype, seed):
    return dtype or backend_config.floatx(), drawn_seed() if seed is None else seed


def random_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normal values."""
    dtype, seed = _settled(dtype, seed)
    return random_ops.random_normal(shape, mean=mean, stddev=stddev, dtype=dtypes.as_dtype(dtype),
                                    seed=seed)


def random_uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Uniform values of [minval, maxval)."""
    dtype, seed = _settled(dtype, seed)
    return random_ops.random_uniform(shape, minval=minval, maxval=maxval,
                                     dtype=dtypes.as_dtype(dtype), seed=seed)


def random_binomial(shape, p=0.0, dtype=None, seed=None):
    """1 with probability `p`, else 0."""
    dtype, seed = _settled(dtype, seed)
    dtype = dtypes.as_dtype(dtype)
    drawn = random_ops.random_uniform(shape, dtype=dtype, seed=seed)
    return array_ops.where(drawn <= p, array_ops.ones(shape, dtype=dtype),
                           array_ops.zeros(shape, dtype=dtype))


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Normal values not farther than two deviations from the mean."""
    dtype, seed = _settled(dtype, seed)
    return random_ops.truncated_normal(shape, mean, stddev, dtype=dtypes.as_dtype(dtype), seed=seed)
