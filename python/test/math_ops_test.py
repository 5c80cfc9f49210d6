"""Arithmetic: names and types of ops, values, errors."""
import numpy as np
import pytest

import recorded
import weft as tf
from run import run
from weft.python.framework import gen
from weft.python.ops import math_ops


def made():
    """The operations of the default graph as "name:type"."""
    return ["%s:%s" % (op.name, op.type) for op in tf.get_default_graph().get_operations()]


# ---- operators ----

@pytest.mark.parametrize("operator, op_type, name", [
    (lambda x: x + 1, "AddV2", "add"), (lambda x: x - 1, "Sub", "sub"),
    (lambda x: x * 2, "Mul", "mul"), (lambda x: x / 2, "RealDiv", "truediv"),
    (lambda x: x // 2, "FloorDiv", "floordiv"), (lambda x: x % 2, "FloorMod", "mod"),
    (lambda x: x ** 2, "Pow", "pow")])
def test_binary_operator_names(operator, op_type, name):
    x = tf.placeholder(tf.float32, name="x")
    y = operator(x)
    assert (y.op.type, y.op.name) == (op_type, name)
    assert y.op.inputs[1].name == name + "/y:0"
    assert operator(x).op.name == name + "_1"


@pytest.mark.parametrize("operator, op_type, name", [
    (lambda x: 1 + x, "AddV2", "add"), (lambda x: 1 - x, "Sub", "sub"),
    (lambda x: 2 * x, "Mul", "mul"), (lambda x: 2 / x, "RealDiv", "truediv"),
    (lambda x: 2 // x, "FloorDiv", "floordiv"), (lambda x: 2 % x, "FloorMod", "mod"),
    (lambda x: 2 ** x, "Pow", "pow"), (lambda x: np.float32(2) * x, "Mul", "mul"),
    (lambda x: np.ones(3, np.float32) - x, "Sub", "sub")])
def test_reflected_operator_names(operator, op_type, name):
    y = operator(tf.placeholder(tf.float32, [3], name="x"))
    assert (y.op.type, y.op.name) == (op_type, name)
    assert y.op.inputs[0].name == name + "/x:0"


def test_unary_and_comparison_operator_names():
    x = tf.constant([1.0, -2.0], name="x")
    b = tf.constant([True, False], name="b")
    results = [-x, abs(x), ~b, x < 1, x <= 1, x > 1, x >= 1, b & b, b | b, b ^ b]
    assert [r.op.name for r in results] == [
        "Neg", "Abs", "LogicalNot", "Less", "LessEqual", "Greater", "GreaterEqual", "and", "or",
        "xor"]
    assert results[3].op.inputs[1].name == "Less/y:0"
    values = run(results)
    np.testing.assert_array_equal(values[1], [1, 2])
    np.testing.assert_array_equal(values[2], [False, True])
    np.testing.assert_array_equal(values[9], [False, False])


@pytest.mark.fact("A88")
def test_equality_is_identity():
    x, y = tf.constant(1), tf.constant(1)
    count = len(made())
    assert (x == x) is True and (x == y) is False and (x != y) is True
    assert len(made()) == count
    assert {x: 1, y: 2}[y] == 2


def test_strings_are_joined_by_add():
    y = tf.constant("a") + "b"
    assert y.op.type == "Add" and run(y) == b"ab"


def test_matmul_operator():
    y = tf.ones([2, 3]) @ tf.ones([3, 4])
    assert y.op.name == "matmul" and y.op.type == "MatMul"
    assert (np.ones([2, 2], np.float32) @ tf.ones([2, 1])).shape.as_list() == [2, 1]


@pytest.mark.fact("A92")
def test_no_implicit_promotion():
    with pytest.raises(TypeError, match="has type float32 that does not match type int32 of "
                                        "argument 'x'"):
        tf.constant(1) * 1.5
    with pytest.raises(TypeError, match="does not match type float32"):
        tf.constant(1.0) + tf.constant(1)
    with pytest.raises(TypeError, match="x and y must have the same dtype"):
        tf.constant(1.0) / tf.constant(1)
    assert (tf.constant(1.0, tf.float64) + 1).dtype == tf.float64
    assert (tf.constant(1.0) * np.float64(2)).dtype == tf.float32


def test_other_objects_may_take_over():
    class Other:
        def __radd__(self, other):
            return "other"
    assert tf.constant(1.0) + Other() == "other"


# ---- division ----

def test_integer_division():
    x = tf.constant([7, -7])
    true, floor, rest, old, cut = run([x / 2, x // 2, x % 2, tf.div(x, 2), tf.truncatediv(x, 2)])
    np.testing.assert_array_equal(true, [3.5, -3.5])
    assert true.dtype == np.float64 and (tf.constant(1, tf.int8) / 2).dtype == tf.float32
    np.testing.assert_array_equal(floor, [3, -4])
    np.testing.assert_array_equal(rest, [1, 1])
    np.testing.assert_array_equal(old, [3, -4])
    np.testing.assert_array_equal(cut, [3, -3])


def test_truediv_names():
    tf.constant(1, name="x") / 2
    assert made() == ["x:Const", "truediv/y:Const", "truediv/Cast:Cast", "truediv/Cast_1:Cast",
                      "truediv:RealDiv"]


@pytest.mark.fact("E33")
def test_division_by_zero():
    zero = tf.placeholder(tf.int32)
    for y in (tf.constant(1) // zero, tf.constant(1) % zero, tf.div(1, zero)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Integer division by zero"):
            run(y, {zero: 0})
    assert run(tf.constant(1.0) / 0.0) == np.inf
    assert run(tf.div_no_nan(1.0, 0.0)) == 0


@pytest.mark.fact("E34")
def test_integers_wrap():
    assert run(tf.constant(2 ** 31 - 1) + 1) == -2 ** 31
    assert run(tf.constant(3e38) * 10.0) == np.inf


def test_default_names_of_functions():
    x = tf.constant([1.0, 2.0], name="x")
    calls = [tf.add(x, x), tf.subtract(x, x), tf.multiply(x, x), tf.divide(x, x), tf.exp(x),
             tf.log(x), tf.sqrt(x), tf.square(x), tf.negative(x), tf.sigmoid(x), tf.tanh(x),
             tf.maximum(x, 1.0), tf.pow(x, 2.0), tf.floor(x), tf.squared_difference(x, x),
             tf.equal(x, x), tf.to_int32(x), tf.cast(x, tf.int64), tf.abs(x), tf.mod(x, x)]
    assert [c.op.name for c in calls] == [
        "Add", "Sub", "Mul", "truediv", "Exp", "Log", "Sqrt", "Square", "Neg", "Sigmoid", "Tanh",
        "Maximum", "Pow", "Floor", "SquaredDifference", "Equal", "ToInt32", "Cast", "Abs",
        "FloorMod"]


def test_names_given():
    x = tf.constant([1.0], name="x")
    assert tf.add(x, 1.0, name="sum").op.name == "sum"
    assert tf.divide(x, 2.0, name="half").op.name == "half"
    assert tf.log_sigmoid(x).op.name == "LogSigmoid"
    assert "LogSigmoid/Softplus:Softplus" in made()


# ---- casts ----

def test_cast():
    x = tf.constant([1.7, -1.7])
    assert tf.cast(x, tf.float32) is x
    np.testing.assert_array_equal(run(tf.cast(x, tf.int32)), [1, -1])
    np.testing.assert_array_equal(run(tf.cast(x, "bool")), [True, True])
    assert tf.to_double(x).op.name == "ToDouble"
    sparse = tf.SparseTensor([[0]], [1.5], [2])
    assert run(tf.cast(sparse, tf.int32)).values[0] == 1


def test_saturate_cast():
    x = tf.constant([300.0, -5.0, 7.9])
    np.testing.assert_array_equal(run(tf.saturate_cast(x, tf.uint8)), [255, 0, 7])


def test_complex_parts():
    z = tf.complex([3.0, 0.0], [4.0, -1.0])
    parts = run([tf.abs(z), tf.real(z), tf.imag(z), tf.conj(z), tf.angle(z)])
    np.testing.assert_allclose(parts[0], [5, 1])
    np.testing.assert_allclose(parts[3], [3 - 4j, 1j])
    np.testing.assert_allclose(parts[4], np.angle([3 + 4j, -1j]), rtol=1e-6)
    x = tf.constant(1.0)
    assert tf.conj(x) is x
    with pytest.raises(TypeError, match="real and imag have incorrect types"):
        tf.complex(tf.constant(1), tf.constant(1))


def test_round():
    np.testing.assert_array_equal(run(tf.round([0.9, 2.5, 2.3, 1.5, -4.5])), [1, 2, 2, 2, -4])
    x = tf.constant(3)
    assert tf.round(x) is x


# ---- sums of many ----

def test_add_n():
    x = tf.constant([1.0, 2.0], name="x")
    assert tf.add_n([x]) is x
    assert tf.add_n([x], name="one").op.type == "Identity"
    assert tf.add_n([x, x, x]).op.name == "AddN"
    np.testing.assert_array_equal(run(tf.add_n([x, x, x])), [3, 6])
    for bad in ([], 3):
        with pytest.raises(ValueError, match="inputs must be a list of at least one"):
            tf.add_n(bad)


def test_accumulate_n():
    x = tf.constant([1.0, 2.0])
    np.testing.assert_array_equal(run(tf.accumulate_n([x, x])), [2, 4])
    with pytest.raises(ValueError, match="inputs must be a list"):
        tf.accumulate_n([x, tf.constant([1])])


def test_scalar_mul():
    np.testing.assert_array_equal(run(tf.scalar_mul(2, tf.constant([1.0, 2.0]))), [2, 4])
    with pytest.raises(ValueError, match="Only scalar multiply works"):
        tf.scalar_mul([1.0, 2.0], tf.constant([1.0, 2.0]))
    slices = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([0]))
    assert isinstance(tf.scalar_mul(3.0, slices), tf.IndexedSlices)


# ---- reductions ----

def test_reduction_names():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    tf.reduce_mean(x)
    tf.reduce_sum(x, 1)
    tf.reduce_max(x, axis=[0, 1], name="largest")
    assert made() == ["x:Placeholder", "Const:Const", "Mean:Mean", "Sum/reduction_indices:Const",
                      "Sum:Sum", "largest/reduction_indices:Const", "largest:Max"]


def test_reduction_of_unknown_rank():
    x = tf.placeholder(tf.float32, name="x")
    y = tf.reduce_sum(x)
    assert y.shape.as_list() == []
    assert made()[1:] == ["Rank:Rank", "range/start:Const", "range/delta:Const", "range:Range",
                          "Sum:Sum"]
    assert run(y, {x: np.ones([2, 3])}) == 6


@pytest.mark.parametrize("reduction, wanted", [
    (tf.reduce_sum, np.sum), (tf.reduce_mean, np.mean), (tf.reduce_prod, np.prod),
    (tf.reduce_max, np.max), (tf.reduce_min, np.min)])
def test_reductions(reduction, wanted):
    x = np.random.RandomState(1).randn(2, 3, 4).astype(np.float32)
    for axis in (None, 0, -1, (0, 2)):
        np.testing.assert_allclose(run(reduction(x, axis)), wanted(x, axis), rtol=1e-5)
    assert reduction(x, 1, keepdims=True).shape.as_list() == [2, 1, 4]
    assert reduction(x, reduction_indices=[1], keep_dims=True).shape.as_list() == [2, 1, 4]
    assert reduction(x, []).shape.as_list() == [2, 3, 4]


def test_old_and_new_spelling_together():
    with pytest.raises(ValueError, match="Cannot specify both 'reduction_indices' and 'axis'"):
        tf.reduce_sum([1.0], axis=0, reduction_indices=0)
    with pytest.raises(ValueError, match="Cannot specify both 'keep_dims' and 'keepdims'"):
        tf.reduce_sum([1.0], keepdims=True, keep_dims=True)


def test_logical_reductions_and_statistics():
    b = tf.constant([[True, False], [True, True]])
    x = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    np.testing.assert_array_equal(run(tf.reduce_all(b, 1)), [False, True])
    np.testing.assert_array_equal(run(tf.reduce_any(b, 0)), [True, True])
    values = run([tf.math.reduce_variance(x), tf.math.reduce_std(x),
                  tf.math.reduce_euclidean_norm([3.0, 4.0]), tf.count_nonzero([[0, 1], [2, 3]], 1)])
    np.testing.assert_allclose(values[0], x.var())
    np.testing.assert_allclose(values[1], x.std())
    assert values[2] == 5
    np.testing.assert_array_equal(values[3], [1, 2])


def test_reduce_logsumexp_does_not_overflow():
    np.testing.assert_allclose(run(tf.reduce_logsumexp([1000.0, 1000.0])), 1000 + np.log(2))
    assert run(tf.reduce_logsumexp(tf.constant([-np.inf, -np.inf], tf.float32))) == -np.inf


def test_argmax():
    x = [[1, 5, 2], [7, 0, 3]]
    assert tf.argmax(x).op.inputs[1].name == "ArgMax/dimension:0"
    np.testing.assert_array_equal(run(tf.argmax(x, 1)), [1, 0])
    np.testing.assert_array_equal(run(tf.argmin(x, dimension=1)), [0, 1])
    assert tf.argmax(x, 0, output_type=tf.int32).dtype == tf.int32
    with pytest.raises(ValueError, match="Cannot specify both"):
        tf.argmax(x, axis=0, dimension=0)


# ---- ranges, segments ----

def test_range():
    np.testing.assert_array_equal(run(tf.range(3)), [0, 1, 2])
    np.testing.assert_array_equal(run(tf.range(3, 18, 3)), range(3, 18, 3))
    np.testing.assert_allclose(run(tf.range(3, 1, -0.5)), [3, 2.5, 2, 1.5])
    assert tf.range(3).op.name == "range_3"
    assert tf.range(2, dtype=tf.float64).dtype == tf.float64


def test_cumulative():
    np.testing.assert_array_equal(run(tf.cumsum([1, 2, 3])), [1, 3, 6])
    np.testing.assert_array_equal(run(tf.cumsum([1, 2, 3], exclusive=True, reverse=True)),
                                  [5, 3, 0])
    np.testing.assert_array_equal(run(tf.cumprod([1, 2, 3])), [1, 2, 6])
    np.testing.assert_allclose(run(tf.linspace(10.0, 12.0, 3)), [10, 11, 12])


def test_segments():
    data, ids = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), [0, 0, 2]
    np.testing.assert_array_equal(run(tf.segment_sum(data, ids)), [[4, 6], [0, 0], [5, 6]])
    np.testing.assert_array_equal(run(tf.unsorted_segment_mean(data, ids, 3)),
                                  [[2, 3], [0, 0], [5, 6]])
    np.testing.assert_allclose(run(tf.unsorted_segment_sqrt_n(data, ids, 3)),
                               [[4 / 2 ** 0.5, 6 / 2 ** 0.5], [0, 0], [5, 6]], rtol=1e-6)
    np.testing.assert_array_equal(run(tf.sparse_segment_sum(data, [0, 2], [0, 0])), [[6, 8]])


def test_bincount():
    np.testing.assert_array_equal(run(tf.bincount([1, 2, 2, 5])), [0, 1, 2, 0, 0, 1])
    np.testing.assert_array_equal(run(tf.bincount([1, 2, 2, 5], maxlength=3)), [0, 1, 2])
    np.testing.assert_array_equal(run(tf.bincount([1, 1], weights=[0.5, 1.0])), [0, 1.5])


# ---- products ----

def test_matmul():
    a, b = np.random.RandomState(0).randn(2, 3, 4), np.random.RandomState(1).randn(2, 4, 5)
    assert tf.matmul(a[0], b[0]).op.type == "MatMul"
    batched = tf.matmul(a, b)
    assert batched.op.type == "BatchMatMulV2" and batched.op.name == "MatMul_1"
    np.testing.assert_allclose(run(batched), a @ b)
    np.testing.assert_allclose(run(tf.matmul(a, a, transpose_b=True)), a @ a.swapaxes(1, 2))
    np.testing.assert_allclose(run(tf.matmul(a[0], b[0], a_is_sparse=True)), a[0] @ b[0])
    z = np.array([[1j]])
    assert run(tf.matmul(z, z, adjoint_a=True)) == 1 and run(tf.matmul(z, z, True)) == -1
    with pytest.raises(ValueError, match="Only one of transpose_a and adjoint_a can be True."):
        tf.matmul(a, b, transpose_a=True, adjoint_a=True)


@pytest.mark.fact("E38")
def test_matmul_mismatch():
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 3 and 2"):
        tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]))
    x = tf.placeholder(tf.float32, [None, None])
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(tf.matmul(x, tf.ones([2, 3])), {x: np.ones([2, 3])})


