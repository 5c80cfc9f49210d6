"""Functions of arithmetic and tf.nn, called again as for the graphs in ../shared/golden: the same
values, and operations of the same names."""
import pytest

import recorded
import weft as tf
from weft.python.framework import gen

SEGMENTS = {kind: getattr(tf, "segment_" + kind) for kind in ("max", "mean", "min", "prod", "sum")}
UNSORTED = {kind: getattr(tf, "unsorted_segment_" + kind)
            for kind in ("max", "mean", "min", "prod", "sqrt_n", "sum")}

CASES = {
    "abs__rank3_float32": lambda x: tf.abs(x),
    "accumulate_n__rank3": lambda *x: tf.accumulate_n(list(x)),
    "betainc__rank2_float64": tf.betainc,
    "bincount__rank0_weights": lambda x, w: tf.bincount(x, weights=w),
    "bincount__rank1_max5": lambda x: tf.bincount(x, maxlength=5),
    "bincount__rank1_min10": lambda x: tf.bincount(x, minlength=10),
    "bincount__rank1_weights": lambda x, w: tf.bincount(x, weights=w),
    "cnn2d_nn__nhwc_b1_k2_s1_d1_SAME": lambda x, w: tf.nn.conv2d(x, w, [1, 1, 1, 1], "SAME"),
    "cnn2d_nn__nhwc_b2_k2_s1_d1_VALID": lambda x, w: tf.nn.conv2d(x, w, [1, 1, 1, 1], "VALID"),
    "digamma__float64": tf.digamma,
    "emptyReduceAxisTests__reduce_all__rank2": lambda x: tf.reduce_all(x, []),
    "emptyReduceAxisTests__reduce_logsumexp__rank2": lambda x: tf.reduce_logsumexp(x, []),
    "emptyReduceAxisTests__reduce_max__rank2": lambda x: tf.reduce_max(x, []),
    "emptyReduceAxisTests__reduce_prod__rank2_keep":
        lambda x: tf.reduce_prod(x, [], keepdims=True),
    "emptyReduceAxisTests__reduce_sum__rank3": lambda x: tf.reduce_sum(x, []),
    "eye__e22_b1": lambda n: tf.eye(2, batch_shape=n),
    "igamma__float64": tf.igamma,
    "igammac__float32": tf.igammac,
    "in_top_k__test_4,5_k3": lambda x, y: tf.nn.in_top_k(x, y, 3),
    "l2_normalize__rank2_e0": lambda x: tf.nn.l2_normalize(x, 1),
    "leaky_relu__rank4_a02": lambda x: tf.nn.leaky_relu(x, 0.2),
    "lgamma__float32": tf.lgamma,
    "linear_solve__float32_rank3": tf.matrix_solve,
    "log_softmax__rank2_float32": lambda x: tf.nn.log_softmax(x, 0),
    "log_softmax__rank2_float64_with_axis": lambda x: tf.nn.log_softmax(x, 1),
    "logsumexp__rank0": tf.reduce_logsumexp,
    "logsumexp__rank1_d0_keep": lambda x: tf.reduce_logsumexp(x, 0, keepdims=True),
    "logsumexp__rank2_d-1": lambda x: tf.reduce_logsumexp(x, -1),
    "logsumexp__rank2_keep": lambda x: tf.reduce_logsumexp(x, keepdims=True),
    "lrn__dr3_b05_a05_b02": lambda x: tf.nn.lrn(x, 3, 0.5, 0.5, 0.2),
    "lrn__dr5_b1_a1_b05": lambda x: tf.nn.lrn(x, 5, 1, 1, 0.5),
    "lu__float32_rank2": lambda x: tf.linalg.lu(x)[0],
    "matmul__rank2_ta": lambda x, y: tf.matmul(x, y, transpose_a=True, name="matmul-1"),
    "matmul__rank4_batch2,2_tb": lambda x, y: tf.matmul(x, y, transpose_b=True, name="matmul-1"),
    "matmul__rank5_batch2,2,2_ta_tb": lambda x, y: tf.matmul(x, y, True, True, name="matmul-1"),
    "matrix_determinant__rank3_2,3,3": tf.matrix_determinant,
    "matrix_inverse__rank3": tf.matrix_inverse,
    "max__rank2_float32": tf.maximum,
    "mod__float32": tf.mod,
    "polygamma__float64": tf.polygamma,
    "pow__rank2bc": tf.pow,
    "reduce_all__rank1": tf.reduce_all,
    "reduce_any__rank3_d01_keep": lambda x: tf.reduce_any(x, [0, 1], keepdims=True),
    "reductions__add_n": lambda *x: tf.add_n(list(x), name="add_n-1"),
    "reductions__add_n_single": lambda x: tf.add_n([x], name="add_n-1"),
    "reductions__argmax3,4_-2": lambda x: tf.argmax(x, -2, name="argmax-1"),
    "reductions__argmin3,4,5_-2": lambda x: tf.argmin(x, -2, name="argmin-1"),
    "reductions__max_012keep": lambda x: tf.reduce_max(x, [0, 1, 2], True, "reduce_max1"),
    "reductions__max_scalar": lambda x: tf.reduce_max(x, name="reduce_max1"),
    "reductions__mean_01": lambda x: tf.reduce_mean(x, [0, 1], name="reduce_mean1"),
    "reductions__moments2345-023": lambda x: tf.nn.moments(x, [0, 2, 3], keep_dims=True)[1],
    "reductions__normalize_moments_rank2shift":
        lambda n, mean, variance, shift: tf.nn.normalize_moments(n, mean, variance, shift)[1],
    "reductions__prod_all": lambda x: tf.reduce_prod(x, name="reduce_prod1"),
    "reductions__sum_0": lambda x: tf.reduce_sum(x, 0, name="reduce_sum1"),
    "rint__rank2": tf.rint,
    "transforms__atan2_3,1,4_1,2,4": lambda x, y: tf.atan2(x, y, "atan2-1"),
    "transforms__cumprod_0ff_3,4": lambda x: tf.cumprod(x, 0, name="cumprod1"),
    "transforms__cumsum_1tf_3,4": lambda x: tf.cumsum(x, 1, True, False, "cumsum1"),
    "transforms__div_3,1_1,4": lambda x, y: tf.div(x, y, "div-1"),
    "transforms__equal_1,4_3,4": lambda x, y: tf.equal(x, y, "equal-1"),
    "transforms__log_sigmoid_3,4": lambda x: tf.log_sigmoid(x, "log_sigmoid1"),
    "transforms__logicalxor_1,4_3,4": lambda x, y: tf.logical_xor(x, y, "logicalxor1"),
    "transforms__relu_3,4": lambda x: tf.nn.relu(x, "relu-1"),
    "transforms__sign_3,4": lambda x: tf.sign(x, "sign-1"),
    "triangular_solve__float64_rank2":
        lambda a, b: tf.matrix_triangular_solve(a, b, lower=False, adjoint=True),
}
for _kind in ("max_rank3", "mean_rank2", "min_rank3", "prod_rank3", "sum_rank2"):
    CASES["segment__segment_" + _kind] = SEGMENTS[_kind[:-6]]
