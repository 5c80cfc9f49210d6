"""tf.keras.backend: all its names."""
from weft.python.framework.ops import name_scope
from weft.python.keras import (
    backend_array, backend_config, backend_function, backend_math, backend_nn, backend_random,
    backend_session, backend_variables)
from weft.python.keras.backend_array import *           # noqa: F401,F403
from weft.python.keras.backend_config import *          # noqa: F401,F403
from weft.python.keras.backend_function import *        # noqa: F401,F403
from weft.python.keras.backend_math import *            # noqa: F401,F403
from weft.python.keras.backend_nn import *              # noqa: F401,F403
from weft.python.keras.backend_random import *          # noqa: F401,F403
from weft.python.keras.backend_session import *         # noqa: F401,F403
from weft.python.keras.backend_variables import *       # noqa: F401,F403
from weft.python.keras.names import get_uid, reset_uids

__all__ = ["backend", "get_uid", "name_scope", "reset_uids"]
for _module in (backend_array, backend_config, backend_function, backend_math, backend_nn,
                backend_random, backend_session, backend_variables):
    __all__ += _module.__all__


def backend() -> str:
    """The name of what computes."""
    return "tensorflow"
