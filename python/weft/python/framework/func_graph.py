"""The body of a function while it is traced: a graph that takes in tensors of other graphs."""
from weft.python.framework import ops

_SHARED = ("variables", "local_variables", "model_variables", "trainable_variables")


class _FuncGraph(ops.Graph):
    """A graph whose arguments are placeholders. A tensor of another graph that one of its
    operations reads becomes one more (or, by value, is computed here again from constants)."""

    def __init__(self, name, capture_by_value=False, whitelisted_stateful_ops=None,
                 capture_resource_var_by_value=True):
        from weft.python.ops import variable_scope
        super().__init__()
        self._outer_graph = ops.get_default_graph()
        self._vscope = variable_scope.get_variable_scope()
        self._capture_by_value = capture_by_value
        self._whitelisted_stateful_ops = whitelisted_stateful_ops or set()
        self._capture_resource_var_by_value = capture_resource_var_by_value
        self._captured = {}             # tensor of another graph -> tensor of this one
        self._captures = True
        self.name = name
        self.inputs = []
        self.outputs = []
        self.extra_inputs = []          # what is captured, and
        self.extra_args = []            # the placeholders for it
        self.extra_vars = []

    @property
    def building_function(self):
        """Whether this is the body of a function: it is."""
        return True

    @property
    def outer_graph(self):
        """The graph in which the function is defined."""
        return self._outer_graph

    @property
    def captures(self):
        """{captured tensor: what stands for it here}."""
        return dict(self._captured)

    def forget(self):
        """Holds none of its own tensors any more, nor the graph outside: it is traced, and nobody
        is to wait for the garbage collector to see it go."""
        self.inputs, self.outputs, self.extra_args, self._captured = [], [], [], {}
        self.extra_inputs, self.extra_vars = [], []
        self._outer_graph = self._vscope = None

    # ---- captured tensors ----

    def capture(self, tensor, name=None):
        """What stands here for a tensor of another graph."""
        if tensor not in self._captured:
            self._captured[tensor] = self._value_of(tensor) if self._capture_by_value \
                else self._argument_for(tensor, name)
        return self._captured[tensor]

    def _argument_for(self, tensor, name):
        from weft.python.ops import array_ops
        self.extra_inputs.append(tensor)
        with self.as_default(), self.control_dependencies(None):
            holder = array_ops.placeholder(tensor.dtype.base_dtype, shape=tensor.get_shape(),
                                           name=name)
        self.inputs.append(holder)
        self.extra_args.append(holder)
        return holder

    def _value_of(self, tensor):
        op = self._copy_of(tensor.op)
        return op.outputs[tensor.value_index]

    def _copy_of(self, op):
        from weft.python.framework import function
        from weft.python.framework import importer
        from weft.python.framework.messages import GraphDef
        kind = "(name:%s, type:%s) by value." % (op.name, op.type)
        if op.type in ("Placeholder", "PlaceholderV2"):
            raise ValueError("Cannot capture a placeholder " + kind)
        if function._is_stateful(op) and op not in self._whitelisted_stateful_ops:
            raise ValueError("Cannot capture a stateful node " + kind)
        inputs = [self.capture(x) for x in op.inputs]
        message = GraphDef(node=[op.node_def])
        node = message.node[0]
        node.name = self.unique_name(op.name, mark_as_used=False)
        node.input[:] = ["captured_%d" % i for i in range(len(inputs))]
        with self.as_default():
            importer.import_graph_def(
                message, name="", input_map={"captured_%d:0" % i: x for i, x in enumerate(inputs)})
        copy = self.get_operation_by_name(node.name)
        self._captured.update(zip(op.outputs, copy.outputs))
        return copy

    # ---- variables: made outside, used here ----

    def getvar(self, getter, name, **options):
        """The getter of variables in the body: they are those of the graph outside."""
        from weft.python.ops import variable_store
        known = {key: value for key, value in options.items()
                 if key not in ("custom_getter", "partition_info")}
        with self._outer_graph.as_default():
            variable = self._vscope.get_variable(variable_store.get_default_store(), name, **known)
            self.extra_vars.append(variable)
            if self._capture_resource_var_by_value and hasattr(variable, "handle"):
                return variable.value()
            return variable


