"""Derivatives through tf.cond and tf.while_loop: F11, F12 of SEMANTICS.md, names, nesting."""
import os
import re

import numpy as np
import pytest
import weft as tf
from weft.python.framework import registry


@pytest.fixture
def forget_gradients():
    """What a test registers is no other test's."""
    known = dict(registry._GRADIENTS)
    yield
    registry._GRADIENTS.clear()
    registry._GRADIENTS.update(known)


def value(x, feed_dict=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(x, feed_dict)


def names():
    return [op.name for op in tf.get_default_graph().get_operations()]


def count_to(n, body, variables, **options):
    """The variables after n calls of body."""
    out = tf.while_loop(lambda i, *_: i < n, lambda i, *v: [i + 1] + list(body(*v)),
                        [tf.constant(0)] + list(variables), **options)
    return out[1:]


@pytest.mark.fact("F11")
def test_cond_goes_back_through_the_branch_taken():
    x, p = tf.placeholder(tf.float32, []), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: x * x, lambda: 3. * x)
    dx, = tf.gradients(y, x)
    assert value(dx, {x: 5., p: True}) == 10
    assert value(dx, {x: 5., p: False}) == 3
    assert "gradients/cond/Merge_grad/cond_grad" in names()


@pytest.mark.fact("F11")
def test_the_other_branch_contributes_zeros():
    x, z, p = tf.placeholder(tf.float32), tf.placeholder(tf.float32), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: tf.reduce_sum(x), lambda: tf.reduce_sum(z * z))
    dx, dz = tf.gradients(y, [x, z])
    feed = {x: [1., 2.], z: [3., 4., 5.]}
    np.testing.assert_array_equal(value(dx, {**feed, p: True}), [1, 1])
    np.testing.assert_array_equal(value(dz, {**feed, p: True}), [0, 0, 0])
    np.testing.assert_array_equal(value(dx, {**feed, p: False}), [0, 0])
    np.testing.assert_array_equal(value(dz, {**feed, p: False}), [6, 8, 10])


def test_second_derivatives_of_cond():
    x, p = tf.placeholder(tf.float64, []), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: x ** 3, lambda: tf.exp(2. * x))
    second, = tf.gradients(tf.gradients(y, x), x)
    assert value(second, {x: 2., p: True}) == pytest.approx(12)
    assert value(second, {x: .5, p: False}) == pytest.approx(4 * np.exp(1))


@pytest.mark.fact("F11")
def test_while_goes_back_over_what_was_saved():
    x = tf.constant(1.3, tf.float64)
    y, = count_to(3, lambda v: [v * v], [x])
    dx, = tf.gradients(y, x)
    assert value(dx) == pytest.approx(8 * 1.3 ** 7)
    for name in ("f_count", "f_count_1", "f_count_2", "b_count", "b_count_1", "b_count_2",
                 "b_count_3", "Add", "NextIteration", "NextIteration_1", "Sub",
                 "while/Exit_1_grad/b_exit", "while/Switch_1_grad/b_switch",
                 "while/Merge_1_grad/Switch", "while/Enter_1_grad/Exit",
                 "while/mul_grad/Mul/f_acc", "while/mul_grad/Mul/StackPushV2",
                 "while/mul_grad/Mul/StackPopV2", "while/mul_grad/Mul/b_sync"):
        assert "gradients/" + name in names(), name


@pytest.mark.fact("F11")
def test_without_back_prop_there_is_no_gradient():
    x = tf.constant(2.)
    y, = count_to(3, lambda v: [v * v], [x], back_prop=False)
    assert tf.gradients(y, x) == [None]


@pytest.mark.parametrize("parallel", [1, 3, 10])
def test_invariants_gather_over_iterations(parallel):
    w, x = tf.constant([[.5, .2], [.1, .3]]), tf.constant([[1., 2.]])
    y, = count_to(4, lambda v: [tf.tanh(tf.matmul(v, w))], [x], parallel_iterations=parallel,
                  swap_memory=True)
    loss = tf.reduce_sum(y)
    unrolled = x
    for _ in range(4):
        unrolled = tf.tanh(tf.matmul(unrolled, w))
    got = value(tf.gradients(loss, [w, x]))
    want = value(tf.gradients(tf.reduce_sum(unrolled), [w, x]))
    for a, b in zip(got, want):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_rows_gather_over_iterations():
    table = tf.Variable(np.arange(8.).reshape(4, 2), dtype=tf.float64)
    total, = count_to(3, lambda v: [v + tf.reduce_sum(tf.gather(table, [1, 3]) ** 2)],
                      [tf.constant(0., tf.float64)])
    dt, = tf.gradients(total, table)
    assert isinstance(dt, tf.IndexedSlices)
    dense = value(tf.convert_to_tensor(dt))
    np.testing.assert_allclose(dense, [[0, 0], [12, 18], [0, 0], [36, 42]])


