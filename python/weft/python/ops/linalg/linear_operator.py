"""LinearOperator: a matrix, or a batch of them, that need not be there as such. What is known of it
makes products and solutions cheap."""
from weft.python.framework import dtypes, ops, tensor_util
from weft.python.framework.tensor_shape import TensorShape
from weft.python.ops import array_ops, check_ops, control_flow_ops, linalg_ops, math_ops

__all__ = ["LinearOperator"]


class LinearOperator:
    """Base of linear operators of shape [B1..., M, N]. A subclass has at least _shape(),
    _shape_tensor() and _to_dense(), or _matmul()."""

    def __init__(self, dtype, graph_parents=None, is_non_singular=None, is_self_adjoint=None,
                 is_positive_definite=None, is_square=None, name=None):
        """What is said of the operator: True, False, or None where nobody knows.

        Raises:
          ValueError: that cannot all be.
        """
        for i, parent in enumerate(graph_parents or []):
            if not tensor_util.is_tensor(parent):
                raise ValueError("Graph parent item %d is not a Tensor; %s." % (i, parent))
        if is_positive_definite:
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        for what, holds in (("non-singular", is_non_singular), ("self-adjoint", is_self_adjoint)):
            if holds:
                if is_square is False:
                    raise ValueError("A %s matrix is always square." % what)
                is_square = True
        self._dtype = dtypes.as_dtype(dtype).base_dtype
        self._graph_parents = list(graph_parents or [])
        self._is_non_singular = is_non_singular
        self._is_self_adjoint = is_self_adjoint
        self._is_positive_definite = is_positive_definite
        self._is_square_set_or_implied_by_hints = is_square
        self._name = name or type(self).__name__

    # ---- what it is ----

    @property
    def dtype(self):
        """The DType of its elements."""
        return self._dtype

    @property
    def name(self):
        """Its name."""
        return self._name

    @property
    def graph_parents(self):
        """The tensors that it is made of."""
        return self._graph_parents

    @property
    def is_non_singular(self):
        """Has it an inverse? None: unknown."""
        return self._is_non_singular

    @property
    def is_self_adjoint(self):
        """Is it its own adjoint? None: unknown."""
        return self._is_self_adjoint

    @property
    def is_positive_definite(self):
        """Is it positive definite? None: unknown."""
        return self._is_positive_definite

    @property
    def is_square(self):
        """Is it square? None: unknown."""
        rows, columns = self.range_dimension.value, self.domain_dimension.value
        if rows is not None and columns is not None:
            if self._is_square_set_or_implied_by_hints is False and rows == columns:
                raise ValueError("Found an operator whose hints contradict its shape: is_square=%s"
                                 % self._is_square_set_or_implied_by_hints)
            return rows == columns
        return self._is_square_set_or_implied_by_hints

    @property
    def shape(self):
        """The TensorShape [B1..., M, N]."""
        return self._shape()

    @property
    def batch_shape(self):
        """The TensorShape [B1...]."""
        return self.shape[:-2]

    @property
    def tensor_rank(self):
        """How many dimensions there are, or None."""
        return self.shape.ndims

    @property
    def domain_dimension(self):
        """The Dimension N."""
        return self.shape.with_rank_at_least(2)[-1]

    @property
    def range_dimension(self):
        """The Dimension M."""
        return self.shape.with_rank_at_least(2)[-2]

    def _scope(self, name):
        return ops.name_scope("/".join([self.name, name]))

    def shape_tensor(self, name="shape_tensor"):
        """The shape as a tensor."""
        with self._scope(name):
            if self.shape.is_fully_defined():
                return ops.convert_to_tensor(self.shape.as_list(), dtypes.int32)
            return self._shape_tensor()

    def batch_shape_tensor(self, name="batch_shape_tensor"):
        """The batch's shape as a tensor."""
        with self._scope(name):
            return self.shape_tensor()[:-2]

    def tensor_rank_tensor(self, name="tensor_rank_tensor"):
        """The rank as a tensor."""
        with self._scope(name):
            return array_ops.size(self.shape_tensor())

    def domain_dimension_tensor(self, name="domain_dimension_tensor"):
        """N as a tensor."""
        with self._scope(name):
            return self.shape_tensor()[-1]

    def range_dimension_tensor(self, name="range_dimension_tensor"):
        """M as a tensor."""
        with self._scope(name):
            return self.shape_tensor()[-2]

    def _shape_tensor(self):
        return array_ops.shape(self._to_dense())

    # ---- checks ----

    def assert_non_singular(self, name="assert_non_singular"):
        """An op that fails unless it has an inverse."""
        with self._scope(name):
            return self._assert_non_singular()

    def _assert_non_singular(self):
        raise NotImplementedError("assert_non_singular is not implemented.")

    def assert_positive_definite(self, name="assert_positive_definite"):
        """An op that fails unless it is positive definite."""
        with self._scope(name):
            return self._assert_positive_definite()

    def _assert_positive_definite(self):
        # A decomposition fails unless it is; that it is self-adjoint cannot be seen by it.
        with ops.control_dependencies([linalg_ops.cholesky(self._to_dense())]):
            return control_flow_ops.no_op()

    def assert_self_adjoint(self, name="assert_self_adjoint"):
        """An op that fails unless it is self-adjoint."""
        with self._scope(name):
            return self._assert_self_adjoint()

    def _assert_self_adjoint(self):
        dense = self._to_dense()
        return check_ops.assert_equal(dense, linalg_adjoint(dense),
                                      message="Matrix was not equal to its adjoint.")

    # ---- products ----

    def matmul(self, x, adjoint=False, adjoint_arg=False, name="matmul"):
        """A x, with either one's adjoint where that is said; x: [..., N, R], or an operator."""
        with self._scope(name):
            if isinstance(x, LinearOperator):
                x = x.to_dense()
            x = self._checked(x)
            inner = -2 if adjoint else -1
            self.shape[inner].assert_is_compatible_with(x.shape[-1 if adjoint_arg else -2])
            return self._matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def matvec(self, x, adjoint=False, name="matvec"):
        """A x of vectors x: [..., N]."""
        with self._scope(name):
            x = self._checked(x)
            self.shape[-2 if adjoint else -1].assert_is_compatible_with(x.shape[-1])
            return array_ops.squeeze(
                self._matmul(array_ops.expand_dims(x, -1), adjoint=adjoint, adjoint_arg=False), -1)

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        return math_ops.matmul(self._to_dense(), x, adjoint_a=adjoint, adjoint_b=adjoint_arg)

    def _checked(self, x):
        return ops.convert_to_tensor(x, dtype=self.dtype, name="x")

    # ---- solutions ----

    def solve(self, rhs, adjoint=False, adjoint_arg=False, name="solve"):
        """X of A X = rhs, [..., M, R].

        Raises:
          NotImplementedError: it is said to be singular or not square.
        """
        self._check_solvable("Exact solve")
        with self._scope(name):
            rhs = self._checked(rhs.to_dense() if isinstance(rhs, LinearOperator) else rhs)
            return self._solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def solvevec(self, rhs, adjoint=False, name="solve"):
        """x of A x = rhs, [..., M]."""
        self._check_solvable("Exact solve")
        with self._scope(name):
            rhs = array_ops.expand_dims(self._checked(rhs), -1)
            return array_ops.squeeze(self._solve(rhs, adjoint=adjoint, adjoint_arg=False), -1)

    def _check_solvable(self, what):
        if self.is_non_singular is False:
            raise NotImplementedError("%s not implemented for an operator that is expected to be "
                                      "singular." % what)
        if self.is_square is False:
            raise NotImplementedError("%s not implemented for an operator that is expected to not "
                                      "be square." % what)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        rhs = linalg_adjoint(rhs) if adjoint_arg else rhs
        if self.is_positive_definite and self.is_self_adjoint:
            return linalg_ops.cholesky_solve(linalg_ops.cholesky(self._to_dense()), rhs)
        return linalg_ops.matrix_solve(self._to_dense(), rhs, adjoint=adjoint)

    # ---- numbers ----

    def determinant(self, name="det"):
        """The determinant of each matrix.

        Raises:
          NotImplementedError: it is said not to be square.
        """
        self._check_square("Determinant")
        with self._scope(name):
            return self._determinant()

    def log_abs_determinant(self, name="log_abs_det"):
        """The logarithm of the determinant's absolute value."""
        self._check_square("Determinant")
        with self._scope(name):
            return self._log_abs_determinant()

    def _check_square(self, what):
        if self.is_square is False:
            raise NotImplementedError("%s not implemented for an operator that is expected to not "
                                      "be square." % what)

    def _determinant(self):
        if self.is_positive_definite and self.is_self_adjoint:
            return math_ops.exp(self._log_abs_determinant())
        return linalg_ops.matrix_determinant(self._to_dense())

    def _log_abs_determinant(self):
        if self.is_positive_definite and self.is_self_adjoint:
            diag = array_ops.matrix_diag_part(linalg_ops.cholesky(self._to_dense()))
            return 2 * math_ops.reduce_sum(math_ops.log(diag), axis=[-1])
        return math_ops.log(math_ops.abs(linalg_ops.matrix_determinant(self._to_dense())))

    def trace(self, name="trace"):
        """The sum of the diagonal."""
        with self._scope(name):
            return math_ops.reduce_sum(self.diag_part(), axis=-1)

    def diag_part(self, name="diag_part"):
        """The diagonal."""
        with self._scope(name):
            return self._diag_part()

    def _diag_part(self):
        return array_ops.matrix_diag_part(self._to_dense())

    # ---- matrices ----

    def to_dense(self, name="to_dense"):
        """The matrix as a tensor."""
        with self._scope(name):
            return self._to_dense()

    def _to_dense(self):
        raise NotImplementedError("to_dense is not implemented.")

    def add_to_tensor(self, x, name="add_to_tensor"):
        """A + x."""
        with self._scope(name):
            return self._to_dense() + ops.convert_to_tensor(x, dtype=self.dtype, name="x")

    def adjoint(self, name="adjoint"):
        """The adjoint, an operator."""
        if self.is_self_adjoint:
            return self
        with self._scope(name):
            return self._dense_operator(linalg_adjoint(self._to_dense()))

    H = property(adjoint, None, None, "The adjoint.")

    def inverse(self, name="inverse"):
        """The inverse, an operator.

        Raises:
          ValueError: there is none.
        """
        if self.is_square is False:
            raise ValueError("Cannot take the Inverse: This operator represents a non square "
                             "matrix.")
        if self.is_non_singular is False:
            raise ValueError("Cannot take the Inverse: This operator represents a singular matrix.")
        with self._scope(name):
            return self._dense_operator(linalg_ops.matrix_inverse(self._to_dense()))

    def cholesky(self, name="cholesky"):
        """The lower factor of a self-adjoint positive definite one, an operator."""
        if not (self.is_positive_definite and self.is_self_adjoint):
            raise ValueError("Cannot take the Cholesky decomposition: Not a positive definite self "
                             "adjoint matrix.")
        from weft.python.ops.linalg import linear_operator_lower_triangular as lower
        with self._scope(name):
            return lower.LinearOperatorLowerTriangular(linalg_ops.cholesky(self._to_dense()),
                                                       is_non_singular=True)

    def _dense_operator(self, matrix):
        from weft.python.ops.linalg import linear_operator_full_matrix as full
        return full.LinearOperatorFullMatrix(matrix, is_non_singular=self.is_non_singular,
                                             is_square=self._is_square_set_or_implied_by_hints)


