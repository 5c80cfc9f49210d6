"""Ops whose kernel is a Python function: py_func, numpy_function, py_function.

A node says which function by a token. A graph holds the functions of its nodes; the table of
tokens holds none, so that they die with their graph."""

import atexit
import itertools
import threading
import weakref

import numpy as np

from weft import _core
from weft.python.framework import dtypes, gen, ops

__all__ = ["py_func", "py_func_common", "numpy_function", "py_function", "eager_py_func"]

_calls = weakref.WeakValueDictionary()      # token -> _Call
_lock = threading.Lock()
_count = itertools.count()


class _EagerArray(np.ndarray):
    """What py_function hands to its function: an array that answers to numpy() as well."""

    def numpy(self):
        return np.asarray(self)[()]


class _Call:
    """A function, and what becomes of what goes in and comes out."""

    __slots__ = ("function", "types", "eager", "__weakref__")

    def __init__(self, function, types, eager):
        self.function = function
        self.types = types
        self.eager = eager

    def __call__(self, token, inputs):
        if self.eager:
            inputs = [np.asarray(x).view(_EagerArray) for x in inputs]
        result = self.function(*inputs)
        if result is None:
            return []
        if not isinstance(result, (list, tuple)):
            result = [result]
        values = [_as_array(x) for x in result]
        if len(values) != len(self.types):      # the core says so
            return values
        if self.eager:
            values = [_of_type(value, wanted) for value, wanted in zip(values, self.types)]
        for i, (value, wanted) in enumerate(zip(values, self.types)):
            if dtypes.as_dtype(value.dtype) != wanted:
                raise TypeError("%d-th value returned by %s is %s, but expects %s"
                                % (i, token, _said(value.dtype), _said(wanted)))
        return values


def _said(dtype):
    """A dtype in the words of messages."""
    name = dtypes.as_dtype(dtype).name
    return {"float16": "half", "float32": "float", "float64": "double"}.get(name, name)


def _as_array(value):
    """What a function returned as an array; text as objects that are bytes."""
    array = np.asarray(value, order="C")
    if isinstance(array, _EagerArray):
        array = array.view(np.ndarray)
    if array.dtype.kind == "U":
        flat = [text.encode("utf-8") for text in array.reshape(-1).tolist()]
        encoded = np.empty(len(flat), dtype=object)
        encoded[:] = flat
        return encoded.reshape(array.shape)
    return array.astype(object) if array.dtype.kind == "S" else array


def _of_type(array, dtype):
    """The array in the precision that is wanted: NumPy has made doubles of what was scalar."""
    wanted = np.dtype(dtype.as_numpy_dtype)
    return array.astype(wanted) if array.dtype.kind == wanted.kind in "fiuc" else array


def _run(token, inputs):
    """What the core calls for each step of a PyFunc node."""
    call = _calls.get(token)
    if call is None:
        raise ValueError("callback %s is not found" % token)
    return call(token, inputs)


_core.set_host_function(_run)
atexit.register(_core.end_host_calls)


def _register(call):
    """A new token for what is to be called, which somebody else must keep."""
    with _lock:
        token = "pyfunc_%d" % next(_count)
        _calls[token] = call
    return token


def _keep(graph, call):
    """Lets a call live as long as the graph, that of a function as long as the graph outside."""
    while graph.building_function:
        graph = graph.outer_graph
    if not hasattr(graph, "_py_funcs_used_in_graph"):
        graph._py_funcs_used_in_graph = []
    graph._py_funcs_used_in_graph.append(call)


def _py_func(function, inp, Tout, stateful=True, eager=False, name=None):
    if not callable(function):
        raise ValueError("Expected func to be callable, got func of type %s" % type(function))
    several = isinstance(Tout, (list, tuple))
    types = [dtypes.as_dtype(t) for t in (Tout if several else [Tout])]
    call = _Call(function, types, eager)
    op = gen.PyFunc if stateful else gen.PyFuncStateless
    result = op(inp, token=_register(call), Tout=types, name=name)
    _keep(result.graph if not types else result[0].graph, call)
    return result if several else result[0]


def py_func(func, inp, Tout, stateful=True, name=None):
    """func(*arrays), called whenever it runs with the values of `inp`; its results of types Tout.

    Stateful ones are never folded or merged. What func raises ends the run: ValueError and
    TypeError as InvalidArgumentError, StopIteration as OutOfRangeError, MemoryError as
    ResourceExhaustedError, NotImplementedError as UnimplementedError, others as UnknownError.
    Graphs that are written to a file do not take func along."""
    return _py_func(func, inp, Tout, stateful, name=name)


py_func_common = py_func


def numpy_function(func, inp, Tout, name=None):
    """py_func(), always stateful."""
    return _py_func(func, inp, Tout, name=name)


def py_function(func, inp, Tout, name=None):
    """py_func() whose function gets values on which numpy() may be called. TensorFlow goes back
    through these functions; we cannot, so that asking for their gradients is an error here, where
    those of py_func() are None."""
    with ops.get_default_graph().gradient_override_map({"PyFunc": "EagerPyFunc"}):
        return _py_func(func, inp, Tout, eager=True, name=name or "EagerPyFunc")


eager_py_func = py_function
