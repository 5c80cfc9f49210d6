"""Initializers: objects that, called with a shape, build the first value of a variable.

`initializer(shape, dtype=None, partition_info=None)` returns a tensor. `partition_info` is there
when the value is a slice of a bigger variable: `full_shape` and `var_offset` say which.
"""

import math

import numpy as np

from weft.python.framework import constant_op
from weft.python.framework import dtypes
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.ops import random_ops

# The standard deviation of a standard normal distribution cut at two.
_TRUNCATED_DEVIATION = .87962566103423978


class Initializer:
    """What all initializers share: a configuration that they can be made from again."""

    def __call__(self, shape, dtype=None, partition_info=None):
        """The initial value: a tensor of this shape."""
        raise NotImplementedError

    def get_config(self):
        """The arguments that make an initializer like this one, as a dict of plain values."""
        return {}

    @classmethod
    def from_config(cls, config):
        """An initializer of this class from what `get_config` returned."""
        return cls(**config)


class _WithDtype(Initializer):
    """An initializer with a dtype for calls that name none."""

    def __init__(self, dtype=dtypes.float32):
        self.dtype = dtypes.as_dtype(dtype)

    def get_config(self):
        return {"dtype": self.dtype.name}

    def _dtype(self, dtype):
        return self.dtype if dtype is None else dtype


class Zeros(_WithDtype):
    """All elements 0, False or ""."""

    def __call__(self, shape, dtype=None, partition_info=None):
        from weft.python.ops import array_ops
        return array_ops.zeros(shape, self._dtype(dtype))


class Ones(_WithDtype):
    """All elements 1."""

    def __call__(self, shape, dtype=None, partition_info=None):
        from weft.python.ops import array_ops
        return array_ops.ones(shape, self._dtype(dtype))


class Constant(_WithDtype):
    """Given values: a scalar for all elements, or as many as there are elements.

    A list shorter than the shape is filled up with its last value, unless `verify_shape` asks
    that the shape be the value's own.
    """

    def __init__(self, value=0, dtype=dtypes.float32, verify_shape=False):
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError("Invalid type for initial value: %s (expected Python scalar, list or "
                            "tuple of values, or numpy.ndarray)." % type(value))
        super().__init__(dtype)
        self.value = value
        self._verify_shape = verify_shape

    def __call__(self, shape, dtype=None, partition_info=None, verify_shape=None):
        if verify_shape is None:
            verify_shape = self._verify_shape
        return constant_op.constant(self.value, dtype=self._dtype(dtype), shape=shape,
                                    verify_shape=verify_shape)

    def get_config(self):
        return {"value": self.value, "dtype": self.dtype.name}


class RandomUniform(_WithDtype):
    """Evenly from [minval, maxval); maxval is 1 if left out, and must be given for integers."""

    def __init__(self, minval=0, maxval=None, seed=None, dtype=dtypes.float32):
        super().__init__(dtype)
        self.minval = minval
        self.maxval = maxval
        self.seed = seed

    def __call__(self, shape, dtype=None, partition_info=None):
        return random_ops.random_uniform(shape, self.minval, self.maxval, self._dtype(dtype),
                                         seed=self.seed)

    def get_config(self):
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed,
                "dtype": self.dtype.name}


class _Normal(_WithDtype):

    def __init__(self, mean=0.0, stddev=1.0, seed=None, dtype=dtypes.float32):
        super().__init__(_floating(dtype))
        self.mean = mean
        self.stddev = stddev
        self.seed = seed

    def get_config(self):
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed,
                "dtype": self.dtype.name}


class RandomNormal(_Normal):
    """From a normal distribution."""

    def __call__(self, shape, dtype=None, partition_info=None):
        return random_ops.random_normal(shape, self.mean, self.stddev, self._dtype(dtype),
                                        seed=self.seed)


class TruncatedNormal(_Normal):
    """From a normal distribution, nothing further than two deviations from the mean."""

    def __call__(self, shape, dtype=None, partition_info=None):
        return random_ops.truncated_normal(shape, self.mean, self.stddev, self._dtype(dtype),
                                           seed=self.seed)


