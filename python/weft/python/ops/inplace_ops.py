"""Rows of tensors changed: alias_inplace_update() and its kin, and copies that are changed."""
from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops, math_ops


def _changed(op, x, i, v):
    """i None: all of x; a scalar: one row, v; a vector: these rows."""
    x = ops.convert_to_tensor(x)
    v = ops.convert_to_tensor(v, x.dtype)
    if i is None:
        flat = op(array_ops.reshape(x, [1, -1]), [0], array_ops.reshape(v, [1, -1]))
        return array_ops.reshape(flat, array_ops.shape(x))
    i = math_ops.cast(i, dtypes.int32)
    if i.get_shape().ndims == 0:
        return op(x, array_ops.reshape(i, [1]), array_ops.expand_dims(v, 0))
    return op(x, i, v)


def alias_inplace_update(x, i, v):
    """x with rows i replaced by v."""
    return _changed(gen.InplaceUpdate, x, i, v)


def alias_inplace_add(x, i, v):
    """x with v added to rows i."""
    return _changed(gen.InplaceAdd, x, i, v)


def alias_inplace_sub(x, i, v):
    """x with v subtracted from rows i."""
    return _changed(gen.InplaceSub, x, i, v)


def inplace_update(x, i, v):
    """A copy of x with rows i replaced by v."""
    return alias_inplace_update(gen.DeepCopy(x), i, v)


def inplace_add(x, i, v):
    """A copy of x with v added to rows i."""
    return alias_inplace_add(gen.DeepCopy(x), i, v)


def inplace_sub(x, i, v):
    """A copy of x with v subtracted from rows i."""
    return alias_inplace_sub(gen.DeepCopy(x), i, v)


empty = array_ops.empty


def empty_like(x, init=None):
    """A tensor like x with free contents, or zeros if `init`."""
    x = ops.convert_to_tensor(x)
    return gen.Empty(array_ops.shape(x), dtype=x.dtype, init=bool(init))
