"""Datasets of files of Examples and of comma-separated values, made in one call."""
import collections
import csv

from weft.python.data.experimental.ops import interleave_ops, parsing_ops, shuffle_ops
from weft.python.data.ops import dataset_ops
from weft.python.data.ops import readers as core_readers
from weft.python.data.util import structure
from weft.python.framework import constant_op, dtypes, ops, tensor_util
from weft.python.lib.io import file_io
from weft.python.ops import parsing_ops as core_parsing_ops
from weft.python.util import deprecation

__all__ = ["CsvDataset", "make_batched_features_dataset", "make_csv_dataset",
           "read_batch_features"]

_CSV_TYPES = (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.int64, dtypes.string)


# ---- what both have in common ----

def _file_names(file_pattern):
    """The names of the files of a pattern, or of several.

    Raises:
      ValueError: there are none.
    """
    patterns = [file_pattern] if isinstance(file_pattern, str) else file_pattern
    if not patterns:
        raise ValueError("File pattern is empty.")
    names = sorted(name for pattern in patterns for name in file_io.get_matching_files(pattern))
    if not names:
        raise ValueError("No files match %s." % file_pattern)
    return names


def _shuffled_names(names, shuffle, seed):
    dataset = dataset_ops.Dataset.from_tensor_slices(names)
    return dataset.shuffle(len(names), seed) if shuffle else dataset


def _shuffle_and_repeat(dataset, num_epochs, shuffle, size, seed):
    if num_epochs != 1 and shuffle:
        with deprecation.silence():
            return dataset.apply(shuffle_ops.shuffle_and_repeat(size, num_epochs, seed))
    if shuffle:
        return dataset.shuffle(size, seed)
    return dataset if num_epochs == 1 else dataset.repeat(num_epochs)


# ---- Examples ----

def make_batched_features_dataset(
        file_pattern, batch_size, features, reader=core_readers.TFRecordDataset, label_key=None,
        reader_args=None, num_epochs=None, shuffle=True, shuffle_buffer_size=10000,
        shuffle_seed=None, prefetch_buffer_size=dataset_ops.AUTOTUNE, reader_num_threads=1,
        parser_num_threads=2, sloppy_ordering=False, drop_final_batch=False):
    """Batches of features of the Examples in files: dicts, or (dict, label).

    Args:
      file_pattern: a pattern, or several.
      batch_size: so many Examples.
      features: see tf.parse_example().
      reader: what makes a dataset of a file's name, with further `reader_args`.
      label_key: the feature that is the label.
      num_epochs: so many times; without end by default.
      shuffle, shuffle_buffer_size, shuffle_seed: in random order; see Dataset.shuffle().
      prefetch_buffer_size: so many batches are made ahead.
      reader_num_threads, parser_num_threads: so many files are read, Examples parsed at a time.
      sloppy_ordering: take what is there first.
      drop_final_batch: without a smaller one at the end.

    Raises:
      ValueError: there is no such file, or no such feature.
    """
    names = _shuffled_names(_file_names(file_pattern), shuffle, shuffle_seed)
    dataset = interleave_ops.interleaved(names, lambda name: reader(name, *(reader_args or [])),
                                         reader_num_threads, sloppy=sloppy_ordering)
    if structure.legacy_types(dataset.element_spec) == (dtypes.string, dtypes.string):
        dataset = dataset.map(lambda _, value: value)
    dataset = _shuffle_and_repeat(dataset, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)
    dataset = dataset.batch(batch_size, drop_remainder=drop_final_batch or num_epochs is None)
    dataset = dataset.apply(parsing_ops.parse_example_dataset(
        features, num_parallel_calls=parser_num_threads))
    if label_key:
        if label_key not in features:
            raise ValueError("The `label_key` provided (%r) must be one of the `features` keys."
                             % label_key)
        dataset = dataset.map(lambda x: (x, x.pop(label_key)))
    return dataset.prefetch(prefetch_buffer_size)


