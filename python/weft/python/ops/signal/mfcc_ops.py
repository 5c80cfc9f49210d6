"""Mel-frequency cepstral coefficients."""

from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, math_ops
from weft.python.ops.signal import dct_ops

__all__ = ["mfccs_from_log_mel_spectrograms"]


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms, name=None):
    """The coefficients of logarithms of mel spectra [..., bins]: a cosine transform, scaled as the
    HTK toolkit scales it. Most programs take the first dozen."""
    with ops.name_scope(name, "mfccs_from_log_mel_spectrograms", [log_mel_spectrograms]):
        x = ops.convert_to_tensor(log_mel_spectrograms, dtype=dtypes.float32)
        bins = x.shape.as_list()[-1] if x.shape.ndims else None
        if bins == 0:
            raise ValueError("num_mel_bins must be positive. Got: %s" % x)
        bins = array_ops.shape(x)[-1] if bins is None else bins
        spectrum = dct_ops.dct(x, type=2)
        return spectrum * math_ops.rsqrt(math_ops.cast(bins, dtypes.float32) * 2.0)
