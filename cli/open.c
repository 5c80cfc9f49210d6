#include "open.h"

#include "file.h"

#include <fnmatch.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *kind_name(enum kind kind)
{
    static const char *const names[] = { "GraphDef", "MetaGraphDef", "SavedModel", "checkpoint",
                                         "event file", "file of records" };
    return names[kind];
}

static struct weft_status *no_memory(void)
{
    return weft_status_new(WEFT_RESOURCE_EXHAUSTED, "no memory");
}

/* ---- what a path is ---- */

static bool beside(const char *path, const char *end)
{
    char *name;
    if (asprintf(&name, "%s%s", path, end) < 0)
        return false;
    bool there = is_file(name);
    free(name);
    return there;
}

static struct weft_status *set(struct model *m, enum kind kind, const char *path, size_t length)
{
    m->kind = kind;
    m->path = strndup(path, length);
    return m->path ? NULL : no_memory();
}

static struct weft_status *folder_kind(const char *path, struct model *m)
{
    struct weft_bytes latest = { 0 };
    if (beside(path, "/saved_model.pb") || beside(path, "/saved_model.pbtxt"))
        return set(m, SAVED_MODEL, path, strlen(path));
    struct weft_status *st = weft_latest_checkpoint(path, &latest);
    if (!st && latest.size)
        st = set(m, CHECKPOINT, latest.data, latest.size);
    else if (!st)
        st = weft_status_new(WEFT_NOT_FOUND, "neither a SavedModel nor checkpoints are in it");
    weft_bytes_free(&latest);
    return status_about(st, path);
}

/* A V1 checkpoint is a table, which ends with a number of its own. */
static bool is_table(const struct file *f)
{
    static const uint64_t magic = 0xdb4775248b80fb57;
    return f->size > 48 && !memcmp((const char *)f->data + f->size - 8, &magic, 8);
}

/* The first word of a text that is not a comment. */
static bool begins_with(const struct file *f, const char *word)
{
    const char *at = f->data, *end = at + f->size;
    while (at < end && strchr(" \n\r\t#", *at))
        if (*at++ == '#')
            while (at < end && *at != '\n')
                at++;
    size_t n = strlen(word);
    return (size_t)(end - at) > n && !memcmp(at, word, n);
}

/* Bytes below the space, but for line ends, are in no text, and near the start of any message. */
static bool looks_like_text(const struct file *f)
{
    const unsigned char *b = f->data;
    for (size_t i = 0; i < f->size && i < 200; i++)
        if (b[i] < ' ' && !strchr("\n\r\t", b[i]))
            return false;
    return f->size > 0;
}

static struct weft_status *content_kind(const char *path, struct model *m)
{
    struct file f;
    struct weft_status *st = file_map(path, &f);
    if (st)
        return st;
    m->is_text = looks_like_text(&f);
    bool meta = m->is_text && (begins_with(&f, "meta_info_def") || begins_with(&f, "graph_def"));
    bool saved = m->is_text ? begins_with(&f, "saved_model_schema_version") ||
                              begins_with(&f, "meta_graphs")
                            : f.size > 1 && !memcmp(f.data, "\x08\x01", 2);
    enum kind kind = is_table(&f) ? CHECKPOINT : saved ? SAVED_MODEL
                   : meta || ends_with(path, ".meta") ? META_GRAPH : GRAPH_FILE;
    file_unmap(&f);
    return set(m, kind, path, strlen(path));
}

struct weft_status *model_kind(const char *path, struct model *m)
{
    char *copy = strdup(path), *name = copy ? basename(copy) : NULL;
    size_t n = strlen(path);
    struct weft_status *st = NULL;
    bool data = name && !fnmatch("*.data-[0-9]*-of-[0-9]*", name, 0);
    if (!name)
        st = no_memory();
    else if (is_folder(path))
        st = folder_kind(path, m);
    else if (beside(path, ".index"))
        st = set(m, CHECKPOINT, path, n);
    else if (ends_with(path, ".index") || data)
        st = set(m, CHECKPOINT, path, (size_t)(strrchr(path, '.') - path));
    else if (strstr(name, ".tfevents."))
        st = set(m, EVENT_FILE, path, n);
    else if (strstr(name, ".tfrecord"))
        st = set(m, RECORDS, path, n);
    else
        st = content_kind(path, m);
    if (!st && m->kind == SAVED_MODEL && is_file(path)) {
        free(m->path);
        st = set(m, SAVED_MODEL, n > strlen(name) + 1 ? path : "./",
                 n > strlen(name) + 1 ? n - strlen(name) - 1 : 1);
    }
    free(copy);
    return st;
}

/* ---- opening ---- */

char *split(const char *list, const char **item, int most, int *n)
{
    char *copy = strdup(list), *rest = copy, *piece;
    *n = 0;
    while (copy && *n < most && (piece = strsep(&rest, ",")))
        if (*piece)
            item[(*n)++] = piece;
    return copy;
}

