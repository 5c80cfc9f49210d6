"""Fourier transforms of the last one, two or three axes."""

from weft.python.framework import dtypes, gen, ops, tensor_util
from weft.python.ops import array_ops, manip_ops, math_ops

__all__ = [
    "fft", "fft2d", "fft3d", "fftshift", "ifft", "ifft2d", "ifft3d", "ifftshift", "irfft",
    "irfft2d", "irfft3d", "rfft", "rfft2d", "rfft3d",
]


def fft(input, name=None):
    """The Fourier transform of complex numbers over the last axis."""
    return gen.FFT(input, name=name)


def ifft(input, name=None):
    """The inverse of `fft`."""
    return gen.IFFT(input, name=name)


def fft2d(input, name=None):
    """The Fourier transform of complex numbers over the last two axes."""
    return gen.FFT2D(input, name=name)


def ifft2d(input, name=None):
    """The inverse of `fft2d`."""
    return gen.IFFT2D(input, name=name)


def fft3d(input, name=None):
    """The Fourier transform of complex numbers over the last three axes."""
    return gen.FFT3D(input, name=name)


def ifft3d(input, name=None):
    """The inverse of `fft3d`."""
    return gen.IFFT3D(input, name=name)


def rfft(input_tensor, fft_length=None, name=None):
    """The first half, n/2 + 1 numbers, of the Fourier transform of n reals of the last axis.

    fft_length: [n]; the input is cut or padded with zeros to it. Its own length if left out."""
    return _rfft(gen.RFFT, 1, "rfft", input_tensor, fft_length, name)


def rfft2d(input_tensor, fft_length=None, name=None):
    """`rfft` over the last two axes; fft_length has two numbers, the last axis is halved."""
    return _rfft(gen.RFFT2D, 2, "rfft2d", input_tensor, fft_length, name)


def rfft3d(input_tensor, fft_length=None, name=None):
    """`rfft` over the last three axes; fft_length has three numbers, the last axis is halved."""
    return _rfft(gen.RFFT3D, 3, "rfft3d", input_tensor, fft_length, name)


def irfft(input_tensor, fft_length=None, name=None):
    """The inverse of `rfft`: n reals from n/2 + 1 complex numbers.

    fft_length: [n]; if left out the n that is even."""
    return _irfft(gen.IRFFT, 1, "irfft", input_tensor, fft_length, name)


def irfft2d(input_tensor, fft_length=None, name=None):
    """The inverse of `rfft2d`."""
    return _irfft(gen.IRFFT2D, 2, "irfft2d", input_tensor, fft_length, name)


def irfft3d(input_tensor, fft_length=None, name=None):
    """The inverse of `rfft3d`."""
    return _irfft(gen.IRFFT3D, 3, "irfft3d", input_tensor, fft_length, name)


def _rfft(op, rank, default_name, x, fft_length, name):
    return _real(op, rank, default_name, x, fft_length, name, dtypes.float32, _length_of, False)


def _irfft(op, rank, default_name, x, fft_length, name):
    return _real(op, rank, default_name, x, fft_length, name, dtypes.complex64,
                 _length_for_half, True)


def _real(op, rank, default_name, x, fft_length, name, dtype, length_of, half):
    with ops.name_scope(name, default_name, [x, fft_length]) as name:
        x = ops.convert_to_tensor(x, dtype=dtype)
        x.shape.with_rank_at_least(rank)
        if fft_length is None:
            fft_length = length_of(x, rank)
        else:
            fft_length = ops.convert_to_tensor(fft_length, dtype=dtypes.int32)
        return op(_padded(x, rank, fft_length, half=half), fft_length, name=name)


def _length_of(x, rank):
    inner = x.shape[-rank:]
    if inner.is_fully_defined():
        return ops.convert_to_tensor(inner.as_list(), dtype=dtypes.int32)
    return array_ops.shape(x)[-rank:]


def _length_for_half(x, rank):
    inner = x.shape[-rank:]
    if inner.is_fully_defined():
        length = inner.as_list()
        length[-1] = max(0, 2 * (length[-1] - 1))
        return ops.convert_to_tensor(length, dtype=dtypes.int32)
    length = array_ops.unstack(array_ops.shape(x)[-rank:], num=rank)
    length[-1] = math_ops.maximum(0, 2 * (length[-1] - 1))
    return array_ops.stack(length)


def _padded(x, rank, fft_length, half):
    """x with zeros after what is shorter than fft_length; nothing of it is empty."""
    if x.shape.ndims is not None and 0 in x.shape.as_list():
        return x
    length = tensor_util.constant_value_as_shape(fft_length)
    if length.ndims is None or x.shape.ndims is None or \
            not x.shape[-length.ndims:].is_fully_defined() or not length.is_fully_defined():
        return _padded_in_run(x, rank, fft_length, half)
    length = length.as_list()
    if half:
        length[-1] = length[-1] // 2 + 1
    have = x.shape.as_list()[-len(length):]
    paddings = [[0, max(want - size, 0)] for want, size in zip(length, have)]
    if not any(after for _, after in paddings):
        return x
    return array_ops.pad(x, [[0, 0]] * max(x.shape.ndims - len(length), 0) + paddings)


def _padded_in_run(x, rank, fft_length, half):
    outer = math_ops.maximum(0, array_ops.rank(x) - rank)
    nothing = array_ops.zeros(array_ops.stack([outer]), fft_length.dtype)
    have = array_ops.shape(x)[-rank:]
    if half:
        fft_length = array_ops.concat([fft_length[:-1], fft_length[-1:] // 2 + 1], 0)
    after = array_ops.concat([nothing, math_ops.maximum(0, fft_length - have)], 0)
    return array_ops.pad(x, array_ops.stack([array_ops.zeros_like(after), after], axis=1))


def fftshift(x, axes=None, name=None):
    """The zero frequency moved from the front to the middle of the axes (all, if left out)."""
    with ops.name_scope(name, "fftshift") as name:
        x = ops.convert_to_tensor(x)
        axes, shift = _half_turn(x, axes)
        return manip_ops.roll(x, shift, axes, name=name)


def ifftshift(x, axes=None, name=None):
    """The inverse of `fftshift`; the same where sizes are even."""
    with ops.name_scope(name, "ifftshift") as name:
        x = ops.convert_to_tensor(x)
        axes, shift = _half_turn(x, axes)
        shift = [-n for n in shift] if isinstance(shift, list) else -shift
        return manip_ops.roll(x, shift, axes, name=name)


def _half_turn(x, axes):
    if axes is None:
        axes = tuple(range(x.shape.ndims))
        if x.shape.is_fully_defined():
            return axes, [size // 2 for size in x.shape.as_list()]
        return axes, array_ops.shape(x) // 2
    if isinstance(axes, int):
        return axes, array_ops.shape(x)[axes] // 2
    places = [axis % x.shape.ndims if axis < 0 else axis for axis in axes]
    return tuple(places), array_ops.gather(array_ops.shape(x), places) // 2
