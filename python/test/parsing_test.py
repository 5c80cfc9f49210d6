"""Examples and other records as tensors."""
import gzip
import zlib

import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.ops import parsing_ops


def feature(*values):
    """A Feature of numbers or of bytes."""
    if not values or isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def example(**features):
    """A serialized Example."""
    message = tf.train.Example(features=tf.train.Features(
        feature={key: feature(*values) for key, values in features.items()}))
    return message.SerializeToString()


def sequence(context, **lists):
    """A serialized SequenceExample."""
    return tf.train.SequenceExample(
        context=tf.train.Features(feature={k: feature(*v) for k, v in context.items()}),
        feature_lists=tf.train.FeatureLists(feature_list={
            key: tf.train.FeatureList(feature=[feature(*v) for v in values])
            for key, values in lists.items()})).SerializeToString()


# ---- parse_example ----

def test_dense_and_sparse_features():
    serialized = [example(a=[1., 2.], label=[3], words=[b"x", b"y"]),
                  example(a=[3., 4.], label=[4])]
    got = run(tf.parse_example(serialized, {
        "a": tf.FixedLenFeature([2], tf.float32), "label": tf.FixedLenFeature([], tf.int64),
        "words": tf.VarLenFeature(tf.string)}))
    assert got["a"].tolist() == [[1, 2], [3, 4]] and got["label"].tolist() == [3, 4]
    assert got["words"].values.tolist() == [b"x", b"y"]
    assert got["words"].indices.tolist() == [[0, 0], [0, 1]]
    assert got["words"].dense_shape.tolist() == [2, 2]


def test_names_and_shapes():
    serialized = tf.placeholder(tf.string, [None], name="serialized")
    got = tf.parse_example(serialized, {
        "b": tf.FixedLenFeature([3], tf.float32, [1, 2, 3]), "a": tf.VarLenFeature(tf.int64),
        "c": tf.FixedLenSequenceFeature([], tf.string, allow_missing=True)})
    assert got["b"].op.name == "ParseExample/ParseExample" and got["b"].shape.as_list() == [None, 3]
    assert got["c"].shape.as_list() == [None, None] and got["a"].dtype == tf.int64
    names = [op.name for op in tf.get_default_graph().get_operations()]
    assert names == [
        "serialized", "ParseExample/key_b", "ParseExample/Reshape/shape", "ParseExample/Reshape",
        "ParseExample/Const", "ParseExample/ParseExample/names",
        "ParseExample/ParseExample/sparse_keys_0", "ParseExample/ParseExample/dense_keys_0",
        "ParseExample/ParseExample/dense_keys_1", "ParseExample/ParseExample"]
    named = tf.io.parse_example(serialized, {"a": tf.FixedLenFeature([], tf.int64)}, name="mine")
    assert named["a"].op.name == "mine/mine"


def test_defaults():
    got = run(tf.parse_example([example(), example(a=[5], s=[b"q"])], {
        "a": tf.FixedLenFeature([1], tf.int64, default_value=7),
        "s": tf.FixedLenFeature([], tf.string, default_value="none")}))
    assert got["a"].tolist() == [[7], [5]] and got["s"].tolist() == [b"none", b"q"]
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match=r"Feature: a \(data type: int64\) is required but could not be found"):
        run(tf.parse_example([example()], {"a": tf.FixedLenFeature([1], tf.int64)}))


def test_sequences_in_examples():
    features = {"a": tf.FixedLenSequenceFeature([2], tf.int64, allow_missing=True,
                                                default_value=-1)}
    got = run(tf.parse_example([example(a=[1, 2, 3, 4]), example(a=[5, 6])], features))
    assert got["a"].tolist() == [[[1, 2], [3, 4]], [[5, 6], [-1, -1]]]
    with pytest.raises(ValueError, match="requires allow_missing to be True"):
        tf.parse_example([b""], {"a": tf.FixedLenSequenceFeature([], tf.int64)})


def test_sparse_features():
    feature = tf.SparseFeature(index_key="ix", value_key="val", dtype=tf.float32, size=20)
    got = run(tf.parse_example([example(ix=[3, 10], val=[0.5, 1.5]), example()], {"s": feature}))
    assert list(got) == ["s"] and got["s"].indices.tolist() == [[0, 3], [0, 10]]
    assert got["s"].values.tolist() == [.5, 1.5] and got["s"].dense_shape.tolist() == [2, 20]


