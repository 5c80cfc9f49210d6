"""Training steps of slim: clipping and scaling of gradients, the op that takes a step."""
from weft.contrib.framework import variables as contrib_variables
from weft.python.framework import ops
from weft.python.ops import array_ops, clip_ops, control_flow_ops, math_ops
from weft.python.platform import tf_logging as logging

__all__ = ["clip_gradient_norms", "create_train_op",
           "multiply_gradients"]

_USE_GLOBAL_STEP = 0


def clip_gradient_norms(gradients_to_variables, max_norm):
    """Each gradient scaled down to a norm of `max_norm`."""
    return [(_clipped(gradient, max_norm), var) for gradient, var in gradients_to_variables]


def _clipped(gradient, max_norm):
    if isinstance(gradient, ops.IndexedSlices):
        return ops.IndexedSlices(clip_ops.clip_by_norm(gradient.values, max_norm),
                                 gradient.indices, gradient.dense_shape)
    return None if gradient is None else clip_ops.clip_by_norm(gradient, max_norm)


def multiply_gradients(grads_and_vars, gradient_multipliers):
    """The gradients of the variables (or names) in the dict times what it says."""
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")
    return [(_multiplied(gradient, var, gradient_multipliers), var)
            for gradient, var in grads_and_vars]


def _multiplied(gradient, var, multipliers):
    factor = multipliers.get(var, multipliers.get(var.op.name))
    if factor is None:
        return gradient
    if gradient is None:
        raise ValueError("Requested multiple of `None` gradient.")
    factor = math_ops.cast(factor, gradient.dtype)
    if isinstance(gradient, ops.IndexedSlices):
        return ops.IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
    return gradient * factor


def create_train_op(total_loss, optimizer, global_step=_USE_GLOBAL_STEP, update_ops=None,
                    variables_to_train=None, clip_gradient_norm=0, gate_gradients=1,
                    aggregation_method=None, colocate_gradients_with_ops=False,
                    gradient_multipliers=None, check_numerics=True):
    """A tensor that has the value of the loss and whose computation takes a training step.

    UPDATE_OPS (and `update_ops`) run before the loss. A `global_step` of None is not advanced.
    """
    if global_step is _USE_GLOBAL_STEP:
        global_step = contrib_variables.get_or_create_global_step()
    total_loss = _after_updates(total_loss, update_ops)
    grads = optimizer.compute_gradients(
        total_loss, variables_to_train, gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops)
    if gradient_multipliers:
        grads = multiply_gradients(grads, gradient_multipliers)
    if clip_gradient_norm > 0:
        grads = clip_gradient_norms(grads, clip_gradient_norm)
    updates = optimizer.apply_gradients(grads, global_step=global_step)
    with ops.name_scope("train_op"):
        if check_numerics:
            total_loss = array_ops.check_numerics(total_loss, "LossTensor is inf or nan")
        train_op = control_flow_ops.with_dependencies([updates], total_loss)
    if train_op not in ops.get_collection(ops.GraphKeys.TRAIN_OP):
        ops.add_to_collection(ops.GraphKeys.TRAIN_OP, train_op)
    return train_op


def _after_updates(loss, update_ops):
    """The loss once all updates have run."""
    registered = dict.fromkeys(ops.get_collection(ops.GraphKeys.UPDATE_OPS))
    wanted = registered if update_ops is None else dict.fromkeys(update_ops)
    if any(op not in wanted for op in registered):
        logging.warning("update_ops in create_train_op does not contain all the  update_ops in "
                        "GraphKeys.UPDATE_OPS")
    if not wanted:
        return loss
    with ops.control_dependencies(list(wanted)):
        barrier = control_flow_ops.no_op(name="update_barrier")
    return control_flow_ops.with_dependencies([barrier], loss)
