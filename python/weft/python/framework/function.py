"""Functions of a graph: Defun makes one of a Python function, which is traced once, into a body of
its own. Tensors of other graphs that it uses become further arguments.
"""
import inspect

from weft import _core
from weft.python.framework import dtypes
from weft.python.framework import func_graph
from weft.python.framework import ops
from weft.python.framework.func_graph import (  # noqa: F401
    _FuncGraph, func_graph_from_py_func, get_extra_args, get_extra_inputs, get_extra_vars)

__all__ = ["Defun", "get_extra_args", "get_extra_inputs", "get_extra_vars"]


class Defun:
    """Decorates a Python function of tensors: a call of what it becomes is one operation.

    `input_types` are the dtypes of its arguments; without them each combination of dtypes that it
    is called with makes a function of its own. By keyword: `func_name`; `grad_func`, a Defun of
    (arguments, gradients of results) -> gradients of arguments, or `python_grad_func(op, *grads)`,
    which adds operations as a registered gradient does; `out_names`; `shape_func(op)` -> shapes of
    the results; `capture_by_value`, which copies what is captured into the function; `noinline`.
    """

    def __init__(self, *input_types, **kwargs):
        self._input_types = input_types
        self._options = {key: kwargs.pop(key, None) for key in (
            "func_name", "grad_func", "python_grad_func", "out_names")}
        self._options.update(kwargs)

    def __call__(self, func):
        if not callable(func):
            raise ValueError("function %s must be callable" % func)
        names, least, most = _arguments_of(func)
        if self._input_types:
            n = len(self._input_types)
            if n < least or n > most:
                raise ValueError("The function has fewer arguments than the number of specified "
                                 "input types.")
            return _DefinedFunction(func, names, self._input_types, **self._options)
        if most == 0:
            return _DefinedFunction(func, [], [], **self._options)
        return _OverloadedFunction(func, names, **self._options)


def _arguments_of(func):
    """(names, how many it needs, how many it takes); defaults and keywords are refused."""
    spec = inspect.getfullargspec(func)
    if spec.varkw or spec.defaults:
        raise ValueError(
            "function with argument defaults or keywords arguments are not supported. {} has "
            "defaults {} and keywords {}.".format(func, spec.defaults, spec.varkw))
    names = spec.args[1:] if inspect.ismethod(func) else spec.args
    return names, len(names), 1000000 if spec.varargs else len(names)


