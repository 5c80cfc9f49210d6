"""Adagrad whose steps are drawn to 0: by l1, which keeps elements exactly 0, and by l2."""

from weft.python.framework import constant_op
from weft.python.framework import ops
from weft.python.training import optimizer

__all__ = ["ProximalAdagradOptimizer"]


class ProximalAdagradOptimizer(optimizer.RuleOptimizer):
    """A step of Adagrad, then sign(var) * max(|var| - rate * l1, 0) / (1 + rate * l2)."""

    def __init__(self, learning_rate, initial_accumulator_value=0.1,
                 l1_regularization_strength=0.0, l2_regularization_strength=0.0,
                 use_locking=False, name="ProximalAdagrad"):
        """Raises:
          ValueError: `initial_accumulator_value` is not positive.
        """
        if initial_accumulator_value <= 0.0:
            raise ValueError("initial_accumulator_value must be positive: %s"
                             % initial_accumulator_value)
        super(ProximalAdagradOptimizer, self).__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength

    def _create_slots(self, var_list):
        for var in var_list:
            with ops.colocate_with(var.op):
                initial = constant_op.constant(self._initial_accumulator_value,
                                               shape=var.get_shape(), dtype=var.dtype.base_dtype)
            self._get_or_make_slot(var, initial, "accumulator", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._number(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = self._number(
            self._l1_regularization_strength, "l1_regularization_strength")
        self._l2_regularization_strength_tensor = self._number(
            self._l2_regularization_strength, "l2_regularization_strength")

    def _rule(self):
        return "ProximalAdagrad"

    def _arguments(self, var, cast):
        return {"accum": self.get_slot(var, "accumulator"), "lr": cast(self._learning_rate_tensor),
                "l1": cast(self._l1_regularization_strength_tensor),
                "l2": cast(self._l2_regularization_strength_tensor)}
