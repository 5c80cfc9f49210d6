"""Records as tensors: Examples, lines of CSV, bytes of numbers, serialized tensors."""
import re

from weft.python.framework import constant_op, dtypes, gen, ops
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import array_ops, control_flow_ops, math_ops
from weft.python.ops.parsing_config import (
    FixedLenFeature, FixedLenSequenceFeature, RawParams, SparseFeature, VarLenFeature,
    index_keys, with_batches)
from weft.python.ops.string_ops import decode_raw, decode_raw_v1

__all__ = [
    "FixedLenFeature", "FixedLenSequenceFeature", "SparseFeature", "VarLenFeature",
    "decode_compressed", "decode_csv", "decode_csv_v2", "decode_json_example", "decode_raw",
    "decode_raw_v1", "parse_example", "parse_example_v2", "parse_sequence_example",
    "parse_single_example", "parse_single_example_v2", "parse_single_sequence_example",
    "parse_tensor", "serialize_tensor"]

_IN_EXAMPLES = (VarLenFeature, SparseFeature, FixedLenFeature, FixedLenSequenceFeature)
_IN_CONTEXTS = (VarLenFeature, FixedLenFeature)
_IN_SEQUENCES = (VarLenFeature, FixedLenSequenceFeature)


def _as_name(key):
    """A key as part of an operation's name."""
    return re.sub(r"[^A-Za-z0-9_.\-/]", "_", key)


# ---- Examples ----

def parse_example(serialized, features, name=None, example_names=None):
    """{key: Tensor or SparseTensor} of a vector of serialized Examples."""
    return parse_example_v2(serialized, features, example_names, name)


def parse_example_v2(serialized, features, example_names=None, name=None):
    """parse_example() with TF 2's order of arguments."""
    if not features:
        raise ValueError("Missing: features was %s." % features)
    features = with_batches(features)
    raw = RawParams(features, _IN_EXAMPLES)
    return _with_sparse_features(features, _parsed(serialized, example_names, raw, name))


def _parsed(serialized, names, raw, name):
    with ops.name_scope(name, "ParseExample", [serialized, names]):
        defaults = _checked_defaults(raw)
        outputs = gen.ParseExample(
            serialized, [] if names is None else names, raw.sparse_keys, raw.dense_keys, defaults,
            sparse_types=raw.sparse_types, dense_shapes=raw.dense_shapes, name=name)
        return _by_key(raw, *outputs)


def _by_key(raw, indices, values, shapes, dense_values):
    """The outputs of a parser by their keys."""
    sparse = [SparseTensor(*parts) for parts in zip(indices, values, shapes)]
    return dict(zip(raw.sparse_keys + raw.dense_keys, sparse + list(dense_values)))


def _checked_defaults(raw):
    """The defaults of the dense features, each a tensor; empty for one that is required."""
    if not raw.dense_keys and not raw.sparse_keys:
        raise ValueError("Must provide at least one sparse key or dense key")
    raw.check()
    return [_default(key, raw.dense_defaults.get(key), dtype, shape)
            for key, dtype, shape in zip(raw.dense_keys, raw.dense_types, raw.dense_shapes)]


def _default(key, value, dtype, shape):
    if shape.ndims and shape.dims[0].value is None:
        return _padding(key, value, dtype)
    if value is None:
        return constant_op.constant([], dtype=dtype)
    if isinstance(value, ops.Tensor):
        return value
    value = ops.convert_to_tensor(value, dtype=dtype, name="key_" + _as_name(key))
    return array_ops.reshape(value, shape)


def _padding(key, value, dtype):
    """The scalar that fills up what is shorter than the longest of a batch."""
    if value is None:
        return ops.convert_to_tensor("" if dtype == dtypes.string else 0, dtype=dtype)
    value = ops.convert_to_tensor(value, dtype=dtype, name="padding_" + _as_name(key))
    return array_ops.reshape(value, [])


def _with_sparse_features(features, tensors):
    """The tensors of the features alone, SparseFeatures made of their parts."""
    from weft.python.ops import sparse_ops
    tensors = dict(tensors)
    for key in sorted(features):
        feature = features[key]
        if isinstance(feature, SparseFeature):
            ids = [tensors[index_key] for index_key in index_keys(feature)]
            tensors[key] = sparse_ops.sparse_merge(
                ids[0] if isinstance(feature.index_key, str) else ids,
                tensors[feature.value_key], vocab_size=feature.size,
                already_sorted=feature.already_sorted)
    return {key: tensors[key] for key in tensors if key in features}


