"""LinearOperators that are the identity, or some multiple of it."""
from weft.python.framework import dtypes, ops, tensor_util
from weft.python.framework.tensor_shape import TensorShape
from weft.python.ops import array_ops, control_flow_ops, linalg_ops, math_ops
from weft.python.ops.linalg import linear_operator

__all__ = ["LinearOperatorIdentity", "LinearOperatorScaledIdentity"]


class LinearOperatorIdentity(linear_operator.LinearOperator):
    """The identity of N rows, or a batch of them."""

    def __init__(self, num_rows, batch_shape=None, dtype=None, is_non_singular=True,
                 is_self_adjoint=True, is_positive_definite=True, is_square=True,
                 assert_proper_shapes=False, name="LinearOperatorIdentity"):
        """`num_rows`: N; `batch_shape`: [B1...], a vector of numbers or a tensor.

        Raises:
          ValueError: what is said of it is not true of an identity.
        """
        dtype = dtypes.as_dtype(dtype or dtypes.float32)
        for hint, said in ((is_self_adjoint, "self adjoint"), (is_square, "square"),
                           (is_non_singular, "non-singular"),
                           (is_positive_definite, "positive-definite")):
            if not hint:
                raise ValueError("An identity operator is always %s." % said)
        with ops.name_scope(name):
            super().__init__(dtype, None, is_non_singular, is_self_adjoint, is_positive_definite,
                             is_square, name)
            self._num_rows = ops.convert_to_tensor(num_rows, dtypes.int32, name="num_rows")
            static = tensor_util.constant_value(self._num_rows)
            if self._num_rows.shape.ndims not in (None, 0):
                raise ValueError("Argument num_rows must be a 0-D Tensor.  Found: %s" % num_rows)
            if static is not None and static < 0:
                raise ValueError("Argument num_rows must be non-negative.  Found: %s" % static)
            self._batch = None if batch_shape is None else ops.convert_to_tensor(
                batch_shape, dtypes.int32, name="batch_shape_arg")

    def _shape(self):
        rows = tensor_util.constant_value(self._num_rows)
        rows = None if rows is None else int(rows)
        batch = TensorShape([]) if self._batch is None else \
            tensor_util.constant_value_as_shape(self._batch)
        return batch.concatenate(TensorShape([rows, rows]))

    def _shape_tensor(self):
        matrix = array_ops.stack((self._num_rows, self._num_rows), axis=0)
        return matrix if self._batch is None else array_ops.concat((self._batch, matrix), 0)

    def _assert_non_singular(self):
        return control_flow_ops.no_op("assert_non_singular")

    def _assert_positive_definite(self):
        return control_flow_ops.no_op("assert_positive_definite")

    def _assert_self_adjoint(self):
        return control_flow_ops.no_op("assert_self_adjoint")

    def _spread(self, x):
        """x, once for each of the batch."""
        if self._batch is None:
            return x
        return x + array_ops.zeros(array_ops.concat((self._batch, [1, 1]), 0), dtype=x.dtype)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return self._spread(linear_operator.linalg_adjoint(x) if adjoint_arg else x)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        return self._matmul(rhs, adjoint_arg=adjoint_arg)

    def _determinant(self):
        return array_ops.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _log_abs_determinant(self):
        return array_ops.zeros(self.batch_shape_tensor(), dtype=self.dtype)

    def _to_dense(self):
        return linalg_ops.eye(self._num_rows, batch_shape=self._batch, dtype=self.dtype)

    def _diag_part(self):
        return array_ops.ones(self.shape_tensor()[:-1], dtype=self.dtype)


class LinearOperatorScaledIdentity(linear_operator.LinearOperator):
    """A number times the identity of N rows; a tensor of numbers: a batch of them."""

    def __init__(self, num_rows, multiplier, is_non_singular=None, is_self_adjoint=None,
                 is_positive_definite=None, is_square=True, assert_proper_shapes=False,
                 name="LinearOperatorScaledIdentity"):
        with ops.name_scope(name, values=[multiplier, num_rows]):
            self._multiplier = ops.convert_to_tensor(multiplier, name="multiplier")
            if not is_square:
                raise ValueError("A ScaledIdentity operator is always square.")
            if not self._multiplier.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError("A real diagonal operator is always self adjoint.")
                is_self_adjoint = True
            super().__init__(self._multiplier.dtype, [self._multiplier], is_non_singular,
                             is_self_adjoint, is_positive_definite, is_square, name)
            self._num_rows = ops.convert_to_tensor(num_rows, dtypes.int32, name="num_rows")

    @property
    def multiplier(self):
        """The number, or numbers."""
        return self._multiplier

    def _shape(self):
        rows = tensor_util.constant_value(self._num_rows)
        rows = None if rows is None else int(rows)
        return self._multiplier.shape.concatenate(TensorShape([rows, rows]))

    def _shape_tensor(self):
        return array_ops.concat((array_ops.shape(self._multiplier),
                                 [self._num_rows, self._num_rows]), axis=0)

    def _matrix(self, adjoint=False):
        number = math_ops.conj(self._multiplier) if adjoint else self._multiplier
        return number[..., None, None]

    def _assert_non_singular(self):
        return linear_operator.no_zeros(self._multiplier,
                                        "LinearOperator was singular")

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return self._matrix(adjoint) * (linear_operator.linalg_adjoint(x) if adjoint_arg else x)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        return (linear_operator.linalg_adjoint(rhs) if adjoint_arg else rhs) / \
            self._matrix(adjoint)

    def _determinant(self):
        return self._multiplier ** math_ops.cast(self._num_rows, self.dtype)

    def _log_abs_determinant(self):
        rows = math_ops.cast(self._num_rows, self.dtype.real_dtype)
        return rows * math_ops.log(math_ops.abs(self._multiplier))

    def _to_dense(self):
        return self._matrix() * linalg_ops.eye(self._num_rows, dtype=self.dtype)

    def _diag_part(self):
        return self._multiplier[..., None] * array_ops.ones([self._num_rows], dtype=self.dtype)
