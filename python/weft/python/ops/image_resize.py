"""Images made larger or smaller: resized, cropped, padded."""

from weft.python.framework import dtypes, gen, ops, tensor_util
from weft.python.ops import array_ops, control_flow_ops, math_ops
from weft.python.ops.image_shapes import (as_batch, as_before, check_at_least_3d, checked_3d,
                                          image_dimensions, require, static)

__all__ = [
    "ResizeMethod", "ResizeMethodV1", "resize", "resize_images", "resize_images_v2",
    "resize_bilinear",
    "resize_bicubic", "resize_nearest_neighbor", "resize_area", "resize_image_with_crop_or_pad",
    "resize_with_crop_or_pad", "resize_image_with_pad", "resize_image_with_pad_v1",
    "pad_to_bounding_box", "crop_to_bounding_box", "central_crop",
]


class ResizeMethod:
    """How resize_images() finds the pixels that were not there."""
    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


ResizeMethodV1 = ResizeMethod
_BY_NAME = {"bilinear": 0, "nearest": 1, "bicubic": 2, "area": 3}


def resize_bilinear(images, size, align_corners=False, name=None, half_pixel_centers=False):
    """A batch of images resized by linear interpolation: float32."""
    return _resize(gen.ResizeBilinear, images, size, align_corners, half_pixel_centers, name)


def resize_nearest_neighbor(images, size, align_corners=False, name=None,
                            half_pixel_centers=False):
    """A batch of images resized by taking the nearest pixel."""
    return _resize(gen.ResizeNearestNeighbor, images, size, align_corners, half_pixel_centers,
                   name)


def resize_bicubic(images, size, align_corners=False, name=None, half_pixel_centers=False):
    """A batch of images resized by cubic interpolation: float32."""
    return _resize(gen.ResizeBicubic, images, size, align_corners, half_pixel_centers, name)


def resize_area(images, size, align_corners=False, name=None):
    """A batch of images resized by the mean of the area that a pixel covers: float32."""
    return gen.ResizeArea(images, size, align_corners=align_corners, name=name)


def _resize(op, images, size, align_corners, half_pixel_centers, name):
    return op(images, size, align_corners=align_corners, half_pixel_centers=half_pixel_centers,
              name=name)


_RESIZERS = {ResizeMethod.BILINEAR: resize_bilinear,
             ResizeMethod.NEAREST_NEIGHBOR: resize_nearest_neighbor,
             ResizeMethod.BICUBIC: resize_bicubic, ResizeMethod.AREA: resize_area}


def _resizer(method):
    resizer = _RESIZERS.get(_BY_NAME.get(method, method))
    if resizer is None:
        raise ValueError("Resize method is not implemented.")
    return resizer


def _size_tensor(size):
    """(height, width) as a tensor. Raises ValueError for anything else."""
    try:
        size = ops.convert_to_tensor(size, dtypes.int32, name="size")
    except (TypeError, ValueError):
        raise ValueError("'size' must be a 1-D int32 Tensor")
    if not size.get_shape().is_compatible_with([2]):
        raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
    return size


def _largest_within(images, size):
    """The largest size within `size` that has the proportions of the images."""
    _, height, width, _ = image_dimensions(images, 4)
    height = math_ops.cast(height, dtypes.float32)
    width = math_ops.cast(width, dtypes.float32)
    scale = math_ops.minimum(math_ops.cast(size[0], dtypes.float32) / height,
                             math_ops.cast(size[1], dtypes.float32) / width)
    return ops.convert_to_tensor([math_ops.cast(math_ops.round(scale * height), dtypes.int32),
                                  math_ops.cast(math_ops.round(scale * width), dtypes.int32)],
                                 dtypes.int32, name="size")


def _resize_images(images, resizer, size, preserve_aspect_ratio, name, skip_if_same):
    with ops.name_scope(name, "resize", [images, size]):
        images = ops.convert_to_tensor(images, name="images")
        ndims = images.get_shape().ndims
        if ndims is None:
            raise ValueError("'images' contains no shape.")
        if ndims not in (3, 4):
            raise ValueError("'images' must have either 3 or 4 dimensions.")
        images, was_batch = as_batch(images)
        _, height, width, _ = images.get_shape().as_list()
        size = _size_tensor(size)
        if preserve_aspect_ratio:
            size = _largest_within(images, size)
        new = tensor_util.constant_value_as_shape(size).as_list()
        if skip_if_same and None not in new and new == [height, width]:
            return as_before(images, was_batch)
        images = resizer(images, size)
        images.set_shape([None, new[0], new[1], None])
        return as_before(images, was_batch)


