"""tf.audio, contrib's audio_ops; the decoders of tf.nn that need no places in time."""
import numpy as np
import pytest
import weft as tf
from run import run


def test_wav_there_and_back():
    sound = np.array([[0.5, -0.25], [0, 0.125]], np.float32)
    audio, rate = tf.audio.decode_wav(tf.audio.encode_wav(sound, 16000), name="w")
    assert audio.name == "w:0" and rate.name == "w:1"
    got = run([audio, rate])
    np.testing.assert_array_equal(got[0], sound)
    assert got[1] == 16000
    more = tf.audio.decode_wav(tf.audio.encode_wav(sound, 16000), 1, 3)[0]
    assert more.get_shape().as_list() == [3, 1]
    np.testing.assert_array_equal(run(more), [[0.5], [0], [0]])


def test_spectrogram_and_mfcc():
    from weft.contrib.framework.python.ops import audio_ops
    x = np.random.RandomState(0).uniform(-1, 1, (480, 1)).astype(np.float32)
    s = audio_ops.audio_spectrogram(x, window_size=400, stride=40, magnitude_squared=True)
    assert s.op.type == "AudioSpectrogram" and s.get_shape().as_list() == [1, 3, 257]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    want = [np.abs(np.fft.rfft(x[i:i + 400, 0] * window, 512)) ** 2 for i in (0, 40, 80)]
    np.testing.assert_allclose(run(s)[0], want, rtol=1e-4, atol=1e-5)
    m = audio_ops.mfcc(s, 16000, dct_coefficient_count=10)
    assert m.get_shape().as_list() == [1, 3, 10] and run(m).shape == (1, 3, 10)


def test_decoders():
    logits = np.log(np.array([[[0.1, 0.6, 0.3]], [[0.1, 0.6, 0.3]]], np.float32))
    (best,), scores = tf.nn.ctc_greedy_decoder(logits, [2])
    got, score = run([best, scores])
    assert got.values.tolist() == [1] and got.dense_shape.tolist() == [1, 1]
    np.testing.assert_allclose(score, [[-2 * np.log(0.6)]], rtol=1e-5)
    paths, log_p = tf.nn.ctc_beam_search_decoder(logits, [2], beam_width=10, top_paths=2)
    got, p = run([paths, log_p])
    assert got[0].values.tolist() == [1] and len(got) == 2
    np.testing.assert_allclose(np.exp(p[0, 0]), 0.6 * 0.6 + 2 * 0.6 * 0.3, rtol=1e-5)
    again, q = tf.nn.ctc_beam_search_decoder_v2(logits, [2], 10, 1)
    assert again[0].op.get_attr("merge_repeated") is False
    np.testing.assert_allclose(run(q), p[:, :1])


def test_loss():
    labels = tf.SparseTensor([[0, 0]], [1], [1, 1])
    logits = tf.zeros([1, 2, 3])
    loss = tf.nn.ctc_loss(labels, logits, [2], time_major=False)
    # the label in either frame with a blank in the other, or in both: 3 of 9 ways
    np.testing.assert_allclose(run(loss), [np.log(3)], rtol=1e-5)
    assert tf.gradients(loss, logits)[0].get_shape().as_list() == [1, 2, 3]
    with pytest.raises(TypeError, match="Expected labels"):
        tf.nn.ctc_loss(tf.constant([1]), logits, [2])


def test_boxes_by_chance():
    begin, size, box = tf.image.sample_distorted_bounding_box(
        [40, 50, 3], [[[0.1, 0.2, 0.5, 0.6]]], seed=7, seed2=3)
    got = run([begin, size, box])
    assert got[0].tolist() == [0, 3, 0] and got[1].tolist() == [40, 39, -1]
    np.testing.assert_allclose(got[2], [[[0, 0.06, 1, 0.84]]])
