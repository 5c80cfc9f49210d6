"""A LinearOperator that is a matrix."""
from weft.python.framework import ops
from weft.python.ops import array_ops
from weft.python.ops.linalg import linear_operator

__all__ = ["LinearOperatorFullMatrix"]


class LinearOperatorFullMatrix(linear_operator.LinearOperator):
    """A matrix, or a batch of them, of any kind."""

    def __init__(self, matrix, is_non_singular=None, is_self_adjoint=None,
                 is_positive_definite=None, is_square=None, name="LinearOperatorFullMatrix"):
        with ops.name_scope(name, values=[matrix]):
            self._matrix = linear_operator.matrix_of(matrix, "matrix")
            super().__init__(self._matrix.dtype, [self._matrix], is_non_singular, is_self_adjoint,
                             is_positive_definite, is_square, name)

    def _shape(self):
        return self._matrix.shape

    def _shape_tensor(self):
        return array_ops.shape(self._matrix)

    def _to_dense(self):
        return self._matrix
