"""Variable scopes and get_variable: variables shared by name.

A variable scope gives names and defaults to the variables that get_variable makes inside. The
scope in force, and how often each name was opened, belong to a thread and a graph; the variables
to the graph (see variable_store).
"""

import copy
import enum
import functools
import threading
from contextlib import ExitStack
from contextlib import contextmanager

from weft.python.framework import dtypes
from weft.python.framework import ops
from weft.python.ops import variable_slices
from weft.python.ops import variable_store
from weft.python.ops import variables
from weft.python.platform import tf_logging as logging

_PartitionInfo = variable_slices._PartitionInfo
_VariableStore = variable_store._VariableStore
_get_default_variable_store = variable_store.get_default_store


class _ReuseMode(enum.Enum):
    """Reuse where there is one, make it where there is none."""

    AUTO_REUSE = 1


AUTO_REUSE = _ReuseMode.AUTO_REUSE

# ---- which kind of variable is made where nobody says ----

_use_resource = False


def enable_resource_variables():
    """From now on variables are ResourceVariables unless `use_resource=False` is said."""
    global _use_resource
    _use_resource = True


def disable_resource_variables():
    """From now on variables are RefVariables unless `use_resource=True` is said."""
    global _use_resource
    _use_resource = False


def resource_variables_enabled():
    """Are variables ResourceVariables where nobody says?"""
    return _use_resource


def default_variable_creator(next_creator=None, **kwargs):
    """Makes a variable of the kind that `use_resource`, the scope and the switch ask for."""
    use_resource = kwargs.pop("use_resource", None)
    if use_resource is None:
        use_resource = get_variable_scope().use_resource
    if use_resource is None:
        use_resource = _use_resource
    kwargs.pop("expected_shape", None)
    if use_resource:
        from weft.python.ops import resource_variable_ops
        return resource_variable_ops.ResourceVariable(**kwargs)
    return variables.RefVariable(**kwargs)


# ---- what a thread and graph remember ----

class _VariableScopeStore(threading.local):
    """The scope in force, how often each full name was opened, and the creators, of one graph."""

    def __init__(self):
        super(_VariableScopeStore, self).__init__()
        self.current_scope = VariableScope(False)
        self.variable_scopes_count = {}
        self.creators = []

    def open_variable_scope(self, scope_name):
        """One more scope of this full name."""
        self.variable_scopes_count[scope_name] = self.variable_scope_count(scope_name) + 1

    def close_variable_subscopes(self, scope_name):
        """Names below this one are counted from the beginning again."""
        below = scope_name + "/"
        for name in self.variable_scopes_count:
            if not scope_name or name.startswith(below):
                self.variable_scopes_count[name] = 0

    def variable_scope_count(self, scope_name):
        """How often this full name was opened."""
        return self.variable_scopes_count.get(scope_name, 0)


_SCOPES_KEY = ("__varscope",)


def get_variable_scope_store():
    """The default graph's _VariableScopeStore."""
    found = ops.get_collection(_SCOPES_KEY)
    if not found:
        found = [_VariableScopeStore()]
        ops.add_to_collection(_SCOPES_KEY, found[0])
    return found[0]


def get_variable_scope():
    """The VariableScope in force in this thread, for the default graph."""
    return get_variable_scope_store().current_scope


def variable_creators():
    """The creators in force, the outermost first."""
    return get_variable_scope_store().creators


@contextmanager
def variable_creator_scope(variable_creator):
    """Variables made inside come from `variable_creator(next_creator, **kwargs)`.

    It makes the variable by calling `next_creator(**kwargs)`, with the arguments of tf.Variable,
    or in a way of its own.
    """
    store = get_variable_scope_store()
    outer = store.creators
    store.creators = inner = outer + [variable_creator]
    try:
        yield
    finally:
        if store.creators is not inner:
            raise RuntimeError("Exiting variable_creator_scope without proper nesting.")
        store.creators = outer


variable_creator_scope_v1 = variable_creator_scope


