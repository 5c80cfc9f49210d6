"""tf.losses: recorded values, names, collections, refusals."""
import re

import numpy as np
import pytest

import recorded
import weft as tf

LOSSES = {"absdiff": tf.losses.absolute_difference, "cosine": tf.losses.cosine_distance,
          "hinge": tf.losses.hinge_loss, "huber": tf.losses.huber_loss,
          "log": tf.losses.log_loss, "mse": tf.losses.mean_squared_error,
          "sigmoid": tf.losses.sigmoid_cross_entropy,
          "softmax": tf.losses.softmax_cross_entropy,
          "sparse": tf.losses.sparse_softmax_cross_entropy}
REDUCTIONS = ("SUM_BY_NONZERO_WEIGHTS", "SUM_OVER_BATCH_SIZE", "SUM", "MEAN", "NONE")
# What the names of the recorded cases do not tell.
OPTIONS = {"huber_diff_rank1_d2": {"delta": 2.0}, "log_loss_rank1_eps01": {"epsilon": 0.1},
           "sigmoid_ce_smooth01": {"label_smoothing": 0.1},
           "sigmoid_ce_smooth05": {"label_smoothing": 0.5}}
CASES = """
    absdiff_rank1_weights_1 absdiff_rank2 absdiff_rank2_weights_1 absdiff_rank3
    cosine_diff_rank1 cosine_diff_rank2_axis1_SUM_BY_NONZERO_WEIGHTS cosine_diff_rank3
    cosine_diff_rank3_axis1 cosine_diff_rank3_axis2 cosine_diff_rank3_weights2
    cosine_diff_rank3_weightsAll hinge_rank2_MEAN hinge_rank2_SUM
    hinge_rank2_SUM_BY_NONZERO_WEIGHTS hinge_rank2_SUM_OVER_BATCH_SIZE hinge_rank3_weights1
    hinge_rank3_weights2 huber_diff_rank1_d2 huber_diff_rank2_axis0_SUM
    huber_diff_rank2_axis1_MEAN huber_diff_rank2_axis1_NONE huber_diff_rank2_axis1_SUM
    huber_diff_rank2_axis1_SUM_BY_NONZERO_WEIGHTS huber_diff_rank3_axis1
    huber_diff_rank3_weights0 huber_diff_rank3_weightsAll log_loss_rank0 log_loss_rank1
    log_loss_rank1_eps01 log_loss_rank2_axis1_NONE log_loss_rank2_axis1_SUM
    log_loss_rank2_axis1_SUM_OVER_BATCH_SIZE log_loss_rank3 log_loss_rank3_weights1
    log_loss_rank3_weightsAll mse_rank1_weights_1 mse_rank2_weights_2 mse_rank3
    mse_rank3_weights_1 mse_rank3_weights_3 mse_rank3_weights_4 sigmoid_ce_NONE sigmoid_ce_SUM
    sigmoid_ce_SUM_BY_NONZERO_WEIGHTS sigmoid_ce_smooth01 sigmoid_ce_smooth05 softmax_ce
    softmax_ce_MEAN softmax_ce_NONE softmax_ce_SUM_BY_NONZERO_WEIGHTS
    softmax_ce_SUM_OVER_BATCH_SIZE sparse_softmax_ce_SUM_BY_NONZERO_WEIGHTS
    sparse_softmax_ce_SUM_BY_NONZERO_WEIGHTS_1 sparse_softmax_ce_SUM_OVER_BATCH_SIZE""".split()


