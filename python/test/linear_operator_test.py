"""Linear operators: every one beside the matrix that it stands for."""
import numpy as np
import pytest
import weft as tf
from run import run

LOWER = np.array([[2., 9.], [1., -4.]])
operators = {
    "LowerTriangular": lambda: (tf.linalg.LinearOperatorLowerTriangular(LOWER), np.tril(LOWER)),
    "FullMatrix": lambda: (tf.linalg.LinearOperatorFullMatrix(LOWER), LOWER),
    "positive": lambda: (tf.linalg.LinearOperatorFullMatrix(
        [[4., 1.], [1., 3.]], is_self_adjoint=True, is_positive_definite=True),
        np.array([[4., 1.], [1., 3.]])),
    "Diag": lambda: (tf.linalg.LinearOperatorDiag([2., -3.]), np.diag([2., -3.])),
    "Identity": lambda: (tf.linalg.LinearOperatorIdentity(2, dtype=tf.float64), np.eye(2)),
    "ScaledIdentity": lambda: (tf.linalg.LinearOperatorScaledIdentity(2, 3.), 3 * np.eye(2))}


@pytest.mark.parametrize("kind", sorted(operators))
def test_beside_the_matrix(kind):
    op, matrix = operators[kind]()
    x = np.array([[1., 2., 3.], [4., 5., 6.]])
    near = dict(rtol=1e-5, atol=1e-5)
    assert op.shape.as_list() == [2, 2] and op.is_square and op.tensor_rank == 2
    np.testing.assert_allclose(run(op.to_dense()), matrix)
    np.testing.assert_allclose(run(op.matmul(x)), matrix @ x, **near)
    np.testing.assert_allclose(run(op.matmul(x, adjoint=True)), matrix.T @ x, **near)
    np.testing.assert_allclose(run(op.matmul(x.T, adjoint_arg=True)), matrix @ x, **near)
    np.testing.assert_allclose(run(op.matvec(x[:, 0])), matrix @ x[:, 0], **near)
    np.testing.assert_allclose(run(op.solve(x)), np.linalg.solve(matrix, x), **near)
    np.testing.assert_allclose(run(op.solve(x, adjoint=True)), np.linalg.solve(matrix.T, x),
                               **near)
    np.testing.assert_allclose(run(op.solvevec(x[:, 1])), np.linalg.solve(matrix, x[:, 1]), **near)
    determinant = np.linalg.det(matrix)
    np.testing.assert_allclose(run(op.determinant()), determinant, **near)
    np.testing.assert_allclose(run(op.log_abs_determinant()), np.log(abs(determinant)), **near)
    np.testing.assert_allclose(run(op.trace()), np.trace(matrix), **near)
    np.testing.assert_allclose(run(op.diag_part()), np.diag(matrix), **near)
    np.testing.assert_allclose(run(op.add_to_tensor(np.ones((2, 2)))), matrix + 1, **near)
    np.testing.assert_allclose(run(op.adjoint().to_dense()), matrix.T, **near)
    np.testing.assert_allclose(run(op.inverse().to_dense()), np.linalg.inv(matrix), **near)
    assert run(op.shape_tensor()).tolist() == [2, 2]


def test_batches():
    rows = np.random.RandomState(1).rand(3, 2, 2) + np.eye(2)
    op = tf.linalg.LinearOperatorLowerTriangular(rows)
    assert op.batch_shape.as_list() == [3] and run(op.batch_shape_tensor()).tolist() == [3]
    x = np.ones((3, 2, 1))
    np.testing.assert_allclose(run(op.matmul(op.solve(x))), x)
    assert run(op.determinant()).shape == (3,)
    identity = tf.linalg.LinearOperatorIdentity(2, batch_shape=[3])
    assert run(identity.matmul(np.ones((2, 1), np.float32))).shape == (3, 2, 1)


def test_what_cannot_be():
    with pytest.raises(ValueError, match="Only square lower triangular operators supported"):
        tf.linalg.LinearOperatorLowerTriangular(LOWER, is_square=False)
    with pytest.raises(ValueError, match="Argument tril must have at least 2 dimensions"):
        tf.linalg.LinearOperatorLowerTriangular([1.])
    with pytest.raises(TypeError, match="Argument matrix must have dtype in"):
        tf.linalg.LinearOperatorFullMatrix([[1]])
    with pytest.raises(ValueError, match="A positive definite matrix is always non-singular."):
        tf.linalg.LinearOperatorFullMatrix(LOWER, is_positive_definite=True,
                                           is_non_singular=False)
    wide = tf.linalg.LinearOperatorFullMatrix([[1., 2., 3.]])
    with pytest.raises(NotImplementedError, match="Exact solve not implemented for an operator"):
        wide.solve([[1.]])
    with pytest.raises(NotImplementedError, match="Determinant not implemented"):
        wide.determinant()
    singular = tf.linalg.LinearOperatorDiag([1., 0.])
    with pytest.raises(tf.errors.InvalidArgumentError, match="Diagonal contained zero values."):
        run(singular.assert_non_singular())
    with pytest.raises(ValueError, match="An identity operator is always"):
        tf.linalg.LinearOperatorIdentity(2, is_square=False)


def test_cholesky():
    op, matrix = operators["positive"]()
    lower = op.cholesky()
    assert isinstance(lower, tf.linalg.LinearOperatorLowerTriangular)
    np.testing.assert_allclose(run(lower.to_dense()), np.linalg.cholesky(matrix), rtol=1e-5)
    run([op.assert_positive_definite(), op.assert_self_adjoint()])
