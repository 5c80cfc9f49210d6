"""Conditions in the body of a tf.function: an If between two functions."""
from weft.python.framework import func_graph, function, gen, ops
from weft.python.ops import control_flow_arrays as arrays
from weft.python.util import nest


def cond_v2(pred, true_fn, false_fn, name="cond"):
    """tf.cond() as one operation: what true_fn() or false_fn() returns, as functions of all that
    either of them uses from outside."""
    with ops.name_scope(name, "cond", [pred]) as scope:
        pred = func_graph.of_default_graph(ops.convert_to_tensor(pred, name="pred"))
        branches = [_Branch(scope + "true", true_fn), _Branch(scope + "false", false_fn)]
        _check_alike(*branches)
        inputs = capture_alike([b.graph for b in branches])
        results = _If(pred, inputs, branches, scope)
        leaves = nest.flatten(branches[0].returned, True)
        results = [arrays.from_flow(x, flow) for x, flow in zip(leaves, results)]
        return nest.pack_sequence_as(branches[0].returned, results, True)


class _Branch:
    """What a function returns, traced into a body."""

    def __init__(self, name, fn):
        self.name = name.replace("/", "_")
        self.graph = func_graph.FuncGraph(self.name)
        self.returned = self.graph.trace(fn, [])
        if self.returned is None:
            raise ValueError("%s must have a return value." % name.rpartition("/")[2])
        self.graph.give([x if isinstance(x, ops.Operation) else arrays.to_flow(x)
                         for x in nest.flatten(self.returned, True)])
        self.types = [x.dtype.base_dtype for x in self.graph.outputs]
        self.shapes = [x.shape for x in self.graph.outputs]


def _check_alike(one, other):
    try:
        nest.assert_same_structure(one.returned, other.returned, expand_composites=True)
    except TypeError as e:
        raise TypeError("Incompatible return types of true_fn and false_fn: %s" % e) from None
    except ValueError as e:
        raise ValueError("Incompatible return values of true_fn and false_fn: %s" % e) from None
    for t, f in zip(one.types, other.types):
        if t != f:
            raise ValueError("Outputs of true_fn and false_fn must have the same type: %s, %s"
                             % (t.name, f.name))


def capture_alike(graphs):
    """What any of the bodies has captured, which now all have, in this order."""
    captured = list(dict.fromkeys(x for graph in graphs for x in graph.extra_inputs))
    for graph in graphs:
        own = graph.inputs[:len(graph.inputs) - len(graph.extra_inputs)]
        graph.inputs = own + [graph.capture(x) for x in captured]
        graph.extra_inputs = captured
    return [func_graph.of_default_graph(x) for x in captured]


def _shape(one, other):
    return one if one.is_fully_defined() and one == other else None


def _If(pred, inputs, branches, scope):
    shapes = [_shape(*pair) for pair in zip(*(b.shapes for b in branches))]
    functions = [function._TracedFunction(b.graph, b.name) for b in branches]
    pure = not any(f.stateful_ops for f in functions)
    op = gen.StatelessIf if pure else gen.If
    results = op(pred, inputs, Tout=branches[0].types, then_branch=functions[0],
                 else_branch=functions[1], output_shapes=shapes, name=scope)
    return results if isinstance(results, list) else []