for _kind in ("max_rank2", "mean_rank1", "min_rank2", "prod_rank3", "sqrt_n_rank2", "sum_rank3"):
    CASES["unsorted_segment__unsorted_segment_" + _kind] = UNSORTED[_kind[:-6]]

# Recorded by versions whose names or ops differ from 1.15's here.
OTHER_NAMES = {"matmul__rank4_batch2,2_tb", "matmul__rank5_batch2,2,2_ta_tb", "mod__float32"}
# What is added to the result so that nothing is folded.
AFTER = ("Add", "Add/y", "Cast", "concat", "concat/axis")


def inputs(values):
    """The recorded inputs in order, as variables of their names."""
    names = sorted(name for name in values
                   if name.endswith(":0") and "/" not in name and
                   name.startswith(("in_", "Variable")))
    return [tf.Variable(values[name], name=name[:-2]) for name in names]


@recorded.needed
@pytest.mark.parametrize("case", sorted(CASES))
def test_recorded(case):
    values = recorded.load(case)
    given = inputs(values)
    if case.startswith("unsorted_segment"):
        count = [values[name] for name in values if name.endswith("/num_segments:0")][0]
        given.append(int(count))
    result = CASES[case](*given)
    wanted = result.name if result.name in values else recorded.final(case)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        recorded.close(session.run(result), values[wanted])
    made = {op.name for op in tf.get_default_graph().get_operations()}
    if case not in OTHER_NAMES:
        assert recorded.names(case) - set(AFTER) <= made


def test_ops_that_the_cases_need():
    assert gen.has("LRN") and gen.has("BatchMatMulV2") and gen.has("Bincount")
