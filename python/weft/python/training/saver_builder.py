"""Builds the nodes that save and restore variables, under "save/"."""

import uuid

from weft.python.framework import constant_op
from weft.python.framework import device_spec
from weft.python.framework import gen
from weft.python.framework import messages
from weft.python.framework import ops
from weft.python.ops import array_ops
from weft.python.ops import control_flow_ops
from weft.python.ops import partitioned_variable
from weft.python.training.saving import saveable_object
from weft.python.training.saving import saveable_object_util

_V1, _V2 = 1, 2                         # SaverDef.V1, SaverDef.V2


class BaseSaverBuilder:
    """Makes the nodes; a subclass may save or restore in its own way.

    Each variable is read back by an op of its own.
    """

    SaveSpec = saveable_object.SaveSpec
    SaveableObject = saveable_object.SaveableObject
    VariableSaveable = saveable_object_util.ReferenceVariableSaveable
    ResourceVariableSaveable = saveable_object_util.ResourceVariableSaveable
    OpListToDict = staticmethod(saveable_object_util.op_list_to_dict)

    def __init__(self, write_version=_V2):
        self._write_version = write_version

    # ---- what subclasses may do otherwise ----

    def save_op(self, filename_tensor, saveables):
        """The Operation that writes them all."""
        specs = [spec for saveable in saveables for spec in saveable.specs]
        names = [spec.name for spec in specs]
        tensors = [spec.tensor for spec in specs]
        slices = [spec.slice_spec for spec in specs]
        if self._write_version == _V1:
            return gen.SaveSlices(filename_tensor, names, slices, tensors, name="save")
        if self._write_version == _V2:
            return gen.SaveV2(filename_tensor, names, slices, tensors)
        raise RuntimeError("Unexpected write_version: %s" % self._write_version)

    def restore_op(self, filename_tensor, saveable, preferred_shard):
        """A list of the tensors of one."""
        return [tensor for spec in saveable.specs for tensor in _restore(filename_tensor, [spec])]

    def bulk_restore(self, filename_tensor, saveables, preferred_shard, restore_sequentially):
        """A list of the tensors of all. With `restore_sequentially` each waits for the one before,
        so that not all are in memory at once."""
        tensors = []
        for saveable in saveables:
            after = [t.op for t in tensors[-1:]] if restore_sequentially else []
            device = saveable_object_util.set_cpu0(saveable.device) if saveable.device else None
            with ops.control_dependencies(after), ops.device(device):
                tensors += self.restore_op(filename_tensor, saveable, preferred_shard)
        return tensors

    def sharded_filename(self, filename_tensor, shard, num_shards):
        """The name of one of several files."""
        return gen.ShardedFilename(filename_tensor, shard, num_shards)

    # ---- saving ----

    def _add_save(self, filename_tensor, saveables):
        """The file's name, there once it is written."""
        save = self.save_op(filename_tensor, saveables)
        return control_flow_ops.with_dependencies([save], filename_tensor)

    def _add_sharded_saves(self, prefix, shards):
        """The prefixes of the parts, one for each device."""
        count = constant_op.constant(len(shards), name="num_shards")
        names, saved = [], []
        for i, (device, saveables) in enumerate(shards):
            if self._write_version == _V2:
                device = saveable_object_util.set_cpu0(device)
            with ops.device(device):
                names.append(self.sharded_filename(prefix, i, count))
                saved.append(self._add_save(names[-1], saveables))
        return count, names, [tensor.op for tensor in saved]

    def _add_sharded_save(self, prefix, shards):
        """The prefix of all parts, there once they are written and, in V2, merged."""
        if self._write_version != _V2:
            count, _, saved = self._add_sharded_saves(prefix, shards)
            with ops.control_dependencies(saved):
                return gen.ShardedFilespec(prefix, count)
        # The parts go into a folder of their own, which the merge removes.
        part = gen.StringJoin([prefix, "_temp_%s/part" % uuid.uuid4().hex])
        _, names, saved = self._add_sharded_saves(part, shards)
        with ops.control_dependencies(saved), \
                ops.device(saveable_object_util.set_cpu0(shards[-1][0])):
            merged = gen.MergeV2Checkpoints(names, prefix, delete_old_dirs=True)
            with ops.control_dependencies([merged]):
                return gen.Identity(prefix)

    # ---- restoring ----

    def _add_restore(self, filename_tensor, saveables, restore_sequentially, reshape,
                     preferred_shard=-1, name="restore_all"):
        """The Operation that puts back what the file has."""
        tensors = self.bulk_restore(filename_tensor, saveables, preferred_shard,
                                    restore_sequentially)
        assigned = []
        for saveable in saveables:
            own, tensors = tensors[:len(saveable.specs)], tensors[len(saveable.specs):]
            shapes = [_shape_of(spec.tensor) for spec in saveable.specs] if reshape else None
            assigned.append(saveable.restore(own, shapes))
        return control_flow_ops.group(*assigned, name=name)

    def _add_sharded_restore(self, filename_tensor, shards, restore_sequentially, reshape):
        restored = []
        for i, (device, saveables) in enumerate(shards):
            with ops.device(device):
                restored.append(self._add_restore(filename_tensor, saveables, restore_sequentially,
                                                  reshape, i, "restore_shard"))
        return control_flow_ops.group(*restored, name="restore_all")

    # ---- all of it ----

    def build(self, names_to_saveables, reshape=False, sharded=False, max_to_keep=5,
              keep_checkpoint_every_n_hours=10000.0, name=None, restore_sequentially=False,
              filename="model"):
        """Adds the nodes to the default graph; their names as a SaverDef. See tf.train.Saver."""
        saveables = saveable_object_util.validate_and_slice_inputs(names_to_saveables)
        with ops.name_scope(name, "save", [saveable.op for saveable in saveables]):
            path = gen.PlaceholderWithDefault(filename or "model", shape=[], name="filename")
            path = gen.PlaceholderWithDefault(path, shape=[], name="Const")
            if sharded:
                shards = _by_device(saveables)
                save = self._add_sharded_save(path, shards)
                restore = self._add_sharded_restore(path, shards, restore_sequentially, reshape)
            else:
                save = self._add_save(path, saveables)
                restore = self._add_restore(path, saveables, restore_sequentially, reshape)
        _join_partitioned(ops.get_default_graph())
        return messages.SaverDef(
            filename_tensor_name=path.name, save_tensor_name=save.name,
            restore_op_name=restore.name, max_to_keep=max_to_keep or 0, sharded=sharded,
            keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
            version=self._write_version)


