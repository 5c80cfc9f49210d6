"""What elements of datasets are: nested structures of TypeSpecs, and values as lists of tensors."""
from weft.python.data.util import nest
from weft.python.framework import dtypes, ops, sparse_tensor, tensor_spec, type_spec
from weft.python.framework.tensor_shape import TensorShape
from weft.python.framework.type_spec import TypeSpec

__all__ = ["are_compatible", "batched", "convert_legacy_structure", "flat_shapes", "flat_types",
           "from_tensor_list", "legacy_classes", "legacy_shapes", "legacy_types",
           "normalize_tensors", "to_batched_tensor_list", "to_tensor_list", "type_spec_from_value",
           "unbatched"]


def normalize_tensors(tensors):
    """A structure of tensors, SparseTensors, datasets... of what becomes one."""
    made = []
    with ops.name_scope("normalize_tensors"):
        for i, value in enumerate(nest.flatten(tensors)):
            if sparse_tensor.is_sparse(value):
                value = sparse_tensor.SparseTensor.from_value(value)
            elif not hasattr(value, "_type_spec"):
                value = ops.convert_to_tensor(value, name="component_%d" % i)
            made.append(value)
    return nest.pack_sequence_as(tensors, made)


def type_spec_from_value(element):
    """The structure of specifications of an element.

    Raises:
      TypeError: a leaf has none.
    """
    return nest.pack_sequence_as(
        element, [type_spec.type_spec_from_value(leaf) for leaf in nest.flatten(element)])


def convert_legacy_structure(output_types, output_shapes, output_classes):
    """The structure of specifications that three structures describe (A "legacy" structure).

    Raises:
      TypeError: there is no specification of such a class.
    """
    flat_classes = nest.flatten(output_classes)
    flat_types_ = nest.flatten_up_to(output_classes, output_types)
    flat_shapes_ = nest.flatten_up_to(output_classes, output_shapes)
    made = [_spec(*leaf) for leaf in zip(flat_types_, flat_shapes_, flat_classes)]
    return nest.pack_sequence_as(output_classes, made)


def _spec(dtype, shape, kind):
    if isinstance(kind, TypeSpec):
        return kind
    if kind is sparse_tensor.SparseTensor:
        return sparse_tensor.SparseTensorSpec(shape, dtype)
    if kind is ops.Tensor:
        return tensor_spec.TensorSpec(shape, dtype)
    raise TypeError("Could not build a structure for output class %r" % (kind,))


# ---- from a structure ----

def flat_types(structure):
    """The dtypes of an element's tensors."""
    return [dtype for spec in nest.flatten(structure) for dtype in spec._types()]


def flat_shapes(structure):
    """The TensorShapes of an element's tensors."""
    return [shape for spec in nest.flatten(structure) for shape in spec._shapes()]


def legacy_types(structure):
    """The structure of DTypes."""
    return nest.map_structure(lambda spec: spec._to_legacy_output_types(), structure)


def legacy_shapes(structure):
    """The structure of TensorShapes."""
    return nest.map_structure(lambda spec: spec._to_legacy_output_shapes(), structure)


def legacy_classes(structure):
    """The structure of classes."""
    return nest.map_structure(lambda spec: spec._to_legacy_output_classes(), structure)


def batched(structure, batch_size):
    """The structure of batches of so many elements; None: it is not known how many."""
    return nest.map_structure(lambda spec: spec._batch(batch_size), structure)


def unbatched(structure):
    """The structure of the rows of an element."""
    return nest.map_structure(lambda spec: spec._unbatch(), structure)


def are_compatible(one, other):
    """Might an element be of both structures?"""
    try:
        nest.assert_same_structure(one, other)
    except (ValueError, TypeError):
        return False
    return all(a.is_compatible_with(b) for a, b in zip(nest.flatten(one), nest.flatten(other)))


# ---- values and tensors ----

def _to_list(structure, element, to_tensors):
    nest.assert_same_structure(structure, element)
    tensors = []
    for spec, value in zip(nest.flatten(structure), nest.flatten(element)):
        tensors += to_tensors(spec, value)
    return tensors


def to_tensor_list(structure, element):
    """An element as a list of tensors."""
    return _to_list(structure, element, lambda spec, value: spec._to_tensors(value))


def to_batched_tensor_list(structure, element):
    """An element whose rows will be elements as a list of tensors with as many rows."""
    return _to_list(structure, element, lambda spec, value: spec._to_batched_tensors(value))


def from_tensor_list(structure, tensors):
    """The element that a list of tensors is.

    Raises:
      ValueError: there are more or fewer than the structure has.
    """
    specs = nest.flatten(structure)
    counts = [len(spec._types()) for spec in specs]
    if sum(counts) != len(tensors):
        raise ValueError("Expected %d tensors but got %d." % (sum(counts), len(tensors)))
    values, rest = [], list(tensors)
    for spec, count in zip(specs, counts):
        values.append(spec._from_tensors(rest[:count]))
        del rest[:count]
    return nest.pack_sequence_as(structure, values)


def shapes_of(structure, shapes):
    """A structure of TensorShapes that looks like another; None stands for unknown ones."""
    if shapes is None:
        return nest.map_structure(lambda _: TensorShape(None), structure)
    return nest.map_structure_up_to(structure, TensorShape, shapes)


def types_of(types):
    """A structure of DTypes."""
    return nest.map_structure(dtypes.as_dtype, types)
