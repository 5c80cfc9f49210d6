"""tf.signal and tf.spectral: values against NumPy, and round trips."""
import numpy as np
import pytest

import weft as tf
from run import run

R = np.random.RandomState(0)


def close(got, wanted, tolerance=1e-4):
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def unknown(x):
    """x, whose shape nobody knows before the run."""
    return tf.placeholder_with_default(np.asarray(x, np.float32), None)


def some(*shape):
    return (R.randn(*shape) + 1j * R.randn(*shape)).astype(np.complex64)


# ---- Fourier ----

@pytest.mark.parametrize("name, shape", [("fft", (2, 5)), ("fft2d", (2, 3, 4)),
                                         ("fft3d", (2, 2, 3, 4))])
def test_complex(name, shape):
    x, axes = some(*shape), tuple(range(1, len(shape)))
    close(run(getattr(tf, name)(x)), np.fft.fftn(x, axes=axes))
    close(run(getattr(tf, "i" + name)(x)), np.fft.ifftn(x, axes=axes))
    close(run(getattr(tf.spectral, "i" + name)(getattr(tf.signal, name)(x))), x)
    wide = x.astype(np.complex128)
    close(run(getattr(tf, name)(wide)), np.fft.fftn(wide, axes=axes), 1e-12)


def test_names():
    x = tf.constant(some(4))
    assert tf.fft(x).op.name == "FFT" and tf.spectral.ifft(x, name="y").op.name == "y"
    assert tf.signal.rfft([1.0, 2.0]).op.name == "rfft"
    assert tf.spectral.irfft2d(some(2, 3)).shape.as_list() == [2, 4]


@pytest.mark.parametrize("length", [4, 5, 6, 9])
def test_real(length):
    x = R.randn(3, 6).astype(np.float32)
    close(run(tf.spectral.rfft(x, [length])), np.fft.rfft(x, length))
    close(run(tf.spectral.rfft(unknown(x), [length])), np.fft.rfft(x, length))
    half = some(3, 4)
    close(run(tf.spectral.irfft(half, [length])), np.fft.irfft(half, length))


def test_real_of_any_length():
    x = R.randn(2, 3, 4, 5).astype(np.float32)
    close(run(tf.signal.rfft(x)), np.fft.rfft(x))
    close(run(tf.signal.rfft(unknown(x))), np.fft.rfft(x))
    close(run(tf.signal.rfft2d(x)), np.fft.rfft2(x))
    close(run(tf.signal.rfft3d(x)), np.fft.rfftn(x, axes=(1, 2, 3)))
    close(run(tf.signal.rfft2d(x, [4, 8])), np.fft.rfft2(x, [4, 8]))
    close(run(tf.signal.rfft3d(unknown(x), [2, 5, 4])),
          np.fft.rfftn(x, [2, 5, 4], axes=(1, 2, 3)))
    close(run(tf.signal.irfft(tf.signal.rfft(x[..., :4]))), x[..., :4])
    close(run(tf.signal.irfft2d(tf.signal.rfft2d(x[..., :4]))), x[..., :4])
    close(run(tf.signal.irfft3d(tf.signal.rfft3d(x, [3, 4, 6]), [3, 4, 6])),
          np.pad(x, [(0, 0)] * 3 + [(0, 1)]))


def test_gradient():
    x = tf.constant(R.randn(6).astype(np.float32))
    power = tf.reduce_sum(tf.square(tf.abs(tf.signal.rfft(x))) * [0.5, 1, 1, 0.5])
    close(run(tf.gradients(power, x)[0]), 6 * run(x))


def test_shift():
    for n in (4, 5):
        x = R.randn(n, 3).astype(np.float32)
        for axes in (None, 0, -1, (0, 1), [1]):
            close(run(tf.signal.fftshift(x, axes)), np.fft.fftshift(x, axes))
            close(run(tf.signal.ifftshift(x, axes)), np.fft.ifftshift(x, axes))


# ---- cosines ----

def cosine(x, type):
    n = x.shape[-1]
    k, j = np.arange(n)[:, None], np.arange(n)[None, :]
    if type == 1:
        table = 2 * np.cos(np.pi * k * j / (n - 1))
        table[:, 0] /= 2
        table[:, -1] /= 2
    elif type == 2:
        table = 2 * np.cos(np.pi * k * (2 * j + 1) / (2 * n))
    else:
        table = 2 * np.cos(np.pi * (2 * k + 1) * j / (2 * n))
        table[:, 0] /= 2
    return x @ table.T


@pytest.mark.parametrize("type", [1, 2, 3])
@pytest.mark.parametrize("n", [4, 5])
def test_dct(type, n):
    x = R.randn(2, n).astype(np.float32)
    close(run(tf.signal.dct(x, type)), cosine(x, type))
    close(run(tf.spectral.dct(x, type, n=3)), cosine(x[:, :3], type))
    close(run(tf.spectral.dct(x, type, n=7)), cosine(np.pad(x, [(0, 0), (0, 7 - n)]), type))
    scale = 2 * (n - 1) if type == 1 else 2 * n
    close(run(tf.signal.idct(tf.signal.dct(x, type), type)) / scale, x)


