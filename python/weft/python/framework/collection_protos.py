"""How the things in collections become messages and come back, and names with other scopes.

A meta graph holds a collection's elements as names where they are nodes, and as messages where
somebody has registered how: variables as VariableDef, savers as SaverDef.
"""
import re

_REGISTERED = {}                # key of a collection -> (message type, to_proto, from_proto)


def register_proto_function(collection_name, proto_type=None, to_proto=None, from_proto=None):
    """Says what the elements of a collection are in a meta graph.

    Args:
      collection_name: its key.
      proto_type: the class of the messages, or its name, which is looked up when first needed.
      to_proto: function(element, export_scope=) -> message, or None where it is left out.
      from_proto: function(message, import_scope=) -> element.

    Raises:
      TypeError: one of the functions is not callable.
    """
    for word, function in (("to_proto", to_proto), ("from_proto", from_proto)):
        if function is not None and not callable(function):
            raise TypeError("%s must be callable." % word)
    _REGISTERED[collection_name] = proto_type, to_proto, from_proto


def get_collection_proto_type(collection_name):
    """The class of the messages of a collection; None if none is registered."""
    kind = _REGISTERED.get(collection_name, (None,))[0]
    if isinstance(kind, str):
        from weft.python.framework import messages
        return getattr(messages, kind)
    return kind


def get_to_proto_function(collection_name):
    """The registered function from elements to messages, or None."""
    return _REGISTERED.get(collection_name, (None, None, None))[1]


def get_from_proto_function(collection_name):
    """The registered function from messages to elements, or None."""
    return _REGISTERED.get(collection_name, (None, None, None))[2]


# ---- names: of nodes, of tensors, "^control", "loc:@colocated" ----

def _text(name):
    return name.decode() if isinstance(name, bytes) else name


def strip_name_scope(name, export_scope):
    """`name` as it is seen from within `export_scope`."""
    if not export_scope:
        return name
    scope = re.escape(_text(export_scope).rstrip("/"))
    return re.sub(r"^([\^]|loc:@|)%s/" % scope, r"\1", _text(name), count=1)


def prepend_name_scope(name, import_scope):
    """`name` as it is seen from outside of `import_scope`."""
    if not import_scope:
        return name
    mark = re.match(r"[\^]|loc:@|", _text(name)).group()
    return "%s%s/%s" % (mark, _text(import_scope).rstrip("/"), _text(name)[len(mark):])
