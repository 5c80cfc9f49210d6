"""Element types."""
import pickle

import numpy as np
import pytest
from weft.python.framework import dtypes
from weft.python.framework.dtypes import as_dtype


def test_as_dtype():
    for meant in (1, "float32", "float", np.float32, np.dtype("float32"), float, dtypes.float32):
        assert as_dtype(meant) is dtypes.float32
    assert as_dtype(np.dtype("S3")) is as_dtype(np.str_) is as_dtype(object) is dtypes.string
    assert as_dtype(101) is dtypes.float32_ref is as_dtype("float32_ref")
    assert as_dtype(np.longlong) is dtypes.int64 and as_dtype("half") is dtypes.float16
    for wrong in ("nope", 99, np.datetime64, None, [1]):
        with pytest.raises(TypeError, match="Cannot convert value .* to a TensorFlow DType"):
            as_dtype(wrong)


def test_text_and_equality():
    assert str(dtypes.float32) == "<dtype: 'float32'>" and repr(dtypes.float32) == "tf.float32"
    assert dtypes.float32 == np.float32 == dtypes.float32 and dtypes.float32 == "float32"
    assert dtypes.float32 != dtypes.float32_ref and dtypes.float32 != None  # noqa: E711
    assert dtypes.int32 != "nope" and {dtypes.int32: 1}[as_dtype("int32")] == 1
    assert pickle.loads(pickle.dumps(dtypes.int64)) is dtypes.int64
    assert int(dtypes.bool) == 10 == dtypes.bool.as_datatype_enum


def test_kinds():
    ref = dtypes.float32_ref
    assert ref._is_ref_dtype and ref.base_dtype is dtypes.float32 and ref.name == "float32_ref"
    assert dtypes.float32.is_compatible_with(ref) and not ref.is_compatible_with(dtypes.float32)
    assert not dtypes.float32.is_compatible_with(dtypes.int32)
    assert dtypes.complex64.real_dtype is dtypes.float32
    assert dtypes.bfloat16.is_floating and not dtypes.bfloat16.is_integer
    assert dtypes.uint8.is_unsigned and not dtypes.int8.is_unsigned
    assert dtypes.qint8.is_quantized and not dtypes.qint8.is_integer
    assert not dtypes.resource.is_numpy_compatible and dtypes.string.is_numpy_compatible


def test_limits_and_sizes():
    assert dtypes.int8.min == -128 and dtypes.uint16.max == 65535
    assert dtypes.float32.max == np.finfo(np.float32).max
    assert dtypes.bfloat16.min == -3.3895313892515355e+38
    with pytest.raises(TypeError, match="Cannot find minimum value of"):
        dtypes.string.min
    assert dtypes.uint8.limits == (0, 255) and dtypes.float32.limits == (0, 1)
    assert dtypes.complex128.size == 16 and dtypes.variant.size == 1 and dtypes.bfloat16.size == 2
