"""Adagrad: each element's steps shrink by the root of the sum of its squared gradients."""

from weft.python.framework import gen
from weft.python.ops import init_ops
from weft.python.training import optimizer

__all__ = ["AdagradOptimizer"]


class AdagradOptimizer(optimizer.RuleOptimizer):
    """accumulator += grad^2; var -= learning_rate * grad / sqrt(accumulator)."""

    def __init__(self, learning_rate, initial_accumulator_value=0.1, use_locking=False,
                 name="Adagrad"):
        """`learning_rate`: a number, a tensor, or a function that returns one of them.

        Raises:
          ValueError: `initial_accumulator_value` is not positive.
        """
        if initial_accumulator_value <= 0.0:
            raise ValueError("initial_accumulator_value must be positive: %s"
                             % initial_accumulator_value)
        super(AdagradOptimizer, self).__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._initial_accumulator_value = initial_accumulator_value
        self._learning_rate_tensor = None

    def _create_slots(self, var_list):
        for var in var_list:
            dtype = var.dtype.base_dtype
            if var.get_shape().is_fully_defined():
                init = init_ops.constant_initializer(self._initial_accumulator_value, dtype=dtype)
            else:
                init = self._initial_like(var, dtype)
            self._get_or_make_slot_with_initializer(var, init, var.get_shape(), dtype,
                                                    "accumulator", self._name)

    def _initial_like(self, var, dtype):
        """A function that makes the accumulator's first value of a shape known only in a run."""
        def initial():
            from weft.python.ops import array_ops
            from weft.python.ops import math_ops
            filled = gen.Fill(array_ops.shape(var), self._initial_accumulator_value)
            return math_ops.cast(filled, dtype)
        return initial

    def _prepare(self):
        self._learning_rate_tensor = self._number(self._learning_rate, "learning_rate")

    def _rule(self):
        return "Adagrad"

    def _arguments(self, var, cast):
        return {"accum": self.get_slot(var, "accumulator"), "lr": cast(self._learning_rate_tensor)}
