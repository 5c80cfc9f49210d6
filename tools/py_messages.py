"""py_messages.py SET FILE - what protoc made of src/wire/*.proto, a FileDescriptorSet, as Python is
to have it: in the package "tensorflow", with protobuf's own Any, and with that in the set."""
import sys

from google.protobuf import any_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet


def main(source, target):
    with open(source, "rb") as f:
        files = FileDescriptorSet.FromString(f.read())
    _sort(files)
    for file in files.file:
        if file.name == "wire/any.proto":
            file.Clear()
            any_pb2.DESCRIPTOR.CopyToProto(file)
        else:
            _rename(file)
    with open(target, "wb") as f:
        f.write(files.SerializeToString(deterministic=True))


def _sort(files):
    """Each file after those it depends on."""
    waiting = {file.name: file for file in files.file}
    ordered = []
    while waiting:
        ready = [name for name, file in waiting.items() if not waiting.keys() & set(file.dependency)]
        ordered += [waiting.pop(name) for name in ready]
    ordered = [file.SerializeToString() for file in ordered]
    del files.file[:]
    for file in ordered:
        files.file.add().ParseFromString(file)


def _rename(file):
    file.package = "tensorflow"
    for i, name in enumerate(file.dependency):
        file.dependency[i] = "google/protobuf/any.proto" if name == "wire/any.proto" else name
    for message in file.message_type:
        _rename_types(message)


def _rename_types(message):
    for field in message.field:
        if field.type_name == ".wire.Any":
            field.type_name = ".google.protobuf.Any"
        elif field.type_name:
            field.type_name = field.type_name.replace(".wire.", ".tensorflow.", 1)
    for nested in message.nested_type:
        _rename_types(nested)


if __name__ == "__main__":
    main(*sys.argv[1:])
