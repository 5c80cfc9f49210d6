"""Weft: TensorFlow 1.15's graphs and sessions, with TensorFlow's names.

    import weft as tf

Nothing is imported before it is used: a name is looked up in the table in _api.py the first time.
"""
import os as _os
import sys as _sys

# The extension weft._core may lie elsewhere: in a build folder, build/python/weft.
__path__ += [path for path in (_os.path.join(entry, "weft") for entry in _sys.path)
             if path not in __path__ and _os.path.isdir(path)]

from weft import _alias                         # noqa: E402

__version__ = "1.15.0"

_alias.install(globals())
