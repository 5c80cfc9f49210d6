"""The command `weft`: its verbs on files that Weft and the real TensorFlow wrote."""
import os
import pathlib
import subprocess

import numpy as np
import pytest
import weft as tf

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMAND = ROOT / os.environ.get("WEFT_BUILD", "build") / "weft"
SHARED = ROOT.parent / "shared"
HALF = SHARED / ("models/tensorflow_serving/tensorflow_serving/servables/tensorflow/testdata/"
                 "saved_model_half_plus_two_cpu/00000123")

if "clang_rt" in os.environ.get("LD_PRELOAD", ""):
    pytest.skip("the command and Python would each load a sanitizer", allow_module_level=True)

needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="../shared is not here")


def weft(*args, status=0):
    """Standard output of a call; of one that fails, the line on standard error."""
    done = subprocess.run([COMMAND, *map(str, args)], capture_output=True, text=True, timeout=120)
    assert done.returncode == status, done.stderr + done.stdout
    if status == 0:
        return done.stdout
    assert done.stderr.count("\n") == (1 if done.stderr else 0)
    return done.stderr or done.stdout


@pytest.fixture
def graph(tmp_path):
    """graph.pb: y = x w + b, with labels."""
    with tf.Graph().as_default() as g:
        x = tf.placeholder(tf.float32, [None, 2], name="x")
        with tf.name_scope("layer"):
            product = tf.matmul(x, tf.constant([[1.0], [2.0]], name="w"), name="product")
        tf.add(product, 0.5, name="y")
        name = tf.placeholder(tf.string, [], name="name")
        tf.string_join(["<", name, ">"], name="label")
    path = tmp_path / "graph.pb"
    path.write_bytes(g.as_graph_def().SerializeToString())
    return path


@pytest.fixture
def saved(tmp_path):
    """A SavedModel: y = w x, w is 3."""
    folder = tmp_path / "model"
    with tf.Graph().as_default(), tf.Session() as sess:
        x = tf.placeholder(tf.float32, [None], name="x")
        w = tf.Variable(3.0, name="w")
        y = tf.multiply(x, w, name="y")
        sess.run(tf.global_variables_initializer())
        tf.saved_model.simple_save(sess, str(folder), {"in": x}, {"out": y})
    return folder


def test_show_tells_what_a_graph_holds(graph):
    text = weft("show", graph)
    assert "graph.pb: GraphDef\n" in text
    assert "  x: float[?,2]\n" in text and "  name: string[]\n" in text
    assert "  y: float[?,1]  Add" in text and "  label: string[]  StringJoin\n" in text
    assert "ops: 9 nodes of 5 types" in text


def test_show_lists_nodes_and_draws(graph):
    assert "layer/product = MatMul(x, layer/w) -> float[?,1]\n" in weft("show", "--nodes", graph)
    dot = weft("show", "--dot", graph)
    assert dot.startswith("digraph weft {") and 'label="layer"' in dot and "[2x1]" in dot
    assert 'label="layer\\n1 node"' in weft("show", "--dot", "--most", 3, graph)
    svg = graph.with_suffix(".svg")
    weft("show", "--svg", "-o", svg, graph)
    assert "<svg" in svg.read_text() and "product" in svg.read_text()


def test_show_names_signatures(saved):
    text = weft("show", saved)
    assert "SavedModel" in text and "  serving_default  (tensorflow/serving/predict)\n" in text
    assert "    in  in: float[?]  x:0\n" in text and "    out out: float[?]  y:0\n" in text
    assert "variables: 1, 4 bytes\n  w: float[]\n" in text


def test_show_of_a_text_file_and_what_cannot_run(tmp_path):
    path = tmp_path / "g.pbtxt"
    path.write_text('node { name: "a" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT '
                    '} } }\nnode { name: "b" op: "Nonsense" input: "a" }\n'
                    'node { name: "c" op: "Identity" input: "b" attr { key: "T" value { type: '
                    'DT_FLOAT } } }\n')
    assert weft("show", "--missing", path) == "Nonsense\n"
    assert "cannot run here: Nonsense\n" in weft("show", path)
    assert "Nonsense" in weft("run", path, "--feed", "a=1", status=1)


