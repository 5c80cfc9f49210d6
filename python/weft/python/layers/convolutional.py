"""All layers that convolve."""
from weft.python.layers import (
    convolutional_plain, convolutional_separable, convolutional_transpose)
from weft.python.layers.convolutional_plain import *            # noqa: F401,F403
from weft.python.layers.convolutional_separable import *        # noqa: F401,F403
from weft.python.layers.convolutional_transpose import *        # noqa: F401,F403

__all__ = (convolutional_plain.__all__ + convolutional_separable.__all__
           + convolutional_transpose.__all__)
