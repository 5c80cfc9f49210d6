"""tf.metrics, under the name that TensorFlow's own module has."""

from weft.python.ops.metrics_impl import *
from weft.python.ops.metrics_impl import __all__
