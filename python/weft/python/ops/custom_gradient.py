"""Functions that bring their own gradient: tf.custom_gradient.

The function's results go through an IdentityN together with its arguments and the variables it
used; the gradient of that one operation is what the function's author gave. The graph keeps it, so
that it lives as long as the graph does.
"""

import functools
import inspect

from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.ops.gradients import custom_gradients

__all__ = ["custom_gradient"]


def custom_gradient(f):
    """Decorates `f`, which returns its results and a function of their gradients.

    Args:
      f: called with tensors; returns `(y, grad_fn)`, y a tensor or a list or tuple of them.
        `grad_fn(*dys)` returns the gradient of each argument of `f`; where `f` uses resource
        variables, it also takes `variables=` and returns `(gradients of the arguments, gradients
        of the variables)`.

    Returns:
      A function that takes what `f` takes and returns y.

    Raises (when called):
      ValueError: keyword arguments, or a gradient missing for a variable.
      TypeError: `f` uses variables, or variables of the ref kind, that `grad_fn` does not take.
    """
    @functools.wraps(f)
    def decorated(*args, **kwargs):
        if kwargs:
            raise ValueError("The custom_gradient decorator currently supports keywords arguments "
                             "only when eager execution is enabled.")
        return _call(f, [ops.convert_to_tensor(x) for x in args])
    return decorated


def _call(f, args):
    graph = ops.get_default_graph()
    before, known = len(graph.get_operations()), _variables(graph)
    result, grad_fn = f(*args)
    _check_kind(v for v in _variables(graph) if all(v is not k for k in known))
    used = _used_variables(graph, before, args)
    _check_takes_variables(grad_fn, used)
    results = list(result) if isinstance(result, (list, tuple)) else [result]
    outputs = _joined(graph, results, args, used, grad_fn)
    if not isinstance(result, (list, tuple)):
        return outputs[0]
    return type(result)(outputs) if type(result) in (list, tuple) else type(result)(*outputs)


def _joined(graph, results, args, used, grad_fn):
    gradients = custom_gradients(graph)
    name = "CustomGradient-%d" % len(gradients)
    gradients[name] = _gradient_function(grad_fn, len(results), used)
    inputs = [ops.convert_to_tensor(x) for x in results] + args + [v.handle for v in used]
    with graph.gradient_override_map({"IdentityN": name}):
        return list(gen.IdentityN(inputs))[:len(results)]


def _gradient_function(grad_fn, n_results, used):
    def gradient(op, *dys):
        """No gradient for the results that went in, the author's for the rest."""
        dys = dys[:n_results]
        if not used:
            return [None] * n_results + _as_list(grad_fn(*dys))
        dxs, of_variables = grad_fn(*dys, variables=list(used))
        of_variables = _as_list(of_variables)
        if len(of_variables) != len(used):
            raise ValueError("Must return gradient for each variable from @custom_gradient "
                             "grad_fn.")
        return [None] * n_results + _as_list(dxs) + of_variables
    return gradient


def _as_list(x):
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _variables(graph):
    return graph.get_collection(ops.GraphKeys.GLOBAL_VARIABLES)


def _check_kind(made):
    for v in made:
        if v.op.type != "VarHandleOp":
            raise TypeError("All variables used by a function wrapped with @custom_gradient must "
                            "be `ResourceVariable`s. Ensure that no `variable_scope` is created "
                            "with `use_resource=False`.")


def _used_variables(graph, before, args):
    """The trainable resource variables that the operations since `before` read."""
    handles = {x.op.name for op in graph.get_operations()[before:] for x in op.inputs
               if x.op.type == "VarHandleOp"}
    handles -= {x.op.name for x in args}
    return [v for v in graph.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES)
            if v.op.name in handles]


def _check_takes_variables(grad_fn, used):
    signature = inspect.getfullargspec(grad_fn)
    takes = "variables" in signature.args + signature.kwonlyargs or signature.varkw is not None
    if used and not takes:
        raise TypeError("If using @custom_gradient with a function that uses variables, then "
                        "grad_fn must accept a 'variables' keyword argument.")
    if takes and not used:
        from weft.python.ops import variable_scope
        if not variable_scope.get_variable_scope().use_resource:
            raise TypeError("If using @custom_gradient with a function that uses variables, the "
                            "enclosing variable scope must have use_resource=True.")
