"""Surgery on GraphDefs."""
import numpy as np
import pytest
import weft as tf
from weft.python.framework import graph_util_impl

fact = pytest.mark.fact


def names(graph_def):
    return [node.name for node in graph_def.node]


@fact("G24")
def test_extract_sub_graph():
    a = tf.constant(1.0, name="a")
    first = tf.no_op(name="first")
    with tf.control_dependencies([first]):
        b = tf.negative(a, name="b")
    tf.split(tf.stack([b, b], name="s"), 2, name="c")[1] + tf.constant(1.0, name="d")
    graph = tf.get_default_graph().as_graph_def()
    assert names(tf.graph_util.extract_sub_graph(graph, ["b"])) == ["a", "first", "b"]
    part = tf.graph_util.extract_sub_graph(graph, ["c"])
    assert {"a", "first", "b", "s", "c"} < {*names(part)} and "d" not in names(part)
    assert part.versions == graph.versions and part.node[0] == graph.node[0]
    assert not part.HasField("library")
    for wrong in ("b", b"b"):
        with pytest.raises(TypeError, match="dest_nodes must be a list."):
            tf.graph_util.extract_sub_graph(graph, wrong)
    with pytest.raises(TypeError, match="graph_def must be a graph_pb2.GraphDef proto."):
        tf.graph_util.extract_sub_graph("graph", ["b"])
    with pytest.raises(AssertionError, match="x is not in graph"):
        tf.graph_util.extract_sub_graph(graph, ["x"])


def model(use_resource):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    with tf.variable_scope("layer", use_resource=use_resource):
        w = tf.get_variable("w", initializer=np.float32([[1, 2], [3, 4], [5, 6]]))
        b = tf.get_variable("b", initializer=np.float32([1, -100]))
    y = tf.nn.relu(tf.matmul(x, w) + b, name="y")
    tf.get_variable("step", initializer=0, trainable=False)
    return x, y


@fact("G23")
@pytest.mark.parametrize("use_resource", [False, True])
def test_convert_variables_to_constants(use_resource):
    x, y = model(use_resource)
    value = np.float32([[1, 0, 1]])
    with tf.Session() as s:
        s.run(tf.global_variables_initializer())
        s.run(tf.assign_add(tf.trainable_variables()[1], [1.0, 1.0]))
        graph = s.graph.as_graph_def()
        frozen = tf.graph_util.convert_variables_to_constants(s, graph, ["y"])
        wanted = s.run(y, {x: value})
        for some in (dict(variable_names_whitelist=["layer/w"]),
                     dict(variable_names_blacklist=["layer/b"])):
            half = tf.graph_util.convert_variables_to_constants(s, graph, ["y"], **some)
            ops = {node.name: node.op for node in half.node}
            assert ops["layer/w"] == "Const"
            assert ops["layer/b"] == ("VarHandleOp" if use_resource else "VariableV2")
        with pytest.raises(AssertionError, match="y:0 is not in graph"):
            tf.graph_util.convert_variables_to_constants(s, graph, ["y:0"])
    assert {n.op for n in frozen.node} == {"Placeholder", "Const", "Identity", "MatMul", "AddV2",
                                           "Relu"}
    assert "step" not in names(frozen) and "layer/w/Assign" not in names(frozen)
    assert [n.op for n in frozen.node if n.name == "layer/w"] == ["Const"]
    with tf.Graph().as_default():
        again, = tf.import_graph_def(frozen, return_elements=["y:0"], name="")
        assert tf.Session().run(again, {"x:0": value}).tolist() == wanted.tolist() == [[8, 0]]


def test_freezing_gathers_and_shapes():
    with tf.variable_scope("", use_resource=True):
        table = tf.get_variable("table", initializer=np.float32([[1, 2], [3, 4]]))
    tf.identity(tf.gather(table, [1]), name="y")
    tf.identity(tf.raw_ops.VariableShape(input=table.handle), name="shape")
    with tf.Session() as s:
        s.run(table.initializer)
        frozen = tf.graph_util.convert_variables_to_constants(
            s, s.graph.as_graph_def(), ["y", "shape"])
    with tf.Graph().as_default():
        y, shape = tf.import_graph_def(frozen, return_elements=["y:0", "shape:0"])
        got = tf.Session().run([y, shape])
    assert got[0].tolist() == [[3, 4]] and got[1].tolist() == [2, 2]


def test_freezing_a_handle_that_went_through_a_switch():
    with tf.variable_scope("", use_resource=True):
        v = tf.get_variable("v", initializer=2.0)
    chosen = tf.raw_ops.Switch(data=v.handle, pred=tf.constant(True))
    tf.identity(tf.raw_ops.ReadVariableOp(resource=chosen.output_true, dtype=tf.float32), name="y")
    with tf.Session() as s:
        s.run(v.initializer)
        frozen = tf.graph_util.convert_variables_to_constants(s, s.graph.as_graph_def(), ["y"])
    switch, = (n for n in frozen.node if n.op == "Switch")
    assert switch.attr["T"].type == 1
    with tf.Graph().as_default():
        y, = tf.import_graph_def(frozen, return_elements=["y:0"])
        assert tf.Session().run(y) == 2


@fact("G25")
def test_remove_training_nodes():
    a = tf.placeholder(tf.float32, name="a")
    b = tf.check_numerics(tf.identity(a, name="i"), "", name="checked")
    c = tf.identity(b, name="kept")
    with tf.control_dependencies([c]):
        d = tf.identity(a, name="late")
    tf.negative(tf.identity(d, name="out_identity"), name="out")
    graph = tf.get_default_graph().as_graph_def()
    small = tf.graph_util.remove_training_nodes(graph)
    assert names(small) == ["a", "kept", "late", "out"]
    assert [list(n.input) for n in small.node] == [[], ["a"], ["a", "^kept"], ["late"]]
    protected = tf.graph_util.remove_training_nodes(graph, ["out_identity", "checked"])
    assert names(protected) == ["a", "checked", "kept", "late", "out_identity", "out"]


def test_nodes_of_the_cpu():
    text, number = tf.constant("a"), tf.constant(1.0)
    v = tf.Variable(1.0)
    assert tf.graph_util.must_run_on_cpu(text.op) and not tf.graph_util.must_run_on_cpu(number.op)
    assert not tf.graph_util.must_run_on_cpu(v.op)
    assert tf.graph_util.must_run_on_cpu(v.op.node_def, pin_variables_on_cpu=True)
    assert graph_util_impl.set_cpu0("/job:a/device:GPU:3") == "/job:a/device:CPU:0"
    x = tf.placeholder(tf.float32, [2, None], name="x")
    shape = tf.graph_util.tensor_shape_from_node_def_name(x.graph, "x")
    assert shape.as_list() == [2, None]
