"""Graphs: collections, finalizing, look-ups, default graphs, marks (A.6-A.14)."""
import gc
import threading
import weakref

import numpy as np
import pytest
import weft as tf

fact = pytest.mark.fact


@fact("A41", "A43", "A44", "A45")
def test_collections():
    g = tf.get_default_graph()
    a, b = tf.constant(1.0, name="s/a"), tf.constant(2.0, name="b")
    for x in (a, b, a, 7):
        g.add_to_collection("k", x)
    assert g.get_collection("k") == [a, b, a, 7]
    assert g.get_collection("k") is not g.get_collection("k")
    assert g.get_collection("none") == [] and "none" not in g.get_all_collection_keys()
    assert g.get_collection("k", "s") == [a, a]
    g.add_to_collection(("tuple", 1), 1)
    live = g.get_collection_ref("live")
    assert "live" in g.get_all_collection_keys()
    live.append(b)
    assert g.get_collection("live") == [b] and g.get_collection_ref("live") is live
    g.clear_collection("k")
    assert g.get_collection("k") == []
    assert all(isinstance(k, str) for k in g.get_all_collection_keys())


@fact("A42")
def test_adding_to_several():
    g = tf.get_default_graph()
    for names in (["a", "b", "a"], ("a", "b"), {"a", "b"}, (n for n in "ab")):
        g.clear_collection("a"), g.clear_collection("b")
        g.add_to_collections(names, 1)
        assert g.get_collection("a") == g.get_collection("b") == [1]
    g.add_to_collections("key", 2)
    assert g.get_collection("key") == [2]


@fact("A46")
def test_standard_keys():
    keys = tf.GraphKeys
    assert keys.GLOBAL_VARIABLES == "variables" == keys.VARIABLES
    assert (keys.LOCAL_VARIABLES, keys.TRAINABLE_VARIABLES, keys.SUMMARIES, keys.QUEUE_RUNNERS,
            keys.TABLE_INITIALIZERS, keys.REGULARIZATION_LOSSES, keys.LOSSES, keys.UPDATE_OPS,
            keys.TRAIN_OP, keys.GLOBAL_STEP, keys.COND_CONTEXT) == (
        "local_variables", "trainable_variables", "summaries", "queue_runners",
        "table_initializer", "regularization_losses", "losses", "update_ops", "train_op",
        "global_step", "cond_context")


@fact("A47", "A48", "A49")
def test_as_graph_def():
    g = tf.get_default_graph()
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    tf.negative(x, name="y"), tf.placeholder(tf.float32, name="u")
    graph = g.as_graph_def()
    assert [n.name for n in graph.node] == ["x", "y", "u"]
    assert graph.versions.producer > 0 and graph.versions.min_consumer == 0
    shapes = g.as_graph_def(add_shapes=True).node[1].attr["_output_shapes"].list.shape
    assert [d.size for d in shapes[0].dim] == [-1, 3]
    assert g.as_graph_def(add_shapes=True).node[2].attr["_output_shapes"].list.shape[0].unknown_rank
    assert len(g.as_graph_def(from_version=2).node) == 3


@fact("A51")
def test_version():
    g = tf.Graph()
    assert g.version == 0
    with g.as_default():
        for n in (1, 2, 3):
            tf.constant(1.0)
            assert g.version == n


@fact("A52", "A54")
def test_finalized_graphs_refuse_change():
    g = tf.get_default_graph()
    c = tf.constant(1.0)
    live = g.get_collection_ref("k")
    g.finalize()
    assert g.finalized
    for change in (lambda: tf.constant(2.0), lambda: g.add_to_collection("k", c),
                   lambda: g.add_to_collections(["k"], c), lambda: g.clear_collection("k")):
        with pytest.raises(RuntimeError, match="Graph is finalized and cannot be modified."):
            change()
    with g.name_scope("s"):
        assert g.get_collection("k") == []
    live.append(c)
    assert g.get_collection("k") == [c] and tf.Session().run(c) == 1
    g.as_graph_def()
    g._unsafe_unfinalize()
    assert not g.finalized and tf.constant(2.0) is not None


