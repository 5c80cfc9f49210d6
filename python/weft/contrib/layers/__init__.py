"""tf.contrib.layers: layers that make their own variables, and what goes with them."""
from weft.contrib.framework.arg_scopes import add_arg_scope, arg_scope    # noqa: F401
from weft.contrib.layers import (
    convolutions as _convolutions, core as _core, group_normalization as _group_normalization,
    initializers as _initializers, normalization as _normalization, optimizers as _optimizers,
    pooling as _pooling, regularizers as _regularizers, summaries as _summaries)
from weft.contrib.layers.convolutions import *           # noqa: F401,F403
from weft.contrib.layers.core import *                  # noqa: F401,F403
from weft.contrib.layers.group_normalization import *   # noqa: F401,F403
from weft.contrib.layers.initializers import *          # noqa: F401,F403
from weft.contrib.layers.normalization import *         # noqa: F401,F403
from weft.contrib.layers.optimizers import *            # noqa: F401,F403
from weft.contrib.layers.pooling import *               # noqa: F401,F403
from weft.contrib.layers.regularizers import *          # noqa: F401,F403
from weft.contrib.layers.summaries import *             # noqa: F401,F403

__all__ = []
for _module in (_convolutions, _core, _group_normalization, _initializers, _normalization,
                _optimizers, _pooling, _regularizers, _summaries):
    __all__ += _module.__all__
