"""Keras's names for arithmetic, reductions and products."""
import builtins

from weft.python.framework import dtypes
from weft.python.keras import backend_config
from weft.python.ops import array_ops, clip_ops, math_ops, nn_impl

__all__ = ["abs", "all", "any", "argmax", "argmin", "batch_dot", "clip", "cos", "cumprod",
           "cumsum", "dot", "equal", "exp", "gather", "greater", "greater_equal", "l2_normalize",
           "less", "less_equal", "log", "logsumexp", "max", "maximum", "mean", "min", "minimum",
           "not_equal", "pow", "prod", "round", "sign", "sin", "sqrt", "square", "std", "sum",
           "transpose", "var"]


def _floating(x):
    """Booleans as numbers; other things as they are."""
    return math_ops.cast(x, backend_config.floatx()) if x.dtype.base_dtype == dtypes.bool else x


# Products.

def dot(x, y):
    """The product of the last axis of `x` with the last but one of `y`."""
    if x.shape.ndims is None or (x.shape.ndims <= 2 and y.shape.ndims <= 2):
        return math_ops.matmul(x, y)
    x_sizes, y_sizes = _sizes(x), _sizes(y)
    order = list(range(y.shape.ndims))
    order = [order.pop(-2)] + order
    rows = array_ops.reshape(x, [-1, x_sizes[-1]])
    columns = array_ops.reshape(array_ops.transpose(y, perm=order), [y_sizes[-2], -1])
    return array_ops.reshape(math_ops.matmul(rows, columns),
                             x_sizes[:-1] + y_sizes[:-2] + y_sizes[-1:])


def _sizes(x):
    """The sizes of all axes: numbers where they are known, else scalar tensors."""
    known = x.shape.as_list()
    if None not in known:
        return known
    at_run = array_ops.unstack(array_ops.shape(x))
    return [size if size is not None else at_run[i] for i, size in enumerate(known)]


def batch_dot(x, y, axes=None):
    """For each row of the batch the product over `axes[0]` of `x` and `axes[1]` of `y`.

    One int stands for both axes; by default the last of `x` meets the last but one of `y`. What is
    left is [batch, rest of x, rest of y], or [batch, 1] for two vectors.
    """
    axes = (axes, axes) if isinstance(axes, int) else axes
    x_rank, y_rank = x.shape.ndims, y.shape.ndims
    if x_rank == y_rank == 2:
        return math_ops.reduce_sum(x * y, 1, keepdims=True)
    axes = axes or (x_rank - 1, builtins.max(y_rank - 2, 1))
    for _ in range(y_rank - x_rank):
        x = array_ops.expand_dims(x, -1)
    for _ in range(x_rank - y_rank):
        y = array_ops.expand_dims(y, -1)
    out = math_ops.matmul(x, y, adjoint_a=axes[0] != x.shape.ndims - 1,
                          adjoint_b=axes[1] == y.shape.ndims - 1)
    if x_rank == y_rank:
        return out
    return array_ops.squeeze(out, [out.shape.ndims - 1 if x_rank > y_rank else x_rank - 1])


def transpose(x):
    """The axes in reverse order."""
    return array_ops.transpose(x)


def gather(reference, indices):
    """Rows of `reference`."""
    return array_ops.gather(reference, indices)


def l2_normalize(x, axis=None):
    """`x` over its norm along `axis`."""
    return nn_impl.l2_normalize(x, axis=axis)


# Reductions.

def max(x, axis=None, keepdims=False):
    """The largest."""
    return math_ops.reduce_max(x, axis, keepdims)


def min(x, axis=None, keepdims=False):
    """The smallest."""
    return math_ops.reduce_min(x, axis, keepdims)


def sum(x, axis=None, keepdims=False):
    """The sum."""
    return math_ops.reduce_sum(x, axis, keepdims)


def prod(x, axis=None, keepdims=False):
    """The product."""
    return math_ops.reduce_prod(x, axis, keepdims)


def mean(x, axis=None, keepdims=False):
    """The mean; of booleans, the fraction that is True."""
    return math_ops.reduce_mean(_floating(x), axis, keepdims)


def var(x, axis=None, keepdims=False):
    """The variance."""
    return math_ops.reduce_variance(_floating(x), axis=axis, keepdims=keepdims)


def std(x, axis=None, keepdims=False):
    """The standard deviation."""
    return math_ops.reduce_std(_floating(x), axis=axis, keepdims=keepdims)


def any(x, axis=None, keepdims=False):
    """Whether any is not 0."""
    return math_ops.reduce_any(math_ops.cast(x, dtypes.bool), axis, keepdims)


def all(x, axis=None, keepdims=False):
    """Whether all are not 0."""
    return math_ops.reduce_all(math_ops.cast(x, dtypes.bool), axis, keepdims)


def argmax(x, axis=-1):
    """Where the largest is."""
    return math_ops.argmax(x, axis)


def argmin(x, axis=-1):
    """Where the smallest is."""
    return math_ops.argmin(x, axis)


def cumsum(x, axis=0):
    """Running sums."""
    return math_ops.cumsum(x, axis=axis)


def cumprod(x, axis=0):
    """Running products."""
    return math_ops.cumprod(x, axis=axis)


def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x)))."""
    return math_ops.reduce_logsumexp(x, axis, keepdims)


# Element by element.

def square(x):
    """The square."""
    return math_ops.square(x)


def abs(x):
    """The magnitude."""
    return math_ops.abs(x)


def sqrt(x):
    """The square root; 0 for negative numbers."""
    zero = math_ops.cast(0.0, x.dtype.base_dtype)
    infinite = math_ops.cast(float("inf"), x.dtype.base_dtype)
    return math_ops.sqrt(clip_ops.clip_by_value(x, zero, infinite))


def exp(x):
    """e to the x."""
    return math_ops.exp(x)


def log(x):
    """The natural logarithm."""
    return math_ops.log(x)


def round(x):
    """The nearest whole number, halves to even."""
    return math_ops.round(x)


def sign(x):
    """-1, 0 or 1."""
    return math_ops.sign(x)


def pow(x, a):
    """`x` to the `a`."""
    return math_ops.pow(x, a)


def clip(x, min_value, max_value):
    """`x` within bounds; None is no bound above."""
    if isinstance(min_value, (int, float)) and isinstance(max_value, (int, float)):
        max_value = min_value if max_value < min_value else max_value
    low = math_ops.cast(float("-inf") if min_value is None else min_value, x.dtype.base_dtype)
    high = math_ops.cast(float("inf") if max_value is None else max_value, x.dtype.base_dtype)
    return clip_ops.clip_by_value(x, low, high)


def sin(x):
    """The sine."""
    return math_ops.sin(x)


def cos(x):
    """The cosine."""
    return math_ops.cos(x)


def maximum(x, y):
    """The larger of two."""
    return math_ops.maximum(x, y)


def minimum(x, y):
    """The smaller of two."""
    return math_ops.minimum(x, y)


def equal(x, y):
    """x == y."""
    return math_ops.equal(x, y)


def not_equal(x, y):
    """x != y."""
    return math_ops.not_equal(x, y)


def greater(x, y):
    """x > y."""
    return math_ops.greater(x, y)


def greater_equal(x, y):
    """x >= y."""
    return math_ops.greater_equal(x, y)


def less(x, y):
    """x < y."""
    return math_ops.less(x, y)


def less_equal(x, y):
    """x <= y."""
    return math_ops.less_equal(x, y)
