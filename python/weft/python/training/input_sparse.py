"""Sparse tensors on their way through a queue: kept in a map, the queue holds their handles."""
import collections

from weft.python.framework import constant_op, dtypes, gen, smart_cond, tensor_shape
from weft.python.framework.sparse_tensor import SparseTensor
from weft.python.ops import array_ops, math_ops

__all__ = ["restore_sparse_tensors", "store_sparse_tensors", "store_sparse_tensors_join"]

# Of each component of an element: is it sparse; the op whose map has it; its rank.
_Info = collections.namedtuple("_Info", ["sparse", "map_op", "rank"])
_DENSE = _Info(False, None, None)


def _store_one(t, map_op, keep_input):
    def keep():
        return gen.AddSparseToTensorsMap(t.indices, t.values, t.dense_shape,
                                         shared_name=map_op.name if map_op else "")

    return smart_cond.smart_cond(keep_input, keep,
                                 lambda: constant_op.constant(-1, dtype=dtypes.int64))


def _store_many(t, map_op, keep_input):
    """Handles for the rows; -1 for those that are not kept."""
    shared = map_op.name if map_op else ""
    if keep_input.shape.ndims == 1:
        from weft.python.ops import sparse_ops
        rows = math_ops.cast(array_ops.shape(keep_input, out_type=dtypes.int64)[0], dtypes.int64)
        kept = array_ops.gather(keep_input, t.indices[:, 0])
        t = sparse_ops.sparse_retain(t, kept)
        handles = gen.AddManySparseToTensorsMap(t.indices, t.values, t.dense_shape,
                                                shared_name=shared)
        return array_ops.where(keep_input, handles, -array_ops.ones([rows], dtypes.int64))

    def keep():
        return gen.AddManySparseToTensorsMap(t.indices, t.values, t.dense_shape,
                                             shared_name=shared)

    return smart_cond.smart_cond(
        keep_input, keep,
        lambda: -array_ops.ones(array_ops.expand_dims(t.dense_shape[0], 0), dtypes.int64))


def _map_op(handle):
    """The op that stored it, also where a condition stands between."""
    op = handle.op
    while op.type in ("Merge", "Switch", "Select", "Identity"):
        op = op.inputs[1 if op.type in ("Merge", "Select") else 0].op
    return op


def _rank(t, enqueue_many):
    rank = tensor_shape.dimension_value(t.dense_shape.shape.with_rank(1)[0])
    return rank - 1 if rank is not None and enqueue_many else rank


def _store(t, shared, enqueue_many, keep_input):
    """(what the queue holds, its _Info)"""
    if not isinstance(t, SparseTensor):
        return t, _DENSE
    stored = (_store_many if enqueue_many else _store_one)(t, shared, keep_input)
    info = _Info(True, shared or _map_op(stored), _rank(t, enqueue_many))
    return array_ops.expand_dims(stored, [-1]), info


def store_sparse_tensors(tensors, enqueue_many, keep_input, shared_map_ops=None):
    """What the queue holds in the place of the tensors, and what restore_sparse_tensors() has to
    know of them."""
    shared = shared_map_ops or [None] * len(tensors)
    both = [_store(t, op, enqueue_many, keep_input) for t, op in zip(tensors, shared)]
    return [t for t, _ in both], [info for _, info in both]


def _known(of_all):
    """One component, of all lists: of one dtype, sparse in all or in none."""
    first = of_all[0]
    sparse = isinstance(first, SparseTensor)
    if any(isinstance(t, SparseTensor) != sparse for t in of_all):
        raise TypeError("Expected all or none of the tensors to be sparse: %s" % (of_all,))
    return sparse


def store_sparse_tensors_join(lists, enqueue_many, keep_input):
    """The same for several lists, whose sparse tensors go into one map."""
    for of_all in zip(*lists):
        _known(of_all)
    first, infos = store_sparse_tensors(lists[0], enqueue_many, keep_input)
    shared = [info.map_op for info in infos]
    rest = [store_sparse_tensors(one, enqueue_many, keep_input, shared) for one in lists[1:]]
    merged = [info._replace(rank=next((i[at].rank for i in [infos] + [r[1] for r in rest]
                                       if i[at].rank is not None), None))
              for at, info in enumerate(infos)]
    return [first] + [tensors for tensors, _ in rest], merged


def _restore(handles, info):
    handles = array_ops.squeeze(handles, [1])
    name = (info.map_op.get_attr("shared_name") or info.map_op.name)
    indices, values, shape = gen.TakeManySparseFromTensorsMap(
        handles, dtype=info.map_op.get_attr("T"), shared_name=_text(name))
    rank = None if info.rank is None else info.rank + 1
    indices.set_shape([None, rank])
    shape.set_shape([rank])
    return SparseTensor(indices, values, shape)


def _text(name):
    return name.decode() if isinstance(name, bytes) else name


def restore_sparse_tensors(stored, infos):
    """The batches, sparse where they were."""
    one = not isinstance(stored, (list, tuple))
    out = [_restore(t, info) if info.sparse else t
           for t, info in zip([stored] if one else stored, infos)]
    return out[0] if one else out
