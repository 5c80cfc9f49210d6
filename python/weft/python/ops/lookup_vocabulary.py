"""Tables from words to numbers and back, where words that are not known get numbers as well."""
import collections
import functools

from weft.python.framework import dtypes, ops
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import array_ops, control_flow_ops, math_ops, string_ops
from weft.python.ops.lookup_base import LookupInterface, StaticHashTableV1
from weft.python.ops.lookup_initializers import (
    KeyValueTensorInitializer, TextFileIdTableInitializer, TextFileIndex,
    TextFileStringTableInitializer, constant_text)
from weft.python.util import compat

__all__ = [
    "FastHashSpec", "HasherSpec", "IdTableWithHashBuckets", "StaticVocabularyTable",
    "StaticVocabularyTableV1", "StrongHashSpec", "index_table_from_file",
    "index_table_from_tensor", "index_to_string_table_from_file",
    "index_to_string_table_from_tensor"]


class HasherSpec(collections.namedtuple("HasherSpec", ["hasher", "key"])):
    """How words that are not known are hashed."""

    __slots__ = ()


FastHashSpec = HasherSpec("fasthash", None)


class StrongHashSpec(HasherSpec):
    """A hash keyed with two numbers, which nobody can foresee who does not know them."""

    __slots__ = ()

    def __new__(cls, key):
        if len(key) != 2:
            raise ValueError("key must have size 2, got %s." % len(key))
        if not all(isinstance(part, compat.integral_types) for part in key):
            raise TypeError("Invalid key %s. Must be unsigned integer values." % key)
        return super().__new__(cls, "stronghash", key)


def _hash_function(spec):
    """The function of strings and num_buckets that a HasherSpec names."""
    if spec.hasher == "fasthash":
        return string_ops.string_to_hash_bucket_fast
    if spec.hasher == "legacy":
        return string_ops.string_to_hash_bucket
    if spec.hasher == "stronghash":
        return functools.partial(string_ops.string_to_hash_bucket_strong, key=spec.key)
    raise ValueError("Unknown hasher %s" % spec.hasher)


def _check_table(of, key_dtype):
    """TypeError unless a table, or an initializer, is from strings or numbers to int64."""
    if of.key_dtype not in (dtypes.int64, dtypes.string):
        raise TypeError("Invalid key dtype, expected one of %s, but got %s."
                        % ((dtypes.int64, dtypes.string), of.key_dtype))
    if of.key_dtype.is_integer != key_dtype.is_integer:
        raise TypeError("Invalid key dtype, expected %s but got %s."
                        % ("integer" if key_dtype.is_integer else "non-integer", of.key_dtype))
    if of.value_dtype != dtypes.int64:
        raise TypeError("Invalid value dtype, expected %s but got %s."
                        % (dtypes.int64, of.value_dtype))


def _as_string(tensor):
    return tensor if tensor.dtype.base_dtype == dtypes.string else string_ops.as_string(tensor)


