"""Lookup tables that change while they are used, and that a Saver saves with the variables."""
from weft.python.framework import gen, ops
from weft.python.ops.lookup_base import LookupInterface

__all__ = ["DenseHashTable", "MutableHashTable"]


class _MutableTable(LookupInterface):
    """What both tables have."""

    def __init__(self, key_dtype, value_dtype, name, checkpoint):
        super().__init__(key_dtype, value_dtype)
        self._name = name
        self._checkpoint = checkpoint
        self._resource_handle = self._create_resource()
        self._table_name = self._resource_handle.op.name.split("/")[-1]
        if checkpoint:
            from weft.python.ops.lookup_saveable import TableSaveable
            ops.add_to_collection(ops.GraphKeys.SAVEABLE_OBJECTS, TableSaveable(self, name))

    def _create_resource(self):
        raise NotImplementedError

    @property
    def name(self):
        """The name of the table's operation, without its scopes."""
        return self._table_name

    def size(self, name=None):
        """How many keys it has: an int64 scalar."""
        with ops.name_scope(name, "%s_Size" % self.name, [self.resource_handle]):
            with ops.colocate_with(self.resource_handle):
                return gen.LookupTableSizeV2(self.resource_handle)

    def remove(self, keys, name=None):
        """The operation that removes keys; those that it has not do not matter."""
        if keys.dtype != self._key_dtype:
            raise TypeError("Signature mismatch. Keys must be dtype %s, got %s."
                            % (self._key_dtype, keys.dtype))
        with ops.name_scope(name, "%s_lookup_table_remove" % self.name,
                            (self.resource_handle, keys, self._default_value)):
            return gen.LookupTableRemoveV2(self.resource_handle, keys)

    def lookup(self, keys, name=None):
        """The values of keys of any shape."""
        with ops.name_scope(name, "%s_lookup_table_find" % self.name,
                            [self.resource_handle, keys]):
            keys = ops.convert_to_tensor(keys, dtype=self._key_dtype, name="keys")
            with ops.colocate_with(self.resource_handle):
                return gen.LookupTableFindV2(self.resource_handle, keys, self._default_value)

    def insert(self, keys, values, name=None):
        """The operation that gives values to keys."""
        with ops.name_scope(name, "%s_lookup_table_insert" % self.name,
                            [self.resource_handle, keys, values]):
            keys = ops.convert_to_tensor(keys, dtype=self._key_dtype, name="keys")
            values = ops.convert_to_tensor(values, dtype=self._value_dtype, name="values")
            with ops.colocate_with(self.resource_handle):
                return gen.LookupTableInsertV2(self.resource_handle, keys, values)

    def export(self, name=None):
        """(keys, values) of all that it has."""
        with ops.name_scope(name, "%s_lookup_table_export_values" % self.name,
                            [self.resource_handle]):
            with ops.colocate_with(self.resource_handle):
                keys, values = gen.LookupTableExportV2(
                    self.resource_handle, Tkeys=self._key_dtype, Tvalues=self._value_dtype)
        return keys, values


class MutableHashTable(_MutableTable):
    """A table to put values in, numbers, strings or vectors, and take them out."""

    def __init__(self, key_dtype, value_dtype, default_value, name="MutableHashTable",
                 checkpoint=True):
        self._default_value = ops.convert_to_tensor(default_value, dtype=value_dtype)
        super().__init__(key_dtype, value_dtype, name, checkpoint)

    def _create_resource(self):
        shape = self._default_value.get_shape()
        attrs = {"use_node_name_sharing": self._checkpoint, "key_dtype": self._key_dtype,
                 "value_dtype": self._value_dtype, "name": self._name}
        if shape.ndims == 0:
            return gen.MutableHashTableV2(**attrs)
        return gen.MutableHashTableOfTensorsV2(value_shape=shape, **attrs)


class DenseHashTable(_MutableTable):
    """A MutableHashTable whose keys may be vectors; two of them are set apart, and refused:
    `empty_key` and `deleted_key`."""

    def __init__(self, key_dtype, value_dtype, default_value, empty_key, deleted_key,
                 initial_num_buckets=None, name="MutableDenseHashTable", checkpoint=True):
        self._default_value = ops.convert_to_tensor(default_value, dtype=value_dtype,
                                                    name="default_value")
        self._initial_num_buckets = initial_num_buckets
        self._empty_key = ops.convert_to_tensor(empty_key, dtype=key_dtype, name="empty_key")
        self._deleted_key = ops.convert_to_tensor(deleted_key, dtype=key_dtype,
                                                  name="deleted_key")
        super().__init__(key_dtype, value_dtype, name, checkpoint)

    def _create_resource(self):
        buckets = self._initial_num_buckets
        return gen.MutableDenseHashTableV2(
            self._empty_key, self._deleted_key, use_node_name_sharing=self._checkpoint,
            value_dtype=self._value_dtype, value_shape=self._default_value.get_shape(),
            name=self._name, **({} if buckets is None else {"initial_num_buckets": buckets}))

    insert_or_assign = _MutableTable.insert
    erase = _MutableTable.remove