def test_a_loop_in_a_loop():
    x = tf.constant(1.1, tf.float64)
    y, = count_to(2, lambda v: count_to(3, lambda u: [u * x + tf.sin(v)], [v]), [x])
    dx, = tf.gradients(y, x)

    def plain(x):
        v = x
        for _ in range(2):
            u = v
            for _ in range(3):
                u = u * x + np.sin(v)
            v = u
        return v

    h = 1e-6
    assert value(dx) == pytest.approx((plain(1.1 + h) - plain(1.1 - h)) / (2 * h), rel=1e-6)


@pytest.mark.parametrize("known", [True, False])
def test_a_branch_in_a_loop(known):
    x = tf.placeholder(tf.float64, [2] if known else None)
    i_n = [tf.constant(0), x]
    _, y = tf.while_loop(
        lambda i, v: i < 4,
        lambda i, v: [i + 1, tf.cond(tf.equal(i % 2, 0), lambda: v * v, lambda: v + x)], i_n,
        shape_invariants=None if known else [tf.TensorShape([]), tf.TensorShape(None)])
    dx, = tf.gradients(tf.reduce_sum(y), x)

    def plain(x):
        v = x
        for i in range(4):
            v = v + x if i % 2 else v * v
        return v.sum()

    at, h = np.array([.7, -.4]), 1e-6
    want = [(plain(at + h * e) - plain(at - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(value(dx, {x: at}), want, rtol=1e-6)


def test_a_loop_in_a_branch():
    x, p = tf.constant(1.5), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: count_to(3, lambda v: [v * x], [x])[0], lambda: 2. * x)
    dx, = tf.gradients(y, x)
    assert value(dx, {p: True}) == pytest.approx(4 * 1.5 ** 3)
    assert value(dx, {p: False}) == 2


def test_a_loop_without_iterations():
    x, n = tf.constant([1., 2.]), tf.placeholder(tf.int32, [])
    w = tf.constant(3.)
    _, y = tf.while_loop(lambda i, v: i < n, lambda i, v: [i + 1, v * w], [tf.constant(0), x])
    dx, dw = tf.gradients(y, [x, w])
    np.testing.assert_array_equal(value(dx, {n: 0}), [1, 1])
    assert value(dw, {n: 0}) == 0
    np.testing.assert_array_equal(value(dx, {n: 2}), [9, 9])
    assert value(dw, {n: 2}) == 18


def test_what_is_not_used_afterwards_has_zeros():
    x = tf.constant(2.)
    y, z = count_to(3, lambda a, b: [a * b, b + 1.], [x, x])
    assert value(tf.gradients(y, x)[0]) == pytest.approx(
        2 * 3 * 4 + 2 * (3 * 4 + 2 * 4 + 2 * 3))
    assert value(tf.gradients(z, x)[0]) == 1


def test_arrays_written_in_a_loop():
    x = tf.constant([1., 2., 3.])
    array = tf.TensorArray(tf.float32, 3)
    _, array = tf.while_loop(lambda i, a: i < 3,
                             lambda i, a: (i + 1, a.write(i, tf.gather(x, i) ** 2)),
                             (tf.constant(0), array))
    dx, = tf.gradients(tf.reduce_sum(array.stack() * [1., 10., 100.]), x)
    np.testing.assert_allclose(value(tf.convert_to_tensor(dx)), [2., 40., 600.])


def test_registered_gradients_in_a_loop(forget_gradients):
    @tf.RegisterGradient("Doubled")
    def doubled(op, dy):
        return 2. * dy * op.inputs[0] / op.inputs[0]

    x = tf.constant(1.)
    with tf.get_default_graph().gradient_override_map({"Identity": "Doubled"}):
        y, = count_to(3, lambda v: [tf.identity(v + 0.) + 1.], [x])
    dx, = tf.gradients(y, x)
    assert value(dx) % 8 == 0               # Identity stands in the loop itself, too


def test_custom_gradients_in_a_loop():
    @tf.custom_gradient
    def clipped(x):
        return x * x, lambda dy: tf.minimum(dy * 2. * x, 4.)

    x = tf.constant(1.5)
    y, = count_to(2, lambda v: [clipped(v)], [x])
    dx, = tf.gradients(y, x)
    assert value(dx) == pytest.approx(4)


def test_gradients_within_a_body():
    x = tf.constant(3.)
    y, = count_to(3, lambda v: [v - .1 * tf.gradients(v * v + x * v, v)[0]], [tf.constant(1.)])
    want = 1.
    for _ in range(3):
        want -= .1 * (2 * want + 3)
    assert value(y) == pytest.approx(want)


@pytest.mark.fact("F12")
def test_not_through_the_initial_value_from_within():
    x = tf.constant(2., name="x")
    with pytest.raises(ValueError, match="Cannot compute gradient inside while loop with respect "
                                         "to op 'x'"):
        count_to(3, lambda v: [tf.gradients(v * v, x)[0]], [x])


@pytest.mark.fact("F12")
def test_no_second_derivatives_of_loops():
    x = tf.constant(2.)
    y, = count_to(3, lambda v: [v * x], [x])
    dx, = tf.gradients(y, x)
    with pytest.raises(TypeError, match="Second-order gradient for while loops not supported."):
        tf.gradients(dx, x)


def test_a_graph_def_does_not_say_which_loop():
    x = tf.placeholder(tf.float32, [], "x")
    y, = count_to(3, lambda v: [v * v], [x])
    text = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default():
        x, y = tf.import_graph_def(text, name="", return_elements=["x:0", y.name])
        with pytest.raises(ValueError, match="import the MetaGraphDef"):
            tf.gradients(y, x)


# ---- beside the nodes that TensorFlow 1.x made ----

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared",
                      "models", "SciSharp_TensorFlow.NET", "graph")

# Nodes of single ops' gradients that 1.15 makes otherwise, or we: rows made dense, what Log waits
# for.
OTHERWISE = re.compile(r"(Max|Mean|Sum)\w*_grad/(add|div|truediv|mul|mod)$|embedding_lookup_grad/|"
                       "Reshape_[14]_grad/|Log_grad/Reciprocal$")


def recorded_gradients(message, scope):
    """{name: (op, inputs, control inputs)}"""
    found = {}
    for n in message.graph_def.node:
        if n.name.startswith(scope + "gradients/") and not OTHERWISE.search(n.name):
            inputs = [re.sub(":0$", "", i) for i in n.input]
            found[n.name] = (n.op, [i for i in inputs if i[0] != "^"],
                             sorted(i[1:] for i in inputs if i[0] == "^"))
    return found


def own_gradients(scope, y):
    """The same of gradients that are taken now, as if they had those names."""
    def named(name):
        return re.sub(":0$", "", name.replace("gradients_new/", "gradients/", 1))

    with tf.name_scope(scope):
        tf.gradients(y, tf.trainable_variables(), gate_gradients=True, name="gradients_new")
    return {named(op.name): (op.type, [named(x.name) for x in op.inputs],
                             sorted(named(c.name) for c in op.control_inputs))
            for op in tf.get_default_graph().get_operations()
            if "gradients_new/" in op.name and not OTHERWISE.search(op.name)}


@pytest.mark.skipif(not os.path.isdir(FOLDER), reason="../shared/models is not here")
@pytest.mark.parametrize("name, scope, y", [
    ("rcnn_untrained.meta", "loss/", "loss/Mean:0"),
    ("lstm_crf_ner.meta", "train_step/", "Mean:0")])
def test_the_nodes_are_tensorflows(name, scope, y):
    path = os.path.join(FOLDER, name)
    message = tf.MetaGraphDef()
    with open(path, "rb") as f:
        message.ParseFromString(f.read())
    tf.train.import_meta_graph(path)
    want = recorded_gradients(message, scope)
    got = own_gradients(scope, tf.get_default_graph().get_tensor_by_name(y))
    assert len(want) > 800
    assert sorted(got) == sorted(want)
    assert {n: got[n] for n in got if got[n] != want[n]} == {}
