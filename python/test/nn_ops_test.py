"""tf.nn: activations, convolutions, pooling, cross entropies, normalization, sampled losses."""
import itertools

import numpy as np
import pytest

import recorded
import weft as tf
from run import run


def made():
    return ["%s:%s" % (op.name, op.type) for op in tf.get_default_graph().get_operations()]


def values(*shape, seed=0):
    return np.random.RandomState(seed).randn(*shape).astype(np.float32)


def close(got, wanted, rtol=1e-4):
    np.testing.assert_allclose(got, wanted, rtol=rtol, atol=1e-5)


# ---- activations ----

def test_activations():
    x = values(2, 3)
    close(run(tf.nn.relu(x)), np.maximum(x, 0))
    close(run(tf.nn.relu6(x * 9)), np.clip(x * 9, 0, 6))
    close(run(tf.nn.elu(x)), np.where(x > 0, x, np.exp(x) - 1))
    close(run(tf.nn.leaky_relu(x)), np.maximum(x, 0.2 * x))
    close(run(tf.nn.crelu(x)), np.maximum(np.concatenate([x, -x], 1), 0))
    close(run(tf.nn.softplus(x)), np.log1p(np.exp(x)))
    close(run(tf.nn.softsign(x)), x / (1 + np.abs(x)))
    close(run(tf.nn.swish(x)), x / (1 + np.exp(-x)))


def test_activation_names():
    x = tf.constant([1.0], name="x")
    calls = [tf.nn.relu(x), tf.nn.relu6(x), tf.nn.leaky_relu(x), tf.nn.softplus(x),
             tf.nn.softmax(x), tf.nn.l2_loss(x), tf.nn.sigmoid(x), tf.nn.tanh(x)]
    assert [c.op.name for c in calls] == ["Relu", "Relu6", "LeakyRelu", "Softplus", "Softmax",
                                          "L2Loss", "Sigmoid", "Tanh"]


def softmax(x, axis=-1):
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def test_softmax_axes():
    x = values(2, 3, 4)
    for axis in (-1, 2, 0, 1, -2):
        close(run(tf.nn.softmax(x, axis=axis)), softmax(x, axis))
        close(run(tf.nn.log_softmax(x, dim=axis)), np.log(softmax(x, axis)))
    assert tf.nn.softmax(x, axis=0).shape.as_list() == [2, 3, 4]
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be in the range"):
        tf.nn.softmax(x, axis=3)


def test_bias_add():
    x, b = values(2, 3), np.array([1, 2, 3], np.float32)
    assert tf.nn.bias_add(x, b).op.type == "BiasAdd"
    close(run(tf.nn.bias_add(x, b)), x + b)
    image = values(1, 3, 2, 2)
    close(run(tf.nn.bias_add(image, b, data_format="NCHW")), image + b.reshape(1, 3, 1, 1))
    with pytest.raises(ValueError, match="data_format must be of the form"):
        tf.nn.bias_add(x, b, data_format="C")
    w = values(3, 2)
    close(run(tf.nn.xw_plus_b(x, w, [1.0, 2.0])), x @ w + [1, 2])
    close(run(tf.nn.relu_layer(x, w, [1.0, 2.0])), np.maximum(x @ w + [1, 2], 0))
    assert "xw_plus_b:BiasAdd" in made() and "relu_layer:Relu" in made()


# ---- dropout ----

def test_dropout_names_and_arithmetic():
    y = tf.nn.dropout(tf.ones([2, 3], name="x"), rate=0.25, seed=1)
    assert made() == [
        "x:Const", "dropout/rate:Const", "dropout/Shape:Const", "dropout/random_uniform/min:Const",
        "dropout/random_uniform/max:Const", "dropout/random_uniform/RandomUniform:RandomUniform",
        "dropout/random_uniform/sub:Sub", "dropout/random_uniform/mul:Mul",
        "dropout/random_uniform:Add", "dropout/sub/x:Const", "dropout/sub:Sub",
        "dropout/truediv/x:Const", "dropout/truediv:RealDiv",
        "dropout/GreaterEqual:GreaterEqual", "dropout/mul:Mul", "dropout/Cast:Cast",
        "dropout/mul_1:Mul"]
    assert y.shape.as_list() == [2, 3]
    got, noise = run([y, "dropout/random_uniform:0"])
    close(got, np.where(noise >= 0.25, 1 / 0.75, 0))


