"""Parts of a tensor: slices, rows gathered by their index, what a mask lets through."""

import sys

import numpy as np

from weft.python.framework import constant_op, dtypes, gen, ops, tensor_shape
from weft.python.ops.array_basic import reshape, shape, squeeze
from weft.python.ops.array_join import concat, stack
from weft.python.ops.array_make import ones_like

__all__ = [
    "slice", "strided_slice", "newaxis", "gather", "gather_v2", "gather_nd", "gather_nd_v2",
    "batch_gather", "scatter_nd", "tensor_scatter_update", "tensor_scatter_nd_update",
    "tensor_scatter_add", "tensor_scatter_nd_add", "tensor_scatter_sub", "tensor_scatter_nd_sub",
    "boolean_mask", "boolean_mask_v2", "sparse_mask", "where", "where_v2", "repeat",
    "repeat_with_axis",
]

newaxis = None
_slice = slice              # Python's own, which the function below hides
_WRONG_INDEX = ("Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
                "tf.int32/tf.int64 tensors are valid indices")
_INDEX_DTYPES = (dtypes.int32, dtypes.int64)


def slice(input_, begin, size, name=None):
    """The block of `input_` that starts at `begin` and is `size` big (-1: all that is left)."""
    return gen.Slice(input_, begin, size, name=name)


def strided_slice(input_, begin, end, strides=None, begin_mask=0, end_mask=0, ellipsis_mask=0,
                  new_axis_mask=0, shrink_axis_mask=0, var=None, name=None):
    """input_[begin:end:strides], with a bit for each index that is more than numbers.

    The result of slicing a variable `var` has a method assign()."""
    if strides is None:
        strides = ones_like(begin)
    op = gen.StridedSlice(input_, begin, end, strides, begin_mask=begin_mask, end_mask=end_mask,
                          ellipsis_mask=ellipsis_mask, new_axis_mask=new_axis_mask,
                          shrink_axis_mask=shrink_axis_mask, name=name)

    def assign(val, name=None):
        if var is None:
            raise ValueError("Sliced assignment is only supported for variables")
        return var._strided_slice_assign(
            begin=begin, end=end, strides=strides, value=val, name=name or op.op.name + "_assign",
            begin_mask=begin_mask, end_mask=end_mask, ellipsis_mask=ellipsis_mask,
            new_axis_mask=new_axis_mask, shrink_axis_mask=shrink_axis_mask)

    if var is not None:
        op.assign = assign
    return op


def _check_index(index):
    """Raises TypeError unless `index` is an integer, or a scalar tensor of integers."""
    if isinstance(index, (int, tensor_shape.Dimension)):
        return
    dtype = getattr(index, "dtype", None)
    if (dtype is None or dtypes.as_dtype(dtype).base_dtype not in _INDEX_DTYPES
            or (index.shape and len(index.shape) == 1)):
        raise TypeError("%s, got %r" % (_WRONG_INDEX, index))


def _is_open(bound) -> bool:
    """Whether an end of a slice is left out."""
    return bound is None or (not isinstance(bound, ops.Tensor) and bound == sys.maxsize)


class _Spec:
    """Indices in brackets as StridedSlice takes them: three lists of numbers, five masks."""

    def __init__(self, indices):
        self.begin, self.end, self.strides = [], [], []
        self.masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask",
                                    "shrink_axis_mask"), 0)
        for index in indices:
            self._add(index)

    def _mark(self, mask):
        self.masks[mask] |= 1 << len(self.strides)

    def _bound(self, bound, bounds, mask):
        if _is_open(bound):
            self._mark(mask)
            bounds.append(0)
        else:
            _check_index(bound)
            bounds.append(bound)

    def _add(self, index):
        step = 1
        if isinstance(index, _slice):
            self._bound(index.start, self.begin, "begin_mask")
            self._bound(index.stop, self.end, "end_mask")
            if index.step is not None:
                _check_index(index.step)
                step = index.step
        elif index is Ellipsis or index is newaxis:
            self._mark("ellipsis_mask" if index is Ellipsis else "new_axis_mask")
            self.begin.append(0)
            self.end.append(0)
        else:
            _check_index(index)
            self._mark("shrink_axis_mask")
            self.begin.append(index)
            self.end.append(index + 1)
        self.strides.append(step)

    def packed(self):
        """The three lists as tensors of one dtype."""
        if not self.begin:
            return (constant_op.constant([], dtype=dtypes.int32),) * 3
        parts = [stack(part) for part in (self.begin, self.end, self.strides)]
        if any(part.dtype.base_dtype == dtypes.int64 for part in parts):
            parts = [part if part.dtype.base_dtype == dtypes.int64
                     else gen.Cast(part, DstT=dtypes.int64) for part in parts]
        return parts


