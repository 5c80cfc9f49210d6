"""Python's inspect, seen through decorators, with getargspec() that Python has dropped."""
import inspect
from collections import namedtuple
from inspect import *               # noqa: F401,F403

ArgSpec = namedtuple("ArgSpec", "args varargs keywords defaults")
FullArgSpec = inspect.FullArgSpec


def getfullargspec(obj):
    """The parameters of a function, or of what a decorator stands for."""
    return inspect.getfullargspec(inspect.unwrap(obj))


def getargspec(obj):
    """(args, varargs, keywords, defaults); ValueError if there are keyword-only parameters."""
    spec = getfullargspec(obj)
    if spec.kwonlyargs:
        raise ValueError("Function has keyword-only parameters, use getfullargspec()")
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)
