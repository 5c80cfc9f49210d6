"""Ranges, running sums, and sums of segments and bins."""

from weft.python.framework import constant_op, dtypes, gen, ops
from weft.python.ops import array_ops, math_arithmetic, math_reduce

__all__ = [
    "bincount", "cumprod", "cumsum", "lin_space", "linspace", "range",
    "segment_max", "segment_mean", "segment_min", "segment_prod", "segment_sum",
    "sparse_segment_mean", "sparse_segment_sqrt_n", "sparse_segment_sum", "unsorted_segment_max",
    "unsorted_segment_mean", "unsorted_segment_min", "unsorted_segment_prod",
    "unsorted_segment_sqrt_n", "unsorted_segment_sum",
]

_WIDER = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)


def range(start, limit=None, delta=1, dtype=None, name="range"):
    """start, start + delta... below limit; range(n) counts from 0.

    Without a dtype the three become the widest of theirs: int32, int64, float32, float64."""
    if limit is None:
        start, limit = 0, start
    with ops.name_scope(name, "Range", [start, limit, delta]) as name:
        start = ops.convert_to_tensor(start, dtype=dtype, name="start")
        limit = ops.convert_to_tensor(limit, dtype=dtype, name="limit")
        delta = ops.convert_to_tensor(delta, dtype=dtype, name="delta")
        if dtype is None:
            widest = max((x.dtype.base_dtype for x in (start, limit, delta)), key=_WIDER.index)
            start, limit, delta = (math_arithmetic.cast(x, widest) for x in (start, limit, delta))
        return gen.Range(start, limit, delta, name=name)


def linspace(start, stop, num, name=None):
    """num values from start to stop, both included, at equal distances."""
    return gen.LinSpace(start, stop, num, name=name)


lin_space = linspace


def cumsum(x, axis=0, exclusive=False, reverse=False, name=None):
    """The running sum along an axis; exclusive leaves each element out of its own sum."""
    with ops.name_scope(name, "Cumsum", [x]) as name:
        x = ops.convert_to_tensor(x, name="x")
        return gen.Cumsum(x, axis, exclusive=exclusive, reverse=reverse, name=name)


def cumprod(x, axis=0, exclusive=False, reverse=False, name=None):
    """The running product along an axis; exclusive leaves each element out of its own product."""
    with ops.name_scope(name, "Cumprod", [x]) as name:
        x = ops.convert_to_tensor(x, name="x")
        return gen.Cumprod(x, axis, exclusive=exclusive, reverse=reverse, name=name)


# Segments: rows of data that bear the same number; numbers are sorted unless the name says so.

def segment_sum(data, segment_ids, name=None):
    """The sums of the rows of each segment."""
    return gen.SegmentSum(data, segment_ids, name=name)


def segment_mean(data, segment_ids, name=None):
    """The means of the rows of each segment."""
    return gen.SegmentMean(data, segment_ids, name=name)


def segment_prod(data, segment_ids, name=None):
    """The products of the rows of each segment."""
    return gen.SegmentProd(data, segment_ids, name=name)


def segment_min(data, segment_ids, name=None):
    """The smallest elements of the rows of each segment."""
    return gen.SegmentMin(data, segment_ids, name=name)


def segment_max(data, segment_ids, name=None):
    """The largest elements of the rows of each segment."""
    return gen.SegmentMax(data, segment_ids, name=name)


def unsorted_segment_sum(data, segment_ids, num_segments, name=None):
    """The sums of the elements of each segment; those with a negative number are left out."""
    return gen.UnsortedSegmentSum(data, segment_ids, num_segments, name=name)


def unsorted_segment_prod(data, segment_ids, num_segments, name=None):
    """The products of the elements of each segment."""
    return gen.UnsortedSegmentProd(data, segment_ids, num_segments, name=name)


def unsorted_segment_min(data, segment_ids, num_segments, name=None):
    """The smallest elements of each segment; the largest number of the dtype if it is empty."""
    return gen.UnsortedSegmentMin(data, segment_ids, num_segments, name=name)


