"""tf.layers: names, shapes, values, what they remember; against NumPy and against TensorFlow."""
import gc
import os
import weakref

import numpy as np
import pytest
import weft as tf
from weft.python.layers import base, core, utils

GOLDEN = os.path.join(os.path.dirname(__file__), "..", "..", "..", "shared", "golden")


def placeholder(*shape, dtype=tf.float32):
    return tf.placeholder(dtype, shape, name="x")


def names(variables=None):
    return [v.name for v in (tf.global_variables() if variables is None else variables)]


def op_names(prefix=""):
    return [op.name for op in tf.get_default_graph().get_operations()
            if op.name.startswith(prefix)]


def evaluated(fetches, feeds=None):
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        return sess.run(fetches, feeds)


# ---- the base ----

def test_variables_and_ops_are_named_after_the_layer():
    x = placeholder(None, 4)
    tf.layers.dense(x, 3, activation=tf.nn.relu)
    tf.layers.dense(x, 3)
    y = tf.layers.dense(x, 3, name="out")
    assert names() == ["dense/kernel:0", "dense/bias:0", "dense_1/kernel:0", "dense_1/bias:0",
                       "out/kernel:0", "out/bias:0"]
    assert names(tf.trainable_variables()) == names()
    assert y.name == "out/BiasAdd:0" and y.shape.as_list() == [None, 3]
    assert [n for n in op_names("dense/") if "kernel" not in n and "bias" not in n] == [
        "dense/MatMul", "dense/BiasAdd", "dense/Relu"]


def test_a_layer_shares_its_variables_when_called_again():
    layer = tf.layers.Dense(3)
    assert layer.name == "dense_1" and not layer.built and layer.graph is tf.get_default_graph()
    a, b = layer(placeholder(2, 4)), layer.apply(placeholder(5, 4))
    assert layer.scope_name == "dense" and len(tf.global_variables()) == 2
    assert a.name == "dense/BiasAdd:0" and b.name == "dense/BiasAdd_1:0"
    assert names(layer.weights) == ["dense/kernel:0", "dense/bias:0"]
    assert layer.count_params() == 15


def test_reuse_by_name():
    x = placeholder(2, 4)
    tf.layers.dense(x, 3, name="fc")
    again = tf.layers.dense(x, 3, name="fc", reuse=True)
    assert again.name == "fc_1/BiasAdd:0" and len(tf.global_variables()) == 2
    with pytest.raises(ValueError, match="Variable fc/kernel already exists, disallowed"):
        tf.layers.dense(x, 3, name="fc")
    with pytest.raises(ValueError, match="Variable other/kernel does not exist"):
        tf.layers.dense(x, 3, name="other", reuse=True)


def test_reuse_by_scope():
    x = placeholder(2, 4)
    with tf.variable_scope("net"):
        tf.layers.dense(x, 3)
    with tf.variable_scope("net", reuse=True):
        second = tf.layers.dense(x, 3)
    with tf.variable_scope("net", reuse=tf.AUTO_REUSE):
        tf.layers.dense(x, 3, name="more")
    assert second.name == "net_1/dense/BiasAdd:0"
    assert names() == ["net/dense/kernel:0", "net/dense/bias:0", "net/more/kernel:0",
                       "net/more/bias:0"]


def test_scopes_give_defaults():
    x = tf.constant([[1.0, 2.0]])
    with tf.variable_scope("s", initializer=tf.ones_initializer()):
        y = tf.layers.dense(x, 2)
    assert np.array_equal(evaluated(y), [[3.0, 3.0]])


@pytest.mark.parametrize("before", [True, False])
def test_names_of_layers(before):
    layer = tf.layers.Dense(2, name="given")
    if before:
        with pytest.raises(ValueError, match="has not been used yet"):
            layer.scope_name
    layer(placeholder(1, 2))
    assert layer.name == "given" and layer.scope_name == "given"


