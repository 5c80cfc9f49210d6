"""Checkpoints as files: which there are, which is the latest, and the file that says so.

A checkpoint is a prefix of names: PREFIX.index, PREFIX.data-00000-of-00001 and PREFIX.meta; in the
old format V1 it is one file, PREFIX. The file "checkpoint" beside them names the ones of a
training, the latest apart; it is replaced as a whole, so that a reader never sees half of one.
"""

import os
import re

from weft.python.framework import errors
from weft.python.framework import messages
from weft.python.lib.io import file_io
from weft.python.platform import tf_logging as logging

__all__ = ["checkpoint_exists", "generate_checkpoint_state_proto",
           "get_checkpoint_mtimes", "get_checkpoint_state", "latest_checkpoint",
           "remove_checkpoint", "update_checkpoint_state"]

_V2 = 2                                 # SaverDef.V2


# ---- the state file ----

def _state_file(folder, latest_filename):
    return os.path.join(folder, latest_filename or "checkpoint")


def _relative(path, folder):
    return path if os.path.isabs(path) else os.path.relpath(path, folder)


def generate_checkpoint_state_proto(save_dir, model_checkpoint_path,
                                    all_model_checkpoint_paths=None,
                                    all_model_checkpoint_timestamps=None,
                                    last_preserved_timestamp=None):
    """The CheckpointState that says these: relative paths as seen from `save_dir`.

    Args:
      save_dir: the folder of the state file.
      model_checkpoint_path: the latest checkpoint.
      all_model_checkpoint_paths: all, the latest last (it is added if it is not).
      all_model_checkpoint_timestamps: a number for each of them, or None.
      last_preserved_timestamp: when the last one was kept for good, or None.

    Raises:
      ValueError: other than one timestamp for each path.
    """
    paths = list(all_model_checkpoint_paths or [])
    if not paths or paths[-1] != model_checkpoint_path:
        logging.info("%s is not in all_model_checkpoint_paths. Manually adding it.",
                     model_checkpoint_path)
        paths.append(model_checkpoint_path)
    times = all_model_checkpoint_timestamps or []
    if times and len(times) != len(paths):
        raise ValueError("Checkpoint timestamps, if provided, must match checkpoint paths (got "
                         "paths %s and timestamps %s)" % (paths, times))
    if not os.path.isabs(save_dir):
        model_checkpoint_path = _relative(model_checkpoint_path, save_dir)
        paths = [_relative(path, save_dir) for path in paths]
    return messages.CheckpointState(
        model_checkpoint_path=model_checkpoint_path, all_model_checkpoint_paths=paths,
        all_model_checkpoint_timestamps=times, last_preserved_timestamp=last_preserved_timestamp)


def update_checkpoint_state(save_dir, model_checkpoint_path, all_model_checkpoint_paths=None,
                            latest_filename=None, all_model_checkpoint_timestamps=None,
                            last_preserved_timestamp=None):
    """Writes the state file of `save_dir`, by default "checkpoint"; for the rest see
    generate_checkpoint_state_proto().

    Raises:
      RuntimeError: a checkpoint is called like the state file.
    """
    update_checkpoint_state_internal(
        save_dir, model_checkpoint_path, all_model_checkpoint_paths, latest_filename, False,
        all_model_checkpoint_timestamps, last_preserved_timestamp)


def update_checkpoint_state_internal(save_dir, model_checkpoint_path,
                                     all_model_checkpoint_paths=None, latest_filename=None,
                                     save_relative_paths=False,
                                     all_model_checkpoint_timestamps=None,
                                     last_preserved_timestamp=None):
    """update_checkpoint_state(); with `save_relative_paths` absolute ones become relative."""
    file = _state_file(save_dir, latest_filename)
    path, paths = model_checkpoint_path, list(all_model_checkpoint_paths or [])
    if save_relative_paths:
        path, paths = _as_relative(path, save_dir), [_as_relative(p, save_dir) for p in paths]
    state = generate_checkpoint_state_proto(save_dir, path, paths, all_model_checkpoint_timestamps,
                                            last_preserved_timestamp)
    if file == state.model_checkpoint_path:
        raise RuntimeError("Save path '%s' conflicts with path used for checkpoint state.  Please "
                           "use a different save path." % model_checkpoint_path)
    file_io.atomic_write_string_to_file(file, str(state))


