"""SparseTensors and dense ones: converted, added, multiplied, reduced."""

from weft.python.framework import dtypes, gen, ops, sparse_tensor, tensor_util
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import array_ops
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "sparse_add", "sparse_add_v2", "sparse_dense_cwise_add", "sparse_to_dense",
    "sparse_tensor_to_dense", "sparse_reduce_sum", "sparse_reduce_sum_v2", "sparse_reduce_max",
    "sparse_reduce_max_v2", "sparse_reduce_sum_sparse", "sparse_reduce_max_sparse",
    "sparse_tensor_dense_matmul", "serialize_sparse", "serialize_many_sparse",
    "deserialize_many_sparse", "deserialize_sparse",
]


def require_sparse(x):
    """x as a SparseTensor; raises TypeError if it is none."""
    if not sparse_tensor.is_sparse(x):
        raise TypeError("Input must be a SparseTensor.")
    return SparseTensor.from_value(x)


def _sparse_of(outputs):
    """The three outputs of an op as a SparseTensor."""
    return SparseTensor(outputs[0], outputs[1], outputs[2])


def sparse_add(a, b, threshold=None, thresh=None):
    """The sum of two tensors of which at least one is sparse: sparse if both are, else dense.

    Of a sparse sum only elements of a magnitude of at least `threshold` (0) are kept."""
    threshold = renamed_argument("threshold", threshold, "thresh", thresh)
    threshold = 0 if threshold is None else threshold
    a = SparseTensor.from_value(a) if sparse_tensor.is_sparse(a) else a
    b = SparseTensor.from_value(b) if sparse_tensor.is_sparse(b) else b
    if not isinstance(a, SparseTensor) and not isinstance(b, SparseTensor):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if isinstance(a, SparseTensor) and isinstance(b, SparseTensor):
        threshold = ops.convert_to_tensor(threshold, dtype=a.values.dtype.real_dtype.base_dtype,
                                          name="threshold")
        shape = a.get_shape().merge_with(b.get_shape())
        made = gen.SparseAdd(a.indices, a.values, a.dense_shape, b.indices, b.values,
                             b.dense_shape, threshold)
        made[2].set_shape([shape.ndims])
        return _sparse_of(made)
    if not isinstance(a, SparseTensor):
        a, b = b, a
    return gen.SparseTensorDenseAdd(a.indices, a.values, a.dense_shape, b)


def sparse_add_v2(a, b, threshold=0):
    """sparse_add() without the old name."""
    return sparse_add(a, b, threshold)


def sparse_dense_cwise_add(sp_t, dense_t):
    """The elements of sp_t, each with the element of dense_t at its place added: sparse."""
    values = gen.SparseDenseCwiseAdd(sp_t.indices, sp_t.values, sp_t.dense_shape, dense_t)
    return SparseTensor(sp_t.indices, values, sp_t.dense_shape)


def sparse_to_dense(sparse_indices, output_shape, sparse_values, default_value=0,
                    validate_indices=True, name=None):
    """A dense tensor of default_value but for the values at the indices.

    validate_indices: indices must be in order, without repeats, or the run fails."""
    return gen.SparseToDense(sparse_indices, output_shape, sparse_values, default_value,
                             validate_indices=validate_indices, name=name)


def sparse_tensor_to_dense(sp_input, default_value=None, validate_indices=True, name=None):
    """A SparseTensor as a dense one: default_value (zero, "" or False) where nothing is."""
    sp_input = require_sparse(sp_input)
    if default_value is None:
        default_value = array_ops.zeros([], dtype=sp_input.dtype)
    return sparse_to_dense(sp_input.indices, sp_input.dense_shape, sp_input.values,
                           default_value=default_value, validate_indices=validate_indices,
                           name=name)


def _axes_of(sp_input, axis, reduction_axes):
    """Which dimensions are reduced, as a tensor: all where none are named."""
    axis = renamed_argument("axis", axis, "reduction_axes", reduction_axes)
    if axis is not None:
        return axis
    return gen.Range(0, array_ops.rank(sp_input), 1)


def _reduced_shape(result, sp_input, keepdims, axis):
    """What is known of the shape of a dense result, told to it."""
    known = tensor_util.constant_value(axis) if isinstance(axis, ops.Tensor) else axis
    shape = sp_input.get_shape()
    if known is None or shape.ndims is None:
        return result
    known = {int(a) % shape.ndims for a in (known if hasattr(known, "__iter__") else [known])}
    dims = [1 if i in known else d for i, d in enumerate(shape.as_list())
            if keepdims or i not in known]
    result.set_shape(dims)
    return result


def _reduce(op, sp_input, axis, keepdims, reduction_axes, keep_dims):
    keepdims = bool(renamed_argument("keepdims", keepdims, "keep_dims", keep_dims))
    axis = _axes_of(sp_input, axis, reduction_axes)
    result = op(sp_input.indices, sp_input.values, sp_input.dense_shape, axis,
                keep_dims=keepdims)
    return result if isinstance(result, tuple) else _reduced_shape(result, sp_input, keepdims,
                                                                   axis)


