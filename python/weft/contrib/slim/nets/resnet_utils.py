"""What residual networks are made of: units in blocks, convolutions with padding of their own."""
import collections

from weft.contrib import layers
from weft.contrib.framework.arg_scopes import add_arg_scope, arg_scope
from weft.contrib.layers import utils
from weft.python.ops import array_ops, nn_ops, variable_scope as vs

__all__ = ["Block", "conv2d_same", "resnet_arg_scope", "stack_blocks_dense", "subsample"]

# A block: its scope, the function of a unit, and for each unit the arguments of that.
Block = collections.namedtuple("Block", ["scope", "unit_fn", "args"])


def subsample(inputs, factor, scope=None):
    """Every `factor`-th pixel."""
    return inputs if factor == 1 else layers.max_pool2d(inputs, [1, 1], stride=factor, scope=scope)


def conv2d_same(inputs, num_outputs, kernel_size, stride, rate=1, scope=None):
    """A strided convolution padded alike for images of all sizes, as if subsampled afterwards."""
    if stride == 1:
        return layers.conv2d(inputs, num_outputs, kernel_size, stride=1, rate=rate,
                             padding="SAME", scope=scope)
    total = (kernel_size - 1) * rate
    around = [total // 2, total - total // 2]
    padded = array_ops.pad(inputs, [[0, 0], around, around, [0, 0]])
    return layers.conv2d(padded, num_outputs, kernel_size, stride=stride, rate=rate,
                         padding="VALID", scope=scope)


@add_arg_scope
def stack_blocks_dense(net, blocks, output_stride=None, outputs_collections=None):
    """Block after block; once images are `output_stride` times smaller, strides become dilation."""
    stride, rate = 1, 1
    for block in blocks:
        with vs.variable_scope(block.scope, "block", [net]) as sc:
            for i, unit in enumerate(block.args):
                _check_stride(stride, output_stride)
                own = unit.get("stride", 1)
                with vs.variable_scope("unit_%d" % (i + 1), values=[net]):
                    if stride == output_stride:
                        net = block.unit_fn(net, rate=rate, **{**unit, "stride": 1})
                        rate *= own
                    else:
                        net = block.unit_fn(net, rate=1, **unit)
                        stride *= own
            net = utils.collect_named_outputs(outputs_collections, sc.name, net)
    if output_stride is not None and stride != output_stride:
        raise ValueError("The target output_stride cannot be reached.")
    return net


def _check_stride(stride, wanted):
    if wanted is not None and stride > wanted:
        raise ValueError("The target output_stride cannot be reached.")


def resnet_arg_scope(weight_decay=0.0001, batch_norm_decay=0.997, batch_norm_epsilon=1e-5,
                     batch_norm_scale=True):
    """The defaults of residual networks, for arg_scope."""
    with arg_scope([layers.conv2d], weights_regularizer=layers.l2_regularizer(weight_decay),
                   weights_initializer=layers.variance_scaling_initializer(),
                   activation_fn=nn_ops.relu, normalizer_fn=layers.batch_norm):
        with arg_scope([layers.batch_norm], decay=batch_norm_decay, epsilon=batch_norm_epsilon,
                       scale=batch_norm_scale):
            with arg_scope([layers.max_pool2d], padding="SAME") as scope:
                return scope
