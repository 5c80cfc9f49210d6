"""Surgery on GraphDefs: what some nodes need, variables frozen to constants, training removed."""
import re

from weft.python.framework import dtypes, messages
from weft.python.framework.tensor_util import make_tensor_proto
from weft.python.platform import tf_logging

_VARIABLES = {"Variable", "VariableV2", "AutoReloadVariable"}
_HANDLES = {"VarHandleOp"}
# What hands a variable's handle on, unchanged, on the way to who reads it.
_PASSING = {"Identity", "Switch", "RefSwitch", "Enter", "RefEnter", "Merge", "RefMerge",
            "NextIteration", "Exit", "LoopCond"}

must_run_on_cpu_types = {"AudioSummary", "HistogramSummary", "ImageSummary", "ScalarSummary",
                         "MergeSummary", "TensorSummary", "Print", "Assert", "PyFunc"}


def must_run_on_cpu(node, pin_variables_on_cpu=False):
    """Whether a node, an Operation or a NodeDef, cannot run on a GPU: it is about strings."""
    node_def = getattr(node, "node_def", node)
    if node_def.op in _VARIABLES and pin_variables_on_cpu:
        return True
    if node_def.op == "Const":
        return node_def.attr["dtype"].type == dtypes.string.as_datatype_enum
    if node_def.op in ("DynamicStitch", "ParallelDynamicStitch"):
        return node_def.attr["T"].type == dtypes.int32.as_datatype_enum
    return node_def.op in must_run_on_cpu_types


def set_cpu0(device_string):
    """A device's name with the first CPU in it."""
    from weft.python.framework.device_spec import DeviceSpec
    spec = DeviceSpec.from_string(device_string)
    spec.device_type, spec.device_index = "CPU", 0
    return spec.to_string()


def tensor_shape_from_node_def_name(graph, input_name):
    """The shape of the tensor of a graph that a NodeDef's input names."""
    canonical = input_name if ":" in input_name else input_name + ":0"
    return graph.get_tensor_by_name(canonical).get_shape()


# ---- names ----

def _node_name(name):
    """The node that an input, "x", "x:1" or "^x", is of."""
    return name.lstrip("^").split(":")[0]


def _by_name(graph_def):
    return {node.name: node for node in graph_def.node}


def _needed(nodes, wanted):
    """The names of the nodes that the wanted ones need, themselves included."""
    found, waiting = set(), list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [_node_name(x) for x in nodes[name].input]
    return found


def _check(graph_def):
    descriptor = getattr(graph_def, "DESCRIPTOR", None)
    if getattr(descriptor, "name", None) != "GraphDef":
        raise TypeError("graph_def must be a graph_pb2.GraphDef proto.")


def with_nodes(graph_def, nodes):
    """A GraphDef with these nodes, and the functions and versions of another."""
    out = messages.GraphDef(node=nodes)
    for name in ("library", "versions"):
        if graph_def.HasField(name):
            getattr(out, name).CopyFrom(getattr(graph_def, name))
    return out


# ---- parts ----

def extract_sub_graph(graph_def, dest_nodes):
    """The GraphDef of `dest_nodes`, a list of names, and all that they need, in the old order.

    TypeError for another kind of message or a single name; AssertionError for a name that is not
    there (G24).
    """
    _check(graph_def)
    if isinstance(dest_nodes, (str, bytes)):
        raise TypeError("dest_nodes must be a list.")
    nodes = _by_name(graph_def)
    for name in dest_nodes:
        assert name in nodes, "%s is not in graph" % name
    needed = _needed(nodes, dest_nodes)
    return with_nodes(graph_def, [node for node in graph_def.node if node.name in needed])


# ---- freezing ----

def convert_variables_to_constants(sess, input_graph_def, output_node_names,
                                   variable_names_whitelist=None, variable_names_blacklist=None):
    """The GraphDef of the outputs and what they need, with variables turned into constants of the
    values that they have in the session (G23).

    `output_node_names` are names of operations, without ":0". With a whitelist only variables in
    it become constants, those in the blacklist never do.
    """
    graph_def = extract_sub_graph(input_graph_def, output_node_names)
    nodes = _by_name(graph_def)
    frozen = [node.name for node in graph_def.node
              if node.op in _VARIABLES | _HANDLES
              and (variable_names_whitelist is None or node.name in variable_names_whitelist)
              and node.name not in (variable_names_blacklist or ())]
    values = _values(sess, frozen)
    handles = _handles(graph_def, nodes, frozen)
    out = [_frozen(node, values, handles) for node in graph_def.node]
    tf_logging.info("Froze %d variables.", len(frozen))
    tf_logging.info("Converted %d variables to const ops.", len(frozen))
    return with_nodes(graph_def, out)


