"""TensorSpec: the dtype and shape of a tensor, and a name."""
import numpy as np

from weft.python.framework import dtypes, ops
from weft.python.framework.tensor_shape import TensorShape
from weft.python.framework.type_spec import BatchableTypeSpec

__all__ = ["BoundedTensorSpec", "TensorSpec"]


class TensorSpec(BatchableTypeSpec):
    """What is known of a tensor."""

    __slots__ = ["_shape", "_dtype", "_name"]
    value_type = ops.Tensor

    def __init__(self, shape, dtype=dtypes.float32, name=None):
        self._shape = TensorShape(shape)
        self._dtype = dtypes.as_dtype(dtype)
        self._name = name

    @classmethod
    def from_spec(cls, spec, name=None):
        """The same by another name."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @classmethod
    def from_tensor(cls, tensor, name=None):
        """That of a tensor, by its op's name."""
        return TensorSpec(tensor.shape, tensor.dtype, name or tensor.op.name)

    @property
    def shape(self):
        """The TensorShape."""
        return self._shape

    @property
    def dtype(self):
        """The DType."""
        return self._dtype

    @property
    def name(self):
        """The name, or None."""
        return self._name

    def is_compatible_with(self, spec_or_tensor):
        """Might the tensor, or one of that specification, be of this one?"""
        return (isinstance(spec_or_tensor, (TensorSpec, ops.Tensor)) and
                self._dtype.is_compatible_with(spec_or_tensor.dtype) and
                self._shape.is_compatible_with(spec_or_tensor.shape))

    def __repr__(self):
        return "TensorSpec(shape=%s, dtype=%r, name=%r)" % (self.shape, self.dtype, self.name)

    def __reduce__(self):
        return TensorSpec, (self._shape, self._dtype, self._name)

    def _serialize(self):
        return self._shape, self._dtype, self._name

    def _batch(self, batch_size):
        return TensorSpec(TensorShape([batch_size]).concatenate(self._shape), self._dtype)

    def _unbatch(self):
        if self._shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return TensorSpec(self._shape[1:], self._dtype)

    def _types(self):
        return [self._dtype]

    def _shapes(self):
        return [self._shape]

    def _to_tensors(self, value):
        value = ops.convert_to_tensor(value, self._dtype)
        if not value.shape.is_compatible_with(self._shape):
            raise ValueError("Value %r is not convertible to a tensor with dtype %s and shape %s."
                             % (value, self._dtype, self._shape))
        return [value]

    def _from_tensors(self, tensors):
        tensor, = tensors
        if self._shape.ndims is not None:
            tensor.set_shape(self._shape)
        return tensor

    def _to_legacy_output_types(self):
        return self._dtype

    def _to_legacy_output_shapes(self):
        return self._shape


class BoundedTensorSpec(TensorSpec):
    """A TensorSpec with the least and the greatest value that elements may have."""

    __slots__ = ("_minimum", "_maximum")

    def __init__(self, shape, dtype, minimum, maximum, name=None):
        super().__init__(shape, dtype, name)
        if minimum is None or maximum is None:
            raise ValueError("minimum and maximum must be provided; but saw '%s' and '%s'"
                             % (minimum, maximum))
        self._minimum = _bound(minimum, self, "minimum")
        self._maximum = _bound(maximum, self, "maximum")

    @property
    def minimum(self):
        """The least, an array that cannot be written."""
        return self._minimum

    @property
    def maximum(self):
        """The greatest, an array that cannot be written."""
        return self._maximum

    def __repr__(self):
        return "BoundedTensorSpec(shape=%s, dtype=%r, name=%r, minimum=%r, maximum=%r)" % (
            self.shape, self.dtype, self.name, self.minimum, self.maximum)

    def __reduce__(self):
        return BoundedTensorSpec, (self._shape, self._dtype, self._minimum, self._maximum,
                                   self._name)


def _bound(value, spec, which):
    array = np.array(value, dtype=spec.dtype.as_numpy_dtype)
    try:
        np.broadcast_to(array, spec.shape.as_list())
    except ValueError as e:
        raise ValueError("%s is not compatible with shape: %s" % (which, e)) from None
    array.setflags(write=False)
    return array