class VariableScope(object):
    """The name and the defaults of the variables that get_variable makes under it.

    `reuse`, `initializer`, `regularizer`, `caching_device`, `partitioner`, `custom_getter`,
    `dtype`, `use_resource` and `constraint` are what get_variable takes where it is not told
    otherwise.
    """

    def __init__(self, reuse, name="", initializer=None, regularizer=None, caching_device=None,
                 partitioner=None, custom_getter=None, name_scope="", dtype=dtypes.float32,
                 use_resource=None, constraint=None):
        self._reuse = reuse
        self._name = name
        self._initializer = initializer
        self._regularizer = regularizer
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._name_scope = name_scope
        self._dtype = dtype
        self._use_resource = use_resource
        self._constraint = constraint

    @property
    def name(self):
        """Its full name, "a/b"; "" at the root."""
        return self._name

    @property
    def original_name_scope(self):
        """The name scope of its first opening, "a/b/"."""
        return self._name_scope

    @property
    def reuse(self):
        """True, False or AUTO_REUSE."""
        return self._reuse

    @property
    def initializer(self):
        """The default initializer, or None."""
        return self._initializer

    @property
    def regularizer(self):
        """The default regularizer, or None."""
        return self._regularizer

    @property
    def caching_device(self):
        """The default caching device, or None."""
        return self._caching_device

    @property
    def partitioner(self):
        """The default partitioner, or None."""
        return self._partitioner

    @property
    def custom_getter(self):
        """The getter in force, or None."""
        return self._custom_getter

    @property
    def dtype(self):
        """The default dtype."""
        return self._dtype

    @property
    def use_resource(self):
        """True or False; None: nothing is said."""
        return self._use_resource

    @property
    def constraint(self):
        """The default constraint, or None."""
        return self._constraint

    def reuse_variables(self):
        """Reuses variables for the rest of this scope."""
        self._reuse = True

    def set_initializer(self, initializer):
        """Sets the default initializer."""
        self._initializer = initializer

    def set_dtype(self, dtype):
        """Sets the default dtype."""
        self._dtype = dtype

    def set_use_resource(self, use_resource):
        """Sets the default kind of variable."""
        self._use_resource = use_resource

    def set_regularizer(self, regularizer):
        """Sets the default regularizer."""
        self._regularizer = regularizer

    def set_caching_device(self, caching_device):
        """Sets the default caching device."""
        self._caching_device = caching_device

    def set_partitioner(self, partitioner):
        """Sets the default partitioner."""
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter):
        """Sets the getter."""
        self._custom_getter = custom_getter

    def get_collection(self, name):
        """What lies in the collection under this scope's name."""
        return ops.get_collection(name, self._name + "/" if self._name else "")

    def trainable_variables(self):
        """The trainable variables under this scope's name."""
        return self.get_collection(ops.GraphKeys.TRAINABLE_VARIABLES)

    def global_variables(self):
        """The global variables under this scope's name."""
        return self.get_collection(ops.GraphKeys.GLOBAL_VARIABLES)

    def local_variables(self):
        """The local variables under this scope's name."""
        return self.get_collection(ops.GraphKeys.LOCAL_VARIABLES)

    def get_variable(self, var_store, name, shape=None, dtype=None, initializer=None,
                     regularizer=None, reuse=None, trainable=None, collections=None,
                     caching_device=None, partitioner=None, validate_shape=True,
                     use_resource=None, custom_getter=None, constraint=None,
                     synchronization=variables.VariableSynchronization.AUTO,
                     aggregation=variables.VariableAggregation.NONE):
        """The variable `name` under this scope, what is None taken from the scope; see
        tf.get_variable."""
        # F25: without a name of its own (a slot) the variable is the scope's, slash and all.
        full_name = "/".join(n for n in (self._name or None, name) if n is not None)
        # The variable scope alone names variables: name scopes do not apply.
        with ops.name_scope(None):
            if dtype is not None and initializer is not None and not callable(initializer):
                _check_dtype(initializer, dtype)
            return var_store.get_variable(
                full_name, shape=shape, dtype=_either(dtype, self._dtype),
                initializer=_either(initializer, self._initializer),
                regularizer=_either(regularizer, self._regularizer),
                reuse=_either(reuse, self._reuse), trainable=trainable, collections=collections,
                caching_device=_either(caching_device, self._caching_device),
                partitioner=_either(partitioner, self._partitioner), validate_shape=validate_shape,
                use_resource=_either(use_resource, self._use_resource),
                custom_getter=_either(custom_getter, self._custom_getter),
                constraint=_either(constraint, self._constraint), synchronization=synchronization,
                aggregation=aggregation)


