"""Ops that run functions of the graph: calls, conditions, loops, gradients."""
from weft.python.framework import func_graph, gen, ops
from weft.python.ops.folds import foldl, foldr, scan
from weft.python.ops.map_fn import map_fn

__all__ = ["For", "If", "While", "foldl", "foldr", "map_fn", "partitioned_call", "remote_call",
           "scan", "symbolic_gradient"]


def symbolic_gradient(input, Tout, f, name=None):
    """The gradients of a function's arguments: `input` are these and the gradients of its results,
    `Tout` the dtypes of the arguments, `f` the function, or its name."""
    return gen.SymbolicGradient(input, Tout=Tout, f=f, name=name)


def remote_call(args, Tout, f, target, name=None):
    """The results, of dtypes `Tout`, of `f` on the device of the name that `target` holds."""
    return gen.RemoteCall(target, args, Tout=Tout, f=f, name=name)


def partitioned_call(args, f, tout=None, executing_eagerly=None, config=None,
                     executor_type=None):
    """The results of `f`, whose operations may lie on several devices. A list; the operation where
    there are none."""
    graph = ops.get_default_graph()
    f.add_to_graph(graph)
    if tout is None:
        tout = tuple(x.type for x in f.definition.signature.output_arg)
    stateful = getattr(f, "stateful_ops", None) or f.definition.signature.is_stateful
    call = gen.StatefulPartitionedCall if stateful else gen.PartitionedCall
    args = [func_graph.of_graph(graph, ops.convert_to_tensor(x)) for x in args]
    results = call(args, Tout=tout, f=f, config_proto=config or "",
                   executor_type=executor_type or "")
    return results if results is not None else []


def If(cond, inputs, then_branch, else_branch, name=None):
    """What `then_branch` (a Defun) gives for `inputs` where `cond`, of any dtype, is true; else
    what `else_branch` gives."""
    inputs = _with_captures(inputs, then_branch, else_branch, "then_branch and else_branch")
    op = gen.StatelessIf if _is_pure(then_branch) and _is_pure(else_branch) else gen.If
    return op(cond, inputs, Tout=_result_types(then_branch), then_branch=then_branch,
              else_branch=else_branch, name=name)


def While(input_, cond, body, name=None, hostmem=None):
    """`input_`, put through `body` (a Defun) again and again while `cond` of it is true."""
    if cond.captured_inputs:
        raise ValueError("While op 'cond' argument must be a function without implicitly captured "
                         "inputs.")
    if len(input_) != len(body.declared_input_types):
        raise ValueError("While op 'body' argument takes %d values, but %d are given"
                         % (len(body.declared_input_types), len(input_)))
    op = gen.StatelessWhile if _is_pure(cond) and _is_pure(body) else gen.While
    if not body.captured_inputs:
        return op(input_, cond=cond, body=body, name=name)
    results = op(list(input_) + body.captured_inputs, cond=_taking_more(cond, body),
                 body=_passing_on(body), name=name)
    return results[:len(input_)]


def For(start, limit, delta, inputs, body, name=None, hostmem=None, rewrite_with_while=None):
    """`inputs`, put through `body(i, *inputs)` (a Defun) for each i from `start` to before
    `limit`."""
    captured = list(body.captured_inputs)
    if captured:
        body = _passing_on(body)
    results = gen.For(start, limit, delta, list(inputs) + captured, body=body, name=name)
    return results[:len(results) - len(captured)] if captured else results


def _is_pure(f):
    return not f.stateful_ops


def _result_types(f):
    return [x.type for x in f.definition.signature.output_arg]


def _with_captures(inputs, f, other, what):
    """The inputs and what both functions captured, which must be the same."""
    if [id(x) for x in f.captured_inputs] != [id(x) for x in other.captured_inputs]:
        raise ValueError("%s must capture the same tensors" % what)
    return list(inputs) + list(f.captured_inputs)


def _taking_more(cond, body):
    """`cond` as a function of what `body` captured, too."""
    from weft.python.framework import function
    n = len(cond.declared_input_types)
    types = cond.declared_input_types + [x.dtype for x in body.captured_inputs]

    @function.Defun(*types, func_name="%s_Wrapper" % cond.name)
    def wrapper(*args):
        return cond(*args[:n])

    return wrapper


def _passing_on(body):
    """`body` as a function that gives what it captured, too, as it is."""
    from weft.python.framework import function
    n = len(body.declared_input_types)
    types = body.declared_input_types + [x.dtype for x in body.captured_inputs]

    @function.Defun(*types, func_name="%s_Wrapper" % body.name)
    def wrapper(*args):
        body.add_to_graph(ops.get_default_graph())
        _, op = function._call(body._signature, *args)
        return tuple(op.outputs) + tuple(args[n:])

    return wrapper
