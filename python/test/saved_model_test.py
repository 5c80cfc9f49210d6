"""tf.saved_model: writing models with signatures, loading them by their tags."""
import os
import pathlib

import numpy as np
import pytest
import weft as tf
from weft.python.framework import gen, messages
from weft.python.saved_model import builder_impl, loader_impl, utils_impl

fact = pytest.mark.fact
MODELS = pathlib.Path(__file__).resolve().parents[3] / "shared/models"
models = pytest.mark.skipif(not MODELS.is_dir(), reason="../shared/models is not here")
saved_model = tf.saved_model


def line(session):
    """y = 2 x + 1 with its variables initialized; {"x": x}, {"y": y}."""
    x = tf.placeholder(tf.float32, [None], name="x")
    w, b = tf.Variable(2.0, name="w"), tf.Variable(1.0, name="b", use_resource=True)
    y = tf.add(x * w, b, name="y")
    session.run(tf.global_variables_initializer())
    return {"x": x}, {"y": y}


def export(folder, tags=("serve",), **options):
    """A SavedModel of line()."""
    with tf.Graph().as_default(), tf.Session() as session:
        inputs, outputs = line(session)
        builder = saved_model.builder.SavedModelBuilder(folder)
        signature = saved_model.signature_def_utils.predict_signature_def(inputs, outputs)
        builder.add_meta_graph_and_variables(session, tags, {"serving_default": signature},
                                             **options)
        return builder.save()


def answer(folder, tags=("serve",), x=(1.0, 2.0), **options):
    """What the model makes of x."""
    with tf.Graph().as_default(), tf.Session() as session:
        signature = saved_model.loader.load(session, tags, folder,
                                            **options).signature_def["serving_default"]
        scope = options.get("import_scope")
        x_in = utils_impl.get_tensor_from_tensor_info(signature.inputs["x"], import_scope=scope)
        y_out = utils_impl.get_tensor_from_tensor_info(signature.outputs["y"], import_scope=scope)
        return session.run(y_out, {x_in: x}).tolist()


# ---- writing and loading ----

@fact("G18")
@pytest.mark.parametrize("as_text", [False, True])
def test_the_files_of_a_model(tmp_path, as_text):
    folder = str(tmp_path / "m")
    with tf.Session() as session:
        inputs, outputs = line(session)
        builder = saved_model.Builder(folder)
        builder.add_meta_graph_and_variables(session, [saved_model.tag_constants.SERVING])
        path = builder.save(as_text)
    name = "saved_model.pbtxt" if as_text else "saved_model.pb"
    assert path == os.path.join(folder, name).encode()
    assert sorted(os.listdir(folder)) == [name, "variables"]
    assert sorted(os.listdir(folder + "/variables")) == ["variables.data-00000-of-00001",
                                                         "variables.index"]
    message = loader_impl.parse_saved_model(folder)
    assert message.saved_model_schema_version == 1
    assert list(message.meta_graphs[0].meta_info_def.tags) == ["serve"]
    assert saved_model.maybe_saved_model_directory(folder)
    assert saved_model.contains_saved_model(folder)
    assert not saved_model.loader.maybe_saved_model_directory(str(tmp_path))


@fact("G20")
@pytest.mark.parametrize("options", [{}, {"import_scope": "in/here"}], ids=str)
def test_loading(tmp_path, options):
    folder = str(tmp_path / "m")
    export(folder)
    assert answer(folder, **options) == [3.0, 5.0]
    os.rename(folder, folder + "2")             # a model may be moved
    assert answer(folder + "2", **options) == [3.0, 5.0]


@fact("G20")
def test_loading_what_is_not_there(tmp_path):
    folder = str(tmp_path / "m")
    export(folder, ["serve", "gpu"])
    assert answer(folder, ["gpu", "serve"]) == [3.0, 5.0]
    for tags in (["serve"], ["serve", "gpu", "tpu"]):
        with pytest.raises(RuntimeError, match="MetaGraphDef associated with tags 'serve'.* could "
                           "not be found in SavedModel."):
            answer(folder, tags)
    with pytest.raises(IOError, match="SavedModel file does not exist at:"):
        answer(str(tmp_path))
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff")
    with pytest.raises(IOError, match="Cannot parse file"):
        answer(str(tmp_path))


