"""Attention: how much of each step of a memory a query sees."""
import math

import numpy as np

from weft.python.framework import dtypes, ops
from weft.python.layers import base, core
from weft.python.ops import (
    array_ops, check_ops, init_ops, math_ops, nn_ops, variable_scope as vs)
from weft.python.ops.rnn_cell_base import zero_state_tensors
from weft.python.util import nest

__all__ = ["AttentionMechanism", "BahdanauAttention", "LuongAttention", "bahdanau_score",
           "luong_score", "size_of_axis"]


class AttentionMechanism:
    """What AttentionWrapper takes: `alignments, next_state = mechanism(query, state)`."""

    @property
    def alignments_size(self):
        """How many steps the memory has."""
        raise NotImplementedError

    @property
    def state_size(self):
        """The size of the mechanism's own state."""
        raise NotImplementedError


def size_of_axis(x, axis):
    """A size as a number where it is known, else as a tensor."""
    known = x.get_shape().as_list()[axis]
    return array_ops.shape(x)[axis] if known is None else known


# ---- memories of several lengths ----

def _prepare_memory(memory, lengths, check_inner_dims_defined):
    """The memory with zeros past the lengths."""
    memory = nest.map_structure(lambda m: ops.convert_to_tensor(m, name="memory"), memory)
    first = nest.flatten(memory)[0]
    if check_inner_dims_defined:
        for m in nest.flatten(memory):
            if not m.get_shape()[2:].is_fully_defined():
                raise ValueError("Expected memory %s to have fully defined inner dims, but saw "
                                 "shape: %s" % (m.name, m.get_shape()))
    if lengths is None:
        return memory
    mask = array_ops.sequence_mask(lengths, maxlen=array_ops.shape(first)[1], dtype=first.dtype)
    batch_size = size_of_axis(lengths, 0)

    def masked(m):
        rank = m.get_shape().ndims
        ones = array_ops.ones((array_ops.rank(m) if rank is None else rank) - 2,
                              dtype=dtypes.int32)
        fits = check_ops.assert_equal(
            batch_size, size_of_axis(m, 0),
            message="memory_sequence_length and memory tensor batch sizes do not match.")
        with ops.control_dependencies([fits]):
            return m * array_ops.reshape(mask, array_ops.concat((array_ops.shape(mask), ones), 0))

    return nest.map_structure(masked, memory)


def _masked_score(score, lengths, value):
    """The scores with `value` past the lengths."""
    if lengths is None:
        return score
    positive = check_ops.assert_positive(
        lengths, message="All values in memory_sequence_length must greater than zero.")
    with ops.control_dependencies([positive]):
        mask = array_ops.sequence_mask(lengths, maxlen=array_ops.shape(score)[1])
        return array_ops.where(mask, score, value * array_ops.ones_like(score))


class BaseAttentionMechanism(AttentionMechanism):
    """A memory [batch, time, ...], its keys (what `memory_layer` makes of it), and a function from
    scores to alignments: `probability_fn(score, last state)`."""

    def __init__(self, query_layer, memory, probability_fn, memory_sequence_length=None,
                 memory_layer=None, check_inner_dims_defined=True, score_mask_value=None,
                 name=None):
        for layer, what in ((query_layer, "query_layer"), (memory_layer, "memory_layer")):
            if layer is not None and not isinstance(layer, base.Layer):
                raise TypeError("%s is not a Layer: %s" % (what, type(layer).__name__))
        if not callable(probability_fn):
            raise TypeError("probability_fn must be callable, saw type: %s"
                            % type(probability_fn).__name__)
        self._query_layer = query_layer
        self._memory_layer = memory_layer
        self.dtype = memory_layer.dtype
        if score_mask_value is None:
            score_mask_value = dtypes.as_dtype(self.dtype).as_numpy_dtype(-np.inf)
        with ops.name_scope(name, "BaseAttentionMechanismInit", nest.flatten(memory)):
            if memory_sequence_length is not None:
                memory_sequence_length = ops.convert_to_tensor(memory_sequence_length,
                                                               name="memory_sequence_length")
            self._values = _prepare_memory(memory, memory_sequence_length,
                                           check_inner_dims_defined)
            self._keys = memory_layer(self._values) if memory_layer else self._values
            self._batch_size = size_of_axis(self._keys, 0)
            self._alignments_size = size_of_axis(self._keys, 1)
        self._probability_fn = lambda score, last: probability_fn(
            _masked_score(score, memory_sequence_length, score_mask_value), last)

    memory_layer = property(lambda self: self._memory_layer, doc="What makes keys, or None.")
    query_layer = property(lambda self: self._query_layer, doc="What changes queries, or None.")
    values = property(lambda self: self._values, doc="The memory.")
    keys = property(lambda self: self._keys, doc="What queries are compared with.")
    batch_size = property(lambda self: self._batch_size, doc="How many sequences there are.")

    @property
    def alignments_size(self):
        return self._alignments_size

    @property
    def state_size(self):
        return self._alignments_size

    def initial_alignments(self, batch_size, dtype):
        """The alignments before the first step: zeros."""
        return zero_state_tensors(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size, dtype):
        """The state before the first step: the alignments."""
        return self.initial_alignments(batch_size, dtype)


