"""Lookup tables.

By subject: lookup_base, lookup_initializers, lookup_vocabulary, lookup_mutable."""
from weft.python.framework import ops
from weft.python.ops import (
    control_flow_ops, lookup_base, lookup_initializers, lookup_mutable, lookup_vocabulary)
from weft.python.ops.lookup_base import *           # noqa: F401,F403
from weft.python.ops.lookup_initializers import *   # noqa: F401,F403
from weft.python.ops.lookup_mutable import *        # noqa: F401,F403
from weft.python.ops.lookup_vocabulary import *     # noqa: F401,F403

__all__ = ["tables_initializer", "initialize_all_tables"]
for _part in (lookup_base, lookup_initializers, lookup_mutable, lookup_vocabulary):
    __all__ += _part.__all__
del _part


def tables_initializer(name="init_all_tables"):
    """An operation that fills every table of the default graph."""
    initializers = ops.get_collection(ops.GraphKeys.TABLE_INITIALIZERS)
    if not initializers:
        return control_flow_ops.no_op(name=name)
    return control_flow_ops.group(*initializers, name=name)


def initialize_all_tables(name="init_all_tables"):
    """The older name of tables_initializer()."""
    return tables_initializer(name)
