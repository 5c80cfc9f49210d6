"""Operations on SparseTensors that give SparseTensors: joined, cut, put in order.

Those that meet dense tensors or reduce are in sparse_dense."""

import numbers

import numpy as np

from weft.python.framework import constant_op, dtypes, gen, ops, tensor_util
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import array_ops, control_flow_ops, math_ops, sparse_dense
from weft.python.ops.arguments import renamed_argument
from weft.python.ops.sparse_dense import *      # noqa: F401,F403
from weft.python.ops.sparse_dense import _sparse_of, require_sparse

_OWN = [
    "sparse_concat", "sparse_concat_v2", "sparse_reorder", "sparse_reshape", "sparse_split",
    "sparse_split_v2", "sparse_slice", "sparse_to_indicator", "sparse_merge", "sparse_retain",
    "sparse_reset_shape", "sparse_fill_empty_rows", "sparse_softmax", "sparse_maximum",
    "sparse_minimum", "sparse_transpose", "sparse_expand_dims", "sparse_eye", "from_dense",
    "sparse_cross", "sparse_cross_hashed",
]
__all__ = _OWN + sparse_dense.__all__

_DEFAULT_HASH_KEY = 0xDECAFCAFFE


def from_dense(tensor, name=None):
    """The elements of a tensor that are not zero, as a SparseTensor."""
    with ops.name_scope(name, "dense_to_sparse"):
        tensor = ops.convert_to_tensor(tensor)
        zero = array_ops.zeros([], dtype=tensor.dtype)
        indices = array_ops.where(math_ops.not_equal(tensor, zero))
        return SparseTensor(indices, array_ops.gather_nd(tensor, indices),
                            array_ops.shape(tensor, out_type=dtypes.int64))


def sparse_expand_dims(sp_input, axis=None, name=None):
    """A dimension of size 1 put in before `axis` (the last by default), which may be a tensor."""
    rank = sp_input.dense_shape.get_shape()[0]
    axis = -1 if axis is None else axis
    with ops.name_scope(name, default_name="expand_dims", values=[sp_input.values]):
        if isinstance(axis, numbers.Integral):
            axis = ops.convert_to_tensor(axis, name="axis", dtype=dtypes.int32)
        elif not isinstance(axis, ops.Tensor):
            raise TypeError("axis must be an integer value in range [-rank(sp_input)-1, "
                            "rank(sp_input)]")
        axis = array_ops.where(axis >= 0, axis, axis + rank + 1)
        rows = array_ops.shape(sp_input.indices)[0]
        column = array_ops.zeros([rows, 1], dtype=dtypes.int64)
        before = array_ops.slice(sp_input.indices, [0, 0], [-1, axis])
        after = array_ops.slice(sp_input.indices, [0, axis], [-1, -1])
        indices = array_ops.concat([before, column, after], axis=1)
        before = array_ops.slice(sp_input.dense_shape, [0], [axis])
        after = array_ops.slice(sp_input.dense_shape, [axis], [-1])
        shape = array_ops.concat([before, [1], after], axis=0, name="expanded_shape")
        return SparseTensor(indices, sp_input.values, shape)


def sparse_eye(num_rows, num_columns=None, dtype=dtypes.float32, name=None):
    """The identity matrix, sparse."""
    with ops.name_scope(name, default_name="eye", values=[num_rows, num_columns]):
        num_rows = math_ops.cast(num_rows, dtypes.int64)
        num_columns = num_rows if num_columns is None else math_ops.cast(num_columns,
                                                                         dtypes.int64)
        n = math_ops.minimum(num_rows, num_columns)
        along = math_ops.range(n, dtype=dtypes.int64)
        return SparseTensor(array_ops.stack([along, along], axis=1),
                            array_ops.ones(array_ops.expand_dims(n, 0), dtype=dtype),
                            array_ops.stack([num_rows, num_columns]))


def sparse_concat(axis, sp_inputs, name=None, expand_nonconcat_dim=False, concat_dim=None,
                  expand_nonconcat_dims=None):
    """SparseTensors joined along `axis`; their other sizes agree, or grow to the largest."""
    axis = renamed_argument("axis", axis, "concat_dim", concat_dim)
    if expand_nonconcat_dims is not None:
        expand_nonconcat_dim = expand_nonconcat_dims
    sp_inputs = [require_sparse(x) for x in sp_inputs]
    if len(sp_inputs) == 1:
        return sp_inputs[0]
    indices = [x.indices for x in sp_inputs]
    shapes = [x.dense_shape for x in sp_inputs]
    if expand_nonconcat_dim:
        largest = math_ops.reduce_max(array_ops.stack(shapes), axis=0)
        rank = shapes[0].get_shape().as_list()[0]
        at = axis if axis >= 0 or rank is None else axis + rank
        shapes = [array_ops.concat([largest[:at], shape[at:at + 1], largest[at + 1:]], 0)
                  for shape in shapes]
    return _sparse_of(gen.SparseConcat(indices, [x.values for x in sp_inputs], shapes,
                                       concat_dim=axis, name=name))


