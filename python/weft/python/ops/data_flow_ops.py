"""Tensors taken apart by a rule and put together again; queues and their like."""
from weft.python.framework import gen, ops
from weft.python.lib.io import tf_record
from weft.python.ops import array_ops
from weft.python.ops.data_flow_gather import (  # noqa: F401
    Barrier, ConditionalAccumulator, ConditionalAccumulatorBase, SparseConditionalAccumulator)
from weft.python.ops.data_flow_queues import (  # noqa: F401
    FIFOQueue, PaddingFIFOQueue, PriorityQueue, QueueBase, RandomShuffleQueue)
from weft.python.ops.data_flow_staging import (  # noqa: F401
    BaseStagingArea, MapStagingArea, StagingArea)

__all__ = ["Barrier", "BaseStagingArea", "ConditionalAccumulator", "ConditionalAccumulatorBase",
           "FIFOQueue", "MapStagingArea", "PaddingFIFOQueue", "PriorityQueue", "QueueBase",
           "RandomShuffleQueue", "RecordInput", "SparseConditionalAccumulator", "StagingArea",
           "dynamic_partition", "dynamic_stitch"]


def dynamic_partition(data, partitions, num_partitions, name=None):
    """A list of `num_partitions` tensors: the parts of `data` to which `partitions` gives that
    number."""
    return gen.DynamicPartition(data, partitions, num_partitions=num_partitions, name=name)


def dynamic_stitch(indices, data, name=None):
    """One tensor in which data[m][i] stands at indices[m][i]; the last one counts."""
    return gen.DynamicStitch(indices, data, name=name)


class RecordInput:
    """Batches of records of many TFRecord files, shuffled, without end.

    Args:
      file_pattern: the files.
      batch_size: how many records a batch has.
      buffer_size: how many are read ahead, to draw from.
      parallelism: how many files are read at a time.
      shift_ratio: by how much of the list of files each epoch begins further on.
      seed: of the order.
      name: of the operation.
      batches: the records come as so many lists of scalars instead of one vector.
      compression_type: of the files, a TFRecordCompressionType.
    """

    def __init__(self, file_pattern, batch_size=1, buffer_size=1, parallelism=1, shift_ratio=0,
                 seed=0, name=None, batches=None, compression_type=None):
        self._batch_size = batch_size
        if batches is not None:
            self._batch_size *= batches
        self._batches = batches
        self._name = name
        self._compression = (
            tf_record.TFRecordOptions.get_compression_type_string(
                tf_record.TFRecordOptions(compression_type))
            if compression_type is not None else "")
        self._attributes = dict(file_pattern=file_pattern, file_buffer_size=buffer_size,
                                file_parallelism=parallelism,
                                file_shuffle_shift_ratio=shift_ratio, file_random_seed=seed)

    def get_yield_op(self):
        """A batch: a vector, or `batches` lists of scalars."""
        records = gen.RecordInput(batch_size=self._batch_size, compression_type=self._compression,
                                  name=self._name, **self._attributes)
        if self._batches is None:
            return records
        with ops.name_scope(self._name):
            lists = [[] for _ in range(self._batches)]
            for i, record in enumerate(array_ops.split(records, self._batch_size, 0)):
                lists[i % self._batches].append(array_ops.reshape(record, []))
            return lists
