"""Files of records: tf.python_io."""
import gzip
import pathlib
import zlib

import pytest
import records
import weft as tf

RECORDS = [b"", b"a", "é".encode(), bytes(range(256)) * 300]


def test_the_checksum():
    assert records.crc32c(b"123456789") == 0xE3069283          # the standard's own example


def test_written_as_the_format_says(tmp_path):
    path = str(tmp_path / "x")
    with tf.python_io.TFRecordWriter(path) as writer:
        for record in RECORDS:
            writer.write(record)
    data = pathlib.Path(path).read_bytes()
    assert data == records.written(RECORDS) and records.read(data) == RECORDS
    assert list(tf.python_io.tf_record_iterator(path)) == RECORDS


def test_read_as_the_format_says(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(records.written(RECORDS))
    assert list(tf.python_io.tf_record_iterator(str(path))) == RECORDS
    assert list(tf.io.tf_record_iterator(path)) == RECORDS
    path.write_bytes(b"")
    assert list(tf.python_io.tf_record_iterator(str(path))) == []


@pytest.mark.parametrize("kind, unpack", [
    (tf.python_io.TFRecordCompressionType.ZLIB, zlib.decompress), ("GZIP", gzip.decompress),
    (tf.python_io.TFRecordCompressionType.NONE, bytes)])
def test_compressed(tmp_path, kind, unpack):
    path = str(tmp_path / "x")
    options = tf.python_io.TFRecordOptions(kind)
    with tf.python_io.TFRecordWriter(path, options) as writer:
        for record in RECORDS:
            writer.write(record)
    assert unpack(pathlib.Path(path).read_bytes()) == records.written(RECORDS)
    assert list(tf.python_io.tf_record_iterator(path, options)) == RECORDS


def test_flushed_records_are_there(tmp_path):
    path = str(tmp_path / "x")
    writer = tf.python_io.TFRecordWriter(path)
    writer.write(b"one")
    writer.flush()
    assert list(tf.python_io.tf_record_iterator(path)) == [b"one"]
    writer.write("two")                         # a text as UTF-8
    writer.close()
    writer.close()
    assert list(tf.python_io.tf_record_iterator(path)) == [b"one", b"two"]
    with pytest.raises(RuntimeError, match="The writer is closed"):
        writer.write(b"")
    with pytest.raises(TypeError):
        tf.python_io.TFRecordWriter(path).write(3)


def test_damage(tmp_path):
    path = tmp_path / "x"
    whole = records.written([b"abc", b"def"])
    path.write_bytes(whole[:13] + b"X" + whole[14:])
    with pytest.raises(tf.errors.DataLossError, match="corrupted record at 12"):
        list(tf.python_io.tf_record_iterator(str(path)))
    path.write_bytes(whole[:-1])
    read = tf.python_io.tf_record_iterator(str(path))
    assert next(read) == b"abc"
    with pytest.raises(tf.errors.DataLossError, match="truncated record at 31"):
        next(read)


def test_what_cannot_be(tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match="No such file or directory"):
        list(tf.python_io.tf_record_iterator(str(tmp_path / "none")))
    with pytest.raises(tf.errors.NotFoundError):
        tf.python_io.TFRecordWriter(str(tmp_path / "none" / "x"))
    with pytest.raises(ValueError, match='Not a valid compression_type: "LZ4"'):
        tf.python_io.TFRecordOptions("LZ4")
    with pytest.raises(ValueError, match="Not a valid compression_type"):
        tf.python_io.TFRecordWriter(str(tmp_path / "x"), "zlib")


def test_options():
    options = tf.io.TFRecordOptions("GZIP", compression_level=1)
    string = tf.io.TFRecordOptions.get_compression_type_string
    assert options.compression_level == 1 and string(options) == "GZIP"
    assert string(None) == string(tf.io.TFRecordCompressionType.NONE) == ""
