"""Variables of models from checkpoints, some of them or all."""
import functools

from weft.python.ops import array_ops, control_flow_ops, state_ops, variables
from weft.python.platform import tf_logging as logging
from weft.python.training import checkpoint_reader, saver as saver_module
from weft.python.training.checkpoint_utils import (
    init_from_checkpoint, list_variables, load_checkpoint, load_variable)
from weft.python.training.saving import saveable_object_util

__all__ = ["assign_from_checkpoint", "assign_from_checkpoint_fn", "init_from_checkpoint",
           "list_variables", "load_checkpoint", "load_variable"]


def _by_name(var_list):
    """{name in the checkpoint: variable or list of slices}."""
    if isinstance(var_list, dict):
        return var_list
    return saveable_object_util.op_list_to_dict(var_list, convert_variable_to_tensor=False)


def _present(reader, by_name, model_path):
    """Those that the checkpoint has; a warning for each of the others."""
    for name in by_name:
        if not reader.has_tensor(name):
            logging.warning("Variable %s missing in checkpoint %s", name, model_path)
    return {name: v for name, v in by_name.items() if reader.has_tensor(name)}


def assign_from_checkpoint(model_path, var_list, ignore_missing_vars=False):
    """(op, feeds) that give variables the values of a checkpoint.

    Args:
      model_path: its prefix, or the folder of it.
      var_list: a list of variables, or {name in the checkpoint: variable or list of slices}.
      ignore_missing_vars: leave alone what it does not have.

    Raises:
      ValueError: the checkpoint lacks one, or has another number of elements.
    """
    reader = load_checkpoint(model_path)
    by_name = _by_name(var_list)
    if ignore_missing_vars:
        by_name = _present(reader, by_name, model_path)
    feeds, assigned = {}, []
    for name, variable in by_name.items():
        if not reader.has_tensor(name):
            raise ValueError("Checkpoint is missing variable [%s]" % name)
        for part, value in _values(variable, reader.get_tensor(name), name):
            fed = array_ops.placeholder(part.dtype.base_dtype, part.get_shape())
            assigned.append(state_ops.assign(part, fed))
            feeds[fed] = value
    return control_flow_ops.group(*assigned), feeds


def _values(variable, value, name):
    """[(variable, its value)]: of the one, or of each slice."""
    whole = [variable] if isinstance(variable, variables.Variable) else list(variable)
    for part in whole:
        info = part._save_slice_info
        own = value if info is None else value[tuple(
            slice(start, start + n) for start, n in zip(info.var_offset, info.var_shape))]
        if own.size != part.get_shape().num_elements():
            raise ValueError("Total size of new array must be unchanged for %s lh_shape: [%s], "
                             "rh_shape: [%s]" % (name, own.shape, part.get_shape().as_list()))
        yield part, own.reshape(part.get_shape().as_list())


def assign_from_checkpoint_fn(model_path, var_list, ignore_missing_vars=False,
                              reshape_variables=False):
    """A function of a session that restores variables; None if there are none to restore.

    Args:
      model_path: the checkpoint's prefix.
      var_list: a list of variables, or {name in the checkpoint: variable}.
      ignore_missing_vars: leave alone what it does not have.
      reshape_variables: values of another shape are fine, if they have as many elements.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        var_list = _present(checkpoint_reader.NewCheckpointReader(model_path),
                            _by_name(var_list), model_path)
    if not var_list:
        logging.warning("No Variables to restore")
        return None
    saver = saver_module.Saver(var_list, reshape=reshape_variables)
    return functools.partial(_restore, saver, model_path)


def _restore(saver, model_path, session):
    saver.restore(session, model_path)