def _either(said, default):
    return default if said is None else said


def _check_dtype(initializer, dtype):
    found = ops.convert_to_tensor(initializer).dtype.base_dtype
    if found != dtypes.as_dtype(dtype).base_dtype:
        raise ValueError("Initializer type '%s' and explicit dtype '%s' don't match." %
                         (found, dtype))


# ---- get_variable ----

def get_variable(name, shape=None, dtype=None, initializer=None, regularizer=None, trainable=None,
                 collections=None, caching_device=None, partitioner=None, validate_shape=True,
                 use_resource=None, custom_getter=None, constraint=None,
                 synchronization=variables.VariableSynchronization.AUTO,
                 aggregation=variables.VariableAggregation.NONE):
    """The variable of this name under the variable scope in force: a new one, or the one there is.

    Args:
      name: of the variable, without the scope's.
      shape: of a new variable.
      dtype: of a new variable; float32 unless the scope says another.
      initializer: an initializer, a callable, a tensor or a value; glorot_uniform for floating
        types and zeros for others if neither this nor the scope says.
      regularizer: a function of the variable, called when it is made; what it returns goes to
        REGULARIZATION_LOSSES.
      trainable, collections, caching_device, validate_shape, use_resource, constraint,
        synchronization, aggregation: as of tf.Variable.
      partitioner: a function of shape and dtype that says how to cut it; the result is then a
        PartitionedVariable.
      custom_getter: a function `getter(name, ...) -> variable` around the real one, which it gets
        as `getter`.

    Raises:
      ValueError: there is one and the scope does not reuse; there is none and it must; shape or
        dtype are not those of the one there is; the initializer does not fit.
    """
    return get_variable_scope().get_variable(
        variable_store.get_default_store(), name, shape=shape, dtype=dtype,
        initializer=initializer, regularizer=regularizer, trainable=trainable,
        collections=collections, caching_device=caching_device, partitioner=partitioner,
        validate_shape=validate_shape, use_resource=use_resource, custom_getter=custom_getter,
        constraint=constraint, synchronization=synchronization, aggregation=aggregation)


def get_local_variable(name, shape=None, dtype=None, initializer=None, regularizer=None,
                       trainable=False, collections=None, caching_device=None, partitioner=None,
                       validate_shape=True, use_resource=None, custom_getter=None, constraint=None,
                       synchronization=variables.VariableSynchronization.AUTO,
                       aggregation=variables.VariableAggregation.NONE):
    """As get_variable, for a variable in LOCAL_VARIABLES that is not trainable."""
    return get_variable(
        name, shape=shape, dtype=dtype, initializer=initializer, regularizer=regularizer,
        trainable=False, collections=list(collections or []) + [ops.GraphKeys.LOCAL_VARIABLES],
        caching_device=caching_device, partitioner=partitioner, validate_shape=validate_shape,
        use_resource=use_resource, custom_getter=custom_getter, constraint=constraint,
        synchronization=synchronization, aggregation=aggregation)


def no_regularizer(_):
    """A regularizer that says nothing: where it is given, that of the scope does not apply."""
    return None


