"""Accumulators: gradients of a step added up until they are taken."""
import threading

import numpy as np
import pytest
import weft as tf


@pytest.fixture
def session():
    with tf.Session() as s:
        yield s


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("how", ["MEAN", "SUM"])
def test_dense(session, dtype, how):
    a = tf.ConditionalAccumulator(dtype, shape=[2], reduction_type=how)
    x = tf.placeholder(dtype, [2])
    add, take, count = a.apply_grad(x), a.take_grad(2), a.num_accumulated()
    assert a.dtype == dtype and a.name == "conditional_accumulator"
    assert take.shape.as_list() == [2]
    session.run(add, {x: [1, 2]})
    session.run(add, {x: [3, 6]})
    assert session.run(count) == 2
    assert session.run(take).tolist() == ([2, 4] if how == "MEAN" else [4, 8])
    assert session.run(count) == 0


def test_older_steps_are_left_out(session):
    a = tf.ConditionalAccumulator(tf.float32, shape=[])
    count = a.num_accumulated()
    session.run(a.set_global_step(3))
    session.run(a.apply_grad(1., local_step=2))
    assert session.run(count) == 0
    session.run(a.apply_grad(1., local_step=3))
    assert session.run(count) == 1
    session.run(a.take_grad(1))
    session.run(a.apply_grad(1., local_step=3))         # taking began the fourth
    assert session.run(count) == 0


def test_errors(session):
    a = tf.ConditionalAccumulator(tf.float32, shape=[2])
    x = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"expected shape \[2\], got \[3\]"):
        session.run(a.apply_grad(x), {x: [1, 2, 3]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="num_required must be positive"):
        session.run(a.take_grad(0))
    with pytest.raises(ValueError):
        a.apply_grad([1., 2., 3.])
    for shape in ([2], [3]):
        b = tf.ConditionalAccumulator(tf.float32, shape=shape, shared_name="b")
        if shape == [2]:
            session.run(b.num_accumulated())
    with pytest.raises(tf.errors.InvalidArgumentError, match="has shape"):
        session.run(b.num_accumulated())


def test_taking_waits(session):
    a = tf.ConditionalAccumulator(tf.float32, shape=[])
    x = tf.placeholder(tf.float32, [])
    add, take, got = a.apply_grad(x, local_step=0), a.take_grad(10), []
    thread = threading.Thread(target=lambda: got.append(session.run(take)))
    thread.start()
    adders = [threading.Thread(target=session.run, args=(add, {x: i})) for i in range(10)]
    for t in adders:
        t.start()
    for t in adders + [thread]:
        t.join(20)
    assert got == [4.5]


@pytest.mark.parametrize("how", ["MEAN", "SUM"])
def test_sparse(session, how):
    a = tf.SparseConditionalAccumulator(tf.float32, shape=[4, 2], reduction_type=how)
    for rows, values in (([0, 2], [[1, 1], [2, 2]]), ([2, 3], [[4, 4], [5, 5]])):
        session.run(a.apply_indexed_slices_grad(tf.IndexedSlices(
            tf.constant(values, tf.float32), tf.constant(rows), tf.constant([4, 2]))))
    assert session.run(a.num_accumulated()) == 2
    taken = session.run(a.take_indexed_slices_grad(2))
    assert taken.indices.tolist() == [0, 2, 3] and taken.dense_shape.tolist() == [4, 2]
    assert taken.values.tolist() == [[1, 1], [3, 3] if how == "MEAN" else [6, 6], [5, 5]]


def test_sparse_rows_in_any_order(session):
    a = tf.SparseConditionalAccumulator(tf.float64, reduction_type="SUM")
    rng = np.random.RandomState(1)
    rows, values, whole = tf.placeholder(tf.int64), tf.placeholder(tf.float64), np.zeros([9, 3])
    add = a.apply_grad(rows, values)
    for _ in range(20):
        at, v = rng.randint(0, 9, 5), rng.randint(0, 9, [5, 3])
        session.run(add, {rows: at, values: v})
        np.add.at(whole, at, v)
    indices, v, shape = session.run(a.take_grad(20))
    assert indices.tolist() == sorted(indices) and shape.tolist() == [-1, 3]
    assert np.array_equal(v, whole[indices]) and not np.delete(whole, indices, 0).any()


def test_sparse_errors(session):
    a = tf.SparseConditionalAccumulator(tf.float32, shape=[4, 2])
    for rows, values, shape, why in (
            ([0], [[1., 1.], [2., 2.]], None, "Expected 1 non-empty input values, got 2"),
            ([0], [[1., 1., 1.]], None, "expected values dim 1 to be 2, got 3"),
            ([9], [[1., 1.]], None, "out of bounds"),
            ([0], [[1., 1.]], [5, 2], "expected shape dim 0 to be 4, got 5")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=why):
            session.run(a.apply_grad(rows, tf.constant(values), shape))