def test_layers_of_ones_own():
    class Scale(tf.layers.Layer):
        def build(self, input_shape):
            assert input_shape.as_list() == [None, 3]
            self.factor = self.add_variable("factor", shape=[3],
                                            initializer=tf.constant_initializer(2.0))
            self.count = self.add_weight("count", shape=[], dtype=tf.int32, trainable=False,
                                         initializer=tf.zeros_initializer())
            super().build(input_shape)

        def call(self, x, twice=False):
            self.add_update(tf.assign_add(self.count, 1))
            self.add_loss(tf.reduce_sum(x), inputs=x)
            return x * self.factor * (2.0 if twice else 1.0)

    layer = Scale()
    x = placeholder(None, 3)
    y = layer(x, twice=True)
    assert names(layer.trainable_variables) == ["scale/factor:0"]
    assert names(layer.non_trainable_variables) == ["scale/count:0"]
    assert names(tf.trainable_variables()) == ["scale/factor:0"]
    assert layer.dtype == "float32"
    assert tf.get_collection(tf.GraphKeys.UPDATE_OPS) == layer.updates
    assert tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES) == layer.losses
    assert layer.get_losses_for(x) == layer.losses and layer.get_losses_for(None) == []
    assert layer.get_updates_for(None) == layer.updates and layer.get_updates_for(x) == []
    assert np.array_equal(evaluated(y, {x: np.ones((1, 3))}), [[4.0] * 3])


def test_layers_of_layers():
    class Twice(tf.layers.Layer):
        def __init__(self):
            super().__init__()
            self.first = tf.layers.Dense(3, kernel_regularizer=tf.reduce_sum)
            self.rest = [tf.layers.BatchNormalization(), tf.layers.Dense(2)]

        def call(self, x):
            for layer in (self.first, *self.rest):
                x = layer(x, training=True) if layer is self.rest[0] else layer(x)
            return x

    layer = Twice()
    layer(placeholder(2, 4))
    assert names(layer.variables) == ["twice/" + n + ":0" for n in (
        "dense/kernel", "dense/bias", "batch_normalization/gamma", "batch_normalization/beta",
        "dense_1/kernel", "dense_1/bias", "batch_normalization/moving_mean",
        "batch_normalization/moving_variance")]
    assert len(layer.losses) == 1
    assert layer.updates == tf.get_collection(tf.GraphKeys.UPDATE_OPS) and len(layer.updates) == 2
    layer.trainable = False
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 8


def test_what_a_layer_was_called_with():
    layer = tf.layers.Dense(3)
    with pytest.raises(AttributeError, match="is not connected, no input to return"):
        layer.input
    x = placeholder(None, 4)
    y = layer(x)
    assert layer.input is x and layer.output is y
    assert layer.input_shape == (None, 4) and layer.output_shape == (None, 3)
    layer(x)
    assert layer.input_shape == (None, 4) and layer.output_shape == (None, 3)
    with pytest.raises(AttributeError, match="multiple inbound nodes"):
        layer.output
    assert layer.get_output_at(0) is y


def test_refusals():
    with pytest.raises(TypeError, match="Keyword argument not understood"):
        tf.layers.Dense(3, nope=1)
    with pytest.raises(ValueError, match="expected min_ndim=2, found ndim=1"):
        tf.layers.dense(placeholder(3), 2)
    with pytest.raises(ValueError, match="its rank is undefined, but the layer requires"):
        tf.layers.dense(tf.placeholder(tf.float32), 2)
    with pytest.raises(ValueError, match="The last dimension of the inputs to `Dense` should be"):
        tf.layers.dense(placeholder(3, None), 2)
    with pytest.raises(TypeError, match="non-floating point dtype"):
        tf.layers.dense(placeholder(3, 2, dtype=tf.int32), 2)
    layer = tf.layers.Dense(2)
    with pytest.raises(ValueError, match="the layer isn't built"):
        layer.count_params()
    layer(placeholder(1, 2))
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 2"):
        layer(placeholder(1, 3))
    with pytest.raises(ValueError, match="expected ndim=4, found ndim=2"):
        tf.layers.conv2d(placeholder(1, 2), 3, 3)


