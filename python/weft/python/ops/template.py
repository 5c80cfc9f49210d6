"""tf.make_template: a function that makes its variables when first called and shares them after."""
import functools

from weft.python.framework import ops
from weft.python.ops import variable_scope

__all__ = ["make_template"]


def make_template(name_, func_, create_scope_now_=False, unique_name_=None, custom_getter_=None,
                  **kwargs):
    """`func_`, called with `kwargs` too, in a variable scope of its own that later calls reuse.

    The scope is entered at the first call unless `create_scope_now_`; its name is `name_` made
    unique, or `unique_name_` as it is. ValueError when a later call makes trainable variables.
    """
    if kwargs:
        func_ = functools.partial(func_, **kwargs)
    return Template(name_, func_, create_scope_now_, unique_name_, custom_getter_)


class Template:
    """What make_template() gives back: call it."""

    def __init__(self, name, func, create_scope_now=False, unique_name=None, custom_getter=None):
        if name is None:
            raise ValueError("name cannot be None.")
        self._name, self._func, self._unique_name = name, func, unique_name
        self._custom_getter = custom_getter
        self._called, self._scope = False, None
        if create_scope_now:
            with self._new_scope() as scope:
                self._scope = scope

    def _new_scope(self):
        return variable_scope.variable_scope(self._unique_name, self._name,
                                             custom_getter=self._custom_getter)

    def __call__(self, *args, **kwargs):
        if self._scope is None:
            with self._new_scope() as self._scope:
                return self._first(args, kwargs)
        with variable_scope.variable_scope(self._scope, reuse=True if self._called else None):
            return (self._again if self._called else self._first)(args, kwargs)

    def _first(self, args, kwargs):
        result = self._func(*args, **kwargs)
        self._called = True
        return result

    def _again(self, args, kwargs):
        before = ops.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES)
        result = self._func(*args, **kwargs)
        new = ops.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES)[len(before):]
        if new:
            raise ValueError(
                "New trainable variables were created when calling a template after the first "
                "time, perhaps you used tf.Variable when you meant tf.get_variable: %s" % new)
        return result

    @property
    def name(self):
        """The name that was asked for."""
        return self._name

    @property
    def func(self):
        """The function inside."""
        return self._func

    @property
    def variable_scope(self):
        """The VariableScope of its variables; None before there is one."""
        return self._scope

    @property
    def variable_scope_name(self):
        """The scope's name; None before there is one."""
        return None if self._scope is None else self._scope.name

    def _collection(self, key):
        if self._scope is None:
            return []
        return ops.get_collection(key, self._scope.name + "/" if self._scope.name else None)

    @property
    def global_variables(self):
        """Its global variables."""
        return self._collection(ops.GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self):
        """Its local variables."""
        return self._collection(ops.GraphKeys.LOCAL_VARIABLES)

    @property
    def trainable_variables(self):
        """Its trainable variables."""
        return self._collection(ops.GraphKeys.TRAINABLE_VARIABLES)

    @property
    def variables(self):
        """Its global and local variables."""
        return self.global_variables + self.local_variables
