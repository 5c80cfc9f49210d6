"""Tensors made from a shape or a few numbers: zeros, ones, one_hot, meshgrid, sequence_mask."""

from functools import reduce
from operator import mul

from weft.python.framework import constant_op, dtypes, gen, ops, tensor_shape
from weft.python.ops import array_basic
from weft.python.ops.array_basic import expand_dims, fill, reshape, shape_internal, size
from weft.python.ops.array_join import stack

__all__ = [
    "zeros", "ones", "zeros_like", "ones_like", "zeros_like_v2", "ones_like_v2", "one_hot",
    "meshgrid", "sequence_mask", "constant",
]

constant = constant_op.constant
_SMALL = 1000       # fewer elements than this are a constant, more are a Fill


def _is_small(shape) -> bool:
    """Whether a shape is known to have few elements.

    TF: asks so of tensors as well, which adds ops to the graph (a product, a comparison) before
    it sees that there is no answer yet. They are made here too, since seeds count them."""
    if isinstance(shape, (list, tuple, tensor_shape.TensorShape)):
        dims = list(shape)
    else:
        dims = [shape] if not hasattr(shape, "tolist") else list(shape.reshape(-1).tolist())
    n = reduce(mul, dims) if dims else 1
    return bool(n < _SMALL)


def _filled(value, shape, dtype, name):
    """A constant, or a Fill, of `shape` whose elements are `value`."""
    if not isinstance(shape, ops.Tensor):
        try:
            if _is_small(shape):
                return constant_op.constant(value, shape=shape, dtype=dtype, name=name)
        except TypeError:           # a tensor among the dimensions, or an unknown one
            pass
        try:
            dims = tensor_shape.TensorShape(shape).as_list()
            wide = any(d > 2 ** 31 - 1 for d in dims)
            shape = constant_op.constant(dims, dtypes.int64 if wide else dtypes.int32,
                                         name="shape_as_tensor")
        except (TypeError, ValueError):
            shape = ops.convert_to_tensor(shape, dtype=dtypes.int32)
    if not shape.get_shape().ndims:
        shape = reshape(shape, [-1])
    return fill(shape, constant_op.constant(value, dtype=dtype), name=name)


def zeros(shape, dtype=dtypes.float32, name=None):
    """A tensor of `shape` full of 0, False or ""."""
    dtype = dtypes.as_dtype(dtype).base_dtype
    with ops.name_scope(name, "zeros", [shape]) as name:
        zero = False if dtype == dtypes.bool else "" if dtype == dtypes.string else 0
        return _filled(zero, shape, dtype, name)


def ones(shape, dtype=dtypes.float32, name=None):
    """A tensor of `shape` full of 1 or True."""
    dtype = dtypes.as_dtype(dtype).base_dtype
    with ops.name_scope(name, "ones", [shape]) as name:
        return _filled(True if dtype == dtypes.bool else 1, shape, dtype, name)


def zeros_like(tensor, dtype=None, name=None, optimize=True):
    """Zeros of the shape of `tensor`, and of its dtype unless `dtype` says another.

    A constant where the shape is known, unless optimize=False."""
    with ops.name_scope(name, "zeros_like", [tensor]) as name:
        if not isinstance(tensor, ops.Tensor):
            tensor = ops.convert_to_tensor(tensor, name="tensor")
        own = tensor.dtype.base_dtype
        dtype = own if dtype is None else dtypes.as_dtype(dtype)
        if optimize and tensor.shape.is_fully_defined() and own != dtypes.variant:
            return zeros(tensor.shape, dtype=dtype, name=name)
        if dtype != own and dtype != dtypes.variant:
            return zeros(shape_internal(tensor, optimize=optimize), dtype=dtype, name=name)
        return gen.ZerosLike(tensor, name=name)


def zeros_like_v2(input, dtype=None, name=None):
    """zeros_like() as TF 2 has it."""
    return zeros_like(input, dtype, name)


def ones_like(tensor, dtype=None, name=None, optimize=True):
    """Ones of the shape of `tensor`, and of its dtype unless `dtype` says another."""
    with ops.name_scope(name, "ones_like", [tensor]) as name:
        tensor = ops.convert_to_tensor(tensor, name="tensor")
        dims = shape_internal(tensor, optimize=optimize)
        made = ones(dims, dtype=tensor.dtype if dtype is None else dtype, name=name)
        made.set_shape(tensor.get_shape())
        return made


