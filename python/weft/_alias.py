"""Finds what is named: the namespaces of the table in _api.py, modules by their other names, and,
where that is wanted, all of them below "tensorflow".

A namespace (weft.nn) is a module without a file: its names are looked up in the table. A folder
of ours (weft.python.ops) is a module as usual that also knows its submodules and what the table
says of it. Another name of a module gives the same object.
"""
import importlib
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec

from weft._api import API, LATER, MODULES, RENAMED

_index = {}                     # namespace -> {public name: (module, name there)}


def install(root):
    """Make the module with these globals the root of all names."""
    sys.meta_path.insert(0, _finder)
    _furnish(root, "")


def claim(top):
    """From now on `import TOP` and what is below it mean Weft, in this process."""
    _finder.tops.add(top)


def names(namespace):
    """{public name: (module, name there)} of a namespace."""
    if namespace not in _index:
        _index[namespace] = {
            public: (module, internal or public)
            for module, words in API.get(namespace, {}).items()
            for public, _, internal in (word.partition("=") for word in words.split())}
    return _index[namespace]


def canonical(path):
    """The path that a module is known by, from any other that it has."""
    if path in MODULES:
        return MODULES[path]
    for end in range(len(path), 0, -1):
        if path[:end] in MODULES and path[end:end + 1] == ".":
            return canonical(".".join(filter(None, [MODULES[path[:end]], path[end + 1:]])))
    return path


def _below(namespace):
    """The namespaces and modules directly below one."""
    start = namespace + "." if namespace else ""
    paths = [path for path in [*API, *MODULES] if path.startswith(start) and path]
    return {path[len(start):].partition(".")[0] for path in paths} - {""}


def _join(namespace, name):
    return namespace + "." + name if namespace else name


# ---- attributes ----

def _furnish(module_globals, namespace):
    """Let a module look up what it does not hold itself."""
    def __getattr__(name):
        if name == "__all__" and namespace in API:
            return [public for public in names(namespace) if not public.startswith("_")]
        value = _lookup(namespace, name)
        module_globals[name] = value
        return value

    def __dir__():
        return sorted({*module_globals, *names(namespace), *_below(namespace)})

    module_globals.setdefault("__getattr__", __getattr__)
    module_globals.setdefault("__dir__", __dir__)


def _lookup(namespace, name):
    if name in names(namespace):
        module, internal = names(namespace)[name]
        return getattr(importlib.import_module("weft." + module), internal)
    path = _join(namespace, name)
    if not name.startswith("_") and _is_module("weft." + path):
        return importlib.import_module("weft." + path)
    raise AttributeError("module 'tensorflow' has no attribute '%s'%s" % (path, _advice(path)))


def _is_module(fullname):
    try:
        return find_spec(fullname) is not None
    except ModuleNotFoundError:
        return False


def _later(path):
    """What to say of a part of TensorFlow that is not there yet; "" for all else."""
    for subject, words in LATER.items():
        if any(path == word or path.startswith(word + ".") for word in words.split()):
            return ": Weft has no %s yet" % subject
    return ""


def _advice(path):
    """What a person may want to know who looked for a name that is not there."""
    namespace, _, name = path.rpartition(".")
    if name.startswith("_") or _later(path):
        return _later(path)
    if path in RENAMED:
        return "; TensorFlow 1 calls it '%s'" % RENAMED[path]
    from difflib import get_close_matches
    everywhere = [_join(space, other) for space in API for other in names(space)
                  if "." not in space or space == namespace]
    here = [_join(namespace, other) for other in names(namespace)]
    near = get_close_matches(path, here, 1, 0.75) or get_close_matches(path, everywhere, 1, 0.75)
    return "; did you mean '%s'?" % near[0] if near else ""


# ---- modules ----

class _Finder:
    """Finds modules below the names that mean Weft."""

    def __init__(self):
        self.tops = {"weft"}

    def find_spec(self, fullname, path=None, target=None):
        top, _, rest = fullname.partition(".")
        if top not in self.tops:
            return None
        real = canonical(rest)
        if top != "weft" or real != rest:
            spec = self._alias(fullname, "weft." + real if real else "weft")
        else:
            spec = self._own(fullname, rest, path)
        if spec is None and _later(real):
            raise ModuleNotFoundError("No module named 'tensorflow.%s'%s" % (real, _later(real)))
        return spec

    def _own(self, fullname, rest, path):
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            if spec.submodule_search_locations or rest in API:
                spec.loader = _SourceLoader(spec.loader.name, spec.loader.path)
        elif spec is None and any(p == rest or p.startswith(rest + ".") for p in [*API, *MODULES]):
            spec = ModuleSpec(fullname, _NamespaceLoader(), is_package=True)
        return spec

    def _alias(self, fullname, target):
        if target == "weft" or _is_module(target):
            return ModuleSpec(fullname, _AliasLoader(target))
        return None


class _SourceLoader(SourceFileLoader):
    """For a module with a file."""

    def exec_module(self, module):
        super().exec_module(module)
        _furnish(vars(module), module.__name__.partition(".")[2])


class _NamespaceLoader:
    """For a namespace that is in the table only."""

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        _furnish(vars(module), module.__name__.partition(".")[2])


class _AliasLoader:
    """For another name of a module, which stays what it is."""

    def __init__(self, target):
        self._target = target

    def create_module(self, spec):
        module = importlib.import_module(self._target)
        self._spec = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self._spec


_finder = _Finder()
