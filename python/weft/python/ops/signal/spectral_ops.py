"""Short-time Fourier transforms: spectra of frames, and back."""

import functools

from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, math_ops
from weft.python.ops.signal import (
    fft_ops, reconstruction_ops, shape_ops, util_ops, window_ops)

__all__ = ["inverse_stft", "inverse_stft_window_fn", "stft"]

_HANN = functools.partial(window_ops.hann_window, periodic=True)


def stft(signals, frame_length, frame_step, fft_length=None, window_fn=_HANN, pad_end=False,
         name=None):
    """The spectra [..., frames, fft_length / 2 + 1] of the frames of the last axis.

    Args:
      signals: float32 reals.
      frame_length, frame_step: as in `frame`.
      fft_length: the size of each transform; the least power of two that holds a frame.
      window_fn: called with a frame's length and `dtype`, gives its weights; None for none.
      pad_end: as in `frame`.
    """
    with ops.name_scope(name, "stft", [signals, frame_length, frame_step]):
        signals = ops.convert_to_tensor(signals, name="signals")
        signals.shape.with_rank_at_least(1)
        frame_length = _scalar(frame_length, "frame_length")
        frame_step = _scalar(frame_step, "frame_step")
        fft_length = _fft_length(fft_length, frame_length)
        framed = shape_ops.frame(signals, frame_length, frame_step, pad_end=pad_end)
        if window_fn is not None:
            framed *= window_fn(frame_length, dtype=framed.dtype)
        return fft_ops.rfft(framed, [fft_length])


def inverse_stft(stfts, frame_length, frame_step, fft_length=None, window_fn=_HANN, name=None):
    """Signals from spectra [..., frames, fft_length / 2 + 1], weighted by a window and summed.

    To get back what `stft` was given, take `inverse_stft_window_fn` as the window."""
    with ops.name_scope(name, "inverse_stft", [stfts]):
        stfts = ops.convert_to_tensor(stfts, name="stfts")
        stfts.shape.with_rank_at_least(2)
        frame_length = _scalar(frame_length, "frame_length")
        frame_step = _scalar(frame_step, "frame_step")
        fft_length = _fft_length(fft_length, frame_length)
        frames = util_ops.fit(fft_ops.irfft(stfts, [fft_length]), frame_length)
        if window_fn is not None:
            frames *= window_fn(frame_length, dtype=stfts.dtype.real_dtype)
        return reconstruction_ops.overlap_and_add(frames, frame_step)


def inverse_stft_window_fn(frame_step, forward_window_fn=_HANN, name=None):
    """A window for `inverse_stft` that undoes the one that `stft` was given: the sum of both, where
    frames overlap, is 1."""
    with ops.name_scope(name, "inverse_stft_window_fn", [frame_step]):
        frame_step = _scalar(frame_step, "frame_step")

    def window_fn(frame_length, dtype):
        with ops.name_scope(name, "inverse_stft_window_fn", [frame_length]):
            frame_length = _scalar(frame_length, "frame_length")
            window = forward_window_fn(frame_length, dtype=dtype)
            overlaps = -(-frame_length // frame_step)
            energy = array_ops.pad(math_ops.square(window),
                                   [(0, overlaps * frame_step - frame_length)])
            energy = array_ops.reshape(energy, array_ops.stack([overlaps, frame_step]))
            energy = math_ops.reduce_sum(energy, 0, keepdims=True)
            energy = array_ops.tile(energy, array_ops.stack([overlaps, 1]))
            energy = array_ops.reshape(energy, array_ops.stack([overlaps * frame_step]))
            return window / energy[:frame_length]
    return window_fn


def _scalar(x, name):
    x = ops.convert_to_tensor(x, dtype=dtypes.int32, name=name)
    x.shape.assert_has_rank(0)
    return x


def _fft_length(fft_length, frame_length):
    if fft_length is None:
        return util_ops.enclosing_power_of_two(frame_length)
    return _scalar(fft_length, "fft_length")