def parse_single_example(serialized, features, name=None, example_names=None):
    """{key: Tensor or SparseTensor} of one serialized Example."""
    if not features:
        raise ValueError("Missing features.")
    if example_names is None:
        return parse_single_example_v2(serialized, features, name)
    features = with_batches(features)
    raw = RawParams(features, _IN_EXAMPLES)
    return _with_sparse_features(features, _parsed_one(serialized, example_names, raw, name))


def parse_single_example_v2(serialized, features, name=None):
    """parse_single_example() as TF 2 has it."""
    if not features:
        raise ValueError("Missing features.")
    features = with_batches(features)
    raw = RawParams(features, _IN_EXAMPLES)
    with ops.name_scope(name, "ParseSingleExample", [serialized]):
        serialized = ops.convert_to_tensor(serialized, name="serialized")
        defaults = _checked_defaults(raw)
        outputs = gen.ParseSingleExample(
            serialized, defaults, num_sparse=len(raw.sparse_keys), sparse_keys=raw.sparse_keys,
            sparse_types=raw.sparse_types, dense_keys=raw.dense_keys,
            dense_shapes=raw.dense_shapes, name=name)
        tensors = _by_key(raw, *outputs)
    return _with_sparse_features(features, tensors)


def _parsed_one(serialized, names, raw, name):
    """A batch of one, without the dimension of batches."""
    with ops.name_scope(name, "ParseSingleExample", [serialized, names]):
        serialized = _scalar(ops.convert_to_tensor(serialized, name="serialized"), "serialized")
        names = _scalar(ops.convert_to_tensor(names, name="names"), "names")
        names = array_ops.expand_dims(names, 0)
        outputs = _parsed(array_ops.expand_dims(serialized, 0), names, raw, name)
        for key in raw.dense_keys:
            outputs[key] = array_ops.squeeze(outputs[key], [0], name="Squeeze_" + _as_name(key))
        for key in raw.sparse_keys:
            outputs[key] = _without_batch(outputs[key], _as_name(key))
        return outputs


def _without_batch(sparse, name):
    indices = array_ops.slice(sparse.indices, [0, 1], [-1, -1], name="Slice_Indices_" + name)
    shape = array_ops.slice(sparse.dense_shape, [1], [-1], name="Squeeze_Shape_" + name)
    return SparseTensor(indices, sparse.values, shape)


def _scalar(value, name):
    """The tensor, which is or will be found to be a scalar."""
    rank = value.shape.ndims
    if rank == 0:
        return value
    if rank is not None:
        raise ValueError("Input %s must be a scalar" % name)
    check = control_flow_ops.Assert(math_ops.equal(array_ops.rank(value), 0),
                                    ["Input %s must be a scalar" % name],
                                    name="%sIsScalar" % name.capitalize())
    result = control_flow_ops.with_dependencies([check], value, name="%sDependencies" % name)
    result.set_shape([])
    return result


# ---- SequenceExamples ----

class _Sequences:
    """The features of SequenceExamples as the ops take them."""

    def __init__(self, context_features, sequence_features):
        if not (context_features or sequence_features):
            raise ValueError("Missing features.")
        self.context = RawParams(context_features, _IN_CONTEXTS)
        self.lists = RawParams(sequence_features, _IN_SEQUENCES)

    def checked(self):
        """(defaults of the context, keys of the lists that may be missing)"""
        self.context.check("context_dense and context_sparse")
        self.lists.check("feature_list_dense and feature_list_sparse")
        for key, value in self.lists.dense_defaults.items():
            if value is not None:
                raise ValueError("Value feature_list_dense_defaults[%s] must be None" % key)
        raw = self.context
        defaults = [_default(key, raw.dense_defaults.get(key), dtype, shape)
                    for key, dtype, shape in zip(raw.dense_keys, raw.dense_types,
                                                 raw.dense_shapes)]
        return defaults, list(self.lists.dense_defaults)

    def attrs(self):
        """The attributes that both ops have."""
        return {"context_sparse_types": self.context.sparse_types,
                "context_dense_shapes": self.context.dense_shapes,
                "feature_list_sparse_types": self.lists.sparse_types,
                "feature_list_dense_types": self.lists.dense_types,
                "feature_list_dense_shapes": self.lists.dense_shapes}


