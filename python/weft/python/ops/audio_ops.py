"""Sound: WAV files, spectrograms, and what speech models see of them."""
from weft.python.framework import gen

__all__ = ["audio_spectrogram", "decode_wav", "encode_wav", "mfcc"]


def decode_wav(contents, desired_channels=-1, desired_samples=-1, name=None):
    """(audio, sample_rate) of a WAV file of 16 bits: numbers from -1 to 1, [samples, channels]."""
    return gen.DecodeWav(contents, desired_channels=desired_channels,
                         desired_samples=desired_samples, name=name)


def encode_wav(audio, sample_rate, name=None):
    """A WAV file of 16 bits, of numbers from -1 to 1: [samples, channels]."""
    return gen.EncodeWav(audio, sample_rate, name=name)


def audio_spectrogram(input, window_size, stride, magnitude_squared=False, name=None):
    """How strong each frequency is in windows of each channel: [channels, windows, bins]."""
    return gen.AudioSpectrogram(input, window_size=window_size, stride=stride,
                                magnitude_squared=magnitude_squared, name=name)


def mfcc(spectrogram, sample_rate, upper_frequency_limit=4000, lower_frequency_limit=20,
         filterbank_channel_count=40, dct_coefficient_count=13, name=None):
    """Mel-frequency cepstral coefficients of a spectrogram of squared magnitudes."""
    return gen.Mfcc(spectrogram, sample_rate, upper_frequency_limit=upper_frequency_limit,
                    lower_frequency_limit=lower_frequency_limit,
                    filterbank_channel_count=filterbank_channel_count,
                    dct_coefficient_count=dct_coefficient_count, name=name)
