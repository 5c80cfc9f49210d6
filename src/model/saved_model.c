#include "model/saved_model.h"
#include "base/mem.h"
#include "io/file.h"
#include "model/model_file.h"
#include "wire/wire.h"

/* ---- assets ---- */

struct assets { struct path_feed *feed; int n; };

static struct status *add_asset(struct arena *a, const char *dir, const Wire__AssetFileDef *d,
                                struct assets *to)
{
    ENSURE(d->tensor_info && d->tensor_info->encoding_case == WIRE__TENSOR_INFO__ENCODING_NAME,
           "Asset '%s' does not name its tensor", d->filename);
    struct path_feed *f = &to->feed[to->n++];
    NEED(f->tensor = arena_strdup(a, d->tensor_info->name));
    NEED(f->path = arena_printf(a, "%s/" MODEL_ASSETS "/%s", dir, d->filename));
    return NULL;
}

static const Wire__CollectionDef *collection(const Wire__MetaGraphParts *m, const char *key)
{
    for (size_t i = 0; i < m->n_collection_def; i++)
        if (!strcmp(m->collection_def[i]->key, key))
            return m->collection_def[i]->value;
    return NULL;
}

static struct status *add_packed(struct arena *a, const char *dir,
                                 const Wire__CollectionDef__AnyList *list, struct assets *to)
{
    for (size_t i = 0; i < list->n_value; i++) {
        Wire__AssetFileDef *d;
        TRY(status_prefix(wire_decode(a, &wire__asset_file_def__descriptor,
                                      list->value[i]->value.data, list->value[i]->value.len, &d),
                          "Asset %zu: ", i));
        TRY(add_asset(a, dir, d, to));
    }
    return NULL;
}

/* Where assets are said depends on who wrote the model: a field of its own goes first. */
static struct status *find_assets(struct arena *a, const char *dir, const Wire__MetaGraphParts *m,
                                  struct assets *to)
{
    const Wire__CollectionDef *c = collection(m, ASSETS_KEY);
    bool packed = c && c->kind_case == WIRE__COLLECTION_DEF__KIND_ANY_LIST;
    size_t n = m->n_asset_file_def + (packed ? c->any_list->n_value : 0);
    NEED(to->feed = arena_array(a, struct path_feed, n + 1));
    for (size_t i = 0; i < m->n_asset_file_def; i++)
        TRY(add_asset(a, dir, m->asset_file_def[i], to));
    return m->n_asset_file_def || !packed ? NULL : add_packed(a, dir, c->any_list, to);
}

/* ---- what is run once ---- */

static const char *init_of_signature(const Wire__MetaGraphParts *m)
{
    for (size_t i = 0; i < m->n_signature_def; i++) {
        const Wire__SignatureDef *s = m->signature_def[i]->value;
        if (s && !strcmp(m->signature_def[i]->key, INIT_SIGNATURE) && s->n_outputs == 1 &&
            s->outputs[0]->value &&
            s->outputs[0]->value->encoding_case == WIRE__TENSOR_INFO__ENCODING_NAME)
            return s->outputs[0]->value->name;
    }
    return NULL;
}

static struct status *init_of_collection(const Wire__MetaGraphParts *m, const char *key,
                                         const char **name)
{
    const Wire__CollectionDef *c = collection(m, key);
    if (!c || c->kind_case != WIRE__COLLECTION_DEF__KIND_NODE_LIST)
        return NULL;
    if (c->node_list->n_value != 1)
        return status_new(FAILED_PRECONDITION, "Expected exactly one SavedModel main op, found %zu "
                          "in the collection '%s'", c->node_list->n_value, key);
    *name = c->node_list->value[0];
    return NULL;
}

static struct status *find_init(const Wire__MetaGraphParts *m, const char **name)
{
    *name = init_of_signature(m);
    if (!*name)
        TRY(init_of_collection(m, MAIN_OP_KEY, name));
    return *name ? NULL : init_of_collection(m, LEGACY_INIT_KEY, name);
}

/* ---- opening ---- */

/* What a MetaGraphDef says is to be done once its graph is there. */
struct start {
    struct assets assets;
    const char *init;                   /* a node's name, or NULL */
    const Wire__MetaGraphParts *meta;
};

/* Without an index of variables there are none. */
static struct status *restore(struct saved_model *m, struct arena *a, const struct start *w)
{
    char *path = arena_printf(a, "%s/" MODEL_VARIABLES, m->dir);
    char *index = arena_printf(a, "%s/" MODEL_VARIABLES ".index", m->dir);
    NEED(path && index ? path : NULL);
    if (!file_exists(index))
        return NULL;
    return meta_restore(m->session, NULL, w->meta, path, w->assets.feed, w->assets.n);
}