@fact("A53")
def test_helpers_that_add_ops_fail_on_a_finalized_graph():
    v = tf.Variable(1.0)
    t, init = tf.constant([1.0]), tf.global_variables_initializer()
    tf.get_default_graph().finalize()
    for helper in (tf.global_variables_initializer, lambda: v.assign(2.0), lambda: t + 1,
                   lambda: t[0]):
        with pytest.raises(RuntimeError, match="Graph is finalized"):
            helper()
    with tf.Session() as s:
        s.run(init)
        v.load(5.0, s)
        assert s.run(v) == 5


@fact("A62")
def test_gradient_override_map():
    g = tf.get_default_graph()
    x = tf.constant(3.0)
    name = "Custom%d" % id(g)
    tf.RegisterGradient(name)(lambda op, dy: dy * 100.0)
    with g.gradient_override_map({"Square": name}):
        y = tf.square(x)
        with g.gradient_override_map({"Square": "Other"}):
            assert tf.square(x).op.get_attr("_gradient_op_type") == b"Other"
        assert tf.square(x).op.get_attr("_gradient_op_type") == name.encode()
    with pytest.raises(ValueError):
        tf.square(x).op.get_attr("_gradient_op_type")
    assert tf.Session().run(tf.gradients(y, x)[0]) == 100
    with pytest.raises(TypeError, match="op_type_map must be a dictionary mapping strings to "
                                        "strings"):
        with g.gradient_override_map({"Square": 1}):
            pass
    with g.gradient_override_map({"Square": "Nobody"}):
        z = tf.square(x)
    with pytest.raises(LookupError):
        tf.gradients(z, x)


@fact("A63")
def test_registering_twice():
    name = "Twice%d" % id(tf.get_default_graph())
    tf.RegisterGradient(name)(lambda op, dy: dy)
    with pytest.raises(KeyError, match="Registering two gradient with name"):
        tf.RegisterGradient(name)(lambda op, dy: dy)
    tf.NotDifferentiable(name + "Stop"), tf.NoGradient(name + "Stop2")


@fact("A64")
def test_operation_look_ups():
    g, a = tf.get_default_graph(), tf.constant(1.0, name="a").op
    assert g.get_operation_by_name("a") is a
    for wrong, kind, text in ((3, TypeError, "Operation names are strings .or similar., not int."),
                              ("b", KeyError, "refers to an Operation not in the graph."),
                              ("a:0", ValueError, "appears to refer to a Tensor, not a Operation")):
        with pytest.raises(kind, match=text):
            g.get_operation_by_name(wrong)


@fact("A65", "A66", "A67", "A70")
def test_tensor_look_ups():
    g, a = tf.get_default_graph(), tf.constant(1.0, name="a")
    assert g.get_tensor_by_name("a:0") is a and g.get_tensor_by_name("a:-1") is a
    form = 'Tensor names must be of the form "<op_name>:<output_index>"'
    for wrong, kind, text in (
            (3, TypeError, "Tensor names are strings .or similar., not int."),
            ("a", ValueError, "refers to an Operation, not a Tensor. " + form),
            ("b", ValueError, "looks like an .invalid. Operation name, not a Tensor. " + form),
            ("b:0", KeyError, "refers to a Tensor which does not exist. The operation, 'b', does "
                              "not exist in the graph."),
            ("a:9", KeyError, "exists but only has 1 outputs."),
            ("a:x", ValueError, "looks a like a Tensor name, but is not a valid one."),
            ("a:0:1", ValueError, "looks a like a Tensor name, but is not a valid one.")):
        with pytest.raises(kind, match=text):
            g.get_tensor_by_name(wrong)