class _DefinedFunction:
    """A function whose arguments' dtypes are known. It is traced when it is first needed."""

    def __init__(self, func, argnames, input_types, func_name=None, grad_func=None,
                 python_grad_func=None, out_names=None, shape_func=None, capture_by_value=False,
                 whitelisted_stateful_ops=None, capture_resource_var_by_value=True, **kwargs):
        self._func = func
        self._func_name = func_name
        self._grad_func = grad_func
        self._python_grad_func = python_grad_func
        self._out_names = out_names
        self._shape_func = shape_func
        self._tracing = {"capture_by_value": capture_by_value,
                         "whitelisted_stateful_ops": whitelisted_stateful_ops,
                         "capture_resource_var_by_value": capture_resource_var_by_value}
        self._extra_kwargs = kwargs
        self._arg_names = [argnames[i] if i < len(argnames) else "arg%d" % i
                           for i in range(len(input_types))]
        self._arg_types = [dtypes.as_dtype(t) for t in input_types]
        self._bytes = None              # the FunctionDef, once it is made
        self._extra_inputs = []
        self._stateful_ops = []
        self._sub_functions = {}

    # ---- what it is ----

    @property
    def name(self):
        """Its name in graphs: the one given, or one that its body makes."""
        self._create_definition_if_needed()
        return self._func_name

    @property
    def definition(self):
        """The FunctionDef."""
        from weft.python.framework.messages import FunctionDef
        self._create_definition_if_needed()
        return FunctionDef.FromString(self._bytes)

    @property
    def _signature(self):
        return self.definition.signature

    @property
    def _op_def(self):
        return self.definition.signature

    @property
    def declared_input_types(self):
        """The dtypes of its own arguments."""
        return list(self._arg_types)

    @property
    def captured_inputs(self):
        """The tensors of other graphs that are its further arguments."""
        self._create_definition_if_needed()
        return self._extra_inputs

    @property
    def stateful_ops(self):
        """[(name, op type)] of those in it that are stateful."""
        self._create_definition_if_needed()
        return self._stateful_ops

    @property
    def grad_func(self):
        """The function that is its gradient, or None."""
        return self._grad_func

    @property
    def grad_func_name(self):
        return self._grad_func.name if self._grad_func else None

    @property
    def python_grad_func(self):
        """The Python function that adds its gradient, or None."""
        return self._python_grad_func

    # ---- making it ----

    def _create_definition_if_needed(self):
        if self._bytes is None:
            self._trace(ops.get_default_graph())

    def _trace(self, outer):
        base = self._func_name or func_graph.name_of(self._func)
        if self._grad_func:
            base += "_%s" % self._grad_func.name
        body = func_graph_from_py_func(
            self._func, self._arg_names, self._arg_types, self._func_name,
            collections_ref=func_graph.shared_collections(outer), **self._tracing)
        names = [_text(x) for x in self._out_names or []]
        self._take(body, base, self._func_name is None, self._func.__doc__, names)

    def _take(self, body, base, hashed, description=None, names=()):
        """The body becomes the definition."""
        self._extra_inputs = body.extra_inputs
        self._sub_functions = body._functions
        self._stateful_ops = [(op.name, op.type) for op in body.get_operations()
                              if _is_stateful(op)]
        self._bytes = _core.function_define(
            body, base, hashed, description or None, body.inputs, body.outputs, list(names), [],
            _attributes(base, dict(self._extra_kwargs)))
        self._func_name = self._signature.name
        body.forget()

    def add_to_graph(self, g):
        """Puts it, and what it calls, into the library of `g`, once."""
        self._create_definition_if_needed()
        if not g._is_function(self._func_name):
            for function in self._sub_functions.values():
                function.add_to_graph(g)
            if self._grad_func:
                self._grad_func.add_to_graph(g)
            g._add_function(self)

    # ---- calling it ----

    def __call__(self, *args, **kwargs):
        graph = ops.get_default_graph()
        self.add_to_graph(graph)
        inputs = [ops.convert_to_tensor(x) for x in args] + self._extra_inputs
        result, op = _call(self._signature, *inputs, **kwargs)
        if self._shape_func is not None:
            shapes = self._shape_func(op)
            if len(shapes) != len(op.outputs):
                raise ValueError("shape_func produced %d shapes for %d outputs"
                                 % (len(shapes), len(op.outputs)))
            for t, shape in zip(op.outputs, shapes):
                t.set_shape(shape)
        return result


class _OverloadedFunction:
    """A function whose arguments' dtypes are those that it is called with."""

    def __init__(self, func, argnames, func_name=None, grad_func=None, python_grad_func=None,
                 out_names=None, **kwargs):
        self._func = func
        self._argnames = argnames
        self._func_name = func_name
        self._grad_func = grad_func
        self._options = dict(kwargs, python_grad_func=python_grad_func, out_names=out_names)
        self._overload = {}

    def instantiate(self, input_types):
        """The _DefinedFunction for arguments of these dtypes."""
        key = _type_list_to_str(input_types)
        if key not in self._overload:
            name = None if self._func_name is None else "_".join([self._func_name, key])
            defined = _DefinedFunction(self._func, self._argnames, input_types, name,
                                       **self._options)
            signature = defined._signature
            if self._grad_func:
                results = [dtypes.as_dtype(x.type) for x in signature.output_arg]
                defined._grad_func = self._grad_func.instantiate(list(input_types) + results)
            self._overload[key] = defined
        return self._overload[key]

    @property
    def grad_func(self):
        return self._grad_func

    def __call__(self, *args, **kwargs):
        args = [ops.convert_to_tensor(x) for x in args]
        return self.instantiate([x.dtype.base_dtype for x in args])(*args, **kwargs)


# ---- calls ----


def _call(sig, *inputs, **kwargs):
    """(results, operation) of a call of the function with that signature, which the graph has."""
    if len(inputs) != len(sig.input_arg):
        raise ValueError("Expected number of arguments: %d, received: %d"
                         % (len(sig.input_arg), len(inputs)))
    name = kwargs.pop("name", None)
    attrs = _attributes(sig.name, kwargs)
    graph = ops.get_default_graph()
    inputs = [func_graph.of_graph(graph, x) for x in inputs]
    op = _core.function_call(graph, sig.name, sig.name if name is None else name, inputs, attrs)
    if not op.outputs:
        return op, op
    return op.outputs[0] if len(op.outputs) == 1 else tuple(op.outputs), op


