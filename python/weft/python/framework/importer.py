"""tf.import_graph_def: the operations of a GraphDef become operations of the default graph."""
from weft import _core
from weft.python.framework import devices, errors, ops


def import_graph_def(graph_def, input_map=None, return_elements=None, name=None, op_dict=None,
                     producer_op_list=None):
    """Adds the operations of a GraphDef to the default graph, below the name scope `name`
    ("import"; "" is none).

    `input_map` says what is read instead of some of the message's tensors: {"x:0": Tensor}, or
    {"^x": ...} for what is waited for. `return_elements` names what is wanted back: "x" is an
    Operation, "x:0" a Tensor. `producer_op_list` is an OpList of the ops as the message's writer
    knew them. `op_dict` has no effect. None, or the list of what was asked for (G26-G33).
    """
    definition = _serialized(graph_def, "GraphDef", "graph_def must be a GraphDef proto.")
    op_list = None if producer_op_list is None else _serialized(
        producer_op_list, "OpList", "producer_op_list must be an OpList proto.")
    input_map = _checked_map(input_map)
    wanted = _checked_names(return_elements)
    with ops.name_scope(name, "import", list(input_map.values())) as scope:
        graph = ops.get_default_graph()
        pairs = _map_elements(name, input_map)
        if graph._device_functions:
            definition = _with_devices(graph, definition, scope)
        found = _import(graph, definition, scope.rstrip("/"), pairs, wanted, op_list)
    return None if return_elements is None else found


def _serialized(message, kind, refusal):
    """A message of any pool, so long as it is one of that name."""
    descriptor = getattr(message, "DESCRIPTOR", None)
    if isinstance(message, type) or getattr(descriptor, "name", None) != kind:
        raise TypeError(refusal)
    return message.SerializeToString()


def _checked_map(input_map):
    if input_map is None:
        return {}
    if not isinstance(input_map, dict) or not all(isinstance(k, (str, bytes)) for k in input_map):
        raise TypeError("input_map must be a dictionary mapping strings to Tensor objects.")
    return {_text(key): value for key, value in input_map.items()}


def _checked_names(return_elements):
    if return_elements is None:
        return []
    names = tuple(return_elements)
    if not all(isinstance(x, (str, bytes)) for x in names):
        raise TypeError("return_elements must be a list of strings.")
    return [_text(x) for x in names]


def _text(x):
    return x.decode("utf-8") if isinstance(x, bytes) else x


def _map_elements(name, input_map):
    """[(key, what stands for it)]: a Tensor, or the Operation that is waited for."""
    if not all(isinstance(x, (ops.Tensor, ops.Operation)) for x in input_map.values()):
        if name == "":
            raise ValueError(
                "tf.import_graph_def() requires a non-empty `name` if `input_map` contains "
                "non-Tensor values. Try calling tf.convert_to_tensor() on `input_map` values "
                "before calling tf.import_graph_def().")
        with ops.name_scope("_inputs"):
            input_map = {key: ops.convert_to_tensor(x) for key, x in input_map.items()}
    return [(key, _operation(x) if key.startswith("^") else x) for key, x in input_map.items()]


def _operation(x):
    return x.op if isinstance(x, ops.Tensor) else x


def _import(graph, definition, prefix, pairs, wanted, op_list):
    try:
        found, unused = _core.graph_import(graph, definition, prefix, pairs, wanted, op_list)
    except errors.InvalidArgumentError as e:
        raise ValueError(e.message) from None
    except errors.FailedPreconditionError as e:
        raise RuntimeError(e.message) from None
    if unused:
        raise ValueError("Attempted to map inputs that were not found in graph_def: [%s]"
                         % ", ".join(key if ":" in key or key.startswith("^") else key + ":0"
                                     for key in unused))
    return found


def _with_devices(graph, definition, scope):
    """The GraphDef with the devices that the functions of the open device scopes choose."""
    from weft.python.framework.messages import GraphDef
    message = GraphDef.FromString(definition)
    for node in message.node:
        inputs = [_Input(scope + x) for x in node.input if not x.startswith("^")]
        node.device = devices.device_of(graph, node.op, scope + node.name, inputs, node.device)
    return message.SerializeToString()


class _Input:
    """What a device function is shown of an input."""

    def __init__(self, name):
        self.name = name