def run(tensor, feeds=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(tensor, feeds)


def cosine_axis(values, case):
    """The axis a recorded case summed over stands in its graph, as a constant."""
    return int(values["cosine_distance_loss/Sum/reduction_indices:0"].ravel()[0])


def build(case, values):
    inputs = [tf.Variable(values[name], name=name[:-2])
              for name in ("in_0:0", "Variable:0", "in_1:0", "in_2:0") if name in values]
    options = dict(OPTIONS.get(case, {}))
    if case.startswith("cosine"):
        options["axis"] = cosine_axis(values, case)
    if len(inputs) == 3:
        options["weights"] = inputs[2]
    for reduction in REDUCTIONS:
        if re.search("_%s(_1)?$" % reduction, case):
            options["reduction"] = getattr(tf.losses.Reduction, reduction)
            break
    return LOSSES[case.split("_")[0]](inputs[0], inputs[1], **options)


@recorded.needed
@pytest.mark.parametrize("case", CASES)
def test_recorded(case):
    values = recorded.load("losses__" + case)
    result = build(case, values)
    recorded.close(run(result), values[recorded.final("losses__" + case)])
    if "softmax_cross_entropy_loss/value:0" in values and not case.startswith("sparse"):
        # These were recorded by a version that names its ops as 1.15 does.
        made = {op.name for op in tf.get_default_graph().get_operations()}
        assert recorded.names("losses__" + case) <= made


def test_names():
    loss = tf.losses.mean_squared_error([1.0, 2.0], [0.0, 0.0])
    assert loss.op.name == "mean_squared_error/value" and loss.op.type == "DivNoNan"
    again = tf.losses.mean_squared_error([1.0, 2.0], [0.0, 0.0], scope="mse")
    assert again.op.name == "mse/value"


def test_collections():
    first = tf.losses.mean_squared_error([1.0], [0.0], scope="a")
    second = tf.losses.absolute_difference([3.0], [0.0], scope="b")
    tf.losses.absolute_difference([3.0], [0.0], loss_collection=None)
    assert tf.losses.get_losses() == [first, second]
    assert tf.losses.get_losses("b") == [second]
    penalty = tf.constant(10.0)
    tf.add_to_collection(tf.GraphKeys.REGULARIZATION_LOSSES, penalty)
    assert tf.losses.get_regularization_losses() == [penalty]
    total = tf.losses.get_total_loss()
    assert total.op.name == "total_loss" and run(total) == 14
    assert run(tf.losses.get_total_loss(add_regularization_losses=False)) == 4
    assert run(tf.losses.get_regularization_loss()) == 10


def test_no_losses():
    assert run(tf.losses.get_regularization_loss()) == 0
    with pytest.raises(ValueError, match="inputs must be a list of at least one"):
        tf.losses.get_total_loss()


def test_mean_pairwise_squared_error():
    labels = np.array([[1.0, 9, 2], [-5, -2, 6]])
    predictions = np.array([[4.0, 8, 12], [8, 1, 3]])
    errors = predictions - labels
    pairs = [[(e[i] - e[j]) ** 2 for i in range(3) for j in range(i + 1, 3)] for e in errors]
    wanted = np.sum(np.mean(pairs, axis=1))
    np.testing.assert_allclose(run(tf.losses.mean_pairwise_squared_error(labels, predictions)),
                               wanted, rtol=1e-5)


def test_weights():
    labels, predictions = [[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]
    loss = tf.losses.absolute_difference
    assert run(loss(labels, predictions, weights=2.0)) == 5
    assert run(loss(labels, predictions, weights=[[1.0], [0.0]])) == 1.5
    assert run(loss(labels, predictions, weights=0.0)) == 0
    x = tf.placeholder(tf.float32)
    assert run(loss(labels, predictions, weights=x), {x: [[1.0], [0.0]]}) == 1.5
    with pytest.raises(ValueError, match="weights can not be broadcast to values."):
        loss(labels, predictions, weights=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="Mismatch at dim 1"):
        loss(labels, predictions, weights=[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="weights can not be broadcast"):
        run(loss(labels, predictions, weights=x), {x: [1.0, 2.0, 3.0]})


def test_sparse_labels_may_have_an_axis_more():
    logits = np.random.RandomState(0).randn(3, 4).astype(np.float32)
    loss = tf.losses.sparse_softmax_cross_entropy
    wanted, got = run([loss([0, 1, 2], logits), loss([[0], [1], [2]], logits)])
    assert wanted == got


def test_refusals():
    with pytest.raises(ValueError, match="labels must not be None."):
        tf.losses.mean_squared_error(None, [1.0])
    with pytest.raises(ValueError, match="predictions must not be None."):
        tf.losses.mean_squared_error([1.0], None)
    with pytest.raises(ValueError, match="You must specify 'axis'."):
        tf.losses.cosine_distance([1.0], [1.0])
    with pytest.raises(ValueError, match="Invalid Reduction Key mean."):
        tf.losses.mean_squared_error([1.0], [1.0], reduction="mean")
    with pytest.raises(ValueError, match="are incompatible"):
        tf.losses.mean_squared_error([1.0, 2.0], [1.0, 2.0, 3.0])


def test_no_gradient_to_labels():
    labels, logits = tf.constant([[1.0, 0.0]]), tf.constant([[1.0, 2.0]])
    loss = tf.losses.softmax_cross_entropy(labels, logits)
    to_labels, to_logits = tf.gradients(loss, [labels, logits])
    assert to_labels is None and to_logits is not None
