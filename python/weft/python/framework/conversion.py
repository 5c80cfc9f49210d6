"""Other values to Tensors: by functions registered for their types, else as constants."""
from weft import _core
from weft.python.framework import dtypes, tensor_shape
from weft.python.framework.indexed_slices import IndexedSlices
from weft.python.framework.tensors import Tensor

_FUNCTIONS = []                         # (priority, order, types, function), sorted
_BY_TYPE = {}                           # type -> functions for it, best first


def register_tensor_conversion_function(base_type, conversion_func, priority=100):
    """conversion_func(value, dtype, name, as_ref) -> Tensor, or NotImplemented, for values of
    `base_type` (a type or a tuple of them). Lower priorities are asked first."""
    types = base_type if isinstance(base_type, tuple) else (base_type,)
    if not all(isinstance(t, type) for t in types):
        raise TypeError("base_type must be a type or a tuple of types.")
    if not callable(conversion_func):
        raise TypeError("conversion_func must be callable.")
    _FUNCTIONS.append((priority, len(_FUNCTIONS), types, conversion_func))
    _FUNCTIONS.sort(key=lambda entry: entry[:2])
    _BY_TYPE.clear()


def _functions_for(kind):
    functions = _BY_TYPE.get(kind)
    if functions is None:
        functions = [f for _, _, types, f in _FUNCTIONS if issubclass(kind, types)]
        _BY_TYPE[kind] = functions
    return functions


def convert_to_tensor(value, dtype=None, name=None, preferred_dtype=None, dtype_hint=None):
    """`value` as a Tensor: a Tensor as it is, a variable's value, numbers, arrays and lists as
    constants (of `preferred_dtype` if they can be).

    TypeError if it cannot be one, or not of `dtype`; ValueError for a Tensor of another dtype."""
    return internal_convert_to_tensor(value, dtype, name,
                                      preferred_dtype=preferred_dtype or dtype_hint)


def internal_convert_to_tensor(value, dtype=None, name=None, as_ref=False, preferred_dtype=None,
                               ctx=None, accept_composite_tensors=False):
    """convert_to_tensor(); with `as_ref` a variable becomes a reference to itself."""
    if dtype is not None:
        dtype = dtypes.as_dtype(dtype)
    if isinstance(value, Tensor):
        if dtype is not None and not dtype.is_compatible_with(value.dtype):
            raise ValueError("Tensor conversion requested dtype %s for Tensor with dtype %s: %r"
                             % (dtype.name, value.dtype.name, str(value)))
        return value
    if dtype is None and preferred_dtype is not None:
        try:
            t = _convert(value, dtypes.as_dtype(preferred_dtype), name, as_ref)
            if dtypes.as_dtype(preferred_dtype).base_dtype == t.dtype.base_dtype:
                return t
        except (TypeError, ValueError):
            pass
    return _convert(value, dtype, name, as_ref)


def _convert(value, dtype, name, as_ref):
    for function in _functions_for(type(value)):
        t = function(value, dtype=dtype, name=name, as_ref=as_ref)
        if t is NotImplemented:
            continue
        if not isinstance(t, Tensor):
            raise RuntimeError("Conversion function %r for type %s returned non-Tensor: %r"
                               % (function, type(value), t))
        if dtype is not None and not dtype.is_compatible_with(t.dtype):
            raise RuntimeError("Conversion function %r for type %s returned incompatible dtype: "
                               "requested = %s, actual = %s" % (function, type(value), dtype.name,
                                                                t.dtype.name))
        return t
    from weft.python.framework import constant_op
    return constant_op.constant(value, dtype, name=name or "Const")


def convert_for_op(value, dtype, name, as_ref):
    """What C asks for an input that is no Tensor. A value that only lacks the right dtype comes
    back as it is, for C to say which argument it does not match."""
    try:
        return internal_convert_to_tensor(value, dtype, name, as_ref)
    except ValueError:
        if dtype is None:
            raise
        return internal_convert_to_tensor(value, None, name, as_ref)


