"""FTRL-Proximal: follow the regularized leader, each element at a rate of its own."""

from weft.python.training import optimizer

__all__ = ["FtrlOptimizer"]


class FtrlOptimizer(optimizer.RuleOptimizer):
    """Elements stay exactly 0 until their summed gradient exceeds the l1 strength.

    accum grows by grad^2; linear by grad - (accum^-p - old accum^-p) / learning_rate * var; var
    becomes (sign(linear) * l1 - linear) / (accum^-p / learning_rate + 2 * l2), p being
    `learning_rate_power`. With shrinkage s, linear takes grad + 2 * s * var instead of grad.
    """

    def __init__(self, learning_rate, learning_rate_power=-0.5, initial_accumulator_value=0.1,
                 l1_regularization_strength=0.0, l2_regularization_strength=0.0,
                 use_locking=False, name="Ftrl", accum_name=None, linear_name=None,
                 l2_shrinkage_regularization_strength=0.0):
        """`accum_name`, `linear_name`: of the slots' variables; the optimizer's by default.

        Raises:
          ValueError: a number is on the wrong side of zero.
        """
        super(FtrlOptimizer, self).__init__(use_locking, name)
        _check_not_negative("initial_accumulator_value", initial_accumulator_value)
        if learning_rate_power > 0.0:
            raise ValueError("learning_rate_power %f needs to be negative or zero"
                             % learning_rate_power)
        _check_not_negative("l1_regularization_strength", l1_regularization_strength)
        _check_not_negative("l2_regularization_strength", l2_regularization_strength)
        _check_not_negative("l2_shrinkage_regularization_strength",
                            l2_shrinkage_regularization_strength)
        self._learning_rate = learning_rate
        self._learning_rate_power = learning_rate_power
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self._accum_name = accum_name
        self._linear_name = linear_name

    def _create_slots(self, var_list):
        def accum_initializer(shape, dtype=None, partition_info=None):
            from weft.python.ops import array_ops
            return array_ops.ones(shape, dtype) * self._initial_accumulator_value

        for var in var_list:
            self._get_or_make_slot_with_initializer(
                var, accum_initializer, var.get_shape(), var.dtype.base_dtype, "accum",
                self._accum_name or self._name)
            self._zeros_slot(var, "linear", self._linear_name or self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._number(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = self._number(
            self._l1_regularization_strength, "l1_regularization_strength")
        self._l2_regularization_strength_tensor = self._number(
            self._l2_regularization_strength, "l2_regularization_strength")
        self._l2_shrinkage_regularization_strength_tensor = self._number(
            self._l2_shrinkage_regularization_strength, "l2_shrinkage_regularization_strength")
        self._learning_rate_power_tensor = self._number(self._learning_rate_power,
                                                        "learning_rate_power")

    def _shrinks(self):
        return self._l2_shrinkage_regularization_strength > 0.0

    def _rule(self):
        return "FtrlV2" if self._shrinks() else "Ftrl"

    def _arguments(self, var, cast):
        arguments = {"accum": self.get_slot(var, "accum"), "linear": self.get_slot(var, "linear"),
                     "lr": cast(self._learning_rate_tensor),
                     "l1": cast(self._l1_regularization_strength_tensor),
                     "l2": cast(self._l2_regularization_strength_tensor)}
        if self._shrinks():
            arguments["l2_shrinkage"] = cast(self._l2_shrinkage_regularization_strength_tensor)
        arguments["lr_power"] = cast(self._learning_rate_power_tensor)
        return arguments


def _check_not_negative(name, value):
    if value < 0.0:
        raise ValueError("%s %f needs to be positive or zero" % (name, value))
