"""What gathers the work of several steps: barriers, and accumulators of gradients."""
from weft.python.framework import dtypes, gen, ops, tensor_shape, tensor_util
from weft.python.ops import math_ops
from weft.python.ops.data_flow_queues import as_shape_list, as_type_list

__all__ = ["Barrier", "ConditionalAccumulator", "ConditionalAccumulatorBase",
           "SparseConditionalAccumulator"]


class Barrier:
    """Joins components that come apart, under string keys, to tuples.

    Args:
      types, shapes: those of the components.
      shared_name: under which sessions share it.
      name: the operation's.

    Raises ValueError for a shape without elements."""

    def __init__(self, types, shapes=None, shared_name=None, name="barrier"):
        self._types = as_type_list(types)
        if shapes is None:
            self._shapes = [tensor_shape.unknown_shape() for _ in self._types]
        else:
            self._shapes = as_shape_list(shapes, self._types)
            for i, shape in enumerate(self._shapes):
                if shape.num_elements() == 0:
                    raise ValueError("Empty tensors are not supported, but received shape '%s' at "
                                     "index %d" % (shape, i))
        self._barrier_ref = gen.Barrier(component_types=self._types, shapes=self._shapes,
                                        shared_name=shared_name or "", name=name)
        self._name = self._barrier_ref.op.name.split("/")[-1]

    @property
    def barrier_ref(self):
        """The tensor that ops on the barrier take."""
        return self._barrier_ref

    @property
    def name(self):
        """The name of the barrier's operation."""
        return self._barrier_ref.op.name

    def insert_many(self, component_index, keys, values, name=None):
        """The operation that gives a component, a row of `values`, to each of the keys."""
        return gen.BarrierInsertMany(self._barrier_ref, keys, values,
                                     component_index=component_index,
                                     name=name or "%s_BarrierInsertMany" % self._name)

    def take_many(self, num_elements, allow_small_batch=False, timeout=None, name=None):
        """(indices, keys, [values]) of so many complete tuples, the oldest keys first; it waits.

        `allow_small_batch`: those that are left, when the barrier is closed."""
        taken = gen.BarrierTakeMany(
            self._barrier_ref, num_elements, component_types=self._types,
            allow_small_batch=allow_small_batch,
            timeout_ms=-1 if timeout is None else timeout,
            name=name or "%s_BarrierTakeMany" % self._name)
        op = taken[0].op
        rows = [None if allow_small_batch else tensor_util.constant_value(op.inputs[1])]
        for output, shape in zip(op.outputs, [[], []] + self._shapes):
            output.set_shape(tensor_shape.TensorShape(rows).concatenate(shape))
        return taken

    def close(self, cancel_pending_enqueues=False, name=None):
        """The operation after which no new key comes; `cancel_pending_enqueues`: nor anything for
        those that are there."""
        return gen.BarrierClose(self._barrier_ref, cancel_pending_enqueues=cancel_pending_enqueues,
                                name=name or "%s_BarrierClose" % self._name)

    def ready_size(self, name=None):
        """How many tuples are complete."""
        return gen.BarrierReadySize(self._barrier_ref,
                                    name=name or "%s_BarrierReadySize" % self._name)

    def incomplete_size(self, name=None):
        """How many tuples are not."""
        return gen.BarrierIncompleteSize(self._barrier_ref,
                                         name=name or "%s_BarrierIncompleteSize" % self._name)


def _step(step):
    return math_ops.cast(ops.convert_to_tensor(step), dtypes.int64)


class ConditionalAccumulatorBase:
    """What both kinds have: gradients of one step, added up until somebody takes them."""

    _kind = "ResourceAccumulator"           # what its ops' names begin with

    def __init__(self, dtype, shape, accumulator_ref):
        self._dtype = dtypes.as_dtype(dtype)
        self._shape = tensor_shape.TensorShape(shape)
        self._accumulator_ref = accumulator_ref
        self._name = accumulator_ref.op.name.split("/")[-1]

    @property
    def accumulator_ref(self):
        """The tensor that ops on the accumulator take."""
        return self._accumulator_ref

    @property
    def name(self):
        """The name of the accumulator's operation."""
        return self._name

    @property
    def dtype(self):
        """That of the gradients."""
        return self._dtype

    def num_accumulated(self, name=None):
        """How many gradients were added in this step."""
        return getattr(gen, self._kind + "NumAccumulated")(
            self._accumulator_ref, name=name or "%s_NumAccumulated" % self._name)

    def set_global_step(self, new_global_step, name=None):
        """The operation that sets the step: gradients of earlier ones are left out."""
        return getattr(gen, self._kind + "SetGlobalStep")(
            self._accumulator_ref, _step(new_global_step), name=name)


class ConditionalAccumulator(ConditionalAccumulatorBase):
    """Adds up gradients; `reduction_type`: whoever takes them gets their "MEAN" or "SUM"."""

    def __init__(self, dtype, shape=None, shared_name=None, name="conditional_accumulator",
                 reduction_type="MEAN"):
        super().__init__(dtype, shape, gen.ResourceConditionalAccumulator(
            dtype=dtype, shape=tensor_shape.TensorShape(shape), shared_name=shared_name or "",
            name=name, reduction_type=reduction_type))

    def apply_grad(self, grad, local_step=0, name=None):
        """The operation that adds a gradient, unless it is of an earlier step."""
        grad = ops.convert_to_tensor(grad, self._dtype)
        grad.get_shape().assert_is_compatible_with(self._shape)
        return gen.ResourceAccumulatorApplyGradient(self._accumulator_ref, _step(local_step), grad,
                                                    name=name)

    def take_grad(self, num_required, name=None):
        """What the gradients are together, when there are so many; the next step begins."""
        out = gen.ResourceAccumulatorTakeGradient(self._accumulator_ref, num_required,
                                                  dtype=self._dtype, name=name)
        out.set_shape(self._shape)
        return out


class SparseConditionalAccumulator(ConditionalAccumulatorBase):
    """Adds up gradients of some rows each; a row's mean is that of the gradients that had it."""

    _kind = "Accumulator"

    def __init__(self, dtype, shape=None, shared_name=None, name="sparse_conditional_accumulator",
                 reduction_type="MEAN"):
        super().__init__(dtype, shape, gen.SparseConditionalAccumulator(
            dtype=dtype, shape=tensor_shape.TensorShape(shape), shared_name=shared_name or "",
            name=name, reduction_type=reduction_type))

    def apply_indexed_slices_grad(self, grad, local_step=0, name=None):
        """apply_grad() of IndexedSlices."""
        return self.apply_grad(grad.indices, grad.values, grad.dense_shape, local_step, name)

    def apply_grad(self, grad_indices, grad_values, grad_shape=None, local_step=0, name=None):
        """The operation that adds a gradient, unless it is of an earlier step."""
        return gen.SparseAccumulatorApplyGradient(
            self._accumulator_ref, _step(local_step), math_ops.cast(grad_indices, dtypes.int64),
            grad_values, math_ops.cast([] if grad_shape is None else grad_shape, dtypes.int64),
            has_known_shape=grad_shape is not None, name=name)

    def take_grad(self, num_required, name=None):
        """(indices, values, shape) of the gradients together, when there are so many."""
        return gen.SparseAccumulatorTakeGradient(self._accumulator_ref, num_required,
                                                 dtype=self._dtype, name=name)

    def take_indexed_slices_grad(self, num_required, name=None):
        """take_grad() as IndexedSlices."""
        taken = self.take_grad(num_required, name)
        return ops.IndexedSlices(indices=taken.indices, values=taken.values,
                                 dense_shape=taken.shape)
