"""Convolutions of tf.contrib.layers: with weights, biases, normalization and activation."""
import functools

from weft.contrib.framework import variables
from weft.contrib.framework.arg_scopes import add_arg_scope
from weft.contrib.layers import finish, initializers, utils
from weft.python.framework import ops
from weft.python.layers import convolutional
from weft.python.ops import array_ops, init_ops, nn_impl, nn_ops, variable_scope as vs

__all__ = ["conv1d", "conv2d", "conv2d_in_plane", "conv2d_transpose", "conv3d",
           "conv3d_transpose", "convolution", "convolution1d", "convolution2d",
           "convolution2d_in_plane", "convolution2d_transpose", "convolution3d",
           "convolution3d_transpose", "separable_conv2d", "separable_convolution2d"]

_NAMES = {"bias": "biases", "kernel": "weights"}


@add_arg_scope
def convolution(inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format=None,
                rate=1, activation_fn=nn_ops.relu, normalizer_fn=None, normalizer_params=None,
                weights_initializer=initializers.xavier_initializer(), weights_regularizer=None,
                biases_initializer=init_ops.zeros_initializer(), biases_regularizer=None,
                reuse=None, variables_collections=None, outputs_collections=None, trainable=True,
                scope=None, conv_dims=None):
    """A convolution over 1, 2 or 3 axes with variables `weights` and `biases`.

    There are no biases when `normalizer_fn` is given. `rate` is that of dilation.
    """
    allowed = (None, "NWC", "NCW", "NHWC", "NCHW", "NDHWC", "NCDHW")
    if data_format not in allowed:
        raise ValueError("Invalid data_format: %r" % (data_format,))
    with finish.opened(scope, "Conv", [inputs], reuse, _NAMES) as sc:
        inputs = ops.convert_to_tensor(inputs)
        layer = _layer_for(inputs.shape.ndims, conv_dims)(
            filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
            data_format=finish.check_data_format(data_format, allowed), dilation_rate=rate,
            activation=None, use_bias=bool(not normalizer_fn and biases_initializer),
            kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            trainable=trainable, name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc,
            _reuse=reuse)
        outputs = layer.apply(inputs)
        _add_variables(layer, variables_collections)
        return finish.finished(outputs, sc, normalizer_fn, normalizer_params, activation_fn,
                               outputs_collections)


def _layer_for(rank, dims):
    """The layer for inputs of `rank` axes."""
    if dims is not None and dims + 2 != rank:
        raise ValueError("Convolution expects input with rank %d, got %s" % (dims + 2, rank))
    layers = {3: convolutional.Conv1D, 4: convolutional.Conv2D, 5: convolutional.Conv3D}
    if rank not in layers:
        raise ValueError("Convolution not supported for input with rank", rank)
    return layers[rank]


def _add_variables(layer, collections):
    finish.add_to_collections(layer.kernel, collections, "weights")
    if layer.use_bias:
        finish.add_to_collections(layer.bias, collections, "biases")


def _over(dims):
    """`convolution` for inputs with that many axes, as a function of its own for arg_scope."""
    @functools.wraps(convolution.__wrapped__)
    def convolved(*args, **kwargs):
        return convolution(*args, conv_dims=dims, **kwargs)
    convolved.__name__ = "convolution%dd" % dims
    return add_arg_scope(convolved)


convolution1d, convolution2d, convolution3d = _over(1), _over(2), _over(3)


def _transposed(layer_class, default_name, inputs, num_outputs, kernel_size, stride, padding,
                data_format, activation_fn, normalizer_fn, normalizer_params, weights_initializer,
                weights_regularizer, biases_initializer, biases_regularizer, reuse,
                variables_collections, outputs_collections, trainable, scope):
    with finish.opened(scope, default_name, [inputs], reuse, _NAMES) as sc:
        inputs = ops.convert_to_tensor(inputs)
        layer = layer_class(
            filters=num_outputs, kernel_size=kernel_size, strides=stride, padding=padding,
            data_format=finish.check_data_format(data_format, ("NCHW", "NHWC", "NCDHW", "NDHWC")),
            activation=None, use_bias=bool(not normalizer_fn and biases_initializer),
            kernel_initializer=weights_initializer, bias_initializer=biases_initializer,
            kernel_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
            trainable=trainable, name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc,
            _reuse=reuse)
        outputs = layer.apply(inputs)
        _add_variables(layer, variables_collections)
        return finish.finished(outputs, sc, normalizer_fn, normalizer_params, activation_fn,
                               outputs_collections)


