"""Rows of a tensor: what the gradient of a gather is (F8)."""
import collections

from weft.python.framework.composite_tensor import CompositeTensor

IndexedSlicesValue = collections.namedtuple("IndexedSlicesValue",
                                            ["values", "indices", "dense_shape"])


class IndexedSlices(CompositeTensor):
    """Row `indices[i]` of a tensor of shape `dense_shape` is `values[i]`; other rows are zero.

    `values` [n, d1, d2...], `indices` [n] of int32 or int64, `dense_shape` a vector or None.
    Rows with the same index add up.
    """

    def __init__(self, values, indices, dense_shape=None):
        from weft.python.framework.ops import get_graph_from_inputs
        get_graph_from_inputs([x for x in (values, indices, dense_shape) if x is not None])
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    @property
    def values(self):
        return self._values

    @property
    def indices(self):
        return self._indices

    @property
    def dense_shape(self):
        return self._dense_shape

    @property
    def shape(self):
        """The static shape of the tensor whose rows these are."""
        from weft.python.framework import tensor_shape, tensor_util
        if self._dense_shape is None:
            return tensor_shape.TensorShape(None)
        return tensor_util.constant_value_as_shape(self._dense_shape)

    def __neg__(self):
        return IndexedSlices(-self.values, self.indices, self.dense_shape)

    def __str__(self):
        shape = "" if self._dense_shape is None else ", dense_shape=%s" % self._dense_shape
        return "IndexedSlices(indices=%s, values=%s%s)" % (self._indices, self._values, shape)

    # As a structure: its tensors.

    def _parts_(self):
        parts = [self._values, self._indices, self._dense_shape]
        return [part for part in parts if part is not None]

    def _of_parts_(self, parts):
        return IndexedSlices(*parts)

    # A graph keeps it as the names of its parts.

    def _hold_(self):
        hold = self.graph.hold
        return _Held(hold(self._values), hold(self._indices),
                     None if self._dense_shape is None else hold(self._dense_shape))


class _Held(collections.namedtuple("_Held", ["values", "indices", "dense_shape"])):
    def _unhold_(self, graph):
        return IndexedSlices(*(None if x is None else graph.unhold(x) for x in self))
