/* meta_import.c - a MetaGraphDef becomes nodes, and members of collections. */
#include "base/mem.h"
#include "build/import.h"
#include "model/meta.h"
#include "model/subgraph.h"
#include "tensor/tstring.h"
#include "wire/wire.h"

struct status *meta_decode(struct arena *a, const void *bytes, size_t n,
                           Wire__MetaGraphParts **m)
{
    return status_prefix(wire_decode_borrowed(a, &wire__meta_graph_parts__descriptor, bytes, n, m),
                         "Invalid MetaGraphDef: ");
}

/* ---- names ---- */

static char *prefixed(struct arena *a, const char *prefix, const char *name)
{
    return prefix && *prefix ? arena_printf(a, "%s/%s", prefix, name) : arena_strdup(a, name);
}

struct status *meta_find(struct graph *g, struct arena *a, const char *prefix, const char *name,
                         struct out *item)
{
    char *full = prefixed(a, prefix, name);
    NEED(full);
    if (strchr(full, ':'))
        return graph_find_out(g, full, item);
    *item = (struct out){ graph_find(g, full), -1 };
    return item->node ? NULL : status_new(NOT_FOUND, "The name '%s' refers to an Operation not in "
                                          "the graph.", full);
}

/* ---- collections ---- */

bool holds_variables(const char *key)
{
    static const char *const keys[] = {
        "variables", "trainable_variables", "local_variables", "model_variables",
        "metric_variables", "moving_average_variables", "global_step",
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(key, keys[i]))
            return true;
    return false;
}

struct adding {
    struct graph *g;
    struct arena *arena;
    const char *prefix;
};

static struct status *collect(const struct adding *c, const char *key, const char *name)
{
    struct out item;
    struct status *st = meta_find(c->g, c->arena, c->prefix, name, &item);
    if (!st)
        return graph_collect(c->g, key, item);
    if (status_code(st) == RESOURCE_EXHAUSTED)
        return st;
    status_free(st);                    /* not in this graph: nothing to collect */
    return NULL;
}

static struct status *collect_variables(const struct adding *c, const char *key,
                                        const Wire__CollectionDef__BytesList *list)
{
    for (size_t i = 0; i < list->n_value; i++) {
        Wire__VariableDef *v;
        TRY(status_prefix(wire_decode(c->arena, &wire__variable_def__descriptor,
                                      list->value[i].data, list->value[i].len, &v),
                          "Collection '%s', item %zu: ", key, i));
        TRY(collect(c, key, v->variable_name));
    }
    return NULL;
}

static struct status *collect_nodes(const struct adding *c, const char *key,
                                    const Wire__CollectionDef__NodeList *list)
{
    for (size_t i = 0; i < list->n_value; i++)
        TRY(collect(c, key, list->value[i]));
    return NULL;
}

/* One that names what is not in this graph is left out. */
static struct status *place_contexts(const struct adding *c, bool loops,
                                     const Wire__CollectionDef__BytesList *list)
{
    struct context *made;
    for (size_t i = 0; i < list->n_value; i++) {
        struct status *st = context_decode(c->g, c->prefix, loops, list->value[i].data,
                                           list->value[i].len, &made);
        if (status_code(st) != NOT_FOUND)
            TRY(st);
        else
            status_free(st);
    }
    return NULL;
}

static struct status *collect_messages(const struct adding *c, const char *key,
                                       const Wire__CollectionDef__BytesList *list)
{
    if (holds_variables(key))
        return collect_variables(c, key, list);
    if (!strcmp(key, COND_KEY) || !strcmp(key, WHILE_KEY))
        return place_contexts(c, !strcmp(key, WHILE_KEY), list);
    return NULL;
}

/* What else there is in collections (queue runners) means nothing to a graph. */
static struct status *add_collections(const struct adding *c, const Wire__MetaGraphParts *m)
{
    for (size_t i = 0; i < m->n_collection_def; i++) {
        const Wire__CollectionDef *d = m->collection_def[i]->value;
        const char *key = m->collection_def[i]->key;
        if (d && d->kind_case == WIRE__COLLECTION_DEF__KIND_NODE_LIST)
            TRY(collect_nodes(c, key, d->node_list));
        if (d && d->kind_case == WIRE__COLLECTION_DEF__KIND_BYTES_LIST)
            TRY(collect_messages(c, key, d->bytes_list));
    }
    return NULL;
}

/* ---- the graph ---- */

/* The ops as the writer knew them: what is unknown or older here can be understood by those. */
static struct status *writers_ops(const Wire__MetaGraphParts *m, void **bytes, size_t *n)
{
    const Wire__MetaGraphDef__MetaInfoDef *info = m->meta_info_def;
    if (!info || !info->stripped_op_list)
        return NULL;
    return wire_encode(&info->stripped_op_list->base, bytes, n);
}

