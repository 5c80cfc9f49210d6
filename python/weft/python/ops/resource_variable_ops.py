"""ResourceVariable: a variable whose op gives a handle; reads and writes are ops of their own.

Each read happens once, gives a value that later writes do not change, and is ordered against
writes by control edges.
"""

from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.ops import variable_guard
from weft.python.ops import variable_record
from weft.python.ops import variables


def is_resource_variable(x):
    """Is it a variable whose op gives a handle?"""
    return isinstance(x, ResourceVariable) or hasattr(x, "_should_act_as_resource_variable")


class ResourceVariable(variables.Variable):
    """A variable by handle. See Variable for the arguments; `validate_shape` is ignored.

    Its ops: what makes the initial value, under `v/Initializer/`; `v` (VarHandleOp),
    `v/IsInitialized/VarIsInitializedOp`, `v/Assign` (AssignVariableOp) and
    `v/Read/ReadVariableOp`, which a session reads when the variable itself is fetched.
    """

    def __init__(self, initial_value=None, trainable=None, collections=None, validate_shape=True,
                 caching_device=None, name=None, dtype=None, variable_def=None, import_scope=None,
                 constraint=None, distribute_strategy=None, synchronization=None, aggregation=None,
                 shape=None):
        if variable_def is not None:
            return self._read_proto(variable_def, import_scope, initial_value)
        making = variables.Creation(initial_value, trainable, collections, name, constraint,
                                    synchronization, aggregation)
        with ops.init_scope(), making.scope() as name:
            own_name = ops.name_from_scope_name(name)
            with ops.name_scope("Initializer"), ops.device(None):
                value = making.value(dtype)
            handle = gen.VarHandleOp(dtype=value.dtype.base_dtype, shared_name=own_name, name=name,
                                     shape=value.get_shape() if shape is None else shape)
            variables.check_outside_control_flow(value, name)
            with ops.name_scope("IsInitialized"):
                initialized = gen.VarIsInitializedOp(handle)
            initializer = _initializer(name, handle, value)
            read, cached = _first_read(handle, value.dtype.base_dtype, caching_device)
            making.finish(self, _handle=handle, _name=handle.name, _dtype=value.dtype.base_dtype,
                          _initial_value=value, _initializer_op=initializer, _graph_element=read,
                          _cached_value=cached, _is_initialized_op=initialized,
                          _caching_device=caching_device)

    def _proto_fields(self, element, snapshot_name):
        # Old meta graphs do not name the tensor that reads the variable, others its copy.
        graph, cached = ops.get_default_graph(), None
        if snapshot_name:
            cached = graph.get_tensor_by_name(snapshot_name)
        if cached is not None and cached.op.type == "ReadVariableOp":
            read, cached = cached, None
        else:
            read = graph.get_tensor_by_name(element.op.name + "/Read/ReadVariableOp:0")
        return {"_handle": element, "_dtype": element.op.get_attr("dtype"), "_graph_element": read,
                "_cached_value": cached}

    def _proto_names(self):
        cached = self._cached_value
        return self.handle.name, (self._graph_element if cached is None else cached).name

    @property
    def handle(self):
        """The tensor of dtype resource that reads and writes take."""
        return self._handle

    @property
    def op(self):
        """The VarHandleOp Operation."""
        return self._handle.op

    @property
    def create(self):
        """The Operation that initializes it."""
        return self._initializer_op

    def get_shape(self):
        """Its static shape, a TensorShape."""
        return self.op.get_attr("shape")

    def _ref(self):
        return self._handle

    def _as_graph_element(self):
        return self._graph_element

    def __bool__(self):
        return bool(self.read_value())

    def is_initialized(self, name=None):
        """A scalar bool tensor: does it hold a value?"""
        return gen.VarIsInitializedOp(self.handle, name=name)

    # ---- reading ----

    def _read_variable_op(self):
        return gen.ReadVariableOp(self.handle, dtype=self._dtype)

    def value(self):
        """A read of the value at this point of the graph (or of the copy on the caching device)."""
        if self._cached_value is not None:
            return self._cached_value
        with ops.colocate_with(None, ignore_existing=True), ops.device(self.handle.device):
            return self._read_variable_op()

    def read_value(self):
        """A new read of the value, after the control dependencies in force."""
        with ops.name_scope("Read"):
            value = self._read_variable_op()
        return gen.Identity(value)

    def sparse_read(self, indices, name=None):
        """The rows `indices`, without reading the others."""
        with ops.name_scope("Gather" if name is None else name) as name:
            value = gen.ResourceGather(self.handle, indices, dtype=self._dtype, name=name)
        return gen.Identity(value)

    # ---- updates: each returns what reads afterwards; with read_value=False the Operation ----

    def _lazy_read(self, op):
        return _UnreadVariable(self, op)

    def _updated(self, update, value, name, read_value=True):
        value = ops.convert_to_tensor(value, dtype=self._dtype)
        self.shape.assert_is_compatible_with(value.shape)
        done = update(self.handle, value, name=name)
        return self._lazy_read(done) if read_value else done

    def assign(self, value, use_locking=None, name=None, read_value=True):
        """Gives it `value`, of its dtype and shape."""
        return self._updated(gen.AssignVariableOp, value, name, read_value)

    def assign_add(self, delta, use_locking=None, name=None, read_value=True):
        """Adds `delta` to it."""
        return self._updated(gen.AssignAddVariableOp, delta, name, read_value)

    def assign_sub(self, delta, use_locking=None, name=None, read_value=True):
        """Subtracts `delta` from it."""
        return self._updated(gen.AssignSubVariableOp, delta, name, read_value)

    def count_up_to(self, limit):
        """The value before one is added to it; OutOfRange at `limit`."""
        return gen.ResourceCountUpTo(self.handle, limit=limit, T=self._dtype)

    def _scattered(self, update, sparse_delta, name):
        if not isinstance(sparse_delta, ops.IndexedSlices):
            raise ValueError("sparse_delta is not IndexedSlices: %s" % sparse_delta)
        updates = ops.convert_to_tensor(sparse_delta.values, self._dtype)
        return self._lazy_read(update(self.handle, sparse_delta.indices, updates, name=name))

    def scatter_add(self, sparse_delta, use_locking=False, name=None):
        """Adds the IndexedSlices to its rows."""
        return self._scattered(gen.ResourceScatterAdd, sparse_delta, name)

    def scatter_sub(self, sparse_delta, use_locking=False, name=None):
        """Subtracts the IndexedSlices from its rows."""
        return self._scattered(gen.ResourceScatterSub, sparse_delta, name)

    def scatter_mul(self, sparse_delta, use_locking=False, name=None):
        """Multiplies its rows by the IndexedSlices."""
        return self._scattered(gen.ResourceScatterMul, sparse_delta, name)

    def scatter_div(self, sparse_delta, use_locking=False, name=None):
        """Divides its rows by the IndexedSlices."""
        return self._scattered(gen.ResourceScatterDiv, sparse_delta, name)

    def scatter_min(self, sparse_delta, use_locking=False, name=None):
        """The lesser of its rows and the IndexedSlices."""
        return self._scattered(gen.ResourceScatterMin, sparse_delta, name)

    def scatter_max(self, sparse_delta, use_locking=False, name=None):
        """The greater of its rows and the IndexedSlices."""
        return self._scattered(gen.ResourceScatterMax, sparse_delta, name)

    def scatter_update(self, sparse_delta, use_locking=False, name=None):
        """Its rows become those of the IndexedSlices."""
        return self._scattered(gen.ResourceScatterUpdate, sparse_delta, name)

    def batch_scatter_update(self, sparse_delta, use_locking=False, name=None):
        """As scatter_update, for each of the batch dimensions of the indices."""
        from weft.python.ops import state_ops
        return state_ops.batch_scatter_update(self, sparse_delta.indices, sparse_delta.values,
                                              use_locking=use_locking, name=name)

    def _strided_slice_assign(self, begin, end, strides, value, name, **masks):
        """Gives the slice `value`; what reads afterwards."""
        value = ops.convert_to_tensor(value, dtype=self._dtype)
        return self._lazy_read(gen.ResourceStridedSliceAssign(self.handle, begin, end, strides,
                                                              value, name=name, **masks))

    def _scattered_nd(self, update, indices, updates, name):
        updates = ops.convert_to_tensor(updates, self._dtype)
        return self._lazy_read(update(self.handle, indices, updates, name=name))

    def scatter_nd_add(self, indices, updates, name=None):
        """Adds `updates` to its slices; see tf.scatter_nd_add."""
        return self._scattered_nd(gen.ResourceScatterNdAdd, indices, updates, name)

    def scatter_nd_sub(self, indices, updates, name=None):
        """Subtracts `updates` from its slices; see tf.scatter_nd_sub."""
        return self._scattered_nd(gen.ResourceScatterNdSub, indices, updates, name)

    def scatter_nd_update(self, indices, updates, name=None):
        """Its slices become `updates`; see tf.scatter_nd_update."""
        return self._scattered_nd(gen.ResourceScatterNdUpdate, indices, updates, name)


