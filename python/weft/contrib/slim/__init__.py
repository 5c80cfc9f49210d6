"""tf.contrib.slim: layers, arg_scope, variables, losses and training steps in one namespace."""
from weft.contrib import layers as _layers, losses, metrics
from weft.contrib.framework import (
    arg_scopes as _arg_scopes, checkpoints as _checkpoints, variables as _variables)
from weft.contrib.framework.arg_scopes import *          # noqa: F401,F403
from weft.contrib.framework.checkpoints import *        # noqa: F401,F403
from weft.contrib.framework.variables import *          # noqa: F401,F403
from weft.contrib.layers import *                       # noqa: F401,F403
from weft.contrib.layers import initializers, regularizers, utils
from weft.contrib.slim import learning, model_analyzer

__all__ = ["initializers", "learning", "losses", "metrics", "model_analyzer", "regularizers",
           "utils"]
__all__ += _layers.__all__ + _arg_scopes.__all__ + _checkpoints.__all__ + _variables.__all__
