"""Variables: where their values live, what they are made of, initialized, named and kept."""
import gc
import threading
import weakref

import numpy as np
import pytest
import weft as tf
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.ops import variables
from weft.python.training import server_lib

fact = pytest.mark.fact
kinds = pytest.mark.parametrize("use_resource", [False, True], ids=["ref", "resource"])


def names(prefix=""):
    return [op.name for op in tf.get_default_graph().get_operations()
            if op.name.startswith(prefix)]


def ready():
    """A session in which all variables are initialized."""
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


# ---- where values live ----

@fact("C1")
def test_values_are_found_by_container_and_shared_name():
    a = gen.VariableV2(shape=[], dtype=tf.float32, shared_name="same", name="a")
    b = gen.VariableV2(shape=[], dtype=tf.float32, shared_name="same", name="b")
    c = gen.VariableV2(shape=[], dtype=tf.float32, shared_name="same", container="c", name="c")
    with tf.Session() as sess:
        sess.run(tf.assign(a, 3.))
        assert sess.run(b) == 3.
        with pytest.raises(tf.errors.FailedPreconditionError):
            sess.run(c)


@fact("C2", "C5")
@kinds
def test_each_session_has_its_own_values(use_resource):
    v = tf.Variable(10., name="v", use_resource=use_resource)
    add = v.assign_add(5.)
    first, second = ready(), ready()
    assert first.run(add) == 15. and second.run(add) == 15.
    assert first.run(add) == 20. and second.run(v) == 15.


@fact("C3")
def test_sessions_on_one_server_share():
    server = server_lib.Server.create_local_server()
    v = tf.Variable(1., name="shared_by_sessions")
    with tf.Session(server.target) as sess:
        sess.run(v.initializer)
        sess.run(v.assign(7.))
    with tf.Graph().as_default():
        same = tf.Variable(2., name="shared_by_sessions")
        with tf.Session(server.target) as sess:
            assert sess.run(same) == 7.
    alone = tf.ConfigProto(isolate_session_state=True)
    with tf.Session(server.target, config=alone) as sess:
        with pytest.raises(tf.errors.FailedPreconditionError):
            sess.run(v)


@fact("C4")
def test_names_of_containers_and_shared_names():
    graph = tf.get_default_graph()
    with graph.container("good-1/x"):
        v = tf.Variable(1., name="v")
    assert v.op.get_attr("container") == b"good-1/x"
    with graph.container("bad name"):
        w = tf.Variable(1., name="w")
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError,
                           match="container contains invalid characters"):
            sess.run(w.initializer)
    x = gen.VariableV2(shape=[], dtype=tf.float32, shared_name="_x")
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError,
                           match="shared_name cannot start with '_'"):
            sess.run(tf.assign(x, 1.))


@fact("C6")
def test_initialization_is_per_session():
    v = tf.Variable(10., name="v")
    add = v.assign_add(5.)
    ready()
    with pytest.raises(tf.errors.FailedPreconditionError):
        tf.Session().run(add)


# ---- initialization ----

@fact("C7")
def test_ops_of_a_ref_variable():
    v = tf.Variable([1., 2.], name="v")
    assert names() == ["v/initial_value", "v", "v/Assign", "v/read"]
    assert [op.type for op in tf.get_default_graph().get_operations()] == [
        "Const", "VariableV2", "Assign", "Identity"]
    assert v.value().op.get_attr("_class") == [b"loc:@v"]
    tf.Variable(lambda: tf.zeros([2]), name="w")
    assert names("w") == ["w/Initializer/zeros", "w", "w/Assign", "w/read"]


@fact("C7")
def test_ops_of_a_resource_variable():
    v = tf.Variable([1., 2.], name="v", use_resource=True)
    assert names() == ["v/Initializer/initial_value", "v", "v/IsInitialized/VarIsInitializedOp",
                       "v/Assign", "v/Read/ReadVariableOp"]
    assert v.op.type == "VarHandleOp" and v.initializer.type == "AssignVariableOp"
    assert v.op.get_attr("shared_name") == b"v" and v.handle.dtype == tf.resource


@fact("C8")
def test_initializer_op():
    first = tf.global_variables_initializer()
    assert (first.name, first.type) == ("init", "NoOp") and not first.control_inputs
    v = tf.Variable(1., name="v")
    second = tf.global_variables_initializer()
    assert second.name == "init_1" and second.control_inputs == [v.initializer]
    assert isinstance(v.initializer, tf.Operation)
    tf.Variable(1., name="later")
    assert second.control_inputs == [v.initializer]


