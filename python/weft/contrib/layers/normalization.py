"""Batch and layer normalization of tf.contrib.layers."""
from weft.contrib.framework import variables
from weft.contrib.framework.arg_scopes import add_arg_scope
from weft.contrib.layers import finish, utils
from weft.python.framework import dtypes, ops
from weft.python.layers import normalization
from weft.python.ops import array_ops, init_ops, nn_impl, variable_scope as vs
from weft.python.training import moving_averages

__all__ = ["batch_norm", "layer_norm"]


class _BatchNorm(normalization.BatchNormalization):
    """Leaves it to the caller what becomes of the updates; may free the mean of its bias to 0."""

    def __init__(self, zero_debias, **kwargs):
        super().__init__(**kwargs)
        self._zero_debias = zero_debias

    def _publish_updates(self):
        pass

    def _assign_moving_average(self, variable, value, momentum):
        if self._zero_debias and variable is self.moving_mean:
            return moving_averages.assign_moving_average(variable, value, momentum,
                                                         zero_debias=True)
        return super()._assign_moving_average(variable, value, momentum)


def _layer(sc, inputs, axis, decay, epsilon, center, scale, initializers, regularizers, trainable,
           fused, zero_debias, reuse):
    return _BatchNorm(
        zero_debias, axis=axis, momentum=decay, epsilon=epsilon, center=center, scale=scale,
        beta_initializer=initializers.get("beta", init_ops.zeros_initializer()),
        gamma_initializer=initializers.get("gamma", init_ops.ones_initializer()),
        moving_mean_initializer=initializers.get("moving_mean", init_ops.zeros_initializer()),
        moving_variance_initializer=initializers.get("moving_variance",
                                                     init_ops.ones_initializer()),
        beta_regularizer=regularizers.get("beta"), gamma_regularizer=regularizers.get("gamma"),
        trainable=trainable, fused=fused, name=sc.name, dtype=inputs.dtype.base_dtype, _scope=sc,
        _reuse=reuse)


@add_arg_scope
def batch_norm(inputs, decay=0.999, center=True, scale=False, epsilon=0.001, activation_fn=None,
               param_initializers=None, param_regularizers=None,
               updates_collections=ops.GraphKeys.UPDATE_OPS, is_training=True, reuse=None,
               variables_collections=None, outputs_collections=None, trainable=True, fused=None,
               data_format="NHWC", zero_debias_moving_mean=False, scope=None):
    """Batch normalization with variables `beta`, `gamma`, `moving_mean`, `moving_variance`.

    What moves the averages is put into `updates_collections`, to be run beside the training step;
    None makes the result wait for it. `is_training` is a bool or a boolean tensor.
    """
    finish.check_data_format(data_format)
    with finish.opened(scope, "BatchNorm", [inputs], reuse) as sc:
        inputs = ops.convert_to_tensor(inputs)
        rank = inputs.shape.ndims
        if rank is None:
            raise ValueError("Inputs %s has undefined rank" % inputs.name)
        fused = fused is None or fused
        as_image = fused and rank == 2
        layer = _layer(sc, inputs, 1 if data_format == "NCHW" and not as_image else -1, decay,
                       epsilon, center, scale, param_initializers or {}, param_regularizers or {},
                       trainable, fused, zero_debias_moving_mean, reuse)
        outputs = layer.apply(_as_image(inputs) if as_image else inputs, training=is_training)
        if as_image:
            outputs = array_ops.reshape(outputs, array_ops.shape(inputs))
            outputs.set_shape(inputs.shape)
        outputs = _with_updates(outputs, layer.updates, updates_collections)
        for name in ("moving_mean", "moving_variance", "beta", "gamma"):
            if getattr(layer, name) is not None:
                finish.add_to_collections(getattr(layer, name), variables_collections, name)
        return finish.finished(outputs, sc, None, None, activation_fn, outputs_collections)


def _as_image(rows):
    """[batch, channels] as images of one pixel, which the fused op takes."""
    return array_ops.reshape(rows, [-1, 1, 1, utils.last_dimension(rows.shape)])


def _with_updates(outputs, updates, collections):
    """The updates into collections; or, without any, before the outputs."""
    if collections is not None:
        for update in updates:
            ops.add_to_collections(collections, update)
    elif updates:
        with ops.control_dependencies(updates):
            outputs = array_ops.identity(outputs)
    return outputs


@add_arg_scope
def layer_norm(inputs, center=True, scale=True, activation_fn=None, reuse=None,
               variables_collections=None, outputs_collections=None, trainable=True,
               begin_norm_axis=1, begin_params_axis=-1, scope=None):
    """Each example brought to mean 0 and variance 1 over the axes from `begin_norm_axis` on.

    The variables `gamma` and `beta` have the shape of the axes from `begin_params_axis` on.
    """
    with vs.variable_scope(scope, "LayerNorm", [inputs], reuse=reuse) as sc:
        inputs = ops.convert_to_tensor(inputs)
        rank, dtype = inputs.shape.ndims, inputs.dtype.base_dtype
        begin_norm_axis, shape = _params(inputs, begin_norm_axis, begin_params_axis)

        def parameter(name, initializer):
            return variables.model_variable(
                name, shape=shape, dtype=dtype, initializer=initializer, trainable=trainable,
                collections=utils.get_variable_collections(variables_collections, name))

        beta = parameter("beta", init_ops.zeros_initializer()) if center else None
        gamma = parameter("gamma", init_ops.ones_initializer()) if scale else None
        mean, variance = nn_impl.moments(inputs, list(range(begin_norm_axis, rank)),
                                         keep_dims=True)
        outputs = nn_impl.batch_normalization(
            inputs, mean, variance, offset=beta, scale=gamma,
            variance_epsilon=1e-3 if dtype == dtypes.float16 else 1e-12)
        outputs.set_shape(inputs.shape)
        return finish.finished(outputs, sc, None, None, activation_fn, outputs_collections)


def _params(inputs, begin_norm_axis, begin_params_axis):
    """The first normalized axis counted from 0, and the shape of the variables."""
    rank = inputs.shape.ndims
    if rank is None:
        raise ValueError("Inputs %s has undefined rank." % inputs.name)
    if begin_norm_axis < 0:
        begin_norm_axis += rank
    if begin_params_axis >= rank or begin_norm_axis >= rank:
        raise ValueError("begin_params_axis (%d) and begin_norm_axis (%d) must be < rank(inputs) "
                         "(%d)" % (begin_params_axis, begin_norm_axis, rank))
    shape = inputs.shape[begin_params_axis:]
    if not shape.is_fully_defined():
        raise ValueError("Inputs %s: shape(inputs)[%s:] is not fully defined: %s"
                         % (inputs.name, begin_params_axis, inputs.shape))
    return begin_norm_axis, shape
