"""Templates: functions whose variables are made at the first call and shared by all later ones."""

import functools

from weft.python.framework import ops
from weft.python.ops import variable_scope
from weft.python.platform import tf_logging as logging


def make_template(name_, func_, create_scope_now_=False, unique_name_=None, custom_getter_=None,
                  **kwargs):
    """`func_` as a function that makes its variables by get_variable once and then reuses them.

    Args:
      name_: of the variable scope, made unique.
      func_: the function.
      create_scope_now_: make the name unique now, and not at the first call.
      unique_name_: a name that is taken as it is; calling two templates of one such name is an
        error.
      custom_getter_: of the scope.
      **kwargs: given to `func_` at each call.

    Returns:
      A Template.

    Raises:
      ValueError: name_ is None; or, at a later call, a new trainable variable.
    """
    if kwargs:
        func_ = functools.partial(func_, **kwargs)
    return Template(name_, func_, create_scope_now=create_scope_now_, unique_name=unique_name_,
                    custom_getter=custom_getter_)


class Template:
    """A function and the variable scope of its variables."""

    def __init__(self, name, func, create_scope_now=False, unique_name=None, custom_getter=None):
        if name is None:
            raise ValueError("name cannot be None.")
        self._func = func
        self._name = name
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        self._variables_created = False
        self._variable_scope = None
        if create_scope_now:
            own = unique_name or variable_scope._get_unique_variable_scope(name)
            with variable_scope._pure_variable_scope(own, custom_getter=custom_getter) as scope:
                self._variable_scope = scope

    def __call__(self, *args, **kwargs):
        if self._variable_scope is not None:
            with variable_scope.variable_scope(self._variable_scope,
                                               reuse=self._variables_created):
                return self._call(args, kwargs)
        with variable_scope.variable_scope(self._unique_name, self._name,
                                           custom_getter=self._custom_getter) as scope:
            self._variable_scope = scope
            return self._call(args, kwargs)

    def _call(self, args, kwargs):
        trainable = len(ops.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES))
        others = len(ops.get_collection(ops.GraphKeys.GLOBAL_VARIABLES))
        result = self._func(*args, **kwargs)
        if self._variables_created:
            _check_none_is_new(ops.GraphKeys.TRAINABLE_VARIABLES, trainable)
            _note_new(ops.GraphKeys.GLOBAL_VARIABLES, others)
        self._variables_created = True
        return result

    @property
    def name(self):
        """The name that was asked for."""
        return self._name

    @property
    def func(self):
        """The function."""
        return self._func

    @property
    def variable_scope(self):
        """The VariableScope of its variables; None before the first call."""
        return self._variable_scope

    var_scope = variable_scope

    @property
    def variable_scope_name(self):
        """The scope's name, without a slash behind it; None before the first call."""
        return self._variable_scope.name if self._variable_scope is not None else None

    def _under(self, key):
        name = self.variable_scope_name
        return [] if name is None else ops.get_collection(key, name + "/" if name else "")

    @property
    def variables(self):
        """Its global and local variables."""
        return self.global_variables + self.local_variables

    weights = variables

    @property
    def trainable_variables(self):
        """Those of its variables that are trainable."""
        return self._under(ops.GraphKeys.TRAINABLE_VARIABLES)

    trainable_weights = trainable_variables

    @property
    def non_trainable_variables(self):
        """Those of its variables that are not trainable."""
        trainable = self.trainable_variables
        return [v for v in self.variables if not any(v is t for t in trainable)]

    non_trainable_weights = non_trainable_variables

    @property
    def global_variables(self):
        """Its global variables."""
        return self._under(ops.GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self):
        """Its local variables."""
        return self._under(ops.GraphKeys.LOCAL_VARIABLES)


def _check_none_is_new(key, before):
    new = ops.get_collection(key)[before:]
    if new:
        raise ValueError("Trainable variable created when calling a template after the first time, "
                         "perhaps you used tf.Variable when you meant tf.get_variable: %s" % (new,))


def _note_new(key, before):
    new = ops.get_collection(key)[before:]
    if new:
        logging.info("New variables created when calling a template after the first time, perhaps "
                     "you used tf.Variable when you meant tf.get_variable: %s", new)
