"""What may be fed and fetched besides plain tensors: names, variables, sparse tensors, named
tuples... C walks lists, tuples and dicts itself and asks here about everything else."""
import collections.abc

import numpy as np

from weft.python.framework import dtypes
from weft.python.framework.indexed_slices import IndexedSlices, IndexedSlicesValue
from weft.python.framework.tensors import Operation, Tensor

_CONVERSIONS = []                       # (type, fetch function, feed function), in order


def register_session_run_conversion_functions(tensor_type, fetch_function, feed_function=None,
                                              feed_function_for_partial_run=None):
    """Makes objects of `tensor_type` fetchable and feedable (B33, B42).

    fetch_function(x) -> (list of tensors, function of their values -> the result);
    feed_function(x, value) -> [(tensor, value)]; feed_function_for_partial_run(x) -> [tensor].
    """
    if any(issubclass(tensor_type, known) for known, _, _, _ in _CONVERSIONS):
        raise ValueError("%s has already been registered so ignore it." % tensor_type)
    _CONVERSIONS.insert(0, (tensor_type, fetch_function, feed_function,
                            feed_function_for_partial_run))


def _conversion(x):
    return next((c for c in _CONVERSIONS if isinstance(x, c[0])), None)


def _sparse():
    from weft.python.framework import sparse_tensor
    return sparse_tensor


# ---- fetches (B29-B38) ----

def fetch_items(graph, fetch):
    """([elements], function of the list of their values -> the value of `fetch`)."""
    if fetch is None:
        raise TypeError("Fetch argument %r has invalid type %r" % (fetch, type(fetch)))
    conversion = _conversion(fetch)
    if conversion:
        elements, build = conversion[1](fetch)
        return [_element(graph, e) for e in elements], build
    composite = _composite(fetch)
    if composite:
        return composite
    return [_element(graph, fetch)], _only


def _only(values):
    return values[0]


def _composite(fetch):
    if isinstance(fetch, IndexedSlices):
        parts = [fetch.values, fetch.indices]
        if fetch.dense_shape is None:
            return parts, lambda v: IndexedSlicesValue(v[0], v[1], None)
        return parts + [fetch.dense_shape], lambda v: IndexedSlicesValue(*v)
    sparse = _sparse()
    if isinstance(fetch, sparse.SparseTensor):
        return ([fetch.indices, fetch.values, fetch.dense_shape],
                lambda v: sparse.SparseTensorValue(*v))
    if isinstance(fetch, tuple) and hasattr(fetch, "_fields"):
        return list(fetch), lambda v: type(fetch)(*v)
    if isinstance(fetch, (list, tuple)):
        return list(fetch), list if isinstance(fetch, list) else tuple
    if isinstance(fetch, collections.abc.Mapping):
        keys = list(fetch.keys())
        return [fetch[k] for k in keys], lambda v: _mapping(type(fetch), keys, v)
    fields = getattr(type(fetch), "__attrs_attrs__", None)
    if fields is not None:
        return [getattr(fetch, f.name) for f in fields], lambda v: type(fetch)(*v)
    return None


def _mapping(kind, keys, values):
    result = kind()
    for k, v in zip(keys, values):
        result[k] = v
    return result


def _element(graph, fetch):
    try:
        element = graph.as_graph_element(fetch, allow_tensor=True, allow_operation=True)
    except TypeError as e:
        raise TypeError("Fetch argument %r has invalid type %r, must be a string or Tensor. (%s)"
                        % (fetch, type(fetch), e)) from None
    except (KeyError, ValueError) as e:
        text = e.args[0] if e.args else e
        raise ValueError("Fetch argument %r cannot be interpreted as a Tensor. (%s)"
                         % (fetch, text)) from None
    op = element if isinstance(element, Operation) else element.op
    if not graph.is_fetchable(op):
        raise ValueError("Operation %r has been marked as not fetchable." % op.name)
    return element


# ---- feeds (B43-B52) ----

