"""Datasets of others without functions: batches, orders, parts, joins."""
import numpy as np

from weft.python.data.ops.dataset_base import DatasetSpec, DatasetV2, made
from weft.python.data.util import convert, nest, random_seed, structure
from weft.python.framework import (
    dtypes, gen, ops, sparse_tensor, tensor_spec, tensor_util)
from weft.python.framework.tensor_shape import TensorShape

__all__ = ["batch", "cache", "concatenate", "padded_batch", "prefetch", "repeat", "shard",
           "shuffle", "skip", "take", "unbatch", "window", "zip_"]


def _int64(value, name):
    return ops.convert_to_tensor(value, dtype=dtypes.int64, name=name)


def _bool(value, name):
    return ops.convert_to_tensor(value, dtype=dtypes.bool, name=name)


def same(op, dataset, *inputs, **attrs):
    """The dataset that an op makes of one without changing what elements are."""
    return made(op(dataset._variant_tensor, *inputs, **attrs, **dataset._flat_structure),
                dataset.element_spec, [dataset])


def changed(op, spec, dataset, *inputs, **attrs):
    """The dataset of elements with the structure `spec` that an op makes of one."""
    return made(op(dataset._variant_tensor, *inputs, **attrs,
                   output_types=structure.flat_types(spec),
                   output_shapes=structure.flat_shapes(spec)), spec, [dataset])


# ---- order and number ----

def repeat(dataset, count):
    """So many times, or without end."""
    return same(gen.RepeatDataset, dataset, convert.optional_param_to_tensor("count", count, -1))


def take(dataset, count):
    """The first so many."""
    return same(gen.TakeDataset, dataset, _int64(count, "count"))


def skip(dataset, count):
    """All but the first so many."""
    return same(gen.SkipDataset, dataset, _int64(count, "count"))


def shard(dataset, num_shards, index):
    """Each so manyth element."""
    return same(gen.ShardDataset, dataset, _int64(num_shards, "num_shards"),
                _int64(index, "index"))


def shuffle(dataset, buffer_size, seed, reshuffle_each_iteration):
    """In random order, as far as a buffer reaches."""
    size = _int64(buffer_size, "buffer_size")
    seed, seed2 = random_seed.get_seed(seed)
    again = True if reshuffle_each_iteration is None else reshuffle_each_iteration
    return same(gen.ShuffleDataset, dataset, size, seed, seed2, reshuffle_each_iteration=again)


def cache(dataset, filename):
    """What is walked through once is kept, in memory or in a file."""
    return same(gen.CacheDataset, dataset,
                ops.convert_to_tensor(filename, dtype=dtypes.string, name="filename"))


def prefetch(dataset, buffer_size):
    """Elements are made ahead."""
    size = _int64(-1 if buffer_size is None else buffer_size, "buffer_size")
    return same(gen.PrefetchDataset, dataset, size)


# ---- batches ----

def _static_rows(batch_size, drop_remainder):
    """How many rows all batches have, if that is known."""
    if not tensor_util.constant_value(drop_remainder):
        return None
    size = tensor_util.constant_value(batch_size)
    return None if size is None else int(size)


def batch(dataset, batch_size, drop_remainder):
    """So many elements as rows of one."""
    size = _int64(batch_size, "batch_size")
    drop = _bool(drop_remainder, "drop_remainder")
    spec = structure.batched(dataset.element_spec, _static_rows(size, drop))
    return changed(gen.BatchDatasetV2, spec, dataset, size, drop)


def padded_batch(dataset, batch_size, padded_shapes, padding_values, drop_remainder):
    """The same of elements with different shapes: they are padded."""
    for spec in nest.flatten(dataset.element_spec):
        if isinstance(spec, sparse_tensor.SparseTensorSpec):
            raise TypeError("Batching of padded sparse tensors is not currently supported")
        if not isinstance(spec, tensor_spec.TensorSpec):
            raise TypeError("Padded batching of components of type %s is not supported."
                            % type(spec).__name__)
    size = _int64(batch_size, "batch_size")
    inner = structure.legacy_shapes(dataset.element_spec)
    shapes = nest.map_structure_up_to(inner, _padded_shape, padded_shapes, inner)
    values = nest.map_structure_up_to(inner, _padding_value,
                                      _padding_structure(padding_values, dataset), inner,
                                      structure.legacy_types(dataset.element_spec))
    drop = _bool(drop_remainder, "drop_remainder")
    rows = _static_rows(size, drop)
    spec = nest.map_structure(
        lambda shape, s: tensor_spec.TensorSpec(
            TensorShape([rows]).concatenate(convert.shape_of_partial(shape)), s.dtype),
        shapes, dataset.element_spec)
    variant = gen.PaddedBatchDatasetV2(
        dataset._variant_tensor, size, nest.flatten(shapes), nest.flatten(values), drop,
        output_shapes=structure.flat_shapes(spec))
    return made(variant, spec, [dataset])


