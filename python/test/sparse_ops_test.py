"""SparseTensors, against dense NumPy arrays."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.framework import sparse_tensor
from weft.python.ops import sparse_ops


@pytest.fixture
def graph():
    return tf.get_default_graph()


A = np.array([[0, 1, 0, 2], [0, 0, 0, 0], [3, 0, 4, 0]], np.float32)
B = np.array([[5, 1, 0, 0], [0, 0, 6, 0], [-3, 0, 0, 0]], np.float32)


def sparse(a):
    at = np.argwhere(a)
    return tf.SparseTensor(at, a[tuple(at.T)], a.shape)


def dense(value):
    """A SparseTensorValue, or what gives one, as an array."""
    if isinstance(value, tf.SparseTensor):
        value = run(value)
    a = np.zeros(value.dense_shape, value.values.dtype)
    a[tuple(value.indices.T)] = value.values
    return a


def test_the_class(graph):
    s = sparse(A)
    assert s.get_shape() == [3, 4] and s.dtype == tf.float32 and s.graph is graph
    assert s.indices.op.name == "SparseTensor/indices"
    assert str(s).startswith("SparseTensor(indices=Tensor(")
    with pytest.raises(ValueError):
        tf.SparseTensor([[0, 0]], [1, 2], [2, 2])
    with tf.Session():
        assert np.array_equal(dense(s.eval()), A)
    value = tf.SparseTensorValue(np.array([[0, 1]]), np.array([5.], np.float32), np.array([1, 2]))
    assert sparse_tensor.is_sparse(value) and sparse_tensor.is_sparse(s)
    again = tf.convert_to_tensor_or_sparse_tensor(value)
    assert isinstance(again, tf.SparseTensor) and run(again).values.tolist() == [5]
    with pytest.raises(RuntimeError, match="Sparse dtype: requested = int32, actual = float32"):
        tf.convert_to_tensor_or_sparse_tensor(value, tf.int32)
    with pytest.raises(TypeError):
        tf.convert_to_tensor(s)


def test_fed_and_fetched():
    p = tf.sparse_placeholder(tf.float32)
    value = tf.SparseTensorValue(np.array([[0, 1]]), np.array([5.]), np.array([1, 2]))
    got = run(p, {p: value})
    assert isinstance(got, tf.SparseTensorValue) and got.values.tolist() == [5]


def test_collections_do_not_keep_a_graph(graph):
    tf.add_to_collection("things", sparse(A))
    kept, = tf.get_collection("things")
    assert isinstance(kept, tf.SparseTensor) and np.array_equal(dense(kept), A)


def test_to_dense_and_back():
    assert np.array_equal(run(tf.sparse_tensor_to_dense(sparse(A))), A)
    filled = run(tf.sparse_tensor_to_dense(sparse(A), default_value=9))
    assert np.array_equal(filled, np.where(A == 0, 9, A))
    assert run(tf.sparse_to_dense([1, 3], [5], 7)).tolist() == [0, 7, 0, 7, 0]
    assert np.array_equal(dense(sparse_ops.from_dense(A)), A)
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of order|is repeated"):
        run(tf.sparse_to_dense([3, 1], [5], 7))
    with pytest.raises(TypeError, match="Input must be a SparseTensor"):
        tf.sparse_tensor_to_dense(tf.constant(A))


def test_arithmetic():
    assert np.array_equal(dense(tf.sparse_add(sparse(A), sparse(B))), A + B)
    assert np.array_equal(run(tf.sparse_add(sparse(A), B)), A + B)
    assert np.array_equal(dense(tf.sparse_maximum(sparse(A), sparse(B))), np.maximum(A, B))
    assert np.array_equal(dense(tf.sparse_minimum(sparse(A), sparse(B))), np.minimum(A, B))
    assert np.array_equal(dense(sparse(A) * B), A * B)
    with pytest.raises(TypeError, match="At least one input should be SparseTensor"):
        tf.sparse_add(A, B)


def test_matrix_products():
    assert np.array_equal(run(tf.sparse_tensor_dense_matmul(sparse(A), B.T)), A @ B.T)
    y = tf.sparse_tensor_dense_matmul(sparse(A), B, adjoint_a=True)
    assert np.array_equal(run(y), A.T @ B)
    x = tf.placeholder(tf.float32, [4, 2])
    g, = tf.gradients(tf.sparse_tensor_dense_matmul(sparse(A), x), x)
    assert np.array_equal(run(g, {x: np.ones((4, 2))}), A.T @ np.ones((3, 2)))


def test_reductions():
    assert run(tf.sparse_reduce_sum(sparse(A))) == A.sum()
    assert np.array_equal(run(tf.sparse_reduce_sum(sparse(A), 1)), A.sum(1))
    assert np.array_equal(run(tf.sparse_reduce_sum(sparse(A), axis=0, keep_dims=True)),
                          A.sum(0, keepdims=True))
    assert run(tf.sparse_reduce_max(sparse(A), 1)).tolist() == [2, 0, 4]


def test_parts():
    assert np.array_equal(dense(tf.sparse_concat(1, [sparse(A), sparse(B)])),
                          np.concatenate([A, B], 1))
    parts = tf.sparse_split(sp_input=sparse(A), num_split=2, axis=1)
    assert np.array_equal(dense(parts[1]), A[:, 2:])
    assert np.array_equal(dense(tf.sparse_slice(sparse(A), [0, 1], [2, 3])), A[:2, 1:])
    assert np.array_equal(dense(tf.sparse_reshape(sparse(A), [2, -1])), A.reshape(2, 6))
    kept = tf.sparse_retain(sparse(A), [True, False, True, False])
    assert run(kept).values.tolist() == [1, 3]
    with pytest.raises(ValueError, match="Cannot reshape a tensor"):
        tf.sparse_reshape(sparse(A), [5, 5])


def test_order():
    mixed = tf.SparseTensor([[2, 0], [0, 1]], [1., 2.], [3, 2])
    assert run(tf.sparse_reorder(mixed)).values.tolist() == [2, 1]
    assert np.array_equal(dense(tf.sparse_transpose(sparse(A))), A.T)
    assert run(tf.sparse_reset_shape(sparse(A[:, :2]))).dense_shape.tolist() == [3, 2]


def test_rows():
    filled, empty = tf.sparse_fill_empty_rows(sparse(A), 8)
    assert run(empty).tolist() == [False, True, False] and dense(filled)[1].tolist() == [8, 0, 0, 0]
    ids = tf.SparseTensor([[0, 0], [1, 1]], tf.constant([2, 0], tf.int64), [2, 2])
    assert run(tf.sparse_to_indicator(ids, 3)).tolist() == [[False, False, True],
                                                            [True, False, False]]
    soft = run(tf.sparse_softmax(sparse(A)))
    e = np.exp([3, 4])
    assert np.allclose(soft.values[2:], e / e.sum())


def test_eye_and_expand():
    assert np.array_equal(dense(sparse_ops.sparse_eye(2, 3)), np.eye(2, 3))
    assert run(sparse_ops.sparse_expand_dims(sparse(A), 1)).dense_shape.tolist() == [3, 1, 4]
    axis = tf.placeholder(tf.int32, [])
    assert run(tf.sparse.expand_dims(sparse(A), axis), {axis: 0}).dense_shape.tolist() == [1, 3, 4]
    with pytest.raises(TypeError, match="axis must be an integer"):
        tf.sparse.expand_dims(sparse(A), 1.5)


def test_larger_and_smaller(graph):
    made = tf.sparse_maximum(sparse(A), sparse(B))
    assert made.indices.op.name == "SparseSparseMaximum" and made.get_shape() == [3, 4]
    assert np.array_equal(dense(made), np.maximum(A, B))
    assert np.array_equal(dense(tf.sparse.minimum(sparse(A), sparse(B), name="less")),
                          np.minimum(A, B))
    assert graph.get_operation_by_name("less").type == "SparseSparseMinimum"
    s = sparse(A)
    with pytest.raises(ValueError, match="Gradient for SparseSparseMaximum is currently not"):
        tf.gradients(tf.sparse.maximum(s, sparse(B)).values, s.values)


def test_reduced_to_sparse():
    got = run(tf.sparse_reduce_sum_sparse(sparse(A), 1))
    assert got.indices.tolist() == [[0], [2]] and got.values.tolist() == [3, 7]
    got = run(tf.sparse.reduce_max_sparse(sparse(A), axis=0, keepdims=True))
    assert got.indices.tolist() == [[0, 0], [0, 1], [0, 2], [0, 3]]
    assert got.values.tolist() == [3, 1, 4, 2] and got.dense_shape.tolist() == [1, 4]
    assert run(tf.sparse.reduce_sum_sparse(sparse(A))).values.tolist() == [10]


def test_serialized():
    made = tf.serialize_sparse(sparse(A))
    assert made.shape == [3] and made.dtype == tf.string
    rows = tf.io.serialize_many_sparse(sparse(A))
    assert run(rows).shape == (3, 3)
    again = tf.io.deserialize_many_sparse(rows, tf.float32, rank=2)
    assert again.indices.shape.as_list() == [None, 2] and np.array_equal(dense(again), A)
    mixed = tf.stack([tf.serialize_sparse(sparse(A)), tf.serialize_sparse(sparse(B[:2]))])
    got = run(tf.deserialize_many_sparse(mixed, tf.float32))
    assert got.dense_shape.tolist() == [2, 3, 4] and got.values.tolist() == [1, 2, 3, 4, 5, 1, 6]
    words = tf.SparseTensor([[0, 1], [1, 0]], ["x", "yy"], [2, 2])
    got = run(tf.deserialize_many_sparse(tf.serialize_many_sparse(words), tf.string))
    assert got.values.tolist() == [b"x", b"yy"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Requested SparseTensor of type"):
        run(tf.deserialize_many_sparse(tf.serialize_many_sparse(words), tf.int32))


def rows_of(*rows):
    """A SparseTensor of strings, a list a row."""
    at = [[i, j] for i, row in enumerate(rows) for j in range(len(row))]
    return tf.SparseTensor(np.array(at, np.int64).reshape(-1, 2), [x for row in rows for x in row],
                           [len(rows), max(map(len, rows))])


def test_crosses():
    got = run(tf.sparse.cross([rows_of(["a", "b"], ["c"]), rows_of(["x"], ["y", "z"]),
                               tf.constant([[1], [2]])]))
    assert got.values.tolist() == [b"a_X_x_X_1", b"b_X_x_X_1", b"c_X_y_X_2", b"c_X_z_X_2"]
    assert got.indices.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert got.dense_shape.tolist() == [2, 2]
    parts = [rows_of(["batch1-FC%d-F1" % i]) for i in (1, 2, 3)]
    hashed = tf.sparse.cross_hashed(parts)
    assert hashed.values.op.get_attr("internal_type") == tf.string
    assert run(hashed).values.tolist() == [1971693436396284976]
    assert run(tf.sparse.cross_hashed(parts, num_buckets=100)).values.tolist() == [83]
    assert run(tf.sparse.cross_hashed(parts, hash_key=0xDECAFCAFFE + 1)).values.tolist() == [
        4847552627144134031]
    with pytest.raises(TypeError, match="All inputs must be SparseTensors"):
        tf.sparse.cross([["a"]])


def test_reset_shape():
    assert run(tf.sparse.reset_shape(sparse(A), [5, 4])).dense_shape.tolist() == [5, 4]
    with pytest.raises(ValueError, match="Requested new_shape should have dimension sizes"):
        tf.sparse.reset_shape(sparse(A), [2, 4])
    p = tf.sparse_placeholder(tf.float32)
    value = tf.SparseTensorValue(np.array([[0, 1]]), np.array([5.]), np.array([1, 2]))
    assert run(tf.sparse.reset_shape(p, [3, 3]), {p: value}).dense_shape.tolist() == [3, 3]
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(tf.sparse.reset_shape(p, [3, 1]), {p: value})


def test_merge():
    ids = tf.SparseTensor([[0, 0], [1, 0], [1, 1]], tf.constant([2, 0, 1], tf.int64), [2, 2])
    weights = tf.SparseTensor([[0, 0], [1, 0], [1, 1]], [1., 2., 3.], [2, 2])
    assert dense(tf.sparse.merge(ids, weights, 3)).tolist() == [[0, 0, 1], [2, 3, 0]]