def _is_mask(indices) -> bool:
    if isinstance(indices, (bool, np.bool_)):
        return True
    return (isinstance(indices, (ops.Tensor, np.ndarray))
            and dtypes.as_dtype(indices.dtype).base_dtype == dtypes.bool)


def _slice_helper(tensor, indices, var=None):
    """tensor[indices]: what brackets after a tensor or a variable do."""
    if _is_mask(indices):
        return boolean_mask(tensor=tensor, mask=indices)
    spec = _Spec(indices if isinstance(indices, (list, tuple)) else [indices])
    with ops.name_scope(None, "strided_slice",
                        [tensor] + spec.begin + spec.end + spec.strides) as name:
        begin, end, strides = spec.packed()
        return strided_slice(tensor, begin, end, strides, var=var, name=name, **spec.masks)


def _SliceHelperVar(var, slice_spec):
    """var[slice_spec], on which assign() may be called."""
    return _slice_helper(var.value(), slice_spec, var)


ops.Tensor.__getitem__ = _slice_helper


def gather(params, indices, validate_indices=None, name=None, axis=None, batch_dims=0):
    """The slices of `params` along `axis` that `indices` name, in the shape of `indices`.

    With batch_dims > 0 the first dimensions of both are walked together. The axis is the first
    that is not walked so, unless it is given."""
    if axis is None:
        axis = batch_dims
    if isinstance(axis, ops.Tensor) or axis != 0 or batch_dims:
        return gen.GatherV2(params, indices, axis, batch_dims=batch_dims, name=name)
    try:                # a resource variable is read only where it is asked for
        return params.sparse_read(indices, name=name)
    except AttributeError:
        return gen.GatherV2(params, indices, axis, name=name)


def gather_v2(params, indices, validate_indices=None, axis=None, batch_dims=0, name=None):
    """gather() with TF 2's order of arguments."""
    return gather(params, indices, validate_indices, name, axis, batch_dims)


def batch_gather(params, indices, name=None):
    """gather() along the last dimension of `indices`, batch by batch."""
    with ops.name_scope(name, "BatchGather", [params, indices]):
        indices = ops.convert_to_tensor(indices, name="indices")
        params = ops.convert_to_tensor(params, name="params")
        rank = indices.get_shape().ndims
        if rank is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        return gather(params, indices, axis=rank - 1, batch_dims=rank - 1)


def _with_batch_indices(indices, batch_dims):
    """Indices for gather_nd() preceded by those of the batch that they are in."""
    rank = indices.get_shape().ndims
    if rank is None or not 0 <= batch_dims < rank:
        raise ValueError("batch_dims = %s must be at least 0 and less than rank(indices) = %s"
                         % (batch_dims, rank))
    dims = shape(indices)
    full = concat([dims[:-1], [1]], 0)
    columns = []
    for d in range(batch_dims):
        along = gen.Cast(gen.Range(0, dims[d], 1), DstT=indices.dtype)
        column = reshape(along, [1] * d + [-1] + [1] * (rank - d - 1))
        columns.append(gen.BroadcastTo(column, full))
    return concat(columns + [indices], -1)


def gather_nd(params, indices, name=None, batch_dims=0):
    """The elements or slices of `params` that the last dimension of `indices` points at.

    With batch_dims > 0 the first dimensions of both are walked together."""
    if batch_dims:
        with ops.name_scope(name, "batch_gather_nd", [params, indices]):
            indices = ops.convert_to_tensor(indices, name="indices")
            return gen.GatherNd(params, _with_batch_indices(indices, batch_dims))
    try:
        return params.gather_nd(indices, name=name)
    except AttributeError:
        return gen.GatherNd(params, indices, name=name)


def gather_nd_v2(params, indices, batch_dims=0, name=None):
    """gather_nd() with TF 2's order of arguments."""
    return gather_nd(params, indices, name, batch_dims)


def scatter_nd(indices, updates, shape, name=None):
    """Zeros of `shape`, to which `updates` are added where `indices` point."""
    return gen.ScatterNd(indices, updates, shape, name=name)


def tensor_scatter_update(tensor, indices, updates, name=None):
    """A copy of `tensor` in which `updates` replace what `indices` point at."""
    return gen.TensorScatterUpdate(tensor, indices, updates, name=name)


def tensor_scatter_add(tensor, indices, updates, name=None):
    """A copy of `tensor` with `updates` added where `indices` point."""
    return gen.TensorScatterAdd(tensor, indices, updates, name=name)


