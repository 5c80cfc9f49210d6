"""Nested structures as datasets have them: tuples, named tuples and dicts.

Lists are leaves here, since a list of numbers is a tensor; so are SparseTensorValues, which are
tuples for Python. All else is as in weft.python.util.nest.
"""
from collections import abc

from weft.python.framework.sparse_tensor import SparseTensorValue
from weft.python.util.nest import _like, _parts, _same_type

__all__ = ["assert_same_structure", "assert_shallow_structure", "flatten", "flatten_up_to",
           "is_sequence", "map_structure", "map_structure_up_to", "pack_sequence_as"]


def is_sequence(value) -> bool:
    """Whether `value` is a structure and no leaf."""
    if isinstance(value, (list, SparseTensorValue, str, bytes, bytearray)):
        return False
    return isinstance(value, (tuple, abc.Sequence, abc.Mapping))


def _collect(structure, leaves):
    if not is_sequence(structure):
        leaves.append(structure)
        return
    for part in _parts(structure):
        _collect(part, leaves)


def flatten(structure) -> list:
    """The leaves as a list; a leaf alone gives a list of one."""
    leaves = []
    _collect(structure, leaves)
    return leaves


def _pack(structure, leaves):
    if not is_sequence(structure):
        return next(leaves)
    return _like(structure, [_pack(part, leaves) for part in _parts(structure)])


def pack_sequence_as(structure, flat_sequence):
    """`flat_sequence`, a list or tuple, in the form of `structure`.

    Raises:
      ValueError: there are more or fewer than leaves.
    """
    if not isinstance(flat_sequence, (list, tuple)):
        raise TypeError("flat_sequence must be a sequence")
    wanted = len(flatten(structure))
    if not is_sequence(structure) and len(flat_sequence) != 1:
        raise ValueError("Structure is a scalar but len(flat_sequence) == %d > 1"
                         % len(flat_sequence))
    if wanted != len(flat_sequence):
        raise ValueError("Could not pack sequence. Structure had %d elements, but flat_sequence "
                         "had %d elements.  Structure: %s, flat_sequence: %s."
                         % (wanted, len(flat_sequence), structure, flat_sequence))
    return _pack(structure, iter(flat_sequence))


def _assert_same(one, other, check_types):
    if is_sequence(one) != is_sequence(other):
        raise ValueError("The two structures don't have the same nested structure.\n\nFirst "
                         "structure: %s\n\nSecond structure: %s" % (one, other))
    if not is_sequence(one):
        return
    if check_types and not _same_type(one, other):
        raise TypeError("The two structures don't have the same sequence type. First structure has "
                        "type %s, while second structure has type %s." % (type(one), type(other)))
    if len(one) != len(other):
        raise ValueError("The two structures don't have the same number of elements. First "
                         "structure: %s. Second structure: %s." % (one, other))
    if isinstance(one, abc.Mapping) and set(one) != set(other):
        raise ValueError("The two dictionaries don't have the same set of keys. First structure "
                         "has keys %s, while second structure has keys %s."
                         % (list(one), list(other)))
    for a, b in zip(_parts(one), _parts(other)):
        _assert_same(a, b, check_types)


def assert_same_structure(nest1, nest2, check_types=True):
    """ValueError where the nesting differs, TypeError where the kinds of containers do."""
    _assert_same(nest1, nest2, check_types)


def map_structure(func, *structure, check_types=True):
    """`func` applied leaf by leaf to structures that are alike; the result has the first's form."""
    if not callable(func):
        raise TypeError("func must be callable, got: %s" % func)
    if not structure:
        raise ValueError("Must provide at least one structure")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types)
    leaves = zip(*[flatten(s) for s in structure])
    return pack_sequence_as(structure[0], [func(*x) for x in leaves])


def assert_shallow_structure(shallow_tree, input_tree, check_types=True):
    """Checks that `input_tree` begins like `shallow_tree`; below its leaves anything may hang."""
    if not is_sequence(shallow_tree):
        return
    if not is_sequence(input_tree):
        raise TypeError("If shallow structure is a sequence, input must also be a sequence. Input "
                        "has type: '%s'." % type(input_tree).__name__)
    if check_types and not _same_type(shallow_tree, input_tree):
        raise TypeError("The two structures don't have the same sequence type. Input structure has "
                        "type '%s', while shallow structure has type '%s'."
                        % (type(input_tree).__name__, type(shallow_tree).__name__))
    if len(input_tree) != len(shallow_tree):
        raise ValueError("The two structures don't have the same sequence length. Input structure "
                         "has length %s, while shallow structure has length %s."
                         % (len(input_tree), len(shallow_tree)))
    if isinstance(shallow_tree, abc.Mapping) and set(input_tree) != set(shallow_tree):
        raise ValueError("The two structures don't have the same keys. Input structure has keys "
                         "%s, while shallow structure has keys %s."
                         % (list(input_tree), list(shallow_tree)))
    for shallow, deep in zip(_parts(shallow_tree), _parts(input_tree)):
        assert_shallow_structure(shallow, deep, check_types)


def _collect_up_to(shallow, deep, leaves):
    if not is_sequence(shallow):
        leaves.append(deep)
        return
    for a, b in zip(_parts(shallow), _parts(deep)):
        _collect_up_to(a, b, leaves)


def flatten_up_to(shallow_tree, input_tree) -> list:
    """The parts of `input_tree` that stand where `shallow_tree` has leaves."""
    assert_shallow_structure(shallow_tree, input_tree)
    leaves = []
    _collect_up_to(shallow_tree, input_tree, leaves)
    return leaves


def map_structure_up_to(shallow_tree, func, *inputs):
    """`func` applied to the parts of `inputs` that stand where `shallow_tree` has leaves."""
    if not inputs:
        raise ValueError("Argument `inputs` is empty. Cannot map over no sequences.")
    flat = [flatten_up_to(shallow_tree, tree) for tree in inputs]
    return pack_sequence_as(shallow_tree, [func(*x) for x in zip(*flat)])
