"""Meta graphs: graphs with their collections, to messages and files and back."""
import pathlib

import numpy as np
import pytest
import weft as tf
from weft.python.framework import messages, meta_graph, ops

fact = pytest.mark.fact
MODELS = pathlib.Path(__file__).resolve().parents[3] / "shared/models"
models = pytest.mark.skipif(not MODELS.is_dir(), reason="../shared/models is not here")


def same(message, **options):
    """A new graph with what the meta graph has, and the Saver."""
    graph = tf.Graph()
    with graph.as_default():
        return graph, tf.train.import_meta_graph(message, **options)


# ---- variables as messages ----

def test_ref_variables_as_messages():
    with tf.name_scope("s"):
        v = tf.Variable([1.0, 2.0], name="v", trainable=False)
    message = v.to_proto()
    assert isinstance(message, messages.VariableDef)
    assert (message.variable_name, message.initializer_name, message.snapshot_name,
            message.initial_value_name) == ("s/v:0", "s/v/Assign", "s/v/read:0",
                                            "s/v/initial_value:0")
    assert not message.trainable and not message.is_resource
    assert v.to_proto("t") is None
    inner = v.to_proto(export_scope="s")
    assert inner.variable_name == "v:0" and inner.initializer_name == "v/Assign"
    for again in (tf.Variable.from_proto(message), tf.Variable.from_proto(inner, "s"),
                  tf.Variable(variable_def=message)):
        assert type(again) is type(v) and again.op is v.op and again.dtype == v.dtype
        assert again.initializer is v.initializer and again.value() is v.value()
        assert again.initial_value is v.initial_value and again.name == "s/v:0"
        assert not again.trainable and again.shape == [2]
    with pytest.raises(ValueError, match="variable_def and initial_value are mutually exclusive"):
        tf.Variable(1.0, variable_def=message)
    with pytest.raises(KeyError, match="v:0"):
        tf.Variable.from_proto(inner)


def test_resource_variables_as_messages():
    v = tf.Variable([1.0, 2.0], name="v", use_resource=True,
                    aggregation=tf.VariableAggregation.SUM)
    message = v.to_proto()
    assert message.is_resource and message.trainable
    assert message.aggregation == messages.VARIABLE_AGGREGATION_SUM
    assert message.snapshot_name == "v/Read/ReadVariableOp:0"
    again = tf.Variable.from_proto(message)
    assert type(again) is type(v) and again.handle is v.handle and again.dtype == tf.float32
    assert again._as_graph_element() is v._as_graph_element() and again.shape == [2]
    assert again.aggregation is tf.VariableAggregation.SUM
    message.snapshot_name = ""              # as old files have it
    assert tf.Variable.from_proto(message)._as_graph_element() is v._as_graph_element()
    cached = tf.Variable(1.0, name="c", use_resource=True, caching_device="/cpu:0")
    again = tf.Variable.from_proto(cached.to_proto())
    assert again.value() is cached.value()


def test_slices_as_messages():
    whole = tf.get_variable("p", [5, 2], partitioner=tf.fixed_size_partitioner(2))
    part = list(whole)[1]
    message = part.to_proto()
    info = message.save_slice_info_def
    assert info.full_name == "p" and list(info.full_shape) == [5, 2]
    assert list(info.var_offset) == [3, 0] and list(info.var_shape) == [2, 2]
    assert tf.Variable.from_proto(message)._save_slice_info.spec == "5 2 3,2:0,2"


# ---- collections ----