def test_regularizers_once_a_variable():
    x = placeholder(2, 4)
    l2 = tf.contrib.layers.l2_regularizer(0.5)
    for reuse in (None, True):
        tf.layers.dense(x, 3, name="fc", kernel_regularizer=l2, reuse=reuse)
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert [t.name for t in losses] == ["fc/kernel/Regularizer/l2_regularizer:0"]
    kernel = tf.global_variables()[0]
    loss, value = evaluated([losses[0], kernel])
    assert np.isclose(loss, 0.25 * np.sum(value ** 2))


def test_activity_regularizer_is_a_row_of_the_batch():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    layer = tf.layers.Dense(2, kernel_initializer=tf.ones_initializer(),
                            activity_regularizer=tf.reduce_sum)
    layer(x)
    assert layer.get_losses_for(x) == layer.losses
    assert evaluated(layer.losses) == [10.0]


def test_constraints_stay_with_their_variables():
    layer = tf.layers.Dense(2, kernel_constraint=tf.nn.relu)
    layer(placeholder(1, 2))
    assert layer.kernel.constraint is tf.nn.relu and layer.bias.constraint is None


def test_not_trainable():
    layer = tf.layers.Dense(2, trainable=False)
    layer(placeholder(1, 2))
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 2
    assert tf.trainable_variables() == []


def test_a_custom_getter_has_the_last_word():
    def frozen(getter, *args, **kwargs):
        return getter(*args, **{**kwargs, "trainable": False})

    with tf.variable_scope("s", custom_getter=frozen):
        layer = tf.layers.Dense(2)
        layer(placeholder(1, 2))
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 2


def test_partitioned_weights():
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(2)):
        y = tf.layers.dense(tf.ones([1, 4]), 3, kernel_initializer=tf.ones_initializer(),
                            use_bias=False)
    assert names() == ["s/dense/kernel/part_0:0", "s/dense/kernel/part_1:0"]
    assert np.array_equal(evaluated(y), [[4.0] * 3])


def test_a_layer_keeps_no_graph_alive():
    with tf.Graph().as_default() as graph:
        y = tf.layers.batch_normalization(tf.layers.dense(placeholder(2, 4), 3), training=True)
    gone = weakref.ref(graph)
    del graph, y
    gc.collect()
    assert gone() is None


# ---- core ----

def test_dense_of_more_axes():
    x = np.random.RandomState(0).rand(2, 3, 4).astype("f")
    layer = tf.layers.Dense(5)
    y, kernel = evaluated([layer(tf.constant(x)), layer.kernel])
    assert layer.output_shape == (2, 3, 5)
    assert layer.compute_output_shape([None, 3, 4]).as_list() == [None, 3, 5]
    # Sums that nearly cancel are as exact as their terms, which are about one.
    np.testing.assert_allclose(y, x @ kernel, rtol=1e-5, atol=1e-6)


def test_activations_and_initializers_by_name():
    y = tf.layers.dense(tf.ones([1, 2]), 2, activation="relu", kernel_initializer="ones",
                        bias_initializer=tf.constant_initializer(-5.0))
    assert y.op.type == "Relu" and np.array_equal(evaluated(y), [[0.0, 0.0]])


def test_dropout():
    x = tf.ones([10, 1000])
    off, on = tf.layers.dropout(x, 0.25), tf.layers.dropout(x, 0.25, training=True, seed=1)
    assert off.op.type == "Identity" and off.name == "dropout/Identity:0"
    kept, dropped = evaluated([off, on])
    assert np.all(kept == 1.0)
    assert abs(np.mean(dropped == 0.0) - 0.25) < 0.02 and np.allclose(dropped.max(), 1 / 0.75)
    rows = evaluated(tf.layers.dropout(x, 0.5, noise_shape=[None, 1], training=True, seed=3))
    assert set(rows.mean(axis=1)) == {0.0, 2.0}


def test_dropout_by_a_tensor():
    training = tf.placeholder_with_default(False, [])
    y = tf.layers.dropout(tf.ones([1000]), 0.5, training=training)
    assert np.all(evaluated(y) == 1.0)
    assert 300 < np.sum(evaluated(y, {training: True}) == 0.0) < 700


