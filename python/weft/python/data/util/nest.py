"""Nested structures as datasets have them: tuples, named tuples and dicts.

Lists are leaves here, since a list of numbers is a tensor; so are SparseTensorValues, which are
tuples for Python. All else is as in weft.python.util.nest.
"""
from collections import abc

from weft.python.framework.sparse_tensor import SparseTensorValue
from weft.python.util.nest import (
    _assert_same, _assert_shallow, _collect_up_to, _flatten, _map, _pack_as)

__all__ = ["assert_same_structure", "assert_shallow_structure", "flatten", "flatten_up_to",
           "is_sequence", "map_structure", "map_structure_up_to", "pack_sequence_as"]


def is_sequence(value) -> bool:
    """Whether `value` is a structure and no leaf."""
    if isinstance(value, (list, SparseTensorValue, str, bytes, bytearray)):
        return False
    return isinstance(value, (tuple, abc.Sequence, abc.Mapping))


def flatten(structure) -> list:
    """The leaves as a list; a leaf alone gives a list of one."""
    return _flatten(structure, is_sequence)


def pack_sequence_as(structure, flat_sequence):
    """`flat_sequence`, a list or tuple, in the form of `structure`.

    Raises:
      ValueError: there are more or fewer than leaves.
    """
    if not isinstance(flat_sequence, (list, tuple)):
        raise TypeError("flat_sequence must be a sequence")
    return _pack_as(structure, flat_sequence, is_sequence)


def _check_parts(one, other):
    if len(one) != len(other):
        raise ValueError("The two structures don't have the same number of elements. First "
                         "structure: %s. Second structure: %s." % (one, other))
    if isinstance(one, abc.Mapping) and set(one) != set(other):
        raise ValueError("The two dictionaries don't have the same set of keys. First structure "
                         "has keys %s, while second structure has keys %s."
                         % (list(one), list(other)))


def assert_same_structure(nest1, nest2, check_types=True):
    """ValueError where the nesting differs, TypeError where the kinds of containers do."""
    _assert_same(nest1, nest2, check_types, is_sequence, _check_parts)


def map_structure(func, *structure, check_types=True):
    """`func` applied leaf by leaf to structures that are alike; the result has the first's form."""
    return _map(func, structure, check_types, is_sequence, _check_parts)


def assert_shallow_structure(shallow_tree, input_tree, check_types=True):
    """Checks that `input_tree` begins like `shallow_tree`; below its leaves anything may hang."""
    _assert_shallow(shallow_tree, input_tree, check_types, is_sequence,
                    kind=lambda value: "'%s'" % type(value).__name__, same_keys=True)


def flatten_up_to(shallow_tree, input_tree) -> list:
    """The parts of `input_tree` that stand where `shallow_tree` has leaves."""
    assert_shallow_structure(shallow_tree, input_tree)
    leaves = []
    _collect_up_to(shallow_tree, input_tree, leaves, is_sequence)
    return leaves


def map_structure_up_to(shallow_tree, func, *inputs):
    """`func` applied to the parts of `inputs` that stand where `shallow_tree` has leaves."""
    if not inputs:
        raise ValueError("Argument `inputs` is empty. Cannot map over no sequences.")
    flat = [flatten_up_to(shallow_tree, tree) for tree in inputs]
    return pack_sequence_as(shallow_tree, [func(*x) for x in zip(*flat)])
