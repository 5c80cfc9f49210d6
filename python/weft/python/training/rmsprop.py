"""RMSProp: gradients are divided by the root of a decaying mean of their squares."""

from weft.python.ops import init_ops
from weft.python.training import optimizer

__all__ = ["RMSPropOptimizer"]


class RMSPropOptimizer(optimizer.RuleOptimizer):
    """rms = decay * rms + (1 - decay) * grad^2;
    mom = momentum * mom + learning_rate * grad / sqrt(rms + epsilon); var -= mom.

    With `centered`, mg is the mean gradient and the root is of rms - mg^2 + epsilon.
    """

    def __init__(self, learning_rate, decay=0.9, momentum=0.0, epsilon=1e-10, use_locking=False,
                 centered=False, name="RMSProp"):
        """The numbers may be tensors, or functions that return one."""
        super(RMSPropOptimizer, self).__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._decay = decay
        self._momentum = momentum
        self._epsilon = epsilon
        self._centered = centered
        self._learning_rate_tensor = None
        self._decay_tensor = None
        self._momentum_tensor = None
        self._epsilon_tensor = None

    def _create_slots(self, var_list):
        for var in var_list:
            dtype = var.dtype.base_dtype
            if var.get_shape().is_fully_defined():
                ones = init_ops.ones_initializer(dtype=dtype)
            else:
                from weft.python.ops import array_ops
                ones = array_ops.ones_like(var)
            self._get_or_make_slot_with_initializer(var, ones, var.get_shape(), dtype, "rms",
                                                    self._name)
            if self._centered:
                self._zeros_slot(var, "mg", self._name)
            self._zeros_slot(var, "momentum", self._name)

    def _prepare(self):
        self._learning_rate_tensor = self._number(self._learning_rate, "learning_rate")
        self._decay_tensor = self._number(self._decay, "decay")
        self._momentum_tensor = self._number(self._momentum, "momentum")
        self._epsilon_tensor = self._number(self._epsilon, "epsilon")

    def _rule(self):
        return "CenteredRMSProp" if self._centered else "RMSProp"

    def _arguments(self, var, cast):
        arguments = {"ms": self.get_slot(var, "rms"), "mom": self.get_slot(var, "momentum"),
                     "lr": cast(self._learning_rate_tensor), "rho": cast(self._decay_tensor),
                     "momentum": cast(self._momentum_tensor),
                     "epsilon": cast(self._epsilon_tensor)}
        if self._centered:
            arguments["mg"] = self.get_slot(var, "mg")
        return arguments
