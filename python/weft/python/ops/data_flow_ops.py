"""Tensors taken apart by a rule and put together again; queues and their like."""
from weft.python.framework import gen
from weft.python.ops.data_flow_gather import (  # noqa: F401
    Barrier, ConditionalAccumulator, ConditionalAccumulatorBase, SparseConditionalAccumulator)
from weft.python.ops.data_flow_queues import (  # noqa: F401
    FIFOQueue, PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue)
from weft.python.ops.data_flow_staging import (  # noqa: F401
    BaseStagingArea, MapStagingArea, StagingArea)

__all__ = ["Barrier", "BaseStagingArea", "ConditionalAccumulator", "ConditionalAccumulatorBase",
           "FIFOQueue", "MapStagingArea", "PaddingFIFOQueue", "PriorityQueue", "QueueBase",
           "RandomShuffleQueue", "SparseConditionalAccumulator", "StagingArea",
           "dynamic_partition", "dynamic_stitch"]


def dynamic_partition(data, partitions, num_partitions, name=None):
    """A list of `num_partitions` tensors: the parts of `data` to which `partitions` gives that
    number."""
    return gen.DynamicPartition(data, partitions, num_partitions=num_partitions, name=name)


def dynamic_stitch(indices, data, name=None):
    """One tensor in which data[m][i] stands at indices[m][i]; the last one counts."""
    return gen.DynamicStitch(indices, data, name=name)
