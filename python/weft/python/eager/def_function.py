"""tf.function: a Python function whose calls are calls of a function of the graph.

It is traced once for each combination of dtypes, shapes and Python values that it is called with.
What has side effects in it runs in the order in which it was made, conditions and loops by
functions of their own. Python's own `if` and `while` are not made into those: a Tensor as their
condition is a TypeError, as everywhere.
"""
import functools
import weakref

import numpy as np

from weft.python.framework import func_graph, function as functions, gen, ops
from weft.python.framework.tensor_spec import TensorSpec
from weft.python.util import nest

__all__ = ["function"]


def function(func=None, input_signature=None, autograph=True, experimental_implements=None,
             experimental_autograph_options=None, experimental_relax_shapes=False):
    """Makes `func` a function of the graph, or (without `func`) a decorator that does.

    Args:
      func: takes and returns structures of tensors, and other values as arguments.
      input_signature: TensorSpecs of its arguments, which are then all there is to it.
      autograph: accepted; the code of `func` is not rewritten.
      experimental_implements, experimental_autograph_options, experimental_relax_shapes: accepted.

    Returns:
      A Function, or a decorator.
    """
    if input_signature is not None and not isinstance(input_signature, (list, tuple)):
        raise TypeError("input_signature must be either a tuple or a list, received %s"
                        % type(input_signature))

    def decorated(inner):
        if not callable(inner):
            raise TypeError("%r is not callable" % (inner,))
        return functools.update_wrapper(Function(inner, input_signature), inner)

    return decorated if func is None else decorated(func)


class Function:
    """What tf.function returns."""

    def __init__(self, python_function, input_signature=None):
        self._python_function = python_function
        self._signature = None if input_signature is None else tuple(input_signature)
        self._concrete = weakref.WeakKeyDictionary()    # by graph: {key: ConcreteFunction}
        self._methods = weakref.WeakKeyDictionary()
        self._made_variables = False
        self._traced = False

    @property
    def python_function(self):
        """The Python function."""
        return self._python_function

    @property
    def input_signature(self):
        """The TensorSpecs that it was given, or None."""
        return self._signature

    def __get__(self, instance, owner):
        """A method: the first argument is its object."""
        if instance is None:
            return self
        if instance not in self._methods:
            bound = functools.partial(self._python_function, weakref.proxy(instance))
            bound.__name__ = func_graph.name_of(self._python_function)
            self._methods[instance] = Function(bound, self._signature)
        return self._methods[instance]

    def __call__(self, *args, **kwargs):
        if self._signature is not None:
            return self._specified()._call(self._checked(args, kwargs))
        leaves = [_leaf(x) for x in nest.flatten((args, kwargs))]
        tensors = [x for x in leaves if isinstance(x, ops.Tensor)]
        return self._of((args, kwargs), leaves)._call(tensors)

    def get_concrete_function(self, *args, **kwargs):
        """The function for these arguments, for which TensorSpecs may stand."""
        if self._signature is not None:
            return self._specified()
        return self._of((args, kwargs), [_leaf(x) for x in nest.flatten((args, kwargs))])

    def _specified(self):
        return self._of((self._signature, {}), nest.flatten(self._signature))

    def _of(self, arguments, leaves):
        """The function for arguments of this structure and like these leaves."""
        known = self._concrete.setdefault(ops.get_default_graph(), {})
        key = repr(nest.pack_sequence_as(arguments, [_Hole(_key(x)) for x in leaves]))
        if key not in known:
            known[key] = self._trace(arguments, leaves)
        return known[key]

    def _checked(self, args, kwargs):
        """The arguments as tensors, which are as the signature says."""
        specs = nest.flatten(self._signature)
        if kwargs or len(args) != len(self._signature):
            raise ValueError("Structure of Python function inputs does not match input_signature: "
                             "%d inputs, but %d are specified"
                             % (len(args) + len(kwargs), len(self._signature)))
        values = nest.flatten_up_to(self._signature, args)
        tensors = [ops.convert_to_tensor(x, dtype=s.dtype) for x, s in zip(values, specs)]
        for x, spec in zip(tensors, specs):
            if not spec.shape.is_compatible_with(x.shape):
                raise ValueError("Python inputs incompatible with input_signature: %s is not "
                                 "compatible with %s" % (x, spec))
        return tensors

    def _trace(self, arguments, leaves):
        name = func_graph.name_of(self._python_function)
        body = func_graph.FuncGraph("__inference_" + name)
        specs = [_spec(x) for x in leaves if _spec(x) is not None]

        def call(*tensors):
            tensors = iter(tensors)
            given = [x if _spec(x) is None else next(tensors) for x in leaves]
            args, kwargs = nest.pack_sequence_as(arguments, given)
            return self._python_function(*args, **kwargs)

        from weft.python.ops import variable_scope
        with body.as_default(), variable_scope.variable_creator_scope(self._creator):
            returned = body.trace(call, [(s.dtype, s.shape, s.name) for s in specs])
        self._traced = True
        return ConcreteFunction(body, returned, specs)

    def _creator(self, next_creator, **kwargs):
        """Variables are made in the first trace alone, outside, by handle."""
        if self._traced:
            raise ValueError("tf.function-decorated function tried to create variables on "
                             "non-first call.")
        return next_creator(**dict(kwargs, use_resource=True))


