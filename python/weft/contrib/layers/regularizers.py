"""Penalties on weights: functions of a tensor that give a scalar, or None for no penalty."""
import numbers

from weft.python.framework import constant_op, ops
from weft.python.ops import math_ops, nn_ops
from weft.python.platform import tf_logging as logging

__all__ = ["apply_regularization", "l1_l2_regularizer", "l1_regularizer", "l2_regularizer",
           "sum_regularizer"]


def _check_scale(scale, name):
    if isinstance(scale, numbers.Integral):
        raise ValueError("%s cannot be an integer: %s" % (name, scale))
    if isinstance(scale, numbers.Real) and scale < 0.0:
        raise ValueError("Setting a %s less than 0 on a regularizer: %g" % (name, scale))


def _is_off(scale):
    if scale != 0.0:
        return False
    logging.info("Scale of 0 disables regularizer.")
    return True


def _scaled(weights, scale, name, penalty):
    """`scale` times what `penalty` says of the weights."""
    scale = ops.convert_to_tensor(scale, dtype=weights.dtype.base_dtype, name="scale")
    return math_ops.multiply(scale, penalty(weights), name=name)


def l1_regularizer(scale, scope=None):
    """`scale` times the sum of magnitudes."""
    _check_scale(scale, "scale")
    if _is_off(scale):
        return lambda _: None

    def l1(weights):
        with ops.name_scope(scope, "l1_regularizer", [weights]) as name:
            return _scaled(weights, scale, name,
                           lambda w: math_ops.reduce_sum(math_ops.abs(w)))

    return l1


def l2_regularizer(scale, scope=None):
    """`scale` times half the sum of squares."""
    _check_scale(scale, "scale")
    if _is_off(scale):
        return lambda _: None

    def l2(weights):
        with ops.name_scope(scope, "l2_regularizer", [weights]) as name:
            return _scaled(weights, scale, name, nn_ops.l2_loss)

    return l2


def l1_l2_regularizer(scale_l1=1.0, scale_l2=1.0, scope=None):
    """Both penalties, added."""
    _check_scale(scale_l1, "scale_l1")
    _check_scale(scale_l2, "scale_l2")
    scope = scope or "l1_l2_regularizer"
    if scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=scope)


def sum_regularizer(regularizer_list, scope=None):
    """The sum of several penalties; None if there are none."""
    regularizer_list = [reg for reg in regularizer_list if reg is not None]
    if not regularizer_list:
        return None

    def sum_reg(weights):
        with ops.name_scope(scope, "sum_regularizer", [weights]) as name:
            terms = [reg(weights) for reg in regularizer_list]
            terms = [term for term in terms if term is not None]
            return math_ops.add_n(terms, name=name) if len(terms) > 1 else terms[0]

    return sum_reg


def apply_regularization(regularizer, weights_list=None):
    """The penalty on all weights (those of the WEIGHTS collection), added to the losses."""
    weights_list = weights_list or ops.get_collection(ops.GraphKeys.WEIGHTS)
    if not weights_list:
        raise ValueError("No weights to regularize.")
    with ops.name_scope("get_regularization_penalty", values=weights_list) as scope:
        penalties = [regularizer(w) for w in weights_list]
        penalties = [p if p is not None else constant_op.constant(0.0) for p in penalties]
        for p in penalties:
            if p.shape.ndims != 0:
                raise ValueError("regularizer must return a scalar Tensor instead of a Tensor with "
                                 "rank %d." % p.shape.ndims)
        total = math_ops.add_n(penalties, name=scope)
        ops.add_to_collection(ops.GraphKeys.REGULARIZATION_LOSSES, total)
        return total
