"""tf.strings.unicode_*: code points there and back, other encodings, what is refused."""
import numpy as np
import pytest
import weft as tf
from run import run

TEXT = "a\u00e9\u20ac\U0001f60a"
CODES = [ord(c) for c in TEXT]


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16-BE", "UTF-32-BE"])
def test_there_and_back(encoding):
    text = TEXT.encode(encoding.replace("-BE", "BE"))
    assert run(tf.strings.unicode_decode(text, encoding)).tolist() == CODES
    assert run(tf.strings.unicode_encode(CODES, encoding)) == text
    assert run(tf.strings.unicode_transcode([text], encoding, "UTF-8")).tolist() == [TEXT.encode()]
    assert run(tf.strings.unicode_transcode(TEXT, "UTF-8", encoding)) == text
    each = [c.encode(encoding.replace("-BE", "BE")) for c in TEXT]
    assert run(tf.strings.unicode_split(text, encoding)).tolist() == each
    codes, starts = run(tf.strings.unicode_decode_with_offsets(text, encoding))
    assert codes.tolist() == CODES
    assert starts.tolist() == np.cumsum([0] + [len(c) for c in each[:-1]]).tolist()
    characters, again = run(tf.strings.unicode_split_with_offsets(text, encoding))
    assert characters.tolist() == each and again.tolist() == starts.tolist()


def test_encode_shapes():
    codes = np.array([[[97, 98], [99, 100]], [[101, 102], [103, 104]]])
    text = tf.strings.unicode_encode(codes, "UTF-8")
    assert text.shape.as_list() == [2, 2]
    assert run(text).tolist() == [[b"ab", b"cd"], [b"ef", b"gh"]]
    x = tf.placeholder(tf.int32, [None, None])
    text = tf.strings.unicode_encode(x, "UTF-8")
    assert run(text, {x: [[97], [98]]}).tolist() == [b"a", b"b"]
    assert run(text, {x: np.zeros([2, 0])}).tolist() == [b"", b""]
    with pytest.raises(ValueError, match="must be statically known"):
        tf.strings.unicode_encode(tf.placeholder(tf.int32), "UTF-8")
    with pytest.raises(ValueError, match="must be at least 1"):
        tf.strings.unicode_encode(97, "UTF-8")


def test_errors():
    broken = b"a\xffb\n"
    decode = tf.strings.unicode_decode
    assert run(decode(broken, "UTF-8")).tolist() == [97, 0xfffd, 98, 10]
    assert run(decode(broken, "UTF-8", "ignore")).tolist() == [97, 98, 10]
    assert run(decode(broken, "UTF-8", "replace", 63, True)).tolist() == [97, 63, 98, 63]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid formatting"):
        run(decode(broken, "UTF-8", "strict"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Could not create converter"):
        run(decode("a", "KOI-8"))
    with pytest.raises(ValueError, match="ragged"):
        decode(["a", "b"], "UTF-8")
    assert tf.strings.unicode_transcode("a", "UTF-8", "UTF-8").op.name == "UnicodeTranscode"
