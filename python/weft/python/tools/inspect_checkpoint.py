"""Prints what is in a checkpoint."""

import re

import numpy as np

from weft.python.platform import app
from weft.python.platform import flags
from weft.python.training import checkpoint_reader

__all__ = ["print_tensors_in_checkpoint_file"]


def _kept(name, excluded):
    return not any(re.search(pattern, name) for pattern in excluded)


def _count_total_params(reader, count_exclude_pattern=""):
    """How many numbers the tensors hold; names that match one of the patterns do not count."""
    excluded = count_exclude_pattern.split(",") if count_exclude_pattern else []
    return sum(int(np.prod(shape, dtype=np.int64))
               for name, shape in reader.get_variable_to_shape_map().items()
               if _kept(name, excluded))


def print_tensors_in_checkpoint_file(file_name, tensor_name, all_tensors, all_tensor_names=False,
                                     count_exclude_pattern=""):
    """Prints names, and values, of a checkpoint's tensors.

    Args:
      file_name: its prefix.
      tensor_name: the one to print; "" for a list of all.
      all_tensors: print the values of all.
      all_tensor_names: print the names of all.
      count_exclude_pattern: names, with commas, that do not count in the number of parameters.
    """
    reader = checkpoint_reader.NewCheckpointReader(file_name)
    if all_tensors or all_tensor_names:
        for name in sorted(reader.get_variable_to_shape_map()):
            print("tensor_name: ", name)
            if all_tensors:
                print(reader.get_tensor(name))
    elif not tensor_name:
        print(reader.debug_string().decode("utf-8", errors="ignore"))
    else:
        print("tensor_name: ", tensor_name)
        print(reader.get_tensor(tensor_name))
    print("# Total number of params: %d" % _count_total_params(reader, count_exclude_pattern))


def parse_numpy_printoption(kv_str):
    """Sets one of NumPy's options for printing: "threshold=20"."""
    name, found, text = kv_str.partition("=")
    kind = type(np.get_printoptions().get(name))
    if not found or kind not in (bool, int, float, str):
        raise ValueError("'%s' is not an option of np.set_printoptions() as k=v" % kv_str)
    np.set_printoptions(**{name: text == "True" if kind is bool else kind(text)})


def _main(_):
    for option in flags.FLAGS.printoptions:
        parse_numpy_printoption(option)
    print_tensors_in_checkpoint_file(flags.FLAGS.file_name, flags.FLAGS.tensor_name,
                                     flags.FLAGS.all_tensors, flags.FLAGS.all_tensor_names)


if __name__ == "__main__":
    flags.DEFINE_string("file_name", "", "The checkpoint's prefix.")
    flags.DEFINE_string("tensor_name", "", "The tensor to print.")
    flags.DEFINE_boolean("all_tensors", False, "Print the values of all tensors.")
    flags.DEFINE_boolean("all_tensor_names", False, "Print the names of all tensors.")
    flags.DEFINE_multi_string("printoptions", [], "An option of np.set_printoptions(), as k=v.")
    app.run(_main)
