"""The variables that get_variable made, by name: what makes the second call give the first's
variable.

There is one store for each graph. The graph keeps its StoreRecord; a _VariableStore is the record
together with the graph.
"""

import inspect
import threading
import traceback
from collections import abc
from collections import namedtuple

from weft.python.framework import dtypes
from weft.python.framework import ops
from weft.python.framework import tensor_shape
from weft.python.ops import init_ops
from weft.python.ops import partitioned_variable
from weft.python.ops import resource_variable_ops
from weft.python.ops import variable_slices
from weft.python.ops import variables

_KEY = ("__variable_store",)
_making = threading.Lock()
_LIBRARY = "weft/python"

Request = namedtuple("Request", (
    "name", "shape", "dtype", "initializer", "regularizer", "reuse", "trainable", "collections",
    "caching_device", "validate_shape", "use_resource", "constraint", "synchronization",
    "aggregation"))
Request.__doc__ = "What get_variable is asked for, scopes' defaults filled in."


class StoreRecord:
    """The store as its graph keeps it: records of variables by name."""

    __slots__ = ("variables", "partitioned")

    def __init__(self):
        self.variables = {}
        self.partitioned = {}

    def _hold_(self):
        return self

    def _unhold_(self, graph):
        return _VariableStore(graph, self)


class _Held(abc.MutableMapping):
    """{name: variable} over {name: record}."""

    def __init__(self, graph, records):
        self._graph = graph
        self._records = records

    def __getitem__(self, name):
        return self._records[name]._unhold_(self._graph)

    def __setitem__(self, name, variable):
        self._records[name] = variable._hold_()

    def __delitem__(self, name):
        del self._records[name]

    def __iter__(self):
        return iter(self._records)

    def __len__(self):
        return len(self._records)

    def __contains__(self, name):
        return name in self._records


def get_default_store():
    """The store of the default graph."""
    return kept(_KEY, StoreRecord)


def kept(key, make):
    """What the default graph keeps under `key`, made when first asked for."""
    found = ops.get_collection(key)
    if not found:
        with _making:
            if not ops.get_collection(key):
                ops.add_to_collection(key, make())
        found = ops.get_collection(key)
    return found[0]


