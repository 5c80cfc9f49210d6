"""Variable scopes and get_variable: names, sharing, defaults."""
import threading

import numpy as np
import pytest
import weft as tf
from weft.python.ops import variable_scope as vs

fact = pytest.mark.fact
kinds = pytest.mark.parametrize("use_resource", [False, True], ids=["ref", "resource"])


def ready():
    sess = tf.Session()
    sess.run(tf.global_variables_initializer())
    return sess


def here(name):
    """The name scope that an op made now is in."""
    return tf.no_op(name=name).name


# ---- sharing ----

@fact("C26")
def test_a_second_variable_of_a_name():
    tf.get_variable("w", [1])
    with pytest.raises(ValueError) as e:
        tf.get_variable("w", [1])
    text = str(e.value)
    assert text.startswith("Variable w already exists, disallowed. Did you mean to set reuse=True "
                           "or reuse=tf.AUTO_REUSE in VarScope? Originally defined at:\n\n")
    assert "variable_scope_test.py" in text and "weft/python" not in text
    assert 1 <= text.count("  File ") <= 3 and 'tf.get_variable("w", [1])' in text


@fact("C27")
def test_a_missing_variable():
    tf.Variable(1., name="w")
    with tf.variable_scope("", reuse=True):
        with pytest.raises(ValueError, match=r"Variable w does not exist, or was not created with "
                                             r"tf.get_variable\(\). Did you mean to set "
                                             r"reuse=tf.AUTO_REUSE in VarScope\?"):
            tf.get_variable("w", [])


@fact("C28")
@kinds
def test_auto_reuse(use_resource):
    with tf.variable_scope("s", reuse=tf.AUTO_REUSE, use_resource=use_resource):
        w = tf.get_variable("w", [2])
        assert tf.get_variable("w", [2]) is w
    with tf.variable_scope("s", reuse=True):
        assert tf.get_variable("w") is w
    assert len(tf.global_variables()) == 1


@fact("C29")
def test_another_shape_or_dtype():
    w = tf.get_variable("w", [1])
    with tf.variable_scope("", reuse=True):
        with pytest.raises(ValueError, match=r"Trying to share variable w, but specified shape "
                                             r"\(2,\) and found shape \(1,\)."):
            tf.get_variable("w", [2])
        with pytest.raises(ValueError, match="Trying to share variable w, but specified dtype "
                                             "int32 and found dtype float32."):
            tf.get_variable("w", [1], dtype=tf.int32)
        assert tf.get_variable("w") is tf.get_variable("w", [None]) is w


@fact("C30")
def test_reuse_is_inherited():
    with tf.variable_scope("a", reuse=True):
        with tf.variable_scope("b", reuse=False) as b:
            assert b.reuse is True
    with tf.variable_scope("a", reuse=tf.AUTO_REUSE):
        with tf.variable_scope("b") as b:
            assert b.reuse is tf.AUTO_REUSE
    with tf.variable_scope("c", reuse=False) as c:
        assert c.reuse is False
        c.reuse_variables()
        assert c.reuse is True
        with tf.variable_scope("d") as d:
            assert d.reuse is True
    with tf.variable_scope("c") as c:
        assert c.reuse is False
    assert tf.get_variable_scope().reuse is False


@fact("C31")
def test_reuse_of_another_type():
    for wrong in (1, 0, "yes"):
        with pytest.raises(ValueError, match="The reuse parameter must be True or False or None."):
            tf.variable_scope("s", reuse=wrong)


# ---- names ----

@fact("C32")
def test_default_names():
    def name(*args, **kwargs):
        with tf.variable_scope(*args, **kwargs) as scope:
            return scope.name

    assert [name(None, "d"), name(None, "d"), name(None, "d")] == ["d", "d_1", "d_2"]
    assert name("given", "d") == "given"
    for _ in range(2):
        with tf.variable_scope("p"):
            assert [name(None, "d"), name(None, "d")] == ["p/d", "p/d_1"]
    with pytest.raises(ValueError, match="reuse=True cannot be used without a name_or_scope"):
        name(None, "d", reuse=True)
    with pytest.raises(TypeError, match="If default_name is None then name_or_scope is required"):
        tf.variable_scope(None)


