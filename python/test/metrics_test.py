"""tf.metrics: values over several batches, names and collections of variables."""
import numpy as np
import pytest

import weft as tf


def stream(metric, batches, **options):
    """The value after each batch of (labels, predictions[, weights]) was added."""
    fed = [tf.placeholder(tf.as_dtype(np.asarray(part).dtype), [None] * np.ndim(part))
           for part in batches[0]]
    if len(fed) == 3:
        options["weights"] = fed.pop(2)
    value, update = metric(*fed, **options)
    fed += [options["weights"]] if "weights" in options else []
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        for batch in batches:
            updated = session.run(update, dict(zip(fed, batch)))
        # Without running the update again the value stays.
        first, second = session.run(value), session.run(value)
        np.testing.assert_array_equal(first, second)
    return first, updated


def f(*numbers):
    return np.array(numbers, np.float32)


def test_variables():
    value, update = tf.metrics.accuracy([1, 0], [1, 1], metrics_collections=["values"],
                                        updates_collections="updates")
    assert [v.op.name for v in tf.local_variables()] == ["accuracy/total", "accuracy/count"]
    assert tf.get_collection(tf.GraphKeys.METRIC_VARIABLES) == tf.local_variables()
    assert tf.global_variables() == [] and tf.trainable_variables() == []
    assert tf.get_collection("values") == [value] and tf.get_collection("updates") == [update]
    assert value.op.name == "accuracy/value" and update.op.name == "accuracy/update_op"
    again, _ = tf.metrics.accuracy([1], [1])
    assert again.op.name == "accuracy_1/value"
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(update)
        session.run(tf.local_variables_initializer())
        assert session.run(value) == 0 and session.run(update) == 0.5


def test_accuracy():
    batches = [(np.array([1, 0]), np.array([1, 1])), (np.array([2, 3]), np.array([2, 3]))]
    assert stream(tf.metrics.accuracy, batches) == (0.75, 0.75)
    weighted = [batch + (f(1, 0),) for batch in batches]
    assert stream(tf.metrics.accuracy, weighted) == (1, 1)


def test_mean():
    fed = tf.placeholder(tf.float32)
    value, update = tf.metrics.mean(fed)
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        assert [session.run(update, {fed: x}) for x in (1.0, 3.0, [5.0, 7.0])] == [1, 2, 4]
        assert session.run(value) == 4


def test_mean_tensor():
    fed = tf.placeholder(tf.float32, [2])
    value, update = tf.metrics.mean_tensor(fed)
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        for x in ([1.0, 2.0], [3.0, 6.0]):
            session.run(update, {fed: x})
        assert session.run(value).tolist() == [2, 4]


def test_errors():
    batches = [(f(1, 2), f(2, 4)), (f(0, 0), f(0, 1))]
    assert stream(tf.metrics.mean_absolute_error, batches)[0] == 1
    assert stream(tf.metrics.mean_squared_error, batches)[0] == 1.5
    np.testing.assert_allclose(stream(tf.metrics.root_mean_squared_error, batches)[0],
                               np.sqrt(1.5), rtol=1e-6)
    value, _ = stream(tf.metrics.mean_relative_error, [(f(1, 2), f(2, 4))], normalizer=f(1, 0))
    assert value == 0.5
    value, _ = stream(tf.metrics.mean_cosine_distance, [(f(1, 0), f(1, 0)), (f(1, 0), f(0, 1))],
                      dim=0)
    assert value == 0.5


def test_percentage_below():
    value, update = tf.metrics.percentage_below(tf.constant([1.0, 2.0, 3.0, 4.0]), 2.5)
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        assert session.run(update) == 0.5 and session.run(value) == 0.5


BINARY = [(np.array([1, 1, 0, 0]), np.array([1, 0, 1, 0])), (np.array([1, 1]), np.array([1, 1]))]


@pytest.mark.parametrize("metric, wanted", [
    (tf.metrics.true_positives, 3), (tf.metrics.false_positives, 1),
    (tf.metrics.true_negatives, 1), (tf.metrics.false_negatives, 1),
    (tf.metrics.precision, 0.75), (tf.metrics.recall, 0.75)])
def test_counts(metric, wanted):
    assert stream(metric, BINARY) == (wanted, wanted)


def test_precision_without_positives():
    assert stream(tf.metrics.precision, [(np.array([0]), np.array([0]))]) == (0, 0)


SCORES = [(np.array([False, True]), f(0.1, 0.4)), (np.array([False, True]), f(0.35, 0.8))]