def test_dropout_arguments():
    x = tf.ones([4, 3])
    assert tf.nn.dropout(x, 1.0) is x and tf.nn.dropout(x, rate=0) is x
    rows = run(tf.nn.dropout(x, 0.5, noise_shape=[4, 1]))
    assert all(len(set(row)) == 1 for row in rows)
    keep = tf.placeholder(tf.float32)
    close(run(tf.nn.dropout(x, keep), {keep: 1.0}), np.ones([4, 3]))
    for bad in (lambda: tf.nn.dropout(x), lambda: tf.nn.dropout(x, keep_prob=0.0),
                lambda: tf.nn.dropout(x, rate=1.5), lambda: tf.nn.dropout([1], 0.5),
                lambda: tf.nn.dropout(x, keep_prob=0.5, rate=0.5)):
        with pytest.raises(ValueError):
            bad()


# ---- cross entropies ----

LABELS = np.array([[1, 0, 0], [0, 0, 1]], np.float32)


def test_softmax_cross_entropy():
    x = values(2, 3)
    wanted = -(LABELS * np.log(softmax(x))).sum(1)
    close(run(tf.nn.softmax_cross_entropy_with_logits(labels=LABELS, logits=x)), wanted)
    close(run(tf.nn.softmax_cross_entropy_with_logits_v2(labels=LABELS, logits=x)), wanted)
    close(run(tf.nn.softmax_cross_entropy_with_logits_v2(labels=LABELS, logits=x, axis=0)),
          -(LABELS * np.log(softmax(x, 0))).sum(0))
    half = tf.nn.softmax_cross_entropy_with_logits(labels=LABELS, logits=x.astype(np.float16))
    assert half.dtype == tf.float16


def test_gradient_to_labels():
    labels, logits = tf.constant(LABELS), tf.constant(values(2, 3))
    old = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    new = tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits)
    assert tf.gradients(old, labels) == [None]
    close(run(tf.gradients(new, labels)[0]), -np.log(softmax(values(2, 3))))


def test_sparse_softmax_cross_entropy():
    x = values(2, 3)
    wanted = -(LABELS * np.log(softmax(x))).sum(1)
    flat = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[0, 2], logits=x)
    assert flat.op.name == \
        "SparseSoftmaxCrossEntropyWithLogits/SparseSoftmaxCrossEntropyWithLogits"
    close(run(flat), wanted)
    close(run(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[0, 2]], logits=x[None])),
          wanted[None])
    labels = tf.placeholder(tf.int64, [None, None])
    logits = tf.placeholder(tf.float32, [None, None, 3])
    cost = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    close(run(cost, {labels: [[0, 2]], logits: x[None]}), wanted[None])


def test_sigmoid_cross_entropies():
    x = values(2, 3)
    sigmoid = 1 / (1 + np.exp(-x))
    yes, no = LABELS * np.log(sigmoid), (1 - LABELS) * np.log(1 - sigmoid)
    plain = tf.nn.sigmoid_cross_entropy_with_logits(labels=LABELS, logits=x)
    assert plain.op.name == "logistic_loss"
    close(run(plain), -yes - no)
    close(run(tf.nn.weighted_cross_entropy_with_logits(targets=LABELS, logits=x, pos_weight=3.0)),
          -3 * yes - no)
    big = run(tf.nn.sigmoid_cross_entropy_with_logits(labels=[0.0, 1.0], logits=[500.0, -500.0]))
    close(big, [500, 500])
    close(run(tf.nn.log_poisson_loss([2.0], [0.5])), np.exp(0.5) - 1)


@pytest.mark.parametrize("function", [
    tf.nn.softmax_cross_entropy_with_logits, tf.nn.softmax_cross_entropy_with_logits_v2,
    tf.nn.sparse_softmax_cross_entropy_with_logits, tf.nn.sigmoid_cross_entropy_with_logits])
def test_cross_entropies_want_names(function):
    with pytest.raises(ValueError, match="with named arguments"):
        function(LABELS, LABELS)
    with pytest.raises(ValueError, match="Both labels and logits must be provided."):
        function(labels=LABELS)


