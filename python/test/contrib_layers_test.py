"""tf.contrib.layers and tf.contrib.framework: names, collections, values."""
import gc
import weakref

import numpy as np
import pytest
import weft as tf
from weft.contrib import framework, layers
from weft.contrib.layers import utils


def names(variables=None):
    return [v.name for v in (tf.global_variables() if variables is None else variables)]


def image(*shape):
    return tf.constant(np.random.RandomState(0).rand(*(shape or (2, 6, 6, 3))).astype("f"))


def evaluated(fetches, feeds=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches, feeds)


# ---- layers ----

def test_fully_connected():
    x = image(2, 4)
    y = layers.fully_connected(x, 3)
    z = layers.fully_connected(y, 2, activation_fn=None, scope="out")
    assert y.name == "fully_connected/Relu:0" and z.name == "out/BiasAdd:0"
    assert names() == ["fully_connected/weights:0", "fully_connected/biases:0", "out/weights:0",
                       "out/biases:0"]
    assert names(tf.model_variables()) == names() == names(tf.trainable_variables())
    got, w, b = evaluated([y, *tf.global_variables()[:2]])
    np.testing.assert_allclose(got, np.maximum(evaluated(x) @ w + b, 0), rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="num_outputs type should be one of"):
        layers.fully_connected(x, 3.5)
    assert layers.linear(x, 2).op.type == "BiasAdd" and layers.relu(x, 2).op.type == "Relu"


def test_normalization_takes_the_place_of_biases():
    layers.fully_connected(image(2, 4), 3, normalizer_fn=layers.batch_norm,
                           normalizer_params={"is_training": True, "scale": True})
    assert names() == ["fully_connected/weights:0"] + [
        "fully_connected/BatchNorm/%s:0" % n
        for n in ("gamma", "beta", "moving_mean", "moving_variance")]


def test_convolutions():
    x = image()
    y = layers.conv2d(x, 4, [3, 3])
    assert y.name == "Conv/Relu:0" and y.shape.as_list() == [2, 6, 6, 4]
    assert names() == ["Conv/weights:0", "Conv/biases:0"]
    assert layers.convolution2d is layers.conv2d
    assert layers.conv2d(x, 4, 3, 2, padding="VALID").shape.as_list() == [2, 2, 2, 4]
    assert layers.conv2d(x, 4, 3, rate=2, scope="atrous").shape.as_list() == [2, 6, 6, 4]
    up = layers.conv2d_transpose(x, 4, 3, 2, scope="up")
    assert up.shape.as_list() == [2, 12, 12, 4] and up.name == "up/Relu:0"
    apart = layers.separable_conv2d(x, 4, 3, 2, scope="apart")
    assert apart.shape.as_list() == [2, 6, 6, 4]
    assert layers.separable_conv2d(x, None, 3, 2, scope="half").shape.as_list() == [2, 6, 6, 6]
    assert layers.conv2d_in_plane(x, 3).shape.as_list() == [2, 6, 6, 3]
    assert names(framework.get_variables("apart|half")) == [
        "apart/depthwise_weights:0", "apart/pointwise_weights:0", "apart/biases:0",
        "half/depthwise_weights:0", "half/biases:0"]
    assert names(framework.get_variables("ConvInPlane")) == ["ConvInPlane/weights:0",
                                                             "ConvInPlane/biases:0"]
    evaluated([y, up, apart])
    with pytest.raises(ValueError, match="Convolution expects input with rank 4, got 2"):
        layers.conv2d(image(2, 3), 4, 3)
    with pytest.raises(ValueError, match="data_format"):
        layers.conv2d(x, 4, 3, data_format="nope")
    line = layers.conv1d(image(2, 6, 3), 4, 3)
    assert line.shape.as_list() == [2, 6, 4]


def test_reuse():
    x = image()
    with tf.variable_scope("net"):
        layers.conv2d(x, 4, 3, scope="c")
        y = layers.conv2d(x, 4, 3, scope="c", reuse=True)
    assert names() == ["net/c/weights:0", "net/c/biases:0"]
    assert y.name == "net/c_1/Relu:0"
    with pytest.raises(ValueError, match="already exists"):
        with tf.variable_scope("net"):
            layers.conv2d(x, 4, 3, scope="c")


def test_regularizers_of_layers():
    layers.conv2d(image(), 4, 3, weights_regularizer=layers.l2_regularizer(0.1))
    assert [t.name for t in tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)] == [
        "Conv/kernel/Regularizer/l2_regularizer:0"]


