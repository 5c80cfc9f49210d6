"""Graphs, types, shapes, errors: the core of the package.

Whatever is imported from here first, C is told about the classes and Tensor has its operators
before anything is built.
"""
from weft.python.framework import core_hooks        # noqa: F401
from weft.python.ops import array_ops, math_ops     # noqa: F401