def variable(initial_value=None, trainable=None, collections=None, validate_shape=True,
             caching_device=None, name=None, dtype=None, constraint=None, use_resource=None,
             synchronization=variables.VariableSynchronization.AUTO,
             aggregation=variables.VariableAggregation.NONE, shape=None):
    """A Variable."""
    return variables.Variable(
        initial_value=initial_value, trainable=trainable, collections=collections,
        validate_shape=validate_shape, caching_device=caching_device, name=name, dtype=dtype,
        constraint=constraint, use_resource=use_resource, synchronization=synchronization,
        aggregation=aggregation, shape=shape)


# ---- opening scopes ----

def _around(outer, inner):
    """The getter that asks `outer`, which gets `inner` around the real one."""
    if inner is None:
        return outer

    def both(getter, *args, **kwargs):
        return outer(functools.partial(inner, getter), *args, **kwargs)

    return both


class _pure_variable_scope(object):
    """A variable scope without a name scope. `defaults`: what is said for the scope, None for
    nothing."""

    def __init__(self, name_or_scope, reuse=None, old_name_scope=None, **defaults):
        self._name_or_scope = name_or_scope
        self._reuse = reuse
        self._old_name_scope = old_name_scope
        self._defaults = defaults
        self._scopes = get_variable_scope_store()
        self._opened = []
        self._jump = None
        if isinstance(name_or_scope, VariableScope):
            self._jump = self._derived(name_or_scope, name_or_scope.name,
                                       reuse or name_or_scope.reuse,
                                       name_or_scope.original_name_scope)

    def _derived(self, parent, name, reuse, name_scope):
        """A scope with the parent's defaults, but for what is said here."""
        said = {k: v for k, v in self._defaults.items() if v is not None}
        scope = copy.copy(parent)
        scope._reuse = reuse
        scope._name = name
        scope._name_scope = name_scope
        scope._constraint = None
        for key, value in said.items():
            if key == "custom_getter":
                value = _around(value, parent.custom_getter)
            setattr(scope, "_" + key, value)
        return scope

    def __enter__(self):
        scopes = self._scopes
        old = scopes.current_scope
        scope, counts = self._jump, None
        if scope is None:
            name = self._name_or_scope
            full_name = old.name + "/" + name if old.name else name
            name_scope = name if self._old_name_scope is None else self._old_name_scope
            self._reuse = self._reuse or old.reuse
            scope = self._derived(old, full_name, self._reuse, name_scope)
            scopes.open_variable_scope(full_name)
        else:
            scopes.open_variable_scope(scope.name)
            counts = dict(scopes.variable_scopes_count)
        self._opened.append((old, scope, counts))
        scopes.current_scope = scope
        return scope

    def __exit__(self, *unused):
        scopes = self._scopes
        old, scope, counts = self._opened.pop()
        if scopes.current_scope is not scope:
            raise RuntimeError("Improper nesting of variable_scope.")
        if counts is None:
            scopes.close_variable_subscopes(scope.name)
        else:
            scopes.variable_scopes_count = counts
        scopes.current_scope = old


def _get_unique_variable_scope(prefix):
    """`prefix`, or `prefix_N` for the first N, that was not opened under the scope in force."""
    scopes = get_variable_scope_store()
    below = scopes.current_scope.name
    name = below + "/" + prefix if below else prefix
    if scopes.variable_scope_count(name) == 0:
        return prefix
    i = 1
    while scopes.variable_scope_count("%s_%d" % (name, i)) > 0:
        i += 1
    return "%s_%d" % (prefix, i)


