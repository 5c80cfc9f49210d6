"""Loads SavedModels: a meta graph into a session's graph, its variables into the session."""

import os

from weft.python.framework import messages
from weft.python.framework import ops
from weft.python.lib.io import file_io
from weft.python.ops import variables
from weft.python.platform import tf_logging as logging
from weft.python.saved_model import constants
from weft.python.saved_model import signature_def_utils_impl
from weft.python.saved_model import utils_impl
from weft.python.training import saver as saver_module
from weft.python.util import compat

__all__ = ["SavedModelLoader", "load", "maybe_saved_model_directory", "parse_saved_model"]


def _files(export_dir):
    folder = compat.as_text(compat.path_to_str(export_dir))
    return [os.path.join(folder, name) for name in (constants.SAVED_MODEL_FILENAME_PB,
                                                    constants.SAVED_MODEL_FILENAME_PBTXT)]


def parse_saved_model(export_dir):
    """The SavedModel message of a folder.

    Raises:
      IOError: there is none, or it cannot be parsed.
    """
    from google.protobuf import message, text_format
    binary, text = _files(export_dir)
    try:
        if file_io.file_exists(binary):
            path = binary
            return messages.SavedModel.FromString(file_io.read_file_to_string(binary, True))
        if file_io.file_exists(text):
            path = text
            return text_format.Parse(file_io.read_file_to_string(text), messages.SavedModel())
    except (message.DecodeError, text_format.ParseError) as e:
        raise IOError("Cannot parse file %s: %s." % (path, e)) from None
    raise IOError("SavedModel file does not exist at: %s/{%s|%s}" % (
        compat.as_text(compat.path_to_str(export_dir)), constants.SAVED_MODEL_FILENAME_PBTXT,
        constants.SAVED_MODEL_FILENAME_PB))


_parse_saved_model = parse_saved_model


def maybe_saved_model_directory(export_dir):
    """Is there a SavedModel in the folder, as far as names tell?"""
    return any(file_io.file_exists(path) for path in _files(export_dir))


contains_saved_model = maybe_saved_model_directory


def load(sess, tags, export_dir, import_scope=None, **saver_kwargs):
    """Loads a model: adds the meta graph with these tags to the session's graph, restores its
    variables, and runs its main op with the paths of the files that it needs.

    Args:
      sess: the Session.
      tags: exactly the tags of the meta graph.
      export_dir: the folder.
      import_scope: the name scope for all of it.
      **saver_kwargs: see tf.train.import_meta_graph.

    Returns:
      The MetaGraphDef, with its signatures.

    Raises:
      IOError: there is no SavedModel.
      RuntimeError: it has no meta graph with these tags.
    """
    return SavedModelLoader(export_dir).load(sess, tags, import_scope, **saver_kwargs)


class SavedModelLoader:
    """load() in steps: the graph, the variables, the main op."""

    def __init__(self, export_dir):
        self._export_dir = export_dir
        self._saved_model = parse_saved_model(export_dir)

    @property
    def export_dir(self):
        """The folder."""
        return self._export_dir

    @property
    def variables_path(self):
        """The prefix of the variables' checkpoint."""
        return utils_impl.get_variables_path(self._export_dir)

    @property
    def saved_model(self):
        """The SavedModel message."""
        return self._saved_model

    def get_meta_graph_def_from_tags(self, tags):
        """The MetaGraphDef with exactly these tags."""
        found = [set(g.meta_info_def.tags) for g in self._saved_model.meta_graphs]
        for meta_graph, own in zip(self._saved_model.meta_graphs, found):
            if own == set(tags):
                return meta_graph
        raise RuntimeError("MetaGraphDef associated with tags %s could not be found in SavedModel. "
                           "Available tag-sets: %s" % (str(tags).strip("[]"), found))

    def load_graph(self, graph, tags, import_scope=None, **saver_kwargs):
        """Adds the meta graph to `graph`; its Saver (or None), and the elements asked for."""
        message = self.get_meta_graph_def_from_tags(tags)
        with graph.as_default():
            return saver_module._import_meta_graph_with_return_elements(
                message, import_scope=import_scope, **saver_kwargs)

    def restore_variables(self, sess, saver, import_scope=None):
        """Restores the variables by the Saver that load_graph() returned."""
        with sess.graph.as_default():
            if isinstance(saver, saver_module.Saver):
                saver.restore(sess, self.variables_path)
            elif saver is None and not variables._all_saveable_objects(scope=import_scope):
                logging.info("The specified SavedModel has no variables; no checkpoints were "
                             "restored.")
            else:
                raise ValueError("No tf.train.Saver object was passed to the function "
                                 "SavedModelLoader.restore_variables.")

    def run_init_ops(self, sess, tags, import_scope=None):
        """Runs the main op, if there is one."""
        message = self.get_meta_graph_def_from_tags(tags)
        with sess.graph.as_default():
            op = get_init_op(message, import_scope)
            if op is not None:
                sess.run(op, get_asset_tensors(self._export_dir, message, import_scope))

    def load(self, sess, tags, import_scope=None, **saver_kwargs):
        """All of it; the MetaGraphDef."""
        saver, _ = self.load_graph(sess.graph, tags, import_scope, **saver_kwargs)
        self.restore_variables(sess, saver, import_scope)
        self.run_init_ops(sess, tags, import_scope)
        return self.get_meta_graph_def_from_tags(tags)


def get_asset_tensors(export_dir, meta_graph_def, import_scope=None):
    """{name of a tensor: the path of the file that it stands for}."""
    assets = list(meta_graph_def.asset_file_def)
    if not assets and constants.ASSETS_KEY in meta_graph_def.collection_def:
        packed = meta_graph_def.collection_def[constants.ASSETS_KEY].any_list.value
        assets = [messages.AssetFileDef.FromString(one.value) for one in packed]
    folder = utils_impl.get_assets_dir(export_dir)
    return {ops.prepend_name_scope(asset.tensor_info.name, import_scope):
            os.path.join(folder, asset.filename) for asset in assets}


def get_init_op(meta_graph_def, import_scope=None):
    """The Operation to run after loading, or None."""
    return _op_of(meta_graph_def, import_scope, constants.INIT_OP_SIGNATURE_KEY,
                  constants.MAIN_OP_KEY, constants.LEGACY_INIT_OP_KEY)


def get_train_op(meta_graph_def, import_scope=None):
    """The Operation or Tensor that trains, or None."""
    return _op_of(meta_graph_def, import_scope, constants.TRAIN_OP_SIGNATURE_KEY,
                  constants.TRAIN_OP_KEY)


def _op_of(meta_graph_def, import_scope, signature_key, *collection_keys):
    """What the signature names, else the only element of the first collection that is there."""
    if signature_key in meta_graph_def.signature_def:
        return signature_def_utils_impl.load_op_from_signature_def(
            meta_graph_def.signature_def[signature_key], signature_key, import_scope)
    for key in collection_keys:
        if key in meta_graph_def.collection_def:
            return _only(meta_graph_def.collection_def[key].node_list.value, import_scope)
    return None


def _only(names, import_scope):
    if len(names) != 1:
        raise RuntimeError("Expected exactly one SavedModel main op. Found: {}".format(
            list(names)))
    return ops.get_default_graph().as_graph_element(ops.prepend_name_scope(names[0], import_scope))
