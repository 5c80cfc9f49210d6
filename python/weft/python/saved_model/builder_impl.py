"""Writes SavedModels: a folder with meta graphs, one checkpoint for all, and the files they need.
"""

import os

from weft.python.framework import dtypes
from weft.python.framework import messages
from weft.python.framework import ops
from weft.python.framework import tensor_util
from weft.python.lib.io import file_io
from weft.python.ops import variables
from weft.python.platform import tf_logging as logging
from weft.python.saved_model import constants
from weft.python.saved_model import utils_impl
from weft.python.training import saver as saver_module
from weft.python.util import compat

__all__ = ["SavedModelBuilder"]


class SavedModelBuilder:
    """Collects the meta graphs of a SavedModel; save() writes them.

        builder = tf.saved_model.builder.SavedModelBuilder(export_dir)
        builder.add_meta_graph_and_variables(sess, ["serve"], signature_def_map={...})
        builder.save()

    Raises:
      AssertionError: there is something in the folder.
    """

    def __init__(self, export_dir):
        export_dir = compat.as_text(compat.path_to_str(export_dir))
        if file_io.file_exists(export_dir) and file_io.list_directory(export_dir):
            raise AssertionError("Export directory already exists. Please specify a different "
                                 "export directory, or delete all that is in it: %s" % export_dir)
        file_io.recursive_create_dir(export_dir)
        self._export_dir = export_dir
        self._saved_model = messages.SavedModel(
            saved_model_schema_version=constants.SAVED_MODEL_SCHEMA_VERSION)
        self._has_saved_variables = False

    def add_meta_graph_and_variables(self, sess, tags, signature_def_map=None,
                                     assets_collection=None, legacy_init_op=None,
                                     clear_devices=False, main_op=None,
                                     strip_default_attrs=False, saver=None):
        """Adds the default graph, and saves its variables as they are in a session.

        Args:
          sess: the Session.
          tags: names by which the meta graph is found.
          signature_def_map: {name: SignatureDef}.
          assets_collection: string constants: paths of files that are copied into the SavedModel;
            they have the copies' paths when it was loaded.
          legacy_init_op: an older name of `main_op`.
          clear_devices: forget the nodes' devices.
          main_op: an Operation to run after loading.
          strip_default_attrs: do not say attributes that have their defaults.
          saver: what saves; by default a Saver of all variables.

        Raises:
          AssertionError: variables were saved before; a signature is not complete.
        """
        if self._has_saved_variables:
            raise AssertionError("Graph state including variables and assets has already been "
                                 "saved. Please invoke `add_meta_graph()` instead.")
        saver = self._prepare(signature_def_map, assets_collection, main_op or legacy_init_op,
                              saver)
        utils_impl.get_or_create_variables_dir(self._export_dir)
        saver.save(sess, utils_impl.get_variables_path(self._export_dir), write_meta_graph=False,
                   write_state=False)
        self._add(saver, tags, signature_def_map, clear_devices, strip_default_attrs)
        self._has_saved_variables = True

    def add_meta_graph(self, tags, signature_def_map=None, assets_collection=None,
                       legacy_init_op=None, clear_devices=False, main_op=None,
                       strip_default_attrs=False, saver=None):
        """Adds the default graph; its variables are among those that were saved before.

        For the arguments see add_meta_graph_and_variables().
        """
        if not self._has_saved_variables:
            raise AssertionError("Graph state including variables and assets has not been saved "
                                 "yet. Please invoke `add_meta_graph_and_variables()` first.")
        saver = self._prepare(signature_def_map, assets_collection, main_op or legacy_init_op,
                              saver)
        self._add(saver, tags, signature_def_map, clear_devices, strip_default_attrs)

    def save(self, as_text=False):
        """Writes saved_model.pb, or saved_model.pbtxt; its path, as bytes."""
        name = (constants.SAVED_MODEL_FILENAME_PBTXT if as_text else
                constants.SAVED_MODEL_FILENAME_PB)
        file_io.recursive_create_dir(self._export_dir)
        path = os.path.join(self._export_dir, name)
        file_io.atomic_write_string_to_file(
            path, str(self._saved_model) if as_text else
            self._saved_model.SerializeToString(deterministic=True))
        logging.info("SavedModel written to: %s", path)
        return compat.as_bytes(path)

    # ---- one meta graph ----

    def _prepare(self, signature_def_map, assets, main_op, saver):
        """Checks, fills the graph's collections, and returns the Saver."""
        _check_signatures(signature_def_map or {})
        self._copy_assets(assets or [])
        _add_main_op(main_op)
        if saver is None:
            saver = saver_module.Saver(variables._all_saveable_objects(), sharded=True,
                                       allow_empty=True)
        return saver

    def _add(self, saver, tags, signature_def_map, clear_devices, strip_default_attrs):
        added = self._saved_model.meta_graphs.add()
        added.CopyFrom(saver.export_meta_graph(clear_devices=clear_devices,
                                               strip_default_attrs=strip_default_attrs))
        added.meta_info_def.tags.extend(tags)
        for key, signature in (signature_def_map or {}).items():
            added.signature_def[key].CopyFrom(signature)

    def _copy_assets(self, tensors):
        """Copies the files that constants name; the collection tells which is for which."""
        copied = {}                     # name of the copy -> the file
        for tensor in tensors:
            source = _asset_path(tensor)
            name = _asset_name(source, copied)
            copied[name] = source
            _add_asset(name, tensor)
        for name, source in copied.items():
            folder = utils_impl.get_or_create_assets_dir(self._export_dir)
            file_io.copy(source, os.path.join(folder, name), overwrite=True)