class _VariableStore:
    """The variables of one graph that were made by get_variable."""

    def __init__(self, graph, record):
        self._vars = _Held(graph, record.variables)
        self._partitioned_vars = _Held(graph, record.partitioned)

    def get_variable(self, name, shape=None, dtype=dtypes.float32, initializer=None,
                     regularizer=None, reuse=None, trainable=None, collections=None,
                     caching_device=None, partitioner=None, validate_shape=True,
                     use_resource=None, custom_getter=None, constraint=None,
                     synchronization=variables.VariableSynchronization.AUTO,
                     aggregation=variables.VariableAggregation.NONE):
        """The variable of this full name: the one there is, or a new one; see tf.get_variable.

        `reuse`: True: there must be one; False: there must be none; None or AUTO_REUSE: either.
        """
        if custom_getter is not None and not callable(custom_getter):
            raise ValueError("Passed a custom_getter which is not callable: %s" % custom_getter)
        synchronization, aggregation, trainable = (
            variables.validate_synchronization_aggregation_trainable(synchronization, aggregation,
                                                                     trainable, name))
        arguments = dict(
            name=name, shape=shape, dtype=getattr(dtype, "base_dtype", dtype),
            initializer=initializer, regularizer=regularizer, reuse=reuse, trainable=trainable,
            collections=collections, caching_device=caching_device, partitioner=partitioner,
            validate_shape=validate_shape, use_resource=use_resource, constraint=constraint,
            synchronization=synchronization, aggregation=aggregation)
        if custom_getter is None:
            return self._true_getter(**arguments)
        if not _takes(custom_getter, "constraint"):
            del arguments["constraint"]
        return custom_getter(getter=self._true_getter, **arguments)

    def _true_getter(self, name, shape=None, dtype=dtypes.float32, initializer=None,
                     regularizer=None, reuse=None, trainable=None, collections=None,
                     caching_device=None, partitioner=None, validate_shape=True,
                     use_resource=None, constraint=None,
                     synchronization=variables.VariableSynchronization.AUTO,
                     aggregation=variables.VariableAggregation.NONE):
        """What a custom getter gets as `getter`."""
        request = Request(name, shape, dtype, initializer, regularizer, reuse, trainable,
                          collections, caching_device, validate_shape, use_resource, constraint,
                          synchronization, aggregation)
        if partitioner is not None and tensor_shape.as_shape(shape).ndims != 0:
            if not callable(partitioner):
                raise ValueError("Partitioner must be callable, but received: %s" % partitioner)
            with ops.name_scope(None):
                return self._get_partitioned(request, partitioner)
        if reuse is True and partitioner is None and name in self._partitioned_vars:
            return self._get_partitioned(request, None)
        if "%s/part_0" % name in self._vars:
            raise ValueError(
                "No partitioner was provided, but a partitioned version of the variable was found: "
                "%s/part_0. Perhaps a variable of the same name was already created with "
                "partitioning?" % name)
        return self._get_single(request)

    # ---- one variable ----

    def _get_single(self, request, partition_info=None):
        if request.shape is not None and _is_value(request.initializer):
            raise ValueError("If initializer is a constant, do not specify shape.")
        request = request._replace(dtype=dtypes.as_dtype(request.dtype),
                                   shape=tensor_shape.as_shape(request.shape))
        if request.name in self._vars:
            return self._found(request)
        if request.reuse is True:
            raise ValueError("Variable %s does not exist, or was not created with "
                             "tf.get_variable(). Did you mean to set reuse=tf.AUTO_REUSE in "
                             "VarScope?" % request.name)
        variable = _make(request, partition_info)
        self._vars[request.name] = variable
        if request.regularizer:
            _regularize(request, variable)
        return variable

    def _found(self, request):
        variable = self._vars[request.name]
        if request.reuse is False:
            raise ValueError(_already_exists(request.name, variable))
        _check_shared("share variable", request, variable)
        return variable

    # ---- a variable in slices ----

    def _get_partitioned(self, request, partitioner):
        name = request.name
        if name in self._vars:
            raise ValueError(
                "A partitioner was provided, but an unpartitioned version of the variable was "
                "found: %s.  Perhaps a variable of the same name was already created without "
                "partitioning?" % name)
        shape = tensor_shape.as_shape(request.shape)
        if isinstance(request.initializer, ops.Tensor):
            shape = shape.merge_with(request.initializer.get_shape())
        request = request._replace(shape=shape, dtype=dtypes.as_dtype(request.dtype))
        partitions = None
        if not request.reuse or partitioner:
            partitions = variable_slices.partitions(partitioner, shape, request.dtype)
        if name in self._partitioned_vars:
            return self._found_partitioned(request, partitions)
        if request.reuse is True:
            raise ValueError("PartitionedVariable %s does not exist, or was not created with "
                             "tf.get_variable(). Did you mean to set reuse=False or "
                             "reuse=tf.AUTO_REUSE in VarScope?" % name)
        whole = self._make_partitioned(request, partitions)
        self._partitioned_vars[name] = whole
        return whole

    def _found_partitioned(self, request, partitions):
        if request.reuse is False:
            raise ValueError("Partitioned variable with name %s already exists. Did you mean to "
                             "set reuse=True or reuse=tf.AUTO_REUSE in VarScope?" % request.name)
        whole = self._partitioned_vars[request.name]
        _check_shared("reuse partitioned variable", request, whole)
        if partitions is not None and whole._get_partitions() != partitions:
            raise ValueError("Trying to reuse partitioned variable %s, but specified partitions %s "
                             "and found partitions %s." % (request.name, partitions,
                                                           whole._get_partitions()))
        return whole

    def _make_partitioned(self, request, partitions):
        axis, count = variable_slices.axis_and_count(request.shape, partitions)
        self._check_same_slices(request.name, count)
        full = request.shape.as_list()
        slices = []
        for i, (offset, shape) in enumerate(variable_slices.cut(full, axis, count)):
            full_name = "%s/part_%d" % (request.name, i)
            with ops.name_scope(full_name + "/PartitionedInitializer"):
                part = _slice_request(request, full_name, offset, shape)
            with ops.name_scope(None):
                variable = self._get_single(part, variable_slices._PartitionInfo(full, offset))
            variable._set_save_slice_info(
                variables.Variable.SaveSliceInfo(request.name, full, offset, shape))
            slices.append(variable)
        return partitioned_variable.PartitionedVariable(request.name, request.shape,
                                                        slices[0].dtype.base_dtype, slices,
                                                        partitions)

    def _check_same_slices(self, name, count):
        if "%s/part_0" % name not in self._vars:
            return
        text = ("Partitioner returned a different partitioning than what was already found.  "
                "Partitioner returned %d shards, and shard %s/part_0 was found, but " %
                (count, name))
        if "%s/part_%d" % (name, count - 1) not in self._vars:
            raise ValueError(text + "%s/part_%d was not." % (name, count - 1))
        if "%s/part_%d" % (name, count) in self._vars:
            raise ValueError(text + "so was the extra shard %s/part_%d." % (name, count))


