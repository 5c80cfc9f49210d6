"""tf.contrib.framework: arg_scope, variables of models, nested structures."""
from weft.contrib.framework import (
    arg_scopes as _arg_scopes, checkpoints as _checkpoints, variables as _variables)
from weft.contrib.framework.arg_scopes import *          # noqa: F401,F403
from weft.contrib.framework.checkpoints import *        # noqa: F401,F403
from weft.contrib.framework.variables import *          # noqa: F401,F403
from weft.python.framework.ops import get_default_graph
from weft.python.framework.tensor_util import is_tensor
from weft.python.ops import audio_ops                  # noqa: F401  (contrib.framework.python.ops)
from weft.python.util import nest

__all__ = ["get_graph_from_inputs", "get_name_scope", "is_tensor", "nest"]
__all__ += _arg_scopes.__all__ + _checkpoints.__all__ + _variables.__all__


def get_name_scope() -> str:
    """The current name scope without its slash at the end; "" outside of all."""
    return get_default_graph().get_name_scope()


def get_graph_from_inputs(op_input_list, graph=None):
    """The graph of the inputs (or `graph`), else the default one."""
    from weft.python.framework import ops
    return ops._get_graph_from_inputs(op_input_list, graph)
