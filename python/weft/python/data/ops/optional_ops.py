"""Optionals: values that may be there or not."""
from weft.python.data.util import nest, structure
from weft.python.framework import dtypes, gen, ops
from weft.python.framework.tensor_shape import TensorShape
from weft.python.framework.type_spec import TypeSpec

__all__ = ["Optional", "OptionalSpec"]


class Optional:
    """A value that is there, or none. See from_value() and none_from_structure()."""

    def has_value(self, name=None):
        """A bool tensor: is it there?"""
        raise NotImplementedError("Optional.has_value()")

    def get_value(self, name=None):
        """The value; a run fails with InvalidArgumentError if there is none."""
        raise NotImplementedError("Optional.get_value()")

    @property
    def value_structure(self):
        """The structure of TypeSpecs of the value."""
        raise NotImplementedError("Optional.value_structure")

    @staticmethod
    def from_value(value):
        """An Optional with a value, a nested structure of tensors."""
        with ops.name_scope("optional"), ops.name_scope("value"):
            value = nest.map_structure(
                lambda v: v if hasattr(v, "_type_spec") else ops.convert_to_tensor(v), value)
            spec = structure.type_spec_from_value(value)
            tensors = structure.to_tensor_list(spec, value)
        return _OptionalImpl(gen.OptionalFromValue(tensors), spec)

    @staticmethod
    def none_from_structure(value_structure):
        """An Optional without a value."""
        return _OptionalImpl(gen.OptionalNone(), value_structure)


class _OptionalImpl(Optional):
    """One that a variant tensor holds."""

    def __init__(self, variant_tensor, value_structure):
        self._variant_tensor = variant_tensor
        self._value_structure = value_structure

    def has_value(self, name=None):
        return gen.OptionalHasValue(self._variant_tensor, name=name)

    def get_value(self, name=None):
        with ops.name_scope(name, "OptionalGetValue", [self._variant_tensor]) as scope:
            found = gen.OptionalGetValue(
                self._variant_tensor, name=scope,
                output_types=structure.flat_types(self._value_structure),
                output_shapes=structure.flat_shapes(self._value_structure))
        tensors = [found] if isinstance(found, ops.Tensor) else list(found)
        return structure.from_tensor_list(self._value_structure, tensors)

    @property
    def value_structure(self):
        return self._value_structure

    @property
    def _type_spec(self):
        return OptionalSpec(self._value_structure)


class OptionalSpec(TypeSpec):
    """What is known of an Optional: the structure of its value."""

    __slots__ = ["_value_structure"]
    value_type = Optional

    def __init__(self, value_structure):
        self._value_structure = value_structure

    def _serialize(self):
        return (self._value_structure,)

    def is_compatible_with(self, spec_or_value):
        other = getattr(spec_or_value, "_type_spec", spec_or_value)
        return isinstance(other, OptionalSpec) and structure.are_compatible(
            self._value_structure, other._value_structure)

    def _types(self):
        return [dtypes.variant]

    def _shapes(self):
        return [TensorShape([])]

    def _to_tensors(self, value):
        return [value._variant_tensor]

    def _from_tensors(self, tensors):
        return _OptionalImpl(tensors[0], self._value_structure)

    def _to_legacy_output_types(self):
        return self

    def _to_legacy_output_shapes(self):
        return self

    def _to_legacy_output_classes(self):
        return self
