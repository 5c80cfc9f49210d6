"""Rows of tables looked up by ids: embedding_lookup and its kin."""

from weft.python.framework import constant_op, dtypes, gen, ops, tensor_shape
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import array_ops, math_ops, resource_variable_ops
from weft.python.ops.partitioned_variable import PartitionedVariable

__all__ = ["embedding_lookup", "embedding_lookup_v2", "embedding_lookup_sparse",
           "embedding_lookup_sparse_v2", "safe_embedding_lookup_sparse",
           "safe_embedding_lookup_sparse_v2"]


def _clip(rows, ids, max_norm):
    """The rows with their norms at most max_norm."""
    if max_norm is None:
        return rows
    from weft.python.ops import clip_ops
    ids_rank, rank = ids.get_shape().ndims, rows.get_shape().ndims
    if ids_rank is not None and rank is not None:
        axes = list(range(ids_rank, rank))
    else:
        axes = math_ops.range(array_ops.rank(ids), array_ops.rank(rows))
    return clip_ops.clip_by_norm(rows, max_norm, axes=axes)


def _parts_of(params):
    """The parts of a table, as a list of tensors and variables."""
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, (list, tuple, PartitionedVariable)):
        return list(params)
    return [params]


def _row_counts(params):
    """How many rows each part has: an int where it is known, else a tensor."""
    sizes = []
    for part in params:
        known = part.get_shape()[0].value if part.get_shape().ndims else None
        if known is None:
            with ops.colocate_with(part):
                known = array_ops.shape(part)[0]
        sizes.append(known)
    return sizes