@fact("G12")
def test_collections_of_every_kind():
    v = tf.Variable(1.0, name="v")
    y = tf.multiply(v, 2.0, name="y")
    for key, value in (("tensors", y), ("ops", y.op), ("numbers", 5), ("floats", 1.5),
                       ("texts", "text"), ("bytes", b"\xff"), ("savers", tf.train.Saver())):
        tf.add_to_collection(key, value)
    tf.add_to_collection(("a", "tuple"), 1)
    tf.add_to_collection("whatever", object())
    message = tf.train.export_meta_graph()
    kinds = {key: value.WhichOneof("kind") for key, value in message.collection_def.items()}
    assert kinds == {"variables": "bytes_list", "trainable_variables": "bytes_list",
                     "tensors": "node_list", "ops": "node_list", "numbers": "int64_list",
                     "floats": "float_list", "texts": "bytes_list", "bytes": "bytes_list",
                     "savers": "bytes_list"}
    graph, saver = same(message)
    assert graph.get_collection("tensors")[0] is graph.get_tensor_by_name("y:0")
    assert graph.get_collection("ops")[0] is graph.get_operation_by_name("y")
    assert graph.get_collection("numbers") == [5] and graph.get_collection("floats") == [1.5]
    assert graph.get_collection("texts") == [b"text"] and graph.get_collection("bytes") == [b"\xff"]
    assert graph.get_collection("savers")[0].saver_def == tf.get_collection("savers")[0].saver_def
    variable, = graph.get_collection("variables")
    assert variable is graph.get_collection("trainable_variables")[0]
    assert saver is not None and saver.saver_def.save_tensor_name == "save/control_dependency_1:0"


def test_collections_whose_elements_say_how_they_are_written():
    class Thing:
        def __init__(self, name):
            self.name = name

    ops.register_proto_function(
        "things_of_a_test", messages.NodeDef, lambda x, export_scope: messages.NodeDef(name=x.name),
        lambda m, import_scope: Thing(ops.prepend_name_scope(m.name, import_scope)))
    tf.add_to_collection("things_of_a_test", Thing("one"))
    graph, _ = same(tf.train.export_meta_graph(), import_scope="s")
    assert graph.get_collection("things_of_a_test")[0].name == "s/one"
    assert ops.get_collection_proto_type("things_of_a_test") is messages.NodeDef
    with pytest.raises(TypeError, match="to_proto must be callable"):
        ops.register_proto_function("k", messages.NodeDef, to_proto=3)


def test_only_some_collections():
    tf.Variable(1.0)
    tf.add_to_collection("c", 1)
    message = tf.train.export_meta_graph(collection_list=["c"])
    assert list(message.collection_def) == ["c"]
    graph = tf.Graph()
    message = tf.train.export_meta_graph()
    meta_graph.import_scoped_meta_graph(message, graph=graph,
                                        restore_collections_predicate=lambda key: key == "c")
    assert graph.get_all_collection_keys() == ["c"]


# ---- what a meta graph says ----

def test_what_a_meta_graph_says():
    x = tf.placeholder(tf.float32, [None, 2], name="x")
    tf.matmul(x, [[1.0], [2.0]], name="y")
    message = tf.train.export_meta_graph()
    info = message.meta_info_def
    assert info.tensorflow_version == "1.15.0" and info.tensorflow_git_version
    assert [op.name for op in info.stripped_op_list.op] == ["Const", "MatMul", "Placeholder"]
    op = info.stripped_op_list.op[1]
    assert [a.name for a in op.input_arg] == ["a", "b"] and op.output_arg[0].type_attr == "T"
    assert op.attr[0].default_value.b is False and op.attr[0].HasField("default_value")
    assert tf.DType(op.attr[2].allowed_values.list.type[0]) == tf.float32
    assert not message.HasField("saver_def")
    y = message.graph_def.node[-1]
    assert y.attr["_output_shapes"].list.shape[0].dim[0].size == -1
    assert "transpose_a" in y.attr
    stripped = tf.train.export_meta_graph(strip_default_attrs=True)
    assert "transpose_a" not in stripped.graph_def.node[-1].attr
    assert "T" in stripped.graph_def.node[-1].attr
    assert stripped.meta_info_def.stripped_default_attrs
    graph, saver = same(stripped)
    assert saver is None and graph.get_operation_by_name("y").get_attr("transpose_a") is False
    with pytest.raises(TypeError, match="graph_def must be of type GraphDef"):
        tf.train.export_meta_graph(graph_def=3)
    unknown = messages.GraphDef()
    unknown.node.add(name="u", op="Unheard")
    with pytest.raises(ValueError, match="Op Unheard is used by the graph, but is not registered"):
        meta_graph.stripped_op_list_for_graph(unknown)


