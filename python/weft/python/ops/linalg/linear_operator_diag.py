"""A LinearOperator that is a diagonal."""
from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, check_ops, math_ops
from weft.python.ops.linalg import linear_operator

__all__ = ["LinearOperatorDiag"]


class LinearOperatorDiag(linear_operator.LinearOperator):
    """A square matrix, or a batch of them, with nothing but a diagonal [..., N]."""

    def __init__(self, diag, is_non_singular=None, is_self_adjoint=None,
                 is_positive_definite=None, is_square=None, name="LinearOperatorDiag"):
        with ops.name_scope(name, values=[diag]):
            self._diag = ops.convert_to_tensor(diag, name="diag")
            dtype = self._diag.dtype.base_dtype
            if not (dtype.is_floating or dtype.is_complex):
                raise TypeError("Argument diag must have dtype in %s.  Found: %s" % (
                    [dtypes.float16, dtypes.float32, dtypes.float64, dtypes.complex64,
                     dtypes.complex128], dtype))
            if self._diag.shape.ndims == 0:
                raise ValueError("Argument diag must have at least 1 dimension.  Found: %s"
                                 % self._diag)
            if not dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            if is_square is False:
                raise ValueError("Only square diagonal operators currently supported.")
            super().__init__(dtype, [self._diag], is_non_singular, is_self_adjoint,
                             is_positive_definite, True, name)

    @property
    def diag(self):
        """The diagonal."""
        return self._diag

    def _shape(self):
        return linear_operator.square_shape(self._diag.shape)

    def _shape_tensor(self):
        shape = array_ops.shape(self._diag)
        return array_ops.concat((shape, [shape[-1]]), axis=0)

    def _assert_non_singular(self):
        return linear_operator.no_zeros(
            self._diag, "Singular operator:  Diagonal contained zero values.")

    def _assert_positive_definite(self):
        message = "Non-positive real part found in diagonal."
        return check_ops.assert_positive(math_ops.real(self._diag), message=message)

    def _column(self, adjoint, divisor=False):
        diag = math_ops.conj(self._diag) if adjoint else self._diag
        return array_ops.expand_dims(1. / diag if divisor else diag, -1)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return self._column(adjoint) * (linear_operator.linalg_adjoint(x) if adjoint_arg else x)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        rhs = linear_operator.linalg_adjoint(rhs) if adjoint_arg else rhs
        return rhs * self._column(adjoint, divisor=True)

    def _determinant(self):
        return math_ops.reduce_prod(self._diag, axis=[-1])

    def _log_abs_determinant(self):
        return math_ops.reduce_sum(math_ops.log(math_ops.abs(self._diag)), axis=[-1])

    def _to_dense(self):
        return array_ops.matrix_diag(self._diag)

    def _diag_part(self):
        return self._diag
