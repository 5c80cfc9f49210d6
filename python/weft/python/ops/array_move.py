"""The elements of a tensor moved: transposed, tiled, padded, reversed, rolled, cut into blocks."""

import numpy as np

from weft.python.framework import dtypes, gen, ops, tensor_util
from weft.python.ops.array_basic import rank as rank_of
from weft.python.ops.arguments import renamed_argument
from weft.python.ops.array_join import concat, stack
from weft.python.ops.array_make import zeros

__all__ = [
    "transpose", "transpose_v2", "matrix_transpose", "tile", "pad", "pad_v2", "reverse",
    "reverse_v2", "reverse_sequence", "reverse_sequence_v2", "roll",
    "required_space_to_batch_paddings",
    "space_to_batch", "space_to_batch_nd", "space_to_batch_v2", "batch_to_space",
    "batch_to_space_nd", "batch_to_space_v2", "space_to_depth", "space_to_depth_v2",
    "depth_to_space", "depth_to_space_v2", "extract_image_patches", "extract_image_patches_v2",
    "extract_volume_patches", "unravel_index", "invert_permutation",
]


def transpose(a, perm=None, name="transpose", conjugate=False):
    """A tensor whose dimension i is dimension perm[i] of `a`; without perm, all reversed."""
    with ops.name_scope(name, "transpose", [a]) as name:
        reversing = perm is None
        if reversing:
            a = ops.convert_to_tensor(a, name="a")
            n = a.get_shape().ndims
            if n:
                perm = n - 1 - np.arange(n)
            else:
                n = gen.Rank(a)
                perm = (n - 1) - gen.Range(0, n, 1)
        if conjugate and not reversing:
            a = ops.convert_to_tensor(a, name="a")
        if conjugate and a.dtype.is_complex:
            result = gen.ConjugateTranspose(a, perm, name=name)
        else:
            result = gen.Transpose(a, perm, name=name)
        known = result.op.inputs[0].get_shape()
        if reversing and known.ndims is not None:
            result.set_shape(known.as_list()[::-1])
        return result


def transpose_v2(a, perm=None, conjugate=False, name="transpose"):
    """transpose() with TF 2's order of arguments."""
    return transpose(a, perm, name, conjugate)


def matrix_transpose(a, name="matrix_transpose", conjugate=False):
    """The last two dimensions swapped. Raises ValueError for less than two."""
    with ops.name_scope(name, values=[a]):
        a = ops.convert_to_tensor(a, name="a")
        n = a.get_shape().ndims
        if n is None:
            n = rank_of(a)
            perm = concat((gen.Range(0, n - 2, 1), [n - 1, n - 2]), 0)
        elif n < 2:
            raise ValueError("Argument 'a' should be a (batch) matrix, with rank >= 2.  Found: %s"
                             % a.get_shape())
        else:
            perm = list(range(n - 2)) + [n - 1, n - 2]
        return transpose(a, perm=perm, conjugate=conjugate)


def tile(input, multiples, name=None):
    """`input` repeated, multiples[i] times along dimension i."""
    return gen.Tile(input, multiples, name=name)


def pad(tensor, paddings, mode="CONSTANT", name=None, constant_values=0):
    """`tensor` with paddings[d] = (before, after) elements more around dimension d.

    mode: "CONSTANT" (of constant_values), "REFLECT" (without the edge) or "SYMMETRIC" (with it)."""
    mode = mode.upper()
    if mode == "CONSTANT":
        if not tensor_util.is_tensor(constant_values) and constant_values == 0:
            return gen.Pad(tensor, paddings, name=name)
        return gen.PadV2(tensor, paddings, constant_values, name=name)
    if mode not in ("REFLECT", "SYMMETRIC"):
        raise ValueError("Unknown padding mode: %s" % mode)
    return gen.MirrorPad(tensor, paddings, mode=mode, name=name)


def pad_v2(tensor, paddings, mode="CONSTANT", constant_values=0, name=None):
    """pad() with TF 2's order of arguments."""
    return pad(tensor, paddings, mode, name, constant_values)


def reverse(tensor, axis, name=None):
    """The dimensions listed in `axis` read backwards."""
    return gen.ReverseV2(tensor, axis, name=name)


reverse_v2 = reverse


def reverse_sequence(input, seq_lengths, seq_axis=None, batch_axis=None, name=None, seq_dim=None,
                     batch_dim=None):
    """For each i along batch_axis, its first seq_lengths[i] slices along seq_axis backwards."""
    seq_axis = renamed_argument("seq_axis", seq_axis, "seq_dim", seq_dim)
    batch_axis = renamed_argument("batch_axis", batch_axis, "batch_dim", batch_dim)
    return gen.ReverseSequence(input, seq_lengths, seq_dim=seq_axis,
                               batch_dim=0 if batch_axis is None else batch_axis, name=name)


def reverse_sequence_v2(input, seq_lengths, seq_axis=None, batch_axis=None, name=None):
    """reverse_sequence() without the old names."""
    return reverse_sequence(input, seq_lengths, seq_axis, batch_axis, name)


def roll(input, shift, axis, name=None):
    """Elements shifted along `axis`; those that leave at one end come back at the other."""
    return gen.Roll(input, shift, axis, name=name)


def invert_permutation(x, name=None):
    """y such that y[x[i]] = i."""
    return gen.InvertPermutation(x, name=name)


