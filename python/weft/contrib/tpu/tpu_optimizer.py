"""An optimizer that sums gradients over the shards of a TPU; without one there is one shard."""
from weft.python.ops.losses import losses
from weft.python.platform import tf_logging as logging
from weft.python.training import optimizer

__all__ = ["CrossShardOptimizer"]


class CrossShardOptimizer(optimizer.Optimizer):
    """Works as the optimizer that it is given.

    Raises:
      ValueError: `reduction` is neither SUM nor MEAN.
    """

    def __init__(self, opt, reduction=losses.Reduction.MEAN, name="CrossShardOptimizer",
                 group_assignment=None):
        if reduction not in (losses.Reduction.SUM, losses.Reduction.MEAN):
            raise ValueError("Unsupported reduction: %s." % reduction)
        super().__init__(False, name)
        self._opt = opt
        self._reduction = reduction
        self._group_assignment = group_assignment

    def compute_gradients(self, loss, var_list=None, **kwargs):
        """The gradients, as the other optimizer computes them."""
        logging.warning("CrossShardOptimizer should be used within a tpu_shard_context, but got "
                        "unset number_of_shards. Assuming 1.")
        return self._opt.compute_gradients(loss, var_list=var_list, **kwargs)

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        """The op that applies them, as the other optimizer does."""
        return self._opt.apply_gradients(grads_and_vars, global_step, name)

    def get_slot(self, *args, **kwargs):
        """A slot of the other optimizer."""
        return self._opt.get_slot(*args, **kwargs)

    def get_slot_names(self, *args, **kwargs):
        """The names of its slots."""
        return self._opt.get_slot_names(*args, **kwargs)

    def variables(self):
        """Its variables."""
        return self._opt.variables()