class variable_scope(object):
    """Opens a variable scope, and with it a name scope, for a `with` block; yields a VariableScope.

    Args:
      name_or_scope: a name to append to that of the scope in force, or a VariableScope to open
        again wherever it was made.
      default_name: used, made unique, where name_or_scope is None.
      values: tensors that ops inside will take: their graph becomes the default one.
      initializer, regularizer, caching_device, partitioner, custom_getter, dtype, use_resource,
        constraint: defaults for get_variable inside.
      reuse: True or AUTO_REUSE; None or False: as the scope around it.
      auxiliary_name_scope: False: open no name scope.

    Raises:
      TypeError: no name at all, or something else than a name or a scope.
      ValueError: `reuse` of another kind, or reuse without a name_or_scope.
    """

    def __init__(self, name_or_scope, default_name=None, values=None, initializer=None,
                 regularizer=None, caching_device=None, partitioner=None, custom_getter=None,
                 reuse=None, dtype=None, use_resource=None, constraint=None,
                 auxiliary_name_scope=True):
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if not (reuse is None or isinstance(reuse, (bool, _ReuseMode))):
            raise ValueError("The reuse parameter must be True or False or None.")
        if not isinstance(auxiliary_name_scope, bool):
            raise TypeError("The auxiliary_name_scope must be `True` or `False`, while get %s" %
                            (auxiliary_name_scope,))
        self._name_or_scope = name_or_scope
        self._default_name = default_name
        self._reuse = reuse or None
        self._defaults = dict(
            initializer=initializer, regularizer=regularizer, caching_device=caching_device,
            partitioner=partitioner, custom_getter=custom_getter, dtype=dtype,
            use_resource=use_resource, constraint=constraint)
        self._auxiliary_name_scope = auxiliary_name_scope
        self._graph = ops.get_graph_from_inputs(values or [])
        self._pure = None
        self._name_scope = None
        self._entered = []

    def __enter__(self):
        with ExitStack() as contexts:
            contexts.enter_context(self._graph.as_default())
            if self._pure is None:
                scope = self._enter_first(contexts)
            else:
                self._open_name_scope(contexts)
                scope = contexts.enter_context(self._pure)
            self._entered.append(contexts.pop_all())
        return scope

    def __exit__(self, *exception):
        self._entered.pop().__exit__(*exception)

    def _enter_first(self, contexts):
        """Opens the scope's name scope and then the scope; a later entering takes the same ones."""
        if self._name_or_scope is None and self._reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        if not isinstance(self._name_or_scope, (VariableScope, str, type(None))):
            raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
        self._name_scope = self._name_of_name_scope()
        original = self._open_name_scope(contexts)
        name = self._name_or_scope
        if name is None:
            name = _get_unique_variable_scope(self._default_name)
        elif isinstance(name, VariableScope):
            original = name.original_name_scope
        pure = _pure_variable_scope(name, reuse=self._reuse, old_name_scope=original,
                                    **self._defaults)
        scope = contexts.enter_context(pure)
        self._pure = pure
        return scope

    def _name_of_name_scope(self):
        """What the name scope is asked to be called; None: the root scope, opened again, has none.
        """
        if not self._auxiliary_name_scope:
            current = ops.get_name_scope()
            return current + "/" if current else ""
        name = self._name_or_scope
        if name is None:
            name = self._default_name
        elif isinstance(name, VariableScope):
            name = name.name.split("/")[-1]
        return name or None

    def _open_name_scope(self, contexts):
        """Its prefix, made unique anew at each entering; None for none."""
        if self._name_scope is None:
            return None
        return contexts.enter_context(ops.name_scope(self._name_scope))


@contextmanager
def variable_op_scope(values, name_or_scope, default_name=None, initializer=None, regularizer=None,
                      caching_device=None, partitioner=None, custom_getter=None, reuse=None,
                      dtype=None, use_resource=None, constraint=None):
    """`variable_scope` under its older name, with the arguments in another order. Deprecated."""
    logging.warn("tf.variable_op_scope(values, name, default_name) is deprecated, use "
                 "tf.variable_scope(name, default_name, values)")
    with variable_scope(name_or_scope, default_name=default_name, values=values,
                        initializer=initializer, regularizer=regularizer,
                        caching_device=caching_device, partitioner=partitioner,
                        custom_getter=custom_getter, reuse=reuse, dtype=dtype,
                        use_resource=use_resource, constraint=constraint) as scope:
        yield scope
