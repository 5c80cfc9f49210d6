"""The training ops by the names that other optimizers know: apply_adam is ApplyAdam."""

import re

from weft.python.framework import gen


def _snake(op_type):
    """ "ResourceApplyRMSProp" as "resource_apply_rms_prop"."""
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", op_type)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words).lower()


_OP_TYPES = {_snake(op_type): op_type for op_type in gen.names() if "Apply" in op_type}

__all__ = sorted(_OP_TYPES)


def __getattr__(name):
    if name not in _OP_TYPES:
        raise AttributeError("There is no training op '%s'" % name)
    return getattr(gen, _OP_TYPES[name])


def __dir__():
    return __all__