def _as_relative(path, folder):
    return os.path.relpath(path, folder) if os.path.isabs(path) else path


def get_checkpoint_state(checkpoint_dir, latest_filename=None):
    """The CheckpointState of a folder, its paths complete; None if there is none to read.

    Raises:
      ValueError: it names no checkpoint.
    """
    file = _state_file(checkpoint_dir, latest_filename)
    state = _read_state(file)
    if state is None:
        return None
    if not state.model_checkpoint_path:
        raise ValueError("Invalid checkpoint state loaded from " + checkpoint_dir)
    paths = [os.path.join(checkpoint_dir, p) for p in state.all_model_checkpoint_paths]
    state.model_checkpoint_path = os.path.join(checkpoint_dir, state.model_checkpoint_path)
    state.all_model_checkpoint_paths[:] = paths
    return state


def _read_state(file):
    """What a state file says, or None, with a warning unless there is no such file."""
    from google.protobuf import text_format
    try:
        if not file_io.file_exists(file):
            return None
        return text_format.Parse(file_io.read_file_to_string(file), messages.CheckpointState())
    except (errors.OpError, text_format.ParseError) as e:
        logging.warning("%s: %s", type(e).__name__, e)
        logging.warning("%s: Checkpoint ignored", file)
        return None


# ---- the files of a checkpoint ----

def _prefix_to_checkpoint_path(prefix, format_version):
    """The file that is there if the checkpoint is."""
    return prefix + ".index" if format_version == _V2 else prefix


def _matching(path):
    """The files of a name, which may be a pattern: "m-?????-of-00002"."""
    return [path] if file_io.file_exists(path) else file_io.get_matching_files(path)


def _main_files(prefix):
    """The files that say that a checkpoint is there: of V2, else of V1."""
    return _matching(_prefix_to_checkpoint_path(prefix, _V2)) or _matching(prefix)


def latest_checkpoint(checkpoint_dir, latest_filename=None):
    """The prefix of the latest checkpoint that the state file names, if its files are there, else
    None (G11)."""
    state = get_checkpoint_state(checkpoint_dir, latest_filename)
    if state is None:
        return None
    if _main_files(state.model_checkpoint_path):
        return state.model_checkpoint_path
    logging.error("Couldn't match files for checkpoint %s", state.model_checkpoint_path)
    return None


def checkpoint_exists(checkpoint_prefix):
    """Are there files of a checkpoint with this prefix?"""
    return bool(_main_files(checkpoint_prefix))


checkpoint_exists_internal = checkpoint_exists


def get_checkpoint_mtimes(checkpoint_prefixes):
    """When those of the checkpoints that are there were written, in seconds since 1970."""
    files = [_main_files(prefix) for prefix in checkpoint_prefixes]
    return [file_io.stat(found[0]).mtime_nsec / 1e9 for found in files if found]


def remove_checkpoint(checkpoint_prefix, checkpoint_format_version=_V2,
                      meta_graph_suffix="meta"):
    """Deletes the files of a checkpoint, and its meta graph."""
    _delete(meta_graph_filename(checkpoint_prefix, meta_graph_suffix))
    if checkpoint_format_version == _V2:
        _delete(checkpoint_prefix + ".index")
        _delete(checkpoint_prefix + ".data-?????-of-?????")
    else:
        _delete(checkpoint_prefix)


def _delete(pattern):
    for file in _matching(pattern):
        file_io.delete_file(file)


def meta_graph_filename(checkpoint_filename, meta_graph_suffix="meta"):
    """The meta graph of a checkpoint; one file for all shards."""
    base = re.sub(r"-[\d?]+-of-\d+$", "", checkpoint_filename)
    return "%s.%s" % (base, meta_graph_suffix)
