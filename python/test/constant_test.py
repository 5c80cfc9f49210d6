"""Constants out of what Python has that no tensor has."""
import numpy as np
import pytest
import weft as tf


def value(t):
    with tf.Session() as sess:
        return sess.run(t)


def test_integers_too_large_for_numpy_are_floats_where_floats_are_asked_for():
    assert value(tf.constant(2 ** 70, tf.float64)) == 2.0 ** 70
    assert value(tf.constant([2 ** 70, 0.5], tf.float32)).tolist() == [2.0 ** 70, 0.5]
    np.testing.assert_array_equal(value(tf.ones([2]) * 2 ** 64), [2.0 ** 64] * 2)
    assert value(2 ** 80 / tf.constant(2.0 ** 79)) == 2
    with pytest.raises(TypeError, match="Failed to convert object of type <class 'int'>"):
        tf.constant(2 ** 70)
    with pytest.raises(TypeError, match="Expected int64, got 1180591620717411303424"):
        tf.constant(2 ** 70, tf.int64)


def test_tensors_in_lists_are_no_constants():
    x = tf.constant(1)
    with pytest.raises(TypeError, match="List of Tensors when single Tensor expected"):
        tf.constant([x, 2])
    with pytest.raises(TypeError, match="Expected int32, got list containing Tensors"):
        tf.constant([[x], [2]], tf.int32)
    assert value(tf.convert_to_tensor([x, 2])).tolist() == [1, 2]
