"""arg_scope: default arguments for all calls of some functions within a block.

    with arg_scope([conv2d, fully_connected], weights_regularizer=l2_regularizer(0.001)):
        net = conv2d(x, 64, 3)
"""
import contextlib
import functools
import inspect

__all__ = ["add_arg_scope", "arg_scope", "arg_scope_func_key", "arg_scoped_arguments",
           "current_arg_scope", "has_arg_scope"]

_stack = [{}]               # the scopes that are open, innermost last: {key: {argument: value}}
_arguments = {}             # key -> names of the arguments that have defaults


def arg_scope_func_key(op):
    """What stands for a function in a scope."""
    return getattr(op, "_key_op", str(op))


def _name(op):
    return (getattr(op, "__module__", None), getattr(op, "__name__", str(op)))


def current_arg_scope() -> dict:
    """The defaults in force."""
    return _stack[-1]


def has_arg_scope(func) -> bool:
    """Whether `func` takes defaults from arg_scope."""
    return arg_scope_func_key(func) in _arguments


def arg_scoped_arguments(func) -> tuple:
    """The names of the arguments of `func` that arg_scope may set."""
    if not has_arg_scope(func):
        raise AssertionError("%s is not decorated with @add_arg_scope" % (_name(func),))
    return _arguments[arg_scope_func_key(func)]


def add_arg_scope(func):
    """Decorates a function so that it takes defaults from arg_scope."""
    key = str(func)

    @functools.wraps(func)
    def with_defaults(*args, **kwargs):
        defaults = current_arg_scope().get(key)
        return func(*args, **({**defaults, **kwargs} if defaults else kwargs))

    with_defaults._key_op = key
    _arguments[key] = tuple(p.name for p in inspect.signature(func).parameters.values()
                            if p.default is not p.empty)
    return with_defaults


def _extended(ops, defaults):
    """The defaults in force, with more for some functions."""
    scope = dict(current_arg_scope())
    for op in ops:
        if not has_arg_scope(op):
            raise ValueError("%s is not decorated with @add_arg_scope" % (_name(op),))
        key = arg_scope_func_key(op)
        scope[key] = {**scope.get(key, {}), **defaults}
    return scope


@contextlib.contextmanager
def arg_scope(list_ops_or_scope, **kwargs):
    """A block in which the functions of a list have `kwargs` as defaults; yields all defaults.

    What another arg_scope yielded may be given in place of the list, to open that again.
    """
    if isinstance(list_ops_or_scope, dict):
        if kwargs:
            raise ValueError("When attempting to re-use a scope by suppling a"
                             "dictionary, kwargs must be empty.")
        scope = dict(list_ops_or_scope)
    elif isinstance(list_ops_or_scope, (list, tuple, set)):
        scope = _extended(list_ops_or_scope, kwargs)
    else:
        raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
    _stack.append(scope)
    try:
        yield scope
    finally:
        _stack.pop()
