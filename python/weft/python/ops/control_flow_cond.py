"""Conditions: tf.cond, and tf.case and tf.switch_case, which are made of it.

Which operations there are, and how values come into the branches, is C's to know; here functions
are called, and what they return is taken apart and put together.
"""
import collections
import functools

from weft.python.framework import constant_op, dtypes, gen, ops
from weft.python.framework.func_graph import FuncGraph, of_default_graph
from weft.python.ops import control_flow_arrays as arrays
from weft.python.platform import tf_logging
from weft.python.util import nest

__all__ = ["cond", "case", "switch_case", "Assert"]


# ---- cond ----

def cond(pred, true_fn=None, false_fn=None, strict=False, name=None, fn1=None, fn2=None):
    """What true_fn() returns where `pred` is true in a run, else what false_fn() returns.

    Both functions are called once, now; in a run only the operations that the taken one made are
    run, but those made outside that it uses are in any case.

    Args:
      pred: a bool scalar.
      true_fn, false_fn: return tensors, or structures of them, of the same structure and dtypes; an
        Operation stands for a bool that is there once it has run.
      strict: whether a list or tuple of one stays one.
      name: of the name scope.
      fn1, fn2: older names of true_fn and false_fn.

    Raises:
      TypeError: a function is missing or not callable, `pred` is a Python bool, or what they return
        differs in the kinds of structures.
      ValueError: they return nothing, or differ in structure or dtypes.
    """
    true_fn = _function(true_fn, fn1, "true_fn", "fn1")
    false_fn = _function(false_fn, fn2, "false_fn", "fn2")
    with ops.name_scope(name, "cond", [pred]):
        if isinstance(pred, bool):
            raise TypeError("pred must not be a Python bool")
        if isinstance(ops.get_default_graph(), FuncGraph):
            from weft.python.ops import cond_v2
            result = cond_v2.cond_v2(pred, true_fn, false_fn, name)
            return result if strict else _unpacked(result)
        pred = of_default_graph(ops.convert_to_tensor(pred, name="pred"))
        graph = pred.graph
        chosen, pivot_false, pivot_true = graph._new_condition(pred)
        context_true, when_true = _branch(chosen, pivot_true, 1, true_fn, "true_fn")
        context_false, when_false = _branch(chosen, pivot_false, 0, false_fn, "false_fn")
        result = _merged(graph, when_true, when_false, strict)
        if context_true.outer_context is None:
            ops.add_to_collection(ops.GraphKeys.COND_CONTEXT, context_true)
            ops.add_to_collection(ops.GraphKeys.COND_CONTEXT, context_false)
        return result


def _function(fn, older, name, older_name):
    if older is not None:
        if fn is not None:
            raise TypeError("cond(): %s and %s may not be set simultaneously." % (name, older_name))
        fn = older
    if fn is None:
        raise TypeError("cond(): %s argument required" % name)
    if not callable(fn):
        raise TypeError("%s must be callable." % name)
    return fn


_Branch = collections.namedtuple("_Branch", ["returned", "tensors"])


def _branch(pred, pivot, number, fn, name):
    """The branch's context, and what it returned, also as tensors that may be merged."""
    graph = pred.graph
    context = graph._new_branch(pred, pivot, number, "cond_text")
    context.Enter()
    try:
        returned = fn()
        if returned is None:
            raise ValueError("%s must have a return value." % name)
        tensors = [context._result(_leaf(x)) for x in nest.flatten(returned, True)]
    finally:
        context.Exit()
    return context, _Branch(returned, tensors)


def _leaf(x):
    if isinstance(x, ops.Operation):
        return x
    return of_default_graph(ops.convert_to_tensor(arrays.to_flow(x)))


def _unpacked(x):
    return x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x


def _merged(graph, when_true, when_false, strict):
    _check_alike(when_true, when_false, strict)
    merged = [graph._merge_branches(f, t)
              for f, t in zip(when_false.tensors, when_true.tensors)]
    leaves = nest.flatten(when_true.returned, True)
    merged = [arrays.from_flow(x, flow) for x, flow in zip(leaves, merged)]
    result = nest.pack_sequence_as(when_true.returned, merged, True)
    return result if strict else _unpacked(result)


