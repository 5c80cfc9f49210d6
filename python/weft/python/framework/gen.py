"""The ops themselves: gen.MatMul(a, b, transpose_a=True, name="y"), a callable for each op type.

They are C's, made from the library's own table of ops: arguments are the op's inputs, then its
attributes that inputs do not tell, then `name`. They return a Tensor, a list of them, a named
tuple where there are several outputs, or the Operation where there is none.
"""
from weft import _core

_OPS = _core.op_functions()
globals().update(_OPS)


def has(op_type):
    """Whether there is such an op."""
    return op_type in _OPS


def names():
    """All op types."""
    return list(_OPS)


def __getattr__(name):
    raise AttributeError("Op type not registered '%s'" % name)