def _initializer(name, handle, value):
    """`v/Assign`, on the handle's device whatever scopes say."""
    with ops.name_scope("Assign") as scope, ops.colocate_with(None, ignore_existing=True), \
            ops.device(handle.device):
        return gen.AssignVariableOp(handle, variable_guard.guarded(name, value), name=scope)


def _first_read(handle, dtype, caching_device):
    """`v/Read/ReadVariableOp`, and its copy on the caching device or None."""
    with ops.name_scope("Read"):
        with ops.device(handle.device):
            read = gen.ReadVariableOp(handle, dtype=dtype)
        if caching_device is None:
            return read, None
        with ops.colocate_with(None, ignore_existing=True), ops.device(caching_device):
            return read, gen.Identity(read)


def _refuse_in_place(symbol, word):

    def method(self, other):
        raise RuntimeError("Variable %s value not supported. Use %s to modify the variable value "
                           "and variable = variable %s value to get a new Tensor object." %
                           (symbol, word, symbol[:-1]))

    return method


for _name, _symbol, _word in (("__iadd__", "+=", "variable.assign_add(value)"),
                              ("__isub__", "-=", "variable.assign_sub(value)"),
                              ("__imul__", "*=", "`var.assign(var * value)`"),
                              ("__itruediv__", "/=", "`var.assign(var / value)`"),
                              ("__ifloordiv__", "//=", "`var.assign(var // value)`"),
                              ("__ipow__", "**=", "`var.assign(var ** value)`")):
    setattr(ResourceVariable, _name, _refuse_in_place(_symbol, _word))


