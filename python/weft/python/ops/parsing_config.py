"""What a feature of an Example is: its type, its shape, its default."""
import collections

from weft.python.framework import dtypes, tensor_shape
from weft.python.platform import tf_logging

__all__ = ["FixedLenFeature", "FixedLenSequenceFeature", "SparseFeature", "VarLenFeature"]

_namedtuple = collections.namedtuple

VarLenFeature = _namedtuple("VarLenFeature", ["dtype"])
VarLenFeature.__doc__ = "Any number of values, parsed into a SparseTensor."

FixedLenFeature = _namedtuple("FixedLenFeature", ["shape", "dtype", "default_value"],
                              defaults=[None])
FixedLenFeature.__doc__ = """Values of one shape, parsed into a Tensor; required unless there is a
default."""

FixedLenSequenceFeature = _namedtuple(
    "FixedLenSequenceFeature", ["shape", "dtype", "allow_missing", "default_value"],
    defaults=[False, None])
FixedLenSequenceFeature.__doc__ = """Any number of values of one shape, parsed into a Tensor as
long as the longest, the others filled up with the default."""

SparseFeature = _namedtuple("SparseFeature", ["index_key", "value_key", "dtype", "size",
                                              "already_sorted"], defaults=[False])
SparseFeature.__doc__ = """A SparseTensor of two features: one has the values, one or more the
indices along dimensions of `size`."""


class RawParams:
    """Features as the ops take them: keys, dtypes, and of the dense ones defaults and shapes."""

    def __init__(self, features, kinds):
        self.sparse_keys, self.sparse_types = [], []
        self.dense_keys, self.dense_types, self.dense_shapes = [], [], []
        self.dense_defaults = {}
        for key in sorted(features or {}):
            self._add(key, features[key], kinds)

    def _add(self, key, feature, kinds):
        adders = {VarLenFeature: self._add_var_len, SparseFeature: self._add_sparse,
                  FixedLenFeature: self._add_fixed_len,
                  FixedLenSequenceFeature: self._add_sequence}
        kind = type(feature)
        if kind not in adders:
            raise ValueError("Invalid feature %s:%s." % (key, feature))
        if kind not in kinds:
            raise ValueError("Unsupported %s %s." % (kind.__name__, feature))
        adders[kind](key, feature)

    def _add_var_len(self, key, feature):
        _check_type(key, feature)
        self._add_sparse_key(key, feature.dtype)

    def _add_sparse_key(self, key, dtype):
        self.sparse_keys.append(key)
        self.sparse_types.append(dtypes.as_dtype(dtype))

    def _add_sparse(self, key, feature):
        for field in ("index_key", "value_key"):
            if not getattr(feature, field):
                raise ValueError("Missing %s for SparseFeature %s." % (field, feature))
        _check_type(key, feature)
        if not isinstance(feature.index_key, str) and len(feature.index_key) > 1:
            tf_logging.warning("SparseFeature is a complicated feature config and should only be "
                               "used after careful consideration of VarLenFeature.")
        for index_key in sorted(index_keys(feature)):
            self._share_sparse_key(index_key, dtypes.int64, "int64")
        self._share_sparse_key(feature.value_key, feature.dtype, feature.dtype)

    def _share_sparse_key(self, key, dtype, called):
        """A key that several features may use, if they agree on its dtype."""
        if key not in self.sparse_keys:
            self._add_sparse_key(key, dtype)
            return
        have = self.sparse_types[self.sparse_keys.index(key)]
        if have != dtype:
            raise ValueError("Conflicting type %s vs %s for feature %s." % (have, called, key))

    def _add_dense(self, key, feature):
        self.dense_keys.append(key)
        self.dense_types.append(dtypes.as_dtype(feature.dtype))
        self.dense_shapes.append(tensor_shape.as_shape(feature.shape))
        if feature.default_value is not None:
            self.dense_defaults[key] = feature.default_value

    def _add_fixed_len(self, key, feature):
        _check_type(key, feature)
        _check_shape(key, feature)
        shape = tensor_shape.as_shape(feature.shape)
        if shape.ndims and shape.dims[0].value is None:
            raise ValueError("First dimension of shape for feature %s unknown. Consider using "
                             "FixedLenSequenceFeature." % key)
        if not shape.is_fully_defined():
            raise ValueError("All dimensions of shape for feature %s need to be known but "
                             "received %s." % (key, feature.shape))
        self._add_dense(key, feature)

    def _add_sequence(self, key, feature):
        _check_type(key, feature)
        _check_shape(key, feature)
        if feature.allow_missing:
            self.dense_defaults[key] = None
        self._add_dense(key, feature)

    def check(self, what=""):
        """ValueError if a key is both sparse and dense."""
        both = set(self.dense_keys) & set(self.sparse_keys)
        if both:
            raise ValueError("%s keys must not intersect; intersection: %s"
                             % (what or "Dense and sparse", both))


def _check_type(key, feature):
    if not feature.dtype:
        raise ValueError("Missing type for feature %s." % key)


def _check_shape(key, feature):
    if feature.shape is None:
        raise ValueError("Missing shape for feature %s." % key)


def index_keys(feature):
    """The keys of a SparseFeature's indices, a list."""
    return [feature.index_key] if isinstance(feature.index_key, str) else feature.index_key


def with_batches(features):
    """The features of Examples, where a sequence has one more dimension, of unknown length."""
    features = dict(features)
    for key, feature in features.items():
        if not isinstance(feature, FixedLenSequenceFeature):
            continue
        if not feature.allow_missing:
            raise ValueError("Unsupported: FixedLenSequenceFeature requires allow_missing to be "
                             "True.")
        features[key] = feature._replace(shape=[None] + list(feature.shape))
    return features
