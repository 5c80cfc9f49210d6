"""Tensors as arrays: values as NumPy has them, names and static shapes as TensorFlow's."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.ops import array_ops


@pytest.fixture
def graph():
    return tf.get_default_graph()


def names(graph):
    return [op.name for op in graph.get_operations()]


def unknown(value, shape=None):
    """A placeholder of unknown shape, and what to feed it."""
    value = np.asarray(value)
    return tf.placeholder(value.dtype, shape), value


def test_shape_size_rank_are_constants_where_they_are_known(graph):
    x = tf.zeros([2, 3])
    for t, value in ((tf.shape(x), [2, 3]), (tf.size(x), 6), (tf.rank(x), 2)):
        assert t.op.type == "Const" and np.array_equal(run(t), value)
    assert tf.shape(x, out_type=tf.int64).dtype == tf.int64
    p, value = unknown(np.ones((4, 5, 1)), [None, 5, 1])
    assert [f(p).op.type for f in (tf.shape, tf.size, tf.rank)] == ["Shape", "Size", "Const"]
    assert array_ops.shape_internal(x, optimize=False).op.type == "Shape"
    shapes = tf.shape_n([p, p[0]])
    assert [list(s) for s in run(shapes, {p: value})] == [[4, 5, 1], [5, 1]]
    assert tf.size(tf.placeholder(tf.float32, [0, None])).op.type == "Const"


def test_placeholders(graph):
    p = tf.placeholder(tf.float32, name="p")
    assert p.shape.ndims is None and p.name == "p:0"
    q = tf.placeholder_with_default([1, 2], [None])
    assert list(run(q)) == [1, 2] and list(run(q, {q: [3, 4, 5]})) == [3, 4, 5]
    s = tf.sparse_placeholder(tf.float32, name="s")
    assert [t.op.name for t in (s.indices, s.values, s.dense_shape)] == [
        "s/indices", "s/values", "s/shape"]
    assert tf.sparse_placeholder(tf.int32, [2, 3]).get_shape().as_list() == [2, 3]


def test_reshape_expand_squeeze():
    x = tf.constant(np.arange(6))
    assert tf.reshape(x, [3, -1]).shape.as_list() == [3, 2]
    p, value = unknown(np.ones((3, 8)), [None, 8])
    y = tf.reshape(p, [tf.shape(p)[0], 2, 4])
    assert y.shape.as_list() == [None, 2, 4] and run(y, {p: value}).shape == (3, 2, 4)
    assert tf.expand_dims(x, -1).shape == tf.expand_dims(x, dim=1).shape == [6, 1]
    assert tf.squeeze(tf.zeros([1, 2, 1])).shape == [2]
    assert tf.squeeze(tf.zeros([1, 2, 1]), squeeze_dims=[0]).shape == [2, 1]
    assert tf.squeeze(tf.zeros([1, 2, 1]), 2).shape == [1, 2]
    with pytest.raises(ValueError, match="Must specify an axis"):
        tf.expand_dims(x)
    with pytest.raises(ValueError, match="Cannot specify both 'squeeze_dims' and 'axis'|"
                                         "Cannot specify both 'axis' and 'squeeze_dims'"):
        tf.squeeze(x, axis=0, squeeze_dims=0)


@pytest.mark.fact("E40")
def test_reshape_to_another_size():
    p = tf.placeholder(tf.float32)
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match="Input to reshape is a tensor with 4 values, but the requested "
                             "shape has 21"):
        run(tf.reshape(p, [3, 7]), {p: [1, 2, 3, 4]})


def test_zeros_and_ones(graph):
    assert tf.zeros([2, 3]).op.type == "Const" and tf.zeros([2, 3]).name == "zeros_1:0"
    large = tf.ones([1000, 2], tf.int64)
    assert large.op.type == "Fill" and run(large).sum() == 2000
    assert run(tf.zeros([], tf.string)) == b"" and run(tf.ones([2], tf.bool)).all()
    p, value = unknown(np.ones((4, 2), np.float32), [None, 2])
    assert run(tf.zeros(tf.shape(p)), {p: value}).shape == (4, 2)
    assert tf.zeros_like(p).op.type == "ZerosLike"
    assert tf.ones_like(p).shape.as_list() == [None, 2]
    assert tf.zeros_like([1, 2]).op.type == "Const"
    assert tf.zeros_like(p, dtype=tf.int32).dtype == tf.int32
    assert run(tf.ones_like(p, dtype=tf.int32), {p: value}).sum() == 8


@pytest.mark.fact("A61")
def test_zeros_of_a_shape_with_tensors_asks_how_large_it_is(graph):
    n = tf.placeholder(tf.int32, [], name="n")
    z = tf.zeros([n, 5])
    assert names(graph) == ["n", "zeros/mul/y", "zeros/mul", "zeros/Less/y", "zeros/Less",
                            "zeros/packed/1", "zeros/packed", "zeros/Const", "zeros"]
    assert run(z, {n: 2}).shape == (2, 5)


def test_concat(graph):
    a = np.arange(6).reshape(2, 3)
    assert np.array_equal(run(tf.concat([a, a + 1], 1)), np.concatenate([a, a + 1], 1))
    x = tf.placeholder(tf.int64, [2, 3], name="x")
    one = tf.concat([x], 0, name="one")
    assert one.op.type == "Identity" and "one/concat_dim" in names(graph)
    with pytest.raises(ValueError, match="Dimension"):
        tf.concat([np.zeros([2, 3]), np.zeros([3, 3])], 1)


def test_stack_and_unstack(graph):
    assert tf.stack([1, 2, 3]).op.type == "Const"
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.stack([x, [1, 2]], name="s")
    assert y.op.name == "s" and y.op.type == "Pack" and "s/1_1" in names(graph)
    assert np.array_equal(run(tf.stack([x, x + 1], axis=-1), {x: [5, 6]}), [[5, 6], [6, 7]])
    assert [list(r) for r in run(tf.unstack(tf.constant([[1, 2], [3, 4]]), axis=1))] == [
        [1, 3], [2, 4]]
    with pytest.raises(ValueError, match=r"axis = 3 not in \[-2, 2\)"):
        tf.stack([x, x], axis=3)
    with pytest.raises(ValueError, match="Cannot infer num from shape"):
        tf.unstack(tf.placeholder(tf.float32))


def test_lists_with_tensors_are_packed(graph):
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.convert_to_tensor([[x, 1], [2, x]])
    assert y.op.name == "packed" and run(y, {x: 7}).tolist() == [[7, 1], [2, 7]]
    assert {"packed/0", "packed/0/1", "packed/1", "packed/1/0"} <= set(names(graph))
    assert run(tf.reshape(np.arange(6), [tf.constant(2), -1])).shape == (2, 3)
    with pytest.raises(TypeError):
        tf.stack([tf.constant(1), tf.constant(1.)])


def test_split():
    x = tf.constant(np.arange(12).reshape(2, 6))
    assert [p.shape.as_list() for p in tf.split(x, 3, axis=1)] == [[2, 2]] * 3
    assert [p.shape.as_list() for p in tf.split(x, [1, 5], 1)] == [[2, 1], [2, 5]]
    with pytest.raises(ValueError, match="Rank-0 tensors are not supported"):
        tf.split(x, tf.constant(2), 1)
    with pytest.raises(ValueError, match="Cannot infer num from shape"):
        tf.split(x, tf.placeholder(tf.int32, [None]), 1)


def test_transpose(graph):
    a = np.arange(6).reshape(1, 2, 3)
    assert np.array_equal(run(tf.transpose(a)), a.T)
    assert np.array_equal(run(tf.transpose(a, [2, 0, 1])), a.transpose(2, 0, 1))
    p, value = unknown(a)
    y = tf.transpose(p, name="t")
    assert {"t/Rank", "t/Range", "t/sub", "t/sub_1"} <= set(names(graph))
    assert np.array_equal(run(y, {p: value}), a.T)
    assert tf.transpose(tf.placeholder(tf.float32, [None, 3])).shape.as_list() == [3, None]
    assert tf.matrix_transpose(np.zeros([4, 2, 3])).shape == [4, 3, 2]


def test_conjugate_transpose():
    c = np.array([[1 + 2j, 3]])
    assert np.array_equal(run(tf.transpose(c, conjugate=True)), c.conj().T)


def test_parallel_stack():
    assert np.array_equal(run(tf.parallel_stack([[1, 2], [3, 4]])), [[1, 2], [3, 4]])


def test_pad_tile_reverse_roll():
    a = np.arange(1, 7).reshape(2, 3)
    for mode in ("CONSTANT", "reflect", "SYMMETRIC"):
        assert np.array_equal(run(tf.pad(a, [[1, 1], [0, 2]], mode)),
                              np.pad(a, [[1, 1], [0, 2]], mode.lower()))
    assert run(tf.pad(a, [[0, 1], [0, 0]], constant_values=9))[2].tolist() == [9, 9, 9]
    with pytest.raises(ValueError, match="Unknown padding mode"):
        tf.pad(a, [[0, 0], [0, 0]], "WRAP")
    p = tf.placeholder(tf.float32, [None, 3])
    assert tf.pad(p, [[0, 0], [1, 1]]).shape.as_list() == [None, 5]
    assert np.array_equal(run(tf.tile(a, [2, 1])), np.tile(a, [2, 1]))
    assert np.array_equal(run(tf.reverse(a, [-1])), a[:, ::-1])
    assert np.array_equal(run(tf.roll(a, 1, 1)), np.roll(a, 1, 1))
    r = tf.reverse_sequence(a, [2, 3], seq_dim=1, batch_dim=0)
    assert run(r).tolist() == [[2, 1, 3], [6, 5, 4]]


def test_one_hot():
    assert run(tf.one_hot([1, -1, 0], 3)).tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 0]]
    assert tf.one_hot([1], 2).dtype == tf.float32
    assert tf.one_hot([1], 2, on_value=5, off_value=-5).dtype == tf.int32
    assert tf.one_hot([1, 0], 3, axis=0, dtype=tf.int64).shape == [3, 2]
    with pytest.raises(TypeError, match="does not match dtype parameter"):
        tf.one_hot([1], 2, on_value=tf.constant(1.), dtype=tf.int32)
    with pytest.raises(TypeError, match="does not match dtype .* of off_value"):
        tf.one_hot([1], 2, on_value=1, off_value=0.)


def test_sets():
    y, idx, count = run(tf.unique_with_counts([5, 3, 5, 9]))
    assert (list(y), list(idx), list(count)) == ([5, 3, 9], [0, 1, 0, 2], [2, 1, 1])
    assert list(run(tf.unique([2, 1, 2]).y)) == [2, 1]
    out, idx = run(tf.setdiff1d([1, 2, 3, 4], [2, 4]))
    assert (list(out), list(idx)) == ([1, 3], [0, 2])
    assert list(run(tf.invert_permutation([2, 0, 1]))) == [1, 2, 0]
    rows = np.array([[1, 3, 5, 7], [0, 0, 2, 4]], np.int32)
    for side in ("left", "right"):
        found = run(tf.searchsorted(rows, [[0, 3, 8], [0, 2, 3]], side))
        assert [list(f) for f in found] == [list(np.searchsorted(r, v, side)) for r, v in
                                            zip(rows, ([0, 3, 8], [0, 2, 3]))]
    assert np.array_equal(run(tf.unravel_index([7, 2], [3, 4])), np.unravel_index([7, 2], [3, 4]))


def test_meshgrid_and_sequence_mask():
    for indexing in ("xy", "ij"):
        for t, a in zip(run(tf.meshgrid([1, 2, 3], [4, 5], indexing=indexing)),
                        np.meshgrid([1, 2, 3], [4, 5], indexing=indexing)):
            assert np.array_equal(t, a)
    assert run(tf.sequence_mask([1, 3, 0])).astype(int).tolist() == [
        [1, 0, 0], [1, 1, 1], [0, 0, 0]]
    m = run(tf.sequence_mask([[1], [2]], 2, dtype=tf.float32))
    assert m.shape == (2, 1, 2) and m.dtype == np.float32
    with pytest.raises(ValueError, match="maxlen must be scalar"):
        tf.sequence_mask([1], [1, 2])


def test_diagonals():
    assert np.array_equal(run(tf.diag([1, 2])), np.diag([1, 2]))
    assert run(tf.diag_part(tf.diag([1, 2]))).tolist() == [1, 2]
    assert run(tf.matrix_diag([[1, 2], [3, 4]])).shape == (2, 2, 2)
    a = np.arange(9.).reshape(3, 3)
    assert run(tf.matrix_diag_part(a)).tolist() == [0, 4, 8]
    assert np.array_equal(run(tf.matrix_band_part(a, 0, -1)), np.triu(a))
    assert np.trace(run(tf.matrix_set_diag(a, [1., 1., 1.]))) == 3


def test_broadcast():
    assert run(tf.broadcast_to([1, 2], [2, 2])).tolist() == [[1, 2], [1, 2]]
    static = tf.broadcast_static_shape(tf.TensorShape([None, 1]), tf.TensorShape([3, 1, 4]))
    assert static.as_list() == [3, None, 4]
    with pytest.raises(ValueError, match="Incompatible shapes for broadcasting"):
        tf.broadcast_static_shape(tf.TensorShape([2]), tf.TensorShape([3]))
    assert list(run(tf.broadcast_dynamic_shape([2, 1], [3]))) == [2, 3]


def test_blocks():
    x = np.arange(16.).reshape(1, 4, 4, 1)
    small = tf.space_to_depth(x, 2)
    assert small.shape == [1, 2, 2, 4] and np.array_equal(run(tf.depth_to_space(small, 2)), x)
    batch = tf.space_to_batch(x, [[0, 0], [0, 0]], block_size=2)
    assert batch.shape == [4, 2, 2, 1]
    assert np.array_equal(run(tf.batch_to_space(batch, [[0, 0], [0, 0]], 2)), x)
    paddings, crops = tf.required_space_to_batch_paddings([5, 4], [2, 3])
    assert run([paddings, crops])[0].tolist() == [[0, 1], [0, 2]] and paddings.op.type == "Const"
    p, value = unknown(np.array([5, 4], np.int32), [2])
    paddings, _ = tf.required_space_to_batch_paddings(p, [2, 3])
    assert run(paddings, {p: value}).tolist() == [[0, 1], [0, 2]]


def test_names_of_axis_arguments():
    with pytest.raises(ValueError, match="Cannot specify both"):
        tf.reverse_sequence([[1]], [1], seq_axis=1, seq_dim=1)


def test_everything_named_is_there():
    for name in array_ops.__all__:
        assert hasattr(array_ops, name), name
