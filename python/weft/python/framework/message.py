"""Messages: records of named, typed fields, used as protocol buffers are from Python.

A class says its fields as a .proto file would, with TensorFlow's numbers:

    class GPUOptions(Message):
        FIELDS = '''
            double per_process_gpu_memory_fraction = 1
            repeated int64 sizes = 2
            map<string, int32> device_count = 3
            oneof value: Point at = 4
        '''

A type is a scalar's name, an Enum of the class, or a Message of the class or of its module. The
rules are proto3's. Fields are read and set as attributes; a message within a message is made when
it is first looked at, and counts as there once something in it is set.
"""
import re
import sys
import weakref

from weft.python.framework import message_text
from weft.python.framework.message_fields import (
    Enum, MessageList, MessageMap, ScalarList, ScalarMap, checker)

__all__ = ["Enum", "Message"]

_FIELD = re.compile(r"(?:(?:oneof (?P<oneof>\w+): )?(?P<repeated>repeated )?(?P<type>[\w.]+)"
                    r"|map<(?P<key>\w+), (?P<value>[\w.]+)>) (?P<name>\w+) = (?P<number>\d+)$")


class Field:
    """One field of a class: its name, number, type, and how many of it there may be."""

    def __init__(self, owner, text):
        m = _FIELD.match(text)
        self.name, self.number, self.oneof = m["name"], int(m["number"]), m["oneof"]
        self.repeated, self.map = bool(m["repeated"]), bool(m["key"])
        self.key_type = m["key"]
        self.key_check = checker(m["key"]) if m["key"] else None
        self.type_name = m["value"] or m["type"]
        self.type = _resolve(owner, self.type_name)
        self.is_message = isinstance(self.type, type) and issubclass(self.type, Message)
        self.check = None if self.is_message else checker(self.type)
        self.is_plain = not (self.is_message or self.repeated or self.map)

    def container(self, owner):
        """An empty list or map for this field of `owner`."""
        if self.map:
            kind = MessageMap if self.is_message else ScalarMap
        else:
            kind = MessageList if self.is_message else ScalarList
        return kind(self, owner)


def _resolve(owner, name):
    """The Message or Enum of this name as `owner` sees it; a scalar's name as it is."""
    for scope in [*owner.__mro__, sys.modules[owner.__module__]]:
        found = scope
        for part in name.split("."):
            found = getattr(found, part, None)
        if isinstance(found, (type, Enum)):
            return found
    return name