@fact("C9")
def test_reading_an_uninitialized_ref_variable():
    v = tf.Variable(1., name="v")
    with tf.Session() as sess:
        with pytest.raises(tf.errors.FailedPreconditionError,
                           match="Attempting to use uninitialized value v") as e:
            sess.run(v + 1.)
        assert e.value.op.name == "v/read"
        with pytest.raises(tf.errors.FailedPreconditionError,
                           match="Attempting to use uninitialized value v") as e:
            sess.run(v)
        assert e.value.op is None and "_retval_v_0_0" in str(e.value)


@fact("C10")
def test_adding_to_an_uninitialized_ref_variable():
    v = tf.Variable(1., name="v")
    for update in (v.assign_add(1.), v.assign_sub(1.)):
        with pytest.raises(tf.errors.FailedPreconditionError,
                           match="Attempting to use uninitialized value v"):
            tf.Session().run(update)


@fact("C11")
def test_reading_an_uninitialized_resource_variable():
    v = tf.Variable(1., name="v", use_resource=True)
    with pytest.raises(tf.errors.FailedPreconditionError) as e:
        tf.Session().run(v)
    assert ("Error while reading resource variable v from Container: localhost. This could mean "
            "that the variable was uninitialized. Not found: ") in str(e.value)
    assert "Container localhost does not exist." in str(e.value) or (
        "Resource localhost/v/" in str(e.value) and "does not exist." in str(e.value))


@fact("C12")
@kinds
def test_initializing_again(use_resource):
    v = tf.Variable(1., use_resource=use_resource)
    r = tf.Variable(tf.random_uniform([4]), use_resource=use_resource)
    sess = ready()
    before = sess.run(r)
    sess.run(v.assign(5.))
    sess.run([v.initializer, r.initializer])
    assert sess.run(v) == 1. and not np.array_equal(sess.run(r), before)


@fact("C13")
@kinds
def test_initial_value(use_resource):
    v = tf.Variable(3., name="v", use_resource=use_resource)
    assert v.initial_value.name.endswith("initial_value:0")
    assert tf.Session().run(v.initial_value) == 3.


@fact("C13")
@kinds
def test_initialized_value(use_resource):
    v = tf.Variable(3., name="v", use_resource=use_resource)
    value = v.initialized_value()
    with tf.Session() as sess:
        assert sess.run(value) == 3.
        assert not sess.run(tf.is_variable_initialized(v))
        sess.run(v.initializer)
        sess.run(v.assign(4.))
        assert sess.run(value) == 4.


@fact("C14")
def test_initial_values_that_depend_on_other_variables():
    rnd = tf.Variable(tf.random_uniform([3]), name="rnd")
    double = tf.Variable(tf.stack([rnd, rnd]) * 2., name="double")
    more = tf.Variable(double + 1., name="more")
    with tf.Session() as sess:
        sess.run([more.initializer, double.initializer, rnd.initializer])
        r, d, m = sess.run([rnd, double, more])
    assert np.array_equal(d, 2 * np.stack([r, r])) and np.array_equal(m, d + 1)


@fact("C14")
def test_how_initial_values_are_rewritten(monkeypatch):
    monkeypatch.setattr(tf.Variable, "initialized_value",
                        lambda self: tf.identity(self.initial_value, name="initialized"))
    a = tf.Variable([1., 2.], name="a")
    r = tf.Variable([1., 2.], name="r", use_resource=True)
    shared = tf.stack([a, a, tf.ones([2])], axis=1)
    b = tf.Variable(tf.reduce_sum(shared, 0) + tf.reduce_sum(shared, 0), name="b")
    c = tf.Variable(tf.constant(3.) * 2., name="c")
    d = tf.Variable(r * 2., name="d")
    assert b.initializer.inputs[1].op.name == "add_b" and b.initial_value.op.name == "add"
    assert b.initializer.inputs[1].op.type == b.initial_value.op.type
    copy = tf.get_default_graph().get_operation_by_name("stack_b")
    assert copy.get_attr("axis") == 1 and copy.inputs[0] is copy.inputs[1]
    assert copy.inputs[0].op.name == "a/read_b" and copy.inputs[2].op.name == "ones"
    assert copy.inputs[0].op.inputs[0].op.inputs[0] is a.initial_value
    for untouched in (c, d):
        assert untouched.initializer.inputs[1] is untouched.initial_value
    with tf.Session() as sess:
        sess.run(b.initializer)
        assert sess.run(b).tolist() == [6., 6., 4.]


@fact("C15")
@kinds
def test_refused_initial_values(use_resource):
    with pytest.raises(ValueError, match="initial_value must be specified."):
        tf.Variable(use_resource=use_resource)
    with pytest.raises(ValueError, match="The `constraint` argument must be a callable."):
        tf.Variable(1., constraint=3, use_resource=use_resource)


