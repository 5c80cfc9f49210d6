"""Threads: one session, many of them; each building its own graphs; a server's workers."""
import queue
import threading

import numpy as np
import pytest
import weft as tf


def in_threads(work, n=16):
    errors = []

    def guarded(i):
        try:
            work(i)
        except BaseException as e:
            errors.append(e)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(n)]
    [t.start() for t in threads], [t.join() for t in threads]
    if errors:
        raise errors[0]


@pytest.mark.fact("B5", "B78")
def test_sixteen_threads_on_one_session():
    x = tf.placeholder(tf.float32, [None])
    total = tf.Variable(0.0)
    y = tf.reduce_sum(x * 2.0)
    up = tf.assign_add(total, 1.0, use_locking=True)
    with tf.Session() as s:
        s.run(total.initializer)
        call = s.make_callable(y, [x])

        def work(i):
            for n in range(100):
                assert s.run(y, {x: np.full(i + 1, n)}) == 2 * n * (i + 1)
                assert call(np.full(3, i)) == 6 * i
                s.run(up.op)

        in_threads(work)
        assert s.run(total) == 1600


def test_sixteen_threads_building_their_own_graphs():
    def work(i):
        for n in range(10):
            tf.reset_default_graph()
            v = tf.get_variable("v", initializer=float(i))
            with tf.name_scope("s"):
                y = tf.add(v, float(n), name="y")
            assert y.op.name == "s/y" and len(tf.global_variables()) == 1
            with tf.Session() as s:
                s.run(tf.global_variables_initializer())
                assert s.run(y) == i + n

    in_threads(work)


@pytest.mark.fact("A71", "D17")
def test_workers_of_a_server_use_the_main_threads_graph():
    """The documented ways: the graph and session are captured; or a callable is made beforehand."""
    x = tf.placeholder(tf.float32, [None, 2])
    w = tf.Variable([[1.0], [2.0]])
    y = tf.matmul(x, w)
    graph = tf.get_default_graph()
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    predict = session.make_callable(y, [x])
    requests, answers = queue.Queue(), queue.Queue()

    def worker():
        for value in iter(requests.get, None):
            with pytest.raises(ValueError, match="is not an element of this graph"):
                tf.get_default_graph().as_graph_element(y)
            with graph.as_default(), session.as_default():
                a = y.eval({x: value})
                assert tf.get_default_graph() is graph
            answers.put((a, predict(value), session.run("MatMul:0", {"Placeholder:0": value})))

    workers = [threading.Thread(target=worker) for _ in range(4)]
    [t.start() for t in workers]
    for i in range(40):
        requests.put([[i, 1.0]])
    [requests.put(None) for _ in workers]
    [t.join() for t in workers]
    got = [answers.get() for _ in range(40)]
    assert sorted(a[0, 0] for a, _, _ in got) == [i + 2.0 for i in range(40)]
    assert all(a == b == c for a, b, c in got)
    session.close()


def test_an_unbound_thread_is_told_which_graph_and_thread():
    y = tf.constant(1.0)

    def work(i):
        with tf.Session(graph=tf.Graph()) as s, s.graph.as_default():
            tf.constant(2.0)
            with pytest.raises(ValueError, match="every thread has a default graph of its own"):
                s.run(y)

    in_threads(work, 2)


def test_a_thread_with_locals_of_its_own_ends_cleanly():
    import gc
    import weakref
    seen = []

    def work(i):
        seen.append(weakref.ref(tf.get_default_graph()))
        tf.constant(1.0)

    in_threads(work, 4)
    gc.collect()
    assert all(graph() is None for graph in seen)
