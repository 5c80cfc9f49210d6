"""The files that a program reads."""
from weft.python.framework import ops
from weft.python.ops import io_ops, variables

__all__ = ["match_filenames_once"]


def match_filenames_once(pattern, name=None):
    """A local variable of the files that match a pattern when it is initialized."""
    with ops.name_scope(name, "matching_filenames", [pattern]) as name:
        return variables.Variable(
            initial_value=io_ops.matching_files(pattern), trainable=False, name=name,
            validate_shape=False, collections=[ops.GraphKeys.LOCAL_VARIABLES])
