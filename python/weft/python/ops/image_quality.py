"""How images differ, and where they change: psnr, ssim, total variation, edges."""

import math

import numpy as np

from weft.python.framework import constant_op, dtypes, gen, ops
from weft.python.ops import array_ops, control_flow_ops, math_ops
from weft.python.ops.image_color import convert_image_dtype

__all__ = ["total_variation", "psnr", "ssim", "ssim_multiscale", "sobel_edges",
           "image_gradients"]

_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)      # of ssim_multiscale, by its authors


def total_variation(images, name=None):
    """The sum of the differences of neighboring pixels: a scalar, or one for each of a batch."""
    with ops.name_scope(name, "total_variation"):
        ndims = images.get_shape().ndims
        if ndims not in (3, 4):
            raise ValueError("'images' must be either 3 or 4-dimensional.")
        if ndims == 3:
            down = images[1:, :, :] - images[:-1, :, :]
            right = images[:, 1:, :] - images[:, :-1, :]
            axis = None
        else:
            down = images[:, 1:, :, :] - images[:, :-1, :, :]
            right = images[:, :, 1:, :] - images[:, :, :-1, :]
            axis = [1, 2, 3]
        return (math_ops.reduce_sum(math_ops.abs(down), axis=axis)
                + math_ops.reduce_sum(math_ops.abs(right), axis=axis))


def _comparable(a, b):
    """Asserts that two images, or batches, fit each other. Raises ValueError where it is known."""
    known_a, known_b = (x.get_shape().with_rank_at_least(3) for x in (a, b))
    known_a[-3:].assert_is_compatible_with(known_b[-3:])
    if known_a.ndims is not None and known_b.ndims is not None:
        for m, n in zip(known_a.as_list()[-4::-1], known_b.as_list()[-4::-1]):
            if m != n and None not in (m, n) and 1 not in (m, n):
                raise ValueError("Two images are not compatible: %s and %s" % (known_a, known_b))
    shapes = array_ops.shape_n([a, b])
    same = math_ops.reduce_all(math_ops.equal(shapes[0][-3:], shapes[1][-3:]))
    return [control_flow_ops.Assert(math_ops.greater_equal(array_ops.size(shapes[0]), 3), shapes,
                                    summarize=10),
            control_flow_ops.Assert(same, shapes, summarize=10)]


def psnr(a, b, max_val, name=None):
    """The peak signal to noise ratio of images whose values span max_val, in decibels."""
    with ops.name_scope(name, "PSNR", [a, b]):
        a, b = ops.convert_to_tensor(a), ops.convert_to_tensor(b)
        max_val = convert_image_dtype(math_ops.cast(max_val, a.dtype), dtypes.float32)
        a, b = (convert_image_dtype(x, dtypes.float32) for x in (a, b))
        error = math_ops.reduce_mean(math_ops.squared_difference(a, b), [-3, -2, -1])
        value = math_ops.subtract(20 * math_ops.log(max_val) / math.log(10.0),
                                  np.float32(10 / math.log(10)) * math_ops.log(error),
                                  name="psnr")
        with ops.control_dependencies(_comparable(a, b)):
            return array_ops.identity(value)


def _gaussian(size, sigma):
    """A kernel [size, size, 1, 1] that sums to 1."""
    size = ops.convert_to_tensor(size, dtypes.int32)
    sigma = ops.convert_to_tensor(sigma)
    at = math_ops.cast(math_ops.range(size), sigma.dtype)
    at -= math_ops.cast(size - 1, sigma.dtype) / 2.0
    power = math_ops.square(at) * (-0.5 / math_ops.square(sigma))
    power = array_ops.reshape(power, [1, -1]) + array_ops.reshape(power, [-1, 1])
    weights = gen.Softmax(array_ops.reshape(power, [1, -1]))
    return array_ops.reshape(weights, array_ops.stack([size, size, 1, 1]))


def _windowed_mean(kernel):
    """A function that takes the mean, by the kernel, around each pixel of each channel."""
    def mean(x):
        dims = array_ops.shape(x)
        flat = array_ops.reshape(x, array_ops.concat([[-1], dims[-3:]], 0))
        y = gen.DepthwiseConv2dNative(flat, kernel, strides=[1, 1, 1, 1], padding="VALID")
        return array_ops.reshape(y, array_ops.concat([dims[:-3], array_ops.shape(y)[1:]], 0))
    return mean