@fact("C32")
def test_default_names_follow_variable_scopes():
    with tf.name_scope("d"):
        pass
    with tf.variable_scope(None, "d") as scope:
        assert (scope.name, scope.original_name_scope) == ("d", "d_1/")


@fact("C33")
def test_a_name_of_another_type():
    with pytest.raises(TypeError, match="VariableScope: name_or_scope must be a string or "
                                        "VariableScope."):
        with tf.variable_scope(3):
            pass


@fact("C34")
def test_entering_a_scope_object():
    with tf.variable_scope("outer"):
        with tf.variable_scope("inner") as inner:
            assert here("op") == "outer/inner/op"
            v = tf.get_variable("v", [])
    with tf.variable_scope("elsewhere"):
        with tf.variable_scope(inner) as again:
            w = tf.get_variable("w", [])
            assert again.name == "outer/inner" and w.name == "outer/inner/w:0"
            assert here("op") == "elsewhere/inner/op"
        with tf.variable_scope(inner, reuse=True):
            assert tf.get_variable("v") is v and here("op") == "elsewhere/inner_1/op"
        assert tf.get_variable("x", []).name == "elsewhere/x:0"
    with tf.variable_scope("outer") as outer:
        assert here("op") == "outer_1/op" and outer.original_name_scope == "outer_1/"


@fact("C34")
def test_the_root_scope_entered():
    root = tf.get_variable_scope()
    with tf.variable_scope("s"):
        with tf.variable_scope(root):
            assert tf.get_variable("v", []).name == "v:0" and here("op") == "s/op"


@fact("C35")
def test_no_name_scope():
    with tf.variable_scope("a") as a:
        first = here("op")
        with tf.variable_scope("b", auxiliary_name_scope=False) as b:
            assert tf.get_variable("v", []).name == "a/b/v:0" and here("op") == "a/op_1"
            assert b.original_name_scope == "a/"
    with tf.variable_scope(a, auxiliary_name_scope=False) as again:
        assert here("op") == "op" and again.original_name_scope == "a/"
        with tf.name_scope(again.original_name_scope):
            assert here("op") == "a/op_2" and first == "a/op"
    with pytest.raises(TypeError, match="The auxiliary_name_scope must be"):
        tf.variable_scope("a", auxiliary_name_scope=1)


@fact("C23")
def test_one_context_entered_twice():
    context = tf.variable_scope("s")
    with context as scope:
        tf.get_variable("v", [])
        assert here("op") == "s/op" and scope.name == "s"
    with context as scope:
        assert here("op") == "s_1/op" and scope.name == "s" and scope.original_name_scope == "s/"


@fact("A20")
def test_the_graph_of_values():
    with tf.Graph().as_default() as other:
        x = tf.constant(1.)
    with tf.variable_scope("s", values=[x]):
        assert tf.get_default_graph() is other
        v = tf.get_variable("v", [])
    assert v.graph is other and not tf.global_variables()
    with tf.variable_scope(None, "s", [x]) as scope:
        assert scope.name == "s_1"


# ---- defaults ----

@fact("C36")
def test_defaults_are_inherited():
    def getter(getter, *args, **kwargs):
        return getter(*args, **kwargs)

    def regularizer(v):
        return tf.reduce_sum(v)

    said = dict(initializer=tf.ones_initializer(), regularizer=regularizer, dtype=tf.float64,
                caching_device="/job:moo", custom_getter=getter, use_resource=True,
                partitioner=tf.fixed_size_partitioner(1))
    with tf.variable_scope("a", constraint=abs, **said) as a:
        with tf.variable_scope("b") as b:
            for name, value in said.items():
                assert getattr(a, name) is getattr(b, name) is value
            assert a.constraint is abs and b.constraint is None
        with tf.variable_scope("c", dtype=tf.float32, initializer=tf.zeros_initializer()) as c:
            assert c.dtype == tf.float32 and c.initializer is not a.initializer
            assert c.regularizer is regularizer
    with tf.variable_scope(a) as again:
        for name, value in said.items():
            assert getattr(again, name) is value
    assert tf.get_variable_scope().dtype == tf.float32
    assert tf.get_variable_scope().initializer is None