def sparse_concat_v2(axis, sp_inputs, expand_nonconcat_dims=False, name=None):
    """sparse_concat() without the old names."""
    return sparse_concat(axis, sp_inputs, name, expand_nonconcat_dims)


def sparse_reorder(sp_input, name=None):
    """The same SparseTensor with its elements in row-major order."""
    sp_input = require_sparse(sp_input)
    made = gen.SparseReorder(sp_input.indices, sp_input.values, sp_input.dense_shape, name=name)
    if sp_input.get_shape().is_fully_defined():
        shape = array_ops.constant(sp_input.get_shape().as_list(), dtype=dtypes.int64)
    else:
        shape = array_ops.identity(sp_input.dense_shape)
    return SparseTensor(made[0], made[1], shape)


def sparse_reshape(sp_input, shape, name=None):
    """The same elements in another shape; one dimension may be -1.

    Raises ValueError if the sizes, where they are known, differ."""
    sp_input = require_sparse(sp_input)
    shape = math_ops.cast(shape, dtype=dtypes.int64)
    with ops.name_scope(name, "SparseReshape", [sp_input.values]) as name:
        _check_same_size(sp_input.get_shape(), tensor_util.constant_value(shape))
        made = gen.SparseReshape(sp_input.indices, sp_input.dense_shape, shape, name=name)
        return SparseTensor(made[0], sp_input.values, made[1])


def _check_same_size(old, new):
    """Raises ValueError if a TensorShape, where it is known, cannot become the sizes `new`."""
    if new is None or not old.is_fully_defined():
        return
    new = [int(size) for size in new]
    if new.count(-1) > 1:
        raise ValueError("At most one dimension can be inferred (-1). Found: %s" % new)
    said = int(np.prod([size for size in new if size != -1]))
    whole = old.num_elements()
    size = whole // said * said if -1 in new and said else said
    if size != whole:
        raise ValueError("Cannot reshape a tensor with %d elements to shape %s (%d elements)."
                         % (whole, new, size))


def sparse_split(keyword_required=None, sp_input=None, num_split=None, axis=None, name=None,
                 split_dim=None):
    """A SparseTensor cut along `axis` into num_split parts, the first ones larger by one."""
    if keyword_required is not None:
        raise ValueError("Keyword arguments are required for this function.")
    if sp_input is None:
        raise ValueError("sp_input is required")
    if num_split is None:
        raise ValueError("num_split is required")
    axis = renamed_argument("axis", axis, "split_dim", split_dim)
    if axis is None:
        raise ValueError("axis is required")
    sp_input = require_sparse(sp_input)
    indices, values, shapes = gen.SparseSplit(axis, sp_input.indices, sp_input.values,
                                              sp_input.dense_shape, num_split=num_split,
                                              name=name)
    return [SparseTensor(*part) for part in zip(indices, values, shapes)]


def sparse_split_v2(sp_input=None, num_split=None, axis=None, name=None):
    """sparse_split() without the old names."""
    return sparse_split(sp_input=sp_input, num_split=num_split, axis=axis, name=name)


def sparse_slice(sp_input, start, size, name=None):
    """The block that starts at `start` and is `size` big."""
    sp_input = require_sparse(sp_input)
    start = ops.convert_to_tensor(start, dtypes.int64)
    size = ops.convert_to_tensor(size, dtypes.int64)
    with ops.name_scope(name, "SparseSlice", [sp_input.values]) as name:
        return _sparse_of(gen.SparseSlice(sp_input.indices, sp_input.values, sp_input.dense_shape,
                                          start, size, name=name))


