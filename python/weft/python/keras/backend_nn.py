"""Keras's activations, losses, convolutions and what depends on the learning phase."""
from weft.python.framework import dtypes, ops
from weft.python.keras import backend_config, backend_math, backend_random, backend_session
from weft.python.layers import utils
from weft.python.ops import array_ops, clip_ops, math_ops, nn_impl, nn_ops

__all__ = ["batch_normalization", "bias_add", "binary_crossentropy", "categorical_crossentropy",
           "conv1d", "conv2d", "conv2d_transpose", "conv3d", "depthwise_conv2d", "dropout", "elu",
           "hard_sigmoid", "in_test_phase", "in_top_k", "in_train_phase",
           "normalize_batch_in_training", "pool2d", "pool3d", "relu", "separable_conv2d",
           "sigmoid", "softmax", "softplus", "softsign", "sparse_categorical_crossentropy",
           "switch", "tanh"]


# Activations.

def relu(x, alpha=0.0, max_value=None, threshold=0):
    """max(x, 0): with slope `alpha` below `threshold`, and not above `max_value`."""
    if alpha != 0.0 and max_value is None and threshold == 0:
        return nn_ops.leaky_relu(x, alpha=alpha)
    below = nn_ops.relu(-x + threshold) if alpha != 0.0 else None
    if threshold != 0:
        above = x * math_ops.cast(math_ops.greater(x, threshold), backend_config.floatx())
    else:
        above = nn_ops.relu6(x) if max_value == 6 else nn_ops.relu(x)
    if max_value is not None and (threshold != 0 or max_value != 6):
        above = backend_math.clip(above, 0.0, max_value)
    return above if below is None else above - alpha * below


def elu(x, alpha=1.0):
    """x where positive, else alpha (exp(x) - 1)."""
    unit = nn_ops.elu(x)
    return unit if alpha == 1 else array_ops.where(x > 0, unit, alpha * unit)


def softmax(x, axis=-1):
    """exp(x) over its sum along `axis`."""
    return nn_ops.softmax(x, axis=axis)


def softplus(x):
    """log(1 + exp(x))."""
    return nn_ops.softplus(x)


def softsign(x):
    """x / (1 + |x|)."""
    return nn_ops.softsign(x)


def sigmoid(x):
    """1 / (1 + exp(-x))."""
    return math_ops.sigmoid(x)


def hard_sigmoid(x):
    """0.2 x + 0.5 within [0, 1]."""
    dtype = x.dtype.base_dtype
    line = x * math_ops.cast(0.2, dtype) + math_ops.cast(0.5, dtype)
    return clip_ops.clip_by_value(line, math_ops.cast(0.0, dtype), math_ops.cast(1.0, dtype))


def tanh(x):
    """The hyperbolic tangent."""
    return math_ops.tanh(x)


# Losses.

def _logits_of(output, op_type):
    """What the activation `op_type` made `output` of, or None: losses of logits lose no digits."""
    made_by = output.op if isinstance(output, ops.Tensor) else None
    while made_by is not None and made_by.type == "Identity":
        made_by = made_by.inputs[0].op
    return made_by.inputs[0] if made_by is not None and made_by.type == op_type else None


def _within_unit(output):
    """Probabilities kept away from 0 and 1."""
    edge = math_ops.cast(backend_config.epsilon(), output.dtype.base_dtype)
    return clip_ops.clip_by_value(output, edge, 1.0 - edge)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Cross entropy of probabilities (or logits) with probabilities, along `axis`."""
    logits = output if from_logits else _logits_of(output, "Softmax")
    if logits is not None:
        return nn_ops.softmax_cross_entropy_with_logits_v2(labels=target, logits=logits, axis=axis)
    output = _within_unit(output / math_ops.reduce_sum(output, axis, True))
    return -math_ops.reduce_sum(target * math_ops.log(output), axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Cross entropy of probabilities (or logits) with class numbers."""
    logits = output if from_logits else _logits_of(output, "Softmax")
    if logits is None:
        logits = math_ops.log(_within_unit(output))
    rank = logits.shape.ndims
    axis = axis % rank
    if axis != rank - 1:
        order = [i for i in range(rank) if i != axis] + [axis]
        logits = array_ops.transpose(logits, perm=order)
    labels = math_ops.cast(array_ops.reshape(target, [-1]), dtypes.int64)
    rows = array_ops.reshape(logits, [-1, logits.shape.as_list()[-1]])
    loss = nn_ops.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=rows)
    return loss if rank <= 2 else array_ops.reshape(loss, array_ops.shape(logits)[:-1])


