"""PartitionedVariable: several variables that are slices, along one axis, of one bigger value."""

from weft.python.framework import dtypes
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.framework import tensor_shape
from weft.python.ops import variables


class PartitionedVariable:
    """A sequence of variables; where a tensor is asked for it is their concatenation.

    Args:
      name: of the whole.
      shape: of the whole.
      dtype: of all.
      variable_list: the slices, each with a SaveSliceInfo.
      partitions: how many slices along each axis.

    Raises:
      TypeError: variable_list or partitions is no list.
      ValueError: they do not fit each other.
    """

    def __init__(self, name, shape, dtype, variable_list, partitions):
        if not isinstance(variable_list, (list, tuple)):
            raise TypeError("variable_list is not a list or tuple: %s" % variable_list)
        if not isinstance(partitions, (list, tuple)):
            raise TypeError("partitions is not a list or tuple: %s" % partitions)
        if not all(p >= 1 for p in partitions):
            raise ValueError("partition values must be positive: %s" % partitions)
        if not variable_list:
            raise ValueError("variable_list may not be empty")
        for v in variable_list:
            if v._get_save_slice_info() is None:
                raise ValueError("All variables must be slices of %s, %s is not" % (name, v.name))
        self._name = name
        self._shape = tensor_shape.TensorShape(shape)
        self._dtype = dtypes.as_dtype(dtype)
        self._variable_list = list(variable_list)
        self._partitions = list(partitions)

    def _hold_(self):
        return _PartitionedRecord(self)

    def __iter__(self):
        return iter(self._variable_list)

    def __len__(self):
        self._axis()
        return len(self._variable_list)

    def __repr__(self):
        return "<tf.PartitionedVariable '%s' shape=%s dtype=%s num_partitions=%d>" % (
            self._name, self._shape, self._dtype.name, len(self._variable_list))

    @property
    def name(self):
        """The name of the whole, without an output's number."""
        return self._name

    @property
    def dtype(self):
        """The DType of all slices."""
        return self._dtype

    @property
    def shape(self):
        """The shape of the whole."""
        return self._shape

    def get_shape(self):
        """The shape of the whole."""
        return self._shape

    @property
    def graph(self):
        """The Graph it is in."""
        return self._variable_list[0].graph

    def _get_variable_list(self):
        return self._variable_list

    def _get_partitions(self):
        return self._partitions

    def _partition_axes(self):
        """The axes that are cut; the first where none is."""
        axes = [i for i, p in enumerate(self._partitions) if p > 1]
        return axes or [0]

    def _axis(self):
        axes = self._partition_axes()
        if len(axes) > 1:
            raise NotImplementedError("Cannot join slices of more than one dimension: %s." % axes)
        return axes[0]

    def _concat(self):
        if len(self._variable_list) == 1:
            with ops.name_scope(None):
                return gen.Identity(self._variable_list[0], name=self._name)
        with ops.name_scope(self._name + "/ConcatPartitions/"):
            whole = gen.ConcatV2(self._variable_list, self._axis(), name="concat")
        with ops.name_scope(None):
            return gen.Identity(whole, name=self._name)

    def as_tensor(self):
        """The whole as one tensor, after no control dependencies."""
        with ops.control_dependencies(None):
            return self._concat()

    def _split(self, value):
        """`value`, a tensor of the whole or a sequence of its slices, as a list of slices."""
        if isinstance(value, (list, tuple, PartitionedVariable)):
            return list(value)
        axis = self._axis()
        sizes = [v._get_save_slice_info().var_shape[axis] for v in self._variable_list]
        return gen.SplitV(value, sizes, axis, num_split=len(sizes), name="split")

    def _update(self, method, value, read_value, **kwargs):
        done = [getattr(v, method)(part, read_value=read_value, **kwargs)
                for v, part in zip(self._variable_list, self._split(value))]
        if read_value:
            return done
        return [getattr(op, "op", op) for op in done]

    def assign(self, value, use_locking=False, name=None, read_value=True):
        """Gives the slices their parts of `value`; a list of what the slices' assign returns."""
        return self._update("assign", value, read_value, use_locking=use_locking, name=name)

    def assign_add(self, value, use_locking=False, name=None, read_value=True):
        """Adds to the slices their parts of `value`."""
        return self._update("assign_add", value, read_value, use_locking=use_locking, name=name)

    def assign_sub(self, value, use_locking=False, name=None, read_value=True):
        """Subtracts from the slices their parts of `value`."""
        return self._update("assign_sub", value, read_value, use_locking=use_locking, name=name)


class _PartitionedRecord:
    """A PartitionedVariable as its graph may keep it."""

    __slots__ = ("name", "shape", "dtype", "slices", "partitions")

    def __init__(self, whole):
        self.name = whole._name
        self.shape = whole._shape
        self.dtype = whole._dtype
        self.slices = [v._hold_() for v in whole._variable_list]
        self.partitions = whole._partitions

    def _unhold_(self, graph):
        return PartitionedVariable(self.name, self.shape, self.dtype,
                                   [s._unhold_(graph) for s in self.slices], self.partitions)


def _partitioned_to_tensor(value, dtype=None, name=None, as_ref=False):
    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise ValueError("Incompatible type conversion requested to type '%s' for variable of type "
                         "'%s'" % (dtype.name, value.dtype.name))
    if as_ref:
        raise NotImplementedError("PartitionedVariable doesn't support being used as a reference.")
    return value.as_tensor()


ops.register_tensor_conversion_function(PartitionedVariable, _partitioned_to_tensor)


def _overload(operator):
    def method(self, *args):
        return getattr(ops.Tensor, operator)(self.as_tensor(), *args)

    method.__name__ = operator
    setattr(PartitionedVariable, operator, method)


for _operator in variables._OPERATORS:
    _overload(_operator)