def dense(num_units, name, dtype):
    """A product without biases."""
    return core.Dense(num_units, name=name, use_bias=False, dtype=dtype)


def of_score(probability_fn):
    """A function of the score alone, softmax for None, as one of score and state."""
    probability_fn = nn_ops.softmax if probability_fn is None else probability_fn
    return lambda score, _: probability_fn(score)


# ---- the two kinds of scores ----

def luong_score(query, keys, scale):
    """The product of query and keys, times `scale` unless that is None."""
    depth, units = query.get_shape()[-1], keys.get_shape()[-1]
    if not (depth == units):
        raise ValueError(
            "Incompatible or unknown inner dimensions between query and keys.  Query (%s) has "
            "units: %s.  Keys (%s) have units: %s.  Perhaps you need to set num_units to the keys' "
            "dimension (%s)?" % (query, depth, keys, units, units))
    score = math_ops.matmul(array_ops.expand_dims(query, 1), keys, transpose_b=True)
    score = array_ops.squeeze(score, [1])
    return score if scale is None else scale * score


def scale_of(mechanism, query):
    """The variable `attention_g`, for a mechanism that scales."""
    if not mechanism._scale:
        return None
    return vs.get_variable("attention_g", dtype=query.dtype, shape=(),
                           initializer=init_ops.ones_initializer)


class LuongAttention(BaseAttentionMechanism):
    """Scores that are products; with `scale` times a variable."""

    def __init__(self, num_units, memory, memory_sequence_length=None, scale=False,
                 probability_fn=None, score_mask_value=None, dtype=None, name="LuongAttention"):
        super().__init__(
            query_layer=None, memory_layer=dense(num_units, "memory_layer",
                                                 dtypes.float32 if dtype is None else dtype),
            memory=memory, probability_fn=of_score(probability_fn),
            memory_sequence_length=memory_sequence_length, score_mask_value=score_mask_value,
            name=name)
        self._num_units = num_units
        self._scale = scale

    def __call__(self, query, state):
        with vs.variable_scope(None, "luong_attention", [query]):
            score = luong_score(query, self._keys, scale_of(self, query))
        alignments = self._probability_fn(score, state)
        return alignments, alignments


def bahdanau_score(mechanism, query):
    """v of the tanh of keys and query added; the norm of v a variable where it is normalized."""
    processed = mechanism.query_layer(query) if mechanism.query_layer else query
    units, keys, dtype = mechanism._num_units, mechanism.keys, query.dtype
    v = vs.get_variable("attention_v", [units], dtype=dtype)
    if not mechanism._normalize:
        processed = array_ops.expand_dims(processed, 1)
        return math_ops.reduce_sum(v * math_ops.tanh(keys + processed), [2])
    g = vs.get_variable("attention_g", dtype=dtype, shape=(),
                        initializer=init_ops.constant_initializer(math.sqrt(1. / units)))
    b = vs.get_variable("attention_b", [units], dtype=dtype,
                        initializer=init_ops.zeros_initializer())
    processed = array_ops.expand_dims(processed, 1)
    v = g * v * math_ops.rsqrt(math_ops.reduce_sum(math_ops.square(v)))
    return math_ops.reduce_sum(v * math_ops.tanh(keys + processed + b), [2])


class BahdanauAttention(BaseAttentionMechanism):
    """Scores of a layer that sees key and query; with `normalize` the weights are."""

    def __init__(self, num_units, memory, memory_sequence_length=None, normalize=False,
                 probability_fn=None, score_mask_value=None, dtype=None, name="BahdanauAttention"):
        dtype = dtypes.float32 if dtype is None else dtype
        super().__init__(
            query_layer=dense(num_units, "query_layer", dtype),
            memory_layer=dense(num_units, "memory_layer", dtype), memory=memory,
            probability_fn=of_score(probability_fn),
            memory_sequence_length=memory_sequence_length, score_mask_value=score_mask_value,
            name=name)
        self._num_units = num_units
        self._normalize = normalize

    def __call__(self, query, state):
        with vs.variable_scope(None, "bahdanau_attention", [query]):
            score = bahdanau_score(self, query)
        alignments = self._probability_fn(score, state)
        return alignments, alignments