class Message:
    """A record of fields. Keywords give fields their first values; TypeError, ValueError if they
    cannot have them."""

    FIELDS = ""
    _fields = {}
    __slots__ = ("_values", "_unset", "_owner", "__weakref__")

    def __init_subclass__(cls):
        cls._fields = None
        cls.DESCRIPTOR = _Descriptor(cls)
        for value in list(vars(cls).values()):
            if isinstance(value, Enum):
                for name, number in value.items():
                    setattr(cls, name, number)

    @classmethod
    def _table(cls):
        """name -> Field, by number; read from FIELDS when the first message is made."""
        if cls._fields is None:
            lines = (line.strip() for line in cls.FIELDS.splitlines())
            fields = sorted((Field(cls, line) for line in lines if line), key=lambda f: f.number)
            cls._fields = {f.name: f for f in fields}
        return cls._fields

    def __init__(self, **fields):
        set_ = object.__setattr__
        set_(self, "_values", {})       # what is set
        set_(self, "_unset", {})        # messages and lists that were looked at only
        set_(self, "_owner", None)      # (weak reference, field's name) until something is set
        table = self._table()
        for name, value in fields.items():
            if name not in table:
                raise ValueError('Protocol message %s has no "%s" field.'
                                 % (type(self).__name__, name))
            if value is not None:
                self._init_field(table[name], value)

    def _init_field(self, field, value):
        if field.is_plain:
            number = isinstance(field.type, Enum) and isinstance(value, str)
            setattr(self, field.name, field.type.Value(value) if number else value)
        elif field.map:
            getattr(self, field.name)._init(value)
        elif field.repeated:
            getattr(self, field.name).extend(
                field.type(**v) if isinstance(v, dict) else v for v in value)
        elif isinstance(value, dict):
            getattr(self, field.name).CopyFrom(field.type(**value))
        else:
            getattr(self, field.name).CopyFrom(value)

    # ---- fields as attributes ----

    def __getattr__(self, name):
        field = self._table().get(name)
        if field is None:
            raise AttributeError("'%s' object has no attribute '%s'" % (type(self).__name__, name))
        for there in (self._values, self._unset):
            if name in there:
                return there[name]
        if field.is_plain:
            return field.check.default
        child = field.type() if not (field.repeated or field.map) else field.container(self)
        object.__setattr__(child, "_owner", (weakref.ref(self), name))
        self._unset[name] = child
        return child

    def __setattr__(self, name, value):
        field = self._table().get(name)
        if field is None:
            raise AttributeError('Assignment not allowed (no field "%s" in protocol message '
                                 "object)." % name)
        if not field.is_plain:
            kind = "message" if not (field.repeated or field.map) else (
                "map" if field.map else "repeated")
            raise AttributeError('Assignment not allowed to %s field "%s" in protocol message '
                                 "object." % (kind, name))
        value = field.check(value)
        if value == field.check.default and not field.oneof:
            self._values.pop(name, None)
        else:
            self._clear_oneof(field)
            self._values[name] = value
        self._modified()

    def _clear_oneof(self, field):
        for other in self._table().values() if field.oneof else ():
            if other.oneof == field.oneof and other is not field:
                self.ClearField(other.name)

    def _modified(self):
        """Something was set: the message counts as there, and so do those around it."""
        if self._owner is not None:
            ref, name = self._owner
            object.__setattr__(self, "_owner", None)
            owner = ref()
            if owner is not None:
                owner._adopt(name, self)

    def _adopt(self, name, child):
        """A message or list that was looked at only has got something in it."""
        if self._unset.pop(name, None) is child:
            self._clear_oneof(self._table()[name])
            self._values[name] = child
        self._modified()

    # ---- whole messages ----

    def ListFields(self):
        """(descriptor, value) of each field that is set, by number."""
        return [(f, self._values[name]) for name, f in self._table().items() if self._is_set(f)]

    def _is_set(self, field):
        value = self._values.get(field.name)
        return value is not None and (bool(value) if field.repeated or field.map else True)

    def HasField(self, name):
        """Whether a message, or a member of a oneof, is set; ValueError for other fields."""
        field = self._table().get(name)
        if field is None:
            if any(f.oneof == name for f in self._table().values()):
                return self.WhichOneof(name) is not None
            raise ValueError('Protocol message %s has no field "%s".' % (type(self).__name__, name))
        if field.repeated or field.map or field.is_plain and not field.oneof:
            raise ValueError("Can't test non-optional, non-submessage field \"%s.%s\" for presence "
                             "in proto3." % (type(self).__name__, name))
        return name in self._values

    def WhichOneof(self, oneof):
        """The name of the member of this oneof that is set, or None."""
        members = [f.name for f in self._table().values() if f.oneof == oneof]
        if not members:
            raise ValueError('Protocol message %s has no oneof "%s" field.'
                             % (type(self).__name__, oneof))
        return next((name for name in members if name in self._values), None)

    def ClearField(self, name):
        """Make a field as it was at first; ValueError if there is none of that name."""
        if name not in self._table():
            raise ValueError('Protocol message %s has no "%s" field.' % (type(self).__name__, name))
        self._values.pop(name, None)
        self._unset.pop(name, None)
        self._modified()

    def Clear(self):
        """Make all fields as they were at first."""
        self._values.clear()
        self._unset.clear()
        self._modified()

    def CopyFrom(self, other):
        """Become equal to another message of the same class."""
        if other is not self:
            self._check_class(other, "CopyFrom")
            self.Clear()
            self.MergeFrom(other)

    def MergeFrom(self, other):
        """Take over what is set in `other`: scalars replace, messages merge, lists grow."""
        self._check_class(other, "MergeFrom")
        for field, value in other.ListFields():
            if field.is_plain:
                setattr(self, field.name, value)
            else:
                getattr(self, field.name).MergeFrom(value)
        self._modified()

    def _check_class(self, other, method):
        if type(other) is not type(self):
            raise TypeError("Parameter to %s() must be instance of same class: expected %s got %s."
                            % (method, type(self).__name__, type(other).__name__))

    def SetInParent(self):
        """Count as there, with nothing set."""
        self._modified()

    def IsInitialized(self):
        """True: no field is required."""
        return True

    def __deepcopy__(self, memo=None):
        other = type(self)()
        other.CopyFrom(self)
        return other

    __copy__ = __deepcopy__

    def __reduce__(self):
        return _rebuild, (type(self), self._plain())

    def _plain(self):
        """What is set, as a dictionary of builtin values."""
        return {f.name: v if f.is_plain or not hasattr(v, "_plain") else v._plain()
                for f, v in self.ListFields()}

    def __eq__(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return [(f.name, v) for f, v in self.ListFields()] == [
            (f.name, v) for f, v in other.ListFields()]

    __hash__ = None

    def __dir__(self):
        return sorted([*object.__dir__(self), *self._table()])

    def __str__(self):
        return message_text.to_text(self)

    __repr__ = __str__


def _rebuild(cls, plain):
    return cls(**plain)


class _Descriptor:
    """What a script may ask of a class of messages: its name and its fields."""

    def __init__(self, cls):
        self._cls, self.name = cls, cls.__name__
        self.full_name = "tensorflow." + cls.__qualname__

    @property
    def fields(self):
        return list(self._cls._table().values())

    @property
    def fields_by_name(self):
        return dict(self._cls._table())