def test_flatten():
    assert tf.layers.flatten(placeholder(None, 2, 3)).shape.as_list() == [None, 6]
    assert tf.layers.flatten(placeholder(5, None, 3)).shape.as_list() == [5, None]
    assert tf.layers.flatten(placeholder(4)).shape.as_list() == [4, 1]
    x = np.arange(12.0).reshape(1, 2, 2, 3)
    first = tf.layers.flatten(tf.constant(x), data_format="channels_first")
    assert np.array_equal(evaluated(first)[0], x.transpose(0, 2, 3, 1).ravel())


# ---- windows ----

def test_shapes_of_convolutions():
    x = placeholder(None, 28, 28, 3)
    assert tf.layers.conv2d(x, 8, 5).shape.as_list() == [None, 24, 24, 8]
    assert tf.layers.conv2d(x, 8, [3, 3], 2, "same").shape.as_list() == [None, 14, 14, 8]
    assert tf.layers.conv2d(x, 8, 3, dilation_rate=2).shape.as_list() == [None, 24, 24, 8]
    assert tf.layers.separable_conv2d(x, 8, 3).shape.as_list() == [None, 26, 26, 8]
    assert tf.layers.conv2d_transpose(x, 8, 3, 2, "same").shape.as_list() == [None, 56, 56, 8]
    assert tf.layers.conv2d_transpose(x, 8, 3, 2).shape.as_list() == [None, 57, 57, 8]
    series = placeholder(None, 10, 3)
    assert tf.layers.conv1d(series, 4, 3).shape.as_list() == [None, 8, 4]
    assert tf.layers.conv1d(series, 4, 3, padding="causal").shape.as_list() == [None, 10, 4]
    assert tf.layers.separable_conv1d(series, 4, 3).shape.as_list() == [None, 8, 4]
    assert names()[:4] == ["conv2d/kernel:0", "conv2d/bias:0", "conv2d_1/kernel:0",
                           "conv2d_1/bias:0"]


@pytest.mark.parametrize("layer", [
    tf.layers.Conv2D(8, 3, 2, "same"), tf.layers.Conv2D(8, (3, 2), dilation_rate=2),
    tf.layers.Conv2DTranspose(4, 3, 2), tf.layers.SeparableConv2D(8, 3),
    tf.layers.MaxPooling2D(3, 2), tf.layers.AveragePooling2D(2, 2, "same"),
    tf.layers.Flatten(), tf.layers.BatchNormalization()])
def test_shapes_are_known_before(layer):
    layer = type(layer)(**_settings(layer))
    x = placeholder(2, 9, 8, 3)
    said = tf.TensorShape(layer.compute_output_shape(x.shape)).as_list()
    assert layer(x).shape.as_list() == said


def _settings(layer):
    """What the layer was made with: a layer belongs to the graph it was made in."""
    wanted = ("filters", "kernel_size", "strides", "padding", "pool_size")
    found = {name: getattr(layer, name) for name in wanted if hasattr(layer, name)}
    if isinstance(layer, tf.layers.Conv2D):
        found["dilation_rate"] = layer.dilation_rate
    return found


def test_pooling_values():
    x = np.arange(16.0, dtype="f").reshape(1, 4, 4, 1)
    largest, mean = evaluated([tf.layers.max_pooling2d(tf.constant(x), 2, 2),
                               tf.layers.average_pooling2d(tf.constant(x), 2, 2)])
    assert largest.ravel().tolist() == [5, 7, 13, 15]
    assert mean.ravel().tolist() == [2.5, 4.5, 10.5, 12.5]
    line = tf.constant(x.reshape(1, 16, 1))
    assert evaluated(tf.layers.max_pooling1d(line, 4, 4)).ravel().tolist() == [3, 7, 11, 15]
    assert tf.layers.average_pooling1d(line, 4, 4).name == "average_pooling1d/Squeeze:0"


