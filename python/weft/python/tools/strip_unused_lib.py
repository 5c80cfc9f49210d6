"""Graphs cut down to what lies between some inputs and outputs."""
from weft.python.framework import graph_util_impl, messages


def strip_unused(input_graph_def, input_node_names, output_node_names, placeholder_type_enum):
    """The GraphDef of the outputs and what they need, where the inputs have become placeholders of
    the type (one number, or a list with one for each). KeyError for inputs that are not there."""
    missing = set(input_node_names) - {node.name for node in input_graph_def.node}
    if missing:
        raise KeyError("The following input nodes were not found: %s" % sorted(missing))
    types = placeholder_type_enum
    if not isinstance(types, (list, tuple)):
        types = [types] * len(input_node_names)
    type_of = dict(zip(input_node_names, types))
    nodes = [_placeholder(node, type_of[node.name]) if node.name in type_of else node
             for node in input_graph_def.node]
    cut = graph_util_impl.with_nodes(input_graph_def, nodes)
    return graph_util_impl.extract_sub_graph(cut, output_node_names)


def _placeholder(node, type_enum):
    out = messages.NodeDef(name=node.name, op="Placeholder")
    out.attr["dtype"].type = type_enum
    for name in ("_output_shapes", "shape"):
        if name in node.attr:
            out.attr[name].CopyFrom(node.attr[name])
    return out


def strip_unused_from_files(input_graph, input_binary, output_graph, output_binary,
                            input_node_names, output_node_names, placeholder_type_enum):
    """strip_unused() from a file to a file; names are separated by commas. -1 if there is no such
    file, or nothing is wanted of it."""
    from weft.python.framework import graph_io
    from weft.python.lib.io import file_io
    if not file_io.file_exists(input_graph):
        print("Input graph file '%s' does not exist!" % input_graph)
        return -1
    if not output_node_names:
        print("You need to supply the name of a node to --output_node_names.")
        return -1
    graph_def = read_graph_def(input_graph, input_binary)
    cut = strip_unused(graph_def, input_node_names.split(","), output_node_names.split(","),
                       placeholder_type_enum)
    folder, _, name = output_graph.rpartition("/")
    graph_io.write_graph(cut, folder or ".", name, as_text=not output_binary)
    print("%d ops in the final graph." % len(cut.node))
    return None


def read_graph_def(path, binary):
    """The GraphDef that a file holds, in bytes or as text."""
    from google.protobuf import text_format
    with open(path, "rb") as f:
        data = f.read()
    if binary:
        return messages.GraphDef.FromString(data)
    return text_format.Parse(data.decode("utf-8"), messages.GraphDef())
