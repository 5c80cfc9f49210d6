"""Tensors as arrays: the functions of tf that move, cut, join and describe them.

They stand by subject in array_basic, array_join, array_make, array_slice, array_move and
array_diag; those on sets of values are here."""

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_basic, array_diag, array_join, array_make, array_move
from weft.python.ops import array_slice
from weft.python.ops.array_basic import *       # noqa: F401,F403
from weft.python.ops.array_basic import (is_sparse, rank_internal, shape_internal, size_internal)
from weft.python.ops.array_diag import *        # noqa: F401,F403
from weft.python.ops.array_join import *        # noqa: F401,F403
from weft.python.ops.array_make import *        # noqa: F401,F403
from weft.python.ops.array_move import *        # noqa: F401,F403
from weft.python.ops.array_slice import *       # noqa: F401,F403
from weft.python.ops.array_slice import _slice_helper, _SliceHelperVar

_OWN = [
    "unique", "unique_with_counts", "setdiff1d", "listdiff", "list_diff", "searchsorted",
    "lower_bound", "upper_bound", "edit_distance", "dequantize", "quantize", "quantize_v2",
    "quantized_concat", "quantized_reshape", "fake_quant_with_min_max_args",
    "fake_quant_with_min_max_args_gradient", "fake_quant_with_min_max_vars",
    "fake_quant_with_min_max_vars_gradient", "fake_quant_with_min_max_vars_per_channel",
    "fake_quant_with_min_max_vars_per_channel_gradient", "quantize_and_dequantize",
]
__all__ = sorted(set(_OWN).union(*(part.__all__ for part in (
    array_basic, array_diag, array_join, array_make, array_move, array_slice))))


def unique(x, out_idx=dtypes.int32, name=None):
    """(y, idx): the values of a vector in order of first appearance, and where each one went."""
    return gen.Unique(x, out_idx=out_idx, name=name)


def unique_with_counts(x, out_idx=dtypes.int32, name=None):
    """(y, idx, count): unique(), and how often each value is there."""
    return gen.UniqueWithCounts(x, out_idx=out_idx, name=name)


def setdiff1d(x, y, index_dtype=dtypes.int32, name=None):
    """(out, idx): the values of x that are not in y, in their order, and their indices in x."""
    return gen.ListDiff(x, y, out_idx=index_dtype, name=name)


def listdiff(x, y, out_idx=None, name=None):
    """setdiff1d() by an older name."""
    return gen.ListDiff(x, y, out_idx=dtypes.int32 if out_idx is None else out_idx, name=name)


list_diff = listdiff


def lower_bound(sorted_inputs, values, out_type=dtypes.int32, name=None):
    """Row by row, how many of the sorted inputs are less than each value."""
    return gen.LowerBound(sorted_inputs, values, out_type=out_type, name=name)


def upper_bound(sorted_inputs, values, out_type=dtypes.int32, name=None):
    """Row by row, how many of the sorted inputs are at most each value."""
    return gen.UpperBound(sorted_inputs, values, out_type=out_type, name=name)


def searchsorted(sorted_sequence, values, side="left", out_type=dtypes.int32, name=None):
    """Where along the last dimension each value would have to be put in to keep it sorted."""
    if side not in ("left", "right"):
        raise ValueError("side must be either 'right' or 'left'.  Saw: %s." % side)
    bound = lower_bound if side == "left" else upper_bound
    width = array_basic.shape_internal(sorted_sequence)[-1]
    count = array_basic.shape_internal(values)[-1]
    rows = array_basic.reshape(sorted_sequence, [-1, width])
    sought = array_basic.reshape(values, [-1, count])
    found = bound(rows, sought, out_type, name)
    return array_basic.reshape(found, array_basic.shape_internal(values))


def edit_distance(hypothesis, truth, normalize=True, name="edit_distance"):
    """The Levenshtein distances between the sequences of two SparseTensors.

    Divided by the lengths of the truths if `normalize`. Raises TypeError for other inputs."""
    for what, given in (("Hypothesis", hypothesis), ("Truth", truth)):
        if not array_basic.is_sparse(given):
            raise TypeError(f"{what} must be a SparseTensor.")
    return gen.EditDistance(hypothesis.indices, hypothesis.values, hypothesis.dense_shape,
                            truth.indices, truth.values, truth.dense_shape,
                            normalize=normalize, name=name)