class _BucketTable(LookupInterface):
    """A table, or None, and numbers behind its own for all keys that it has not."""

    def __init__(self, table, num_oov_buckets, key_dtype, name):
        if not key_dtype.is_integer and key_dtype != dtypes.string:
            raise TypeError("Invalid key_dtype, expected integer or string, got %s." % key_dtype)
        super().__init__(key_dtype, dtypes.int64)
        self._table = table
        self._num_oov_buckets = num_oov_buckets
        self._table_name = name.split("/")[-1] if name else None
        self._hash = string_ops.string_to_hash_bucket_fast

    @property
    def resource_handle(self):
        """That of the table; None if there is none."""
        return None if self._table is None else self._table.resource_handle

    @property
    def initializer(self):
        """The operation that fills the table."""
        if self._table is not None:
            return self._table.initializer
        with ops.name_scope(None, "init"):
            return control_flow_ops.no_op()

    @property
    def name(self):
        """The name of the table, or the one given."""
        return self._table_name

    def size(self, name=None):
        """How many numbers there are: those of the table and those of the buckets."""
        with ops.name_scope(name, "%s_Size" % self.name):
            if self._table is not None:
                size = self._table.size()
            else:
                size = ops.convert_to_tensor(0, dtype=dtypes.int64)
            return size + self._num_oov_buckets

    def lookup(self, keys, name=None):
        """The numbers of a Tensor or SparseTensor of keys."""
        self._check_keys(keys)
        values = keys.values if isinstance(keys, SparseTensor) else keys
        if self._table is not None and self._table.key_dtype.base_dtype == dtypes.int64:
            values = math_ops.cast(values, dtypes.int64)
        ids = self._ids(values, name)
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, ids, keys.dense_shape)
        return ids

    def _ids(self, values, name):
        if self._num_oov_buckets == 0:
            return self._table.lookup(values, name=name)
        with ops.name_scope(name, "%s_Lookup" % self.name):
            buckets = self._hash(_as_string(values), num_buckets=self._num_oov_buckets,
                                 name="hash_bucket")
            if self._table is None:
                return buckets
            ids = self._table.lookup(values)
            buckets = math_ops.add(buckets, self._table.size())
            known = math_ops.not_equal(ids, self._table.default_value)
            return array_ops.where_v2(known, ids, buckets)


class IdTableWithHashBuckets(_BucketTable):
    """A table of numbers, and `num_oov_buckets` numbers behind them for all other keys.

    Without a table there are these only."""

    def __init__(self, table, num_oov_buckets, hasher_spec=FastHashSpec, name=None,
                 key_dtype=None):
        name = name.rstrip("/") if name else name
        if table is not None:
            key_dtype = table.key_dtype if key_dtype is None else key_dtype
            _check_table(table, key_dtype)
        elif num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0 if no table is supplied.")
        if not isinstance(hasher_spec, HasherSpec):
            raise TypeError("hasher_spec must be of type HasherSpec, got %s" % hasher_spec)
        super().__init__(table, num_oov_buckets, key_dtype or dtypes.string,
                         name or ("hash_bucket" if table is None else table.name))
        self._hash = _hash_function(hasher_spec)

    @property
    def init(self):
        """The operation that fills the table."""
        return self.initializer


class StaticVocabularyTable(_BucketTable):
    """A table that an initializer fills, and `num_oov_buckets` numbers for all other keys."""

    def __init__(self, initializer, num_oov_buckets, lookup_key_dtype=None, name=None):
        if num_oov_buckets <= 0:
            raise ValueError("oov_buckets must be > 0.")
        name = name.rstrip("/") if name else name
        table, key_dtype = None, dtypes.string
        if initializer:
            key_dtype = lookup_key_dtype or initializer.key_dtype
            _check_table(initializer, key_dtype)
            table = StaticHashTableV1(initializer, default_value=-1)
        super().__init__(table, num_oov_buckets, key_dtype,
                         name or ("hash_bucket" if table is None else table.name))


StaticVocabularyTableV1 = StaticVocabularyTable


# ---- tables of a vocabulary ----

def _check_file(vocabulary_file):
    if vocabulary_file is None or isinstance(vocabulary_file, str) and not vocabulary_file:
        raise ValueError("vocabulary_file must be specified and must not be empty.")


def _check_buckets(num_oov_buckets, dtype):
    if num_oov_buckets < 0:
        raise ValueError("num_oov_buckets must be greater or equal than 0, got %d."
                         % num_oov_buckets)
    if not dtype.is_integer and dtype.base_dtype != dtypes.string:
        raise TypeError("Only integer and string keys are supported.")


def _with_buckets(table, num_oov_buckets, hasher_spec, key_dtype):
    if not num_oov_buckets:
        return table
    return IdTableWithHashBuckets(table, num_oov_buckets, hasher_spec, key_dtype=key_dtype)