def binary_crossentropy(target, output, from_logits=False):
    """Cross entropy of each probability (or logit) with a probability."""
    logits = output if from_logits else _logits_of(output, "Sigmoid")
    if logits is not None:
        return nn_impl.sigmoid_cross_entropy_with_logits(labels=target, logits=logits)
    output = _within_unit(output)
    small = backend_config.epsilon()
    hit = target * math_ops.log(output + small)
    return -(hit + (1 - target) * math_ops.log(1 - output + small))


def in_top_k(predictions, targets, k):
    """Whether each target is among the `k` largest predictions."""
    return nn_ops.in_top_k(predictions, targets, k)


# The learning phase.

def switch(condition, then_expression, else_expression):
    """One of two tensors (or functions that make them); for a tensor of flags, each element."""
    if condition.dtype.base_dtype != dtypes.bool:
        condition = math_ops.cast(condition, dtypes.bool)
    if not condition.shape.ndims:
        return utils.smart_cond(condition, _as_function(then_expression),
                                _as_function(else_expression))
    then_value, else_value = _value(then_expression), _value(else_expression)
    missing = then_value.shape.ndims - condition.shape.ndims
    if missing < 0:
        raise ValueError("Rank of `condition` should be less than or equal to rank of "
                         "`then_expression` and `else_expression`. ndim(condition)=%d, "
                         "ndim(then_expression)=%d"
                         % (condition.shape.ndims, then_value.shape.ndims))
    for _ in range(missing):
        condition = array_ops.expand_dims(condition, -1)
    condition = math_ops.logical_and(condition,
                                     array_ops.ones_like(then_value, dtype=dtypes.bool))
    return array_ops.where(condition, then_value, else_value)


def _as_function(x):
    return x if callable(x) else lambda: x


def _value(x):
    return x() if callable(x) else x


def in_train_phase(x, alt, training=None):
    """`x` in training, else `alt`; both may be functions. `training` defaults to the phase."""
    if training is None:
        training = backend_session.learning_phase()
    if isinstance(training, (bool, int)):
        return _value(x if training else alt)
    return switch(training, x, alt)


def in_test_phase(x, alt, training=None):
    """`alt` in training, else `x`."""
    return in_train_phase(alt, x, training=training)


def dropout(x, level, noise_shape=None, seed=None):
    """Sets a fraction `level` of the elements to 0 and scales the others up."""
    seed = backend_random.drawn_seed() if seed is None else seed
    return nn_ops.dropout(x, rate=level, noise_shape=noise_shape, seed=seed)


# Normalization, convolution, pooling.

def batch_normalization(x, mean, var, beta, gamma, axis=-1, epsilon=1e-3):
    """`x` shifted and scaled by what is known of its distribution."""
    return nn_impl.batch_normalization(x, mean, var, beta, gamma, epsilon)


def normalize_batch_in_training(x, gamma, beta, reduction_axes, epsilon=1e-3):
    """(normalized batch, its mean, its variance)."""
    mean, var = nn_impl.moments(x, reduction_axes, keep_dims=False)
    sizes = [1 if i in reduction_axes else array_ops.shape(x)[i] for i in range(x.shape.ndims)]
    wide = [None if v is None else array_ops.reshape(v, array_ops.stack(sizes))
            for v in (mean, var, beta, gamma)]
    return nn_impl.batch_normalization(x, *wide, epsilon), mean, var


