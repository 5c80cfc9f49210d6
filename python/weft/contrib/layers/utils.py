"""What contrib.layers share: names of results in collections, forms of arguments."""
from collections import OrderedDict
from weakref import WeakKeyDictionary

from weft.python.framework import ops
from weft.python.layers.utils import constant_value, smart_cond

__all__ = ["append_tensor_alias", "channel_dimension", "collect_named_outputs", "constant_value",
           "convert_collection_to_dict", "first_dimension", "gather_tensors_aliases",
           "get_tensor_aliases", "get_variable_collections", "last_dimension",
           "n_positive_integers", "smart_cond", "static_cond", "two_element_tuple"]

_aliases = WeakKeyDictionary()          # graph -> {tensor's name: [alias]}


def append_tensor_alias(tensor, alias):
    """Gives a tensor one more name to be found by; a slash at its end is dropped."""
    alias = alias[:-1] if alias.endswith("/") else alias
    _aliases.setdefault(tensor.graph, {}).setdefault(tensor.name, []).append(alias)
    return tensor


def get_tensor_aliases(tensor) -> list:
    """The names that a tensor was given; without any, its op's name (or its own)."""
    given = _aliases.get(tensor.graph, {}).get(tensor.name)
    if given:
        return list(given)
    return [tensor.op.name if tensor.name.endswith(":0") else tensor.name]


def gather_tensors_aliases(tensors) -> list:
    """The names of all tensors, one after another."""
    return [alias for tensor in tensors for alias in get_tensor_aliases(tensor)]


def collect_named_outputs(collections, alias, outputs):
    """Puts a layer's result into collections under the name `alias`; returns the result."""
    if collections:
        append_tensor_alias(outputs, alias)
        ops.add_to_collections(collections, outputs)
    return outputs


def convert_collection_to_dict(collection, clear_collection=False) -> dict:
    """The tensors of a collection by their names, as "end points" are wanted."""
    found = OrderedDict((alias, tensor) for tensor in ops.get_collection(collection)
                        for alias in get_tensor_aliases(tensor))
    if clear_collection:
        ops.get_default_graph().clear_collection(collection)
    return found


def get_variable_collections(variables_collections, name):
    """The collections for the variable `name`: of a dict its entry, else the same for all."""
    if isinstance(variables_collections, dict):
        return variables_collections.get(name, None)
    return variables_collections


def static_cond(pred, fn1, fn2):
    """fn1() or fn2(), as `pred`, a bool or 0 or 1, says."""
    if not callable(fn1):
        raise TypeError("fn1 must be callable.")
    if not callable(fn2):
        raise TypeError("fn2 must be callable.")
    return fn1() if pred else fn2()


def _dimension(shape, index, min_rank, what):
    if shape.ndims is None:
        raise ValueError("dims of shape must be known but is None")
    sizes = shape.as_list()
    if len(sizes) < min_rank:
        raise ValueError("rank of shape must be at least %d not: %d" % (min_rank, len(sizes)))
    if sizes[index] is None:
        raise ValueError("%s dimension shape must be known but is None" % what)
    return sizes[index]


def first_dimension(shape, min_rank=1):
    """The size of the first axis; ValueError if it is not known."""
    return _dimension(shape, 0, min_rank, "first")


def last_dimension(shape, min_rank=1):
    """The size of the last axis; ValueError if it is not known."""
    return _dimension(shape, -1, min_rank, "last")


def channel_dimension(shape, data_format, min_rank=1):
    """How many channels there are; ValueError if it is not known."""
    return _dimension(shape, 1 if data_format == "NCHW" else -1, min_rank, "channel")


def two_element_tuple(int_or_tuple) -> tuple:
    """One int as a pair, a list or shape of two as a tuple."""
    if isinstance(int_or_tuple, int):
        return int_or_tuple, int_or_tuple
    values = tuple(getattr(x, "value", x) for x in int_or_tuple)
    if len(values) != 2:
        raise ValueError("Must be a list with 2 elements: %s" % (int_or_tuple,))
    return values


def n_positive_integers(n, value) -> tuple:
    """`value` as `n` positive ints: one int stands for all."""
    values = (value,) * n if isinstance(value, int) else tuple(
        getattr(x, "value", x) for x in value)
    if len(values) != n or any(not isinstance(x, int) or x < 1 for x in values):
        raise ValueError("expected %d positive integers, got %s" % (n, value))
    return values
