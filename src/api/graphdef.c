/* graphdef.c - weft.h: graphs as files. */
#include "api/api.h"
#include "base/mem.h"
#include "graph/graphdef.h"

static inline struct import *import_in(const struct weft_import *i) { return (struct import *)i; }

/* ---- out ---- */

struct weft_status *weft_graph_export(struct weft_graph *g, unsigned flags,
                                      struct weft_bytes *graph_def)
{
    return status_out(graph_export(graph_in(g), flags, &graph_def->data, &graph_def->size));
}

struct weft_status *weft_node_export(const struct weft_node *n, struct weft_bytes *node_def)
{
    return status_out(node_export(node_in(n), &node_def->data, &node_def->size));
}

/* ---- options and results ---- */

struct weft_import *weft_import_new(void) { return (struct weft_import *)import_new(); }
void weft_import_free(struct weft_import *i) { import_free(import_in(i)); }

void weft_import_prefix(struct weft_import *i, const char *prefix)
{
    import_set_text(import_in(i), &import_in(i)->prefix, prefix);
}

void weft_import_uniquify_prefix(struct weft_import *i, bool uniquify)
{
    import_in(i)->uniquify_prefix = uniquify;
}

void weft_import_uniquify_names(struct weft_import *i, bool uniquify)
{
    import_in(i)->uniquify_names = uniquify;
}

void weft_import_device(struct weft_import *i, const char *device)
{
    import_set_text(import_in(i), &import_in(i)->device, device);
}

void weft_import_map(struct weft_import *i, const char *name, struct weft_out out)
{
    import_map_to(import_in(i), name, out_in(out));
}

void weft_import_map_control(struct weft_import *i, const char *name, struct weft_node *node)
{
    import_map_control(import_in(i), name, node_in(node));
}

void weft_import_after(struct weft_import *i, struct weft_node *node)
{
    import_after(import_in(i), node_in(node));
}

void weft_import_return(struct weft_import *i, const char *name)
{
    import_return(import_in(i), name);
}

void weft_import_ops(struct weft_import *i, const void *op_list, size_t n)
{
    import_set_ops(import_in(i), op_list, n);
}

void weft_import_allow_unknown(struct weft_import *i, bool allow)
{
    import_in(i)->allow_unknown = allow;
}

struct weft_out weft_import_returned(const struct weft_import *i, int k)
{
    const struct import *im = import_in(i);
    bool there = im->returned && k >= 0 && k < im->n_wants;
    return out_out(there ? im->returned[k] : (struct out){ 0 });
}

int weft_import_unused(const struct weft_import *i) { return import_in(i)->n_unused; }

const char *weft_import_unused_key(const struct weft_import *i, int k)
{
    return k >= 0 && k < import_in(i)->n_unused ? import_in(i)->unused[k] : NULL;
}

/* ---- in ---- */

/* A failed import leaves the graph, and what scopes remember of it, as they were. */
static struct status *import_in_scopes(struct graph *g, struct import *im, const void *bytes,
                                       size_t n)
{
    struct import plain = { 0 };
    im = im ? im : &plain;
    im->add = build_imported;
    graph_lock(g);
    int nodes = g->n;
    struct status *st = graph_import(g, im, bytes, n);
    if (st)
        build_forget_nodes(g, nodes);
    graph_unlock(g);
    arena_free(&plain.arena);
    return st;
}

struct weft_status *weft_graph_import(struct weft_graph *g, struct weft_import *i,
                                      const void *graph_def, size_t n)
{
    struct graph *graph = build_graph(graph_in(g), NULL, 0);
    struct status *st = api_ready();
    if (!st && !graph)
        st = status_no_memory();
    return status_out(st ? st : import_in_scopes(graph, import_in(i), graph_def, n));
}