/* A model that was made on a machine with other devices runs on what is here. */
static struct weft_session_options *placement(void)
{
    struct weft_session_options *o = weft_session_options_new();
    if (o)
        weft_session_options_soft_placement(o, true);
    return o;
}

static struct weft_status *open_session(struct model *m)
{
    struct weft_session_options *o = placement();
    struct weft_status *st = o ? weft_session_new(m->graph, o, &m->session) : no_memory();
    weft_session_options_free(o);
    return st;
}

static struct weft_status *open_saved(const char *tags, bool run, struct model *m)
{
    enum { MOST = 16 };
    const char *item[MOST] = { 0 };
    int n = 0;
    char *copy = tags ? split(tags, item, MOST, &n) : NULL;
    struct weft_session_options *o = placement();
    struct weft_status *st = !o ? no_memory()
        : run ? weft_saved_model_load(m->path, tags ? item : NULL, n, o, &m->saved)
              : weft_saved_model_read(m->path, tags ? item : NULL, n, &m->saved);
    weft_session_options_free(o);
    free(copy);
    if (!st) {
        m->graph = weft_saved_model_graph(m->saved);
        m->session = weft_saved_model_session(m->saved);
    }
    return st;
}

/* The message of a file, in its bytes: as they are, or from text. */
static struct weft_status *read_message(const char *path, const char *type, bool is_text,
                                        struct file *f, struct weft_bytes *from_text)
{
    struct weft_status *st = file_map(path, f);
    if (st || !is_text)
        return st;
    st = weft_message_from_text(type, f->data, f->size, from_text);
    return status_about(st, path);
}

/* Variables come from the checkpoint that a MetaGraphDef lies beside. */
static struct weft_status *restore(struct model *m, const void *meta, size_t n)
{
    char *prefix = strdup(m->path);
    if (!prefix)
        return no_memory();
    if (ends_with(prefix, ".meta"))
        prefix[strlen(prefix) - 5] = '\0';
    struct weft_status *st = open_session(m);
    if (!st)
        st = weft_meta_graph_restore(m->session, NULL, meta, n, prefix);
    free(prefix);
    return st;
}

static struct weft_status *open_meta(bool run, struct model *m)
{
    struct file f = { 0 };
    struct weft_bytes bytes = { 0 };
    struct weft_status *st = read_message(m->path, "MetaGraphDef", m->is_text, &f, &bytes);
    const void *meta = m->is_text ? bytes.data : f.data;
    size_t n = m->is_text ? bytes.size : f.size;
    if (!st && !(m->graph = weft_graph_new()))
        st = no_memory();
    if (!st)
        st = status_about(weft_meta_graph_import(m->graph, NULL, false, meta, n), m->path);
    if (!st && run)
        st = restore(m, meta, n);
    weft_bytes_free(&bytes);
    file_unmap(&f);
    return st;
}

static struct weft_status *open_graph(bool run, struct model *m)
{
    struct weft_import *options = weft_import_new();
    m->graph = weft_graph_new();
    if (!options || !m->graph) {
        weft_import_free(options);
        return no_memory();
    }
    weft_import_allow_unknown(options, true);
    struct weft_status *st = weft_graph_import_file(m->graph, options, m->path);
    weft_import_free(options);
    return st || !run ? st : open_session(m);
}

/* A binary MetaGraphDef is told from a GraphDef only by reading it. */
static struct weft_status *open_either(bool run, struct model *m)
{
    struct weft_status *st = open_graph(run, m);
    if (weft_status_code(st) != WEFT_INVALID_ARGUMENT)
        return st;
    struct model other = { .kind = META_GRAPH, .path = m->path, .is_text = m->is_text };
    struct weft_status *second = open_meta(run, &other);
    if (second) {
        weft_status_free(second);
        weft_graph_free(other.graph);
        return st;
    }
    weft_status_free(st);
    weft_graph_free(m->graph);
    *m = other;
    return NULL;
}

struct weft_status *model_open(const char *path, const char *tags, bool run, struct model *m)
{
    *m = (struct model){ 0 };
    struct weft_status *st = model_kind(path, m);
    if (st)
        return st;
    switch (m->kind) {
    case SAVED_MODEL: return status_about(open_saved(tags, run, m), m->path);
    case META_GRAPH: return status_about(open_meta(run, m), m->path);
    case GRAPH_FILE: return status_about(open_either(run, m), m->path);
    default: return refuse("%s: a graph is expected; this is a %s", m->path, kind_name(m->kind));
    }
}

void model_close(struct model *m)
{
    if (m->saved) {
        weft_saved_model_free(m->saved);
    } else {
        weft_session_free(m->session);
        weft_graph_free(m->graph);
    }
    free(m->path);
    *m = (struct model){ 0 };
}

/* ---- what a graph is fed and gives ---- */

/* "save/...", "save_1/...": a Saver's. */
static bool is_saver(const struct weft_node *n)
{
    return !fnmatch("save/*", weft_node_name(n), 0) ||
           !fnmatch("save_[0-9]*/*", weft_node_name(n), 0);
}