def ones_like_v2(input, dtype=None, name=None):
    """ones_like() as TF 2 has it."""
    return ones_like(input, dtype, name)


def _one_hot_dtype(dtype, on, off):
    """The dtype of a one_hot: what is asked for, else that of the values given, else float32."""
    for value, what, its in (("on_value", "on", on), ("off_value", "off", off)):
        if dtype is not None and its is not None and its != dtype:
            raise TypeError(f"dtype {its} of {value} does not match dtype parameter {dtype}")
    if dtype is None:
        dtype = on if on is not None else off
    if on is not None and off is not None and on != off:
        raise TypeError(f"dtype {on} of on_value does not match dtype {off} of off_value")
    return dtypes.float32 if dtype is None else dtype


def one_hot(indices, depth, on_value=None, off_value=None, axis=None, dtype=None, name=None):
    """`on_value` (1) where a new dimension `axis`, `depth` long, equals the index; else off_value.

    Raises TypeError when dtype, on_value and off_value do not agree."""
    with ops.name_scope(name, "one_hot", [indices, depth, on_value, off_value, axis,
                                          dtype]) as name:
        dtype = None if dtype is None else dtypes.as_dtype(dtype).base_dtype
        given = []
        for value, label in ((on_value, "on_value"), (off_value, "off_value")):
            given.append(None if value is None else
                         ops.convert_to_tensor(value, dtype_hint=dtype, name=label))
        on, off = given
        dtype = _one_hot_dtype(dtype, *(None if v is None else v.dtype.base_dtype for v in given))
        if on is None:
            on = ops.convert_to_tensor(1, dtype, name="on_value")
        if off is None:
            off = ops.convert_to_tensor(0, dtype, name="off_value")
        return gen.OneHot(indices, depth, on, off, axis=-1 if axis is None else axis, name=name)


def meshgrid(*args, indexing="xy", name="meshgrid"):
    """N vectors spread over a grid of N dimensions: a list of N tensors of rank N.

    With indexing "xy" the first two dimensions change places, with "ij" they do not."""
    if indexing not in ("xy", "ij"):
        raise ValueError("indexing parameter must be either 'xy' or 'ij'")
    with ops.name_scope(name, "meshgrid", args):
        n = len(args)
        grids = [reshape(stack(x), (1,) * i + (-1,) + (1,) * (n - i - 1))
                 for i, x in enumerate(args)]
        lengths = [size(x) for x in args]
        dtype = ops.convert_to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and n > 1:
            grids[0] = reshape(grids[0], (1, -1) + (1,) * (n - 2))
            grids[1] = reshape(grids[1], (-1, 1) + (1,) * (n - 2))
            lengths[:2] = lengths[1], lengths[0]
        full = ones(lengths, dtype)
        return [x * full for x in grids]


def _all_dimensions(x):
    """0, 1, ... as many as x has dimensions: a constant where that is known."""
    rank = x.get_shape().ndims
    if rank is not None:
        return constant_op.constant(list(range(rank)), dtype=dtypes.int32)
    return gen.Range(0, array_basic.rank(x), 1)


def sequence_mask(lengths, maxlen=None, dtype=dtypes.bool, name=None):
    """For each length a row of `maxlen` (default: the longest) elements: that many True first."""
    with ops.name_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = ops.convert_to_tensor(lengths)
        if maxlen is None:
            maxlen = gen.Max(lengths, _all_dimensions(lengths))
            maxlen = gen.Maximum(constant_op.constant(0, maxlen.dtype), maxlen)
        else:
            maxlen = ops.convert_to_tensor(maxlen)
        if maxlen.get_shape().ndims is not None and maxlen.get_shape().ndims != 0:
            raise ValueError("maxlen must be scalar for sequence_mask")
        row = gen.Range(constant_op.constant(0, maxlen.dtype), maxlen,
                        constant_op.constant(1, maxlen.dtype))
        ends = gen.Cast(expand_dims(lengths, -1), DstT=maxlen.dtype)
        result = row < ends
        if dtype is None or result.dtype.base_dtype == dtypes.as_dtype(dtype):
            return result
        return gen.Cast(result, DstT=dtype)
