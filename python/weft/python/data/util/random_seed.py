"""The seeds of datasets that shuffle or draw, as tensors."""
from weft.python.framework import constant_op, dtypes, ops
from weft.python.framework import random_seed
from weft.python.ops import array_ops, math_ops

__all__ = ["get_seed"]


def get_seed(seed):
    """The pair of int64 tensors (seed, seed2) for a seed, which may be a tensor, or None.

    It is the pair of other random ops, but the pair (0, 0) that would mean "not seeded" is avoided
    by a computation, since seeds may be known only in a run.
    """
    seed, seed2 = random_seed.get_seed(seed)
    if seed is None:
        seed = constant_op.constant(0, dtype=dtypes.int64, name="seed")
    else:
        seed = ops.convert_to_tensor(seed, dtype=dtypes.int64, name="seed")
    if seed2 is None:
        return seed, constant_op.constant(0, dtype=dtypes.int64, name="seed2")
    with ops.name_scope("seed2") as scope:
        seed2 = ops.convert_to_tensor(seed2, dtype=dtypes.int64)
        seed2 = array_ops.where(
            math_ops.logical_and(math_ops.equal(seed, 0), math_ops.equal(seed2, 0)),
            constant_op.constant(2 ** 31 - 1, dtype=dtypes.int64), seed2, name=scope)
    return seed, seed2