def test_counts_at_thresholds():
    thresholds = [0.2, 0.5]
    for metric, wanted in [(tf.metrics.true_positives_at_thresholds, [2, 1]),
                           (tf.metrics.false_positives_at_thresholds, [1, 0]),
                           (tf.metrics.true_negatives_at_thresholds, [1, 2]),
                           (tf.metrics.false_negatives_at_thresholds, [0, 1])]:
        assert stream(metric, SCORES, thresholds=thresholds)[0].tolist() == wanted
    np.testing.assert_allclose(
        stream(tf.metrics.precision_at_thresholds, SCORES, thresholds=thresholds)[0], [2 / 3, 1],
        rtol=1e-5)
    np.testing.assert_allclose(
        stream(tf.metrics.recall_at_thresholds, SCORES, thresholds=thresholds)[0], [1, 0.5],
        rtol=1e-5)


def test_auc():
    np.testing.assert_allclose(stream(tf.metrics.auc, SCORES)[0], 1, atol=1e-4)
    mixed = [(np.array([False, True, False, True]), f(0.1, 0.3, 0.35, 0.8))]
    np.testing.assert_allclose(stream(tf.metrics.auc, mixed)[0], 0.75, atol=1e-2)
    value, _ = stream(tf.metrics.auc, SCORES, curve="PR", summation_method="careful_interpolation")
    np.testing.assert_allclose(value, 1, atol=1e-2)
    with pytest.raises(ValueError, match="curve must be either ROC or PR"):
        tf.metrics.auc([True], [0.5], curve="X")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"predictions must be in \[0, 1\]"):
        stream(tf.metrics.auc, [(np.array([True]), f(1.5))])


def test_sensitivity_and_specificity():
    value, _ = stream(tf.metrics.sensitivity_at_specificity, SCORES, specificity=0.9)
    np.testing.assert_allclose(value, 1, rtol=1e-4)
    value, _ = stream(tf.metrics.specificity_at_sensitivity, SCORES, sensitivity=0.9)
    np.testing.assert_allclose(value, 1, rtol=1e-4)


def test_mean_iou():
    batches = [(np.array([0, 1]), np.array([0, 1])), (np.array([2, 2]), np.array([2, 1]))]
    value, matrix = stream(tf.metrics.mean_iou, batches, num_classes=3)
    np.testing.assert_allclose(value, (1 + 0.5 + 0.5) / 3, rtol=1e-6)
    assert matrix.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_mean_per_class_accuracy():
    batches = [(np.array([0, 1]), np.array([0, 0])), (np.array([0, 1]), np.array([0, 1]))]
    value, _ = stream(tf.metrics.mean_per_class_accuracy, batches, num_classes=2)
    np.testing.assert_allclose(value, 0.75)


def test_at_k():
    scores = np.array([[0.1, 0.3, 0.2, 0.4], [0.1, 0.2, 0.3, 0.4]], np.float32)
    labels = np.array([[3], [0]])
    assert stream(tf.metrics.precision_at_k, [(labels, scores)], k=2)[0] == 0.25
    assert stream(tf.metrics.recall_at_k, [(labels, scores)], k=2)[0] == 0.5
    assert stream(tf.metrics.recall_at_k, [(labels[:, 0], scores)], k=4)[0] == 1
    assert stream(tf.metrics.recall_at_k, [(labels, scores)], k=2, class_id=3)[0] == 1
    assert stream(tf.metrics.precision_at_k, [(labels, scores)], k=2, class_id=3)[0] == 0.5
    # Row 0 has its label first, row 1 not among the two.
    assert stream(tf.metrics.average_precision_at_k, [(labels, scores)], k=2)[0] == 0.5
    several = np.array([[3, 2], [0, 0]])
    # Row 0: its labels stand at places 1 and 3 of three; row 1: none.
    np.testing.assert_allclose(
        stream(tf.metrics.average_precision_at_k, [(several, scores)], k=3)[0],
        (1 + 2 / 3) / 2 / 2)
    names = [v.op.name for v in tf.local_variables()]
    assert names[0] == "precision_at_2/true_positive_at_2"


def test_of_contrib():
    labels, scores = tf.constant([1, 0, 1, 1]), tf.constant([.9, .8, .3, .6])
    value, update = tf.contrib.metrics.f1_score(labels, scores)
    recall, update_recall = tf.contrib.metrics.streaming_sparse_recall_at_k(
        tf.constant([[.1, .9, 0.], [.5, .1, .4]]), tf.constant([[1], [2]], tf.int64), 1)
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        sess.run([update, update_recall])
        # The best threshold lets all be positive: three of four are right, none is missing.
        assert sess.run(value) == pytest.approx(2 * .75 / 1.75, abs=1e-4)
        assert sess.run(recall) == .5
