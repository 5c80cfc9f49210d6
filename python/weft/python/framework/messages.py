"""TensorFlow's messages: messages.GraphDef(), messages.DataType, messages.DT_FLOAT...

They are protobuf's, made when the first one is asked for: the descriptors are what the build made
of Weft's .proto files. Their pool is our own, so that another library's messages of the same names
do not meet them. protobuf takes its time to load, so it is not loaded before a script needs it.
"""
import copyreg
import os
import threading

from weft import _core

_classes = {}                           # by full name; empty until they are loaded
_loading = threading.Lock()


def __getattr__(name):
    if not name.startswith("_") and name in _load():
        return globals()[name]
    raise AttributeError("module %r has no attribute %r" % (__name__, name))


def _load():
    """What this module holds, with all messages in it."""
    with _loading:
        if not _classes:
            _add_all()
    return globals()


def _add_all():
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ModuleNotFoundError:
        raise ModuleNotFoundError("tf.GraphDef and all other messages need protobuf: install "
                                  "python3-protobuf") from None
    with open(os.path.join(os.path.dirname(_core.__file__), "messages.pb"), "rb") as f:
        files = descriptor_pb2.FileDescriptorSet.FromString(f.read()).file
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.AddSerializedFile(file.SerializeToString())
    # protobuf 4.22 and later have the one, all before 5 the other.
    class_of = getattr(message_factory, "GetMessageClass", None) or \
        message_factory.MessageFactory(pool).GetPrototype
    for file in files:
        start = file.package + "."
        for enum in file.enum_type:
            _add_enum(pool.FindEnumTypeByName(start + enum.name))
        for message in file.message_type:
            cls = class_of(pool.FindMessageTypeByName(start + message.name))
            globals()[message.name] = _finished(cls, class_of)


def _finished(cls, class_of):
    """The class of a message, with the classes of those inside it as attributes."""
    cls.__module__ = __name__
    _classes[cls.DESCRIPTOR.full_name] = cls
    copyreg.pickle(cls, _reduced)
    for nested in cls.DESCRIPTOR.nested_types:
        if not nested.GetOptions().map_entry:
            setattr(cls, nested.name, _finished(class_of(nested), class_of))
    return cls


def _add_enum(descriptor):
    from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper
    globals()[descriptor.name] = EnumTypeWrapper(descriptor)
    globals().update((value.name, value.number) for value in descriptor.values)


# ---- copies that go through pickle ----

def _reduced(message):
    return _read, (message.DESCRIPTOR.full_name, message.SerializeToString())


def _read(full_name, data):
    _load()
    return _classes[full_name].FromString(data)
