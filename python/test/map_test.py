"""tf.map_fn, tf.scan, tf.foldl and tf.foldr: values, structures, names, refusals."""
import collections

import numpy as np
import pytest
import weft as tf

Pair = collections.namedtuple("Pair", "a b")


@pytest.fixture
def session():
    with tf.Session() as s:
        yield s


def _ops(graph):
    return {op.name: op.type for op in graph.get_operations()}


# ---- map_fn ----

def test_map(session):
    y = tf.map_fn(lambda x: x * x, tf.constant([1., 2, 3]))
    assert y.shape.as_list() == [3]
    assert session.run(y).tolist() == [1, 4, 9]
    rows = tf.map_fn(lambda x: tf.reduce_sum(x), np.arange(6.).reshape(3, 2))
    assert session.run(rows).tolist() == [1, 5, 9]


def test_map_of_structures(session):
    a, b = tf.constant([1, 2, 3]), tf.constant([10., 20, 30])
    y = tf.map_fn(lambda p: (p[1], p[0] + 1), (a, b), dtype=(tf.float32, tf.int32))
    assert [x.tolist() for x in session.run(y)] == [[10, 20, 30], [2, 3, 4]]
    y = tf.map_fn(lambda p: Pair(p.b, p.a), Pair(a, a + 5))
    assert isinstance(y, Pair) and session.run(y.a).tolist() == [6, 7, 8]
    y = tf.map_fn(lambda p: {"x": p["x"] + p["y"]}, {"x": a, "y": a}, dtype={"x": tf.int32})
    assert session.run(y["x"]).tolist() == [2, 4, 6]
    y = tf.map_fn(lambda x: tf.cast(x, tf.float32) / 2, a, dtype=tf.float32)
    assert session.run(y).tolist() == [.5, 1, 1.5]


def test_map_of_unknown_many(session):
    x = tf.placeholder(tf.float32, [None, 2])
    y = tf.map_fn(lambda r: r[0] - r[1], x)
    assert y.shape.as_list() == [None]
    assert session.run(y, {x: [[3, 1], [1, 1], [0, 5]]}).tolist() == [2, 0, -5]
    assert session.run(y, {x: np.zeros((0, 2))}).tolist() == []


def test_map_within_map(session):
    x = tf.constant([[1, 2], [3, 4]])
    y = tf.map_fn(lambda r: tf.map_fn(lambda e: e * e + r[0], r), x)
    assert session.run(y).tolist() == [[2, 5], [12, 19]]


def test_map_of_shapes_that_differ(session):
    x = tf.constant([1, 2, 3])
    y = tf.map_fn(lambda n: tf.range(n), x, infer_shape=False)
    with pytest.raises(tf.errors.InvalidArgumentError, match="has inconsistent shapes"):
        session.run(y)


def test_map_uses_what_is_outside(session):
    w = tf.get_variable("w", initializer=3.)
    y = tf.map_fn(lambda x: x * w, tf.constant([1., 2]), parallel_iterations=1, swap_memory=True)
    session.run(tf.global_variables_initializer())
    assert session.run(y).tolist() == [3, 6]


def test_map_refuses():
    with pytest.raises(TypeError, match="fn must be callable."):
        tf.map_fn(1, [1])
    with pytest.raises(ValueError, match="must be a 1\\+ dimensional Tensor, not a scalar"):
        tf.map_fn(lambda x: x, tf.constant(1))
    with pytest.raises(ValueError, match="must be 1\\+ dimensional Tensors, not scalars"):
        tf.map_fn(lambda x: x, (tf.constant(1), tf.constant(2)))
    with pytest.raises(TypeError, match="use either"):
        tf.map_fn(lambda x: x, tf.SparseTensor([[0]], [1], [2]))
    with pytest.raises((TypeError, ValueError), match="structure"):
        tf.map_fn(lambda x: (x, x), tf.constant([1, 2]))


def test_map_is_named():
    with tf.Graph().as_default() as graph:
        tf.map_fn(lambda x: x * 2, tf.constant([1, 2, 3], name="x"))
        names = _ops(graph)
    for name, op in (("map/TensorArray", "TensorArrayV3"), ("map/TensorArray/size", "Const"),
                     ("map/TensorArrayUnstack/TensorArrayScatter/TensorArrayScatterV3",
                      "TensorArrayScatterV3"), ("map/Const", "Const"),
                     ("map/TensorArray_1", "TensorArrayV3"),
                     ("map/while/maximum_iterations", "Const"),
                     ("map/while/iteration_counter", "Const"), ("map/while/Less_1/y", "Const"),
                     ("map/while/TensorArrayReadV3", "TensorArrayReadV3"),
                     ("map/while/TensorArrayReadV3/Enter", "Enter"),
                     ("map/while/TensorArrayWrite/TensorArrayWriteV3", "TensorArrayWriteV3"),
                     ("map/while/TensorArrayWrite/TensorArrayWriteV3/Enter", "Enter"),
                     ("map/while/Exit_2", "Exit"),
                     ("map/TensorArrayStack/TensorArrayGatherV3", "TensorArrayGatherV3")):
        assert names.get(name) == op, name


# ---- scan ----

