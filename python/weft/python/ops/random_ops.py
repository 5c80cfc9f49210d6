"""Ops that draw random numbers.

The order in which each function creates its ops is part of its behaviour: an op without a seed of
its own takes one from the number of ops before it (see random_seed.get_seed), so shapes and
parameters are converted first and the seed is asked for last.
"""

import numpy as np

from weft.python.framework import dtypes
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.framework import random_seed
from weft.python.framework import tensor_shape

_UNIFORM_TYPES = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.int32,
                  dtypes.int64)


def shape_tensor(shape):
    """`shape` (ints, dimensions, a TensorShape or a tensor) as an integer tensor named "shape"."""
    dtype = None
    if isinstance(shape, tensor_shape.TensorShape):
        if not shape.is_fully_defined():
            raise ValueError("Cannot convert a partially known TensorShape to a Tensor: %s" % shape)
        shape = shape.as_list()
    if isinstance(shape, (list, tuple)):
        shape = [tensor_shape.dimension_value(d) for d in shape]
        dtype = None if shape else dtypes.int32
    return ops.convert_to_tensor(shape, dtype=dtype, name="shape")


def seeds(seed):
    """The attributes of a random op about to be created: "seed" and "seed2", 0 for None."""
    first, second = random_seed.get_seed(seed)
    return {"seed": first or 0, "seed2": second or 0}


def _scaled(draw, shape, mean, stddev, dtype, seed, name):
    """`draw` (a callable of gen) of `shape`, times stddev, plus mean, named by the open scope."""
    shape = shape_tensor(shape)
    mean = ops.convert_to_tensor(mean, dtype=dtype, name="mean")
    stddev = ops.convert_to_tensor(stddev, dtype=dtype, name="stddev")
    drawn = draw(shape, dtype=dtype, **seeds(seed))
    return gen.Add(gen.Mul(drawn, stddev, name="mul"), mean, name=name)


def random_normal(shape, mean=0.0, stddev=1.0, dtype=dtypes.float32, seed=None, name=None):
    """Numbers of a normal distribution.

    Args:
      shape: 1-D integer tensor or sequence: the shape of the result.
      mean, stddev: numbers or tensors that broadcast with `shape`.
      dtype: a floating type.
      seed: an int, see `set_random_seed`.
    """
    with ops.name_scope(name, "random_normal", [shape, mean, stddev]) as name:
        return _scaled(gen.RandomStandardNormal, shape, mean, stddev, dtype, seed, name)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=dtypes.float32, seed=None, name=None):
    """As random_normal, but numbers further than two deviations from the mean are drawn anew."""
    with ops.name_scope(name, "truncated_normal", [shape, mean, stddev]) as name:
        return _scaled(gen.TruncatedNormal, shape, mean, stddev, dtype, seed, name)


def parameterized_truncated_normal(shape, means=0.0, stddevs=1.0, minvals=-2.0, maxvals=2.0,
                                   dtype=dtypes.float32, seed=None, name=None):
    """Numbers of normal distributions within bounds, a distribution for each row of the result.

    Args:
      shape: 1-D integer tensor: the number of rows first.
      means, stddevs, minvals, maxvals: 0-D, or 1-D with an element for each row.
      dtype: a floating type.
      seed: an int.
    """
    with ops.name_scope(name, "parameterized_truncated_normal",
                        [shape, means, stddevs, minvals, maxvals]):
        shape = shape_tensor(shape)
        means = ops.convert_to_tensor(means, dtype=dtype, name="means")
        stddevs = ops.convert_to_tensor(stddevs, dtype=dtype, name="stddevs")
        minvals = ops.convert_to_tensor(minvals, dtype=dtype, name="minvals")
        maxvals = ops.convert_to_tensor(maxvals, dtype=dtype, name="maxvals")
        return gen.ParameterizedTruncatedNormal(shape, means, stddevs, minvals, maxvals,
                                                **seeds(seed))


def random_uniform(shape, minval=0, maxval=None, dtype=dtypes.float32, seed=None, name=None):
    """Numbers drawn evenly from [minval, maxval).

    Args:
      shape: 1-D integer tensor or sequence.
      minval, maxval: numbers or scalar tensors of `dtype`; maxval is 1 if left out.
      dtype: a floating type, int32 or int64.
      seed: an int.

    Raises:
      ValueError: another dtype, or an integer one without maxval.
    """
    dtype = dtypes.as_dtype(dtype)
    if dtype not in _UNIFORM_TYPES:
        raise ValueError("Invalid dtype %r" % dtype)
    if maxval is None:
        if dtype.is_integer:
            raise ValueError("Must specify maxval for integer dtype %r" % dtype)
        maxval = 1
    with ops.name_scope(name, "random_uniform", [shape, minval, maxval]) as name:
        shape = shape_tensor(shape)
        minval = ops.convert_to_tensor(minval, dtype=dtype, name="min")
        maxval = ops.convert_to_tensor(maxval, dtype=dtype, name="max")
        if dtype.is_integer:
            return gen.RandomUniformInt(shape, minval, maxval, name=name, **seeds(seed))
        drawn = gen.RandomUniform(shape, dtype=dtype, **seeds(seed))
        return within(drawn, minval, maxval, name)


