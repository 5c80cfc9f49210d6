"""Dimensions and shapes."""
import pickle

import pytest
from weft.python.framework import dtypes, tensor_shape
from weft.python.framework.tensor_shape import Dimension, TensorShape, unknown_shape


def test_dimensions():
    assert str(Dimension(3)) == "3" and repr(Dimension(None)) == "Dimension(None)"
    assert str(Dimension(None)) == "?" and Dimension("3") == 3 == Dimension(3)
    assert (Dimension(5) + 2).value == 7 and (7 - Dimension(5)).value == 2
    assert (Dimension(7) // 2).value == 3 and (7 % Dimension(5)).value == 2
    assert (Dimension(None) * 3).value is None and (Dimension(None) == 3) is None
    assert (Dimension(2) < 3) is True and (Dimension(2) >= Dimension(None)) is None
    assert [10, 20, 30][Dimension(1)] == 20 and int(Dimension(4)) == 4
    assert Dimension(None).merge_with(4) == 4
    for wrong, error in ((-1, ValueError), (1.5, ValueError), (dtypes.float32, TypeError)):
        with pytest.raises(error):
            Dimension(wrong)
    with pytest.raises(ValueError, match="Dimensions 3 and 4 are not compatible"):
        Dimension(3).merge_with(4)
    with pytest.raises(TypeError, match="please use // instead"):
        Dimension(3) / 2


def test_making_and_text():
    assert str(TensorShape([None, 3])) == "(?, 3)" and str(TensorShape(3)) == "(3,)"
    assert str(TensorShape([])) == "()" and str(TensorShape(None)) == "<unknown>"
    assert repr(TensorShape([1, None])) == "TensorShape([Dimension(1), Dimension(None)])"
    assert repr(TensorShape(None)) == "TensorShape(None)"
    assert TensorShape([Dimension(2), "3"]).as_list() == [2, 3]
    assert TensorShape(TensorShape([2]).as_proto()) == TensorShape([2])
    assert TensorShape(unknown_shape().as_proto()).ndims is None
    assert pickle.loads(pickle.dumps(TensorShape([2, None]))).as_list() == [2, None]
    with pytest.raises(TypeError, match="ambiguous TensorShape"):
        TensorShape("12")


def test_as_a_sequence():
    s = TensorShape([2, None, 4])
    assert len(s) == 3 and [d.value for d in s] == [2, None, 4] and s[1].value is None
    assert s[1:].as_list() == [None, 4] and s[-1] == 4 and isinstance(s[0], Dimension)
    unknown = TensorShape(None)
    assert unknown[3].value is None and unknown[1:3].as_list() == [None, None]
    assert unknown[1:].ndims is None and not unknown and TensorShape([])
    for use in len, list, TensorShape.as_list:
        with pytest.raises(ValueError):
            use(unknown)


def test_two_shapes():
    a, b = TensorShape([None, 3]), TensorShape([2, None])
    assert a.merge_with(b).as_list() == [2, 3] and a.is_compatible_with(b)
    assert a.concatenate([4]).as_list() == [None, 3, 4] and a.concatenate(None).ndims is None
    assert a.most_specific_compatible_shape(TensorShape([2, 3])).as_list() == [None, 3]
    assert TensorShape([1, 2]) == [1, 2] and TensorShape([1]) != [2]
    assert TensorShape(None) == TensorShape(None)
    assert not a == TensorShape([None, 3])          # TF: unknown is equal to nothing
    for bad, words in ((lambda: a.merge_with([2]), "Shapes .* must have the same rank"),
                       (lambda: a.merge_with([2, 4]), "Shapes .* are not compatible"),
                       (lambda: a.assert_is_compatible_with([2, 4]), "Shapes .* are incompatible"),
                       (lambda: a.with_rank(3), r"Shape \(\?, 3\) must have rank 3"),
                       (lambda: a.with_rank_at_least(3), "must have rank at least 3"),
                       (lambda: a.with_rank_at_most(1), "must have rank at most 1"),
                       (a.assert_is_fully_defined, "is not fully defined"),
                       (lambda: a != TensorShape(None), "inequality of unknown TensorShapes")):
        with pytest.raises(ValueError, match=words):
            bad()


def test_what_is_known():
    assert TensorShape([2, 3]).num_elements() == 6 and TensorShape([2, None]).num_elements() is None
    assert TensorShape([]).num_elements() == 1 and TensorShape([2]).is_fully_defined()
    assert unknown_shape(2).as_list() == [None, None] == unknown_shape(ndims=2).as_list()
    assert tensor_shape.matrix(1, 2) == [1, 2] and tensor_shape.scalar().ndims == 0
    assert tensor_shape.dimension_value(TensorShape([7])[0]) == 7
    assert tensor_shape.dimension_at_index(TensorShape(None), 2).value is None


def test_v2_behaviour():
    tensor_shape.enable_v2_tensorshape()
    try:
        s = TensorShape([2, None])
        assert s[0] == 2 and type(s[0]) is int and list(s) == [2, None]
        assert repr(s) == "TensorShape([2, None])" and str(s) == "(2, None)"
    finally:
        tensor_shape.disable_v2_tensorshape()
