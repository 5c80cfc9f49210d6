/* known.c - ops that are known by their signature alone: a graph may hold them, and a run that
 * needs one says that there is no kernel, unless it is the call of a function. They are those that
 * real files hold. An op that gets a row in a family loses its line here: the audit sees to it. */
#include "ops/known.h"

#define KNOWN(op, in, out, attributes, bits) \
    { .name = op, .inputs = in, .outputs = out, .attrs = attributes, .flags = bits }

const struct op ops_known[] = {
    KNOWN("ControlTrigger", "", "", "", 0),
    KNOWN("DisableCopyOnRead", "resource: resource", "", "", OP_STATEFUL),
    KNOWN("FIFOQueueV2", "", "handle: resource",
          "component_types: list(type) >= 1; shapes: list(shape) >= 0 = []; capacity: int = -1; "
          "container: string = \"\"; shared_name: string = \"\"", OP_STATEFUL),
    KNOWN("For", "start: int32, limit: int32, delta: int32, input: T", "output: T",
          "T: list(type) >= 0; body: func", 0),
    KNOWN("If", "cond: Tcond, input: Tin", "output: Tout",
          "Tcond: type; Tin: list(type) >= 0; Tout: list(type) >= 0; then_branch: func; "
          "else_branch: func", OP_STATEFUL),
    KNOWN("PartitionedCall", "args: Tin", "output: Tout",
          "Tin: list(type) >= 0; Tout: list(type) >= 0; f: func", OP_CALL),
    KNOWN("PriorityQueueV2", "", "handle: resource",
          "component_types: list(type) >= 0 = []; shapes: list(shape) >= 0; capacity: int = -1; "
          "container: string = \"\"; shared_name: string = \"\"", OP_STATEFUL),
    KNOWN("QueueCloseV2", "handle: resource", "", "cancel_pending_enqueues: bool = false",
          OP_STATEFUL),
    KNOWN("QueueDequeueManyV2", "handle: resource, n: int32", "components: component_types",
          "component_types: list(type) >= 1; timeout_ms: int = -1", OP_STATEFUL),
    KNOWN("QueueDequeueUpToV2", "handle: resource, n: int32", "components: component_types",
          "component_types: list(type) >= 1; timeout_ms: int = -1", OP_STATEFUL),
    KNOWN("QueueDequeueV2", "handle: resource", "components: component_types",
          "component_types: list(type) >= 1; timeout_ms: int = -1", OP_STATEFUL),
    KNOWN("QueueEnqueueManyV2", "handle: resource, components: Tcomponents", "",
          "Tcomponents: list(type) >= 1; timeout_ms: int = -1", OP_STATEFUL),
    KNOWN("QueueEnqueueV2", "handle: resource, components: Tcomponents", "",
          "Tcomponents: list(type) >= 1; timeout_ms: int = -1", OP_STATEFUL),
    KNOWN("QueueSizeV2", "handle: resource", "size: int32", "", OP_STATEFUL),
    KNOWN("RandomShuffleQueueV2", "", "handle: resource",
          "component_types: list(type) >= 1; shapes: list(shape) >= 0 = []; capacity: int = -1; "
          "min_after_dequeue: int = 0; seed: int = 0; seed2: int = 0; container: string = \"\"; "
          "shared_name: string = \"\"", OP_STATEFUL),
    KNOWN("ReaderReadV2", "reader_handle: resource, queue_handle: resource",
          "key: string, value: string", "", OP_STATEFUL),
    KNOWN("RemoteCall", "target: string, args: Tin", "output: Tout",
          "Tin: list(type) >= 1; Tout: list(type) >= 1; f: func", OP_STATEFUL),
    KNOWN("StackPopV2", "handle: resource", "elem: elem_type", "elem_type: type", OP_STATEFUL),
    KNOWN("StackPushV2", "handle: resource, elem: T", "output: T",
          "T: type; swap_memory: bool = false", OP_STATEFUL),
    KNOWN("StackV2", "max_size: int32", "handle: resource",
          "elem_type: type; stack_name: string = \"\"", OP_STATEFUL),
    KNOWN("StatefulPartitionedCall", "args: Tin", "output: Tout",
          "Tin: list(type) >= 0; Tout: list(type) >= 0; f: func", OP_STATEFUL | OP_CALL),
    KNOWN("StatelessIf", "cond: Tcond, input: Tin", "output: Tout",
          "Tcond: type; Tin: list(type) >= 0; Tout: list(type) >= 0; then_branch: func; "
          "else_branch: func", 0),
    KNOWN("StatelessWhile", "input: T", "output: T", "T: list(type) >= 0; cond: func; body: func",
          0),
    KNOWN("SymbolicGradient", "input: Tin", "output: Tout",
          "Tin: list(type) >= 1; Tout: list(type) >= 1; f: func", 0),
    KNOWN("TensorArrayConcatV3", "handle: resource, flow_in: float",
          "value: dtype, lengths: int64", "dtype: type; element_shape_except0: shape = ?",
          OP_STATEFUL),
    KNOWN("TensorArrayGatherV3", "handle: resource, indices: int32, flow_in: float",
          "value: dtype", "dtype: type; element_shape: shape = ?", OP_STATEFUL),
    KNOWN("TensorArrayGradV3", "handle: resource, flow_in: float",
          "grad_handle: resource, flow_out: float", "source: string", OP_STATEFUL),
    KNOWN("TensorArrayReadV3", "handle: resource, index: int32, flow_in: float", "value: dtype",
          "dtype: type", OP_STATEFUL),
    KNOWN("TensorArrayScatterV3", "handle: resource, indices: int32, value: T, flow_in: float",
          "flow_out: float", "T: type", OP_STATEFUL),
    KNOWN("TensorArraySizeV3", "handle: resource, flow_in: float", "size: int32", "",
          OP_STATEFUL),
    KNOWN("TensorArraySplitV3", "handle: resource, value: T, lengths: int64, flow_in: float",
          "flow_out: float", "T: type", OP_STATEFUL),
    KNOWN("TensorArrayV3", "size: int32", "handle: resource, flow: float",
          "dtype: type; element_shape: shape = ?; dynamic_size: bool = false; clear_after_read: "
          "bool = true; identical_element_shapes: bool = false; tensor_array_name: string = \"\"",
          OP_STATEFUL),
    KNOWN("TensorArrayWriteV3", "handle: resource, index: int32, value: T, flow_in: float",
          "flow_out: float", "T: type", OP_STATEFUL),
    KNOWN("While", "input: T", "output: T", "T: list(type) >= 0; cond: func; body: func",
          OP_STATEFUL),
    { 0 }
};
