"""Random numbers that are a function of a seed alone: the same seed, the same numbers, at every
run."""

from weft.python.framework import dtypes
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.ops import random_ops


def stateless_random_uniform(shape, seed, minval=0, maxval=None, dtype=dtypes.float32, name=None):
    """Numbers drawn evenly from [minval, maxval).

    Args:
      shape: 1-D integer tensor.
      seed: two integers.
      minval, maxval: numbers; maxval is 1 if left out, and must be given for integers.
      dtype: a floating type, int32 or int64.
    """
    dtype = dtypes.as_dtype(dtype)
    if dtype not in random_ops._UNIFORM_TYPES:
        raise ValueError("Invalid dtype %r" % dtype)
    if maxval is None:
        if dtype.is_integer:
            raise ValueError("Must specify maxval for integer dtype %r" % dtype)
        maxval = 1
    with ops.name_scope(name, "stateless_random_uniform", [shape, seed, minval, maxval]) as name:
        shape = random_ops.shape_tensor(shape)
        minval = ops.convert_to_tensor(minval, dtype=dtype, name="min")
        maxval = ops.convert_to_tensor(maxval, dtype=dtype, name="max")
        if dtype.is_integer:
            return gen.StatelessRandomUniformInt(shape, seed, minval, maxval, name=name)
        drawn = gen.StatelessRandomUniform(shape, seed, dtype=dtype)
        return random_ops.within(drawn, minval, maxval, name)


def _scaled(draw, shape, seed, mean, stddev, dtype, name):
    shape = random_ops.shape_tensor(shape)
    mean = ops.convert_to_tensor(mean, dtype=dtype, name="mean")
    stddev = ops.convert_to_tensor(stddev, dtype=dtype, name="stddev")
    drawn = draw(shape, seed, dtype=dtype)
    return gen.Add(gen.Mul(drawn, stddev, name="mul"), mean, name=name)


def stateless_random_normal(shape, seed, mean=0.0, stddev=1.0, dtype=dtypes.float32, name=None):
    """Numbers of a normal distribution, from two integers as the seed."""
    with ops.name_scope(name, "stateless_random_normal", [shape, seed, mean, stddev]) as name:
        return _scaled(gen.StatelessRandomNormal, shape, seed, mean, stddev, dtype, name)


def stateless_truncated_normal(shape, seed, mean=0.0, stddev=1.0, dtype=dtypes.float32, name=None):
    """As stateless_random_normal, nothing further than two deviations from the mean."""
    with ops.name_scope(name, "stateless_truncated_normal", [shape, seed, mean, stddev]) as name:
        return _scaled(gen.StatelessTruncatedNormal, shape, seed, mean, stddev, dtype, name)


def stateless_multinomial(logits, num_samples, seed, output_dtype=dtypes.int64, name=None):
    """Classes drawn with the log-probabilities `logits` [batch, classes]: [batch, num_samples]."""
    with ops.name_scope(name, "stateless_multinomial", [logits, seed]):
        logits = ops.convert_to_tensor(logits, name="logits")
        return gen.StatelessMultinomial(logits, num_samples, seed, output_dtype=output_dtype)


def stateless_categorical(logits, num_samples, seed, dtype=dtypes.int64, name=None):
    """`stateless_multinomial` under its newer name."""
    with ops.name_scope(name, "stateless_categorical", [logits, seed]):
        logits = ops.convert_to_tensor(logits, name="logits")
        return gen.StatelessMultinomial(logits, num_samples, seed, output_dtype=dtype)