def test_collections_of_variables_and_outputs():
    x = image()
    layers.conv2d(x, 4, 3, variables_collections={"weights": ["w", "all"], "biases": ["all"]},
                  outputs_collections="ends")
    layers.max_pool2d(x, 2, outputs_collections="ends", scope="pool")
    layers.flatten(x, outputs_collections=["ends"])
    layers.fully_connected(image(2, 3), 2, outputs_collections="ends", scope="fc",
                           variables_collections=["all"])
    assert names(tf.get_collection("w")) == ["Conv/weights:0"]
    assert names(tf.get_collection("all")) == ["Conv/weights:0", "Conv/biases:0", "fc/weights:0",
                                               "fc/biases:0"]
    ends = utils.convert_collection_to_dict("ends")
    assert list(ends) == ["Conv", "pool", "Flatten", "fc"]
    assert ends["Conv"].name == "Conv/Relu:0"
    utils.convert_collection_to_dict("ends", clear_collection=True)
    assert tf.get_collection("ends") == []
    assert utils.get_tensor_aliases(x) == ["Const"]


def test_pooling():
    x = image()
    largest, mean = layers.max_pool2d(x, 2), layers.avg_pool2d(x, [2, 2], 1, "SAME")
    assert largest.name == "MaxPool2D/MaxPool:0" and mean.name == "AvgPool2D/AvgPool:0"
    assert largest.shape.as_list() == [2, 3, 3, 3] and mean.shape.as_list() == [2, 6, 6, 3]
    pooled = layers.pool(x, [2, 2], "MAX", stride=2)
    one, other = evaluated([largest, pooled])
    np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="data_format has to be either NCHW or NHWC."):
        layers.max_pool2d(x, 2, data_format="nope")


def test_dropout_flatten_softmax_one_hot():
    x = image()
    assert layers.dropout(x, is_training=False).name == "Dropout/Identity:0"
    kept = evaluated(layers.dropout(tf.ones([1000]), 0.8))
    assert abs(np.mean(kept == 0) - 0.2) < 0.08 and np.isclose(kept.max(), 1.25)
    flat = layers.flatten(x)
    assert flat.shape.as_list() == [2, 108] and flat.name == "Flatten/flatten/Reshape:0"
    soft = layers.softmax(x)
    assert soft.shape.as_list() == [2, 6, 6, 3]
    np.testing.assert_allclose(evaluated(soft).sum(-1), 1.0, rtol=1e-5)
    labels = layers.one_hot_encoding(tf.constant([2, 0]), 3)
    assert evaluated(labels).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_unit_norm_bias_and_embedding():
    x = image(3, 4)
    np.testing.assert_allclose(np.linalg.norm(evaluated(layers.unit_norm(x, 1)), axis=1), 1.0,
                               rtol=1e-4)
    y = layers.bias_add(x, initializer=tf.ones_initializer(), activation_fn=tf.negative)
    assert names() == ["BiasAdd/biases:0"]
    np.testing.assert_allclose(evaluated(y), -(evaluated(x) + 1), rtol=1e-6)
    ids = tf.constant([[0, 2], [1, 1]])
    rows = layers.embed_sequence(ids, 3, 5, scope="e")
    unique = layers.embed_sequence(ids, 3, 5, unique=True, scope="e", reuse=True)
    assert rows.shape.as_list() == [2, 2, 5]
    one, other = evaluated([rows, unique])
    np.testing.assert_array_equal(one, other)
    with pytest.raises(ValueError, match="Must specify vocab size and embedding dimension"):
        layers.embed_sequence(ids)


def test_repeat_and_stack():
    x = image()
    y = layers.repeat(x, 2, layers.conv2d, 4, [3, 3], scope="conv1")
    assert y.name == "conv1/conv1_2/Relu:0"
    layers.stack(image(2, 3), layers.fully_connected, [4, 5], scope="fc")
    layers.stack(x, layers.conv2d, [(4, [3, 3]), (5, [1, 1])])
    assert names()[:6:2] == ["conv1/conv1_1/weights:0", "conv1/conv1_2/weights:0",
                             "fc/fc_1/weights:0"]
    assert names()[8::2] == ["Stack/convolution2d_1/weights:0", "Stack/convolution2d_2/weights:0"]
    with pytest.raises(ValueError, match="stack_args need to be a list or tuple"):
        layers.stack(x, layers.conv2d, 3)


# ---- normalization ----

def normalized(x, axes, epsilon=1e-3):
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + epsilon)


