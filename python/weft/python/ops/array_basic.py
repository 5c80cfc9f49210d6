"""Placeholders, and the shape of a tensor: asked for, changed, described."""

from weft.python.framework import constant_op, dtypes, gen, ops, tensor_shape
from weft.python.framework.sparse_tensor import SparseTensor, is_sparse
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "placeholder", "placeholder_with_default", "sparse_placeholder", "identity", "shape", "shape_n",
    "size", "rank", "reshape", "expand_dims", "expand_dims_v2", "squeeze", "squeeze_v2",
    "broadcast_to", "broadcast_static_shape", "broadcast_dynamic_shape", "stop_gradient",
    "prevent_gradient", "guarantee_const", "ensure_shape", "bitcast", "identity_n", "fill",
    "check_numerics", "snapshot", "empty", "shape_v2", "size_v2",
]


def placeholder(dtype, shape=None, name=None):
    """A tensor whose value is to be fed: an error where a run needs it and it is not."""
    return gen.Placeholder(dtype=dtype, shape=shape, name=name)


def placeholder_with_default(input, shape, name=None):
    """`input`, unless something else is fed in its place; `shape` is what both must fit."""
    return gen.PlaceholderWithDefault(input, shape=shape, name=name)


def sparse_placeholder(dtype, shape=None, name=None):
    """A SparseTensor of three placeholders, to be fed with a SparseTensorValue.

    With a fully known `shape` the third part is a constant."""
    def part(suffix):
        return None if name is None else name + suffix

    rank_, dense_shape = None, None
    if isinstance(shape, ops.Tensor):
        rank_, dense_shape = shape.get_shape()[0], shape
    elif shape is not None:
        shape = list(shape)
        rank_ = len(shape)
        if None not in shape:
            dense_shape = ops.convert_to_tensor(shape, dtype=dtypes.int64, name=part("/shape"))
    if dense_shape is None:
        dense_shape = placeholder(dtypes.int64, shape=[rank_], name=part("/shape"))
    values = placeholder(dtype, shape=[None], name=part("/values"))
    indices = placeholder(dtypes.int64, shape=[None, rank_], name=part("/indices"))
    return SparseTensor(indices=indices, values=values, dense_shape=dense_shape)


def identity(input, name=None):
    """The same value, as the output of an op of its own."""
    return gen.Identity(input, name=name)


def identity_n(input, name=None):
    """The same values, as the outputs of one op."""
    return gen.IdentityN(input, name=name)


def _require_tensor(input):
    return input if isinstance(input, ops.Tensor) else ops.convert_to_tensor(input)


def shape_internal(input, name=None, optimize=True, out_type=dtypes.int32):
    """shape() that may be told not to look at what is known already (optimize=False)."""
    with ops.name_scope(name, "Shape", [input]) as name:
        if is_sparse(input):
            return gen.Cast(input.dense_shape, DstT=out_type)
        input = _require_tensor(input)
        known = input.get_shape()
        if optimize and known.is_fully_defined():
            return constant_op.constant(known.as_list(), out_type, name=name)
        return gen.Shape(input, out_type=out_type, name=name)


def shape(input, name=None, out_type=dtypes.int32):
    """The shape of a tensor, as a vector: a constant where it is known while building."""
    return shape_internal(input, name, True, out_type)


def shape_v2(input, out_type=dtypes.int32, name=None):
    """shape() with TF 2's order of arguments."""
    return shape(input, name, out_type)


def shape_n(input, out_type=dtypes.int32, name=None):
    """The shapes of several tensors, by one op: a list."""
    return gen.ShapeN(input, out_type=out_type, name=name)


def size_internal(input, name=None, optimize=True, out_type=dtypes.int32):
    """size() that may be told not to look at what is known already (optimize=False)."""
    with ops.name_scope(name, "Size", [input]) as name:
        if is_sparse(input):
            return gen.Prod(gen.Cast(input.dense_shape, DstT=out_type), 0, name=name)
        input = _require_tensor(input)
        known = input.get_shape()
        if optimize and known.is_fully_defined():
            return constant_op.constant(known.num_elements(), out_type, name=name)
        if optimize and known.ndims is not None and 0 in known.as_list():
            return constant_op.constant(0, out_type, name=name)
        return gen.Size(input, out_type=out_type, name=name)


def size(input, name=None, out_type=dtypes.int32):
    """How many elements a tensor has: a scalar, a constant where it is known while building."""
    return size_internal(input, name, True, out_type)


def size_v2(input, out_type=dtypes.int32, name=None):
    """size() with TF 2's order of arguments."""
    return size(input, name, out_type)


