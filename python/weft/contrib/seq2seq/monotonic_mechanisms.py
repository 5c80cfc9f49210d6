"""Monotonic attention: a step of the memory once passed is not seen again."""
import numpy as np

from weft.contrib.seq2seq.attention_mechanisms import (
    BaseAttentionMechanism, bahdanau_score, dense, luong_score, scale_of)
from weft.python.framework import dtypes, ops
from weft.python.ops import (
    array_ops, clip_ops, folds, math_ops, random_ops, variable_scope as vs)

__all__ = ["BahdanauMonotonicAttention", "LuongMonotonicAttention", "monotonic_attention",
           "safe_cumprod"]


def safe_cumprod(x, *args, **kwargs):
    """The running product of numbers from 0 to 1, by logarithms, whose gradient has no 0 / 0."""
    with ops.name_scope(None, "SafeCumprod", [x]):
        x = ops.convert_to_tensor(x, name="x")
        tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
        return math_ops.exp(math_ops.cumsum(
            math_ops.log(clip_ops.clip_by_value(x, tiny, 1)), *args, **kwargs))


def _recursively(p, previous):
    batch_size = array_ops.shape(p)[0]
    passed = array_ops.concat([array_ops.ones((batch_size, 1)), 1 - p[:, :-1]], 1)
    steps = folds.scan(
        lambda x, yz: array_ops.reshape(yz[0] * x + yz[1], (batch_size,)),
        [array_ops.transpose(passed), array_ops.transpose(previous)],
        array_ops.zeros((batch_size,)))
    return p * array_ops.transpose(steps)


def monotonic_attention(p_choose_i, previous_attention, mode):
    """The alignments after a step, from the chances to stop at each place and the last alignments.

    `mode` is "recursive" (exact, in a loop), "parallel" (by running products; less exact) or
    "hard" (for chances that are 0 or 1)."""
    p = ops.convert_to_tensor(p_choose_i, name="p_choose_i")
    previous = ops.convert_to_tensor(previous_attention, name="previous_attention")
    if mode == "recursive":
        attention = _recursively(p, previous)
    elif mode == "parallel":
        passed = safe_cumprod(1 - p, axis=1, exclusive=True)
        attention = p * passed * math_ops.cumsum(
            previous / clip_ops.clip_by_value(passed, 1e-10, 1.), axis=1)
    elif mode == "hard":
        p *= math_ops.cumsum(previous, axis=1)
        attention = p * math_ops.cumprod(1 - p, axis=1, exclusive=True)
    else:
        raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")
    return attention


def _probability(sigmoid_noise, mode, seed):
    """The function from scores to alignments."""
    def function(score, previous):
        if sigmoid_noise > 0:
            noise = random_ops.random_normal(array_ops.shape(score), dtype=score.dtype, seed=seed)
            score += sigmoid_noise * noise
        if mode == "hard":
            p = math_ops.cast(score > 0, score.dtype)
        else:
            p = math_ops.sigmoid(score)
        return monotonic_attention(p, previous, mode)
    return function


class _MonotonicMechanism(BaseAttentionMechanism):
    """A mechanism that begins at the memory's first step."""

    def initial_alignments(self, batch_size, dtype):
        return array_ops.one_hot(array_ops.zeros((batch_size,), dtype=dtypes.int32),
                                 self._alignments_size, dtype=dtype)

    def _bias(self, query):
        return vs.get_variable("attention_score_bias", dtype=query.dtype,
                               initializer=self._score_bias_init)


class BahdanauMonotonicAttention(_MonotonicMechanism):
    """Monotonic attention with BahdanauAttention's scores, and a bias."""

    def __init__(self, num_units, memory, memory_sequence_length=None, normalize=False,
                 score_mask_value=None, sigmoid_noise=0., sigmoid_noise_seed=None,
                 score_bias_init=0., mode="parallel", dtype=None,
                 name="BahdanauMonotonicAttention"):
        dtype = dtypes.float32 if dtype is None else dtype
        super().__init__(
            query_layer=dense(num_units, "query_layer", dtype),
            memory_layer=dense(num_units, "memory_layer", dtype), memory=memory,
            probability_fn=_probability(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length=memory_sequence_length, score_mask_value=score_mask_value,
            name=name)
        self._num_units = num_units
        self._normalize = normalize
        self._score_bias_init = score_bias_init

    def __call__(self, query, state):
        with vs.variable_scope(None, "bahdanau_monotonic_attention", [query]):
            score = bahdanau_score(self, query)
            score += self._bias(query)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class LuongMonotonicAttention(_MonotonicMechanism):
    """Monotonic attention with LuongAttention's scores, and a bias."""

    def __init__(self, num_units, memory, memory_sequence_length=None, scale=False,
                 score_mask_value=None, sigmoid_noise=0., sigmoid_noise_seed=None,
                 score_bias_init=0., mode="parallel", dtype=None, name="LuongMonotonicAttention"):
        dtype = dtypes.float32 if dtype is None else dtype
        super().__init__(
            query_layer=None, memory_layer=dense(num_units, "memory_layer", dtype), memory=memory,
            probability_fn=_probability(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length=memory_sequence_length, score_mask_value=score_mask_value,
            name=name)
        self._num_units = num_units
        self._scale = scale
        self._score_bias_init = score_bias_init

    def __call__(self, query, state):
        with vs.variable_scope(None, "luong_monotonic_attention", [query]):
            score = luong_score(query, self._keys, scale_of(self, query))
            score += self._bias(query)
        alignments = self._probability_fn(score, state)
        return alignments, alignments
