"""Learning rates that follow the training step, as tensors.

In all of them `learning_rate` is a number or scalar tensor, whose dtype the result has;
`global_step` a scalar number, tensor or variable; `name` that of the operations' scope.
"""

import math

from weft.python.framework import constant_op
from weft.python.framework import ops
from weft.python.ops import control_flow_ops
from weft.python.ops import math_ops

__all__ = ["cosine_decay", "cosine_decay_restarts", "exponential_decay", "inverse_time_decay",
           "linear_cosine_decay", "natural_exp_decay", "noisy_linear_cosine_decay",
           "piecewise_constant", "piecewise_constant_decay", "polynomial_decay"]


def exponential_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False,
                      name=None):
    """learning_rate * decay_rate ^ (global_step / decay_steps), the exponent rounded down if
    `staircase`."""
    _check_step(global_step, "exponential_decay")
    with ops.name_scope(name or "ExponentialDecay") as scope:
        rate, cast = _initial(learning_rate)
        decay_steps, decay_rate, step = cast(decay_steps), cast(decay_rate), cast(global_step)
        part = _part(step / decay_steps, staircase)
        return math_ops.multiply(rate, math_ops.pow(decay_rate, part), name=scope)


def natural_exp_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False,
                      name=None):
    """learning_rate * exp(-decay_rate * global_step / decay_steps)."""
    _check_step(global_step, "natural_exp_decay")
    factor = math_ops.exp(math_ops.negative(decay_rate))
    return exponential_decay(learning_rate, global_step, decay_steps, factor, staircase, name)


def inverse_time_decay(learning_rate, global_step, decay_steps, decay_rate, staircase=False,
                       name=None):
    """learning_rate / (1 + decay_rate * global_step / decay_steps)."""
    _check_step(global_step, "inverse_time_decay")
    with ops.name_scope(name or "InverseTimeDecay") as scope:
        rate, cast = _initial(learning_rate)
        decay_steps, decay_rate, step = cast(decay_steps), cast(decay_rate), cast(global_step)
        part = _part(step / decay_steps, staircase)
        one = cast(constant_op.constant(1))
        return math_ops.divide(rate, math_ops.add(one, math_ops.multiply(decay_rate, part)),
                               name=scope)


def polynomial_decay(learning_rate, global_step, decay_steps, end_learning_rate=0.0001, power=1.0,
                     cycle=False, name=None):
    """(learning_rate - end_learning_rate) * (1 - global_step / decay_steps) ^ power +
    end_learning_rate.

    From `decay_steps` on it stays at `end_learning_rate`; with `cycle` decay_steps is multiplied
    so as to end after the step instead.
    """
    _check_step(global_step, "polynomial_decay")
    with ops.name_scope(name or "PolynomialDecay") as scope:
        rate, cast = _initial(learning_rate)
        end, power, step = cast(end_learning_rate), cast(power), cast(global_step)
        steps = cast(decay_steps)
        if cycle:
            steps = math_ops.multiply(steps, control_flow_ops.cond(
                math_ops.equal(step, 0), lambda: cast(1.0),
                lambda: math_ops.ceil(step / decay_steps)))
        else:
            step = math_ops.minimum(step, decay_steps)
        rest = 1 - math_ops.divide(step, steps)
        return math_ops.add(math_ops.multiply(rate - end, math_ops.pow(rest, power)), end,
                            name=scope)


def piecewise_constant(x, boundaries, values, name=None):
    """values[0] up to and including boundaries[0], values[1] up to boundaries[1], ... and the last
    after.

    Args:
      x: a scalar.
      boundaries: rising numbers or scalar tensors of x's dtype.
      values: one more than boundaries, of one dtype.

    Raises:
      ValueError: counts or dtypes do not fit.
    """
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with ops.name_scope(name or "PiecewiseConstant"):
        boundaries = [ops.convert_to_tensor(b) for b in boundaries]
        values = [ops.convert_to_tensor(v) for v in values]
        x = ops.convert_to_tensor(x)
        boundaries = [_boundary(b, x) for b in boundaries]
        for v in values[1:]:
            if v.dtype.base_dtype != values[0].dtype.base_dtype:
                raise ValueError("Values must have elements all with the same dtype (%s vs %s)."
                                 % (values[0].dtype.base_dtype, v.dtype.base_dtype))
        cases = [(x <= boundaries[0], lambda: values[0]), (x > boundaries[-1], lambda: values[-1])]
        for low, high, v in zip(boundaries[:-1], boundaries[1:], values[1:-1]):
            cases.append(((x > low) & (x <= high), lambda v=v: v))
        return control_flow_ops.case(cases, lambda: values[0], exclusive=True)


piecewise_constant_decay = piecewise_constant


