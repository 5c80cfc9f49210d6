"""Graphs and checkpoints made into one file: a GraphDef whose variables are constants."""
from weft.python.client import session
from weft.python.framework import graph_util_impl, importer, messages, ops
from weft.python.lib.io import file_io
from weft.python.saved_model import loader, tag_constants
from weft.python.tools.strip_unused_lib import read_graph_def
from weft.python.training import checkpoint_management, checkpoint_reader
from weft.python.training import saver as saver_lib


def freeze_graph(input_graph, input_saver, input_binary, input_checkpoint, output_node_names,
                 restore_op_name, filename_tensor_name, output_graph, clear_devices,
                 initializer_nodes, variable_names_whitelist="", variable_names_blacklist="",
                 input_meta_graph=None, input_saved_model_dir=None,
                 saved_model_tags=tag_constants.SERVING, checkpoint_version=2):
    """freeze_graph_with_def_protos() of files: a GraphDef, a SaverDef or "", a MetaGraphDef or
    None. `input_binary`: they are bytes, not text."""
    return freeze_graph_with_def_protos(
        _read(input_graph, messages.GraphDef, input_binary),
        _read(input_saver, messages.SaverDef, input_binary), input_checkpoint, output_node_names,
        restore_op_name, filename_tensor_name, output_graph, clear_devices, initializer_nodes,
        variable_names_whitelist, variable_names_blacklist,
        _read(input_meta_graph, messages.MetaGraphDef, input_binary), input_saved_model_dir,
        saved_model_tags.split(","), checkpoint_version)


def freeze_graph_with_def_protos(
        input_graph_def, input_saver_def, input_checkpoint, output_node_names, restore_op_name,
        filename_tensor_name, output_graph, clear_devices, initializer_nodes,
        variable_names_whitelist="", variable_names_blacklist="", input_meta_graph_def=None,
        input_saved_model_dir=None, saved_model_tags=None, checkpoint_version=2):
    """The GraphDef of the outputs, whose names are separated by commas, with the variables' values
    of a checkpoint or a SavedModel as constants; it is written to `output_graph`, unless that is
    None. Instead of the GraphDef a MetaGraphDef or the folder of a SavedModel may be given.

    `initializer_nodes` are run after the variables were restored. `restore_op_name`,
    `filename_tensor_name` and `checkpoint_version` are of no effect. -1, and a line that says
    why, if there is no such checkpoint, or nothing is wanted.
    """
    if not input_saved_model_dir and not checkpoint_management.checkpoint_exists(input_checkpoint):
        print("Input checkpoint '%s' doesn't exist!" % input_checkpoint)
        return -1
    if not output_node_names:
        print("You need to supply the name of a node to --output_node_names.")
        return -1
    with ops.Graph().as_default(), session.Session() as sess:
        graph_def = _load(sess, input_graph_def, input_meta_graph_def, input_saver_def,
                          input_checkpoint, input_saved_model_dir, saved_model_tags, clear_devices)
        if initializer_nodes:
            sess.run(_names(initializer_nodes))
        frozen = graph_util_impl.convert_variables_to_constants(
            sess, graph_def, _names(output_node_names), _names(variable_names_whitelist),
            _names(variable_names_blacklist))
    if output_graph:
        file_io.atomic_write_string_to_file(output_graph, frozen.SerializeToString())
    return frozen


def _names(text):
    """What stands between commas; None for nothing."""
    return text.replace(" ", "").split(",") if text else None


def _read(path, kind, binary):
    from google.protobuf import text_format
    if not path:
        return None
    if kind is messages.GraphDef:
        return read_graph_def(path, binary)
    if binary:
        return kind.FromString(file_io.read_file_to_string(path, binary_mode=True))
    return text_format.Parse(file_io.read_file_to_string(path), kind())


def _load(sess, graph_def, meta_graph_def, saver_def, checkpoint, folder, tags, clear_devices):
    """The graph in the session, with the variables' values; its GraphDef."""
    if folder:
        return _without_devices(loader.load(sess, tags, folder).graph_def, clear_devices)
    if meta_graph_def:
        saver_lib.import_meta_graph(meta_graph_def, clear_devices=True).restore(sess, checkpoint)
        return _without_devices(meta_graph_def.graph_def, clear_devices)
    graph_def = _without_devices(graph_def, clear_devices)
    importer.import_graph_def(graph_def, name="")
    if saver_def:
        saver_lib.Saver(saver_def=saver_def).restore(sess, checkpoint)
    else:
        saver_lib.Saver(_variables(sess.graph, checkpoint)).restore(sess, checkpoint)
    return graph_def


def _without_devices(graph_def, clear):
    if clear:
        for node in graph_def.node:
            node.device = ""
    return graph_def


def _variables(graph, checkpoint):
    """{key of the checkpoint: the variable's tensor}, of those that the graph has."""
    reader = checkpoint_reader.NewCheckpointReader(checkpoint)
    found = {}
    for key in reader.get_variable_to_shape_map():
        try:
            found[key] = graph_util_impl.value_of(graph.get_operation_by_name(key))
        except KeyError:                # of an optimizer, say, that this graph is without
            continue
    return found
