"""All of tf.nn that is made of ops, as TensorFlow's own module of this name has it."""

from weft.python.ops import candidate_sampling_ops, embedding_ops, nn_impl, nn_ops
from weft.python.ops.candidate_sampling_ops import *
from weft.python.ops.embedding_ops import *
from weft.python.ops.math_ops import sigmoid, tanh
from weft.python.ops.nn_impl import *
from weft.python.ops.nn_ops import *

__all__ = sorted(set(candidate_sampling_ops.__all__ + embedding_ops.__all__ + nn_impl.__all__ +
                     nn_ops.__all__ + ["sigmoid", "tanh"]))
