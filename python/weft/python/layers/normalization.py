"""Batch normalization, as a layer and as a function."""
from weft.python.framework import constant_op, dtypes, ops, tensor_shape
from weft.python.keras import constraints, initializers, regularizers
from weft.python.layers import base, utils
from weft.python.ops import array_ops, math_ops, nn_impl, state_ops
from weft.python.ops.variables import VariableAggregation, VariableSynchronization

__all__ = ["BatchNorm", "BatchNormalization", "batch_norm", "batch_normalization"]


class BatchNormalization(base.Layer):
    """Shifts and scales the inputs so that each channel has mean `beta` and deviation `gamma`.

    In training the batch says what the mean and variance are, and moving averages remember it:
    the operations that move them are in UPDATE_OPS and have to be run beside the training step.
    Otherwise the moving averages are used. `axis` is that of the channels, or several axes.
    `fused` (the default for [batch, height, width, channels]) does it all in one op.
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True,
                 beta_initializer="zeros", gamma_initializer="ones",
                 moving_mean_initializer="zeros", moving_variance_initializer="ones",
                 beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                 gamma_constraint=None, fused=None, trainable=True, name=None, **kwargs):
        super().__init__(trainable=trainable, name=name, **kwargs)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.momentum, self.epsilon = momentum, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.fused = True if fused is None else fused
        self.supports_masking = True

    # Variables.

    def _resolve_axes(self, rank):
        """`axis` as a list of numbers from 0."""
        if isinstance(self.axis, int):
            self.axis = [self.axis]
        if not isinstance(self.axis, list):
            raise TypeError("axis must be int or list, type given: %s" % type(self.axis))
        self.axis = [rank + x if x < 0 else x for x in self.axis]
        for x in self.axis:
            if x < 0 or x >= rank:
                raise ValueError("Invalid axis: %d" % x)
        if len(self.axis) != len(set(self.axis)):
            raise ValueError("Duplicate axis: %s" % self.axis)

    def _resolve_fused(self, rank):
        self.fused = bool(self.fused) and rank == 4 and self.axis in ([1], [3])
        self._data_format = "NCHW" if self.axis == [1] else "NHWC"

    def _param_shape(self, shape):
        """The shape of the variables: one axis, or all axes with 1 where there is no channel."""
        sizes = {axis: shape.as_list()[axis] for axis in self.axis}
        if any(size is None for size in sizes.values()):
            raise ValueError("Input has undefined `axis` dimension. Input shape: ", shape)
        self.input_spec = base.InputSpec(ndim=shape.ndims, axes=sizes)
        if len(sizes) == 1:
            return (sizes[self.axis[0]],)
        return [sizes.get(i, 1) for i in range(shape.ndims)]

    def _param_dtype(self):
        """Half floats are normalized by variables in single."""
        small = self.dtype in (None, "float16", "bfloat16")
        return dtypes.float32 if small else dtypes.as_dtype(self.dtype)

    def _add_moving(self, name, shape, initializer):
        return self.add_weight(
            name, shape=shape, dtype=self._param_dtype(), initializer=initializer,
            synchronization=VariableSynchronization.ON_READ, trainable=False,
            aggregation=VariableAggregation.MEAN)

    def _add_gamma(self, shape):
        self.gamma = self.add_weight(
            "gamma", shape=shape, dtype=self._param_dtype(), initializer=self.gamma_initializer,
            regularizer=self.gamma_regularizer, constraint=self.gamma_constraint,
            trainable=True) if self.scale else None
        if self.fused and not self.scale:
            self._no_scale = constant_op.constant(1.0, self._param_dtype(), shape)

    def _add_beta(self, shape):
        self.beta = self.add_weight(
            "beta", shape=shape, dtype=self._param_dtype(), initializer=self.beta_initializer,
            regularizer=self.beta_regularizer, constraint=self.beta_constraint,
            trainable=True) if self.center else None
        if self.fused and not self.center:
            self._no_shift = constant_op.constant(0.0, self._param_dtype(), shape)

    def build(self, input_shape):
        shape = tensor_shape.TensorShape(input_shape)
        if shape.ndims is None:
            raise ValueError("Input has undefined rank:", input_shape)
        self._resolve_axes(shape.ndims)
        self._resolve_fused(shape.ndims)
        sizes = self._param_shape(shape)
        self._add_gamma(sizes)
        self._add_beta(sizes)
        partitioner = self._scope.partitioner
        self._scope.set_partitioner(None)       # moving averages are kept whole
        try:
            self.moving_mean = self._add_moving("moving_mean", sizes, self.moving_mean_initializer)
            self.moving_variance = self._add_moving("moving_variance", sizes,
                                                    self.moving_variance_initializer)
        finally:
            self._scope.set_partitioner(partitioner)
        self.built = True

    # Moving averages.

    def _assign_moving_average(self, variable, value, momentum):
        with ops.name_scope("AssignMovingAvg") as scope, ops.colocate_with(variable):
            decay = ops.convert_to_tensor(1.0 - momentum, name="decay")
            decay = math_ops.cast(decay, variable.dtype.base_dtype)
            delta = (variable - math_ops.cast(value, variable.dtype.base_dtype)) * decay
            return state_ops.assign_sub(variable, delta, name=scope)

    def _update_averages(self, mean, variance, momentum):
        for variable, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            self.add_update(self._assign_moving_average(variable, value, momentum), inputs=True)

    # The op that does all at once.

    def _call_fused(self, inputs, training):
        gamma = self.gamma if self.scale else self._no_scale
        beta = self.beta if self.center else self._no_shift

        def by_batch():
            return nn_impl.fused_batch_norm(inputs, gamma, beta, epsilon=self.epsilon,
                                            data_format=self._data_format)

        def by_averages():
            return nn_impl.fused_batch_norm(
                inputs, gamma, beta, mean=self.moving_mean, variance=self.moving_variance,
                epsilon=self.epsilon, is_training=False, data_format=self._data_format)

        output, mean, variance = utils.smart_cond(training, by_batch, by_averages)
        if utils.constant_value(training) is not False:
            self._update_averages(mean, variance, self._momentum_tensor(training))
        return output

    def _momentum_tensor(self, training):
        """The momentum; 1 when a tensor says that this is no training, so that nothing moves."""
        if utils.constant_value(training):
            return ops.convert_to_tensor(self.momentum)
        return utils.smart_cond(training, lambda: ops.convert_to_tensor(self.momentum),
                                lambda: ops.convert_to_tensor(1.0))

    # The same of many ops.

    def _broadcast(self, v, rank):
        """A variable shaped so that it meets its axis in the inputs."""
        if v is None or self.axis == [rank - 1] or len(self.axis) > 1:
            return v
        sizes = [1] * rank
        sizes[self.axis[0]] = v.shape.as_list()[0]
        return array_ops.reshape(v, sizes)

    def _batch_moments(self, inputs, training):
        """Mean and variance of the batch, or the moving ones when a tensor says so at run time."""
        axes = [i for i in range(inputs.shape.ndims) if i not in self.axis]
        mean, variance = nn_impl.moments(inputs, axes, keep_dims=len(self.axis) > 1)
        mean = utils.smart_cond(training, lambda: mean,
                                lambda: ops.convert_to_tensor(self.moving_mean))
        variance = utils.smart_cond(training, lambda: variance,
                                    lambda: ops.convert_to_tensor(self.moving_variance))
        known = utils.constant_value(training)
        self._update_averages(mean, variance,
                              self.momentum if known else self._momentum_tensor(training))
        return mean, variance

    def _call_composed(self, inputs, training):
        rank = inputs.shape.ndims
        scale, offset = self._broadcast(self.gamma, rank), self._broadcast(self.beta, rank)
        if utils.constant_value(training) is False:
            mean, variance = self.moving_mean, self.moving_variance
        else:
            mean, variance = self._batch_moments(inputs, training)
        mean, variance, offset, scale = (
            None if x is None else _cast(x, inputs.dtype.base_dtype)
            for x in (mean, variance, offset, scale))
        outputs = nn_impl.batch_normalization(
            inputs, self._broadcast(mean, rank), self._broadcast(variance, rank), offset, scale,
            self.epsilon)
        outputs.set_shape(inputs.shape)
        return outputs

    def call(self, inputs, training=False):
        return (self._call_fused if self.fused else self._call_composed)(inputs, training)

    def compute_output_shape(self, input_shape):
        return input_shape


def _cast(x, dtype):
    """`x` in `dtype`; a variable that has it stays a variable."""
    return x if x.dtype.base_dtype == dtype else math_ops.cast(x, dtype)


def batch_normalization(inputs, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True,
                        beta_initializer="zeros", gamma_initializer="ones",
                        moving_mean_initializer="zeros", moving_variance_initializer="ones",
                        beta_regularizer=None, gamma_regularizer=None, beta_constraint=None,
                        gamma_constraint=None, training=False, trainable=True, name=None,
                        reuse=None, fused=None):
    """`BatchNormalization` applied to `inputs`; `training` is a bool or a boolean tensor."""
    layer = BatchNormalization(
        axis=axis, momentum=momentum, epsilon=epsilon, center=center, scale=scale,
        beta_initializer=beta_initializer, gamma_initializer=gamma_initializer,
        moving_mean_initializer=moving_mean_initializer,
        moving_variance_initializer=moving_variance_initializer,
        beta_regularizer=beta_regularizer, gamma_regularizer=gamma_regularizer,
        beta_constraint=beta_constraint, gamma_constraint=gamma_constraint, trainable=trainable,
        name=name, fused=fused, _scope=name, _reuse=reuse)
    return layer.apply(inputs, training=training)


BatchNorm = BatchNormalization
batch_norm = batch_normalization