def test_ops_of_functions():
    graph_def = messages.GraphDef()
    graph_def.node.add(name="call", op="f")
    function = graph_def.library.function.add()
    function.signature.name = "f"
    function.node_def.add(name="n", op="MatMul")
    function.node_def.add(name="again", op="f")
    assert meta_graph.ops_used_by_graph_def(graph_def) == {"MatMul"}


@fact("G12")
def test_files(tmp_path):
    v = tf.Variable(2.0, name="v")
    tf.add_to_collection("y", v * 3.0)
    path = str(tmp_path / "made/m.meta")
    written = tf.train.export_meta_graph(path)
    assert meta_graph.read_meta_graph_file(path) == written
    assert tf.train.export_meta_graph(path, as_text=True) == written
    assert open(path).read().startswith("meta_info_def {")
    graph, saver = same(path)
    assert saver is not None
    with tf.Session(graph=graph) as session:
        session.run(graph.get_collection("variables")[0].initializer)
        assert session.run(graph.get_collection("y")[0]) == 6.0
    with pytest.raises(IOError, match="does not exist"):
        tf.train.import_meta_graph(str(tmp_path / "no"))
    (tmp_path / "bad").write_bytes(b"\xff\xfe\x00nothing")
    with pytest.raises(IOError, match="Cannot parse file"):
        tf.train.import_meta_graph(str(tmp_path / "bad"))


# ---- scopes and devices ----

@fact("G12")
def test_importing_into_a_scope(tmp_path):
    with tf.device("/cpu:0"):
        v = tf.Variable(2.0, name="v")
    tf.multiply(v, 2.0, name="y")
    saver = tf.train.Saver()
    with tf.Session() as session:
        session.run(v.initializer)
        prefix = saver.save(session, str(tmp_path / "m"))
    graph = tf.Graph()
    with graph.as_default(), tf.Session() as session:
        for scope in ("a", "a_1"):          # the second one is made unique
            saver = tf.train.import_meta_graph(prefix + ".meta", import_scope="a",
                                               clear_devices=True)
            assert saver.saver_def.restore_op_name == scope + "/save/restore_all"
            saver.restore(session, prefix)
            assert session.run(scope + "/y:0") == 4.0
        assert [v.name for v in tf.global_variables()] == ["a/v:0", "a_1/v:0"]
        assert {op.device for op in graph.get_operations()} == {""}
    with tf.Graph().as_default():
        from weft.python.training import saver as saver_module
        _, (y,) = saver_module._import_meta_graph_with_return_elements(
            prefix + ".meta", return_elements=["y:0"])
        assert y.name == "y:0" and y.op.inputs[0].op.device == "/device:CPU:0"
    with tf.Graph().as_default(), tf.name_scope("outer"):
        tf.train.import_meta_graph(prefix + ".meta")
        assert tf.global_variables()[0].name == "outer/v:0"


def test_a_part_of_a_graph():
    x = tf.placeholder(tf.float32, [], name="x")
    outside = tf.no_op(name="outside")
    with tf.name_scope("part"):
        v = tf.Variable(3.0, name="v")
        with tf.control_dependencies([outside]):
            y = tf.multiply(v, x, name="y")
    tf.add_to_collection("y", y)
    tf.add_to_collection("y", x)
    message, found = meta_graph.export_scoped_meta_graph(export_scope="part")
    assert found == {"v:0": v} and set(tf.get_collection("unbound_inputs")) == {
        "$unbound_inputs_x", "^$unbound_inputs_outside"}
    nodes = {n.name: n for n in message.graph_def.node}
    assert list(nodes["y"].input) == ["v/read", "$unbound_inputs_x", "^$unbound_inputs_outside"]
    assert nodes["v/read"].attr["_class"].list.s[0] == b"loc:@v"
    assert list(message.collection_def["y"].node_list.value) == ["y:0"]
    with pytest.raises(ValueError, match="Graph contains unbound inputs"):
        meta_graph.import_scoped_meta_graph(message)
    graph = tf.Graph()
    with graph.as_default():
        z = tf.constant(5.0)
        imported = meta_graph.import_scoped_meta_graph(
            message, import_scope="new",
            input_map={"$unbound_inputs_x": z, "^$unbound_inputs_outside": z.op})
        assert list(imported) == ["v:0"] and imported["v:0"].name == "new/v:0"
        with tf.Session() as session:
            session.run(imported["v:0"].initializer)
            assert session.run(graph.get_collection("y")[0]) == 15.0


