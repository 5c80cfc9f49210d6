"""tf.sets: rows of tensors as sets, against Python's own sets."""
import numpy as np
import pytest
import weft as tf
from run import run

A = [[[1, 2, 2], [5, 4, 3]], [[7, 7, 7], [0, 1, 9]]]
B = [[[2, 8], [3, 3]], [[7, 6], [9, 0]]]


def rows(value):
    """{row: its values} of a SparseTensor."""
    got = run(value) if isinstance(value, tf.SparseTensor) else value
    made = {}
    for at, x in zip(got.indices.tolist(), got.values.tolist()):
        assert at[-1] == len(made.setdefault(tuple(at[:-1]), []))
        made[tuple(at[:-1])].append(x)
    return made


def wanted(operate):
    made = {(i, j): sorted(operate(set(A[i][j]), set(B[i][j]))) for i in (0, 1) for j in (0, 1)}
    return {row: values for row, values in made.items() if values}


def sparse(a):
    a = np.array(a, np.int32)
    at = np.argwhere(np.ones_like(a))
    return tf.SparseTensor(at, a.ravel(), a.shape)


FORMS = [(tf.constant, tf.constant), (tf.constant, sparse), (sparse, tf.constant), (sparse, sparse)]


@pytest.mark.parametrize("a, b", FORMS)
def test_operations(a, b):
    assert rows(tf.sets.intersection(a(A), b(B))) == wanted(set.__and__)
    assert rows(tf.sets.set_union(a(A), b(B))) == wanted(set.__or__)
    assert rows(tf.sets.difference(a(A), b(B))) == wanted(set.__sub__)
    assert rows(tf.sets.set_difference(a(A), b(B), aminusb=False)) == wanted(set.__rsub__)


def test_the_nodes():
    made = tf.sets.difference(sparse(A), tf.constant(B))
    assert made.indices.op.type == "DenseToSparseSetOperation"
    assert made.indices.op.get_attr("set_operation") == b"b-a"
    assert made.get_shape().ndims == 3
    assert run(made).dense_shape.tolist() == [2, 2, 2]


def test_size():
    got = tf.sets.size(sparse(A))
    assert got.dtype == tf.int32 and run(got).tolist() == [[2, 3], [1, 3]]
    assert run(tf.sets.set_size(tf.sets.union([["b", "a"]], [["b"]]))).tolist() == [2]
    with pytest.raises(TypeError, match="Expected `SparseTensor`"):
        tf.sets.size(tf.constant(A))


def test_refusals():
    with pytest.raises(TypeError, match="'a' invalid dtype"):
        tf.sets.union([[1.]], [[2.]])
    with pytest.raises(TypeError, match="Types don't match"):
        tf.sets.union([[1]], [["a"]])
    unordered = tf.SparseTensor([[1, 0], [0, 0]], [1, 2], [2, 1])
    with pytest.raises(tf.errors.InvalidArgumentError, match="out of order"):
        run(tf.sets.size(unordered))
    assert run(tf.sets.size(unordered, validate_indices=False)).tolist() == [1, 1]
