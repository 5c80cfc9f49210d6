"""tf.linalg: values against NumPy, for the ops that there are."""
import numpy as np
import pytest

import recorded
import weft as tf
from run import run


A = np.random.RandomState(0).randn(3, 3)
POSITIVE = A @ A.T + np.eye(3)
RIGHT = np.random.RandomState(1).randn(3, 2)


def close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-6)


def test_eye():
    close(run(tf.eye(2)), np.eye(2))
    close(run(tf.eye(2, 3)), np.eye(2, 3))
    assert tf.eye(2, batch_shape=[4]).shape.as_list() == [4, 2, 2]
    n = tf.placeholder_with_default(3, [])
    close(run(tf.eye(n)), np.eye(3))
    assert tf.eye(2, dtype=tf.float64).dtype == tf.float64


def test_inverse():
    close(run(tf.matrix_inverse(A)), np.linalg.inv(A))
    assert tf.linalg.inv(A).op.name == "MatrixInverse_1"
    close(run(tf.matrix_inverse(A, adjoint=True)), np.linalg.inv(A.T))
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        run(tf.matrix_inverse([[1.0, 1.0], [1.0, 1.0]]))


def test_determinant():
    close(run(tf.matrix_determinant(A)), np.linalg.det(A))


def test_cholesky():
    close(run(tf.cholesky(POSITIVE)), np.linalg.cholesky(POSITIVE))
    close(run(tf.cholesky_solve(tf.cholesky(POSITIVE), RIGHT)), np.linalg.solve(POSITIVE, RIGHT))


def test_least_squares():
    tall = np.random.RandomState(2).randn(5, 3)
    right = np.random.RandomState(3).randn(5, 2)
    close(run(tf.matrix_solve_ls(tall, right)), np.linalg.lstsq(tall, right, rcond=None)[0])
    close(run(tf.matrix_solve_ls(tall.T, right[:3])),
          np.linalg.lstsq(tall.T, right[:3], rcond=None)[0])
    close(run(tf.matrix_solve_ls(tall, right, l2_regularizer=0.5)),
          np.linalg.solve(tall.T @ tall + 0.5 * np.eye(3), tall.T @ right))


def test_solve():
    close(run(tf.matrix_solve(A, RIGHT)), np.linalg.solve(A, RIGHT))


def test_logdet():
    close(run(tf.linalg.logdet(POSITIVE)), np.log(np.linalg.det(POSITIVE)))


def test_slogdet():
    close(run(tf.linalg.slogdet(A)), np.linalg.slogdet(A))


def test_svd():
    s, u, v = run(tf.svd(A))
    close(s, np.linalg.svd(A)[1])
    close(u @ np.diag(s) @ v.T, A)
    close(run(tf.svd(A, compute_uv=False)), s)


def test_qr():
    q, r = run(tf.qr(A))
    close(q @ r, A)


def test_self_adjoint_eig():
    e, v = run(tf.self_adjoint_eig(POSITIVE))
    close(e, np.linalg.eigvalsh(POSITIVE))
    close(v @ np.diag(e) @ v.T, POSITIVE)
    close(run(tf.self_adjoint_eigvals(POSITIVE)), e)


def test_least_squares_of_any_rank():
    tall, right = RIGHT[:, [0, 0]], A[:, :1]
    close(run(tf.linalg.lstsq(tall, right, fast=False)),
          np.linalg.lstsq(tall, right, rcond=None)[0])


@pytest.mark.parametrize("rows, columns", [(5, 3), (3, 5)])
def test_gradient_of_least_squares(rows, columns):
    """The op's is that of the normal equations."""
    a = tf.constant(np.random.RandomState(4).randn(rows, columns))
    b = tf.constant(np.random.RandomState(5).randn(rows, 2))
    weight = np.random.RandomState(6).randn(columns, 2)
    by_op = tf.raw_ops.MatrixSolveLs(matrix=a, rhs=b, l2_regularizer=0.5)
    by_equations = tf.matrix_solve_ls(a, b, l2_regularizer=0.5)
    got, wanted = run([tf.gradients(x * weight, [a, b]) for x in (by_op, by_equations)])
    close(got[0], wanted[0])
    close(got[1], wanted[1])


