"""tf.function: traced once a kind of arguments, side effects in order, conditions and loops."""
import gc
import weakref

import numpy as np
import pytest
import weft as tf


def run(fetch, feeds=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetch, feeds)


@pytest.fixture(autouse=True)
def _graph():
    with tf.Graph().as_default():
        yield


def test_one_call_of_a_function():
    traced = []

    @tf.function
    def add(x, y, scale=1.0):
        """Adds."""
        traced.append(1)
        return {"sum": x + y * scale, "both": (x, None)}

    found = add(tf.constant(2.0), tf.constant(3.0))
    assert found["sum"].op.type == "PartitionedCall" and found["both"][1] is None
    assert run([found["sum"], found["both"][0]]) == [5.0, 2.0]
    add(tf.constant(7.0), tf.constant(1.0))
    assert len(traced) == 1
    assert run(add(tf.constant(2.0), tf.constant(3.0), scale=2.0)["sum"]) == 8.0
    assert run(add(np.float64(2.0), np.ones(2))["sum"]).tolist() == [3.0, 3.0]
    assert len(traced) == 3
    assert add.__name__ == "add" and add.__doc__ == "Adds."


def test_signature():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def total(x):
        assert x.shape.as_list() == [None]
        return tf.reduce_sum(x)

    assert run([total([1, 2]), total(tf.ones([3]))]) == [3.0, 3.0]
    assert run(total.get_concrete_function()(tf.ones([5]))) == 5.0
    with pytest.raises(ValueError, match="incompatible with input_signature"):
        total(tf.ones([2, 2]))
    with pytest.raises(ValueError, match="does not match input_signature"):
        total()
    with pytest.raises(TypeError, match="input_signature must be either a tuple or a list"):
        tf.function(input_signature=3)
    with pytest.raises(TypeError, match="Python `bool`"):
        tf.function(lambda x: x if x else -x)(tf.constant(True))


def test_side_effects_run_in_order():
    v = tf.get_variable("v", initializer=1.0, use_resource=True)

    @tf.function
    def twice():
        before = v.read_value()
        v.assign_add(2.0)
        between = v.read_value()
        v.assign(between * 10.0)
        return before, between, v.read_value()

    a, b, c = twice()
    assert a.op.type == "StatefulPartitionedCall"
    assert run([a, b, c]) == [1.0, 3.0, 30.0]


def test_variables_are_made_once():
    class Layer:
        def __init__(self):
            self.w = None

        @tf.function
        def __call__(self, x):
            if self.w is None:
                self.w = tf.Variable(3.0)
            return x * self.w

    layer = Layer()
    y, z = layer(tf.constant(2.0)), layer(tf.constant([1.0, 2.0]))
    values = run([y, z])
    assert values[0] == 6.0 and values[1].tolist() == [3.0, 6.0]
    assert len(tf.global_variables()) == 1
    bad = tf.function(lambda x: tf.Variable(1.0) + x)
    bad(tf.constant(1.0))
    with pytest.raises(ValueError, match="tried to create variables on non-first call"):
        bad(tf.constant([1.0]))


def test_conditions_and_loops_are_functions():
    v = tf.get_variable("v", initializer=0.0, use_resource=True)

    @tf.function
    def f(x, n):
        def more():
            v.assign_add(x)
            return x * 2.0

        y = tf.cond(x > 0.0, more, lambda: -x)
        _, z = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, a + x), [0, y])
        return y, z, v.read_value()

    x, n = tf.placeholder(tf.float32, []), tf.placeholder(tf.int32, [])
    y, z, w = f(x, n)
    library = tf.get_default_graph().as_graph_def().library
    ops = {node.op for function in library.function for node in function.node_def}
    assert {"If", "StatelessWhile"} <= ops and not {"Switch", "Enter"} & ops
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert sess.run([y, z, w], {x: 3.0, n: 4}) == [6.0, 18.0, 3.0]
        assert sess.run([y, z, w], {x: -3.0, n: 0}) == [3.0, 3.0, 3.0]
        assert sess.run([y, z, w], {x: 1.0, n: 1}) == [2.0, 3.0, 4.0]


def test_gradients():
    w = tf.get_variable("w", initializer=3.0, use_resource=True)

    @tf.function
    def f(x):
        return tf.cond(x > 0.0, lambda: x * x * w, lambda: x)

    x = tf.constant(2.0)
    y = f(x)
    assert run(tf.gradients(y, [x, w])) == [12.0, 4.0]

    @tf.function
    def power(x):
        return tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, a * a), [0, x])[1]

    assert run(tf.gradients(power(x), x)) == [8 * 2.0 ** 7]


def test_no_gradient_of_what_would_be_another_value():
    w = tf.get_variable("w", initializer=3.0, use_resource=True)
    x = tf.constant(2.0)

    @tf.function
    def noisy(x):
        return x * tf.random_uniform([])

    @tf.function
    def moving(x):
        y = x * w
        w.assign_add(1.0)
        return y

    @tf.function
    def beside(x):
        w.assign_add(1.0)
        return x * x

    assert run(tf.gradients(beside(x), x)) == [4.0]
    for f in (noisy, moving):
        with pytest.raises(ValueError, match="need not be the same"):
            tf.gradients(f(x), x)


@tf.function
def lasting(x):
    return tf.cond(x > 0.0, lambda: x + tf.get_variable("v", [], use_resource=True), lambda: x)


def test_graphs_go_though_the_function_stays():
    gc.disable()
    try:
        with tf.Graph().as_default() as g:
            lasting(tf.constant(1.0))
        seen = weakref.ref(g)
        del g
        assert seen() is None
    finally:
        gc.enable()


def test_training_in_a_function():
    w = tf.get_variable("w", initializer=5.0, use_resource=True)

    @tf.function
    def step():
        loss = w * w
        gradient, = tf.gradients(loss, [w])
        w.assign_sub(0.1 * gradient)
        return loss

    loss = step()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        losses = [sess.run(loss) for _ in range(3)]
    np.testing.assert_allclose(losses, [25.0, 16.0, 10.24], rtol=1e-6)