class _UnreadVariable(ResourceVariable):
    """A resource variable after an update: whatever reads it reads after `parent_op`."""

    def __init__(self, variable, parent_op):
        object.__setattr__(self, "_graph", variable.graph)
        object.__setattr__(self, "_record", variable._record)
        object.__setattr__(self, "_parent_op", parent_op)
        with ops.control_dependencies([parent_op]):
            read = gen.ReadVariableOp(variable.handle, dtype=variable.dtype)
        object.__setattr__(self, "_element", read)

    def _hold_(self):
        return _UnreadRecord(self)

    @property
    def name(self):
        """The name of the update's Operation."""
        return self._parent_op.name

    @property
    def op(self):
        """The update's Operation."""
        return self._parent_op

    def _as_graph_element(self):
        return self._element

    def get_shape(self):
        """Its static shape, a TensorShape."""
        return self.handle.op.get_attr("shape")

    def value(self):
        """A read of the value after the update."""
        with ops.control_dependencies([self._parent_op]):
            return super().value()

    def read_value(self):
        """A new read of the value after the update."""
        with ops.control_dependencies([self._parent_op]):
            return super().read_value()


class _UnreadRecord:
    """An _UnreadVariable as its graph may keep it."""

    __slots__ = ("record", "parent", "element")

    def __init__(self, unread):
        self.record = unread._record
        self.parent = unread.graph.hold(unread._parent_op)
        self.element = unread.graph.hold(unread._element)

    def _unhold_(self, graph):
        unread = _UnreadVariable.__new__(_UnreadVariable)
        variable_record.Facade._attach(unread, graph, self.record)
        object.__setattr__(unread, "_parent_op", graph.unhold(self.parent))
        object.__setattr__(unread, "_element", graph.unhold(self.element))
        return unread