def quantize(input, min_range, max_range, T, mode="MIN_COMBINED",
             round_mode="HALF_AWAY_FROM_ZERO", name=None):
    """(output, output_min, output_max): floats as small integers over a range."""
    return gen.QuantizeV2(input, min_range, max_range, T=T, mode=mode, round_mode=round_mode,
                          name=name)


def quantize_v2(input, min_range, max_range, T, mode="MIN_COMBINED", name=None,
                round_mode="HALF_AWAY_FROM_ZERO"):
    """quantize() with its arguments in another order."""
    return quantize(input, min_range, max_range, T, mode, round_mode, name)


def dequantize(input, min_range, max_range, mode="MIN_COMBINED", name=None):
    """Small integers over a range as floats again."""
    return gen.Dequantize(input, min_range, max_range, mode=mode, name=name)


def quantize_and_dequantize(input, input_min, input_max, signed_input=True, num_bits=8,
                            range_given=False, round_mode="HALF_TO_EVEN", name=None,
                            narrow_range=False):
    """Floats as num_bits could hold them, still as floats; if signed and of narrow_range, without
    the least number, which has no opposite."""
    return gen.QuantizeAndDequantizeV2(input, input_min, input_max, signed_input=signed_input,
                                       num_bits=num_bits, range_given=range_given,
                                       round_mode=round_mode, narrow_range=narrow_range,
                                       name=name)


def quantized_concat(concat_dim, values, input_mins, input_maxes, name=None):
    """concat() of quantized tensors, with their ranges."""
    return gen.QuantizedConcat(concat_dim, values, input_mins, input_maxes, name=name)


def quantized_reshape(tensor, shape, input_min, input_max, name=None):
    """reshape() of a quantized tensor, with its range."""
    return gen.QuantizedReshape(tensor, shape, input_min, input_max, name=name)


def fake_quant_with_min_max_args(inputs, min=-6, max=6, num_bits=8, narrow_range=False,
                                 name=None):
    """Floats as num_bits over [min, max] could hold them."""
    return gen.FakeQuantWithMinMaxArgs(inputs, min=min, max=max, num_bits=num_bits,
                                       narrow_range=narrow_range, name=name)


def fake_quant_with_min_max_args_gradient(gradients, inputs, min=-6, max=6, num_bits=8,
                                          narrow_range=False, name=None):
    """The gradient of fake_quant_with_min_max_args()."""
    return gen.FakeQuantWithMinMaxArgsGradient(gradients, inputs, min=min, max=max,
                                               num_bits=num_bits, narrow_range=narrow_range,
                                               name=name)


def fake_quant_with_min_max_vars(inputs, min, max, num_bits=8, narrow_range=False, name=None):
    """Floats as num_bits over [min, max], two tensors, could hold them."""
    return gen.FakeQuantWithMinMaxVars(inputs, min, max, num_bits=num_bits,
                                       narrow_range=narrow_range, name=name)


def fake_quant_with_min_max_vars_gradient(gradients, inputs, min, max, num_bits=8,
                                          narrow_range=False, name=None):
    """The gradients of fake_quant_with_min_max_vars()."""
    return gen.FakeQuantWithMinMaxVarsGradient(gradients, inputs, min, max, num_bits=num_bits,
                                               narrow_range=narrow_range, name=name)


def fake_quant_with_min_max_vars_per_channel(inputs, min, max, num_bits=8, narrow_range=False,
                                             name=None):
    """fake_quant_with_min_max_vars() with a range for each slice of the last dimension."""
    return gen.FakeQuantWithMinMaxVarsPerChannel(inputs, min, max, num_bits=num_bits,
                                                 narrow_range=narrow_range, name=name)


def fake_quant_with_min_max_vars_per_channel_gradient(gradients, inputs, min, max, num_bits=8,
                                                      narrow_range=False, name=None):
    """The gradients of fake_quant_with_min_max_vars_per_channel()."""
    return gen.FakeQuantWithMinMaxVarsPerChannelGradient(
        gradients, inputs, min, max, num_bits=num_bits, narrow_range=narrow_range, name=name)
