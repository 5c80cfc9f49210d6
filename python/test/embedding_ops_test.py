"""Rows looked up in tables, whole and in parts."""
import numpy as np
import pytest
import weft as tf
from weft.python.ops import embedding_ops


TABLE = np.arange(21, dtype=np.float32).reshape(7, 3) + 1


def run(fetches, feeds=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches, feeds)


def parts(n, strategy):
    if strategy == "mod":
        return [TABLE[i::n] for i in range(n)]
    return np.array_split(TABLE, n)


def test_one_table():
    ids = np.array([[0, 6], [3, 3]])
    y = embedding_ops.embedding_lookup(TABLE, ids)
    assert np.array_equal(run(y), TABLE[ids]) and y.shape == [2, 2, 3]
    v = tf.Variable(TABLE)
    assert np.array_equal(run(embedding_ops.embedding_lookup(v, ids)), TABLE[ids])
    with pytest.raises(ValueError, match="params must be specified"):
        embedding_ops.embedding_lookup(None, ids)
    with pytest.raises(ValueError, match="Need at least one param"):
        embedding_ops.embedding_lookup([], ids)


@pytest.mark.parametrize("strategy", ["mod", "div"])
@pytest.mark.parametrize("n", [2, 3])
def test_parts(strategy, n):
    ids = np.array([[0, 6, 2], [3, 3, 5]])
    y = embedding_ops.embedding_lookup(parts(n, strategy), ids, strategy)
    assert np.array_equal(run(y), TABLE[ids]) and y.shape == [2, 3, 3]


def test_wrong_strategy():
    with pytest.raises(ValueError, match="Unrecognized partition strategy: x"):
        embedding_ops.embedding_lookup(parts(2, "mod"), [0], "x")


def test_max_norm():
    rows = run(embedding_ops.embedding_lookup(TABLE, [0, 1], max_norm=1.))
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)
    rows = run(embedding_ops.embedding_lookup(parts(2, "mod"), [0, 1], max_norm=1.))
    assert np.allclose(np.linalg.norm(rows, axis=1), 1)


@pytest.mark.fact("C58")
def test_the_gradient_is_sparse():
    v = tf.Variable(TABLE)
    g, = tf.gradients(tf.reduce_sum(embedding_ops.embedding_lookup(v, [1, 1])), v)
    assert isinstance(g, tf.IndexedSlices)
    assert run(g.indices).tolist() == [1, 1] and run(g.values).tolist() == [[1] * 3] * 2


@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse(combiner, weighted):
    at = [[0, 0], [0, 1], [1, 0], [2, 0], [2, 1]]
    ids, weights = np.array([1, 3, 0, 6, 6]), np.array([1., 2, 3, .5, 1], np.float32)
    y = embedding_ops.embedding_lookup_sparse(
        TABLE, tf.SparseTensor(at, ids, [3, 2]),
        tf.SparseTensor(at, weights, [3, 2]) if weighted else None, combiner=combiner)
    w = weights if weighted else np.ones(5, np.float32)
    rows = [[0, 1], [2], [3, 4]]
    total = np.stack([(TABLE[ids[r]] * w[r, None]).sum(0) for r in rows])
    scale = {"sum": [1, 1, 1], "mean": [w[r].sum() for r in rows],
             "sqrtn": [np.sqrt((w[r] ** 2).sum()) for r in rows]}[combiner]
    assert np.allclose(run(y), total / np.array(scale)[:, None], rtol=1e-5)


def test_sparse_refusals():
    with pytest.raises(TypeError, match="sp_ids must be SparseTensor"):
        embedding_ops.embedding_lookup_sparse(TABLE, [0], None)
    with pytest.raises(ValueError, match="combiner must be one of"):
        embedding_ops.embedding_lookup_sparse(TABLE, [0], None, combiner="max")


def test_everything_named_is_there():
    for name in embedding_ops.__all__:
        assert hasattr(embedding_ops, name), name


def test_safe_lookup_leaves_out_what_counts_nothing():
    at = [[0, 0], [0, 1], [1, 0], [2, 0]]
    ids = tf.SparseTensor(at, np.array([1, -1, -1, 3]), [4, 2])
    safe = embedding_ops.safe_embedding_lookup_sparse
    y = safe([TABLE], ids)
    assert y.shape.as_list() == [None, 3]
    assert np.array_equal(run(y), np.stack([TABLE[1], 0 * TABLE[0], TABLE[3], 0 * TABLE[0]]))
    y = safe([TABLE], ids, default_id=2)
    assert np.array_equal(run(y), TABLE[[1, 2, 3, 2]])
    weights = tf.SparseTensor(at, np.array([2, 1, 1, 0], np.float32), [4, 2])
    assert np.array_equal(run(safe([TABLE], ids, weights, combiner="mean"))[2], [0, 0, 0])
