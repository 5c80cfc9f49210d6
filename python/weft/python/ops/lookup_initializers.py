"""What fills a lookup table: tensors, or the lines of a file."""
from weft.python.framework import dtypes, gen, ops, tensor_util

__all__ = ["KeyValueTensorInitializer", "TableInitializerBase", "TextFileIdTableInitializer",
           "TextFileIndex", "TextFileInitializer", "TextFileStringTableInitializer"]


def _check_table_dtypes(table, key_dtype, value_dtype):
    for what, given, has in (("key", key_dtype, table.key_dtype),
                             ("value", value_dtype, table.value_dtype)):
        if given.base_dtype != has:
            raise TypeError("Invalid %s dtype, expected %s but got %s." % (what, has, given))


class TableInitializerBase:
    """Makes the operation that fills a table."""

    _shared_name = ""                   # tables filled by the same share this, if it is not ""

    def __init__(self, key_dtype, value_dtype):
        self._key_dtype = dtypes.as_dtype(key_dtype)
        self._value_dtype = dtypes.as_dtype(value_dtype)

    @property
    def key_dtype(self):
        """The dtype of the keys."""
        return self._key_dtype

    @property
    def value_dtype(self):
        """The dtype of the values."""
        return self._value_dtype

    def initialize(self, table):
        """The operation that fills `table`, which is put into the collection of such."""
        raise NotImplementedError


class KeyValueTensorInitializer(TableInitializerBase):
    """Fills a table from a tensor of keys and one of values."""

    def __init__(self, keys, values, key_dtype=None, value_dtype=None, name=None):
        self._keys = ops.convert_to_tensor(keys, dtype=key_dtype, name="keys")
        self._values = ops.convert_to_tensor(values, dtype=value_dtype, name="values")
        self._name = "key_value_init" if name is None else name
        super().__init__(self._keys.dtype, self._values.dtype)

    def initialize(self, table):
        """The operation that fills `table`; TypeError if it has other dtypes."""
        _check_table_dtypes(table, self._keys.dtype, self._values.dtype)
        with ops.name_scope(self._name,
                            values=(table.resource_handle, self._keys, self._values)):
            init_op = gen.LookupTableImportV2(table.resource_handle, self._keys, self._values)
        ops.add_to_collection(ops.GraphKeys.TABLE_INITIALIZERS, init_op)
        return init_op


class TextFileIndex:
    """What of a line is a key or a value: all of it, its number, or a column from 0 on."""

    WHOLE_LINE = -2
    LINE_NUMBER = -1


def _check_column(what, index, dtype):
    """ValueError unless what is at `index` of a line can be read as `dtype`."""
    if index < -2:
        raise ValueError("Invalid %s index %s." % (what.lower(), index))
    if index == TextFileIndex.LINE_NUMBER and dtype != dtypes.int64:
        raise ValueError("Signature mismatch. %ss must be dtype %s, got %s."
                         % (what, dtypes.int64, dtype))
    if index != TextFileIndex.WHOLE_LINE or dtype == dtypes.string:
        return
    if what == "Value":
        raise ValueError("Signature mismatch. Values must be dtype %s, got %s."
                         % (dtypes.string, dtype))
    if not dtype.is_integer:
        raise ValueError("Signature mismatch. Keys must be integer or string, got %s." % dtype)


class TextFileInitializer(TableInitializerBase):
    """Fills a table from a file, a key and a value from each line."""

    def __init__(self, filename, key_dtype, key_index, value_dtype, value_index, vocab_size=None,
                 delimiter="\t", name=None):
        if not isinstance(filename, ops.Tensor) and not filename:
            raise ValueError("Filename required for %s." % name)
        super().__init__(key_dtype, value_dtype)
        _check_column("Key", key_index, self._key_dtype)
        _check_column("Value", value_index, self._value_dtype)
        if vocab_size is not None and vocab_size <= 0:
            raise ValueError("Invalid vocab_size %s." % vocab_size)
        self._filename_arg = filename
        self._key_index, self._value_index = key_index, value_index
        self._vocab_size = vocab_size
        self._delimiter = delimiter
        self._name = name
        with ops.init_scope(), ops.device("/device:CPU:*"):
            self._filename = ops.convert_to_tensor(filename, dtypes.string, name="asset_path")

    def initialize(self, table):
        """The operation that fills `table`; TypeError if it has other dtypes. A file that is
        named by a constant goes along with a saved model, as an asset."""
        _check_table_dtypes(table, self.key_dtype, self.value_dtype)
        with ops.name_scope(self._name, "text_file_init", (table.resource_handle,)):
            init_op = gen.InitializeTableFromTextFileV2(
                table.resource_handle, self._filename, key_index=self._key_index,
                value_index=self._value_index, vocab_size=self._vocab_size or -1,
                delimiter=self._delimiter)
        ops.add_to_collection(ops.GraphKeys.TABLE_INITIALIZERS, init_op)
        if self._filename.op.type == "Const":
            ops.add_to_collection(ops.GraphKeys.ASSET_FILEPATHS, self._filename)
        return init_op

    @property
    def _shared_name(self):
        parts = [self._filename_arg, self._vocab_size, self._key_index, self._value_index]
        return "hash_table_" + "_".join(str(part) for part in parts if part is not None)


class TextFileStringTableInitializer(TextFileInitializer):
    """Fills a table of strings by their numbers."""

    def __init__(self, filename, key_column_index=TextFileIndex.LINE_NUMBER,
                 value_column_index=TextFileIndex.WHOLE_LINE, vocab_size=None, delimiter="\t",
                 name="text_file_string_table_init"):
        super().__init__(filename, dtypes.int64, key_column_index, dtypes.string,
                         value_column_index, vocab_size, delimiter, name)


class TextFileIdTableInitializer(TextFileInitializer):
    """Fills a table of numbers by strings, or by other numbers."""

    def __init__(self, filename, key_column_index=TextFileIndex.WHOLE_LINE,
                 value_column_index=TextFileIndex.LINE_NUMBER, vocab_size=None, delimiter="\t",
                 name="text_file_id_table_init", key_dtype=dtypes.string):
        super().__init__(filename, key_dtype, key_column_index, dtypes.int64, value_column_index,
                         vocab_size, delimiter, name)


def constant_text(filename):
    """The name of a file, or what is known of it, for a message."""
    if isinstance(filename, ops.Tensor):
        return tensor_util.constant_value(filename) or "?"
    return filename