def test_orthogonal_dct():
    for type in (2, 3):
        table = run(tf.signal.dct(np.eye(6, dtype=np.float32), type, norm="ortho"))
        close(table @ table.T, np.eye(6))
        x = R.randn(6).astype(np.float32)
        close(run(tf.signal.idct(tf.signal.dct(x, type, norm="ortho"), type, norm="ortho")), x)


@pytest.mark.parametrize("options, error", [
    (dict(type=4), "Types I, II and III"), (dict(n=0), "positive integer or None"),
    (dict(norm="other"), "Unknown normalization"), (dict(type=1, norm="ortho"), "Type-I")])
def test_dct_refuses(options, error):
    with pytest.raises(ValueError, match=error):
        tf.signal.dct([1.0, 2.0], **options)


# ---- frames and windows ----

@pytest.mark.parametrize("hide", [lambda x: x, unknown])
def test_frame(hide):
    x = np.arange(9, dtype=np.float32)
    close(run(tf.signal.frame(hide(x), 4, 2)), [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]])
    close(run(tf.signal.frame(hide(x), 4, 3, pad_end=True, pad_value=-1)),
          [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, -1]])
    close(run(tf.signal.frame(hide(x), 3, 5)), [[0, 1, 2], [5, 6, 7]])
    assert run(tf.signal.frame(hide(x), 10, 1)).shape == (0, 10)
    columns = np.stack([x, 10 + x], 1)
    close(run(tf.signal.frame(hide(columns), 4, 4, axis=0)), columns[:8].reshape(2, 4, 2))


def test_frame_shape():
    assert tf.signal.frame(tf.zeros([3, 9]), 4, 2).shape.as_list() == [3, 3, 4]
    assert tf.signal.frame(tf.zeros([3, 9]), 4, 2, pad_end=True).shape.as_list() == [3, 5, 4]


@pytest.mark.parametrize("hide", [lambda x: x, unknown])
@pytest.mark.parametrize("step", [1, 2, 3, 4, 6])
def test_overlap_and_add(hide, step):
    x = R.randn(2, 5, 4).astype(np.float32)
    wanted = np.zeros([2, 4 + step * 4], np.float32)
    for i in range(5):
        wanted[:, i * step:i * step + 4] += x[:, i]
    close(run(tf.signal.overlap_and_add(hide(x), step)), wanted)


def test_windows():
    for n in (2, 5, 8):
        close(run(tf.signal.hann_window(n, periodic=False)), np.hanning(n))
        close(run(tf.signal.hamming_window(n, periodic=False)), np.hamming(n))
        around = n if n % 2 else n + 1
        close(run(tf.signal.hann_window(n)), np.hanning(around)[:n])
        close(run(tf.signal.hamming_window(tf.placeholder_with_default(n, []))),
              np.hamming(around)[:n])
    close(run(tf.signal.hann_window(1)), [1])
    close(run(tf.signal.hann_window(tf.placeholder_with_default(1, []))), [1])
    with pytest.raises(ValueError, match="floating point"):
        tf.signal.hann_window(4, dtype=tf.int32)


# ---- spectra of frames ----

def test_stft():
    x = R.randn(2, 40).astype(np.float32)
    window = np.hanning(13)[:12]
    frames = np.stack([x[:, i * 5:i * 5 + 12] for i in range(6)], 1)
    got = tf.signal.stft(x, 12, 5)
    assert got.shape.as_list() == [2, 6, 9]
    close(run(got), np.fft.rfft(frames * window, 16))
    close(run(tf.contrib.signal.stft(x, 12, 5, fft_length=20, window_fn=None)),
          np.fft.rfft(frames, 20))


@pytest.mark.parametrize("length, step, size", [(16, 4, 16), (12, 3, 16), (10, 4, 10)])
def test_there_and_back(length, step, size):
    x = R.randn(60).astype(np.float32)
    spectra = tf.signal.stft(x, length, step, fft_length=size)
    back = run(tf.signal.inverse_stft(spectra, length, step, fft_length=size,
                                      window_fn=tf.signal.inverse_stft_window_fn(step)))
    close(back[length:-length], x[length:len(back) - length])


def test_mel():
    weights = run(tf.signal.linear_to_mel_weight_matrix(5, 33, 8000, 100.0, 3000.0))
    mel = lambda hertz: 1127 * np.log(1 + np.asarray(hertz) / 700)
    edges = np.linspace(mel(100), mel(3000), 7)
    bins = mel(np.linspace(0, 4000, 33))[:, None]
    wanted = np.maximum(0, np.minimum((bins - edges[:-2]) / np.diff(edges)[:-1],
                                      (edges[2:] - bins) / np.diff(edges)[1:]))
    wanted[0] = 0
    close(weights, wanted)
    for options in (dict(num_mel_bins=0), dict(sample_rate=0.0), dict(lower_edge_hertz=-1.0),
                    dict(lower_edge_hertz=200.0, upper_edge_hertz=100.0),
                    dict(upper_edge_hertz=5000.0), dict(dtype=tf.int32)):
        with pytest.raises(ValueError):
            tf.signal.linear_to_mel_weight_matrix(**options)


def test_mfcc():
    x = R.randn(3, 8).astype(np.float32)
    close(run(tf.signal.mfccs_from_log_mel_spectrograms(x)), cosine(x, 2) / np.sqrt(16))
    close(run(tf.signal.mfccs_from_log_mel_spectrograms(unknown(x))), cosine(x, 2) / np.sqrt(16))