class FuncGraph(_FuncGraph):
    """The body of a tf.function: operations with state run in the order in which they are made;
    conditions and loops in it are functions too (ops/cond_v2.py, ops/while_v2.py)."""

    def __init__(self, name):
        super().__init__(name)
        self._ordered = True
        self._collections.update(_kept_outside(self._outer_graph))

    def trace(self, func, inputs):
        """Calls func() on placeholders of these (dtype, shape, name); its results as they are."""
        from weft.python.ops import array_ops
        with self.as_default():
            self.inputs = [array_ops.placeholder(*x) for x in inputs]
            return func(*self.inputs)

    def give(self, results):
        """Sets the outputs: tensors, or what becomes one."""
        with self.as_default():
            self.outputs = [of_graph(self, _as_tensor(x)) for x in results]


def _kept_outside(graph):
    """The collections of variables, of how they are found, too."""
    from weft.python.ops import variable_store
    with graph.as_default():
        variable_store.get_default_store()
    return {**shared_collections(graph),
            variable_store._KEY: graph.get_collection_ref(variable_store._KEY)}


def _as_tensor(x):
    """What a function gives; an operation, which has run by then, is a true one."""
    from weft.python.framework import constant_op
    if isinstance(x, ops.Operation):
        return constant_op.constant(True)
    return ops.convert_to_tensor(x)


def of_graph(graph, tensor):
    """A tensor as `graph` has it: captured, where that is the body of a function and the tensor is
    of another graph."""
    if graph.building_function and tensor.graph is not graph:
        return graph.capture(tensor)
    return tensor


def of_default_graph(tensor):
    """The same for the graph that is the default one now."""
    return of_graph(ops.get_default_graph(), tensor)


def name_of(func):
    """What a function made of it is called."""
    name = getattr(func, "__name__", None)
    if name is None:
        name = getattr(getattr(func, "func", func), "__name__", type(func).__name__)
    return "lambda" if name == "<lambda>" else name


def shared_collections(graph):
    """The collections of variables, which the body of a function has in common with `graph`."""
    return {key: graph.get_collection_ref(key) for key in _SHARED}


def func_graph_from_py_func(func, arg_names, arg_types, name=None, capture_by_value=False,
                            device=None, colocation_stack=None, container=None,
                            collections_ref=None, arg_shapes=None, whitelisted_stateful_ops=None,
                            capture_resource_var_by_value=True):
    """The _FuncGraph of a call of `func` with placeholders of these names, dtypes and shapes."""
    from weft.python.ops import array_ops
    from weft.python.ops import variable_scope
    name = name or name_of(func)
    graph = _FuncGraph(name, capture_by_value, whitelisted_stateful_ops,
                       capture_resource_var_by_value)
    with graph.as_default(), ops.device(device):
        if collections_ref is not None:
            graph._collections.update(collections_ref)
        if container is not None:
            graph._container = container
        for arg, dtype, shape in zip(arg_names, arg_types, arg_shapes or [None] * len(arg_types)):
            graph.inputs.append(array_ops.placeholder(dtype, shape=shape, name=arg))
        with variable_scope.variable_scope("", custom_getter=graph.getvar):
            outputs = func(*graph.inputs)
        graph.outputs = [of_graph(graph, ops.convert_to_tensor(x)) for x in _list(outputs, name)]
    return graph


def _list(outputs, name):
    if outputs is None:
        return []
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    if any(x is None for x in outputs):
        raise ValueError("Function %s can not return None." % name)
    return outputs


# ---- what a body being traced has captured ----


def _of_default_graph(name):
    graph = ops.get_default_graph()
    return getattr(graph, name) if isinstance(graph, _FuncGraph) else []


def get_extra_vars():
    """The variables that the function being traced has asked for."""
    return _of_default_graph("extra_vars")


def get_extra_inputs():
    """The tensors that it has captured."""
    return _of_default_graph("extra_inputs")


def get_extra_args():
    """The placeholders that stand for these."""
    return _of_default_graph("extra_args")
