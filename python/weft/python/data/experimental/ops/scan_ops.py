"""Functions of a state and each element."""
from weft.python.data.ops import dataset_functional
from weft.python.data.ops.dataset_base import made
from weft.python.data.util import structure
from weft.python.framework import gen

__all__ = ["scan"]


def scan(initial_state, scan_func):
    """A function of datasets: scan_func(state, element) -> (next state, new element), for each.

    Raises:
      TypeError: the function does not return a pair, or a state of another type.
    """
    def state_of(returned):
        if type(returned) is not tuple or len(returned) != 2:
            raise TypeError("The scan function must return a pair comprising the new state and "
                            "the output value.")
        return returned[0]

    def apply(dataset):
        state = structure.normalize_tensors(initial_state)
        f, spec = dataset_functional.stateful_function(
            dataset, structure.type_spec_from_value(state), scan_func,
            "tf.data.experimental.scan()", state_of)
        result = f.output_structure[1]
        return made(gen.ScanDataset(
            dataset._variant_tensor, structure.to_tensor_list(spec, state), f.captured_inputs,
            Tstate=structure.flat_types(spec), Targuments=f.captured_types, f=f.function,
            preserve_cardinality=True, output_types=structure.flat_types(result),
            output_shapes=structure.flat_shapes(result)), result, [dataset], [f])
    return apply
