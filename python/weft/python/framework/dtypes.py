"""Element types of tensors: DType, one object for each, and as_dtype() that finds it.

A type is known by TensorFlow's number (`DType._enum`, as in weft.h). A reference to a variable's
memory has a type of its own, whose number is 100 higher.
"""
import builtins

import numpy as np

_REF = 100
_DTYPES = {}                    # number -> DType
_NAMES = {}                     # "float32", "float", "float32_ref"... -> DType
_OBJECTS = {}                   # numpy's and Python's types, numpy dtypes -> DType


class DType:
    """The type of a tensor's elements. There is one object for each type."""

    __slots__ = ("_enum", "name", "_numpy", "_kind", "_base", "_ref_dtype")

    def __new__(cls, type_enum):
        """The type with this number; TypeError if there is none."""
        try:
            return _DTYPES[int(type_enum)]
        except KeyError:
            raise TypeError(
                "type_enum is not a valid types_pb2.DataType: %s" % (type_enum,)) from None

    def __setattr__(self, name, value):
        raise AttributeError("a DType cannot be changed")

    @property
    def as_datatype_enum(self):
        """TensorFlow's number of the type."""
        return self._enum

    @property
    def as_numpy_dtype(self):
        """The numpy type that holds such elements: `object` for strings."""
        return self._numpy

    @property
    def base_dtype(self):
        """The type without "_ref"."""
        return self._base

    @property
    def real_dtype(self):
        """The type of a complex number's parts; other types' own."""
        return {complex64: float32, complex128: float64}.get(self._base, self)

    @property
    def _is_ref_dtype(self):
        return self._enum > _REF

    @property
    def _as_ref(self):
        return self._ref_dtype

    @property
    def is_bool(self):
        return self._kind == "bool"

    @property
    def is_integer(self):
        """Whether this is a plain integer type, not a quantized one."""
        return self._kind == "int"

    @property
    def is_floating(self):
        return self._kind == "float"

    @property
    def is_complex(self):
        return self._kind == "complex"

    @property
    def is_quantized(self):
        return self._kind == "quantized"

    @property
    def is_unsigned(self):
        return self._kind == "int" and np.dtype(self._numpy).kind == "u"

    @property
    def is_numpy_compatible(self):
        """Whether numpy arrays can hold such elements: not for resources and variants."""
        return self._kind != "handle"

    @property
    def min(self):
        """The least finite value; TypeError if the type has none."""
        return self._limit("min", "minimum")

    @property
    def max(self):
        """The greatest finite value; TypeError if the type has none."""
        return self._limit("max", "maximum")

    def _limit(self, which, word):
        if self._base is bfloat16:
            most = float.fromhex("0x1.FEp127")
            return np.float32(most if which == "max" else -most)
        if self._kind == "float":
            return getattr(np.finfo(self._numpy), which)
        if self._kind == "int":
            return getattr(np.iinfo(self._numpy), which)
        raise TypeError("Cannot find %s value of %s." % (word, self))

    @property
    def limits(self):
        """(0, greatest) value of an image's pixels: 1 for floats."""
        return 0, True if self.is_bool else 1 if self.is_floating else self.max

    @property
    def size(self):
        """Bytes of an element."""
        return 1 if self._kind == "handle" else np.dtype(self._numpy).itemsize

    def is_compatible_with(self, other):
        """Whether a tensor of type `other`, or what it refers to, is of this type."""
        other = as_dtype(other)
        return self is other or self is other._base

    def __int__(self):
        return self._enum

    __index__ = __int__

    def __eq__(self, other):
        if other is self:
            return True
        if other is None or isinstance(other, DType):
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __hash__(self):
        return self._enum

    def __str__(self):
        return "<dtype: %r>" % self.name

    def __repr__(self):
        return "tf." + self.name

    def __reduce__(self):
        return as_dtype, (self.name,)


