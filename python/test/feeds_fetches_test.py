"""What may be fed and fetched, and what comes back (B.5, B.6)."""
import collections

import numpy as np
import pytest
import weft as tf

fact = pytest.mark.fact


@fact("B29")
def test_none_is_no_fetch():
    c = tf.constant(1.0)
    for fetch in (None, [c, None], {"a": None}):
        with pytest.raises(TypeError, match="Fetch argument None has invalid type <class "
                                            "'NoneType'>"):
            tf.Session().run(fetch)


@fact("B30")
@pytest.mark.parametrize("fetch", [37.0, {1, 2}, np.zeros(2)])
def test_leaves_of_wrong_types(fetch):
    tf.constant(1.0)
    with pytest.raises(TypeError, match="Fetch argument .* has invalid type .*, must be a string "
                                        "or Tensor. .Can not convert a .* into a Tensor or "
                                        "Operation."):
        tf.Session().run(fetch)


@fact("B31")
def test_unknown_and_foreign_fetches():
    tf.constant(1.0, name="a")
    with tf.Graph().as_default():
        b = tf.constant(1.0)
    s = tf.Session()
    for fetch, text in (("nope:0", "does not exist in the graph"), (b, "is not an element of this "
                                                                       "graph"),
                        ("nope", "refers to an Operation not in the graph"), (b.op, "not an elem")):
        with pytest.raises(ValueError, match="Fetch argument .* cannot be interpreted as a Tensor. "
                                             "[(].*" + text):
            s.run(fetch)


@fact("B32")
def test_unfetchable():
    c = tf.constant(1.0, name="x")
    c.graph.prevent_fetching(c.op)
    with pytest.raises(ValueError, match="Operation 'x' has been marked as not fetchable."):
        tf.Session().run([c])


Point = collections.namedtuple("Point", "x y")


@fact("B33", "B34", "B35")
def test_structures():
    a, b = tf.constant(1.0, name="a"), tf.constant([2.0], name="b")
    s = tf.Session()
    assert s.run([a, (a, [a])]) == [1, (1, [1])]
    got = s.run(Point(a, {"k": a.op, "b": [a, "a:0", b"a:0", "a"]}))
    assert type(got) is Point and got.x == 1 and got.y == {"k": None, "b": [1, 1, 1, None]}
    ordered = s.run(collections.OrderedDict([("z", a), ("c", a)]))
    assert type(ordered) is collections.OrderedDict and list(ordered) == ["z", "c"]

    class MyList(list):
        pass

    assert type(s.run(MyList([a]))) is list and s.run([[], (), {}, a]) == [[], (), {}, 1]


@fact("B34")
def test_attrs_classes():
    attr = pytest.importorskip("attr")

    @attr.s
    class Pair:
        a = attr.ib()
        b = attr.ib()

    got = tf.Session().run(Pair(tf.constant(1.0), [tf.constant(2.0)]))
    assert got == Pair(1, [2])


@fact("B36", "E39")
def test_kinds_of_values():
    s = tf.Session()
    x = s.run(tf.constant(1.0))
    assert type(x) is np.float32
    assert type(s.run(tf.constant(1, tf.int64))) is np.int64
    assert type(s.run(tf.constant(True))) is np.bool_
    v = s.run(tf.constant([1.0]))
    assert type(v) is np.ndarray and v.dtype == np.float32
    assert s.run(tf.constant("Hello")) == b"Hello"
    words = s.run(tf.constant(["a", "bc\0"]))
    assert words.dtype == object and list(words) == [b"a", b"bc\0"]
    assert s.run(tf.zeros([0, 3])).shape == (0, 3)


@fact("B37")
def test_the_same_tensor_twice():
    r = tf.random_uniform([4])
    a, b, (c,) = tf.Session().run([r, r, (r,)])
    assert a is b is c


@fact("B38", "B51")
def test_composite_values():
    s = tf.Session()
    indices, values, shape = np.array([[0, 1]], np.int64), np.array([5.0], np.float32), [2, 3]
    sparse = tf.SparseTensor(indices, values, shape)
    got = s.run(sparse)
    assert type(got) is tf.SparseTensorValue and got.values[0] == 5
    rows = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([2]))
    got = s.run(rows)
    assert type(got).__name__ == "IndexedSlicesValue" and got.dense_shape is None
    p = tf.sparse_placeholder(tf.float32)
    for value in ((indices, values, [2, 3]), tf.SparseTensorValue(indices, values, [2, 3])):
        assert s.run(p, {p: value}).dense_shape[1] == 3
    assert s.run(rows.values, {rows: ([[9.0]], [1])})[0, 0] == 9


