"""tf.cond, tf.case, tf.switch_case: what they build and compute, and what they refuse."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.framework import messages, smart_cond
from weft.python.ops import control_flow_ops

fact = pytest.mark.fact


@pytest.fixture
def graph():
    return tf.get_default_graph()


@pytest.fixture
def p():
    return tf.placeholder(tf.bool, [], name="p")


def either(p, x):
    """The values of x where p is true, and where it is false."""
    with tf.Session() as s:
        return s.run(x, {p: True}), s.run(x, {p: False})


@fact("E18")
def test_only_the_branch_taken_runs(p):
    calls, runs = [], []

    def branch(name):
        def build():
            calls.append(name)
            return tf.py_func(lambda: runs.append(name) or np.float32(len(name)), [], tf.float32)
        return build

    outside = tf.py_func(lambda: runs.append("outside") or np.float32(0), [], tf.float32)
    x = tf.cond(p, lambda: outside + branch("yes")(), branch("no"))
    assert calls == ["yes", "no"]
    assert either(p, x) == (3, 2)
    assert sorted(runs) == ["no", "outside", "outside", "yes"]


@fact("E18")
def test_operations_are_those_of_tensorflow(graph, p):
    x, y = tf.constant(3., name="x"), tf.constant(4., name="y")
    z = tf.cond(p, lambda: x + y, lambda: tf.constant(1.))
    assert z.op.name == "cond/Merge" and z.op.type == "Merge"
    inputs = {op.name: [t.name for t in op.inputs] for op in graph.get_operations()
              if op.name.startswith("cond/")}
    assert inputs == {
        "cond/Switch": ["p:0", "p:0"], "cond/switch_t": ["cond/Switch:1"],
        "cond/switch_f": ["cond/Switch:0"], "cond/pred_id": ["p:0"],
        "cond/add": ["cond/add/Switch:1", "cond/add/Switch_1:1"],
        "cond/add/Switch": ["x:0", "cond/pred_id:0"], "cond/Const": [],
        "cond/add/Switch_1": ["y:0", "cond/pred_id:0"],
        "cond/Merge": ["cond/Const:0", "cond/add:0"]}
    op = graph.get_operation_by_name
    assert op("cond/Const").control_inputs == [op("cond/switch_f")]
    assert op("cond/add/Switch").colocation_groups() == [b"loc:@x"]
    again = tf.cond(p, lambda: x, lambda: y)
    assert again.op.name == "cond_1/Merge"
    assert [t.name for t in again.op.inputs] == ["cond_1/Switch_2:0", "cond_1/Switch_1:1"]


@fact("E18")
def test_a_tensor_comes_in_once(graph, p):
    x = tf.constant(3., name="x")
    z = tf.cond(p, lambda: tf.square(x) * x + x, lambda: x)
    assert either(p, z) == (30, 3)
    switches = [op.name for op in graph.get_operations()
                if op.type == "Switch" and op.inputs[0] is x]
    assert switches == ["cond/Square/Switch", "cond/Switch_1"]


@fact("E19")
def test_arguments(p):
    one = lambda: tf.constant(1.)       # noqa: E731
    with pytest.raises(TypeError, match="pred must not be a Python bool"):
        tf.cond(True, one, one)
    with pytest.raises(TypeError, match=r"cond\(\): true_fn argument required"):
        tf.cond(p, false_fn=one)
    with pytest.raises(TypeError, match=r"cond\(\): false_fn argument required"):
        tf.cond(p, one)
    with pytest.raises(TypeError, match="true_fn must be callable."):
        tf.cond(p, tf.constant(1.), one)
    with pytest.raises(TypeError, match="may not be set simultaneously"):
        tf.cond(p, one, one, fn1=one)
    with pytest.raises(ValueError, match="true_fn must have a return value."):
        tf.cond(p, lambda: None, one)
    with pytest.raises(ValueError, match="false_fn must have a return value."):
        tf.cond(p, one, lambda: None)
    with pytest.raises(ValueError, match="at least one result"):
        tf.cond(p, lambda: [], lambda: [])
    assert tf.get_default_graph()._get_control_flow_context() is None
    assert either(p, tf.cond(p, fn1=one, fn2=lambda: tf.constant(2.))) == (1, 2)


@fact("E19")
def test_branches_return_the_same(p):
    one, two = tf.constant(1.), tf.constant(2)
    with pytest.raises(ValueError, match="Incompatible return values"):
        tf.cond(p, lambda: [one, one], lambda: [one, one, one])
    with pytest.raises(TypeError, match="Incompatible return types"):
        tf.cond(p, lambda: (one, one), lambda: [one, one])
    with pytest.raises(ValueError, match="Outputs of true_fn and false_fn must have the same type: "
                                         "float32, int32"):
        tf.cond(p, lambda: one, lambda: two)


@fact("E20")
def test_structures(p):
    a, b = tf.constant(1.), tf.constant([2, 3])
    z = tf.cond(p, lambda: {"a": a, "b": (b, [a])}, lambda: {"a": a + 1, "b": (b + 1, [a + 2])})
    assert set(z) == {"a", "b"} and isinstance(z["b"], tuple) and isinstance(z["b"][1], list)
    assert run(z["b"][0], {p: False}).tolist() == [3, 4]
    single = tf.cond(p, lambda: [a], lambda: [a + 1])
    assert isinstance(single, tf.Tensor) and either(p, single) == (1, 2)
    strict = tf.cond(p, lambda: [a], lambda: [a + 1], strict=True)
    assert isinstance(strict, list) and either(p, strict) == ([1], [2])


@fact("E20")
def test_operations_are_results_too(graph, p):
    v = tf.Variable(0., name="v")
    z = tf.cond(p, lambda: tf.assign(v, 1.).op, lambda: tf.no_op())
    assert z.dtype == tf.bool
    assert z.op.inputs[1].op.name == "cond/control_dependency"
    assert [op.name for op in z.op.inputs[1].op.control_inputs] == ["cond/Assign"]
    with tf.Session() as s:
        s.run(v.initializer)
        s.run(z, {p: False})
        assert s.run(v) == 0.
        s.run(z.op, {p: True})
        assert s.run(v) == 1.


def test_slices_and_sparse_tensors(p):
    def slices(x):
        return lambda: tf.IndexedSlices(tf.constant([x]), tf.constant([0]), tf.constant([4]))

    def sparse(x):
        return lambda: tf.SparseTensor([[0, 1]], [x], [2, 3])

    z = tf.cond(p, slices(1.), slices(2.))
    assert isinstance(z, tf.IndexedSlices)
    assert run(tf.convert_to_tensor(z), {p: False}).tolist() == [2, 0, 0, 0]
    z = tf.cond(p, sparse(1.), sparse(2.))
    assert isinstance(z, tf.SparseTensor)
    assert run(tf.sparse.to_dense(z), {p: True}).tolist() == [[0, 1, 0], [0, 0, 0]]


@fact("A85")
def test_what_cannot_be_fetched(graph, p):
    x = tf.constant(3.)
    inner = []
    tf.cond(p, lambda: inner.append(tf.square(x)) or inner[0], lambda: x)
    names = ["cond/Switch", "cond/switch_t", "cond/switch_f", "cond/pred_id", "cond/Square",
             "cond/Square/Switch", "cond/Switch_1"]
    with tf.Session() as s:
        for name in names:
            op = graph.get_operation_by_name(name)
            assert not graph.is_fetchable(op)
            with pytest.raises(ValueError, match="Operation '%s' has been marked as not fetchable."
                               % name):
                s.run(op, {p: True})
        with pytest.raises(ValueError, match="not fetchable"):
            inner[0].eval({p: True}, s)
    assert graph.is_feedable(inner[0])


def test_contexts(graph, p):
    seen = []

    def branch():
        seen.append(graph._get_control_flow_context())
        inner = tf.cond(p, lambda: seen.append(graph._get_control_flow_context()) or x, lambda: x)
        with tf.control_dependencies(None):
            assert graph._get_control_flow_context() is None
        return inner

    x = tf.constant(1., name="x")
    z = tf.cond(p, branch, lambda: x + 1)
    outer, inner = seen
    assert graph._get_control_flow_context() is None
    assert isinstance(outer, control_flow_ops.CondContext) and outer.branch == 1
    assert outer.name == "cond/cond_text" and outer.outer_context is None
    assert inner.name == "cond/cond/cond_text" and inner.outer_context is outer
    assert outer.pred.name == "cond/pred_id:0" and outer.pivot.name == "cond/switch_t:0"
    assert outer.IsCondContext() and not outer.IsWhileContext()
    assert z.op._get_control_flow_context() is None
    assert graph.get_operation_by_name("cond/add")._get_control_flow_context().branch == 0
    assert [c.name for c in tf.get_collection(tf.GraphKeys.COND_CONTEXT)] == [
        "cond/cond_text", "cond/cond_text_1"]
    assert tf.get_collection("cond_context")[0] is outer
    assert either(p, z) == (1, 2)


def test_nested_conditions(p):
    q = tf.placeholder(tf.bool, [])
    x = tf.constant(1.)
    z = tf.cond(p, lambda: tf.cond(q, lambda: x + 1, lambda: x + 2),
                lambda: tf.cond(q, lambda: x + 3, lambda: x + 4))
    with tf.Session() as s:
        values = [s.run(z, {p: a, q: b}) for a in (True, False) for b in (True, False)]
    assert values == [2, 3, 4, 5]


def test_variables_in_branches(p):
    v = tf.Variable(1., name="v")
    r = tf.Variable(2., name="r", use_resource=True)
    z = tf.cond(p, lambda: tf.assign_add(v, r), lambda: r.assign_add(v).read_value()
                if hasattr(r.assign_add(v), "read_value") else r.assign_add(v))
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        assert s.run(z, {p: True}) == 3. and s.run(v) == 3. and s.run(r) == 2.


@fact("C15", "E30")
@pytest.mark.parametrize("use_resource", [False, True])
def test_variables_made_in_branches(graph, p, use_resource):
    made = []

    def branch():
        with pytest.raises(ValueError, match="is from inside a control-flow construct"):
            tf.Variable(tf.constant(1.) + 1., use_resource=use_resource)
        made.append(tf.Variable(lambda: tf.constant(5.), name="v", use_resource=use_resource))
        return made[0] + 1.

    z = tf.cond(p, branch, lambda: tf.constant(0.))
    assert made[0].op._get_control_flow_context() is None
    with tf.Session() as s:
        s.run(made[0].initializer)
        assert s.run(z, {p: True}) == 6.


@fact("E31")
@pytest.mark.parametrize("dtype", [tf.int32, tf.float32])
def test_assertions_of_a_branch(p, dtype):
    x = tf.placeholder(dtype, [], name="x")

    def checked():
        with tf.control_dependencies([tf.assert_positive(x)]):
            return tf.identity(x)

    z = tf.cond(p, checked, lambda: x)
    with tf.Session() as s:
        assert s.run(z, {p: False, x: -1}) == -1
        assert s.run(z, {p: True, x: 1}) == 1
        with pytest.raises(tf.errors.InvalidArgumentError, match="assertion failed"):
            s.run(z, {p: True, x: -1})


def test_assert_guard(graph, p):
    x = tf.constant([1., 2.])
    checked = tf.Assert(p, [x])
    assert checked.name == "Assert/AssertGuard/Merge"
    failing = graph.get_operation_by_name("Assert/AssertGuard/Assert")
    assert failing.inputs[0].op.name == "Assert/AssertGuard/Assert/Switch"
    assert tf.Assert(p, ["text"]).name == "Assert_1/Assert"


# ---- case ----

@fact("E23")
def test_case():
    x = tf.placeholder(tf.int32, [])
    pairs = [(x < 1, lambda: tf.constant(10)), (x < 3, lambda: tf.constant(20))]
    z = tf.case(pairs, default=lambda: tf.constant(30))
    strict = tf.case(pairs, default=lambda: tf.constant(30), exclusive=True)
    last = tf.case(pairs)
    with tf.Session() as s:
        assert [s.run(z, {x: i}) for i in (0, 2, 5)] == [10, 20, 30]
        assert [s.run(strict, {x: i}) for i in (2, 5)] == [20, 30]
        assert [s.run(last, {x: i}) for i in (0, 2)] == [10, 20]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Input error: exclusive=True"):
            s.run(strict, {x: 0})
        with pytest.raises(tf.errors.InvalidArgumentError, match="Input error: None of conditions"):
            s.run(last, {x: 5})


@fact("E23")
def test_case_of_a_dict_and_what_it_refuses():
    x = tf.placeholder(tf.int32, [])
    a, b = tf.less(x, 1, name="a"), tf.less(x, 3, name="b")
    z = tf.case({b: lambda: tf.constant(2), a: lambda: tf.constant(1)},
                default=lambda: tf.constant(3))
    assert [run(z, {x: i}) for i in (0, 2, 5)] == [1, 2, 3]
    one = lambda: tf.constant(1)        # noqa: E731
    for pairs, text in ((3, "must be a list, tuple, or dict"), ([a], "must be a 2-tuple"),
                        ([(True, one)], "pred must be a Tensor"), ([(x, one)], "of type bool"),
                        ([(a, 1)], "must be callable")):
        with pytest.raises(TypeError, match=text):
            tf.case(pairs)


def test_switch_case():
    i = tf.placeholder(tf.int32, [])
    fns = [lambda n=n: tf.constant(n * 10) for n in range(3)]
    z = tf.switch_case(i, fns)
    other = tf.switch_case(i, {1: fns[1], 0: fns[0]}, default=lambda: tf.constant(-1))
    with tf.Session() as s:
        assert [s.run(z, {i: n}) for n in (0, 1, 2, 7)] == [0, 10, 20, 20]
        assert [s.run(other, {i: n}) for n in (0, 1, 2)] == [0, 10, -1]
    with pytest.raises(ValueError, match="must form contiguous range"):
        tf.switch_case(i, {0: fns[0], 2: fns[2]})
    with pytest.raises(TypeError, match="branch_index must be a Tensor"):
        tf.switch_case(1, fns)


# ---- what they are made of ----

@fact("E21", "E22")
def test_switch_and_merge(p):
    x = tf.constant([1., 2.])
    when_false, when_true = control_flow_ops.switch(x, p)
    value, index = control_flow_ops.merge([when_false * 2., when_true * 3.])
    with tf.Session() as s:
        assert s.run(value, {p: True}).tolist() == [3, 6] and s.run(index, {p: False}) == 0
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"Retval\[0\] does not have"):
            s.run(when_true, {p: False})
    with pytest.raises(ValueError, match="At least one of the merge inputs is None"):
        control_flow_ops.merge([x, None])


def test_smart_cond(p):
    x = tf.constant(2.)
    assert smart_cond.smart_cond(True, lambda: 1, lambda: 2) == 1
    assert smart_cond.smart_cond(tf.constant(False), lambda: 1, lambda: 2) == 2
    z = smart_cond.smart_cond(p, lambda: x, lambda: x + 1)
    assert z.op.name == "cond/Merge" and either(p, z) == (2, 3)
    assert run(smart_cond.smart_case([(False, lambda: x), (p, lambda: x * 2)],
                                     default=lambda: x), {p: True}) == 4


# ---- in meta graphs ----

def test_contexts_in_meta_graphs(p):
    x = tf.constant(1., name="x")
    y = tf.cond(p, lambda: tf.cond(p, lambda: x + 1., lambda: x), lambda: x * 3., name="outer")
    tf.identity(y, name="y")
    meta = tf.train.export_meta_graph()
    first, second = [messages.CondContextDef.FromString(value) for value in
                     meta.collection_def["cond_context"].bytes_list.value]
    assert first.context_name == "outer/cond_text" and first.branch == 1
    assert first.pred_name == "outer/pred_id:0" and first.pivot_name == "outer/switch_t:0"
    assert [c.cond_ctxt.context_name for c in first.nested_contexts] == [
        "outer/cond/cond_text", "outer/cond/cond_text_1"]
    assert second.branch == 0 and sorted(second.values_def.values) == [
        "outer/mul/Switch:0", "outer/mul/y:0", "outer/mul:0", "outer/pred_id:0",
        "outer/switch_f:0", "x:0"]
    assert dict(second.values_def.external_values) == {
        "outer/pred_id:0": "outer/pred_id:0", "x:0": "outer/mul/Switch:0"}
    with tf.Graph().as_default() as graph, tf.Session() as s:
        tf.train.import_meta_graph(meta, import_scope="again")
        assert s.run("again/y:0", {"again/p:0": False}) == 3.
        context = graph.get_operation_by_name("again/outer/mul")._get_control_flow_context()
        assert context.name == "again/outer/cond_text_1" and context.branch == 0
        assert context in tf.get_collection("cond_context")
        inner = graph.get_operation_by_name("again/outer/cond/add")._get_control_flow_context()
        assert inner.outer_context.name == "again/outer/cond_text"
        again = tf.train.export_meta_graph(export_scope="again")
        assert again.collection_def["cond_context"] == meta.collection_def["cond_context"]


def test_contexts_by_hand(graph, p):
    x = tf.constant(2., name="x")
    pivot = tf.identity(control_flow_ops.switch(p, p)[1], name="pivot")
    context = control_flow_ops.CondContext(tf.identity(p, name="pred"), pivot, 1)
    assert pivot.op._get_control_flow_context() is context
    context.Enter()
    y = tf.multiply(x, 3., name="y")
    assert context.AddValue(x) is y.op.inputs[0] and context.AddValue(y) is y
    context.Exit()
    assert graph._get_control_flow_context() is None
    graph._set_control_flow_context(context)
    z = tf.constant(1., name="z")
    graph._set_control_flow_context(None)
    assert z.op._get_control_flow_context() is context and z.op.control_inputs == [pivot.op]
    outside = tf.no_op()
    assert outside._get_control_flow_context() is None
    outside._set_control_flow_context(context)
    assert outside._control_flow_context is context
    with pytest.raises(TypeError, match="Expected a control flow context or None"):
        graph._set_control_flow_context(3)