# ---- signatures and the main op ----

def _check_signatures(signature_def_map):
    for key, what in ((constants.INIT_OP_SIGNATURE_KEY, "initialization"),
                      (constants.TRAIN_OP_SIGNATURE_KEY, "the train op")):
        if key in signature_def_map:
            raise KeyError('SignatureDef map key "%s" is reserved for %s. Please use a different '
                           "key." % (key, what))
    for signature in signature_def_map.values():
        for info in [*signature.inputs.values(), *signature.outputs.values()]:
            _check_info(info)


def _check_info(info):
    text = "All TensorInfo protos used in the SignatureDefs must have "
    if info.WhichOneof("encoding") is None:
        raise AssertionError("%sone of the 'encoding' fields (e.g., name or coo_sparse) set: %s"
                             % (text, info))
    if info.dtype == messages.DT_INVALID:
        raise AssertionError("%sthe dtype field set: %s" % (text, info))


def _add_main_op(main_op):
    if main_op is None:
        return
    if not isinstance(main_op, ops.Operation):
        raise TypeError("main_op needs to be an Operation: %r" % (main_op,))
    for key in (constants.MAIN_OP_KEY, constants.LEGACY_INIT_OP_KEY):
        if ops.get_collection(key):
            raise ValueError("Graph already contains one or more main ops under the collection "
                             "{}.".format(key))
    ops.add_to_collection(constants.MAIN_OP_KEY, main_op)


# ---- files that the graph needs ----

def _asset_path(tensor):
    """The path that a constant holds."""
    if not isinstance(tensor, ops.Tensor):
        raise TypeError("Asset path tensor must be a Tensor.")
    if tensor.op.type != "Const":
        raise TypeError("Asset path tensor must be of type constant.")
    if tensor.dtype != dtypes.string:
        raise TypeError("Asset path tensor must be of dtype string.")
    value = tensor_util.constant_value(tensor)
    if value is None or value.size != 1:
        raise TypeError("Asset path tensor must be a scalar.")
    path = compat.as_text(value.item())
    if not path:
        raise ValueError("Invalid asset filepath tensor %s" % tensor)
    return path


def _asset_name(source, copied):
    """What the copy of a file is called: like the file, unless another one is."""
    base = name = os.path.basename(source)
    i = 0
    while name in copied and copied[name] != source and not file_io.filecmp(copied[name], source):
        i += 1
        name = "%s_%d" % (base, i)
    return name


def _add_asset(name, tensor):
    asset = messages.AssetFileDef(filename=name)
    asset.tensor_info.name = tensor.name
    packed = messages.CollectionDef().any_list.value.add(
        type_url="type.googleapis.com/tensorflow.AssetFileDef", value=asset.SerializeToString())
    ops.add_to_collection(constants.ASSETS_KEY, packed)