@fact("B39")
def test_fetched_arrays_never_change():
    v = tf.Variable(tf.zeros([5000]))
    up = v.assign_add(tf.ones([5000]))
    s = tf.Session()
    s.run(v.initializer)
    before = s.run(v)
    s.run(up)
    assert before[7] == 0 and s.run(v)[7] == 1
    before[:] = 99
    assert s.run(v)[7] == 1


@fact("B39", "B43")
def test_fed_arrays_are_only_lent():
    v = tf.Variable(tf.zeros([5000]))
    x = tf.placeholder(tf.float32, [5000])
    put, s = v.assign(x), tf.Session()
    a = np.ones(5000, np.float32)
    s.run(put.op, {x: a})
    a[:] = 7
    assert s.run(v)[3] == 1


@fact("B40")
def test_fed_and_fetched():
    x = tf.placeholder(tf.int32)
    y = tf.constant(1.0)
    got = tf.Session().run([x, y], {x: 5.0})
    assert got == [5, 1] and got[0].dtype == np.int32
    assert tf.Session().run(x, {x: [1, 2]}).tolist() == [1, 2]


@fact("B41", "B33")
def test_fetching_variables():
    v, r = tf.Variable(1.0), tf.get_variable("r", initializer=2.0, use_resource=True)
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        assert s.run([v, r]) == [1, 2] and s.run(r) == 2


@fact("B42")
def test_conversions_of_users():
    from weft.python.client import session

    class Squared:
        def __init__(self, t):
            self.t = t

    register = session.register_session_run_conversion_functions
    register(Squared, lambda x: ([x.t], lambda v: v[0] ** 2), lambda x, v: [(x.t, v ** 0.5)],
             lambda x: [x.t])
    q = Squared(tf.constant(3.0))
    assert tf.Session().run(q) == 9 and tf.Session().run(q.t, {q: 16.0}) == 4
    with pytest.raises(ValueError, match="has already been registered"):
        register(Squared, lambda x: ([x.t], lambda v: v[0]))


@fact("B43", "E9")
def test_anything_may_be_fed():
    c = tf.constant(2.0, name="c")
    m = c * 3.0
    y = m + 1.0
    v = tf.Variable(1.0)
    s = tf.Session()
    assert s.run(y, {c: 10.0}) == 31 and s.run(y, {m: 1.0}) == 2 and s.run(y, {"c:0": 0.0}) == 1
    assert s.run(v + 1.0, {v: 5.0}) == 6


@fact("B44")
def test_keys_that_are_no_tensors():
    c = tf.constant(1.0, name="c")
    with tf.Graph().as_default():
        d = tf.constant(1.0)
    for key in ("c", c.op, d, "nope:0", 3):
        with pytest.raises(TypeError, match="Cannot interpret feed_dict key as Tensor: "):
            tf.Session().run(c, {key: 1.0})


@fact("B45")
def test_tensors_are_no_values():
    x = tf.placeholder(tf.float32)
    with pytest.raises(TypeError, match="The value of a feed cannot be a tf.Tensor object."):
        tf.Session().run(x, {x: tf.constant(1.0)})


@fact("B46")
def test_ints_that_do_not_fit():
    s = tf.Session()
    for dtype, value in ((tf.int32, 2 ** 40), (tf.uint8, 300), (tf.uint8, -1), (tf.string, 3),
                         (tf.int64, 2 ** 80)):
        x = tf.placeholder(dtype)
        with pytest.raises(TypeError, match="Type of feed value .* is not compatible with Tensor "
                                            "type .*larger type .e.g. int64.."):
            s.run(tf.identity(x), {x: value})


@fact("B47")
def test_values_are_converted():
    s = tf.Session()
    i, f, t = (tf.placeholder(d) for d in (tf.int32, tf.float32, tf.string))
    assert s.run(tf.identity(i), {i: 2.9}) == 2
    assert s.run(tf.identity(i), {i: np.array([1.5, 2.5])}).tolist() == [1, 2]
    assert s.run(tf.identity(f), {f: (1, [2][0])}).tolist() == [1, 2]
    assert np.isnan(s.run(tf.identity(f), {f: None}))
    assert s.run(tf.identity(t), {t: "é\0x"}) == "é\0x".encode()
    assert list(s.run(tf.identity(t), {t: ["é", b"\0"]})) == ["é".encode(), b"\0"]


