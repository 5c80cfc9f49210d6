"""tf.quantization, tf.nn.quantized_*, and tensors of the quantized types."""
import inspect

import numpy as np
import pytest
import weft as tf
from run import run

QUANTIZED = [tf.qint8, tf.quint8, tf.qint16, tf.quint16, tf.qint32]
X = [-1.0, 0.0, 0.5, 2.0]


# ---- the types ----

@pytest.mark.parametrize("dtype", QUANTIZED, ids=lambda d: d.name)
def test_values(dtype):
    own = np.dtype(dtype.as_numpy_dtype)
    plain = own[0]
    assert own.names == (dtype.name,)
    array = np.array([3, 100, 5], plain)
    x = tf.placeholder(dtype, [None])
    for value in (tf.constant([3, 100, 5], dtype), tf.constant(array.view(own)),
                  tf.constant(array, dtype), tf.constant([3, 100, 5], dtype, [3])):
        assert value.dtype == dtype
        got = run(value)
        assert got.dtype == plain and got.tolist() == [3, 100, 5]
    for value in ([3, 100, 5], array, array.view(own), array.astype(np.int64)):
        assert run(tf.identity(x), {x: value}).tolist() == [3, 100, 5]
    assert run(tf.constant(7, dtype)) == 7
    with pytest.raises(TypeError):
        tf.constant([1.5], dtype)


@pytest.mark.parametrize("dtype", QUANTIZED, ids=lambda d: d.name)
def test_moved(dtype):
    x = tf.constant([[1, 2, 3], [4, 5, 6]], dtype)
    want = np.array([[1, 2, 3], [4, 5, 6]])
    for got, expected in (
            (tf.concat([x, x], 1), np.concatenate([want, want], 1)), (tf.transpose(x), want.T),
            (tf.reshape(x, [-1]), want.ravel()), (tf.gather(x, [1]), want[[1]]),
            (tf.gather_nd(x, [[1, 2]]), [6]), (x[:, 1:], want[:, 1:]), (x[::-1], want[::-1]),
            (tf.slice(x, [0, 1], [2, 1]), want[:, 1:2]), (tf.stack([x, x]), [want, want]),
            (tf.split(x, 3, 1)[2], want[:, 2:]), (tf.unstack(x)[1], want[1]),
            (tf.tile(x, [2, 1]), np.tile(want, [2, 1])), (tf.expand_dims(x, 0), want[None]),
            (tf.pad(x, [[0, 1], [0, 0]]), np.pad(want, [[0, 1], [0, 0]])),
            (tf.fill([2], tf.constant(3, dtype)), [3, 3]), (tf.zeros_like(x), 0 * want),
            (tf.cast(x, tf.float32), want), (tf.cast(tf.constant([1, 2]), dtype), [1, 2])):
        np.testing.assert_array_equal(run(got), expected)


@pytest.mark.parametrize("dtype", QUANTIZED, ids=lambda d: d.name)
def test_protos(dtype):
    proto = tf.make_tensor_proto([1, 2, 3], dtype)
    assert proto.dtype == dtype.as_datatype_enum
    got = tf.make_ndarray(proto)
    assert got.dtype == dtype.as_numpy_dtype and got.view(got.dtype[0]).tolist() == [1, 2, 3]
    proto.ClearField("tensor_content")
    proto.int_val.extend([7, 8])                        # the last one is repeated
    graph_def = tf.GraphDef()
    node = graph_def.node.add(name="c", op="Const")
    node.attr["dtype"].type = dtype.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(proto)
    assert run(tf.import_graph_def(graph_def, return_elements=["c:0"])).pop().tolist() == [7, 8, 8]
    assert tf.make_ndarray(proto).view(got.dtype[0]).tolist() == [7, 8, 8]


def test_saved(tmp_path):
    values = [tf.Variable(tf.constant([1, 2, 3], d), name=d.name) for d in QUANTIZED]
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = saver.save(sess, str(tmp_path / "q"))
    with tf.Session() as sess:
        saver.restore(sess, path)
        assert [v.tolist() for v in sess.run(values)] == [[1, 2, 3]] * 5
    reader = tf.train.NewCheckpointReader(path)
    assert reader.get_tensor("quint16").tolist() == [1, 2, 3]
    assert reader.get_variable_to_dtype_map()["qint8"] == tf.qint8


def test_bfloat16_constants():
    assert run(tf.cast(tf.constant([1.0, 2.5], tf.bfloat16), tf.float32)).tolist() == [1, 2.5]
    own = np.array([0x3f80], np.uint16).view(tf.bfloat16.as_numpy_dtype)
    assert run(tf.cast(tf.constant(own, tf.bfloat16), tf.float32)).tolist() == [1]


# ---- tf.quantization ----

def test_signatures():
    def names(f):
        return list(inspect.signature(f).parameters)
    ends = ["input", "min_range", "max_range", "T", "mode"]
    assert names(tf.quantize) == names(tf.quantization.quantize) == ends + ["round_mode", "name"]
    assert names(tf.quantize_v2) == ends + ["name", "round_mode"]
    assert names(tf.dequantize) == ["input", "min_range", "max_range", "mode", "name"]
    assert names(tf.quantization.quantize_and_dequantize) == [
        "input", "input_min", "input_max", "signed_input", "num_bits", "range_given", "round_mode",
        "name", "narrow_range"]
    assert names(tf.nn.quantized_conv2d)[6:] == ["strides", "padding", "out_type", "dilations",
                                                 "name"]