class UniformUnitScaling(_WithDtype):
    """Evenly from a range that keeps the scale of a linear layer's output near that of its input.
    """

    def __init__(self, factor=1.0, seed=None, dtype=dtypes.float32):
        super().__init__(_floating(dtype))
        self.factor = factor
        self.seed = seed

    def __call__(self, shape, dtype=None, partition_info=None):
        inputs = 1.0
        for dim in _whole(shape, partition_info)[:-1]:
            inputs *= float(dim)
        limit = math.sqrt(3 / max(inputs, 1.0)) * self.factor
        return random_ops.random_uniform(shape, -limit, limit, self._dtype(dtype), seed=self.seed)

    def get_config(self):
        return {"factor": self.factor, "seed": self.seed, "dtype": self.dtype.name}


class VarianceScaling(_WithDtype):
    """Of a variance that follows from how many inputs and outputs an element connects.

    The variance is `scale` / n, where n is the number of inputs ("fan_in"), of outputs
    ("fan_out"), or the mean of both ("fan_avg").

    Raises:
      ValueError: scale not positive, or a mode or distribution that there is not.
    """

    def __init__(self, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None,
                 dtype=dtypes.float32):
        if scale <= 0.:
            raise ValueError("`scale` must be positive float.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ValueError("Invalid `mode` argument:", mode)
        distribution = distribution.lower()
        if distribution not in ("normal", "uniform", "truncated_normal", "untruncated_normal"):
            raise ValueError("Invalid `distribution` argument:", distribution)
        super().__init__(_floating(dtype))
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.seed = seed

    def __call__(self, shape, dtype=None, partition_info=None):
        dtype = self._dtype(dtype)
        fan_in, fan_out = _compute_fans(_whole(shape, partition_info))
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.}[self.mode]
        variance = self.scale / max(1., fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random_ops.random_uniform(shape, -limit, limit, dtype, seed=self.seed)
        stddev = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return random_ops.random_normal(shape, 0.0, stddev, dtype, seed=self.seed)
        return random_ops.truncated_normal(shape, 0.0, stddev / _TRUNCATED_DEVIATION, dtype,
                                           seed=self.seed)

    def get_config(self):
        return {"scale": self.scale, "mode": self.mode, "distribution": self.distribution,
                "seed": self.seed, "dtype": self.dtype.name}


class _NamedScaling(VarianceScaling):
    """A VarianceScaling known by a name of its own, which leaves only the seed and dtype to
    choose."""

    _scaling = None

    def __init__(self, seed=None, dtype=dtypes.float32):
        scale, mode, distribution = self._scaling
        super().__init__(scale, mode, distribution, seed, dtype)

    def get_config(self):
        return {"seed": self.seed, "dtype": self.dtype.name}


class GlorotUniform(_NamedScaling):
    """Evenly within sqrt(6 / (inputs + outputs)) of 0; also known as Xavier's."""

    _scaling = 1.0, "fan_avg", "uniform"


class GlorotNormal(_NamedScaling):
    """A truncated normal distribution of variance 2 / (inputs + outputs)."""

    _scaling = 1.0, "fan_avg", "truncated_normal"


class Orthogonal(_WithDtype):
    """A matrix with orthonormal rows or columns (whichever are fewer), times `gain`.

    More than two dimensions are taken as a matrix whose columns are the last of them.

    Raises:
      ValueError: on a call with less than two dimensions.
    """

    def __init__(self, gain=1.0, seed=None, dtype=dtypes.float32):
        super().__init__(_floating(dtype))
        self.gain = gain
        self.seed = seed

    def __call__(self, shape, dtype=None, partition_info=None):
        from weft.python.ops import array_ops
        if len(shape) < 2:
            raise ValueError("The tensor to initialize must be at least two-dimensional")
        columns = int(shape[-1])
        rows = 1
        for dim in shape[:-1]:
            rows *= int(dim)
        q = _orthonormal(max(rows, columns), min(rows, columns), self._dtype(dtype), self.seed)
        if rows < columns:
            q = array_ops.matrix_transpose(q)
        return self.gain * array_ops.reshape(q, shape)

    def get_config(self):
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}


