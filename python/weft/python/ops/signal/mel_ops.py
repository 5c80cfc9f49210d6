"""The mel scale, on which pitches that sound equally far apart are."""

from weft.python.framework import dtypes, ops, tensor_util
from weft.python.ops import array_ops, math_ops
from weft.python.ops.signal import shape_ops

__all__ = ["linear_to_mel_weight_matrix"]

_BREAK_HERTZ = 700.0
_HIGH_FREQUENCY_Q = 1127.0


def linear_to_mel_weight_matrix(num_mel_bins=20, num_spectrogram_bins=129, sample_rate=8000,
                                lower_edge_hertz=125.0, upper_edge_hertz=3800.0,
                                dtype=dtypes.float32, name=None):
    """[num_spectrogram_bins, num_mel_bins]: spectra of bins from 0 to half of sample_rate, times
    this, are sums in bands, triangles that are equally wide in mel, from edge to edge."""
    dtype = dtypes.as_dtype(dtype)
    with ops.name_scope(name, "linear_to_mel_weight_matrix") as name:
        if isinstance(sample_rate, ops.Tensor):
            known = tensor_util.constant_value(sample_rate)
            sample_rate = sample_rate if known is None else known
        _check(num_mel_bins, sample_rate, lower_edge_hertz, upper_edge_hertz, dtype)
        zero = ops.convert_to_tensor(0.0, dtype=dtype)
        nyquist = math_ops.cast(sample_rate, dtype) / 2.0
        # The bin of frequency 0 is in no band.
        hertz = math_ops.linspace(zero, nyquist, num_spectrogram_bins)[1:]
        bins = array_ops.expand_dims(_mel(hertz), 1)
        lower = _mel(ops.convert_to_tensor(lower_edge_hertz, dtype=dtype))
        upper = _mel(ops.convert_to_tensor(upper_edge_hertz, dtype=dtype))
        edges = shape_ops.frame(math_ops.linspace(lower, upper, num_mel_bins + 2),
                                frame_length=3, frame_step=1)
        low, center, high = (array_ops.reshape(edge, [1, num_mel_bins])
                             for edge in array_ops.split(edges, 3, axis=1))
        rising = (bins - low) / (center - low)
        falling = (high - bins) / (high - center)
        weights = math_ops.maximum(zero, math_ops.minimum(rising, falling))
        return array_ops.pad(weights, [[1, 0], [0, 0]], name=name)


def _mel(hertz):
    return _HIGH_FREQUENCY_Q * math_ops.log(1.0 + hertz / _BREAK_HERTZ)


def _check(num_mel_bins, sample_rate, lower, upper, dtype):
    if num_mel_bins <= 0:
        raise ValueError("num_mel_bins must be positive. Got: %s" % num_mel_bins)
    if lower < 0.0:
        raise ValueError("lower_edge_hertz must be non-negative. Got: %s" % lower)
    if lower >= upper:
        raise ValueError("lower_edge_hertz %.1f >= upper_edge_hertz %.1f" % (lower, upper))
    if not isinstance(sample_rate, ops.Tensor):
        if sample_rate <= 0.0:
            raise ValueError("sample_rate must be positive. Got: %s" % sample_rate)
        if upper > sample_rate / 2:
            raise ValueError("upper_edge_hertz must not be larger than the Nyquist frequency "
                             "(sample_rate / 2). Got %s for sample_rate: %s" %
                             (upper, sample_rate))
    if not dtype.is_floating:
        raise ValueError("dtype must be a floating point type. Got: %s" % dtype)