def linalg_adjoint(matrix):
    """The conjugate transpose of matrices."""
    return array_ops.matrix_transpose(matrix, conjugate=True)


def no_zeros(x, message):
    """An op that fails if an element of x is zero."""
    zero = math_ops.cast(0, x.dtype.real_dtype)
    return check_ops.assert_less(zero, math_ops.abs(x), message=message)


def matrix_of(matrix, name):
    """A matrix, or batch of them, as a tensor of floating point.

    Raises:
      ValueError: it has less than two dimensions.
      TypeError: it has other elements.
    """
    matrix = ops.convert_to_tensor(matrix, name=name)
    dtype = matrix.dtype.base_dtype
    if not (dtype.is_floating or dtype.is_complex):
        raise TypeError("Argument %s must have dtype in %s.  Found: %s" % (
            name, [dtypes.float16, dtypes.float32, dtypes.float64, dtypes.complex64,
                   dtypes.complex128], dtype))
    if matrix.shape.ndims is not None and matrix.shape.ndims < 2:
        raise ValueError("Argument %s must have at least 2 dimensions.  Found: %s"
                         % (name, matrix))
    return matrix


def square_shape(shape):
    """The TensorShape [..., N, N] of that of diagonals, [..., N]."""
    return TensorShape(None) if shape.ndims is None else shape.concatenate(shape[-1:])
