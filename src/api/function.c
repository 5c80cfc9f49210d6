/* function.c - weft.h: nodes become functions, graphs are given functions. */
#include "api/attr.h"
#include "graph/define.h"
#include "graph/library.h"

static struct status *define(struct given *b, struct graph *g, const struct weft_definition *d,
                             struct weft_bytes *to)
{
    NEED(b->attr = arena_array(&b->tmp, struct attr, d->n_attrs));
    NEED(b->after = arena_array(&b->tmp, struct node *, d->n_attrs));
    for (int i = 0; i < d->n_attrs; i++)
        TRY(given_take(b, &d->attrs[i]));
    return graph_define(g, &(struct definition){
        .name = d->name, .hashed = d->hashed, .description = d->description,
        .in = outs_in(d->inputs), .n_in = d->n_inputs, .out = outs_in(d->outputs),
        .n_out = d->n_outputs, .out_name = d->output_names, .node = nodes_in(d->nodes),
        .n_nodes = d->n_nodes, .control = nodes_in(d->controls),
        .control_name = d->control_names, .n_controls = d->n_controls, .attr = b->attr,
        .n_attr = b->n_attr }, &to->data, &to->size);
}

struct weft_status *weft_graph_define(struct weft_graph *g, const struct weft_definition *d,
                                      struct weft_bytes *function_def)
{
    struct given b = { 0 };
    struct status *st = define(&b, graph_in(g), d, function_def);
    arena_free(&b.tmp);
    return status_out(st);
}

struct weft_status *weft_graph_add_function(struct weft_graph *g, const void *function_def,
                                            size_t n, const char *gradient)
{
    return status_out(library_add(graph_in(g), function_def, n, gradient, NULL));
}

int weft_graph_functions(struct weft_graph *g)
{
    graph_lock(graph_in(g));
    int n = library_count(graph_in(g));
    graph_unlock(graph_in(g));
    return n;
}

const char *weft_graph_function_name(struct weft_graph *g, int i)
{
    struct graph *graph = graph_in(g);
    graph_lock(graph);
    bool there = i >= 0 && i < library_count(graph);
    const char *name = there ? library_at(graph, i)->op->name : NULL;
    graph_unlock(graph);
    return name;
}

const char *weft_graph_function_gradient(struct weft_graph *g, const char *name)
{
    graph_lock(graph_in(g));
    const struct function *f = library_find(graph_in(g), name);
    const char *gradient = f ? f->gradient : NULL;
    graph_unlock(graph_in(g));
    return gradient;
}

struct weft_status *weft_graph_function(struct weft_graph *g, const char *name,
                                        struct weft_bytes *function_def)
{
    return status_out(library_export(graph_in(g), name, &function_def->data,
                                     &function_def->size));
}
