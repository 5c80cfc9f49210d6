"""Graphs made smaller and quicker for those who only run them."""
import numpy as np

from weft.python.framework import graph_util_impl, messages, tensor_util
from weft.python.tools import strip_unused_lib


def optimize_for_inference(input_graph_def, input_node_names, output_node_names,
                           placeholder_type_enum, toco_compatible=False):
    """What is needed between inputs and outputs, without nodes for training, with the scale of
    batch normalizations in the weights of the convolutions before them. `toco_compatible` is of
    no effect."""
    ensure_graph_is_valid(input_graph_def)
    graph_def = strip_unused_lib.strip_unused(input_graph_def, input_node_names,
                                              output_node_names, placeholder_type_enum)
    graph_def = graph_util_impl.remove_training_nodes(graph_def, output_node_names)
    graph_def = fold_batch_norms(graph_def)
    ensure_graph_is_valid(graph_def)
    return graph_def


def ensure_graph_is_valid(graph_def):
    """ValueError unless every name is there once and every input is there."""
    names = set()
    for node in graph_def.node:
        if node.name in names:
            raise ValueError("Duplicate node names detected for %s" % node.name)
        names.add(node.name)
    for node in graph_def.node:
        for name in node.input:
            if _node_name(name) not in names:
                raise ValueError("Input for %s not found: %s" % (node.name, name))


def _node_name(name):
    return name.lstrip("^").partition(":")[0]


# ---- batch normalization ----

# Where the inputs of each op stand: data, mean, variance, offset, scale.
_ORDER = {"BatchNormWithGlobalNormalization": (0, 1, 2, 3, 4), "FusedBatchNorm": (0, 3, 4, 2, 1),
          "FusedBatchNormV2": (0, 3, 4, 2, 1), "FusedBatchNormV3": (0, 3, 4, 2, 1)}
_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")


def fold_batch_norms(input_graph_def):
    """A GraphDef where batch normalization by constants, of what a convolution with constant
    weights gives to nobody else, is part of those weights and of a bias."""
    nodes = {node.name: node for node in input_graph_def.node}
    readers = {}
    for node in input_graph_def.node:
        for name in node.input:
            readers[_node_name(name)] = readers.get(_node_name(name), 0) + 1
    instead = {}                        # name: the nodes that come in its place
    for node in input_graph_def.node:
        found = _foldable(node, nodes, readers)
        if found:
            instead.update(_folded(node, *found))
    nodes = [new for node in input_graph_def.node for new in instead.get(node.name, [node])]
    return graph_util_impl.with_nodes(input_graph_def, nodes)


def _foldable(node, nodes, readers):
    """(convolution, weights, [mean, variance, offset, scale]) of a normalization, or None."""
    if node.op not in _ORDER or node.attr["is_training"].b:
        return None
    data, *others = (nodes[_node_name(node.input[i])] for i in _ORDER[node.op])
    if data.op not in _CONVOLUTIONS or readers[data.name] != 1:
        return None
    weights = nodes[_node_name(data.input[1])]
    if any(n.op != "Const" for n in [weights, *others]) or readers[weights.name] != 1:
        return None
    return data, weights, [tensor_util.MakeNdarray(n.attr["value"].tensor) for n in others]


def _folded(node, convolution, weights, constants):
    mean, variance, offset, scale = constants
    epsilon = node.attr["variance_epsilon" if "variance_epsilon" in node.attr else "epsilon"].f
    factor = 1 / np.sqrt(variance + epsilon)
    if node.op != "BatchNormWithGlobalNormalization" or node.attr["scale_after_normalization"].b:
        factor = factor * scale
    old = tensor_util.MakeNdarray(weights.attr["value"].tensor)
    if convolution.op == "Conv2D":
        new = old * factor
    else:                               # channel and multiplier are the last two dimensions
        new = old * factor.reshape(old.shape[2:])
    bias = messages.NodeDef(name=convolution.name + "_bn_offset", op="Const")
    _set(bias, (offset - mean * factor).astype(old.dtype), weights.attr["dtype"].type)
    scaled = messages.NodeDef()
    scaled.CopyFrom(weights)
    _set(scaled, new.astype(old.dtype), weights.attr["dtype"].type)
    return {weights.name: [scaled], node.name: [bias, _biased(node, convolution, bias)]}


def _set(node, array, type_enum):
    node.attr["dtype"].type = type_enum
    node.attr["value"].tensor.CopyFrom(tensor_util.make_tensor_proto(array))


def _biased(node, convolution, bias):
    out = messages.NodeDef(name=node.name, op="BiasAdd", device=node.device,
                           input=[convolution.name, bias.name])
    for name in ("T", "data_format"):
        if name in convolution.attr:
            out.attr[name].CopyFrom(convolution.attr[name])
    return out
