"""Adam: steps along the mean gradient over the root of the mean square, both corrected for their
start."""

from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.training import optimizer

__all__ = ["AdamOptimizer"]


class AdamOptimizer(optimizer.RuleOptimizer):
    """m = beta1 * m + (1 - beta1) * grad; v = beta2 * v + (1 - beta2) * grad^2;
    var -= learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon).

    The powers beta^t are variables, multiplied after each step. For rows (a gather's gradient) m
    and v decay everywhere, and so the whole variable moves.
    """

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8,
                 use_locking=False, name="Adam"):
        """The numbers may be tensors, or functions that return one."""
        super(AdamOptimizer, self).__init__(use_locking, name)
        self._lr = learning_rate
        self._beta1 = beta1
        self._beta2 = beta2
        self._epsilon = epsilon
        self._lr_t = None
        self._beta1_t = None
        self._beta2_t = None
        self._epsilon_t = None

    def _get_beta_accumulators(self):
        """The variables beta1^t and beta2^t of the default graph."""
        graph = ops.get_default_graph()
        return (self._get_non_slot_variable("beta1_power", graph=graph),
                self._get_non_slot_variable("beta2_power", graph=graph))

    def _create_slots(self, var_list):
        first = min(var_list, key=lambda var: var.name)
        self._create_non_slot_variable(self._beta1, "beta1_power", first)
        self._create_non_slot_variable(self._beta2, "beta2_power", first)
        for var in var_list:
            self._zeros_slot(var, "m", self._name)
            self._zeros_slot(var, "v", self._name)

    def _prepare(self):
        self._lr_t = self._number(self._lr, "learning_rate")
        self._beta1_t = self._number(self._beta1, "beta1")
        self._beta2_t = self._number(self._beta2, "beta2")
        self._epsilon_t = self._number(self._epsilon, "epsilon")

    def _rule(self):
        return "Adam"

    def _arguments(self, var, cast):
        power1, power2 = self._get_beta_accumulators()
        return {"m": self.get_slot(var, "m"), "v": self.get_slot(var, "v"),
                "beta1_power": cast(power1), "beta2_power": cast(power2), "lr": cast(self._lr_t),
                "beta1": cast(self._beta1_t), "beta2": cast(self._beta2_t),
                "epsilon": cast(self._epsilon_t)}

    # There is no training op for rows: the step is composed of assignments.

    def _apply_sparse(self, grad, var):
        return self._apply_sparse_shared(grad.values, var, grad.indices, self._scatter_add)

    def _resource_apply_sparse(self, grad, var, indices):
        return self._apply_sparse_shared(grad, var, indices, self._resource_scatter_add)

    def _scatter_add(self, var, indices, values):
        from weft.python.ops import state_ops
        return state_ops.scatter_add(var, indices, values, use_locking=self._use_locking)

    def _resource_scatter_add(self, var, indices, values):
        with ops.control_dependencies([gen.ResourceScatterAdd(var.handle, indices, values)]):
            return var.value()

    def _apply_sparse_shared(self, grad, var, indices, scatter_add):
        """Updates m, v and the variable by rows; `scatter_add` returns the variable's new value."""
        from weft.python.ops import control_flow_ops
        from weft.python.ops import math_ops
        from weft.python.ops import state_ops
        power1, power2, lr, beta1, beta2, epsilon = [
            math_ops.cast(x, var.dtype.base_dtype)
            for x in self._get_beta_accumulators() + (self._lr_t, self._beta1_t, self._beta2_t,
                                                      self._epsilon_t)]
        lr = lr * math_ops.sqrt(1 - power2) / (1 - power1)
        m = self._decayed(self.get_slot(var, "m"), beta1, grad * (1 - beta1), indices, scatter_add)
        v = self._decayed(self.get_slot(var, "v"), beta2, (grad * grad) * (1 - beta2), indices,
                          scatter_add)
        update = state_ops.assign_sub(var, lr * m / (math_ops.sqrt(v) + epsilon),
                                      use_locking=self._use_locking)
        return control_flow_ops.group(update, m, v)

    def _decayed(self, slot, beta, rows, indices, scatter_add):
        """The slot's value once it was multiplied by beta and `rows` were added."""
        from weft.python.ops import state_ops
        decayed = state_ops.assign(slot, slot * beta, use_locking=self._use_locking)
        with ops.control_dependencies([decayed]):
            return scatter_add(slot, indices, rows)

    def _finish(self, update_ops, name_scope):
        from weft.python.ops import control_flow_ops
        with ops.control_dependencies(update_ops):
            power1, power2 = self._get_beta_accumulators()
            with ops.colocate_with(power1.op):
                updates = [power1.assign(power1 * self._beta1_t, use_locking=self._use_locking),
                           power2.assign(power2 * self._beta2_t, use_locking=self._use_locking)]
        return control_flow_ops.group(*(list(update_ops) + updates), name=name_scope)
