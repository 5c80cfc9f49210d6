"""Tensors taken apart by a rule and put together again; queues."""
from weft.python.framework import gen
from weft.python.ops.data_flow_queues import (  # noqa: F401
    FIFOQueue, PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue)

__all__ = ["FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue",
           "dynamic_partition", "dynamic_stitch"]


def dynamic_partition(data, partitions, num_partitions, name=None):
    """A list of `num_partitions` tensors: the parts of `data` to which `partitions` gives that
    number."""
    return gen.DynamicPartition(data, partitions, num_partitions=num_partitions, name=name)


def dynamic_stitch(indices, data, name=None):
    """One tensor in which data[m][i] stands at indices[m][i]; the last one counts."""
    return gen.DynamicStitch(indices, data, name=name)