@pytest.mark.parametrize("shape", [(8, 3), (4, 2, 2, 3), (4, 5, 3)])
def test_batch_norm(shape):
    x = np.random.RandomState(0).rand(*shape).astype("f") * 3
    y = layers.batch_norm(tf.constant(x), decay=0.5)
    assert y.shape.as_list() == list(shape)
    assert sorted(names()) == ["BatchNorm/beta:0", "BatchNorm/moving_mean:0",
                               "BatchNorm/moving_variance:0"]
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert len(updates) == 2
    axes = tuple(range(len(shape) - 1))
    mean = framework.get_variables("BatchNorm/moving_mean")[0]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        np.testing.assert_allclose(sess.run(y), normalized(x, axes), rtol=1e-3, atol=1e-4)
        assert np.all(sess.run(mean) == 0)
        sess.run(updates)
        np.testing.assert_allclose(sess.run(mean), 0.5 * x.mean(axes), rtol=1e-4)


def test_batch_norm_in_place():
    x = np.random.RandomState(0).rand(4, 2, 2, 3).astype("f")
    y = layers.batch_norm(tf.constant(x), decay=0.5, updates_collections=None, scale=True)
    mean = framework.get_variables("BatchNorm/moving_mean")[0]
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == []
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(y)
        np.testing.assert_allclose(sess.run(mean), 0.5 * x.mean((0, 1, 2)), rtol=1e-4)


def test_batch_norm_by_a_tensor():
    x = np.random.RandomState(0).rand(8, 3).astype("f")
    training = tf.placeholder(tf.bool, [])
    y = layers.batch_norm(tf.constant(x), is_training=training, updates_collections="mine",
                          variables_collections=["v"], outputs_collections="o",
                          activation_fn=tf.nn.relu)
    assert len(tf.get_collection("mine")) == 2 and len(tf.get_collection("v")) == 3
    assert tf.get_collection("o") == [y]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        np.testing.assert_allclose(sess.run(y, {training: False}), x / np.sqrt(1.001), rtol=1e-4)
        np.testing.assert_allclose(sess.run(y, {training: True}),
                                   np.maximum(normalized(x, 0), 0), rtol=1e-2, atol=1e-3)


def test_batch_norm_without_bias_to_zero():
    x = np.ones((4, 3), "f")
    y = layers.batch_norm(tf.constant(x), decay=0.9, updates_collections=None, fused=False,
                          zero_debias_moving_mean=True)
    mean = framework.get_variables("BatchNorm/moving_mean:0")[0]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(y)
        np.testing.assert_allclose(sess.run(mean), [1, 1, 1], rtol=1e-5)


def test_layer_norm():
    x = np.random.RandomState(0).rand(4, 5, 3).astype("f")
    y = layers.layer_norm(tf.constant(x))
    assert names() == ["LayerNorm/beta:0", "LayerNorm/gamma:0"]
    assert tf.global_variables()[0].shape.as_list() == [3]
    np.testing.assert_allclose(evaluated(y), normalized(x, (1, 2), 0), rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="is not fully defined"):
        layers.layer_norm(tf.placeholder(tf.float32, [2, None]))


@pytest.mark.parametrize("first", [False, True])
def test_instance_and_group_norm(first):
    x = np.random.RandomState(0).rand(2, 3, 4, 6).astype("f") * 3
    shown = x.transpose(0, 3, 1, 2) if first else x
    alone = layers.instance_norm(tf.constant(shown), data_format="NCHW" if first else "NHWC")
    grouped = layers.group_norm(tf.constant(shown), 3, 1 if first else -1,
                                (-2, -1) if first else (-3, -2))
    assert names() == ["InstanceNorm/beta:0", "InstanceNorm/gamma:0", "GroupNorm/beta:0",
                       "GroupNorm/gamma:0"]
    got = evaluated([alone, grouped])
    got = [y.transpose(0, 2, 3, 1) if first else y for y in got]
    np.testing.assert_allclose(got[0], normalized(x, (1, 2), 1e-6), rtol=1e-3, atol=1e-4)
    parts = normalized(x.reshape(2, 3, 4, 3, 2), (1, 2, 4), 1e-6).reshape(x.shape)
    np.testing.assert_allclose(got[1], parts, rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="6 channels is not commensurate with 4 groups"):
        layers.group_norm(tf.constant(x), 4)


# ---- initializers, regularizers, training ----

@pytest.mark.parametrize("make, variance", [
    (lambda: layers.xavier_initializer(seed=1), 2 / 300),
    (lambda: layers.xavier_initializer(uniform=False, seed=1), 2 / 300),
    (lambda: layers.variance_scaling_initializer(seed=1), 2 / 100),
    (lambda: layers.variance_scaling_initializer(1.0, "FAN_OUT", True, seed=1), 1 / 200)])
