"""Lookup tables by the names that contrib has for them: a vocabulary is a "mapping" here."""
from weft.python.framework import dtypes, ops
from weft.python.ops import lookup_ops
from weft.python.ops.lookup_ops import *        # noqa: F401,F403
from weft.python.ops.lookup_ops import DenseHashTable, FastHashSpec, index_table_from_file

__all__ = ["index_table_from_tensor", "index_to_string", "index_to_string_table_from_tensor",
           "string_to_index", "string_to_index_table_from_file",
           "string_to_index_table_from_tensor"]

MutableDenseHashTable = DenseHashTable


def index_table_from_tensor(mapping, num_oov_buckets=0, default_value=-1,
                            hasher_spec=FastHashSpec, dtype=dtypes.string, name=None):
    """A table from the elements of a vector to their places in it."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return lookup_ops.index_table_from_tensor(mapping, num_oov_buckets, default_value,
                                              hasher_spec, dtype, name)


def index_to_string_table_from_tensor(mapping, default_value="UNK", name=None):
    """A table from places in a vector of strings to its elements."""
    if mapping is None:
        raise ValueError("mapping must be specified.")
    return lookup_ops.index_to_string_table_from_tensor(mapping, default_value, name)


def string_to_index_table_from_file(vocabulary_file=None, num_oov_buckets=0, vocab_size=None,
                                    default_value=-1, hasher_spec=FastHashSpec, name=None):
    """A table from the lines of a file to their numbers."""
    return index_table_from_file(vocabulary_file, num_oov_buckets, vocab_size, default_value,
                                 hasher_spec, name=name)


def string_to_index_table_from_tensor(mapping, num_oov_buckets=0, default_value=-1,
                                      hasher_spec=FastHashSpec, name=None):
    """A table from strings of a vector to their places in it."""
    with ops.name_scope(name, "string_to_index") as scope:
        mapping = ops.convert_to_tensor(mapping)
    if mapping.dtype.base_dtype != dtypes.string:
        raise ValueError("string_to_index_table_from_tensor requires string.")
    return index_table_from_tensor(mapping, num_oov_buckets, default_value, hasher_spec,
                                   name=scope)


def string_to_index(tensor, mapping, default_value=-1, name=None):
    """The places of strings in a vector of them."""
    return index_table_from_tensor(mapping, default_value=default_value,
                                   name=name).lookup(tensor)


def index_to_string(tensor, mapping, default_value="UNK", name=None):
    """The elements of a vector of strings at places in it."""
    return index_to_string_table_from_tensor(mapping, default_value, name).lookup(tensor)
