"""Images as files: JPEG, PNG, GIF and BMP, read and written."""
from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops, control_flow_ops, math_ops, random_ops, string_ops
from weft.python.ops.image_color import convert_image_dtype

__all__ = [
    "adjust_jpeg_quality", "decode_and_crop_jpeg", "decode_bmp", "decode_gif",
    "decode_image", "decode_jpeg", "decode_png", "encode_jpeg", "encode_png", "extract_jpeg_shape", "is_jpeg",
    "random_jpeg_quality"]


def decode_jpeg(contents, channels=0, ratio=1, fancy_upscaling=True, try_recover_truncated=False,
                acceptable_fraction=1, dct_method="", name=None):
    """A JPEG file as uint8 [height, width, channels], reduced by `ratio`, which is 1, 2, 4 or 8;
    channels 0: as many as the file has."""
    return gen.DecodeJpeg(contents, channels=channels, ratio=ratio,
                          fancy_upscaling=fancy_upscaling,
                          try_recover_truncated=try_recover_truncated,
                          acceptable_fraction=acceptable_fraction, dct_method=dct_method,
                          name=name)


def decode_and_crop_jpeg(contents, crop_window, channels=0, ratio=1, fancy_upscaling=True,
                         try_recover_truncated=False, acceptable_fraction=1, dct_method="",
                         name=None):
    """decode_jpeg() of a window [y, x, height, width] of the file alone."""
    return gen.DecodeAndCropJpeg(contents, crop_window, channels=channels, ratio=ratio,
                                 fancy_upscaling=fancy_upscaling,
                                 try_recover_truncated=try_recover_truncated,
                                 acceptable_fraction=acceptable_fraction, dct_method=dct_method,
                                 name=name)


def decode_png(contents, channels=0, dtype=dtypes.uint8, name=None):
    """A PNG file as uint8 or uint16 [height, width, channels]."""
    return gen.DecodePng(contents, channels=channels, dtype=dtype, name=name)


def decode_gif(contents, name=None):
    """A GIF file as uint8 [frames, height, width, 3]."""
    return gen.DecodeGif(contents, name=name)


def decode_bmp(contents, channels=0, name=None):
    """A BMP file as uint8 [height, width, channels]."""
    return gen.DecodeBmp(contents, channels=channels, name=name)


def decode_image(contents, channels=None, dtype=dtypes.uint8, name=None, expand_animations=True):
    """An image file, whichever of JPEG, PNG, GIF and BMP it is, of `dtype`.

    Args:
      contents: the bytes of the file, a string scalar.
      channels: 1, 3 or 4; None or 0: as many as the file has.
      dtype: of the result; other than uint8 it is scaled as by convert_image_dtype().
      name: of the name scope.
      expand_animations: whether a GIF gives all of its frames, or else the first alone.

    Raises:
      ValueError: another number of channels.
    """
    with ops.name_scope(name, "decode_image"):
        if channels not in (None, 0, 1, 3, 4):
            raise ValueError("channels must be in (None, 0, 1, 3, 4)")
        decoder = _Decoder(contents, channels or 0, dtype, expand_animations)
        return control_flow_ops.cond(is_jpeg(contents), decoder.jpeg, decoder.no_jpeg,
                                     name="cond_jpeg")


