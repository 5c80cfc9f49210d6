"""Static shapes: Dimension, a number or unknown, and TensorShape, some of them or an unknown rank.

In TensorFlow 1 an element of a shape is a Dimension; after enable_v2_tensorshape() it is a number
or None. Shapes keep plain numbers inside: what the core hands over costs one tuple.
"""
from weft.python.framework import dtypes

_v2 = False


def enable_v2_tensorshape():
    """From now on elements of a shape are numbers and None."""
    global _v2
    _v2 = True


def disable_v2_tensorshape():
    """From now on elements of a shape are Dimensions."""
    global _v2
    _v2 = False


def dimension_value(dimension):
    """The number (or None) behind a Dimension; anything else as it is."""
    return dimension.value if isinstance(dimension, Dimension) else dimension


def dimension_at_index(shape, index):
    """Element `index` of a TensorShape, as a Dimension in either behaviour."""
    return Dimension(None) if shape.rank is None else Dimension(shape._values[index])


def _number(value):
    """What stands for one dimension, as a number or None."""
    if value is None or type(value) is int and value >= 0:
        return value
    return Dimension(value).value


class Dimension:
    """The size of one dimension: a number, or None if unknown.

    Arithmetic with an unknown one is unknown; comparison with an unknown one is None.
    """

    __slots__ = ("_value",)

    def __init__(self, value):
        """From a number, a numeral, another Dimension or None; ValueError if below 0."""
        if isinstance(value, Dimension):
            value = value._value
        if isinstance(value, dtypes.DType):
            raise TypeError("Cannot convert %s to Dimension" % value)
        self._value = value if value is None else int(value)
        if value is None:
            return
        if not isinstance(value, (str, bytes)) and self._value != value:
            raise ValueError("Ambiguous dimension: %s" % (value,))
        if self._value < 0:
            raise ValueError("Dimension %d must be >= 0" % self._value)

    @property
    def value(self):
        """The number, or None."""
        return self._value

    def __repr__(self):
        return "Dimension(%s)" % self._value

    def __str__(self):
        return "?" if self._value is None else str(self._value)

    def __int__(self):
        return self._value

    __index__ = __int__

    def __hash__(self):
        return hash(self._value)

    def is_compatible_with(self, other):
        """Whether both can be the same number."""
        other = as_dimension(other)
        return None in (self._value, other._value) or self._value == other._value

    def assert_is_compatible_with(self, other):
        """ValueError unless both can be the same number."""
        if not self.is_compatible_with(other):
            raise ValueError("Dimensions %s and %s are not compatible" % (self, other))

    def merge_with(self, other):
        """The one of the two that is known; ValueError if they differ."""
        other = as_dimension(other)
        self.assert_is_compatible_with(other)
        return Dimension(other._value if self._value is None else self._value)

    def __truediv__(self, other):
        raise TypeError("unsupported operand type(s) for /: 'Dimension' and '%s', please use // "
                        "instead" % type(other).__name__)

    def __rtruediv__(self, other):
        raise TypeError("unsupported operand type(s) for /: '%s' and 'Dimension', please use // "
                        "instead" % type(other).__name__)


def _arithmetic(function, wrap):
    """A method of Dimension and its reflection, from a function of two numbers."""
    def known(a, b):
        value = None if None in (a, b) else function(a, b)
        return wrap(value)

    def method(self, other):
        try:
            other = as_dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        return known(self._value, other._value)

    def reflected(self, other):
        try:
            other = as_dimension(other)
        except (TypeError, ValueError):
            return NotImplemented
        return known(other._value, self._value)

    return method, reflected


