"""Elements by key: windows of them, or one result for each."""
import numpy as np

from weft.python.data.ops import dataset_functional
from weft.python.data.ops.dataset_base import DatasetSpec, made
from weft.python.data.ops.structured_function import StructuredFunctionWrapper
from weft.python.data.util import nest, structure
from weft.python.framework import constant_op, dtypes, gen, ops, tensor_spec
from weft.python.framework.tensor_shape import TensorShape, dimension_value
from weft.python.ops import array_ops, check_ops, math_ops

__all__ = ["Reducer", "bucket_by_sequence_length", "group_by_reducer", "group_by_window",
           "reduce_dataset"]

_KEY = tensor_spec.TensorSpec([], dtypes.int64)


class Reducer:
    """Three functions: init_func(key) -> state, reduce_func(state, element) -> state, and
    finalize_func(state) -> result."""

    def __init__(self, init_func, reduce_func, finalize_func):
        self._init_func = init_func
        self._reduce_func = reduce_func
        self._finalize_func = finalize_func

    @property
    def init_func(self):
        """Makes a state of a key."""
        return self._init_func

    @property
    def reduce_func(self):
        """Makes the next state."""
        return self._reduce_func

    @property
    def finalize_func(self):
        """Makes the result of the last state."""
        return self._finalize_func


def _key_function(func, dataset, who):
    f = StructuredFunctionWrapper(func, who, dataset)
    if not structure.are_compatible(f.output_structure, _KEY):
        raise ValueError("`key_func` must return a single tf.int64 tensor. Got type=%s and "
                         "shape=%s" % (f.output_types, f.output_shapes))
    return f


def group_by_reducer(key_func, reducer):
    """A function of datasets: one element for each key, what a Reducer makes of those with it."""
    who = "tf.data.experimental.group_by_reducer()"

    def apply(dataset):
        key = _key_function(key_func, dataset, who)
        init = StructuredFunctionWrapper(reducer.init_func, who, input_structure=_KEY)
        reduce, state = dataset_functional.stateful_function(
            dataset, init.output_structure, reducer.reduce_func, who, lambda returned: returned)
        final = StructuredFunctionWrapper(reducer.finalize_func, who, input_structure=state)
        spec = final.output_structure
        return made(gen.GroupByReducerDataset(
            dataset._variant_tensor, key.captured_inputs, init.captured_inputs,
            reduce.captured_inputs, final.captured_inputs,
            Tkey_func_other_arguments=key.captured_types,
            Tinit_func_other_arguments=init.captured_types,
            Treduce_func_other_arguments=reduce.captured_types,
            Tfinalize_func_other_arguments=final.captured_types, key_func=key.function,
            init_func=init.function, reduce_func=reduce.function, finalize_func=final.function,
            output_types=structure.flat_types(spec), output_shapes=structure.flat_shapes(spec)),
            spec, [dataset], [key, init, reduce, final])
    return apply


def reduce_dataset(dataset, reducer):
    """What a Reducer makes of all elements."""
    from weft.python.data.experimental.ops import misc_ops
    if not isinstance(reducer, Reducer):
        raise TypeError("`reducer` must be a `tf.data.experimental.Reducer` object.")
    one_key = group_by_reducer(lambda *_: constant_op.constant(0, dtypes.int64), reducer)
    return misc_ops.get_single_element(dataset.apply(one_key))