@add_arg_scope
def convolution2d_transpose(
        inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format="NHWC",
        activation_fn=nn_ops.relu, normalizer_fn=None, normalizer_params=None,
        weights_initializer=initializers.xavier_initializer(), weights_regularizer=None,
        biases_initializer=init_ops.zeros_initializer(), biases_regularizer=None, reuse=None,
        variables_collections=None, outputs_collections=None, trainable=True, scope=None):
    """A transposed convolution of images with variables `weights` and `biases`."""
    return _transposed(convolutional.Conv2DTranspose, "Conv2d_transpose", **locals())


@add_arg_scope
def convolution3d_transpose(
        inputs, num_outputs, kernel_size, stride=1, padding="SAME", data_format="NDHWC",
        activation_fn=nn_ops.relu, normalizer_fn=None, normalizer_params=None,
        weights_initializer=initializers.xavier_initializer(), weights_regularizer=None,
        biases_initializer=init_ops.zeros_initializer(), biases_regularizer=None, reuse=None,
        variables_collections=None, outputs_collections=None, trainable=True, scope=None):
    """A transposed convolution of volumes with variables `weights` and `biases`."""
    return _transposed(convolutional.Conv3DTranspose, "Conv3d_transpose", **locals())


@add_arg_scope
def separable_convolution2d(
        inputs, num_outputs, kernel_size, depth_multiplier=1, stride=1, padding="SAME",
        data_format="NHWC", rate=1, activation_fn=nn_ops.relu, normalizer_fn=None,
        normalizer_params=None, weights_initializer=initializers.xavier_initializer(),
        pointwise_initializer=None, weights_regularizer=None,
        biases_initializer=init_ops.zeros_initializer(), biases_regularizer=None, reuse=None,
        variables_collections=None, outputs_collections=None, trainable=True, scope=None):
    """A convolution of each channel, then of all channels pointwise.

    `num_outputs` of None leaves out the second. Variables: `depthwise_weights`,
    `pointwise_weights`, `biases`.
    """
    rename = {"bias": "biases", "depthwise_kernel": "depthwise_weights",
              "pointwise_kernel": "pointwise_weights"}
    channels_format = finish.check_data_format(data_format)
    with finish.opened(scope, "SeparableConv2d", [inputs], reuse, rename) as sc:
        inputs = ops.convert_to_tensor(inputs)
        if num_outputs is None:
            outputs = _depthwise(inputs, kernel_size, depth_multiplier, stride, padding,
                                 data_format, rate, weights_initializer, weights_regularizer,
                                 None if normalizer_fn else biases_initializer,
                                 biases_regularizer, variables_collections, trainable)
        else:
            outputs = _separable(
                inputs, sc, variables_collections, filters=num_outputs, kernel_size=kernel_size,
                strides=stride, padding=padding, dilation_rate=utils.two_element_tuple(rate),
                data_format=channels_format, depth_multiplier=depth_multiplier,
                use_bias=bool(not normalizer_fn and biases_initializer),
                depthwise_initializer=weights_initializer,
                pointwise_initializer=pointwise_initializer or weights_initializer,
                bias_initializer=biases_initializer, depthwise_regularizer=weights_regularizer,
                pointwise_regularizer=weights_regularizer, bias_regularizer=biases_regularizer,
                trainable=trainable, _reuse=reuse)
        return finish.finished(outputs, sc, normalizer_fn, normalizer_params, activation_fn,
                               outputs_collections)