def test_convolution_refusals():
    with pytest.raises(ValueError, match="The channel dimension of the inputs should be defined"):
        tf.layers.conv2d(placeholder(1, 2, 2, None), 3, 1)
    with pytest.raises(ValueError, match="`kernel_size` argument must be a tuple of 2 integers"):
        tf.layers.conv2d(placeholder(1, 2, 2, 1), 3, (1, 2, 3))
    with pytest.raises(ValueError, match="The `data_format` argument must be one of"):
        tf.layers.conv2d(placeholder(1, 2, 2, 1), 3, 1, data_format="nope")
    with pytest.raises(ValueError, match="The `padding` argument must be"):
        tf.layers.conv2d(placeholder(1, 2, 2, 1), 3, 1, padding="nope")
    with pytest.raises(ValueError, match="Causal padding is only supported"):
        tf.layers.conv2d(placeholder(1, 2, 2, 1), 3, 1, padding="causal")


def test_causal_convolution_looks_back_only():
    x = np.zeros((1, 6, 1), "f")
    x[0, 2, 0] = 1.0
    y = evaluated(tf.layers.conv1d(tf.constant(x), 1, 2, padding="causal", dilation_rate=2,
                                   kernel_initializer=tf.ones_initializer()))
    assert y.ravel().tolist() == [0, 0, 1, 0, 1, 0]


# ---- batch normalization ----

def normalized(x, axes, epsilon=1e-3):
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(var + epsilon)


def test_batch_normalization_of_rows():
    x = np.random.RandomState(1).rand(8, 3).astype("f") * 4
    y = tf.layers.batch_normalization(tf.constant(x), training=True, momentum=0.9)
    assert names() == ["batch_normalization/" + n + ":0"
                       for n in ("gamma", "beta", "moving_mean", "moving_variance")]
    assert names(tf.trainable_variables()) == names()[:2]
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    assert [u.name for u in updates] == ["batch_normalization/AssignMovingAvg",
                                         "batch_normalization/AssignMovingAvg_1"]
    mean, variance = tf.global_variables()[2:]
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        np.testing.assert_allclose(sess.run(y), normalized(x, 0), rtol=1e-4, atol=1e-5)
        assert np.all(sess.run(mean) == 0.0)             # E6: nobody asked for the updates
        sess.run(updates)
        np.testing.assert_allclose(sess.run(mean), 0.1 * x.mean(0), rtol=1e-4)
        np.testing.assert_allclose(sess.run(variance), 0.9 + 0.1 * x.var(0), rtol=1e-4)


def test_batch_normalization_of_images_is_one_op():
    x = np.random.RandomState(1).rand(4, 3, 3, 2).astype("f")
    y = tf.layers.batch_normalization(tf.constant(x), training=True)
    assert y.op.type == "FusedBatchNormV3"
    plain = tf.layers.batch_normalization(tf.constant(x), training=True, fused=False)
    assert plain.name == "batch_normalization_1/batchnorm/add_1:0"
    one, other = evaluated([y, plain])
    np.testing.assert_allclose(one, normalized(x, (0, 1, 2)), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 3), (4, 2, 2, 3)])
def test_batch_normalization_by_a_tensor(shape):
    x = np.random.RandomState(2).rand(*shape).astype("f") + 5
    training = tf.placeholder(tf.bool, [])
    y = tf.layers.batch_normalization(tf.constant(x), training=training, momentum=0.5)
    updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
    mean = tf.global_variables()[2]
    axes = tuple(range(len(shape) - 1))
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(updates, {training: False})
        assert np.all(sess.run(mean) == 0.0)
        test = sess.run(y, {training: False})
        np.testing.assert_allclose(test, x / np.sqrt(1.001), rtol=1e-5)
        train, _ = sess.run([y, updates], {training: True})
        np.testing.assert_allclose(train, normalized(x, axes), rtol=1e-2, atol=1e-3)
        np.testing.assert_allclose(sess.run(mean), 0.5 * x.mean(axes), rtol=1e-4)


def test_batch_normalization_without_shift_or_scale_and_on_another_axis():
    x = np.random.RandomState(3).rand(6, 3, 4).astype("f")
    y = tf.layers.batch_normalization(tf.constant(x), axis=1, center=False, scale=False,
                                      training=True)
    assert names() == ["batch_normalization/moving_mean:0", "batch_normalization/moving_variance:0"]
    np.testing.assert_allclose(evaluated(y), normalized(x, (0, 2)), rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="Input has undefined `axis` dimension"):
        tf.layers.batch_normalization(placeholder(2, None))
    with pytest.raises(ValueError, match="Invalid axis"):
        tf.layers.batch_normalization(placeholder(2, 3), axis=2)


