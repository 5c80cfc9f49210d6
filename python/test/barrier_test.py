"""Barriers: components joined under their keys."""
import threading

import pytest
import weft as tf
from weft.python.ops.data_flow_ops import Barrier


@pytest.fixture
def session():
    with tf.Session() as s:
        yield s


def test_components_are_joined(session):
    b = Barrier((tf.float32, tf.string), shapes=((), (2,)), name="b")
    assert b.name == "b" and b.barrier_ref.op.type == "Barrier"
    ready, waiting = b.ready_size(), b.incomplete_size()
    session.run(b.insert_many(0, ["x", "y"], [1., 2.]))
    assert session.run([ready, waiting]) == [0, 2]
    session.run(b.insert_many(1, ["y", "x"], [["a", "b"], ["c", "d"]]))
    assert session.run([ready, waiting]) == [2, 0]
    taken = b.take_many(2)
    assert taken[0].op.name == "b_BarrierTakeMany"
    assert [t.shape.as_list() for t in taken[:2] + tuple(taken[2])] == [[2], [2], [2], [2, 2]]
    indices, keys, (x, y) = session.run(taken)
    assert indices.tolist() == [-2 ** 63, -2 ** 63 + 1] and keys.tolist() == [b"x", b"y"]
    assert x.tolist() == [1, 2] and y.tolist() == [[b"c", b"d"], [b"a", b"b"]]


def test_errors(session):
    b = Barrier([tf.float32], shapes=[()])
    with pytest.raises(ValueError, match="Empty tensors are not supported"):
        Barrier([tf.float32], shapes=[[0]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="component ID is out of range 1"):
        session.run(b.insert_many(1, ["x"], [1.]))
    pair = Barrier([tf.float32, tf.float32], shapes=[(), ()])
    session.run(pair.insert_many(0, ["x"], [1.]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Key x already has a value for "
                       "component 0"):
        session.run(pair.insert_many(0, ["x"], [1.]))


def test_taking_waits(session):
    b = Barrier([tf.float32], shapes=[()])
    got = []
    take = b.take_many(3)
    thread = threading.Thread(target=lambda: got.append(session.run(take)))
    thread.start()
    for i in range(3):
        session.run(b.insert_many(0, [str(i)], [float(i)]))
    thread.join(20)
    assert got[0][2][0].tolist() == [0, 1, 2]


def test_closing(session):
    b = Barrier([tf.float32, tf.float32], shapes=[(), ()])
    first, second = b.insert_many(0, ["x"], [1.]), b.insert_many(1, ["x"], [2.])
    session.run(first)
    session.run(b.close())
    with pytest.raises(tf.errors.CancelledError, match="brand new key: y"):
        session.run(b.insert_many(0, ["y"], [1.]))
    session.run(second)                     # what has begun may be completed
    with pytest.raises(tf.errors.OutOfRangeError, match="is closed and has insufficient elements"):
        session.run(b.take_many(2))
    assert session.run(b.take_many(2, allow_small_batch=True))[1].tolist() == [b"x"]
    with pytest.raises(tf.errors.CancelledError, match="is already closed"):
        session.run(b.close())


def test_cancelling(session):
    b = Barrier([tf.float32, tf.float32], shapes=[(), ()])
    session.run(b.insert_many(0, ["x"], [1.]))
    session.run(b.close(cancel_pending_enqueues=True))
    assert session.run(b.incomplete_size()) == 0
    with pytest.raises(tf.errors.CancelledError, match="is closed"):
        session.run(b.insert_many(1, ["x"], [1.]))