def rank_internal(input, name=None, optimize=True):
    """rank() that may be told not to look at what is known already (optimize=False)."""
    with ops.name_scope(name, "Rank", [input]) as name:
        if is_sparse(input):
            return gen.Size(input.dense_shape, name=name)
        input = _require_tensor(input)
        known = input.get_shape()
        if optimize and known.ndims is not None:
            return constant_op.constant(known.ndims, dtypes.int32, name=name)
        return gen.Rank(input, name=name)


def rank(input, name=None):
    """The number of dimensions of a tensor: an int32 scalar."""
    return rank_internal(input, name, True)


def reshape(tensor, shape, name=None):
    """The same elements in another shape; one dimension may be -1, and is worked out."""
    return gen.Reshape(tensor, shape, name=name)


def expand_dims(input, axis=None, name=None, dim=None):
    """A dimension of size 1 put in before `axis` (which may count from the end)."""
    axis = renamed_argument("axis", axis, "dim", dim)
    if axis is None:
        raise ValueError("Must specify an axis argument to tf.expand_dims()")
    return expand_dims_v2(input, axis, name)


def expand_dims_v2(input, axis, name=None):
    """expand_dims() without the old names."""
    return gen.ExpandDims(input, axis, name=name)


def squeeze(input, axis=None, name=None, squeeze_dims=None):
    """Without the dimensions of size 1: all of them, or those that `axis` names."""
    return squeeze_v2(input, renamed_argument("axis", axis, "squeeze_dims", squeeze_dims), name)


def squeeze_v2(input, axis=None, name=None):
    """squeeze() without the old names."""
    if axis is None:
        axis = []
    elif not isinstance(axis, (list, tuple)):
        axis = [axis]
    return gen.Squeeze(input, squeeze_dims=[int(a) for a in axis], name=name)


def broadcast_to(input, shape, name=None):
    """`input` repeated to fill `shape`, by the rules of broadcasting."""
    return gen.BroadcastTo(input, shape, name=name)


def broadcast_static_shape(shape_x, shape_y):
    """The TensorShape that two TensorShapes broadcast to; ValueError if they do not."""
    shape_x, shape_y = tensor_shape.as_shape(shape_x), tensor_shape.as_shape(shape_y)
    if shape_x.ndims is None or shape_y.ndims is None:
        return tensor_shape.unknown_shape()
    a, b = shape_x.as_list(), shape_y.as_list()
    a = [1] * (len(b) - len(a)) + a
    b = [1] * (len(a) - len(b)) + b

    def together(m, n):
        if m == 1 or n == 1:
            return n if m == 1 else m
        if m is None or n is None:
            return n if m is None else m
        if m != n:
            raise ValueError("Incompatible shapes for broadcasting: "
                             f"{shape_x} and {shape_y}")
        return m

    return tensor_shape.TensorShape([together(m, n) for m, n in zip(a, b)])


def broadcast_dynamic_shape(shape_x, shape_y):
    """The shape that two shapes, given as vectors, broadcast to."""
    return gen.BroadcastArgs(shape_x, shape_y)


def stop_gradient(input, name=None):
    """The same value, which gradients take for a constant."""
    return gen.StopGradient(input, name=name)


def prevent_gradient(input, message="", name=None):
    """The same value, of which nobody may ask gradients: LookupError with `message`."""
    return gen.PreventGradient(input, message=message, name=name)


def guarantee_const(input, name=None):
    """The same value, which the caller promises never to change."""
    return gen.GuaranteeConst(input, name=name)


def ensure_shape(x, shape, name=None):
    """`x`, known from here on to have `shape`; checked when it runs."""
    if not isinstance(shape, tensor_shape.TensorShape):
        shape = tensor_shape.TensorShape(shape)
    return gen.EnsureShape(x, shape=shape, name=name)


def bitcast(input, type, name=None):
    """The bytes of a tensor, read as another dtype."""
    return gen.Bitcast(input, type=type, name=name)


def fill(dims, value, name=None):
    """A tensor of shape `dims` whose elements are all the scalar `value`."""
    return gen.Fill(dims, value, name=name)


def check_numerics(tensor, message, name=None):
    """`tensor`, if it holds neither NaN nor infinity; else InvalidArgumentError."""
    return gen.CheckNumerics(tensor, message=message, name=name)


def snapshot(input, name=None):
    """A copy of the value as it is now."""
    return gen.Snapshot(input, name=name)


def empty(shape, dtype, init=False, name=None):
    """A tensor of `shape` with free contents, or zeros if `init`."""
    return gen.Empty(shape, dtype=dtype, init=init, name=name)