/* Ops that a graph ends with for other reasons than that somebody wants their value. */
static bool is_plumbing(const struct weft_node *n)
{
    static const char *const ops[] = {
        "Const", "*Assign*", "Save*", "*Restore*", "MergeV2Checkpoints", "NoOp", "*Variable*",
        "VarHandleOp", "VarIsInitializedOp", "*Apply*", "*Summary*", "Placeholder*", "Assert",
        "InitializeTable*", "HashTable*", "LookupTable*", "Shape", "*Queue*", "DisableCopyOnRead"
    };
    if (is_saver(n) || !weft_node_outputs(n))
        return true;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (!fnmatch(ops[i], weft_node_op(n), 0))
            return true;
    return false;
}

struct marks {                  /* of each node: */
    bool *read, *fed;           /* something reads it; it needs an input */
    int *around;                /* how many loops and branches what it gives lies in */
};

static bool is_input(const struct weft_node *n)
{
    return !strncmp(weft_node_op(n), "Placeholder", 11) && !is_saver(n);
}

/* What an op is to loops and branches: goes in, or comes out. A loop's Switch leads on inside of it. */
static int step_in(const struct weft_node *n)
{
    const char *op = weft_node_op(n);
    bool loop = false;
    for (int i = 0; i < weft_node_inputs(n); i++)
        loop |= !fnmatch("*NextIteration", weft_node_op(weft_node_input(n, i).node), 0);
    return !fnmatch("*Enter", op, 0) || !strcmp(op, "Switch") || !strcmp(op, "RefSwitch") ? 1
         : !fnmatch("*Exit", op, 0) ? -2
         : !strcmp(op, "Merge") || !strcmp(op, "RefMerge") ? loop - 1 : 0;
}

static void note_around(const struct weft_node *n, int *around)
{
    int *most = &around[weft_node_id(n)];
    for (int i = 0; i < weft_node_inputs(n) + weft_node_controls(n); i++) {
        const struct weft_node *from = i < weft_node_inputs(n) ? weft_node_input(n, i).node
                                       : weft_node_control(n, i - weft_node_inputs(n));
        *most = around[weft_node_id(from)] > *most ? around[weft_node_id(from)] : *most;
    }
    *most = *most + step_in(n) > 0 ? *most + step_in(n) : 0;
}

/* In order of creation inputs come first, but for the edges that close loops. */
static void mark(const struct weft_node *n, struct marks *m)
{
    bool *fed = &m->fed[weft_node_id(n)];
    *fed = is_input(n);
    for (int i = 0; i < weft_node_inputs(n); i++) {
        int id = weft_node_id(weft_node_input(n, i).node);
        m->read[id] = true;
        *fed |= m->fed[id];
    }
    note_around(n, m->around);
}

static void find_ends(const struct model *m, const struct marks *marks, bool only_fed,
                      struct ends *e)
{
    int n = weft_graph_count(m->graph);
    e->n_in = e->n_out = 0;
    for (int i = 0; i < n; i++) {
        struct weft_node *node = weft_graph_node(m->graph, i);
        if (is_input(node) && marks->read[i])
            e->in[e->n_in++] = node;
        else if (!marks->read[i] && !marks->around[i] && !is_plumbing(node) &&
                 (!only_fed || marks->fed[i]))
            e->out[e->n_out++] = node;
    }
}

/* Outputs depend on inputs: what does not is some other value, such as a penalty on weights. */
struct weft_status *model_ends(const struct model *m, struct ends *e)
{
    size_t n = (size_t)weft_graph_count(m->graph);
    struct marks marks = { calloc(n + 1, 1), calloc(n + 1, 1),
                           calloc(n + 1, sizeof *marks.around) };
    *e = (struct ends){ calloc(n + 1, sizeof *e->in), calloc(n + 1, sizeof *e->out), 0, 0 };
    struct weft_status *st =
        marks.read && marks.fed && marks.around && e->in && e->out ? NULL : no_memory();
    for (size_t i = 0; i < n && !st; i++)
        mark(weft_graph_node(m->graph, (int)i), &marks);
    if (!st)
        find_ends(m, &marks, true, e);
    if (!st && !e->n_out)
        find_ends(m, &marks, false, e);
    free(marks.read);
    free(marks.fed);
    free(marks.around);
    return st;
}

void ends_free(struct ends *e)
{
    free(e->in);
    free(e->out);
}

struct weft_status *model_find(const struct model *m, const char *name, struct weft_out *o)
{
    struct weft_node *node = weft_graph_find(m->graph, name);
    if (!node)
        return strchr(name, ':') ? weft_graph_find_out(m->graph, name, o)
             : refuse("there is no node '%s' in %s", name, m->path);
    if (!weft_node_outputs(node))
        return refuse("'%s' is an operation without outputs (%s)", name, weft_node_op(node));
    *o = (struct weft_out){ node, 0 };
    return NULL;
}
