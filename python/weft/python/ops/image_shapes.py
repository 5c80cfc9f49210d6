"""What image functions ask of shapes: three or four dimensions, none of them empty."""

from weft.python.framework import ops
from weft.python.ops import array_ops, check_ops, control_flow_ops


def image_dimensions(image, rank):
    """The sizes of each dimension: ints where they are known, else scalar tensors."""
    known = image.get_shape()
    if known.is_fully_defined():
        return known.as_list()
    dynamic = array_ops.unstack(array_ops.shape(image), rank)
    return [d if k is None else k for k, d in zip(known.with_rank(rank).as_list(), dynamic)]


def require(condition, message):
    """[] if a bool holds, ValueError if it does not; for a tensor an Assert in a list."""
    if isinstance(condition, ops.Tensor):
        return [control_flow_ops.Assert(condition, [message])]
    if not condition:
        raise ValueError(message)
    return []


def check_at_least_3d(image, require_static=True):
    """What is left to check, when it runs, of the last three dimensions: a list of ops.

    Raises ValueError for what is known to be wrong."""
    known = image.get_shape()
    if known.ndims is not None and known.ndims < 3:
        raise ValueError("'image' (shape %s) must be at least three-dimensional." % known)
    if require_static and not known.is_fully_defined():
        raise ValueError("'image' must be fully defined.")
    inner = known.as_list()[-3:] if known.ndims is not None else [None]
    if 0 in inner:
        raise ValueError("inner 3 dims of 'image.shape' must be > 0: %s" % known)
    if None not in inner:
        return []
    return [check_ops.assert_positive(array_ops.shape(image)[-3:],
                                      ["inner 3 dims of 'image.shape' must be > 0."]),
            check_ops.assert_greater_equal(array_ops.rank(image), 3,
                                           message="'image' must be at least three-dimensional.")]


def checked_3d(image):
    """The image, once it is known to have at least three dimensions, none empty."""
    return control_flow_ops.with_dependencies(check_at_least_3d(image, require_static=False),
                                              image)


def as_batch(image):
    """(a batch [n, height, width, depth], whether it was one)."""
    ndims = image.get_shape().ndims
    if ndims is not None and ndims not in (3, 4):
        raise ValueError("'image' must have either 3 or 4 dimensions.")
    if ndims == 4:
        return image, True
    image = array_ops.expand_dims(image, 0)
    if ndims is None:
        image.set_shape([None] * 4)
    return image, False


def as_before(batch, was_batch):
    """What as_batch() made, as it was."""
    return batch if was_batch else array_ops.squeeze(batch, axis=[0])


def static(sizes):
    """Sizes as set_shape() takes them: None for a tensor."""
    return [None if isinstance(size, ops.Tensor) else size for size in sizes]


def keep_shape(image, result):
    """`result`, of the same shape as `image`: three unknown dimensions if that has none."""
    known = image.get_shape()
    result.set_shape([None] * 3 if known.ndims is None else known)
    return result