def parse_single_sequence_example(serialized, context_features=None, sequence_features=None,
                                  example_name=None, name=None):
    """({key: tensor} of the context, {key: tensor} of the lists) of one SequenceExample."""
    features = _Sequences(context_features, sequence_features)
    with ops.name_scope(name, "ParseSingleSequenceExample", [serialized]):
        defaults, may_miss = features.checked()
        outputs = gen.ParseSingleSequenceExample(
            serialized, may_miss, features.context.sparse_keys, features.context.dense_keys,
            features.lists.sparse_keys, features.lists.dense_keys, defaults,
            "" if example_name is None else example_name, name=name, **features.attrs())
        return _by_key(features.context, *outputs[:4]), _by_key(features.lists, *outputs[4:])


def parse_sequence_example(serialized, context_features=None, sequence_features=None,
                           example_names=None, name=None):
    """({key: tensor} of the contexts, {key: tensor} of the lists, {key: lengths} of the dense
    lists) of a vector of SequenceExamples."""
    features = _Sequences(context_features, sequence_features)
    with ops.name_scope(name, "ParseSequenceExample", [serialized]):
        defaults, may_miss = features.checked()
        outputs = gen.ParseSequenceExample(
            serialized, [] if example_names is None else example_names, defaults,
            feature_list_dense_missing_assumed_empty=may_miss,
            context_sparse_keys=features.context.sparse_keys,
            context_dense_keys=features.context.dense_keys,
            feature_list_sparse_keys=features.lists.sparse_keys,
            feature_list_dense_keys=features.lists.dense_keys,
            Ncontext_sparse=len(features.context.sparse_keys),
            Ncontext_dense=len(features.context.dense_keys),
            Nfeature_list_sparse=len(features.lists.sparse_keys),
            Nfeature_list_dense=len(features.lists.dense_keys), name=name, **features.attrs())
        return (_by_key(features.context, *outputs[:4]), _by_key(features.lists, *outputs[4:8]),
                dict(zip(features.lists.dense_keys, outputs[8])))


# ---- all else ----

def decode_csv(records, record_defaults, field_delim=",", use_quote_delim=True, name=None,
               na_value="", select_cols=None):
    """A list of tensors, one for each column of lines of CSV; `record_defaults` has a default, or
    [] where a value is required, of the dtype of each."""
    return decode_csv_v2(records, record_defaults, field_delim, use_quote_delim, na_value,
                         select_cols, name)


def decode_csv_v2(records, record_defaults, field_delim=",", use_quote_delim=True, na_value="",
                  select_cols=None, name=None):
    """decode_csv() with TF 2's order of arguments."""
    if select_cols is not None:
        if any(a >= b for a, b in zip(select_cols, select_cols[1:])):
            raise ValueError("select_cols is not strictly increasing.")
        if select_cols and select_cols[0] < 0:
            raise ValueError("select_cols contains negative values.")
        if len(select_cols) != len(record_defaults):
            raise ValueError("Length of select_cols and record_defaults do not match.")
    return gen.DecodeCSV(records, record_defaults, field_delim=field_delim,
                         use_quote_delim=use_quote_delim, na_value=na_value,
                         select_cols=select_cols or [], name=name)


def decode_json_example(json_examples, name=None):
    """Examples as JSON texts, as serialized Examples."""
    return gen.DecodeJSONExample(json_examples, name=name)


def decode_compressed(bytes, compression_type="", name=None):
    """What "ZLIB" or "GZIP" has compressed, as it was."""
    return gen.DecodeCompressed(bytes, compression_type=compression_type, name=name)


def parse_tensor(serialized, out_type, name=None):
    """The tensor that a serialized TensorProto is."""
    return gen.ParseTensor(serialized, out_type=out_type, name=name)


def serialize_tensor(tensor, name=None):
    """The tensor as a serialized TensorProto."""
    return gen.SerializeTensor(tensor, name=name)