def sparse_to_indicator(sp_input, vocab_size, name=None):
    """A dense bool tensor, vocab_size long in the last dimension: True at the ids in sp_input."""
    sp_input = require_sparse(sp_input)
    with ops.name_scope(name, "SparseToIndicator", [sp_input.values]) as name:
        true = constant_op.constant(True, dtype=dtypes.bool)
        values = array_ops.fill(array_ops.shape(sp_input.values), true)
        there = SparseTensor(sp_input.indices, values, sp_input.dense_shape)
        merged = sparse_merge(sp_input, there, vocab_size)
        shape = array_ops.concat([sp_input.dense_shape[:-1],
                                  math_ops.cast([vocab_size], dtypes.int64)], 0)
        merged = SparseTensor(merged.indices, merged.values, shape)
        return sparse_dense.sparse_tensor_to_dense(merged, default_value=False,
                                                   validate_indices=False, name=name)


def sparse_merge(sp_ids, sp_values, vocab_size, name=None, already_sorted=False):
    """The values of sp_values, whose last indices are replaced by the ids at their places.

    Several sp_ids, with as many vocab_sizes, give as many last dimensions."""
    if not isinstance(sp_ids, (list, tuple)):
        sp_ids, vocab_size = [sp_ids], [vocab_size]
    if len(sp_ids) != len(vocab_size):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    with ops.name_scope(name, "SparseMerge", [x.values for x in sp_ids] + [sp_values.values]):
        sp_ids = [require_sparse(x) for x in sp_ids]
        sp_values = require_sparse(sp_values)
        ids = [math_ops.cast(array_ops.expand_dims(x.values, axis=1), dtypes.int64)
               for x in sp_ids]
        sizes = [array_ops.expand_dims(math_ops.cast(size, dtypes.int64), axis=0)
                 for size in vocab_size]
        indices = array_ops.concat([sp_ids[0].indices[:, :-1]] + ids, axis=1)
        shape = array_ops.concat([sp_ids[0].dense_shape[:-1]] + sizes, axis=0)
        merged = SparseTensor(indices, sp_values.values, shape)
        if already_sorted:
            return merged
        merged = sparse_reorder(merged)
        return SparseTensor(merged.indices, merged.values, shape)


def sparse_retain(sp_input, to_retain):
    """The elements for which `to_retain`, a bool vector, is True."""
    sp_input = require_sparse(sp_input)
    to_retain = ops.convert_to_tensor(to_retain)
    to_retain.get_shape().with_rank(1)[0].merge_with(sp_input.values.get_shape()[0])
    kept = array_ops.reshape(array_ops.where(to_retain), [-1])
    return SparseTensor(array_ops.gather(sp_input.indices, kept),
                        array_ops.gather(sp_input.values, kept),
                        array_ops.identity(sp_input.dense_shape))


def sparse_reset_shape(sp_input, new_shape=None):
    """The same elements in a shape as small as holds them, or in `new_shape`, no smaller."""
    sp_input = require_sparse(sp_input)
    indices = array_ops.identity(sp_input.indices)
    values = array_ops.identity(sp_input.values)
    old = array_ops.identity(sp_input.dense_shape)
    if new_shape is None:
        last = math_ops.reduce_max(indices, axis=0)
        shape = math_ops.maximum(array_ops.constant(0, dtype=dtypes.int64),
                                 math_ops.add(last, array_ops.ones_like(old)))
        return SparseTensor(indices, values, shape)
    shape = ops.convert_to_tensor(new_shape, dtypes.int64)
    shape.get_shape().assert_has_rank(1)
    shape.get_shape()[0].merge_with(old.get_shape()[0])
    return SparseTensor(indices, values, _no_smaller(sp_input, old, shape))


def _no_smaller(sp_input, old, shape):
    """`shape`, checked against the old one now or, where either is not known, in each run."""
    from weft.python.ops import check_ops
    known = tensor_util.constant_value(shape)
    if known is not None and sp_input.get_shape().is_fully_defined():
        sizes = np.array(sp_input.get_shape().as_list())
        if not np.all(sizes <= known):
            raise ValueError("Requested new_shape should have dimension sizes >= sp_input.shape.  "
                             "Found new_shape (%s), sp_input.shape (%s)." % (sizes, known))
        return known
    shape = control_flow_ops.with_dependencies(
        [check_ops.assert_equal(array_ops.shape(old), array_ops.shape(shape))], shape)
    return control_flow_ops.with_dependencies([check_ops.assert_less_equal(old, shape)], shape)


