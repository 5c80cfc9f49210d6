"""Ops from shared libraries: there is no way to bring kernels compiled for TensorFlow here."""
import os

from weft.python.framework import errors

__all__ = ["load_library", "load_op_library"]


def load_op_library(library_filename):
    """NotImplementedError: a kernel in a shared library calls functions of TensorFlow's own, which
    are not here. NotFoundError where there is no such file."""
    name = os.fsdecode(library_filename)
    if not os.path.exists(name):
        raise errors.NotFoundError(None, None, "%s: cannot open shared object file: No such file "
                                   "or directory" % name)
    raise NotImplementedError(
        "%s cannot be loaded: its kernels are compiled against TensorFlow's C++ library. Use "
        "tf.py_func for an op in Python, or add the op to Weft (HOUSE.md, 6)." % name)


def load_library(library_location):
    """load_op_library() of a file, or of those in a directory."""
    name = os.fsdecode(library_location)
    if not os.path.exists(name):
        raise OSError(2, "The file or folder to load kernel libraries from does not exist.", name)
    load_op_library(name)
