"""What weights are brought back to after each step, by name, as Keras knows it."""
from weft.python.ops import clip_ops, math_ops

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "get", "max_norm",
           "min_max_norm", "non_neg", "unit_norm"]

_EPSILON = 1e-7


def _norm(w, axis):
    return math_ops.sqrt(math_ops.reduce_sum(math_ops.square(w), axis=axis, keepdims=True))


class Constraint:
    """Base of constraints: called with weights, gives the weights that are allowed."""

    def __call__(self, w):
        return w


class MaxNorm(Constraint):
    """Norms along `axis` of at most `max_value`."""

    def __init__(self, max_value=2, axis=0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w):
        norms = _norm(w, self.axis)
        desired = clip_ops.clip_by_value(norms, 0.0, float(self.max_value))
        return w * (desired / (_EPSILON + norms))


class NonNeg(Constraint):
    """No negative weights."""

    def __call__(self, w):
        return w * math_ops.cast(math_ops.greater_equal(w, 0.0), w.dtype.base_dtype)


class UnitNorm(Constraint):
    """Norms of 1 along `axis`."""

    def __init__(self, axis=0):
        self.axis = axis

    def __call__(self, w):
        return w / (_EPSILON + _norm(w, self.axis))


class MinMaxNorm(Constraint):
    """Norms along `axis` within bounds; `rate` says how far a step goes there."""

    def __init__(self, min_value=0.0, max_value=1.0, rate=1.0, axis=0):
        self.min_value, self.max_value = min_value, max_value
        self.rate, self.axis = rate, axis

    def __call__(self, w):
        norms = _norm(w, self.axis)
        bounded = clip_ops.clip_by_value(norms, float(self.min_value), float(self.max_value))
        desired = self.rate * bounded + (1 - self.rate) * norms
        return w * (desired / (_EPSILON + norms))


max_norm, non_neg, unit_norm, min_max_norm = MaxNorm, NonNeg, UnitNorm, MinMaxNorm

_by_name = {"max_norm": MaxNorm, "MaxNorm": MaxNorm, "non_neg": NonNeg, "NonNeg": NonNeg,
            "unit_norm": UnitNorm, "UnitNorm": UnitNorm, "min_max_norm": MinMaxNorm,
            "MinMaxNorm": MinMaxNorm}


def get(identifier):
    """A constraint given as a function, by name, as {class_name, config}, or None."""
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, dict):
        return _by_name[identifier["class_name"]](**identifier["config"])
    if identifier in _by_name:
        return _by_name[identifier]()
    raise ValueError("Could not interpret constraint identifier:", identifier)