@deprecation.deprecated(None, "Use `tf.data.experimental.make_batched_features_dataset()`.")
def read_batch_features(file_pattern, batch_size, features, reader=core_readers.TFRecordDataset,
                        reader_args=None, randomize_input=True, num_epochs=None, capacity=10000):
    """The tensors of make_batched_features_dataset()'s next batch."""
    dataset = make_batched_features_dataset(
        file_pattern, batch_size, features, reader=reader, reader_args=reader_args,
        shuffle=randomize_input, num_epochs=num_epochs, shuffle_buffer_size=capacity)
    return dataset._make_one_shot_iterator().get_next()


# ---- comma-separated values ----

class CsvDataset(dataset_ops.DatasetV1Adapter):
    """The lines of files of comma-separated values, as tuples of scalars."""

    def __init__(self, filenames, record_defaults, compression_type=None, buffer_size=None,
                 header=False, field_delim=",", use_quote_delim=True, na_value="",
                 select_cols=None):
        """Which columns of which files.

        Args:
          filenames: a string tensor.
          record_defaults: of each column that is wanted a DType, or a default.
          compression_type, buffer_size: see TextLineDataset.
          header: the first line of each file is none.
          field_delim, use_quote_delim, na_value: see tf.decode_csv().
          select_cols: the numbers of the columns that are wanted, all by default.
        """
        names = ops.convert_to_tensor(filenames, dtypes.string, name="filenames")
        defaults = [constant_op.constant([], dtype=x) if _is_csv_type(x) else x
                    for x in record_defaults]

        def lines(name):
            made = core_readers.TextLineDataset(name, compression_type, buffer_size)
            return made.skip(1) if header else made

        def columns(line):
            return tuple(core_parsing_ops.decode_csv(
                line, defaults, field_delim=field_delim, use_quote_delim=use_quote_delim,
                na_value=na_value, select_cols=select_cols))

        flat = dataset_ops.Dataset.from_tensor_slices(
            names if names.shape.ndims == 1 else ops.convert_to_tensor([names]))
        made = flat.flat_map(lines).map(columns)
        super().__init__(made._variant_tensor, made.element_spec, [made])


def _is_csv_type(x):
    return not tensor_util.is_tensor(x) and x in _CSV_TYPES


def make_csv_dataset(
        file_pattern, batch_size, column_names=None, column_defaults=None, label_name=None,
        select_columns=None, field_delim=",", use_quote_delim=True, na_value="", header=True,
        num_epochs=None, shuffle=True, shuffle_buffer_size=10000, shuffle_seed=None,
        prefetch_buffer_size=dataset_ops.AUTOTUNE, num_parallel_reads=1, sloppy=False,
        num_rows_for_inference=100, compression_type=None):
    """Batches of the lines of files of comma-separated values: dicts of columns, or (dict, label).

    Args:
      file_pattern: a pattern, or several.
      batch_size: so many lines.
      column_names: of all columns; by default those of the header.
      column_defaults: of each wanted column a DType, or a default; by default what the first
        `num_rows_for_inference` lines show.
      label_name: the column that is the label.
      select_columns: the names or numbers of those that are wanted; all by default.
      field_delim, use_quote_delim, na_value: see tf.decode_csv().
      header: the first line of each file is none.
      num_epochs, shuffle...: see make_batched_features_dataset().
      compression_type: "", "ZLIB" or "GZIP".

    Raises:
      ValueError: files, names or columns that are not there, or not clear.
    """
    files = _file_names(file_pattern)
    format_ = _Csv(files, field_delim, use_quote_delim, header, na_value)
    if column_names is None:
        if not header:
            raise ValueError("Cannot infer column names without a header line.")
        column_names = format_.names()
    if len(column_names) != len(set(column_names)):
        raise ValueError("Cannot have duplicate column names.")
    wanted = None if select_columns is None else _numbers(select_columns, column_names)
    if column_defaults is None:
        column_defaults = format_.defaults(len(column_names), wanted, num_rows_for_inference)
    if wanted is not None:
        column_names = [column_names[i] for i in wanted]
    if label_name is not None and label_name not in column_names:
        raise ValueError("`label_name` provided must be one of the columns.")

    def read(name):
        return CsvDataset(name, column_defaults, compression_type=compression_type, header=header,
                          field_delim=field_delim, use_quote_delim=use_quote_delim,
                          na_value=na_value, select_cols=wanted)

    def as_dict(*columns):
        features = collections.OrderedDict(zip(column_names, columns))
        if label_name is None:
            return features
        label = features.pop(label_name)
        return features, label

    dataset = interleave_ops.interleaved(_shuffled_names(files, shuffle, shuffle_seed), read,
                                         num_parallel_reads, sloppy=sloppy)
    dataset = _shuffle_and_repeat(dataset, num_epochs, shuffle, shuffle_buffer_size, shuffle_seed)
    dataset = dataset.batch(batch_size, drop_remainder=num_epochs is None)
    return dataset.map(as_dict).prefetch(prefetch_buffer_size)


