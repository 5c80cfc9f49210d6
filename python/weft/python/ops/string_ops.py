"""Strings: joined, split, cut, hashed, written from numbers and read as numbers."""

from weft.python.framework import dtypes, gen, ops, tensor_util
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import array_ops, math_ops
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "regex_full_match", "regex_replace", "string_format", "string_split", "string_split_v2",
    "strings_split_v1", "unsorted_segment_join", "reduce_join", "reduce_join_v2",
    "string_length", "string_length_v2", "substr", "substr_deprecated", "substr_v2",
    "string_to_number", "string_to_number_v1",
    "string_to_hash_bucket", "string_to_hash_bucket_v1", "string_to_hash_bucket_fast",
    "string_to_hash_bucket_strong", "string_join", "as_string", "string_strip", "string_lower",
    "string_upper", "encode_base64", "decode_base64", "decode_raw", "decode_raw_v1",
]


def regex_full_match(input, pattern, name=None):
    """Whether each string as a whole matches the regular expression: bool."""
    if isinstance(pattern, (str, bytes)):
        return gen.StaticRegexFullMatch(input, pattern=pattern, name=name)
    return gen.RegexFullMatch(input, pattern, name=name)


def regex_replace(input, pattern, rewrite, replace_global=True, name=None):
    """Each string with the matches of `pattern`, or the first one, replaced."""
    if isinstance(pattern, (str, bytes)) and isinstance(rewrite, (str, bytes)):
        return gen.StaticRegexReplace(input, pattern=pattern, rewrite=rewrite,
                                      replace_global=replace_global, name=name)
    return gen.RegexReplace(input, pattern, rewrite, replace_global=replace_global, name=name)


def string_format(template, inputs, placeholder="{}", summarize=3, name=None):
    """`template` with each `placeholder` replaced by the value of an input: a string scalar."""
    if tensor_util.is_tensor(inputs):
        inputs = [inputs]
    if template.count(placeholder) != len(inputs):
        raise ValueError("%s placeholder(s) in template does not match %s tensor(s) provided as "
                         "input" % (template.count(placeholder), len(inputs)))
    return gen.StringFormat(inputs, template=template, placeholder=placeholder,
                            summarize=summarize, name=name)


def _parts_of(outputs):
    """The three outputs of a split as a SparseTensor."""
    outputs[0].set_shape([None, 2])
    outputs[1].set_shape([None])
    outputs[2].set_shape([2])
    return SparseTensor(outputs[0], outputs[1], outputs[2])


def string_split(source=None, sep=None, skip_empty=True, delimiter=None, result_type="SparseTensor",
                 name=None):
    """The pieces of each string of a vector between delimiters, as a SparseTensor [n, most].

    Each character of `sep` (a space by default) is a delimiter; "" cuts into single bytes."""
    sep = renamed_argument("sep", sep, "delimiter", delimiter)
    if result_type != "SparseTensor":
        raise ValueError("result_type must be 'SparseTensor'.")
    with ops.name_scope(name, "StringSplit", [source]):
        delimiter = ops.convert_to_tensor(" " if sep is None else sep, dtype=dtypes.string)
        source = ops.convert_to_tensor(source, dtype=dtypes.string)
        return _parts_of(gen.StringSplit(source, delimiter, skip_empty=skip_empty))


def string_split_v2(source, sep=None, maxsplit=-1):
    """The pieces as Python's str.split() makes them: `sep` is one delimiter, or any white space."""
    sep = ops.convert_to_tensor("" if sep is None else sep, dtype=dtypes.string)
    source = ops.convert_to_tensor(source, dtype=dtypes.string)
    return _parts_of(gen.StringSplitV2(source, sep, maxsplit=maxsplit))


def strings_split_v1(input=None, sep=None, maxsplit=-1, result_type="SparseTensor", source=None,
                     name=None):
    """string_split_v2() of strings of any shape, to which the pieces add a dimension."""
    input = renamed_argument("input", input, "source", source)
    if result_type != "SparseTensor":
        raise ValueError("result_type must be 'SparseTensor'.")
    with ops.name_scope(name, "StringSplit", [input]):
        input = ops.convert_to_tensor(input, dtype=dtypes.string, name="input")
        if input.get_shape().ndims == 1:
            return string_split_v2(input, sep=sep, maxsplit=maxsplit)
        made = string_split_v2(array_ops.reshape(input, [-1]), sep=sep, maxsplit=maxsplit)
        shape = array_ops.concat([array_ops.shape(input, out_type=dtypes.int64),
                                  made.dense_shape[1:]], axis=0)
        indices, shape = gen.SparseReshape(made.indices, made.dense_shape, shape)
        return SparseTensor(indices, made.values, shape)


def unsorted_segment_join(inputs, segment_ids, num_segments, separator="", name=None):
    """The strings of each segment joined, in the order in which they stand."""
    return gen.UnsortedSegmentJoin(inputs, segment_ids, num_segments, separator=separator,
                                   name=name)


