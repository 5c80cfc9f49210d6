"""How many values fall into each of equally wide bins."""

from weft.python.framework import dtypes, gen, ops
from weft.python.ops import array_ops, math_ops

__all__ = ["histogram_fixed_width", "histogram_fixed_width_bins"]


def histogram_fixed_width_bins(values, value_range, nbins=100, dtype=dtypes.int32, name=None):
    """The bin of each value, of nbins that divide value_range; outside of it the first or last."""
    with ops.name_scope(name, "histogram_fixed_width_bins", [values, value_range, nbins]):
        values = ops.convert_to_tensor(values, name="values")
        shape = array_ops.shape(values)
        values = array_ops.reshape(values, [-1])
        value_range = ops.convert_to_tensor(value_range, name="value_range")
        nbins = ops.convert_to_tensor(nbins, dtype=dtypes.int32, name="nbins")
        width = math_ops.cast(nbins, values.dtype)
        scaled = math_ops.truediv(values - value_range[0], value_range[1] - value_range[0],
                                  name="scaled_values")
        indices = math_ops.floor(width * scaled, name="indices")
        indices = math_ops.cast(gen.ClipByValue(indices, math_ops.cast(0, values.dtype),
                                                width - 1), dtypes.int32)
        return array_ops.reshape(indices, shape)


def histogram_fixed_width(values, value_range, nbins=100, dtype=dtypes.int32, name=None):
    """How many of the values are in each of nbins bins that divide value_range: a vector."""
    with ops.name_scope(name, "histogram_fixed_width", [values, value_range, nbins]) as name:
        if gen.has("HistogramFixedWidth"):
            return gen.HistogramFixedWidth(values, value_range, nbins, dtype=dtype, name=name)
        bins = array_ops.reshape(histogram_fixed_width_bins(values, value_range, nbins), [-1])
        return gen.UnsortedSegmentSum(array_ops.ones_like(bins, dtype=dtype), bins, nbins,
                                      name=name)
