/* meta_export.c - nodes and collections become a MetaGraphDef. */
#include "base/mem.h"
#include "build/variable.h"
#include "graph/context.h"
#include "graph/graphdef.h"
#include "model/meta.h"
#include "model/subgraph.h"
#include "wire/wire.h"

#include <stdlib.h>

/* ---- one collection ---- */

static struct status *item_name(struct arena *a, struct out o, char **name)
{
    *name = o.index < 0 ? arena_strdup(a, o.node->name)
                        : arena_printf(a, "%s:%d", o.node->name, o.index);
    NEED(*name);
    return NULL;
}

static bool is_variable(struct out o)
{
    const char *op = o.node->op->name;
    return !strcmp(op, "VariableV2") || !strcmp(op, "Variable") || !strcmp(op, "VarHandleOp");
}

static struct status *new_collection(struct arena *a, Wire__MetaGraphParts *m, const char *key,
                                     Wire__CollectionDef **result)
{
    Wire__MetaGraphParts__CollectionDefEntry *e =
        arena_new(a, Wire__MetaGraphParts__CollectionDefEntry);
    Wire__CollectionDef *d = *result = arena_new(a, Wire__CollectionDef);
    NEED(e && d ? e : NULL);
    wire__meta_graph_parts__collection_def_entry__init(e);
    wire__collection_def__init(d);
    e->key = (char *)key;
    e->value = d;
    m->collection_def[m->n_collection_def++] = e;
    return NULL;
}

static struct status *name_list(struct arena *a, const struct out *item, int n,
                                Wire__CollectionDef *d)
{
    Wire__CollectionDef__NodeList *list = arena_new(a, Wire__CollectionDef__NodeList);
    NEED(list);
    wire__collection_def__node_list__init(list);
    NEED(list->value = arena_array(a, char *, n + 1));
    for (int i = 0; i < n; i++)
        TRY(item_name(a, item[i], &list->value[list->n_value++]));
    d->kind_case = WIRE__COLLECTION_DEF__KIND_NODE_LIST;
    d->node_list = list;
    return NULL;
}

static bool is_trainable(struct graph *g, struct out ref)
{
    struct out few[64], *all = few;
    int n = graph_collection(g, "trainable_variables", few, 64);
    bool found = false;
    if (n > 64 && !(all = mem_array(struct out, n)))
        return false;
    if (n > 64)
        n = graph_collection(g, "trainable_variables", all, n);
    for (int i = 0; i < n && !found; i++)
        found = all[i].node == ref.node;
    if (all != few)
        mem_free(all);
    return found;
}

static struct status *variable_def(struct arena *a, struct out ref, ProtobufCBinaryData *to)
{
    Wire__VariableDef d = WIRE__VARIABLE_DEF__INIT;
    struct variable_nodes v = variable_of(ref);
    void *bytes;
    size_t n;
    TRY(item_name(a, ref, &d.variable_name));
    if (v.initializer)
        d.initializer_name = (char *)v.initializer->name;
    if (v.initializer && v.initializer->n_in == 2)
        TRY(item_name(a, v.initializer->in[1], &d.initial_value_name));
    if (v.value.node)
        TRY(item_name(a, v.value, &d.snapshot_name));
    d.is_resource = variable_is_resource(&v);
    d.trainable = is_trainable(ref.node->graph, ref);
    TRY(wire_encode(&d.base, &bytes, &n));
    *to = (ProtobufCBinaryData){ n, arena_copy(a, bytes, n) };
    mem_free(bytes);
    NEED(to->data);
    return NULL;
}

static struct status *variable_list(struct arena *a, const struct out *item, int n,
                                    Wire__CollectionDef *d)
{
    Wire__CollectionDef__BytesList *list = arena_new(a, Wire__CollectionDef__BytesList);
    NEED(list);
    wire__collection_def__bytes_list__init(list);
    NEED(list->value = arena_array(a, ProtobufCBinaryData, n + 1));
    for (int i = 0; i < n; i++)
        TRY(variable_def(a, item[i], &list->value[list->n_value++]));
    d->kind_case = WIRE__COLLECTION_DEF__KIND_BYTES_LIST;
    d->bytes_list = list;
    return NULL;
}

