/* graphdef.c - any bytes read as a GraphDef, with options that the first byte chooses: an error that
 * leaves the graph empty, or a graph that is written and read again to the same bytes. */
#include "base/mem.h"
#include "graph/graphdef.h"
#include "ops/ops.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_options(struct import *im, uint8_t bits)
{
    im->allow_unknown = bits & 1;
    im->prefix = bits & 2 ? "p" : NULL;
    im->uniquify_prefix = bits & 4;
    im->uniquify_names = bits & 8;
    if (bits & 16)
        import_return(im, "a:0");
}

/* What we wrote we read, and write the same. */
static void check_again(struct graph *g)
{
    void *once = NULL, *twice = NULL;
    size_t n = 0, m = 0;
    struct import im = { .allow_unknown = true };
    struct graph *h = graph_new();
    struct status *st = graph_export(g, EXPORT_SHAPES, &once, &n);
    if (!st)
        st = graph_import(h, &im, once, n);
    if (!st)
        st = graph_export(h, EXPORT_SHAPES, &twice, &m);
    if (st && status_code(st) != RESOURCE_EXHAUSTED && status_code(st) != UNIMPLEMENTED)
        abort();
    if (!st && (n != m || memcmp(once, twice, n)))
        abort();
    status_free(st);
    mem_free(once);
    mem_free(twice);
    arena_free(&im.arena);
    graph_unref(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct status *st = ops_init();
    struct graph *g = st || !size ? NULL : graph_new();
    struct import im = { 0 };
    status_free(st);
    if (!g)
        return 0;
    set_options(&im, data[0]);
    st = graph_import(g, &im, data + 1, size - 1);
    if (st && g->n)
        abort();
    if (!st)
        check_again(g);
    status_free(st);
    graph_unref(g);
    arena_free(&im.arena);
    return 0;
}
