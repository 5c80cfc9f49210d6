"""tf.train.write_graph: a graph as a file."""
import os

from weft.python.lib.io import file_io


def write_graph(graph_or_graph_def, logdir, name, as_text=True):
    """Writes a Graph or a GraphDef to logdir/name, as text or binary, and gives back that path.
    The folder is made if need be; the file is there whole or not at all (G34)."""
    from google.protobuf import text_format
    message = graph_or_graph_def
    if hasattr(message, "as_graph_def"):
        message = message.as_graph_def()
    file_io.recursive_create_dir(logdir)
    path = os.path.join(logdir, name)
    contents = text_format.MessageToString(message) if as_text else message.SerializeToString()
    file_io.atomic_write_string_to_file(path, contents)
    return path
