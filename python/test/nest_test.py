"""Nested structures."""
import collections

import pytest
from weft.python.util import nest

Pair = collections.namedtuple("Pair", "b a")


def test_leaves_and_back():
    structure = {"z": (1, [2, 3]), "a": Pair(4, (5,))}
    assert nest.flatten(structure) == [4, 5, 1, 2, 3]
    assert nest.pack_sequence_as(structure, [10, 20, 30, 40, 50]) == {
        "z": (30, [40, 50]), "a": Pair(10, (20,))}
    assert nest.flatten("abc") == ["abc"] and nest.flatten([]) == []
    assert nest.pack_sequence_as(1, [2]) == 2
    assert list(nest.pack_sequence_as(structure, range(5))) == ["z", "a"]
    with pytest.raises(ValueError, match="Structure had 2 elements, but flat_sequence had 3"):
        nest.pack_sequence_as([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="Structure is a scalar"):
        nest.pack_sequence_as(1, [1, 2])
    with pytest.raises(TypeError, match="sortable"):
        nest.flatten({1: 2, "a": 3})


def test_what_a_structure_is():
    assert nest.is_sequence([1]) and nest.is_sequence({}) and nest.is_sequence(Pair(1, 2))
    assert not nest.is_sequence("abc") and not nest.is_sequence(3) and not nest.is_sequence({1})


def test_map():
    assert nest.map_structure(lambda a, b: a + b, [1, (2,)], [10, (20,)]) == [11, (22,)]
    with pytest.raises(TypeError, match="same sequence type"):
        nest.map_structure(max, [1], (1,))
    assert nest.map_structure(max, [1], (2,), check_types=False) == [2]
    with pytest.raises(ValueError, match="same nested structure"):
        nest.map_structure(max, [1, 2], [1])
    with pytest.raises(ValueError, match="same nested structure"):
        nest.assert_same_structure({"a": 1}, {"b": 1})
    with pytest.raises(TypeError, match="func must be callable"):
        nest.map_structure(3, [1])
    with pytest.raises(ValueError, match="at least one structure"):
        nest.map_structure(max)


def test_up_to():
    deep = [[1, 2], ([3],)]
    assert nest.flatten_up_to([0, 0], deep) == [[1, 2], ([3],)]
    assert nest.map_structure_up_to([0, 0], len, deep) == [2, 1]
    with pytest.raises(ValueError, match="same sequence length"):
        nest.flatten_up_to([0], deep)
    with pytest.raises(TypeError, match="input must also be a sequence"):
        nest.flatten_up_to([[0], 0], [1, 2])


def test_paths_and_keys():
    assert nest.flatten_with_joined_string_paths({"a": [1, Pair(2, 3)]}) == [
        ("a/0", 1), ("a/1/b", 2), ("a/1/a", 3)]
    assert nest.flatten_dict_items({(4, 5): ("a", "b"), 6: "c"}) == {4: "a", 5: "b", 6: "c"}
    with pytest.raises(ValueError, match="not unique"):
        nest.flatten_dict_items({(1, 2): (3, 4), 1: 5})
