"""Messages as text, in protocol buffers' text format."""
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
