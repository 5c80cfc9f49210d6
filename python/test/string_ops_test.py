"""Strings."""
import numpy as np
import pytest
import weft as tf
from run import run
from weft.python.ops import string_ops


@pytest.mark.fact("E39")
def test_text_is_bytes():
    assert run(tf.constant("Hello")) == b"Hello" and run(tf.constant("é")) == "é".encode()
    assert run(tf.string_join(["a", ["b", "c"]], separator="-")).tolist() == [b"a-b", b"a-c"]


def test_as_string():
    assert run(tf.as_string([1, 23], width=3, fill="0")).tolist() == [b"001", b"023"]
    assert run(tf.as_string(3.14159, precision=2)) == b"3.14"
    assert run(tf.as_string(True)) == b"true"


def test_length():
    assert run(string_ops.string_length(["a", "é", ""])).tolist() == [1, 2, 0]
    assert run(string_ops.string_length(["é"], unit="UTF8_CHAR")).tolist() == [1]


def test_split():
    s = run(tf.string_split(["a b  c", "", "d"]))
    assert s.values.tolist() == [b"a", b"b", b"c", b"d"] and s.dense_shape.tolist() == [3, 3]
    assert s.indices.tolist() == [[0, 0], [0, 1], [0, 2], [2, 0]]
    s = run(tf.string_split(["a,,b"], delimiter=",", skip_empty=False))
    assert s.values.tolist() == [b"a", b"", b"b"]
    assert run(tf.string_split(["ab"], "")).values.tolist() == [b"a", b"b"]


def test_split_as_python():
    words = [["a b ", ""], ["c", "d  e f"]]
    s = tf.strings.split(words)
    assert s.values.op.name == "StringSplit/StringSplitV2"
    s = run(s)
    assert s.values.tolist() == [b"a", b"b", b"c", b"d", b"e", b"f"]
    assert s.dense_shape.tolist() == [2, 2, 3]
    assert s.indices[-1].tolist() == [1, 1, 2] and s.indices[0].tolist() == [0, 0, 0]
    s = run(tf.strings.split(["a,b,c"], ",", maxsplit=1))
    assert s.values.tolist() == [b"a", b"b,c"] and s.dense_shape.tolist() == [1, 2]
    s = run(tf.strings.split(source="x y"))
    assert s.indices.tolist() == [[0], [1]] and s.dense_shape.tolist() == [2]


def test_segments_joined():
    made = tf.strings.unsorted_segment_join(["a", "b", "c"], [1, 0, 1], 2, separator="-")
    assert made.shape == [2] and run(made).tolist() == [b"b", b"a-c"]


def test_substr():
    assert run(tf.strings.substr("h€llo", 1, 2, unit="UTF8_CHAR")).decode() == "€l"
    assert run(tf.substr(["hello", "world"], 1, 3)).tolist() == [b"ell", b"orl"]
    with pytest.raises(tf.errors.InvalidArgumentError, match="pos 9 out of range"):
        run(tf.substr("hello", 9, 1))


def test_to_number():
    assert run(tf.string_to_number(["1", "-2.5"])).tolist() == [1, -2.5]
    assert run(tf.string_to_number(string_tensor="7", out_type=tf.int64)) == 7
    with pytest.raises(tf.errors.InvalidArgumentError, match="could not correctly convert"):
        run(tf.string_to_number("x"))


def test_hash_buckets():
    got = run(tf.string_to_hash_bucket_fast(["a", "b", "c"], 10))
    assert got.dtype == np.int64 and ((0 <= got) & (got < 10)).all()


def test_reduce_join():
    a = [["a", "b"], ["c", "d"]]
    assert run(tf.reduce_join(a, 0)).tolist() == [b"ac", b"bd"]
    assert run(tf.reduce_join(a)) == b"abcd"
    assert run(tf.reduce_join(a, reduction_indices=1, keep_dims=True)).tolist() == [
        [b"ab"], [b"cd"]]


def test_regex():
    assert run(tf.regex_replace("aXbX", "X", "-")) == b"a-b-"
    assert run(tf.strings.regex_full_match(["ab", "b"], "a.*")).tolist() == [True, False]


def test_strip():
    assert run(tf.strings.strip([" a ", "b\n"])).tolist() == [b"a", b"b"]


def test_format():
    x = tf.constant([1, 2, 3])
    assert run(string_ops.string_format("x = {}!", x)) == b"x = [1 2 3]!"
    assert run(string_ops.string_format("{} {}", [x, x[0]], summarize=1)) == b"[1 ... 3] 1"
    with pytest.raises(ValueError, match="placeholder"):
        string_ops.string_format("{}", [x, x])


def test_decode_raw():
    padded = string_ops.decode_raw(["ab", "c"], tf.uint8, fixed_length=3)
    assert run(padded).tolist() == [[97, 98, 0], [99, 0, 0]]
    assert run(tf.decode_raw(np.int16([1, 258]).tobytes(), tf.int16)).tolist() == [1, 258]


def test_base64():
    assert run(tf.encode_base64("a?>")) == b"YT8-" and run(tf.decode_base64("YT8-")) == b"a?>"


def test_everything_named_is_there():
    for name in string_ops.__all__:
        assert hasattr(string_ops, name), name
