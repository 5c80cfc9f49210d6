"""Operations to run after a model was loaded."""

from weft.python.framework import ops
from weft.python.ops import control_flow_ops
from weft.python.ops import lookup_ops
from weft.python.ops import variables

__all__ = ["main_op", "main_op_with_restore"]


def main_op():
    """An Operation that initializes all variables and tables."""
    return control_flow_ops.group(variables.global_variables_initializer(),
                                  variables.local_variables_initializer(),
                                  lookup_ops.tables_initializer())


def main_op_with_restore(restore_op_name):
    """An Operation that runs main_op(), and after it what is given, an Operation."""
    with ops.control_dependencies([main_op()]):
        return control_flow_ops.group(restore_op_name)