def test_what_an_example_does_not_have():
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not parse example input"):
        run(tf.parse_example([b"\x0a\xff"], {"a": tf.FixedLenFeature([1], tf.int64)}))
    with pytest.raises(tf.errors.InvalidArgumentError,
                       match="Data types don't match. Data type: int64 but expected type: float"):
        run(tf.parse_example([example(a=[1])], {"a": tf.FixedLenFeature([1], tf.float32)}))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Number of int64 values != expected"):
        run(tf.parse_example([example(a=[1, 2])], {"a": tf.FixedLenFeature([3], tf.int64)}))


@pytest.mark.parametrize("features, error", [
    ({}, "Missing: features was {}"),
    ({"a": 3}, "Invalid feature a:3."),
    ({"a": tf.VarLenFeature(None)}, "Missing type for feature a."),
    ({"a": tf.FixedLenFeature(None, tf.int64)}, "Missing shape for feature a."),
    ({"a": tf.FixedLenFeature([None], tf.int64)}, "First dimension of shape for feature a unknown"),
    ({"a": tf.FixedLenFeature([1, None], tf.int64)}, "All dimensions of shape for feature a need"),
    ({"a": tf.SparseFeature("", "v", tf.int64, 3)}, "Missing index_key for SparseFeature"),
    ({"a": tf.SparseFeature("i", "", tf.int64, 3)}, "Missing value_key for SparseFeature"),
    ({"a": tf.VarLenFeature(tf.string), "b": tf.SparseFeature("a", "v", tf.int64, 3)},
     "Conflicting type <dtype: 'string'> vs int64 for feature a."),
    ({"a": tf.FixedLenFeature([], tf.int64), "b": tf.SparseFeature("a", "v", tf.int64, 3)},
     "Dense and sparse keys must not intersect; intersection: {'a'}")])
def test_features_that_cannot_be(features, error):
    with pytest.raises(ValueError, match=error):
        tf.parse_example([b""], features)


def test_a_single_example():
    features = {"a": tf.FixedLenFeature([2], tf.float32), "w": tf.VarLenFeature(tf.string)}
    serialized = tf.placeholder(tf.string, [])
    tensors = tf.parse_single_example(serialized, features)
    assert tensors["a"].op.type == "ParseSingleExample"
    assert tensors["a"].op.name == "ParseSingleExample/ParseSingleExample"
    assert tensors["a"].shape.as_list() == [2]
    got = run(tensors, {serialized: example(a=[1., 2.], w=[b"x", b"y"])})
    assert got["a"].tolist() == [1, 2] and got["w"].indices.tolist() == [[0], [1]]
    assert got["w"].dense_shape.tolist() == [2]


def test_a_single_example_with_a_name():
    features = {"a": tf.FixedLenFeature([2], tf.float32), "w": tf.VarLenFeature(tf.string)}
    tensors = tf.parse_single_example(example(a=[1., 2.], w=[b"x"]), features,
                                      example_names="first")
    assert tensors["a"].op.name == "ParseSingleExample/Squeeze_a"
    got = run(tensors)
    assert got["a"].tolist() == [1, 2] and got["w"].indices.tolist() == [[0]]
    assert got["w"].dense_shape.tolist() == [1]
    with pytest.raises(ValueError, match="Input serialized must be a scalar"):
        tf.parse_single_example([b""], features, example_names="x")
    with pytest.raises(ValueError, match="Missing features."):
        tf.parse_single_example("", {})


# ---- SequenceExamples ----

def test_a_single_sequence():
    serialized = sequence({"length": [2]}, tokens=[[1], [2]], words=[[b"a", b"b"], [b"c"]])
    context, lists = run(tf.parse_single_sequence_example(
        serialized, context_features={"length": tf.FixedLenFeature([], tf.int64)},
        sequence_features={"tokens": tf.FixedLenSequenceFeature([], tf.int64),
                           "words": tf.VarLenFeature(tf.string)}))
    assert context == {"length": 2} and lists["tokens"].tolist() == [1, 2]
    assert lists["words"].indices.tolist() == [[0, 0], [0, 1], [1, 0]]
    assert lists["words"].values.tolist() == [b"a", b"b", b"c"]
    none = sequence({})
    with pytest.raises(tf.errors.InvalidArgumentError, match="tokens"):
        run(tf.parse_single_sequence_example(none, sequence_features={
            "tokens": tf.FixedLenSequenceFeature([], tf.int64)}))
    _, lists = run(tf.parse_single_sequence_example(none, sequence_features={
        "tokens": tf.FixedLenSequenceFeature([], tf.int64, allow_missing=True)}))
    assert lists["tokens"].tolist() == []


