"""Gradient descent whose steps are drawn to 0: by l1, which keeps elements exactly 0, and by l2."""

from weft.python.training import optimizer

__all__ = ["ProximalGradientDescentOptimizer"]


class ProximalGradientDescentOptimizer(optimizer.RuleOptimizer):
    """A step of gradient descent, then sign(var) * max(|var| - rate * l1, 0) / (1 + rate * l2)."""

    def __init__(self, learning_rate, l1_regularization_strength=0.0,
                 l2_regularization_strength=0.0, use_locking=False,
                 name="ProximalGradientDescent"):
        """`learning_rate`: a number, a tensor, or a function that returns one of them."""
        super(ProximalGradientDescentOptimizer, self).__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._l1_regularization_strength = l1_regularization_strength
        self._l2_regularization_strength = l2_regularization_strength

    def _prepare(self):
        self._learning_rate_tensor = self._number(self._learning_rate, "learning_rate")
        self._l1_regularization_strength_tensor = self._number(
            self._l1_regularization_strength, "l1_regularization_strength")
        self._l2_regularization_strength_tensor = self._number(
            self._l2_regularization_strength, "l2_regularization_strength")

    def _rule(self):
        return "ProximalGradientDescent"

    def _arguments(self, var, cast):
        return {"alpha": cast(self._learning_rate_tensor),
                "l1": cast(self._l1_regularization_strength_tensor),
                "l2": cast(self._l2_regularization_strength_tensor)}

    # The ops for whole variables call their gradient delta.

    def _apply_dense(self, grad, var):
        return self._step("Apply", var, delta=grad)

    def _resource_apply_dense(self, grad, var):
        return self._step("ResourceApply", var, delta=grad)