def feed_items(graph, key, value):
    """[(Tensor, value)] of one entry of a feed_dict."""
    if isinstance(key, (tuple, list)):
        return [pair for k, v in _flattened(key, value) for pair in feed_items(graph, k, v)]
    return [(_feed_tensor(graph, k), _feed_value(v)) for k, v in _parts(key, value)]


def _parts(key, value):
    conversion = _conversion(key)
    if conversion and conversion[2]:
        return conversion[2](key, value)
    if isinstance(key, _sparse().SparseTensor):
        return list(zip([key.indices, key.values, key.dense_shape], value))
    if isinstance(key, IndexedSlices):
        parts = [key.values, key.indices]
        if key.dense_shape is not None:
            parts.append(key.dense_shape)
        return list(zip(parts, value))
    return [(key, value)]


def _flattened(key, value):
    pairs = []
    _flatten(key, value, pairs)
    seen = set()
    for k, _ in pairs:
        if id(k) in seen:
            raise ValueError("Could not flatten dictionary: key %s is not unique." % (k,))
        seen.add(id(k))
    return pairs


def _flatten(key, value, pairs):
    if not isinstance(key, (tuple, list)):
        pairs.append((key, value))
        return
    if not isinstance(value, (tuple, list)) or len(value) != len(key):
        raise ValueError("Could not flatten dictionary. Key had %d elements, but value had %d "
                         "elements. Key: %s, value: %s."
                         % (len(key), len(value) if isinstance(value, (tuple, list)) else 1, key,
                            value))
    for k, v in zip(key, value):
        _flatten(k, v, pairs)


def _feed_tensor(graph, key):
    try:
        return graph.as_graph_element(key, allow_operation=False)
    except Exception as e:
        text = e.args[0] if e.args else e
        raise TypeError("Cannot interpret feed_dict key as Tensor: %s" % (text,)) from None


def _feed_value(value):
    if isinstance(value, Tensor):
        raise TypeError("The value of a feed cannot be a tf.Tensor object. Acceptable feed values "
                        "include Python scalars, strings, lists, numpy ndarrays, or TensorHandles. "
                        "For reference, the tensor object was %s which was passed to the feed "
                        "with key." % (value,))
    return value


def feed_value(tensor, value):
    """np.asarray(value, dtype) as a feed of `tensor` (B46-B48)."""
    kind = _numpy_type(tensor.dtype.base_dtype)
    if isinstance(value, int) and not isinstance(value, bool):
        _check_int(tensor, kind, value)
    try:
        return np.asarray(value, dtype=kind)
    except OverflowError:
        _refuse_int(tensor, value)


def _numpy_type(dtype):
    return np.float32 if dtype == dtypes.bfloat16 else dtype.as_numpy_dtype


def _check_int(tensor, kind, value):
    dtype = np.dtype(kind)
    if dtype.kind in "iu":
        same = np.iinfo(dtype).min <= value <= np.iinfo(dtype).max
    else:
        same = dtype != object and abs(value) < 2 ** 1000 and kind(value) == value
    if not same:
        _refuse_int(tensor, value)


def _refuse_int(tensor, value):
    raise TypeError("Type of feed value %s with type %s is not compatible with Tensor type %s. Try "
                    "explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
                    % (value, type(value), tensor.dtype.base_dtype.as_numpy_dtype)) from None


def feed_refused(tensor, value):
    """Says why C would not take it: another graph, a mark, or the shape (B44, B49, B50)."""
    _feed_value(value)
    if not tensor.graph.is_feedable(tensor):
        raise ValueError("Tensor %s may not be fed." % tensor)
    shape = np.asarray(value, dtype=_numpy_type(tensor.dtype.base_dtype)).shape
    if not tensor.shape.is_compatible_with(shape):
        raise ValueError("Cannot feed value of shape %r for Tensor %r, which has shape %r"
                         % (shape, tensor.name, str(tensor.shape)))
    raise TypeError("Cannot interpret feed_dict key as Tensor: Tensor %s is not an element of this "
                    "graph." % (tensor,))
