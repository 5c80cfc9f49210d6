"""K.function, K.gradients and other things that reach into a graph."""
import numpy as np

from weft.python.framework import gen, ops
from weft.python.keras import backend_session
from weft.python.ops import array_ops, control_flow_ops, gradients as gradients_module, state_ops
from weft.python.util import nest

__all__ = ["Function", "function", "gradients", "print_tensor", "stop_gradient"]


class Function:
    """A Python function of arrays: feeds `inputs`, fetches `outputs`, runs `updates`.

    The session's callable is kept and used as long as the session and the set of fed inputs stay
    the same (D16).
    """

    def __init__(self, inputs, outputs, updates=None, name=None, feed_dict=None, fetches=None):
        _check_list(inputs, "inputs")
        self.inputs = list(inputs)
        self._outputs_structure = outputs
        self.outputs = nest.flatten(outputs)
        self.feed_dict = feed_dict
        self.fetches = list(fetches or [])
        self.name = name
        self.updates_op = _grouped(self.outputs, updates or [])
        self._made_for = self._callable = None

    def _prepare(self, session, fed):
        """The callable for these inputs in this session."""
        extra = list(self.feed_dict or ())
        key = (session, tuple(fed), tuple(extra))
        if self._made_for != key:
            fetches = [self.outputs, [self.updates_op] + self.fetches]
            self._callable = session.make_callable(fetches, feed_list=fed + extra)
            self._made_for = key
        return self._callable

    def __call__(self, inputs):
        _check_list(inputs, "inputs")
        pairs = [(x, value) for x, value in zip(self.inputs, inputs) if value is not None]
        session = backend_session.get_session()
        run = self._prepare(session, [x for x, _ in pairs])
        arrays = [np.asarray(value, dtype=x.dtype.base_dtype.as_numpy_dtype) for x, value in pairs]
        results, _ = run(*arrays, *(self.feed_dict or {}).values())
        return nest.pack_sequence_as(self._outputs_structure, results)


def _check_list(value, name):
    if not isinstance(value, (list, tuple)):
        raise TypeError("`%s` should be a list or tuple." % name)


def _grouped(outputs, updates):
    """One op that runs all updates, after the outputs are there."""
    _check_list(updates, "updates")
    made = []
    with ops.control_dependencies([outputs[0]] if outputs else []):
        for update in updates:
            made.append(state_ops.assign(*update) if isinstance(update, tuple) else update)
        return control_flow_ops.group(*made)


def function(inputs, outputs, updates=None, name=None, **kwargs):
    """A `Function`: called with a list of arrays it gives the list of outputs' values."""
    for key in kwargs:
        if key not in ("feed_dict", "fetches"):
            raise ValueError("Invalid argument \"%s\" passed to K.function with TensorFlow backend"
                             % key)
    return Function(inputs, outputs, updates=updates, name=name, **kwargs)


def gradients(loss, variables):
    """The gradients of `loss` with regard to `variables`."""
    return gradients_module.gradients(loss, variables, colocate_gradients_with_ops=True)


def stop_gradient(variables):
    """The same values, constant for gradients; a list for a list."""
    if isinstance(variables, (list, tuple)):
        return [array_ops.stop_gradient(v) for v in variables]
    return array_ops.stop_gradient(variables)


def print_tensor(x, message=""):
    """`x`, which prints itself to standard error whenever it is computed."""
    return gen.Print(x, [x], message=message)