def _attributes(name, kwargs):
    """What keywords of a Defun or of a call say, as attributes."""
    attrs = {"_disable_call_shape_inference": True}
    if "noinline" in kwargs:
        attrs["_noinline"] = bool(kwargs.pop("noinline"))
    if "compiled" in kwargs:
        attrs["_XlaCompile"] = bool(kwargs.pop("compiled"))
        attrs["_XlaSeparateCompiledGradients"] = bool(
            kwargs.pop("separate_compiled_gradients", False))
        attrs["_XlaScope"] = "function_%s" % name
    if "shared_rendezvous" in kwargs:
        attrs["shared_rendezvous"] = bool(kwargs.pop("shared_rendezvous"))
    if kwargs:
        raise ValueError("Unknown keyword arguments: %s" % kwargs.keys())
    return attrs


def _is_stateful(op):
    from weft.python.framework import op_def_registry
    definition = op_def_registry.get(op.type)
    if definition is None:
        definition = op.graph._get_function(op.type).definition.signature
    return definition.is_stateful


def _text(x):
    return x.decode() if isinstance(x, bytes) else x


_SHORT = {
    "float16": "f16", "float32": "f32", "float64": "f64", "int32": "i32", "uint8": "i8",
    "uint16": "u16", "uint32": "u32", "uint64": "u64", "int16": "i16", "int8": "i8",
    "string": "s", "complex64": "c64", "complex128": "c128", "int64": "i64", "bool": "b",
    "qint8": "qi8", "quint8": "qu8", "qint16": "qi16", "quint16": "qu16", "qint32": "qi32",
    "bfloat16": "b16"}


def _type_list_to_str(types):
    """Dtypes as part of a name: f32_i64."""
    unknown = [x for x in types if dtypes.as_dtype(x).name not in _SHORT]
    if unknown:
        raise ValueError("Unsupported dtypes: %s" % types)
    return "".join(_SHORT[dtypes.as_dtype(x).name] for x in types)


class _TracedFunction(_DefinedFunction):
    """One whose body is there already."""

    def __init__(self, body, name):
        super().__init__(None, [], [])
        self._take(body, name, True)


# ---- functions that graphs have ----


class _GraphFunction:
    """A function of a graph's library, as the graph has it."""

    def __init__(self, graph, name):
        self._graph = graph
        self.name = name

    @property
    def _bytes(self):
        return _core.function_get(self._graph, self.name)[0]

    @property
    def grad_func_name(self):
        """The name of the function that is its gradient, or None."""
        return _core.function_get(self._graph, self.name)[1]

    @property
    def python_grad_func(self):
        """The Python function that adds its gradient, or None."""
        return self._graph._python_gradients.get(self.name)

    @property
    def definition(self):
        """The FunctionDef."""
        from weft.python.framework.messages import FunctionDef
        return FunctionDef.FromString(self._bytes)

    def add_to_graph(self, g):
        """Puts it into the library of another graph too."""
        if not g._is_function(self.name):
            g._add_function(self)


class _LibraryFunction(_DefinedFunction):
    """One that is defined already: of a GraphDef, or of a graph's library."""

    def __init__(self, definition, grad_func=None):
        signature = definition.signature
        super().__init__(None, [x.name for x in signature.input_arg],
                         [x.type or dtypes.float32 for x in signature.input_arg],
                         func_name=signature.name, grad_func=grad_func)
        self._bytes = definition.SerializeToString()


def _from_definition(fdef, grad_func=None):
    """The function of a FunctionDef."""
    return _LibraryFunction(fdef, grad_func)


def _from_library(lib):
    """The functions of a FunctionDefLibrary, each with the one that is its gradient; ValueError
    where a gradient is not there or gradients lead in a circle."""
    definitions = {f.signature.name: f for f in lib.function}
    gradients = {}
    for g in lib.gradient:
        if g.gradient_func not in definitions or g.function_name not in definitions:
            raise ValueError("FunctionDefLibrary missing '%s' FunctionDef\n%s" % (
                g.function_name if g.gradient_func in definitions else g.gradient_func, lib))
        gradients[g.function_name] = g.gradient_func
    made = {}

    def make(name, around):
        if name in around:
            raise ValueError("There is a cyclic-dependency between functions. Could not "
                             "initialize %s." % sorted(around))
        if name not in made:
            own = gradients.get(name)
            made[name] = _from_definition(definitions[name],
                                          make(own, around | {name}) if own else None)
        return made[name]

    return [make(name, frozenset()) for name in definitions]
