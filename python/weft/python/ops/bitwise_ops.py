"""tf.bitwise: operations on the bits of integers."""

from weft.python.framework import gen

__all__ = ["bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"]


def bitwise_and(x, y, name=None):
    """The bits that both have."""
    return gen.BitwiseAnd(x, y, name=name)


def bitwise_or(x, y, name=None):
    """The bits that one has."""
    return gen.BitwiseOr(x, y, name=name)


def bitwise_xor(x, y, name=None):
    """The bits that exactly one has."""
    return gen.BitwiseXor(x, y, name=name)


def invert(x, name=None):
    """The bits that x has not."""
    return gen.Invert(x, name=name)


def left_shift(x, y, name=None):
    """x with its bits moved up by y."""
    return gen.LeftShift(x, y, name=name)


def right_shift(x, y, name=None):
    """x with its bits moved down by y; the sign stays."""
    return gen.RightShift(x, y, name=name)
