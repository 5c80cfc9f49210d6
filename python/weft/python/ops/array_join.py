"""Tensors put together and taken apart: stack, concat, split; lists that hold tensors."""

import numbers

import numpy as np

from weft.python.framework import constant_op, dtypes, gen, ops, tensor_shape, tensor_util
from weft.python.ops.array_basic import identity

__all__ = ["stack", "parallel_stack", "unstack", "concat", "split", "pack", "unpack"]

# What no list needs to be searched for tensors for.
_PLAIN = frozenset([bool, int, float, complex, str, bytes, np.ndarray, type(None)])


def _element_dtype(items):
    """The dtype of the first tensor in nested lists, or None."""
    if _PLAIN.issuperset(map(type, items)):
        return None
    for item in items:
        found = None
        if isinstance(item, (list, tuple)):
            found = _element_dtype(item)
        elif tensor_util.is_tensor(item):
            found = item.dtype.base_dtype
        if found is not None:
            return found
    return None


def _cast_elements(items, dtype):
    """The nested lists with each tensor of another dtype cast."""
    if isinstance(items, (list, tuple)):
        return [_cast_elements(item, dtype) for item in items]
    if tensor_util.is_tensor(items) and items.dtype.base_dtype != dtype:
        return gen.Cast(items, DstT=dtype)
    return items


def _pack_element(item, dtype, i):
    """One element, packed if it is a list with tensors in it; else as it is."""
    if tensor_util.is_tensor(item):
        if dtype is not None and item.dtype.base_dtype != dtype:
            raise TypeError(f"Cannot convert a list containing a tensor of dtype {item.dtype} to "
                            f"{dtype} (Tensor is: {item!r})")
        return item
    return _pack(item, dtype, str(i)) if isinstance(item, (list, tuple)) else item


def _pack(items, dtype, name):
    """A Pack of the elements if one of them is a tensor; else the elements."""
    with ops.name_scope(name) as scope:
        parts = [_pack_element(item, dtype, i) for i, item in enumerate(items)]
        if not any(tensor_util.is_tensor(part) for part in parts):
            return parts
        parts = [part if tensor_util.is_tensor(part)
                 else constant_op.constant(part, dtype=dtype, name=str(i))
                 for i, part in enumerate(parts)]
        return gen.Pack(parts, name=scope)


def _convert_list(value, dtype=None, name=None, as_ref=False):
    """How a list or tuple that holds tensors becomes one: packed, and named so."""
    if as_ref:
        return NotImplemented
    found = _element_dtype(value)
    if found is None:
        return NotImplemented
    if dtype is None:
        dtype = found
    dtype = dtypes.as_dtype(dtype)
    if dtype != found:
        value = _cast_elements(value, dtype)
    return _pack(value, dtype, name or "packed")


ops.register_tensor_conversion_function((list, tuple), _convert_list, 99)


def stack(values, axis=0, name="stack"):
    """Tensors of one shape as the slices, along a new dimension `axis`, of one tensor.

    A constant where nothing in `values` is a tensor. Raises ValueError for a bad axis."""
    if axis == 0:
        try:
            return ops.convert_to_tensor(values, name=name)
        except (TypeError, ValueError):
            pass
    first = ops.convert_to_tensor(values[0], name=name).get_shape()
    if first.ndims is not None:
        bound = first.ndims + 1
        if not -bound <= axis < bound:
            raise ValueError("axis = %d not in [%d, %d)" % (axis, -bound, bound))
    return gen.Pack(values, axis=axis, name=name)


pack = stack


def parallel_stack(values, name="parallel_stack"):
    """stack() along dimension 0 of values whose shapes are known while building."""
    with ops.name_scope(name):
        first = ops.convert_to_tensor(values[0]).get_shape()
        shape = tensor_shape.TensorShape([len(values)]).concatenate(first)
        return gen.ParallelConcat([gen.ExpandDims(v, 0) for v in values], shape=shape)


def unstack(value, num=None, axis=0, name="unstack"):
    """The slices of a tensor along `axis`, as a list of tensors of one rank less.

    Raises ValueError if their number is neither given nor known, or for a bad axis."""
    if num is None:
        value = ops.convert_to_tensor(value)
        known = value.get_shape()
        if known.ndims is not None:
            if not -known.ndims <= axis < known.ndims:
                raise ValueError("axis = %d not in [%d, %d)" % (axis, -known.ndims, known.ndims))
            num = known.as_list()[axis]
        if num is None:
            raise ValueError("Cannot infer num from shape %s" % known)
    return gen.Unpack(value, num=num, axis=axis, name=name)


unpack = unstack


def concat(values, axis, name="concat"):
    """Tensors joined along the dimension `axis`, where alone their sizes may differ."""
    if not isinstance(values, (list, tuple)):
        values = [values]
    if len(values) > 1 or not values:
        return gen.ConcatV2(values, axis, name=name)
    with ops.name_scope(name):      # one tensor: itself, once the axis has been looked at
        where_to = ops.convert_to_tensor(axis, name="concat_dim", dtype=dtypes.int32)
        where_to.get_shape().assert_has_rank(0)
        return identity(values[0], name=name)


def split(value, num_or_size_splits, axis=0, num=None, name="split"):
    """A tensor cut along `axis`: into a number of equal parts, or parts of the sizes given.

    `num` says how many parts there are if a tensor of sizes does not tell. Returns a list."""
    sizes = ops.convert_to_tensor(num_or_size_splits)
    if isinstance(num_or_size_splits, (numbers.Integral, tensor_shape.Dimension)):
        return gen.Split(axis, value, num_split=int(num_or_size_splits), name=name)
    known = sizes.get_shape()
    if known.ndims == 0:
        raise ValueError("Rank-0 tensors are not supported as the num_or_size_splits argument "
                         "to split. Argument provided: %s" % (num_or_size_splits,))
    if num is None and known.ndims is not None:
        num = known.as_list()[0]
    if num is None:
        raise ValueError("Cannot infer num from shape %s" % num_or_size_splits)
    return gen.SplitV(value, sizes, axis, num_split=num, name=name)
