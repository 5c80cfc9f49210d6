"""Normalization of groups of channels of each example: instance_norm and group_norm."""
from weft.contrib.framework import variables
from weft.contrib.framework.arg_scopes import add_arg_scope
from weft.contrib.layers import finish, utils
from weft.python.framework import ops
from weft.python.ops import array_ops, init_ops, nn_impl, variable_scope as vs

__all__ = ["group_norm", "instance_norm"]


@add_arg_scope
def instance_norm(inputs, center=True, scale=True, epsilon=1e-6, activation_fn=None,
                  param_initializers=None, reuse=None, variables_collections=None,
                  outputs_collections=None, trainable=True, data_format="NHWC", scope=None):
    """Each channel of each example brought to mean 0 and variance 1, then shifted and scaled.

    The variables `beta` and `gamma` have a number for each channel.
    """
    channels_axis = 1 if finish.check_data_format(data_format) == "channels_first" else -1
    with vs.variable_scope(scope, "InstanceNorm", [inputs], reuse=reuse) as sc:
        inputs = ops.convert_to_tensor(inputs)
        rank = _known_rank(inputs)
        axis = channels_axis % rank
        beta, gamma = _parameters(inputs, axis, center, scale, param_initializers or {},
                                  variables_collections, trainable)
        wide = [1] * rank
        wide[axis] = inputs.shape.as_list()[axis]
        mean, variance = nn_impl.moments(inputs, [i for i in range(1, rank) if i != axis],
                                         keep_dims=True)
        outputs = nn_impl.batch_normalization(inputs, mean, variance, _wide(beta, wide),
                                              _wide(gamma, wide), epsilon)
        outputs.set_shape(inputs.shape)
        return finish.finished(outputs, sc, None, None, activation_fn, outputs_collections)


@add_arg_scope
def group_norm(inputs, groups=32, channels_axis=-1, reduction_axes=(-3, -2), center=True,
               scale=True, epsilon=1e-6, activation_fn=None, param_initializers=None, reuse=None,
               variables_collections=None, outputs_collections=None, trainable=True, scope=None):
    """Each of `groups` groups of channels of each example brought to mean 0 and variance 1.

    The mean is taken over `reduction_axes` and the channels of a group. The variables `beta` and
    `gamma` have a number for each channel.
    """
    with vs.variable_scope(scope, "GroupNorm", [inputs], reuse=reuse) as sc:
        inputs = ops.convert_to_tensor(inputs)
        rank = _known_rank(inputs)
        axis = channels_axis % rank
        over = [i % rank for i in reduction_axes]
        if axis in over:
            raise ValueError("reduction_axes must not contain the channels_axis, %d" % axis)
        channels = _channels(inputs, axis)
        if channels % groups:
            raise ValueError("%d channels is not commensurate with %d groups." % (channels, groups))
        beta, gamma = _parameters(inputs, axis, center, scale, param_initializers or {},
                                  variables_collections, trainable)
        outputs = _normalized_by_groups(inputs, beta, gamma, groups, axis, over, epsilon)
        return finish.finished(outputs, sc, None, None, activation_fn, outputs_collections)


def _normalized_by_groups(inputs, beta, gamma, groups, axis, over, epsilon):
    """The channels become two axes: of the groups, and of the channels within a group."""
    sizes = _sizes(inputs)
    two = [groups, sizes[axis] // groups]
    wide = [1] * axis + two + [1] * (len(sizes) - axis - 1)
    split = array_ops.reshape(inputs, sizes[:axis] + two + sizes[axis + 1:])
    axes = sorted([i + (i > axis) for i in over] + [axis + 1])
    mean, variance = nn_impl.moments(split, axes, keep_dims=True)
    outputs = nn_impl.batch_normalization(split, mean, variance, _wide(beta, wide),
                                          _wide(gamma, wide), epsilon)
    outputs = array_ops.reshape(outputs, sizes)
    outputs.set_shape(inputs.shape)
    return outputs


def _sizes(x):
    """The sizes of all axes: numbers where they are known, else scalar tensors."""
    known = x.shape.as_list()
    if None not in known:
        return known
    at_run = array_ops.unstack(array_ops.shape(x))
    return [at_run[i] if size is None else size for i, size in enumerate(known)]


def _known_rank(inputs):
    if inputs.shape.ndims is None:
        raise ValueError("Inputs %s has undefined rank." % inputs.name)
    return inputs.shape.ndims


def _channels(inputs, axis):
    channels = inputs.shape.as_list()[axis]
    if channels is None:
        raise ValueError("Inputs %s has undefined channels dimension %d." % (inputs.name, axis))
    return channels


def _parameters(inputs, axis, center, scale, initializers, collections, trainable):
    """The variables `beta` and `gamma`, None where they are not wanted."""
    def parameter(name, initializer):
        return variables.model_variable(
            name, shape=[_channels(inputs, axis)], dtype=inputs.dtype.base_dtype,
            initializer=initializers.get(name, initializer), trainable=trainable,
            collections=utils.get_variable_collections(collections, name))

    return (parameter("beta", init_ops.zeros_initializer()) if center else None,
            parameter("gamma", init_ops.ones_initializer()) if scale else None)


def _wide(variable, sizes):
    """A variable shaped so that it meets its channels."""
    return None if variable is None else array_ops.reshape(variable, sizes)
