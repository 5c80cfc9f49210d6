"""Cosine transforms of types I, II and III, by way of Fourier's."""

import math

from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, math_ops
from weft.python.ops.signal import fft_ops, util_ops

__all__ = ["dct", "idct"]


def dct(input, type=2, n=None, axis=-1, norm=None, name=None):
    """The cosine transform of the last axis.

    Args:
      input: float32 reals.
      type: 1, 2 or 3.
      n: how many numbers are transformed; the input is cut or padded with zeros.
      axis: -1.
      norm: None, or "ortho" for an orthogonal transform (types 2 and 3).
    """
    with ops.name_scope(name, "dct", [input]):
        x = ops.convert_to_tensor(input, dtype=dtypes.float32)
        _check(x, type, n, axis, norm)
        x = x if n is None else util_ops.fit(x, n)
        size = _size(x)
        size = array_ops.shape(x)[-1] if size is None else size
        return {1: _first, 2: _second, 3: _third}[type](x, size, norm)


def idct(input, type=2, n=None, axis=-1, norm=None, name=None):
    """The inverse of `dct` of the same type; but for "ortho", up to a factor of twice the size."""
    inverse = {1: 1, 2: 3, 3: 2}.get(type, type)
    return dct(input, type=inverse, n=n, axis=axis, norm=norm, name=name)


def _size(x):
    return x.shape.as_list()[-1] if x.shape.ndims else None


def _check(x, type, n, axis, norm):
    if axis != -1:
        raise NotImplementedError("axis must be -1. Got: %s" % axis)
    if n is not None and n < 1:
        raise ValueError("n should be a positive integer or None")
    if type not in (1, 2, 3):
        raise ValueError("Only Types I, II and III (I)DCT are supported.")
    if type == 1:
        if norm == "ortho":
            raise ValueError("Normalization is not supported for the Type-I DCT.")
        size = _size(x)
        if size is not None and size < 2:
            raise ValueError("Type-I DCT requires the dimension to be greater than one.")
    if norm not in (None, "ortho"):
        raise ValueError("Unknown normalization. Expected None or 'ortho', got: %s" % norm)


def _first(x, size, norm):
    mirrored = array_ops.concat([x, x[..., -2:0:-1]], axis=-1)
    return math_ops.real(fft_ops.rfft(mirrored))


def _second(x, size, norm):
    count = math_ops.cast(size, dtypes.float32)
    angle = -math_ops.range(count) * math.pi * 0.5 / count
    scale = 2.0 * math_ops.exp(math_ops.complex(0.0, angle))
    spectrum = fft_ops.rfft(x, fft_length=[2 * size])[..., :size]
    result = math_ops.real(spectrum * scale)
    if norm != "ortho":
        return result
    first = 0.5 * math_ops.rsqrt(count)
    return result * _weights(first, first * math.sqrt(2.0), size)


def _third(x, size, norm):
    count = math_ops.cast(size, dtypes.float32)
    if norm == "ortho":
        first = math_ops.sqrt(count)
        x *= _weights(first, first * math.sqrt(0.5), size)
    else:
        x *= count
    angle = math_ops.range(count) * math.pi * 0.5 / count
    scale = 2.0 * math_ops.exp(math_ops.complex(0.0, angle))
    spectrum = scale * math_ops.complex(x, 0.0)
    return fft_ops.irfft(spectrum, fft_length=[2 * size])[..., :size]


def _weights(first, others, size):
    """[first, others, others...]"""
    return array_ops.pad(array_ops.expand_dims(first, 0), [[0, size - 1]], constant_values=others)
