"""Shapes as users write them, as vectors; arguments that may be left out, as tensors."""
from weft.python.framework import constant_op, dtypes, ops, tensor_util
from weft.python.framework.tensor_shape import TensorShape

__all__ = ["optional_param_to_tensor", "partial_shape_to_tensor"]


def optional_param_to_tensor(argument_name, argument_value, argument_default=0,
                             argument_dtype=dtypes.int64):
    """An argument, or its default where it is None, as a tensor of its name."""
    if argument_value is None:
        return constant_op.constant(argument_default, dtype=argument_dtype, name=argument_name)
    return ops.convert_to_tensor(argument_value, dtype=argument_dtype, name=argument_name)


def partial_shape_to_tensor(shape_like):
    """A shape as an int64 vector, -1 for what is not known.

    Raises:
      ValueError: a tensor that is no vector.
      TypeError: a tensor of other than int64.
    """
    try:
        shape = TensorShape(shape_like)
        return ops.convert_to_tensor(
            [-1 if dim is None else dim for dim in shape.as_list()], dtype=dtypes.int64)
    except (TypeError, ValueError):
        tensor = ops.convert_to_tensor(shape_like)
        if tensor.shape.ndims is not None and tensor.shape.ndims != 1:
            raise ValueError("The given shape %s must be a 1-D tensor of tf.int64 values, but the "
                             "shape was %s." % (shape_like, tensor.shape)) from None
        if tensor.dtype != dtypes.int64:
            raise TypeError("The given shape %s must be a 1-D tensor of tf.int64 values, but the "
                            "element type was %s." % (shape_like, tensor.dtype.name)) from None
        return tensor


def shape_of_partial(tensor):
    """The TensorShape that such a vector says, as far as it is known while building."""
    return tensor_util.constant_value_as_shape(tensor)
