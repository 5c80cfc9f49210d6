"""Partitioners: functions of a shape and dtype that say into how many slices to cut each axis.

They go to `variable_scope(partitioner=...)` and `get_variable(partitioner=...)`; at most one axis
may be cut into more than one slice.
"""

import math

from weft.python.framework import dtypes
from weft.python.framework import tensor_shape


def fixed_size_partitioner(num_shards, axis=0):
    """A partitioner that cuts `axis` into `num_shards` slices, fewer where it has fewer elements.
    """

    def partitioner(shape, **unused):
        partitions = [1] * len(shape)
        partitions[axis] = min(num_shards, tensor_shape.dimension_value(shape[axis]))
        return partitions

    return partitioner


def variable_axis_size_partitioner(max_shard_bytes, axis=0, bytes_per_string_element=16,
                                   max_shards=None):
    """A partitioner that cuts `axis` into slices of at most `max_shard_bytes`.

    Where the other axes alone take more than that, each slice has one element of `axis`;
    `max_shards` limits their number.

    Raises:
      ValueError: a limit that is not positive.
    """
    if max_shard_bytes < 1 or bytes_per_string_element < 1:
        raise ValueError("Both max_shard_bytes and bytes_per_string_element must be positive.")
    if max_shards and max_shards < 1:
        raise ValueError("max_shards must be positive.")

    def partitioner(shape, dtype):
        row = _row_bytes(shape, dtype, axis, bytes_per_string_element)
        length = tensor_shape.dimension_value(shape[axis])
        shards = int(math.ceil(1.0 * length / max(1, math.floor(1.0 * max_shard_bytes / row))))
        partitions = [1] * shape.ndims
        partitions[axis] = min(shards, max_shards) if max_shards else shards
        return partitions

    return partitioner


def min_max_variable_partitioner(max_partitions=1, axis=0, min_slice_size=256 << 10,
                                 bytes_per_string_element=16):
    """A partitioner that cuts `axis` into slices of at least `min_slice_size` bytes, as many as
    fit, at most `max_partitions`."""

    def partitioner(shape, dtype):
        length = tensor_shape.dimension_value(shape[axis])
        total = _row_bytes(shape, dtype, axis, bytes_per_string_element) * length
        shards = max(1, int(math.ceil(total / min_slice_size)))
        partitions = [1] * shape.ndims
        partitions[axis] = min(length, max_partitions, shards)
        return partitions

    return partitioner


def create_partitioned_variables(shape, slicing, initializer, dtype=dtypes.float32,
                                 trainable=True, collections=None, name=None, reuse=None):
    """The slices of a variable of `shape`, a list of variables. Deprecated.

    `slicing` has the number of slices of each axis; `name` is "PartitionedVariable" if left out.
    For the rest see tf.get_variable with a partitioner.
    """
    from weft.python.ops import variable_scope
    if len(shape) != len(slicing):
        raise ValueError("The 'shape' and 'slicing' of a partitioned Variable must have the same "
                         "length: shape: %s, slicing: %s" % (shape, slicing))
    if len(shape) < 1:
        raise ValueError("A partitioned Variable must have rank at least 1: shape: %s" % shape)
    with variable_scope.variable_scope(name, "PartitionedVariable", reuse=reuse):
        return list(variable_scope.get_variable(
            None, shape=shape, dtype=dtype, initializer=initializer, trainable=trainable,
            partitioner=lambda **unused: slicing, collections=collections))


def _row_bytes(shape, dtype, axis, bytes_per_string_element):
    """Bytes of the elements that share a place on `axis`."""
    shape = tensor_shape.as_shape(shape)
    if not shape.is_fully_defined():
        raise ValueError("shape is not fully defined: %s" % shape)
    dtype = dtypes.as_dtype(dtype)
    size = bytes_per_string_element if dtype.base_dtype == dtypes.string else dtype.size
    others = shape.as_list()
    del others[axis]
    for dim in others:
        size *= dim
    return size
