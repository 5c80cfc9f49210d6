"""All of tf.layers."""
from weft.python.layers import convolutional, core, normalization, pooling
from weft.python.layers.base import InputSpec, Layer            # noqa: F401
from weft.python.layers.convolutional import *                  # noqa: F401,F403
from weft.python.layers.core import *                           # noqa: F401,F403
from weft.python.layers.normalization import *                  # noqa: F401,F403
from weft.python.layers.pooling import *                        # noqa: F401,F403

__all__ = ["InputSpec", "Layer"] + (convolutional.__all__ + core.__all__ + normalization.__all__
                                    + pooling.__all__)
