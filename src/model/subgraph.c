#include "model/subgraph.h"
#include "base/mem.h"
#include "wire/wire.h"

#include <string.h>

size_t input_name(const char *input, const char **name)
{
    *name = input + (*input == '^');
    return strcspn(*name, ":");
}

Wire__AttrValue *node_def_attr(const Wire__NodeDef *def, const char *key)
{
    for (size_t i = 0; i < def->n_attr; i++)
        if (!strcmp(def->attr[i]->key, key))
            return def->attr[i]->value;
    return NULL;
}

/* ---- what is needed ---- */

struct mark { Wire__NodeDef *def; bool needed; };

struct walk {
    Wire__GraphDef *def;
    struct map by_name;                 /* to marks */
    struct mark *mark, **queue;         /* one for each node */
    size_t n_queue;
};

static struct status *index_nodes(struct arena *a, struct walk *w)
{
    NEED(w->mark = arena_array(a, struct mark, w->def->n_node + 1));
    NEED(w->queue = arena_array(a, struct mark *, w->def->n_node + 1));
    for (size_t i = 0; i < w->def->n_node; i++) {
        w->mark[i].def = w->def->node[i];
        ENSURE(!map_get(&w->by_name, w->def->node[i]->name), "Node '%s' is not unique",
               w->def->node[i]->name);
        if (!map_put(&w->by_name, w->def->node[i]->name, &w->mark[i]))
            return status_no_memory();
    }
    return NULL;
}

static void need(struct walk *w, struct mark *m)
{
    if (!m->needed)
        w->queue[w->n_queue++] = m;
    m->needed = true;
}

static struct status *need_inputs(struct walk *w, const Wire__NodeDef *def)
{
    for (size_t i = 0; i < def->n_input; i++) {
        const char *name;
        size_t len = input_name(def->input[i], &name);
        struct mark *m = map_get_n(&w->by_name, name, len);
        ENSURE(m, "Node '%s': Unknown input node '%s'", def->name, def->input[i]);
        need(w, m);
    }
    return NULL;
}

static struct status *need_all(struct walk *w, struct name_list wanted)
{
    for (int i = 0; i < wanted.n; i++) {
        struct mark *m = map_get(&w->by_name, wanted.name[i]);
        if (!m)
            return status_new(NOT_FOUND, "%s is not in graph", wanted.name[i]);
        need(w, m);
    }
    for (size_t i = 0; i < w->n_queue; i++)
        TRY(need_inputs(w, w->queue[i]->def));
    return NULL;
}

static struct status *drop_others(struct walk *w, struct map *by_name)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->def->n_node; i++) {
        if (!w->mark[i].needed)
            continue;
        w->def->node[kept++] = w->mark[i].def;
        if (!map_put(by_name, w->mark[i].def->name, w->mark[i].def))
            return status_no_memory();
    }
    w->def->n_node = kept;
    return NULL;
}

struct status *subgraph_keep(struct arena *a, Wire__GraphDef *def, struct name_list wanted,
                             struct map *by_name)
{
    struct walk w = { .def = def };
    struct status *st = index_nodes(a, &w);
    if (!st)
        st = need_all(&w, wanted);
    if (!st)
        st = drop_others(&w, by_name);
    map_free(&w.by_name);
    return st;
}

struct status *graph_def_decode(struct arena *a, const void *bytes, size_t n,
                                Wire__GraphDef **def)
{
    return status_prefix(wire_decode(a, &wire__graph_def__descriptor, bytes, n, def),
                         "Invalid GraphDef: ");
}

/* ---- from bytes to bytes ---- */

static struct status *clear_devices(struct arena *a, const void *bytes, size_t n, void **result,
                                    size_t *result_n)
{
    Wire__GraphDef *def;
    TRY(graph_def_decode(a, bytes, n, &def));
    for (size_t i = 0; i < def->n_node; i++)
        def->node[i]->device = "";
    return wire_encode(&def->base, result, result_n);
}

struct status *subgraph_clear_devices(const void *bytes, size_t n, void **result,
                                      size_t *result_n)
{
    struct arena a = { 0 };
    struct status *st = clear_devices(&a, bytes, n, result, result_n);
    arena_free(&a);
    return st;
}

static struct status *extract(struct arena *a, const void *bytes, size_t n,
                              struct name_list wanted, struct map *by_name, void **result,
                              size_t *result_n)
{
    Wire__GraphDef *def;
    TRY(graph_def_decode(a, bytes, n, &def));
    TRY(subgraph_keep(a, def, wanted, by_name));
    return wire_encode(&def->base, result, result_n);
}

struct status *subgraph_extract(const void *bytes, size_t n, struct name_list wanted,
                                void **result, size_t *result_n)
{
    struct arena a = { 0 };
    struct map by_name = { 0 };
    struct status *st = extract(&a, bytes, n, wanted, &by_name, result, result_n);
    map_free(&by_name);
    arena_free(&a);
    return st;
}
