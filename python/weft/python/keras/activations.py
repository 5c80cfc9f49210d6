"""Activation functions by name, as Keras knows them."""
from weft.python.ops import math_ops, nn_ops

__all__ = ["elu", "exponential", "get", "hard_sigmoid", "linear", "relu", "selu", "serialize",
           "sigmoid", "softmax", "softplus", "softsign", "tanh"]


def linear(x):
    """`x` itself."""
    return x


def softmax(x, axis=-1):
    """exp(x) over its sum along `axis`."""
    if x.shape.ndims is not None and x.shape.ndims < 2:
        raise ValueError("Cannot apply softmax to a tensor that is 1D")
    return nn_ops.softmax(x, axis=axis)


def elu(x, alpha=1.0):
    """x where positive, else alpha (exp(x) - 1)."""
    from weft.python.keras import backend
    return backend.elu(x, alpha)


def selu(x):
    """Elu with the scales that keep mean and variance."""
    return nn_ops.selu(x)


def softplus(x):
    """log(1 + exp(x))."""
    return nn_ops.softplus(x)


def softsign(x):
    """x / (1 + |x|)."""
    return nn_ops.softsign(x)


def relu(x, alpha=0.0, max_value=None, threshold=0):
    """max(x, 0), perhaps leaky, bounded above, or with another threshold."""
    from weft.python.keras import backend
    return backend.relu(x, alpha=alpha, max_value=max_value, threshold=threshold)


def tanh(x):
    """The hyperbolic tangent."""
    return math_ops.tanh(x)


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return math_ops.sigmoid(x)


def exponential(x):
    """e to the x."""
    return math_ops.exp(x)


def hard_sigmoid(x):
    """A sigmoid of three straight lines."""
    from weft.python.keras import backend
    return backend.hard_sigmoid(x)


_by_name = {f.__name__: f for f in (elu, exponential, hard_sigmoid, linear, relu, selu, sigmoid,
                                    softmax, softplus, softsign, tanh)}


def serialize(activation):
    """The name of an activation function."""
    return activation.__name__


def get(identifier):
    """A function given as such or by name; None is `linear`."""
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        if identifier not in _by_name:
            raise ValueError("Unknown activation function:" + identifier)
        return _by_name[identifier]
    if callable(identifier):
        return identifier
    raise ValueError("Could not interpret activation function identifier:", identifier)
