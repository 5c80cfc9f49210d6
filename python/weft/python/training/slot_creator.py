"""Slots: variables that an optimizer or a moving average keeps beside another variable.

A slot is called after its primary, "w/Momentum", is not trainable, is of the primary's kind and
stands with it.
"""

import contextlib

from weft.python.framework import ops
from weft.python.ops import init_ops
from weft.python.ops import variable_scope

__all__ = ["create_slot", "create_slot_with_initializer", "create_zeros_slot"]


def create_slot(primary, val, name, colocate_with_primary=True):
    """A slot with an initial value.

    Args:
      primary: the variable or tensor it belongs to.
      val: the initial value, a tensor.
      name: appended to the primary's name.
      colocate_with_primary: place the slot where the primary is.
    """
    validate = val.get_shape().is_fully_defined()
    with _place(primary, name, colocate_with_primary):
        return _variable(primary, initializer=val, validate_shape=validate)


def create_slot_with_initializer(primary, initializer, shape, dtype, name,
                                 colocate_with_primary=True):
    """A slot whose initial value an initializer makes.

    Args:
      primary, name, colocate_with_primary: as of `create_slot`.
      initializer: called with shape and dtype, or a function without arguments, or a tensor.
      shape, dtype: of the slot.
    """
    kind = {"initializer": initializer, "validate_shape": shape.is_fully_defined()}
    if callable(initializer):
        kind.update(shape=shape, dtype=dtype)
    with _place(primary, name, colocate_with_primary):
        return _variable(primary, **kind)


def create_zeros_slot(primary, name, dtype=None, colocate_with_primary=True):
    """A slot of zeros with the primary's shape, and its dtype unless another is given."""
    dtype = (primary.dtype if dtype is None else dtype).base_dtype
    shape = primary.get_shape()
    if shape.is_fully_defined():
        return create_slot_with_initializer(primary, init_ops.zeros_initializer(dtype), shape,
                                            dtype, name, colocate_with_primary)
    from weft.python.ops import array_ops
    value = first_value(primary) if _is_variable(primary) else primary
    zeros = array_ops.zeros(array_ops.shape(value), dtype=dtype)
    return create_slot(primary, zeros, name, colocate_with_primary)


def first_value(variable):
    """What the slot of a variable begins with: its value; its initial value where it has none."""
    return variable.initialized_value()


def _is_variable(x):
    return not isinstance(x, ops.Tensor)


def _is_resource(x):
    return _is_variable(x) and x.op.type == "VarHandleOp"


@contextlib.contextmanager
def _place(primary, name, colocate):
    """The scope that is the slot's name, where the primary is if asked."""
    with variable_scope.variable_scope(None, primary.op.name + "/" + name):
        if not colocate:
            yield
            return
        with ops.colocate_with(primary.op):
            yield


def _variable(primary, **kind):
    """The variable that the current variable scope names."""
    scope = variable_scope.get_variable_scope()
    partitioner = scope.partitioner
    scope.set_partitioner(None)
    try:
        slot = variable_scope.get_variable(
            "", trainable=False,
            use_resource=_is_resource(primary) if _is_variable(primary) else None, **kind)
    finally:
        scope.set_partitioner(partitioner)
    _as_slice_of(primary, slot)
    return slot


def _as_slice_of(primary, slot):
    """A slot of one part of a partitioned variable is the same part of the whole slot."""
    info = getattr(primary, "_save_slice_info", None) if _is_variable(primary) else None
    if info:
        own = slot.op.name[len(primary.op.name + "/"):]
        slot._set_save_slice_info(type(info)(info.full_name + "/" + own, list(info.full_shape),
                                             list(info.var_offset), list(info.var_shape)))