def test_tensordot():
    a = np.random.RandomState(0).randn(4, 3, 2).astype(np.float32)
    b = np.random.RandomState(1).randn(2, 5, 4).astype(np.float32)
    np.testing.assert_allclose(run(tf.tensordot(a, b, [[2, 0], [0, 2]])),
                               np.tensordot(a, b, [[2, 0], [0, 2]]), rtol=1e-4)
    partly = tf.placeholder(tf.float32, [None, 3, 2])
    y = tf.tensordot(partly, b, [[2], [0]])
    assert y.shape.as_list() == [None, 3, 5, 4]
    np.testing.assert_allclose(run(y, {partly: a}), np.tensordot(a, b, [[2], [0]]), rtol=1e-4)
    unknown = tf.placeholder(tf.float32)
    np.testing.assert_allclose(run(tf.tensordot(unknown, b, 1), {unknown: a}),
                               np.tensordot(a, b, 1), rtol=1e-4)
    with pytest.raises(ValueError, match="'axes' must be an integer or have length 2."):
        tf.tensordot(a, b, [[1], [2], [3]])


@pytest.mark.parametrize("equation, shapes", [
    ("ij,jk->ik", [(3, 4), (4, 5)]), ("ij,jk", [(3, 4), (4, 5)]), ("ij->ji", [(3, 4)]),
    ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]), ("i,i->", [(3,), (3,)]), ("i,j->ij", [(3,), (4,)]),
    ("abc,abd->bcd", [(2, 3, 4), (2, 3, 5)]), ("ij->i", [(3, 4)]),
    ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)]), ("ijk,ik->jk", [(2, 3, 4), (2, 4)])])
