"""What TensorFlow has in gen_math_ops, gen_nn_ops and their like: every op, by its name in
small letters (mat_mul); with the op's own name it is gen.MatMul.
"""
from weft.python.framework import gen


def _plain(name):
    return name.replace("_", "").lower()


_TYPES = {_plain(op_type): op_type for op_type in gen.names()}


def __getattr__(name):
    op_type = None if name.startswith("__") else _TYPES.get(_plain(name))
    if op_type is None:
        raise AttributeError("no op is called '%s'" % name)
    globals()[name] = getattr(gen, op_type)
    return globals()[name]
