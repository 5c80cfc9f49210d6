"""Texts and their code points: tf.strings.unicode_*, so far as no result is ragged."""

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops, math_ops


def unicode_transcode(input, input_encoding, output_encoding, errors="replace",
                      replacement_char=65533, replace_control_characters=False, name=None):
    """Each string, which is of one encoding, in another one."""
    return gen.UnicodeTranscode(input, input_encoding=input_encoding,
                                output_encoding=output_encoding, errors=errors,
                                replacement_char=replacement_char,
                                replace_control_characters=replace_control_characters, name=name)


def unicode_encode(input, output_encoding, errors="replace", replacement_char=65533, name=None):
    """The code points along the last dimension as strings."""
    with ops.name_scope(name, "UnicodeEncode", [input]):
        values = ops.convert_to_tensor(input, dtypes.int32)
        if values.shape.ndims is None:
            raise ValueError("Rank of input_tensor must be statically known.")
        if values.shape.ndims == 0:
            raise ValueError("input_tensor's rank must be at least 1.")
        sizes = array_ops.shape(values, out_type=dtypes.int64)
        count = math_ops.reduce_prod(sizes[:-1])
        text = gen.UnicodeEncode(array_ops.reshape(values, [-1]),
                                 math_ops.range(count + 1) * sizes[-1],
                                 output_encoding=output_encoding, errors=errors,
                                 replacement_char=replacement_char)
        return _shaped_as(array_ops.reshape(text, sizes[:-1]), values.shape[:-1])


def _shaped_as(tensor, shape):
    tensor.set_shape(shape)
    return tensor


def _flat(input):
    text = ops.convert_to_tensor(input, dtypes.string, name="input")
    if text.shape.ndims is None:
        raise ValueError("Rank of `input` must be statically known.")
    if text.shape.ndims:
        raise ValueError("input must be one string: the code points of several are a ragged "
                         "tensor, which there is not yet")
    return array_ops.reshape(text, [-1])


def unicode_decode(input, input_encoding, errors="replace", replacement_char=65533,
                   replace_control_characters=False, name=None):
    """The code points of a string."""
    with ops.name_scope(name, "UnicodeDecode", [input]):
        return gen.UnicodeDecode(_flat(input), input_encoding=input_encoding, errors=errors,
                                 replacement_char=replacement_char,
                                 replace_control_characters=replace_control_characters).char_values


def unicode_decode_with_offsets(input, input_encoding, errors="replace", replacement_char=65533,
                                replace_control_characters=False, name=None):
    """(the code points of a string, the bytes at which they begin)."""
    with ops.name_scope(name, "UnicodeDecodeWithOffsets", [input]):
        found = gen.UnicodeDecodeWithOffsets(
            _flat(input), input_encoding=input_encoding, errors=errors,
            replacement_char=replacement_char,
            replace_control_characters=replace_control_characters)
        return found.char_values, found.char_to_byte_starts


def _each(codes, encoding, errors, replacement_char):
    return unicode_encode(array_ops.expand_dims(codes, -1), encoding, errors, replacement_char)


def unicode_split(input, input_encoding, errors="replace", replacement_char=65533, name=None):
    """A string's characters, each a string."""
    with ops.name_scope(name, "UnicodeSplit", [input]):
        codes = unicode_decode(input, input_encoding, errors, replacement_char)
        return _each(codes, input_encoding, errors, replacement_char)


def unicode_split_with_offsets(input, input_encoding, errors="replace", replacement_char=65533,
                               name=None):
    """(a string's characters, the bytes at which they begin)."""
    with ops.name_scope(name, "UnicodeSplitWithOffsets", [input]):
        codes, starts = unicode_decode_with_offsets(input, input_encoding, errors,
                                                    replacement_char)
        return _each(codes, input_encoding, errors, replacement_char), starts
