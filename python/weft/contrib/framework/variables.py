"""Variables of models: making them, finding them by scope and name, giving them values."""
import functools
import re

import numpy as np

from weft.contrib.framework.arg_scopes import add_arg_scope
from weft.python.framework import dtypes, ops
from weft.python.ops import array_ops, control_flow_ops, state_ops, variable_scope as vs
from weft.python.ops.variables import VariableAggregation, VariableSynchronization
from weft.python.training import training_util

__all__ = ["add_model_variable", "assert_global_step", "assert_or_get_global_step",
           "assign_from_values", "assign_from_values_fn", "create_global_step", "filter_variables",
           "get_global_step", "get_local_variables", "get_model_variables",
           "get_or_create_global_step", "get_trainable_variables", "get_unique_variable",
           "get_variable_full_name", "get_variables", "get_variables_by_name",
           "get_variables_by_suffix", "get_variables_to_restore", "global_variable",
           "local_variable", "model_variable", "variable"]

# The global step.

assert_global_step = training_util.assert_global_step
get_or_create_global_step = training_util.get_or_create_global_step


def get_global_step(graph=None):
    """The global step of `graph` (the default graph), or None."""
    return training_util.get_global_step(graph)


def create_global_step(graph=None):
    """Makes the global step; ValueError if there is one."""
    return training_util.create_global_step(graph)


def assert_or_get_global_step(graph=None, global_step_tensor=None):
    """`global_step_tensor` if it can be a global step, else the graph's."""
    if global_step_tensor is None:
        return training_util.get_global_step(graph)
    training_util.assert_global_step(global_step_tensor)
    return global_step_tensor


# Making variables.