@fact("C36")
def test_defaults_are_used():
    with tf.variable_scope("a", initializer=tf.constant_initializer(3.), dtype=tf.float64,
                           constraint=abs):
        v = tf.get_variable("v", [2])
        w = tf.get_variable("w", [2], initializer=tf.ones_initializer(), dtype=tf.float32)
    assert v.dtype.base_dtype == tf.float64 and w.dtype.base_dtype == tf.float32
    assert v.constraint is abs
    values = ready().run([v, w])
    assert values[0].tolist() == [3., 3.] and values[1].tolist() == [1., 1.]


@fact("C36", "C43")
def test_custom_getters_nest():
    def scaled(by):
        def getter(getter, name, *args, **kwargs):
            calls.append(by)
            return getter(name, *args, **kwargs) * by
        return getter

    calls = []
    with tf.variable_scope("a", custom_getter=scaled(2.)):
        with tf.variable_scope("b", custom_getter=scaled(3.)) as b:
            v = tf.get_variable("v", [], initializer=tf.ones_initializer())
    with tf.variable_scope(b, custom_getter=scaled(5.), reuse=True):
        w = tf.get_variable("v", [])
    assert calls == [3., 2., 5., 3., 2.]
    assert ready().run([v, w]) == [6., 30.]


@fact("C43")
def test_custom_getters_that_are_none():
    with pytest.raises(ValueError, match="Passed a custom_getter which is not callable"):
        with tf.variable_scope("a", custom_getter=3):
            tf.get_variable("v", [])

    def plain(getter, name, shape, dtype, initializer, regularizer, reuse, trainable, collections,
              caching_device, partitioner, validate_shape, use_resource, synchronization,
              aggregation):
        return getter(name, shape=shape, dtype=dtype, initializer=initializer)

    assert tf.get_variable("w", [2], custom_getter=plain).name == "w:0"


@fact("C37")
def test_scopes_are_a_threads_own():
    def other():
        with graph.as_default():
            seen.append(tf.get_variable_scope().name)
            with tf.variable_scope(None, "d") as scope:
                seen.append(scope.name)
            seen.append(len(tf.global_variables()))
            with tf.variable_scope("s", reuse=True):
                seen.append(tf.get_variable("v"))

    seen, graph = [], tf.get_default_graph()
    with tf.variable_scope(None, "d"):
        with tf.variable_scope("s", reuse=tf.AUTO_REUSE):
            pass
        thread = threading.Thread(target=other)
        with tf.variable_scope("", auxiliary_name_scope=False):
            pass
    with tf.variable_scope("s"):
        v = tf.get_variable("v", [])
        thread.start()
        thread.join()
    assert seen == ["", "d", 1, v]


@fact("C37", "A77")
def test_stores_are_a_graphs_own():
    tf.get_variable("v", [])
    with tf.variable_scope("s"):
        with tf.Graph().as_default():
            assert tf.get_variable("v", []).name == "v:0"
            assert tf.get_variable_scope().name == ""
        assert tf.get_variable_scope().name == "s"
    tf.reset_default_graph()
    assert tf.get_variable("v", []).name == "v:0"


@fact("A45")
def test_what_is_kept_is_not_listed():
    tf.get_variable("v", [])
    assert sorted(tf.get_default_graph().get_all_collection_keys()) == [
        "trainable_variables", "variables"]


# ---- initial values ----

@fact("C38")
def test_default_initializers():
    v = tf.get_variable("v", [50, 70])
    value = ready().run(v)
    limit = np.sqrt(6. / 120.)
    assert v.initial_value.name == "v/Initializer/random_uniform:0"
    assert abs(value).max() <= limit and abs(value).max() > .99 * limit
    for dtype, zero in ((tf.int32, 0), (tf.uint8, 0), (tf.bool, False), (tf.string, b"")):
        w = tf.get_variable("w_" + dtype.name, [2], dtype=dtype)
        assert list(ready().run(w)) == [zero, zero]
    with pytest.raises(ValueError, match="An initializer for variable c of .* is required"):
        tf.get_variable("c", [2], dtype=tf.complex64)


