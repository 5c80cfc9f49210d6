"""Messages as text, in protocol buffers' text format, and from it."""
import re

import numpy as np

from weft.python.framework.message_fields import Enum

_ESCAPES = {ord("\n"): r"\n", ord("\r"): r"\r", ord("\t"): r"\t", ord('"'): r'\"',
            ord("'"): r"\'", ord("\\"): r"\\"}


def to_text(message, indent=0):
    """Every field that is set, a line or a block each, by number."""
    return "".join(_field_text(field, value, "  " * indent, indent)
                   for field, value in message.ListFields())


def _field_text(field, value, space, indent):
    if field.map:
        return "".join(_entry_text(field, key, value[key], space, indent) for key in sorted(value))
    items = value if field.repeated else [value]
    return "".join(_item_text(field.name, field, item, space, indent) for item in items)


def _entry_text(field, key, value, space, indent):
    inside = space + "  "
    return "%s%s {\n%skey: %s\n%s%s}\n" % (
        space, field.name, inside, _scalar(None, key),
        _item_text("value", field, value, inside, indent + 1), space)


def _item_text(name, field, item, space, indent):
    if field.is_message:
        return "%s%s {\n%s%s}\n" % (space, name, to_text(item, indent + 1), space)
    return "%s%s: %s\n" % (space, name, _scalar(field.type, item))


def _scalar(kind, value):
    if isinstance(kind, Enum):
        return kind.Name(value) if value in kind.values() else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, bytes)):
        return '"%s"' % _escaped(value)
    if isinstance(value, float):
        return _float(kind, value)
    return str(value)


def _float(kind, value):
    text = str(np.float32(value)) if kind == "float" else repr(value)
    return text if "." in text or "e" in text or not value == value else text + ".0"


def _escaped(value):
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    return "".join(_ESCAPES.get(b) or (chr(b) if 32 <= b < 127 else "\\%03o" % b) for b in value)


# ---- reading ----

_TOKEN = re.compile(r"""\s+|\#[^\n]*
    |(?P<token>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'
    |[-+]?[\d.]+[eE][-+]\d+|[-+]?[\w.]+|[{}<>:;,\[\]])""",
                    re.VERBOSE)
_CLOSES = {"{": "}", "<": ">"}


def from_text(text, message):
    """Put what a text says into a message, and give it back; ValueError if it is no such text."""
    tokens, at = [], 0
    while at < len(text):
        m = _TOKEN.match(text, at)
        if m is None:
            raise ValueError("cannot read %r as a message" % text[at:at + 20])
        at = m.end()
        if m["token"]:
            tokens.append(m["token"])
    tokens.reverse()                    # the next one is the last: pop() takes it
    _read_fields(tokens, message, None)
    return message


def _read_fields(tokens, message, end):
    while tokens and tokens[-1] != end:
        name = tokens.pop()
        field = message._table().get(name)
        if field is None:
            raise ValueError('Message type "%s" has no field named "%s".'
                             % (type(message).__name__, name))
        if tokens[-1] == ":":
            tokens.pop()
        if tokens[-1] == "[":
            tokens.pop()
            while tokens[-1] != "]":
                _read_item(tokens, message, field)
                if tokens[-1] == ",":
                    tokens.pop()
            tokens.pop()
        else:
            _read_item(tokens, message, field)
        if tokens and tokens[-1] in ",;":
            tokens.pop()
    if end is not None:
        if not tokens:
            raise ValueError("a '%s' is missing" % end)
        tokens.pop()


def _read_item(tokens, message, field):
    if field.map:
        _read_entry(tokens, getattr(message, field.name), field)
    elif field.is_message:
        child = getattr(message, field.name)
        child = child.add() if field.repeated else child
        child.SetInParent()
        _read_fields(tokens, child, _CLOSES[tokens.pop()])
    elif field.repeated:
        getattr(message, field.name).append(_read_scalar(tokens, field.type))
    else:
        setattr(message, field.name, _read_scalar(tokens, field.type))


def _read_entry(tokens, entries, field):
    end, key = _CLOSES[tokens.pop()], None
    while tokens[-1] != end:
        word = tokens.pop()
        if tokens[-1] == ":":
            tokens.pop()
        if word == "key":
            key = _read_scalar(tokens, field.key_type)
        elif field.is_message:
            _read_fields(tokens, entries[key], _CLOSES[tokens.pop()])
        else:
            entries[key] = _read_scalar(tokens, field.type)
    tokens.pop()


def _read_scalar(tokens, kind):
    token = tokens.pop()
    if isinstance(kind, Enum):
        return kind.Value(token) if token in kind.keys() else int(token, 0)
    if kind in ("string", "bytes"):
        value = _unescaped(token)
        while tokens and tokens[-1][0] in "\"'":        # "a" "b" is one text
            value += _unescaped(tokens.pop())
        return value if kind == "bytes" else value.decode("utf-8")
    if kind == "bool":
        return {"true": True, "t": True, "1": True, "false": False, "f": False,
                "0": False}[token]
    return float(token.rstrip("f")) if kind in ("float", "double") else int(token, 0)


def _unescaped(token):
    if token[0] not in "\"'":
        raise ValueError("expected a text in quotes, got %s" % token)
    return token[1:-1].encode("utf-8").decode("unicode_escape").encode("latin-1")