static struct status *start(struct saved_model *m, struct arena *a, const struct start *w,
                            const struct session_options *o)
{
    TRY(session_new(m->graph, o, &m->session));
    TRY(restore(m, a, w));
    return w->init ? run_named(m->session, NULL, w->init, w->assets.feed, w->assets.n) : NULL;
}

static struct status *build(struct saved_model *m, struct arena *a, const Wire__MetaGraphParts *d,
                            struct start *w)
{
    w->meta = d;
    NEED(m->graph = graph_new());
    TRY(meta_add(m->graph, &(struct meta_import){ .allow_unknown = true }, d));
    TRY(signatures_read(&m->arena, m->graph, d, &m->signature, &m->n_signatures));
    TRY(find_assets(a, m->dir, d, &w->assets));
    return find_init(d, &w->init);
}

static struct status *choose_and_build(struct saved_model *m, struct arena *a,
                                       const struct model_file *f, struct tag_list tags,
                                       struct start *w)
{
    TRY(model_file_choose(f, tags, &m->at));
    return build(m, a, f->meta[m->at], w);
}

static struct status *open_model(struct saved_model *m, struct arena *a, const char *dir,
                                 struct tag_list tags, enum model_use use,
                                 const struct session_options *o)
{
    struct model_file f;
    struct start w = { 0 };
    NEED(m->dir = arena_strdup(&m->arena, dir));
    TRY(model_file_load(a, dir, &f));
    struct status *st = choose_and_build(m, a, &f, tags, &w);
    if (!st && use == MODEL_RUN)
        st = start(m, a, &w, o);
    model_file_release(&f);
    return st;
}

struct status *saved_model_open(const char *dir, struct tag_list tags, enum model_use use,
                                const struct session_options *o, struct saved_model **result)
{
    struct arena a = { 0 };
    struct saved_model *m = mem_new(struct saved_model);
    NEED(m);
    struct status *st = open_model(m, &a, dir, tags, use, o);
    arena_free(&a);
    if (st)
        saved_model_free(m);
    else
        *result = m;
    return st;
}

void saved_model_free(struct saved_model *m)
{
    if (!m)
        return;
    session_free(m->session);
    graph_unref(m->graph);
    arena_free(&m->arena);
    mem_free(m);
}

/* ---- asking ---- */

const struct signature *saved_model_find(const struct saved_model *m, const char *key)
{
    for (int i = 0; i < m->n_signatures; i++)
        if (!strcmp(m->signature[i].key, key))
            return &m->signature[i];
    return NULL;
}

struct status *saved_model_need(const struct saved_model *m, const char *key,
                                const struct signature **result)
{
    struct str has = { 0 };
    *result = saved_model_find(m, key);
    if (*result)
        return NULL;
    for (int i = 0; i < m->n_signatures; i++)
        str_printf(&has, "%s'%s'", i ? ", " : "", m->signature[i].key);
    struct status *st = status_new(NOT_FOUND, "The SavedModel has no signature '%s'; it has %s",
                                   key, m->n_signatures ? str_text(&has) : "none");
    str_free(&has);
    return st;
}

struct status *saved_model_tags(const char *dir, struct str *to)
{
    struct arena a = { 0 };
    struct model_file f;
    struct status *st = model_file_load(&a, dir, &f);
    if (!st) {
        model_file_print_tags(&f, "", "\n", to);
        model_file_release(&f);
    }
    arena_free(&a);
    return st || !to->failed ? st : status_no_memory();
}

static struct status *copy_meta(const struct saved_model *m, const struct model_file *f,
                                void **bytes, size_t *n)
{
    ENSURE(m->at < f->n_metas, "The SavedModel in %s is another one now", m->dir);
    const ProtobufCBinaryData *meta = &f->model->meta_graphs[m->at];
    NEED(*bytes = mem_alloc(meta->len + 1));
    memcpy(*bytes, meta->data, meta->len);
    *n = meta->len;
    return NULL;
}

struct status *saved_model_meta(const struct saved_model *m, void **bytes, size_t *n)
{
    struct arena a = { 0 };
    struct model_file f;
    struct status *st = model_file_load(&a, m->dir, &f);
    if (!st) {
        st = copy_meta(m, &f, bytes, n);
        model_file_release(&f);
    }
    arena_free(&a);
    return st;
}