def test_einsum(equation, shapes):
    values = [np.random.RandomState(i).randn(*shape) for i, shape in enumerate(shapes)]
    wanted = np.einsum(equation, *values)
    np.testing.assert_allclose(run(tf.einsum(equation, *values)), wanted, atol=1e-9)
    fed = [tf.placeholder(tf.float64, [None] * len(shape)) for shape in shapes]
    np.testing.assert_allclose(run(tf.einsum(equation, *fed), dict(zip(fed, values))), wanted,
                               atol=1e-9)


def test_einsum_refusals():
    with pytest.raises(ValueError, match="Got 1 arguments for equation"):
        tf.einsum("ij,jk->ik", tf.ones([2, 2]))
    with pytest.raises(ValueError, match="appears more than once"):
        tf.einsum("ii->i", tf.ones([2, 2]))
    with pytest.raises(ValueError, match="Indices have incorrect format"):
        tf.einsum("i1->i", tf.ones([2, 2]))


def test_special_functions():
    np.testing.assert_allclose(run(math_ops.polyval([1.0, 2.0, 3.0], 2.0)), 11)
    np.testing.assert_allclose(run(tf.lbeta([1.0, 2.0])), np.log(0.5), rtol=1e-6)
    np.testing.assert_allclose(run(tf.lgamma(5.0)), np.log(24), rtol=1e-6)
    np.testing.assert_allclose(run(tf.trace([[1.0, 2.0], [3.0, 4.0]])), 5)
    assert abs(run(tf.betainc(2.0, 2.0, 0.5)) - 0.5) < 1e-6


