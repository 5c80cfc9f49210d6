"""tf.contrib.slim: a network in its style, from layers to training steps."""
import numpy as np
import pytest
import weft as tf
from weft.contrib import slim


def network(images, classes=3, is_training=True):
    params = {"is_training": is_training, "decay": 0.9, "scale": True}
    with slim.arg_scope([slim.conv2d, slim.fully_connected], normalizer_fn=slim.batch_norm,
                        normalizer_params=params,
                        weights_regularizer=slim.l2_regularizer(0.0005),
                        weights_initializer=slim.variance_scaling_initializer(seed=1)):
        with slim.arg_scope([slim.conv2d, slim.max_pool2d], padding="SAME"):
            net = slim.repeat(images, 2, slim.conv2d, 4, [3, 3], scope="conv1")
            net = slim.max_pool2d(net, [2, 2], scope="pool1")
            net = slim.flatten(net)
            net = slim.fully_connected(net, 8, scope="fc1")
            return slim.fully_connected(net, classes, activation_fn=None, normalizer_fn=None,
                                        scope="logits")


def test_names():
    logits = network(tf.ones([2, 6, 6, 1]))
    assert logits.name == "logits/BiasAdd:0"
    assert sorted(v.op.name for v in slim.get_model_variables()) == sorted(
        ["logits/weights", "logits/biases"]
        + [layer + "/" + name for layer in ("conv1/conv1_1", "conv1/conv1_2", "fc1")
           for name in ("weights", "BatchNorm/gamma", "BatchNorm/beta", "BatchNorm/moving_mean",
                        "BatchNorm/moving_variance")])
    assert len(slim.losses.get_regularization_losses()) == 4
    assert len(tf.get_collection(tf.GraphKeys.UPDATE_OPS)) == 6
    assert [v.op.name for v in slim.get_variables("conv1", suffix="weights")] == [
        "conv1/conv1_1/weights", "conv1/conv1_2/weights"]
    assert slim.get_variables_to_restore(exclude=["conv1", "fc1"]) == slim.get_variables("logits")


def test_training():
    rng = np.random.RandomState(0)
    images = rng.rand(12, 6, 6, 1).astype("f")
    classes = np.arange(12) % 3
    images[np.arange(12), classes, classes] += 3.0
    labels = slim.one_hot_encoding(tf.constant(classes), 3)
    slim.losses.softmax_cross_entropy(network(tf.constant(images)), labels)
    total = slim.losses.get_total_loss()
    train = slim.learning.create_train_op(total, tf.train.AdamOptimizer(0.02),
                                          clip_gradient_norm=4.0)
    assert train in tf.get_collection(tf.GraphKeys.TRAIN_OP)
    mean = slim.get_variables("fc1/BatchNorm/moving_mean")[0]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        first = sess.run(train)
        for _ in range(60):
            last = sess.run(train)
        assert last < 0.3 * first
        assert sess.run(slim.get_or_create_global_step()) == 61
        assert np.any(sess.run(mean) != 0.0)


def test_gradients_are_multiplied_and_clipped():
    v, w = tf.get_variable("v", initializer=1.0), tf.get_variable("w", initializer=1.0)
    train = slim.learning.create_train_op(
        v * 10 + w, tf.train.GradientDescentOptimizer(1.0), global_step=None,
        gradient_multipliers={"w": 0.5}, clip_gradient_norm=1.0)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        assert sess.run([v, w]) == [0.0, 0.5]
    with pytest.raises(ValueError, match="`gradient_multipliers` is empty."):
        slim.learning.multiply_gradients([(v, v)], {})


def test_a_loss_that_is_not_a_number_is_refused():
    v = tf.get_variable("v", initializer=-1.0)
    train = slim.learning.create_train_op(tf.log(v), tf.train.GradientDescentOptimizer(1.0))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="LossTensor is inf or nan"):
            sess.run(train)