def _ssim_per_channel(a, b, max_val, filter_size, filter_sigma, k1, k2):
    """(similarity, that of contrast and structure alone) of each channel of each image."""
    filter_size = constant_op.constant(filter_size, dtype=dtypes.int32)
    filter_sigma = constant_op.constant(filter_sigma, dtype=a.dtype)
    dims = array_ops.shape_n([a, b])
    checks = [control_flow_ops.Assert(
        math_ops.reduce_all(math_ops.greater_equal(d[-3:-1], filter_size)), [d, filter_size],
        summarize=8) for d in dims]
    with ops.control_dependencies(checks):
        a = array_ops.identity(a)
    kernel = array_ops.tile(_gaussian(filter_size, filter_sigma),
                            array_ops.stack([1, 1, dims[0][-1], 1]))
    mean = _windowed_mean(kernel)
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean_a, mean_b = mean(a), mean(b)
    product = mean_a * mean_b * 2.0
    squares = math_ops.square(mean_a) + math_ops.square(mean_b)
    luminance = (product + c1) / (squares + c1)
    structure = ((mean(a * b) * 2.0 - product + c2)
                 / (mean(math_ops.square(a) + math_ops.square(b)) - squares + c2))
    axes = constant_op.constant([-3, -2], dtype=dtypes.int32)
    return (math_ops.reduce_mean(luminance * structure, axes),
            math_ops.reduce_mean(structure, axes))


def _as_checked_floats(a, b, max_val):
    """Two images and their range as float32, the first waiting for checks."""
    with ops.control_dependencies(_comparable(a, b)):
        a = array_ops.identity(a)
    max_val = convert_image_dtype(math_ops.cast(max_val, a.dtype), dtypes.float32)
    return (convert_image_dtype(a, dtypes.float32), convert_image_dtype(b, dtypes.float32),
            max_val)


def ssim(img1, img2, max_val, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03):
    """The structural similarity of images whose values span max_val: 1 where they are equal."""
    with ops.name_scope(None, "SSIM", [img1, img2]):
        img1 = ops.convert_to_tensor(img1, name="img1")
        img2 = ops.convert_to_tensor(img2, name="img2")
        img1, img2, max_val = _as_checked_floats(img1, img2, max_val)
        value, _ = _ssim_per_channel(img1, img2, max_val, filter_size, filter_sigma, k1, k2)
        return math_ops.reduce_mean(value, [-1])


def _halved(image):
    """An image of half the height and width; an odd last row or column is repeated first."""
    dims = array_ops.shape(image)
    flat = array_ops.reshape(image, array_ops.concat([[-1], dims[-3:]], 0))
    odd = dims[-3:-1] % 2
    paddings = array_ops.reshape(array_ops.stack([0, 0, 0, odd[0], 0, odd[1], 0, 0]), [4, 2])
    flat = array_ops.pad(flat, paddings, mode="SYMMETRIC")
    small = gen.AvgPool(flat, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")
    return array_ops.reshape(small, array_ops.concat([dims[:-3], array_ops.shape(small)[1:]], 0))


def ssim_multiscale(img1, img2, max_val, power_factors=_SCALES, filter_size=11,
                    filter_sigma=1.5, k1=0.01, k2=0.03):
    """The product of the similarities at several scales, each to its power."""
    with ops.name_scope(None, "MS-SSIM", [img1, img2]):
        img1 = ops.convert_to_tensor(img1, name="img1")
        img2 = ops.convert_to_tensor(img2, name="img2")
        img1, img2, max_val = _as_checked_floats(img1, img2, max_val)
        values = []
        for i in range(len(power_factors)):
            if i:
                img1, img2 = _halved(img1), _halved(img2)
            whole, structure = _ssim_per_channel(img1, img2, max_val, filter_size, filter_sigma,
                                                 k1, k2)
            values.append(gen.Relu(structure))
        values[-1] = gen.Relu(whole)
        product = math_ops.reduce_prod(
            math_ops.pow(array_ops.stack(values, axis=-1), power_factors), [-1])
        return math_ops.reduce_mean(product, [-1])


def sobel_edges(image):
    """The changes down and to the right, by Sobel's filters: [..., depth, 2] of a batch."""
    known = image.get_shape()
    dims = array_ops.shape(image)
    down = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]])
    filters = np.stack([down, down.T], axis=-1)[:, :, np.newaxis, :]
    filters = array_ops.tile(constant_op.constant(filters, dtype=image.dtype),
                             array_ops.stack([1, 1, dims[-1], 1]), name="sobel_filters")
    padded = array_ops.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
    output = gen.DepthwiseConv2dNative(padded, filters, strides=[1, 1, 1, 1], padding="VALID")
    output = array_ops.reshape(output, array_ops.concat([dims, [2]], 0))
    output.set_shape(known.concatenate([2]))
    return output


def image_gradients(image):
    """(dy, dx) of a batch: each pixel's difference to the next, 0 at the end."""
    if image.get_shape().ndims != 4:
        raise ValueError("image_gradients expects a 4D tensor [batch_size, h, w, d], not %s."
                         % image.get_shape())
    dims = array_ops.shape(image)
    batch, height, width, depth = array_ops.unstack(dims)
    dy = image[:, 1:, :, :] - image[:, :-1, :, :]
    dx = image[:, :, 1:, :] - image[:, :, :-1, :]
    below = array_ops.zeros(array_ops.stack([batch, 1, width, depth]), image.dtype)
    dy = array_ops.reshape(array_ops.concat([dy, below], 1), dims)
    beside = array_ops.zeros(array_ops.stack([batch, height, 1, depth]), image.dtype)
    dx = array_ops.reshape(array_ops.concat([dx, beside], 2), dims)
    return dy, dx
