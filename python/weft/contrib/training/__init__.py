"""tf.contrib.training."""
from weft.contrib.training.hparam import HParams

__all__ = ["HParams"]