def test_training_with_updates():
    rng = np.random.RandomState(4)
    x, label = placeholder(None, 4), tf.placeholder(tf.float32, [None, 1])
    h = tf.layers.batch_normalization(tf.layers.dense(x, 8), training=True)
    loss = tf.reduce_mean(tf.square(tf.layers.dense(tf.nn.relu(h), 1) - label))
    with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
        step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    feeds = {x: rng.rand(32, 4), label: rng.rand(32, 1)}
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        first = sess.run(loss, feeds)
        for _ in range(50):
            sess.run(step, feeds)
        assert sess.run(loss, feeds) < 0.5 * first


# ---- utils ----

def test_lengths():
    assert utils.conv_output_length(10, 3, "valid", 2) == 4
    assert utils.conv_output_length(10, 3, "same", 2) == 5
    assert utils.conv_output_length(10, 3, "full", 1) == 12
    assert utils.conv_output_length(10, 3, "valid", 1, dilation=2) == 6
    assert utils.conv_output_length(None, 3, "same", 1) is None
    assert utils.conv_input_length(4, 3, "valid", 2) == 9
    assert utils.deconv_output_length(4, 3, "valid", 2) == 9
    assert utils.deconv_output_length(4, 3, "same", 2) == 8


def test_arguments():
    assert utils.normalize_tuple(2, 3, "n") == (2, 2, 2)
    assert utils.normalize_tuple([1, 2], 2, "n") == (1, 2)
    with pytest.raises(ValueError, match="The `n` argument must be a tuple of 2 integers"):
        utils.normalize_tuple("ab", 2, "n")
    assert utils.convert_data_format("channels_first", 4) == "NCHW"
    assert utils.normalize_padding("SAME") == "same"
    assert utils.smart_cond(True, lambda: 1, lambda: 2) == 1
    assert utils.smart_cond(tf.constant(False), lambda: 1, lambda: 2) == 2
    assert utils.constant_value(tf.placeholder(tf.bool, [])) is None


def test_input_spec():
    spec = base.InputSpec(shape=(None, 3), dtype=tf.float32)
    assert spec.ndim == 2 and "shape=(None, 3), ndim=2" in repr(spec)
    layer = core.Dense(2)
    layer.input_spec = spec
    with pytest.raises(ValueError, match=r"expected shape=\(None, 3\), found shape=\[2, 4\]"):
        layer(placeholder(2, 4))
    with pytest.raises(ValueError, match="expects 1 inputs, but it received 2 input tensors"):
        layer([placeholder(2, 3), placeholder(2, 3)])
    with pytest.raises(ValueError, match="is greater than the maximum allowed value"):
        base.InputSpec(ndim=2, axes={2: 5})


# ---- against TensorFlow ----

def golden(case):
    """The value of every tensor of the graph that TensorFlow made, by name."""
    with np.load(os.path.join(GOLDEN, case, "golden.npz")) as file:
        values = {key.replace("|", "/"): file[key] for key in file.files}
    # TensorFlow 1.13 had another name for the Conv2D inside a conv1d.
    return {name.replace("conv1d/Conv2D", "conv1d"): value for name, value in values.items()}


FIRST, LAST = "channels_first", "channels_last"

