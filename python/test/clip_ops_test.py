"""Clipping: values, names, what is not dense."""
import numpy as np
import pytest

import weft as tf
from run import run


def made():
    return ["%s:%s" % (op.name, op.type) for op in tf.get_default_graph().get_operations()]


def test_clip_by_value():
    y = tf.clip_by_value(tf.constant([1.0, 5.0, -3.0], name="x"), -1, 2)
    assert made() == ["x:Const", "clip_by_value/Minimum/y:Const", "clip_by_value/Minimum:Minimum",
                      "clip_by_value/y:Const", "clip_by_value:Maximum"]
    np.testing.assert_array_equal(run(y), [1, 2, -1])
    with pytest.raises(ValueError):
        tf.clip_by_value(tf.constant([1.0, 2.0]), [[1.0], [2.0]], 5.0)


def test_clip_by_norm():
    np.testing.assert_allclose(run(tf.clip_by_norm([3.0, 4.0], 1.0)), [0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(run(tf.clip_by_norm([0.3, 0.4], 1.0)), [0.3, 0.4], rtol=1e-6)
    rows = run(tf.clip_by_norm([[3.0, 4.0], [0.0, 0.5]], 1.0, axes=[1]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0.5]], rtol=1e-6)
    x = tf.constant([0.0, 0.0])
    np.testing.assert_array_equal(run(tf.gradients(tf.clip_by_norm(x, 1.0), x)[0]), [1, 1])


def test_clip_by_average_norm():
    np.testing.assert_allclose(run(tf.clip_by_average_norm([3.0, 4.0], 1.0)), [1.2, 1.6],
                               rtol=1e-6)


def test_clip_by_global_norm():
    slices = tf.IndexedSlices(tf.constant([[4.0]]), tf.constant([2]), tf.constant([5, 1]))
    clipped, norm = tf.clip_by_global_norm([tf.constant([3.0]), None, slices], 1.0)
    assert clipped[1] is None and isinstance(clipped[2], tf.IndexedSlices)
    assert norm.op.name == "global_norm/global_norm"
    assert clipped[0].op.name == "clip_by_global_norm/clip_by_global_norm/_0"
    np.testing.assert_allclose(run(clipped[0]), [0.6], rtol=1e-6)
    np.testing.assert_allclose(run(clipped[2].values), [[0.8]], rtol=1e-6)
    assert run(norm) == 5
    assert np.isnan(run(tf.clip_by_global_norm([tf.constant([np.inf])], 1.0)[0][0]))[0]
    unclipped, _ = tf.clip_by_global_norm([tf.constant([3.0])], 10.0)
    np.testing.assert_allclose(run(unclipped[0]), [3])
    with pytest.raises(TypeError, match="t_list should be a sequence"):
        tf.clip_by_global_norm(tf.constant([1.0]), 1.0)
