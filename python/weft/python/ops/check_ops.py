"""Assertions on tensors: checked while building where the values are known, else when run."""

import numpy as np

from weft.python.framework import dtypes, errors, ops, tensor_util
from weft.python.ops import array_ops, control_flow_ops, math_ops
from weft.python.ops.array_basic import ensure_shape
from weft.python.ops.check_ranks import (assert_rank, assert_rank_at_least,
                                         assert_rank_at_least_v2, assert_rank_in,
                                         assert_rank_in_v2, assert_rank_v2, assert_scalar,
                                         assert_scalar_v2, assert_shapes, assert_type,
                                         assert_type_v2)

__all__ = [
    "assert_negative", "assert_negative_v2", "assert_positive", "assert_positive_v2",
    "assert_proper_iterable", "assert_non_negative", "assert_non_negative_v2",
    "assert_non_positive", "assert_non_positive_v2", "assert_equal", "assert_equal_v2",
    "assert_none_equal", "assert_none_equal_v2", "assert_near", "assert_near_v2", "assert_integer",
    "assert_integer_v2", "assert_less", "assert_less_v2", "assert_less_equal",
    "assert_less_equal_v2", "assert_greater", "assert_greater_v2", "assert_greater_equal",
    "assert_greater_equal_v2", "assert_rank", "assert_rank_v2", "assert_rank_at_least",
    "assert_rank_at_least_v2", "assert_rank_in", "assert_rank_in_v2", "assert_scalar",
    "assert_scalar_v2", "assert_shapes", "assert_type", "assert_type_v2", "is_non_decreasing",
    "is_numeric_tensor", "is_strictly_increasing", "assert_same_float_dtype", "ensure_shape",
]

_NUMERIC = frozenset([
    dtypes.float16, dtypes.float32, dtypes.float64, dtypes.int8, dtypes.int16, dtypes.int32,
    dtypes.int64, dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64, dtypes.qint8,
    dtypes.qint32, dtypes.quint8, dtypes.complex64, dtypes.bfloat16, dtypes.complex128])


def _known_text(x) -> str:
    """A part of a message: a tensor by its value where that is known."""
    known = tensor_util.constant_value(x) if isinstance(x, ops.Tensor) else None
    return str(x if known is None else known)


def _fail_now(data):
    raise errors.InvalidArgumentError(node_def=None, op=None,
                                      message="\n".join(_known_text(x) for x in data))


def _compare(sign, label, compare, compare_known, x, y, data, summarize, message, name):
    """An Assert that x `sign` y holds for all elements.

    Raises InvalidArgumentError at once if both are known and it does not."""
    with ops.name_scope(name, label, [x, y, data]):
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, name="y")
        if data is None:
            data = ["Condition x %s y did not hold element-wise:" % sign,
                    "x (%s) = " % x.name, x, "y (%s) = " % y.name, y]
        if message is not None:
            data = [message] + list(data)
        holds = math_ops.reduce_all(compare(x, y))
        known = [tensor_util.constant_value(v) for v in (x, y)]
        if all(v is not None for v in known) and not np.all(compare_known(*known)):
            _fail_now(data)
        return control_flow_ops.Assert(holds, data, summarize=summarize)


