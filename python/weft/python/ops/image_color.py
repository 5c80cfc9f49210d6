"""The colors and the number type of images: converted, adjusted, adjusted by chance."""

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops, control_flow_ops, math_ops, random_ops
from weft.python.ops.image_shapes import checked_3d, require

__all__ = [
    "convert_image_dtype", "rgb_to_grayscale", "grayscale_to_rgb", "rgb_to_hsv", "hsv_to_rgb",
    "rgb_to_yiq", "yiq_to_rgb", "rgb_to_yuv", "yuv_to_rgb", "per_image_standardization",
    "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "random_brightness", "random_contrast", "random_hue", "random_saturation",
]


def _cast(x, dtype, saturate, name=None):
    return (math_ops.saturate_cast if saturate else math_ops.cast)(x, dtype, name=name)


def _integer_to_integer(image, dtype, saturate, name):
    """Scaled in whichever type is wider."""
    from_max, to_max = int(image.dtype.max), int(dtype.max)
    if from_max > to_max:
        scaled = math_ops.floordiv(image, (from_max + 1) // (to_max + 1))
        return _cast(scaled, dtype, saturate, name)
    return math_ops.multiply(_cast(image, dtype, saturate), (to_max + 1) // (from_max + 1),
                             name=name)


def convert_image_dtype(image, dtype, saturate=False, name=None):
    """An image as another dtype, scaled: floats stand for [0, 1], integers for [0, their largest].

    saturate: what would overflow is clipped."""
    image = ops.convert_to_tensor(image, name="image")
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating and not dtype.is_integer:
        raise AttributeError("dtype must be either floating point or integer")
    own = image.dtype.base_dtype
    if dtype == own:
        return array_ops.identity(image, name=name)
    with ops.name_scope(name, "convert_image", [image]) as name:
        if own.is_integer and dtype.is_integer:
            return _integer_to_integer(image, dtype, saturate, name)
        if own.is_floating and dtype.is_floating:
            return math_ops.cast(image, dtype, name=name)
        if own.is_integer:
            return math_ops.multiply(math_ops.cast(image, dtype), 1. / int(own.max), name=name)
        # Half a step more than the largest, so that 1.0 does not fall just below it.
        scaled = math_ops.multiply(image, int(dtype.max) + 0.5)
        return _cast(scaled, dtype, saturate, name)


def _as_float(image):
    """(the image as floats, its own dtype)."""
    own = image.dtype.base_dtype
    if own in (dtypes.float16, dtypes.float32):
        return image, own
    return convert_image_dtype(image, dtypes.float32), own


def rgb_to_grayscale(images, name=None):
    """Images of one channel, the brightness, from three (red, green, blue)."""
    with ops.name_scope(name, "rgb_to_grayscale", [images]) as name:
        images = ops.convert_to_tensor(images, name="images")
        own = images.dtype.base_dtype
        floats = convert_image_dtype(images, dtypes.float32)
        gray = math_ops.tensordot(floats, [0.2989, 0.5870, 0.1140], [-1, -1])
        return convert_image_dtype(array_ops.expand_dims(gray, -1), own, name=name)


def _require_one_channel(images):
    if images.get_shape().ndims is not None and images.get_shape()[-1].value not in (1, None):
        raise ValueError("Last dimension of a grayscale image should be size 1.")


def grayscale_to_rgb(images, name=None):
    """Images of three equal channels from one."""
    with ops.name_scope(name, "grayscale_to_rgb", [images]) as name:
        images = ops.convert_to_tensor(images, name="images")
        _require_one_channel(images)
        leading = array_ops.expand_dims(array_ops.rank(images) - 1, 0)
        multiples = array_ops.concat([array_ops.ones(leading, dtype=dtypes.int32),
                                      array_ops.expand_dims(3, 0)], 0)
        rgb = array_ops.tile(images, multiples, name=name)
        rgb.set_shape(images.get_shape()[:-1].concatenate([3]))
        return rgb


def rgb_to_hsv(images, name=None):
    """Hue, saturation and value, all in [0, 1], of colors in [0, 1]."""
    return gen.RGBToHSV(images, name=name)


def hsv_to_rgb(images, name=None):
    """What rgb_to_hsv() converted."""
    return gen.HSVToRGB(images, name=name)


def _color_space(name, rows):
    """A function that maps the three channels of images by a matrix."""
    def convert(images):
        tensor = ops.convert_to_tensor(images, name="images")
        kernel = ops.convert_to_tensor(rows, dtype=tensor.dtype, name="kernel")
        ndims = tensor.get_shape().ndims
        return math_ops.tensordot(tensor, kernel, axes=[[ndims - 1], [0]])
    convert.__name__ = name
    convert.__doc__ = "The channels of images, the last dimension, by the matrix of %s." % name
    return convert


rgb_to_yiq = _color_space("rgb_to_yiq", [[0.299, 0.59590059, 0.2115],
                                         [0.587, -0.27455667, -0.52273617],
                                         [0.114, -0.32134392, 0.31119955]])
yiq_to_rgb = _color_space("yiq_to_rgb", [[1, 1, 1], [0.95598634, -0.27201283, -1.10674021],
                                         [0.6208248, -0.64720424, 1.70423049]])
rgb_to_yuv = _color_space("rgb_to_yuv", [[0.299, -0.14714119, 0.61497538],
                                         [0.587, -0.28886916, -0.51496512],
                                         [0.114, 0.43601035, -0.10001026]])
yuv_to_rgb = _color_space("yuv_to_rgb", [[1, 1, 1], [0, -0.394642334, 2.03206185],
                                         [1.13988303, -0.58062185, 0]])


def per_image_standardization(image):
    """Each image less its mean and divided by its deviation (at least 1 / sqrt(its size)).

    The result is of the image's dtype: give floats."""
    with ops.name_scope(None, "per_image_standardization", [image]) as scope:
        image = checked_3d(ops.convert_to_tensor(image, name="image"))
        image, own = _as_float(image)
        n = math_ops.reduce_prod(array_ops.shape(image)[-3:])
        mean = math_ops.reduce_mean(image, axis=[-1, -2, -3], keepdims=True)
        deviation = math_ops.reduce_std(image, axis=[-1, -2, -3], keepdims=True)
        least = math_ops.rsqrt(math_ops.cast(n, image.dtype))
        divisor = math_ops.maximum(deviation, least)
        image = math_ops.div(image - mean, divisor, name=scope)
        return convert_image_dtype(image, own, saturate=True)


def adjust_brightness(image, delta):
    """`delta`, a fraction of the largest value, added to all channels."""
    with ops.name_scope(None, "adjust_brightness", [image, delta]) as name:
        floats, own = _as_float(ops.convert_to_tensor(image, name="image"))
        adjusted = math_ops.add(floats, math_ops.cast(delta, floats.dtype), name=name)
        return convert_image_dtype(adjusted, own, saturate=True)


def adjust_contrast(images, contrast_factor):
    """The distances from the mean of each channel of each image, multiplied."""
    with ops.name_scope(None, "adjust_contrast", [images, contrast_factor]) as name:
        floats, own = _as_float(ops.convert_to_tensor(images, name="images"))
        adjusted = gen.AdjustContrastv2(floats, contrast_factor, name=name)
        return convert_image_dtype(adjusted, own, saturate=True)


def adjust_gamma(image, gamma=1, gain=1):
    """gain * image ** gamma. Raises ValueError for a negative gamma."""
    with ops.name_scope(None, "adjust_gamma", [image, gamma, gain]):
        floats, own = _as_float(ops.convert_to_tensor(image, name="image"))
        checks = require(gamma >= 0, "Gamma should be a non-negative real number.")
        if checks:
            gamma = control_flow_ops.with_dependencies(checks, gamma)
        return convert_image_dtype(gain * floats ** gamma, own, saturate=True)


def adjust_hue(image, delta, name=None):
    """The hue turned by `delta`, a fraction in [-1, 1] of the circle."""
    with ops.name_scope(name, "adjust_hue", [image]):
        floats, own = _as_float(ops.convert_to_tensor(image, name="image"))
        return convert_image_dtype(gen.AdjustHue(floats, delta), own)


def adjust_saturation(image, saturation_factor, name=None):
    """The saturation of the colors multiplied."""
    with ops.name_scope(name, "adjust_saturation", [image]):
        floats, own = _as_float(ops.convert_to_tensor(image, name="image"))
        return convert_image_dtype(gen.AdjustSaturation(floats, saturation_factor), own)


def _random(lower, upper, seed):
    return random_ops.random_uniform([], lower, upper, seed=seed)


def _require_range(lower, upper):
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")


def random_brightness(image, max_delta, seed=None):
    """adjust_brightness() by a delta from [-max_delta, max_delta)."""
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, _random(-max_delta, max_delta, seed))


def random_contrast(image, lower, upper, seed=None):
    """adjust_contrast() by a factor from [lower, upper)."""
    _require_range(lower, upper)
    return adjust_contrast(image, _random(lower, upper, seed))


def random_hue(image, max_delta, seed=None):
    """adjust_hue() by a delta from [-max_delta, max_delta), which is at most 0.5."""
    if max_delta > 0.5:
        raise ValueError("max_delta must be <= 0.5.")
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_hue(image, _random(-max_delta, max_delta, seed))


def random_saturation(image, lower, upper, seed=None):
    """adjust_saturation() by a factor from [lower, upper)."""
    _require_range(lower, upper)
    return adjust_saturation(image, _random(lower, upper, seed))
