"""Adadelta: steps in proportion to the mean size of past steps over that of past gradients."""

from weft.python.training import optimizer

__all__ = ["AdadeltaOptimizer"]


class AdadeltaOptimizer(optimizer.RuleOptimizer):
    """accum = rho * accum + (1 - rho) * grad^2;
    update = sqrt(accum_update + epsilon) / sqrt(accum + epsilon) * grad;
    accum_update = rho * accum_update + (1 - rho) * update^2; var -= learning_rate * update."""

    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-8, use_locking=False,
                 name="Adadelta"):
        """The numbers may be tensors, or functions that return one."""
        super(AdadeltaOptimizer, self).__init__(use_locking, name)
        self._lr = learning_rate
        self._rho = rho
        self._epsilon = epsilon
        self._lr_t = None
        self._rho_t = None
        self._epsilon_t = None

    def _create_slots(self, var_list):
        for var in var_list:
            self._zeros_slot(var, "accum", self._name)
            self._zeros_slot(var, "accum_update", self._name)

    def _prepare(self):
        self._lr_t = self._number(self._lr, "lr")
        self._rho_t = self._number(self._rho, "rho")
        self._epsilon_t = self._number(self._epsilon, "epsilon")

    def _rule(self):
        return "Adadelta"

    def _arguments(self, var, cast):
        return {"accum": self.get_slot(var, "accum"),
                "accum_update": self.get_slot(var, "accum_update"), "lr": cast(self._lr_t),
                "rho": cast(self._rho_t), "epsilon": cast(self._epsilon_t)}