def _check_alike(when_true, when_false, strict):
    returned = [when_true.returned, when_false.returned]
    if not strict:
        returned = [_unpacked(x) for x in returned]
    try:
        nest.assert_same_structure(*returned, expand_composites=True)
    except TypeError as e:
        raise TypeError("Incompatible return types of true_fn and false_fn: %s" % e) from None
    except ValueError as e:
        raise ValueError("Incompatible return values of true_fn and false_fn: %s" % e) from None
    if not when_true.tensors:
        raise ValueError("true_fn and false_fn must return at least one result.")
    for t, f in zip(when_true.tensors, when_false.tensors):
        if t.dtype.base_dtype != f.dtype.base_dtype:
            raise ValueError("Outputs of true_fn and false_fn must have the same type: %s, %s"
                             % (t.dtype.name, f.dtype.name))


# ---- Assert ----

def Assert(condition, data, summarize=None, name=None):
    """An op that fails, showing `summarize` (3) elements of each of `data`, unless `condition`.

    It must be run, or depended on, to have an effect."""
    with ops.name_scope(name, "Assert", [condition, data]):
        values = ops.convert_n_to_tensor(data)
        summarize = 3 if summarize is None else summarize

        def fail():
            return gen.Assert(condition, data, summarize=summarize, name="Assert")

        if all(v.dtype.base_dtype in (dtypes.string, dtypes.int32) for v in values):
            return fail()
        condition = ops.convert_to_tensor(condition, name="Condition")
        return cond(condition, gen.NoOp, fail, name="AssertGuard").op


# ---- case ----

def case(pred_fn_pairs, default=None, exclusive=False, strict=False, name="case"):
    """What the function of the first predicate that is true returns, else default().

    Args:
      pred_fn_pairs: a list of pairs of a bool scalar and a function; or a dict, whose pairs are
        taken in the order of the names of the predicates.
      default: a function. Without one the run fails where none is true.
      exclusive: whether the run fails where several are true.
      strict: see cond().
      name: of the name scope.

    Raises:
      TypeError: pairs, predicates or functions are of other kinds.
    """
    return case_helper(cond, pred_fn_pairs, default, exclusive, name, strict=strict)


def case_helper(cond_fn, pred_fn_pairs, default, exclusive, name, allow_python_preds=False,
                **cond_kwargs):
    """case() by another kind of condition."""
    predicates, actions = _checked_pairs(pred_fn_pairs, exclusive, name, allow_python_preds)
    with ops.name_scope(name, "case", [predicates]):
        if default is None:
            default, predicates, actions = _default_action(predicates, actions)
        chosen = default
        for predicate, action in reversed(list(zip(predicates, actions))):
            chosen = functools.partial(cond_fn, predicate, true_fn=action, false_fn=chosen,
                                       **cond_kwargs)
        if not exclusive:
            return chosen()
        with ops.control_dependencies([_assert_at_most(predicates, 1,
                                                       "Input error: exclusive=True")]):
            return chosen()


def _checked_pairs(pairs, exclusive, name, allow_python_preds):
    if not isinstance(pairs, (list, tuple, dict)):
        raise TypeError("pred_fn_pairs must be a list, tuple, or dict")
    if isinstance(pairs, collections.OrderedDict):
        pairs = list(pairs.items())
    elif isinstance(pairs, dict):
        pairs = sorted(pairs.items(), key=lambda item: item[0].name)
        if not exclusive:
            tf_logging.warn("%s: An unordered dictionary of predicate/fn pairs was provided, but "
                            "exclusive=False. The order of conditional tests is deterministic but "
                            "not guaranteed.", name)
    for pair in pairs:
        _check_pair(pair, allow_python_preds)
    predicates, actions = zip(*pairs)
    return predicates, actions


