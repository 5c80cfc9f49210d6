"""What is known of a value while building: its class, dtypes and shapes."""
from weft.python.framework import dtypes, ops
from weft.python.framework.tensor_shape import TensorShape

__all__ = ["BatchableTypeSpec", "TypeSpec", "type_spec_from_value"]


class TypeSpec:
    """Base of specifications. A subclass says `value_type`, and how a value is made of tensors and
    taken apart: _to_tensors(value), _from_tensors(tensors), _types(), _shapes().
    """

    __slots__ = ()

    @property
    def value_type(self):
        """The class of such values."""
        raise NotImplementedError("%s.value_type" % type(self).__name__)

    def _serialize(self):
        """What tells it from others of its class: a tuple."""
        raise NotImplementedError("%s._serialize()" % type(self).__name__)

    def is_compatible_with(self, spec_or_value):
        """Might a value be of both?"""
        other = _as_spec(spec_or_value)
        return type(self) is type(other) and all(
            _fit(a, b) for a, b in zip(self._serialize(), other._serialize()))

    def most_specific_compatible_type(self, other):
        """The narrowest specification of what is of either.

        Raises:
          ValueError: there is none.
        """
        if type(self) is not type(other):
            raise ValueError("No TypeSpec is compatible with both %s and %s" % (self, other))
        return type(self)(*[_both(a, b, self, other)
                            for a, b in zip(self._serialize(), other._serialize())])

    def __eq__(self, other):
        return type(self) is type(other) and _key(self) == _key(other)

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return hash(_key(self))

    def __repr__(self):
        return "%s%r" % (type(self).__name__, self._serialize())

    # ---- as the pipelines of tf.data carry it ----

    def _types(self):
        """The dtypes of its tensors there."""
        raise NotImplementedError("%s is no element of a dataset" % type(self).__name__)

    def _shapes(self):
        """Their TensorShapes."""
        raise NotImplementedError("%s is no element of a dataset" % type(self).__name__)

    def _to_tensors(self, value):
        """A value as a list of tensors."""
        raise NotImplementedError("%s is no element of a dataset" % type(self).__name__)

    def _to_batched_tensors(self, value):
        """A value whose rows are elements, as a list of tensors that have as many rows."""
        return self._to_tensors(value)

    def _from_tensors(self, tensors):
        """The value again."""
        raise NotImplementedError("%s is no element of a dataset" % type(self).__name__)

    def _to_legacy_output_types(self):
        raise NotImplementedError("%s._to_legacy_output_types()" % type(self).__name__)

    def _to_legacy_output_shapes(self):
        raise NotImplementedError("%s._to_legacy_output_shapes()" % type(self).__name__)

    def _to_legacy_output_classes(self):
        return self.value_type


class BatchableTypeSpec(TypeSpec):
    """One of values that can be batched: _batch(n) of n or an unknown number, _unbatch()."""

    __slots__ = ()

    def _batch(self, batch_size):
        raise NotImplementedError("%s._batch()" % type(self).__name__)

    def _unbatch(self):
        raise NotImplementedError("%s._unbatch()" % type(self).__name__)


def _key(spec):
    return (type(spec),) + tuple(
        (None if part.ndims is None else tuple(part.as_list()))
        if isinstance(part, TensorShape) else part for part in spec._serialize())


def _fit(a, b):
    if isinstance(a, (TensorShape, dtypes.DType, TypeSpec)):
        return a.is_compatible_with(b)
    return a == b


def _both(a, b, one, other):
    if isinstance(a, TensorShape):
        return a.most_specific_compatible_shape(b)
    if isinstance(a, TypeSpec):
        return a.most_specific_compatible_type(b)
    if a != b:
        raise ValueError("Types are not compatible: %r vs %r" % (one, other))
    return a


def _as_spec(spec_or_value):
    if isinstance(spec_or_value, TypeSpec):
        return spec_or_value
    return type_spec_from_value(spec_or_value)


def type_spec_from_value(value):
    """The specification of a value: a tensor or what becomes one, a SparseTensor, a dataset...

    Raises:
      TypeError: it is of no class that has one.
    """
    spec = _spec_of(value)
    if spec is None:
        try:
            spec = _spec_of(ops.convert_to_tensor(value))
        except (ValueError, TypeError):
            pass
    if spec is None:
        raise TypeError("Could not build a TypeSpec for %r with type %s"
                        % (value, type(value).__name__))
    return spec


def _spec_of(value):
    """The specification of what is no constant, or None."""
    from weft.python.framework import sparse_tensor, tensor_spec
    if isinstance(value, ops.Tensor):
        return tensor_spec.TensorSpec(value.shape, value.dtype.base_dtype)
    if isinstance(value, sparse_tensor.SparseTensorValue):
        value = sparse_tensor.SparseTensor.from_value(value)
    return getattr(value, "_type_spec", None)