def unsorted_segment_max(data, segment_ids, num_segments, name=None):
    """The largest elements of each segment; the smallest number of the dtype if it is empty."""
    return gen.UnsortedSegmentMax(data, segment_ids, num_segments, name=name)


def unsorted_segment_mean(data, segment_ids, num_segments, name=None):
    """The means of the elements of each segment; 0 if it is empty."""
    with ops.name_scope(name, "UnsortedSegmentMean"):
        data = ops.convert_to_tensor(data)
        segment_ids = ops.convert_to_tensor(segment_ids)
        counts = _segment_sizes(data, segment_ids, num_segments)
        return gen.UnsortedSegmentSum(data, segment_ids, num_segments) / counts


def unsorted_segment_sqrt_n(data, segment_ids, num_segments, name=None):
    """The sums of the elements of each segment over the square roots of their counts."""
    with ops.name_scope(name, "UnsortedSegmentSqrtN"):
        data = ops.convert_to_tensor(data)
        segment_ids = ops.convert_to_tensor(segment_ids)
        counts = _segment_sizes(data, segment_ids, num_segments)
        return gen.UnsortedSegmentSum(data, segment_ids, num_segments) / gen.Sqrt(counts)


def _segment_sizes(data, segment_ids, num_segments):
    """How many elements each segment has, at least 1, in a shape that broadcasts over data's."""
    ones = array_ops.ones(array_ops.shape(segment_ids), dtype=data.dtype)
    sizes = gen.UnsortedSegmentSum(ones, segment_ids, num_segments)
    inner = data.shape.ndims - segment_ids.shape.ndims
    sizes = array_ops.reshape(sizes, [num_segments] + [1] * inner)
    return gen.Maximum(sizes, 1)


def sparse_segment_sum(data, indices, segment_ids, name=None, num_segments=None):
    """segment_sum of the rows of data that indices choose."""
    return _sparse_segment("Sum", data, indices, segment_ids, name, num_segments)


def sparse_segment_mean(data, indices, segment_ids, name=None, num_segments=None):
    """segment_mean of the rows of data that indices choose."""
    return _sparse_segment("Mean", data, indices, segment_ids, name, num_segments)


def sparse_segment_sqrt_n(data, indices, segment_ids, name=None, num_segments=None):
    """The sums of the chosen rows of each segment over the square roots of their counts."""
    return _sparse_segment("SqrtN", data, indices, segment_ids, name, num_segments)


def _sparse_segment(kind, data, indices, segment_ids, name, num_segments):
    op_type = "SparseSegment" + kind
    if num_segments is None:
        return getattr(gen, op_type)(data, indices, segment_ids, name=name)
    op = getattr(gen, op_type + "WithNumSegments")
    return op(data, indices, segment_ids, num_segments, name=name)


def bincount(arr, weights=None, minlength=None, maxlength=None, dtype=dtypes.int32, name=None):
    """How often each number from 0 occurs in arr, or the sum of its weights."""
    with ops.name_scope("bincount" if name is None else name):
        arr = ops.convert_to_tensor(arr, name="arr", dtype=dtypes.int32)
        nonempty = math_reduce.reduce_prod(array_ops.shape(arr)) > 0
        size = math_arithmetic.cast(nonempty, dtypes.int32) * (math_reduce.reduce_max(arr) + 1)
        if minlength is not None:
            least = ops.convert_to_tensor(minlength, name="minlength", dtype=dtypes.int32)
            size = gen.Maximum(least, size)
        if maxlength is not None:
            most = ops.convert_to_tensor(maxlength, name="maxlength", dtype=dtypes.int32)
            size = gen.Minimum(most, size)
        if weights is not None:
            weights = ops.convert_to_tensor(weights, name="weights")
            return gen.UnsortedSegmentSum(weights, arr, size)
        return gen.Bincount(arr, size, constant_op.constant([], dtype))