def test_run_prints_values(graph):
    text = weft("run", graph, "--feed", "x=[[1, 2], [3, 4]]", "--feed", "name=you")
    assert "y: float[2,1] =\n[[5.5] [11.5]]\n" in text and "label: string[] = b'<you>'\n" in text
    text = weft("run", graph, "--feed", "layer/product=[[1]]", "--fetch", "y:0")
    assert text == "y:0: float[1,1] =\n[[1.5]]\n"


def test_run_with_files(graph, tmp_path):
    np.save(tmp_path / "x.npy", np.asfortranarray([[1.0, 2.0], [3.0, 4.0]]))
    out = tmp_path / "out"
    weft("run", graph, "--feed", "x=@%s" % (tmp_path / "x.npy"), "--fetch", "y", "--out", out)
    np.testing.assert_array_equal(np.load(out / "y.npy"), np.float32([[5.5], [11.5]]))
    (tmp_path / "text").write_bytes(b"a\nb")
    label = weft("run", graph, "--feed", "name=@%s" % (tmp_path / "text"), "--fetch", "label")
    assert "<a" in label


def test_run_decodes_images(tmp_path):
    with tf.Graph().as_default() as g:
        image = tf.placeholder(tf.float32, [None, 2, 2, 3], name="image")
        tf.reduce_mean(image, name="mean")
    (tmp_path / "g.pb").write_bytes(g.as_graph_def().SerializeToString())
    with tf.Graph().as_default(), tf.Session() as sess:
        png = sess.run(tf.image.encode_png(np.full([4, 4, 3], 77, np.uint8)))
    (tmp_path / "i.png").write_bytes(png)
    text = weft("run", tmp_path / "g.pb", "--feed", "image=@%s" % (tmp_path / "i.png"))
    assert text == "mean: float[] = 77.0\n"


def test_run_calls_signatures(saved):
    assert weft("run", saved, "--feed", "in=[1,2]") == "out: float[2] = [3.0 6.0]\n"
    assert "--feed in=... (float[?])" in weft("run", saved, status=2)
    assert "there is no signature 'other'" in weft("run", saved, "--signature", "other", status=2)


def test_what_is_missing_or_wrong_is_named(graph, tmp_path):
    assert "--feed x=... (float[?,2])" in weft("run", graph, "--fetch", "y", status=2)
    ragged = weft("run", graph, "--fetch", "y", "--feed", "x=[[1,2],[3]]", status=1)
    assert "no value for a float[?,2]" in ragged and "differ in length" in ragged
    assert "x" in weft("run", graph, "--fetch", "y", "--feed", "x=[1,2,3]", status=1)
    assert "no node 'z'" in weft("run", graph, "--fetch", "z", status=2)
    assert "No such file" in weft("show", tmp_path / "nothing.pb", status=1)
    cut = tmp_path / "cut.pb"
    cut.write_bytes(graph.read_bytes()[:100])
    assert "cut.pb" in weft("show", cut, status=1)
    assert "one file or folder is expected" in weft("show", status=2)
    assert "there is no option" in weft("run", "--nonsense", graph, status=2)
    for verb in ("show", "run", "bench", "freeze", "checkpoint", "convert"):
        assert weft(verb, "--help").startswith("usage: weft " + verb)


def test_bench_tells_times_and_traces(graph, tmp_path):
    trace = tmp_path / "trace.json"
    text = weft("bench", graph, "--fetch", "y", "--runs", 5, "--shape", "x=7x2", "--trace", trace)
    assert "input x: float[7,2]\n" in text and "of 5 runs" in text and "MatMul" in text
    assert '"traceEvents"' in trace.read_text()


def test_freeze_writes_one_file(saved, tmp_path):
    frozen = tmp_path / "frozen.pb"
    weft("freeze", saved, "-o", frozen)
    assert "variables: 0" in weft("show", frozen)
    assert weft("run", frozen, "--feed", "x=[2]") == "y: float[1] = [6.0]\n"
    weft("freeze", saved, "--output", "y", "-o", tmp_path / "frozen.pbtxt")
    assert 'name: "y"' in (tmp_path / "frozen.pbtxt").read_text()


