"""Messages that say how to run: ConfigProto and what is in it, RunOptions, RunMetadata."""
from weft.python.framework.graph_def import (
    AttrValue, GraphDef, NodeDef, TensorProto, TensorShapeProto, VersionDef)
from weft.python.framework.message import Enum, Message
from weft.python.framework.types_pb2 import DataType        # noqa: F401 (named in FIELDS)

__all__ = [
    "AttrValue", "ClusterDef", "ConfigProto", "CostGraphDef", "DebugOptions", "DebugTensorWatch",
    "DeviceStepStats", "GPUOptions", "GraphDef", "GraphOptions", "JobDef", "NodeDef",
    "NodeExecStats", "OptimizerOptions", "RPCOptions", "RewriterConfig", "RunMetadata",
    "RunOptions", "ServerDef", "StepStats", "TensorProto", "TensorShapeProto",
    "ThreadPoolOptionProto", "VersionDef"]


class GPUOptions(Message):
    """Options for GPUs; where there is none they are kept and change nothing."""

    class Experimental(Message):
        class VirtualDevices(Message):
            FIELDS = """
                repeated float memory_limit_mb = 1
            """

        FIELDS = """
            repeated VirtualDevices virtual_devices = 1
            bool use_unified_memory = 2
            int32 num_dev_to_dev_copy_streams = 3
            string collective_ring_order = 4
            bool timestamped_allocator = 5
            int32 kernel_tracker_max_interval = 7
            int32 kernel_tracker_max_bytes = 8
            int32 kernel_tracker_max_pending = 9
        """

    FIELDS = """
        double per_process_gpu_memory_fraction = 1
        string allocator_type = 2
        int64 deferred_deletion_bytes = 3
        bool allow_growth = 4
        string visible_device_list = 5
        int32 polling_active_delay_usecs = 6
        int32 polling_inactive_delay_msecs = 7
        bool force_gpu_compatible = 8
        Experimental experimental = 9
    """


class OptimizerOptions(Message):
    """How much the runtime may rewrite a graph."""

    Level = Enum(L1=0, L0=-1)
    GlobalJitLevel = Enum(DEFAULT=0, OFF=-1, ON_1=1, ON_2=2)

    FIELDS = """
        bool do_common_subexpression_elimination = 1
        bool do_constant_folding = 2
        Level opt_level = 3
        bool do_function_inlining = 4
        GlobalJitLevel global_jit_level = 5
        int64 max_folded_constant_in_bytes = 6
    """


class AutoParallelOptions(Message):
    """One rewriter's options."""

    FIELDS = """
        bool enable = 1
        int32 num_replicas = 2
    """


class ScopedAllocatorOptions(Message):
    """One rewriter's options."""

    FIELDS = """
        repeated string enable_op = 1
    """


class RewriterConfig(Message):
    """Which rewriters of graphs are on."""

    Toggle = Enum(DEFAULT=0, ON=1, OFF=2, AGGRESSIVE=3)
    NumIterationsType = Enum(DEFAULT_NUM_ITERS=0, ONE=1, TWO=2)
    MemOptType = Enum(DEFAULT_MEM_OPT=0, NO_MEM_OPT=1, MANUAL=2, HEURISTICS=3,
                      SWAPPING_HEURISTICS=4, RECOMPUTATION_HEURISTICS=5, SCHEDULING_HEURISTICS=6)

    class CustomGraphOptimizer(Message):
        FIELDS = """
            string name = 1
            map<string, AttrValue> parameter_map = 2
        """

    FIELDS = """
        Toggle layout_optimizer = 1
        bool disable_model_pruning = 2
        Toggle constant_folding = 3
        MemOptType memory_optimization = 4
        AutoParallelOptions auto_parallel = 5
        string memory_optimizer_target_node_name_scope = 6
        Toggle arithmetic_optimization = 7
        Toggle dependency_optimization = 8
        Toggle loop_optimization = 9
        Toggle function_optimization = 10
        Toggle debug_stripper = 11
        NumIterationsType meta_optimizer_iterations = 12
        Toggle shape_optimization = 13
        Toggle remapping = 14
        Toggle scoped_allocator_optimization = 15
        ScopedAllocatorOptions scoped_allocator_opts = 16
        int32 min_graph_nodes = 17
        Toggle pin_to_host_optimization = 18
        bool disable_meta_optimizer = 19
        int64 meta_optimizer_timeout_ms = 20
        bool fail_on_optimizer_errors = 21
        Toggle implementation_selector = 22
        Toggle auto_mixed_precision = 23
        repeated string optimizers = 100
        repeated CustomGraphOptimizer custom_optimizers = 200
    """


