"""What no program should do, and what Python does meanwhile, ends in an exception at worst."""
import gc
import os
import signal
import threading
import time
import weakref

import numpy as np
import pytest
import weft as tf
from weft import _core
from weft.python.client.session import register_session_run_conversion_functions
from weft.python.framework import gen


@pytest.mark.parametrize("kind", [
    tf.Tensor, tf.Operation, _core.Tensor, _core.Operation, _core.Token, _core.Callable,
    _core.Partial, type(gen.MatMul)])
def test_what_only_a_graph_makes_cannot_be_made(kind):
    for make in (kind, lambda: kind.__new__(kind), lambda: object.__new__(kind)):
        with pytest.raises(TypeError):
            make()


def test_a_session_that_was_never_opened_is_closed():
    t = tf.constant(1)
    s = tf.Session.__new__(tf.Session)
    for use in (lambda: s.run(t), lambda: s._prepare([t], ()), lambda: s._partial([t], ())):
        with pytest.raises(RuntimeError, match="closed Session"):
            use()
    s.close()


def test_a_session_is_opened_once():
    s = tf.Session()
    with pytest.raises(RuntimeError, match="open already"):
        s.__init__()
    s.close()


def test_marks_and_scopes_take_elements_of_graphs_alone():
    g = tf.Graph()
    for use in (lambda: g.is_feedable(5), lambda: g.is_fetchable("x"), lambda: g._traceback(3),
                lambda: g._push_control([1]), lambda: g._push_colocate(4)):
        with pytest.raises(TypeError, match="Expected a"):
            use()
    with tf.Graph().as_default() as other:
        token = other.hold(tf.constant(1))
    with pytest.raises(ValueError, match="not of this graph"):
        g.unhold(token)


def test_fetches_that_change_while_the_step_runs():
    a = tf.constant(1.0)
    with tf.Session() as s:
        for change in (lambda: fetches.extend([a] * 50), lambda: fetches.clear()):
            fetches = [tf.py_func(lambda x: change() or x, [a], tf.float32), a, [a, a]]
            with pytest.raises(RuntimeError, match="changed during the run"):
                s.run(fetches)
        fetches = [a]
        step = s.make_callable(fetches)
        fetches.extend([a] * 50)
        with pytest.raises(RuntimeError, match="changed during the run"):
            step()


def test_fetches_that_change_while_they_are_looked_at():
    class Fetched:
        pass

    a = tf.constant(1.0)
    fetches = [[Fetched(), Fetched()], a]
    register_session_run_conversion_functions(
        Fetched, lambda x: ([a], lambda values: fetches.clear() or values[0]))
    with tf.Session() as s, pytest.raises(RuntimeError, match="changed during the run"):
        s.run(fetches)


def test_inputs_that_change_while_they_are_looked_at():
    class Clears:
        @property
        def graph(self):
            inputs.clear()

        def __index__(self):
            inputs.clear()
            return 1

    inputs = [tf.constant(1.0), Clears()] + [tf.constant(2.0) for _ in range(100)]
    with pytest.raises(ValueError, match="at least minimum"):
        gen.AddN(inputs)
    inputs = [1, Clears(), 1, 1]
    assert gen.MaxPool(tf.zeros([1, 4, 4, 1]), inputs, [1, 1, 1, 1], "SAME").shape == [1, 4, 4, 1]


def test_a_session_that_holds_its_own_partial_run_is_collected():
    x = tf.placeholder(tf.float32)
    s = tf.Session()
    s.handle = s.partial_run_setup([x + 1.0], [x])
    gone = weakref.ref(s)
    del s
    gc.collect()
    assert gone() is None


def test_partial_runs_are_dropped_while_their_session_closes():
    a = np.ones(5000, np.float32)
    x, y = tf.placeholder(tf.float32, [5000]), tf.placeholder(tf.float32, [5000])
    z = x + 1.0
    for _ in range(20):
        s = tf.Session()
        handles = [s.partial_run_setup([z, z + y], [x, y]) for _ in range(10)]
        for handle in handles:
            s.partial_run(handle, z, {x: a.copy()})
        closing = threading.Thread(target=s.close)
        closing.start()
        handles.clear()
        closing.join()


def test_ctrl_c_inside_a_python_function_reaches_the_caller():
    def wait():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
        return np.float32(1)

    with tf.Session() as s, pytest.raises(KeyboardInterrupt):
        s.run(tf.py_func(wait, [], tf.float32))


def test_a_handler_set_inside_a_step_stays():
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return np.float32(1)

    before = signal.getsignal(signal.SIGINT)
    try:
        with tf.Session() as s:
            s.run(tf.py_func(ignore, [], tf.float32))
        os.kill(os.getpid(), signal.SIGINT)
        with open("/proc/self/status") as f:
            ignored = next(int(line.split()[1], 16) for line in f if line.startswith("SigIgn"))
        assert ignored >> signal.SIGINT - 1 & 1
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_any_text_may_be_an_errors(text):
    def fail():
        raise ValueError(text)

    with tf.Session() as s, pytest.raises(tf.errors.InvalidArgumentError, match="ValueError: ."):
        s.run(tf.py_func(fail, [], tf.float32))