def group_by_window(key_func, reduce_func, window_size=None, window_size_func=None):
    """A function of datasets: so many elements with a key at a time become the dataset
    reduce_func(key, dataset), whose elements are the result's.

    Args:
      key_func: element -> int64 scalar.
      reduce_func: the function.
      window_size: so many; or
      window_size_func: key -> so many.

    Raises:
      ValueError: both or none of the last two are given.
    """
    if (window_size is None) == (window_size_func is None):
        raise ValueError("Must pass either window_size or window_size_func.")
    who = "tf.data.experimental.group_by_window()"

    def constant_size(_):
        return ops.convert_to_tensor(window_size, dtype=dtypes.int64)

    def apply(dataset):
        key = _key_function(key_func, dataset, who)
        reduce = StructuredFunctionWrapper(
            reduce_func, who, input_structure=(_KEY, DatasetSpec(dataset.element_spec)))
        if not isinstance(reduce.output_structure, DatasetSpec):
            raise TypeError("`reduce_func` must return a `Dataset` object.")
        size = StructuredFunctionWrapper(
            lambda k: ops.convert_to_tensor((window_size_func or constant_size)(k), dtypes.int64),
            who, input_structure=_KEY)
        if not structure.are_compatible(size.output_structure, _KEY):
            raise ValueError("`window_size_func` must return a single tf.int64 scalar tensor.")
        spec = reduce.output_structure.element_spec
        return made(gen.GroupByWindowDataset(
            dataset._variant_tensor, key.captured_inputs, reduce.captured_inputs,
            size.captured_inputs, Tkey_func_other_arguments=key.captured_types,
            Treduce_func_other_arguments=reduce.captured_types,
            Twindow_size_func_other_arguments=size.captured_types, key_func=key.function,
            reduce_func=reduce.function,
            window_size_func=size.function, output_types=structure.flat_types(spec),
            output_shapes=structure.flat_shapes(spec)), spec, [dataset], [key, reduce, size])
    return apply


def bucket_by_sequence_length(element_length_func, bucket_boundaries, bucket_batch_sizes,
                              padded_shapes=None, padding_values=None,
                              pad_to_bucket_boundary=False, no_padding=False,
                              drop_remainder=False):
    """A function of datasets: elements of like length become padded batches.

    Args:
      element_length_func: element -> int32 scalar, its length.
      bucket_boundaries: the lengths where the next bucket begins.
      bucket_batch_sizes: of each bucket, one more than boundaries.
      padded_shapes, padding_values: see Dataset.padded_batch().
      pad_to_bucket_boundary: unknown sizes are padded to the bucket's longest.
      no_padding: do not pad.
      drop_remainder: a smaller batch at the end is dropped.

    Raises:
      ValueError: the two lists do not go together.
    """
    if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
        raise ValueError("len(bucket_batch_sizes) must equal len(bucket_boundaries) + 1")
    limits = np.iinfo(np.int32)

    def bucket_of(*args):
        length = element_length_func(*args)
        least = [limits.min] + list(bucket_boundaries)
        most = list(bucket_boundaries) + [limits.max]
        fits = math_ops.logical_and(math_ops.less_equal(least, length),
                                    math_ops.less(length, most))
        return math_ops.reduce_min(array_ops.where(fits))

    def size_of(bucket):
        return constant_op.constant(bucket_batch_sizes, dtype=dtypes.int64)[bucket]

    def shapes_of(dataset, filler):
        shapes = padded_shapes or structure.legacy_shapes(dataset.element_spec)
        return nest.map_structure(
            lambda shape: [filler if dimension_value(d) is None else dimension_value(d)
                           for d in TensorShape(shape)], shapes)

    def batches(bucket, dataset):
        size = size_of(bucket)
        if no_padding:
            return dataset.batch(size, drop_remainder=drop_remainder)
        filler = None
        if pad_to_bucket_boundary:
            check = check_ops.assert_less(
                bucket, constant_op.constant(len(bucket_batch_sizes) - 1, dtype=dtypes.int64),
                message="When pad_to_bucket_boundary=True, elements must have length < "
                        "max(bucket_boundaries).")
            with ops.control_dependencies([check]):
                filler = constant_op.constant(bucket_boundaries, dtype=dtypes.int64)[bucket] - 1
        return dataset.padded_batch(size, shapes_of(dataset, filler), padding_values,
                                    drop_remainder=drop_remainder)

    return group_by_window(bucket_of, batches, window_size_func=size_of)
