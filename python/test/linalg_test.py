"""tf.linalg: values against NumPy, for the ops that there are."""
import numpy as np
import pytest

import recorded
import weft as tf
from needs import needs


def run(tensor):
    with tf.Session() as session:
        return session.run(tensor)


A = np.random.RandomState(0).randn(3, 3)
POSITIVE = A @ A.T + np.eye(3)
RIGHT = np.random.RandomState(1).randn(3, 2)


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)


@needs("MatrixDiag", "MatrixSetDiag")
def test_eye():
    close(run(tf.eye(2)), np.eye(2))
    close(run(tf.eye(2, 3)), np.eye(2, 3))
    assert tf.eye(2, batch_shape=[4]).shape.as_list() == [4, 2, 2]
    n = tf.placeholder_with_default(3, [])
    close(run(tf.eye(n)), np.eye(3))
    assert tf.eye(2, dtype=tf.float64).dtype == tf.float64


@needs("MatrixInverse")
def test_inverse():
    close(run(tf.matrix_inverse(A)), np.linalg.inv(A))
    assert tf.linalg.inv(A).op.name == "MatrixInverse_1"
    close(run(tf.matrix_inverse(A, adjoint=True)), np.linalg.inv(A.T))
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        run(tf.matrix_inverse([[1.0, 1.0], [1.0, 1.0]]))


@needs("MatrixDeterminant")
def test_determinant():
    close(run(tf.matrix_determinant(A)), np.linalg.det(A))


@needs("Cholesky", "MatrixTriangularSolve")
def test_cholesky():
    close(run(tf.cholesky(POSITIVE)), np.linalg.cholesky(POSITIVE))
    close(run(tf.cholesky_solve(tf.cholesky(POSITIVE), RIGHT)), np.linalg.solve(POSITIVE, RIGHT))


@needs("Cholesky", "MatrixTriangularSolve")
def test_least_squares():
    tall = np.random.RandomState(2).randn(5, 3)
    right = np.random.RandomState(3).randn(5, 2)
    close(run(tf.matrix_solve_ls(tall, right)), np.linalg.lstsq(tall, right, rcond=None)[0])
    close(run(tf.matrix_solve_ls(tall.T, right[:3])),
          np.linalg.lstsq(tall.T, right[:3], rcond=None)[0])
    close(run(tf.matrix_solve_ls(tall, right, l2_regularizer=0.5)),
          np.linalg.solve(tall.T @ tall + 0.5 * np.eye(3), tall.T @ right))


@needs("MatrixSolve")
def test_solve():
    close(run(tf.matrix_solve(A, RIGHT)), np.linalg.solve(A, RIGHT))


@needs("Cholesky")
def test_logdet():
    close(run(tf.linalg.logdet(POSITIVE)), np.log(np.linalg.det(POSITIVE)))


@needs("LogMatrixDeterminant")
def test_slogdet():
    close(run(tf.linalg.slogdet(A)), np.linalg.slogdet(A))


@needs("Svd")
def test_svd():
    s, u, v = run(tf.svd(A))
    close(s, np.linalg.svd(A)[1])
    close(u @ np.diag(s) @ v.T, A)
    close(run(tf.svd(A, compute_uv=False)), s)


@needs("Qr")
def test_qr():
    q, r = run(tf.qr(A))
    close(q @ r, A)


@needs("SelfAdjointEigV2")
def test_self_adjoint_eig():
    e, v = run(tf.self_adjoint_eig(POSITIVE))
    close(e, np.linalg.eigvalsh(POSITIVE))
    close(v @ np.diag(e) @ v.T, POSITIVE)
    close(run(tf.self_adjoint_eigvals(POSITIVE)), e)


@pytest.mark.parametrize("order", [1, 2, np.inf, 3, 2.5, "euclidean"])
def test_norm_of_vectors(order):
    numpy_order = None if order == "euclidean" else order
    close(run(tf.norm(A, ord=order)), np.linalg.norm(A.ravel(), numpy_order))
    close(run(tf.norm(A, ord=order, axis=1)), np.linalg.norm(A, numpy_order, axis=1))
    assert tf.norm(A, ord=order, axis=1, keep_dims=True).shape.as_list() == [3, 1]


@pytest.mark.parametrize("order", [1, np.inf, "euclidean", "fro"])
def test_norm_of_matrices(order):
    numpy_order = "fro" if order == "euclidean" else order
    close(run(tf.norm(A, ord=order, axis=(0, 1))), np.linalg.norm(A, numpy_order))


def test_norm_refusals():
    with pytest.raises(ValueError, match="'ord' must be a supported vector norm"):
        tf.norm(A, ord="fro")
    with pytest.raises(ValueError, match="'axis' must be None, an integer"):
        tf.norm(A, axis=(0, 0))
    with pytest.raises(ValueError, match="'ord' must be a supported matrix norm"):
        tf.norm(A, ord=3, axis=(0, 1))


def test_matvec():
    close(run(tf.linalg.matvec(A, A[0])), A @ A[0])


@needs("ConjugateTranspose")
def test_adjoint():
    z = np.array([[1 + 1j, 2]])
    close(run(tf.linalg.adjoint(z)), z.conj().T)


@recorded.needed
@pytest.mark.parametrize("case, order, axis", [
    ("norm_tests__norm_4", 3, None), ("norm_tests__norm_6", 1, None)])
def test_recorded_names(case, order, axis):
    x = tf.placeholder(tf.float32, [4, 4], name="input")
    tf.norm(x, ord=order, axis=axis, name="norm_op")
    there = {op.name for op in tf.get_default_graph().get_operations()}
    assert {name for name in recorded.names(case) if name.startswith("norm_op")} <= there
