"""RefVariable: a variable whose op gives a reference, read and written at whatever moment an op
runs."""

import operator

from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.framework import tensor_shape
from weft.python.ops import state_ops
from weft.python.ops import variable_guard
from weft.python.ops import variables
from weft.python.platform import tf_logging as logging


class RefVariable(variables.Variable):
    """A variable by reference: TensorFlow 1's default. See Variable for the arguments.

    Its ops: `v/initial_value` (or what is made under `v/Initializer/`), `v` (VariableV2),
    `v/Assign`, and `v/read`, the Identity that stands for it wherever a tensor is asked for.
    """

    def __init__(self, initial_value=None, trainable=None, collections=None, validate_shape=True,
                 caching_device=None, name=None, variable_def=None, dtype=None,
                 expected_shape=None, import_scope=None, constraint=None, synchronization=None,
                 aggregation=None, shape=None):
        if variable_def is not None:
            return self._read_proto(variable_def, import_scope, initial_value)
        making = variables.Creation(initial_value, trainable, collections, name, constraint,
                                    synchronization, aggregation)
        with ops.init_scope(), making.scope() as name:
            value = _initial_value(making, name, dtype)
            if shape is None:
                shape = value.get_shape() if validate_shape else tensor_shape.unknown_shape()
            variable = state_ops.variable_op_v2(shape, value.dtype.base_dtype, name=name)
            if validate_shape and not value.get_shape().is_fully_defined():
                raise ValueError("initial_value must have a shape specified: %s" % value)
            initializer = state_ops.assign(variable, variable_guard.guarded(name, value),
                                           validate_shape=validate_shape).op
            snapshot = _snapshot(variable, caching_device)
            making.finish(self, _variable=variable, _name=variable.name, _dtype=variable.dtype,
                          _initial_value=value, _initializer_op=initializer, _snapshot=snapshot,
                          _caching_device=caching_device)

    def _proto_fields(self, element, snapshot_name):
        return {"_variable": element, "_dtype": element.dtype,
                "_snapshot": ops.get_default_graph().as_graph_element(snapshot_name)}

    def _proto_names(self):
        return self._variable.name, self._snapshot.name

    @property
    def op(self):
        """The VariableV2 Operation."""
        return self._variable.op

    def _ref(self):
        return self._variable

    def _as_graph_element(self):
        return self._variable

    def get_shape(self):
        """Its static shape, a TensorShape."""
        return self._variable.get_shape()

    def set_shape(self, shape):
        """Merges `shape` into what is known of its shape."""
        self._variable.set_shape(shape)
        self.value().set_shape(shape)

    def value(self):
        """`v/read`, which was made with the variable: no control dependencies of the present."""
        return self._snapshot

    def read_value(self):
        """A new read of the value, after the control dependencies in force."""
        return gen.Identity(self._variable, name="read")

    # ---- updates: each returns the reference afterwards; with read_value=False the Operation ----

    def assign(self, value, use_locking=False, name=None, read_value=True):
        """Gives it `value`, of its dtype and shape."""
        done = state_ops.assign(self._variable, value, use_locking=use_locking, name=name)
        return done if read_value else done.op

    def assign_add(self, delta, use_locking=False, name=None, read_value=True):
        """Adds `delta` to it."""
        done = state_ops.assign_add(self._variable, delta, use_locking=use_locking, name=name)
        return done if read_value else done.op

    def assign_sub(self, delta, use_locking=False, name=None, read_value=True):
        """Subtracts `delta` from it."""
        done = state_ops.assign_sub(self._variable, delta, use_locking=use_locking, name=name)
        return done if read_value else done.op

    def count_up_to(self, limit):
        """The value before one is added to it; OutOfRange at `limit`."""
        return state_ops.count_up_to(self._variable, limit=limit)

    def _scattered(self, update, sparse_delta, use_locking, name):
        if not isinstance(sparse_delta, ops.IndexedSlices):
            raise ValueError("sparse_delta is not IndexedSlices: %s" % sparse_delta)
        return update(self._variable, sparse_delta.indices, sparse_delta.values,
                      use_locking=use_locking, name=name)

    def scatter_add(self, sparse_delta, use_locking=False, name=None):
        """Adds the IndexedSlices to its rows."""
        return self._scattered(gen.ScatterAdd, sparse_delta, use_locking, name)

    def scatter_sub(self, sparse_delta, use_locking=False, name=None):
        """Subtracts the IndexedSlices from its rows."""
        return self._scattered(gen.ScatterSub, sparse_delta, use_locking, name)

    def scatter_mul(self, sparse_delta, use_locking=False, name=None):
        """Multiplies its rows by the IndexedSlices."""
        return self._scattered(gen.ScatterMul, sparse_delta, use_locking, name)

    def scatter_div(self, sparse_delta, use_locking=False, name=None):
        """Divides its rows by the IndexedSlices."""
        return self._scattered(gen.ScatterDiv, sparse_delta, use_locking, name)

    def scatter_min(self, sparse_delta, use_locking=False, name=None):
        """The lesser of its rows and the IndexedSlices."""
        return self._scattered(gen.ScatterMin, sparse_delta, use_locking, name)

    def scatter_max(self, sparse_delta, use_locking=False, name=None):
        """The greater of its rows and the IndexedSlices."""
        return self._scattered(gen.ScatterMax, sparse_delta, use_locking, name)

    def scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Its rows become those of the IndexedSlices."""
        return self._scattered(gen.ScatterUpdate, sparse_delta, use_locking, name)

    def batch_scatter_update(self, sparse_delta, use_locking=False, name=None):
        """As scatter_update, for each of the batch dimensions of the indices."""
        return state_ops.batch_scatter_update(self, sparse_delta.indices, sparse_delta.values,
                                              use_locking=use_locking, name=name)

    def _strided_slice_assign(self, begin, end, strides, value, name, **masks):
        """Gives the slice `value`; the reference afterwards."""
        return gen.StridedSliceAssign(self._variable, begin, end, strides, value, name=name,
                                      **masks)

    def scatter_nd_add(self, indices, updates, name=None):
        """Adds `updates` to its slices; see tf.scatter_nd_add."""
        return gen.ScatterNdAdd(self._variable, indices, updates, use_locking=True, name=name)

    def scatter_nd_sub(self, indices, updates, name=None):
        """Subtracts `updates` from its slices; see tf.scatter_nd_sub."""
        return gen.ScatterNdSub(self._variable, indices, updates, use_locking=True, name=name)

    def scatter_nd_update(self, indices, updates, name=None):
        """Its slices become `updates`; see tf.scatter_nd_update."""
        return gen.ScatterNdUpdate(self._variable, indices, updates, use_locking=True, name=name)


def _initial_value(making, name, dtype):
    """The initial value; what a callable makes is made under "Initializer", beside the variable."""
    if callable(making.initial_value):
        with ops.name_scope("Initializer"), ops.device(None):
            return making.value(dtype)
    value = making.value(dtype)
    variables.check_outside_control_flow(value, name)
    return value


def _snapshot(variable, caching_device):
    if caching_device is not None:
        with ops.device(caching_device):
            return gen.Identity(variable, name="read")
    with ops.colocate_with(variable.op):
        return gen.Identity(variable, name="read")


_IN_PLACE = {
    "__iadd__": (operator.add, "+=", "assign_add"),
    "__isub__": (operator.sub, "-=", "assign_sub"),
    "__imul__": (operator.mul, "*=", "assign"),
    "__itruediv__": (operator.truediv, "/=", "assign"),
    "__ipow__": (operator.pow, "**=", "assign"),
}


def _in_place(function, symbol, word):
    """`v += x` binds the name to a tensor and leaves the variable alone: said once."""

    def method(self, other):
        logging.log_first_n(
            logging.WARN, "Variable %s will be deprecated. Use variable.%s if you want assignment "
            "to the variable value or 'x = x %s y' if you want a new python Tensor object.", 1,
            symbol, word, symbol[:-1])
        return function(self.value(), other)

    return method


for _name, _parts in _IN_PLACE.items():
    setattr(RefVariable, _name, _in_place(*_parts))