@fact("C15")
def test_initial_value_of_unknown_shape():
    unknown = tf.placeholder(tf.float32)
    with pytest.raises(ValueError, match="initial_value must have a shape specified"):
        tf.Variable(unknown)
    v = tf.Variable(unknown, validate_shape=False)
    assert v.shape.ndims is None
    with tf.Session() as sess:
        sess.run(v.initializer, {unknown: [1., 2.]})
        assert list(sess.run(v)) == [1., 2.]


@fact("C16")
@kinds
def test_initializers_are_lifted_out_of_control_dependencies(use_resource):
    c = tf.no_op(name="c")
    with tf.control_dependencies([c]):
        v = tf.Variable(lambda: tf.fill([2], 1.), name="v", use_resource=use_resource)
        w = tf.get_variable("w", [2], use_resource=use_resource)
    for op in [v.initializer, v.op, w.initializer, w.initial_value.op, v.initial_value.op]:
        assert not op.control_inputs


@fact("C17")
def test_reports_of_what_is_uninitialized():
    none = tf.report_uninitialized_variables()
    assert tf.Session().run(none).shape == (0,)
    assert tf.assert_variables_initialized() is None
    v, w = tf.Variable(1., name="v"), tf.Variable(1., name="w", use_resource=True)
    loc = tf.get_local_variable("loc", initializer=1.)
    report, check = tf.report_uninitialized_variables(), tf.assert_variables_initialized()
    is_v, is_w = tf.is_variable_initialized(v), tf.is_variable_initialized(w)
    with tf.Session() as sess:
        assert list(sess.run(report)) == [b"v", b"w", b"loc"]
        assert not sess.run(is_v) and not sess.run(is_w)
        with pytest.raises(tf.errors.FailedPreconditionError):
            sess.run(check)
        sess.run([v.initializer, w.initializer])
        assert list(sess.run(report)) == [b"loc"] and sess.run(is_v) and sess.run(is_w)
        sess.run(loc.initializer)
        assert sess.run(report).shape == (0,)
        sess.run(check)
        assert list(sess.run(tf.report_uninitialized_variables([v]))) == []


@fact("C18")
@kinds
def test_load(use_resource):
    v = tf.Variable([1., 2.], use_resource=use_resource)
    sess = ready()
    count = len(names())
    v.load([5., 6.], sess)
    assert list(sess.run(v)) == [5., 6.] and len(names()) == count
    with sess.as_default():
        v.load([7., 8.])
    assert list(v.eval(session=sess)) == [7., 8.]
    with pytest.raises(ValueError, match="Either session argument should be provided"):
        v.load([1., 1.])


@fact("A53")
def test_load_on_a_finalized_graph():
    v = tf.Variable(1.)
    sess = ready()
    tf.get_default_graph().finalize()
    v.load(2., sess)
    assert sess.run(v) == 2.
    for add in (tf.global_variables_initializer, lambda: v.assign(1.), lambda: v + 1.):
        with pytest.raises(RuntimeError, match="Graph is finalized and cannot be modified."):
            add()


# ---- collections and names ----

@fact("C19")
@kinds
def test_collections(use_resource):
    a = tf.Variable(1., use_resource=use_resource)
    b = tf.Variable(1., trainable=False, use_resource=use_resource)
    c = tf.Variable(1., collections=["mine"], use_resource=use_resource)
    d = tf.Variable(1., collections=("mine",), trainable=False, use_resource=use_resource)
    e = tf.get_variable("e", [], use_resource=use_resource)
    assert tf.global_variables() == [a, b, e] == tf.all_variables()
    assert tf.trainable_variables() == [a, c, e]
    assert tf.get_collection("mine") == [c, d]
    with pytest.raises(ValueError, match="collections argument to Variable constructor must be a "
                                         "list, tuple, or set."):
        tf.Variable(1., collections="mine", use_resource=use_resource)


@fact("C20")
def test_local_variables():
    a = tf.get_local_variable("a", [2], initializer=tf.ones_initializer())
    b = tf.Variable(1., collections=[tf.GraphKeys.LOCAL_VARIABLES], trainable=False)
    assert tf.local_variables() == [a, b]
    assert not tf.global_variables() and not tf.trainable_variables()
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        assert list(sess.run(a)) == [1., 1.] and sess.run(b) == 1.


@fact("C21")
def test_lists_by_scope():
    with tf.variable_scope("one"):
        a = tf.get_variable("a", [])
        loc = tf.get_local_variable("l", [])
    with tf.variable_scope("two/one"):
        tf.get_variable("b", [])
    assert tf.global_variables("one") == tf.trainable_variables("one") == [a]
    assert tf.local_variables("one") == [loc]
    assert len(tf.global_variables(".*one")) == 2 and not tf.local_variables("two")


