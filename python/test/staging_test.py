"""Staging areas: lists and maps of tuples."""
import threading

import pytest
import weft as tf
from weft.python.ops.data_flow_ops import MapStagingArea, StagingArea


@pytest.fixture
def session():
    with tf.Session() as s:
        yield s


def test_first_in_first_out(session):
    area = tf.contrib.staging.StagingArea([tf.float32, tf.int32], shapes=[[], [2]])
    x = tf.placeholder(tf.float32, [])
    put = area.put([x, tf.cast(tf.stack([x, -x]), tf.int32)])
    a, b = area.get()
    assert put.name == "StagingArea_put" and a.op.name == "StagingArea_get"
    assert b.shape.as_list() == [2]
    for i in range(3):
        session.run(put, {x: i})
    assert session.run(area.size()) == 3
    assert [v.tolist() for v in session.run(area.peek(1))] == [1, [1, -1]]
    assert session.run(a) == 0
    assert [v.tolist() for v in session.run([a, b])] == [1, [1, -1]]
    session.run(area.clear())
    assert session.run(area.size()) == 0


def test_dictionaries(session):
    area = StagingArea([tf.int32, tf.string], names=["n", "s"])
    session.run(area.put({"s": tf.constant("a"), "n": tf.constant(1)}))
    assert session.run(area.get()) == {"n": 1, "s": b"a"}
    with pytest.raises(ValueError, match="do not match names of staging area"):
        area.put({"x": tf.constant(1)})
    with pytest.raises(ValueError, match="You must enqueue a dictionary"):
        area.put([tf.constant(1), tf.constant("a")])
    with pytest.raises(ValueError, match="Datatypes do not match"):
        StagingArea([tf.int32]).put(tf.constant(1.))


def test_waiting(session):
    area = StagingArea([tf.int32], capacity=1)
    put, get = area.put(tf.constant(1)), area.get()
    got = []
    thread = threading.Thread(target=lambda: got.append(session.run(get)))
    thread.start()
    session.run(put)
    thread.join(20)
    assert got == [[1]]
    session.run(put)
    assert session.run([put, get])[1] == [1]         # there is room when one was taken
    small = StagingArea([tf.int32], memory_limit=3)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="memory limit of '3'"):
        session.run(small.put(tf.constant(1)))


def test_closing_ends_what_waits():
    get = StagingArea([tf.int32]).get()
    s = tf.Session()
    errors = []

    def wait():
        try:
            s.run(get)
        except (tf.errors.CancelledError, RuntimeError) as e:
            errors.append(e)

    thread = threading.Thread(target=wait)
    thread.start()
    s.close()
    thread.join(20)
    assert len(errors) == 1


@pytest.mark.parametrize("ordered", [False, True])
def test_maps(session, ordered):
    area = MapStagingArea([tf.int32, tf.int32], shapes=[[], []], ordered=ordered)
    key, x = tf.placeholder(tf.int64), tf.placeholder(tf.int32, [])
    put = area.put(key, [x, x * 10], [0, 1])
    for k in (3, 1, 2):
        session.run(put, {key: k, x: k})
    assert session.run(area.size()) == 3
    assert session.run(area.peek(tf.constant(2, tf.int64))) == [2, 20]
    assert session.run(area.get(key), {key: 2}) == (2, [2, 20])
    first = session.run(area.get())
    assert first == ((1, [1, 10]) if ordered else (3, [3, 30]))
    session.run(area.clear())
    assert session.run(area.size()) == 0


def test_parts(session):
    area = MapStagingArea([tf.int32, tf.float32], names=["n", "x"])
    key = tf.constant(7, tf.int64)
    put = area.put(key, {"x": tf.constant(1.5)})
    session.run(put)
    assert session.run([area.size(), area.incomplete_size()]) == [0, 1]
    with pytest.raises(tf.errors.InvalidArgumentError, match="was already initialized"):
        session.run(put)
    session.run(area.put(key, {"n": tf.constant(2)}))
    assert session.run([area.size(), area.incomplete_size()]) == [1, 0]
    assert session.run(area.get(key, ["n"])) == (7, {"n": 2})
    with pytest.raises(tf.errors.InvalidArgumentError, match="has already been removed"):
        session.run(area.get(key, ["n"]))
    assert session.run(area.get(key, [1])) == (7, {"x": 1.5})
    assert session.run(area.size()) == 0
    with pytest.raises(ValueError, match="not in Staging Area names"):
        area.get(key, ["y"])
    with pytest.raises(TypeError, match="Mixed types in indices"):
        area.get(key, ["n", 1])
