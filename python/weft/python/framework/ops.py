"""Graphs: what is built, and under which names, devices and dependencies.

The graph itself, its names and its scopes are C's (weft._core); this file gives them the
interface that scripts know. Tensor and Operation stand in tensors.py, conversion of other values
in conversion.py; both are part of this module's face, as in TensorFlow.
"""
import contextlib
import re
import weakref

from weft import _core
from weft.python.framework import default_stack
from weft.python.framework import devices
from weft.python.framework.collection_protos import (  # noqa: F401
    get_collection_proto_type, get_from_proto_function, get_to_proto_function, prepend_name_scope,
    register_proto_function, strip_name_scope)
from weft.python.framework.conversion import (  # noqa: F401
    convert_n_to_tensor, convert_n_to_tensor_or_indexed_slices, convert_to_tensor,
    convert_to_tensor_or_indexed_slices, graph_of, internal_convert_n_to_tensor,
    internal_convert_to_tensor, name_from_scope_name, register_tensor_conversion_function)
from weft.python.framework.default_stack import get_default_session  # noqa: F401
from weft.python.framework.graph_keys import GraphKeys  # noqa: F401
from weft.python.framework.indexed_slices import IndexedSlices, IndexedSlicesValue  # noqa: F401
from weft.python.framework.registry import (  # noqa: F401
    NoGradient, NotDifferentiable, RegisterGradient, get_gradient_function)
from weft.python.framework.tensors import Operation, Tensor, is_dense_tensor_like  # noqa: F401

_FINALIZED = "Graph is finalized and cannot be modified."