def test_losses_and_metrics():
    predicted, label = tf.constant([1.0, 3.0]), tf.constant([1.0, 1.0])
    losses = [slim.losses.mean_squared_error(predicted, label),
              slim.losses.absolute_difference(predicted, label),
              slim.losses.log_loss(tf.constant([0.5]), tf.constant([1.0]))]
    assert slim.losses.get_losses() == losses
    logits = tf.constant([[0.0, 0.0]])
    crossed = [slim.losses.softmax_cross_entropy(logits, tf.constant([[1.0, 0.0]])),
               slim.losses.sparse_softmax_cross_entropy(logits, tf.constant([1])),
               slim.losses.sigmoid_cross_entropy(logits, tf.constant([[1.0, 0.0]]))]
    with tf.Session() as sess:
        np.testing.assert_allclose(sess.run(losses), [2.0, 1.0, np.log(2)], rtol=1e-5)
        np.testing.assert_allclose(sess.run(crossed), [np.log(2)] * 3, rtol=1e-5)
        assert sess.run(slim.metrics.accuracy(tf.constant([1, 2]), tf.constant([1, 1]))) == 0.5
    values, updates = slim.metrics.aggregate_metric_map({
        "mse": slim.metrics.streaming_mean_squared_error(predicted, label),
        "accuracy": slim.metrics.streaming_accuracy(tf.constant([1, 2]), tf.constant([1, 1]))})
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        sess.run(updates)
        assert sess.run(values) == {"mse": 2.0, "accuracy": 0.5}


def test_analyze_vars(capsys):
    tf.get_variable("v", [2, 3])
    tf.get_variable("w", [4], dtype=tf.float64)
    assert slim.model_analyzer.analyze_vars(tf.global_variables(), print_info=True) == (10, 56)
    said = capsys.readouterr().out
    assert "v:0 (float32_ref 2x3) [6, bytes: 24]" in said
    assert "Total size of variables: 10" in said and "Total bytes of variables: 56" in said
    assert slim.model_analyzer.analyze_ops(tf.get_default_graph()) > 10


def test_residual_network():
    from weft.contrib.slim.nets import resnet_utils, resnet_v1
    blocks = [resnet_v1.resnet_v1_block("block1", 2, 2, 2),
              resnet_v1.resnet_v1_block("block2", 4, 2, 1)]
    images = tf.placeholder(tf.float32, [None, 32, 32, 3])
    with slim.arg_scope(resnet_v1.resnet_arg_scope()):
        logits, ends = resnet_v1.resnet_v1(images, blocks, 5, scope="net")
        dense, _ = resnet_v1.resnet_v1(images, blocks, is_training=False, global_pool=False,
                                       output_stride=4, reuse=True, scope="net")
    assert logits.shape.as_list() == [None, 1, 1, 5] and dense.shape.as_list() == [None, 8, 8, 16]
    assert list(ends)[:3] == ["net/conv1", "net/block1/unit_1/bottleneck_v1/shortcut",
                              "net/block1/unit_1/bottleneck_v1/conv1"]
    assert "net/block2" in ends and "predictions" in ends
    assert "net/block1/unit_1/bottleneck_v1/conv2/BatchNorm/moving_mean" in [
        v.op.name for v in slim.get_model_variables()]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        chances = sess.run(ends["predictions"], {images: np.ones((2, 32, 32, 3))})
    np.testing.assert_allclose(chances.sum(-1), 1.0, rtol=1e-5)
    with pytest.raises(ValueError, match="output_stride cannot be reached"):
        resnet_v1.resnet_v1(images, blocks, output_stride=16, scope="other")
    with pytest.raises(ValueError, match="multiple of 4"):
        resnet_v1.resnet_v1(images, blocks, output_stride=6, scope="third")
    x = tf.constant(np.random.RandomState(0).rand(1, 5, 5, 2).astype("f"))
    with tf.variable_scope("same"):
        strided = resnet_utils.conv2d_same(x, 3, 3, 2, scope="c")
        all_of_it = resnet_utils.conv2d_same(x, 3, 3, 1, scope="d")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for c, d in zip(slim.get_variables("same/c"), slim.get_variables("same/d")):
            sess.run(tf.assign(d, c))
        np.testing.assert_allclose(*sess.run([strided, all_of_it[:, ::2, ::2]]), rtol=1e-4,
                                   atol=1e-5)
