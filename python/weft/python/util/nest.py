"""Nested structures: lists, tuples, named tuples and dicts with leaves of anything.

A structure has an order of its leaves: sequences in theirs, dicts by sorted key. Everything here
walks in that order, so that `flatten` and `pack_sequence_as` are each other's inverse. With
`expand_composites` IndexedSlices and SparseTensors are structures of their tensors, else leaves.
"""
from collections import OrderedDict, abc, defaultdict

from weft.python.framework.composite_tensor import CompositeTensor

__all__ = [
    "assert_same_structure", "assert_shallow_structure", "flatten", "flatten_dict_items",
    "flatten_up_to", "flatten_with_joined_string_paths", "get_traverse_shallow_structure",
    "is_nested", "is_sequence", "is_sequence_or_composite", "map_structure",
    "map_structure_up_to", "pack_sequence_as", "yield_flattened_paths",
]


def is_sequence(value) -> bool:
    """Whether `value` is a structure and no leaf; strings and arrays are leaves."""
    if isinstance(value, (list, tuple, dict)):
        return True
    return isinstance(value, (abc.Sequence, abc.Mapping)) and not isinstance(
        value, (str, bytes, bytearray))


is_nested = is_sequence


def is_sequence_or_composite(value) -> bool:
    """The same, or something of several tensors."""
    return is_sequence(value) or isinstance(value, CompositeTensor)


def _inner(expand):
    """What says whether something has parts."""
    return is_sequence_or_composite if expand else is_sequence


def _is_namedtuple(value):
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _sorted_keys(mapping):
    try:
        return sorted(mapping)
    except TypeError:
        raise TypeError("nest only supports dicts with sortable keys.") from None


def _items(structure):
    """The (key, part) pairs of one level, in the order of leaves."""
    if isinstance(structure, CompositeTensor):
        return list(enumerate(structure._parts_()))
    if isinstance(structure, abc.Mapping):
        return [(key, structure[key]) for key in _sorted_keys(structure)]
    if _is_namedtuple(structure):
        return list(zip(structure._fields, structure))
    return list(enumerate(structure))


def _parts(structure):
    return [part for _, part in _items(structure)]


def _like(structure, parts):
    """A structure of the type of `structure` with other parts (in the order of leaves)."""
    if isinstance(structure, CompositeTensor):
        return structure._of_parts_(parts)
    if isinstance(structure, abc.Mapping):
        made = dict(zip(_sorted_keys(structure), parts))
        ordered = [(key, made[key]) for key in structure]
        if isinstance(structure, defaultdict):
            return defaultdict(structure.default_factory, ordered)
        return type(structure)(ordered)
    if _is_namedtuple(structure):
        return type(structure)(*parts)
    return type(structure)(parts)


# ---- by what a caller takes for a structure: `is_inner(value)` ----

def _collect(structure, leaves, is_inner):
    if not is_inner(structure):
        leaves.append(structure)
        return
    for part in _parts(structure):
        _collect(part, leaves, is_inner)


def _flatten(structure, is_inner):
    leaves = []
    _collect(structure, leaves, is_inner)
    return leaves


def _pack(structure, leaves, is_inner):
    if not is_inner(structure):
        return next(leaves)
    return _like(structure, [_pack(part, leaves, is_inner) for part in _parts(structure)])


def _pack_as(structure, flat, is_inner):
    if not is_inner(structure):
        if len(flat) != 1:
            raise ValueError("Structure is a scalar but len(flat_sequence) == %d > 1" % len(flat))
        return flat[0]
    wanted = len(_flatten(structure, is_inner))
    if wanted != len(flat):
        raise ValueError(
            "Could not pack sequence. Structure had %d elements, but flat_sequence had %d elements."
            "  Structure: %s, flat_sequence: %s." % (wanted, len(flat), structure, flat))
    return _pack(structure, iter(flat), is_inner)


def _same_type(one, other):
    if isinstance(one, abc.Mapping) and isinstance(other, abc.Mapping):
        return True
    if _is_namedtuple(one) and _is_namedtuple(other):
        return type(one).__name__ == type(other).__name__ and one._fields == other._fields
    return type(one) is type(other)


def _differ(one, other):
    raise ValueError("The two structures don't have the same nested structure.\n\n"
                     "First structure: %s\n\nSecond structure: %s" % (one, other))


def _check_parts(one, other):
    if len(_parts(one)) != len(_parts(other)) or (
            isinstance(one, abc.Mapping) and set(one) != set(other)):
        _differ(one, other)


def _assert_same(one, other, check_types, is_inner, check_parts=_check_parts):
    if is_inner(one) != is_inner(other):
        _differ(one, other)
    if not is_inner(one):
        return
    if check_types and not _same_type(one, other):
        raise TypeError("The two structures don't have the same sequence type. First structure has "
                        "type %s, while second structure has type %s." % (type(one), type(other)))
    check_parts(one, other)
    for a, b in zip(_parts(one), _parts(other)):
        _assert_same(a, b, check_types, is_inner, check_parts)


def _map(func, structures, check_types, is_inner, check_parts=_check_parts):
    if not callable(func):
        raise TypeError("func must be callable, got: %s" % func)
    if not structures:
        raise ValueError("Must provide at least one structure")
    for other in structures[1:]:
        _assert_same(structures[0], other, check_types, is_inner, check_parts)
    leaves = zip(*[_flatten(s, is_inner) for s in structures])
    return _pack_as(structures[0], [func(*x) for x in leaves], is_inner)


