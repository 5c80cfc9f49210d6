"""tf.version: the version of TensorFlow whose behaviour this is, and Weft's own."""
from weft import _core

VERSION = "1.15.0"
GIT_VERSION = "v1.15.0-weft"
COMPILER_VERSION = "C17"
CXX11_ABI_FLAG = 1
MONOLITHIC_BUILD = 0
GRAPH_DEF_VERSION = 134
GRAPH_DEF_VERSION_MIN_CONSUMER = 0
GRAPH_DEF_VERSION_MIN_PRODUCER = 0


class Version(str):
    """A version's number; what TensorFlow keeps in its namespace of that name hangs on it."""

    VERSION = VERSION
    GIT_VERSION = GIT_VERSION
    COMPILER_VERSION = COMPILER_VERSION
    GRAPH_DEF_VERSION = GRAPH_DEF_VERSION
    GRAPH_DEF_VERSION_MIN_CONSUMER = GRAPH_DEF_VERSION_MIN_CONSUMER
    GRAPH_DEF_VERSION_MIN_PRODUCER = GRAPH_DEF_VERSION_MIN_PRODUCER


version = Version(_core.version)