def resize_images(images, size, method=ResizeMethod.BILINEAR, align_corners=False,
                  preserve_aspect_ratio=False, name=None):
    """An image, or a batch of them, of the size (height, width).

    align_corners: the centers of the corner pixels stay where they are. preserve_aspect_ratio:
    the largest size within `size` of the same proportions. Of that size already: unchanged."""
    def resizer(batch, new):
        return _resizer(method)(batch, new, align_corners=align_corners)
    return _resize_images(images, resizer, size, preserve_aspect_ratio, name, True)


resize = resize_images


def resize_images_v2(images, size, method="bilinear", preserve_aspect_ratio=False,
                     antialias=False, name=None):
    """resize_images() as TF 2 does it: pixels have their centers in their middle."""
    if antialias:
        raise NotImplementedError("resize with antialias=True is not supported")
    number = _BY_NAME.get(method, method)
    more = {} if number == ResizeMethod.AREA else {"half_pixel_centers": True}

    def resizer(batch, new):
        return _resizer(method)(batch, new, **more)
    return _resize_images(images, resizer, size, preserve_aspect_ratio, name, False)


def pad_to_bounding_box(image, offset_height, offset_width, target_height, target_width):
    """The image, or a batch of them, within zeros: of the target size, at the offset.

    Raises ValueError if it does not fit (a run fails where that is not known before)."""
    with ops.name_scope(None, "pad_to_bounding_box", [image]):
        image, was_batch = as_batch(ops.convert_to_tensor(image, name="image"))
        checks = check_at_least_3d(image, require_static=False)
        batch, height, width, depth = image_dimensions(image, 4)
        right = target_width - offset_width - width
        below = target_height - offset_height - height
        checks += require(offset_height >= 0, "offset_height must be >= 0")
        checks += require(offset_width >= 0, "offset_width must be >= 0")
        checks += require(right >= 0, "width must be <= target - offset")
        checks += require(below >= 0, "height must be <= target - offset")
        image = control_flow_ops.with_dependencies(checks, image)
        paddings = array_ops.reshape(array_ops.stack(
            [0, 0, offset_height, below, offset_width, right, 0, 0]), [4, 2])
        padded = array_ops.pad(image, paddings)
        padded.set_shape(static([batch, target_height, target_width, depth]))
        return as_before(padded, was_batch)


def crop_to_bounding_box(image, offset_height, offset_width, target_height, target_width):
    """The part of the image, or of a batch of them, of the target size at the offset.

    Raises ValueError if it reaches beyond (a run fails where that is not known before)."""
    with ops.name_scope(None, "crop_to_bounding_box", [image]):
        image, was_batch = as_batch(ops.convert_to_tensor(image, name="image"))
        checks = check_at_least_3d(image, require_static=False)
        batch, height, width, depth = image_dimensions(image, 4)
        checks += require(offset_width >= 0, "offset_width must be >= 0.")
        checks += require(offset_height >= 0, "offset_height must be >= 0.")
        checks += require(target_width > 0, "target_width must be > 0.")
        checks += require(target_height > 0, "target_height must be > 0.")
        checks += require(width >= target_width + offset_width,
                          "width must be >= target + offset.")
        checks += require(height >= target_height + offset_height,
                          "height must be >= target + offset.")
        image = control_flow_ops.with_dependencies(checks, image)
        cropped = array_ops.slice(image, array_ops.stack([0, offset_height, offset_width, 0]),
                                  array_ops.stack([-1, target_height, target_width, -1]))
        cropped.set_shape(static([batch, target_height, target_width, depth]))
        return as_before(cropped, was_batch)


def _is_tensor(*values):
    return any(isinstance(v, ops.Tensor) for v in values)


def _max(x, y):
    return math_ops.maximum(x, y) if _is_tensor(x, y) else max(x, y)


def _min(x, y):
    return math_ops.minimum(x, y) if _is_tensor(x, y) else min(x, y)


def _equal(x, y):
    return math_ops.equal(x, y) if _is_tensor(x, y) else x == y


def _with_target_checks(image, target_height, target_width):
    """The image and the target size, once they are known to make sense."""
    checks = check_at_least_3d(image, require_static=False)
    checks += require(target_width > 0, "target_width must be > 0.")
    checks += require(target_height > 0, "target_height must be > 0.")
    image = control_flow_ops.with_dependencies(checks, image)
    sizes = [control_flow_ops.with_dependencies(checks, size) if _is_tensor(size) else size
             for size in (target_height, target_width)]
    return image, sizes[0], sizes[1]


