"""tf.sort, tf.dynamic_partition, tf.make_template."""
import numpy as np
import pytest
import weft as tf


def run(fetch, feed=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetch, feed)


@pytest.mark.parametrize("axis", [-1, 0, 1, -2])
def test_sort(axis):
    x = np.random.RandomState(3).rand(4, 5, 3).astype(np.float32)
    unknown = tf.placeholder(tf.float32)
    for values, feed in ((tf.constant(x), None), (unknown, {unknown: x})):
        np.testing.assert_array_equal(run(tf.sort(values, axis), feed), np.sort(x, axis))
        np.testing.assert_array_equal(run(tf.sort(values, axis, "DESCENDING"), feed),
                                      -np.sort(-x, axis))
        np.testing.assert_array_equal(run(tf.argsort(values, axis), feed), np.argsort(x, axis))


def test_sort_refuses():
    with pytest.raises(ValueError, match="UP should be one of ASCENDING, DESCENDING"):
        tf.sort([1.0], direction="UP")
    with pytest.raises(ValueError, match="axis must be constant"):
        tf.sort([1.0], tf.placeholder(tf.int32, []))
    assert tf.sort([2.0, 1.0], name="n").name.startswith("n/")


def test_partition_and_stitch():
    parts = tf.dynamic_partition([10, 20, 30, 40], [1, 0, 1, 1], 2)
    assert [p.tolist() for p in run(parts)] == [[20], [10, 30, 40]]
    assert run(tf.dynamic_stitch([[1], [0, 2]], [[5], [6, 7]])).tolist() == [6, 5, 7]


def scaled(x, by=1.0):
    return x * tf.get_variable("w", [], initializer=tf.constant_initializer(3.0)) * by


def test_templates_share_their_variables():
    f = tf.make_template("f", scaled, by=2.0)
    assert f.variable_scope is None and f.variables == []
    a, b = f(tf.constant(1.0)), f(tf.constant(2.0))
    assert run([a, b]) == [6, 12]
    assert [v.name for v in tf.global_variables()] == ["f/w:0"] == [v.name for v in f.variables]
    g = tf.make_template("f", scaled)
    g(tf.constant(1.0))
    assert g.variable_scope_name == "f_1" and [v.name for v in g.variables] == ["f_1/w:0"]
    assert f.trainable_variables == f.global_variables and f.name == "f"


def test_template_with_a_scope_at_once():
    with tf.variable_scope("outer"):
        f = tf.make_template("f", scaled, create_scope_now_=True)
    f(tf.constant(1.0))
    f(tf.constant(1.0))
    assert [v.name for v in tf.global_variables()] == ["outer/f/w:0"]


def test_template_refuses_new_variables():
    f = tf.make_template("f", lambda: tf.Variable(1.0))
    f()
    with pytest.raises(ValueError, match="perhaps you used tf.Variable when you meant"):
        f()
    with pytest.raises(ValueError, match="name cannot be None"):
        tf.make_template(None, scaled)
