"""Messages that say what a graph is: NodeDef, its attributes, GraphDef."""
from weft.python.framework.message import Message
from weft.python.framework.types_pb2 import DataType        # noqa: F401 (named in FIELDS)


class TensorShapeProto(Message):
    """A shape; -1 is an unknown dimension."""

    class Dim(Message):
        FIELDS = """
            int64 size = 1
            string name = 2
        """

    FIELDS = """
        repeated Dim dim = 2
        bool unknown_rank = 3
    """


class ResourceHandleProto(Message):
    """What a handle says of its resource."""

    FIELDS = """
        string device = 1
        string container = 2
        string name = 3
        uint64 hash_code = 4
        string maybe_type_name = 5
    """


class TensorProto(Message):
    """A value: its elements as bytes, or in the list for its type."""

    FIELDS = """
        DataType dtype = 1
        TensorShapeProto tensor_shape = 2
        int32 version_number = 3
        bytes tensor_content = 4
        repeated float float_val = 5
        repeated double double_val = 6
        repeated int32 int_val = 7
        repeated bytes string_val = 8
        repeated float scomplex_val = 9
        repeated int64 int64_val = 10
        repeated bool bool_val = 11
        repeated double dcomplex_val = 12
        repeated int32 half_val = 13
        repeated ResourceHandleProto resource_handle_val = 14
        repeated uint32 uint32_val = 16
        repeated uint64 uint64_val = 17
    """


class NameAttrList(Message):
    """A function's name, and its attributes."""

    FIELDS = """
        string name = 1
        map<string, AttrValue> attr = 2
    """


class AttrValue(Message):
    """The value of an attribute."""

    class ListValue(Message):
        FIELDS = """
            repeated bytes s = 2
            repeated int64 i = 3
            repeated float f = 4
            repeated bool b = 5
            repeated DataType type = 6
            repeated TensorShapeProto shape = 7
            repeated TensorProto tensor = 8
            repeated NameAttrList func = 9
        """

    FIELDS = """
        oneof value: ListValue list = 1
        oneof value: bytes s = 2
        oneof value: int64 i = 3
        oneof value: float f = 4
        oneof value: bool b = 5
        oneof value: DataType type = 6
        oneof value: TensorShapeProto shape = 7
        oneof value: TensorProto tensor = 8
        oneof value: string placeholder = 9
        oneof value: NameAttrList func = 10
    """


class NodeDef(Message):
    """An operation: its name and type, where its inputs come from, its attributes."""

    class ExperimentalDebugInfo(Message):
        FIELDS = """
            repeated string original_node_names = 1
        """

    FIELDS = """
        string name = 1
        string op = 2
        repeated string input = 3
        string device = 4
        map<string, AttrValue> attr = 5
        ExperimentalDebugInfo experimental_debug_info = 6
    """


class VersionDef(Message):
    """Which versions made a graph, and which may read it."""

    FIELDS = """
        int32 producer = 1
        int32 min_consumer = 2
        repeated int32 bad_consumers = 3
    """


class GraphDef(Message):
    """A graph: its nodes, in the order in which they were made."""

    FIELDS = """
        repeated NodeDef node = 1
        int32 version = 3
        VersionDef versions = 4
    """
