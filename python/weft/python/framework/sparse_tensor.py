"""SparseTensor: the indices and values of the elements that are there, and a shape."""

from collections import namedtuple

from weft.python.framework import dtypes, ops, tensor_util
from weft.python.framework.composite_tensor import CompositeTensor
from weft.python.framework.tensor_shape import TensorShape
from weft.python.framework.type_spec import BatchableTypeSpec

__all__ = ["SparseTensor", "SparseTensorSpec", "SparseTensorValue",
           "convert_to_tensor_or_sparse_tensor",
           "convert_n_to_tensor_or_sparse_tensor", "is_sparse"]

SparseTensorValue = namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])


class _Parts:
    """What a graph keeps of a SparseTensor: the names of its three tensors."""

    def __init__(self, tokens):
        self.tokens = tokens

    def _unhold_(self, graph):
        return SparseTensor._of(*[graph.unhold(token) for token in self.tokens])


class SparseTensor(CompositeTensor):
    """A tensor most of whose elements are not there.

    indices: int64 [N, rank]; values: [N]; dense_shape: int64 [rank]. Ops want the indices in
    row-major order, which sparse_reorder() makes."""

    _static_shape = None

    def __init__(self, indices, values, dense_shape):
        with ops.name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            indices = ops.convert_to_tensor(indices, name="indices", dtype=dtypes.int64)
            values = ops.convert_to_tensor(values, name="values")
            dense_shape = ops.convert_to_tensor(dense_shape, name="dense_shape",
                                                dtype=dtypes.int64)
        rows = indices.get_shape().with_rank(2)
        rows[0].merge_with(values.get_shape().with_rank(1)[0])
        rows[1].merge_with(dense_shape.get_shape().with_rank(1)[0])
        self._set(indices, values, dense_shape)

    def _set(self, indices, values, dense_shape):
        self._indices, self._values, self._dense_shape = indices, values, dense_shape

    @classmethod
    def _of(cls, indices, values, dense_shape):
        """From three tensors that have been checked before."""
        self = cls.__new__(cls)
        self._set(indices, values, dense_shape)
        return self

    def _parts_(self):
        return [self._indices, self._values, self._dense_shape]

    def _of_parts_(self, parts):
        return SparseTensor._of(*parts)

    def _hold_(self):
        return _Parts([self.graph.hold(t)
                       for t in (self._indices, self._values, self._dense_shape)])

    @classmethod
    def from_value(cls, sparse_tensor_value):
        """A SparseTensor of constants from a SparseTensorValue; a SparseTensor as it is."""
        if not is_sparse(sparse_tensor_value):
            raise TypeError("Neither a SparseTensor nor SparseTensorValue: %s."
                            % sparse_tensor_value)
        if isinstance(sparse_tensor_value, SparseTensor):
            return sparse_tensor_value
        return cls(*sparse_tensor_value)

    @property
    def indices(self):
        """Where each element stands: int64 [N, rank]."""
        return self._indices

    @property
    def values(self):
        """The elements that are there: [N]."""
        return self._values

    @property
    def dense_shape(self):
        """The shape of the whole: int64 [rank]."""
        return self._dense_shape

    @property
    def shape(self):
        """What is known of the shape while building: a TensorShape."""
        known = tensor_util.constant_value_as_shape(self._dense_shape)
        return known if self._static_shape is None else self._static_shape.merge_with(known)

    def _set_static_shape(self, shape):
        """What is known of the shape though no tensor says so."""
        self._static_shape = shape

    @property
    def _type_spec(self):
        return SparseTensorSpec(self.shape, self.dtype)

    def consumers(self):
        """The ops that take one of the parts."""
        found = []
        for part in (self._indices, self._values, self._dense_shape):
            found += [op for op in part.consumers() if op not in found]
        return found

    def eval(self, feed_dict=None, session=None):
        """The SparseTensorValue, computed by `session` or the default one."""
        session = session or ops.get_default_session()
        if session is None:
            raise ValueError("Cannot evaluate tensor using `eval()`: No default session is "
                             "registered. Use `with sess.as_default()` or pass an explicit "
                             "session to `eval(session=sess)`")
        return SparseTensorValue(*session.run([self._indices, self._values, self._dense_shape],
                                              feed_dict=feed_dict))

    @staticmethod
    def _override_operator(operator, func):
        setattr(SparseTensor, operator, func)

    def __repr__(self):
        return "SparseTensor(indices=%s, values=%s, dense_shape=%s)" % (
            self._indices, self._values, self._dense_shape)

    def __bool__(self):
        raise TypeError("Using a `tf.SparseTensor` as a Python `bool` is not allowed.")


class SparseTensorSpec(BatchableTypeSpec):
    """What is known of a SparseTensor. In a dataset it is one variant tensor."""

    __slots__ = ["_shape", "_dtype"]
    value_type = SparseTensor

    def __init__(self, shape=None, dtype=dtypes.float32):
        self._shape = TensorShape(shape)
        self._dtype = dtypes.as_dtype(dtype)

    @property
    def dtype(self):
        """The dtype of the elements."""
        return self._dtype

    @property
    def shape(self):
        """The TensorShape of the whole."""
        return self._shape

    def _serialize(self):
        return self._shape, self._dtype

    def _batch(self, batch_size):
        return SparseTensorSpec(TensorShape([batch_size]).concatenate(self._shape), self._dtype)

    def _unbatch(self):
        if self._shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return SparseTensorSpec(self._shape[1:], self._dtype)

    def _types(self):
        return [dtypes.variant]

    def _shapes(self):
        return [TensorShape(None)]

    def _to_tensors(self, value):
        from weft.python.ops import sparse_ops
        return [sparse_ops.serialize_sparse(SparseTensor.from_value(value),
                                            out_type=dtypes.variant)]

    def _to_batched_tensors(self, value):
        from weft.python.ops import sparse_ops
        if self._shape.ndims == 0:
            raise ValueError("Unbatching a sparse tensor is only supported for rank >= 1")
        return [sparse_ops.serialize_many_sparse(SparseTensor.from_value(value),
                                                 out_type=dtypes.variant)]

    def _from_tensors(self, tensors):
        from weft.python.ops import sparse_ops
        value = sparse_ops.deserialize_sparse(tensors[0], dtype=self._dtype,
                                              rank=self._shape.ndims)
        if self._shape.ndims is not None:
            value._set_static_shape(self._shape)
        return value

    def _to_legacy_output_types(self):
        return self._dtype

    def _to_legacy_output_shapes(self):
        return self._shape


def is_sparse(x) -> bool:
    """Whether x is a SparseTensor or a SparseTensorValue."""
    return isinstance(x, (SparseTensor, SparseTensorValue))


def convert_to_tensor_or_sparse_tensor(value, dtype=None, name=None):
    """A SparseTensor of what is sparse, a Tensor of anything else.

    Raises RuntimeError if a sparse one has another dtype than is asked for."""
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype)
    if not is_sparse(value):
        return ops.convert_to_tensor(value, dtype=dtype, name=name)
    value = SparseTensor.from_value(value)
    if dtype is not None and not dtype.is_compatible_with(value.dtype):
        raise RuntimeError("Sparse dtype: requested = %s, actual = %s"
                           % (dtype.name, value.dtype.name))
    return value


def convert_n_to_tensor_or_sparse_tensor(values, dtype=None, name=None):
    """convert_to_tensor_or_sparse_tensor() of each; name_0, name_1... if named."""
    return [convert_to_tensor_or_sparse_tensor(v, dtype, None if name is None else
                                               "%s_%d" % (name, i))
            for i, v in enumerate(values)]
