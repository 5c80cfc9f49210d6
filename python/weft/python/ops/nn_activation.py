"""Activations, bias, dropout and top-k: what nn_ops offers that looks at single values or rows."""

import numbers

from weft.python.framework import dtypes, gen, ops, tensor_shape, tensor_util
from weft.python.ops import array_ops, math_ops
from weft.python.ops.arguments import renamed_argument

__all__ = [
    "bias_add", "bias_add_v1", "crelu", "dropout", "dropout_v2", "elu", "in_top_k", "l2_loss",
    "leaky_relu", "log_softmax", "lrn", "local_response_normalization", "nth_element", "relu",
    "relu6", "relu_layer", "selu", "softmax", "softplus", "softsign", "swish", "top_k",
    "xw_plus_b",
]


def relu(features, name=None):
    """max(features, 0)."""
    return gen.Relu(features, name=name)


def relu6(features, name=None):
    """min(max(features, 0), 6)."""
    with ops.name_scope(name, "Relu6", [features]) as name:
        return gen.Relu6(ops.convert_to_tensor(features, name="features"), name=name)


def elu(features, name=None):
    """exp(features) - 1 below 0, else features."""
    return gen.Elu(features, name=name)


def selu(features, name=None):
    """scale * alpha * (exp(features) - 1) below 0, else scale * features."""
    return gen.Selu(features, name=name)


def leaky_relu(features, alpha=0.2, name=None):
    """alpha * features below 0, else features; integers become float32."""
    with ops.name_scope(name, "LeakyRelu", [features, alpha]) as name:
        features = ops.convert_to_tensor(features, name="features")
        if features.dtype.is_integer:
            features = math_ops.cast(features, dtypes.float32)
        if isinstance(alpha, ops.Tensor):
            return gen.Maximum(alpha * features, features, name=name)
        return gen.LeakyRelu(features, alpha=float(alpha), name=name)


def crelu(features, name=None, axis=-1):
    """relu of features and of -features, side by side along an axis."""
    with ops.name_scope(name, "CRelu", [features]) as name:
        features = ops.convert_to_tensor(features, name="features")
        both = array_ops.concat([features, -features], axis, name=name)
        return gen.Relu(both)


def softplus(features, name=None):
    """log(exp(features) + 1)."""
    return gen.Softplus(features, name=name)


def softsign(features, name=None):
    """features / (abs(features) + 1)."""
    return gen.Softsign(features, name=name)


def swish(features):
    """features * sigmoid(features)."""
    features = ops.convert_to_tensor(features, name="features")
    return features * math_ops.sigmoid(features)


def l2_loss(t, name=None):
    """Half the sum of squares."""
    return gen.L2Loss(t, name=name)


def softmax(logits, axis=None, name=None, dim=None):
    """exp(logits) over its sum along an axis, the last one by default."""
    return _along_axis(gen.Softmax, logits, renamed_argument("axis", axis, "dim", dim), name)


def log_softmax(logits, axis=None, name=None, dim=None):
    """The logarithm of softmax, exact also where that is nearly 0."""
    return _along_axis(gen.LogSoftmax, logits, renamed_argument("axis", axis, "dim", dim), name)


def _along_axis(op, logits, axis, name):
    """The ops work along the last axis only: another one changes places with it and back."""
    axis = -1 if axis is None else axis
    logits = ops.convert_to_tensor(logits)
    shape = logits.get_shape()
    if not isinstance(axis, ops.Tensor) and (axis == -1 or axis == (shape.ndims or 0) - 1):
        return op(logits, name=name)
    value = tensor_util.constant_value(axis) if isinstance(axis, ops.Tensor) else axis
    if value is not None and shape.ndims is not None and not -shape.ndims <= value < shape.ndims:
        from weft.python.framework import errors
        raise errors.InvalidArgumentError(
            None, None, "Dimension (%d) must be in the range [%d, %d) where %d is the number of "
            "dimensions in the input." % (value, -shape.ndims, shape.ndims, shape.ndims))
    # TF: the rank is asked for twice, the first time for negative axes alone.
    rank = array_ops.rank(logits)
    if isinstance(axis, ops.Tensor):
        axis = array_ops.where(math_ops.less(axis, 0), axis + rank, axis)
    elif axis < 0:
        axis += rank
    rank = array_ops.rank(logits)
    if shape.ndims is not None or isinstance(axis, ops.Tensor):
        axis = axis % (rank if shape.ndims is None else shape.ndims)
    swapped = _swap_axes(logits, axis, math_ops.subtract(rank, 1))
    result = _swap_axes(op(swapped), axis, math_ops.subtract(rank, 1), name=name)
    result.set_shape(shape)
    return result


def _swap_axes(x, axis, last, name=None):
    order = array_ops.concat([math_ops.range(axis), [last], math_ops.range(axis + 1, last), [axis]],
                             0)
    return array_ops.transpose(x, order, name=name)


# Bias and layers of one product.