def _check_pair(pair, allow_python_preds):
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError("Each entry in pred_fn_pairs must be a 2-tuple")
    pred, fn = pair
    if isinstance(pred, ops.Tensor):
        if pred.dtype != dtypes.bool:
            raise TypeError("pred must be Tensor of type bool: %s" % pred.name)
    elif not allow_python_preds:
        raise TypeError("pred must be a Tensor, got: %s" % pred)
    elif not isinstance(pred, bool):
        raise TypeError("pred must be a Tensor or bool, got: %s" % pred)
    if not callable(fn):
        raise TypeError("fn for pred %s must be callable." % getattr(pred, "name", pred))


def _assert_at_most(predicates, n, message):
    from weft.python.ops import array_ops, math_ops
    packed = array_ops.stack(predicates, name="preds_c")
    count = math_ops.reduce_sum(math_ops.cast(packed, dtypes.int32), name="num_true_conds")
    fine = math_ops.less_equal(count, constant_op.constant(n, name="n_true_conds"))
    names = ", ".join(getattr(p, "name", "?") for p in predicates)
    return Assert(fine, ["%s: more than %d conditions (%s) evaluated as True:"
                         % (message, n, names), packed], summarize=len(predicates))


def _default_action(predicates, actions):
    """The last action, which asserts that its predicate is the one that holds; the others."""
    last = len(predicates) - 1
    predicate, action = predicates[last], actions[last]
    others = predicates[:last]

    def default():
        from weft.python.ops import array_ops
        message = ("Implementation error: selected default action #%d was called, but some of "
                   "other predicates are True: " % last)
        none = ("Input error: None of conditions evaluated as True:",
                array_ops.stack(predicates, name="preds_c"))
        with ops.control_dependencies([_assert_at_most(others, 0, message),
                                       Assert(predicate, data=none)]):
            return action()

    return default, others, actions[:last]


# ---- switch_case ----

def switch_case(branch_index, branch_fns, default=None, name="switch_case"):
    """What the function at `branch_index` returns; default(), or the last one, where there is none.

    Args:
      branch_index: an int32 scalar.
      branch_fns: a list of functions, a list of pairs (int, function), or a dict of them; the ints
        are all from 0 to their number.
      default: a function for any other index.
      name: of the name scope.
    """
    actions = _indexed(branch_index, branch_fns, default)
    with ops.name_scope(name, "case", [branch_index]):
        chosen = actions[-1]
        for i, action in reversed(list(enumerate(actions[:-1]))):
            chosen = functools.partial(_cond_at, branch_index, i, action, chosen)
        return chosen()


def _cond_at(branch_index, i, action, otherwise):
    from weft.python.ops import math_ops
    return cond(math_ops.equal(branch_index, constant_op.constant(i, branch_index.dtype)),
                action, otherwise)


def _indexed(branch_index, branch_fns, default):
    """The functions in the order of their indices, the default one last."""
    if not isinstance(branch_index, ops.Tensor):
        raise TypeError("branch_index must be a Tensor, got {}".format(branch_index))
    if not branch_index.dtype.is_integer:
        raise TypeError("branch_index must an integer Tensor, got {}".format(branch_index.dtype))
    if not branch_fns:
        raise ValueError("Must provide at least one item in branch_fns")
    if not isinstance(branch_fns, (list, tuple, dict)):
        raise TypeError("branch_fns must be a list, tuple, or dict")
    pairs = list(branch_fns.items() if isinstance(branch_fns, dict) else branch_fns)
    if all(callable(fn) for fn in pairs):
        pairs = list(enumerate(pairs))
    for pair in pairs:
        _check_indexed(pair)
    keys = sorted(key for key, _ in pairs)
    if keys != list(range(len(keys))):
        raise ValueError("branch indices (keys) must form contiguous range of [0 to {}) but found "
                         "{{{}}}".format(len(keys), ",".join(map(str, keys))))
    actions = [fn for _, fn in sorted(pairs, key=lambda pair: pair[0])]
    return actions if default is None else actions + [default]


def _check_indexed(pair):
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError("Each entry in branch_fns must be a 2-tuple")
    key, fn = pair
    if not isinstance(key, int):
        raise TypeError("key must be a Python `int`, got {}".format(type(key)))
    if not callable(fn):
        raise TypeError("fn for key {} must be callable.".format(key))
