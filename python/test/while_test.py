"""tf.while_loop: what it builds and computes, and what it refuses."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.framework import messages
from weft.python.ops import control_flow_ops, control_flow_util

fact = pytest.mark.fact


@pytest.fixture
def graph():
    return tf.get_default_graph()


def described(graph, scope):
    return [(op.name, op.type, [t.name for t in op.inputs], [c.name for c in op.control_inputs])
            for op in graph.get_operations() if op.name.startswith(scope)]


@fact("E24")
def test_operations_are_those_of_tensorflow(graph):
    by = tf.constant(3, name="by")
    calls = []
    result = tf.while_loop(lambda i: calls.append("cond") or i < 10,
                           lambda i: calls.append("body") or i + by, [tf.constant(0, name="i")])
    assert calls == ["cond", "body"] and run(result) == 12
    assert described(graph, "while/") == [
        ("while/Enter", "Enter", ["i:0"], []),
        ("while/Merge", "Merge", ["while/Enter:0", "while/NextIteration:0"], []),
        ("while/Less/y", "Const", [], ["while/Merge"]),
        ("while/Less", "Less", ["while/Merge:0", "while/Less/y:0"], []),
        ("while/LoopCond", "LoopCond", ["while/Less:0"], []),
        ("while/Switch", "Switch", ["while/Merge:0", "while/LoopCond:0"], []),
        ("while/Identity", "Identity", ["while/Switch:1"], []),
        ("while/add/Enter", "Enter", ["by:0"], []),
        ("while/add", "AddV2", ["while/Identity:0", "while/add/Enter:0"], []),
        ("while/NextIteration", "NextIteration", ["while/add:0"], []),
        ("while/Exit", "Exit", ["while/Switch:0"], [])]
    enter = graph.get_operation_by_name("while/add/Enter")
    assert enter.get_attr("is_constant") and enter.get_attr("frame_name") == b"while/while_context"
    assert enter.get_attr("parallel_iterations") == 10
    assert graph.get_operation_by_name("while/Switch").colocation_groups() == [b"loc:@while/Merge"]


@fact("E24")
def test_arguments():
    one, less, more = tf.constant(1), lambda i: i < 3, lambda i: i + 1
    with pytest.raises(ValueError, match="No loop variables provided"):
        tf.while_loop(less, more, [])
    with pytest.raises(TypeError, match="cond must be callable."):
        tf.while_loop(one, more, [one])
    with pytest.raises(TypeError, match="body must be callable."):
        tf.while_loop(less, one, [one])
    with pytest.raises(TypeError, match="parallel_iterations must be a positive integer."):
        tf.while_loop(less, more, [one], parallel_iterations=0)
    with pytest.raises(ValueError, match="maximum_iterations must be a scalar, saw shape: "):
        tf.while_loop(less, more, [one], maximum_iterations=[1])
    with pytest.raises(ZeroDivisionError):
        tf.while_loop(less, lambda i: 1 // 0, [one])
    assert tf.get_default_graph()._get_control_flow_context() is None


@fact("E24")
def test_maximum_iterations(graph):
    n = tf.placeholder(tf.int32, [])
    i = tf.while_loop(lambda i: i < 10, lambda i: i + 2, [0], maximum_iterations=n)
    j, x = tf.while_loop(lambda i, x: i < 10, lambda i, x: (i + 1, x * 2.), (0, 1.),
                         maximum_iterations=3, name="bounded")
    assert run([i, j, x], {n: 3}) == [6, 3, 8] and run(i, {n: 100}) == 10 and run(i, {n: 0}) == 0
    for name in ("iteration_counter", "Less/Enter", "Less_1", "LogicalAnd", "add", "add_1"):
        assert graph.get_operation_by_name("bounded/" + name)
    assert isinstance(j, tf.Tensor) and j.op.name == "bounded/Exit_1"


@fact("E25")
def test_the_body_keeps_structure_dtypes_and_shapes():
    one = tf.constant(1)
    with pytest.raises(ValueError, match="don't have the same nested structure"):
        tf.while_loop(lambda i, j: i < 3, lambda i, j: i + 1, [one, one])
    with pytest.raises(ValueError, match="Input 1 of node while_1/Merge was passed float from "
                                         "while_1/NextIteration:0 incompatible with expected"):
        tf.while_loop(lambda i: i < 3, lambda i: tf.cast(i, tf.float32), [one])
    m = tf.ones([2, 2], name="m")
    with pytest.raises(ValueError, match=r"Input tensor 'm:0' enters the loop with shape \(2, 2\), "
                       r"but has shape \(4, 2\) after one iteration. To allow the shape to vary "
                       "across iterations, use the `shape_invariants` argument"):
        tf.while_loop(lambda m: True, lambda m: tf.concat([m, m], 0), [m])
    with pytest.raises(ValueError, match="The shape invariant specified for m:0 is not compatible "
                                         "with the initial shape of the loop variable."):
        tf.while_loop(lambda m: True, lambda m: m, [m], shape_invariants=[tf.TensorShape([2, 3])])
    with pytest.raises(ValueError, match="nested\\) list of shapes"):
        tf.while_loop(lambda m: True, lambda m: m, [m], shape_invariants=[3])


@fact("E25")
def test_shape_invariants():
    i, m = tf.while_loop(lambda i, m: i < 3, lambda i, m: (i + 1, tf.concat([m, m], 0)),
                         [tf.constant(0), tf.ones([2, 2])],
                         shape_invariants=[tf.TensorShape([]), tf.TensorShape([None, 2])])
    assert m.shape.as_list() == [None, 2] and run(m).shape == (16, 2)
    m = tf.while_loop(lambda m: tf.size(m) < 9, lambda m: tf.concat([m, m], 0), [tf.ones([2])],
                      shape_invariants=[tf.TensorShape(None)], maximum_iterations=2)
    assert m.shape.ndims is None and run(m).shape == (8,)


@fact("E25")
def test_structures():
    def body(i, d, pair):
        return i + 1, {"a": d["a"] * 2., "b": d["b"] + d["a"]}, (pair[0] + 1, [pair[1][0] - 1])

    i, d, pair = tf.while_loop(lambda i, *_: i < 3, body,
                               [0, {"a": 1., "b": 0.}, (tf.constant([1, 2]), [5])])
    assert run((i, d, pair[1])) == (3, {"a": 8., "b": 7.}, [2])
    assert run(pair[0]).tolist() == [4, 5]
    one = tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0])
    assert isinstance(one, tf.Tensor)
    same = tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0], return_same_structure=True)
    assert isinstance(same, list) and run(same) == [3]


def test_sparse_tensors_and_slices():
    sparse = tf.SparseTensor([[0, 1], [1, 0]], [1., 2.], [2, 2])
    i, z = tf.while_loop(lambda i, s: i < 2,
                         lambda i, s: (i + 1, tf.SparseTensor(s.indices, s.values * 3.,
                                                              s.dense_shape)), [0, sparse])
    assert isinstance(z, tf.SparseTensor)
    assert run(tf.sparse.to_dense(z)).tolist() == [[0, 9], [18, 0]]
    rows = tf.IndexedSlices(tf.constant([[1., 2.]]), tf.constant([1]), tf.constant([3, 2]))
    i, z = tf.while_loop(lambda i, r: i < 2,
                         lambda i, r: (i + 1, tf.IndexedSlices(r.values + 1., r.indices,
                                                               r.dense_shape)), [0, rows])
    assert isinstance(z, tf.IndexedSlices) and run(z.values).tolist() == [[3, 4]]


@fact("E26")
def test_what_is_made_inside_runs_each_time():
    seen = []
    x = tf.py_func(lambda: seen.append("outside") or np.int32(2), [], tf.int32)
    x.set_shape([])

    def body(i):
        inside = tf.py_func(lambda: seen.append("inside") or np.int32(1), [], tf.int32)
        inside.set_shape([])
        return i + inside * x

    assert run(tf.while_loop(lambda i: i < 6, body, [0])) == 6
    assert seen == ["outside", "inside", "inside", "inside"]


@fact("E27")
def test_no_iteration():
    assert run(tf.while_loop(lambda i, x: i < 0, lambda i, x: (i + 1, x * 2.), [0, 5.])) == (0, 5.)


@fact("E28")
def test_values_stay_inside(graph):
    inside = []

    def body(i):
        inside.append(tf.identity(i, name="inside"))
        return i + 1

    tf.while_loop(lambda i: i < 3, body, [0])
    with pytest.raises(ValueError, match="Cannot use 'while/inside' as input to 'out' because "
                                         "'while/inside' is in a while loop."):
        tf.identity(inside[0], name="out")
    with pytest.raises(ValueError, match="because they are in different while loops."):
        tf.while_loop(lambda i: i < 3, lambda i: i + inside[0], [0])
    with pytest.raises(ValueError, match="is in a while loop"):
        tf.cond(tf.placeholder(tf.bool), lambda: inside[0] + 1, lambda: tf.constant(1))


@fact("A84", "A85")
def test_what_cannot_be_fed_or_fetched(graph):
    x = tf.constant(2., name="x")
    i, y = tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * x), [0, 1.])
    with tf.Session() as s:
        for name in ("while/Enter", "while/mul/Enter", "while/mul", "while/Identity"):
            t = graph.get_tensor_by_name(name + ":0")
            assert not graph.is_feedable(t)
            with pytest.raises(ValueError, match="may not be fed."):
                s.run(y, {t: 1})
        with pytest.raises(ValueError, match="Operation 'while/mul' has been marked as not "
                                             "fetchable."):
            s.run("while/mul:0")
        assert s.run(y) == 8 and s.run(y, {i: 7}) == 8


def test_nested_loops(graph):
    x = tf.constant(1, name="x")

    def outer(i, total):
        j, total = tf.while_loop(lambda j, t: j < i, lambda j, t: (j + x, t + i * j), [0, total])
        return i + 1, total

    i, total = tf.while_loop(lambda i, t: i < 5, outer, [0, 0])
    assert run(total) == sum(i * j for i in range(5) for j in range(i))
    contexts = tf.get_collection(tf.GraphKeys.WHILE_CONTEXT)
    assert [c.name for c in contexts] == ["while/while_context"]
    enters = [op.name for op in graph.get_operations() if op.type == "Enter" and x in op.inputs]
    assert enters == ["while/while/add/Enter"]
    again = graph.get_operation_by_name("while/while/add/Enter_1")
    assert again.inputs[0].op.name == "while/while/add/Enter"
    assert again._get_control_flow_context().outer_context is contexts[0]


def test_conditions_in_loops_and_loops_in_conditions():
    p = tf.placeholder(tf.bool, [])
    x = tf.constant(10)
    i, t = tf.while_loop(lambda i, t: i < 6,
                         lambda i, t: (i + 1, tf.cond(tf.equal(i % 2, 0), lambda: t + x,
                                                      lambda: t - i)), [0, 0])
    assert run(t) == 3 * 10 - 1 - 3 - 5
    z = tf.cond(p, lambda: tf.while_loop(lambda i: i < x, lambda i: i + 3, [0]), lambda: x)
    assert run(z, {p: True}) == 12 and run(z, {p: False}) == 10


def test_contexts(graph):
    seen = []

    def body(i):
        seen.append(graph._get_control_flow_context())
        return i + 1

    result = tf.while_loop(lambda i: i < 3, body, [0], parallel_iterations=4, back_prop=False,
                           swap_memory=True, maximum_iterations=7)
    loop, = seen
    assert loop is tf.get_collection("while_context")[0] and loop.IsWhileContext()
    assert isinstance(loop, control_flow_ops.WhileContext) and loop.GetWhileContext() is loop
    assert loop.parallel_iterations == 4 and not loop.back_prop and loop.swap_memory
    assert loop.maximum_iterations.op.name == "while/maximum_iterations"
    assert loop.pivot.op.name == "while/LoopCond"
    assert loop.GetControlPivot().op.name == "while/Identity"
    assert [t.op.name for t in loop.loop_enters] == ["while/Enter", "while/Enter_1"]
    assert loop.loop_exits[1] is result
    assert result.op._get_control_flow_context() is loop


@fact("E30")
@pytest.mark.parametrize("use_resource", [False, True])
def test_variables(use_resource):
    v = tf.get_variable("v", [], initializer=tf.zeros_initializer(), use_resource=use_resource)
    made = []

    def body(i):
        with pytest.raises(ValueError, match="is from inside a control-flow construct"):
            tf.Variable(tf.ones([]), use_resource=use_resource)
        made.append(tf.Variable(lambda: tf.ones([]) * 2., name="inner", use_resource=use_resource))
        with tf.control_dependencies([tf.assign_add(v, made[0])]):
            return i + 1

    i = tf.while_loop(lambda i: i < 4, body, [0], parallel_iterations=1)
    assert made[0].op._get_control_flow_context() is None
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        assert s.run(i) == 4 and s.run(v) == 8.


def test_control_dependencies(graph):
    before, zero = tf.no_op(name="before"), tf.constant(0)
    with tf.control_dependencies([before]):
        result = tf.while_loop(lambda i: i < 3, lambda i: i + 1, [zero])
    op = graph.get_operation_by_name
    assert op("while/Enter").control_inputs == [before]
    assert op("while/Merge").control_inputs == []
    assert op("while/add/y").control_inputs == [op("while/Identity")]
    assert run(result) == 3
    x = tf.constant(1., name="x")
    with tf.control_dependencies([x]):
        run(tf.while_loop(lambda i: i < 3, lambda i: i + tf.constant(1), [0]))
    inner = op("while_1/Const_1")
    names = [c.name for c in inner.control_inputs]
    assert "while_1/Identity" in names and "while_1/Const_1/Identity" in names


def test_imported_into_a_loop():
    with tf.Graph().as_default() as g:
        tf.add(tf.placeholder(tf.int32, [], name="x"), tf.constant(2, name="two"), name="y")
        definition = g.as_graph_def()

    def body(i):
        return tf.import_graph_def(definition, {"x": i}, ["y:0"])[0]

    assert run(tf.while_loop(lambda i: i < 7, body, [0])) == 8


def test_random_numbers_differ_by_iteration():
    i, total = tf.while_loop(lambda i, t: i < 4,
                             lambda i, t: (i + 1, t + tf.random_uniform([2], seed=3)),
                             [0, tf.zeros([2])])
    first = tf.random_uniform([2], seed=3)
    with tf.Session() as s:
        drawn = sum(s.run(first) for _ in range(4))
        assert np.allclose(s.run(total), drawn)


# ---- in meta graphs ----

def test_contexts_in_meta_graphs():
    x = tf.constant(2., name="x")
    i, y = tf.while_loop(lambda i, y: i < 3,
                         lambda i, y: (i + 1, tf.cond(i > 1, lambda: y * x, lambda: y)), [0, x],
                         maximum_iterations=9, parallel_iterations=3)
    tf.identity(y, name="y")
    meta = tf.train.export_meta_graph()
    value, = meta.collection_def["while_context"].bytes_list.value
    loop = messages.WhileContextDef.FromString(value)
    assert loop.context_name == "while/while_context" and loop.parallel_iterations == 3
    assert loop.back_prop and not loop.swap_memory and loop.pivot_name == "while/LoopCond:0"
    assert loop.pivot_for_pred_name == "while/Merge:0"
    assert loop.pivot_for_body_name == "while/Identity:0"
    assert loop.maximum_iterations_name == "while/maximum_iterations:0"
    assert list(loop.loop_enter_names) == ["while/Enter:0", "while/Enter_1:0", "while/Enter_2:0"]
    assert list(loop.loop_exit_names) == ["while/Exit:0", "while/Exit_1:0", "while/Exit_2:0"]
    assert loop.values_def.external_values["x:0"] == "while/cond/mul/Switch_1/Enter:0" or \
        loop.values_def.external_values["x:0"].endswith("/Enter:0")
    assert [c.cond_ctxt.branch for c in loop.nested_contexts] == [1, 0]
    with tf.Graph().as_default() as graph, tf.Session() as s:
        tf.train.import_meta_graph(meta)
        assert s.run("y:0") == 4.
        context = graph.get_operation_by_name("while/cond/mul")._get_control_flow_context()
        assert context.pred.name == "while/cond/pred_id:0"
        assert context.GetWhileContext() is tf.get_collection("while_context")[0]
        assert tf.train.export_meta_graph().collection_def["while_context"] == \
            meta.collection_def["while_context"]
        y, x = graph.get_tensor_by_name("y:0"), graph.get_tensor_by_name("x:0")
        assert s.run(tf.gradients(y, x)[0]) == 4.


def test_where_operations_lie(graph):
    i, x = tf.while_loop(lambda i, x: i < 3, lambda i, x: (
        i + 1, tf.cond(i > 1, lambda: x * 2., lambda: x)), [0, 1.])
    mul, add = [graph.get_operation_by_name(n) for n in ("while/cond/mul", "while/add")]
    loop = add._get_control_flow_context()
    assert control_flow_util.IsInWhileLoop(mul) and control_flow_util.IsInCond(mul)
    assert not control_flow_util.IsInCond(add) and not control_flow_util.IsInWhileLoop(
        tf.no_op())
    assert control_flow_util.GetOutputContext(x.op) is None
    assert control_flow_util.OpInContext(mul, loop)
    assert not control_flow_util.OpInContext(tf.no_op(), loop)
    assert control_flow_util.GetContainingWhileContext(mul._get_control_flow_context()) is loop
    assert control_flow_util.IsLoopEnter(graph.get_operation_by_name("while/Enter"))
    assert control_flow_util.IsLoopSwitch(graph.get_operation_by_name("while/Switch"))
    assert control_flow_util.IsCondSwitch(graph.get_operation_by_name("while/cond/Switch"))
    assert control_flow_util.IsLoopExit(i.op) and control_flow_util.IsMerge(
        graph.get_operation_by_name("while/Merge"))