def internal_convert_n_to_tensor(values, dtype=None, name=None, as_ref=False,
                                 preferred_dtype=None, ctx=None):
    """A list of Tensors; those made here are called name_0, name_1..."""
    if not isinstance(values, (list, tuple)) and not hasattr(values, "__iter__"):
        raise TypeError("values must be a list.")
    return [internal_convert_to_tensor(v, dtype, None if name is None else "%s_%d" % (name, i),
                                       as_ref, preferred_dtype) for i, v in enumerate(values)]


def convert_n_to_tensor(values, dtype=None, name=None, preferred_dtype=None):
    """convert_to_tensor() of each."""
    return internal_convert_n_to_tensor(values, dtype, name, preferred_dtype=preferred_dtype)


def convert_to_tensor_or_indexed_slices(value, dtype=None, name=None):
    """IndexedSlices (and None) as they are, else convert_to_tensor()."""
    return internal_convert_to_tensor_or_indexed_slices(value, dtype, name)


def internal_convert_to_tensor_or_indexed_slices(value, dtype=None, name=None, as_ref=False):
    if not isinstance(value, IndexedSlices):
        return internal_convert_to_tensor(value, dtype, name, as_ref)
    if dtype is not None and not dtypes.as_dtype(dtype).is_compatible_with(value.dtype):
        raise ValueError("Tensor conversion requested dtype %s for Tensor with dtype %s: %r"
                         % (dtypes.as_dtype(dtype).name, value.dtype.name, str(value)))
    return value


def convert_n_to_tensor_or_indexed_slices(values, dtype=None, name=None):
    """convert_to_tensor_or_indexed_slices() of each; None stays."""
    return [None if v is None else convert_to_tensor_or_indexed_slices(
        v, dtype, None if name is None else "%s_%d" % (name, i)) for i, v in enumerate(values)]


def graph_of(value):
    """The Graph that a value belongs to, or None."""
    if isinstance(value, (_core.Tensor, _core.Operation)):
        return value.graph
    graph = getattr(value, "graph", None)
    return graph if isinstance(graph, _core.Graph) else None


def name_from_scope_name(name):
    """The name of an operation called like its scope: without the last slash."""
    return name[:-1] if name and name[-1] == "/" else name


def _indexed_slices_to_tensor(value, dtype=None, name=None, as_ref=False):
    from weft.python.ops.gradients import dense_from_slices
    return dense_from_slices(value, dtype, name, as_ref)


register_tensor_conversion_function(IndexedSlices, _indexed_slices_to_tensor)


def _shape_to_tensor(value, dtype=None, name=None, as_ref=False):
    """A TensorShape is the vector of its dimensions, int32 unless one of them is too large."""
    if not value.is_fully_defined():
        raise ValueError("Cannot convert a partially known TensorShape to a Tensor: %s" % value)
    return _dimensions(value.as_list(), dtype, name or "shape_as_tensor")


def _dimension_to_tensor(value, dtype=None, name=None, as_ref=False):
    """A Dimension is its number."""
    if value.value is None:
        raise ValueError("Cannot convert an unknown Dimension to a Tensor: %s" % value)
    return _dimensions(value.value, dtype, name or "dimension_as_tensor")


def _dimensions(value, dtype, name):
    from weft.python.framework import constant_op
    if dtype not in (None, dtypes.int32, dtypes.int64):
        raise TypeError("Cannot convert a TensorShape to dtype: %s" % dtype)
    large = max(value, default=0) if isinstance(value, list) else value
    return constant_op.constant(value, dtype or (dtypes.int64 if large >= 2 ** 31 else
                                                 dtypes.int32), name=name)


register_tensor_conversion_function(tensor_shape.TensorShape, _shape_to_tensor)
register_tensor_conversion_function(tensor_shape.Dimension, _dimension_to_tensor)