def test_lu():
    a = np.random.RandomState(7).randn(2, 3, 3)
    lu, p = tf.linalg.lu(a)
    close(run(tf.linalg.lu_reconstruct(lu, p)), a)
    close(run(tf.linalg.lu_solve(lu, p, a + 1)), np.linalg.solve(a, a + 1))
    close(run(tf.linalg.lu_matrix_inverse(lu, p)), np.linalg.inv(a))
    lu, p = tf.linalg.lu(a[0], output_idx_type=tf.int64)
    assert p.dtype == tf.int64
    close(run(tf.linalg.lu_reconstruct(lu, p)), a[0])
    close(run(tf.linalg.lu_solve(lu, p, RIGHT)), np.linalg.solve(a[0], RIGHT))


def test_functions_of_matrices():
    e, v = np.linalg.eigh(POSITIVE)
    close(run(tf.linalg.expm(POSITIVE)), v @ np.diag(np.exp(e)) @ v.T)
    close(run(tf.linalg.sqrtm(POSITIVE)), v @ np.diag(np.sqrt(e)) @ v.T)
    close(run(tf.linalg.logm(POSITIVE.astype(complex))), v @ np.diag(np.log(e)) @ v.T)


def test_pinv_and_rank():
    tall = np.random.RandomState(8).randn(5, 3)
    close(run(tf.linalg.pinv(tall)), np.linalg.pinv(tall))
    flat = tall[:, [0, 1, 0]]
    close(run(tf.linalg.pinv(flat, rcond=1e-8)), np.linalg.pinv(flat, rcond=1e-8))
    assert run(tf.linalg.matrix_rank([tall, flat])).tolist() == [3, 2]


DIAGONALS = np.array([[1., 2, 0], [4, 5, 6], [0, 3, 1]])
BAND = np.array([[4., 1, 0], [3, 5, 2], [0, 1, 6]])
FORMS = [("compact", DIAGONALS), ("sequence", list(DIAGONALS)), ("matrix", BAND),
         ("sequence", [DIAGONALS[0, :2], DIAGONALS[1], DIAGONALS[2, 1:]])]


@pytest.mark.parametrize("form, diagonals", FORMS)
def test_tridiagonal(form, diagonals):
    solve = lambda *args, **options: run(
        tf.linalg.tridiagonal_solve(*args, diagonals_format=form, **options))
    close(solve(diagonals, RIGHT), np.linalg.solve(BAND, RIGHT))
    close(solve(diagonals, RIGHT, partial_pivoting=False), np.linalg.solve(BAND, RIGHT))
    close(solve(diagonals, RIGHT[:, 0]), np.linalg.solve(BAND, RIGHT[:, 0]))
    close(solve(diagonals, RIGHT.T, transpose_rhs=True), np.linalg.solve(BAND, RIGHT).T)
    close(run(tf.linalg.tridiagonal_matmul(diagonals, RIGHT, diagonals_format=form)),
          BAND @ RIGHT)


def test_tridiagonal_refusals():
    with pytest.raises(ValueError, match="Expected 3 diagonals got 2"):
        tf.linalg.tridiagonal_solve(DIAGONALS[:2], RIGHT)
    with pytest.raises(ValueError, match="Unrecognized diagonals_format: rows"):
        tf.linalg.tridiagonal_solve(DIAGONALS, RIGHT, diagonals_format="rows")
    with pytest.raises(ValueError, match="sequence of length 3"):
        tf.linalg.tridiagonal_solve(DIAGONALS, RIGHT, diagonals_format="sequence")
    with pytest.raises(ValueError, match="Expected the rank of rhs"):
        tf.linalg.tridiagonal_solve(DIAGONALS, RIGHT[None])


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
