"""Training that begins with the values of another model's checkpoint, also where rows of a variable
belong to words and the words have changed."""
import collections

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops, init_ops, state_ops, variables
from weft.python.ops import partitioned_variable
from weft.python.platform import tf_logging as logging
from weft.python.training import checkpoint_utils

__all__ = ["VocabInfo", "warm_start"]


class VocabInfo(collections.namedtuple("VocabInfo", [
        "new_vocab", "new_vocab_size", "num_oov_buckets", "old_vocab", "old_vocab_size",
        "backup_initializer", "axis"])):
    """The words that the rows, or columns, of a variable belong to.

    new_vocab, old_vocab: files of a word a line, of this model and of the checkpoint's; of the
    latter only the first old_vocab_size count (-1: all). num_oov_buckets: rows of words that are in
    no file. backup_initializer: of rows whose words are new, zeros by default. axis: 0 rows, 1
    columns.
    """

    def __new__(cls, new_vocab, new_vocab_size, num_oov_buckets, old_vocab, old_vocab_size=-1,
                backup_initializer=None, axis=0):
        if axis not in (0, 1):
            raise ValueError("The only supported values for the axis argument are 0 and 1.  "
                             "Provided axis: %s" % axis)
        return super().__new__(cls, new_vocab, new_vocab_size, num_oov_buckets, old_vocab,
                               old_vocab_size, backup_initializer, axis)


def warm_start(ckpt_to_initialize_from, vars_to_warm_start=".*", var_name_to_vocab_info=None,
               var_name_to_prev_var_name=None):
    """From now on the initializers of variables give them the values of a checkpoint.

    Args:
      ckpt_to_initialize_from: a prefix, or a folder with checkpoints.
      vars_to_warm_start: a regular expression of names of trainable variables (None: none but
        those of the next argument), a list of expressions for all variables, or of variables.
      var_name_to_vocab_info: {name: VocabInfo}.
      var_name_to_prev_var_name: {name: name in the checkpoint} where they differ.

    Raises:
      ValueError: the last two name variables that are not there, or a list is mixed.
    """
    vocabularies = var_name_to_vocab_info or {}
    previous = var_name_to_prev_var_name or {}
    logging.info("Warm-starting from: %s", ckpt_to_initialize_from)
    chosen = _chosen(vars_to_warm_start)
    known = sorted(chosen)
    for what, names in (("var_name_to_vocab_info", vocabularies),
                        ("var_name_to_prev_var_name", previous)):
        unused = set(names) - set(chosen)
        if unused:
            raise ValueError("You provided the following vars in %s that were not used: %s.  "
                             "Perhaps you misspelled them?  Here is the list of viable variable "
                             "names: %s" % (what, sorted(unused), known))
    for name, parts in sorted(chosen.items()):
        before = previous.get(name, name)
        if name in vocabularies:
            logging.info("Warm-starting variable: %s; prev_var_name: %s", name, before)
            for part in parts:
                _remap(part, ckpt_to_initialize_from, before, vocabularies[name])
        elif vars_to_warm_start is not None:
            checkpoint_utils.init_from_checkpoint(
                ckpt_to_initialize_from, {before: parts if len(parts) > 1 else parts[0]})


def _chosen(which):
    """{name: its slices} of the variables that are meant."""
    keys = ops.GraphKeys
    if which is None or isinstance(which, str):
        found = ops.get_collection(keys.TRAINABLE_VARIABLES, scope=which)
    elif all(isinstance(v, str) for v in which):
        found = [v for scope in which for v in ops.get_collection(keys.GLOBAL_VARIABLES, scope)]
    elif all(isinstance(v, (variables.Variable, partitioned_variable.PartitionedVariable))
             for v in which):
        found = list(which)
    else:
        raise ValueError("If `vars_to_warm_start` is a list, it must be all `Variable` or all "
                         "`str`.  Given types are %s" % [type(v) for v in which])
    chosen = collections.OrderedDict()
    for v in found:
        for part in v if isinstance(v, partitioned_variable.PartitionedVariable) else [v]:
            name = part._save_slice_info.full_name if part._save_slice_info else part.op.name
            parts = chosen.setdefault(name, [])
            if not any(part is p for p in parts):
                parts.append(part)
    return chosen


def _remap(variable, checkpoint, name, info):
    """Makes the initializer of a variable one that takes each word's row from the checkpoint."""
    info_of_slice = variable._save_slice_info
    offset = info_of_slice.var_offset[info.axis] if info_of_slice else 0
    shape = variable.shape.as_list()
    n, other = shape[info.axis], shape[1 - info.axis]
    words = min(n, max(0, info.new_vocab_size - offset))    # the rest has no word
    with ops.device("/cpu:0"):
        rows, _ = gen.GenerateVocabRemapping(
            info.new_vocab, info.old_vocab, new_vocab_offset=offset, num_new_vocab=words,
            old_vocab_size=info.old_vocab_size)
        rows = array_ops.concat([rows, array_ops.fill([n - words], ops.convert_to_tensor(
            -1, dtypes.int64))], 0)
        every = ops.convert_to_tensor([], dtypes.int64)
        backup = (info.backup_initializer or init_ops.zeros_initializer())(shape, variable.dtype)
        value = _loaded(checkpoint_utils._prefix(checkpoint), name, rows, every, backup,
                        (n, other), info.axis)
        value.set_shape(shape)
    variable._initializer_op = state_ops.assign(variable, value).op
    variable._initial_value = value


def _loaded(prefix, name, remapping, every, backup, size, axis):
    """The matrix of a checkpoint with its rows, or columns, where they belong now."""
    n, other = size
    missing = array_ops.where(remapping < 0)[:, 0]
    flat = array_ops.reshape(array_ops.gather(backup, missing, axis=axis), [-1])
    if axis == 0:
        return gen.LoadAndRemapMatrix(prefix, name, remapping, every, flat, num_rows=n,
                                      num_cols=other)
    all_rows = ops.convert_to_tensor(list(range(other)), dtypes.int64)
    return gen.LoadAndRemapMatrix(prefix, name, all_rows, remapping, flat, num_rows=other,
                                  num_cols=n)
