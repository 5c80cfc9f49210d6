"""KL divergences between distributions: a function is registered for each pair of classes."""

import inspect

from weft.python.framework import ops

__all__ = ["RegisterKL", "cross_entropy", "kl_divergence"]

_FUNCTIONS = {}


class RegisterKL:
    """A decorator: @RegisterKL(A, B) for f(a, b, name)."""

    def __init__(self, dist_cls_a, dist_cls_b):
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn):
        if not callable(kl_fn):
            raise TypeError("kl_fn must be callable, received: %s" % kl_fn)
        if self._key in _FUNCTIONS:
            raise ValueError("KL(%s || %s) has already been registered to: %s" %
                             (self._key[0].__name__, self._key[1].__name__,
                              _FUNCTIONS[self._key]))
        _FUNCTIONS[self._key] = kl_fn
        return kl_fn


def kl_divergence(distribution_a, distribution_b, allow_nan_stats=True, name=None):
    """KL(a || b), the mean of log(a(x) / b(x)) for x from a.

    NotImplementedError where no function is registered for the two classes or their bases."""
    kinds = type(distribution_a), type(distribution_b)
    function = _nearest(*kinds)
    if function is None:
        raise NotImplementedError("No KL(distribution_a || distribution_b) registered for "
                                  "distribution_a type %s and distribution_b type %s" %
                                  (kinds[0].__name__, kinds[1].__name__))
    with ops.name_scope("KullbackLeibler"):
        return function(distribution_a, distribution_b, name=name)


def _nearest(kind_a, kind_b):
    """The function for the pair of bases that are the fewest steps away."""
    found = [(i + j, i, _FUNCTIONS[a, b])
             for i, a in enumerate(inspect.getmro(kind_a))
             for j, b in enumerate(inspect.getmro(kind_b)) if (a, b) in _FUNCTIONS]
    return min(found, key=lambda item: item[:2])[2] if found else None


def cross_entropy(ref, other, allow_nan_stats=True, name=None):
    """entropy(ref) + KL(ref || other)."""
    with ops.name_scope(name, "cross_entropy"):
        return ref.entropy() + kl_divergence(ref, other, allow_nan_stats=allow_nan_stats)