@fact("C39")
def test_a_value_as_initializer():
    v = tf.get_variable("v", initializer=[1, 2])
    assert v.shape.as_list() == [2] and v.dtype.base_dtype == tf.int32
    w = tf.get_variable("w", initializer=tf.constant(1., tf.float64))
    assert w.dtype.base_dtype == tf.float64 and w.shape.as_list() == []
    with pytest.raises(ValueError, match="If initializer is a constant, do not specify shape."):
        tf.get_variable("x", [2], initializer=[1., 2.])
    with pytest.raises(ValueError, match="Initializer type '.*float32.*' and explicit dtype "
                                         "'.*int32.*' don't match."):
        tf.get_variable("x", dtype=tf.int32, initializer=tf.constant(1.))


@fact("C40")
def test_functions_as_initializers():
    v = tf.get_variable("v", initializer=lambda: tf.zeros([2, 3]))
    assert v.shape.as_list() == [2, 3]
    w = tf.get_variable("w", [3], initializer=lambda shape, dtype, partition_info: tf.ones(shape))
    assert list(ready().run(w)) == [1., 1., 1.]
    with pytest.raises(ValueError, match="You can only pass an initializer function that expects "
                                         "no arguments to its callable when the shape is not fully "
                                         "defined."):
        tf.get_variable("x", [None], initializer=lambda shape, dtype: tf.zeros([1]))
    y = tf.get_variable("y", [2], initializer=tf.ones_initializer)
    assert list(ready().run(y)) == [1., 1.]


@fact("C41")
@kinds
def test_regularizers(use_resource):
    def regularizer(v):
        calls.append(v.op.name)
        return tf.reduce_sum(v, name="loss")

    calls = []
    with tf.variable_scope("s", regularizer=regularizer, use_resource=use_resource):
        tf.get_variable("w", [2])
        tf.get_variable("quiet", [2], regularizer=tf.no_regularizer)
        tf.get_variable("none", [2], regularizer=lambda v: None)
    with tf.variable_scope("s", regularizer=regularizer, reuse=True):
        tf.get_variable("w", [2])
    loss, = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    assert calls == ["s/w"] and loss.op.name == "s/w/Regularizer/loss"


# ---- slices ----

@fact("C42")
@kinds
def test_partitioned_variables(use_resource):
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(3),
                           use_resource=use_resource):
        v = tf.get_variable("v", [7, 2], initializer=lambda shape, dtype, partition_info: tf.fill(
            shape, float(partition_info.var_offset[0])))
        scalar = tf.get_variable("scalar", [])
    assert [p.op.name for p in v] == ["s/v/part_0", "s/v/part_1", "s/v/part_2"]
    assert [p.shape.as_list() for p in v] == [[3, 2], [2, 2], [2, 2]] and len(v) == 3
    assert v.name == "s/v" and v.shape.as_list() == [7, 2] and isinstance(scalar, tf.Variable)
    assert [p._get_save_slice_info().spec for p in v] == [
        "7 2 0,3:0,2", "7 2 3,2:0,2", "7 2 5,2:0,2"]
    whole = tf.convert_to_tensor(v)
    assert whole.op.name == "s/v"
    assert ready().run(whole)[:, 0].tolist() == [0., 0., 0., 3., 3., 5., 5.]
    assert ready().run(v + 1.)[:, 0].tolist() == [1., 1., 1., 4., 4., 6., 6.]
    update = v.assign(tf.reshape(tf.range(14.), [7, 2]))
    sess = ready()
    sess.run(update)
    assert sess.run(whole)[:, 1].tolist() == [1., 3., 5., 7., 9., 11., 13.]


@fact("C42")
def test_sharing_partitioned_variables():
    three = tf.fixed_size_partitioner(3)
    v = tf.get_variable("v", [6], partitioner=three)
    with pytest.raises(ValueError, match="Partitioned variable with name v already exists"):
        tf.get_variable("v", [6], partitioner=three)
    with pytest.raises(ValueError, match="No partitioner was provided, but a partitioned version "
                                         "of the variable was found"):
        tf.get_variable("v", [6])
    with tf.variable_scope("", reuse=True):
        assert [p for p in tf.get_variable("v", [6], partitioner=three)] == list(v)
        assert [p for p in tf.get_variable("v", [6])] == list(v)
        with pytest.raises(ValueError, match="Trying to reuse partitioned variable v, but "
                                             r"specified partitions \[2\] and found partitions "
                                             r"\[3\]."):
            tf.get_variable("v", [6], partitioner=tf.fixed_size_partitioner(2))
        with pytest.raises(ValueError, match="Trying to reuse partitioned variable"):
            tf.get_variable("v", [7], partitioner=three)
        with pytest.raises(ValueError, match="PartitionedVariable w does not exist"):
            tf.get_variable("w", [6], partitioner=three)
    tf.get_variable("w", [6])
    with pytest.raises(ValueError, match="A partitioner was provided, but an unpartitioned"):
        tf.get_variable("w", [6], partitioner=three)


