"""Which symbols of TensorFlow are there: `weft py --coverage [FILE]`.

FILE names a symbol a line, or is a table with a head (symbol, ..., tier, ...), separated by tabs.
Without it the names of our own table are counted.
"""
import importlib

from weft._alias import _later, canonical, names
from weft._api import API, RENAMED


def report(path=None):
    """Print what is there and what is not and why, by tier, then the counts."""
    rows = _read(path) if path else [("tf.%s.%s" % (space, name) if space else "tf." + name, "all")
                                     for space in API for name in names(space)]
    tiers = {}
    for symbol, tier in rows:
        tiers.setdefault(tier, []).append((symbol, is_there(symbol)))
    for tier, found in sorted(tiers.items()):
        print("tier %s\n" % tier)
        for symbol, there in found:
            print("  + %s" % symbol if there else "  - %s%s" % (symbol, why_not(symbol)))
        print()
    for tier, found in sorted(tiers.items()):
        there = sum(there for _, there in found)
        print("tier %s: %d of %d symbols are there (%.1f%%)"
              % (tier, there, len(found), 100 * there / len(found)))
        for reason, n in sorted(_reasons(found).items()):
            print("    %d%s" % (n, reason))


def _reasons(found):
    """{why: how many} of the symbols that are not there."""
    counts = {}
    for symbol, there in found:
        if not there:
            reason = why_not(symbol).partition(", renamed")[0] or ": for no reason given"
            counts[reason] = counts.get(reason, 0) + 1
    return counts


def why_not(symbol):
    """Why a symbol is not there: ": what is wanting", or "" where nothing is known."""
    path = symbol.partition(".")[2]
    if path in RENAMED:
        return ": not in TensorFlow 1, renamed '%s'" % RENAMED[path]
    return _later(path)


def _read(path):
    """(symbol, tier) of each line."""
    with open(path) as f:
        lines = [line.rstrip("\n").split("\t") for line in f if line.strip()]
    head = lines[0]
    if "symbol" not in head:
        return [(line[0], "all") for line in lines]
    symbol, tier = head.index("symbol"), head.index("tier") if "tier" in head else None
    return [(line[symbol], "all" if tier is None else line[tier]) for line in lines[1:]]


def is_there(symbol):
    """Whether a symbol, with or without its "tf.", leads to something.

    "tf.[internal].x" stands for x in a module of TensorFlow's own whose name is not known.
    """
    top, _, path = symbol.partition(".")
    if top not in ("tf", "tensorflow", "weft"):
        path = symbol
    if path.startswith("[internal]."):
        return _is_inside(path.partition(".")[2])
    value = importlib.import_module("weft")
    at = ""
    for word in path.split("."):
        at = at + "." + word if at else word
        try:
            value = getattr(value, word)
        except Exception:
            try:
                value = importlib.import_module("weft." + canonical(at))
            except Exception:
                return False
    return True


def _is_inside(name):
    """Whether some module of ours holds that name."""
    modules = {"weft." + module for space in API.values() for module in space}
    return any(hasattr(importlib.import_module(module), name) for module in sorted(modules))
