"""Decorators that can be seen through: make_decorator() and unwrap()."""
import functools
import inspect


def make_decorator(target, decorator_func, decorator_name=None, decorator_doc="",
                   decorator_argspec=None):
    """`decorator_func`, made to look like `target`, which it wraps."""
    if decorator_name is None:
        decorator_name = inspect.currentframe().f_back.f_code.co_name
    functools.update_wrapper(decorator_func, target)
    decorator_func._tf_decorator = (decorator_name, decorator_doc, decorator_argspec, target)
    if decorator_argspec is not None:
        decorator_func.__signature__ = inspect.signature(target)
    return decorator_func


def unwrap(maybe_tf_decorator):
    """(what was made by make_decorator(), outermost first; the function inside)."""
    decorators, inner = [], maybe_tf_decorator
    while hasattr(inner, "_tf_decorator"):
        decorators.append(inner._tf_decorator)
        inner = inner._tf_decorator[-1]
    return decorators, inner
