"""tf.nn's neural network ops, gathered: activations, convolutions, pooling, cross entropies."""

from weft.python.ops import nn_activation, nn_conv, nn_losses, nn_pool, nn_quantized
from weft.python.ops.nn_activation import *
from weft.python.ops.nn_conv import *
from weft.python.ops.nn_conv import convolve
from weft.python.ops.nn_losses import *
from weft.python.ops.nn_pool import *
from weft.python.ops.nn_quantized import *

__all__ = (nn_activation.__all__ + nn_conv.__all__ + nn_losses.__all__ + nn_pool.__all__ +
           nn_quantized.__all__)
