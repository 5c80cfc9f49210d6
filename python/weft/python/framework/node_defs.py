"""Operations and arrays as messages: NodeDef, OpDef, TensorProto."""
import numpy as np

from weft.python.framework import dtypes, gen, tensor_shape
from weft.python.framework.messages import (
    AttrValue, GraphDef, NodeDef, TensorProto, TensorShapeProto, VersionDef)

_PRODUCER = 134                         # the version of GraphDef that TensorFlow 1.15 writes


def versions():
    """The versions of GraphDef that a graph is written in."""
    return VersionDef(producer=_PRODUCER)


def graph_def(graph, add_shapes=False):
    """The GraphDef of a Graph."""
    message = GraphDef(versions=versions())
    for op in graph.get_operations():
        node = message.node.add()
        node.CopyFrom(node_def(op))
        if add_shapes and op.outputs:
            shapes = [t.shape for t in op.outputs]
            node.attr["_output_shapes"].CopyFrom(attr_value(shapes))
    return message


def node_def(op):
    """The NodeDef of an Operation: data inputs, then control inputs as "^name" (A35)."""
    message = NodeDef(name=op.name, op=op.type, device=op.device)
    message.input.extend(_input_name(t) for t in op.inputs)
    message.input.extend("^" + c.name for c in op.control_inputs)
    for name in op._attr_names():
        message.attr[name].CopyFrom(attr_value(op._attr(name)))
    return message


def _input_name(t):
    return t.op.name if t.value_index == 0 else t.name


def attr_value(value):
    """An attribute's value, as Operation.get_attr() has it, as an AttrValue."""
    message = AttrValue()
    if isinstance(value, (list, tuple)):
        message.list.SetInParent()
        for x in value:
            _add(message.list, x)
    else:
        _set(message, value)
    return message


def _set(message, x):
    if isinstance(x, bool):
        message.b = x
    elif isinstance(x, int):
        message.i = x
    elif isinstance(x, float):
        message.f = x
    elif isinstance(x, bytes):
        message.s = x
    elif isinstance(x, dtypes.DType):
        message.type = x.as_datatype_enum
    elif isinstance(x, tensor_shape.TensorShape):
        message.shape.CopyFrom(x.as_proto())
    else:
        message.tensor.CopyFrom(tensor_proto(*_array(x)))


def _add(values, x):
    if isinstance(x, bool):
        values.b.append(x)
    elif isinstance(x, int):
        values.i.append(x)
    elif isinstance(x, float):
        values.f.append(x)
    elif isinstance(x, bytes):
        values.s.append(x)
    elif isinstance(x, dtypes.DType):
        values.type.append(x.as_datatype_enum)
    elif isinstance(x, tensor_shape.TensorShape):
        values.shape.add().CopyFrom(x.as_proto())
    else:
        values.tensor.add().CopyFrom(tensor_proto(*_array(x)))


def _array(x):
    array = np.asarray(x, dtype=object) if isinstance(x, (bytes, str)) else np.asarray(x)
    return array, dtypes.as_dtype(array.dtype)


def tensor_proto(array, dtype):
    """The TensorProto of an array: numbers as bytes, strings one by one."""
    message = TensorProto(dtype=dtype.as_datatype_enum)
    message.tensor_shape.CopyFrom(TensorShapeProto())
    for size in np.shape(array):
        message.tensor_shape.dim.add(size=int(size))
    if dtype == dtypes.string:
        message.string_val.extend(x if isinstance(x, bytes) else x.encode()
                                  for x in np.ravel(array))
    else:
        message.tensor_content = np.ascontiguousarray(array).tobytes()
    return message


_LISTS = {"float32": "float_val", "float64": "double_val", "int64": "int64_val",
          "bool": "bool_val", "uint32": "uint32_val", "uint64": "uint64_val"}


def tensor_array(message):
    """The array that a TensorProto describes; a list shorter than its shape ends in repeats of
    its last element."""
    dtype = dtypes.as_dtype(message.dtype)
    shape = [d.size for d in message.tensor_shape.dim]
    count = int(np.prod(shape, dtype=np.int64))
    if message.tensor_content:
        return np.frombuffer(message.tensor_content, dtype.as_numpy_dtype).copy().reshape(shape)
    if dtype == dtypes.string:
        values = list(message.string_val)
    elif dtype.is_complex:
        parts = message.scomplex_val if dtype == dtypes.complex64 else message.dcomplex_val
        values = [complex(r, i) for r, i in zip(parts[0::2], parts[1::2])]
    elif dtype == dtypes.float16:
        values = list(np.array(message.half_val, np.uint16).view(np.float16))
    else:
        values = list(getattr(message, _LISTS.get(dtype.name, "int_val")))
    if values and len(values) < count:
        values += [values[-1]] * (count - len(values))
    return np.array(values, dtype=dtype.as_numpy_dtype).reshape(shape)


def op_def(op_type):
    """What is known of an op type: `name`, `input_arg`, `output_arg`, `attr` by their names."""
    return OpDef(getattr(gen, op_type))


class OpDef:
    """The signature of an op type."""

    def __init__(self, function):
        self.name = function.__name__
        self.is_stateful = function.is_stateful
        self._doc = function.__doc__

    def __str__(self):
        return "%s: %s" % (self.name, self._doc)