def test_incomplete_integrals():
    np.testing.assert_allclose(run(tf.igamma(1.0, 2.0)), 1 - np.exp(-2), rtol=1e-6)
    np.testing.assert_allclose(run(tf.math.igammac(1.0, [2.0, 0.5])), np.exp([-2, -0.5]),
                               rtol=1e-6)
    np.testing.assert_allclose(run(tf.math.betainc([1.0, 2.0], 1.0, 0.5)), [0.5, 0.25], rtol=1e-6)
    x = tf.constant(2.0)
    by_a, by_x = run(tf.gradients(tf.igamma(x, x), x)), run(tf.gradients(tf.igammac(x, x), x))
    np.testing.assert_allclose(by_a, -np.asarray(by_x), rtol=1e-5)


def test_bessel_functions():
    np.testing.assert_allclose(run(tf.math.bessel_i0([0.0, 1.0])), [1, 1.2660658778], rtol=1e-6)
    np.testing.assert_allclose(run(tf.math.bessel_i1(-1.0)), -0.5651591040, rtol=1e-6)
    np.testing.assert_allclose(run(tf.math.bessel_i0e(1.0)), 0.4657596076, rtol=1e-6)
    assert run(tf.math.bessel_i1e(0.0)) == 0


def test_next_and_no_nan():
    assert run(tf.math.nextafter(1.0, 2.0)) == np.nextafter(np.float32(1), np.float32(2))
    assert run(tf.math.multiply_no_nan(np.inf, 0.0)) == 0
    assert run(tf.math.divide_no_nan(1.0, 0.0)) == 0


