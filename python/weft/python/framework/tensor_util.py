"""What is known of tensors before a run."""
import numpy as np

from weft.python.framework import tensor_shape
from weft.python.framework.tensors import Tensor


def constant_value(tensor, partial=False):
    """The value as an array if it is known without a run, else None. What was told here may not
    be fed any more: the graph may have been built on it (A84)."""
    if isinstance(tensor, np.ndarray):
        return tensor
    value = as_graph_tensor(tensor)._value()
    if value is not None:
        tensor.graph.prevent_feeding(tensor)
        if not isinstance(value, (np.ndarray, bytes)):
            value = np.asarray(value)
        elif isinstance(value, bytes):
            value = np.asarray(value, dtype=object)
    return value


def as_graph_tensor(x):
    """The Tensor that x is or stands for."""
    return x if isinstance(x, Tensor) else x._as_graph_element()


def constant_value_as_shape(tensor):
    """What is known of a shape that a vector holds; -1 there means unknown."""
    return tensor_shape.TensorShape(tensor._value_as_shape())


def is_tensor(x):
    """Whether x is a Tensor, a variable, or made of tensors."""
    from weft.python.framework.indexed_slices import IndexedSlices
    from weft.python.framework.sparse_tensor import SparseTensor
    return isinstance(x, (Tensor, IndexedSlices, SparseTensor)) or hasattr(x, "_as_graph_element")


is_tf_type = is_tensor


def shape_tensor(shape):
    """A shape (list of ints, maybe with tensors among them) as an int tensor."""
    from weft.python.framework import dtypes, ops
    dtype = None
    if isinstance(shape, (tuple, list)):
        if not shape:
            dtype = dtypes.int32
        elif any(isinstance(x, tensor_shape.Dimension) for x in shape):
            shape = [x.value if isinstance(x, tensor_shape.Dimension) else x for x in shape]
            dtype = dtypes.int32
        elif all(isinstance(x, int) for x in shape):
            dtype = dtypes.int32
    elif isinstance(shape, tensor_shape.TensorShape):
        shape = shape.as_list()
        dtype = dtypes.int32
    return ops.convert_to_tensor(shape, dtype=dtype, name="shape")


def make_tensor_proto(values, dtype=None, shape=None, verify_shape=False):
    """The TensorProto of a constant."""
    from weft.python.framework import constant_op, node_defs
    return node_defs.tensor_proto(*constant_op.make_array(values, dtype, shape, verify_shape))


def MakeNdarray(tensor):
    """The array that a TensorProto describes."""
    from weft.python.framework import node_defs
    return node_defs.tensor_array(tensor)