CASES = {
    "dense__dense5": lambda x: tf.layers.dense(x, 5),
    "dense__dense5_tanh_regularizer": lambda x: tf.layers.dense(x, 5, tf.nn.tanh),
    "cnn1d_layers__channels_last_b2_k2_s1_SAME": lambda x: tf.layers.conv1d(x, 3, 2, 1, "same"),
    "cnn1d_layers__channels_last_b1_k2_s1_d2_SAME":
        lambda x: tf.layers.conv1d(x, 2, 2, 1, "same", dilation_rate=2),
    "cnn1d_layers__channels_first_b1_k2_s1_d1_SAME":
        lambda x: tf.layers.conv1d(x, 2, 2, 1, "same", FIRST),
    "cnn2d_layers__channels_last_b1_k2_s1_d1_SAME_relu6":
        lambda x: tf.layers.conv2d(x, 3, 2, 1, "same", activation=tf.nn.relu6),
    "cnn2d_layers__channels_last_b1_k2_s1_d2_SAME":
        lambda x: tf.layers.conv2d(x, 2, 2, 1, "same", dilation_rate=2),
    "cnn2d_layers__channels_last_b2_k2_s1_VALID": lambda x: tf.layers.conv2d(x, 2, 2),
    "conv2d_transpose__channels_last_b1_k2_s1_SAME_crelu":
        lambda x: tf.layers.conv2d_transpose(x, 3, 2, 1, "same", activation=tf.nn.crelu),
    "conv3d_transpose_layers__NDHWC_b1_k2_s1_SAME_sigmoid":
        lambda x: tf.layers.conv3d_transpose(x, 3, 2, 1, "same", activation=tf.nn.relu),
    "cnn3d_layers__channels_last_b1_k2_s1_d1_SAME_sigmoid":
        lambda x: tf.layers.conv3d(x, 3, 2, 1, "same", activation=tf.nn.relu),
    "cnn3d_layers__channels_last_b1_k222_s111_d212_SAME":
        lambda x: tf.layers.conv3d(x, 3, 2, 1, "same", dilation_rate=(2, 1, 2)),
    "max_pooling1d__channels_last_b1_k2_s1_SAME":
        lambda x: tf.layers.max_pooling1d(x, 2, 1, "same"),
    "max_pooling1d__channels_first_b2_k2_s1_VALID":
        lambda x: tf.layers.max_pooling1d(x, 2, 1, data_format=FIRST),
    "avg_pooling1d__channels_last_b1_k2_s2_SAME":
        lambda x: tf.layers.average_pooling1d(x, 2, 2, "same"),
    "max_pooling3d__channels_first_b1_k2_s1_SAME_small":
        lambda x: tf.layers.max_pooling3d(x, 2, 1, "same", FIRST),
    "max_pooling3d__channels_last_b2_k2_s1_VALID": lambda x: tf.layers.max_pooling3d(x, 2, 1),
    "avg_pooling3d__channels_first_b1_k2_s2_SAME":
        lambda x: tf.layers.average_pooling3d(x, 2, 2, "same", FIRST),
    "sepconv1d_layers__channels_last_b2_k2_s1_d1_SAME_dm1_sigm":
        lambda x: tf.layers.separable_conv1d(x, 3, 2, 1, "same", activation=tf.nn.tanh),
    "sepconv2d_layers__channels_last_b2_k2_s1_d2_SAME_dm2":
        lambda x: tf.layers.separable_conv2d(x, 3, 2, 1, "same", dilation_rate=2,
                                             depth_multiplier=2),
    "batchnorm__rank2_batch4_sz5_noFused": lambda x: tf.layers.batch_normalization(x, fused=False),
    "batchnorm__rank3_ncw_batch4_sz5_noFused":
        lambda x: tf.layers.batch_normalization(x, axis=1, fused=False),
}


@pytest.mark.skipif(not os.path.isdir(GOLDEN), reason="no ../shared/golden")
@pytest.mark.parametrize("case", sorted(CASES))
def test_as_tensorflow(case):
    values = golden(case)
    x = values.pop("in_0:0")
    values.pop("in_0/read:0", None)
    CASES[case](tf.placeholder(x.dtype, x.shape, name="in_0"))
    values = {name: value for name, value in values.items()
              if not name.endswith(("/paddings:0", "/crops:0", "/ExpandDims/dim:0"))}
    assert values.keys() - {t.name for op in tf.get_default_graph().get_operations()
                            for t in op.outputs} == set()
    with tf.Session() as sess:
        for v in tf.global_variables():
            v.load(values[v.name], sess)
        got = sess.run({name: name for name in values}, {"in_0:0": x})
    for name, value in values.items():
        # Pooling over one axis puts its second one elsewhere than TensorFlow 1.13 did.
        np.testing.assert_allclose(got[name].ravel(), value.ravel(), rtol=1e-4, atol=1e-5,
                                   err_msg=name)
