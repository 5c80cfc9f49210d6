"""Diagonals and bands of matrices."""

from weft.python.framework import gen, tensor_util

__all__ = [
    "diag", "diag_part", "tensor_diag", "tensor_diag_part", "matrix_diag", "matrix_diag_part",
    "matrix_set_diag", "matrix_band_part",
]


def diag(diagonal, name=None):
    """A tensor of twice the rank with `diagonal` on its diagonal and 0 elsewhere."""
    return gen.Diag(diagonal, name=name)


def diag_part(input, name=None):
    """The diagonal of a tensor of even rank."""
    return gen.DiagPart(input, name=name)


tensor_diag = diag
tensor_diag_part = diag_part


def _is_zero(value) -> bool:
    return not tensor_util.is_tensor(value) and value == 0


def matrix_diag(diagonal, name="diag", k=0, num_rows=-1, num_cols=-1, padding_value=0):
    """Matrices with the rows of `diagonal` on the main diagonal, or on the diagonals `k`.

    What is not on a diagonal is padding_value; num_rows and num_cols widen the matrices."""
    plain = _is_zero(k) and num_rows == -1 and num_cols == -1 and _is_zero(padding_value)
    if plain:
        return gen.MatrixDiag(diagonal, name=name)
    return gen.MatrixDiagV2(diagonal, k, num_rows, num_cols, padding_value, name=name)


def matrix_diag_part(input, name="diag_part", k=0, padding_value=0):
    """The main diagonals of matrices, or the diagonals `k` padded with padding_value."""
    if _is_zero(k) and _is_zero(padding_value):
        return gen.MatrixDiagPart(input, name=name)
    return gen.MatrixDiagPartV2(input, k, padding_value, name=name)


def matrix_set_diag(input, diagonal, name="set_diag", k=0):
    """Matrices with their main diagonals, or the diagonals `k`, replaced."""
    if _is_zero(k):
        return gen.MatrixSetDiag(input, diagonal, name=name)
    return gen.MatrixSetDiagV2(input, diagonal, k, name=name)


def matrix_band_part(input, num_lower, num_upper, name=None):
    """Matrices with 0 outside a band of diagonals; a negative number keeps all on that side."""
    return gen.MatrixBandPart(input, num_lower, num_upper, name=name)
