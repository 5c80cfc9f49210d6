"""Checkpoints without a Saver: what is in them, and variables that begin with what is in them."""

from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.lib.io import file_io
from weft.python.ops import partitioned_variable
from weft.python.ops import variable_store
from weft.python.ops import variables
from weft.python.training import checkpoint_management
from weft.python.training import checkpoint_reader
from weft.python.training.saving import saveable_object_util

__all__ = ["init_from_checkpoint", "list_variables", "load_checkpoint", "load_variable"]


def _prefix(ckpt_dir_or_file):
    """A prefix as it is; of a folder, the latest checkpoint's."""
    if not file_io.is_directory(ckpt_dir_or_file):
        return ckpt_dir_or_file
    latest = checkpoint_management.latest_checkpoint(ckpt_dir_or_file)
    if latest is None:
        raise ValueError("Couldn't find 'checkpoint' file or checkpoints in given directory %s" %
                         ckpt_dir_or_file)
    return latest


def load_checkpoint(ckpt_dir_or_file):
    """The CheckpointReader of a prefix, or of the latest checkpoint of a folder.

    Raises:
      ValueError: the folder has none.
    """
    return checkpoint_reader.NewCheckpointReader(_prefix(ckpt_dir_or_file))


def load_variable(ckpt_dir_or_file, name):
    """The value of a variable in a checkpoint, a NumPy array."""
    name = name[:-2] if name.endswith(":0") else name
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name)


def list_variables(ckpt_dir_or_file):
    """[(name, shape)] of what is in a checkpoint, by name."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def init_from_checkpoint(ckpt_dir_or_file, assignment_map):
    """From now on the initializers of variables give them the values of a checkpoint.

    Args:
      ckpt_dir_or_file: a prefix, or a folder with checkpoints.
      assignment_map: {name in the checkpoint: a variable, the slices of one, or the name of one
        that get_variable made}, or {"scope/" in the checkpoint: "scope/" of the graph} for all
        variables below; "/" is everything.

    Raises:
      ValueError: the checkpoint lacks one, or has it in another shape.
    """
    prefix = _prefix(ckpt_dir_or_file)
    shapes = load_checkpoint(prefix).get_variable_to_shape_map()
    for name, target in sorted(assignment_map.items(), key=lambda pair: pair[0]):
        parts = _parts(target)
        if not parts:
            _init_scope(prefix, shapes, name, target)
        elif name not in shapes:
            raise ValueError("Tensor %s is not found in %s checkpoint %s" %
                             (name, ckpt_dir_or_file, shapes))
        else:
            _init(prefix, shapes, name, parts)


def _parts(target):
    """The variables that are one variable: given as such, as slices, or by name."""
    if isinstance(target, variables.Variable):
        return [target]
    if isinstance(target, partitioned_variable.PartitionedVariable):
        return list(target)
    if isinstance(target, (list, tuple)):
        return list(target)
    store = variable_store.get_default_store()
    single = store._vars.get(target)
    if single is not None:
        return [single]
    return list(store._partitioned_vars.get(target, ()))


def _init(prefix, shapes, name, parts):
    """Initializes a variable, or the slices of one, from one tensor."""
    for variable in parts:
        info = variable._save_slice_info if len(parts) > 1 else None
        shape = shapes[name] if info is None else info.var_shape
        if not variable.get_shape().is_compatible_with(shape):
            raise ValueError("Shape of variable %s (%s) doesn't match with shape of tensor %s (%s) "
                             "from checkpoint reader." % (variable.name, variable.get_shape(),
                                                          name, shape))
        _set_initializer(variable, prefix, name, "" if info is None else info.spec)


def _init_scope(prefix, shapes, name, scope):
    """Initializes all variables below a scope from tensors below `name`."""
    if not isinstance(scope, str) or not name.endswith("/"):
        raise ValueError("Assignment map with scope only name {} should map to scope only {}. "
                         "Should be 'scope/': 'other_scope/'.".format(scope, name))
    below = scope.rpartition("/")[0]
    below = below + "/" if below else ""
    store = variable_store.get_default_store()
    slices = {"%s/part_%d" % (whole, i) for whole, parts in store._partitioned_vars.items()
              for i in range(len(parts))}
    for own in sorted([*store._partitioned_vars, *(set(store._vars) - slices)]):
        if own.startswith(below):
            full = (name if name != "/" else "") + own[len(below):]
            if full not in shapes:
                raise ValueError("Tensor %s (%s in %s) is not found in %s checkpoint" %
                                 (full, own[len(below):], name, prefix))
            _init(prefix, shapes, full, _parts(own))


def _set_initializer(variable, prefix, name, slice_spec):
    """Makes the initializer of a variable one that reads the checkpoint."""
    with ops.device(variable.device), ops.device("/cpu:0"):
        value, = gen.RestoreV2(prefix, [name], [slice_spec], dtypes=[variable.dtype.base_dtype],
                               name="checkpoint_initializer")
        value.set_shape(variable.shape)
        saveable, = saveable_object_util.saveable_objects_for_op(variable, variable.op.name)
    assigned = saveable.restore([value], None)
    variable._initializer_op = getattr(assigned, "op", assigned)
    variable._initial_value = value
