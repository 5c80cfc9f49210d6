"""All of tf.metrics."""

from weft.python.ops import metrics_base, metrics_confusion, metrics_mean, metrics_ranking
from weft.python.ops.metrics_base import *
from weft.python.ops.metrics_confusion import *
from weft.python.ops.metrics_mean import *
from weft.python.ops.metrics_ranking import *

__all__ = (metrics_base.__all__ + metrics_confusion.__all__ + metrics_mean.__all__ +
           metrics_ranking.__all__)