def _values(sess, names):
    """{name: the variable's value now}."""
    wanted = [value_of(sess.graph.get_operation_by_name(name)) for name in names]
    return dict(zip(names, sess.run(wanted))) if names else {}


def value_of(op):
    """The tensor that is the value of a variable's operation: a handle is read by one of those who
    do so already."""
    if op.type in _VARIABLES:
        return op.outputs[0]
    for reader in op.outputs[0].consumers():
        if reader.type == "ReadVariableOp":
            return reader.outputs[0]
    from weft.python.framework import gen
    with op.graph.as_default(), op.graph.control_dependencies(None):
        return gen.ReadVariableOp(op.outputs[0], dtype=op.get_attr("dtype"))


def _handles(graph_def, nodes, frozen):
    """{node: the frozen variable whose handle it is or hands on}."""
    handles = {name: name for name in frozen if nodes[name].op in _HANDLES}
    grown = True
    while grown:
        grown = False
        for node in graph_def.node:
            if node.op in _PASSING and node.name not in handles and node.input:
                source = _node_name(node.input[0])
                if source in handles:
                    handles[node.name] = handles[source]
                    grown = True
    return handles


def _frozen(node, values, handles):
    """A node of the frozen graph."""
    if node.name in values:
        return _constant(node, values[node.name])
    source = _node_name(node.input[0]) if node.input else None
    out = messages.NodeDef()
    out.CopyFrom(node)
    if node.name in handles:
        _set_types(out, values[handles[node.name]])
    elif source in handles and node.op == "ReadVariableOp":
        return _identity(node)
    elif source in handles and node.op == "ResourceGather":
        return _gather(node)
    elif source in handles and node.op == "VariableShape":
        return _shape(node)
    elif source in handles:
        raise ValueError("Cannot find the variable that is an input to the %s op '%s'."
                         % (node.op, node.name))
    elif source in values and node.op.startswith("Ref"):
        out.op = node.op[3:]            # RefSwitch and the like: there is no reference any more
    return out


def _constant(node, value):
    out = messages.NodeDef(name=node.name, op="Const", device=node.device)
    dtype = node.attr["dtype"]
    out.attr["dtype"].CopyFrom(dtype)
    out.attr["value"].tensor.CopyFrom(make_tensor_proto(value, dtypes.as_dtype(dtype.type)))
    return out


def _set_types(node, value):
    """A node that handed a handle on hands the value on."""
    node.attr["T"].type = dtypes.as_dtype(value.dtype).as_datatype_enum
    if node.op.startswith("Ref"):
        node.op = node.op[3:]


def _identity(node):
    out = messages.NodeDef(name=node.name, op="Identity", device=node.device, input=node.input)
    out.attr["T"].CopyFrom(node.attr["dtype"])
    if "_class" in node.attr:
        out.attr["_class"].CopyFrom(node.attr["_class"])
    return out


def _gather(node):
    """ResourceGather's inputs are those of GatherV2, but for the axis, which is always 0 there:
    Gather takes them as they are."""
    out = messages.NodeDef(name=node.name, op="Gather", device=node.device, input=node.input)
    out.attr["Tparams"].CopyFrom(node.attr["dtype"])
    for name in ("Tindices", "validate_indices"):
        if name in node.attr:
            out.attr[name].CopyFrom(node.attr[name])
    return out


def _shape(node):
    out = messages.NodeDef(name=node.name, op="Shape", device=node.device, input=node.input)
    out.attr["out_type"].CopyFrom(node.attr["out_type"])
    return out


# ---- what only training needs ----

def remove_training_nodes(input_graph, protected_nodes=None):
    """A GraphDef without CheckNumerics, and without Identity nodes that no control edge touches;
    `protected_nodes` stay (G25)."""
    protected = set(protected_nodes or ())
    kept = [node for node in input_graph.node
            if node.op != "CheckNumerics" or node.name in protected]
    gone = {node.name: node.input[0] for node in input_graph.node
            if node.op == "CheckNumerics" and node.name not in protected}
    controlled = {_node_name(x) for node in kept for x in node.input if x.startswith("^")}
    for node in kept:
        if (node.op == "Identity" and node.name not in protected | controlled
                and not any(x.startswith("^") for x in node.input)):
            gone[node.name] = node.input[0]
    return with_nodes(input_graph, [_spliced(node, gone) for node in kept
                                     if node.name not in gone])


def _spliced(node, gone):
    """The node reading past those that are gone."""
    out = messages.NodeDef()
    out.CopyFrom(node)
    for i, name in enumerate(out.input):
        while re.sub(r"^\^|:0$", "", name) in gone:
            control = "^" if name.startswith("^") else ""
            name = gone[re.sub(r"^\^|:0$", "", name)]
            name = control + _node_name(name) if control else name
        out.input[i] = name
    return out
