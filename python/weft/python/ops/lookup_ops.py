"""What prepares lookup tables; there are no tables yet, so that there is nothing to prepare but
what a script has put into the collection itself."""
from weft.python.framework import ops
from weft.python.ops import control_flow_ops

__all__ = ["tables_initializer", "initialize_all_tables"]


def tables_initializer(name="init_all_tables"):
    """An operation that prepares every table of the default graph."""
    initializers = ops.get_collection(ops.GraphKeys.TABLE_INITIALIZERS)
    if not initializers:
        return control_flow_ops.no_op(name=name)
    return control_flow_ops.group(*initializers, name=name)


def initialize_all_tables(name="init_all_tables"):
    """The older name of tables_initializer()."""
    return tables_initializer(name)
