"""Datasets that call functions: map, flat_map, interleave, filter, reduce."""
from weft.python.data.ops.dataset_base import DatasetSpec, made
from weft.python.data.ops.structured_function import StructuredFunctionWrapper
from weft.python.data.util import nest, structure
from weft.python.framework import dtypes, gen, ops, tensor_spec

__all__ = ["filter_", "flat_map", "interleave", "map_", "parallel_interleave", "parallel_map",
           "reduce_", "stateful_function", "to_datasets"]


def _flat(spec):
    return {"output_types": structure.flat_types(spec),
            "output_shapes": structure.flat_shapes(spec)}


def _int64(value, name):
    return ops.convert_to_tensor(value, dtype=dtypes.int64, name=name)


def wrapped_map(op, dataset, func, who, *inputs, use_legacy_function=False, **attrs):
    """The dataset of what a function returns, by an op with further inputs and attributes."""
    f = StructuredFunctionWrapper(func, who, dataset, use_legacy_function=use_legacy_function)
    return made(op(dataset._variant_tensor, f.captured_inputs, *inputs, f=f.function, **attrs,
                   **_flat(f.output_structure)), f.output_structure, [dataset], [f])


def map_(dataset, func, use_legacy_function=False, preserve_cardinality=False):
    """A function of each element."""
    return wrapped_map(gen.MapDataset, dataset, func, "Dataset.map()",
                       use_legacy_function=use_legacy_function, use_inter_op_parallelism=True,
                       preserve_cardinality=preserve_cardinality)


def parallel_map(dataset, func, num_parallel_calls, use_legacy_function=False,
                 preserve_cardinality=False):
    """The same, several at a time."""
    calls = ops.convert_to_tensor(num_parallel_calls, dtype=dtypes.int32,
                                  name="num_parallel_calls")
    return wrapped_map(gen.ParallelMapDataset, dataset, func, "Dataset.map()", calls,
                       use_legacy_function=use_legacy_function, use_inter_op_parallelism=True,
                       preserve_cardinality=preserve_cardinality)


def to_datasets(dataset, func, who):
    """A wrapped function from elements to datasets; TypeError if it returns something else."""
    f = StructuredFunctionWrapper(func, who, dataset)
    if not isinstance(f.output_structure, DatasetSpec):
        raise TypeError("`map_func` must return a `Dataset` object.")
    return f


def flat_map(dataset, func):
    """The elements of the datasets that a function returns, one dataset after another."""
    f = to_datasets(dataset, func, "Dataset.flat_map()")
    spec = f.output_structure.element_spec
    return made(gen.FlatMapDataset(dataset._variant_tensor, f.captured_inputs, f=f.function,
                                   **_flat(spec)), spec, [dataset], [f])


def interleave(dataset, func, cycle_length, block_length):
    """The same of several datasets in turns."""
    f = to_datasets(dataset, func, "Dataset.interleave()")
    spec = f.output_structure.element_spec
    return made(gen.InterleaveDataset(
        dataset._variant_tensor, f.captured_inputs, _int64(cycle_length, "cycle_length"),
        _int64(block_length, "block_length"), f=f.function, **_flat(spec)), spec, [dataset], [f])


def parallel_interleave(dataset, func, cycle_length, block_length, num_parallel_calls):
    """The same, read by several threads."""
    f = to_datasets(dataset, func, "Dataset.interleave()")
    spec = f.output_structure.element_spec
    return made(gen.ParallelInterleaveDatasetV2(
        dataset._variant_tensor, f.captured_inputs, _int64(cycle_length, "cycle_length"),
        _int64(block_length, "block_length"), _int64(num_parallel_calls, "num_parallel_calls"),
        f=f.function, **_flat(spec)), spec, [dataset], [f])


def filter_(dataset, predicate, use_legacy_function=False):
    """The elements of which a function says True."""
    f = StructuredFunctionWrapper(predicate, "Dataset.filter()", dataset,
                                  use_legacy_function=use_legacy_function)
    scalar = tensor_spec.TensorSpec([], dtypes.bool)
    if not (isinstance(f.output_structure, tensor_spec.TensorSpec) and
            f.output_structure.is_compatible_with(scalar)):
        raise ValueError("`predicate` return type must be convertible to a scalar boolean tensor. "
                         "Was %s." % (f.output_structure,))
    return made(gen.FilterDataset(dataset._variant_tensor, f.captured_inputs,
                                  predicate=f.function, **dataset._flat_structure),
                dataset.element_spec, [dataset], [f])


# ---- functions of a state ----

def stateful_function(dataset, spec, func, who, state_of):
    """A function of (state, element), and the structure of the state: `spec`, its shapes made wider
    until what the function returns, of which `state_of` is the state, fits.

    Raises:
      TypeError: the state that it returns has another class or type.
    """
    while True:
        f = StructuredFunctionWrapper(func, who, input_structure=(spec, dataset.element_spec),
                                      add_to_graph=False)
        returned = state_of(f.output_structure)
        for what, of in (("classes", structure.legacy_classes), ("types", structure.legacy_types)):
            if of(returned) != of(spec):
                raise TypeError("The element %s for the new state must match the initial state. "
                                "Expected %s; got %s." % (what, of(spec), of(returned)))
        wider = nest.map_structure(lambda a, b: a.most_specific_compatible_type(b), spec, returned)
        if wider == spec:
            f.function.add_to_graph(ops.get_default_graph())
            return f, spec
        spec = wider


def reduce_(dataset, initial_state, reduce_func):
    """The last state of reduce_func(state, element)."""
    initial_state = structure.normalize_tensors(initial_state)
    f, spec = stateful_function(dataset, structure.type_spec_from_value(initial_state),
                                reduce_func, "Dataset.reduce()", lambda returned: returned)
    dataset = dataset._apply_options()
    found = gen.ReduceDataset(
        dataset._variant_tensor, structure.to_tensor_list(spec, initial_state),
        f.captured_inputs, Tstate=structure.flat_types(spec), Targuments=f.captured_types,
        f=f.function, **_flat(spec))
    return structure.from_tensor_list(spec, found if isinstance(found, list) else [found])
