"""One of two functions, chosen while building where the predicate is known."""

from weft.python.framework import ops, tensor_util

__all__ = ["smart_cond", "smart_constant_value", "smart_case"]


def smart_cond(pred, true_fn=None, false_fn=None, name=None):
    """The result of true_fn() or of false_fn(): only the one that is called if `pred` is known."""
    if not callable(true_fn):
        raise TypeError("`true_fn` must be callable.")
    if not callable(false_fn):
        raise TypeError("`false_fn` must be callable.")
    known = smart_constant_value(pred)
    if known is None:
        from weft.python.ops import control_flow_ops
        return control_flow_ops.cond(pred, true_fn=true_fn, false_fn=false_fn, name=name)
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
    """tf.case(), with Python bools for predicates too."""
    from weft.python.ops import control_flow_ops
    return control_flow_ops.case_helper(smart_cond, pred_fn_pairs, default, exclusive, name,
                                        allow_python_preds=True)