def _make(enum, name, numpy_type, kind):
    d = object.__new__(DType)
    for slot, value in (("_enum", enum), ("name", name), ("_numpy", numpy_type), ("_kind", kind)):
        object.__setattr__(d, slot, value)
    _DTYPES[enum] = _NAMES[name] = d
    return d


def _define(enum, name, numpy_type, kind):
    """A type and its reference; numpy's scalar type leads back to it."""
    base, ref = _make(enum, name, numpy_type, kind), _make(enum + _REF, name + "_ref", numpy_type,
                                                           kind)
    for d in (base, ref):
        object.__setattr__(d, "_base", base)
        object.__setattr__(d, "_ref_dtype", ref)
    if kind != "handle":
        _OBJECTS[numpy_type] = _OBJECTS[np.dtype(numpy_type)] = base
    globals()[name + "_ref"] = ref
    return base


def _stored(name, numpy_type):
    """A numpy type of its own for elements that numpy knows only as other numbers."""
    return np.dtype([(name, numpy_type)])


float32 = _define(1, "float32", np.float32, "float")
float64 = _define(2, "float64", np.float64, "float")
int32 = _define(3, "int32", np.int32, "int")
uint8 = _define(4, "uint8", np.uint8, "int")
int16 = _define(5, "int16", np.int16, "int")
int8 = _define(6, "int8", np.int8, "int")
string = _define(7, "string", np.object_, "string")
complex64 = _define(8, "complex64", np.complex64, "complex")
int64 = _define(9, "int64", np.int64, "int")
bool = _define(10, "bool", np.bool_, "bool")
qint8 = _define(11, "qint8", _stored("qint8", np.int8), "quantized")
quint8 = _define(12, "quint8", _stored("quint8", np.uint8), "quantized")
qint32 = _define(13, "qint32", _stored("qint32", np.int32), "quantized")
bfloat16 = _define(14, "bfloat16", _stored("bfloat16", np.uint16), "float")
qint16 = _define(15, "qint16", _stored("qint16", np.int16), "quantized")
quint16 = _define(16, "quint16", _stored("quint16", np.uint16), "quantized")
uint16 = _define(17, "uint16", np.uint16, "int")
complex128 = _define(18, "complex128", np.complex128, "complex")
float16 = _define(19, "float16", np.float16, "float")
resource = _define(20, "resource", np.object_, "handle")
variant = _define(21, "variant", np.object_, "handle")
uint32 = _define(22, "uint32", np.uint32, "int")
uint64 = _define(23, "uint64", np.uint64, "int")
half, double = float16, float64

_NAMES.update(half=float16, float=float32, double=float64)
_OBJECTS.update({builtins.float: float32, builtins.bool: bool, builtins.int: int64,
                 builtins.complex: complex128, builtins.str: string, builtins.bytes: string,
                 builtins.object: string})

QUANTIZED_DTYPES = frozenset(d for d in _DTYPES.values() if d.is_quantized)


def as_dtype(type_value):
    """The DType meant: by a DType, its number, its name, a numpy dtype, a numpy or Python type.

    TypeError if there is none.
    """
    if isinstance(type_value, DType):
        return type_value
    try:
        if isinstance(type_value, str):
            return _NAMES[type_value]
        if isinstance(type_value, int):
            return _DTYPES[type_value]
        return _OBJECTS[type_value]
    except (KeyError, TypeError):
        return _by_numpy(type_value)


def _by_numpy(type_value):
    """For what the tables do not hold: long double's kin, strings of a fixed length."""
    if isinstance(type_value, np.dtype) or (isinstance(type_value, type)
                                            and issubclass(type_value, np.generic)):
        dtype = np.dtype(type_value)
        if dtype.kind in "SU":
            return string
        if dtype in _OBJECTS:
            return _OBJECTS[dtype]
    raise TypeError("Cannot convert value %r to a TensorFlow DType." % (type_value,))
