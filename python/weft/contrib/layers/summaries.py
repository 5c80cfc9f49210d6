"""Summaries of tensors, variables and activations, each of the kind that suits it."""
import functools
import re

from weft.python.framework import dtypes, ops
from weft.python.ops import math_ops
from weft.python.summary import summary

__all__ = ["summarize_activation", "summarize_activations", "summarize_biases",
           "summarize_collection", "summarize_tensor", "summarize_tensors", "summarize_variables",
           "summarize_weights"]


def summarize_tensor(tensor, tag=None):
    """A scalar summary of a scalar, else a histogram; None of strings and bools."""
    if tensor.dtype.base_dtype in (dtypes.string, dtypes.bool):
        return None
    kind = summary.scalar if tensor.get_shape().ndims == 0 else summary.histogram
    return kind(tag or "%s_summary" % tensor.op.name, tensor)


def summarize_activation(op):
    """A histogram of a layer's result; of Relu, Relu6 and Softplus also how much of it is cut
    off."""
    kind, name = op.op.type, op.op.name
    if kind in ("Relu", "Softplus", "Relu6"):
        x = op.op.inputs[0]         # the result would be compared with 0 exactly
        low = math_ops.to_float(math_ops.less(x, math_ops.cast(0.0, x.dtype)))
        summary.scalar("%s/zeros" % name, math_ops.reduce_mean(low))
        if kind == "Relu6":
            high = math_ops.to_float(math_ops.greater(x, math_ops.cast(6.0, x.dtype)))
            summary.scalar("%s/sixes" % name, math_ops.reduce_mean(high))
    return summary.histogram("%s/activation" % name, op)


def summarize_tensors(tensors, summarizer=summarize_tensor):
    """The summaries of several."""
    return [summarizer(tensor) for tensor in tensors]


def summarize_collection(collection, name_filter=None, summarizer=summarize_tensor):
    """The summaries of those of a collection whose names begin as a regular expression says."""
    return summarize_tensors([x for x in ops.get_collection(collection)
                              if name_filter is None or re.match(name_filter, x.op.name)],
                             summarizer)


summarize_variables = functools.partial(summarize_collection, ops.GraphKeys.GLOBAL_VARIABLES)
summarize_weights = functools.partial(summarize_collection, ops.GraphKeys.WEIGHTS)
summarize_biases = functools.partial(summarize_collection, ops.GraphKeys.BIASES)


def summarize_activations(name_filter=None, summarizer=summarize_activation):
    """The summaries of the layers' results that were put into the collection of activations."""
    return summarize_collection(ops.GraphKeys.ACTIVATIONS, name_filter, summarizer)
