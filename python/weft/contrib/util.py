"""tf.contrib.util: values of tensors and their messages."""
from weft.python.framework.tensor_util import (
    MakeNdarray as make_ndarray, constant_value, make_tensor_proto)

__all__ = ["constant_value", "make_ndarray", "make_tensor_proto"]