def test_scan(session):
    x = tf.constant([1, 2, 3, 4])
    add = tf.add
    assert session.run(tf.scan(add, x)).tolist() == [1, 3, 6, 10]
    assert session.run(tf.scan(add, x, 10)).tolist() == [11, 13, 16, 20]
    assert session.run(tf.scan(add, x, reverse=True)).tolist() == [10, 9, 7, 4]
    assert session.run(tf.scan(add, x, 10, reverse=True)).tolist() == [20, 19, 17, 14]
    assert tf.scan(add, x).shape.as_list() == [4]


def test_scan_of_structures(session):
    x = tf.constant([1., 2, 3])
    fib = tf.scan(lambda s, _: (s[1], s[0] + s[1]), tf.zeros([6]), (0., 1.))
    assert session.run(fib[0]).tolist() == [1, 1, 2, 3, 5, 8]
    y = tf.scan(lambda s, r: s + r[0] * r[1], (x, x), 0.)
    assert session.run(y).tolist() == [1, 5, 14]
    y = tf.scan(lambda s, r: (s[0] + r[0], s[1] * r[1]), (x, x))
    assert [v.tolist() for v in session.run(y)] == [[1, 3, 6], [1, 2, 6]]


def test_scan_refuses():
    with pytest.raises(TypeError, match="fn must be callable."):
        tf.scan(None, [1])
    with pytest.raises((TypeError, ValueError), match="structure"):
        tf.scan(lambda s, x: (s, x), tf.constant([1, 2]))


# ---- foldl, foldr ----

def test_folds(session):
    x = tf.constant([1, 2, 3])

    def twice_minus(s, e):
        return s * 2 - e

    assert session.run(tf.foldl(twice_minus, x)) == (1 * 2 - 2) * 2 - 3
    assert session.run(tf.foldl(twice_minus, x, 10)) == ((10 * 2 - 1) * 2 - 2) * 2 - 3
    assert session.run(tf.foldr(twice_minus, x)) == (3 * 2 - 2) * 2 - 1
    assert session.run(tf.foldr(twice_minus, x, 10)) == ((10 * 2 - 3) * 2 - 2) * 2 - 1


def test_folds_of_structures(session):
    x = tf.constant([1., 2, 3])
    y = tf.foldl(lambda s, e: s + e[0] * e[1], (x, x), 0.)
    assert session.run(y) == 14
    y = tf.foldr(lambda s, e: {"a": s["a"] + e["a"]}, {"a": x})
    assert session.run(y["a"]) == 6
    with pytest.raises(TypeError, match="fn must be callable."):
        tf.foldl(1, x)


def test_folds_are_named():
    with tf.Graph().as_default() as graph:
        tf.foldl(tf.add, tf.constant([1, 2]), 0)
        tf.foldr(tf.add, tf.constant([1, 2]), 0, name="right")
        tf.scan(tf.add, tf.constant([1, 2]), 0)
        names = _ops(graph)
    for name in ("foldl/while/Add_1", "right/while/Add_1", "scan/while/Add_1",
                 "scan/TensorArray_1"):
        assert name in names, name


# ---- gradients, against finite differences ----

def _running_products(x):
    return tf.scan(lambda s, r: s * r + tf.reduce_sum(r), x, tf.ones_like(x[0]))


def _through_an_array(x):
    """x's rows, each with all before it, kept in an array by a loop of our own."""
    rows = tf.TensorArray(x.dtype, size=3, clear_after_read=False).unstack(x)
    kept = tf.TensorArray(x.dtype, size=0, dynamic_size=True)

    def body(i, total, kept):
        total = tf.sin(total) + rows.read(i) * rows.read(2 - i)
        return i + 1, total, kept.write(i, total)

    _, total, kept = tf.while_loop(lambda i, *_: i < 3, body, (0, x[0], kept))
    return kept.stack() * total


@pytest.mark.parametrize("fn", [
    lambda x: tf.map_fn(lambda r: r * r * x[1], x),
    lambda x: tf.map_fn(lambda r: tf.reduce_sum(tf.map_fn(lambda e: e * e * r[0], r)), x),
    lambda x: tf.map_fn(lambda p: p[0] * p[1], (x, tf.sin(x)), dtype=x.dtype),
    lambda x: tf.map_fn(lambda r: tf.cond(r[0] > 1, lambda: r * r, lambda: r * 3), x),
    lambda x: tf.scan(lambda s, r: s * r, x),
    lambda x: tf.scan(lambda s, r: s * r + s, x, reverse=True),
    _running_products,
    lambda x: tf.scan(lambda s, r: (s[1] * r, s[0] + r), x, (x[0], x[1]))[0],
    lambda x: tf.foldl(lambda s, r: s * r + r, x),
    lambda x: tf.foldr(lambda s, r: tf.sin(s) * r, x, x[1]),
    _through_an_array,
])
def test_gradients(session, fn):
    value = np.array([[1.2, -.7], [.4, 2.1], [1.9, .3]])
    x = tf.placeholder(tf.float64, [3, 2])
    y = tf.reduce_sum(tf.cos(fn(x)))
    got = session.run(tf.gradients(y, x)[0], {x: value})
    want, step = np.zeros_like(value), 1e-6
    for i in np.ndindex(*value.shape):
        up, down = value.copy(), value.copy()
        up[i] += step
        down[i] -= step
        want[i] = (session.run(y, {x: up}) - session.run(y, {x: down})) / (2 * step)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-8)