def bias_add(value, bias, data_format=None, name=None):
    """value + bias along the channels: the last axis, or the second with a format "NC..."."""
    with ops.name_scope(name, "BiasAdd", [value, bias]) as name:
        if data_format is not None:
            if data_format.startswith("NC"):
                data_format = "NCHW"
            elif data_format.startswith("N") and data_format.endswith("C"):
                data_format = "NHWC"
            else:
                raise ValueError("data_format must be of the form `N...C` or `NC...`")
        value = ops.convert_to_tensor(value, name="input")
        bias = ops.convert_to_tensor(bias, dtype=value.dtype, name="bias")
        return gen.BiasAdd(value, bias, data_format=data_format or "NHWC", name=name)


def bias_add_v1(value, bias, name=None):
    """value + bias along the last axis, by the older op."""
    with ops.name_scope(name, "BiasAddV1", [value, bias]) as name:
        value = ops.convert_to_tensor(value, name="input")
        bias = ops.convert_to_tensor(bias, dtype=value.dtype, name="bias")
        return gen.BiasAddV1(value, bias, name=name)


def xw_plus_b(x, weights, biases, name=None):
    """x times weights plus biases."""
    with ops.name_scope(name, "xw_plus_b", [x, weights, biases]) as name:
        x, weights, biases = _product_inputs(x, weights, biases)
        return bias_add(gen.MatMul(x, weights), biases, name=name)


def relu_layer(x, weights, biases, name=None):
    """relu of x times weights plus biases."""
    with ops.name_scope(name, "relu_layer", [x, weights, biases]) as name:
        x, weights, biases = _product_inputs(x, weights, biases)
        return gen.Relu(bias_add(gen.MatMul(x, weights), biases), name=name)


def _product_inputs(x, weights, biases):
    return (ops.convert_to_tensor(x, name="x"), ops.convert_to_tensor(weights, name="weights"),
            ops.convert_to_tensor(biases, name="biases"))


# Dropout.

def dropout(x, keep_prob=None, noise_shape=None, seed=None, name=None, rate=None):
    """x with a share `rate` of its elements set to 0 and the others scaled by 1 / (1 - rate).

    `keep_prob` is the older spelling of 1 - rate. Where `noise_shape` has a 1, all of an axis is
    kept or dropped together."""
    try:
        share = None if keep_prob is None else 1. - keep_prob
    except TypeError:
        raise ValueError("keep_prob must be a floating point number or Tensor (got %r)" %
                         (keep_prob,)) from None
    rate = renamed_argument("rate", rate, "keep_prob", share)
    if rate is None:
        raise ValueError("You must provide a rate to dropout.")
    return dropout_v2(x, rate, noise_shape=noise_shape, seed=seed, name=name)


def dropout_v2(x, rate, noise_shape=None, seed=None, name=None):
    """dropout whose second argument is the share that is dropped."""
    from weft.python.ops import random_ops
    with ops.name_scope(name, "dropout", [x]) as name:
        x = ops.convert_to_tensor(x, name="x")
        if not x.dtype.is_floating:
            raise ValueError("x has to be a floating point tensor since it's going to be scaled. "
                             "Got a %s tensor instead." % x.dtype)
        if isinstance(rate, numbers.Real):
            if not 0 <= rate < 1:
                raise ValueError("rate must be a scalar tensor or a float in the range [0, 1), "
                                 "got %g" % rate)
            if rate == 0:
                return x
        rate = ops.convert_to_tensor(rate, dtype=x.dtype, name="rate")
        rate.get_shape().assert_has_rank(0)
        if tensor_util.constant_value(rate) == 0:
            return x
        noise = random_ops.random_uniform(_noise_shape(x, noise_shape), seed=seed, dtype=x.dtype)
        scale = 1 / (1 - rate)
        # Not ">": the numbers drawn start at 0 itself, so that a share `rate` of them lies below.
        keep = noise >= rate
        result = x * scale * math_ops.cast(keep, x.dtype)
        result.set_shape(x.get_shape())
        return result


def _noise_shape(x, noise_shape):
    """The shape of the noise; an unknown dimension of noise_shape is that of x."""
    if noise_shape is None:
        return array_ops.shape(x)
    try:
        noise_shape = tensor_shape.as_shape(noise_shape)
    except (TypeError, ValueError):
        return noise_shape
    if x.shape.ndims is None or x.shape.ndims != noise_shape.ndims:
        return noise_shape
    pairs = zip(x.shape.as_list(), noise_shape.as_list())
    return tensor_shape.TensorShape([own if wanted is None else wanted for own, wanted in pairs])


# Rows: the largest, and normalization among neighbours.

def top_k(input, k=1, sorted=True, name=None):
    """The k largest elements of each row and their indices."""
    return gen.TopKV2(input, k, sorted=sorted, name=name)


def nth_element(input, n, reverse=False, name=None):
    """The element of each row that would stand at place n if the row were sorted."""
    return gen.NthElement(input, n, reverse=reverse, name=name)


def in_top_k(predictions, targets, k, name=None):
    """Whether the target of each row is among its k largest predictions."""
    with ops.name_scope(name, "in_top_k"):
        return gen.InTopKV2(predictions, targets, k, name=name)


def local_response_normalization(input, depth_radius=5, bias=1, alpha=1, beta=0.5, name=None):
    """input / (bias + alpha * (sum of squares of the channels within depth_radius)) ** beta."""
    return gen.LRN(input, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta, name=name)


lrn = local_response_normalization
