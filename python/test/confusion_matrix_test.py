"""confusion_matrix and histograms."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.ops import confusion_matrix


def test_counts_and_weights():
    labels, predictions = [0, 1, 2, 2], [0, 2, 2, 2]
    m = tf.confusion_matrix(labels, predictions)
    assert run(m).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 2]] and m.dtype == tf.int32
    m = tf.confusion_matrix(labels, predictions, 4, weights=[.5, 1., 2., 1.], dtype=tf.float32)
    assert run(m)[2].tolist() == [0, 0, 3, 0] and run(m).shape == (4, 4)


def test_wrong_classes():
    p = tf.placeholder(tf.int64, [None])
    with pytest.raises(tf.errors.InvalidArgumentError, match="`labels` contains negative values"):
        run(tf.confusion_matrix(p, [0]), {p: [-1]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="`labels` out of bound"):
        run(tf.confusion_matrix(p, [0], 2), {p: [2]})


def test_squeezed():
    squeeze = confusion_matrix.remove_squeezable_dimensions
    labels, predictions = squeeze(tf.zeros([3]), tf.zeros([3, 1]))
    assert predictions.shape == labels.shape == [3]
    p = tf.placeholder(tf.float32)
    labels, _ = squeeze(p, tf.zeros([3]))
    assert run(labels, {p: np.ones((3, 1))}).shape == (3,)
    assert run(labels, {p: np.ones(3)}).shape == (3,)


def test_histogram():
    values = np.array([-1., 0, 1.5, 2, 5, 15], np.float32)
    assert run(tf.histogram_fixed_width(values, [0., 5.], nbins=5)).tolist() == [2, 1, 1, 0, 2]
    bins = tf.histogram_fixed_width_bins(values, [0., 5.], nbins=5)
    assert run(bins).tolist() == [0, 0, 1, 2, 4, 4]