static struct status *export_collection(struct arena *a, struct graph *g, const char *key,
                                        Wire__MetaGraphParts *m)
{
    int n = graph_collection(g, key, NULL, 0);
    struct out *item = arena_array(a, struct out, n + 1);
    Wire__CollectionDef *d;
    NEED(item);
    graph_collection(g, key, item, n);
    TRY(new_collection(a, m, key, &d));
    bool variables = holds_variables(key);
    for (int i = 0; i < n; i++)
        variables = variables && is_variable(item[i]);
    return variables ? variable_list(a, item, n, d) : name_list(a, item, n, d);
}

/* TF: those of gradients are in no collection, those inside of others come with them. */
static bool is_exported(const struct context *c, enum context_kind kind)
{
    return c->kind == kind && c->done && !c->outer && !c->forward;
}

static struct status *export_context(struct arena *a, const struct context *c,
                                     Wire__CollectionDef__BytesList *list)
{
    ProtobufCBinaryData *to = &list->value[list->n_value];
    void *bytes;
    TRY(context_encode(c, &bytes, &to->len));
    to->data = arena_copy(a, bytes, to->len);
    mem_free(bytes);
    NEED(to->data);
    list->n_value++;
    return NULL;
}

static struct status *export_contexts(struct arena *a, struct graph *g, enum context_kind kind,
                                      const char *key, Wire__MetaGraphParts *m)
{
    Wire__CollectionDef__BytesList *list = arena_new(a, Wire__CollectionDef__BytesList);
    Wire__CollectionDef *d;
    NEED(list);
    wire__collection_def__bytes_list__init(list);
    NEED(list->value = arena_array(a, ProtobufCBinaryData, g->n_contexts + 1));
    for (int i = 0; i < g->n_contexts; i++)
        if (is_exported(g->context[i], kind))
            TRY(export_context(a, g->context[i], list));
    if (!list->n_value)
        return NULL;
    TRY(new_collection(a, m, key, &d));
    d->kind_case = WIRE__COLLECTION_DEF__KIND_BYTES_LIST;
    d->bytes_list = list;
    return NULL;
}

/* ---- all of them ---- */

