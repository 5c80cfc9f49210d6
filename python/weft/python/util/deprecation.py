"""Says, once for each place that calls it, that a function or an argument is not to last."""
import contextlib
import functools
import inspect
import sys

from weft.python.platform import tf_logging

_said = set()
_silent = 0


def _say(func, words, date, instructions, once=True, verb=""):
    """Warn of `func`, at the place that called what calls this."""
    frame = sys._getframe(2)
    place = (frame.f_code.co_filename, frame.f_lineno, words)
    if _silent or once and place in _said:
        return
    _said.add(place)
    tf_logging.warning(
        "From %s:%s: %s%s (from %s) %s will be removed %s.\nInstructions for updating:\n%s",
        place[0], place[1], verb, getattr(func, "__qualname__", func),
        getattr(func, "__module__", "?"), words,
        "in a future version" if date is None else "after %s" % date, instructions)


def _given(signature, args, kwargs):
    """{name: value} of the arguments of a call."""
    try:
        return signature.bind_partial(*args, **kwargs).arguments
    except TypeError:
        return {}                       # the call itself will say what is wrong


def deprecated(date, instructions, warn_once=True):
    """A decorator: warn when the function is called."""
    def decorate(func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            _say(func, "is deprecated and", date, instructions, warn_once)
            return func(*args, **kwargs)
        return wrapper
    return decorate


def deprecated_args(date, instructions, *deprecated_arg_names_or_tuples, **kwargs):
    """A decorator: warn when one of the arguments named is given.

    An argument may stand as (name, value): then that value, its default, is no reason to warn.
    """
    once = kwargs.pop("warn_once", True)
    names = {item if isinstance(item, str) else item[0]: () if isinstance(item, str) else item[1:]
             for item in deprecated_arg_names_or_tuples}

    def decorate(func):
        signature = inspect.signature(func)

        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            given = _given(signature, args, kwargs)
            for name in names:
                if name in given and not any(given[name] is ok for ok in names[name]):
                    _say(func, "with %s is deprecated and" % name, date, instructions, once,
                         "calling ")
            return func(*args, **kwargs)
        return wrapper
    return decorate


def deprecated_arg_values(date, instructions, warn_once=True, **deprecated_kwargs):
    """A decorator: warn when an argument is given the value said here."""
    def decorate(func):
        signature = inspect.signature(func)

        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            given = _given(signature, args, kwargs)
            for name, value in deprecated_kwargs.items():
                if name in given and given[name] is value:
                    _say(func, "with %s=%s is deprecated and" % (name, value), date, instructions,
                         warn_once, "calling ")
            return func(*args, **kwargs)
        return wrapper
    return decorate


def deprecated_argument_lookup(new_name, new_value, old_name, old_value):
    """The one of two values that was given; ValueError if both were."""
    if old_value is not None:
        if new_value is not None:
            raise ValueError("Cannot specify both '%s' and '%s'" % (old_name, new_name))
        return old_value
    return new_value


@contextlib.contextmanager
def silence():
    """A block in which nothing is said."""
    global _silent
    _silent += 1
    try:
        yield
    finally:
        _silent -= 1
