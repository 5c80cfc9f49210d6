"""Tensors that a session keeps between runs."""
import gc

import numpy as np
import pytest
import weft as tf
from weft.python.ops import session_ops


@pytest.fixture
def session():
    with tf.Session() as s:
        yield s


def test_what_is_kept_comes_back(session):
    x = tf.placeholder(tf.float32)
    kept = tf.get_session_handle(tf.multiply(x, 2.), name="kept")
    assert kept.dtype == tf.string and kept.op.type == "GetSessionHandle"
    h = session.run(kept, {x: [1., 2.]})
    assert isinstance(h, session_ops.TensorHandle)
    assert str(h) == h.handle and h.handle.startswith("kept;")
    assert h.handle.endswith("/job:localhost/replica:0/task:0/device:CPU:0")
    holder, y = tf.get_session_tensor(h.handle, tf.float32)
    assert holder.dtype == tf.string and y.op.type == "GetSessionTensor"
    assert session.run(tf.negative(y), {holder: h}).tolist() == [-2, -4]
    assert session.run(y, {holder: h.handle}).tolist() == [2, 4]
    assert h.eval().tolist() == [2, 4] and h.eval().tolist() == [2, 4]


def test_each_run_gives_another_handle(session):
    x = tf.placeholder(tf.int32, [])
    kept = tf.get_session_handle(x)
    a, b = [session.run([kept, {"it": kept}], {x: i}) for i in (1, 2)]
    assert a[0].handle == a[1]["it"].handle != b[0].handle
    assert a[0].eval() == 1 and b[0].eval() == 2
    assert session.make_callable(kept, [x])(3).eval() == 3


def test_a_kept_tensor_feeds_the_next_step(session):
    h = session.run(tf.get_session_handle(tf.constant(0)))
    holder, x = tf.get_session_tensor(h.handle, tf.int32)
    more = tf.get_session_handle(x + 1)
    for _ in range(30):
        h = session.run(more, {holder: h})
    assert h.eval() == 30


def test_deleting(session):
    h = session.run(tf.get_session_handle(tf.constant([1, 2])))
    h.delete()
    with pytest.raises(TypeError, match="may have already been deleted"):
        h.eval()
    holder, y = tf.get_session_tensor(h.handle, tf.int32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in the session store"):
        session.run(y, {holder: h})
    g = session.run(tf.get_session_handle(tf.constant("a")))
    holder, deleter = tf.delete_session_tensor(g.handle)
    session.run(deleter, {holder: g.get_raw_handle()})
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in the session store"):
        session.run(deleter, {holder: g.handle})


def test_handles_that_nobody_has_are_let_go_of(session):
    kept = tf.get_session_handle(tf.constant(1))
    first = session.run(kept).handle
    for _ in range(25):
        session.run(kept)
    gc.collect()
    assert len(session._dead_handles) < 11
    holder, y = tf.get_session_tensor(first, tf.int32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not in the session store"):
        session.run(y, {holder: first})


def test_refused(session):
    with pytest.raises(TypeError, match="`data` must be of type Tensor"):
        tf.get_session_handle([1])
    h = session.run(tf.get_session_handle(tf.constant(1)))
    with pytest.raises(TypeError, match="Cannot convert a persistent tensor handle"):
        h.to_numpy_array()
    holder, y = tf.get_session_tensor(h.handle, tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="is of type int32, not float"):
        session.run(y, {holder: h})
    with tf.Session() as other, pytest.raises(tf.errors.InvalidArgumentError):
        other.run(y, {holder: h})
    assert np.asarray(h).item() == h.handle
