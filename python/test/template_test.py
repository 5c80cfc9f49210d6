"""Templates."""
import numpy as np
import pytest
import weft as tf


def line(x, size=1):
    w = tf.get_variable("w", [size], initializer=tf.truncated_normal_initializer())
    return w * x


def test_variables_are_shared():
    f, g = tf.make_template("line", line), tf.make_template("line", line)
    assert f.variable_scope is None and f.variables == []
    a, b, c = f(2.), f(2.), g(2.)
    assert [v.name for v in tf.global_variables()] == ["line/w:0", "line_1/w:0"]
    assert f.variable_scope_name == "line" and f.variables == f.trainable_variables
    assert g.weights == tf.global_variables()[1:] and not g.non_trainable_variables
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        a, b, c = sess.run([a, b, c])
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_when_the_scope_is_made():
    later, now = tf.make_template("s", line), tf.make_template("s", line, create_scope_now_=True)
    later(1.), now(1.), later(1.), now(1.)
    assert (now.variable_scope.name, later.variable_scope.name) == ("s", "s_1")


def test_arguments():
    f = tf.make_template("line", line, size=3)
    assert f(1.).shape == [3] and f.name == "line" and f(tf.ones([3])).shape == [3]
    with pytest.raises(ValueError, match="name cannot be None."):
        tf.make_template(None, line)


def test_unique_names():
    tf.make_template("a", line, unique_name_="u")(1.)
    with pytest.raises(ValueError, match="Variable u/w already exists, disallowed."):
        tf.make_template("b", line, unique_name_="u")(1.)


def test_a_new_variable_at_a_later_call():
    f = tf.make_template("s", lambda: tf.Variable(1.))
    f()
    with pytest.raises(ValueError, match="Trainable variable created when calling a template after "
                                         "the first time"):
        f()
    g = tf.make_template("t", lambda: tf.Variable(1., trainable=False))
    g(), g()


def test_custom_getters():
    def doubled(getter, *args, **kwargs):
        return getter(*args, **kwargs) * 2.

    f = tf.make_template("f", lambda: tf.get_variable("w", initializer=3.),
                         custom_getter_=doubled)
    f(), f()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run(f()) == 6.


def test_scopes_of_ops():
    f = tf.make_template("f", lambda: (tf.get_variable("w", []), tf.no_op(name="op").name)[1])
    with tf.name_scope("outer"):
        assert [f(), f()] == ["outer/f/op", "outer/f_1/op"]
    assert [v.name for v in tf.global_variables()] == ["f/w:0"]