class _Decoder:
    """The branches of decode_image(), each of which knows one kind of file."""

    def __init__(self, contents, channels, dtype, expand_animations):
        self._contents = contents
        self._channels = channels
        self._dtype = dtype
        self._expand_animations = expand_animations

    def jpeg(self):
        with self._accepting((0, 1, 3), "JPEG", "check_jpeg_channels"):
            return self._converted(decode_jpeg(self._contents, self._channels))

    def no_jpeg(self):
        start = string_ops.substr(self._contents, 0, 3)
        is_png = math_ops.equal(start, b"\211PN", name="is_png")
        return control_flow_ops.cond(is_png, self._png, lambda: self._no_png(start),
                                     name="cond_png")

    def _png(self):
        deep = self._dtype != dtypes.uint8
        return self._converted(decode_png(self._contents, self._channels,
                                          dtypes.uint16 if deep else dtypes.uint8))

    def _no_png(self, start):
        is_gif = math_ops.equal(start, b"GIF", name="is_gif")
        return control_flow_ops.cond(is_gif, self._gif, self._bmp, name="cond_gif")

    def _gif(self):
        with self._accepting((0, 3), "GIF", "check_gif_channels"):
            frames = self._converted(decode_gif(self._contents))
            return frames if self._expand_animations else array_ops.gather(frames, 0)

    def _bmp(self):
        is_bmp = math_ops.equal(string_ops.substr(self._contents, 0, 2), "BM", name="is_bmp")
        known = control_flow_ops.Assert(
            is_bmp, ["Unable to decode bytes as JPEG, PNG, GIF, or BMP"])
        with ops.control_dependencies([known]), \
                self._accepting((0, 3, 4), "BMP", "check_channels"):
            return self._converted(decode_bmp(self._contents))

    def _converted(self, image):
        return convert_image_dtype(image, self._dtype)

    def _accepting(self, channels, kind, name):
        """A block that runs only if files of this kind can have so many channels."""
        fine = math_ops.equal(self._channels in channels, True, name=name)
        shown = "None, " + ", ".join(map(str, channels if kind != "BMP" else (0, 3)))
        return ops.control_dependencies([control_flow_ops.Assert(
            fine, ["Channels must be in (%s) when decoding %s images" % (shown, kind)])])


def encode_jpeg(image, format="", quality=95, progressive=False, optimize_size=False,
                chroma_downsampling=True, density_unit="in", x_density=300, y_density=300,
                xmp_metadata="", name=None):
    """A JPEG file of uint8 [height, width, channels]."""
    return gen.EncodeJpeg(image, format=format, quality=quality, progressive=progressive,
                          optimize_size=optimize_size, chroma_downsampling=chroma_downsampling,
                          density_unit=density_unit, x_density=x_density, y_density=y_density,
                          xmp_metadata=xmp_metadata, name=name)


def encode_png(image, compression=-1, name=None):
    """A PNG file of uint8 or uint16 [height, width, channels]; compression 0 to 9."""
    return gen.EncodePng(image, compression=compression, name=name)


def extract_jpeg_shape(contents, output_type=dtypes.int32, name=None):
    """[height, width, channels] of a JPEG file, which is not decoded for it."""
    return gen.ExtractJpegShape(contents, output_type=output_type, name=name)


def is_jpeg(contents, name=None):
    """Whether a file begins as JPEG files do: a bool scalar."""
    with ops.name_scope(name, "is_jpeg"):
        return math_ops.equal(string_ops.substr(contents, 0, 3), b"\xff\xd8\xff", name=name)


def adjust_jpeg_quality(image, jpeg_quality, name=None):
    """The image after it was a JPEG file of a quality from 0 to 100."""
    with ops.name_scope(name, "adjust_jpeg_quality", [image]):
        image = ops.convert_to_tensor(image, name="image")
        dtype = image.dtype
        image = convert_image_dtype(image, dtypes.uint8)
        jpeg_quality = ops.convert_to_tensor(jpeg_quality, dtype=dtypes.int32)
        image = gen.DecodeJpeg(gen.EncodeJpegVariableQuality(image, jpeg_quality))
        return convert_image_dtype(image, dtype, saturate=True)


def random_jpeg_quality(image, min_jpeg_quality, max_jpeg_quality, seed=None):
    """adjust_jpeg_quality() with a random quality, at least the first and below the second."""
    if not (0 <= min_jpeg_quality <= 100 and 0 <= max_jpeg_quality <= 100):
        raise ValueError("jpeg encoding range must be between 0 and 100.")
    if min_jpeg_quality >= max_jpeg_quality:
        raise ValueError("`min_jpeg_quality` must be less than `max_jpeg_quality`.")
    quality = random_ops.random_uniform([], min_jpeg_quality, max_jpeg_quality, seed=seed,
                                        dtype=dtypes.int32)
    return adjust_jpeg_quality(image, quality)
