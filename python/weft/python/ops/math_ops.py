"""tf.math and most of tf's arithmetic, gathered; importing it gives Tensor its operators."""

from weft.python.ops import (math_arithmetic, math_elementwise, math_linear, math_operators,
                             math_reduce, math_sequence)
from weft.python.ops.math_arithmetic import *
from weft.python.ops.math_elementwise import *
from weft.python.ops.math_linear import *
from weft.python.ops.math_operators import override_operator
from weft.python.ops.math_reduce import *
from weft.python.ops.math_sequence import *

mod = floormod

__all__ = (math_arithmetic.__all__ + math_elementwise.__all__ + math_linear.__all__ +
           math_operators.__all__ + math_reduce.__all__ + math_sequence.__all__ + ["mod"])
