"""Meta graphs: a graph with what belongs to it, its collections and its Saver, as one message.

A collection's elements are written as names of nodes, as numbers or strings, or as the messages
that register_proto_function() says. A part of a graph can go by itself: seen from within a name
scope, with what it reads from outside as "$unbound_inputs_NAME".
"""

import os

from weft.python.framework import importer
from weft.python.framework import messages
from weft.python.framework import op_def_registry
from weft.python.framework import ops
from weft.python.framework import versions
from weft.python.lib.io import file_io
from weft.python.ops import control_flow_context, variables  # noqa: F401    these register how
#                                                                     they are written
from weft.python.platform import tf_logging as logging
from weft.python.util import compat

_UNBOUND = "$unbound_inputs_"
_SAVING = ("SaveV2", "Save", "SaveSlice", "SaveSlices", "LegacySave", "LegacySaveSlice",
           "RestoreV2", "Restore", "RestoreSlice", "LegacyRestore", "LegacyRestoreSlice")
_INTERNAL = ("_Arg", "_Retval", "_ListToArray", "_ArrayToList")


# ---- the ops of a graph ----

def ops_used_by_graph_def(graph_def):
    """The set of op types in a GraphDef, those in the functions that it calls too."""
    functions = {f.signature.name: f for f in graph_def.library.function}
    used, waiting = set(), [node.op for node in graph_def.node]
    while waiting:
        op = waiting.pop()
        if op not in used:
            used.add(op)
            if op in functions:
                waiting += [node.op for node in functions[op].node_def]
    return used.difference(functions)


def stripped_op_list_for_graph(graph_def):
    """The OpList of the ops that a GraphDef uses, sorted, without descriptions.

    Raises:
      ValueError: one is not known.
    """
    found = messages.OpList()
    for op in sorted(ops_used_by_graph_def(graph_def)):
        op_def = op_def_registry.get(op)
        if op_def is not None:
            found.op.add().CopyFrom(op_def)
        elif op not in _INTERNAL:
            raise ValueError("Op %s is used by the graph, but is not registered" % op)
    return found


def strip_graph_default_valued_attrs(meta_graph_def):
    """Takes from the nodes of a MetaGraphDef the attributes that have their defaults."""
    graph_def, defaults = meta_graph_def.graph_def, {}
    nodes = [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]
    for node in nodes:
        if node.op not in defaults:
            defaults[node.op] = _defaults(node.op)
        for name, value in defaults[node.op]:
            if name in node.attr and node.attr[name] == value:
                del node.attr[name]
    meta_graph_def.meta_info_def.stripped_default_attrs = True


def _defaults(op):
    """[(attribute, its default)]; none for an op that is a function."""
    op_def = op_def_registry.get(op)
    return [(attr.name, attr.default_value) for attr in (op_def.attr if op_def else ())
            if attr.HasField("default_value")]


# ---- collections ----

def _kind_of(element):
    """The field of CollectionDef for elements like this one."""
    if isinstance(element, (str, bytes)):
        return "bytes_list"
    if isinstance(element, compat.integral_types):
        return "int64_list"
    if isinstance(element, float):
        return "float_list"
    if getattr(getattr(element, "DESCRIPTOR", None), "full_name", "") == "google.protobuf.Any":
        return "any_list"
    return "node_list"


def add_collection_def(meta_graph_def, key, graph=None, export_scope=None, exclude_nodes=None,
                       override_contents=None):
    """Adds a collection of a graph to a MetaGraphDef; a warning if that cannot be done.

    Args:
      meta_graph_def: what it is added to.
      key: of the collection.
      graph: the Graph, by default the default one.
      export_scope: only what is in this name scope.
      exclude_nodes: names of what is left out.
      override_contents: a list to take for what is in the collection.
    """
    if graph is not None and not isinstance(graph, ops.Graph):
        raise TypeError("graph must be of type Graph, not %s" % type(graph))
    if not isinstance(key, (str, bytes)):
        logging.warning("Only collections with string type keys will be serialized. This key has "
                        "%s", type(key))
        return
    elements = override_contents or (graph or ops.get_default_graph()).get_collection(key)
    elements = [x for x in elements if _is_included(x, export_scope, exclude_nodes)]
    if not elements:
        return
    try:
        written = _collection_def(key, elements, export_scope)
    except Exception as e:              # whatever an element's own functions raise
        logging.warning("Issue encountered when serializing %s.\nType is unsupported, or the types "
                        "of the items don't match field type in CollectionDef. Note this is a "
                        "warning and probably safe to ignore.\n%s", key, e)
        return
    meta_graph_def.collection_def[key].CopyFrom(written)


