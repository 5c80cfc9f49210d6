"""Constants: values of Python and NumPy that stand in the graph."""
import numpy as np

from weft import _core
from weft.python.framework import dtypes, gen, tensor_shape

_MOST_BYTES = 2 ** 31                   # what a GraphDef can hold (A50)


def constant(value, dtype=None, shape=None, name="Const", verify_shape=False):
    """A tensor that is always `value`: a number, string, array, or nested list of those.

    Its dtype is `dtype`, else the value's own; Python floats become float32, ints int32 where they
    fit. With `shape`, a value of fewer elements is filled up with its last one, unless
    `verify_shape`. TypeError for elements that are not of `dtype`, ValueError for a wrong shape.
    """
    if isinstance(value, np.ndarray):
        check_size(value)
    if shape is None:
        t = _core.constant(value, dtype, name)
        if t is not None:
            return t
    array, dtype = make_array(value, dtype, shape, verify_shape)
    return gen.Const(value=array, dtype=dtype, name=name)


def check_size(array):
    """ValueError for what no message can hold (A50)."""
    if array.nbytes >= _MOST_BYTES:
        raise ValueError("Cannot create a tensor proto whose content is larger than 2GB.")


def make_array(value, dtype=None, shape=None, verify_shape=False):
    """(array, DType) of a constant: see constant()."""
    dtype = None if dtype is None else dtypes.as_dtype(dtype).base_dtype
    array = _array(value, dtype)
    if shape is not None:
        array = _shaped(array, [int(d) for d in tensor_shape.as_shape(shape).as_list()],
                        verify_shape)
    return array, dtype or dtypes.as_dtype(array.dtype)


def _array(value, dtype):
    if isinstance(value, (np.ndarray, np.generic)):
        return _cast(np.asarray(value), dtype)
    if value is None:
        raise ValueError("None values not supported.")
    if hasattr(value, "tensor_content"):        # a TensorProto
        from weft.python.framework import tensor_util
        return _cast(tensor_util.MakeNdarray(value), dtype)
    array = _guess(value, dtype)
    if array.dtype == object:
        return _strings(array, value, dtype)
    if dtype is not None:
        _check_kind(array, value, dtype)
        return _cast(array, dtype)
    if array.dtype == np.float64:
        return array.astype(np.float32)
    if array.dtype == np.int64 and np.array_equal(array.astype(np.int32), array):
        return array.astype(np.int32)
    return array


def _guess(value, dtype):
    wide = dtype is not None and dtype.is_integer
    try:
        array = np.array(value)
    except NotImplementedError:         # a Tensor among the elements
        if not isinstance(value, (list, tuple)):
            raise
        raise TypeError("List of Tensors when single Tensor expected" if dtype is None else
                        "Expected %s, got list containing Tensors of type '_Message' instead."
                        % dtype.name) from None
    except ValueError:
        raise ValueError("Argument must be a dense tensor: %s - got shape %s, but wanted one of "
                         "equal rows." % (value, [len(value)])) from None
    if array.dtype.kind in "US":        # NumPy cuts trailing NULs off its own strings
        array = np.array(value, dtype=object)
    if array.dtype == object:
        array = _with_dimensions(array)
    if array.dtype == object and dtype is not None and dtype.is_floating:
        array = _with_large_numbers(array)
    if array.dtype == object and wide:
        raise TypeError("Expected %s, got %s of type '%s' instead."
                        % (dtype.name, _first(value), type(_first(value)).__name__))
    return array


def _with_dimensions(array):
    """The array as one of numbers where all that hindered it were known Dimensions."""
    kinds = (int, float, np.number, tensor_shape.Dimension)
    values = [getattr(x, "value", x) if isinstance(x, kinds) else None for x in array.ravel()]
    return array if None in values else np.array(values).reshape(array.shape)


def _with_large_numbers(array):
    """The array as one of floats where integers were too large for any of NumPy's."""
    numbers = all(isinstance(x, (int, float, np.number)) for x in array.ravel())
    return array.astype(np.float64) if numbers else array


def _strings(array, value, dtype):
    for x in array.ravel():
        if not isinstance(x, (str, bytes)):
            if dtype == dtypes.string or dtype is None and isinstance(_first(value), (str, bytes)):
                raise TypeError("Expected binary or unicode string, got %r" % (x,))
            raise TypeError("Failed to convert object of type %s to Tensor. Contents: %s. Consider "
                            "casting elements to a supported type." % (type(value), value))
    if dtype is not None and dtype != dtypes.string:
        raise TypeError("Expected %s, got %r of type '%s' instead."
                        % (dtype.name, _first(value), type(_first(value)).__name__))
    return array


_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}


def _check_kind(array, value, dtype):
    """Elements become wider kinds of number, never narrower; bools and strings only themselves."""
    if not array.size or array.dtype == dtype.as_numpy_dtype:
        return
    kind = _KINDS.get(array.dtype.kind)
    if dtype.is_bool:
        fits = kind == 0
    elif dtype == dtypes.string:
        fits = False
    else:
        most = 3 if dtype.is_complex else 2 if dtype.is_floating or dtype == dtypes.bfloat16 else 1
        fits = kind in range(1, most + 1)
    if not fits:
        x = _culprit(value, dtype)
        raise TypeError("Expected %s, got %r of type '%s' instead."
                        % (dtype.name, x, type(x).__name__))
    if kind == 1 and dtype.is_integer and array.dtype != object:
        if array.min() < dtype.min or array.max() > dtype.max:
            raise ValueError("Value %r does not fit %s" % (_first(value), dtype.name))


def _culprit(value, dtype):
    """The first element whose kind does not fit, for the message."""
    for x in _elements(value):
        try:
            _check_kind(np.asarray(x), None, dtype) if x is not value else None
        except (TypeError, ValueError, AttributeError):
            return x
    return _first(value)


def _elements(value):
    if isinstance(value, (list, tuple)):
        for x in value:
            yield from _elements(x)
    else:
        yield value


def _first(value):
    return next(iter(_elements(value)), value)


def _cast(array, dtype):
    if dtype is None:
        return array if array.dtype.kind not in "US" else array.astype(object)
    if dtype == dtypes.bfloat16 and array.dtype != dtype.as_numpy_dtype:
        return _to_bfloat16(array.astype(np.float32))
    if dtype == dtypes.string:
        return array.astype(object)
    return array.astype(dtype.as_numpy_dtype, copy=False)


def _to_bfloat16(array):
    """Floats rounded to their upper 16 bits."""
    bits = np.ascontiguousarray(array).view(np.uint32) + 0x8000 >> 16
    return bits.astype(np.uint16).view(dtypes.bfloat16.as_numpy_dtype).reshape(array.shape)


def _shaped(array, shape, verify):
    size = int(np.prod(shape, dtype=np.int64))
    if verify and list(array.shape) != shape:
        raise TypeError("Expected Tensor's shape: %s, got %s." % (tuple(shape), array.shape))
    if array.size > size and (size or array.size > 1):
        raise ValueError("Too many elements provided. Needed at most %d, but received %d"
                         % (size, array.size))
    flat = array.ravel()[:size]
    if flat.size < size:
        if not flat.size:
            raise ValueError("A constant of shape %s needs at least one value" % (shape,))
        flat = np.concatenate([flat, np.full(size - flat.size, flat[-1], dtype=flat.dtype)])
    return flat.reshape(shape)
