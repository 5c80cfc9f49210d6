"""Assertions: at once where values are known, else when they run."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.ops import check_ops

InvalidArgument = tf.errors.InvalidArgumentError


@pytest.fixture
def graph():
    return tf.get_default_graph()


def test_known_values_fail_while_building():
    with pytest.raises(InvalidArgument, match="Condition x == y did not hold element-wise:"):
        tf.assert_equal([1, 2], [1, 3])
    with pytest.raises(InvalidArgument, match="mine\nCondition x < y did not hold"):
        tf.assert_less([1, 2], [1, 3], message="mine")
    with pytest.raises(InvalidArgument, match="Condition x > 0 did not hold element-wise:"):
        tf.assert_positive([0., 1.])
    for check in (tf.assert_negative, tf.assert_non_positive):
        with pytest.raises(InvalidArgument):
            check([1])
    with pytest.raises(InvalidArgument):
        tf.assert_non_negative([-1])
    for check in (tf.assert_greater, tf.assert_none_equal):
        with pytest.raises(InvalidArgument):
            check([1], [1])
    run([tf.assert_less_equal([1, 1], [1, 2]), tf.assert_greater_equal(2, 1),
         tf.assert_none_equal(1, 2), tf.assert_non_negative([0, 1])])


def test_unknown_values_fail_when_they_run():
    x = tf.placeholder(tf.int32, name="x")
    checked = tf.assert_less(x, 3, message="too large")
    run(checked, {x: [1, 2]})
    with pytest.raises(InvalidArgument,
                       match=r"assertion failed: \[too large\] \[Condition x < y did not hold "
                             r"element-wise:\] \[x \(x:0\) = \] \[1 5\]"):
        run(checked, {x: [1, 5]})


def test_names(graph):
    x = tf.placeholder(tf.int32, [2], name="x")
    y = tf.placeholder(tf.int32, [2], name="y")
    tf.assert_equal(x, y)
    names = [op.name for op in graph.get_operations()]
    assert {"assert_equal_1/Equal", "assert_equal_1/All", "assert_equal_1/Assert/Assert",
            "assert_equal_1/Assert/Assert/data_0"} <= set(names)
    assert tf.assert_equal(x, x).type == "NoOp"


def test_near():
    run(tf.assert_near([1.], [1. + 1e-8]))
    x = tf.placeholder(tf.float32)
    with pytest.raises(InvalidArgument, match="x and y not equal to tolerance"):
        run(tf.assert_near(x, 1., atol=0.1), {x: 1.5})


def test_ranks():
    x = tf.zeros([2, 3], name="x")
    assert tf.assert_rank(x, 2).type == "NoOp"
    with pytest.raises(ValueError, match=r"msg.  Tensor x:0 must have rank 1.  Received rank 2, "
                                         r"shape \(2, 3\)"):
        tf.assert_rank(x, 1, message="msg")
    with pytest.raises(ValueError, match="must have rank at least 3"):
        tf.assert_rank_at_least(x, 3)
    with pytest.raises(ValueError, match=r"must have rank in \(0, 1\)"):
        tf.assert_rank_in(x, [0, 1])
    with pytest.raises(ValueError, match="Rank must be a scalar"):
        tf.assert_rank(x, [2])
    p = tf.placeholder(tf.float32, name="p")
    checks = [tf.assert_rank(p, 1), tf.assert_rank_at_least(p, 1), tf.assert_rank_in(p, [1, 3])]
    run(checks, {p: [1, 2]})
    for check in checks:
        with pytest.raises(InvalidArgument, match="Tensor p:0 must have rank"):
            run(check, {p: 1})


def test_types():
    assert tf.assert_type(tf.constant(1), tf.int32).type == "NoOp"
    with pytest.raises(TypeError, match="must be of type"):
        tf.assert_type(tf.constant(1), tf.float32)
    with pytest.raises(TypeError, match='Expected "x" to be integer type.'):
        tf.assert_integer(tf.constant(1.))
    assert tf.assert_scalar(3).shape == []
    with pytest.raises(ValueError, match="Expected scalar shape for"):
        tf.assert_scalar([1])
    assert tf.is_numeric_tensor(tf.constant(1)) and not tf.is_numeric_tensor(tf.constant("a"))
    assert not tf.is_numeric_tensor([1])
    same = tf.assert_same_float_dtype([tf.constant(1.)], tf.float32)
    assert same == tf.float32 and tf.assert_same_float_dtype() == tf.float32
    with pytest.raises(ValueError, match="must be of the same type"):
        tf.assert_same_float_dtype([tf.constant(1.), tf.constant(1., tf.float64)])
    with pytest.raises(ValueError, match="Expected floating point type"):
        tf.assert_same_float_dtype([tf.constant(1)])
    with pytest.raises(TypeError, match="Expected argument 'values' to be"):
        tf.assert_proper_iterable(tf.constant([1]))


def test_order():
    for values, decreasing, increasing in (([1, 2, 2], True, False), ([1, 2, 3], True, True),
                                           ([2, 1], False, False), ([5], True, True),
                                           ([], True, True)):
        x = np.array(values, np.float32)
        assert run([tf.is_non_decreasing(x), tf.is_strictly_increasing(x)]) == [
            decreasing, increasing]


def test_shapes():
    x, y = tf.zeros([2, 3]), tf.zeros([3, 4])
    run(check_ops.assert_shapes({x: ("N", "D"), y: ("D", 4)}))
    with pytest.raises(ValueError, match="must have size"):
        check_ops.assert_shapes([(x, ("N", "D")), (y, ("N", 4))])
    p = tf.placeholder(tf.float32, [None, 3])
    checked = check_ops.assert_shapes([(x, ("N", 3)), (p, ("N", 3))])
    run(checked, {p: np.zeros((2, 3))})
    with pytest.raises(InvalidArgument):
        run(checked, {p: np.zeros((4, 3))})


@pytest.mark.fact("E35")
def test_numerics():
    p = tf.placeholder(tf.float32)
    for bad, kind in ((np.nan, "NaN"), (np.inf, "Inf")):
        with pytest.raises(InvalidArgument, match="msg : Tensor had %s values" % kind):
            run(tf.check_numerics(p, "msg"), {p: [1, bad]})
    with pytest.raises(InvalidArgument, match="mine : Tensor had NaN values"):
        run(tf.verify_tensor_all_finite(p, "mine"), {p: np.nan})
    assert run(tf.verify_tensor_all_finite(x=p, message="mine"), {p: 1.}) == 1


@pytest.mark.fact("E35")
def test_all_floats_of_a_graph_are_checked():
    p = tf.placeholder(tf.float32, name="p")
    tf.sqrt(p, name="root")
    checked = tf.add_check_numerics_ops()
    run(checked, {p: 4.})
    with pytest.raises(InvalidArgument, match="root:0 : Tensor had NaN values"):
        run(checked, {p: -4.})


def test_everything_named_is_there():
    for name in check_ops.__all__:
        assert hasattr(check_ops, name), name
