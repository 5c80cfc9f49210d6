/* graphdef.c - any bytes read as a GraphDef: an error or a graph, never anything else. */
#include "graph/graphdef.h"
#include "ops/ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct status *st = ops_init();
    struct graph *g = st ? NULL : graph_new();
    status_free(st);
    if (g)
        status_free(graph_import(g, NULL, data, size));
    graph_unref(g);
    return 0;
}
