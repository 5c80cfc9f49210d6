"""Maximum and average pooling over one, two and three axes, as layers and as functions."""
from weft.python.framework import tensor_shape
from weft.python.layers import base, utils
from weft.python.ops import array_ops, nn_ops

__all__ = ["AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "AvgPool1D", "AvgPool2D",
           "AvgPool3D", "MaxPool1D", "MaxPool2D", "MaxPool3D", "MaxPooling1D", "MaxPooling2D",
           "MaxPooling3D", "average_pooling1d", "average_pooling2d", "average_pooling3d",
           "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
           "max_pooling1d", "max_pooling2d", "max_pooling3d"]


class _Pooling(base.Layer):
    """What the layers share: windows of `pool_size` every `strides` over `_rank` axes."""

    _rank = None
    _max = None

    def __init__(self, pool_size, strides, padding="valid", data_format="channels_last",
                 name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        strides = pool_size if strides is None else strides
        self.pool_size = utils.normalize_tuple(pool_size, self._rank, "pool_size")
        self.strides = utils.normalize_tuple(strides, self._rank, "strides")
        self.padding = utils.normalize_padding(padding)
        self.data_format = utils.normalize_data_format(data_format)
        self.input_spec = base.InputSpec(ndim=self._rank + 2)

    def _windows(self, sizes):
        """Sizes over the pooled axes as sizes over all axes."""
        return (1, 1, *sizes) if self.data_format == "channels_first" else (1, *sizes, 1)

    def call(self, inputs):
        pool = nn_ops.max_pool if self._max else nn_ops.avg_pool
        return pool(inputs, ksize=self._windows(self.pool_size),
                    strides=self._windows(self.strides), padding=self.padding.upper(),
                    data_format=utils.convert_data_format(self.data_format, 4))

    def compute_output_shape(self, input_shape):
        sizes = tensor_shape.TensorShape(input_shape).as_list()
        first = 2 if self.data_format == "channels_first" else 1
        for i in range(self._rank):
            sizes[first + i] = utils.conv_output_length(sizes[first + i], self.pool_size[i],
                                                        self.padding, self.strides[i])
        return tensor_shape.TensorShape(sizes)


class _Pooling1D(_Pooling):
    _rank = 1

    def call(self, inputs):
        axis = 2 if self.data_format == "channels_last" else 3
        pool = nn_ops.max_pool if self._max else nn_ops.avg_pool
        outputs = pool(array_ops.expand_dims(inputs, axis),
                       ksize=self._windows((*self.pool_size, 1)),
                       strides=self._windows((*self.strides, 1)), padding=self.padding.upper(),
                       data_format=utils.convert_data_format(self.data_format, 4))
        return array_ops.squeeze(outputs, [axis])


class _Pooling3D(_Pooling):
    _rank = 3

    def call(self, inputs):
        """Channels are moved to the end for the op, and back."""
        first = self.data_format == "channels_first"
        pool = nn_ops.max_pool3d if self._max else nn_ops.avg_pool3d
        x = array_ops.transpose(inputs, (0, 2, 3, 4, 1)) if first else inputs
        outputs = pool(x, ksize=(1, *self.pool_size, 1), strides=(1, *self.strides, 1),
                       padding=self.padding.upper())
        return array_ops.transpose(outputs, (0, 4, 1, 2, 3)) if first else outputs


class MaxPooling1D(_Pooling1D):
    """The largest of each window of a [batch, steps, channels] input."""
    _max = True


class AveragePooling1D(_Pooling1D):
    """The mean of each window of a [batch, steps, channels] input."""
    _max = False


class MaxPooling2D(_Pooling):
    """The largest of each window of a [batch, height, width, channels] input."""
    _rank, _max = 2, True


class AveragePooling2D(_Pooling):
    """The mean of each window of a [batch, height, width, channels] input."""
    _rank, _max = 2, False


class MaxPooling3D(_Pooling3D):
    """The largest of each window of a [batch, depth, height, width, channels] input."""
    _max = True


class AveragePooling3D(_Pooling3D):
    """The mean of each window of a [batch, depth, height, width, channels] input."""
    _max = False


def max_pooling1d(inputs, pool_size, strides, padding="valid", data_format="channels_last",
                  name=None):
    """`MaxPooling1D` applied to `inputs`."""
    return MaxPooling1D(pool_size, strides, padding, data_format, name).apply(inputs)


def average_pooling1d(inputs, pool_size, strides, padding="valid", data_format="channels_last",
                      name=None):
    """`AveragePooling1D` applied to `inputs`."""
    return AveragePooling1D(pool_size, strides, padding, data_format, name).apply(inputs)


def max_pooling2d(inputs, pool_size, strides, padding="valid", data_format="channels_last",
                  name=None):
    """`MaxPooling2D` applied to `inputs`."""
    return MaxPooling2D(pool_size, strides, padding, data_format, name).apply(inputs)


def average_pooling2d(inputs, pool_size, strides, padding="valid", data_format="channels_last",
                      name=None):
    """`AveragePooling2D` applied to `inputs`."""
    return AveragePooling2D(pool_size, strides, padding, data_format, name).apply(inputs)


def max_pooling3d(inputs, pool_size, strides, padding="valid", data_format="channels_last",
                  name=None):
    """`MaxPooling3D` applied to `inputs`."""
    return MaxPooling3D(pool_size, strides, padding, data_format, name).apply(inputs)


def average_pooling3d(inputs, pool_size, strides, padding="valid", data_format="channels_last",
                      name=None):
    """`AveragePooling3D` applied to `inputs`."""
    return AveragePooling3D(pool_size, strides, padding, data_format, name).apply(inputs)


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
max_pool1d, max_pool2d, max_pool3d = max_pooling1d, max_pooling2d, max_pooling3d
avg_pool1d, avg_pool2d, avg_pool3d = average_pooling1d, average_pooling2d, average_pooling3d
