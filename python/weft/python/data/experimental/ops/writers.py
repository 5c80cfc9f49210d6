"""Datasets into files."""
from weft.python.data.ops import dataset_ops
from weft.python.data.util import convert
from weft.python.framework import dtypes, gen, ops, tensor_spec

__all__ = ["TFRecordWriter"]


class TFRecordWriter:
    """Writes the elements of a dataset of strings as records of a file."""

    def __init__(self, filename, compression_type=None):
        self._filename = ops.convert_to_tensor(filename, dtypes.string, name="filename")
        self._compression_type = convert.optional_param_to_tensor(
            "compression_type", compression_type, "", dtypes.string)

    def write(self, dataset):
        """The op that does so.

        Raises:
          TypeError: it is no dataset of strings.
        """
        if not isinstance(dataset, dataset_ops.DatasetV2):
            raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
        if not tensor_spec.TensorSpec([], dtypes.string).is_compatible_with(dataset.element_spec):
            raise TypeError("`dataset` must produce scalar `DT_STRING` tensors whereas it produces "
                            "%r" % (dataset.element_spec,))
        return gen.DatasetToTFRecord(dataset._variant_tensor, self._filename,
                                     self._compression_type)
