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


# ---- TensorProto ----

# Which field holds elements of a type one by one; the others stand in int_val.
_FIELDS = {"float32": "float_val", "float64": "double_val", "int64": "int64_val",
           "bool": "bool_val", "string": "string_val", "complex64": "scomplex_val",
           "complex128": "dcomplex_val", "float16": "half_val", "bfloat16": "half_val",
           "uint32": "uint32_val", "uint64": "uint64_val"}

_BITS = {"float16": np.uint16, "complex64": np.float32, "complex128": np.float64}


def make_tensor_proto(values, dtype=None, shape=None, verify_shape=False):
    """The TensorProto of a constant: see tf.constant() for the arguments. More than one number
    stands there as bytes, where the shape is not given; else the elements that are given do."""
    from weft.python.framework import constant_op
    if is_tensor_proto(values):
        return values
    array, dtype = constant_op.make_array(values, dtype, shape, verify_shape)
    constant_op.check_size(array)
    given = np.size(values) if shape is not None else array.size
    return _tensor_proto(array, dtype, given)


def is_tensor_proto(x):
    """Whether x is a TensorProto, which is answered without loading protobuf."""
    return getattr(getattr(x, "DESCRIPTOR", None), "full_name", None) == "tensorflow.TensorProto"


def _tensor_proto(array, dtype, given):
    from weft.python.framework.messages import TensorProto
    proto = TensorProto(dtype=dtype.as_datatype_enum,
                        tensor_shape=tensor_shape.TensorShape(array.shape).as_proto())
    if given == array.size > 1 and dtype.name != "string":
        proto.tensor_content = np.ascontiguousarray(array).tobytes()
    else:
        field = getattr(proto, _FIELDS.get(dtype.name, "int_val"))
        field.extend(_elements(array.ravel()[:given], dtype.name))
    return proto


def _elements(flat, name):
    """The elements as the field of their type has them."""
    if name == "string":
        return [x if isinstance(x, bytes) else x.encode("utf-8") for x in flat]
    if flat.dtype.fields:               # numbers that numpy knows by another name
        flat = flat.view(flat.dtype[0])
    return flat.view(_BITS.get(name, flat.dtype)).tolist()


def MakeNdarray(tensor):
    """The array that a TensorProto describes; where it has fewer elements than its shape says, the
    last one stands for the rest."""
    from weft.python.framework import dtypes
    dtype = dtypes.as_dtype(tensor.dtype)
    shape = [d.size for d in tensor.tensor_shape.dim]
    if tensor.tensor_content and dtype.name != "string":
        return np.frombuffer(tensor.tensor_content, dtype.as_numpy_dtype).copy().reshape(shape)
    if dtype.name in ("resource", "variant"):
        raise TypeError("Unsupported tensor type: %s" % tensor.dtype)
    count = int(np.prod(shape, dtype=np.int64))
    flat = _array_of(getattr(tensor, _FIELDS.get(dtype.name, "int_val")), dtype)
    if flat.size < count:
        last = flat[-1:] if flat.size else _array_of([b"" if dtype.name == "string" else 0] * 2,
                                                     dtype)[:1]
        flat = np.concatenate([flat, np.repeat(last, count - flat.size)])
    return flat.reshape(shape)


def _array_of(elements, dtype):
    """The elements of a field as an array of a type."""
    final = np.dtype(dtype.as_numpy_dtype)
    stored = final[0] if final.fields else _BITS.get(dtype.name, final)
    flat = np.array(elements, stored)
    return flat if stored is final else flat.view(final)
