#include "named.h"

#include "file.h"

#include <stdlib.h>
#include <string.h>

static struct weft_status *no_memory(void)
{
    return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
}

static struct named *add(struct names *names, const char *name, struct weft_out out)
{
    struct named *grown = realloc(names->item, (size_t)(names->n + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    names->item = grown;
    grown[names->n] = (struct named){ .name = name, .out = out };
    return &grown[names->n++];
}

/* ---- signatures ---- */

static bool signature_value(const struct weft_signature *s, const char *name, bool input,
                            struct weft_signature_value *v)
{
    int n = s ? input ? weft_signature_inputs(s) : weft_signature_outputs(s) : 0;
    for (int i = 0; i < n; i++) {
        *v = input ? weft_signature_input(s, i) : weft_signature_output(s, i);
        if (!strcmp(v->key, name))
            return true;
    }
    return false;
}

static struct weft_status *choose_signature(struct request *r, const char *key)
{
    const struct weft_saved_model *m = r->model->saved;
    if (!m)
        return key ? refuse("%s has no signatures: it is a %s", r->model->path,
                            kind_name(r->model->kind)) : NULL;
    r->signature = weft_saved_model_find(m, key ? key : "serving_default");
    if (!r->signature && !key && weft_saved_model_signatures(m) == 1)
        r->signature = weft_saved_model_signature(m, 0);
    return r->signature || !key ? NULL
        : refuse("there is no signature '%s'; weft show %s lists them", key, r->model->path);
}

/* ---- names ---- */

static struct weft_status *find(const struct request *r, const char *name, bool input,
                                struct weft_out *out)
{
    struct weft_signature_value v;
    if (!signature_value(r->signature, name, input, &v))
        return model_find(r->model, name, out);
    *out = v.out;
    return NULL;
}

static struct weft_status *add_feed(struct request *r, const char *text)
{
    char *name = strdup(text), *equals = name ? strchr(name, '=') : NULL;
    if (!name)
        return no_memory();
    r->owned[r->n_owned++] = name;
    if (!equals || equals == name)
        return refuse("--feed takes NAME=VALUE, not '%s'", text);
    *equals = '\0';
    struct weft_out out = { 0 };
    struct weft_status *st = find(r, name, true, &out);
    struct named *feed = st ? NULL : add(&r->feeds, name, out);
    if (feed)
        feed->value = equals + 1;
    return st || feed ? st : no_memory();
}

static struct weft_status *add_fetch(struct request *r, const char *name)
{
    struct weft_out out = { 0 };
    struct weft_status *st = find(r, name, false, &out);
    return st || add(&r->fetches, name, out) ? st : no_memory();
}

/* Without a word about it: what the signature gives, or what the graph ends with. */
static struct weft_status *all_fetches(struct request *r)
{
    for (int i = 0; r->signature && i < weft_signature_outputs(r->signature); i++) {
        struct weft_signature_value v = weft_signature_output(r->signature, i);
        if (v.dtype && !add(&r->fetches, v.key, v.out))
            return no_memory();
    }
    r->whole = r->signature;
    if (r->whole)
        return NULL;
    struct ends e;
    struct weft_status *st = model_ends(r->model, &e);
    for (int i = 0; i < e.n_out && !st; i++)
        if (!add(&r->fetches, weft_node_name(e.out[i]), (struct weft_out){ e.out[i], 0 }))
            st = no_memory();
    ends_free(&e);
    if (!st && !r->fetches.n)
        st = refuse("%s has no outputs; name some by --fetch", r->model->path);
    return st;
}

struct weft_status *request_make(struct model *m, const char *signature, char *const *feeds,
                                 int n_feeds, char *const *fetches, int n_fetches,
                                 struct request *r)
{
    *r = (struct request){ .model = m, .owned = calloc((size_t)n_feeds + 1, sizeof(char *)) };
    struct weft_status *st = r->owned ? choose_signature(r, signature) : no_memory();
    for (int i = 0; i < n_feeds && !st; i++)
        st = add_feed(r, feeds[i]);
    for (int i = 0; i < n_fetches && !st; i++)
        st = add_fetch(r, fetches[i]);
    return st || n_fetches ? st : all_fetches(r);
}

void request_free(struct request *r)
{
    for (int i = 0; i < r->feeds.n; i++)
        weft_tensor_free(r->feeds.item[i].tensor);
    for (int i = 0; i < r->fetches.n; i++)
        weft_tensor_free(r->fetches.item[i].tensor);
    for (int i = 0; i < r->n_owned; i++)
        free(r->owned[i]);
    free(r->feeds.item);
    free(r->fetches.item);
    free(r->owned);
}

/* ---- what is not fed ---- */

struct walk { struct weft_node **stack; int depth; bool *seen; };

static bool is_fed(const struct request *r, struct weft_out o)
{
    for (int i = 0; i < r->feeds.n; i++)
        if (r->feeds.item[i].out.node == o.node && r->feeds.item[i].out.index == o.index)
            return true;
    return false;
}

static void enter(struct walk *w, struct weft_node *n)
{
    if (!w->seen[weft_node_id(n)])
        w->stack[w->depth++] = n;
    w->seen[weft_node_id(n)] = true;
}

static bool needs_feed(const struct weft_node *n)
{
    return !strcmp(weft_node_op(n), "Placeholder") || !strcmp(weft_node_op(n), "PlaceholderV2");
}

/* A signature's input is called by its key there. */
static const char *input_name(const struct request *r, const struct weft_node *n)
{
    for (int i = 0; r->signature && i < weft_signature_inputs(r->signature); i++) {
        struct weft_signature_value v = weft_signature_input(r->signature, i);
        if (v.out.node == n)
            return v.key;
    }
    return weft_node_name(n);
}

static int walk(struct request *r, struct walk *w)
{
    int missing = 0;
    for (int i = 0; i < r->fetches.n; i++)
        if (!is_fed(r, r->fetches.item[i].out))
            enter(w, r->fetches.item[i].out.node);
    while (w->depth) {
        struct weft_node *n = w->stack[--w->depth];
        if (needs_feed(n)) {
            missing++;
            if (!add(&r->feeds, input_name(r, n), (struct weft_out){ n, 0 }))
                return -1;
        }
        for (int i = 0; i < weft_node_inputs(n); i++)
            if (!is_fed(r, weft_node_input(n, i)))
                enter(w, weft_node_input(n, i).node);
        for (int i = 0; i < weft_node_controls(n); i++)
            enter(w, weft_node_control(n, i));
    }
    return missing;
}

/* What a signature takes must be fed, whatever in the graph stands behind it. */
static int signature_missing(struct request *r)
{
    int missing = 0;
    for (int i = 0; r->whole && i < weft_signature_inputs(r->signature); i++) {
        struct weft_signature_value v = weft_signature_input(r->signature, i);
        if (is_fed(r, v.out))
            continue;
        missing++;
        if (!add(&r->feeds, v.key, v.out))
            return -1;
    }
    return missing;
}

int request_missing(struct request *r)
{
    size_t n = (size_t)weft_graph_count(r->model->graph) + 1;
    struct walk w = { calloc(n, sizeof *w.stack), 0, calloc(n, 1) };
    int of_signature = signature_missing(r), missing = -1;
    if (w.stack && w.seen && of_signature >= 0)
        missing = walk(r, &w);
    free(w.stack);
    free(w.seen);
    return missing < 0 ? -1 : missing + of_signature;
}

/* ---- running ---- */

struct weft_status *request_run(struct request *r, const struct weft_run_options *options)
{
    struct weft_feed *feeds = calloc((size_t)r->feeds.n + 1, sizeof *feeds);
    struct weft_out *outs = calloc((size_t)r->fetches.n + 1, sizeof *outs);
    struct weft_tensor **values = calloc((size_t)r->fetches.n + 1, sizeof *values);
    struct weft_status *st = feeds && outs && values ? NULL : no_memory();
    for (int i = 0; i < r->feeds.n && !st; i++)
        feeds[i] = (struct weft_feed){ r->feeds.item[i].out, r->feeds.item[i].tensor };
    for (int i = 0; i < r->fetches.n && !st; i++)
        outs[i] = r->fetches.item[i].out;
    if (!st)
        st = weft_session_run(r->model->session, options, feeds, r->feeds.n, outs, r->fetches.n,
                              NULL, 0, values);
    for (int i = 0; i < r->fetches.n && !st; i++) {
        weft_tensor_free(r->fetches.item[i].tensor);
        r->fetches.item[i].tensor = values[i];
    }
    free(feeds);
    free(outs);
    free(values);
    return st;
}