def test_there_and_back():
    q, low, high = tf.quantize(tf.constant(X), -1.0, 2.0, tf.quint8)
    assert (q.op.type, q.op.name, q.dtype) == ("QuantizeV2", "QuantizeV2", tf.quint8)
    assert run(q).tolist() == [0, 85, 128, 255]
    np.testing.assert_allclose(run(tf.dequantize(q, low, high)), [-1, 0, 0.5058824, 2], 1e-6)
    scaled = tf.quantize_v2(tf.constant(X), -1.0, 2.0, tf.qint8, "SCALED")
    assert run(scaled.output).tolist() == [-64, 0, 32, 127]
    np.testing.assert_allclose(run(scaled.output_min), -256 / 127, 1e-6)
    both, low, high = tf.quantization.quantized_concat(0, [q, q], [low, 0.0], [high, 1.0])
    assert run([low, high]) == [-1, 2]
    assert run(both).tolist() == [0, 85, 128, 255, 85, 113, 128, 170]


def test_and_dequantize():
    x = tf.constant(X)
    f = tf.quantization.quantize_and_dequantize
    np.testing.assert_allclose(run(f(x, 0.0, 0.0)), np.rint(np.array(X) * 63.5) / 63.5, 1e-6)
    np.testing.assert_allclose(run(f(x, -1.0, 1.5, range_given=True, num_bits=3)),
                               [-1, 0, 0.5, 1.5], 1e-6)
    np.testing.assert_allclose(
        run(f(x, -1.0, 0.5, range_given=True, num_bits=3, narrow_range=True)),
        [-1, 0, 2 / 3, 1], 1e-6)
    assert f(x, 0.0, 0.0).op.type == "QuantizeAndDequantizeV2"


@pytest.mark.parametrize("op,more", [("QuantizeAndDequantizeV2", ()),
                                     ("QuantizeAndDequantizeV3", (8,))])
def test_gradient_passes(op, more):
    """As if nothing were rounded or cut off, and none for the range."""
    x, low, high = tf.constant(X), tf.constant(-1.0), tf.constant(0.5)
    y = getattr(tf.raw_ops, op)(input=x, input_min=low, input_max=high, range_given=True,
                                **({"num_bits": more[0]} if more else {}))
    dx = tf.gradients(y, [x, low, high], tf.constant([1.0, 2.0, 3.0, 4.0]))
    assert run(dx[0]).tolist() == [1, 2, 3, 4] and dx[1:] == [None, None]


def test_no_gradient():
    y = tf.dequantize(tf.quantize(tf.constant(X), -1.0, 2.0, tf.quint8).output, -1.0, 2.0)
    with pytest.raises(LookupError, match="No gradient defined for operation"):
        tf.gradients(y, y.op.inputs[1])


# ---- tf.nn ----

def test_nn():
    image = tf.constant(np.arange(16).reshape(1, 4, 4, 1), tf.quint8)
    pooled = tf.nn.quantized_max_pool(image, 0.0, 255.0, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    assert run(pooled.output).ravel().tolist() == [5, 7, 13, 15]
    assert run([pooled.min_output, pooled.max_output]) == [0, 255]
    mean = tf.nn.quantized_avg_pool(image, 0.0, 255.0, [1, 2, 2, 1], [1, 2, 2, 1], "VALID")
    assert run(mean.output).ravel().tolist() == [2, 4, 10, 12]
    ones = tf.constant(np.ones([2, 2, 1, 1]), tf.int32)
    conv = tf.nn.quantized_conv2d(image, tf.cast(ones, tf.quint8), 0.0, 255.0, 0.0, 255.0,
                                  [1, 2, 2, 1], "VALID")
    assert conv.output.dtype == tf.qint32
    assert run(conv.output).ravel().tolist() == [10, 18, 42, 50]
    kept = tf.nn.quantized_relu_x(image, 5.0, 0.0, 255.0)
    assert run(kept.activations).max() == 5


def test_a_layer():
    """A product of quantized matrices, made small again, is near the product of the floats."""
    random = np.random.RandomState(3)
    a, b = random.randn(5, 40).astype(np.float32), random.randn(40, 7).astype(np.float32)
    qa, a_low, a_high = tf.quantize(a, a.min(), a.max(), tf.quint8, "MIN_FIRST")
    qb, b_low, b_high = tf.quantize(b, b.min(), b.max(), tf.quint8, "MIN_FIRST")
    product = tf.raw_ops.QuantizedMatMul(a=qa, b=qb, min_a=a_low, max_a=a_high, min_b=b_low,
                                         max_b=b_high)
    small = tf.raw_ops.QuantizeDownAndShrinkRange(
        input=product.out, input_min=product.min_out, input_max=product.max_out,
        out_type=tf.quint8)
    got = run(tf.dequantize(small.output, small.output_min, small.output_max, "MIN_FIRST"))
    assert np.abs(got - a @ b).max() < 0.02 * np.abs(a @ b).max()