def _assert_shallow(shallow, deep, check_types, is_inner, kind=type, same_keys=False):
    """kind(value) is what a message says of its type; same_keys: those of dicts are compared."""
    if not is_inner(shallow):
        return
    if not is_inner(deep):
        raise TypeError("If shallow structure is a sequence, input must also be a sequence. "
                        "Input has type: %s." % kind(deep))
    if check_types and not _same_type(shallow, deep):
        raise TypeError("The two structures don't have the same sequence type. Input structure has "
                        "type %s, while shallow structure has type %s."
                        % (kind(deep), kind(shallow)))
    if len(shallow) != len(deep):
        raise ValueError("The two structures don't have the same sequence length. Input structure "
                         "has length %s, while shallow structure has length %s."
                         % (len(deep), len(shallow)))
    if same_keys and isinstance(shallow, abc.Mapping) and set(deep) != set(shallow):
        raise ValueError("The two structures don't have the same keys. Input structure has keys "
                         "%s, while shallow structure has keys %s." % (list(deep), list(shallow)))
    for a, b in zip(_parts(shallow), _parts(deep)):
        _assert_shallow(a, b, check_types, is_inner, kind, same_keys)


def _collect_up_to(shallow, deep, leaves, is_inner):
    if not is_inner(shallow):
        leaves.append(deep)
        return
    for a, b in zip(_parts(shallow), _parts(deep)):
        _collect_up_to(a, b, leaves, is_inner)


# ---- by is_sequence() ----

def flatten(structure, expand_composites=False) -> list:
    """The leaves as a list; a leaf alone gives a list of one."""
    leaves = []
    _collect(structure, leaves, _inner(expand_composites))
    return leaves


def pack_sequence_as(structure, flat_sequence, expand_composites=False):
    """`flat_sequence` in the form of `structure`. ValueError when the counts differ."""
    if not is_sequence(flat_sequence):
        raise TypeError("flat_sequence must be a sequence")
    return _pack_as(structure, flat_sequence, _inner(expand_composites))


def assert_same_structure(nest1, nest2, check_types=True, expand_composites=False):
    """ValueError where the nesting differs, TypeError where the kinds of containers do."""
    _assert_same(nest1, nest2, check_types, _inner(expand_composites))


def map_structure(func, *structure, **kwargs):
    """`func` applied leaf by leaf to structures that are alike; the result has the first's form."""
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    if kwargs:
        raise ValueError("Only valid keyword arguments are `check_types` and `expand_composites`, "
                         "not: `%s`" % "`, `".join(kwargs))
    return _map(func, structure, check_types, _inner(expand))


def assert_shallow_structure(shallow_tree, input_tree, check_types=True):
    """Checks that `input_tree` begins like `shallow_tree`; below its leaves anything may hang."""
    _assert_shallow(shallow_tree, input_tree, check_types, is_sequence)


def flatten_up_to(shallow_tree, input_tree, check_types=True) -> list:
    """The parts of `input_tree` that stand where `shallow_tree` has leaves."""
    assert_shallow_structure(shallow_tree, input_tree, check_types)
    leaves = []
    _collect_up_to(shallow_tree, input_tree, leaves, is_sequence)
    return leaves


def map_structure_up_to(shallow_tree, func, *inputs, **kwargs):
    """`func` applied to the parts of `inputs` that stand where `shallow_tree` has leaves."""
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    check_types = kwargs.pop("check_types", True)
    flat = [flatten_up_to(shallow_tree, tree, check_types) for tree in inputs]
    return pack_sequence_as(shallow_tree, [func(*x) for x in zip(*flat)])


def get_traverse_shallow_structure(traverse_fn, structure):
    """`structure` as bools: where `traverse_fn(part)` is False, a False in its place.

    For a part that is a structure the function may also answer with a structure like it, of bools.
    """
    answer = traverse_fn(structure)
    if not is_sequence(structure):
        if not isinstance(answer, bool):
            raise TypeError("traverse_fn returned structure: %s for non-structure: %s"
                            % (answer, structure))
        return answer
    if answer is False:
        return False
    parts = _parts(structure)
    if answer is True:
        answers = [True] * len(parts)
    elif not is_sequence(answer):
        raise TypeError("traverse_fn returned a non-bool scalar: %s for input: %s"
                        % (answer, structure))
    else:
        assert_shallow_structure(answer, structure)
        answers = _parts(answer)
    if not all(isinstance(a, bool) for a in answers):
        raise TypeError("traverse_fn didn't return a depth=1 structure of bools.  saw: %s  for "
                        "structure: %s" % (answer, structure))
    return _like(structure, [get_traverse_shallow_structure(traverse_fn, part) if a else False
                             for a, part in zip(answers, parts)])


def yield_flattened_paths(structure, path=()):
    """(path, leaf) for each leaf, a path being the keys, fields or indices that lead to it."""
    if not is_sequence(structure):
        yield path, structure
        return
    for key, part in _items(structure):
        yield from yield_flattened_paths(part, path + (key,))


def flatten_with_joined_string_paths(structure, separator="/"):
    """(path, leaf) for each leaf, the path as one string."""
    return [(separator.join(str(key) for key in path), leaf)
            for path, leaf in yield_flattened_paths(structure)]


def flatten_dict_items(dictionary) -> dict:
    """A dict whose keys may be structures, opened: each leaf of a key to the leaf of its value."""
    if not isinstance(dictionary, abc.Mapping):
        raise TypeError("input must be a dictionary")
    flat = OrderedDict()
    for key, value in dictionary.items():
        keys, values = (flatten(key), flatten(value)) if is_sequence(key) else ([key], [value])
        if len(keys) != len(values):
            raise ValueError("Could not flatten dictionary. Key had %d elements, but value had %d "
                             "elements. Key: %s, value: %s." % (len(keys), len(values), key, value))
        for k, v in zip(keys, values):
            if k in flat:
                raise ValueError("Could not flatten dictionary: key %s is not unique." % (k,))
            flat[k] = v
    return flat
