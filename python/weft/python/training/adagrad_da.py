"""Adagrad by dual averaging: the variable follows from the sums of its gradients and of their
squares."""

from weft.python.framework import constant_op
from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.training import optimizer

__all__ = ["AdagradDAOptimizer"]


class AdagradDAOptimizer(optimizer.RuleOptimizer):
    """Adagrad for sparse linear models: elements of small mean gradient stay exactly 0."""

    def __init__(self, learning_rate, global_step, initial_gradient_squared_accumulator_value=0.1,
                 l1_regularization_strength=0.0, l2_regularization_strength=0.0,
                 use_locking=False, name="AdagradDA"):
        """`global_step`: an int64 scalar variable or tensor, the steps so far.

        Raises:
          ValueError: `initial_gradient_squared_accumulator_value` is not positive.
        """
        if initial_gradient_squared_accumulator_value <= 0.0:
            raise ValueError("initial_gradient_squared_accumulator_value must be positive: %s"
                             % initial_gradient_squared_accumulator_value)
        super(AdagradDAOptimizer, self).__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_gradient_squared_accumulator_value = (
            initial_gradient_squared_accumulator_value)
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength
        self._global_step = global_step
        self._global_step_on_worker = None
        self._learning_rate_tensor = None

    def _create_slots(self, var_list):
        for var in var_list:
            dtype, shape = var.dtype.base_dtype, var.get_shape()
            with ops.colocate_with(var.op):
                sums = constant_op.constant(0.0, shape=shape, dtype=dtype)
                squares = constant_op.constant(self._initial_gradient_squared_accumulator_value,
                                               shape=shape, dtype=dtype)
            self._get_or_make_slot(var, sums, "gradient_accumulator", self._name)
            self._get_or_make_slot(var, squares, "gradient_squared_accumulator", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._number(self._learning_rate, "learning_rate")
        with ops.colocate_with(self._learning_rate_tensor):
            self._global_step_on_worker = gen.Identity(self._global_step) + 1

    def _rule(self):
        return "AdagradDA"

    def _arguments(self, var, cast):
        with ops.device(var.device):
            step = gen.Identity(self._global_step_on_worker)
        return {
            "gradient_accumulator": self.get_slot(var, "gradient_accumulator"),
            "gradient_squared_accumulator": self.get_slot(var, "gradient_squared_accumulator"),
            "lr": cast(self._learning_rate_tensor),
            "l1": cast(self._l1_regularization_strength),
            "l2": cast(self._l2_regularization_strength),
            "global_step": step,
        }
