/* known.c - ops that are known by their signature alone: a graph may hold them, and a run that
 * needs one says that there is no kernel. They are those that real files hold. An op that gets a row in a family loses its line here: the audit sees to it. */
#include "ops/known.h"

#define KNOWN(op, in, out, attributes, bits) \
    { .name = op, .inputs = in, .outputs = out, .attrs = attributes, .flags = bits }

const struct op ops_known[] = {
    KNOWN("BatchDatasetV2", "input_dataset: variant, batch_size: int64, drop_remainder: bool",
          "handle: variant", "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", 0),
    KNOWN("CacheDataset", "input_dataset: variant, filename: string", "handle: variant",
          "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", 0),
    KNOWN("ConcatenateDataset", "input_dataset: variant, another_dataset: variant",
          "handle: variant", "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", 0),
    KNOWN("DisableCopyOnRead", "resource: resource", "", "", OP_STATEFUL),
    KNOWN("Iterator", "", "handle: resource",
          "shared_name: string; container: string; output_types: list(type) >= 1; output_shapes: "
          "list(shape) >= 1", OP_STATEFUL),
    KNOWN("IteratorGetNext", "iterator: resource", "components: output_types",
          "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", OP_STATEFUL),
    KNOWN("MakeIterator", "dataset: variant, iterator: resource", "", "", OP_STATEFUL),
    KNOWN("PrefetchDataset", "input_dataset: variant, buffer_size: int64", "handle: variant",
          "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", 0),
    KNOWN("RandomDataset", "seed: int64, seed2: int64", "handle: variant",
          "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", OP_STATEFUL),
    KNOWN("RangeDataset", "start: int64, stop: int64, step: int64", "handle: variant",
          "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", OP_STATEFUL),
    KNOWN("ReaderReadV2", "reader_handle: resource, queue_handle: resource",
          "key: string, value: string", "", OP_STATEFUL),
    KNOWN("RepeatDataset", "input_dataset: variant, count: int64", "handle: variant",
          "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", 0),
    KNOWN("ShuffleAndRepeatDataset",
          "input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64, count: int64",
          "handle: variant", "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", 0),
    KNOWN("ShuffleDataset",
          "input_dataset: variant, buffer_size: int64, seed: int64, seed2: int64",
          "handle: variant",
          "reshuffle_each_iteration: bool = true; output_types: list(type) >= 1; output_shapes: "
          "list(shape) >= 1", 0),
    KNOWN("SkipDataset", "input_dataset: variant, count: int64", "handle: variant",
          "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", 0),
    KNOWN("TakeDataset", "input_dataset: variant, count: int64", "handle: variant",
          "output_types: list(type) >= 1; output_shapes: list(shape) >= 1", 0),
    KNOWN("TensorDataset", "components: Toutput_types", "handle: variant",
          "Toutput_types: list(type) >= 1; output_shapes: list(shape) >= 1", OP_STATEFUL),
    KNOWN("TensorSliceDataset", "components: Toutput_types", "handle: variant",
          "Toutput_types: list(type) >= 1; output_shapes: list(shape) >= 1", OP_STATEFUL),
    { 0 }
};
