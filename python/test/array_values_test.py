"""Array functions by what they give, beside NumPy, and the nodes they make."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.framework import gen
from weft.python.ops import gen_array_ops, inplace_ops


def types():
    return [op.type for op in tf.get_default_graph().get_operations() if op.type != "Const"]


def test_functions_make_the_nodes_of_their_ops():
    x = tf.constant([[1., 2.], [3., 4.]])
    made = [tf.where_v2(x > 2, x, 0.), tf.tensor_scatter_nd_update(x, [[0]], [[5., 6.]]),
            tf.tensor_scatter_nd_add(x, [[0]], [[5., 6.]]),
            tf.tensor_scatter_nd_sub(x, [[0]], [[5., 6.]]), tf.guarantee_const(x),
            tf.unravel_index([3], [2, 2]), tf.math.multiply_no_nan(x, 0.), tf.timestamp()]
    assert [t.op.type for t in made] == [
        "SelectV2", "TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub",
        "GuaranteeConst", "UnravelIndex", "MulNoNan", "Timestamp"]
    assert made[0].op.name == "SelectV2" and made[1].op.name == "TensorScatterUpdate"
    assert made[6].op.name == "multiply_no_nan"
    values = run(made[:-1])
    assert values[0].tolist() == [[0, 0], [3, 4]]
    assert [v.tolist() for v in values[1:4]] == [
        [[5, 6], [3, 4]], [[6, 8], [3, 4]], [[-4, -4], [3, 4]]]
    assert run(tf.math.multiply_no_nan([np.nan, np.inf, 2.], [0., 0., 3.])).tolist() == [0, 0, 6]
    with pytest.raises(ValueError, match="x and y must both be non-None or both be None"):
        tf.where_v2([True], x)


def test_timestamp_is_another_one_in_each_run():
    now = tf.timestamp()
    with tf.Session() as session:
        first, second = session.run(now), session.run(now)
    assert 1.5e9 < first < second < 1e11 or first == second


def test_searchsorted_flattens_all_but_the_last_dimension():
    rows = np.array([[[1., 2., 4.], [5., 5., 6.]]], np.float32)
    sought = np.array([[[2.], [5.]]], np.float32)
    for side, found in (("left", [[[1], [0]]]), ("right", [[[2], [2]]])):
        t = tf.searchsorted(rows, sought, side=side, out_type=tf.int64)
        assert t.dtype == tf.int64 and run(t).tolist() == found
    assert "LowerBound" in types() and "UpperBound" in types()
    with pytest.raises(ValueError, match="side must be either 'right' or 'left'"):
        tf.searchsorted(rows, sought, side="top")


def test_unique_along_an_axis():
    y, idx, count = run(gen_array_ops.unique_with_counts_v2([[1, 2], [3, 4], [1, 2]], [0]))
    assert (y.tolist(), idx.tolist(), count.tolist()) == ([[1, 2], [3, 4]], [0, 1, 0], [2, 1])
    y, idx, count = run(tf.unique_with_counts([7, 8, 7], out_idx=tf.int64))
    assert (y.tolist(), idx.tolist(), count.tolist()) == ([7, 8], [0, 1, 0], [2, 1])
    assert idx.dtype == np.int64


def test_edit_distance():
    hypothesis = tf.SparseTensor([[0, 0], [0, 1]], ["a", "b"], [2, 2])
    truth = tf.SparseTensor([[0, 0], [1, 0]], ["a", "c"], [2, 1])
    d = tf.edit_distance(hypothesis, truth, normalize=False)
    assert d.op.name == "edit_distance" and d.shape == [2]
    assert run(d).tolist() == [1, 1] and run(tf.edit_distance(hypothesis, truth)).tolist() == [1, 1]
    with pytest.raises(TypeError, match="Hypothesis must be a SparseTensor"):
        tf.edit_distance([1], truth)


def test_diagonals():
    a = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert run(tf.linalg.diag_part(a)).tolist() == [0, 5, 10]
    t = tf.linalg.diag_part(a, k=1, padding_value=7.)
    assert t.op.type == "MatrixDiagPartV2" and run(t).tolist() == np.diag(a, 1).tolist()
    assert run(tf.matrix_diag_part(a, k=(-1, 0))).tolist() == [[0, 5, 10], [4, 9, 0]]
    assert np.array_equal(run(tf.linalg.diag([1., 2.], k=-1)), np.diag([1., 2.], -1))
    t = tf.matrix_diag([1, 2], num_cols=3, padding_value=9)
    assert t.op.name == "diag_1" and run(t).tolist() == [[1, 9, 9], [9, 2, 9]]
    changed = run(tf.matrix_set_diag(a, [-1., -2., -3.], k=1))
    assert np.diag(changed, 1).tolist() == [-1, -2, -3] and changed[0, 0] == 0


def test_gradients():
    c, x, y = tf.constant([[True], [False]]), tf.constant([1., 2., 3.]), tf.constant(4.)
    dx, dy = tf.gradients(tf.where_v2(c, x, y), [x, y])
    assert run([dx, dy])[0].tolist() == [1, 1, 1] and run(dy) == 3
    t, u = tf.constant([1., 2., 3.]), tf.constant([5.])
    for f, du in ((tf.tensor_scatter_nd_update, 1), (tf.tensor_scatter_nd_add, 1),
                  (tf.tensor_scatter_nd_sub, -1)):
        dt, d = run(tf.gradients(f(t, [[1]], u) * [1., 2., 3.], [t, u]))
        kept = 0 if f is tf.tensor_scatter_nd_update else 2
        assert dt.tolist() == [1, kept, 3] and d.tolist() == [2 * du]


def test_ragged_ops():
    splits, values = run(gen_array_ops.ragged_range([0, 5], [3, 7], 1))
    assert splits.tolist() == [0, 3, 5] and values.tolist() == [0, 1, 2, 5, 6]
    splits, values = run(gen.RaggedGather([[0, 2, 3]], [7., 8., 9.], [1, 0], OUTPUT_RAGGED_RANK=1))
    assert splits[0].tolist() == [0, 1, 3] and values.tolist() == [9, 7, 8]


def test_rows_changed():
    x = tf.constant([[1, 2], [3, 4]])
    assert run(inplace_ops.alias_inplace_update(x, 1, [5, 6])).tolist() == [[1, 2], [5, 6]]
    assert run(inplace_ops.inplace_add(x, [0, 0], [[1, 1], [1, 1]])).tolist() == [[3, 4], [3, 4]]
    assert run(inplace_ops.inplace_sub(x, None, [[1, 1], [1, 1]])).tolist() == [[0, 1], [2, 3]]
    assert run(inplace_ops.empty_like(x, init=True)).tolist() == [[0, 0], [0, 0]]
    assert run(x).tolist() == [[1, 2], [3, 4]]


def test_bits():
    assert run(gen.PopulationCount([0, 7, -1])).tolist() == [0, 3, 32]
    assert run(gen.CompareAndBitpack(np.arange(8, dtype=np.float32), 3.)).tolist() == [0b00001111]


def test_comparing_shapes_that_do_not_fit():
    x, y = tf.constant([1, 2]), tf.constant([1, 2, 3])
    assert run(gen.Equal(x, y, incompatible_shape_error=False)) == False    # noqa: E712
    assert run(gen.NotEqual(x, y, incompatible_shape_error=False)) == True  # noqa: E712
    with pytest.raises(ValueError, match="Dimensions must be equal"):
        tf.equal(x, y)


def test_data_formats():
    assert run(gen.DataFormatVecPermute([7, 4, 9, 3])).tolist() == [7, 3, 4, 9]
    assert run(gen.DataFormatDimMap([-1, 1], src_format="NHWC", dst_format="NCHW")).tolist() == [
        1, 2]