def _is_value(initializer):
    return initializer is not None and not callable(initializer)


def _parameters(function):
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def _takes(function, name):
    parameters = _parameters(function)
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


# ---- finding ----

def _already_exists(name, variable):
    text = ("Variable %s already exists, disallowed. Did you mean to set reuse=True or "
            "reuse=tf.AUTO_REUSE in VarScope?" % name)
    if isinstance(variable, resource_variable_ops.ResourceVariable):
        return text
    frames = [f for f in variable.op.traceback[::-1] if _LIBRARY not in f[0]][:3]
    return "%s Originally defined at:\n\n%s" % (text, "".join(traceback.format_list(frames)))


def _check_shared(doing, request, found):
    """Refuses what there is where another shape or dtype is asked for."""
    if not request.shape.is_compatible_with(found.get_shape()):
        raise ValueError("Trying to %s %s, but specified shape %s and found shape %s." %
                         (doing, request.name, request.shape, found.get_shape()))
    dtype = found.dtype.base_dtype
    if not request.dtype.is_compatible_with(dtype):
        raise ValueError("Trying to %s %s, but specified dtype %s and found dtype %s." %
                         (doing, request.name, request.dtype.name, dtype.name))


# ---- making ----

def _make(request, partition_info):
    from weft.python.ops import variable_scope
    with ops.init_scope():
        value, dtype = _initial_value(request, partition_info)
    use_resource = request.use_resource
    if use_resource is None:
        use_resource = variable_scope.resource_variables_enabled()
    return variables.Variable(
        initial_value=value, name=request.name, trainable=request.trainable,
        collections=request.collections, caching_device=request.caching_device, dtype=dtype,
        validate_shape=request.validate_shape, constraint=request.constraint,
        use_resource=use_resource, synchronization=request.synchronization,
        aggregation=request.aggregation)


def _initial_value(request, partition_info):
    """What the variable is made from, and its dtype or None: the value's."""
    initializer = request.initializer
    if initializer is None:
        initializer = _default_initializer(request.name, request.dtype)
    if _is_value(initializer):
        return initializer, None
    if inspect.isclass(initializer):
        initializer = initializer()
    if request.shape.is_fully_defined():
        arguments = {"dtype": request.dtype}
        if "partition_info" in _parameters(initializer):
            arguments["partition_info"] = partition_info
        shape = request.shape.as_list()
        return (lambda: initializer(shape, **arguments)), request.dtype.base_dtype
    needed = [p.name for p in _parameters(initializer).values()
              if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if needed:
        raise ValueError("You can only pass an initializer function that expects no arguments to "
                         "its callable when the shape is not fully defined. The given initializer "
                         "function expects the following args %s" % needed)
    return initializer, None


def _default_initializer(name, dtype):
    if dtype.is_floating:
        return init_ops.glorot_uniform_initializer()
    if dtype.is_integer or dtype.is_unsigned or dtype.is_bool or dtype == dtypes.string:
        return init_ops.zeros_initializer()
    raise ValueError("An initializer for variable %s of %s is required" % (name, dtype.base_dtype))


def _slice_request(request, full_name, offset, shape):
    """What to ask for to get one slice."""
    from weft.python.framework import gen
    initializer = request.initializer
    if initializer is None or callable(initializer):
        return request._replace(name=full_name, shape=shape)
    if not isinstance(initializer, ops.Tensor):
        initializer = ops.convert_to_tensor(initializer, dtype=request.dtype)
    initializer = gen.Slice(initializer, offset, shape)
    return request._replace(name=full_name, shape=None, initializer=initializer,
                            dtype=initializer.dtype.base_dtype)


def _regularize(request, variable):
    """Runs the regularizer and keeps what it says."""
    with ops.colocate_with(variable.op), ops.name_scope(request.name + "/Regularizer/"):
        with ops.init_scope():
            loss = request.regularizer(variable)
    if loss is not None:
        ops.add_to_collection(ops.GraphKeys.REGULARIZATION_LOSSES, loss)
