"""Moving averages of variables and tensors, kept in variables of their own."""

from weft.python.framework import dtypes
from weft.python.framework import ops
from weft.python.ops import init_ops
from weft.python.ops import math_ops
from weft.python.ops import state_ops
from weft.python.ops import variable_scope
from weft.python.training import slot_creator

__all__ = ["ExponentialMovingAverage", "assign_moving_average", "weighted_moving_average"]


def assign_moving_average(variable, value, decay, zero_debias=True, name=None):
    """Moves `variable` towards `value`: variable = decay * variable + (1 - decay) * value.

    Args:
      variable: holds the average.
      value: a tensor of its shape and dtype.
      decay: a number or tensor, mostly near 1.
      zero_debias: correct for the start at zero; two variables more, "biased" and "local_step",
        belong to the average then.
      name: of the update.

    Returns:
      The variable (or its reference) after the update.
    """
    with ops.name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        rest = ops.convert_to_tensor(1.0 - decay, name="decay")
        rest = math_ops.cast(rest, variable.dtype.base_dtype)
        if zero_debias:
            return _assign_debiased(variable, value, rest)
        with ops.colocate_with(variable.op):
            return state_ops.assign_sub(variable, (variable - value) * rest, name=scope)


def _assign_debiased(variable, value, rest):
    """The same for an average that began at zero: the sum of the weights so far divides it."""
    biased, local_step = _debias_variables(variable)
    with ops.colocate_with(variable.op):
        biased = state_ops.assign_sub(biased, (biased - value) * rest)
        steps = local_step.assign_add(1)
        weight = 1 - math_ops.pow(1.0 - rest, steps)
        scope = ops.get_default_graph().get_name_scope() + "/"
        return state_ops.assign(variable, biased / weight, name=scope)


def _debias_variables(variable):
    with variable_scope.variable_scope(variable.op.name, values=[variable]):
        with ops.init_scope(), ops.colocate_with(variable.op):
            return [variable_scope.get_variable(
                _unused(name), shape=shape, dtype=variable.dtype.base_dtype,
                initializer=init_ops.zeros_initializer(), trainable=False)
                for name, shape in (("biased", variable.get_shape()), ("local_step", []))]


def _unused(name):
    """The name, with a number if this variable scope has one so called and shall not reuse it."""
    scope = variable_scope.get_variable_scope()
    if scope.reuse:
        return name
    taken = {v.op.name for v in scope.global_variables()}
    unused, i = name, 0
    while scope.name + "/" + unused in taken:
        i += 1
        unused = "%s_%d" % (name, i)
    return unused


def weighted_moving_average(value, decay, weight, truediv=True, collections=None, name=None):
    """The moving average of values that count by their weights.

    Args:
      value: a tensor.
      decay: a number or tensor.
      weight: how much this value counts: a tensor of value's shape.
      truediv: divide integers as real numbers.
      collections: of the two variables that are made; the global ones by default.
      name: of the operation.

    Returns:
      The average after this value: moving average of value * weight over that of weight.
    """
    if collections is None:
        collections = [ops.GraphKeys.GLOBAL_VARIABLES]
    with variable_scope.variable_scope(name, "WeightedMovingAvg", [value, weight, decay]) as scope:
        sums = [_zeros("value_x_weight", value, collections), _zeros("weight", weight, collections)]
        over = assign_moving_average(sums[0], value * weight, decay, zero_debias=False)
        under = assign_moving_average(sums[1], weight, decay, zero_debias=False)
        divide = math_ops.truediv if truediv else math_ops.div
        return divide(over, under, name=scope.name)


def _zeros(name, like, collections):
    return variable_scope.get_variable(
        name, shape=like.get_shape(), dtype=like.dtype.base_dtype,
        initializer=init_ops.zeros_initializer(), trainable=False, collections=collections)


class ExponentialMovingAverage(object):
    """Keeps, for each of some variables, a shadow variable that follows it slowly.

    The shadow of `w` is "w/ExponentialMovingAverage"; it begins with the variable's initial value,
    that of a tensor with zeros.
    """

    def __init__(self, decay, num_updates=None, zero_debias=False,
                 name="ExponentialMovingAverage"):
        """With `num_updates`, decay is at most (1 + num_updates) / (10 + num_updates).

        `zero_debias` corrects the averages of tensors for their start at zero.
        """
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages = {}

    @property
    def name(self):
        """What is appended to a variable's name for its shadow."""
        return self._name

    def apply(self, var_list=None):
        """Makes the shadows that are missing, and an operation that moves them all.

        Args:
          var_list: variables and tensors; the trainable variables by default.

        Raises:
          TypeError: one is not of a floating dtype.
        """
        from weft.python.ops import control_flow_ops
        if var_list is None:
            var_list = _collection(ops.GraphKeys.TRAINABLE_VARIABLES)
        debiased = [var for var in var_list if self._follow(var)]
        with ops.name_scope(self.name) as scope:
            decay = self._decay_now()
            updates = [assign_moving_average(self._averages[var], var, decay,
                                             zero_debias=any(var is d for d in debiased))
                       for var in var_list]
            return control_flow_ops.group(*updates, name=scope)

    def _follow(self, var):
        """Makes var's shadow if it has none. Was one made that begins at zero and is corrected?"""
        if var.dtype.base_dtype not in (dtypes.bfloat16, dtypes.float16, dtypes.float32,
                                        dtypes.float64):
            raise TypeError("The variables must be half, float, or double: %s" % var.name)
        if var in self._averages:
            return False
        with ops.init_scope():
            if not isinstance(var, ops.Tensor):
                self._averages[var] = slot_creator.create_slot(
                    var, slot_creator.first_value(var), self.name, colocate_with_primary=True)
                ops.add_to_collection(ops.GraphKeys.MOVING_AVERAGE_VARIABLES, var)
                return False
            of_variable = var.op.type in ("Variable", "VariableV2", "VarHandleOp")
            self._averages[var] = slot_creator.create_zeros_slot(
                var, self.name, colocate_with_primary=of_variable)
            return self._zero_debias

    def _decay_now(self):
        decay = ops.convert_to_tensor(self._decay, name="decay")
        if self._num_updates is None:
            return decay
        n = math_ops.cast(self._num_updates, dtypes.float32, name="num_updates")
        return math_ops.minimum(decay, (1.0 + n) / (10.0 + n))

    def average(self, var):
        """The shadow variable of `var`, or None."""
        return self._averages.get(var)

    def average_name(self, var):
        """The name of var's shadow, which need not be there yet: what a checkpoint calls it."""
        if var in self._averages:
            return self._averages[var].op.name
        return ops.get_default_graph().unique_name(var.op.name + "/" + self.name,
                                                   mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables=None):
        """{name in the checkpoint: variable}, so that a Saver restores averages into variables.

        Args:
          moving_avg_variables: those that have averages; by default the trainable ones and those
            that `apply` was called with. All other global variables go by their own names.
        """
        if moving_avg_variables is None:
            moving_avg_variables = (_collection(ops.GraphKeys.TRAINABLE_VARIABLES) +
                                    _collection(ops.GraphKeys.MOVING_AVERAGE_VARIABLES))
        restored = {self.average_name(v): v for v in set(moving_avg_variables)}
        averaged = {v.name for v in moving_avg_variables}
        for v in _collection(ops.GraphKeys.GLOBAL_VARIABLES):
            if v.name not in averaged and v.op.name not in restored:
                restored[v.op.name] = v
        return restored


def _collection(key):
    return ops.get_default_graph().get_collection(key)
