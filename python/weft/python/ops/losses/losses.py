"""All of tf.losses."""

from weft.python.ops.losses import losses_impl, util
from weft.python.ops.losses.losses_impl import *
from weft.python.ops.losses.util import *

__all__ = losses_impl.__all__ + util.__all__