@fact("A68")
def test_elements_of_other_graphs_and_types():
    g, a = tf.get_default_graph(), tf.constant(1.0)
    with tf.Graph().as_default():
        b = tf.constant(1.0)
    assert g.as_graph_element(a) is a and g.as_graph_element(a.op) is a.op
    for foreign in (b, b.op):
        with pytest.raises(ValueError, match="is not an element of this graph."):
            g.as_graph_element(foreign)
    with pytest.raises(TypeError, match="Can not convert a int into a Tensor or Operation."):
        g.as_graph_element(3)
    with pytest.raises(TypeError, match="Can not convert a int into a Tensor."):
        g.as_graph_element(3, allow_operation=False)
    with pytest.raises(ValueError, match="allow_tensor and allow_operation can't both be False."):
        g.as_graph_element(a, allow_tensor=False, allow_operation=False)


@fact("A69")
def test_objects_that_stand_for_an_element():
    class Named:
        def _as_graph_element(self):
            return "a:0"

    a = tf.constant(1.0, name="a")
    assert tf.get_default_graph().as_graph_element(Named()) is a
    assert tf.Session().run(Named()) == 1


@fact("A71", "A78")
def test_every_thread_has_its_own_default_graph():
    main, got = tf.get_default_graph(), []

    def other():
        got.append(tf.get_default_graph())
        tf.constant(1.0)
        tf.reset_default_graph()
        got.append(tf.get_default_graph())

    t = threading.Thread(target=other)
    t.start(), t.join()
    assert got[0] is not main and got[1] is not got[0] and tf.get_default_graph() is main
    assert main.version == 0


@fact("A72")
def test_entering_graphs():
    g, outer = tf.Graph(), tf.get_default_graph()
    context = g.as_default()
    assert tf.get_default_graph() is outer
    with context as entered:
        assert entered is g is tf.get_default_graph()
        with tf.Graph().as_default() as inner:
            assert tf.get_default_graph() is inner
        assert tf.get_default_graph() is g
    assert tf.get_default_graph() is outer


@fact("A73")
def test_leaving_out_of_order():
    a, b = tf.Graph().as_default(), tf.Graph().as_default()
    a.__enter__(), b.__enter__()
    with pytest.raises(AssertionError, match="Nesting violated for default stack of"):
        a.__exit__(None, None, None)
    b.__exit__(None, None, None), a.__exit__(None, None, None)


@fact("A74", "A75")
def test_resetting_inside_a_context():
    def refuses():
        with pytest.raises(AssertionError, match="Do not use tf.reset_default_graph.. to clear "
                                                 "nested graphs."):
            tf.reset_default_graph()

    g = tf.Graph()
    for context in (lambda: g.as_default(), tf.Session, lambda: tf.name_scope("s"),
                    lambda: tf.variable_scope("v"), tf.init_scope):
        tf.constant(1.0)
        with context():
            refuses()
        tf.reset_default_graph()
    s = tf.InteractiveSession(graph=g)
    refuses()
    s.close()
    tf.constant(1.0)
    for context in (tf.Session().as_default(), tf.device("/cpu:0"),
                    tf.control_dependencies([tf.constant(1.0)]),
                    tf.get_default_graph().name_scope("s")):
        with context:
            pass
    with tf.Session().as_default(), tf.device("/cpu:0"):
        tf.reset_default_graph()
    s = tf.InteractiveSession()
    tf.reset_default_graph()
    s.close()


@fact("A74")
def test_the_refusal_says_what_is_open_and_where():
    with tf.Graph().as_default():
        with pytest.raises(AssertionError, match=r"Still open in this thread: a graph "
                                                 r"\(.*graph_test.py:\d+\)"):
            tf.reset_default_graph()


@fact("A76", "A77", "A59")
def test_reset_replaces_and_clears_nothing():
    old = tf.get_default_graph()
    tf.set_random_seed(3)
    c, v = tf.constant(4.0, name="c"), tf.get_variable("v", [])
    s = tf.Session()
    tf.reset_default_graph()
    new = tf.get_default_graph()
    assert new is not old and new.version == 0 and new.seed is None
    assert s.run(c) == 4 and old.get_tensor_by_name("c:0") is c
    assert tf.global_variables() == [] and old.get_collection("variables") == [v]
    assert tf.constant(1.0, name="c").op.name == "c"
    assert tf.get_variable("v", []) is not v


