"""Device scopes: strings are C's to merge; functions are asked here, for each operation made."""
import contextlib

from weft.python.framework.device_spec import DeviceSpec, merge


@contextlib.contextmanager
def entered(graph, device):
    """Graph.device(): see there."""
    if device is None or isinstance(device, (str, DeviceSpec)):
        text = device if device is None or isinstance(device, str) else device.to_string()
        graph._push_device(text)
        entry = text
    elif callable(device):
        graph._push_device("")
        entry = device
    else:
        raise TypeError("A device is a string, a DeviceSpec, a function or None, not %r"
                        % (device,))
    stack = graph.__dict__.setdefault("_device_stack", [])
    stack.append(entry)
    graph._device_functions += callable(entry)
    try:
        yield
    finally:
        stack.pop()
        graph._device_functions -= callable(entry)
        graph._pop()


class _Operation:
    """What a device function is shown of an operation that is about to be made."""

    def __init__(self, graph, op_type, name, inputs, device):
        self.graph = graph
        self.type = op_type
        self.name = name
        self.inputs = inputs
        self.device = device

    @property
    def node_def(self):
        return _NodeDef(self)

    def __repr__(self):
        return "<tf.Operation '%s' type=%s>" % (self.name, self.type)


class _NodeDef:
    def __init__(self, op):
        self.op = op.type
        self.name = op.name
        self.device = op.device
        self.input = [x.name for x in op.inputs]


def device_of(graph, op_type, name, inputs, device=""):
    """The device of a new operation under the graph's scopes, some of which are functions: asked
    innermost first; a string fills what is still open, a function's answer replaces (A27)."""
    op = _Operation(graph, op_type, name, inputs, device)
    for entry in reversed(graph.__dict__.get("_device_stack", [])):
        if entry is None:
            break
        if callable(entry):
            answer = entry(op)
            op.device = answer if isinstance(answer, str) else \
                "" if answer is None else answer.to_string()
        else:
            op.device = merge(outer=entry, inner=op.device)
    return op.device