def _separable(inputs, sc, collections, **settings):
    """Both halves: the layer of tf.layers in the scope `sc`."""
    layer = convolutional.SeparableConv2D(activation=None, name=sc.name, _scope=sc,
                                          dtype=inputs.dtype.base_dtype, **settings)
    outputs = layer.apply(inputs)
    finish.add_to_collections(layer.depthwise_kernel, collections, "weights")
    finish.add_to_collections(layer.pointwise_kernel, collections, "weights")
    if layer.use_bias:
        finish.add_to_collections(layer.bias, collections, "biases")
    return outputs


def _depthwise(inputs, kernel_size, depth_multiplier, stride, padding, data_format, rate,
               weights_initializer, weights_regularizer, biases_initializer, biases_regularizer,
               collections, trainable):
    """The first half of a separable convolution alone."""
    channels = finish.channels_of(inputs, data_format)
    height, width = utils.two_element_tuple(kernel_size)
    down, right = utils.two_element_tuple(stride)
    weights = variables.model_variable(
        "depthwise_weights", shape=[height, width, channels, depth_multiplier],
        dtype=inputs.dtype.base_dtype, initializer=weights_initializer,
        regularizer=weights_regularizer, trainable=trainable,
        collections=utils.get_variable_collections(collections, "weights"))
    strides = [1, 1, down, right] if data_format == "NCHW" else [1, down, right, 1]
    outputs = nn_impl.depthwise_conv2d(inputs, weights, strides, padding,
                                       rate=utils.two_element_tuple(rate),
                                       data_format=data_format)
    if biases_initializer is None:
        return outputs
    biases = variables.model_variable(
        "biases", shape=[depth_multiplier * channels], dtype=inputs.dtype.base_dtype,
        initializer=biases_initializer, regularizer=biases_regularizer, trainable=trainable,
        collections=utils.get_variable_collections(collections, "biases"))
    return nn_ops.bias_add(outputs, biases, data_format=data_format)


@add_arg_scope
def convolution2d_in_plane(
        inputs, kernel_size, stride=1, padding="SAME", activation_fn=nn_ops.relu,
        normalizer_fn=None, normalizer_params=None,
        weights_initializer=initializers.xavier_initializer(), weights_regularizer=None,
        biases_initializer=init_ops.zeros_initializer(), biases_regularizer=None, reuse=None,
        variables_collections=None, outputs_collections=None, trainable=True, scope=None):
    """One filter of one channel, applied to each channel on its own."""
    with vs.variable_scope(scope, "ConvInPlane", [inputs], reuse=reuse) as sc:
        dtype, channels = inputs.dtype.base_dtype, finish.channels_of(inputs, "NHWC")
        height, width = utils.two_element_tuple(kernel_size)
        down, right = utils.two_element_tuple(stride)
        weights = variables.model_variable(
            "weights", shape=[height, width, 1, 1], dtype=dtype, initializer=weights_initializer,
            regularizer=weights_regularizer, trainable=trainable,
            collections=utils.get_variable_collections(variables_collections, "weights"))
        outputs = nn_impl.depthwise_conv2d(inputs, array_ops.tile(weights, [1, 1, channels, 1]),
                                           [1, down, right, 1], padding)
        if normalizer_fn is None and biases_initializer is not None:
            biases = variables.model_variable(
                "biases", shape=[channels], dtype=dtype, initializer=biases_initializer,
                regularizer=biases_regularizer, trainable=trainable,
                collections=utils.get_variable_collections(variables_collections, "biases"))
            outputs = nn_ops.bias_add(outputs, biases)
        return finish.finished(outputs, sc, normalizer_fn, normalizer_params, activation_fn,
                               outputs_collections)


conv1d, conv2d, conv3d = convolution1d, convolution2d, convolution3d
conv2d_in_plane = convolution2d_in_plane
conv2d_transpose = convolution2d_transpose
conv3d_transpose = convolution3d_transpose
separable_conv2d = separable_convolution2d
