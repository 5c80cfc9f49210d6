"""tf.sysconfig: where the library and its header are, for those who compile against them."""
import os


def get_include():
    """The folder that holds weft.h."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    folders = [os.path.join(package, "..", "..", "include"), "/usr/local/include", "/usr/include"]
    for folder in folders:
        if os.path.exists(os.path.join(folder, "weft.h")):
            return os.path.normpath(folder)
    raise FileNotFoundError("weft.h is in none of: " + " ".join(map(os.path.normpath, folders)))


def get_lib():
    """The folder that holds the extension weft._core."""
    from weft import _core
    return os.path.dirname(os.path.abspath(_core.__file__))


def get_compile_flags():
    """What a C compiler needs to be told."""
    return ["-I" + get_include()]


def get_link_flags():
    """What a linker needs to be told."""
    return ["-L" + get_lib(), "-lweft"]
