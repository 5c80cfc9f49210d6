"""tf.data's datasets of files."""
import gzip

import pytest
import weft as tf
from datasets import elements, numbers

Dataset = tf.data.Dataset


@pytest.fixture
def texts(tmp_path):
    names = []
    for i in range(2):
        names.append(str(tmp_path / ("%d.txt" % i)))
        (tmp_path / ("%d.txt" % i)).write_text("".join("%d.%d\n" % (i, j) for j in range(3)))
    return names


def records(path, values, options=None):
    with tf.python_io.TFRecordWriter(path, options) as writer:
        for value in values:
            writer.write(value)
    return path


def test_lines(texts, tmp_path):
    all_lines = [b"0.0", b"0.1", b"0.2", b"1.0", b"1.1", b"1.2"]
    assert elements(tf.data.TextLineDataset(texts)) == all_lines
    assert elements(tf.data.TextLineDataset(texts[0], buffer_size=2)) == all_lines[:3]
    assert elements(tf.data.TextLineDataset(Dataset.from_tensor_slices(texts))) == all_lines
    assert sorted(elements(tf.data.TextLineDataset(texts, num_parallel_reads=2))) == all_lines
    packed = str(tmp_path / "packed.gz")
    with gzip.open(packed, "wb") as f:
        f.write(b"a\nb\n")
    assert elements(tf.data.TextLineDataset(packed, "GZIP")) == [b"a", b"b"]
    with pytest.raises(tf.errors.NotFoundError):
        elements(tf.data.TextLineDataset("/nowhere"))
    with pytest.raises(TypeError, match="must be a `tf.data.Dataset` of `tf.string` elements."):
        tf.data.TextLineDataset(Dataset.range(3))


def test_records(tmp_path):
    one = records(str(tmp_path / "one"), [b"a", b"", b"ccc"])
    two = records(str(tmp_path / "two"), [b"d"])
    assert elements(tf.data.TFRecordDataset([one, two])) == [b"a", b"", b"ccc", b"d"]
    zipped = records(str(tmp_path / "z"), [b"zip"], tf.python_io.TFRecordOptions(
        tf.python_io.TFRecordCompressionType.ZLIB))
    assert elements(tf.data.TFRecordDataset(zipped, compression_type="ZLIB")) == [b"zip"]
    both = tf.data.TFRecordDataset([one, two], num_parallel_reads=2)
    assert sorted(elements(both)) == [b"", b"a", b"ccc", b"d"]
    following = tf.data.TFRecordDataset(one).repeat().batch(2).make_one_shot_iterator().get_next()
    with tf.Session() as sess:
        assert sess.run(following).tolist() == [b"a", b""]


def test_fixed_length(tmp_path):
    (tmp_path / "f").write_bytes(b"HHaabbccF")
    dataset = tf.data.FixedLengthRecordDataset(str(tmp_path / "f"), 2, header_bytes=2,
                                               footer_bytes=1)
    assert elements(dataset) == [b"aa", b"bb", b"cc"]


def test_list_files(texts, tmp_path):
    pattern = str(tmp_path / "*.txt")
    assert [x.decode() for x in elements(Dataset.list_files(pattern, shuffle=False))] == texts
    assert sorted(elements(Dataset.list_files(pattern))) == sorted(t.encode() for t in texts)
    names = [op.name for op in tf.get_default_graph().get_operations()]
    for name in ("list_files/file_pattern", "list_files/MatchingFiles",
                 "list_files/match_not_empty", "list_files/message", "list_files/Identity"):
        assert name in names
    with pytest.raises(tf.errors.InvalidArgumentError, match="No files matched pattern"):
        elements(Dataset.list_files(str(tmp_path / "*.none")))


def test_csv(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("name,petals,height\nrose,5,0.5\n\"wild, daisy\",34,\n")
    rows = elements(tf.data.experimental.CsvDataset(
        str(path), [tf.string, tf.int32, tf.constant([9.])], header=True))
    assert rows == [(b"rose", 5, 0.5), (b"wild, daisy", 34, 9.)]
    some = elements(tf.data.experimental.CsvDataset(str(path), [tf.int32], header=True,
                                                    select_cols=[1]))
    assert some == [(5,), (34,)]
    batch, = elements(tf.data.experimental.make_csv_dataset(
        str(path), 2, label_name="petals", num_epochs=1, shuffle=False))
    assert list(batch[0]) == ["name", "height"] and batch[1].tolist() == [5, 34]
    assert batch[0]["name"].tolist() == [b"rose", b"wild, daisy"]
    chosen, = elements(tf.data.experimental.make_csv_dataset(
        str(path), 2, select_columns=["height"], num_epochs=1, shuffle=False))
    assert chosen["height"].tolist() == [0.5, 0.]
    with pytest.raises(ValueError, match="`label_name` provided must be one of the columns."):
        tf.data.experimental.make_csv_dataset(str(path), 2, label_name="none")
    with pytest.raises(ValueError, match="No files match"):
        tf.data.experimental.make_csv_dataset("/nowhere", 2)


def test_examples(tmp_path):
    def example(i):
        feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[i]))
        return tf.train.Example(features=tf.train.Features(feature={"n": feature}))

    path = records(str(tmp_path / "e"), [example(i).SerializeToString() for i in range(5)])
    features = {"n": tf.FixedLenFeature([], tf.int64)}
    got = elements(tf.data.experimental.make_batched_features_dataset(
        path, 2, features, num_epochs=1, shuffle=False))
    assert [e["n"].tolist() for e in got] == [[0, 1], [2, 3], [4]]
    labelled = tf.data.experimental.make_batched_features_dataset(
        path, 5, dict(features, m=tf.VarLenFeature(tf.int64)), label_key="n", num_epochs=1)
    (rest, label), = elements(labelled)
    assert sorted(label.tolist()) == list(range(5)) and list(rest) == ["m"]
    parsed = tf.data.TFRecordDataset(path).map(
        lambda record: tf.parse_single_example(record, features)["n"])
    assert numbers(parsed) == list(range(5))
    with pytest.raises(ValueError, match="Missing: features was"):
        tf.data.experimental.parse_example_dataset(None)


def test_written_records(tmp_path):
    path = str(tmp_path / "out")
    dataset = Dataset.from_tensor_slices(["x", "y"])
    with tf.Session() as sess:
        sess.run(tf.data.experimental.TFRecordWriter(path).write(dataset))
    assert list(tf.python_io.tf_record_iterator(path)) == [b"x", b"y"]
    with pytest.raises(TypeError, match="must produce scalar `DT_STRING` tensors"):
        tf.data.experimental.TFRecordWriter(path).write(Dataset.range(2))
