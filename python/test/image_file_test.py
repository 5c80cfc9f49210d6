"""Images as files, and files as ops."""
import struct
import zlib

import numpy as np
import pytest
import weft as tf
from run import run

PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4


def png(rows, color_type, bit_depth=8):
    """A PNG file, in a few lines of our own."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))

    height, width = rows.shape[:2]
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bit_depth,
                                                             color_type, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def bmp(pixels):
    """A BMP file: rows from the bottom up, blue first, each row padded to four bytes."""
    height, width, _ = pixels.shape
    rows = b"".join(row[:, ::-1].tobytes().ljust((3 * width + 3) // 4 * 4, b"\0")
                    for row in pixels[::-1])
    return (b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, len(rows), 1, 1, 0, 0)
            + rows)


# ---- files as ops ----

def test_read_and_write(tmp_path):
    path = str(tmp_path / "deep" / "x")
    run(tf.write_file(path, "é"))
    assert run(tf.read_file(path)) == "é".encode()
    assert run(tf.io.read_file(tf.constant(path))) == "é".encode()
    with pytest.raises(tf.errors.NotFoundError, match="none; No such file or directory"):
        run(tf.read_file(str(tmp_path / "none")))


def test_matching_files(tmp_path):
    for name in ("b.txt", "a.txt", "c.bin"):
        (tmp_path / name).write_text("")
    pattern = str(tmp_path / "*.txt")
    found = [str(tmp_path / name).encode() for name in ("a.txt", "b.txt")]
    assert run(tf.matching_files(pattern)).tolist() == found
    assert run(tf.matching_files([pattern, str(tmp_path / "*.bin")])).tolist() == [
        *found, str(tmp_path / "c.bin").encode()]


def test_match_filenames_once(tmp_path):
    (tmp_path / "a").write_text("")
    files = tf.train.match_filenames_once(str(tmp_path / "*"))
    assert files in tf.local_variables() and files.op.name == "matching_filenames"
    with tf.Session() as session:
        session.run(tf.local_variables_initializer())
        (tmp_path / "b").write_text("")
        assert session.run(files).tolist() == [str(tmp_path / "a").encode()]


# ---- images ----

def test_png():
    image = tf.image.decode_png(png(PIXELS, 2))
    assert image.dtype == tf.uint8 and image.shape.as_list() == [None, None, None]
    assert np.array_equal(run(image), PIXELS)
    assert run(tf.image.decode_png(png(PIXELS, 2), channels=4))[..., 3].tolist() == [[255] * 5] * 4
    gray = PIXELS[..., :1]
    assert np.array_equal(run(tf.image.decode_png(png(gray, 0))), gray)
    assert tf.image.decode_png(png(gray, 0), channels=3).shape.as_list() == [None, None, 3]
    deep = np.arange(6, dtype=np.uint16).reshape(2, 3, 1) * 10000
    assert np.array_equal(run(tf.image.decode_png(png(deep.astype(">u2"), 0, 16),
                                                  dtype=tf.uint16)), deep)


def test_png_written():
    for compression in (-1, 0, 9):
        file = tf.image.encode_png(PIXELS, compression)
        assert np.array_equal(run(tf.io.decode_png(file)), PIXELS)
    with pytest.raises(ValueError, match="[Vv]alue for attr|rank"):
        tf.image.encode_png(np.zeros([2, 2], np.uint8))


def test_bmp():
    assert np.array_equal(run(tf.image.decode_bmp(bmp(PIXELS))), PIXELS)


def test_jpeg():
    smooth = np.full([16, 24, 3], (200, 100, 50), np.uint8)
    file = run(tf.image.encode_jpeg(smooth, quality=100))
    assert file[:3] == b"\xff\xd8\xff"
    assert abs(run(tf.image.decode_jpeg(file)).astype(int) - smooth).max() <= 2
    assert run(tf.image.decode_jpeg(file, channels=1)).shape == (16, 24, 1)
    assert run(tf.image.decode_jpeg(file, ratio=2)).shape == (8, 12, 3)
    assert run(tf.image.extract_jpeg_shape(file)).tolist() == [16, 24, 3]
    window = tf.image.decode_and_crop_jpeg(file, [2, 4, 8, 6])
    assert run(window).shape == (8, 6, 3)
    assert run(tf.image.is_jpeg(file)) and not run(tf.image.is_jpeg(png(PIXELS, 2)))


def test_quality():
    image = tf.constant(np.random.RandomState(1).rand(16, 16, 3), tf.float32)
    worse = [tf.image.adjust_jpeg_quality(image, q) for q in (95, 5)]
    good, bad = [abs(x - run(image)).mean() for x in run(worse)]
    assert worse[0].dtype == tf.float32 and 0 < good < bad
    assert run(tf.image.random_jpeg_quality(image, 20, 30, seed=1)).shape == (16, 16, 3)
    for low, high, error in ((-1, 5, "between 0 and 100"), (5, 5, "must be less than")):
        with pytest.raises(ValueError, match=error):
            tf.image.random_jpeg_quality(image, low, high)


def test_gif():
    one = (b"GIF89a\1\0\1\0\x80\0\0\xff\0\0\0\0\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;")
    frames = run(tf.image.decode_gif(one))
    assert frames.tolist() == [[[[255, 0, 0]]]]


@pytest.mark.parametrize("decode", ["decode_png", "decode_jpeg", "decode_gif", "decode_bmp"])
def test_what_is_no_image(decode):
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(getattr(tf.image, decode)("no image at all"))


def test_image_of_any_kind():
    contents = tf.placeholder(tf.string, [])
    image = tf.image.decode_image(contents)
    floats = tf.io.decode_image(contents, channels=3, dtype=tf.float32)
    files = [png(PIXELS, 2), bmp(PIXELS)]
    with tf.Session() as s:
        for file in files:
            assert np.array_equal(s.run(image, {contents: file}), PIXELS)
            assert np.allclose(s.run(floats, {contents: file}), PIXELS / 255., atol=1e-2)
        jpeg = s.run(tf.image.encode_jpeg(PIXELS, quality=100))
        assert np.abs(s.run(image, {contents: jpeg}).astype(int) - PIXELS).max() < 20
        with pytest.raises(tf.errors.InvalidArgumentError, match="Unable to decode bytes as JPEG, "
                                                                 "PNG, GIF, or BMP"):
            s.run(image, {contents: b"nothing"})
        gray = tf.image.decode_image(contents, channels=1)
        assert s.run(gray, {contents: png(PIXELS, 2)}).shape == (4, 5, 1)
        with pytest.raises(tf.errors.InvalidArgumentError, match="when decoding BMP images"):
            s.run(gray, {contents: bmp(PIXELS)})
    with pytest.raises(ValueError, match="channels must be in"):
        tf.image.decode_image(contents, channels=2)