@fact("B48")
def test_what_numpy_cannot_take():
    x = tf.placeholder(tf.float32)
    for value in ([[1], [1, 2]], "word", object()):
        with pytest.raises((ValueError, TypeError)):
            tf.Session().run(tf.identity(x), {x: value})


@fact("B49", "B53")
def test_shapes_of_feeds():
    x, y, s = tf.placeholder(tf.float32, [2], name="x"), tf.constant(1.0), tf.Session()
    with pytest.raises(ValueError, match=r"Cannot feed value of shape \(3,\) for Tensor 'x:0', "
                                         r"which has shape '\(2,\)'"):
        s.run(y, {x: [1, 2, 3]})
    assert s.run(y, {x: [1, 2]}) == 1
    u, p = tf.placeholder(tf.float32), tf.placeholder(tf.float32, [None, 2])
    assert s.run(tf.shape(u), {u: np.zeros([1, 2, 3])}).tolist() == [1, 2, 3]
    assert s.run(tf.shape(p), {p: np.zeros([7, 2])}).tolist() == [7, 2]


@fact("B50")
def test_unfeedable():
    c = tf.constant(1.0)
    c.graph.prevent_feeding(c)
    with pytest.raises(ValueError, match="Tensor .* may not be fed."):
        tf.Session().run(c, {c: 2.0})


@fact("B52")
def test_nested_keys():
    a, b, c = (tf.placeholder(tf.float32) for _ in range(3))
    s, total = tf.Session(), a + 10.0 * b + 100.0 * c
    assert s.run(total, {(a, (b, c)): (1, (2, 3))}) == 321
    with pytest.raises(ValueError, match="Could not flatten dictionary. Key had"):
        s.run(total, {(a, b, c): (1, 2)})
    with pytest.raises(ValueError, match="Could not flatten dictionary: key .* is not unique."):
        s.run(total, {(a, a): (1, 2)})
    with pytest.raises(TypeError, match="input must be a dictionary"):
        s.run(total, [(a, 1)])


@fact("B54")
def test_a_feed_replaces_its_op():
    v = tf.Variable(0.0)
    with tf.control_dependencies([v.assign_add(1.0)]):
        t = tf.constant(1.0) * 2.0
    s = tf.Session()
    s.run(v.initializer)
    assert s.run(t + 1.0, {t: 5.0}) == 6 and s.run(v) == 0
    s.run(t)
    assert s.run(v) == 1


@fact("B56")
def test_unfed_placeholders():
    x, y = tf.placeholder(tf.float32, name="x"), tf.placeholder(tf.float32, [None, 3], name="y")
    s = tf.Session()
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match="You must feed a value for placeholder tensor 'x' with dtype "
                             "float") as e:
        s.run(x + 1.0)
    assert e.value.op is x.op and e.value.node_def.name == "x"
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"and shape \[\?,3\]"):
        s.run(y + 1.0)


@fact("B57")
def test_placeholder_with_default():
    x = tf.placeholder_with_default([1.0, 2.0], [None])
    s = tf.Session()
    assert s.run(x).tolist() == [1, 2] and s.run(x, {x: [5, 6, 7]}).tolist() == [5, 6, 7]


@fact("B58")
def test_feeding_a_variable():
    v = tf.Variable(1.0)
    y, s = v * 2.0, tf.Session()
    s.run(v.initializer)
    assert s.run(y, {v: 10.0}) == 20 and s.run(y) == 2


@fact("B59")
def test_arrays_of_other_ints_wrap():
    x = tf.placeholder(tf.int8)
    assert tf.Session().run(tf.identity(x), {x: np.array([300])}).tolist() == [44]


def test_big_arrays_are_lent():
    x = tf.placeholder(tf.float32)
    a = np.ones(1000000, np.float32)
    s = tf.Session()
    got = s.run(tf.identity(x), {x: a})
    assert got.sum() == 1e6 and got is not a
    got[:] = 2
    assert a[0] == 1
