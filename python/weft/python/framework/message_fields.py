"""What fields of messages hold: enums, checks of scalars, lists and maps.

A list or a map tells the message that it belongs to when something is put into it.
"""
import numbers
import struct
from collections.abc import MutableMapping, MutableSequence


class Enum:
    """Named numbers: Enum(OFF=0, ON=1). Value("ON") is 1, Name(1) is "ON"."""

    def __init__(self, **values):
        self._values = values

    def Value(self, name):
        """The number of a name; ValueError if there is none."""
        if name not in self._values:
            raise ValueError("Enum has no value defined for name %r" % (name,))
        return self._values[name]

    def Name(self, number):
        """The (first) name of a number; ValueError if there is none."""
        for name, value in self._values.items():
            if value == number:
                return name
        raise ValueError("Enum has no name defined for value %r" % (number,))

    def keys(self):
        return list(self._values)

    def values(self):
        return list(self._values.values())

    def items(self):
        return list(self._values.items())

    def __getattr__(self, name):
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        raise AttributeError(name)


# ---- scalars: a check makes of a value what is kept, or raises ----

class _Check:
    """Calls `accept`; knows the value of a field that nobody has set."""

    def __init__(self, accept, default):
        self._accept, self.default = accept, default

    def __call__(self, value):
        return self._accept(value)


def _refuse(value, *expected):
    raise TypeError("%.1024r has type %s, but expected one of: %s"
                    % (value, type(value).__name__, ", ".join(expected)))


def _integer(low, high):
    def accept(value):
        if not isinstance(value, numbers.Integral):
            _refuse(value, "int")
        if not low <= int(value) <= high:
            raise ValueError("Value out of range: %d" % value)
        return int(value)
    return accept


def _float32(value):
    try:
        return struct.unpack("f", struct.pack("f", _real(value)))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _real(value):
    if not isinstance(value, numbers.Real):
        _refuse(value, "int", "float")
    return float(value)


def _boolean(value):
    if not isinstance(value, (numbers.Integral, bool)) and type(value).__name__ != "bool_":
        _refuse(value, "bool", "int")
    return bool(value)


def _string(value):
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        _refuse(value, "bytes", "str")
    return value


def _bytes(value):
    if not isinstance(value, bytes):
        _refuse(value, "bytes")
    return value


_CHECKS = {
    "bool": _Check(_boolean, False),
    "int32": _Check(_integer(-2**31, 2**31 - 1), 0),
    "int64": _Check(_integer(-2**63, 2**63 - 1), 0),
    "uint32": _Check(_integer(0, 2**32 - 1), 0),
    "uint64": _Check(_integer(0, 2**64 - 1), 0),
    "float": _Check(_float32, 0.0),
    "double": _Check(_real, 0.0),
    "string": _Check(_string, ""),
    "bytes": _Check(_bytes, b""),
}


def checker(kind):
    """The check of a scalar type's name, or of an Enum."""
    return _CHECKS["int32" if isinstance(kind, Enum) else kind]


# ---- lists and maps ----

class _Container:
    """Belongs to a field; `_owner` is its message until it has something in it."""

    def __init__(self, field, owner):
        self._field, self._owner = field, None
        self._items = {} if field.map else []

    def _modified(self):
        if self._owner is not None:
            ref, name = self._owner
            owner = ref()
            if owner is not None:
                owner._adopt(name, self)

    def _message(self, value):
        """A copy of a message, checked to be of the right class."""
        if type(value) is not self._field.type:
            _refuse(value, self._field.type.__name__)
        message = self._field.type()
        message.CopyFrom(value)
        return message

    def __len__(self):
        return len(self._items)

    def __eq__(self, other):
        return self._items == (other._items if isinstance(other, _Container) else other)

    __hash__ = None

    def __repr__(self):
        return repr(self._items)


class _List(_Container, MutableSequence):
    def __getitem__(self, index):
        return self._items[index]

    def __delitem__(self, index):
        del self._items[index]

    def MergeFrom(self, other):
        """Append all that another list holds."""
        self.extend(other)

    def sort(self, key=None, reverse=False):
        """Order the items."""
        self._items.sort(key=key, reverse=reverse)


class ScalarList(_List):
    """A repeated field of scalars."""

    def __setitem__(self, index, value):
        check = self._field.check
        self._items[index] = ([check(v) for v in value] if isinstance(index, slice)
                              else check(value))
        self._modified()

    def insert(self, index, value):
        self._items.insert(index, self._field.check(value))
        self._modified()

    def extend(self, values):
        self._items.extend([self._field.check(v) for v in values or ()])
        self._modified()

    def _plain(self):
        return list(self._items)


class MessageList(_List):
    """A repeated field of messages: add() makes one; what is appended is copied."""

    def add(self, **fields):
        """A new message at the end, with these fields."""
        message = self._field.type(**fields)
        self._items.append(message)
        self._modified()
        return message

    def __setitem__(self, index, value):
        raise TypeError("'%s' object does not support item assignment" % type(self).__name__)

    def insert(self, index, value):
        self._items.insert(index, self._message(value))
        self._modified()

    def extend(self, values):
        self._items.extend([self._message(v) for v in values])
        self._modified()

    def _plain(self):
        return [m._plain() for m in self._items]


class _Map(_Container, MutableMapping):
    def __delitem__(self, key):
        del self._items[key]

    def __iter__(self):
        return iter(self._items)

    def __contains__(self, key):
        return self._field.key_check(key) in self._items

    def get(self, key, default=None):
        return self._items.get(self._field.key_check(key), default)


class ScalarMap(_Map):
    """A map to scalars; looking up a key that is not there makes it, with the type's default."""

    def __getitem__(self, key):
        key = self._field.key_check(key)
        if key not in self._items:
            self[key] = self._field.check.default
        return self._items[key]

    def __setitem__(self, key, value):
        self._items[self._field.key_check(key)] = self._field.check(value)
        self._modified()

    def MergeFrom(self, other):
        """Take over all that another map holds."""
        self.update(other)

    _init = MergeFrom

    def _plain(self):
        return dict(self._items)


class MessageMap(_Map):
    """A map to messages; looking up a key that is not there makes it, empty."""

    def __getitem__(self, key):
        key = self._field.key_check(key)
        if key not in self._items:
            self._items[key] = self._field.type()
            self._modified()
        return self._items[key]

    def __setitem__(self, key, value):
        raise ValueError("May not set values directly, call my_map[key].foo = 5")

    def get_or_create(self, key):
        """The message under a key, made if it is not there."""
        return self[key]

    def MergeFrom(self, other):
        """Take over copies of all that another map holds."""
        for key, message in other.items():
            self._items[self._field.key_check(key)] = self._message(message)
        self._modified()

    def _init(self, values):
        for key, value in values.items():
            message = self._field.type(**value) if isinstance(value, dict) else value
            self[key].CopyFrom(message)

    def _plain(self):
        return {key: m._plain() for key, m in self._items.items()}
