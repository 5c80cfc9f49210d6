"""Indexing, gathering, masking, scattering."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.ops import array_ops


@pytest.fixture
def graph():
    return tf.get_default_graph()


class Indexing:
    def __getitem__(self, index):
        return index


I = Indexing()


@pytest.mark.parametrize("index", [
    I[0], I[-1], I[1:], I[:-1], I[::2], I[::-1], I[1:3, 0], I[..., 1], I[:, tf.newaxis], I[...],
    I[0, ..., 1:], I[:, 1, None, ::-2], I[2:0:-1], I[np.int32(1)], I[5:], I[()], I[None]])
def test_brackets_do_what_numpys_do(index):
    a = np.arange(24).reshape(3, 4, 2)
    y = tf.constant(a)[index]
    assert np.array_equal(run(y), a[index]) and y.shape == a[index].shape
    p = tf.placeholder(tf.int64)
    assert np.array_equal(run(p[index], {p: a}), a[index])


def test_names(graph):
    x = tf.placeholder(tf.float32, [3, 4], name="x")
    x[1:, 0]
    assert [op.name for op in graph.get_operations()] == [
        "x", "strided_slice/stack", "strided_slice/stack_1", "strided_slice/stack_2",
        "strided_slice"]
    op = graph.get_operation_by_name("strided_slice")
    assert [op.get_attr(m) for m in ("begin_mask", "end_mask", "shrink_axis_mask")] == [0, 1, 2]


def test_indices_that_are_tensors(graph):
    x = tf.constant(np.arange(12).reshape(3, 4))
    i = tf.placeholder(tf.int32, [], name="i")
    y = x[i]
    assert "add" in [op.name for op in graph.get_operations()] and y.op.name == "strided_slice"
    assert run(y, {i: 2}).tolist() == [8, 9, 10, 11]
    assert run(x[1:i, ::i], {i: 2}).tolist() == [[4, 6]]
    j = tf.constant(1, tf.int64)
    assert run(x[j, 2:]).tolist() == [6, 7]


def test_wrong_indices():
    x = tf.zeros([3, 4])
    for wrong in (1., "a", tf.constant(1.), tf.constant([1, 2])):
        with pytest.raises(TypeError, match="Only integers, slices"):
            x[wrong]
    with pytest.raises(ValueError, match="out of bounds|Index out of range|too many"):
        x[0, 0, 0]


@pytest.mark.fact("A87")
def test_a_tensor_is_not_iterable():
    with pytest.raises(TypeError, match="Tensor objects are only iterable"):
        for _ in tf.zeros([2]):
            pass


def test_masks():
    a = np.arange(6).reshape(2, 3)
    assert run(tf.boolean_mask(a, a > 2)).tolist() == [3, 4, 5]
    assert run(tf.constant(a)[tf.constant([False, True])]).tolist() == [[3, 4, 5]]
    assert run(tf.boolean_mask(a, [True, False, True], axis=1)).tolist() == [[0, 2], [3, 5]]
    with pytest.raises(ValueError, match="mask cannot be scalar"):
        tf.boolean_mask(a, True)
    with pytest.raises(ValueError, match="Number of mask dimensions must be specified"):
        tf.boolean_mask(a, tf.placeholder(tf.bool))
    with pytest.raises(ValueError, match="incompatible"):
        tf.boolean_mask(a, [True])


def test_slice():
    a = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(run(tf.slice(a, [0, 1, 0], [-1, 2, 3])), a[:, 1:3, :3])
    y = tf.strided_slice(a, [0, 0, 1], [2, 3, 4], [1, 2, 1])
    assert np.array_equal(run(y), a[:, ::2, 1:])


def test_gather(graph):
    a = np.arange(24.).reshape(2, 3, 4)
    y = tf.gather(a, [1, 0])
    assert y.op.type == "GatherV2" and np.array_equal(run(y), a[[1, 0]])
    assert np.array_equal(run(tf.gather(a, [[2, 0]], axis=1)), a[:, [[2, 0]]])
    i = np.array([[0, 2], [1, 1]])
    assert np.array_equal(run(tf.gather(a, i, batch_dims=1)), np.stack([a[0][i[0]], a[1][i[1]]]))
    y = tf.gather(a, i, axis=2, batch_dims=1)
    assert np.array_equal(run(y), np.stack([a[0][:, i[0]], a[1][:, i[1]]]))
    assert y.shape == [2, 3, 2]
    assert np.array_equal(run(tf.batch_gather(a, i)), np.stack([a[0][i[0]], a[1][i[1]]]))
    j = np.array([[[0], [2]], [[1], [1]]])
    assert np.array_equal(run(tf.gather_nd(a, j, batch_dims=1)),
                          np.stack([a[0][j[0, :, 0]], a[1][j[1, :, 0]]]))
    assert run(tf.gather_nd(a, [[0, 1], [1, 2]])).tolist() == [a[0, 1].tolist(), a[1, 2].tolist()]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = 9 is not in"):
        run(tf.gather(tf.placeholder_with_default([1, 2], [None]), [9]))


def test_where():
    assert run(tf.where([[True, False], [True, True]])).tolist() == [[0, 0], [1, 0], [1, 1]]
    assert run(tf.where([True, False], [1, 2], [3, 4])).tolist() == [1, 4]
    assert run(tf.where([True, False], [[1, 2], [3, 4]], [[5, 6], [7, 8]])).tolist() == [
        [1, 2], [7, 8]]
    with pytest.raises(ValueError, match="x and y must both be non-None or both be None"):
        tf.where([True], [1])


def test_scatter():
    assert run(tf.scatter_nd([[1], [3], [1]], [5, 6, 7], [4])).tolist() == [0, 12, 0, 6]
    x = tf.constant([1., 2., 3.])
    assert run(tf.tensor_scatter_add(x, [[0], [0]], [5., 6.])).tolist() == [12, 2, 3]
    assert run(tf.tensor_scatter_sub(x, [[2]], [1.])).tolist() == [1, 2, 2]
    with pytest.raises(ValueError, match="batch_dims"):
        tf.gather_nd(x, [0], batch_dims=1)


def test_where_v2():
    a = np.arange(6).reshape(2, 3)
    y = tf.where_v2(tf.constant(a)[:1] > 1, a, -1)
    assert np.array_equal(run(y), np.where(a[:1] > 1, a, -1)) and y.shape == [2, 3]
    p = tf.placeholder(tf.int64)
    assert np.array_equal(run(tf.where_v2(p > 1, p, a[:1]), {p: a}), np.where(a > 1, a, a[:1]))


def test_repeat():
    a = np.arange(6).reshape(2, 3)
    assert np.array_equal(run(array_ops.repeat(a, 2)), np.repeat(a, 2))
    assert np.array_equal(run(array_ops.repeat(a, [2, 0, 1], axis=1)), np.repeat(a, [2, 0, 1], 1))


def test_sparse_mask():
    s = tf.IndexedSlices(tf.constant([[1.], [2.], [3.]]), tf.constant([5, 7, 9]))
    m = tf.sparse_mask(s, [7])
    assert run([m.values, m.indices])[0].tolist() == [[1], [3]]


def test_gradients_pass_through():
    x = tf.placeholder(tf.float32, [3, 4])
    y = tf.reduce_sum(tf.gather(x[1:], [0, 0], axis=1) * 2.)
    g, = tf.gradients(y, x)
    assert run(g, {x: np.ones((3, 4))}).tolist() == [[0] * 4, [4, 0, 0, 0], [4, 0, 0, 0]]
