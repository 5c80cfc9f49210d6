"""Batches of other kinds: sparse ones, rows, of what a function returns."""
from weft.python.data.ops import dataset_functional, dataset_transforms
from weft.python.data.ops.dataset_base import made
from weft.python.data.ops.structured_function import StructuredFunctionWrapper
from weft.python.data.util import convert, structure
from weft.python.framework import dtypes, gen, ops, sparse_tensor, tensor_spec, tensor_util
from weft.python.framework.tensor_shape import TensorShape
from weft.python.util import deprecation

__all__ = ["assert_element_shape", "batch_and_drop_remainder", "dense_to_sparse_batch",
           "map_and_batch", "map_and_batch_with_legacy_function",
           "padded_batch_and_drop_remainder", "sliding_window_batch", "unbatch"]


def dense_to_sparse_batch(batch_size, row_shape):
    """A function of datasets: so many tensors of different shapes become one SparseTensor, whose
    rows have the shape `row_shape`; None in it: as far as they reach."""
    def apply(dataset):
        if not isinstance(dataset.element_spec, tensor_spec.TensorSpec):
            raise TypeError("DenseToSparseDataset requires an input whose elements have a single "
                            "component, whereas the input has %r."
                            % (structure.legacy_types(dataset.element_spec),))
        row = TensorShape(row_shape)
        spec = sparse_tensor.SparseTensorSpec(TensorShape([None]).concatenate(row),
                                              dataset.element_spec.dtype)
        return dataset_transforms.changed(gen.DenseToSparseBatchDataset, spec, dataset, batch_size,
                                          convert.partial_shape_to_tensor(row))
    return apply


@deprecation.deprecated(None, "Use `tf.data.experimental.map_and_batch()`.")
def map_and_batch_with_legacy_function(map_func, batch_size, num_parallel_batches=None,
                                       drop_remainder=False, num_parallel_calls=None):
    """map_and_batch() whose function is named as in older versions."""
    return _map_and_batch(map_func, batch_size, num_parallel_batches, drop_remainder,
                          num_parallel_calls, True)


@deprecation.deprecated(None, "Use `tf.data.Dataset.map(map_func, num_parallel_calls)`, then "
                              "`tf.data.Dataset.batch(batch_size, drop_remainder)`.")
def map_and_batch(map_func, batch_size, num_parallel_batches=None, drop_remainder=False,
                  num_parallel_calls=None):
    """A function of datasets: map() and batch() in one, several elements at a time.

    Raises:
      ValueError: both `num_parallel_batches` and `num_parallel_calls` are given.
    """
    return _map_and_batch(map_func, batch_size, num_parallel_batches, drop_remainder,
                          num_parallel_calls, False)


def _map_and_batch(map_func, batch_size, batches, drop_remainder, calls, legacy):
    if batches is not None and calls is not None:
        raise ValueError("The `num_parallel_batches` and `num_parallel_calls` arguments are "
                         "mutually exclusive.")
    if calls is None:
        calls = batch_size if batches is None else batch_size * batches

    def apply(dataset):
        f = StructuredFunctionWrapper(map_func, "tf.data.experimental.map_and_batch()", dataset,
                                      use_legacy_function=legacy)
        size = ops.convert_to_tensor(batch_size, dtype=dtypes.int64, name="batch_size")
        parallel = ops.convert_to_tensor(calls, dtype=dtypes.int64, name="num_parallel_calls")
        drop = ops.convert_to_tensor(drop_remainder, dtype=dtypes.bool, name="drop_remainder")
        rows = tensor_util.constant_value(size) if tensor_util.constant_value(drop) else None
        spec = structure.batched(f.output_structure, None if rows is None else int(rows))
        return made(gen.MapAndBatchDataset(
            dataset._variant_tensor, f.captured_inputs, size, parallel, drop, f=f.function,
            preserve_cardinality=True, output_types=structure.flat_types(spec),
            output_shapes=structure.flat_shapes(spec)), spec, [dataset], [f])
    return apply


def unbatch():
    """A function of datasets: the rows of each element."""
    return lambda dataset: dataset.unbatch()


def sliding_window_batch(window_size, stride=None, window_shift=None, window_stride=1):
    """A function of datasets: batches of `window_size` elements, each `window_shift` (1 by default;
    `stride` is its older name) after the one before, of each so manyth (`window_stride`) element.

    Raises:
      ValueError: both names are used.
    """
    if stride is not None and window_shift is not None:
        raise ValueError("Cannot specify both `stride` and `window_shift`")
    shift = window_shift or stride or 1

    def apply(dataset):
        sizes = [ops.convert_to_tensor(value, dtype=dtypes.int64, name=name) for name, value in (
            ("window_size", window_size), ("window_shift", shift),
            ("window_stride", window_stride))]
        spec = structure.batched(dataset.element_spec, None)
        return dataset_transforms.changed(gen.SlidingWindowDataset, spec, dataset, *sizes)
    return apply


def batch_and_drop_remainder(batch_size):
    """A function of datasets: batch() without a smaller one at the end."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


def padded_batch_and_drop_remainder(batch_size, padded_shapes, padding_values=None):
    """A function of datasets: padded_batch() without a smaller one at the end."""
    return lambda dataset: dataset.padded_batch(batch_size, padded_shapes, padding_values,
                                                drop_remainder=True)


def assert_element_shape(expected_shapes):
    """A function of datasets: a run fails if elements have other shapes than these."""
    from weft.python.data.util import nest
    from weft.python.ops import array_ops, check_ops

    def check(tensor, shape):
        shape = TensorShape(shape).merge_with(tensor.shape)
        given = array_ops.shape(tensor)
        checks = [check_ops.assert_equal(given[i], n) for i, n in enumerate(shape.as_list())
                  if n is not None and tensor.shape.as_list()[i] is None] \
            if tensor.shape.ndims is not None else [check_ops.assert_rank(tensor, shape.ndims)]
        with ops.control_dependencies(checks):
            tensor = array_ops.identity(tensor)
        tensor.set_shape(shape)
        return tensor

    def check_all(*args):
        element = args if len(args) > 1 else args[0]
        return nest.map_structure_up_to(expected_shapes, check, element, expected_shapes)

    return lambda dataset: dataset_functional.map_(dataset, check_all)