@pytest.fixture
def checkpoints(tmp_path):
    """Prefixes of two, which differ in w."""
    with tf.Graph().as_default(), tf.Session() as sess:
        w = tf.Variable([1.0, 2.0], name="w")
        tf.Variable(7, name="scope/n")
        sess.run(tf.global_variables_initializer())
        saver = tf.train.Saver()
        first = saver.save(sess, str(tmp_path / "m"), global_step=1)
        sess.run(w.assign([1.0, 4.0]))
        return first, saver.save(sess, str(tmp_path / "m"), global_step=2)


def test_checkpoint_lists_prints_and_compares(checkpoints, tmp_path):
    first, second = checkpoints
    assert weft("checkpoint", first) == "  scope/n: int32[]\n  w: float[2]\n2 tensors, 12 bytes\n"
    assert weft("checkpoint", tmp_path, "w") == "w: float[2] = [1.0 4.0]\n"
    assert "all sums right" in weft("checkpoint", "--verify", first)
    assert "w: differs in 1 of 2 values, by at most 2\n" in weft(
        "checkpoint", "--compare", second, first, status=1)
    assert weft("checkpoint", "--compare", first, first) == "the same 2 tensors\n"
    weft("checkpoint", "--npz", tmp_path / "w.npz", first)
    with np.load(tmp_path / "w.npz") as z:
        assert sorted(z.files) == ["scope/n", "w"] and z["scope/n"] == 7
        np.testing.assert_array_equal(z["w"], np.float32([1, 2]))


def test_convert_there_and_back(graph, tmp_path):
    text, again = tmp_path / "g.pbtxt", tmp_path / "again.pb"
    weft("convert", graph, text)
    weft("convert", text, again)
    assert tf.GraphDef.FromString(again.read_bytes()) == tf.GraphDef.FromString(graph.read_bytes())
    assert "it is text already" in weft("convert", text, tmp_path / "x.pbtxt", status=1)


@needs_shared
def test_old_checkpoints_become_new_ones(tmp_path):
    path = SHARED / "recorded/checkpoints/ckpt_v1/model.ckpt"
    weft("convert", path, tmp_path / "new")
    assert weft("checkpoint", path) == weft("checkpoint", tmp_path / "new")
    weft("checkpoint", "--compare", path, tmp_path / "new")


@needs_shared
def test_models_of_the_real_tensorflow():
    assert weft("run", HALF, "--feed", "x=[[1],[3]]") == "y: float[2,1] =\n[[2.5] [3.5]]\n"


@needs_shared
@pytest.mark.parametrize("name, outputs", [
    ("nested_loop", ["while/Exit", "while/Exit_1"]), ("merge_without_loops", ["concat"]),
    ("while_loop", ["while/Exit_1"])])
def test_outputs_are_outside_of_loops_and_branches(name, outputs):
    path = (SHARED / "models/tensorflow_r1.12_testdata/core/grappler/costs"
            / "graph_properties_testdata" / (name + ".pbtxt.bin"))
    shown = weft("show", path)
    told = shown[shown.index("outputs:"):shown.index("variables:")].splitlines()[1:]
    assert [line.split(":")[0].strip() for line in told] == outputs
    assert "median" in weft("bench", "--runs", "2", path)


@needs_shared
def test_a_function_can_run_without_a_kernel():
    path = (SHARED / "models/tensorflow_r1.12_testdata/core/grappler/costs"
            / "graph_properties_testdata/function_functional_while.pbtxt.bin")
    assert "cannot run here" not in weft("show", path)


def test_events_and_records(tmp_path):
    with tf.Graph().as_default():
        writer = tf.summary.FileWriter(str(tmp_path / "log"))
        for step in range(3):
            value = tf.Summary.Value(tag="loss", simple_value=step)
            writer.add_summary(tf.Summary(value=[value]), step)
        writer.close()
    path = next((tmp_path / "log").iterdir())
    assert "scalar loss: 3, steps 0 to 2, the last 2\n" in weft("show", path)
    with tf.python_io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as w:
        w.write(b"12345")
    assert "1 records, 5 bytes" in weft("show", tmp_path / "a.tfrecord")
