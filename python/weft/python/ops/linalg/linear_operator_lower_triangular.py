"""A LinearOperator that is a lower triangular matrix."""
from weft.python.framework import ops
from weft.python.ops import array_ops, linalg_ops, math_ops
from weft.python.ops.linalg import linear_operator

__all__ = ["LinearOperatorLowerTriangular"]


class LinearOperatorLowerTriangular(linear_operator.LinearOperator):
    """The lower triangle of a square matrix, or of a batch of them; what is above is not looked
    at."""

    def __init__(self, tril, is_non_singular=None, is_self_adjoint=None,
                 is_positive_definite=None, is_square=None,
                 name="LinearOperatorLowerTriangular"):
        if is_square is False:
            raise ValueError("Only square lower triangular operators supported at this time.")
        with ops.name_scope(name, values=[tril]):
            tril = linear_operator.matrix_of(tril, "tril")
            self._tril = array_ops.matrix_band_part(tril, -1, 0)
            self._diag = array_ops.matrix_diag_part(self._tril)
            super().__init__(self._tril.dtype, [self._tril], is_non_singular, is_self_adjoint,
                             is_positive_definite, True, name)

    def _shape(self):
        return self._tril.shape

    def _shape_tensor(self):
        return array_ops.shape(self._tril)

    def _assert_non_singular(self):
        return linear_operator.no_zeros(
            self._diag, "Singular operator:  Diagonal contained zero values.")

    def _determinant(self):
        return math_ops.reduce_prod(self._diag, axis=[-1])

    def _log_abs_determinant(self):
        return math_ops.reduce_sum(math_ops.log(math_ops.abs(self._diag)), axis=[-1])

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        rhs = linear_operator.linalg_adjoint(rhs) if adjoint_arg else rhs
        return linalg_ops.matrix_triangular_solve(self._tril, rhs, lower=True, adjoint=adjoint)

    def _to_dense(self):
        return self._tril

    def _diag_part(self):
        return self._diag
