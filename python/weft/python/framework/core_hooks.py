"""What C asks Python for: classes to make, texts of errors, values it does not know."""
import collections
import os
import threading
import traceback

from weft import _core
from weft.python.framework import conversion, devices, dtypes, errors, ops, tensor_shape, tensors

# The package's folder: what lies in it is not the user's.
_LIBRARY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep


def build_error(code, message, node):
    """The exception for an operation that could not be made (A8, A52, A91, A92)."""
    if code == errors.FAILED_PRECONDITION:
        return RuntimeError(message)
    if code == errors.NOT_FOUND and message.startswith(("No gradient", "Gradient explicitly")):
        return LookupError(message)
    if code == errors.RESOURCE_EXHAUSTED:
        return errors.ResourceExhaustedError(None, None, message)
    wrong_type = ("does not match" in message or "not in list of allowed values" in message
                  or "requires that input" in message or "Second-order gradient" in message)
    if code == errors.INVALID_ARGUMENT and wrong_type:
        return TypeError(message)
    return ValueError(message)


def run_error(graph, code, message, node):
    """The OpError for a step that failed, with its operation if the graph has it (B63-B66)."""
    op = graph._find(node) if graph is not None and node else None
    if op is not None:
        message = message.replace("{{node %s}}" % node, "node %s%s" % (node, _defined_at(op)))
    return errors.exception_type_from_error_code(code)(None, op, message)


def _defined_at(op):
    frames = op.graph._traceback(op)
    return " (defined at %s:%d) " % frames[-1][:2] if frames else ""


def result_type(op, names):
    """The named tuple of an op with several outputs."""
    return collections.namedtuple(op, names, rename=True)


def shape_of(x):
    """A shape in any of its forms as a tuple of ints and Nones, or None."""
    if isinstance(x, (list, tuple)):
        return tuple(None if d is None else _dimension(d) for d in x)
    shape = tensor_shape.as_shape(x)
    return None if shape.dims is None else tuple(shape.as_list())


def _dimension(d):
    return d.value if isinstance(d, tensor_shape.Dimension) else int(d)


def constant(value, dtype, name):
    from weft.python.framework import constant_op
    return constant_op.make_array(value, dtype)[0]


def feed_items(graph, key, value):
    """[(Tensor, value)] of one entry of a feed_dict (B44, B45, B51, B52)."""
    from weft.python.client import structures
    return structures.feed_items(graph, key, value)


def feed_value(tensor, value):
    """np.asarray(value, dtype) as a feed of `tensor` (B46-B48)."""
    from weft.python.client import structures
    return structures.feed_value(tensor, value)


def feed_refused(tensor, value):
    from weft.python.client import structures
    structures.feed_refused(tensor, value)


def fetch_items(graph, fetch):
    from weft.python.client import structures
    return structures.fetch_items(graph, fetch)


def traced_call(prepared, graph, values, options, metadata):
    from weft.python.client import session
    return session.traced_call(prepared, graph, values, options, metadata)


def host_error(exception):
    """(code, message) for what a Python function raised inside a step (E41): C text, without NULs."""
    kinds = (((ValueError, TypeError), errors.INVALID_ARGUMENT),
             (StopIteration, errors.OUT_OF_RANGE), (MemoryError, errors.RESOURCE_EXHAUSTED),
             (NotImplementedError, errors.UNIMPLEMENTED))
    code = next((c for kind, c in kinds if isinstance(exception, kind)), errors.UNKNOWN)
    text = "%s: %s" % (type(exception).__name__, exception)
    lines = [line for line in traceback.format_tb(exception.__traceback__)
             if '"%s' % _LIBRARY not in line]
    if lines:                               # where in the user's function
        text += "\nTraceback (most recent call last):\n\n%s\n" % "\n".join(lines)
    return code, text.replace("\0", "\\0").encode("utf-8", "replace").decode()


def context_class(is_loop):
    """The class of a branch's or of a loop's context."""
    from weft.python.ops import control_flow_context
    return control_flow_context.WhileContext if is_loop else control_flow_context.CondContext


def _dtype(number):
    try:
        return dtypes.DType(number)
    except TypeError:
        return None


_core.set_hooks(
    Graph=ops.Graph, Tensor=tensors.Tensor, Operation=tensors.Operation,
    dtypes=[_dtype(i) for i in range(132)], as_dtype=dtypes.as_dtype,
    TensorShape=tensor_shape.TensorShape,
    convert=conversion.convert_for_op, constant=constant, graph_of=conversion.graph_of,
    build_error=build_error, run_error=run_error, result_type=result_type, feed_items=feed_items,
    feed_value=feed_value, feed_refused=feed_refused, fetch_items=fetch_items,
    device_of=devices.device_of, shape_of=shape_of, traced_call=traced_call,
    host_error=host_error, context_class=context_class)
_core.set_library(_LIBRARY, threading.main_thread().ident)