def _numbers(columns, names):
    """The sorted numbers of columns given by name or number."""
    found = [c if isinstance(c, int) else names.index(c) for c in columns]
    if len(found) != len(set(found)):
        raise ValueError("`select_columns` contains duplicate columns")
    if any(i < 0 or i >= len(names) for i in found):
        raise ValueError("`select_columns` contains columns that are not there: %s" % (columns,))
    return sorted(found)


class _Csv:
    """Looks into files to see which columns they have."""

    def __init__(self, files, field_delim, use_quote_delim, header, na_value):
        self._files = files
        self._header = header
        self._na_value = na_value
        self._options = {"delimiter": field_delim, "quoting": csv.QUOTE_MINIMAL
                         if use_quote_delim else csv.QUOTE_NONE}

    def _rows(self, name):
        with file_io.FileIO(name, "r") as f:
            yield from csv.reader(f, **self._options)

    def names(self):
        """The column names, of the first file's header; ValueError where others differ."""
        names = next(self._rows(self._files[0]))
        for name in self._files[1:]:
            if next(self._rows(name)) != names:
                raise ValueError("Files have different column names in the header row.")
        return names

    def defaults(self, n_columns, wanted, n_rows):
        """Of each wanted column a zero, or "", of the narrowest type that fits."""
        wanted = list(range(n_columns)) if wanted is None else wanted
        kinds = [None] * len(wanted)
        for i, row in enumerate(self._some_rows()):
            if n_rows is not None and i >= n_rows:
                break
            if len(row) != n_columns:
                raise ValueError("Problem inferring types: CSV row has different number of fields "
                                 "than expected.")
            for j, column in enumerate(wanted):
                kinds[j] = _wider(kinds[j], row[column], self._na_value)
        kinds = [kind or dtypes.string for kind in kinds]
        return [constant_op.constant("" if kind == dtypes.string else 0, dtype=kind)
                for kind in kinds]

    def _some_rows(self):
        for name in self._files:
            rows = self._rows(name)
            if self._header:
                next(rows)
            yield from rows


def _wider(kind, text, na_value):
    """The narrowest of the types, not before `kind`, that a text can be read as."""
    order = [dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64, dtypes.string]
    if text in ("", na_value):
        return kind
    for candidate in order[order.index(kind) if kind else 0:]:
        if _reads_as(text, candidate):
            return candidate
    return dtypes.string


def _reads_as(text, kind):
    try:
        if kind in (dtypes.int32, dtypes.int64):
            return kind.min <= int(text) <= kind.max
        if kind in (dtypes.float32, dtypes.float64):
            value = float(text)
            return abs(value) <= kind.max or value in (float("inf"), float("-inf")) or \
                value != value
        return True
    except ValueError:
        return False