for _name, _function in {
        "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
        "floordiv": lambda a, b: a // b, "mod": lambda a, b: a % b}.items():
    _method, _reflected = _arithmetic(_function, Dimension)
    setattr(Dimension, "__%s__" % _name, _method)
    setattr(Dimension, "__r%s__" % _name, _reflected)
for _name, _function in {
        "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b,
        "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b}.items():
    setattr(Dimension, "__%s__" % _name, _arithmetic(_function, lambda truth: truth)[0])


def as_dimension(value):
    """A Dimension as it is; anything else made one."""
    return value if isinstance(value, Dimension) else Dimension(value)


class TensorShape:
    """What is known of a tensor's shape: nothing (unknown rank), or its dimensions."""

    __slots__ = ("_values",)            # None, or a tuple of numbers and None

    def __init__(self, dims):
        """From None (unknown), a list of numbers, None and Dimensions, one number, a shape."""
        if dims is None:
            self._values = None
        elif isinstance(dims, TensorShape):
            self._values = dims._values
        elif isinstance(dims, (str, bytes)):
            raise TypeError("A string has ambiguous TensorShape, please wrap in a list or "
                            "convert to an int: %s" % dims)
        elif hasattr(dims, "unknown_rank"):
            self._values = _of_proto(dims)
        else:
            self._values = _of_sequence(dims)

    @classmethod
    def _of(cls, values):
        """From a tuple of numbers and None, or None; as it is."""
        shape = cls.__new__(cls)
        shape._values = values
        return shape

    @property
    def dims(self):
        """A list of Dimensions; None if the rank is unknown."""
        return None if self._values is None else [Dimension(v) for v in self._values]

    @property
    def _dims(self):
        return self.dims

    @property
    def rank(self):
        """The number of dimensions, or None."""
        return None if self._values is None else len(self._values)

    ndims = rank

    def as_list(self):
        """The numbers, None where unknown; ValueError if the rank is unknown."""
        if self._values is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._values)

    def as_proto(self):
        """The shape as a TensorShapeProto message."""
        from weft.python.framework.messages import TensorShapeProto
        if self._values is None:
            return TensorShapeProto(unknown_rank=True)
        return TensorShapeProto(dim=[TensorShapeProto.Dim(size=-1 if v is None else v)
                                     for v in self._values])

    def num_elements(self):
        """The product of the dimensions; None unless all are known."""
        if not self.is_fully_defined():
            return None
        product = 1
        for v in self._values:
            product *= v
        return product

    def is_fully_defined(self):
        """Whether every dimension is known."""
        return self._values is not None and None not in self._values

    def assert_is_fully_defined(self):
        """ValueError unless every dimension is known."""
        if not self.is_fully_defined():
            raise ValueError("Shape %s is not fully defined" % self)

    # ---- two shapes ----

    def is_compatible_with(self, other):
        """Whether both can be the shape of one tensor."""
        a, b = self._values, as_shape(other)._values
        if a is None or b is None:
            return True
        return len(a) == len(b) and all(x == y or None in (x, y) for x, y in zip(a, b))

    def assert_is_compatible_with(self, other):
        """ValueError unless both can be the shape of one tensor."""
        if not self.is_compatible_with(other):
            raise ValueError("Shapes %s and %s are incompatible" % (self, other))

    def merge_with(self, other):
        """What both together say; ValueError if they disagree."""
        other = as_shape(other)
        if self._values is None or other._values is None:
            return other if self._values is None else self
        self.assert_same_rank(other)
        if not self.is_compatible_with(other):
            raise ValueError("Shapes %s and %s are not compatible" % (self, other))
        return TensorShape._of(tuple(y if x is None else x
                                     for x, y in zip(self._values, other._values)))

    def most_specific_compatible_shape(self, other):
        """The most that is true of both shapes."""
        other = as_shape(other)
        if self.rank is None or self.rank != other.rank:
            return unknown_shape()
        return TensorShape._of(tuple(x if x == y else None
                                     for x, y in zip(self._values, other._values)))

    def concatenate(self, other):
        """The dimensions of one after those of the other; unknown if either is."""
        other = as_shape(other)
        if self._values is None or other._values is None:
            return unknown_shape()
        return TensorShape._of(self._values + other._values)

    # ---- ranks ----

    def assert_same_rank(self, other):
        """ValueError if both ranks are known and differ."""
        other = as_shape(other)
        if None not in (self.rank, other.rank) and self.rank != other.rank:
            raise ValueError("Shapes %s and %s must have the same rank" % (self, other))

    def assert_has_rank(self, rank):
        """ValueError unless the rank is, or can be, `rank`."""
        if self.rank not in (None, rank):
            raise ValueError("Shape %s must have rank %d" % (self, rank))

    def with_rank(self, rank):
        """This shape, with its rank known to be `rank`; ValueError if it is another."""
        self.assert_has_rank(rank)
        return unknown_shape(rank) if self.rank is None else self

    def with_rank_at_least(self, rank):
        """This shape; ValueError if its rank is less."""
        if self.rank is not None and self.rank < rank:
            raise ValueError("Shape %s must have rank at least %d" % (self, rank))
        return self

    def with_rank_at_most(self, rank):
        """This shape; ValueError if its rank is more."""
        if self.rank is not None and self.rank > rank:
            raise ValueError("Shape %s must have rank at most %d" % (self, rank))
        return self

    # ---- as a sequence ----

    def __len__(self):
        if self._values is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._values)

    def __bool__(self):
        return self._values is not None

    def __iter__(self):
        if self._values is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter(self._values if _v2 else self.dims)

    def __getitem__(self, key):
        """A Dimension (a number in v2 behaviour), or the shape of a slice."""
        if self._values is None:
            return self._unknown_item(key)
        item = self._values[key]
        if isinstance(key, slice):
            return TensorShape._of(item)
        return item if _v2 else Dimension(item)

    def _unknown_item(self, key):
        if not isinstance(key, slice):
            return None if _v2 else Dimension(None)
        start = 0 if key.start is None else key.start
        if key.step is not None:
            raise ValueError("Steps are not yet handled")
        if key.stop is None or start < 0 or key.stop < 0:
            return unknown_shape()
        return unknown_shape(max(key.stop - start, 0))

    # TF: an unknown dimension equals nothing, not even another unknown one.
    def __eq__(self, other):
        try:
            other = as_shape(other)
        except TypeError:
            return NotImplemented
        if self._values is None or other._values is None:
            return self._values is other._values
        return self._values == other._values and None not in self._values

    def __ne__(self, other):
        try:
            other = as_shape(other)
        except TypeError:
            return NotImplemented
        if self._values is None or other._values is None:
            raise ValueError("The inequality of unknown TensorShapes is undefined.")
        return not self == other

    def __hash__(self):
        return hash(self._values)

    def __repr__(self):
        return "TensorShape(%r)" % (self.as_list() if _v2 and self else self.dims,)

    def __str__(self):
        if self._values is None:
            return "<unknown>"
        unknown = "None" if _v2 else "?"
        words = [unknown if v is None else str(v) for v in self._values]
        return "(%s,)" % words[0] if len(words) == 1 else "(%s)" % ", ".join(words)

    def __reduce__(self):
        return TensorShape, (self._values,)


def _of_sequence(dims):
    try:
        dims = tuple(dims)
    except TypeError:
        dims = (dims,)
    return tuple(_number(d) for d in dims)


def _of_proto(proto):
    if proto.unknown_rank:
        return None
    return tuple(None if d.size == -1 else _number(d.size) for d in proto.dim)


def as_shape(shape):
    """A TensorShape as it is; anything else made one."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank=None, ndims=None):
    """A shape of which only the rank, or nothing, is known."""
    rank = ndims if rank is None else rank
    return TensorShape._of(None if rank is None else (None,) * int(rank))


def scalar():
    """The shape of a single number."""
    return TensorShape._of(())


def vector(length):
    """The shape of a list."""
    return TensorShape([length])


def matrix(rows, cols):
    """The shape of a table."""
    return TensorShape([rows, cols])