def index_table_from_file(vocabulary_file=None, num_oov_buckets=0, vocab_size=None,
                          default_value=-1, hasher_spec=FastHashSpec, key_dtype=dtypes.string,
                          name=None, key_column_index=TextFileIndex.WHOLE_LINE,
                          value_column_index=TextFileIndex.LINE_NUMBER, delimiter="\t"):
    """A table from the lines of a file to their numbers."""
    _check_file(vocabulary_file)
    if vocab_size is not None and vocab_size < 1:
        raise ValueError("vocab_size must be greater than 0, got %d. vocabulary_file: %s"
                         % (vocab_size, constant_text(vocabulary_file)))
    _check_buckets(num_oov_buckets, key_dtype)
    with ops.name_scope(name, "string_to_index"):
        with ops.name_scope(None, "hash_table"):
            init = TextFileIdTableInitializer(
                vocabulary_file, key_column_index, value_column_index, vocab_size, delimiter,
                "table_init", dtypes.int64 if key_dtype.is_integer else key_dtype)
            table = StaticHashTableV1(init, default_value)
        return _with_buckets(table, num_oov_buckets, hasher_spec, key_dtype)


def _check_vocabulary(keys, dtype):
    if keys.dtype.is_integer != dtype.is_integer:
        raise ValueError("Expected %s, got %s."
                         % ("integer" if dtype.is_integer else "non-integer", keys.dtype))
    if not dtype.is_integer and keys.dtype.base_dtype != dtype:
        raise ValueError("Expected %s, got %s." % (dtype, keys.dtype))


def _numbers(vector):
    """0, 1... one for each element, int64."""
    return math_ops.cast(math_ops.range(array_ops.size(vector)), dtypes.int64)


def index_table_from_tensor(vocabulary_list, num_oov_buckets=0, default_value=-1,
                            hasher_spec=FastHashSpec, dtype=dtypes.string, name=None):
    """A table from the elements of a vector to their places in it."""
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    _check_buckets(num_oov_buckets, dtype)
    with ops.name_scope(name, "string_to_index"):
        keys = ops.convert_to_tensor(vocabulary_list)
        _check_vocabulary(keys, dtype)
        values = _numbers(keys)
        with ops.name_scope(None, "hash_table"):
            if keys.dtype.is_integer:
                keys = math_ops.cast(keys, dtypes.int64)
            init = KeyValueTensorInitializer(keys, values, keys.dtype.base_dtype, dtypes.int64,
                                             name="table_init")
            table = StaticHashTableV1(init, default_value)
        return _with_buckets(table, num_oov_buckets, hasher_spec, dtype)


def index_to_string_table_from_file(vocabulary_file, vocab_size=None, default_value="UNK",
                                    name=None, key_column_index=TextFileIndex.LINE_NUMBER,
                                    value_column_index=TextFileIndex.WHOLE_LINE, delimiter="\t"):
    """A table from numbers to the lines of a file."""
    _check_file(vocabulary_file)
    if vocab_size is not None and vocab_size < 1:
        raise ValueError("vocab_size must be greater than 0, got %d." % vocab_size)
    with ops.name_scope(name, "index_to_string"):
        init = TextFileStringTableInitializer(vocabulary_file, key_column_index,
                                              value_column_index, vocab_size, delimiter,
                                              "table_init")
        return StaticHashTableV1(init, default_value)


def index_to_string_table_from_tensor(vocabulary_list, default_value="UNK", name=None):
    """A table from places in a vector of strings to its elements."""
    if vocabulary_list is None:
        raise ValueError("vocabulary_list must be specified.")
    with ops.name_scope(name, "index_to_string"):
        vocabulary_list = ops.convert_to_tensor(vocabulary_list, dtypes.string)
        init = KeyValueTensorInitializer(_numbers(vocabulary_list), vocabulary_list,
                                         dtypes.int64, dtypes.string, name="table_init")
        return StaticHashTableV1(init, default_value)