@fact("A79")
def test_reset_under_an_interactive_session():
    s = tf.InteractiveSession()
    tf.reset_default_graph()
    with pytest.raises(ValueError, match="Cannot use the default session to evaluate tensor: the "
                                         "tensor's graph is different from the session's graph."):
        tf.constant(1.0).eval()
    s.close()


@fact("A80", "A81")
def test_graphs_do_not_mix():
    a = tf.constant(1.0)
    with tf.Graph().as_default() as g:
        b = tf.constant(2.0)
        c = a * 3.0
        assert c.graph is a.graph is not g
        with pytest.raises(ValueError, match="must be from the same graph as"):
            tf.add(a, b)
        assert tf.placeholder(tf.float32).graph is g


@fact("A83", "A86")
def test_marks():
    g, t = tf.get_default_graph(), tf.constant(1.0, name="x")
    s = tf.Session()
    assert g.is_feedable(t) and g.is_fetchable(t) and g.is_fetchable(t.op)
    assert s.run(t, {t: 5.0}) == 5
    g.prevent_feeding(t)
    assert not g.is_feedable(t)
    with pytest.raises(ValueError, match=r'Tensor Tensor\("x:0".*\) may not be fed.'):
        s.run(t, {t: 5.0})
    g.prevent_fetching(t.op)
    assert not g.is_fetchable(t) and not g.is_fetchable(t.op)
    with pytest.raises(ValueError, match="Operation 'x' has been marked as not fetchable."):
        s.run(t)


@fact("A84")
def test_a_value_that_was_asked_for_may_not_be_fed():
    from weft.python.framework import tensor_util
    t = tf.constant([2, 3])
    assert list(tensor_util.constant_value(t)) == [2, 3]
    with pytest.raises(ValueError, match="may not be fed."):
        tf.Session().run(t, {t: [1, 1]})


@fact("A87")
def test_tensors_are_no_bools_and_not_iterable():
    t = tf.constant([1.0])
    with pytest.raises(TypeError, match="Using a `tf.Tensor` as a Python `bool` is not allowed."):
        bool(t)
    with pytest.raises(TypeError, match="Tensor objects are only iterable when eager execution is "
                                        "enabled."):
        list(t)


@fact("A88")
def test_equality_is_identity():
    a, b = tf.constant(1.0), tf.constant(1.0)
    assert (a == b) is False and (a == a) is True and (a != b) is True
    assert {a: 1, b: 2}[a] == 1
    for built, kind in ((a < b, "Less"), (a > b, "Greater"), (a + b, "AddV2"), (a <= b, "LessEqual"),
                        (~(a < b), "LogicalNot")):
        assert built.op.type == kind


@fact("A89")
def test_how_they_look():
    t = tf.add(tf.constant([1.0, 2.0]), 1.0, name="add")
    assert str(t) == 'Tensor("add:0", shape=(2,), dtype=float32)'
    assert repr(t) == "<tf.Tensor 'add:0' shape=(2,) dtype=float32>"
    assert repr(t.op) == "<tf.Operation 'add' type=Add>"
    assert str(tf.placeholder(tf.int32, name="p")) == 'Tensor("p:0", dtype=int32)'
    with tf.device("/cpu:0"):
        assert str(tf.constant(1.0, name="d")) == \
            'Tensor("d:0", shape=(), dtype=float32, device=/device:CPU:0)'


@fact("A90")
def test_set_shape():
    x = tf.placeholder(tf.float32, [None, None])
    x.set_shape([2, None])
    x.set_shape([None, 3])
    assert x.shape.as_list() == [2, 3]
    with pytest.raises(ValueError):
        x.set_shape([5, 3])