@fact("C22")
@kinds
def test_default_names(use_resource):
    a, b = (tf.Variable(1., use_resource=use_resource) for _ in range(2))
    assert (a.name, a.op.name, b.name) == ("Variable:0", "Variable", "Variable_1:0")


@fact("C23")
@kinds
def test_variables_take_name_scopes(use_resource):
    def made():
        return tf.Variable(1., name="w", use_resource=use_resource).op.name

    assert made() == "w" and made() == "w_1"
    with tf.name_scope("n"):
        assert made() == "n/w"
    with tf.variable_scope("s"):
        assert made() == "s/w"
    with tf.variable_scope("s"):
        assert made() == "s_1/w"


@fact("C24")
@kinds
def test_get_variable_ignores_name_scopes(use_resource):
    with tf.name_scope("a"):
        w = tf.get_variable("w", [2], use_resource=use_resource)
        with tf.variable_scope("s"):
            x = tf.get_variable("x", [2], use_resource=use_resource)
    assert (w.name, x.name) == ("w:0", "s/x:0")
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        assert tf.get_variable("w") is w and tf.get_variable("s/x") is x


@fact("C25")
def test_an_op_has_the_name_already():
    tf.constant(1., name="w")
    w = tf.get_variable("w", [2])
    assert w.name == "w_1:0"
    with tf.variable_scope("", reuse=True):
        assert tf.get_variable("w") is w


# ---- objects ----

def test_all_are_variables():
    assert tf.Variable is variables.VariableV1
    for use_resource in (False, True):
        v = tf.Variable(1., use_resource=use_resource)
        assert isinstance(v, tf.Variable) and v.graph is tf.get_default_graph()
        assert v.trainable and v.constraint is None and v.shape == []
        assert v.synchronization == tf.VariableSynchronization.AUTO
        assert v.aggregation == tf.VariableAggregation.NONE


def test_the_same_object_comes_back():
    v = tf.Variable(1.)
    assert tf.global_variables()[0] is v
    assert ops.get_collection("variables")[0] is tf.trainable_variables()[0]
    v.note = "kept"
    del v
    gc.collect()
    assert tf.global_variables()[0].note == "kept"
    assert not hasattr(tf.global_variables()[0], "other")


@fact("A96")
@kinds
def test_graphs_are_freed_without_collecting(use_resource):
    gc.collect()
    gc.disable()
    try:
        with tf.Graph().as_default() as graph:
            v = tf.Variable([1., 2.], use_resource=use_resource)
            with tf.variable_scope("s"):
                w = tf.get_variable("w", [2], use_resource=use_resource,
                                    regularizer=lambda x: tf.reduce_sum(x * x))
            sess = ready()
            v.assign_add(w)
        ref = weakref.ref(graph)
        del graph, v, w, sess
        assert ref() is None
    finally:
        gc.enable()


@fact("C15")
def test_synchronization_and_aggregation():
    on_read = tf.VariableSynchronization.ON_READ
    assert not tf.Variable(1., synchronization=on_read).trainable
    with pytest.raises(ValueError, match="Synchronization value can be set to "
                                         "VariableSynchronization.ON_READ only for non-trainable"):
        tf.Variable(1., synchronization=on_read, trainable=True)
    with pytest.raises(ValueError, match="Invalid variable synchronization mode: 3"):
        tf.Variable(1., synchronization=3)


def test_creators():
    made = []

    def remember(next_creator, **kwargs):
        v = next_creator(**kwargs)
        made.append(v.op.name)
        return v

    def rename(next_creator, **kwargs):
        kwargs["name"] = "renamed"
        return next_creator(**kwargs)

    with tf.variable_creator_scope(remember):
        with tf.variable_creator_scope(rename):
            tf.Variable(1., name="v")
        tf.get_variable("w", [])
    tf.Variable(1., name="x")
    assert made == ["renamed", "w"]


def test_dtypes_and_shapes():
    v = tf.Variable([1, 2], dtype=tf.float64)
    assert v.dtype.base_dtype == tf.float64 and v.get_shape().as_list() == [2]
    w = tf.Variable(tf.placeholder(tf.float32, [None]), validate_shape=False)
    w.set_shape([3])
    assert w.shape.as_list() == [3] and w.value().shape.as_list() == [3]


def test_variables_of_several_threads():
    def make(i):
        with graph.as_default():
            for _ in range(20):
                tf.Variable(float(i))

    graph = tf.get_default_graph()
    threads = [threading.Thread(target=make, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len({v.name for v in tf.global_variables()}) == 80