@add_arg_scope
def variable(name, shape=None, dtype=None, initializer=None, regularizer=None, trainable=True,
             collections=None, caching_device=None, device=None, partitioner=None,
             custom_getter=None, use_resource=None,
             synchronization=VariableSynchronization.AUTO,
             aggregation=VariableAggregation.NONE):
    """A variable of the current scope, by get_variable, on `device`."""
    kept_in = [ops.GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    getter = vs.get_variable
    if custom_getter is not None:
        getter = functools.partial(custom_getter, reuse=vs.get_variable_scope().reuse)
    with ops.device(device or ""):
        return getter(name, shape=shape, dtype=dtype, initializer=initializer,
                      regularizer=regularizer, trainable=trainable,
                      collections=list(dict.fromkeys(kept_in)), caching_device=caching_device,
                      partitioner=partitioner, use_resource=use_resource,
                      synchronization=synchronization, aggregation=aggregation)


@add_arg_scope
def model_variable(name, shape=None, dtype=dtypes.float32, initializer=None, regularizer=None,
                   trainable=True, collections=None, caching_device=None, device=None,
                   partitioner=None, custom_getter=None, use_resource=None,
                   synchronization=VariableSynchronization.AUTO,
                   aggregation=VariableAggregation.NONE):
    """A variable that is also in MODEL_VARIABLES."""
    kept_in = [*(collections or []), ops.GraphKeys.GLOBAL_VARIABLES,
               ops.GraphKeys.MODEL_VARIABLES]
    return variable(name, shape=shape, dtype=dtype, initializer=initializer,
                    regularizer=regularizer, trainable=trainable, collections=kept_in,
                    caching_device=caching_device, device=device, partitioner=partitioner,
                    custom_getter=custom_getter, use_resource=use_resource,
                    synchronization=synchronization, aggregation=aggregation)


def local_variable(initial_value, validate_shape=True, name=None, use_resource=None):
    """A variable in LOCAL_VARIABLES: not trained and not saved."""
    return vs.variable(initial_value, trainable=False,
                       collections=[ops.GraphKeys.LOCAL_VARIABLES],
                       validate_shape=validate_shape, name=name, use_resource=use_resource)


def global_variable(initial_value, validate_shape=True, name=None, use_resource=None):
    """A variable in GLOBAL_VARIABLES that is not trained."""
    return vs.variable(initial_value, trainable=False,
                       collections=[ops.GraphKeys.GLOBAL_VARIABLES],
                       validate_shape=validate_shape, name=name, use_resource=use_resource)


def add_model_variable(var) -> None:
    """Puts `var` into MODEL_VARIABLES, once."""
    if not any(var is v for v in ops.get_collection(ops.GraphKeys.MODEL_VARIABLES)):
        ops.add_to_collection(ops.GraphKeys.MODEL_VARIABLES, var)


# Finding variables.

def get_variables(scope=None, suffix=None, collection=ops.GraphKeys.GLOBAL_VARIABLES) -> list:
    """The variables of a collection whose names begin with `scope` and end with `suffix`."""
    if isinstance(scope, vs.VariableScope):
        scope = scope.name
    if suffix is not None:
        suffix = suffix if ":" in suffix else suffix + ":"
        scope = (scope or "") + ".*" + suffix
    return ops.get_collection(collection, scope)


def get_model_variables(scope=None, suffix=None) -> list:
    """Those of MODEL_VARIABLES."""
    return get_variables(scope, suffix, ops.GraphKeys.MODEL_VARIABLES)


def get_local_variables(scope=None, suffix=None) -> list:
    """Those of LOCAL_VARIABLES."""
    return get_variables(scope, suffix, ops.GraphKeys.LOCAL_VARIABLES)


def get_trainable_variables(scope=None, suffix=None) -> list:
    """Those of TRAINABLE_VARIABLES."""
    return get_variables(scope, suffix, ops.GraphKeys.TRAINABLE_VARIABLES)


def get_variables_by_suffix(suffix, scope=None) -> list:
    """Those whose names end with `suffix`."""
    return get_variables(scope=scope, suffix=suffix)


def get_variables_by_name(given_name, scope=None) -> list:
    """Those whose names are `given_name`, perhaps with more in front."""
    return get_variables(scope=scope, suffix="/" + given_name + ":|^" + given_name + ":")


def get_unique_variable(var_op_name):
    """The only variable whose op has that name; ValueError without one or with several."""
    candidates = get_variables(scope=var_op_name)
    if not candidates:
        raise ValueError("Couldn't find variable %s" % var_op_name)
    for candidate in candidates:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError("Variable %s does not uniquely identify a variable" % var_op_name)


def get_variable_full_name(var) -> str:
    """The op's name; for a part of a partitioned variable, that of the whole."""
    info = getattr(var, "_save_slice_info", None)
    return info.full_name if info else var.op.name


def get_variables_to_restore(include=None, exclude=None) -> list:
    """The variables in the scopes `include` (all by default) that are not in `exclude`."""
    for given, word in ((include, "include"), (exclude, "exclude")):
        if given is not None and not isinstance(given, (list, tuple)):
            raise TypeError("%s is provided but is not a list or a tuple." % word)
    wanted = get_variables() if include is None else [
        v for scope in include for v in get_variables(scope)]
    left_out = {v.op.name for scope in exclude or () for v in get_variables(scope)}
    return [v for v in wanted if v.op.name not in left_out]


def filter_variables(var_list, include_patterns=None, exclude_patterns=None, reg_search=True):
    """The variables whose op names fit one of the first patterns and none of the second."""
    fits = re.search if reg_search else re.match
    if include_patterns is not None:
        var_list = [v for v in var_list if any(fits(p, v.op.name) for p in include_patterns)]
    return [v for v in var_list if not any(fits(p, v.op.name) for p in exclude_patterns or ())]


# Giving values.

def assign_from_values(var_names_to_values):
    """(op, feeds) that give the variables of these names their values."""
    feeds, assigns = {}, []
    for name, value in var_names_to_values.items():
        value = np.asarray(value)
        candidates = ops.get_collection(ops.GraphKeys.GLOBAL_VARIABLES, name)
        if not candidates:
            raise ValueError("Variable %s wasn't found" % name)
        var = next((v for v in candidates if v.op.name == name), None)
        if var is None:
            raise ValueError("Variable %s doesn't uniquely identify a variable" % name)
        with ops.name_scope("assign_from_values"):
            fed = array_ops.placeholder(dtype=var.dtype.base_dtype, shape=value.shape)
            assigns.append(state_ops.assign(var, fed))
        feeds[fed] = value.reshape(var.shape.as_list())
    return control_flow_ops.group(*assigns), feeds


def assign_from_values_fn(var_names_to_values):
    """A function of a session that gives the variables of these names their values."""
    op, feeds = assign_from_values(var_names_to_values)
    return lambda session: session.run(op, feeds)