class Graph(_core.Graph):
    """Operations and the tensors between them. It only grows.

    A graph outlives the sessions that run it; variables' values are not here but in sessions.
    What is put in a collection is held by name, so that a graph never keeps itself alive.
    """

    def __init__(self):
        self._collections = {}
        self._seed = None
        self._container = ""
        self._python_gradients = {}     # of functions, by name: what adds their gradients

    # ---- what others keep here ----

    def hold(self, value):
        """What this graph may keep of `value` without holding itself: see unhold()."""
        if isinstance(value, (_core.Tensor, _core.Operation)):
            if value.graph is self:
                return self._hold_node(value)
            return value
        hold = getattr(value, "_hold_", None)
        return value if hold is None else hold()

    def unhold(self, held):
        """What hold() was given, or its like."""
        if type(held) is _core.Token:
            return self._unhold_node(held)
        unhold = getattr(held, "_unhold_", None)
        return held if unhold is None else unhold(self)

    # ---- state ----

    @property
    def seed(self):
        """The graph-level seed, or None."""
        return self._seed

    @seed.setter
    def seed(self, seed):
        self._seed = seed

    @property
    def building_function(self):
        """Whether this is the body of a function: never, for a plain Graph."""
        return False

    @property
    def graph_def_versions(self):
        """The versions of GraphDef that such a graph is written in."""
        return self.as_graph_def().versions

    def finalize(self):
        """No more operations: adding one raises RuntimeError. Running goes on (A52)."""
        self._finalize()

    def _unsafe_unfinalize(self):
        self._reopen()

    def _check_not_finalized(self):
        if self.finalized:
            raise RuntimeError(_FINALIZED)

    def _as_default_stack(self):
        return _core.graph_stack()

    def as_default(self):
        """A context in which this is the thread's default graph (A72)."""
        return default_stack.entered(_core.graph_stack(), self)

    # ---- names ----

    def unique_name(self, name, mark_as_used=True):
        """The name that the next operation asking for `name` gets, with the scope (A5)."""
        scope = self.get_name_scope()
        return self._unique_name(scope + "/" + name if scope else name, mark_as_used)

    def get_name_scope(self):
        """The current name scope without its last slash; "" at the root."""
        return self._scope.rstrip("/")

    @contextlib.contextmanager
    def name_scope(self, name):
        """A context whose operations' names begin with `name`, made unique; yields it with a
        slash behind it. A trailing slash means exactly that scope; None or "" the root (A14-18).
        """
        if name is not None and not isinstance(name, (str, bytes)):
            raise TypeError("name for name_scope must be a string, not %r" % (name,))
        if isinstance(name, bytes):
            name = name.decode("utf-8")
        prefix = self._push_name(name)
        try:
            yield prefix
        finally:
            self._pop()

    # ---- scopes ----

    @contextlib.contextmanager
    def device(self, device_name_or_function):
        """A context for operations that ask for a device: a string or DeviceSpec, a function of
        the operation that returns one, or None to ignore the enclosing ones (A24-A28)."""
        with devices.entered(self, device_name_or_function):
            yield

    @contextlib.contextmanager
    def colocate_with(self, op, ignore_existing=False):
        """A context whose operations go where `op` is, whatever device scopes say (A37-A39)."""
        if op is None and not ignore_existing:
            raise ValueError("Trying to reset colocation (op is None) but ignore_existing is not "
                             "True")
        self._push_colocate(None if op is None else _operation(op))
        try:
            yield
        finally:
            self._pop()

    @contextlib.contextmanager
    def container(self, container_name):
        """A context whose variables and queues live in that container (A95)."""
        outer, self._container = self._container, container_name
        self._push_container(container_name)
        try:
            yield container_name
        finally:
            self._container = outer
            self._pop()

    def control_dependencies(self, control_inputs):
        """A context whose operations run after these; None drops the enclosing ones (A31-A34)."""
        if control_inputs is None:
            return _ControlScope(self, [])
        ops = [self._control_input(c) for c in control_inputs]
        return _ControlScope(self, ops) if ops else contextlib.nullcontext()

    def _control_input(self, item):
        if isinstance(item, IndexedSlices):
            item = item.op
        element = self.as_graph_element(item)
        return element.op if isinstance(element, Tensor) else element

    @contextlib.contextmanager
    def gradient_override_map(self, op_type_map):
        """A context whose operations of these types have another registered gradient (A62)."""
        if not isinstance(op_type_map, dict) or not all(
                isinstance(x, str) for pair in op_type_map.items() for x in pair):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        outer = self._gradient_override_map
        self._gradient_override_map = {**(outer or {}), **op_type_map}
        try:
            yield
        finally:
            self._gradient_override_map = outer

    def switch_to_thread_local(self):
        """Nothing to do: device, colocation and control scopes are each thread's own here."""

    # ---- look-ups ----

    def get_operations(self):
        """All operations, in creation order, in a new list."""
        return [self._operation(i) for i in range(self._count())]

    def get_operation_by_name(self, name):
        """The Operation of that name; KeyError if there is none (A64)."""
        if not isinstance(name, (str, bytes)):
            raise TypeError("Operation names are strings (or similar), not %s."
                            % type(name).__name__)
        return self.as_graph_element(name, allow_tensor=False, allow_operation=True)

    def get_tensor_by_name(self, name):
        """The Tensor of that name, "op:0"; KeyError if there is none (A65-A67)."""
        if not isinstance(name, (str, bytes)):
            raise TypeError("Tensor names are strings (or similar), not %s."
                            % type(name).__name__)
        return self.as_graph_element(name, allow_tensor=True, allow_operation=False)

    def as_graph_element(self, obj, allow_tensor=True, allow_operation=True):
        """The Tensor or Operation of this graph that `obj` is, names, or stands for (A64-A70)."""
        from weft.python.framework import elements
        return elements.as_graph_element(self, obj, allow_tensor, allow_operation)

    _as_graph_element_locked = as_graph_element

    # ---- collections ----

    def add_to_collection(self, name, value):
        """Appends to a collection (A41). RuntimeError once finalized."""
        self._check_not_finalized()
        self._collections.setdefault(name, _Collection(self)).append(value)

    def add_to_collections(self, names, value):
        """Appends to each of the collections once (A42)."""
        names = (names,) if isinstance(names, str) else dict.fromkeys(names)
        for name in names:
            self.add_to_collection(name, value)

    def get_collection(self, name, scope=None):
        """What is in it, a new list; with `scope` only what has a name that begins so (A43)."""
        items = list(self._collections.get(name, ()))
        if scope is None:
            return items
        match = re.compile(scope).match
        return [x for x in items if hasattr(x, "name") and match(x.name)]

    def get_collection_ref(self, name):
        """The live list, made if absent (A44)."""
        return self._collections.setdefault(name, _Collection(self))

    def get_all_collection_keys(self):
        """The keys that are strings (A45)."""
        return [k for k in self._collections if isinstance(k, str)]

    @property
    def collections(self):
        """The names of all collections."""
        return list(self._collections)

    def clear_collection(self, name):
        """Forgets it."""
        self._check_not_finalized()
        self._collections.pop(name, None)

    # ---- functions ----

    @property
    def _functions(self):
        """{name: function} of its library."""
        from weft.python.framework import function
        return {name: function._GraphFunction(self, name) for name in _core.function_names(self)}

    def _is_function(self, name):
        return name in _core.function_names(self)

    def _get_function(self, name):
        from weft.python.framework import function
        name = name.decode() if isinstance(name, bytes) else name
        return function._GraphFunction(self, name) if self._is_function(name) else None

    def _add_function(self, function):
        """Puts a function into the library. ValueError for another one of the same name, or for
        one that has two gradients."""
        name = function.name            # it is traced by now
        if function.grad_func_name is not None and function.python_grad_func is not None:
            raise ValueError("Gradient defined twice for function %s" % name)
        _core.function_add(self, function._bytes, function.grad_func_name)
        if function.python_grad_func is not None:
            self._python_gradients[name] = function.python_grad_func

    # ---- as a message ----

    def as_graph_def(self, from_version=None, add_shapes=False):
        """The whole graph as a GraphDef, operations in creation order (A47-A49); with
        `add_shapes` each says the shapes of its outputs in `_output_shapes`."""
        from weft.python.framework.messages import GraphDef
        message = _core.graph_export(self, add_shapes)
        if len(message) >= 2 ** 31:
            raise ValueError("GraphDef cannot be larger than 2GB.")
        return GraphDef.FromString(message)

    def _as_graph_def(self, from_version=None, add_shapes=False):
        return self.as_graph_def(from_version, add_shapes), self.version

    # ---- marks ----

    def prevent_feeding(self, tensor):
        """From now on a feed of `tensor` is a ValueError (A83)."""
        self._set_unfeedable(tensor)

    def is_feedable(self, tensor):
        """May it be fed?"""
        return self._feedable(tensor)

    def prevent_fetching(self, op):
        """From now on a fetch of `op` is a ValueError (A83)."""
        self._set_unfetchable(op)

    def is_fetchable(self, tensor_or_op):
        """May it be fetched?"""
        return self._fetchable(tensor_or_op)

    # ---- showing itself ----

    def __repr__(self):
        return "<tf.Graph with %d operations at 0x%x>" % (self._count(), id(self))

    def _repr_svg_(self):
        from weft.python.framework import graph_svg
        return graph_svg.draw(self)

    def _repr_html_(self):
        from weft.python.framework import graph_svg
        return graph_svg.draw(self) or graph_svg.html(self)