def _collection_def(key, elements, export_scope):
    written = messages.CollectionDef()
    to_proto = ops.get_to_proto_function(key)
    if to_proto is not None:
        protos = [to_proto(x, export_scope=export_scope) for x in elements]
        written.bytes_list.value.extend(p.SerializeToString(deterministic=True) for p in protos
                                        if p is not None)
        return written
    kind = _kind_of(elements[0])
    values = getattr(written, kind).value
    if kind == "node_list":
        values.extend(ops.strip_name_scope(x.name, export_scope) for x in elements
                      if not export_scope or x.name.startswith(export_scope))
    else:
        values.extend(map(compat.as_bytes, elements) if kind == "bytes_list" else elements)
    return written


def _is_included(element, export_scope, exclude_nodes):
    """Whether an element of a collection, or a node's name, is exported."""
    name = element if isinstance(element, str) else getattr(element, "name", None)
    if name is None:
        return True                     # it is not in any scope
    if exclude_nodes and name in exclude_nodes:
        return False
    from_outside = name.lstrip("^").startswith(_UNBOUND)
    return from_outside or not export_scope or name.startswith(export_scope)


# ---- a graph to a message ----

def create_meta_graph_def(meta_info_def=None, graph_def=None, saver_def=None, collection_list=None,
                          graph=None, export_scope=None, exclude_nodes=None,
                          clear_extraneous_savers=False, strip_default_attrs=False):
    """The MetaGraphDef of a graph; see tf.train.export_meta_graph.

    Raises:
      TypeError: an argument of another type.
    """
    _check("graph", graph, ops.Graph, "Graph")
    _check("meta_info_def", meta_info_def, messages.MetaGraphDef.MetaInfoDef, "MetaInfoDef")
    _check("graph_def", graph_def, messages.GraphDef, "GraphDef")
    _check("saver_def", saver_def, messages.SaverDef, "SaverDef")
    graph = graph or ops.get_default_graph()
    made = messages.MetaGraphDef(meta_info_def=meta_info_def, saver_def=saver_def)
    made.meta_info_def.tensorflow_version = versions.VERSION
    made.meta_info_def.tensorflow_git_version = versions.GIT_VERSION
    made.graph_def.CopyFrom(graph.as_graph_def(add_shapes=True) if graph_def is None
                            else graph_def)
    if not made.meta_info_def.stripped_op_list.op:
        made.meta_info_def.stripped_op_list.CopyFrom(stripped_op_list_for_graph(made.graph_def))
    if strip_default_attrs:
        strip_graph_default_valued_attrs(made)
    from weft.python.training import saver  # noqa: F401      registers how Savers are written
    if collection_list is None:
        collection_list = graph.get_all_collection_keys()
    for key in collection_list:
        only = None
        if clear_extraneous_savers and key == ops.GraphKeys.SAVERS and saver_def is not None:
            only = [ops.get_from_proto_function(key)(saver_def)]
        add_collection_def(made, key, graph, export_scope, exclude_nodes, only)
    return made


def _check(word, value, kind, name):
    if value is not None and not isinstance(value, kind):
        raise TypeError("%s must be of type %s, not %s" % (word, name, type(value)))


def export_scoped_meta_graph(filename=None, graph_def=None, graph=None, export_scope=None,
                             as_text=False, unbound_inputs_col_name="unbound_inputs",
                             clear_devices=False, saver_def=None, clear_extraneous_savers=False,
                             strip_default_attrs=False, save_debug_info=False, **kwargs):
    """A graph, or what is in one of its name scopes, as a MetaGraphDef, and its variables.

    See tf.train.export_meta_graph; what the part reads from outside is named in the collection
    `unbound_inputs_col_name`.

    Returns:
      The MetaGraphDef, and {name as it has it: variable}.
    """
    graph = graph or ops.get_default_graph()
    excluded = None
    if export_scope or clear_extraneous_savers or clear_devices:
        whole = graph.as_graph_def(add_shapes=True) if graph_def is None else graph_def
        if clear_extraneous_savers:
            excluded = _other_savers_nodes(whole, saver_def)
        graph_def, unbound = _part_of(whole, export_scope, excluded, clear_devices)
        if unbound_inputs_col_name:
            graph.clear_collection(unbound_inputs_col_name)
            for name in unbound:
                graph.add_to_collection(unbound_inputs_col_name, name)
    exported = {ops.strip_name_scope(v.name, export_scope): v for v in graph.get_collection(
        ops.GraphKeys.GLOBAL_VARIABLES, export_scope) if _is_included(v, export_scope, excluded)}
    made = create_meta_graph_def(
        graph_def=graph_def, graph=graph, export_scope=export_scope, exclude_nodes=excluded,
        clear_extraneous_savers=clear_extraneous_savers, saver_def=saver_def,
        strip_default_attrs=strip_default_attrs, **kwargs)
    if filename:
        write_message(made, filename, as_text)
    return made, exported