@fact("C42")
def test_refused_partitions():
    def refused(said, match, shape=(4, 4)):
        with pytest.raises(ValueError, match=match):
            tf.get_variable("v", shape, partitioner=lambda shape, dtype: said)

    refused([2, 2], "Can only slice a variable along one dimension")
    refused([2], "Partitioner returned a partition list that does not match the Variable's rank")
    refused([0, 1], "Partitioner returned zero partitions for some axes")
    refused(3, "Partitioner must return a sequence")
    refused([1, 1], "Shape of a new partitioned variable must be fully defined", (None, 4))
    with pytest.raises(ValueError, match="Partitioner must be callable"):
        tf.get_variable("v", [4], partitioner=3)


@fact("C42")
def test_slices_of_a_value():
    v = tf.get_variable("v", initializer=tf.constant([1., 2., 3.]),
                        partitioner=tf.fixed_size_partitioner(2))
    assert [list(x) for x in ready().run(list(v))] == [[1., 2.], [3.]]
    parts = tf.create_partitioned_variables([4, 2], [2, 1], tf.zeros_initializer(), name="p")
    assert [p.op.name for p in parts] == ["p/part_0", "p/part_1"]


def test_partitioners():
    shape = tf.TensorShape([2048, 1024])
    by_size = tf.variable_axis_size_partitioner(1 << 20)
    assert by_size(shape=shape, dtype=tf.float32) == [8, 1]
    assert by_size(shape=shape, dtype=tf.string) == [32, 1]
    limited = tf.variable_axis_size_partitioner(1 << 20, max_shards=4)
    assert limited(shape=shape, dtype=tf.float32) == [4, 1]
    assert tf.variable_axis_size_partitioner(1)(shape=shape, dtype=tf.float32) == [2048, 1]
    min_max = tf.min_max_variable_partitioner(max_partitions=100)
    assert min_max(shape=shape, dtype=tf.float32) == [32, 1]
    assert min_max(shape=tf.TensorShape([2048]), dtype=tf.float32) == [1]
    small = tf.min_max_variable_partitioner(max_partitions=100, axis=1, min_slice_size=16 << 10)
    assert small(shape=shape, dtype=tf.float32) == [1, 100]


@fact("C44")
def test_caching_device():
    v = tf.get_variable("v", [], caching_device="/job:moo")
    assert v.value().device == "/job:moo" and v.device == ""
    w = tf.get_variable("w", [])
    assert w.value().op.get_attr("_class") == [b"loc:@w"]


# ---- the scope itself ----

@fact("C21")
def test_collections_of_a_scope():
    with tf.variable_scope("a") as a:
        v = tf.get_variable("v", [])
        w = tf.get_variable("w", [], trainable=False)
        x = tf.get_local_variable("x", [])
        with tf.variable_scope("b") as b:
            y = tf.get_variable("y", [])
    tf.get_variable("ab", [])
    assert a.global_variables() == [v, w, y] and a.trainable_variables() == [v, y]
    assert a.local_variables() == [x] and b.global_variables() == [y]
    assert len(tf.get_variable_scope().global_variables()) == 4


def test_variable_op_scope():
    x = tf.constant(1.)
    with tf.variable_op_scope([x], None, "d") as scope:
        assert scope.name == "d" and tf.get_variable("v", []).name == "d/v:0"


def test_improper_nesting():
    outer = tf.variable_scope("a")
    outer.__enter__()
    store = vs.get_variable_scope_store()
    kept, store.current_scope = store.current_scope, vs.VariableScope(False)
    with pytest.raises(RuntimeError, match="Improper nesting of variable_scope."):
        outer.__exit__(None, None, None)
    assert kept.name == "a"


def test_a_scope_left_by_an_exception():
    with pytest.raises(KeyError):
        with tf.variable_scope("a", reuse=True):
            raise KeyError
    assert tf.get_variable_scope().name == "" and here("op") == "op"
