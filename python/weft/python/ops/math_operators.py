"""Python's operators on Tensor: `x + y`, `-x`, `x < y`, `x @ y`...

A binary operator opens a name scope of the operator's own name and converts the other value in it,
which gives names such as "add/y" and makes the op itself bear the scope's name."""

from weft.python.framework import dtypes, gen, ops, sparse_tensor
from weft.python.ops import math_arithmetic, math_linear

__all__ = ["override_operator"]


def override_operator(function, name):
    """Makes `function` Tensor's special method of that name ("__neg__")."""
    setattr(ops.Tensor, name, function)


def _binary(function, op_name, is_one_op=False):
    """Attaches __op_name__ and __rop_name__. Without a conversion to be made the function, or
    where it is one op that op, opens the scope by itself: the names are the same, and sooner."""

    def operator(x, y):
        if isinstance(y, ops.Tensor) or (is_one_op and _is_number_for(y, x)):
            return function(x, y, name=op_name)
        with ops.name_scope(None, op_name, [x, y]) as scope:
            if not isinstance(y, sparse_tensor.SparseTensor):
                try:
                    y = ops.convert_to_tensor(y, dtype_hint=x.dtype.base_dtype, name="y")
                except TypeError:
                    if hasattr(type(y), "__r%s__" % op_name):
                        return NotImplemented
                    raise
            return function(x, y, name=scope)

    def reflected_operator(y, x):
        with ops.name_scope(None, op_name, [x, y]) as scope:
            x = ops.convert_to_tensor(x, dtype=y.dtype.base_dtype, name="x")
            return function(x, y, name=scope)

    override_operator(operator, "__%s__" % op_name)
    override_operator(reflected_operator, "__r%s__" % op_name)


def _is_number_for(value, tensor):
    return type(value) in (int, float) and tensor.dtype.is_floating


def _add(x, y, name=None):
    op = gen.Add if x.dtype.base_dtype == dtypes.string else gen.AddV2
    return op(x, y, name=name)


def _mul(x, y, name=None):
    if isinstance(y, sparse_tensor.SparseTensor):
        values = gen.SparseDenseCwiseMul(y.indices, y.values, y.dense_shape, x, name=name)
        return sparse_tensor.SparseTensor(y.indices, values, y.dense_shape)
    return gen.Mul(x, y, name=name)


def _sub(x, y, name=None):
    return gen.Sub(x, y, name=name)


def _mod(x, y, name=None):
    return gen.FloorMod(x, y, name=name)


def _and(x, y, name=None):
    return gen.LogicalAnd(x, y, name=name)


def _or(x, y, name=None):
    return gen.LogicalOr(x, y, name=name)


def _less(x, y, name=None):
    return gen.Less(x, y, name=name)


def _less_equal(x, y, name=None):
    return gen.LessEqual(x, y, name=name)


def _greater(x, y, name=None):
    return gen.Greater(x, y, name=name)


def _greater_equal(x, y, name=None):
    return gen.GreaterEqual(x, y, name=name)


def _invert(x, name=None):
    return gen.LogicalNot(x, name=name)


def _negate(x, name=None):
    return gen.Neg(x, name=name)


_binary(_add, "add", is_one_op=True)
_binary(_sub, "sub", is_one_op=True)
_binary(_mul, "mul", is_one_op=True)
_binary(math_arithmetic.div, "div")
_binary(math_arithmetic.truediv, "truediv")
_binary(math_arithmetic.floordiv, "floordiv")
_binary(_mod, "mod", is_one_op=True)
_binary(math_arithmetic.pow, "pow")
_binary(_and, "and")
_binary(_or, "or")
_binary(math_arithmetic.logical_xor, "xor")
_binary(math_linear.matmul, "matmul")

# Comparisons and unary operators are the ops themselves: an op "Less", and no scope of its own.
override_operator(_less, "__lt__")
override_operator(_less_equal, "__le__")
override_operator(_greater, "__gt__")
override_operator(_greater_equal, "__ge__")
override_operator(_invert, "__invert__")
override_operator(_negate, "__neg__")
override_operator(math_arithmetic.abs, "__abs__")