class GraphOptions(Message):
    """How a session treats its graph."""

    FIELDS = """
        bool enable_recv_scheduling = 2
        OptimizerOptions optimizer_options = 3
        int64 build_cost_model = 4
        bool infer_shapes = 5
        bool place_pruned_graph = 6
        bool enable_bfloat16_sendrecv = 7
        int32 timeline_step = 8
        int64 build_cost_model_after = 9
        RewriterConfig rewrite_options = 10
    """


class ThreadPoolOptionProto(Message):
    """A pool of threads that runs may choose."""

    FIELDS = """
        int32 num_threads = 1
        string global_name = 2
    """


class RPCOptions(Message):
    """How sessions talk to servers."""

    FIELDS = """
        bool use_rpc_for_inprocess_master = 1
        string compression_algorithm = 2
        int32 compression_level = 3
        bool cache_rpc_response = 4
        bool disable_session_connection_sharing = 5
    """


class JobDef(Message):
    """A job's tasks, and where they listen."""

    FIELDS = """
        string name = 1
        map<int32, string> tasks = 2
    """


class ClusterDef(Message):
    """The jobs of a cluster."""

    FIELDS = """
        repeated JobDef job = 1
    """


class ConfigProto(Message):
    """Options of a session."""

    class Experimental(Message):
        FIELDS = """
            string collective_group_leader = 1
            string executor_type = 3
            int32 recv_buf_max_chunk = 4
            bool use_numa_affinity = 5
            bool collective_deterministic_sequential_execution = 6
            bool collective_nccl = 7
            bool share_session_state_in_clusterspec_propagation = 8
            bool disable_thread_spinning = 9
            bool share_cluster_devices_in_session = 10
            bool optimize_for_static_graph = 12
        """

    FIELDS = """
        map<string, int32> device_count = 1
        int32 intra_op_parallelism_threads = 2
        int32 placement_period = 3
        repeated string device_filters = 4
        int32 inter_op_parallelism_threads = 5
        GPUOptions gpu_options = 6
        bool allow_soft_placement = 7
        bool log_device_placement = 8
        bool use_per_session_threads = 9
        GraphOptions graph_options = 10
        int64 operation_timeout_in_ms = 11
        repeated ThreadPoolOptionProto session_inter_op_thread_pool = 12
        RPCOptions rpc_options = 13
        ClusterDef cluster_def = 14
        bool isolate_session_state = 15
        Experimental experimental = 16
        bool share_cluster_devices_in_session = 17
    """


class ServerDef(Message):
    """A server: its place in a cluster, and its sessions' options."""

    FIELDS = """
        ClusterDef cluster = 1
        string job_name = 2
        int32 task_index = 3
        ConfigProto default_session_config = 4
        string protocol = 5
    """


class DebugTensorWatch(Message):
    """A tensor that a debugger watches."""

    FIELDS = """
        string node_name = 1
        int32 output_slot = 2
        repeated string debug_ops = 3
        repeated string debug_urls = 4
        bool tolerate_debug_op_creation_failures = 5
    """


class DebugOptions(Message):
    """What a debugger watches in a run."""

    FIELDS = """
        repeated DebugTensorWatch debug_tensor_watch_opts = 4
        int64 global_step = 10
        bool reset_disk_byte_usage = 11
    """


