"""Loops in the body of a tf.function: a While of two functions."""
from weft.python.framework import constant_op, func_graph, function, gen, ops
from weft.python.ops import control_flow_arrays as arrays
from weft.python.ops.cond_v2 import capture_alike
from weft.python.util import nest


def while_v2(cond, body, given, tensors, shapes, maximum=None):
    """tf.while_loop() as one operation, in the name scope that is open: `tensors` are the leaves of
    `given`, the variables; `shapes` are those that they keep."""
    loop = _Loop(given, tensors, shapes, maximum)
    return loop.run(cond, body)


class _Loop:
    def __init__(self, given, tensors, shapes, maximum):
        self._given = given
        self._leaves = nest.flatten(given, True)
        self._maximum = maximum
        self._tensors = [constant_op.constant(0, name="loop_counter"), *tensors]
        self._inputs = [(t.dtype.base_dtype, s, None) for t, s in zip(
            self._tensors, [self._tensors[0].shape, *shapes])]
        self.returned = None

    def _packed(self, tensors):
        tensors = [arrays.from_flow(x, flow) for x, flow in zip(self._leaves, tensors)]
        return nest.pack_sequence_as(self._given, tensors, True)

    def run(self, cond, body):
        test, step = self._test(cond), self._step(body)
        captured = capture_alike([test, step])
        step.outputs = step.outputs + step.inputs[len(self._tensors):]
        scope = ops.get_default_graph()._scope
        cond_f = function._TracedFunction(test, (scope + "cond").replace("/", "_"))
        body_f = function._TracedFunction(step, (scope + "body").replace("/", "_"))
        op = gen.While if cond_f.stateful_ops or body_f.stateful_ops else gen.StatelessWhile
        results = op(self._tensors + captured, cond=cond_f, body=body_f, name=scope or None)
        results = results[1:len(self._tensors)]
        for x, (_, shape, _) in zip(results, self._inputs[1:]):
            x.set_shape(shape)
        leaves = nest.flatten(self.returned, True)
        results = [arrays.from_flow(x, flow) for x, flow in zip(leaves, results)]
        return nest.pack_sequence_as(self.returned, results, True)

    def _test(self, cond):
        graph = func_graph.FuncGraph("cond")

        def test(count, *tensors):
            answer = cond(*self._packed(tensors))
            if self._maximum is None:
                return answer
            return gen.LogicalAnd(gen.Less(count, gen.Cast(self._maximum, DstT=count.dtype)),
                                  answer)

        graph.give([graph.trace(test, self._inputs)])
        return graph

    def _step(self, body):
        graph = func_graph.FuncGraph("body")

        def step(count, *tensors):
            inside = self._packed(tensors)
            returned = body(*inside)
            self.returned = returned if nest.is_sequence(returned) else [returned]
            nest.assert_same_structure(list(inside), list(self.returned), expand_composites=True)
            return [count + 1, *map(arrays.to_flow, nest.flatten(self.returned, True))]

        graph.give(graph.trace(step, self._inputs))
        for given, x in zip(self._inputs, graph.outputs):
            if given[0] != x.dtype.base_dtype:
                raise TypeError("A variable of a loop is %s, but %s after one iteration"
                                % (given[0].name, x.dtype.base_dtype.name))
        return graph
