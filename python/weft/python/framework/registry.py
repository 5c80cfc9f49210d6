"""Gradients registered in Python, by name (A62, A63)."""
import sys

_GRADIENTS = {}                         # name -> (function or None, where it was registered)


def _register(kind, name, function):
    if name in _GRADIENTS:
        raise KeyError("Registering two %s with name '%s'! (Previous registration was in %s:%d)"
                       % ((kind, name) + _GRADIENTS[name][1]))
    frame = sys._getframe(2)
    _GRADIENTS[name] = function, (frame.f_code.co_filename, frame.f_lineno)


class RegisterGradient:
    """Decorates function(op, *gradients of its outputs) -> gradients of its inputs, the gradient
    of operations of type `op_type`, or of those made under a gradient_override_map() to it."""

    def __init__(self, op_type):
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, function):
        _register("gradient", self._op_type, function)
        return function


def NotDifferentiable(op_type):
    """Gradients stop at operations of this type."""
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _register("gradient", op_type, None)


NoGradient = NotDifferentiable


def registered_gradient(op_type):
    """(found, function): function is None where gradients stop."""
    entry = _GRADIENTS.get(op_type)
    return (False, None) if entry is None else (True, entry[0])


def get_gradient_function(op):
    """The function registered for an operation; None where gradients stop; LookupError if Python
    has none (the library's own gradients are not Python functions)."""
    if not op.inputs:
        return None
    try:
        op_type = op.get_attr("_gradient_op_type")
        op_type = op_type.decode() if isinstance(op_type, bytes) else op_type
    except ValueError:
        op_type = op.type
    found, function = registered_gradient(op_type)
    if not found:
        raise LookupError("gradient registry has no entry for: %s" % op_type)
    return function