def test_copies():
    with tf.name_scope("a"):
        v = tf.Variable(1.0, name="v")
        tf.add(v, 1.0, name="y")
    copied = meta_graph.copy_scoped_meta_graph("a", "b")
    assert copied["v:0"].name == "b/v:0"
    assert tf.get_default_graph().get_tensor_by_name("b/y:0").op.inputs[0].name == "b/v/read:0"
    with pytest.raises(ValueError, match="need to be different"):
        meta_graph.copy_scoped_meta_graph("a", "a")


def test_only_one_saver():
    tf.Variable(1.0)
    for _ in range(2):
        tf.add_to_collection("savers", tf.train.Saver())
    last = tf.get_collection("savers")[1]
    message = last.export_meta_graph(clear_extraneous_savers=True)
    names = [n.name for n in message.graph_def.node]
    assert "save_1/SaveV2" in names and not any(n.startswith("save/") for n in names)
    assert len(message.collection_def["savers"].bytes_list.value) == 1


# ---- files that TensorFlow wrote ----

@models
@pytest.mark.parametrize("path", sorted(MODELS.rglob("*.meta")), ids=lambda p: p.name)
def test_meta_graphs_of_tensorflows(path):
    """They are read, and written again they say the same."""
    message = meta_graph.read_meta_graph_file(str(path))
    graph, saver = same(message)
    assert saver is not None or not message.HasField("saver_def")
    names = [n.name for n in message.graph_def.node]
    assert {op.name for op in graph.get_operations()[:len(names)]} == set(names)
    for key in message.collection_def:
        kind = message.collection_def[key].WhichOneof("kind")
        assert len(graph.get_collection(key)) == len(
            getattr(message.collection_def[key], kind).value)


@models
@pytest.mark.parametrize("name, key, kind", [
    ("vd_cnn", "cond_context", "CondContextDef"), ("cond_test", "cond_context", "CondContextDef"),
    ("word_rnn_untrained", "while_context", "WhileContextDef"),
    ("lstm_crf_ner", "while_context", "WhileContextDef")])
def test_branches_and_loops_of_tensorflows(name, key, kind):
    """What is known in each, and what came in as what, is worked out anew from the nodes."""
    path, = MODELS.rglob(name + ".meta")
    message = meta_graph.read_meta_graph_file(str(path))
    with tf.Graph().as_default():
        tf.train.import_meta_graph(message)
        again = tf.train.export_meta_graph()
    theirs, ours = ([getattr(messages, kind).FromString(value)
                     for value in m.collection_def[key].bytes_list.value]
                    for m in (message, again))
    assert theirs and ours == theirs


@models
def test_checkpoints_beside_meta_graphs_of_tensorflows():
    folder = MODELS / "tensorflow_r1.12_testdata"
    for prefix in (folder / "core/profiler/internal/testdata/ckpt",
                   folder / "python/feature_column/testdata/embedding.ckpt",
                   MODELS / "onnx_tensorflow-onnx/tests/models/regression/checkpoint/model"):
        with tf.Graph().as_default(), tf.Session() as session:
            tf.train.import_meta_graph(str(prefix) + ".meta").restore(session, str(prefix))
            for v in tf.global_variables():
                np.testing.assert_array_equal(session.run(v),
                                              tf.train.load_variable(str(prefix), v.op.name))