def cosine_decay(learning_rate, global_step, decay_steps, alpha=0.0, name=None):
    """From learning_rate along half a cosine down to alpha * learning_rate at `decay_steps`."""
    _check_step(global_step, "cosine_decay")
    with ops.name_scope(name or "CosineDecay"):
        rate, cast = _initial(learning_rate)
        steps = cast(decay_steps)
        part = math_ops.minimum(cast(global_step), steps) / steps
        return math_ops.multiply(rate, (1 - alpha) * _half_cosine(rate, part) + alpha)


def cosine_decay_restarts(learning_rate, global_step, first_decay_steps, t_mul=2.0, m_mul=1.0,
                          alpha=0.0, name=None):
    """Cosine decays one after another: each `t_mul` times as long and begun `m_mul` times as high
    as the one before, the first of `first_decay_steps`."""
    _check_step(global_step, "cosine_decay_restarts")
    with ops.name_scope(name or "SGDRDecay") as scope:
        rate, cast = _initial(learning_rate)
        first, alpha, t_mul, m_mul = [cast(x) for x in (first_decay_steps, alpha, t_mul, m_mul)]
        restarts, part = _restarts(cast(global_step) / first, t_mul)
        height = m_mul ** restarts
        decayed = (1 - alpha) * (height * _half_cosine(rate, part)) + alpha
        return math_ops.multiply(rate, decayed, name=scope)


def linear_cosine_decay(learning_rate, global_step, decay_steps, num_periods=0.5, alpha=0.0,
                        beta=0.001, name=None):
    """learning_rate * ((alpha + linear) * cosine + beta): a falling line times `num_periods` of a
    cosine."""
    _check_step(global_step, "linear_cosine_decay")
    with ops.name_scope(name or "LinearCosineDecay") as scope:
        rate, cast = _initial(learning_rate)
        steps, periods, alpha, beta = [cast(x) for x in (decay_steps, num_periods, alpha, beta)]
        step = math_ops.minimum(cast(global_step), steps)
        linear = (steps - step) / steps
        cosine = _half_cosine(rate, 2.0 * periods * (step / steps))
        return math_ops.multiply(rate, (alpha + linear) * cosine + beta, name=scope)


def noisy_linear_cosine_decay(learning_rate, global_step, decay_steps, initial_variance=1.0,
                              variance_decay=0.55, num_periods=0.5, alpha=0.0, beta=0.001,
                              name=None):
    """`linear_cosine_decay` whose line has normal noise of the variance
    initial_variance / (1 + global_step) ^ variance_decay."""
    from weft.python.ops import random_ops
    _check_step(global_step, "noisy_linear_cosine_decay")
    with ops.name_scope(name or "NoisyLinearCosineDecay") as scope:
        rate, cast = _initial(learning_rate)
        steps, variance, falling, periods, alpha, beta = [
            cast(x) for x in (decay_steps, initial_variance, variance_decay, num_periods, alpha,
                              beta)]
        step = math_ops.minimum(cast(global_step), steps)
        linear = (steps - step) / steps
        deviation = math_ops.sqrt(variance / math_ops.pow(1.0 + step, falling))
        noisy = linear + random_ops.random_normal(linear.shape, stddev=deviation)
        cosine = _half_cosine(rate, 2.0 * periods * (step / steps))
        return math_ops.multiply(rate, (alpha + noisy) * cosine + beta, name=scope)


# ---- what they share ----


def _check_step(global_step, function):
    if global_step is None:
        raise ValueError("global_step is required for %s." % function)


def _initial(learning_rate):
    """(the rate as a tensor, a function that casts to its dtype)."""
    rate = ops.convert_to_tensor(learning_rate, name="initial_learning_rate")
    return rate, lambda x: math_ops.cast(x, rate.dtype)


def _part(part, staircase):
    return math_ops.floor(part) if staircase else part


def _boundary(b, x):
    """A boundary in x's dtype; only int32 to int64 loses nothing."""
    if b.dtype.base_dtype == x.dtype.base_dtype:
        return b
    if b.dtype.base_dtype.name == "int32" and x.dtype.base_dtype.name == "int64":
        return math_ops.cast(b, x.dtype.base_dtype)
    raise ValueError("Boundaries (%s) must have the same dtype as x (%s)."
                     % (b.dtype.base_dtype, x.dtype.base_dtype))


def _half_cosine(rate, part):
    """From 1 at part 0 to 0 at part 1."""
    pi = constant_op.constant(math.pi, dtype=rate.dtype)
    return 0.5 * (1.0 + math_ops.cos(pi * part))


def _restarts(periods, t_mul):
    """(how many decays are over, how far the present one is) after `periods` of the first one."""
    def growing():
        n = math_ops.floor(math_ops.log(1.0 - periods * (1.0 - t_mul)) / math_ops.log(t_mul))
        passed = (1.0 - t_mul ** n) / (1.0 - t_mul)
        return n, (periods - passed) / t_mul ** n

    def equal():
        n = math_ops.floor(periods)
        return n, periods - n

    return control_flow_ops.cond(math_ops.equal(t_mul, 1.0), equal, growing)