@fact("A91")
def test_shape_errors_are_raised_at_construction():
    with pytest.raises(ValueError, match=r"Dimensions must be equal, but are 2 and 5 for 'add' "
                                         r"\(op: 'Add'\) with input shapes: \[1,2,3\], "
                                         r"\[4,5,6\]."):
        tf.add(tf.zeros([1, 2, 3]), tf.zeros([4, 5, 6]), name="add")


@fact("A92")
def test_dtypes_do_not_mix():
    f, i = tf.constant(1.0), tf.constant(1)
    with pytest.raises(TypeError, match="has type float32 that does not match type int32 of "
                                        "argument 'x'."):
        tf.add(i, f)
    with pytest.raises(TypeError, match="has DataType string not in list of allowed values"):
        tf.matmul([["a"]], [["b"]])
    assert (f + 1).dtype == tf.float32 and (1 + f).dtype == tf.float32
    assert tf.add(tf.constant(1.0, tf.float64), 2).dtype == tf.float64
    with pytest.raises(TypeError):
        i + 1.5


@fact("A93")
def test_attributes_and_inputs():
    t = tf.matmul(tf.zeros([2, 3]), tf.zeros([2, 4]), transpose_a=True, name="x")
    assert t.op.get_attr("transpose_a") is True and t.op.get_attr("T") == tf.float32
    with pytest.raises(ValueError, match="Operation 'x' has no attr named 'nope'."):
        t.op.get_attr("nope")
    with pytest.raises(TypeError):
        t.op.inputs[0] = t
    assert len(t.op.inputs) == 2


@fact("A94")
def test_eval_and_run_use_the_default_session():
    t = tf.constant(2.0)
    with tf.Session():
        assert t.eval() == 2 and t.op.run() is None
    assert not hasattr(t, "run")


@fact("A96")
def test_no_cycles_among_our_objects():
    gc.collect()
    gc.disable()
    try:
        g = tf.Graph()
        with g.as_default():
            v = tf.get_variable("v", [2])
            y = tf.reduce_sum(v * 2.0)
            train = tf.train.AdamOptimizer().minimize(y)
            tf.add_to_collection("k", y)
            init = tf.global_variables_initializer()
        with tf.Session(graph=g) as s:
            s.run(init), s.run(train)
        gone = [weakref.ref(x) for x in (g, v, y, train, s)]
        del g, v, y, train, init, s
        assert [r() for r in gone] == [None] * len(gone)
    finally:
        gc.enable()


@fact("A97", "B78")
def test_building_while_running():
    g = tf.get_default_graph()
    c = tf.constant(3.0)
    s, errors = tf.Session(), []

    def build():
        with g.as_default():
            for i in range(200):
                tf.add(c, float(i))

    def run():
        try:
            for _ in range(200):
                assert s.run(c) == 3
        except Exception as e:
            errors.append(e)

    threads = [threading.Thread(target=f) for f in [build, run] * 10]
    [t.start() for t in threads], [t.join() for t in threads]
    assert not errors and len(g.get_operations()) == 1 + 10 * 200 * 2


def test_same_object_comes_back():
    t = tf.constant(1.0, name="t")
    g = tf.get_default_graph()
    assert g.get_tensor_by_name("t:0") is t and t.op.outputs[0] is t
    number = id(t)
    assert len({id(g.get_tensor_by_name("t:0")) for _ in range(3)} | {number}) == 1


def test_consumers_and_values():
    a = tf.constant(1.0)
    b, c = tf.negative(a), tf.square(a)
    assert a.consumers() == [b.op, c.op] and b.op.values() == (b,)


def test_traceback_names_the_line():
    op = tf.constant(1.0).op
    file, line, function, text = op.traceback[-1]
    assert file == __file__ and function == "test_traceback_names_the_line"
    assert text == "op = tf.constant(1.0).op"


def test_constants_keep_their_value():
    a = np.arange(2000.0)
    t = tf.constant(a)
    a[:] = -1
    assert tf.Session().run(t)[5] == 5