class RunOptions(Message):
    """Options of one run."""

    TraceLevel = Enum(NO_TRACE=0, SOFTWARE_TRACE=1, HARDWARE_TRACE=2, FULL_TRACE=3)

    class Experimental(Message):
        FIELDS = """
            int64 collective_graph_key = 1
            bool use_run_handler_pool = 2
        """

    FIELDS = """
        TraceLevel trace_level = 1
        int64 timeout_in_ms = 2
        int32 inter_op_thread_pool = 3
        bool output_partition_graphs = 5
        DebugOptions debug_options = 6
        bool report_tensor_allocations_upon_oom = 7
        Experimental experimental = 8
    """


# ---- what a run tells of itself ----

class AllocationDescription(Message):
    """A piece of memory that a tensor uses."""

    FIELDS = """
        int64 requested_bytes = 1
        int64 allocated_bytes = 2
        string allocator_name = 3
        int64 allocation_id = 4
        bool has_single_reference = 5
        uint64 ptr = 6
    """


class TensorDescription(Message):
    """A tensor's type, shape and memory."""

    FIELDS = """
        DataType dtype = 1
        TensorShapeProto shape = 2
        AllocationDescription allocation_description = 4
    """


class AllocatorMemoryUsed(Message):
    """How much a node took from an allocator."""

    FIELDS = """
        string allocator_name = 1
        int64 total_bytes = 2
        int64 peak_bytes = 3
        int64 live_bytes = 4
        int64 allocator_bytes_in_use = 5
    """


class NodeOutput(Message):
    """What a node put into one of its outputs."""

    FIELDS = """
        int32 slot = 1
        TensorDescription tensor_description = 3
    """


class NodeExecStats(Message):
    """When a node ran, and with how much memory."""

    FIELDS = """
        string node_name = 1
        int64 all_start_micros = 2
        int64 op_start_rel_micros = 3
        int64 op_end_rel_micros = 4
        int64 all_end_rel_micros = 5
        repeated AllocatorMemoryUsed memory = 6
        repeated NodeOutput output = 7
        string timeline_label = 8
        int64 scheduled_micros = 9
        uint32 thread_id = 10
        repeated AllocationDescription referenced_tensor = 11
        int64 all_start_nanos = 13
        int64 op_start_rel_nanos = 14
        int64 op_end_rel_nanos = 15
        int64 all_end_rel_nanos = 16
        int64 scheduled_nanos = 17
    """


class DeviceStepStats(Message):
    """What ran on one device."""

    FIELDS = """
        string device = 1
        repeated NodeExecStats node_stats = 2
        map<uint32, string> thread_names = 3
    """


class StepStats(Message):
    """What ran, by device."""

    FIELDS = """
        repeated DeviceStepStats dev_stats = 1
    """


class CostGraphDef(Message):
    """What each node of a graph costs."""

    class Node(Message):
        class InputInfo(Message):
            FIELDS = """
                int32 preceding_node = 1
                int32 preceding_port = 2
            """

        class OutputInfo(Message):
            FIELDS = """
                int64 size = 1
                int64 alias_input_port = 2
                TensorShapeProto shape = 3
                DataType dtype = 4
            """

        FIELDS = """
            string name = 1
            string device = 2
            int32 id = 3
            repeated InputInfo input_info = 4
            repeated OutputInfo output_info = 5
            int64 temporary_memory_size = 6
            bool is_final = 7
            repeated int32 control_input = 8
            int64 compute_cost = 9
            int64 host_temp_memory_size = 10
            int64 device_temp_memory_size = 11
            int64 persistent_memory_size = 12
            int64 compute_time = 14
            int64 memory_time = 15
            int64 device_persistent_memory_size = 16
            bool inaccurate = 17
        """

    FIELDS = """
        repeated Node node = 1
    """


class RunMetadata(Message):
    """What a run tells of itself, if it was asked to."""

    FIELDS = """
        StepStats step_stats = 1
        CostGraphDef cost_graph = 2
        repeated GraphDef partition_graphs = 3
    """
