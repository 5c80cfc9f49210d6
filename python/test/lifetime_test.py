"""What is closed, reset or dropped is given back: memory stays flat over ten thousand rounds."""
import gc
import os
import resource

import numpy as np
import pytest
import weft as tf
from weft import _core

# A sanitizer keeps what was freed for a while, and takes its time.
PLAIN = os.environ.get("WEFT_SANITIZE", "none") == "none"
ROUNDS = 10000 if PLAIN else 1000
SLACK_MB = 8


def resident_mb():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize() / 2 ** 20


def stays_flat(turn, rounds=ROUNDS):
    """The second nine tenths of the rounds add nothing that the first tenth did not."""
    for _ in range(rounds // 10):
        turn()
    gc.collect()
    before, held = resident_mb(), _core.memory_in_use()
    for _ in range(rounds - rounds // 10):
        turn()
    gc.collect()
    assert _core.memory_in_use() - held < 1e5
    assert resident_mb() - before < SLACK_MB or not PLAIN


def model():
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.get_variable("w", [3, 2], initializer=tf.zeros_initializer())
    loss = tf.reduce_sum(tf.matmul(x, w))
    return x, loss, tf.train.GradientDescentOptimizer(0.1).minimize(loss)


def test_graph_session_close():
    def turn():
        with tf.Graph().as_default():
            x, loss, train = model()
            with tf.Session() as s:
                s.run(tf.global_variables_initializer())
                s.run([loss, train], {x: [[1, 2, 3]]})

    stays_flat(turn)


def test_default_graph_reset_and_a_forgotten_close():
    def turn():
        tf.reset_default_graph()
        x, loss, train = model()
        s = tf.Session()
        s.run(tf.global_variables_initializer())
        s.run([loss, train], {x: [[1, 2, 3]]})

    stays_flat(turn)


def test_keras_clear_session():
    K = tf.keras.backend

    def turn():
        K.clear_session()
        v = K.variable(np.zeros(10))
        K.get_session().run(v * 2.0)

    stays_flat(turn)
    K.clear_session()


def test_runs_alone_hold_nothing():
    x = tf.placeholder(tf.float32, [1000])
    y = tf.reduce_sum(x * 2.0)
    with tf.Session() as s:
        a = np.ones(1000, np.float32)
        step = s.make_callable({"y": y, "x": x}, [x])
        stays_flat(lambda: (s.run([y, (x, y)], {x: a}), step(a)))


def test_py_func_dies_with_its_graph():
    def turn():
        with tf.Graph().as_default():
            y = tf.py_func(lambda v: v + v, [tf.constant(1.0)], tf.float32)
            with tf.Session() as s:
                assert s.run(y) == 2

    stays_flat(turn)


@pytest.mark.fact("A96")
def test_nothing_waits_for_the_collector():
    """Without the cyclic collector at all, the memory of graphs and sessions comes back."""
    gc.collect()
    gc.disable()
    try:
        held = None
        for i in range(300):
            with tf.Graph().as_default():
                x, loss, train = model()
                big = tf.constant(np.zeros(100000, np.float32))
                with tf.Session() as s:
                    s.run(tf.global_variables_initializer())
                    s.run([loss, train, big], {x: [[1, 2, 3]]})
            del x, loss, train, big, s
            if i == 10:
                held = _core.memory_in_use()
        assert _core.memory_in_use() - held < 1e6
    finally:
        gc.enable()


def fails(call):
    with pytest.raises(Exception):
        call()


def test_what_fails_holds_nothing():
    x = tf.placeholder(tf.float32, [2000])
    y = x * 2.0
    bad = tf.py_func(lambda v: v.no_such_thing, [x], tf.float32)
    a, object_ = np.ones(2000, np.float32), np.array([object()])
    broken = tf.reshape(x, tf.placeholder_with_default([3, -1], [2]))

    with tf.Session() as s:
        step = s.make_callable([y], [x])

        def turn():
            for call in (lambda: s.run(y, {x: a[1:]}), lambda: s.run(y, {x: object_}),
                         lambda: s.run([y, object()], {x: a}), lambda: s.run(bad, {x: a}),
                         lambda: s.run(broken, {x: a}), lambda: step(a[1:]), lambda: step("a"),
                         lambda: s.make_callable([y, None], [x])):
                fails(call)

        stays_flat(turn, ROUNDS // 10)


def test_building_that_fails_holds_nothing():
    def turn():
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [3])
            fails(lambda: tf.matmul(x, x))
            fails(lambda: tf.add(x, object()))
            fails(lambda: tf.reshape(x, ["a"]))
            fails(lambda: tf.gradients(own(x), x))

    @tf.custom_gradient
    def own(x):
        def gradient(dy):
            raise RuntimeError("no")
        return x * 2.0, gradient

    stays_flat(turn, ROUNDS // 10)


def test_parts_and_callables_that_are_abandoned():
    x, y = tf.placeholder(tf.float32, [2000]), tf.placeholder(tf.float32, [2000])
    z = x + 1.0
    a = np.ones(2000, np.float32)

    w = z + y

    def turn():
        s = tf.Session()
        part = s.partial_run_setup([z, w], [x, y])
        s.partial_run(part, z, {x: a})
        step = s.make_callable(z, [x])
        s.close()
        fails(lambda: step(a))

    stays_flat(turn, ROUNDS // 10)
