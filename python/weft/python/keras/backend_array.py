"""Keras's names for shaping, joining and padding."""
from weft.python.keras import backend_config
from weft.python.ops import array_ops, math_ops

__all__ = ["arange", "batch_flatten", "concatenate", "expand_dims", "flatten", "one_hot",
           "permute_dimensions", "repeat", "repeat_elements", "reshape", "resize_images",
           "resize_volumes", "reverse", "spatial_2d_padding", "spatial_3d_padding", "squeeze",
           "stack", "temporal_padding", "tile"]


def reshape(x, shape):
    """The same elements in another shape."""
    return array_ops.reshape(x, shape)


def permute_dimensions(x, pattern):
    """The axes in another order."""
    return array_ops.transpose(x, perm=pattern)


def concatenate(tensors, axis=-1):
    """Tensors one after another along an axis."""
    return array_ops.concat(tensors, axis)


def stack(x, axis=0):
    """Tensors of one shape along a new axis."""
    return array_ops.stack(x, axis=axis)


def expand_dims(x, axis=-1):
    """A new axis of size 1."""
    return array_ops.expand_dims(x, axis)


def squeeze(x, axis):
    """Without an axis of size 1."""
    return array_ops.squeeze(x, [axis])


def flatten(x):
    """All elements in one axis."""
    return array_ops.reshape(x, [-1])


def batch_flatten(x):
    """All axes but the first as one."""
    row = math_ops.reduce_prod(array_ops.shape(x)[1:])
    return array_ops.reshape(x, array_ops.stack([-1, row]))


def repeat_elements(x, rep, axis):
    """Each element `rep` times, one after the other, along `axis`."""
    size = x.shape.as_list()[axis]
    if size is not None:
        parts = array_ops.split(value=x, num_or_size_splits=size, axis=axis)
        return concatenate([part for part in parts for _ in range(rep)], axis)
    wide = array_ops.expand_dims(x, axis + 1)
    tiled = array_ops.tile(wide, [rep if i == axis + 1 else 1 for i in range(wide.shape.ndims)])
    sizes = array_ops.unstack(array_ops.shape(x))
    sizes[axis] = sizes[axis] * rep
    return array_ops.reshape(tiled, sizes)


def repeat(x, n):
    """[batch, n, size] of a [batch, size] tensor."""
    if x.shape.ndims != 2:
        raise ValueError("repeat() takes a tensor of 2 axes, got %s" % x.shape)
    return array_ops.tile(array_ops.expand_dims(x, 1), array_ops.stack([1, n, 1]))


def resize_images(x, height_factor, width_factor, data_format, interpolation="nearest"):
    """Images made larger by whole factors, by repetition or by bilinear interpolation."""
    from weft.python.ops import image_ops
    resizes = {"nearest": image_ops.resize_nearest_neighbor, "bilinear": image_ops.resize_bilinear}
    if interpolation not in resizes:
        raise ValueError("interpolation should be one of \"nearest\" or \"bilinear\".")
    first = data_format == "channels_first"
    images = array_ops.transpose(x, perm=[0, 2, 3, 1]) if first else x
    height, width = images.shape.as_list()[1:3]
    sizes = array_ops.shape(images)[1:3] * [height_factor, width_factor]
    images = resizes[interpolation](images, sizes)
    images.set_shape((None, height and height * height_factor, width and width * width_factor,
                      None))
    return array_ops.transpose(images, perm=[0, 3, 1, 2]) if first else images


def resize_volumes(x, depth_factor, height_factor, width_factor, data_format):
    """Volumes made larger by repetition."""
    axis = 2 if data_format == "channels_first" else 1
    for i, factor in enumerate((depth_factor, height_factor, width_factor)):
        x = repeat_elements(x, factor, axis + i)
    return x


def tile(x, n):
    """`x` repeated `n` times along each axis (or the numbers of times that a list says)."""
    return array_ops.tile(x, [n] if isinstance(n, int) else n)


def arange(start, stop=None, step=1, dtype="int32"):
    """Numbers from `start` up to `stop`, or from 0 up to `start`."""
    if stop is None:
        start, stop = 0, start
    numbers = math_ops.range(start, limit=stop, delta=step, name="arange")
    return numbers if dtype == "int32" else math_ops.cast(numbers, dtype)


def one_hot(indices, num_classes):
    """Vectors of `num_classes` with a one at each index."""
    return array_ops.one_hot(indices, depth=num_classes, axis=-1)


def reverse(x, axes):
    """Backwards along one axis or several."""
    return array_ops.reverse(x, [axes] if isinstance(axes, int) else axes)


def temporal_padding(x, padding=(1, 1)):
    """Zeros before and after the middle axis of three."""
    return array_ops.pad(x, [[0, 0], list(padding), [0, 0]])


def _pad_spatially(x, padding, data_format):
    if (data_format or backend_config.image_data_format()) == "channels_first":
        return array_ops.pad(x, [[0, 0], [0, 0], *map(list, padding)])
    return array_ops.pad(x, [[0, 0], *map(list, padding), [0, 0]])


def spatial_2d_padding(x, padding=((1, 1), (1, 1)), data_format=None):
    """Zeros around images."""
    return _pad_spatially(x, padding, data_format)


def spatial_3d_padding(x, padding=((1, 1), (1, 1), (1, 1)), data_format=None):
    """Zeros around volumes."""
    return _pad_spatially(x, padding, data_format)