def _assignment(params, ids, strategy):
    """(which part each flat id is in, its row there)."""
    n = len(params)
    if strategy == "mod":
        return ids % n, ids // n
    if strategy != "div":
        raise ValueError("Unrecognized partition strategy: " + strategy)
    sizes = _row_counts(params)
    if any(isinstance(size, ops.Tensor) for size in sizes):
        total = math_ops.reduce_sum(math_ops.cast(array_ops.stack(sizes), ids.dtype))
    else:
        total = constant_op.constant(sum(sizes), ids.dtype)
    each, extras = total // n, total % n
    part = math_ops.maximum(ids // (each + 1), (ids - extras) // each)
    row = array_ops.where(part < extras, ids % (each + 1), (ids - extras) % each)
    return part, row


def _gather_one(params, ids, max_norm, name):
    """The lookup in a table of one part; the result need not be where the table is."""
    with ops.colocate_with(params):
        rows = _clip(array_ops.gather(params, ids, name=name), ids, max_norm)
    return array_ops.identity(rows)


def _row_shape(params):
    """The shape of a row, as far as the parts tell."""
    shape = params[0].get_shape()[1:]
    for part in params[1:]:
        shape = shape.merge_with(part.get_shape()[1:])
    return shape


def _gather_parts(params, ids, strategy, max_norm, name):
    """The lookup in a table of several parts: each part's ids go there, and rows come back."""
    flat = array_ops.reshape(ids, [-1])
    places = math_ops.range(array_ops.size(flat))
    part, row = _assignment(params, flat, strategy)
    part = math_ops.cast(part, dtypes.int32)
    rows_of = gen.DynamicPartition(row, part, num_partitions=len(params))
    places_of = gen.DynamicPartition(places, part, num_partitions=len(params))
    found = []
    for table, rows in zip(params, rows_of):
        with ops.colocate_with(table):
            found.append(array_ops.gather(table, rows))
    joined = gen.ParallelDynamicStitch(places_of, found, name=name)
    row_shape = _row_shape(params)
    if row_shape.is_fully_defined():
        tail = row_shape.as_list()
    else:
        with ops.colocate_with(params[0]):
            tail = array_ops.shape(params[0])
        tail = tail[1:]
    joined = array_ops.reshape(joined, array_ops.concat([array_ops.shape(ids), tail], 0))
    joined.set_shape(ids.get_shape().concatenate(row_shape))
    return _clip(joined, ids, max_norm)


def embedding_lookup(params, ids, partition_strategy="mod", name=None, validate_indices=True,
                     max_norm=None):
    """The rows of a table for `ids`: shape ids.shape + one row's.

    `params` is a tensor or variable, or a list of parts: "mod" puts row i into part i modulo
    their number, "div" puts neighbors together. Rows longer than max_norm are scaled down."""
    params = _parts_of(params)
    if not params:
        raise ValueError("Need at least one param")
    with ops.name_scope(name, "embedding_lookup", params + [ids]) as name:
        if not any(resource_variable_ops.is_resource_variable(p) for p in params):
            params = ops.convert_n_to_tensor_or_indexed_slices(params, name="params")
        ids = ops.convert_to_tensor(ids, name="ids")
        if len(params) == 1:
            return _gather_one(params[0], ids, max_norm, name)
        return _gather_parts(params, ids, partition_strategy, max_norm, name)


def embedding_lookup_v2(params, ids, max_norm=None, name=None):
    """embedding_lookup() of neighboring parts."""
    return embedding_lookup(params, ids, "div", name, max_norm=max_norm)


def _weighted(rows, weights):
    """Each row times its weight."""
    weights = math_ops.cast(weights, rows.dtype)
    ones = array_ops.fill(array_ops.expand_dims(array_ops.rank(rows) - 1, 0), 1)
    shape = array_ops.concat([array_ops.shape(weights), ones], 0)
    known = weights.get_shape()
    weights = array_ops.reshape(weights, shape)
    if rows.get_shape().ndims is not None:
        weights.set_shape(known.concatenate([1] * (rows.get_shape().ndims - 1)))
    return rows * weights, weights


def _combine_weighted(rows, weights, segments, combiner, name):
    rows, weights = _weighted(rows, weights)
    if combiner == "sum":
        return gen.SegmentSum(rows, segments, name=name)
    total = gen.SegmentSum(rows, segments)
    if combiner == "sqrtn":
        weights = math_ops.pow(weights, 2)
    scale = gen.SegmentSum(weights, segments)
    if combiner == "sqrtn":
        scale = math_ops.sqrt(scale)
    return math_ops.div(total, scale, name=name)


_SEGMENT_OPS = {"sum": "SparseSegmentSum", "mean": "SparseSegmentMean",
                "sqrtn": "SparseSegmentSqrtN"}


def embedding_lookup_sparse(params, sp_ids, sp_weights, partition_strategy="mod", name=None,
                            combiner=None, max_norm=None):
    """For each row of the SparseTensor sp_ids, its rows of the table combined into one.

    combiner: "sum", "mean" (default) or "sqrtn" (the sum over the root of the sum of squared
    weights). sp_weights, of the same indices, weighs them; None: all by 1."""
    combiner = "mean" if combiner is None else combiner
    if combiner not in ("mean", "sqrtn", "sum"):
        raise ValueError("combiner must be one of 'mean', 'sqrtn' or 'sum'")
    params = _parts_of(params)
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError("sp_ids must be SparseTensor")
    if sp_weights is not None:
        if not isinstance(sp_weights, SparseTensor):
            raise TypeError("sp_weights must be either None or SparseTensor")
        for part in ("values", "indices", "dense_shape"):
            getattr(sp_ids, part).get_shape().assert_is_compatible_with(
                getattr(sp_weights, part).get_shape())
    with ops.name_scope(name, "embedding_lookup_sparse", params + [sp_ids.values]) as name:
        segments = sp_ids.indices[:, 0]
        if segments.dtype != dtypes.int32:
            segments = math_ops.cast(segments, dtypes.int32)
        ids, idx = array_ops.unique(sp_ids.values)
        rows = embedding_lookup(params, ids, partition_strategy=partition_strategy,
                                max_norm=max_norm)
        if rows.dtype.base_dtype in (dtypes.float16, dtypes.bfloat16):
            rows = math_ops.cast(rows, dtypes.float32)
        if sp_weights is None:
            return getattr(gen, _SEGMENT_OPS[combiner])(rows, idx, segments, name=name)
        return _combine_weighted(array_ops.gather(rows, idx), sp_weights.values, segments,
                                 combiner, name)


def embedding_lookup_sparse_v2(params, sp_ids, sp_weights, combiner=None, max_norm=None,
                               name=None):
    """embedding_lookup_sparse() of neighboring parts."""
    return embedding_lookup_sparse(params, sp_ids, sp_weights, "div", name, combiner, max_norm)


def _two_dimensional(sparse):
    """A SparseTensor with all but its last dimension made one."""
    from weft.python.ops import sparse_ops
    rank = sparse.dense_shape.get_shape()[0].value
    last = (array_ops.size(sparse.dense_shape) if rank is None else rank) - 1
    rows = math_ops.reduce_prod(array_ops.slice(sparse.dense_shape, [0], [last]))
    return sparse_ops.sparse_reshape(
        sparse, [rows, array_ops.gather(sparse.dense_shape, last)]), rank


def _prune(ids, weights, combiner):
    """Without invalid ids, and weights that count nothing."""
    from weft.python.ops import sparse_ops
    valid = math_ops.greater_equal(ids.values, 0)
    if weights is not None:
        valid = math_ops.logical_and(valid, array_ops.ones_like(weights.values,
                                                                dtype=dtypes.bool))
    ids = sparse_ops.sparse_retain(ids, valid)
    if weights is None:
        return ids, None
    weights = sparse_ops.sparse_retain(weights, valid)
    if combiner != "sum":
        positive = math_ops.greater(weights.values, 0)
        ids = sparse_ops.sparse_retain(ids, positive)
        weights = sparse_ops.sparse_retain(weights, positive)
    return ids, weights


def _zero_rows(rows, which, name):
    """The rows with zeros for those that a bool vector marks."""
    column = array_ops.reshape(which, [-1, 1])
    which = array_ops.tile(column, array_ops.stack([1, array_ops.shape(rows)[1]]))
    return array_ops.where(which, array_ops.zeros_like(rows), rows, name=name)


def _with_leading(rows, shape, rank):
    """The rows laid out in the leading dimensions of a sparse shape, of this rank if known."""
    leading = array_ops.slice(math_ops.cast(shape, dtypes.int32), [0],
                              [(array_ops.size(shape) if rank is None else rank) - 1])
    final = array_ops.reshape(rows, array_ops.concat(
        [leading, array_ops.slice(array_ops.shape(rows), [1], [-1])], 0))
    if rank is not None:
        unknown = tensor_shape.unknown_shape(rank - 1)
        final.set_shape(unknown.concatenate(rows.get_shape()[1:]))
    return final


def safe_embedding_lookup_sparse(embedding_weights, sparse_ids, sparse_weights=None,
                                 combiner="mean", default_id=None, name=None,
                                 partition_strategy="div", max_norm=None):
    """embedding_lookup_sparse() that leaves out negative ids and weights that are not positive.

    Rows without ids get the row of default_id, or zeros."""
    from weft.python.ops import sparse_ops
    table = _parts_of(embedding_weights)
    if not table:
        raise ValueError("Missing embedding_weights %s." % embedding_weights)
    with ops.name_scope(name, "embedding_lookup", table + [sparse_ids, sparse_weights]) as scope:
        shape = sparse_ids.dense_shape
        ids, rank = _two_dimensional(sparse_ids)
        weights = sparse_weights
        if weights is not None:
            weights = SparseTensor(ids.indices, weights.values, ids.dense_shape)
        ids, weights = _prune(ids, weights, combiner)
        ids, is_empty = sparse_ops.sparse_fill_empty_rows(ids, default_id or 0)
        if weights is not None:
            weights, _ = sparse_ops.sparse_fill_empty_rows(weights, 1.0)
        result = embedding_lookup_sparse(table, ids, weights, partition_strategy,
                                         None if default_id is None else scope, combiner,
                                         max_norm)
        if default_id is None:
            result = _zero_rows(result, is_empty, scope)
        return _with_leading(result, shape, rank)


def safe_embedding_lookup_sparse_v2(embedding_weights, sparse_ids, sparse_weights=None,
                                    combiner="mean", default_id=None, max_norm=None, name=None):
    """safe_embedding_lookup_sparse() with TF 2's order of arguments."""
    return safe_embedding_lookup_sparse(embedding_weights, sparse_ids, sparse_weights, combiner,
                                        default_id, name, max_norm=max_norm)