def test_sparse_matmul():
    a, b = np.array([[1., 0, 2]], np.float32), np.array([[1.], [0], [3]], np.float32)
    product = tf.sparse_matmul(a, b, a_is_sparse=True)
    assert product.op.type == "SparseMatMul" and run(product).tolist() == [[7]]
    assert tf.matmul(a, b, b_is_sparse=True).op.type == "SparseMatMul"
    mixed = tf.matmul(tf.cast(a, tf.bfloat16), b)
    assert mixed.op.type == "SparseMatMul" and run(mixed).tolist() == [[7]]


# ---- gradients ----

@pytest.mark.fact("F17")
def test_gradients_at_ties_and_kinks():
    x, y = tf.constant([2.0, 2.0]), tf.constant([2.0, 2.0])
    assert run(tf.gradients(tf.reduce_max(x), x)[0]).tolist() == [0.5, 0.5]
    assert [g.tolist() for g in run(tf.gradients(tf.maximum(x, y), [x, y]))] == [[1, 1], [0, 0]]
    assert [g.tolist() for g in run(tf.gradients(tf.minimum(x, y), [x, y]))] == [[1, 1], [0, 0]]
    zero = tf.constant(0.0)
    assert run(tf.gradients(tf.nn.relu(zero), zero)[0]) == 0
    assert run(tf.gradients(tf.abs(zero), zero)[0]) == 0
    assert run(tf.gradients(tf.sqrt(zero), zero)[0]) == np.inf


