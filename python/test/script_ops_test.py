"""Python functions as ops."""
import gc
import weakref

import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.ops import script_ops


@pytest.fixture
def graph():
    return tf.get_default_graph()


@pytest.mark.fact("E41")
def test_values_go_in_and_out():
    x = tf.constant([1., 2.])
    y = tf.py_func(lambda a, b: a * b, [x, tf.constant(3.)], tf.float32)
    assert run(y).tolist() == [3, 6] and y.op.type == "PyFunc" and y.shape.ndims is None
    first, second = tf.py_func(lambda a: (a + 1, a.sum()), [x], [tf.float32, tf.float32])
    assert run([first, second])[1] == 3
    seen = []
    op = tf.py_func(lambda a: seen.append(a), [x], [])
    run(op)
    assert seen[0].tolist() == [1, 2]


@pytest.mark.fact("E41")
def test_text():
    y = tf.py_func(lambda s: s + b"!", [tf.constant("a")], tf.string)
    assert run(y) == b"a!"
    y = tf.py_func(lambda: ["é", "b"], [], [tf.string, tf.string])
    assert run(y) == ["é".encode(), b"b"]
    y = tf.py_func(lambda: np.array(["x", "yz"]), [], tf.string)
    assert run(y).tolist() == [b"x", b"yz"]


@pytest.mark.fact("E41")
@pytest.mark.parametrize("raised, becomes", [
    (ValueError, tf.errors.InvalidArgumentError), (TypeError, tf.errors.InvalidArgumentError),
    (StopIteration, tf.errors.OutOfRangeError), (MemoryError, tf.errors.ResourceExhaustedError),
    (NotImplementedError, tf.errors.UnimplementedError), (KeyError, tf.errors.UnknownError)])
def test_what_a_function_raises(raised, becomes):
    def fail():
        raise raised("on purpose")
    with pytest.raises(becomes, match="on purpose"):
        run(tf.py_func(fail, [], tf.float32))


@pytest.mark.fact("E41")
def test_wrong_results():
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match="returns 2 values, but expects to see 1 value"):
        run(tf.py_func(lambda: (1., 2.), [], tf.float64))
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match="0-th value returned by pyfunc_.* is double, but expects float"):
        run(tf.py_func(lambda: 1., [], tf.float32))
    with pytest.raises(ValueError, match="Expected func to be callable"):
        tf.py_func(3, [], tf.float32)


@pytest.mark.fact("E41", "E8")
def test_stateful_unless_it_is_said_not_to_be():
    count = []
    y = tf.py_func(lambda: np.float32(len(count) or count.append(1) or 0), [], tf.float32)
    with tf.Session() as session:
        assert [session.run(y) for _ in range(2)] == [0, 1]
    assert tf.py_func(lambda: 1., [], tf.float64, stateful=False).op.type == "PyFuncStateless"
    assert tf.numpy_function(lambda: 1., [], tf.float64).op.type == "PyFunc"


def test_py_function_gets_values_with_numpy():
    y = script_ops.py_function(lambda x: x.numpy() * 2, [tf.constant([1., 2.])], tf.float32)
    assert run(y).tolist() == [2, 4]


def test_functions_die_with_their_graph():
    class Function:
        def __call__(self):
            return 1.

    function = Function()
    alive = weakref.ref(function)
    with tf.Graph().as_default() as g:
        y = tf.py_func(function, [], tf.float64)
        del function
        gc.collect()
        with tf.Session() as session:
            assert session.run(y) == 1
    del g, y, session
    gc.collect()
    assert alive() is None


def test_a_function_that_knows_its_graph_does_not_keep_it():
    def turn():
        with tf.Graph().as_default() as g:
            x = tf.constant(2.)
            y = tf.py_func(lambda v: v * np.float32(len(x.name)), [x], tf.float32)
            with tf.Session() as session:
                session.run(y)
            return weakref.ref(g)

    alive = turn()
    gc.collect()
    assert alive() is None


def test_a_gradient_of_ones_own(graph):
    name = "HalfGradient"
    tf.RegisterGradient(name)(lambda op, dy: dy * 0.5)
    x = tf.placeholder(tf.float32, [2])
    with graph.gradient_override_map({"PyFunc": name}):
        y = tf.py_func(lambda a: a, [x], tf.float32)
    y.set_shape([2])
    g, = tf.gradients(y, x)
    assert run(g, {x: [1, 2]}).tolist() == [0.5, 0.5]


def test_gradients_stop_at_functions(graph):
    x = tf.constant([1., 2.])
    assert tf.gradients(tf.py_func(lambda a: a, [x], tf.float32) * 2., x) == [None]
    w = tf.Variable([1., 2.])
    with pytest.raises(ValueError, match="No gradients provided for any variable"):
        tf.train.GradientDescentOptimizer(1.).minimize(tf.py_func(np.sum, [w], tf.float32))
    with pytest.raises(LookupError, match="No gradient defined for operation 'EagerPyFunc'"):
        tf.gradients(tf.py_function(lambda a: a, [x], tf.float32), x)


def test_a_function_that_closes_its_session(graph):
    session = tf.Session()
    y = tf.py_func(lambda: (session.close(), np.float32(1))[1], [], tf.float32) + 1.
    try:
        assert session.run(y) == 2
    except tf.errors.CancelledError:
        pass
    with pytest.raises(RuntimeError, match="Attempted to use a closed Session"):
        session.run(y)


def test_the_number_of_values_is_told_before_their_types():
    y = tf.py_func(lambda: (1.0, 2.0), [], [tf.float32])
    with tf.Session() as session:
        with pytest.raises(tf.errors.InvalidArgumentError,
                           match="returns 2 values, but expects to see 1"):
            session.run(y)


def test_scalars_of_py_function_keep_their_precision():
    y = tf.py_function(lambda x: x * 2, [tf.constant(1.5)], tf.float32)
    with tf.Session() as session:
        assert session.run(y) == np.float32(3)


def test_errors_tell_the_line_of_the_function():
    def divide(x):
        return x / 0 if x is None else 1 / 0
    y = tf.py_func(divide, [1.0], tf.float32)
    with tf.Session() as session:
        with pytest.raises(tf.errors.UnknownError) as error:
            session.run(y)
    assert "ZeroDivisionError: division by zero\nTraceback" in error.value.message
    assert "in divide\n    return x / 0" in error.value.message
    assert "script_ops.py" not in error.value.message
