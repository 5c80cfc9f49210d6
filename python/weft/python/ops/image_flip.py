"""Images mirrored, turned and transposed; by chance if so wished."""

import numpy as np

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops, control_flow_ops, math_ops, random_ops
from weft.python.ops.image_shapes import checked_3d, keep_shape

__all__ = ["flip_left_right", "flip_up_down", "random_flip_left_right", "random_flip_up_down",
           "rot90", "transpose", "transpose_image"]


def _wrong_rank():
    return ValueError("'image' must have either 3 or 4 dimensions.")


def _flip(image, axis, name):
    with ops.name_scope(None, name, [image]):
        image = checked_3d(ops.convert_to_tensor(image, name="image"))
        ndims = image.get_shape().ndims
        if ndims in (3, None):
            return keep_shape(image, array_ops.reverse(image, [axis]))
        if ndims != 4:
            raise _wrong_rank()
        return array_ops.reverse(image, [axis + 1])


def flip_left_right(image):
    """An image, or a batch of them, with left and right exchanged."""
    return _flip(image, 1, "flip_left_right")


def flip_up_down(image):
    """An image, or a batch of them, with top and bottom exchanged."""
    return _flip(image, 0, "flip_up_down")


def _random_flip(image, axis, seed, name):
    """A flip, with a chance of one half for each image."""
    with ops.name_scope(None, name, [image]) as scope:
        image = checked_3d(ops.convert_to_tensor(image, name="image"))
        ndims = image.get_shape().ndims
        if ndims in (3, None):
            chance = random_ops.random_uniform([], 0, 1.0, seed=seed)
            mirrored = math_ops.less(chance, .5)
            result = control_flow_ops.cond(mirrored, lambda: array_ops.reverse(image, [axis]),
                                           lambda: image, name=scope)
            return keep_shape(image, result)
        if ndims != 4:
            raise _wrong_rank()
        n = array_ops.shape(image)[0]
        chance = random_ops.random_uniform([n], 0, 1.0, seed=seed)
        flips = math_ops.cast(math_ops.round(array_ops.reshape(chance, [n, 1, 1, 1])),
                              image.dtype)
        return flips * array_ops.reverse(image, [axis + 1]) + (1 - flips) * image


def random_flip_left_right(image, seed=None):
    """Left and right of an image, or of each of a batch, exchanged or not, by chance."""
    return _random_flip(image, 1, seed, "random_flip_left_right")


def random_flip_up_down(image, seed=None):
    """Top and bottom of an image, or of each of a batch, exchanged or not, by chance."""
    return _random_flip(image, 0, seed, "random_flip_up_down")


# A quarter turn is a transposition, then a flip: by number of turns, which of height and width is
# reversed after they have changed places (for an odd number).
_REVERSED = np.array([[False, False], [True, False], [True, True], [False, True]])


def rot90(image, k=1, name=None):
    """An image, or a batch of them, turned k times by 90 degrees against the clock."""
    with ops.name_scope(name, "rot90", [image, k]) as scope:
        image = checked_3d(ops.convert_to_tensor(image, name="image"))
        ndims = image.get_shape().ndims
        if ndims not in (3, 4, None):
            raise _wrong_rank()
        k = ops.convert_to_tensor(k, dtype=dtypes.int32, name="k")
        k.get_shape().assert_has_rank(0)
        k = math_ops.mod(k, 4)
        first = 1 if ndims == 4 else 0
        perms = np.tile(np.arange(3 + first, dtype=np.int32), (4, 1))
        perms[1::2, first:first + 2] = [first + 1, first]
        backwards = np.zeros((4, 3 + first), dtype=bool)
        backwards[:, first:first + 2] = _REVERSED
        turned = array_ops.transpose(image, array_ops.gather(perms, k))
        result = gen.Reverse(turned, array_ops.gather(backwards, k), name=scope)
        known = image.get_shape()
        if ndims == 4:
            result.set_shape([known[0], None, None, known[3]])
        else:
            result.set_shape([None, None, known[2] if ndims else None])
        return result


def transpose(image, name=None):
    """An image, or a batch of them, with rows and columns exchanged."""
    with ops.name_scope(name, "transpose", [image]):
        image = checked_3d(ops.convert_to_tensor(image, name="image"))
        ndims = image.get_shape().ndims
        if ndims in (3, None):
            return array_ops.transpose(image, [1, 0, 2], name=name or "transpose")
        if ndims != 4:
            raise _wrong_rank()
        return array_ops.transpose(image, [0, 2, 1, 3], name=name or "transpose")


transpose_image = transpose
