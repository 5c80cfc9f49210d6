"""Gradient descent: the variable takes a step against its gradient."""

from weft.python.framework import gen
from weft.python.framework import ops
from weft.python.training import optimizer

__all__ = ["GradientDescentOptimizer"]


class GradientDescentOptimizer(optimizer.Optimizer):
    """var -= learning_rate * grad."""

    def __init__(self, learning_rate, use_locking=False, name="GradientDescent"):
        """`learning_rate`: a number, a tensor, or a function that returns one of them."""
        super(GradientDescentOptimizer, self).__init__(use_locking, name)
        self._learning_rate = learning_rate
        self._learning_rate_tensor = None

    def _prepare(self):
        self._learning_rate_tensor = self._number(self._learning_rate, "learning_rate")

    def _rate(self, var):
        from weft.python.ops import math_ops
        return math_ops.cast(self._learning_rate_tensor, var.dtype.base_dtype)

    def _apply_dense(self, grad, var):
        return gen.ApplyGradientDescent(var, self._rate(var), grad,
                                        use_locking=self._use_locking).op

    def _resource_apply_dense(self, grad, handle):
        return gen.ResourceApplyGradientDescent(handle.handle, self._rate(handle), grad,
                                                use_locking=self._use_locking)

    def _apply_sparse_duplicate_indices(self, grad, var):
        step = ops.IndexedSlices(grad.values * self._rate(var), grad.indices, grad.dense_shape)
        return var.scatter_sub(step, use_locking=self._use_locking)

    def _resource_apply_sparse_duplicate_indices(self, grad, handle, indices):
        return gen.ResourceScatterAdd(handle.handle, indices, -grad * self._rate(handle))