def _format(data_format, rank):
    return utils.convert_data_format(data_format or backend_config.image_data_format(), rank)


def conv1d(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """A convolution of [batch, steps, channels]; padding may be `causal`."""
    if padding == "causal":
        x = array_ops.pad(x, [[0, 0], [dilation_rate * (kernel.shape.as_list()[0] - 1), 0], [0, 0]])
        padding = "valid"
    return nn_ops.convolution(x, kernel, padding.upper(), strides=(strides,),
                              dilation_rate=(dilation_rate,), data_format=_format(data_format, 3))


def conv2d(x, kernel, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)):
    """A convolution of images."""
    return nn_ops.convolution(x, kernel, padding.upper(), strides=strides,
                              dilation_rate=dilation_rate, data_format=_format(data_format, 4))


def conv2d_transpose(x, kernel, output_shape, strides=(1, 1), padding="valid", data_format=None):
    """The gradient of conv2d with regard to its input; the kernel is [height, width, out, in]."""
    sizes = [array_ops.shape(x)[0] if size is None else size for size in output_shape] \
        if isinstance(output_shape, (list, tuple)) else output_shape
    return nn_ops.conv2d_transpose(
        x, kernel, array_ops.stack(sizes) if isinstance(sizes, list) else sizes,
        _over_all_axes(strides, data_format), padding=padding.upper(),
        data_format=_format(data_format, 4))


def conv3d(x, kernel, strides=(1, 1, 1), padding="valid", data_format=None,
           dilation_rate=(1, 1, 1)):
    """A convolution of volumes."""
    return nn_ops.convolution(x, kernel, padding.upper(), strides=strides,
                              dilation_rate=dilation_rate, data_format=_format(data_format, 5))


def _over_all_axes(sizes, data_format):
    first = (data_format or backend_config.image_data_format()) == "channels_first"
    return [1, 1, *sizes] if first else [1, *sizes, 1]


def separable_conv2d(x, depthwise_kernel, pointwise_kernel, strides=(1, 1), padding="valid",
                     data_format=None, dilation_rate=(1, 1)):
    """A convolution of each channel, then of all channels pointwise."""
    return nn_impl.separable_conv2d(
        x, depthwise_kernel, pointwise_kernel, strides=_over_all_axes(strides, data_format),
        padding=padding.upper(), rate=dilation_rate, data_format=_format(data_format, 4))


def depthwise_conv2d(x, depthwise_kernel, strides=(1, 1), padding="valid", data_format=None,
                     dilation_rate=(1, 1)):
    """A convolution of each channel."""
    return nn_impl.depthwise_conv2d(
        x, depthwise_kernel, strides=_over_all_axes(strides, data_format),
        padding=padding.upper(), rate=dilation_rate, data_format=_format(data_format, 4))


def _pool(x, pool_size, strides, padding, data_format, pool_mode, largest, average):
    if pool_mode not in ("max", "avg"):
        raise ValueError("Invalid pooling mode: " + str(pool_mode))
    op = largest if pool_mode == "max" else average
    return op(x, _over_all_axes(pool_size, data_format), _over_all_axes(strides, data_format),
              padding=padding.upper(), data_format=_format(data_format, len(pool_size) + 2))


def pool2d(x, pool_size, strides=(1, 1), padding="valid", data_format=None, pool_mode="max"):
    """The largest or the mean of windows of images."""
    return _pool(x, pool_size, strides, padding, data_format, pool_mode, nn_ops.max_pool,
                 nn_ops.avg_pool)


def pool3d(x, pool_size, strides=(1, 1, 1), padding="valid", data_format=None, pool_mode="max"):
    """The largest or the mean of windows of volumes."""
    return _pool(x, pool_size, strides, padding, data_format, pool_mode, nn_ops.max_pool3d,
                 nn_ops.avg_pool3d)


def bias_add(x, bias, data_format=None):
    """`bias` along the channels."""
    first = (data_format or backend_config.image_data_format()) == "channels_first"
    return nn_ops.bias_add(x, bias, data_format="NCHW" if first else "NHWC")