class BulkSaverBuilder(BaseSaverBuilder):
    """Reads all variables of a device back by one op."""

    def bulk_restore(self, filename_tensor, saveables, preferred_shard, restore_sequentially):
        """A list of the tensors of all; one op reads them one after another anyway."""
        with ops.device("/device:CPU:0"):
            return _restore(filename_tensor, [spec for s in saveables for spec in s.specs])


def _restore(filename_tensor, specs):
    return gen.RestoreV2(filename_tensor, [spec.name for spec in specs],
                         [spec.slice_spec for spec in specs],
                         dtypes=[spec.dtype.base_dtype for spec in specs])


def _shape_of(tensor):
    shape = tensor.get_shape()
    return shape if shape.is_fully_defined() else array_ops.shape(tensor)


def _by_device(saveables):
    """[(device, its saveables)], by the devices' names.

    Raises:
      ValueError: one has tensors on several.
    """
    found = {}
    for saveable in saveables:
        devices = {device_spec.canonical_name(spec.device) for spec in saveable.specs}
        if len(devices) != 1:
            raise ValueError("All tensors of a saveable object must be on the same device: %s" %
                             saveable.name)
        found.setdefault(devices.pop(), []).append(saveable)
    return sorted(found.items(), key=lambda pair: pair[0])


def _join_partitioned(graph):
    """A collection is written as names of nodes, so a partitioned variable in one needs a node."""
    for key in graph.get_all_collection_keys():
        for element in graph.get_collection(key):
            if isinstance(element, partitioned_variable.PartitionedVariable) and \
                    graph._find(element.name) is None:
                element.as_tensor()
