"""optimize_loss: everything that a training step needs, in one call."""
import numbers

from weft.contrib.framework import variables as contrib_variables
from weft.python.framework import ops
from weft.python.ops import (
    array_ops, clip_ops, control_flow_ops, init_ops, random_ops, variable_scope as vs)
from weft.python.training import (
    adagrad, adam, ftrl, gradient_descent, momentum, optimizer as optimizer_module, rmsprop)

__all__ = ["OPTIMIZER_CLS_NAMES", "optimize_loss"]

OPTIMIZER_CLS_NAMES = {
    "Adagrad": adagrad.AdagradOptimizer,
    "Adam": adam.AdamOptimizer,
    "Ftrl": ftrl.FtrlOptimizer,
    "Momentum": lambda learning_rate: momentum.MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": rmsprop.RMSPropOptimizer,
    "SGD": gradient_descent.GradientDescentOptimizer,
}


def optimize_loss(loss, global_step, learning_rate, optimizer, gradient_noise_scale=None,
                  gradient_multipliers=None, clip_gradients=None, learning_rate_decay_fn=None,
                  update_ops=None, variables=None, name=None, summaries=None,
                  colocate_gradients_with_ops=False, increment_global_step=True):
    """A tensor that has the value of `loss` and whose computation takes a training step.

    `optimizer` is a name, a class, an optimizer, or a function of the learning rate;
    `clip_gradients` a norm or a function of (gradient, variable) pairs. UPDATE_OPS (or
    `update_ops`) run before the loss.
    """
    loss = ops.convert_to_tensor(loss)
    global_step = contrib_variables.assert_or_get_global_step(None, global_step)
    with vs.variable_scope(name, "OptimizeLoss", [loss, global_step]):
        loss = _after_updates(loss, update_ops)
        rate = _learning_rate(learning_rate, learning_rate_decay_fn, global_step)
        opt = _optimizer(optimizer, rate)
        gradients = opt.compute_gradients(
            loss, variables, colocate_gradients_with_ops=colocate_gradients_with_ops)
        gradients = _adjusted(gradients, gradient_noise_scale, gradient_multipliers,
                              clip_gradients)
        step = opt.apply_gradients(gradients, name="train",
                                   global_step=global_step if increment_global_step else None)
        return control_flow_ops.with_dependencies([step], loss)


def _after_updates(loss, update_ops):
    if update_ops is None:
        update_ops = dict.fromkeys(ops.get_collection(ops.GraphKeys.UPDATE_OPS))
    return control_flow_ops.with_dependencies(list(update_ops), loss) if update_ops else loss


def _learning_rate(rate, decay_fn, global_step):
    """The learning rate as a tensor or variable; None where the optimizer has its own."""
    if rate is None:
        return None
    if isinstance(rate, ops.Tensor) and rate.shape.ndims == 0:
        pass
    elif isinstance(rate, numbers.Real):
        if rate < 0.0:
            raise ValueError("Invalid learning_rate %s." % rate)
        rate = vs.get_variable("learning_rate", [], trainable=False,
                               initializer=init_ops.constant_initializer(float(rate)))
    else:
        raise ValueError("Learning rate should be 0d Tensor or float. Got %s of type %s"
                         % (rate, type(rate)))
    if decay_fn is None:
        return rate
    if global_step is None:
        raise ValueError("global_step is required for learning_rate_decay_fn.")
    return decay_fn(rate, global_step)


def _optimizer(given, rate):
    """The optimizer that is meant by a name, a class, itself, or a function of the rate."""
    if isinstance(given, str):
        if given not in OPTIMIZER_CLS_NAMES:
            raise ValueError("Optimizer name should be one of [%s], you provided %s."
                             % (", ".join(OPTIMIZER_CLS_NAMES), given))
        given = OPTIMIZER_CLS_NAMES[given]
        if rate is None:
            raise ValueError("Learning rate is None, but should be specified if optimizer is "
                             "string (%s)." % given)
    if isinstance(given, optimizer_module.Optimizer):
        return given
    if not callable(given):
        raise ValueError("Unrecognized optimizer: should be string, subclass of Optimizer, "
                         "instance of subclass of Optimizer or function with one argument. "
                         "Got %s." % str(given))
    made = given() if rate is None else given(rate)
    if not isinstance(made, optimizer_module.Optimizer):
        raise ValueError("Unrecognized optimizer: function should return subclass of Optimizer. "
                         "Got %s." % str(made))
    return made


def _adjusted(gradients, noise_scale, multipliers, clip):
    """Noise added, some multiplied, clipped."""
    if noise_scale is not None:
        gradients = [_noisy(g, v, noise_scale) for g, v in gradients]
    if multipliers is not None:
        gradients = [_multiplied(g, v, multipliers) for g, v in gradients]
        if not gradients:
            raise ValueError("Empty list of (gradient, variable) pairs encountered. This is most "
                             "likely caused by an improper value of gradient_multipliers.")
    if isinstance(clip, numbers.Real):
        clipped, _ = clip_ops.clip_by_global_norm([g for g, _ in gradients], float(clip))
        return list(zip(clipped, [v for _, v in gradients]))
    if callable(clip):
        return clip(gradients)
    if clip is not None:
        raise ValueError("Unknown type %s for clip_gradients" % type(clip))
    return gradients


def _noisy(gradient, variable, scale):
    if gradient is None:
        return None, variable
    noise = random_ops.truncated_normal(array_ops.shape(gradient)) * scale
    return gradient + noise, variable


def _multiplied(gradient, variable, multipliers):
    factor = multipliers.get(variable, multipliers.get(variable.name))
    if gradient is None or factor is None:
        return gradient, variable
    if isinstance(gradient, ops.IndexedSlices):
        return ops.IndexedSlices(gradient.values * factor, gradient.indices,
                                 gradient.dense_shape), variable
    return gradient * factor, variable
