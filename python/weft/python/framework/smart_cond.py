"""One of two functions, chosen while building where the predicate is known."""

from weft.python.framework import gen, ops, tensor_util

__all__ = ["smart_cond", "smart_constant_value", "smart_case"]


def _select(pred, when_true, when_false):
    """Two results of one structure, element by element, as one."""
    if isinstance(when_true, dict):
        return {key: _select(pred, value, when_false[key]) for key, value in when_true.items()}
    if isinstance(when_true, (list, tuple)):
        if len(when_true) != len(when_false):
            raise ValueError("Incompatible return values of true_fn and false_fn: they have "
                             f"{len(when_true)} and {len(when_false)} elements")
        parts = [_select(pred, t, f) for t, f in zip(when_true, when_false)]
        if hasattr(when_true, "_fields"):
            return type(when_true)(*parts)
        return type(when_true)(parts)
    if isinstance(when_true, ops.Operation) or isinstance(when_false, ops.Operation):
        raise TypeError("a predicate that is only known at run time can choose between tensors, "
                        "not between operations")
    return gen.Select(pred, when_true, when_false)


def _choose(pred, true_fn, false_fn, name):
    """The choice that is left to the run: both are computed, and one is taken."""
    with ops.name_scope(name, "cond", [pred]):
        return _select(pred, true_fn(), false_fn())


def smart_cond(pred, true_fn=None, false_fn=None, name=None):
    """The result of true_fn() or of false_fn(): only the one that is called if `pred` is known."""
    if not callable(true_fn):
        raise TypeError("`true_fn` must be callable.")
    if not callable(false_fn):
        raise TypeError("`false_fn` must be callable.")
    known = smart_constant_value(pred)
    if known is None:
        return _choose(pred, true_fn, false_fn, name)
    return true_fn() if known else false_fn()


def smart_constant_value(pred):
    """True, False, or None where a tensor's value is not known while building."""
    if isinstance(pred, ops.Tensor):
        known = tensor_util.constant_value(pred)
        return None if known is None else bool(known)
    if hasattr(pred, "_as_graph_element"):              # a variable
        return None
    if pred in (0, 1):
        return bool(pred)
    raise TypeError("`pred` must be a Tensor, or a Python bool, or 1 or 0. Found instead: %s"
                    % type(pred))


def smart_case(pred_fn_pairs, default=None, exclusive=False, name="smart_case"):
    """The result of the function of the first predicate that holds, else of `default`."""
    pairs = pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs
    chosen = default
    for pred, fn in reversed(list(pairs)):
        chosen = _chain(pred, fn, chosen, name)
    if chosen is None:
        raise ValueError("no predicate of smart_case holds, and there is no default")
    return chosen()


def _chain(pred, fn, otherwise, name):
    known = smart_constant_value(pred)
    if known is not None:
        return fn if known else otherwise
    return lambda: smart_cond(pred, fn, otherwise, name)