def _reduce_join_axes(inputs, axis):
    """The dimensions that reduce_join() joins: by default all, from the last to the first."""
    if axis is not None:
        return axis
    n = inputs.get_shape().ndims
    if n is not None:
        return list(range(n - 1, -1, -1))
    return math_ops.range(array_ops.rank(inputs) - 1, -1, -1)


def reduce_join(inputs, axis=None, keep_dims=None, separator="", name=None,
                reduction_indices=None, keepdims=None):
    """Strings joined along the dimensions `axis`, in the order in which these are given."""
    keepdims = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    return reduce_join_v2(inputs, axis, keepdims, separator, name)


def reduce_join_v2(inputs, axis=None, keepdims=False, separator="", name=None):
    """reduce_join() without the old names."""
    with ops.name_scope(name, "ReduceJoin", [inputs]) as name:
        inputs = ops.convert_to_tensor(inputs, dtype=dtypes.string)
        return gen.ReduceJoin(inputs, _reduce_join_axes(inputs, axis), keep_dims=keepdims,
                              separator=separator, name=name)


def string_length(input, name=None, unit="BYTE"):
    """The length of each string, in bytes or in "UTF8_CHAR"s: int32."""
    return gen.StringLength(input, unit=unit, name=name)


def string_length_v2(input, unit="BYTE", name=None):
    """string_length() with TF 2's order of arguments."""
    return string_length(input, name, unit)


def substr(input, pos, len, name=None, unit="BYTE"):
    """From each string the `len` bytes, or "UTF8_CHAR"s, that start at `pos`."""
    return gen.Substr(input, pos, len, unit=unit, name=name)


substr_deprecated = substr


def substr_v2(input, pos, len, unit="BYTE", name=None):
    """substr() with TF 2's order of arguments."""
    return substr(input, pos, len, name, unit)


def string_to_number(input, out_type=dtypes.float32, name=None):
    """Each string read as a number."""
    return gen.StringToNumber(input, out_type=out_type, name=name)


def string_to_number_v1(string_tensor=None, out_type=dtypes.float32, name=None, input=None):
    """string_to_number() with the old name of its input."""
    return string_to_number(renamed_argument("input", input, "string_tensor", string_tensor),
                            out_type, name)


def string_to_hash_bucket(input, num_buckets, name=None):
    """A number in [0, num_buckets) for each string, by an old hash."""
    return gen.StringToHashBucket(input, num_buckets=num_buckets, name=name)


def string_to_hash_bucket_v1(string_tensor=None, num_buckets=None, name=None, input=None):
    """string_to_hash_bucket() with the old name of its input."""
    return string_to_hash_bucket(renamed_argument("input", input, "string_tensor",
                                                   string_tensor), num_buckets, name)


def string_to_hash_bucket_fast(input, num_buckets, name=None):
    """A number in [0, num_buckets) for each string, by a fast hash."""
    return gen.StringToHashBucketFast(input, num_buckets=num_buckets, name=name)


def string_to_hash_bucket_strong(input, num_buckets, key, name=None):
    """A number in [0, num_buckets) for each string, by a hash keyed with two numbers."""
    return gen.StringToHashBucketStrong(input, num_buckets=num_buckets, key=key, name=name)


def string_join(inputs, separator="", name=None):
    """String tensors of one shape (or scalars) joined element by element."""
    return gen.StringJoin(inputs, separator=separator, name=name)


def as_string(input, precision=-1, scientific=False, shortest=False, width=-1, fill="", name=None):
    """Each number written as a string, in the manner of printf."""
    return gen.AsString(input, precision=precision, scientific=scientific, shortest=shortest,
                        width=width, fill=fill, name=name)


def string_strip(input, name=None):
    """Each string without white space at its ends."""
    return gen.StringStrip(input, name=name)


def string_lower(input, encoding="", name=None):
    """Each string in lower case."""
    return gen.StringLower(input, encoding=encoding, name=name)


def string_upper(input, encoding="", name=None):
    """Each string in upper case."""
    return gen.StringUpper(input, encoding=encoding, name=name)


def encode_base64(input, pad=False, name=None):
    """Each string in base64 with the alphabet for addresses."""
    return gen.EncodeBase64(input, pad=pad, name=name)


def decode_base64(input, name=None):
    """What encode_base64() wrote."""
    return gen.DecodeBase64(input, name=name)


def decode_raw(input_bytes, out_type, little_endian=True, fixed_length=None, name=None):
    """The bytes of each string as numbers, along a new last dimension.

    fixed_length: so many bytes of each, zeros where there are fewer."""
    if fixed_length is not None:
        return gen.DecodePaddedRaw(input_bytes, fixed_length, out_type=out_type,
                                   little_endian=little_endian, name=name)
    return gen.DecodeRaw(input_bytes, out_type=out_type, little_endian=little_endian, name=name)


def decode_raw_v1(input_bytes=None, out_type=None, little_endian=True, name=None, bytes=None):
    """decode_raw() with the old name of its input."""
    return decode_raw(renamed_argument("input_bytes", input_bytes, "bytes", bytes), out_type,
                      little_endian, name=name)