def tensor_scatter_sub(tensor, indices, updates, name=None):
    """A copy of `tensor` with `updates` subtracted where `indices` point."""
    return gen.TensorScatterSub(tensor, indices, updates, name=name)


tensor_scatter_nd_update = tensor_scatter_update
tensor_scatter_nd_add = tensor_scatter_add
tensor_scatter_nd_sub = tensor_scatter_sub


def boolean_mask(tensor, mask, name="boolean_mask", axis=None):
    """The slices of `tensor` for which `mask` is True; its dimensions, from `axis` on, are one.

    Raises ValueError for a scalar mask, one of unknown rank, or one that does not fit."""
    with ops.name_scope(name, values=[tensor, mask]):
        tensor = ops.convert_to_tensor(tensor, name="tensor")
        mask = ops.convert_to_tensor(mask, name="mask")
        n = mask.get_shape().ndims
        if n == 0:
            raise ValueError("mask cannot be scalar.")
        if n is None:
            raise ValueError("Number of mask dimensions must be specified, even if some dimensions"
                             " are None.  E.g. shape=[None] is ok, but shape=None is not.")
        axis = 0 if axis is None else axis
        known = tensor.get_shape()
        known[axis:axis + n].assert_is_compatible_with(mask.get_shape())
        masked = gen.Prod(shape(tensor)[axis:axis + n], [0])
        dims = concat([shape(tensor)[:axis], [masked], shape(tensor)[axis + n:]], 0)
        tensor = reshape(tensor, dims)
        tensor.set_shape(known[:axis].concatenate([known[axis:axis + n].num_elements()])
                         .concatenate(known[axis + n:]))
        kept = squeeze(where(reshape(mask, [-1])), axis=[1])
        return gather(tensor, kept, axis=axis)


def boolean_mask_v2(tensor, mask, axis=None, name="boolean_mask"):
    """boolean_mask() with TF 2's order of arguments."""
    return boolean_mask(tensor, mask, name, axis)


def sparse_mask(a, mask_indices, name=None):
    """The slices of an IndexedSlices whose indices are not in `mask_indices`."""
    with ops.name_scope(name, "sparse_mask", [a, mask_indices]) as name:
        left = gen.ListDiff(a.indices, mask_indices)
        values = gather(a.values, left.idx, name=name)
        return ops.IndexedSlices(values, left.out, a.dense_shape)


def where(condition, x=None, y=None, name=None):
    """The indices of what is True; or, with x and y, elements of x where it is and of y else.

    `condition` may be a vector that chooses whole rows."""
    if x is None and y is None:
        with ops.name_scope(name, "Where", [condition]) as name:
            condition = ops.convert_to_tensor(condition, preferred_dtype=dtypes.bool,
                                              name="condition")
            return gen.Where(condition, name=name)
    if x is None or y is None:
        raise ValueError("x and y must both be non-None or both be None.")
    return gen.Select(condition, x, y, name=name)


def where_v2(condition, x=None, y=None, name=None):
    """where(), whose three inputs are broadcast."""
    if x is None or y is None:
        return where(condition, x, y, name)
    return gen.SelectV2(condition, x, y, name=name)


def repeat_with_axis(data, repeats, axis, name=None):
    """Each slice of `data` along `axis` as often as `repeats` says, one after the other."""
    with ops.name_scope(name, "Repeat", [data, repeats]):
        data = ops.convert_to_tensor(data, name="data")
        repeats = ops.convert_to_tensor(repeats, name="repeats")
        rank = data.get_shape().with_rank_at_least(1).ndims
        if rank is None:
            raise ValueError("repeat needs data of known rank")
        axis = axis % rank
        n = shape(data, out_type=repeats.dtype)[axis]
        counts = gen.BroadcastTo(repeats, reshape(n, [1]))
        ends = gen.Cumsum(counts, 0)
        total = gen.Sum(counts, 0)
        which = gen.Range(constant_op.constant(0, repeats.dtype), total,
                          constant_op.constant(1, repeats.dtype))
        passed = gen.LessEqual(gen.ExpandDims(ends, 0), gen.ExpandDims(which, 1))
        indices = gen.Sum(gen.Cast(passed, DstT=dtypes.int32), 1)
        return gather(data, indices, axis=axis)


def repeat(input, repeats, axis=None, name=None):
    """Elements repeated, as numpy.repeat: along `axis`, or of the flat tensor without one."""
    if axis is None:
        input = reshape(input, [-1])
        axis = 0
    return repeat_with_axis(input, repeats, axis, name)
