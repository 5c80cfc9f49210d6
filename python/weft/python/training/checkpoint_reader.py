"""CheckpointReader: the tensors of a checkpoint, without a graph (G15)."""

from weft import _core

__all__ = ["CheckpointReader", "NewCheckpointReader"]


class CheckpointReader(_core.CheckpointReader):
    """The tensors of a checkpoint, by name.

    Raises:
      NotFoundError: there is no checkpoint of this prefix.
      DataLossError: its files are damaged.
    """

    def debug_string(self):
        """A line for each tensor, "name (DT_FLOAT) [2,3]", as bytes."""
        from weft.python.framework import messages
        dtypes = self.get_variable_to_dtype_map()
        return "".join("%s (%s) [%s]\n" % (
            name, messages.DataType.Name(dtypes[name].as_datatype_enum), ",".join(map(str, shape)))
            for name, shape in sorted(self.get_variable_to_shape_map().items())).encode()


def NewCheckpointReader(filepattern):
    """The CheckpointReader of a prefix, or of a file of the old format."""
    return CheckpointReader(filepattern)
