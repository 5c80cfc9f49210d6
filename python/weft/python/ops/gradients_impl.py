"""tf.gradients by its older module path."""

from weft.python.ops.gradients import AggregationMethod
from weft.python.ops.gradients import UnconnectedGradients
from weft.python.ops.gradients import gradients
from weft.python.ops.gradients import hessians

__all__ = ["AggregationMethod", "UnconnectedGradients", "gradients", "hessians"]