def _padded_shape(padded_shape, component_shape):
    """A padded shape as a tensor; ValueError if no such component can be padded to it."""
    tensor = convert.partial_shape_to_tensor(padded_shape)
    known = convert.shape_of_partial(tensor)
    if known.ndims is None or component_shape.ndims is None:
        return tensor
    wrong = "The padded shape %s is not compatible with the corresponding input component shape " \
            "%s." % (known, component_shape)
    if known.ndims != component_shape.ndims:
        raise ValueError(wrong)
    for padded, own in zip(known.as_list(), component_shape.as_list()):
        if padded is not None and own is not None and padded < own:
            raise ValueError(wrong)
    return tensor


def _padding_structure(padding_values, dataset):
    """Padding values as a structure; of none zeros and empty strings."""
    if padding_values is None:
        return nest.map_structure(_zero, structure.legacy_types(dataset.element_spec))
    return padding_values


def _zero(dtype):
    if dtype.base_dtype == dtypes.string:
        return ""
    if dtype.base_dtype == dtypes.variant:
        raise TypeError("Unable to create padding for field of type 'variant'")
    return np.zeros_like(dtype.as_numpy_dtype())


def _padding_value(value, shape, dtype):
    tensor = ops.convert_to_tensor(value, name="padding_value")
    if not tensor.shape.is_compatible_with(TensorShape([])):
        raise ValueError("Padding value should be a scalar, but is not: %s" % value)
    if tensor.dtype != dtype:
        raise TypeError("Padding value tensor (%s) does not match output type: %s"
                        % (tensor, dtype))
    return tensor


def unbatch(dataset):
    """The rows of each element."""
    spec = structure.unbatched(dataset.element_spec)
    return changed(gen.UnbatchDataset, spec, _with_rows(dataset))


def _with_rows(dataset):
    """A dataset whose sparse components are rows of serialized ones, which can be taken apart."""
    specs = dataset.element_spec
    if not any(isinstance(s, sparse_tensor.SparseTensorSpec) for s in nest.flatten(specs)):
        return dataset

    def to_rows(*args):
        element = args if type(specs) is tuple else args[0]
        return tuple(structure.to_batched_tensor_list(specs, element))
    return dataset.map(to_rows)


def window(dataset, size, shift, stride, drop_remainder):
    """Datasets of so many elements, one for each component."""
    size = _int64(size, "size")
    shift = size if shift is None else _int64(shift, "shift")
    stride = _int64(stride, "stride")
    drop = _bool(drop_remainder, "drop_remainder")
    spec = nest.map_structure(DatasetSpec, dataset.element_spec)
    return changed(gen.WindowDataset, spec, dataset, size, shift, stride, drop)


# ---- several ----

def zip_(datasets):
    """Elements side by side."""
    for dataset in nest.flatten(datasets):
        if isinstance(dataset, DatasetV2):
            continue
        if isinstance(dataset, list):
            raise TypeError("The argument to `Dataset.zip()` must be a nested structure of "
                            "`Dataset` objects. Nested structures do not support Python lists; "
                            "please use a tuple instead.")
        raise TypeError("The argument to `Dataset.zip()` must be a nested structure of `Dataset` "
                        "objects.")
    flat = nest.flatten(datasets)
    spec = nest.pack_sequence_as(datasets, [d.element_spec for d in flat])
    return made(gen.ZipDataset([d._variant_tensor for d in flat],
                               output_types=structure.flat_types(spec),
                               output_shapes=structure.flat_shapes(spec)), spec, flat)


def concatenate(dataset, other):
    """The elements of one, then those of the other."""
    spec = common_structure(dataset.element_spec, other.element_spec)
    return made(gen.ConcatenateDataset(dataset._variant_tensor, other._variant_tensor,
                                       output_types=structure.flat_types(spec),
                                       output_shapes=structure.flat_shapes(spec)), spec,
                [dataset, other])


def common_structure(one, two):
    """The structure of what is of one or the other; TypeError if there is none."""
    for what, of in (("types", structure.legacy_types), ("classes", structure.legacy_classes)):
        if of(one) != of(two):
            raise TypeError("Two datasets to concatenate have different %s %s and %s"
                            % (what, of(one), of(two)))
    return nest.map_structure(lambda a, b: a.most_specific_compatible_type(b), one, two)