def write_message(message, filename, as_text=False):
    """Writes a message to a file as a whole; folders that are missing are made."""
    folder = os.path.dirname(filename)
    if folder:
        file_io.recursive_create_dir(folder)
    file_io.atomic_write_string_to_file(filename, str(message) if as_text else
                                        message.SerializeToString(deterministic=True))


def _part_of(whole, export_scope, excluded, clear_devices):
    """The nodes of a GraphDef in a scope, as seen from within, and the names of what they read
    from outside."""
    part, unbound = messages.GraphDef(versions=whole.versions, library=whole.library), []
    for node in whole.node:
        if _is_included(node.name, export_scope, excluded):
            part.node.add().CopyFrom(node)
            _rename(part.node[-1], export_scope, unbound)
            if clear_devices:
                part.node[-1].device = ""
    return part, unbound


def _rename(node, export_scope, unbound):
    """Gives a NodeDef the names that are seen from within the scope."""
    if not export_scope:
        return
    node.name = ops.strip_name_scope(node.name, export_scope)
    for i, name in enumerate(node.input):
        if name.lstrip("^").startswith(export_scope):
            node.input[i] = ops.strip_name_scope(name, export_scope)
        else:
            mark = "^" if name.startswith("^") else ""
            node.input[i] = mark + _UNBOUND + name[len(mark):]
            unbound.append(node.input[i])
    if "_class" in node.attr:
        groups = node.attr["_class"].list.s
        groups[:] = [compat.as_bytes(ops.strip_name_scope(group, export_scope)) for group in groups
                     if group.decode().partition("@")[2].startswith(export_scope)]
    if node.op in ("Enter", "RefEnter"):
        frame = node.attr["frame_name"]
        frame.s = compat.as_bytes(ops.strip_name_scope(frame.s, export_scope))


def _other_savers_nodes(graph_def, saver_def):
    """The names of all nodes in scopes of Savers other than that of `saver_def`."""
    scopes = {node.name.rpartition("/")[0] + "/" for node in graph_def.node
              if node.op in _SAVING and "/" in node.name}
    if saver_def is not None:
        for name in (saver_def.save_tensor_name, saver_def.restore_op_name):
            scopes.discard(name.rpartition("/")[0] + "/")
    return {node.name for node in graph_def.node if node.name.startswith(tuple(scopes))}


# ---- a message to a graph ----

def read_meta_graph_file(filename):
    """The MetaGraphDef of a file, binary or text.

    Raises:
      IOError: it is not there, or holds none.
    """
    from google.protobuf import message, text_format
    if not file_io.file_exists(filename):
        raise IOError("File %s does not exist." % filename)
    content = file_io.read_file_to_string(filename, binary_mode=True)
    try:
        return messages.MetaGraphDef.FromString(content)
    except message.DecodeError:
        pass
    try:
        return text_format.Parse(content.decode("utf-8"), messages.MetaGraphDef())
    except (text_format.ParseError, UnicodeDecodeError) as e:
        raise IOError("Cannot parse file %s: %s." % (filename, e)) from None


def import_scoped_meta_graph(meta_graph_or_file, clear_devices=False, graph=None,
                             import_scope=None, input_map=None,
                             unbound_inputs_col_name="unbound_inputs",
                             restore_collections_predicate=lambda key: True):
    """Adds a meta graph to a graph, nodes and collections.

    Args:
      meta_graph_or_file: a MetaGraphDef or the name of a file of one.
      clear_devices: forget the nodes' devices.
      graph: the Graph, by default the default one.
      import_scope: the name scope for all of it.
      input_map: {name in the meta graph: what to take for it}, "$unbound_inputs_..." too.
      unbound_inputs_col_name: the collection of the names of what it needs.
      restore_collections_predicate: function of a key: import that collection?

    Returns:
      {name in the meta graph: variable}.

    Raises:
      ValueError: `input_map` lacks what the meta graph needs.
    """
    return import_scoped_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices, graph, import_scope, input_map,
        unbound_inputs_col_name, restore_collections_predicate)[0]


