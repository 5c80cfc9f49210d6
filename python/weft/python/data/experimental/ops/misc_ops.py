"""Small functions of datasets: counters, numbers of elements, errors, devices, one element."""
from weft.python.data.experimental.ops import scan_ops
from weft.python.data.ops import dataset_ops, dataset_transforms
from weft.python.data.ops.dataset_base import DatasetV2, made
from weft.python.data.ops.structured_function import StructuredFunctionWrapper
from weft.python.data.util import structure
from weft.python.framework import dtypes, gen, ops, tensor_spec
from weft.python.util import deprecation

__all__ = ["Counter", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "cardinality",
           "copy_to_device", "enumerate_dataset", "get_single_element", "ignore_errors",
           "prefetch_to_device", "take_while", "unique"]

INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2


def Counter(start=0, step=1, dtype=dtypes.int64):
    """start, start + step... without end."""
    with ops.name_scope("counter"):
        start = ops.convert_to_tensor(start, dtype=dtype, name="start")
        step = ops.convert_to_tensor(step, dtype=dtype, name="step")
        return dataset_ops.Dataset.from_tensors(0).repeat(None).apply(
            scan_ops.scan(start, lambda state, _: (state + step, state)))


def cardinality(dataset):
    """How many elements there are, an int64 tensor; or one of the two constants."""
    return gen.DatasetCardinality(dataset._variant_tensor)


@deprecation.deprecated(None, "Use `tf.data.Dataset.enumerate()`.")
def enumerate_dataset(start=0):
    """A function of datasets: (number, element), counted from `start`."""
    return lambda dataset: dataset.enumerate(start)


def ignore_errors():
    """A function of datasets: elements that cannot be made are left out."""
    return lambda dataset: dataset_transforms.same(gen.IgnoreErrorsDataset, dataset)


def unique():
    """A function of datasets: each element once."""
    return lambda dataset: dataset_transforms.same(gen.UniqueDataset, dataset)


def take_while(predicate):
    """A function of datasets: elements until predicate says False."""
    def apply(dataset):
        f = StructuredFunctionWrapper(predicate, "tf.data.experimental.take_while()", dataset)
        if not structure.are_compatible(f.output_structure,
                                        tensor_spec.TensorSpec([], dtypes.bool)):
            raise ValueError("`predicate` must return a scalar boolean tensor.")
        return made(gen.TakeWhileDataset(dataset._variant_tensor, f.captured_inputs,
                                         predicate=f.function, **dataset._flat_structure),
                    dataset.element_spec, [dataset], [f])
    return apply


def copy_to_device(target_device, source_device="/cpu:0"):
    """A function of datasets: elements on a device. There is one, so that they are there."""
    return lambda dataset: dataset


def prefetch_to_device(device, buffer_size=None):
    """A function of datasets: elements are made ahead, on a device."""
    return lambda dataset: dataset.apply(copy_to_device(device)).prefetch(buffer_size)


def get_single_element(dataset):
    """The one element of a dataset; a run fails if there are more or none.

    Raises:
      TypeError: it is no dataset.
    """
    if not isinstance(dataset, DatasetV2):
        raise TypeError("`dataset` must be a `tf.data.Dataset` object.")
    found = gen.DatasetToSingleElement(dataset._variant_tensor, **dataset._flat_structure)
    return structure.from_tensor_list(
        dataset.element_spec, [found] if isinstance(found, ops.Tensor) else list(found))