def test_initializers(make, variance):
    v = tf.get_variable("v", [100, 200], initializer=make())
    values = evaluated(v)
    assert abs(values.mean()) < 0.01 and np.isclose(values.var(), variance, rtol=0.1)


def test_fans_of_filters():
    v = evaluated(layers.xavier_initializer(seed=1)([3, 3, 2, 4]))
    assert np.abs(v).max() <= np.sqrt(6 / (9 * 2 + 9 * 4))
    with pytest.raises(TypeError, match="Unknown mode"):
        layers.variance_scaling_initializer(mode="nope")
    with pytest.raises(TypeError, match="non-floating point"):
        layers.xavier_initializer(dtype=tf.int32)


def test_regularizers():
    w = tf.constant([[1.0, -2.0]])
    l1, l2 = layers.l1_regularizer(0.5), layers.l2_regularizer(0.5)
    assert evaluated([l1(w), l2(w), layers.l1_l2_regularizer(0.5, 0.5)(w),
                      layers.sum_regularizer([l1, None, l2])(w)]) == [1.5, 1.25, 2.75, 2.75]
    assert l2(w).op.inputs[0].op.type == "Const"
    assert layers.l2_regularizer(0.0)(w) is None
    assert layers.sum_regularizer([]) is None
    with pytest.raises(ValueError, match="scale cannot be an integer: 1"):
        layers.l2_regularizer(1)
    with pytest.raises(ValueError, match="less than 0"):
        layers.l1_regularizer(-0.5)
    total = layers.apply_regularization(l2, [w, w])
    assert evaluated(total) == 2.5
    assert tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES) == [total]
    with pytest.raises(ValueError, match="No weights to regularize."):
        layers.apply_regularization(l2)


@pytest.mark.parametrize("optimizer", [
    "SGD", "Adam", tf.train.GradientDescentOptimizer, tf.train.MomentumOptimizer(0.1, 0.5),
    lambda rate: tf.train.AdagradOptimizer(rate)])
def test_optimize_loss(optimizer):
    v = tf.get_variable("v", initializer=[4.0, 3.0])
    step = framework.get_or_create_global_step()
    train = layers.optimize_loss(tf.reduce_sum(v * v), step, 0.1, optimizer, clip_gradients=1.0)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        first = sess.run(train)
        for _ in range(5):
            last = sess.run(train)
        assert first == 25.0 and last < first and sess.run(step) == 6


def test_optimize_loss_options():
    v, w = tf.get_variable("v", initializer=1.0), tf.get_variable("w", initializer=1.0)
    step = framework.get_or_create_global_step()
    ran = tf.get_variable("ran", initializer=0, trainable=False)
    tf.add_to_collection(tf.GraphKeys.UPDATE_OPS, tf.assign_add(ran, 1))
    train = layers.optimize_loss(v * 2 + w, step, 1.0, "SGD", gradient_multipliers={"v:0": 0.5},
                                 learning_rate_decay_fn=lambda rate, _: rate * 0.5)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        assert sess.run([v, w, ran]) == [0.5, 0.5, 1]
    with pytest.raises(ValueError, match="Optimizer name should be one of"):
        layers.optimize_loss(v * 2, step, 1.0, "Nope")
    with pytest.raises(ValueError, match="Invalid learning_rate"):
        layers.optimize_loss(v * 2, step, -1.0, "SGD")


# ---- framework ----

@framework.add_arg_scope
def described(x, a=1, b=2):
    return x, a, b


@framework.add_arg_scope
def other(x, a=1):
    return x, a


def test_arg_scope():
    assert described(0) == (0, 1, 2)
    with framework.arg_scope([described], a=5):
        assert described(0) == (0, 5, 2) and other(0) == (0, 1)
        assert described(0, a=6) == (0, 6, 2)
        with framework.arg_scope([described], b=8) as scope:
            assert described(0) == (0, 5, 8)
            with framework.arg_scope([other], a=9):
                assert other(0) == (0, 9) and described(0) == (0, 5, 8)
    assert described(0) == (0, 1, 2)
    with framework.arg_scope(scope):
        assert described(0) == (0, 5, 8)
    assert framework.has_arg_scope(described) and not framework.has_arg_scope(len)
    assert framework.arg_scoped_arguments(described) == ("a", "b")
    with pytest.raises(ValueError, match="is not decorated with @add_arg_scope"):
        with framework.arg_scope([len], a=1):
            pass
    with pytest.raises(TypeError, match="list_ops_or_scope must either be a list/tuple"):
        with framework.arg_scope(described, a=1):
            pass
    with pytest.raises(ValueError, match="kwargs must be empty"):
        with framework.arg_scope(scope, a=1):
            pass