class _Collection:
    """A live list: what is appended is held by name and handed out as it was given."""

    def __init__(self, graph):
        self._items = []
        self._graph = weakref.ref(graph)

    def append(self, value):
        self._items.append(self._graph().hold(value))

    def extend(self, values):
        for value in values:
            self.append(value)

    def insert(self, at, value):
        self._items.insert(at, self._graph().hold(value))

    def _all(self):
        graph = self._graph()
        return [graph.unhold(x) for x in self._items]

    def __iter__(self):
        return iter(self._all())

    def __len__(self):
        return len(self._items)

    def __contains__(self, value):
        return any(x is value or (not isinstance(x, Tensor) and x == value) for x in self)

    def __getitem__(self, at):
        graph, items = self._graph(), self._items[at]
        return [graph.unhold(x) for x in items] if isinstance(at, slice) else graph.unhold(items)

    def __setitem__(self, at, value):
        graph = self._graph()
        if isinstance(at, slice):
            self._items[at] = [graph.hold(x) for x in value]
        else:
            self._items[at] = graph.hold(value)

    def __delitem__(self, at):
        del self._items[at]

    def __eq__(self, other):
        return self._all() == list(other) if isinstance(other, (list, _Collection)) else False

    __hash__ = None

    def index(self, value):
        return self._all().index(value)

    def count(self, value):
        return self._all().count(value)

    def pop(self, at=-1):
        return self._graph().unhold(self._items.pop(at))

    def remove(self, value):
        del self._items[self.index(value)]

    def clear(self):
        self._items.clear()

    def __add__(self, other):
        return self._all() + list(other)

    def __radd__(self, other):
        return list(other) + self._all()

    def __iadd__(self, other):
        self.extend(other)
        return self

    def __repr__(self):
        return repr(self._all())


class _ControlScope:
    """Control inputs for a block; the colocation and devices of the enclosing ones stay."""

    def __init__(self, graph, ops):
        self._graph = graph
        self._ops = ops

    def __enter__(self):
        self._graph._push_control(self._ops)

    def __exit__(self, *exception):
        self._graph._pop()