def test_cross_entropy_shapes():
    sparse = tf.nn.sparse_softmax_cross_entropy_with_logits
    with pytest.raises(ValueError, match="Rank mismatch"):
        sparse(labels=[[0]], logits=[[1.0, 2.0]])
    with pytest.raises(ValueError, match="Shape mismatch"):
        sparse(labels=[[0, 1]], logits=np.ones([1, 3, 2], np.float32))
    with pytest.raises(ValueError, match="Logits cannot be scalars"):
        sparse(labels=0, logits=1.0)
    with pytest.raises(ValueError, match="logits and labels must have the same shape"):
        tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0], logits=[1.0, 2.0])


# ---- convolutions ----

def convolution(image, kernel, stride=1, rate=1, padding="SAME"):
    """By definition, for square images."""
    window, size = (kernel.shape[0] - 1) * rate + 1, image.shape[1]
    out = -(-size // stride) if padding == "SAME" else (size - window) // stride + 1
    if padding == "SAME":
        extra = max((out - 1) * stride + window - size, 0)
        sides = (extra // 2, extra - extra // 2)
        image = np.pad(image, ((0, 0), sides, sides, (0, 0)))
    result = np.zeros((image.shape[0], out, out, kernel.shape[3]))
    for y, x in itertools.product(range(out), range(out)):
        part = image[:, y * stride:y * stride + window:rate, x * stride:x * stride + window:rate]
        result[:, y, x] = np.tensordot(part, kernel, [[1, 2, 3], [0, 1, 2]])
    return result


IMAGE, KERNEL = values(2, 6, 6, 4), values(3, 3, 4, 5, seed=1)


def test_conv2d():
    close(run(tf.nn.conv2d(IMAGE, KERNEL, [1, 2, 2, 1], "SAME")), convolution(IMAGE, KERNEL, 2))
    close(run(tf.nn.conv2d(IMAGE, filters=KERNEL, strides=1, padding="VALID")),
          convolution(IMAGE, KERNEL, padding="VALID"))
    close(run(tf.nn.conv2d(IMAGE, KERNEL, 1, "SAME", dilations=2)),
          convolution(IMAGE, KERNEL, rate=2))
    close(run(tf.nn.conv2d(IMAGE, KERNEL, 1, [[0, 0], [1, 1], [1, 1], [0, 0]])),
          convolution(IMAGE, KERNEL))
    with pytest.raises(ValueError, match="strides should be of length 1, 2 or 4 but was 3"):
        tf.nn.conv2d(IMAGE, KERNEL, [1, 2, 2], "SAME")


def test_dilated_convolution():
    close(run(tf.nn.atrous_conv2d(IMAGE, KERNEL, 2, "SAME")), convolution(IMAGE, KERNEL, rate=2))
    assert "convolution:Conv2D" in made() and \
        "convolution/BatchToSpaceND:BatchToSpaceND" in made()
    close(run(tf.nn.convolution(IMAGE, KERNEL, "VALID", dilation_rate=[2, 2])),
          convolution(IMAGE, KERNEL, rate=2, padding="VALID"))
    close(run(tf.nn.convolution(IMAGE, KERNEL, "SAME", strides=[2, 2])),
          convolution(IMAGE, KERNEL, 2))
    image = tf.placeholder(tf.float32, [None, None, None, 4])
    close(run(tf.nn.convolution(image, KERNEL, "SAME", dilation_rate=[2, 2]), {image: IMAGE}),
          convolution(IMAGE, KERNEL, rate=2))
    with pytest.raises(ValueError, match="strides > 1 not supported in conjunction"):
        tf.nn.convolution(IMAGE, KERNEL, "SAME", strides=[2, 2], dilation_rate=[2, 2])


def test_conv1d():
    y = tf.nn.conv1d(np.ones([1, 5, 2], np.float32), np.ones([3, 2, 1], np.float32), 1, "VALID")
    assert y.op.name == "conv1d/Squeeze" and "conv1d:Conv2D" in made()
    close(run(y), np.full([1, 3, 1], 6))
    with pytest.raises(ValueError, match='data_format must be "NWC" or "NCW".'):
        tf.nn.conv1d(np.ones([1, 5, 2]), np.ones([3, 2, 1]), 1, "VALID", data_format="CNW")


def test_transposed_convolutions():
    image, kernel = values(1, 3, 3, 2), values(3, 3, 4, 2)
    y = tf.nn.conv2d_transpose(image, kernel, [1, 6, 6, 4], [1, 2, 2, 1])
    assert y.op.type == "Conv2DBackpropInput" and y.op.name == "conv2d_transpose"
    x = tf.placeholder(tf.float32, [1, 6, 6, 4])
    forward = tf.nn.conv2d(x, kernel, 2, "SAME")
    back, = tf.gradients(forward, x, grad_ys=image)
    close(*run([y, back], {x: np.zeros([1, 6, 6, 4])}))
    line = tf.nn.conv1d_transpose(np.ones([1, 5, 2], np.float32), np.ones([3, 4, 2], np.float32),
                                  [1, 10, 4], 2)
    assert run(line).shape == (1, 10, 4)


def test_depthwise_and_separable():
    depthwise = values(3, 3, 4, 2)
    each = [convolution(IMAGE[..., c:c + 1], depthwise[:, :, c:c + 1]) for c in range(4)]
    y = tf.nn.depthwise_conv2d(IMAGE, depthwise, [1, 1, 1, 1], "SAME")
    assert y.op.name == "depthwise"
    close(run(y), np.concatenate(each, -1))
    dilated = [convolution(IMAGE[..., c:c + 1], depthwise[:, :, c:c + 1], rate=2)
               for c in range(4)]
    close(run(tf.nn.depthwise_conv2d(IMAGE, depthwise, [1, 1, 1, 1], "SAME", rate=[2, 2])),
          np.concatenate(dilated, -1))
    pointwise = values(1, 1, 8, 3)
    z = tf.nn.separable_conv2d(IMAGE, depthwise, pointwise, [1, 1, 1, 1], "SAME")
    close(run(z), np.concatenate(each, -1) @ pointwise[0, 0])


# ---- pooling ----

def test_pooling():
    blocks = IMAGE.reshape(2, 3, 2, 3, 2, 4)
    close(run(tf.nn.max_pool(IMAGE, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")), blocks.max((2, 4)))
    close(run(tf.nn.avg_pool(IMAGE, 2, 2, "VALID")), blocks.mean((2, 4)))
    close(run(tf.nn.pool(IMAGE, [2, 2], "AVG", "VALID", strides=[2, 2])), blocks.mean((2, 4)))
    wide = run(tf.nn.pool(IMAGE, [2, 2], "MAX", "VALID", dilation_rate=[2, 2]))
    corners = [IMAGE[:, y:y + 4, x:x + 4] for y in (0, 2) for x in (0, 2)]
    close(wide, np.max(corners, axis=0))
    line = values(2, 6, 3)
    close(run(tf.nn.max_pool1d(line, 2, 2, "VALID")), line.reshape(2, 3, 2, 3).max(2))
    values_and_places = run(tf.nn.max_pool_with_argmax(IMAGE, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"))
    close(values_and_places[0], blocks.max((2, 4)))
    close(IMAGE[0].ravel()[values_and_places[1][0]], values_and_places[0][0])
    with pytest.raises(ValueError, match="pooling_type must be MAX or AVG"):
        tf.nn.pool(IMAGE, [2, 2], "SUM", "VALID")


# ---- normalization ----

def test_moments():
    x = values(5, 3)
    close(run(tf.nn.moments(tf.constant(x), [0])), [x.mean(0), x.var(0)])
    assert "moments/mean:Mean" in made() and "moments/variance:Mean" in made()
    mean, _ = tf.nn.moments(tf.constant(x), [0], keep_dims=True)
    assert mean.shape.as_list() == [1, 3]
    weights = np.array([[1], [0], [2], [1], [0]], np.float32)
    repeated = x[[0, 2, 2, 3]]
    close(run(tf.nn.weighted_moments(x, [0], weights)), [repeated.mean(0), repeated.var(0)])
    statistics = tf.nn.sufficient_statistics(tf.constant(x), [0], shift=0.5)
    close(run(tf.nn.normalize_moments(*statistics)), [x.mean(0), x.var(0)])


def test_batch_normalization():
    x = values(5, 3)
    variance = tf.constant(x.var(0))
    y = tf.nn.batch_normalization(x, x.mean(0), variance, [1.0, 2.0, 3.0], [2.0] * 3, 1e-3)
    assert y.op.name == "batchnorm/add_1"
    close(run(y), (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3) * 2 + [1, 2, 3])
    ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)
    y, mean, variance = run(tf.nn.fused_batch_norm(IMAGE, ones, zeros))
    close(mean, IMAGE.mean((0, 1, 2)))
    close(y, (IMAGE - IMAGE.mean((0, 1, 2))) / np.sqrt(IMAGE.var((0, 1, 2)) + 1e-3))
    with pytest.raises(ValueError, match="Both 'mean' and 'variance' must be None"):
        tf.nn.fused_batch_norm(IMAGE, ones, zeros, mean=zeros, variance=ones)


def test_l2_normalize():
    x = values(2, 3)
    y = tf.nn.l2_normalize(x, 1)
    assert y.op.name == "l2_normalize"
    close(run(y), x / np.sqrt((x ** 2).sum(1, keepdims=True)))
    close(run(tf.nn.l2_normalize([0.0, 0.0], dim=0)), [0, 0])


def test_zero_fraction():
    assert run(tf.nn.zero_fraction([0.0, 1.0, 0.0, 0.0])) == 0.75


# ---- top k, samples ----

def test_top_k():
    x = np.array([[1, 5, 2, 4], [9, 0, 3, 8]], np.float32)
    top = tf.nn.top_k(x, 2)
    assert top.values.op.type == "TopKV2"
    best = run(top)
    close(best.values, [[5, 4], [9, 8]])
    close(best.indices, [[1, 3], [0, 3]])
    assert run(tf.nn.in_top_k(x, [3, 1], 2)).tolist() == [True, False]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int8, np.uint8, np.int16,
                                   np.uint16, np.int32, np.int64])
def test_top_k_of_all(dtype):
    x = (np.random.RandomState(0).randn(2, 1000) * 50).astype(dtype)
    if dtype == np.float32:
        x[0, :5] = [0., -0., np.inf, -np.inf, 1e-40]
    top = run(tf.nn.top_k(x, 1000))
    order = np.argsort(-x.astype(np.float64), axis=1, kind="stable")    # the first of equals first
    assert (top.indices == order).all()
    assert (top.values == np.take_along_axis(x, order, 1)).all()


def test_sampled_losses():
    weights, biases, inputs = values(20, 4), np.zeros(20, np.float32), values(2, 4)
    labels = np.array([[1], [2]])
    # With every class in the sample, the sampled softmax is the softmax.
    everything = (np.arange(20), np.ones([2, 1], np.float32), np.ones(20, np.float32))
    loss = tf.nn.sampled_softmax_loss(weights, biases, labels, inputs, 20, 20,
                                      sampled_values=everything)
    wanted = -np.log(softmax(inputs @ weights.T))[[0, 1], labels[:, 0]]
    close(run(loss), wanted)
    nce = tf.nn.nce_loss(weights, biases, labels, inputs, 5, 20)
    assert run(nce).shape == (2,)
    assert np.all(run(nce) > 0)
    assert "nce_loss/LogUniformCandidateSampler:LogUniformCandidateSampler" in made()


# ---- as TensorFlow recorded it ----

@recorded.needed
@pytest.mark.parametrize("case, build", [
    ("l2_normalize__rank2_e0", lambda x, there: tf.nn.l2_normalize(x, 1)),
    ("sufficient_statistics__rank2_d0", lambda x, there: tf.nn.sufficient_statistics(
        x, [0], shift=there["sufficient_statistics/shift:0"])[2]),
    ("reductions__moments0", lambda x, there: tf.nn.moments(x, [0])[1])])
def test_recorded(case, build):
    there = recorded.load(case)
    x = tf.Variable(there["in_0:0"], name="in_0")
    result = build(x, there)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        recorded.close(session.run(result), there[result.name])
    assert recorded.names(case) <= {name.split(":")[0] for name in made()}