@fact("G17")
def test_the_order_of_building(tmp_path):
    folder = str(tmp_path / "m")
    with tf.Session() as session:
        inputs, outputs = line(session)
        builder = saved_model.builder.SavedModelBuilder(folder)
        with pytest.raises(AssertionError, match="has not been saved yet"):
            builder.add_meta_graph(["serve"])
        builder.add_meta_graph_and_variables(session, ["train"])
        with pytest.raises(AssertionError, match="has already been saved"):
            builder.add_meta_graph_and_variables(session, ["serve"])
        signature = saved_model.predict_signature_def(inputs, outputs)
        builder.add_meta_graph(["serve"], {"serving_default": signature})
        builder.save()
    assert answer(folder) == [3.0, 5.0]
    with pytest.raises(AssertionError, match="Export directory already exists."):
        saved_model.builder.SavedModelBuilder(folder)


@fact("G21")
def test_simple_save(tmp_path):
    folder = str(tmp_path / "m")
    with tf.Session() as session:
        with tf.device("/cpu:0"):
            inputs, outputs = line(session)
        saved_model.simple_save(session, folder, inputs, outputs)
    message = loader_impl.parse_saved_model(folder)
    meta_graph, = message.meta_graphs
    assert list(meta_graph.meta_info_def.tags) == ["serve"]
    signature = meta_graph.signature_def["serving_default"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert signature.inputs["x"].name == "x:0" and signature.outputs["y"].name == "y:0"
    assert {n.device for n in meta_graph.graph_def.node} == {""}
    assert answer(folder) == [3.0, 5.0]


def test_a_model_without_variables(tmp_path):
    with tf.Session() as session:
        x = tf.placeholder(tf.float32, [], name="x")
        saved_model.simple_save(session, str(tmp_path / "m"), {"x": x}, {"y": x + 1.0})
    assert answer(str(tmp_path / "m"), x=2.0) == 3.0


# ---- the main op, and files that the model needs ----

@fact("G20")
@pytest.mark.parametrize("word", ["main_op", "legacy_init_op"])
def test_the_main_op_is_run_with_the_paths_of_the_files(tmp_path, word):
    (tmp_path / "a").mkdir()
    for name, text in (("words.txt", "one"), ("a/words.txt", "two")):
        (tmp_path / name).write_text(text)
    folder = str(tmp_path / "m")
    with tf.Session() as session:
        paths = [tf.constant(str(tmp_path / name)) for name in
                 ("words.txt", "a/words.txt", "words.txt")]
        kept = tf.Variable(["", "", ""], name="kept", collections=["local_variables"])
        init = tf.assign(kept, tf.stack(paths)).op
        builder = saved_model.builder.SavedModelBuilder(folder)
        builder.add_meta_graph_and_variables(session, ["serve"], assets_collection=paths,
                                             saver=tf.train.Saver(allow_empty=True),
                                             **{word: init})
        with pytest.raises(ValueError, match="Graph already contains one or more main ops"):
            builder.add_meta_graph(["train"], main_op=init)
        builder.save()
    assert sorted(os.listdir(folder + "/assets")) == ["words.txt", "words.txt_1"]
    os.remove(tmp_path / "words.txt")
    with tf.Graph().as_default(), tf.Session() as session:
        saved_model.load(session, ["serve"], folder)
        found = [pathlib.Path(p.decode()) for p in session.run("kept:0")]
        assert [p.name for p in found] == ["words.txt", "words.txt_1", "words.txt"]
        assert [p.read_text() for p in found] == ["one", "two", "one"]
        assert found[0].parent == pathlib.Path(folder) / "assets"


@fact("G20")
def test_two_main_ops(tmp_path):
    folder = str(tmp_path / "m")
    tf.add_to_collection("saved_model_main_op", tf.no_op())
    tf.add_to_collection("saved_model_main_op", tf.no_op())
    with tf.Session() as session:
        builder = saved_model.builder.SavedModelBuilder(folder)
        builder.add_meta_graph_and_variables(session, ["serve"])
        builder.save()
    with tf.Graph().as_default(), tf.Session() as session:
        with pytest.raises(RuntimeError, match="Expected exactly one SavedModel main op."):
            saved_model.load(session, ["serve"], folder)


def test_main_ops(tmp_path):
    v = tf.Variable(1.0)
    local = tf.Variable(2.0, collections=["local_variables"])
    op = saved_model.main_op.main_op()
    with tf.Session() as session:
        session.run(op)
        assert session.run([v, local]) == [1.0, 2.0]
        session.run(saved_model.main_op_with_restore(v.assign(5.0).op))
        assert session.run(v) == 5.0
        with pytest.raises(TypeError, match="main_op needs to be an Operation"):
            builder = builder_impl.SavedModelBuilder(str(tmp_path / "m"))
            builder.add_meta_graph_and_variables(session, ["serve"], main_op=v)


def test_assets_that_are_none(tmp_path):
    with tf.Session() as session:
        for asset, words in (("path", "must be a Tensor"),
                             (tf.placeholder(tf.string), "must be of type constant"),
                             (tf.constant(1), "must be of dtype string"),
                             (tf.constant(["a", "b"]), "must be a scalar")):
            builder = builder_impl.SavedModelBuilder(str(tmp_path / "m"))
            with pytest.raises(TypeError, match=words):
                builder.add_meta_graph_and_variables(session, ["serve"],
                                                     assets_collection=[asset])


# ---- signatures ----

@fact("G19")
def test_signatures_must_be_complete(tmp_path):
    builder = saved_model.builder.SavedModelBuilder(str(tmp_path / "m"))
    x = tf.placeholder(tf.float32, name="x")
    nameless, typeless = utils_impl.build_tensor_info(x), utils_impl.build_tensor_info(x)
    nameless.ClearField("name")
    typeless.ClearField("dtype")
    with tf.Session() as session:
        for info in (nameless, typeless):
            signature = saved_model.build_signature_def({"x": info})
            with pytest.raises(AssertionError, match="All TensorInfo protos used in the "
                               "SignatureDefs must have"):
                builder.add_meta_graph_and_variables(session, ["serve"], {"s": signature})
        with pytest.raises(KeyError, match="is reserved for initialization"):
            builder.add_meta_graph_and_variables(
                session, ["serve"], {"__saved_model_init_op": saved_model.build_signature_def()})


@fact("G19")
def test_kinds_of_signatures():
    words, utils = saved_model.signature_constants, saved_model.signature_def_utils
    assert words.DEFAULT_SERVING_SIGNATURE_DEF_KEY == "serving_default"
    text, number = tf.placeholder(tf.string, [None]), tf.placeholder(tf.float32, [None])
    predict = utils.predict_signature_def({"x": number}, {"y": text})
    regress = utils.regression_signature_def(text, number)
    classify = utils.classification_signature_def(text, text, number)
    for signature, kind in ((predict, "predict"), (regress, "regress"), (classify, "classify")):
        assert signature.method_name == "tensorflow/serving/" + kind
        assert utils.is_valid_signature(signature)
        signature.method_name = "other"
        assert not utils.is_valid_signature(signature)
    assert list(regress.inputs) == ["inputs"] and list(regress.outputs) == ["outputs"]
    assert sorted(classify.outputs) == ["classes", "scores"]
    scores = utils.classification_signature_def(text, None, number)
    assert list(scores.outputs) == ["scores"] and utils.is_valid_signature(scores)
    del scores.inputs["inputs"]
    assert not utils.is_valid_signature(scores) and not utils.is_valid_signature(None)
    for make, words in ((lambda: utils.predict_signature_def({}, {"y": number}),
                         "Prediction inputs cannot be None or empty."),
                        (lambda: utils.regression_signature_def(None, number),
                         "Regression examples cannot be None."),
                        (lambda: utils.regression_signature_def(number, number),
                         "Regression examples must be a string Tensor."),
                        (lambda: utils.regression_signature_def(text, None),
                         "Regression predictions cannot be None."),
                        (lambda: utils.classification_signature_def(text, None, None),
                         "classes and scores cannot both be None."),
                        (lambda: utils.classification_signature_def(text, number, None),
                         "Classification classes must be a string Tensor.")):
        with pytest.raises(ValueError, match=words):
            make()


def test_tensors_as_tensor_info():
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    info = saved_model.utils.build_tensor_info(x)
    assert info.name == "x:0" and info.dtype == tf.float32.as_datatype_enum
    assert [d.size for d in info.tensor_shape.dim] == [-1, 3]
    assert saved_model.utils.get_tensor_from_tensor_info(info) is x
    sparse = tf.sparse_placeholder(tf.int64, name="s")
    info = saved_model.build_tensor_info(sparse)
    assert info.WhichOneof("encoding") == "coo_sparse" and info.dtype == messages.DT_INT64
    again = saved_model.get_tensor_from_tensor_info(info)
    assert again.values is sparse.values and again.indices is sparse.indices
    assert saved_model.build_tensor_info(tf.Variable(1.0)).dtype == messages.DT_FLOAT
    with pytest.raises(ValueError, match="Invalid TensorInfo.encoding"):
        saved_model.get_tensor_from_tensor_info(messages.TensorInfo())
    op = saved_model.signature_def_utils.op_signature_def(x.op, "op")
    load = saved_model.signature_def_utils.load_op_from_signature_def
    assert load(op, "op") is x.op
    with tf.Graph().as_default(), pytest.raises(tf.errors.NotFoundError, match='"x" could not be'):
        load(op, "op")


# ---- models that TensorFlow wrote ----

def models_of_tensorflows():
    return sorted({p.parent for p in MODELS.rglob("saved_model.pb*")})


@models
@pytest.mark.parametrize("folder", models_of_tensorflows(), ids=lambda p: str(
    p.relative_to(MODELS)).replace("/", "-")[-50:])
def test_models_of_tensorflows(folder):
    """They load, and where TensorFlow's outputs are recorded they are ours."""
    loader = loader_impl.SavedModelLoader(str(folder))
    for meta_graph in loader.saved_model.meta_graphs:
        softly = tf.ConfigProto(allow_soft_placement=True)      # some are of a GPU
        with tf.Graph().as_default() as graph, tf.Session(config=softly) as session:
            tags = list(meta_graph.meta_info_def.tags)
            saver, _ = loader.load_graph(graph, tags)
            for signature in meta_graph.signature_def.values():
                for info in [*signature.inputs.values(), *signature.outputs.values()]:
                    if info.name:
                        graph.as_graph_element(info.name)
            if runs(meta_graph, saver, folder):
                loader.restore_variables(session, saver)
                loader.run_init_ops(session, tags)
                compare(session, folder)


def runs(meta_graph, saver, folder):
    """Whether its ops are there, and the files of its variables, some of which are too large."""
    return all(gen.has(n.op) for n in meta_graph.graph_def.node) and (
        saver is None or list(folder.glob("variables/*.data-*")))


def compare(session, folder):
    name = "__".join((folder / "saved_model.pb").relative_to(MODELS).parts)
    recorded = MODELS / "recorded" / (name + ".npz")
    if not recorded.exists():
        return
    values = np.load(recorded)
    kinds = {"in": {}, "out": {}}
    for key in values.files:
        kind, _, tensor = key.partition("|")
        tensor = tensor.replace("|", "/")
        kinds[kind][tensor if ":" in tensor else tensor + ":0"] = values[key]
    got = session.run(list(kinds["out"]), kinds["in"])
    for value, wanted in zip(got, kinds["out"].values()):
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-5)


