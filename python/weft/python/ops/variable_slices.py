"""How a variable is cut into slices: what a partitioner may say, and where each slice begins."""

from weft.python.framework import tensor_shape


class _PartitionInfo:
    """Which slice of which whole an initializer makes."""

    def __init__(self, full_shape, var_offset):
        if not isinstance(full_shape, (list, tuple, tensor_shape.TensorShape)):
            raise TypeError("`full_shape` must be a sequence (like tuple or list) instead of " +
                            type(full_shape).__name__)
        if not isinstance(var_offset, (list, tuple)):
            raise TypeError("`var_offset` must be a sequence (like tuple or list) instead of " +
                            type(var_offset).__name__)
        if len(var_offset) != len(full_shape):
            raise ValueError("Expected equal length, but `var_offset` is of length {} while "
                             "full_shape is of length {}.".format(len(var_offset), len(full_shape)))
        for offset, dim in zip(var_offset, full_shape):
            if not 0 <= offset < dim:
                raise ValueError("Expected 0 <= offset < shape but found offset=%s, shape=%s" %
                                 (list(var_offset), list(full_shape)))
        self._full_shape = full_shape
        self._var_offset = var_offset

    @property
    def full_shape(self):
        """The shape of the whole, a list."""
        return self._full_shape

    @property
    def var_offset(self):
        """Where the slice begins, a list."""
        return self._var_offset

    def single_slice_dim(self, shape):
        """The axis along which a slice of `shape` is less than the whole; None if none is.

        Raises:
          ValueError: another rank, past the end, or more than one axis.
        """
        if len(shape) != len(self._full_shape):
            raise ValueError("Expected equal length, but received shape={} of length {} while "
                             "self.full_shape={} is of length {}.".format(
                                 shape, len(shape), self._full_shape, len(self._full_shape)))
        found = None
        for axis, dim in enumerate(self._full_shape):
            if self._var_offset[axis] + shape[axis] > dim:
                raise ValueError("With self.var_offset={}, a partition of shape={} would exceed "
                                 "self.full_shape={} in dimension {}.".format(
                                     self._var_offset, shape, self._full_shape, axis))
            if shape[axis] == dim:
                continue
            if found is not None:
                raise ValueError("Cannot use single_slice_dim() with shape={} and "
                                 "self.full_shape={} since slice dim could be either dimension "
                                 "{} or {}.".format(
                                     shape, self._full_shape, axis, found))
            found = axis
        return found


def partitions(partitioner, shape, dtype):
    """What the partitioner says for this shape, checked: a list with an entry for each axis."""
    if not shape.is_fully_defined():
        raise ValueError("Shape of a new partitioned variable must be fully defined, but instead "
                         "was %s." % (shape,))
    if shape.ndims < 1:
        raise ValueError("A partitioned Variable must have rank at least 1, shape: %s" % shape)
    said = partitioner(shape=shape, dtype=dtype)
    if not isinstance(said, (list, tuple)):
        raise ValueError("Partitioner must return a sequence, but saw: %s" % said)
    if len(said) != shape.ndims:
        raise ValueError("Partitioner returned a partition list that does not match the Variable's "
                         "rank: %s vs. %s" % (said, shape))
    if any(p < 1 for p in said):
        raise ValueError("Partitioner returned zero partitions for some axes: %s" % said)
    return list(said)


def axis_and_count(shape, said):
    """The axis that is cut, and into how many slices."""
    axis, count = 0, said[0]
    for i, n in enumerate(said):
        if n <= 1:
            continue
        if axis != i and count > 1:
            raise ValueError("Can only slice a variable along one dimension: shape: %s, "
                             "partitioning: %s" % (shape, said))
        axis, count = i, n
    return axis, count


def cut(shape, axis, count):
    """(offset, shape) of each slice, lists; the first ones are longer by one where it does not
    divide."""
    length, longer = divmod(shape[axis], count)
    offset = [0] * len(shape)
    for i in range(count):
        part = list(shape)
        part[axis] = length + (i < longer)
        yield list(offset), part
        offset[axis] += part[axis]
