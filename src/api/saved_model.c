/* saved_model.c - weft.h: meta graphs, saved models, frozen graphs. */
#include "api/api.h"
#include "base/arena.h"
#include "base/mem.h"
#include "model/saved_model.h"
#include "model/saver.h"
#include "model/subgraph.h"

_Static_assert(sizeof(struct weft_named_out) == sizeof(struct named_out),
               "weft_named_out is struct named_out");
_Static_assert(sizeof(struct weft_shape) == sizeof(struct shape), "weft_shape is struct shape");

/* ---- what a MetaGraphDef says ---- */

struct weft_meta_graph *weft_meta_graph_new(void) { return meta_out(meta_new()); }
void weft_meta_graph_free(struct weft_meta_graph *m) { meta_free(meta_in(m)); }
void weft_meta_graph_tag(struct weft_meta_graph *m, const char *tag) { meta_tag(meta_in(m), tag); }

void weft_meta_graph_signature(struct weft_meta_graph *m, const char *key, const char *method,
                               const struct weft_named_out *inputs, int n_inputs,
                               const struct weft_named_out *outputs, int n_outputs)
{
    meta_signature(meta_in(m), key, method, (const struct named_out *)inputs, n_inputs,
                   (const struct named_out *)outputs, n_outputs);
}

void weft_meta_graph_asset(struct weft_meta_graph *m, const char *path, struct weft_out name)
{
    meta_add_asset(meta_in(m), path, out_in(name));
}

void weft_meta_graph_init(struct weft_meta_graph *m, struct weft_node *op)
{
    meta_in(m)->init = node_in(op);
}

void weft_meta_graph_saver(struct weft_meta_graph *m, const struct weft_saver *saver)
{
    meta_set_saver(meta_in(m), saver_def(saver_in(saver)));
}

void weft_meta_graph_clear_devices(struct weft_meta_graph *m, bool clear)
{
    meta_in(m)->clear_devices = clear;
}

/* ---- out and in ---- */

static struct status *export_meta(struct graph *g, const struct meta *m, struct weft_bytes *to)
{
    TRY(api_ready());
    NEED(g = build_graph(g, NULL, 0));
    TRY(build_take_error(g));
    return meta_export(g, m, &to->data, &to->size);
}

struct weft_status *weft_meta_graph_export(struct weft_graph *g, const struct weft_meta_graph *m,
                                           struct weft_bytes *meta_graph_def)
{
    *meta_graph_def = (struct weft_bytes){ 0 };
    return status_out(export_meta(graph_in(g), meta_in(m), meta_graph_def));
}

static struct status *import_meta(struct graph *g, const struct meta_import *how,
                                  const void *bytes, size_t n)
{
    TRY(api_ready());
    NEED(g = build_graph(g, NULL, 0));
    return meta_import(g, how, bytes, n);
}

struct weft_status *weft_meta_graph_import(struct weft_graph *g, const char *prefix,
                                           bool clear_devices, const void *meta_graph_def,
                                           size_t n)
{
    struct meta_import how = { .prefix = prefix, .clear_devices = clear_devices };
    return status_out(import_meta(graph_in(g), &how, meta_graph_def, n));
}

static struct status *restore_meta(struct arena *a, struct session *s, const char *prefix,
                                   const void *bytes, size_t n, const char *path)
{
    Wire__MetaGraphParts *m;
    TRY(meta_decode(a, bytes, n, &m));
    return meta_restore(s, prefix, m, path, NULL, 0);
}

struct weft_status *weft_meta_graph_restore(struct weft_session *s, const char *prefix,
                                            const void *meta_graph_def, size_t n, const char *path)
{
    struct arena a = { 0 };
    struct status *st = restore_meta(&a, session_in(s), prefix, meta_graph_def, n, path);
    arena_free(&a);
    return status_out(st);
}

/* ---- directories ---- */

