"""Pooling of tf.contrib.layers."""
from weft.contrib.framework.arg_scopes import add_arg_scope
from weft.contrib.layers import finish, utils
from weft.python.framework import ops
from weft.python.layers import pooling
from weft.python.ops import nn_ops

__all__ = ["avg_pool2d", "avg_pool3d", "max_pool2d", "max_pool3d", "pool"]

_VOLUMES = ("NCDHW", "NDHWC")


def _pooled(layer, default_name, inputs, kernel_size, stride, padding, channels,
            outputs_collections, scope):
    with ops.name_scope(scope, default_name, [inputs]) as sc:
        inputs = ops.convert_to_tensor(inputs)
        outputs = layer(pool_size=kernel_size, strides=stride, padding=padding,
                        data_format=channels, _scope=sc).apply(inputs)
        return utils.collect_named_outputs(outputs_collections, sc, outputs)


@add_arg_scope
def max_pool2d(inputs, kernel_size, stride=2, padding="VALID", data_format="NHWC",
               outputs_collections=None, scope=None):
    """The largest of each window of images."""
    return _pooled(pooling.MaxPooling2D, "MaxPool2D", inputs, kernel_size, stride, padding,
                   finish.check_data_format(data_format), outputs_collections, scope)


@add_arg_scope
def avg_pool2d(inputs, kernel_size, stride=2, padding="VALID", data_format="NHWC",
               outputs_collections=None, scope=None):
    """The mean of each window of images."""
    return _pooled(pooling.AveragePooling2D, "AvgPool2D", inputs, kernel_size, stride, padding,
                   finish.check_data_format(data_format), outputs_collections, scope)


@add_arg_scope
def max_pool3d(inputs, kernel_size, stride=2, padding="VALID", data_format="NDHWC",
               outputs_collections=None, scope=None):
    """The largest of each window of volumes."""
    return _pooled(pooling.MaxPooling3D, "MaxPool3D", inputs, kernel_size, stride, padding,
                   finish.check_data_format(data_format, _VOLUMES), outputs_collections, scope)


@add_arg_scope
def avg_pool3d(inputs, kernel_size, stride=2, padding="VALID", data_format="NDHWC",
               outputs_collections=None, scope=None):
    """The mean of each window of volumes."""
    return _pooled(pooling.AveragePooling3D, "AvgPool3D", inputs, kernel_size, stride, padding,
                   finish.check_data_format(data_format, _VOLUMES), outputs_collections, scope)


@add_arg_scope
def pool(inputs, kernel_size, pooling_type, padding="VALID", data_format=None, dilation_rate=1,
         stride=1, outputs_collections=None, scope=None):
    """MAX or AVG pooling over any number of axes."""
    with ops.name_scope(scope, "%s_pool" % pooling_type.lower(), [inputs]) as sc:
        inputs = ops.convert_to_tensor(inputs)
        if inputs.shape.ndims is None:
            raise ValueError("Rank of inputs must be known")
        if inputs.shape.ndims < 3:
            raise ValueError("Rank of inputs must be >= 3")
        n = inputs.shape.ndims - 2
        outputs = nn_ops.pool(
            input=inputs, window_shape=utils.n_positive_integers(n, kernel_size),
            pooling_type=pooling_type, padding=padding, data_format=data_format,
            dilation_rate=utils.n_positive_integers(n, dilation_rate),
            strides=utils.n_positive_integers(n, stride), name=sc)
        return utils.collect_named_outputs(outputs_collections, sc, outputs)
