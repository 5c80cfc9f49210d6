"""Ops on variables of either kind.

Each function takes a variable, or the reference (`float32_ref`) that a ref variable's ops give.
On a reference it returns the reference after the update, so that using the result forces the
update first; on a resource variable it returns an object whose conversion to a tensor reads after
the update.
"""

from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.framework import tensor_shape


def variable_op_v2(shape, dtype, name="Variable", container="", shared_name=""):
    """The op of a ref variable: a reference to the session's variable of this name."""
    # What is not said is the container of the scope.
    said = {"container": container, "shared_name": shared_name}
    return gen.VariableV2(shape=shape, dtype=dtype, name=name,
                          **{k: v for k, v in said.items() if v})


def variable_op(shape, dtype, name="Variable", set_shape=True, container="", shared_name=""):
    """`variable_op_v2`, of unknown static shape if `set_shape` is false. Deprecated."""
    if not set_shape:
        shape = tensor_shape.unknown_shape()
    return variable_op_v2(shape, dtype, name, container, shared_name)


def is_ref(x):
    """Is it a reference, or a variable that has one?"""
    return x.dtype != x.dtype.base_dtype


def is_variable_initialized(ref, name=None):
    """A scalar bool: does the variable hold a value in the session?"""
    if is_ref(ref):
        return gen.IsVariableInitialized(ref, name=name)
    return ref.is_initialized(name=name)


def assign(ref, value, validate_shape=None, use_locking=None, name=None):
    """Gives the variable `value`.

    Args:
      ref: a variable or reference.
      value: a tensor of its dtype, and of its shape unless `validate_shape` is False.
      validate_shape: False lets the shape change (ref variables only).
      use_locking: True (the default) or False.
    """
    if not is_ref(ref):
        return ref.assign(value, name=name)
    return gen.Assign(ref, value, name=name, validate_shape=validate_shape in (None, True),
                      use_locking=use_locking in (None, True))


def assign_add(ref, value, use_locking=None, name=None):
    """Adds `value`, of the variable's dtype and shape, to it."""
    if not is_ref(ref):
        return ref.assign_add(value, name=name)
    return gen.AssignAdd(ref, value, use_locking=bool(use_locking), name=name)


def assign_sub(ref, value, use_locking=None, name=None):
    """Subtracts `value`, of the variable's dtype and shape, from it."""
    if not is_ref(ref):
        return ref.assign_sub(value, name=name)
    return gen.AssignSub(ref, value, use_locking=bool(use_locking), name=name)


def count_up_to(ref, limit, name=None):
    """The integer scalar variable's value before one is added to it; OutOfRange at `limit`."""
    if is_ref(ref):
        return gen.CountUpTo(ref, limit=limit, name=name)
    return gen.ResourceCountUpTo(ref.handle, limit=limit, T=ref.dtype, name=name)


def _scatter(op, ref, indices, updates, use_locking, name):
    if is_ref(ref):
        return getattr(gen, op)(ref, indices, updates, use_locking=use_locking, name=name)
    updates = ops.convert_to_tensor(updates, ref.dtype)
    return ref._lazy_read(getattr(gen, "Resource" + op)(ref.handle, indices, updates, name=name))


def scatter_update(ref, indices, updates, use_locking=True, name=None):
    """Rows `indices` of the variable become those of `updates`; of equal indices any one wins.

    Here and below `updates` has the shape `indices.shape + ref.shape[1:]` or is a scalar; an
    index out of range is InvalidArgument.
    """
    return _scatter("ScatterUpdate", ref, indices, updates, use_locking, name)


def scatter_add(ref, indices, updates, use_locking=False, name=None):
    """Adds `updates` to rows `indices` of the variable; equal indices add up."""
    return _scatter("ScatterAdd", ref, indices, updates, use_locking, name)


def scatter_sub(ref, indices, updates, use_locking=False, name=None):
    """Subtracts `updates` from rows `indices` of the variable; equal indices add up."""
    return _scatter("ScatterSub", ref, indices, updates, use_locking, name)


def scatter_mul(ref, indices, updates, use_locking=False, name=None):
    """Multiplies rows `indices` of the variable by `updates`."""
    return _scatter("ScatterMul", ref, indices, updates, use_locking, name)


def scatter_div(ref, indices, updates, use_locking=False, name=None):
    """Divides rows `indices` of the variable by `updates`."""
    return _scatter("ScatterDiv", ref, indices, updates, use_locking, name)


def scatter_min(ref, indices, updates, use_locking=False, name=None):
    """The lesser of rows `indices` of the variable and `updates`, element by element."""
    return _scatter("ScatterMin", ref, indices, updates, use_locking, name)


def scatter_max(ref, indices, updates, use_locking=False, name=None):
    """The greater of rows `indices` of the variable and `updates`, element by element."""
    return _scatter("ScatterMax", ref, indices, updates, use_locking, name)


def scatter_nd_update(ref, indices, updates, use_locking=True, name=None):
    """Slices of the variable become those of `updates`.

    The last dimension of `indices` is a position in the first dimensions of `ref`; `updates` has
    the shape `indices.shape[:-1] + ref.shape[indices.shape[-1]:]`.
    """
    return _scatter("ScatterNdUpdate", ref, indices, updates, use_locking, name)


def scatter_nd_add(ref, indices, updates, use_locking=False, name=None):
    """Adds `updates` to slices of the variable; shapes as in scatter_nd_update."""
    return _scatter("ScatterNdAdd", ref, indices, updates, use_locking, name)


def scatter_nd_sub(ref, indices, updates, use_locking=False, name=None):
    """Subtracts `updates` from slices of the variable; shapes as in scatter_nd_update."""
    return _scatter("ScatterNdSub", ref, indices, updates, use_locking, name)


def batch_scatter_update(ref, indices, updates, use_locking=True, name=None):
    """`scatter_update` along the last dimension of `indices`, for each of its batch dimensions.

    Args:
      ref: a variable of shape [batch..., n, rest...].
      indices: [batch..., k] integers: which of the n.
      updates: [batch..., k, rest...].
    """
    with ops.name_scope(name):
        indices = ops.convert_to_tensor(indices, name="indices")
        if indices.shape.ndims is None:
            raise ValueError("indices must have a known number of dimensions")
        if indices.shape.ndims > 1:
            indices = _full_positions(indices)
        else:
            indices = gen.ExpandDims(indices, -1)
        return scatter_nd_update(ref, indices, updates, use_locking)


def _full_positions(indices):
    """[batch..., k] places along the dimension after the batch as [batch..., k, 1 + batch rank]
    positions."""
    from weft.python.ops import array_ops
    shape = gen.Shape(indices, out_type=indices.dtype)
    grid = array_ops.meshgrid(*[gen.Range(0, shape[i], 1) for i in range(indices.shape.ndims)],
                              indexing="ij")
    return gen.Pack(list(grid[:-1]) + [indices], axis=-1)
