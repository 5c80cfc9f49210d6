"""Gradient descent with momentum: the steps go along a decaying sum of gradients."""

from weft.python.training import optimizer

__all__ = ["MomentumOptimizer"]


class MomentumOptimizer(optimizer.RuleOptimizer):
    """accumulation = momentum * accumulation + grad; var -= learning_rate * accumulation.

    With `use_nesterov` the step is learning_rate * (grad + momentum * accumulation).
    """

    def __init__(self, learning_rate, momentum, use_locking=False, name="Momentum",
                 use_nesterov=False):
        """`learning_rate`, `momentum`: numbers, tensors, or functions that return them."""
        super(MomentumOptimizer, self).__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._momentum = momentum
        self._use_nesterov = use_nesterov

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._number(self._learning_rate, "learning_rate")
        self._momentum_tensor = self._number(self._momentum, "momentum")

    def _rule(self):
        return "Momentum"

    def _arguments(self, var, cast):
        return {"accum": self.get_slot(var, "momentum"), "lr": cast(self._learning_rate_tensor),
                "momentum": cast(self._momentum_tensor), "use_nesterov": self._use_nesterov}