def sparse_reduce_sum(sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None):
    """The sum over the dimensions `axis` (all by default), dense."""
    return _reduce(gen.SparseReduceSum, sp_input, axis, keepdims, reduction_axes, keep_dims)


def sparse_reduce_max(sp_input, axis=None, keepdims=None, reduction_axes=None, keep_dims=None):
    """The largest element over the dimensions `axis` (all by default), dense."""
    return _reduce(gen.SparseReduceMax, sp_input, axis, keepdims, reduction_axes, keep_dims)


def sparse_reduce_sum_sparse(sp_input, axis=None, keepdims=None, reduction_axes=None,
                             keep_dims=None):
    """The sum over the dimensions `axis` (all by default), sparse."""
    return _sparse_of(_reduce(gen.SparseReduceSumSparse, sp_input, axis, keepdims,
                              reduction_axes, keep_dims))


def sparse_reduce_max_sparse(sp_input, axis=None, keepdims=None, reduction_axes=None,
                             keep_dims=None):
    """The largest element over the dimensions `axis` (all by default), sparse."""
    return _sparse_of(_reduce(gen.SparseReduceMaxSparse, sp_input, axis, keepdims,
                              reduction_axes, keep_dims))


def _dense_or_sparse(dense, sparse):
    """Two reductions as one, with TF 2's order of arguments."""
    def reduce(sp_input, axis=None, keepdims=None, output_is_sparse=False, name=None):
        with ops.name_scope(name, dense.__name__, [sp_input.values]):
            return (sparse if output_is_sparse else dense)(sp_input, axis, keepdims)
    reduce.__doc__ = dense.__doc__
    return reduce


sparse_reduce_sum_v2 = _dense_or_sparse(sparse_reduce_sum, sparse_reduce_sum_sparse)
sparse_reduce_max_v2 = _dense_or_sparse(sparse_reduce_max, sparse_reduce_max_sparse)


def sparse_tensor_dense_matmul(sp_a, b, adjoint_a=False, adjoint_b=False, name=None):
    """The matrix product of a sparse matrix and a dense one, either adjoint if so said."""
    sp_a = require_sparse(sp_a)
    with ops.name_scope(name, "SparseTensorDenseMatMul", [sp_a.indices, sp_a.values, b]) as name:
        b = ops.convert_to_tensor(b, name="b")
        return gen.SparseTensorDenseMatMul(sp_a.indices, sp_a.values, sp_a.dense_shape, b,
                                           adjoint_a=adjoint_a, adjoint_b=adjoint_b, name=name)


def serialize_sparse(sp_input, name=None, out_type=dtypes.string):
    """A SparseTensor as a vector of three strings."""
    sp_input = require_sparse(sp_input)
    return gen.SerializeSparse(sp_input.indices, sp_input.values, sp_input.dense_shape,
                               out_type=out_type, name=name)


def serialize_many_sparse(sp_input, name=None, out_type=dtypes.string):
    """The rows of a SparseTensor, each as three strings: [rows, 3]."""
    sp_input = require_sparse(sp_input)
    return gen.SerializeManySparse(sp_input.indices, sp_input.values, sp_input.dense_shape,
                                   out_type=out_type, name=name)


def deserialize_sparse(serialized_sparse, dtype, rank=None, name=None):
    """What serialize_sparse() wrote, as a SparseTensor; several of them as one."""
    made = gen.DeserializeSparse(serialized_sparse, dtype=dtype, name=name)
    made[0].set_shape([None, rank])
    made[2].set_shape([rank])
    return _sparse_of(made)


def deserialize_many_sparse(serialized_sparse, dtype, rank=None, name=None):
    """What serialize_many_sparse() wrote, as one SparseTensor."""
    made = gen.DeserializeManySparse(serialized_sparse, dtype=dtype, name=name)
    made[0].set_shape([None, rank])
    made[2].set_shape([rank])
    return _sparse_of(made)


def _elementwise(op, label):
    """An operator between a SparseTensor and a dense tensor: sparse."""
    def operate(sp_x, y):
        with ops.name_scope(None, label, [sp_x.indices, sp_x.values, sp_x.dense_shape, y]) as name:
            y = ops.convert_to_tensor(y, dtype=sp_x.dtype.base_dtype, name="y")
            values = getattr(gen, op)(sp_x.indices, sp_x.values, sp_x.dense_shape, y, name=name)
            return SparseTensor(sp_x.indices, values, sp_x.dense_shape)
    return operate


SparseTensor._override_operator("__mul__", _elementwise("SparseDenseCwiseMul", "mul"))
SparseTensor._override_operator("__truediv__", _elementwise("SparseDenseCwiseDiv", "truediv"))
SparseTensor._override_operator("__div__", _elementwise("SparseDenseCwiseDiv", "div"))