static struct status *import_graph(struct graph *g, const struct meta_import *how,
                                   const Wire__MetaGraphParts *m, const void *bytes, size_t n)
{
    void *ops = NULL;
    size_t n_ops = 0;
    struct import *im = import_new();
    NEED(im);
    struct status *st = writers_ops(m, &ops, &n_ops);
    import_set_text(im, &im->prefix, how->prefix);
    if (ops)
        import_set_ops(im, ops, n_ops);
    im->allow_unknown = how->allow_unknown;
    if (!st)
        st = build_import(g, im, bytes, n);
    import_free(im);
    mem_free(ops);
    return st;
}

static struct status *add_graph(struct graph *g, const struct meta_import *how,
                                const Wire__MetaGraphParts *m)
{
    void *bytes;
    size_t n;
    if (!how->clear_devices)
        return import_graph(g, how, m, m->graph_def.data, m->graph_def.len);
    TRY(subgraph_clear_devices(m->graph_def.data, m->graph_def.len, &bytes, &n));
    struct status *st = import_graph(g, how, m, bytes, n);
    mem_free(bytes);
    return st;
}

struct status *meta_add(struct graph *g, const struct meta_import *how,
                        const Wire__MetaGraphParts *m)
{
    struct arena a = { 0 };
    struct adding c = { g, &a, how->prefix };
    struct status *st = add_graph(g, how, m);
    if (!st)
        st = add_collections(&c, m);
    arena_free(&a);
    return st;
}

struct status *meta_import(struct graph *g, const struct meta_import *how, const void *bytes,
                           size_t n)
{
    struct arena a = { 0 };
    Wire__MetaGraphParts *m;
    struct status *st = meta_decode(&a, bytes, n, &m);
    if (!st)
        st = meta_add(g, how, m);
    arena_free(&a);
    return st;
}

/* ---- running what it names ---- */

static struct status *text_tensor(const char *text, struct tensor *t)
{
    TRY(tensor_new(t, NULL, DT_STRING, &SHAPE_SCALAR));
    if (tstring_set(t->data, text, strlen(text)))
        return NULL;
    tensor_unref(t);
    return status_no_memory();
}

struct naming {                         /* of one run */
    struct arena arena;
    struct out *to;
    struct tensor *value;
    int n;
};

static struct status *take_feeds(struct naming *r, struct graph *g, const char *prefix,
                                 const struct path_feed *feeds, int n)
{
    NEED(r->to = arena_array(&r->arena, struct out, n + 1));
    NEED(r->value = arena_array(&r->arena, struct tensor, n + 1));
    for (; r->n < n; r->n++) {
        TRY(meta_find(g, &r->arena, prefix, feeds[r->n].tensor, &r->to[r->n]));
        ENSURE(r->to[r->n].index >= 0, "'%s' is not the name of a tensor", feeds[r->n].tensor);
        TRY(text_tensor(feeds[r->n].path, &r->value[r->n]));
    }
    return NULL;
}

static struct status *run_one(struct naming *r, struct session *s, const char *prefix,
                              const char *name, const struct path_feed *feeds, int n)
{
    struct out what;
    TRY(take_feeds(r, session_graph(s), prefix, feeds, n));
    TRY(meta_find(session_graph(s), &r->arena, prefix, name, &what));
    struct plan_key key = { .feed = r->to, .n_feeds = n, .target = &what.node, .n_targets = 1 };
    return session_run(s, &key, r->value, NULL, NULL);
}

struct status *run_named(struct session *s, const char *prefix, const char *name,
                         const struct path_feed *feeds, int n)
{
    struct naming r = { 0 };
    struct status *st = run_one(&r, s, prefix, name, feeds, n);
    while (r.n > 0)
        tensor_unref(&r.value[--r.n]);
    arena_free(&r.arena);
    return st;
}

struct status *meta_restore(struct session *s, const char *prefix, const Wire__MetaGraphParts *m,
                            const char *path, const struct path_feed *more, int n_more)
{
    const Wire__SaverDef *d = m->saver_def;
    if (!d || !*d->restore_op_name || !*d->filename_tensor_name)
        return status_new(FAILED_PRECONDITION, "The MetaGraphDef has no saver_def that says how "
                          "to restore its variables");
    struct path_feed *feeds = mem_array(struct path_feed, n_more + 1);
    NEED(feeds);
    feeds[0] = (struct path_feed){ d->filename_tensor_name, path };
    if (n_more)
        memcpy(feeds + 1, more, (size_t)n_more * sizeof *more);
    struct status *st = run_named(s, prefix, d->restore_op_name, feeds, n_more + 1);
    mem_free(feeds);
    return st;
}
