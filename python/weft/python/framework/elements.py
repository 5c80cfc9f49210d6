"""Names and objects to the elements of a graph (A64-A70)."""
from weft.python.framework.tensors import Operation, Tensor

_HINT = 'Tensor names must be of the form "<op_name>:<output_index>".'


def as_graph_element(graph, obj, allow_tensor=True, allow_operation=True):
    """The Tensor or Operation of `graph` that `obj` is, names, or stands for."""
    if not allow_tensor and not allow_operation:
        raise ValueError("allow_tensor and allow_operation can't both be False.")
    wanted = " or ".join(kind for kind, allowed in (("Tensor", allow_tensor),
                                                    ("Operation", allow_operation)) if allowed)
    if not isinstance(obj, (str, bytes, Tensor, Operation)):
        stand_in = getattr(obj, "_as_graph_element", None)
        if callable(stand_in):
            obj = stand_in()
    if isinstance(obj, bytes):
        obj = obj.decode("utf-8")
    if isinstance(obj, str):
        return _named(graph, obj, allow_tensor, allow_operation, wanted)
    if isinstance(obj, Tensor) and allow_tensor or isinstance(obj, Operation) and allow_operation:
        return _own(graph, obj)
    raise TypeError("Can not convert a %s into a %s." % (type(obj).__name__, wanted))


def _own(graph, element):
    if element.graph is graph:
        return element
    import threading
    kind = "Tensor" if isinstance(element, Tensor) else "Operation"
    raise ValueError(
        "%s %s is not an element of this graph. (It is in %r, this is %r, in thread '%s'; every "
        "thread has a default graph of its own: enter the graph it was built in with `with "
        "graph.as_default():`.)"
        % (kind, element if kind == "Tensor" else repr(element), element.graph, graph,
           threading.current_thread().name))


def _named(graph, name, allow_tensor, allow_operation, wanted):
    if ":" in name:
        if allow_tensor:
            return _tensor(graph, name)
        raise ValueError("Name %r appears to refer to a Tensor, not a %s." % (name, wanted))
    op = graph._find(name)
    if allow_operation:
        if op is None:
            raise KeyError("The name %r refers to an Operation not in the graph." % name)
        return op
    if op is not None:
        raise ValueError("The name %r refers to an Operation, not a %s. %s" % (name, wanted, _HINT))
    raise ValueError("The name %r looks like an (invalid) Operation name, not a %s. %s"
                     % (name, wanted, _HINT))


def _tensor(graph, name):
    try:
        op_name, index = name.split(":")
        index = int(index)
    except ValueError:
        raise ValueError("The name %r looks a like a Tensor name, but is not a valid one. %s"
                         % (name, _HINT)) from None
    op = graph._find(op_name)
    if op is None:
        raise KeyError("The name %r refers to a Tensor which does not exist. The operation, %r, "
                       "does not exist in the graph." % (name, op_name))
    try:
        return op.outputs[index]
    except IndexError:
        raise KeyError("The name %r refers to a Tensor which does not exist. The operation, %r, "
                       "exists but only has %d outputs."
                       % (name, op_name, len(op.outputs))) from None