def test_a_batch_of_sequences():
    serialized = [sequence({"n": [1]}, x=[[1.], [2.]]), sequence({"n": [2]}, x=[[3.]])]
    context, lists, lengths = run(tf.io.parse_sequence_example(
        serialized, context_features={"n": tf.FixedLenFeature([], tf.int64)},
        sequence_features={"x": tf.FixedLenSequenceFeature([1], tf.float32)}))
    assert context["n"].tolist() == [1, 2] and lengths["x"].tolist() == [2, 1]
    assert lists["x"].tolist() == [[[1], [2]], [[3], [0]]]


def test_sequences_that_cannot_be():
    with pytest.raises(ValueError, match="Missing features."):
        tf.parse_single_sequence_example("")
    with pytest.raises(ValueError, match="Unsupported FixedLenFeature"):
        tf.parse_single_sequence_example("", sequence_features={
            "a": tf.FixedLenFeature([], tf.int64)})
    with pytest.raises(ValueError, match=r"feature_list_dense_defaults\[a\] must be None"):
        tf.parse_single_sequence_example("", sequence_features={
            "a": tf.FixedLenSequenceFeature([], tf.int64, default_value=1)})


# ---- all else ----

def test_json():
    text = ('{"features": {"feature": {"n": {"int64List": {"value": ["5", -7]}}, '
            '"s": {"bytesList": {"value": ["YWI="]}}}}}')
    binary = tf.decode_json_example([text])
    got = tf.train.Example.FromString(run(binary)[0])
    assert list(got.features.feature["n"].int64_list.value) == [5, -7]
    assert list(got.features.feature["s"].bytes_list.value) == [b"ab"]
    parsed = run(tf.parse_example(binary, {"n": tf.FixedLenFeature([2], tf.int64)}))
    assert parsed["n"].tolist() == [[5, -7]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Error while parsing JSON"):
        run(tf.io.decode_json_example("{"))


def test_csv():
    a, b, c = tf.decode_csv(['1,x,0.5', '2,"y, z",'], [[0], [""], [9.]])
    assert (a.dtype, b.dtype, c.dtype) == (tf.int32, tf.string, tf.float32)
    a, b, c = run([a, b, c])
    assert a.tolist() == [1, 2] and b.tolist() == [b"x", b"y, z"] and c.tolist() == [.5, 9]
    last, = run(tf.io.decode_csv(["1;NA"], [[5]], field_delim=";", na_value="NA",
                                 select_cols=[1]))
    assert last.tolist() == [5]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Expect 2 fields but have 1"):
        run(tf.decode_csv(["1"], [[0], [0]]))


@pytest.mark.parametrize("columns, error", [
    ([1, 0], "not strictly increasing"), ([-1, 0], "contains negative values"),
    ([1], "Length of select_cols and record_defaults do not match")])
def test_columns_that_cannot_be(columns, error):
    with pytest.raises(ValueError, match=error):
        tf.decode_csv(["1,2"], [[0], [0]], select_cols=columns)


def test_serialized_tensors():
    value = np.float32([[1, 2], [3, 4]])
    assert run(tf.parse_tensor(tf.serialize_tensor(value), tf.float32)).tolist() == value.tolist()
    message = tf.make_tensor_proto(value).SerializeToString()
    assert run(tf.io.parse_tensor(message, tf.float32)).tolist() == value.tolist()
    with pytest.raises(tf.errors.InvalidArgumentError, match="Type mismatch"):
        run(tf.parse_tensor(message, tf.int32))


def test_compressed():
    data = [b"some bytes" * 10, b""]
    for kind, pack in (("ZLIB", zlib.compress), ("GZIP", gzip.compress), ("", bytes)):
        assert run(tf.decode_compressed([pack(d) for d in data], kind)).tolist() == data


def test_everything_named_is_there():
    for name in parsing_ops.__all__:
        assert hasattr(parsing_ops, name), name
