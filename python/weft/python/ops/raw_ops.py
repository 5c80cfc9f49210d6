"""tf.raw_ops: every op as it is, by its type; arguments by name only."""
import functools

from weft.python.framework import gen


def __getattr__(name):
    if not gen.has(name):
        raise AttributeError("module 'tensorflow.raw_ops' has no attribute '%s'" % name)
    op = getattr(gen, name)

    @functools.wraps(op)
    def raw(**arguments):
        return op(**arguments)

    raw.__name__ = raw.__qualname__ = name
    globals()[name] = raw
    return raw


def __dir__():
    return gen.names()
