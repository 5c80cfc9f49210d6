"""Datasets that come from no other: tensors, ranges, Python's generators."""
import itertools
import threading

import numpy as np

from weft.python.data.ops.dataset_base import made
from weft.python.data.ops.structured_function import StructuredFunctionWrapper
from weft.python.data.util import nest, structure
from weft.python.framework import dtypes, gen, ops, sparse_tensor, tensor_spec
from weft.python.framework.tensor_shape import TensorShape, dimension_at_index

__all__ = ["from_generator", "from_sparse_tensor_slices", "from_tensor_slices", "from_tensors",
           "generator", "range_"]


def from_tensors(tensors):
    """One element."""
    element = structure.normalize_tensors(tensors)
    spec = structure.type_spec_from_value(element)
    return made(gen.TensorDataset(structure.to_tensor_list(spec, element),
                                  output_shapes=structure.flat_shapes(spec)), spec)


def from_tensor_slices(tensors):
    """The rows of tensors."""
    element = structure.normalize_tensors(tensors)
    batched = structure.type_spec_from_value(element)
    for spec in nest.flatten(batched):
        if spec.shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
    spec = structure.unbatched(batched)
    rows = [dimension_at_index(s.shape, 0) for s in nest.flatten(batched)]
    for other in rows[1:]:
        rows[0].assert_is_compatible_with(other)
    return made(gen.TensorSliceDataset(structure.to_batched_tensor_list(batched, element),
                                       output_shapes=structure.flat_shapes(spec)), spec)


def from_sparse_tensor_slices(tensor):
    """The rows of a SparseTensor, as tuples of three tensors."""
    if not isinstance(tensor, sparse_tensor.SparseTensor):
        raise TypeError("`sparse_tensor` must be a `tf.SparseTensor` object. Was %s." % (tensor,))
    rank = dimension_at_index(tensor.indices.shape, 1)
    left = None if rank.value is None else rank.value - 1
    spec = (tensor_spec.TensorSpec([None, left], dtypes.int64),
            tensor_spec.TensorSpec([None], tensor.dtype),
            tensor_spec.TensorSpec([left], dtypes.int64))
    return made(gen.SparseTensorSliceDataset(tensor.indices, tensor.values, tensor.dense_shape),
                spec)


def range_(*args):
    """start, stop and step, as Python's range."""
    if not 1 <= len(args) <= 3:
        raise ValueError("Invalid arguments to RangeDataset: %s" % str(args))
    start, stop, step = (0, args[0], 1) if len(args) == 1 else (tuple(args) + (1,))[:3]
    spec = tensor_spec.TensorSpec([], dtypes.int64)
    inputs = [ops.convert_to_tensor(value, dtype=dtypes.int64, name=name)
              for name, value in (("start", start), ("stop", stop), ("step", step))]
    return made(gen.RangeDataset(*inputs, output_types=[dtypes.int64],
                                 output_shapes=[TensorShape([])]), spec)


# ---- generators ----

def generator(init_args, init_func, next_func, finalize_func):
    """init_func(init_args) makes a state; next_func(state) gives elements until it raises
    OutOfRange; finalize_func(state) is called at the end."""
    init = StructuredFunctionWrapper(init_func, "GeneratorDataset()",
                                     input_structure=structure.type_spec_from_value(init_args))
    following = StructuredFunctionWrapper(next_func, "GeneratorDataset()",
                                          input_structure=init.output_structure)
    final = StructuredFunctionWrapper(finalize_func, "GeneratorDataset()",
                                      input_structure=init.output_structure)
    spec = following.output_structure
    args = structure.to_tensor_list(init._input_structure, init_args)
    init_inputs = args + list(init.captured_inputs)
    return made(gen.GeneratorDataset(
        init_inputs, following.captured_inputs, final.captured_inputs,
        Tinit_func_args=[x.dtype for x in init_inputs],
        Tnext_func_args=following.captured_types, Tfinalize_func_args=final.captured_types,
        init_func=init.function, next_func=following.function, finalize_func=final.function,
        output_types=structure.flat_types(spec), output_shapes=structure.flat_shapes(spec)),
        spec, functions=[init, following, final])


class _Iterators:
    """The iterators of a Python function that are being walked through, by number."""

    def __init__(self, function):
        self._function = function
        self._lock = threading.Lock()
        self._next = itertools.count()
        self._args = {}
        self._iterators = {}

    def begin(self, *args):
        """The number of a new one."""
        with self._lock:
            number = next(self._next)
            self._args[number] = args
        return np.array(number, dtype=np.int64)

    def following(self, number):
        """The next element of one; StopIteration at its end."""
        number = int(number)
        with self._lock:
            if number in self._args:
                self._iterators[number] = iter(self._function(*self._args.pop(number)))
            iterator = self._iterators[number]
        return next(iterator)

    def end(self, number):
        """One is no longer wanted."""
        with self._lock:
            self._args.pop(int(number), None)
            self._iterators.pop(int(number), None)
        return np.array(0, dtype=np.int64)


class _Elements:
    """Turns what a generator yields into arrays, of the types and shapes that were announced."""

    def __init__(self, output_types, output_shapes):
        self._structure = output_types
        self.types = nest.flatten(output_types)
        self.shapes = nest.flatten(output_shapes)

    def arrays(self, values):
        """An element as a list of arrays."""
        try:
            flat = nest.flatten_up_to(self._structure, values)
        except (TypeError, ValueError):
            raise TypeError("`generator` yielded an element that did not match the expected "
                            "structure. The expected structure was %s, but the yielded element "
                            "was %s." % (self._structure, values)) from None
        return [self._array(*leaf) for leaf in zip(flat, self.types, self.shapes)]

    @staticmethod
    def _array(value, dtype, shape):
        from weft.python.ops import script_ops
        wanted = np.dtype(dtype.as_numpy_dtype)
        try:
            if dtype == dtypes.string:
                array = script_ops._as_array(value)
                array = array if array.size else array.astype(object)
            else:
                array = np.asarray(value, dtype=wanted, order="C")
        except (TypeError, ValueError):
            raise TypeError("`generator` yielded an element that could not be converted to the "
                            "expected type. The expected type was %s, but the yielded element was "
                            "%s." % (dtype.name, value)) from None
        if array.dtype != wanted:
            raise TypeError("`generator` yielded an element of type %s where an element of type %s "
                            "was expected." % (array.dtype, wanted))
        if not shape.is_compatible_with(array.shape):
            raise ValueError("`generator` yielded an element of shape %s where an element of shape "
                             "%s was expected." % (array.shape, shape))
        return array


def from_generator(function, output_types, output_shapes=None, args=None):
    """What function(*args), which returns something to iterate over, yields."""
    from weft.python.ops import script_ops
    if not callable(function):
        raise TypeError("`generator` must be callable.")
    output_types = structure.types_of(output_types)
    output_shapes = structure.shapes_of(output_types, output_shapes)
    args = [] if args is None else ops.convert_n_to_tensor(args, name="args")
    iterators = _Iterators(function)
    elements = _Elements(output_types, output_shapes)

    def begin(_):
        return script_ops.numpy_function(iterators.begin, args, dtypes.int64)

    def following(number):
        flat = script_ops.numpy_function(
            lambda n: elements.arrays(iterators.following(n)), [number], elements.types)
        for tensor, shape in zip(flat, elements.shapes):
            tensor.set_shape(shape)
        return nest.pack_sequence_as(output_types, flat)

    def end(number):
        return script_ops.numpy_function(iterators.end, [number], dtypes.int64)

    return from_tensors(0).flat_map(lambda _: generator(0, begin, following, end))
