"""The switches between TensorFlow 1's behaviour and 2's. Weft builds graphs: what asks for graphs
does nothing, and what asks for eager execution is refused.
"""
from weft.python.framework.tensor_shape import (  # noqa: F401
    disable_v2_tensorshape, enable_v2_tensorshape)


def executing_eagerly():
    """False: operations build a graph."""
    return False


def in_eager_execution():
    """False: operations build a graph."""
    return False


def disable_eager_execution():
    """Nothing to do: operations build a graph."""


def enable_eager_execution(config=None, device_policy=None, execution_mode=None):
    """RuntimeError: there is no eager execution here."""
    raise RuntimeError("Weft builds graphs and runs them in sessions; it has no eager execution.")


def enable_v2_behavior():
    """RuntimeError: TensorFlow 2 executes eagerly."""
    enable_eager_execution()


def disable_v2_behavior():
    """Shapes of Dimensions, variables by reference: as TensorFlow 1 has them at first."""
    from weft.python.ops import variable_scope
    disable_v2_tensorshape()
    variable_scope.disable_resource_variables()


def control_flow_v2_enabled():
    """False: conditions and loops are made of Switch and Merge."""
    return False


def disable_control_flow_v2():
    """Nothing to do: conditions and loops are made of Switch and Merge."""


def disable_tensor_equality():
    """Nothing to do: tensors are equal if they are the same object."""