static int by_key(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct status *export_collections(struct arena *a, struct graph *g, const struct meta *from,
                                         Wire__MetaGraphParts *m)
{
    int n = graph_collection_keys(g, NULL, 0);
    const char **key = arena_array(a, const char *, n + 1);
    NEED(key);
    NEED(m->collection_def = arena_array(a, Wire__MetaGraphParts__CollectionDefEntry *, n + 4));
    graph_collection_keys(g, key, n);
    qsort(key, (size_t)n, sizeof *key, by_key);
    for (int i = 0; i < n; i++)
        if (!from || !from->init || strcmp(key[i], MAIN_OP_KEY))
            TRY(export_collection(a, g, key[i], m));
    TRY(export_contexts(a, g, CONTEXT_COND, COND_KEY, m));
    return export_contexts(a, g, CONTEXT_WHILE, WHILE_KEY, m);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* TF: an asset is a member of a collection of messages of any type. */
static struct status *export_asset(struct arena *a, const struct meta_asset *x, Wire__Any **result)
{
    Wire__Any *any = *result = arena_new(a, Wire__Any);
    Wire__AssetFileDef d = WIRE__ASSET_FILE_DEF__INIT;
    Wire__TensorInfo info = WIRE__TENSOR_INFO__INIT;
    void *bytes;
    NEED(any);
    wire__any__init(any);
    info.encoding_case = WIRE__TENSOR_INFO__ENCODING_NAME;
    TRY(item_name(a, x->name, &info.name));
    d.tensor_info = &info;
    d.filename = (char *)base_name(x->path);
    TRY(wire_encode(&d.base, &bytes, &any->value.len));
    any->type_url = "type.googleapis.com/tensorflow.AssetFileDef";
    any->value.data = arena_copy(a, bytes, any->value.len);
    mem_free(bytes);
    NEED(any->value.data);
    return NULL;
}

static struct status *export_assets(struct arena *a, const struct meta *from,
                                    Wire__MetaGraphParts *m)
{
    Wire__CollectionDef__AnyList *list = arena_new(a, Wire__CollectionDef__AnyList);
    Wire__CollectionDef *d;
    size_t n = 0;
    NEED(list);
    wire__collection_def__any_list__init(list);
    for (const struct meta_asset *x = from->assets; x; x = x->next)
        n++;
    NEED(list->value = arena_array(a, Wire__Any *, n));
    for (const struct meta_asset *x = from->assets; x; x = x->next)
        TRY(export_asset(a, x, &list->value[list->n_value++]));
    TRY(new_collection(a, m, ASSETS_KEY, &d));
    d->kind_case = WIRE__COLLECTION_DEF__KIND_ANY_LIST;
    d->any_list = list;
    return NULL;
}

/* ---- the message ---- */

static struct status *export_info(struct arena *a, struct graph *g, const struct meta *from,
                                  Wire__MetaGraphDef__MetaInfoDef *info)
{
    if (from)
        *info = *from->m.meta_info_def;
    info->tensorflow_version = "1.15.0";
    info->tensorflow_git_version = "weft-" WEFT_VERSION;
    return op_list(a, g, &info->stripped_op_list);
}

static struct status *fill(struct arena *a, struct graph *g, const struct meta *from,
                           Wire__MetaGraphParts *m)
{
    Wire__CollectionDef *d;
    TRY(export_collections(a, g, from, m));
    if (!from)
        return NULL;
    m->saver_def = from->m.saver_def;
    m->signature_def = from->m.signature_def;
    m->n_signature_def = from->m.n_signature_def;
    if (from->init) {
        TRY(new_collection(a, m, MAIN_OP_KEY, &d));
        TRY(name_list(a, &(struct out){ from->init, -1 }, 1, d));
    }
    return from->assets ? export_assets(a, from, m) : NULL;
}

static struct status *export_graph(struct graph *g, bool clear_devices, void **bytes, size_t *n)
{
    void *all;
    size_t n_all;
    if (!clear_devices)
        return graph_export(g, EXPORT_SHAPES, bytes, n);
    TRY(graph_export(g, EXPORT_SHAPES, &all, &n_all));
    struct status *st = subgraph_clear_devices(all, n_all, bytes, n);
    mem_free(all);
    return st;
}

static struct status *encode_with_graph(struct graph *g, bool clear_devices,
                                        Wire__MetaGraphParts *m, void **bytes, size_t *n)
{
    void *graph;
    TRY(export_graph(g, clear_devices, &graph, &m->graph_def.len));
    m->graph_def.data = graph;
    struct status *st = wire_encode(&m->base, bytes, n);
    mem_free(graph);
    return st;
}

static struct status *export(struct arena *a, struct graph *g, const struct meta *from,
                             void **bytes, size_t *n)
{
    Wire__MetaGraphParts m = WIRE__META_GRAPH_PARTS__INIT;
    Wire__MetaGraphDef__MetaInfoDef info = WIRE__META_GRAPH_DEF__META_INFO_DEF__INIT;
    if (from)
        TRY(status_copy(from->error));
    TRY(export_info(a, g, from, &info));
    m.meta_info_def = &info;
    TRY(fill(a, g, from, &m));
    return encode_with_graph(g, from && from->clear_devices, &m, bytes, n);
}

struct status *meta_export(struct graph *g, const struct meta *m, void **bytes, size_t *n)
{
    struct arena a = { 0 };
    struct status *st = export(&a, g, m, bytes, n);
    arena_free(&a);
    return st;
}
