"""Devices, control dependencies, colocation (A.3, A.4, A.5)."""
import pytest
import weft as tf

fact = pytest.mark.fact


def op(name=None):
    return tf.constant(1.0, name=name or "Const").op


@fact("A24", "A28")
def test_devices_merge_by_fields():
    with tf.device("/device:GPU:0"):
        with tf.device("/job:worker"):
            assert op().device == "/job:worker/device:GPU:0"
        with tf.device("/device:CPU:1"):
            assert op().device == "/device:CPU:1"
    for legacy, canonical in (("/gpu:0", "/device:GPU:0"), ("/cpu:0", "/device:CPU:0"),
                              ("cpu:0", "/device:CPU:0"), ("GPU:1", "/device:GPU:1")):
        with tf.device(legacy):
            assert op().device == canonical
    with tf.device(tf.DeviceSpec(job="ps", device_type="CPU", device_index=0)):
        assert op().device == "/job:ps/device:CPU:0"


@fact("A25")
def test_wildcards():
    with tf.device("/device:GPU:7"):
        with tf.device("/device:GPU:*"):
            assert op().device == "/device:GPU:7"
    with tf.device("/device:GPU:*"):
        with tf.device("/device:GPU:3"):
            assert op().device == "/device:GPU:3"


@fact("A26")
def test_none_ignores_and_empty_keeps():
    with tf.device("/device:GPU:0"):
        with tf.device(None):
            assert op().device == ""
            with tf.device("/job:worker"):
                assert op().device == "/job:worker"
        with tf.device(""):
            assert op().device == "/device:GPU:0"


@fact("A27")
def test_device_functions():
    seen = []

    def choose(operation):
        seen.append((operation.type, operation.name))
        return "/device:CPU:3" if operation.type == "Const" else "/device:CPU:4"

    with tf.device(choose):
        c = op("c")
        assert c.device == "/device:CPU:3"
        assert tf.identity(c.outputs[0]).op.device == "/device:CPU:4"
        with tf.device("/device:GPU:1"):
            assert op().device == "/device:CPU:3"       # a plain function overwrites
        with tf.device(None):
            assert op().device == ""
    assert seen[0] == ("Const", "c")
    assert op().device == ""


def test_switching_scopes_to_thread_local_is_accepted():
    tf.get_default_graph().switch_to_thread_local()
    with tf.device("/device:CPU:0"):
        assert op().device == "/device:CPU:0"


@fact("A30")
def test_devices_are_not_checked_at_construction():
    with tf.device("/job:nowhere/device:TPU:77"):
        assert op().device == "/job:nowhere/device:TPU:77"


@fact("A31")
def test_control_inputs_of_all_enclosing_lists():
    a, b = op("a"), op("b")
    with tf.control_dependencies([a]):
        with tf.control_dependencies([b]):
            c = op("c")
        tf.identity(a.outputs[0])
    assert set(c.control_inputs) == {a, b}
    assert a.control_inputs == []


@fact("A32")
def test_none_drops_enclosing_ones():
    with tf.control_dependencies([op("a")]):
        with tf.control_dependencies(None):
            assert op("c").control_inputs == []
        assert len(op("d").control_inputs) == 1
        with tf.control_dependencies([]):
            assert len(op("e").control_inputs) == 1


@fact("A33")
def test_what_may_be_listed():
    a, t = op("a"), tf.constant(1.0, name="t")
    v = tf.Variable(1.0, name="v")
    rows = tf.IndexedSlices(tf.constant([1.0], name="values"), tf.constant([0]))
    with tf.control_dependencies([a, t, v, rows, "a"]):
        c = op("c")
    assert {x.name for x in c.control_inputs} == {"a", "t", "v", "values"}
    with tf.Graph().as_default():
        foreign = op("f")
    with pytest.raises(ValueError, match="is not an element of this graph."):
        tf.control_dependencies([foreign])
    with pytest.raises(TypeError, match="Can not convert a float into a Tensor or Operation."):
        tf.control_dependencies([1.5])


@fact("A34")
def test_no_superfluous_control_inputs():
    a = op("a")
    with tf.control_dependencies([a, a]):
        inside = tf.constant(2.0, name="inside")
        assert inside.op.control_inputs == [a]
        assert tf.identity(a.outputs[0]).op.control_inputs == []    # a is an input already
        assert tf.negative(inside).op.control_inputs == []          # `inside` waits for a


@fact("A35")
def test_control_inputs_stand_behind_the_others():
    a = op("a")
    x = tf.placeholder(tf.float32, name="x")
    with tf.control_dependencies([a]):
        n = tf.negative(x)
    assert list(n.op.node_def.input) == ["x", "^a"]


@fact("A37")
def test_colocation():
    with tf.device("/device:CPU:0"):
        a = op("a")
    with tf.device("/device:GPU:9"):
        with tf.colocate_with(a):
            b = op("b")
            with tf.colocate_with(op("z")):
                c = op("c")
    assert b.get_attr("_class") == [b"loc:@a"] and b.device == "/device:CPU:0"
    assert c.get_attr("_class") == [b"loc:@a"]      # z is in a's group itself
    with tf.colocate_with(b):
        assert op("d").get_attr("_class") == [b"loc:@a"]


@fact("A38")
def test_an_inner_device_wins():
    with tf.device("/device:CPU:0"):
        a = op("a")
    with tf.colocate_with(a), tf.device("/device:CPU:1"):
        assert op("b").device == "/device:CPU:1"


@fact("A39")
def test_resetting_colocation_must_be_said():
    with pytest.raises(ValueError, match="Trying to reset colocation .op is None. but "
                                         "ignore_existing is not True"):
        with tf.colocate_with(None):
            pass
    a = op("a")
    with tf.colocate_with(a), tf.colocate_with(None, ignore_existing=True):
        assert op("b").colocation_groups() == [b"loc:@b"]


@fact("A40")
def test_groups_of_an_uncolocated_op():
    a = op("a")
    assert a.colocation_groups() == [b"loc:@a"]
    with pytest.raises(ValueError, match="Operation 'a' has no attr named '_class'."):
        a.get_attr("_class")


@fact("A95")
def test_containers():
    g = tf.get_default_graph()
    with g.container("c"):
        v = tf.Variable(1.0)
        assert v.op.get_attr("container") == b"c"
        with g.container(""):
            assert tf.Variable(1.0).op.get_attr("container") == b""
    assert tf.Variable(1.0).op.get_attr("container") == b""
