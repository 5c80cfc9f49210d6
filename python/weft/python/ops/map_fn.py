"""tf.map_fn: a function of each row of tensors; and what it shares with scan, foldl and foldr."""
from weft.python.framework import constant_op, dtypes, ops, tensor_shape
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import array_ops, control_flow_ops, tensor_array_ops
from weft.python.util import nest

__all__ = ["map_fn"]


class Rows:
    """The rows of a tensor, or of tensors in a structure that are as many."""

    def __init__(self, elems):
        self._structure = elems
        self.flat = [ops.convert_to_tensor(x, name="elem") for x in nest.flatten(elems)]

    def pack(self, values):
        """As the structure is; of one tensor the value alone."""
        return nest.pack_sequence_as(self._structure, values)

    def count(self):
        """How many, as an int where it is known, else as a tensor."""
        return (tensor_shape.dimension_value(self.flat[0].shape.with_rank_at_least(1)[0]) or
                array_ops.shape(self.flat[0])[0])

    def known_count(self):
        """How many all of them agree to be, as far as it is known."""
        count = self.flat[0].shape.with_rank_at_least(1)[0]
        for x in self.flat[1:]:
            count = count.merge_with(x.shape.with_rank_at_least(1)[0])
        return tensor_shape.TensorShape([count])

    def arrays(self, n, with_shapes=True):
        """A TensorArray of the rows of each."""
        arrays = [tensor_array_ops.TensorArray(
            dtype=x.dtype, size=n, dynamic_size=False, infer_shape=True,
            element_shape=x.shape[1:] if with_shapes else None) for x in self.flat]
        return [array.unstack(x) for array, x in zip(arrays, self.flat)]

    def stacked(self, arrays):
        """The tensors whose rows are in these TensorArrays, as many rows as these."""
        results = [array.stack() for array in arrays]
        for result in results:
            result.set_shape(self.known_count().concatenate(result.shape[1:]))
        return results


def check_callable(fn):
    """TypeError unless it is one."""
    if not callable(fn):
        raise TypeError("fn must be callable.")


def _check_elems(elems, rows):
    if isinstance(elems, SparseTensor):
        raise TypeError(
            "To perform a map over the values of a sparse tensor use either\n"
            "  SparseTensor(input.indices, fn(input.values), input.dense_shape) or\n"
            "  SparseTensor(input.indices, map_fn(fn, input.values), input.dense_shape)")
    if rows is not None and rows.flat[0].shape.ndims == 0:
        raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar" if
                         len(rows.flat) == 1 else
                         "elements in elems must be 1+ dimensional Tensors, not scalars")


def flatten_like(like, values):
    """What a function returned, one by one; TypeError or ValueError unless it is nested as like."""
    nest.assert_same_structure(like, values)
    return nest.flatten(values)


def map_fn(fn, elems, dtype=None, parallel_iterations=None, back_prop=True, swap_memory=False,
           infer_shape=True, name=None):
    """fn(row) of each row of a tensor, or of a structure of tensors, together in tensors.

    Args:
      fn: is called once, with a row (or a structure of rows), and returns a tensor or a structure.
      elems: a tensor, or a structure of tensors of as many rows.
      dtype: what fn returns, where that is not of elems' dtypes or structure.
      parallel_iterations: how many rows may be under way at once (10).
      back_prop: whether there may be gradients.
      swap_memory: accepted.
      infer_shape: whether results of all rows have the same shape.
      name: of the name scope ("map").

    Raises:
      TypeError: fn is not callable, or returns another structure; elems is a SparseTensor.
      ValueError: elems are scalars, or are not as many.
    """
    check_callable(fn)
    _check_elems(elems, None)
    with ops.name_scope(name, "map", nest.flatten(elems)):
        rows = Rows(elems)
        _check_elems(elems, rows)
        if dtype is None:
            like, types = elems, [x.dtype for x in rows.flat]
        else:
            like, types = dtype, [dtypes.as_dtype(t) for t in nest.flatten(dtype)]
        n = rows.count()
        arrays = rows.arrays(n)
        i = constant_op.constant(0)
        kept = [tensor_array_ops.TensorArray(dtype=t, size=n, dynamic_size=False,
                                             infer_shape=infer_shape) for t in types]

        def compute(i, kept):
            values = flatten_like(like, fn(rows.pack([array.read(i) for array in arrays])))
            kept = [array.write(i, value) for array, value in zip(kept, values)]
            return i + 1, kept

        _, kept = control_flow_ops.while_loop(
            lambda i, _: i < n, compute, (i, kept), parallel_iterations=parallel_iterations or 10,
            back_prop=back_prop, swap_memory=swap_memory, maximum_iterations=n)
        return nest.pack_sequence_as(like, rows.stacked(kept))
