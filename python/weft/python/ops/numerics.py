"""Checks that tensors hold finite numbers."""

from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, control_flow_ops
from weft.python.ops.arguments import renamed_argument

__all__ = ["verify_tensor_all_finite", "verify_tensor_all_finite_v2", "add_check_numerics_ops"]

_CHECKED = (dtypes.float16, dtypes.float32, dtypes.float64)


def verify_tensor_all_finite(t=None, msg=None, name=None, x=None, message=None):
    """The tensor, if all its elements are finite; else InvalidArgumentError with the message."""
    return verify_tensor_all_finite_v2(renamed_argument("x", x, "t", t),
                                       renamed_argument("message", message, "msg", msg), name)


def verify_tensor_all_finite_v2(x, message, name=None):
    """verify_tensor_all_finite() without the old names."""
    with ops.name_scope(name, "VerifyFinite", [x]):
        x = ops.convert_to_tensor(x, name="x")
        with ops.colocate_with(x):
            checked = array_ops.check_numerics(x, message=message)
            return control_flow_ops.with_dependencies([checked], x)


def _in_control_flow(op) -> bool:
    context = getattr(op, "_get_control_flow_context", None)
    return context is not None and context() is not None


def add_check_numerics_ops():
    """An op that checks every float tensor of the default graph, in the order of creation.

    Raises ValueError if there are loops or conditions in the graph."""
    last = []
    for op in ops.get_default_graph().get_operations():
        for output in op.outputs:
            if output.dtype not in _CHECKED:
                continue
            if _in_control_flow(op):
                raise ValueError("`tf.add_check_numerics_ops() is not compatible with TensorFlow "
                                 "control flow operations such as `tf.cond()` or "
                                 "`tf.while_loop()`.")
            with ops.control_dependencies(last):
                last = [array_ops.check_numerics(output, message=output.name)]
    return control_flow_ops.group(*last)