static struct status *open_model(const char *dir, struct tag_list tags, enum model_use use,
                                 const struct session_options *o, struct weft_saved_model **result)
{
    struct saved_model *m;
    *result = NULL;
    TRY(api_ready());
    TRY(saved_model_open(dir, tags, use, o, &m));
    *result = model_out(m);
    return NULL;
}

struct weft_status *weft_saved_model_load(const char *dir, const char *const *tags, int n_tags,
                                          const struct weft_session_options *options,
                                          struct weft_saved_model **result)
{
    return status_out(open_model(dir, (struct tag_list){ tags, n_tags }, MODEL_RUN,
                                 session_options_of(options), result));
}

struct weft_status *weft_saved_model_read(const char *dir, const char *const *tags, int n_tags,
                                          struct weft_saved_model **result)
{
    return status_out(open_model(dir, (struct tag_list){ tags, n_tags }, MODEL_READ, NULL, result));
}

struct weft_status *weft_saved_model_tags(const char *dir, struct weft_bytes *text)
{
    struct str lines = { 0 };
    struct status *st = saved_model_tags(dir, &lines);
    if (st)
        str_free(&lines);
    *text = (struct weft_bytes){ lines.text, lines.n };
    return status_out(st);
}

struct weft_status *weft_saved_model_save(struct weft_session *s, const struct weft_meta_graph *m,
                                          const char *dir, bool as_text)
{
    struct status *st = build_take_error(session_graph(session_in(s)));
    return status_out(st ? st : saved_model_save(session_in(s), meta_in(m), dir, as_text));
}

void weft_saved_model_free(struct weft_saved_model *m)
{
    if (m)
        build_forget(model_in(m)->graph);
    saved_model_free(model_in(m));
}

struct weft_graph *weft_saved_model_graph(const struct weft_saved_model *m)
{
    return graph_out(model_in(m)->graph);
}

struct weft_session *weft_saved_model_session(const struct weft_saved_model *m)
{
    return session_out(model_in(m)->session);
}

struct weft_status *weft_saved_model_meta_graph(const struct weft_saved_model *m,
                                                struct weft_bytes *meta_graph_def)
{
    *meta_graph_def = (struct weft_bytes){ 0 };
    return status_out(saved_model_meta(model_in(m), &meta_graph_def->data, &meta_graph_def->size));
}

/* ---- signatures ---- */

int weft_saved_model_signatures(const struct weft_saved_model *m)
{
    return model_in(m)->n_signatures;
}

const struct weft_signature *weft_saved_model_signature(const struct weft_saved_model *m, int i)
{
    const struct saved_model *model = model_in(m);
    return i >= 0 && i < model->n_signatures ? signature_out(&model->signature[i]) : NULL;
}

const struct weft_signature *weft_saved_model_find(const struct weft_saved_model *m,
                                                   const char *key)
{
    return signature_out(saved_model_find(model_in(m), key));
}

const char *weft_signature_key(const struct weft_signature *s) { return signature_in(s)->key; }
const char *weft_signature_method(const struct weft_signature *s)
{
    return signature_in(s)->method;
}

int weft_signature_inputs(const struct weft_signature *s) { return signature_in(s)->n_in; }
int weft_signature_outputs(const struct weft_signature *s) { return signature_in(s)->n_out; }

static struct weft_signature_value value_out(const struct signature_value *list, int n, int i)
{
    struct weft_signature_value v = { 0 };
    if (i < 0 || i >= n)
        return v;
    v.key = list[i].key;
    v.name = list[i].name;
    v.out = out_out(list[i].out);
    v.dtype = (enum weft_dtype)list[i].dtype;
    memcpy(&v.shape, &list[i].shape, sizeof v.shape);
    return v;
}

struct weft_signature_value weft_signature_input(const struct weft_signature *s, int i)
{
    return value_out(signature_in(s)->in, signature_in(s)->n_in, i);
}

