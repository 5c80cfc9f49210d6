"""tf.contrib.factorization.KMeans."""
import numpy as np
import pytest
import weft as tf

CENTERS = np.array([[0., 0.], [10., 0.], [0., 10.]], dtype=np.float32)


def points(seed=0):
    return (CENTERS[np.arange(60) % 3] +
            np.random.RandomState(seed).randn(60, 2).astype(np.float32) * 0.1)


def nearest(centers):
    return sorted(np.round(centers).astype(int).tolist())


@pytest.mark.parametrize("kwargs", [{}, {"use_mini_batch": True},
                                    {"use_mini_batch": True, "mini_batch_steps_per_iteration": 2}])
def test_clusters(kwargs):
    x = tf.placeholder(tf.float32, [None, 2])
    kmeans = tf.contrib.factorization.KMeans(x, 3, CENTERS + 2., **kwargs)
    all_scores, numbers, scores, ready, init, train = kmeans.training_graph()
    variable = tf.global_variables()[0]
    assert variable.op.name == "clusters"
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert not sess.run(ready)
        sess.run(init, {x: points()})
        assert sess.run(ready)
        for step in range(40):
            sess.run(train, {x: points(step)})
        assert nearest(sess.run(variable)) == [[0, 0], [0, 10], [10, 0]]
        got, distance, every = sess.run([numbers[0], scores[0], all_scores[0]], {x: points()})
    assert got.tolist() == np.argmin(every, 1).tolist()
    np.testing.assert_allclose(distance, every.min(1), atol=1e-3)


def test_random_centers_come_from_the_points():
    x = tf.placeholder(tf.float32, [None, 2])
    *_, ready, init, _ = tf.contrib.factorization.KMeans(x, 5, random_seed=1).training_graph()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(init, {x: points()[:2]})
        assert not sess.run(ready)
        sess.run(init, {x: points()})
        assert sess.run(ready)
        centers = sess.run(tf.global_variables()[0])
    assert centers.shape == (5, 2)
    assert all(any(np.allclose(c, p) for p in points()) for c in centers)


def test_cosine():
    x = tf.placeholder(tf.float32, [None, 2])
    kmeans = tf.contrib.factorization.KMeans(x, 2, np.float32([[1., .2], [.2, 1.]]),
                                             distance_metric="cosine", use_mini_batch=True)
    _, numbers, scores, _, init, train = kmeans.training_graph()
    data = np.float32([[5., 0.], [1., .1], [0., 3.], [.1, 1.]])
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(init, {x: data})
        for _ in range(20):
            sess.run(train, {x: data})
        assert sess.run(numbers[0], {x: data}).tolist() == [0, 0, 1, 1]
        assert sess.run(scores[0], {x: data}).max() < 0.01


def test_refused():
    with pytest.raises(ValueError, match="Unsupported distance metric passed to Kmeans far"):
        tf.contrib.factorization.KMeans(tf.zeros([2, 2]), 2, distance_metric="far")
    with pytest.raises(ValueError, match="Unsupported initialization type"):
        tf.contrib.factorization.KMeans(tf.zeros([2, 2]), 2, "kmc2")