def assert_equal(x, y, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x == y element by element."""
    with ops.name_scope(name, "assert_equal", [x, y, data]):
        if x is y:
            return control_flow_ops.no_op()
    return _compare("==", "assert_equal", math_ops.equal, np.equal, x, y, data, summarize,
                    message, name)


def assert_none_equal(x, y, data=None, summarize=None, message=None, name=None):
    """An op that fails if x == y for any element."""
    return _compare("!=", "assert_none_equal", math_ops.not_equal, np.not_equal, x, y, data,
                    summarize, message, name)


def assert_less(x, y, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x < y element by element."""
    return _compare("<", "assert_less", math_ops.less, np.less, x, y, data, summarize, message,
                    name)


def assert_less_equal(x, y, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x <= y element by element."""
    return _compare("<=", "assert_less_equal", math_ops.less_equal, np.less_equal, x, y, data,
                    summarize, message, name)


def assert_greater(x, y, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x > y element by element."""
    return _compare(">", "assert_greater", math_ops.greater, np.greater, x, y, data, summarize,
                    message, name)


def assert_greater_equal(x, y, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x >= y element by element."""
    return _compare(">=", "assert_greater_equal", math_ops.greater_equal, np.greater_equal, x, y,
                    data, summarize, message, name)


def _against_zero(label, sign, check, x, data, summarize, message, name):
    """check(x, 0), with a message about x alone."""
    with ops.name_scope(name, label, [x, data]):
        x = ops.convert_to_tensor(x, name="x")
        if data is None:
            data = [message or "", "Condition x %s 0 did not hold element-wise:" % sign,
                    "x (%s) = " % x.name, x]
        return check(x, ops.convert_to_tensor(0, dtype=x.dtype), data, summarize)


def assert_negative(x, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x < 0 for all elements."""
    return _against_zero("assert_negative", "<",
                         lambda x, zero, data, n: assert_less(x, zero, data, n),
                         x, data, summarize, message, name)


def assert_positive(x, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x > 0 for all elements."""
    return _against_zero("assert_positive", ">",
                         lambda x, zero, data, n: assert_less(zero, x, data, n),
                         x, data, summarize, message, name)


def assert_non_negative(x, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x >= 0 for all elements."""
    return _against_zero("assert_non_negative", ">=",
                         lambda x, zero, data, n: assert_less_equal(zero, x, data, n),
                         x, data, summarize, message, name)


def assert_non_positive(x, data=None, summarize=None, message=None, name=None):
    """An op that fails unless x <= 0 for all elements."""
    return _against_zero("assert_non_positive", "<=",
                         lambda x, zero, data, n: assert_less_equal(x, zero, data, n),
                         x, data, summarize, message, name)


def assert_near(x, y, rtol=None, atol=None, data=None, summarize=None, message=None, name=None):
    """An op that fails unless |x - y| < atol + rtol |y| for all elements.

    Both tolerances are ten times the machine's for the dtype if left out."""
    with ops.name_scope(name, "assert_near", [x, y, rtol, atol, data]):
        x = ops.convert_to_tensor(x, name="x")
        y = ops.convert_to_tensor(y, name="y", dtype=x.dtype)
        eps = 10 * np.finfo(x.dtype.as_numpy_dtype).eps
        rtol = ops.convert_to_tensor(eps if rtol is None else rtol, name="rtol", dtype=x.dtype)
        atol = ops.convert_to_tensor(eps if atol is None else atol, name="atol", dtype=x.dtype)
        if data is None:
            data = [message or "",
                    "x and y not equal to tolerance rtol = %s, atol = %s" % (rtol, atol),
                    "x (%s) = " % x.name, x, "y (%s) = " % y.name, y]
        tolerance = atol + rtol * math_ops.abs(y)
        holds = math_ops.reduce_all(math_ops.less(math_ops.abs(x - y), tolerance))
        return control_flow_ops.Assert(holds, data, summarize=summarize)


def assert_integer(x, message=None, name=None):
    """A NoOp if x is of an integer type; else raises TypeError."""
    with ops.name_scope(name, "assert_integer", [x]):
        x = ops.convert_to_tensor(x, name="x")
        if not x.dtype.is_integer:
            raise TypeError('%s  Expected "x" to be integer type.  Found: %s of dtype %s'
                            % (message or "", x.name, x.dtype))
        return control_flow_ops.no_op("statically_determined_was_integer")


def assert_proper_iterable(values):
    """Raises TypeError unless values is iterable, and is not one tensor, array or string."""
    wrong = (ops.Tensor, np.ndarray, bytes, str, ops.IndexedSlices)
    if isinstance(values, wrong) or array_ops.is_sparse(values):
        raise TypeError("Expected argument 'values' to be a 'proper' iterable.  Found: %s"
                        % type(values))
    if not hasattr(values, "__iter__"):
        raise TypeError("Expected argument 'values' to be iterable.  Found: %s" % type(values))


def is_numeric_tensor(tensor) -> bool:
    """Whether this is a tensor, of numbers."""
    return isinstance(tensor, ops.Tensor) and tensor.dtype.base_dtype in _NUMERIC


def _steps(x):
    """The differences of neighbours in x read in order: none for less than two elements."""
    x = array_ops.reshape(x, [-1])
    if not is_numeric_tensor(x):
        raise TypeError("Expected x to be numeric, instead found: %s" % x)
    return x[1:] - x[:-1]


def is_non_decreasing(x, name=None):
    """Whether no element of x is less than the one before it: a bool scalar."""
    with ops.name_scope(name, "is_non_decreasing", [x]):
        steps = _steps(x)
        zero = ops.convert_to_tensor(0, dtype=steps.dtype)
        return math_ops.reduce_all(math_ops.less_equal(zero, steps))


def is_strictly_increasing(x, name=None):
    """Whether each element of x is greater than the one before it: a bool scalar."""
    with ops.name_scope(name, "is_strictly_increasing", [x]):
        steps = _steps(x)
        zero = ops.convert_to_tensor(0, dtype=steps.dtype)
        return math_ops.reduce_all(math_ops.less(zero, steps))


def _name_of(item) -> str:
    return item.name if hasattr(item, "name") else str(item)


def assert_same_float_dtype(tensors=None, dtype=None):
    """The floating dtype that tensors and dtype share (float32 if there are none).

    Raises ValueError if they differ or are not floating."""
    first = None
    for item in tensors or []:
        if item is None:
            continue
        own = item.dtype.base_dtype
        if not dtype:
            dtype, first = own, _name_of(item)
        elif dtype != own:
            raise ValueError("%s, type=%s, must be of the same type (%s)%s."
                             % (_name_of(item), own, dtype, " as " + first if first else ""))
    if not dtype:
        return dtypes.float32
    dtype = dtypes.as_dtype(dtype)
    if not dtype.is_floating:
        raise ValueError("Expected floating point type, got %s." % dtype)
    return dtype


def _v2_binary(check):
    """A comparison with TF 2's order of arguments."""
    def checked(x, y, message=None, summarize=None, name=None):
        return check(x, y, summarize=summarize, message=message, name=name)
    checked.__doc__ = check.__doc__
    checked.__name__ = check.__name__
    return checked


def _v2_unary(check):
    """A check of one tensor with TF 2's order of arguments."""
    def checked(x, message=None, summarize=None, name=None):
        return check(x, summarize=summarize, message=message, name=name)
    checked.__doc__ = check.__doc__
    checked.__name__ = check.__name__
    return checked


assert_equal_v2 = _v2_binary(assert_equal)
assert_none_equal_v2 = _v2_binary(assert_none_equal)
assert_less_v2 = _v2_binary(assert_less)
assert_less_equal_v2 = _v2_binary(assert_less_equal)
assert_greater_v2 = _v2_binary(assert_greater)
assert_greater_equal_v2 = _v2_binary(assert_greater_equal)
assert_negative_v2 = _v2_unary(assert_negative)
assert_positive_v2 = _v2_unary(assert_positive)
assert_non_negative_v2 = _v2_unary(assert_non_negative)
assert_non_positive_v2 = _v2_unary(assert_non_positive)
assert_integer_v2 = assert_integer


def assert_near_v2(x, y, rtol=None, atol=None, message=None, summarize=None, name=None):
    """assert_near() with TF 2's order of arguments."""
    return assert_near(x, y, rtol, atol, summarize=summarize, message=message, name=name)
