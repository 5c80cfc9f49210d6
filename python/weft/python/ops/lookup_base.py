"""What all lookup tables are, and those that are filled once and then only read."""
import uuid

from weft.python.framework import dtypes, gen, ops
from weft.python.framework.sparse_tensor import SparseTensor

__all__ = ["HashTable", "InitializableLookupTableBase", "InitializableLookupTableBaseV1",
           "LookupInterface", "StaticHashTable", "StaticHashTableV1"]


class LookupInterface:
    """A table of a session, from keys to values."""

    def __init__(self, key_dtype, value_dtype):
        self._key_dtype = dtypes.as_dtype(key_dtype)
        self._value_dtype = dtypes.as_dtype(value_dtype)
        self._resource_handle = None

    @property
    def key_dtype(self):
        """The dtype of its keys."""
        return self._key_dtype

    @property
    def value_dtype(self):
        """The dtype of its values."""
        return self._value_dtype

    @property
    def resource_handle(self):
        """The tensor that ops on the table take."""
        return self._resource_handle

    @property
    def name(self):
        """The name of the table's operation, without its scopes."""
        return NotImplementedError

    def size(self, name=None):
        """How many keys it has: an int64 scalar."""
        raise NotImplementedError

    def lookup(self, keys, name=None):
        """The values of the keys."""
        raise NotImplementedError

    def _check_keys(self, keys):
        if keys.dtype.base_dtype != self._key_dtype:
            raise TypeError("Signature mismatch. Keys must be dtype %s, got %s."
                            % (self._key_dtype, keys.dtype))


class InitializableLookupTableBase(LookupInterface):
    """A table that an initializer fills, an operation to be run once in a session."""

    def __init__(self, default_value, initializer):
        super().__init__(initializer.key_dtype, initializer.value_dtype)
        self._default_value = ops.convert_to_tensor(default_value, dtype=self._value_dtype)
        self._default_value.get_shape().merge_with([])
        self._initializer = initializer
        with ops.init_scope():
            self._resource_handle = self._create_resource()
        self._init_op = self._initialize()

    def _create_resource(self):
        raise NotImplementedError

    def _initialize(self):
        return self._initializer.initialize(self)

    @property
    def default_value(self):
        """The value of keys that it has not."""
        return self._default_value

    def size(self, name=None):
        """How many keys it has: an int64 scalar."""
        with ops.name_scope(name, "%s_Size" % self.name, [self.resource_handle]):
            return gen.LookupTableSizeV2(self.resource_handle)

    def lookup(self, keys, name=None):
        """The values of a Tensor of keys, or of the values of a SparseTensor; TypeError if they
        have another dtype."""
        key_tensor = keys.values if isinstance(keys, SparseTensor) else keys
        self._check_keys(keys)
        with ops.name_scope(name, "%s_Lookup" % self.name,
                            (self.resource_handle, key_tensor, self._default_value)):
            values = gen.LookupTableFindV2(self.resource_handle, key_tensor, self._default_value)
        values.set_shape(key_tensor.get_shape())
        if isinstance(keys, SparseTensor):
            return SparseTensor(keys.indices, values, keys.dense_shape)
        return values


class InitializableLookupTableBaseV1(InitializableLookupTableBase):
    """With the operation that fills it."""

    @property
    def initializer(self):
        """The operation that fills the table."""
        return self._init_op


class StaticHashTable(InitializableLookupTableBase):
    """A table that does not change once it is filled.

    Tables of one session whose files are the same are one table."""

    def __init__(self, initializer, default_value, name=None):
        shared = initializer._shared_name or "hash_table_%s" % uuid.uuid4()
        self._set_up(initializer, default_value, shared, name)

    def _set_up(self, initializer, default_value, shared_name, name):
        self._shared_name = shared_name
        self._name = name or "hash_table"
        self._table_name = None
        InitializableLookupTableBase.__init__(self, default_value, initializer)

    def _create_resource(self):
        table = gen.HashTableV2(shared_name=self._shared_name, key_dtype=self._key_dtype,
                                value_dtype=self._value_dtype, name=self._name)
        self._table_name = table.op.name.split("/")[-1]
        return table

    @property
    def name(self):
        """The name of the table's operation, without its scopes."""
        return self._table_name

    def export(self, name=None):
        """(keys, values) of all that it has."""
        with ops.name_scope(name, "%s_Export" % self.name, [self.resource_handle]):
            keys, values = gen.LookupTableExportV2(
                self.resource_handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype)
        values.set_shape(keys.get_shape().concatenate(self._default_value.get_shape()))
        return keys, values


class StaticHashTableV1(StaticHashTable):
    """StaticHashTable with the operation that fills it."""

    @property
    def initializer(self):
        """The operation that fills the table."""
        return self._init_op


class HashTable(StaticHashTableV1):
    """A table that does not change once it is filled; shared by the sessions of a server under
    `shared_name`, else known by its operation's name."""

    def __init__(self, initializer, default_value, shared_name=None, name=None):
        self._set_up(initializer, default_value, shared_name or "", name)

    @property
    def init(self):
        """The operation that fills the table."""
        return self.initializer
