"""Residual networks of 50 to 200 layers, as first published."""
from weft.contrib import layers
from weft.contrib.framework.arg_scopes import add_arg_scope, arg_scope
from weft.contrib.layers import utils
from weft.contrib.slim.nets import resnet_utils
from weft.contrib.slim.nets.resnet_utils import resnet_arg_scope
from weft.python.ops import math_ops, nn_ops, variable_scope as vs

__all__ = ["bottleneck", "resnet_arg_scope", "resnet_v1", "resnet_v1_101", "resnet_v1_152",
           "resnet_v1_200", "resnet_v1_50", "resnet_v1_block"]


@add_arg_scope
def bottleneck(inputs, depth, depth_bottleneck, stride, rate=1, outputs_collections=None,
               scope=None):
    """A unit: fewer channels, a 3x3 convolution, more channels again, added to the input."""
    with vs.variable_scope(scope, "bottleneck_v1", [inputs]) as sc:
        if depth == utils.last_dimension(inputs.shape, min_rank=4):
            shortcut = resnet_utils.subsample(inputs, stride, "shortcut")
        else:
            shortcut = layers.conv2d(inputs, depth, [1, 1], stride=stride, activation_fn=None,
                                     scope="shortcut")
        residual = layers.conv2d(inputs, depth_bottleneck, [1, 1], stride=1, scope="conv1")
        residual = resnet_utils.conv2d_same(residual, depth_bottleneck, 3, stride, rate=rate,
                                            scope="conv2")
        residual = layers.conv2d(residual, depth, [1, 1], stride=1, activation_fn=None,
                                 scope="conv3")
        return utils.collect_named_outputs(outputs_collections, sc.name,
                                           nn_ops.relu(shortcut + residual))


def resnet_v1(inputs, blocks, num_classes=None, is_training=True, global_pool=True,
              output_stride=None, include_root_block=True, reuse=None, scope=None):
    """(result, end points by name): logits for `num_classes`, else the last block's features."""
    with vs.variable_scope(scope, "resnet_v1", [inputs], reuse=reuse) as sc:
        collection = sc.original_name_scope + "_end_points"
        with arg_scope([layers.conv2d, bottleneck, resnet_utils.stack_blocks_dense],
                       outputs_collections=collection), \
                arg_scope([layers.batch_norm], is_training=is_training):
            net = inputs
            if include_root_block:
                net, output_stride = _root(net, output_stride)
            net = resnet_utils.stack_blocks_dense(net, blocks, output_stride)
            if global_pool:
                net = math_ops.reduce_mean(net, [1, 2], name="pool5", keepdims=True)
            if num_classes is not None:
                net = layers.conv2d(net, num_classes, [1, 1], activation_fn=None,
                                    normalizer_fn=None, scope="logits")
            ends = utils.convert_collection_to_dict(collection)
            if num_classes is not None:
                ends["predictions"] = layers.softmax(net, scope="predictions")
            return net, ends


def _root(net, output_stride):
    """The first convolution and pooling, which make images four times smaller."""
    if output_stride is not None:
        if output_stride % 4:
            raise ValueError("The output_stride needs to be a multiple of 4.")
        output_stride //= 4
    net = resnet_utils.conv2d_same(net, 64, 7, stride=2, scope="conv1")
    return layers.max_pool2d(net, [3, 3], stride=2, scope="pool1"), output_stride


def resnet_v1_block(scope, base_depth, num_units, stride):
    """A block whose last unit has the stride."""
    unit = {"depth": base_depth * 4, "depth_bottleneck": base_depth}
    return resnet_utils.Block(scope, bottleneck, [{**unit, "stride": 1}] * (num_units - 1)
                              + [{**unit, "stride": stride}])


def _network(name, units):
    """The function that makes a network with so many units in its four blocks."""
    def network(inputs, num_classes=None, is_training=True, global_pool=True, output_stride=None,
                reuse=None, scope=name):
        strides = (2, 2, 2, 1)
        blocks = [resnet_v1_block("block%d" % (i + 1), 64 << i, units[i], strides[i])
                  for i in range(4)]
        return resnet_v1(inputs, blocks, num_classes, is_training, global_pool, output_stride,
                         include_root_block=True, reuse=reuse, scope=scope)
    network.__name__ = name
    return network


resnet_v1_50 = _network("resnet_v1_50", (3, 4, 6, 3))
resnet_v1_101 = _network("resnet_v1_101", (3, 4, 23, 3))
resnet_v1_152 = _network("resnet_v1_152", (3, 8, 36, 3))
resnet_v1_200 = _network("resnet_v1_200", (3, 24, 36, 3))
