"""tf.losses."""

from weft.python.ops.losses.losses import *
from weft.python.ops.losses.losses import __all__
