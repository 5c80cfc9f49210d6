"""Names of layers: a counter for each prefix in each graph (D11, D15)."""
import re
from collections import defaultdict
from weakref import WeakKeyDictionary

from weft.python.framework import ops

__all__ = ["get_default_graph_uid_map", "get_uid", "reset_uids", "to_snake_case",
           "unique_object_name"]

_uids = WeakKeyDictionary()     # a graph that is gone takes its counters along


def get_default_graph_uid_map() -> dict:
    """The counters of the default graph: (namespace, name) or prefix to int."""
    return _uids.setdefault(ops.get_default_graph(), defaultdict(int))


def get_uid(prefix: str = "") -> int:
    """1, 2, 3... for each prefix in the default graph."""
    counters = get_default_graph_uid_map()
    counters[prefix] += 1
    return counters[prefix]


def reset_uids() -> None:
    """Starts all counters of all graphs again."""
    _uids.clear()


def unique_object_name(name, name_uid_map=None, avoid_names=(), namespace="", zero_based=False):
    """`name_1`, `name_2`...; with `zero_based`, `name`, `name_1`...; never one of `avoid_names`."""
    counters = get_default_graph_uid_map() if name_uid_map is None else name_uid_map
    key = (namespace, name)
    while True:
        counters[key] += 1
        number = counters[key] - 1 if zero_based else counters[key]
        proposed = "%s_%d" % (name, number) if number else name
        if proposed not in avoid_names:
            return proposed


def to_snake_case(name: str) -> str:
    """`Conv2DTranspose` as `conv2d_transpose`; private names are set apart by "private"."""
    apart = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", apart).lower()
    return "private" + snake if snake[0] == "_" else snake