def _operation(x):
    """The Operation that a Tensor, variable or IndexedSlices is made by."""
    if isinstance(x, Operation):
        return x
    element = getattr(x, "_as_graph_element", None)
    if callable(element):
        x = element()
    return x.op


# ---- the thread's default graph ----

def get_default_graph():
    """The innermost graph entered in this thread, else the thread's own (A71)."""
    return _core.default_graph()


def reset_default_graph():
    """Drops the thread's own default graph; the next use makes a fresh one. What others hold of
    the old one keeps working. AssertionError while a graph is entered (A74-A79)."""
    if default_stack.is_graph_stack_open():
        raise AssertionError("Do not use tf.reset_default_graph() to clear nested graphs. If you "
                             "need a cleared graph, exit the nesting and create a new graph.%s"
                             % default_stack.describe_open())
    _core.drop_default_graph()


def get_graph_from_inputs(op_input_list, graph=None):
    """The graph that these are in, the default one if none is; ValueError if in two (A80)."""
    if get_default_graph().building_function:
        return get_default_graph()
    first = None
    for item in op_input_list:
        own = graph_of(item)
        if own is None:
            continue
        if graph is None:
            graph, first = own, item
        elif own is not graph:
            if first is None:
                raise ValueError("%s is not from the passed-in graph." % (item,))
            raise ValueError("%s must be from the same graph as %s." % (item, first))
    return graph or get_default_graph()


_get_graph_from_inputs = get_graph_from_inputs


# ---- scopes of the default graph ----

class name_scope:
    """A context for names: `name`, else `default_name`, in the graph of `values` (A19, A20).

    Entering gives the scope's full name with a slash behind it.
    """

    __slots__ = ("_name", "_default", "_values", "_exits")

    def __init__(self, name, default_name=None, values=None):
        self._name = default_name if name is None else name
        self._default = default_name
        self._values = values

    @property
    def name(self):
        return self._name

    def __enter__(self):
        if self._name is None and self._values is not None:
            raise ValueError("At least one of name (None) and default_name (None) must be "
                             "provided.")
        graph = get_graph_from_inputs(self._values or [])
        entered, scope = graph.as_default(), graph.name_scope(self._name)
        entered.__enter__()
        try:
            prefix = scope.__enter__()
        except BaseException:
            entered.__exit__(None, None, None)
            raise
        self._exits = (entered, scope)
        return prefix

    def __exit__(self, *exception):
        entered, scope = self._exits
        scope.__exit__(*exception)
        entered.__exit__(*exception)
        return False


def get_name_scope():
    """The default graph's current name scope."""
    return get_default_graph().get_name_scope()


def device(device_name_or_function):
    """Graph.device() of the default graph."""
    return get_default_graph().device(device_name_or_function)


def colocate_with(op, ignore_existing=False):
    """Graph.colocate_with() of the default graph."""
    return get_default_graph().colocate_with(op, ignore_existing)


def container(container_name):
    """Graph.container() of the default graph."""
    return get_default_graph().container(container_name)


def control_dependencies(control_inputs):
    """Graph.control_dependencies() of the default graph."""
    return get_default_graph().control_dependencies(control_inputs)


@contextlib.contextmanager
def init_scope():
    """A context out of all control dependencies, and out of bodies of functions, in which
    variables are initialized."""
    scope = get_default_graph()._scope
    graph = _outermost_of(get_default_graph())
    with graph.as_default(), graph.name_scope(scope or None), graph.control_dependencies(None):
        yield


def _outermost_of(graph):
    """The graph in which the function lies that is being traced, if one is."""
    while graph.building_function:
        graph = graph._outer_graph
    return graph


# ---- collections of the default graph ----

def add_to_collection(name, value):
    """Graph.add_to_collection() of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names, value):
    """Graph.add_to_collections() of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key, scope=None):
    """Graph.get_collection() of the default graph."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key):
    """Graph.get_collection_ref() of the default graph."""
    return get_default_graph().get_collection_ref(key)


def get_all_collection_keys():
    """Graph.get_all_collection_keys() of the default graph."""
    return get_default_graph().get_all_collection_keys()


def op_scope(values, name, default_name=None):
    """name_scope() with its arguments in the old order."""
    return name_scope(name, default_name, values)