def sparse_fill_empty_rows(sp_input, default_value, name=None):
    """(a SparseTensor with default_value in the first column of rows that had none, which those
    rows were)."""
    sp_input = require_sparse(sp_input)
    with ops.name_scope(name, "SparseFillEmptyRows", [sp_input.values]):
        default_value = ops.convert_to_tensor(default_value, dtype=sp_input.values.dtype)
        made = gen.SparseFillEmptyRows(sp_input.indices, sp_input.values, sp_input.dense_shape,
                                       default_value)
        return SparseTensor(made[0], made[1], sp_input.dense_shape), made[2]


def sparse_softmax(sp_input, name=None):
    """softmax() along the last dimension, of the elements that are there."""
    sp_input = require_sparse(sp_input)
    with ops.name_scope(name, "SparseSoftmax", [sp_input.indices, sp_input.values]) as name:
        values = gen.SparseSoftmax(sp_input.indices, sp_input.values, sp_input.dense_shape)
        return SparseTensor(sp_input.indices, values, sp_input.dense_shape)


def _larger_or_smaller(op, label, sp_a, sp_b, name):
    with ops.name_scope(name, label,
                        [sp_a.indices, sp_a.values, sp_b.indices, sp_b.values]) as name:
        made = op(sp_a.indices, sp_a.values, sp_a.dense_shape, sp_b.indices, sp_b.values,
                  sp_b.dense_shape, name=name)
    return SparseTensor(made[0], made[1], sp_a.dense_shape)


def sparse_maximum(sp_a, sp_b, name=None):
    """The larger of two SparseTensors element by element; what is not there is 0."""
    return _larger_or_smaller(gen.SparseSparseMaximum, "SparseSparseMaximum", sp_a, sp_b, name)


def sparse_minimum(sp_a, sp_b, name=None):
    """The smaller of two SparseTensors element by element; what is not there is 0."""
    return _larger_or_smaller(gen.SparseSparseMinimum, "SparseSparseMinimum", sp_a, sp_b, name)


def sparse_transpose(sp_input, perm=None, name=None):
    """A SparseTensor whose dimension i is dimension perm[i] of sp_input; by default reversed."""
    with ops.name_scope(name, "SparseTranspose", [sp_input.values]) as name:
        known = sp_input.get_shape()
        if perm is None:
            n = known.ndims
            if n is None:
                n = array_ops.rank(sp_input)
                perm = (n - 1) - math_ops.range(0, n, 1)
            else:
                perm = n - 1 - np.arange(n)
        indices = array_ops.transpose(
            array_ops.gather(array_ops.transpose(sp_input.indices), perm))
        if known.is_fully_defined() and not isinstance(perm, ops.Tensor):
            dims = known.as_list()
            shape = array_ops.constant([dims[i] for i in perm], dtype=dtypes.int64)
        else:
            shape = array_ops.gather(sp_input.dense_shape, perm)
        return sparse_reorder(SparseTensor(indices, sp_input.values, shape))


def sparse_cross(inputs, name=None):
    """The crosses of features, row by row, as strings: a SparseTensor."""
    return _cross(inputs, hashed_output=False, name=name)


def sparse_cross_hashed(inputs, num_buckets=0, hash_key=None, name=None):
    """The crosses of features, row by row, as hashes below num_buckets: a SparseTensor."""
    return _cross(inputs, hashed_output=True, num_buckets=num_buckets, hash_key=hash_key,
                  name=name)


def _cross(inputs, hashed_output, num_buckets=0, hash_key=None, name=None):
    if not isinstance(inputs, (list, tuple)):
        raise TypeError("Inputs must be a list")
    if not all(isinstance(x, (SparseTensor, ops.Tensor)) for x in inputs):
        raise TypeError("All inputs must be SparseTensors")
    sparse = [x for x in inputs if isinstance(x, SparseTensor)]
    dense = [x for x in inputs if not isinstance(x, SparseTensor)]
    texts = all(x.dtype.base_dtype == dtypes.string for x in inputs)
    values = [_text_or_int64(x.values) for x in sparse]
    dense = [_text_or_int64(x) for x in dense]
    return _sparse_of(gen.SparseCross(
        [x.indices for x in sparse], values, [x.dense_shape for x in sparse], dense,
        sparse_types=[x.dtype for x in values], dense_types=[x.dtype for x in dense],
        N=len(sparse), hashed_output=hashed_output, num_buckets=num_buckets,
        hash_key=hash_key or _DEFAULT_HASH_KEY,
        out_type=dtypes.int64 if hashed_output else dtypes.string,
        internal_type=dtypes.string if texts else dtypes.int64, name=name))


def _text_or_int64(x):
    return x if x.dtype.base_dtype == dtypes.string else math_ops.cast(x, dtypes.int64)
