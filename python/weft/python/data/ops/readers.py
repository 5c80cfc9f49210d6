"""Datasets of files: records, lines, bytes, names."""
from weft.python.data.ops import dataset_ops
from weft.python.data.util import convert
from weft.python.framework import dtypes, gen, ops, tensor_spec
from weft.python.framework.tensor_shape import TensorShape
from weft.python.ops import array_ops, control_flow_ops, math_ops, string_ops

__all__ = ["FixedLengthRecordDataset", "ParallelInterleaveDataset", "TFRecordDataset",
           "TextLineDataset", "list_files"]

_BUFFER = 256 * 1024                    # bytes


class _OfStrings(dataset_ops.DatasetV1Adapter):
    """A dataset of strings."""

    def __init__(self, variant_tensor, inputs=()):
        super().__init__(variant_tensor, tensor_spec.TensorSpec([], dtypes.string), inputs)


def _names(filenames):
    return ops.convert_to_tensor(filenames, dtypes.string, name="filenames")


def _compression(compression_type):
    return convert.optional_param_to_tensor("compression_type", compression_type, "",
                                            dtypes.string)


def _size(name, value, default=_BUFFER):
    return convert.optional_param_to_tensor(name, value, default)


class TextLineDataset(_OfStrings):
    """The lines of text files, one file after another."""

    def __init__(self, filenames, compression_type=None, buffer_size=None,
                 num_parallel_reads=None):
        """`filenames`: a string tensor, or a dataset of names; `compression_type`: "", "ZLIB" or
        "GZIP"; `buffer_size`: so many bytes are read at once; `num_parallel_reads`: so many files.
        """
        def one(names):
            return gen.TextLineDataset(names, _compression(compression_type),
                                       _size("buffer_size", buffer_size))
        super().__init__(*_of_files(filenames, one, num_parallel_reads))


class TFRecordDataset(_OfStrings):
    """The records of TFRecord files, one file after another, or several at a time."""

    def __init__(self, filenames, compression_type=None, buffer_size=None,
                 num_parallel_reads=None):
        """`filenames`: a string tensor, or a dataset of names; `compression_type`: "", "ZLIB" or
        "GZIP"; `buffer_size`: so many bytes are read at once; `num_parallel_reads`: so many files.
        """
        def one(names):
            return gen.TFRecordDataset(names, _compression(compression_type),
                                       _size("buffer_size", buffer_size))
        super().__init__(*_of_files(filenames, one, num_parallel_reads))


class FixedLengthRecordDataset(_OfStrings):
    """Strings of so many bytes of files, without what stands before and behind."""

    def __init__(self, filenames, record_bytes, header_bytes=None, footer_bytes=None,
                 buffer_size=None, compression_type=None, num_parallel_reads=None):
        """The arguments are TFRecordDataset's, and the bytes of a record, of what stands before the
        first and behind the last."""
        def one(names):
            parts = (_size("header_bytes", header_bytes, 0),
                     ops.convert_to_tensor(record_bytes, dtypes.int64, name="record_bytes"),
                     _size("footer_bytes", footer_bytes, 0), _size("buffer_size", buffer_size))
            return gen.FixedLengthRecordDatasetV2(names, *parts, _compression(compression_type))
        super().__init__(*_of_files(filenames, one, num_parallel_reads))


def _of_files(filenames, one, num_parallel_reads):
    """(variant tensor, what it is made of) of the files' records.

    Raises:
      TypeError, ValueError: what names them is no tensor or dataset of strings.
    """
    if isinstance(filenames, dataset_ops.DatasetV2):
        if filenames.element_spec != tensor_spec.TensorSpec(
                filenames.element_spec.shape, dtypes.string):
            raise TypeError("`filenames` must be a `tf.data.Dataset` of `tf.string` elements.")
        if not filenames.element_spec.shape.is_compatible_with(TensorShape([])):
            raise ValueError("`filenames` must be a `tf.data.Dataset` of scalar `tf.string` "
                             "elements.")
        return _each(filenames, one, num_parallel_reads)
    names = _names(filenames)
    if num_parallel_reads is None:
        return one(names), ()
    flat = array_ops.reshape(names, [-1], name="flat_filenames")
    return _each(dataset_ops.DatasetV1.from_tensor_slices(flat), one, num_parallel_reads)


def _each(names, one, num_parallel_reads):
    """The records of the files that a dataset names."""
    def records(name):
        return _OfStrings(one(name))
    if num_parallel_reads is None:
        made = names.flat_map(records)
    else:
        made = ParallelInterleaveDataset(names, records, num_parallel_reads)
    return made._variant_tensor, [made]


def ParallelInterleaveDataset(input_dataset, map_func, cycle_length, block_length=1,
                              sloppy=False, buffer_output_elements=None,
                              prefetch_input_elements=None):
    """The elements of the datasets that map_func returns, of several at a time."""
    from weft.python.data.experimental.ops import interleave_ops
    return interleave_ops.interleaved(input_dataset, map_func, cycle_length, block_length, sloppy,
                                      buffer_output_elements, prefetch_input_elements)


def list_files(file_pattern, shuffle, seed):
    """The names of the files that patterns match."""
    with ops.name_scope("list_files"):
        pattern = ops.convert_to_tensor(file_pattern, dtype=dtypes.string, name="file_pattern")
        found = gen.MatchingFiles(pattern)
        some = math_ops.greater(array_ops.shape(found)[0], 0, name="match_not_empty")
        message = math_ops.add("No files matched pattern: ",
                               string_ops.reduce_join(pattern, separator=", "), name="message")
        check = control_flow_ops.Assert(some, [message], summarize=1, name="assert_not_empty")
        with ops.control_dependencies([check]):
            found = array_ops.identity(found)
        dataset = dataset_ops.DatasetV1.from_tensor_slices(found)
        if shuffle is None or shuffle:
            size = math_ops.maximum(array_ops.shape(found, out_type=dtypes.int64)[0], 1)
            dataset = dataset.shuffle(size, seed=seed)
        return dataset
