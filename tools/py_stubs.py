"""py_stubs.py FOLDER - write the package weft-stubs below FOLDER: what editors and type checkers
read of `weft`, whose names are otherwise looked up when they are used. One file a namespace, made
from the table of names; one for the ops, made from the library's rows."""
import pathlib
import sys

from weft._alias import names
from weft._api import API
from weft.python.framework import gen


def namespace(space):
    """The stub of one namespace: where each name comes from, and the namespaces below it."""
    lines = ["from %s import %s as %s" % (_module(module), internal, public)
             for public, (module, internal) in sorted(names(space).items())
             if public.isidentifier() and internal.isidentifier()]
    start = space + "." if space else ""
    below = sorted({s[len(start):].split(".")[0] for s in API if s.startswith(start) and s != space})
    lines += ["from . import %s as %s" % (name, name) for name in below]
    return "\n".join(lines) + "\n"


def _module(module):
    return "weft." + module if module else "weft"


def ops():
    """The stub of gen: every op with its inputs, then its attributes, and what it computes."""
    lines = ["from typing import Any", ""]
    for name in gen.names():
        function = getattr(gen, name)
        parameters = ["%s: Any = ..." % p for p in function.parameters] + ["name: str = ..."]
        lines += ["def %s(%s) -> Any:" % (name, ", ".join(parameters))]
        lines += ["    " + repr(function.__doc__), ""]
    return "\n".join(lines)


def write(folder):
    root = pathlib.Path(folder) / "weft-stubs"
    spaces = set(API)
    for space in list(spaces):
        while "." in space:
            space = space.rpartition(".")[0]
            spaces.add(space)
    for space in spaces:
        place = root.joinpath(*space.split(".")) if space else root
        place.mkdir(parents=True, exist_ok=True)
        (place / "__init__.pyi").write_text(namespace(space))
    place = root / "python/framework"
    place.mkdir(parents=True, exist_ok=True)
    (place / "gen.pyi").write_text(ops())
    (root / "py.typed").write_text("partial\n")


if __name__ == "__main__":
    write(sys.argv[1])