def required_space_to_batch_paddings(input_shape, block_shape, base_paddings=None, name=None):
    """(paddings, crops), each [N, 2], with which space_to_batch_nd divides into whole blocks.

    All of it is worked out while building where the inputs are known."""
    with ops.name_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        input_shape = ops.convert_to_tensor(input_shape, dtype=dtypes.int32, name="input_shape")
        block_shape = ops.convert_to_tensor(block_shape, dtype=dtypes.int32, name="block_shape")
        block_shape.get_shape().assert_is_fully_defined()
        block_shape.get_shape().assert_has_rank(1)
        n = block_shape.get_shape().as_list()[0]
        if n == 0:
            return zeros([0, 2], dtypes.int32), zeros([0, 2], dtypes.int32)
        input_shape.get_shape().assert_is_compatible_with([n])
        if base_paddings is None:
            base_paddings = zeros([n, 2], dtypes.int32)
        else:
            base_paddings = ops.convert_to_tensor(base_paddings, dtype=dtypes.int32,
                                                  name="base_paddings")
            base_paddings.get_shape().assert_is_compatible_with([n, 2])
        parts = [block_shape, input_shape, base_paddings]
        known = [tensor_util.constant_value(part) for part in parts]
        return _block_paddings(n, *(parts if any(k is None for k in known) else known))


def _block_paddings(n, block_shape, input_shape, base_paddings):
    """What is missing at the end of each dimension to the next whole block."""
    before, after = base_paddings[:, 0], base_paddings[:, 1]
    full = input_shape + before + after
    more = (block_shape - full % block_shape) % block_shape
    end = after + more
    paddings = stack([[before[i], end[i]] for i in range(n)], name="paddings")
    crops = stack([[0, more[i]] for i in range(n)], name="crops")
    return paddings, crops


def space_to_batch_nd(input, block_shape, paddings, name=None):
    """Pads the dimensions after the first, and moves their blocks into the first."""
    return gen.SpaceToBatchND(input, block_shape, paddings, name=name)


def batch_to_space_nd(input, block_shape, crops, name=None):
    """Moves blocks out of the first dimension into those after it, and crops them."""
    return gen.BatchToSpaceND(input, block_shape, crops, name=name)


def _square(block_size):
    return np.array([block_size, block_size], dtype=np.int64)


def _of_rank_4(result):
    result.set_shape(result.get_shape().with_rank(4))
    return result


def space_to_batch(input, paddings, block_size=None, name=None, block_shape=None):
    """space_to_batch_nd() of images [batch, height, width, depth] and square blocks."""
    block_size = renamed_argument("block_shape", block_shape, "block_size", block_size)
    return _of_rank_4(space_to_batch_nd(input, _square(block_size), paddings, name))


def batch_to_space(input, crops, block_size=None, name=None, block_shape=None):
    """batch_to_space_nd() of images [batch, height, width, depth] and square blocks."""
    block_size = renamed_argument("block_shape", block_shape, "block_size", block_size)
    return _of_rank_4(batch_to_space_nd(input, _square(block_size), crops, name))


space_to_batch_v2 = space_to_batch_nd


def batch_to_space_v2(input, block_shape, crops, name=None):
    """batch_to_space_nd(), whose block may be one number for both dimensions of an image."""
    if isinstance(block_shape, int):
        block_shape = _square(block_shape)
    return batch_to_space_nd(input, block_shape, crops, name)


def space_to_depth(input, block_size, name=None, data_format="NHWC"):
    """Blocks of height and width moved into the depth of an image."""
    return gen.SpaceToDepth(input, block_size=block_size, data_format=data_format, name=name)


def space_to_depth_v2(input, block_size, data_format="NHWC", name=None):
    """space_to_depth() with TF 2's order of arguments."""
    return space_to_depth(input, block_size, name, data_format)


def depth_to_space(input, block_size, name=None, data_format="NHWC"):
    """The depth of an image laid out as blocks of height and width."""
    return gen.DepthToSpace(input, block_size=block_size, data_format=data_format, name=name)


def depth_to_space_v2(input, block_size, data_format="NHWC", name=None):
    """depth_to_space() with TF 2's order of arguments."""
    return depth_to_space(input, block_size, name, data_format)


def extract_image_patches(images, ksizes=None, strides=None, rates=None, padding=None, name=None,
                          sizes=None):
    """The patches of an image, each laid out along the depth of the result."""
    ksizes = renamed_argument("sizes", sizes, "ksizes", ksizes)
    return gen.ExtractImagePatches(images, ksizes=ksizes, strides=strides, rates=rates,
                                   padding=padding, name=name)


def extract_image_patches_v2(images, sizes, strides, rates, padding, name=None):
    """extract_image_patches() without the old names."""
    return extract_image_patches(images, sizes, strides, rates, padding, name)


def extract_volume_patches(input, ksizes, strides, padding, name=None):
    """The patches of a volume, each laid out along the depth of the result."""
    return gen.ExtractVolumePatches(input, ksizes=ksizes, strides=strides, padding=padding,
                                    name=name)


def unravel_index(indices, dims, name=None):
    """Flat indices as coordinates in an array of shape `dims`: [len(dims)] + indices.shape."""
    return gen.UnravelIndex(indices, dims, name=name)
