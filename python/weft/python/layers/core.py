"""Dense, Dropout and Flatten, as layers and as functions."""
from weft.python.framework import dtypes, ops, tensor_shape
from weft.python.keras import constraints, initializers, regularizers
from weft.python.layers import base, utils
from weft.python.ops import array_ops, math_ops, nn_ops

__all__ = ["Dense", "Dropout", "Flatten", "FullyConnected", "dense", "dropout", "flatten",
           "fully_connected"]


class Dense(base.Layer):
    """`activation(inputs @ kernel + bias)` over the last axis, with `units` outputs."""

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer=None,
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
                 activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
                 trainable=True, name=None, **kwargs):
        super().__init__(trainable=trainable, name=name,
                         activity_regularizer=activity_regularizer, **kwargs)
        self.units = int(units)
        self.activation = base.activation_of(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.supports_masking = True
        self.input_spec = base.InputSpec(min_ndim=2)

    def build(self, input_shape):
        dtype = dtypes.as_dtype(self.dtype or "float32")
        if not (dtype.is_floating or dtype.is_complex):
            raise TypeError("Unable to build `Dense` layer with non-floating point dtype %s"
                            % (dtype,))
        depth = tensor_shape.TensorShape(input_shape).as_list()[-1]
        if depth is None:
            raise ValueError("The last dimension of the inputs to `Dense` should be defined. "
                             "Found `None`.")
        self.input_spec = base.InputSpec(min_ndim=2, axes={-1: depth})
        self.kernel = self.add_weight(
            "kernel", shape=[depth, self.units], initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint)
        self.bias = self.add_weight(
            "bias", shape=[self.units], initializer=self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint) if self.use_bias else None
        self.built = True

    def call(self, inputs):
        inputs = ops.convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank > 2:
            outputs = math_ops.tensordot(inputs, self.kernel, [[rank - 1], [0]])
            outputs.set_shape(inputs.shape.as_list()[:-1] + [self.units])
        else:
            outputs = math_ops.matmul(inputs, self.kernel, name="MatMul")
        if self.use_bias:
            outputs = nn_ops.bias_add(outputs, self.bias)
        return base.finish(outputs, self.activation)

    def compute_output_shape(self, input_shape):
        shape = tensor_shape.TensorShape(input_shape).with_rank_at_least(2)
        if shape.as_list()[-1] is None:
            raise ValueError("The innermost dimension of input_shape must be defined, but saw: %s"
                             % input_shape)
        return shape[:-1].concatenate(self.units)


def dense(inputs, units, activation=None, use_bias=True, kernel_initializer=None,
          bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None,
          activity_regularizer=None, kernel_constraint=None, bias_constraint=None,
          trainable=True, name=None, reuse=None):
    """A `Dense` layer applied to `inputs`; `name` with `reuse` shares the variables."""
    return base.call_layer(Dense, locals())


class Dropout(base.Layer):
    """In training, sets a fraction `rate` of the inputs to 0 and scales the others up.

    `noise_shape` has 1 (or None: as the input) for the axes along which elements fall together.
    """

    def __init__(self, rate=0.5, noise_shape=None, seed=None, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self.supports_masking = True

    def _get_noise_shape(self, inputs):
        """`noise_shape` with the input's sizes in place of None."""
        if self.noise_shape is None or isinstance(self.noise_shape, ops.Tensor):
            return self.noise_shape
        if all(size is not None for size in self.noise_shape):
            return self.noise_shape
        sizes = array_ops.shape(inputs)
        return ops.convert_to_tensor(
            [sizes[i] if size is None else size for i, size in enumerate(self.noise_shape)])

    def call(self, inputs, training=False):
        def dropped():
            return nn_ops.dropout(inputs, noise_shape=self._get_noise_shape(inputs),
                                  seed=self.seed, rate=self.rate)

        return utils.smart_cond(training, dropped, lambda: array_ops.identity(inputs))

    def compute_output_shape(self, input_shape):
        return input_shape


def dropout(inputs, rate=0.5, noise_shape=None, seed=None, training=False, name=None):
    """A `Dropout` layer applied to `inputs`; does nothing unless `training` (bool or tensor)."""
    layer = Dropout(rate, noise_shape=noise_shape, seed=seed, name=name)
    return layer.apply(inputs, training=training)


class Flatten(base.Layer):
    """All axes but the first made one; channels come last whatever `data_format` says."""

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = utils.normalize_data_format(data_format)
        self.input_spec = base.InputSpec(min_ndim=1)

    def call(self, inputs):
        rank = inputs.shape.ndims
        if self.data_format == "channels_first" and rank is not None and rank > 1:
            inputs = array_ops.transpose(inputs, perm=[0, *range(2, rank), 1])
        batch = inputs.shape.as_list()[0] or array_ops.shape(inputs)[0]
        outputs = array_ops.reshape(inputs, (batch, -1))
        outputs.set_shape(self.compute_output_shape(inputs.shape))
        return outputs

    def compute_output_shape(self, input_shape):
        sizes = tensor_shape.TensorShape(input_shape).as_list()
        flat = 1
        for size in sizes[1:]:
            flat = None if size is None or flat is None else flat * size
        return tensor_shape.TensorShape([sizes[0], flat])


def flatten(inputs, name=None, data_format="channels_last"):
    """`inputs` with all axes but the first made one."""
    return Flatten(name=name, data_format=data_format).apply(inputs)


FullyConnected = Dense
fully_connected = dense
