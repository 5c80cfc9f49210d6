"""tf.linalg's compositions: logarithms of determinants, adjoints."""

from weft.python.framework import gen, ops
from weft.python.ops import array_ops, math_ops

__all__ = ["adjoint", "logdet", "slogdet"]


def adjoint(matrix, name=None):
    """The conjugate transpose of the last two axes."""
    with ops.name_scope(name, "adjoint", [matrix]):
        matrix = ops.convert_to_tensor(matrix, name="matrix")
        return array_ops.matrix_transpose(matrix, conjugate=True)


def logdet(matrix, name=None):
    """The logarithm of the determinant of positive definite matrices."""
    with ops.name_scope(name, "logdet", [matrix]):
        chol = gen.Cholesky(matrix)
        diagonal = math_ops.real(array_ops.matrix_diag_part(chol))
        return 2.0 * math_ops.reduce_sum(math_ops.log(diagonal), axis=[-1])


def slogdet(input, name=None):
    """(sign, log_abs_determinant)."""
    return gen.LogMatrixDeterminant(input, name=name)