@models
@pytest.mark.parametrize("name", ["half_plus_two", "half_plus_two_main_op", "half_plus_two_pbtxt"])
def test_half_plus_two(name):
    """Assets have their paths; what is not needed does no harm."""
    folder = MODELS / "tensorflow_r1.12_testdata/cc/saved_model/testdata" / name / "00000123"
    with tf.Session() as session:
        meta_graph = saved_model.load(session, ["serve"], str(folder))
        signature = meta_graph.signature_def["serving_default"]
        y = session.run(signature.outputs["y"].name,
                        {signature.inputs["x"].name: [[0.0], [1.0], [2.0]]})
        assert y.tolist() == [[2.0], [2.5], [3.0]]
        assert session.run("filename_tensor:0") == b"foo.txt"      # by the main op
    assert loader_impl.get_asset_tensors(str(folder), meta_graph) == {
        "Const:0": str(folder / "assets/foo.txt")}


def test_a_model_as_a_function(tmp_path):
    from weft.contrib import predictor
    folder = str(tmp_path / "m")
    export(folder)
    predict = predictor.from_saved_model(folder)
    assert predict({"x": [1.0, 2.0]})["y"].tolist() == [3.0, 5.0]
    assert list(predict.feed_tensors) == ["x"] and predict.session.graph is predict.graph
    with pytest.raises(ValueError, match="Got unexpected keys in input_dict: {'z'}"):
        predict({"z": 1})
    named = predictor.from_saved_model(folder, input_names={"in": "x:0"},
                                       output_names={"out": "mul:0"})
    assert named({"in": [1.0]})["out"].tolist() == [2.0]
    with pytest.raises(ValueError, match="Available signatures are .'serving_default'."):
        predictor.from_saved_model(folder, "other")
    with pytest.raises(ValueError, match="You must specify at most one of"):
        predictor.from_saved_model(folder, "a", input_names={}, output_names={})