def within(drawn, minval, maxval, name):
    """Numbers of [0, 1) stretched to [minval, maxval)."""
    width = gen.Sub(maxval, minval, name="sub")
    return gen.Add(gen.Mul(drawn, width, name="mul"), minval, name=name)


def random_shuffle(value, seed=None, name=None):
    """The rows of `value` (its slices along dimension 0) in an order drawn at random."""
    return gen.RandomShuffle(value, name=name, **seeds(seed))


def random_crop(value, size, seed=None, name=None):
    """A slice of shape `size` of `value`, from an offset drawn at random.

    Args:
      value: a tensor.
      size: 1-D integer tensor with an entry for each dimension of `value`; nowhere greater than
        its shape, else InvalidArgument at run.
      seed: an int.
    """
    from weft.python.ops import array_ops
    from weft.python.ops import control_flow_ops
    from weft.python.ops import math_ops

    with ops.name_scope(name, "random_crop", [value, size]) as name:
        value = ops.convert_to_tensor(value, name="value")
        size = ops.convert_to_tensor(size, dtype=dtypes.int32, name="size")
        shape = array_ops.shape(value)
        check = control_flow_ops.Assert(math_ops.reduce_all(shape >= size),
                                        ["Need value.shape >= size, got ", shape, size],
                                        summarize=1000)
        shape = control_flow_ops.with_dependencies([check], shape)
        limit = shape - size + 1
        offset = random_uniform(array_ops.shape(shape), dtype=size.dtype, maxval=size.dtype.max,
                                seed=seed) % limit
        return array_ops.slice(value, offset, size, name=name)


def multinomial(logits, num_samples, seed=None, name=None, output_dtype=None):
    """Classes drawn with the given log-probabilities.

    Args:
      logits: [batch, classes], unnormalized.
      num_samples: 0-D int: how many to draw for each row.
      seed: an int.
      output_dtype: int64 (the default) or int32.

    Returns:
      [batch, num_samples] class indices.
    """
    with ops.name_scope(name, "multinomial", [logits]):
        return _draw_classes(logits, num_samples, output_dtype, seed)


def categorical(logits, num_samples, dtype=None, seed=None, name=None):
    """`multinomial` under its newer name."""
    with ops.name_scope(name, "categorical", [logits]):
        return _draw_classes(logits, num_samples, dtype, seed)


def _draw_classes(logits, num_samples, dtype, seed):
    logits = ops.convert_to_tensor(logits, name="logits")
    return gen.Multinomial(logits, num_samples, output_dtype=dtype or dtypes.int64, **seeds(seed))


def random_gamma(shape, alpha, beta=None, dtype=dtypes.float32, seed=None, name=None):
    """Numbers of gamma distributions: `shape` of them for each of alpha and beta broadcast.

    Args:
      shape: 1-D integer tensor.
      alpha: the shape parameter, a number or tensor.
      beta: the inverse scale, 1 if left out.
      dtype: float16, float32 or float64.
      seed: an int.

    Returns:
      A tensor of shape `shape + shape(alpha + beta)`, nowhere less than the least positive number.
    """
    from weft.python.ops import array_ops
    from weft.python.ops import math_ops

    with ops.name_scope(name, "random_gamma", [shape, alpha, beta]):
        shape = ops.convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        alpha = ops.convert_to_tensor(alpha, name="alpha", dtype=dtype)
        beta = ops.convert_to_tensor(1 if beta is None else beta, name="beta", dtype=dtype)
        alpha_broadcast = alpha + array_ops.zeros_like(beta)
        least = np.finfo(alpha.dtype.as_numpy_dtype).tiny
        drawn = gen.RandomGamma(shape, alpha_broadcast, **seeds(seed))
        return math_ops.maximum(least, drawn / beta)


def random_poisson(lam, shape, dtype=dtypes.float32, seed=None, name=None):
    """Numbers of Poisson distributions: `shape` of them for each rate of `lam`."""
    return random_poisson_v2(shape, lam, dtype, seed, name)


def random_poisson_v2(shape, lam, dtype=dtypes.float32, seed=None, name=None):
    """`random_poisson` with the shape first.

    Args:
      shape: 1-D integer tensor.
      lam: the rates, a number or tensor.
      dtype: of the result.
      seed: an int.
    """
    with ops.name_scope(name, "random_poisson", [lam, shape]):
        shape = ops.convert_to_tensor(shape, name="shape", dtype=dtypes.int32)
        return gen.RandomPoissonV2(shape, lam, dtype=dtype, **seeds(seed))