def import_scoped_meta_graph_with_return_elements(
        meta_graph_or_file, clear_devices=False, graph=None, import_scope=None, input_map=None,
        unbound_inputs_col_name="unbound_inputs", restore_collections_predicate=lambda key: True,
        return_elements=None):
    """import_scoped_meta_graph(); also a list of the `return_elements`, by name."""
    message = meta_graph_or_file
    if not isinstance(message, messages.MetaGraphDef):
        message = read_meta_graph_file(message)
    _check_bound(message, unbound_inputs_col_name, input_map)
    graph = graph or ops.get_default_graph()
    with graph.as_default():
        scope = _import_scope(graph, import_scope)
        elements = importer.import_graph_def(
            _graph_def(message, clear_devices), name=import_scope or scope, input_map=input_map,
            producer_op_list=message.meta_info_def.stripped_op_list
            if message.meta_info_def.HasField("stripped_op_list") else None,
            return_elements=return_elements)
        _import_collections(graph, message, scope, lambda key: key != unbound_inputs_col_name and
                            restore_collections_predicate(key))
        found = graph.get_collection(ops.GraphKeys.GLOBAL_VARIABLES, scope)
    return {ops.strip_name_scope(v.name, scope): v for v in found}, elements


def _check_bound(message, key, input_map):
    if not key or key not in message.collection_def:
        return
    values = message.collection_def[key].bytes_list.value or \
        message.collection_def[key].node_list.value
    needed = sorted(compat.as_str(name) for name in values)
    if needed and (not input_map or needed != sorted(input_map)):
        raise ValueError("Graph contains unbound inputs: %s. Must provide these inputs through "
                         "input_map." % ",".join(needed))


def _import_scope(graph, import_scope):
    """What the names of the nodes will begin with."""
    if import_scope:
        return graph.unique_name(import_scope, mark_as_used=False)
    return graph._scope


def _graph_def(message, clear_devices):
    if not clear_devices:
        return message.graph_def
    graph_def = messages.GraphDef()
    graph_def.CopyFrom(message.graph_def)
    for node in graph_def.node:
        node.device = ""
    return graph_def


def _import_collections(graph, message, scope, wanted):
    """Fills the graph's collections. One variable is one object in all of them."""
    from weft.python.training import saver  # noqa: F401      registers how Savers are written
    variables_by_proto = {}
    # The trainable ones come first: an old VariableDef is trainable if it is in there.
    for key in sorted(message.collection_def, key=lambda key: (
            key != ops.GraphKeys.TRAINABLE_VARIABLES, key)):
        if not wanted(key):
            continue
        values = message.collection_def[key]
        kind = values.WhichOneof("kind")
        if kind is None:
            logging.error("Cannot identify data type for collection %s. Skipping.", key)
            continue
        known = variables_by_proto if key in ops.GraphKeys._VARIABLE_COLLECTIONS else {}
        for value in getattr(values, kind).value:
            graph.add_to_collection(key, _element(graph, message, key, kind, value, scope, known))


def _element(graph, message, key, kind, value, scope, known):
    """One element of a collection."""
    from_proto = ops.get_from_proto_function(key)
    if kind == "bytes_list" and from_proto is not None:
        if value not in known:
            proto = ops.get_collection_proto_type(key).FromString(value)
            if not _says_trainable(message):
                _set_trainable(proto, key)
            known[value] = from_proto(proto, import_scope=scope)
        return known[value]
    if kind == "node_list":
        return graph.as_graph_element(ops.prepend_name_scope(value, scope))
    if kind == "bytes_list":
        return ops.prepend_name_scope(value, scope)
    return value


def _says_trainable(message):
    """Whether the meta graph's VariableDefs know `trainable`: since 1.9."""
    version = message.meta_info_def.tensorflow_version
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    return not version or numbers >= [1, 9]


def _set_trainable(proto, key):
    if "trainable" in proto.DESCRIPTOR.fields_by_name:
        proto.trainable = key == ops.GraphKeys.TRAINABLE_VARIABLES


def copy_scoped_meta_graph(from_scope, to_scope, from_graph=None, to_graph=None):
    """Copies what is in a name scope to another, maybe of another graph.

    Returns:
      {name within the scope: variable}, the copies.

    Raises:
      ValueError: the scopes, in one graph, are the same.
    """
    from_graph = from_graph or ops.get_default_graph()
    to_graph = to_graph or ops.get_default_graph()
    if from_graph is to_graph and from_scope == to_scope:
        raise ValueError("'from_scope' and 'to_scope' need to be different when performing copy in "
                         "the same graph.")
    message, _ = export_scoped_meta_graph(graph=from_graph, export_scope=from_scope)
    return import_scoped_meta_graph(message, graph=to_graph, import_scope=to_scope)