@pytest.mark.fact("F17")
def test_gradients_are_summed_over_broadcast_axes():
    row, column = tf.ones([1, 3]), tf.ones([2, 1])
    to_row, to_column = run(tf.gradients(row * column + row, [row, column]))
    assert to_row.tolist() == [[4, 4, 4]] and to_column.tolist() == [[3], [3]]


@pytest.mark.parametrize("function", [
    lambda x: tf.reduce_logsumexp(x, 1), lambda x: tf.tensordot(x, x, [[1], [1]]),
    lambda x: tf.einsum("ij,kj->ik", x, x), lambda x: tf.norm(x, axis=1),
    lambda x: tf.nn.l2_normalize(x, 1), lambda x: tf.nn.softmax(x, axis=0),
    lambda x: tf.clip_by_norm(x, 0.5), lambda x: tf.math.reduce_std(x, 1),
    lambda x: tf.nn.moments(x, [0])[1], lambda x: tf.cumsum(x, 1), lambda x: tf.log_sigmoid(x)])
def test_gradients_as_differences(function):
    start = np.random.RandomState(5).rand(2, 3) + 0.5
    x = tf.placeholder(tf.float64, [2, 3])
    y = tf.reduce_sum(function(x) ** 2)
    gradient, = tf.gradients(y, x)
    with tf.Session() as session:
        got = session.run(gradient, {x: start})
        for place in np.ndindex(2, 3):
            step = np.zeros([2, 3])
            step[place] = 1e-6
            up, down = (session.run(y, {x: start + s}) for s in (step, -step))
            np.testing.assert_allclose(got[place], (up - down) / 2e-6, rtol=1e-5, atol=1e-7)


# ---- as TensorFlow recorded it ----

@recorded.needed
@pytest.mark.parametrize("case, build", [
    ("logsumexp__rank0", lambda x: tf.reduce_logsumexp(x)),
    ("logsumexp__rank1_d0", lambda x: tf.reduce_logsumexp(x, 0)),
    ("logsumexp__rank2_d0", lambda x: tf.reduce_logsumexp(x, 0)),
    ("bincount__rank1_minmax", lambda x: tf.bincount(x, minlength=5, maxlength=8)),
    ("tensordot__4,3_3,2_a1", lambda x, y: tf.tensordot(x, y, 1)),
    ("tensordot__4,3,2_2,5,4_a2,0-0,2", lambda x, y: tf.tensordot(x, y, [[2, 0], [0, 2]]))])
def test_recorded(case, build):
    values = recorded.load(case)
    inputs = []
    for i in range(2):
        if "in_%d:0" % i in values:
            inputs.append(tf.Variable(values["in_%d:0" % i], name="in_%d" % i))
    result = build(*inputs)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        recorded.close(session.run(result), values[recorded.final(case)])
    missing = recorded.names(case) - {name.split(":")[0] for name in made()}
    assert not missing, missing
