"""Saver: variables to checkpoints and back; and meta graphs, which are graphs with what belongs to
them."""

import os
import time

from weft.python.client import session
from weft.python.framework import errors
from weft.python.framework import messages
from weft.python.framework import meta_graph
from weft.python.framework import ops
from weft.python.ops import variables
from weft.python.platform import tf_logging as logging
from weft.python.training import checkpoint_management
from weft.python.training import queue_runner_impl  # noqa: F401: what meta graphs hold
from weft.python.training import restore_check
from weft.python.training import training_util
from weft.python.training.checkpoint_management import (  # noqa: F401
    checkpoint_exists, generate_checkpoint_state_proto, get_checkpoint_mtimes,
    get_checkpoint_state, latest_checkpoint, remove_checkpoint, update_checkpoint_state)
from weft.python.training.saver_builder import BaseSaverBuilder, BulkSaverBuilder
from weft.python.util import compat

__all__ = ["BaseSaverBuilder", "BulkSaverBuilder", "Saver", "export_meta_graph",
           "import_meta_graph"]

_V2 = 2                                 # SaverDef.V2


class Saver:
    """Saves variables of a session to checkpoints, and restores them.

    Its nodes, under "save/", are made at once and are for the variables that there are then.

    Args:
      var_list: a list of variables and SaveableObjects, or {name in the checkpoint: variable, or
        list of slices}; all that are there by default. A variable goes by its op's name.
      reshape: a value of another shape is given the variable's, if it has as many elements.
      sharded: a file for each device.
      max_to_keep: how many checkpoints to keep; None or 0: all.
      keep_checkpoint_every_n_hours: besides, one is kept for good each time so long has passed.
      name: the name scope of the nodes, "save" by default.
      restore_sequentially: one variable after the other.
      saver_def: a SaverDef: the nodes are there already, below the scope `name`.
      builder: makes the nodes; a BulkSaverBuilder by default.
      defer_build: make the nodes when build() is called.
      allow_empty: having nothing to save is no error.
      write_version: SaverDef.V2 or SaverDef.V1.
      pad_step_number: step numbers have eight digits.
      save_relative_paths: the state file has relative paths.
      filename: the default of the file name's placeholder.

    Raises:
      ValueError: there is nothing to save; names clash; `defer_build` with `var_list`.
      TypeError: what is to be saved is no variable.
    """

    def __init__(self, var_list=None, reshape=False, sharded=False, max_to_keep=5,
                 keep_checkpoint_every_n_hours=10000.0, name=None, restore_sequentially=False,
                 saver_def=None, builder=None, defer_build=False, allow_empty=False,
                 write_version=_V2, pad_step_number=False, save_relative_paths=False,
                 filename=None):
        if defer_build and var_list:
            raise ValueError("If `var_list` is provided then build cannot be deferred. Either set "
                             "defer_build=False or var_list=None.")
        self.saver_def = saver_def
        self._name = name
        self._builder = builder
        self._allow_empty = allow_empty
        self._write_version = write_version
        self._pad_step_number = pad_step_number
        self._save_relative_paths = save_relative_paths
        self._options = dict(reshape=reshape, sharded=sharded, max_to_keep=max_to_keep, name=name,
                             keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
                             restore_sequentially=restore_sequentially, filename=filename)
        self._is_built = self._is_empty = False
        self._last_checkpoints = []     # (prefix, when it was written), the latest last
        self._to_be_deleted = []
        if not defer_build:
            self._build(var_list)
        if self.saver_def is not None:
            self._write_version = self.saver_def.version

    # ---- its nodes ----

    def build(self):
        """Makes the nodes, if that was deferred."""
        self._build(None)

    def _build(self, var_list):
        if self._is_built:
            return
        self._is_built = True
        if self.saver_def is None:
            self._add_nodes(var_list)
        elif self._name:
            self.saver_def = _with_names(self.saver_def, lambda name: ops.prepend_name_scope(
                name, self._name))
        if self.saver_def is not None:
            self._check_saver_def()
            self._next_checkpoint_time = (
                time.time() + self.saver_def.keep_checkpoint_every_n_hours * 3600)

    def _add_nodes(self, var_list):
        if var_list is None:
            var_list = variables._all_saveable_objects()
        self._is_empty = not var_list
        if var_list:
            builder = self._builder or BulkSaverBuilder(self._write_version)
            self.saver_def = builder.build(var_list, **self._options)
        elif not self._allow_empty:
            raise ValueError("No variables to save")

    def _check_saver_def(self):
        if not isinstance(self.saver_def, messages.SaverDef):
            raise ValueError("saver_def must be a saver_pb2.SaverDef: %s" % self.saver_def)
        for field in ("save_tensor_name", "restore_op_name"):
            if not getattr(self.saver_def, field):
                raise ValueError("saver_def must specify the %s: %s" % (field, self.saver_def))

    # ---- as a message ----

    def as_saver_def(self):
        """The SaverDef that describes it."""
        return self.saver_def

    def to_proto(self, export_scope=None):
        """Its SaverDef as seen from within `export_scope`; None if it is not there."""
        if not export_scope or self.saver_def is None:
            return self.saver_def
        names = (self.saver_def.filename_tensor_name, self.saver_def.save_tensor_name,
                 self.saver_def.restore_op_name)
        if not all(name.startswith(export_scope) for name in names):
            return None
        return _with_names(self.saver_def, lambda name: ops.strip_name_scope(name, export_scope))

    @staticmethod
    def from_proto(saver_def, import_scope=None):
        """The Saver whose nodes a SaverDef names, below `import_scope`."""
        return Saver(saver_def=saver_def, name=import_scope)

    # ---- which checkpoints there are ----

    @property
    def last_checkpoints(self):
        """The prefixes of those that are kept, the latest last."""
        return [prefix for prefix, _ in self._last_checkpoints]

    def set_last_checkpoints(self, last_checkpoints):
        """Says which there are; it is not known since when, so none of them will be deleted."""
        assert isinstance(last_checkpoints, list)
        self._last_checkpoints = [(prefix, float("inf")) for prefix in last_checkpoints]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time):
        """Says which there are: [(prefix, when it was written)]."""
        assert isinstance(last_checkpoints_with_time, list)
        self._last_checkpoints = last_checkpoints_with_time

    def recover_last_checkpoints(self, checkpoint_paths):
        """Goes on from another Saver's checkpoints: those of these prefixes that are there."""
        found = [(prefix, checkpoint_management.get_checkpoint_mtimes([prefix]))
                 for prefix in checkpoint_paths]
        self.set_last_checkpoints_with_time([(prefix, time[0]) for prefix, time in found if time])

    def _record(self, prefix):
        """One more checkpoint, the latest; the oldest may be one too many."""
        if not self.saver_def.max_to_keep:
            return
        self._last_checkpoints = [p for p in self._last_checkpoints if p[0] != prefix]
        self._last_checkpoints.append((prefix, time.time()))
        if len(self._last_checkpoints) > self.saver_def.max_to_keep:
            self._to_be_deleted.append(self._last_checkpoints.pop(0))

    def _delete_old(self, meta_graph_suffix):
        if not self._to_be_deleted:
            return
        prefix, written = self._to_be_deleted.pop(0)
        if written > self._next_checkpoint_time:
            self._next_checkpoint_time += self.saver_def.keep_checkpoint_every_n_hours * 3600
            return
        try:
            checkpoint_management.remove_checkpoint(prefix, self.saver_def.version,
                                                    meta_graph_suffix)
        except (OSError, errors.OpError) as e:
            logging.warning("Ignoring: %s", e)

    # ---- saving ----

    def save(self, sess, save_path, global_step=None, latest_filename=None,
             meta_graph_suffix="meta", write_meta_graph=True, write_state=True,
             strip_default_attrs=False, save_debug_info=False):
        """Saves the variables of a session; they must be initialized.

        Args:
          sess: the Session.
          save_path: the prefix of the checkpoint's files, without the step.
          global_step: a number, or what gives one in `sess`: a tensor, a variable, a name.
          latest_filename: of the state file, "checkpoint" by default.
          meta_graph_suffix: of the meta graph's file.
          write_meta_graph: also write the graph.
          write_state: also write the state file, and delete what is one checkpoint too many.
          strip_default_attrs: the meta graph does not say attributes that have their defaults.
          save_debug_info: where nodes were made is not written, whatever this says.

        Returns:
          The prefix of what was written, with the step; None if there is nothing to save.

        Raises:
          TypeError: `sess` is no Session.
          ValueError: a bad `latest_filename`, or a folder that is not there.
          RuntimeError: build() was deferred and not called.
        """
        if not self._is_built:
            raise RuntimeError("`build()` should be called before save if defer_build==True")
        latest_filename = latest_filename or "checkpoint"
        prefix = self._prefix(sess, compat.as_str(compat.path_to_str(save_path)), global_step,
                              latest_filename)
        if not isinstance(sess, session.BaseSession):
            raise TypeError("'sess' must be a Session; %s" % (sess,))
        written = None
        if not self._is_empty:
            written = self._write(sess, prefix)
            if write_state:
                self._write_state(written, os.path.dirname(prefix), latest_filename)
                self._delete_old(meta_graph_suffix)
        if write_meta_graph:
            with sess.graph.as_default():
                self.export_meta_graph(
                    checkpoint_management.meta_graph_filename(prefix, meta_graph_suffix),
                    strip_default_attrs=strip_default_attrs)
        return written

    def _prefix(self, sess, save_path, global_step, latest_filename):
        if os.path.dirname(latest_filename):
            raise ValueError("'latest_filename' must not contain path components")
        if global_step is None:
            if os.path.basename(save_path) == latest_filename and not self._options["sharded"]:
                raise ValueError("'latest_filename' collides with 'save_path': '%s' and '%s'" %
                                 (latest_filename, save_path))
            return save_path
        if not isinstance(global_step, compat.integral_types):
            global_step = training_util.global_step(sess, global_step)
        return ("%s-%08d" if self._pad_step_number else "%s-%d") % (save_path, global_step)

    def _write(self, sess, prefix):
        if self._write_version != _V2:
            logging.warning("TensorFlow's V1 checkpoint format has been deprecated. Consider "
                            "`tf.train.Saver(write_version=tf.train.SaverDef.V2)`.")
        try:
            return compat.as_str(sess.run(self.saver_def.save_tensor_name,
                                          {self.saver_def.filename_tensor_name: prefix}))
        except (errors.FailedPreconditionError, errors.NotFoundError):
            if not os.path.isdir(os.path.dirname(prefix) or "."):
                raise ValueError("Parent directory of {} doesn't exist, can't save.".format(
                    prefix)) from None
            raise

    def _write_state(self, written, folder, latest_filename):
        self._record(written)
        checkpoint_management.update_checkpoint_state_internal(
            folder, written, self.last_checkpoints, latest_filename, self._save_relative_paths)

    def export_meta_graph(self, filename=None, collection_list=None, as_text=False,
                          export_scope=None, clear_devices=False, clear_extraneous_savers=False,
                          strip_default_attrs=False, save_debug_info=False):
        """The default graph as a MetaGraphDef with this Saver; see tf.train.export_meta_graph."""
        return export_meta_graph(
            filename, saver_def=self.saver_def, collection_list=collection_list, as_text=as_text,
            graph_def=ops.get_default_graph().as_graph_def(add_shapes=True),
            export_scope=export_scope, clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs)

    # ---- restoring ----

    def restore(self, sess, save_path):
        """Gives the variables of a session the values of a checkpoint; they need no initializer.

        Raises:
          ValueError: there is no checkpoint of this prefix.
          NotFoundError: it lacks a variable.
          InvalidArgumentError: it has another shape or dtype.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        prefix = compat.as_text(compat.path_to_str(save_path))
        if not checkpoint_management.checkpoint_exists(prefix):
            raise ValueError("The passed save_path is not a valid checkpoint: " + prefix)
        logging.info("Restoring parameters from %s", prefix)
        try:
            restore_op = sess.graph.get_operation_by_name(self.saver_def.restore_op_name)
            restore_check.check_shapes(restore_op, prefix)
            sess.run(restore_op, {self.saver_def.filename_tensor_name: prefix})
        except errors.NotFoundError as e:
            raise _explained(e, "a Variable name or other graph key that is missing") from None
        except errors.InvalidArgumentError as e:
            raise _explained(e, "a mismatch between the current graph and the graph") from None


def _with_names(saver_def, change):
    """A copy of a SaverDef with other names."""
    copy = messages.SaverDef()
    copy.CopyFrom(saver_def)
    for field in ("filename_tensor_name", "save_tensor_name", "restore_op_name"):
        setattr(copy, field, change(getattr(copy, field)))
    return copy


def _explained(error, why):
    """The error of a failed restore, with what it most likely comes from (G9, G10)."""
    return type(error)(error.node_def, error.op, (
        "Restoring from checkpoint failed. This is most likely due to %s from the checkpoint. "
        "Please ensure that you have not altered the graph expected based on the checkpoint. "
        "Original error:\n\n%s" % (why, error.message)))


def _saver_to_proto(saver, export_scope=None):
    return saver.to_proto(export_scope)


ops.register_proto_function(ops.GraphKeys.SAVERS, "SaverDef", _saver_to_proto, Saver.from_proto)


def _get_saver_or_default():
    """The Saver of the SAVERS collection, which gets one for all variables if it is empty.

    Raises:
      RuntimeError: there are several.
    """
    savers = ops.get_collection(ops.GraphKeys.SAVERS)
    if len(savers) > 1:
        raise RuntimeError("More than one item in collection {}. Please indicate which one to use "
                           "by passing it to the constructor.".format(ops.GraphKeys.SAVERS))
    if savers:
        return savers[0]
    saver = Saver(sharded=True, allow_empty=True)
    ops.add_to_collection(ops.GraphKeys.SAVERS, saver)
    return saver


# ---- meta graphs ----

def import_meta_graph(meta_graph_or_file, clear_devices=False, import_scope=None, **kwargs):
    """Adds a meta graph to the default graph: nodes and collections.

    Args:
      meta_graph_or_file: a MetaGraphDef, or the name of its file, binary or text.
      clear_devices: forget the nodes' devices.
      import_scope: the name scope for all of it.
      **kwargs: `graph`, `input_map` and others of meta_graph.import_scoped_meta_graph().

    Returns:
      A Saver of its variables; None if it has none.

    Raises:
      IOError: the file is not there or no meta graph.
    """
    return _import_meta_graph_with_return_elements(meta_graph_or_file, clear_devices, import_scope,
                                                   **kwargs)[0]


def _import_meta_graph_with_return_elements(meta_graph_or_file, clear_devices=False,
                                            import_scope=None, return_elements=None, **kwargs):
    """import_meta_graph(); also a list of the elements of the meta graph that are asked for."""
    message = meta_graph_or_file
    if not isinstance(message, messages.MetaGraphDef):
        message = meta_graph.read_meta_graph_file(message)
    found, elements = meta_graph.import_scoped_meta_graph_with_return_elements(
        message, clear_devices=clear_devices, import_scope=import_scope,
        return_elements=return_elements, **kwargs)
    return _imported_saver(message, import_scope, found), elements


def _imported_saver(message, import_scope, imported):
    """The Saver of what was imported: variables by their names in the meta graph."""
    if message.HasField("saver_def"):
        for name, variable in imported.items():     # the scope may have been made unique
            import_scope = variable.name[:len(variable.name) - len(name)]
        return Saver(saver_def=message.saver_def, name=import_scope)
    if variables._all_saveable_objects(scope=import_scope):
        return Saver()
    logging.info("Saver not created because there are no variables in the graph to restore")
    return None


def export_meta_graph(filename=None, meta_info_def=None, graph_def=None, saver_def=None,
                      collection_list=None, as_text=False, graph=None, export_scope=None,
                      clear_devices=False, clear_extraneous_savers=False,
                      strip_default_attrs=False, save_debug_info=False, **kwargs):
    """A graph with its collections as a MetaGraphDef.

    Args:
      filename: where to write it, if anywhere.
      meta_info_def: a MetaInfoDef to begin with.
      graph_def: what to take for the graph's nodes.
      saver_def: the Saver's SaverDef.
      collection_list: keys of the collections; all by default.
      as_text: write it as text.
      graph: the Graph, by default the default one.
      export_scope: only what is in this name scope, as seen from within.
      clear_devices: forget the nodes' devices.
      clear_extraneous_savers: forget all Savers but that of `saver_def`, and their nodes.
      strip_default_attrs: do not say attributes that have their defaults.
      save_debug_info: where nodes were made is not written, whatever this says.
    """
    return meta_graph.export_scoped_meta_graph(
        filename=filename, meta_info_def=meta_info_def, graph_def=graph_def, saver_def=saver_def,
        collection_list=collection_list, as_text=as_text, graph=graph, export_scope=export_scope,
        clear_devices=clear_devices, clear_extraneous_savers=clear_extraneous_savers,
        strip_default_attrs=strip_default_attrs, **kwargs)[0]
