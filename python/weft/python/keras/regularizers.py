"""Penalties on weights by name, as Keras knows them."""
from weft.python.ops import math_ops

__all__ = ["L1L2", "Regularizer", "get", "l1", "l1_l2", "l2"]


class Regularizer:
    """Base of penalties: called with a tensor, gives a scalar."""

    def __call__(self, x):
        return 0.0


class L1L2(Regularizer):
    """l1 times the sum of magnitudes plus l2 times the sum of squares."""

    def __init__(self, l1=0.0, l2=0.0):
        self.l1, self.l2 = float(l1), float(l2)

    def __call__(self, x):
        terms = []
        if self.l1:
            terms.append(math_ops.reduce_sum(self.l1 * math_ops.abs(x)))
        if self.l2:
            terms.append(math_ops.reduce_sum(self.l2 * math_ops.square(x)))
        if not terms:
            return None
        return terms[0] if len(terms) == 1 else terms[0] + terms[1]

    def get_config(self):
        return {"l1": self.l1, "l2": self.l2}


def l1(l=0.01):
    """The sum of magnitudes times `l`."""
    return L1L2(l1=l)


def l2(l=0.01):
    """The sum of squares times `l`."""
    return L1L2(l2=l)


def l1_l2(l1=0.01, l2=0.01):
    """Both penalties."""
    return L1L2(l1=l1, l2=l2)


_by_name = {"l1": l1, "l2": l2, "l1_l2": l1_l2, "L1L2": L1L2}


def get(identifier):
    """A regularizer given as a function, by name, as {class_name, config}, or None."""
    if identifier is None or callable(identifier):
        return identifier
    if isinstance(identifier, dict):
        return _by_name[identifier["class_name"]](**identifier["config"])
    if identifier in _by_name:
        return _by_name[identifier]()
    raise ValueError("Could not interpret regularizer identifier:", identifier)
