"""tf.nn's compositions, gathered: moments, batch normalization, sampled losses."""

from weft.python.ops import nn_norm, nn_sampled
from weft.python.ops.nn_activation import relu_layer, swish
from weft.python.ops.nn_conv import depthwise_conv2d, separable_conv2d
from weft.python.ops.nn_losses import (log_poisson_loss, sigmoid_cross_entropy_with_logits,
                                       weighted_cross_entropy_with_logits)
from weft.python.ops.nn_norm import *
from weft.python.ops.nn_sampled import *

__all__ = nn_norm.__all__ + nn_sampled.__all__ + [
    "depthwise_conv2d", "log_poisson_loss", "relu_layer", "separable_conv2d",
    "sigmoid_cross_entropy_with_logits", "swish", "weighted_cross_entropy_with_logits",
]
