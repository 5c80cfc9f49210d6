"""TensorProto: values as messages, there and back."""
import numpy as np
import pytest
import weft as tf
from weft.python.framework import messages


@pytest.mark.parametrize("value, dtype", [
    ([1.5, -2.0], "float32"), ([1.5], "float64"), ([[1, 2], [3, 4]], "int32"), ([1, -1], "int8"),
    ([1, 2 ** 40], "int64"), ([True, False], "bool"), ([1 + 2j], "complex64"),
    ([1 + 2j, 3], "complex128"), ([0.5, 7], "float16"), ([3], "uint8"), ([3], "uint16"),
    ([2 ** 31], "uint32"), ([2 ** 63], "uint64"), ([b"a", b"\0b"], "string"), ([], "float32")])
def test_there_and_back(value, dtype):
    for v in (value, value[0] if value else value):
        wanted = np.array(v, object if dtype == "string" else dtype)
        proto = tf.make_tensor_proto(v, tf.as_dtype(dtype))
        assert messages.TensorProto.FromString(proto.SerializeToString()) == proto
        got = tf.make_ndarray(proto)
        assert got.dtype == wanted.dtype and got.shape == wanted.shape
        assert got.tolist() == wanted.tolist()
        constant = tf.constant(proto)
        assert constant.dtype == dtype and constant.shape == wanted.shape
        assert np.array(tf.Session().run(constant), wanted.dtype).tolist() == wanted.tolist()
        if dtype != "string":
            proto.tensor_content = wanted.tobytes()
            assert tf.make_ndarray(proto).tolist() == wanted.tolist()


def test_where_elements_stand():
    assert tf.make_tensor_proto([1.0, 2.0]).tensor_content == np.float32([1, 2]).tobytes()
    assert tf.make_tensor_proto(1.0).float_val == [1.0]
    filled = tf.make_tensor_proto(3, shape=[2, 2])
    assert filled.int_val == [3] and tf.make_ndarray(filled).tolist() == [[3, 3], [3, 3]]
    assert tf.make_tensor_proto("é").string_val == ["é".encode()]
    proto = tf.make_tensor_proto([1, 2])
    assert tf.make_tensor_proto(proto) is proto


def test_types_that_numpy_has_not():
    half = tf.make_tensor_proto([1.0, 2.5], tf.bfloat16)
    assert half.dtype == messages.DT_BFLOAT16 and len(half.tensor_content) == 4
    assert tf.make_tensor_proto(1.0, tf.bfloat16).half_val == [0x3f80]
    few = messages.TensorProto(dtype=messages.DT_QINT8, int_val=[-3],
                               tensor_shape=tf.TensorShape([2]).as_proto())
    assert tf.make_ndarray(few).view(np.int8).tolist() == [-3, -3]
    with pytest.raises(TypeError, match="Unsupported tensor type"):
        tf.make_ndarray(messages.TensorProto(dtype=messages.DT_RESOURCE))


def test_no_elements_are_zeros():
    two = tf.TensorShape([2]).as_proto()
    assert tf.make_ndarray(messages.TensorProto(dtype=1, tensor_shape=two)).tolist() == [0, 0]
    assert tf.make_ndarray(messages.TensorProto(dtype=7, tensor_shape=two)).tolist() == [b"", b""]


def test_refusals():
    with pytest.raises(ValueError, match="None values not supported"):
        tf.make_tensor_proto(None)
    with pytest.raises(TypeError, match="Expected Tensor's shape"):
        tf.make_tensor_proto([1, 2], shape=[3], verify_shape=True)
    with pytest.raises(ValueError, match="Too many elements"):
        tf.make_tensor_proto([1, 2], shape=[1])
