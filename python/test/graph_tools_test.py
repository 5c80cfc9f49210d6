"""Tools for graphs: cut down, made quicker, frozen."""
import numpy as np
import pytest
import weft as tf
from google.protobuf import text_format
from weft.python.tools import freeze_graph, optimize_for_inference_lib, strip_unused_lib


def test_strip_unused(tmp_path, capsys):
    a = tf.placeholder(tf.string, name="a")
    b = tf.cast(tf.strings.length(a), tf.float32, name="b")
    tf.square(b, name="c"), tf.negative(b, name="unused")
    graph = tf.get_default_graph().as_graph_def()
    cut = strip_unused_lib.strip_unused(graph, ["b"], ["c"], tf.float32.as_datatype_enum)
    assert [(n.name, n.op) for n in cut.node] == [("b", "Placeholder"), ("c", "Square")]
    assert strip_unused_lib.strip_unused(graph, ["b"], ["c"], [2]).node[0].attr["dtype"].type == 2
    with pytest.raises(KeyError, match="input nodes were not found: .*nope"):
        strip_unused_lib.strip_unused(graph, ["nope"], ["c"], 1)
    source, target = str(tmp_path / "in.pbtxt"), str(tmp_path / "out.pb")
    assert strip_unused_lib.strip_unused_from_files(source, False, target, True, "b", "c", 1) == -1
    tf.train.write_graph(graph, str(tmp_path), "in.pbtxt")
    assert strip_unused_lib.strip_unused_from_files(source, False, target, True, "b", "", 1) == -1
    strip_unused_lib.strip_unused_from_files(source, False, target, True, "b", "c", 1)
    assert strip_unused_lib.read_graph_def(target, True) == cut
    assert "2 ops in the final graph." in capsys.readouterr().out


def model(x, depthwise, fused):
    rng = np.random.RandomState(0)
    values = [tf.constant(rng.uniform(0.5, 1.5, 4).astype(np.float32)) for _ in range(4)]
    mean, variance, offset, scale = values
    if depthwise:
        y = tf.nn.depthwise_conv2d(x, tf.constant(rng.rand(2, 2, 2, 2).astype(np.float32)),
                                   [1, 1, 1, 1], "SAME")
    else:
        y = tf.nn.conv2d(x, tf.constant(rng.rand(2, 2, 2, 4).astype(np.float32)), [1, 1, 1, 1],
                         "SAME")
    if fused:
        y, _, _ = tf.nn.fused_batch_norm(y, scale, offset, mean, variance, is_training=False)
    else:
        y = tf.nn.batch_norm_with_global_normalization(y, mean, variance, offset, scale, 1e-3, True)
    return tf.nn.relu(tf.identity(y), name="y")


@pytest.mark.parametrize("depthwise", [False, True])
def test_optimize_for_inference(depthwise):
    x = tf.placeholder(tf.float32, [1, 4, 4, 2], name="x")
    y = model(x, depthwise, fused=True)
    value = np.random.RandomState(1).rand(1, 4, 4, 2).astype(np.float32)
    wanted = tf.Session().run(y, {x: value})
    small = optimize_for_inference_lib.optimize_for_inference(
        tf.get_default_graph().as_graph_def(), ["x"], ["y"], tf.float32.as_datatype_enum)
    ops = [node.op for node in small.node]
    assert "BiasAdd" in ops and not {"FusedBatchNorm", "FusedBatchNormV3", "Identity"} & {*ops}
    with tf.Graph().as_default():
        again, = tf.import_graph_def(small, return_elements=["y:0"], name="")
        np.testing.assert_allclose(tf.Session().run(again, {"x:0": value}), wanted, rtol=1e-5)


def test_what_cannot_be_folded_stays():
    x = tf.placeholder(tf.float32, [1, 4, 4, 2], name="x")
    with tf.control_dependencies([model(x, False, fused=True)]):
        tf.negative([n.outputs[0] for n in x.graph.get_operations() if n.type == "Conv2D"][0])
    graph = x.graph.as_graph_def()
    assert optimize_for_inference_lib.fold_batch_norms(graph) == graph


def test_graphs_that_are_not_valid():
    twice = text_format.Parse('node { name: "a" } node { name: "a" }', tf.GraphDef())
    with pytest.raises(ValueError, match="Duplicate node names detected for a"):
        optimize_for_inference_lib.ensure_graph_is_valid(twice)
    missing = text_format.Parse('node { name: "a" input: "^b" }', tf.GraphDef())
    with pytest.raises(ValueError, match="Input for a not found: .b"):
        optimize_for_inference_lib.ensure_graph_is_valid(missing)


@pytest.mark.parametrize("use_resource", [False, True])
def test_freeze_graph(tmp_path, capsys, use_resource):
    x = tf.placeholder(tf.float32, [None], name="x")
    with tf.variable_scope("", use_resource=use_resource):
        v = tf.get_variable("v", initializer=2.0)
    y = tf.multiply(x, v, name="y")
    saver = tf.train.Saver()
    with tf.Session() as s:
        s.run(tf.assign(v, 3.0))
        prefix = saver.save(s, str(tmp_path / "model"))
        tf.train.write_graph(s.graph, str(tmp_path), "g.pb", as_text=False)
        tf.saved_model.simple_save(s, str(tmp_path / "saved"), {"x": x}, {"y": y})
    out = str(tmp_path / "frozen.pb")

    def freeze(graph, checkpoint, outputs="y", **more):
        return freeze_graph.freeze_graph(graph, "", True, checkpoint, outputs, "", "", out, True,
                                         "", **more)

    by_saver = freeze_graph.freeze_graph_with_def_protos(
        x.graph.as_graph_def(), saver.saver_def, prefix, "y", "", "", None, False, "")
    for frozen in (freeze(str(tmp_path / "g.pb"), prefix),
                   freeze("", prefix, input_meta_graph=prefix + ".meta"), by_saver,
                   freeze("", "", input_saved_model_dir=str(tmp_path / "saved"))):
        with tf.Graph().as_default():
            y, = tf.import_graph_def(frozen, return_elements=["y:0"], name="")
            assert tf.Session().run(y, {"x:0": [1, 2]}).tolist() == [3, 6]
    assert strip_unused_lib.read_graph_def(out, True) == frozen
    assert freeze(str(tmp_path / "g.pb"), str(tmp_path / "none")) == -1
    assert freeze(str(tmp_path / "g.pb"), prefix, outputs="") == -1
    said = capsys.readouterr().out
    assert "none' doesn't exist!" in said and "You need to supply the name of a node" in said