def test_arg_scope_ends_with_an_error():
    with pytest.raises(KeyError):
        with framework.arg_scope([described], a=5):
            raise KeyError
    assert described(0) == (0, 1, 2)


def test_variables():
    with tf.variable_scope("a"):
        v = framework.variable("v", [2], collections=["mine"], trainable=False)
        m = framework.model_variable("m", [2], regularizer=layers.l2_regularizer(0.1))
    with tf.variable_scope("b"):
        w = framework.variable("v", [3], device="/cpu:0")
    local = framework.local_variable(3, name="l")
    assert names(tf.get_collection("mine")) == ["a/v:0"] and names() == ["a/m:0", "b/v:0"]
    assert tf.local_variables() == [local] and framework.get_local_variables() == [local]
    assert tf.model_variables() == [m] and framework.get_model_variables("a") == [m]
    assert len(tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)) == 1
    assert framework.get_variables("b") == [w] and framework.get_variables(suffix="m") == [m]
    assert framework.get_variables_by_name("v") == [w]
    assert framework.get_unique_variable("a/m") is m
    assert framework.get_variables_to_restore(exclude=["b"]) == [m]
    assert framework.filter_variables([m, w], ["v$"]) == [w]
    assert framework.get_trainable_variables() == [m, w] and v not in tf.global_variables()
    framework.add_model_variable(w)
    framework.add_model_variable(w)
    assert tf.model_variables() == [m, w]
    with pytest.raises(ValueError, match="Couldn't find variable nope"):
        framework.get_unique_variable("nope")
    with pytest.raises(TypeError, match="is not a list or a tuple"):
        framework.get_variables_to_restore(include="a")


def test_assign_from_values():
    v, w = tf.get_variable("v", [2]), tf.get_variable("w", [])
    assign = framework.assign_from_values_fn({"v": [1, 2], "w": 3})
    with tf.Session() as sess:
        assign(sess)
        assert sess.run(v).tolist() == [1, 2] and sess.run(w) == 3
    with pytest.raises(ValueError, match="Variable nope wasn't found"):
        framework.assign_from_values({"nope": 1})


def test_global_step():
    assert framework.get_global_step() is None
    step = framework.create_global_step()
    assert framework.get_global_step() is step is framework.get_or_create_global_step()
    assert framework.assert_or_get_global_step() is step
    with tf.name_scope("a"):
        assert framework.get_name_scope() == "a"


def test_nothing_keeps_a_graph_alive():
    with tf.Graph().as_default() as graph:
        x = layers.conv2d(tf.ones([1, 4, 4, 1]), 2, 3, outputs_collections="ends",
                          normalizer_fn=layers.batch_norm)
        x = layers.fully_connected(layers.flatten(x), 2)
    gone = weakref.ref(graph)
    del graph, x
    gc.collect()
    assert gone() is None


def test_distributions():
    normal = tf.contrib.distributions.Normal(loc=0.0, scale=1.0)
    assert np.isclose(evaluated(normal.log_prob(0.5)), -0.5 * np.log(2 * np.pi) - 0.125)


def test_hparams():
    h = tf.contrib.training.HParams(rate=0.1, layers=[1, 2], name="net", flag=True, n=3)
    assert h.rate == 0.1 and "n" in h and h.get("nope", 4) == 4
    h.parse("rate=0.5,layers=[3,4,5],flag=false,name=other,n=7")
    assert (h.rate, h.layers, h.flag, h.name, h.n) == (0.5, [3, 4, 5], False, "other", 7)
    h.parse("layers[1]=9")
    assert h.layers == [3, 9, 5]
    h.override_from_dict({"n": 1}).set_hparam("rate", 2)
    assert h.values() == {"rate": 2.0, "layers": [3, 9, 5], "name": "other", "flag": False, "n": 1}
    again = tf.contrib.training.HParams(rate=0.0, layers=[0], name="", flag=True, n=0)
    assert again.parse_json(h.to_json()).values() == h.values()
    for wrong in ("nope=1", "n=[1,2]", "n", "n=x"):
        with pytest.raises(ValueError):
            h.parse(wrong)
    with pytest.raises(ValueError, match="Could not cast hparam"):
        h.set_hparam("n", 1.5)
    with pytest.raises(ValueError, match="is reserved"):
        h.add_hparam("n", 1)
    h.del_hparam("n")
    assert "n" not in h