struct weft_signature_value weft_signature_output(const struct weft_signature *s, int i)
{
    return value_out(signature_in(s)->out, signature_in(s)->n_out, i);
}

/* ---- running one ---- */

struct call {                           /* of a signature; its memory is the arena's */
    struct arena arena;
    const struct weft_run_options *options;
    struct bound bound;
    struct weft_feed *feed;
    struct weft_tensor **value;
};

static struct status *bind(struct call *c, const struct signature *s,
                           const struct weft_named_value *in, int n)
{
    struct named_tensor *named = arena_array(&c->arena, struct named_tensor, n + 1);
    NEED(named);
    for (int i = 0; i < n; i++)
        named[i] = (struct named_tensor){ in[i].key, in[i].value ? &in[i].value->t : NULL };
    TRY(signature_bind(s, &c->arena, named, n, &c->bound));
    NEED(c->feed = arena_array(&c->arena, struct weft_feed, c->bound.n_feeds + 1));
    NEED(c->value = arena_array(&c->arena, struct weft_tensor *, c->bound.n_fetches + 1));
    for (int i = 0; i < c->bound.n_feeds; i++)
        c->feed[i] = (struct weft_feed){ out_out(c->bound.feed[i]),
                                         in[c->bound.given[i]].value };
    return NULL;
}

static struct status *run_bound(struct call *c, struct session *s, int n_out,
                                struct weft_tensor **values)
{
    const struct bound *b = &c->bound;
    TRY(status_in(weft_session_run(
        session_out(s), c->options, c->feed, b->n_feeds, (const struct weft_out *)b->fetch,
        b->n_fetches, (struct weft_node *const *)b->target, b->n_targets, c->value)));
    for (int i = 0; i < n_out; i++)
        values[i] = NULL;
    for (int i = 0; i < b->n_fetches; i++)
        values[b->output[i]] = c->value[i];
    return NULL;
}

static struct status *run_signature(struct saved_model *m, const char *key, struct call *c,
                                    const struct weft_named_value *in, int n,
                                    struct weft_tensor **values)
{
    const struct signature *s;
    if (!m->session)
        return status_new(FAILED_PRECONDITION, "The SavedModel in %s was read, not loaded", m->dir);
    TRY(saved_model_need(m, key ? key : "serving_default", &s));
    TRY(bind(c, s, in, n));
    return run_bound(c, m->session, s->n_out, values);
}

struct weft_status *weft_saved_model_run(struct weft_saved_model *m, const char *signature,
                                         const struct weft_run_options *options,
                                         const struct weft_named_value *inputs, int n_inputs,
                                         struct weft_tensor **values)
{
    struct call c = { .options = options };
    struct status *st = run_signature(model_in(m), signature, &c, inputs, n_inputs, values);
    arena_free(&c.arena);
    return status_out(st);
}

/* ---- parts of graphs ---- */

struct weft_status *weft_freeze(struct weft_session *s, const void *graph_def, size_t n,
                                const char *const *outputs, int n_outputs,
                                const struct weft_freeze_options *options,
                                struct weft_bytes *frozen)
{
    static const struct weft_freeze_options all;
    const struct weft_freeze_options *o = options ? options : &all;
    struct freeze f = { .session = session_in(s), .outputs = { outputs, n_outputs },
                        .only = { o->only, o->n_only }, .except = { o->except, o->n_except } };
    *frozen = (struct weft_bytes){ 0 };
    struct status *st = build_take_error(session_graph(session_in(s)));
    return status_out(st ? st : subgraph_freeze(&f, graph_def, n, &frozen->data, &frozen->size));
}

struct weft_status *weft_extract_subgraph(const void *graph_def, size_t n,
                                          const char *const *nodes, int n_nodes,
                                          struct weft_bytes *subgraph)
{
    *subgraph = (struct weft_bytes){ 0 };
    return status_out(subgraph_extract(graph_def, n, (struct name_list){ nodes, n_nodes },
                                       &subgraph->data, &subgraph->size));
}