class ConcreteFunction:
    """A function for arguments of one kind."""

    def __init__(self, body, returned, specs):
        leaves = nest.flatten(returned, True)
        self._returned = returned
        self._there = [x is not None and not isinstance(x, ops.Operation) for x in leaves]
        body.give([x for x, there in zip(leaves, self._there) if there])
        self._specs = specs
        self._outputs = [(x.dtype.base_dtype, x.shape) for x in body.outputs]
        outer = body.outer_graph
        self._function = functions._TracedFunction(body, body.name)
        # Held by name, so that a Function does not keep the graphs that it was called in.
        self._held = [outer.hold(x) for x in self._function.captured_inputs]
        self._function._extra_inputs = []
        self._graph = weakref.ref(outer)

    @property
    def name(self):
        """Its name in graphs."""
        return self._function.name

    @property
    def function_def(self):
        """The FunctionDef."""
        return self._function.definition

    @property
    def captured_inputs(self):
        """The tensors of outside that it uses."""
        graph = self._graph()
        return [graph.unhold(x) for x in self._held]

    def __call__(self, *args):
        tensors = [ops.convert_to_tensor(x, dtype=s.dtype) for x, s in zip(args, self._specs)]
        if len(args) != len(self._specs):
            raise TypeError("Expected %d arguments, got %d" % (len(self._specs), len(args)))
        return self._call(tensors)

    def _call(self, tensors):
        inputs = [func_graph.of_default_graph(x)
                  for x in list(tensors) + self.captured_inputs]
        call = gen.StatefulPartitionedCall if self._function.stateful_ops else gen.PartitionedCall
        results = call(inputs, Tout=[t for t, _ in self._outputs], f=self._function)
        if not isinstance(results, list):
            return results if self._returned is None else self._packed([])
        for x, (_, shape) in zip(results, self._outputs):
            x.set_shape(shape)
        return self._packed(results)

    def _packed(self, results):
        results = iter(results)
        return nest.pack_sequence_as(self._returned,
                                     [next(results) if there else None for there in self._there],
                                     True)


# ---- arguments ----


class _Hole:
    """Stands for a leaf where a key is made."""

    def __init__(self, key):
        self._key = key

    def __repr__(self):
        return repr(self._key)


def _leaf(x):
    """An argument as it is traced: arrays are tensors."""
    return ops.convert_to_tensor(x) if isinstance(x, np.ndarray) else x


def _spec(x):
    """What is known of a tensor; None of another value."""
    if isinstance(x, TensorSpec):
        return x
    return TensorSpec(x.shape, x.dtype.base_dtype) if isinstance(x, ops.Tensor) else None


def _key(x):
    spec = _spec(x)
    if spec is not None:
        return "Tensor", spec.dtype.name, str(spec.shape)
    if isinstance(x, (bool, int, float, complex, str, bytes, type(None))):
        return type(x).__name__, x
    return type(x).__name__, id(x)