def _require_size(image, target_height, target_width, what):
    """The image, of which is checked that it has the target size."""
    _, height, width, _ = image_dimensions(image, 4)
    checks = require(_equal(height, target_height), "%s height is not correct." % what)
    checks += require(_equal(width, target_width), "%s width is not correct." % what)
    return control_flow_ops.with_dependencies(checks, image)


def resize_image_with_crop_or_pad(image, target_height, target_width):
    """The image, or a batch of them, of the target size: centrally cut, or within zeros."""
    with ops.name_scope(None, "resize_image_with_crop_or_pad", [image]):
        image, was_batch = as_batch(ops.convert_to_tensor(image, name="image"))
        image, target_height, target_width = _with_target_checks(image, target_height,
                                                                 target_width)
        _, height, width, _ = image_dimensions(image, 4)
        wider, higher = target_width - width, target_height - height
        crop_left, pad_left = _max(-wider // 2, 0), _max(wider // 2, 0)
        crop_top, pad_top = _max(-higher // 2, 0), _max(higher // 2, 0)
        cropped = crop_to_bounding_box(image, crop_top, crop_left, _min(target_height, height),
                                       _min(target_width, width))
        resized = pad_to_bounding_box(cropped, pad_top, pad_left, target_height, target_width)
        resized = _require_size(resized, target_height, target_width, "resized")
        return as_before(resized, was_batch)


resize_with_crop_or_pad = resize_image_with_crop_or_pad


def resize_image_with_pad_v1(image, target_height, target_width, method=ResizeMethod.BILINEAR,
                             align_corners=False):
    """The image, or a batch of them, as large as fits into the target size, within zeros."""
    with ops.name_scope(None, "resize_image_with_pad", [image]):
        image, was_batch = as_batch(ops.convert_to_tensor(image, name="image"))
        image, target_height, target_width = _with_target_checks(image, target_height,
                                                                 target_width)
        _, height, width, _ = image_dimensions(image, 4)
        height, width, want_height, want_width = [math_ops.cast(size, dtypes.float64) for size in
                                                  (height, width, target_height, target_width)]
        ratio = math_ops.maximum(width / want_width, height / want_height)
        height, width = height / ratio, width / ratio
        size = [math_ops.cast(math_ops.floor(length), dtypes.int32) for length in (height, width)]
        above, left = [math_ops.maximum(0, math_ops.cast(math_ops.floor((want - has) / 2),
                                                         dtypes.int32))
                       for want, has in ((want_height, height), (want_width, width))]
        resized = resize_images(image, ops.convert_to_tensor(size), method, align_corners)
        padded = pad_to_bounding_box(resized, above, left, target_height, target_width)
        padded = _require_size(padded, target_height, target_width, "padded")
        return as_before(padded, was_batch)


resize_image_with_pad = resize_image_with_pad_v1


def _middle(image, axis, fraction):
    """(start, size) of the middle part along a dimension: ints where it is known."""
    size = image.get_shape()[axis].value
    if size is not None:
        start = int((float(size) - float(size) * fraction) / 2)
    else:
        size = array_ops.shape(image)[axis]
        length = math_ops.cast(size, dtypes.float64)
        start = math_ops.cast((length - length * fraction) / 2, dtypes.int32)
    return start, size - start * 2


def central_crop(image, central_fraction):
    """The middle of an image, or of each of a batch: that fraction of height and width."""
    with ops.name_scope(None, "central_crop", [image]):
        image = ops.convert_to_tensor(image, name="image")
        if central_fraction <= 0.0 or central_fraction > 1.0:
            raise ValueError("central_fraction must be within (0, 1]")
        if central_fraction == 1.0:
            return image
        checked_3d(image)
        ndims = image.get_shape().ndims
        if ndims not in (3, 4):
            raise ValueError("`image` should either be a Tensor with rank = 3 or rank = 4. Had "
                             "rank = {}.".format(ndims))
        known = image.get_shape().as_list()
        top, height = _middle(image, ndims - 3, central_fraction)
        left, width = _middle(image, ndims - 2, central_fraction)
        first = [0] * (ndims - 3)
        image = array_ops.slice(image, array_ops.stack(first + [top, left, 0]),
                                array_ops.stack([-1] * (ndims - 3) + [height, width, -1]))
        image.set_shape(known[:-3] + static([height, width]) + known[-1:])
        return image
