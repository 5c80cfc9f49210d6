/* types.c - the messages there are, by their names. */
#include "wire/any.pb-c.h"
#include "wire/checkpoint.pb-c.h"
#include "wire/config.pb-c.h"
#include "wire/event.pb-c.h"
#include "wire/example.pb-c.h"
#include "wire/graph.pb-c.h"
#include "wire/meta.pb-c.h"
#include "wire/text.h"

#include <string.h>

static const ProtobufCMessageDescriptor *const types[] = {
    &wire__any__descriptor, &wire__tensor_slice_proto__descriptor,
    &wire__bundle_header_proto__descriptor, &wire__bundle_entry_proto__descriptor,
    &wire__saved_slice_meta__descriptor, &wire__saved_tensor_slice_meta__descriptor,
    &wire__saved_slice__descriptor, &wire__saved_tensor_slices__descriptor,
    &wire__checkpoint_state__descriptor, &wire__trackable_object_graph__descriptor,
    &wire__gpuoptions__descriptor, &wire__optimizer_options__descriptor,
    &wire__auto_parallel_options__descriptor, &wire__scoped_allocator_options__descriptor,
    &wire__rewriter_config__descriptor, &wire__graph_options__descriptor,
    &wire__thread_pool_option_proto__descriptor, &wire__rpcoptions__descriptor,
    &wire__job_def__descriptor, &wire__cluster_def__descriptor, &wire__config_proto__descriptor,
    &wire__server_def__descriptor, &wire__debug_tensor_watch__descriptor,
    &wire__debug_options__descriptor, &wire__run_options__descriptor,
    &wire__allocation_description__descriptor, &wire__tensor_description__descriptor,
    &wire__allocator_memory_used__descriptor, &wire__node_output__descriptor,
    &wire__node_exec_stats__descriptor, &wire__device_step_stats__descriptor,
    &wire__step_stats__descriptor, &wire__cost_graph_def__descriptor,
    &wire__run_metadata__descriptor, &wire__device_locality__descriptor,
    &wire__device_attributes__descriptor, &wire__event__descriptor,
    &wire__log_message__descriptor, &wire__session_log__descriptor,
    &wire__tagged_run_metadata__descriptor, &wire__histogram_proto__descriptor,
    &wire__summary_description__descriptor, &wire__summary_metadata__descriptor,
    &wire__summary__descriptor, &wire__bytes_list__descriptor, &wire__float_list__descriptor,
    &wire__int64_list__descriptor, &wire__feature__descriptor, &wire__features__descriptor,
    &wire__feature_list__descriptor, &wire__feature_lists__descriptor, &wire__example__descriptor,
    &wire__sequence_example__descriptor, &wire__tensor_shape_proto__descriptor,
    &wire__tensor_proto__descriptor, &wire__resource_handle_proto__descriptor,
    &wire__variant_tensor_data_proto__descriptor, &wire__attr_value__descriptor,
    &wire__name_attr_list__descriptor, &wire__version_def__descriptor,
    &wire__node_def__descriptor, &wire__graph_def__descriptor, &wire__op_def__descriptor,
    &wire__op_deprecation__descriptor, &wire__op_list__descriptor,
    &wire__function_def__descriptor, &wire__gradient_def__descriptor,
    &wire__function_def_library__descriptor, &wire__meta_graph_def__descriptor,
    &wire__collection_def__descriptor, &wire__tensor_info__descriptor,
    &wire__signature_def__descriptor, &wire__asset_file_def__descriptor,
    &wire__saver_def__descriptor, &wire__saved_model__descriptor,
    &wire__save_slice_info_def__descriptor, &wire__variable_def__descriptor,
    &wire__queue_runner_def__descriptor, &wire__values_def__descriptor,
    &wire__control_flow_context_def__descriptor, &wire__cond_context_def__descriptor,
    &wire__while_context_def__descriptor,
};

const ProtobufCMessageDescriptor *message_type(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i]->short_name, name))
            return types[i];
    return NULL;
}
