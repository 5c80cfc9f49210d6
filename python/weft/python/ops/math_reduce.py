"""Reductions: sums, means, extremes, norms and counts over axes.

`axis` is None for all axes, a number, a list or a tensor; the older spellings `reduction_indices`
and `keep_dims` are taken too."""

import numpy as np

from weft.python.framework import constant_op, dtypes, gen, ops, sparse_tensor
from weft.python.ops import array_ops
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "arg_max", "arg_min", "argmax", "argmin", "count_nonzero", "reduce_all", "reduce_any",
    "reduce_euclidean_norm", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min",
    "reduce_prod", "reduce_std", "reduce_sum", "reduce_variance", "reduced_shape",
]


def _all_axes(x, axis):
    """The axes to reduce: a constant where the rank is known, else computed by the graph."""
    if axis is not None:
        return axis
    if isinstance(x, ops.Tensor) and x.shape.ndims is not None:
        return constant_op.constant(np.arange(x.shape.ndims, dtype=np.int32))
    if isinstance(x, sparse_tensor.SparseTensor) and x.dense_shape.shape.is_fully_defined():
        rank = x.dense_shape.shape.as_list()[0]
        return constant_op.constant(np.arange(rank, dtype=np.int32))
    from weft.python.ops import math_sequence
    return math_sequence.range(0, array_ops.rank(x))


def _reduce(op, x, axis, keepdims, name, reduction_indices, keep_dims):
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    result = op(x, _all_axes(x, axis), keep_dims=keepdims, name=name)
    return _scalar_if_all(result, axis, keepdims)


def _scalar_if_all(result, axis, keepdims):
    """Without axes and with keepdims False the shape is known to be that of a scalar."""
    if axis is None and not keepdims and result.shape.ndims is None:
        result.set_shape(())
    return result


def reduce_sum(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None,
               keep_dims=None):
    """The sum over axes."""
    return _reduce(gen.Sum, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_mean(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None,
                keep_dims=None):
    """The mean over axes; of integers, rounded towards 0."""
    return _reduce(gen.Mean, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_prod(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None,
                keep_dims=None):
    """The product over axes."""
    return _reduce(gen.Prod, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_min(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None,
               keep_dims=None):
    """The smallest element over axes."""
    return _reduce(gen.Min, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_max(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None,
               keep_dims=None):
    """The largest element over axes."""
    return _reduce(gen.Max, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_all(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None,
               keep_dims=None):
    """True where all of the booleans along the axes are."""
    return _reduce(gen.All, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_any(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None,
               keep_dims=None):
    """True where one of the booleans along the axes is."""
    return _reduce(gen.Any, input_tensor, axis, keepdims, name, reduction_indices, keep_dims)


def reduce_logsumexp(input_tensor, axis=None, keepdims=None, name=None, reduction_indices=None,
                     keep_dims=None):
    """log(sum(exp(x))) over axes, without overflow."""
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    keepdims = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    input_tensor = ops.convert_to_tensor(input_tensor)
    with ops.name_scope(name, "ReduceLogSumExp", [input_tensor]):
        largest = reduce_max(input_tensor, axis=axis, keepdims=True)
        largest = array_ops.stop_gradient(gen.Select(
            gen.IsFinite(largest), largest, array_ops.zeros_like(largest)))
        total = reduce_sum(gen.Exp(gen.Sub(input_tensor, largest)), axis, keepdims)
        result = gen.Log(total)
        if not keepdims:
            largest = array_ops.reshape(largest, array_ops.shape(result))
        return _scalar_if_all(gen.Add(result, largest), axis, keepdims)


def reduce_euclidean_norm(input_tensor, axis=None, keepdims=False, name=None):
    """The square root of the sum of squares over axes."""
    with ops.name_scope(name, "EuclideanNorm", [input_tensor]) as name:
        x = ops.convert_to_tensor(input_tensor)
        squares = x * gen.Conj(x) if x.dtype.is_complex else gen.Square(x)
        return gen.Sqrt(reduce_sum(squares, axis, keepdims), name=name)


def reduce_variance(input_tensor, axis=None, keepdims=False, name=None):
    """The mean squared distance from the mean over axes."""
    with ops.name_scope(name or "reduce_variance"):
        means = reduce_mean(input_tensor, axis=axis, keepdims=True)
        return reduce_mean(gen.Square(input_tensor - means), axis=axis, keepdims=keepdims)


def reduce_std(input_tensor, axis=None, keepdims=False, name=None):
    """The square root of the variance over axes."""
    with ops.name_scope(name or "reduce_std"):
        return gen.Sqrt(reduce_variance(input_tensor, axis=axis, keepdims=keepdims))


def count_nonzero(input_tensor=None, axis=None, keepdims=None, dtype=dtypes.int64, name=None,
                  reduction_indices=None, keep_dims=None, input=None):
    """How many elements along the axes differ from zero (strings: from the empty one)."""
    from weft.python.ops import math_arithmetic
    keepdims = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    axis = renamed_argument("axis", axis, "reduction_indices", reduction_indices)
    x = renamed_argument("input", input, "input_tensor", input_tensor)
    with ops.name_scope(name, "count_nonzero", [x]):
        if isinstance(x, sparse_tensor.SparseTensor):
            x = x.values
        x = ops.convert_to_tensor(x, name="input")
        different = gen.NotEqual(x, array_ops.zeros([], dtype=x.dtype.base_dtype))
        ones = math_arithmetic.cast(different, dtypes.int64)
        total = reduce_sum(ones, axis=axis, keepdims=keepdims)
        return math_arithmetic.cast(total, dtype=dtype)


def argmax(input, axis=None, name=None, dimension=None, output_type=dtypes.int64):
    """The index of the largest element along an axis (the first one by default)."""
    axis = renamed_argument("axis", axis, "dimension", dimension)
    return gen.ArgMax(input, 0 if axis is None else axis, output_type=output_type, name=name)


def argmin(input, axis=None, name=None, dimension=None, output_type=dtypes.int64):
    """The index of the smallest element along an axis (the first one by default)."""
    axis = renamed_argument("axis", axis, "dimension", dimension)
    return gen.ArgMin(input, 0 if axis is None else axis, output_type=output_type, name=name)


def arg_max(input, dimension, output_type=dtypes.int64, name=None):
    """The older spelling of argmax."""
    return gen.ArgMax(input, dimension, output_type=output_type, name=name)


def arg_min(input, dimension, output_type=dtypes.int64, name=None):
    """The older spelling of argmin."""
    return gen.ArgMin(input, dimension, output_type=output_type, name=name)


def reduced_shape(input_shape, axes):
    """The shape that a reduction with keepdims over these axes gives."""
    from weft.python.ops import math_arithmetic
    from weft.python.ops import math_sequence
    input_shape = math_arithmetic.cast(input_shape, dtypes.int32)
    axes = math_arithmetic.cast(axes, dtypes.int32)
    rank = array_ops.size(input_shape)
    axes = (axes + rank) % rank
    ones = gen.Fill(array_ops.shape(axes), constant_op.constant(1))
    return gen.DynamicStitch([math_sequence.range(rank), axes], [input_shape, ones])