class ConvolutionDeltaOrthogonal(_WithDtype):
    """Kernels of a convolution that keep norms: orthonormal in the middle, 0 elsewhere.

    The shape is [spatial..., inputs, outputs] with one to three spatial dimensions.

    Raises:
      ValueError: on a call with another rank, or more inputs than outputs.
    """

    def __init__(self, gain=1.0, seed=None, dtype=dtypes.float32):
        super().__init__(_floating(dtype))
        self.gain = gain
        self.seed = seed

    def __call__(self, shape, dtype=None, partition_info=None):
        if not 3 <= len(shape) <= 5:
            raise ValueError("The tensor to initialize must be at least three-dimensional and at "
                             "most five-dimensional")
        if shape[-2] > shape[-1]:
            raise ValueError("In_filters cannot be greater than out_filters.")
        dtype = self._dtype(dtype)
        q = _orthonormal(shape[-1], shape[-1], dtype, self.seed)
        q = q[:shape[-2], :] * ops.convert_to_tensor(math.sqrt(self.gain), dtype=dtype)
        middle = [[(n - 1) // 2 for n in shape[:-2]]]
        return gen.ScatterNd(middle, ops.convert_to_tensor([q]), list(shape))

    def get_config(self):
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}


class Identity(_WithDtype):
    """The identity matrix, times `gain`.

    Raises:
      ValueError: on a call with another number of dimensions than two.
    """

    def __init__(self, gain=1.0, dtype=dtypes.float32):
        super().__init__(_floating(dtype))
        self.gain = gain

    def __call__(self, shape, dtype=None, partition_info=None):
        from weft.python.ops import array_ops
        from weft.python.ops import linalg_ops
        whole = _whole(shape, partition_info)
        if len(whole) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        value = linalg_ops.eye(*whole, dtype=self._dtype(dtype))
        if partition_info is not None:
            value = array_ops.slice(value, partition_info.var_offset, shape)
        return self.gain * value

    def get_config(self):
        return {"gain": self.gain, "dtype": self.dtype.name}


def _orthonormal(rows, columns, dtype, seed):
    """A [rows, columns] matrix (rows >= columns) of orthonormal columns, all such equally likely.
    """
    from weft.python.ops import array_ops
    drawn = random_ops.random_normal([rows, columns], dtype=dtype, seed=seed)
    q, r = gen.Qr(drawn, full_matrices=False)
    # Qr alone prefers some matrices: its signs are not drawn at random.
    return q * gen.Sign(array_ops.diag_part(r))


def _floating(dtype):
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError("Expected floating point type, got %s." % dtype)
    return dtype


def _whole(shape, partition_info):
    return shape if partition_info is None else partition_info.full_shape


def _compute_fans(shape):
    """How many inputs and outputs an element of a kernel of this shape connects."""
    shape = [int(dim) for dim in shape]
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    area = 1
    for dim in shape[:-2]:
        area *= dim
    return area * shape[-2], area * shape[-1]


zeros_initializer = Zeros
ones_initializer = Ones
constant_initializer = Constant
random_uniform_initializer = RandomUniform
random_normal_initializer = RandomNormal
truncated_normal_initializer = TruncatedNormal
uniform_unit_scaling_initializer = UniformUnitScaling
variance_scaling_initializer = VarianceScaling
orthogonal_initializer = Orthogonal
identity_initializer = Identity
convolutional_delta_orthogonal = ConvolutionDeltaOrthogonal
glorot_uniform_initializer = GlorotUniform
glorot_normal_initializer = GlorotNormal


def he_normal(seed=None):
    """A truncated normal distribution of variance 2 / inputs."""
    return VarianceScaling(scale=2., mode="fan_in", distribution="truncated_normal", seed=seed)


def he_uniform(seed=None):
    """Evenly within sqrt(6 / inputs) of 0."""
    return VarianceScaling(scale=2., mode="fan_in", distribution="uniform", seed=seed)


def lecun_normal(seed=None):
    """A truncated normal distribution of variance 1 / inputs."""
    return VarianceScaling(scale=1., mode="fan_in", distribution="truncated_normal", seed=seed)


def lecun_uniform(seed=None):
    """Evenly within sqrt(3 / inputs) of 0."""
    return VarianceScaling(scale=1., mode="fan_in", distribution="uniform", seed=seed)
