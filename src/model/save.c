/* save.c - a SavedModel directory is written, under another name until all of it is there. */
#include "base/mem.h"
#include "io/file.h"
#include "model/save_nodes.h"
#include "model/saved_model.h"
#include "wire/text.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCHEMA = 1 };               /* saved_model_schema_version */

struct saving {
    struct session *session;
    struct meta *meta;
    struct arena arena;
    const char *dir;                    /* without a slash at its end */
    char *temp;
};

static char *inside(struct saving *v, const char *name)
{
    return arena_printf(&v->arena, "%s/%s", v->temp, name);
}

/* ---- variables ---- */

/* Nodes of its own for all variables that there are, where the caller names no saver. */
static struct status *find_saver(struct saving *v, const Wire__SaverDef **def)
{
    struct graph *g = session_graph(v->session);
    int n = graph_collection(g, "variables", NULL, 0);
    struct out *refs = arena_array(&v->arena, struct out, n + 1);
    Wire__SaverDef *own;
    NEED(refs);
    *def = v->meta->m.saver_def;
    if (*def || !n)
        return NULL;
    graph_collection(g, "variables", refs, n);
    TRY(save_nodes_add(g, refs, n, &v->arena, &own));
    *def = v->meta->m.saver_def = own;
    return NULL;
}

static struct status *save_variables(struct saving *v)
{
    const Wire__SaverDef *d;
    char *folder = inside(v, "variables"), *path = inside(v, MODEL_VARIABLES);
    NEED(folder && path ? path : NULL);
    TRY(find_saver(v, &d));
    if (!d)
        return NULL;
    struct path_feed feed = { d->filename_tensor_name, path };
    TRY(file_make_folder(folder));
    return run_named(v->session, NULL, d->save_tensor_name, &feed, 1);
}

/* ---- assets ---- */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static struct status *copy_asset(struct saving *v, const struct meta_asset *x)
{
    char *to = arena_printf(&v->arena, "%s/" MODEL_ASSETS "/%s", v->temp, base_name(x->path));
    char *bytes;
    size_t n;
    NEED(to);
    for (const struct meta_asset *y = v->meta->assets; y != x; y = y->next)
        ENSURE(!strcmp(x->path, y->path) || strcmp(base_name(x->path), base_name(y->path)),
               "Two assets have the same name: '%s' and '%s'", y->path, x->path);
    TRY(file_load(x->path, &bytes, &n));
    struct status *st = file_replace(to, bytes, n);
    mem_free(bytes);
    return st;
}

static struct status *copy_assets(struct saving *v)
{
    char *folder = inside(v, MODEL_ASSETS);
    NEED(folder);
    if (v->meta->assets)
        TRY(file_make_folder(folder));
    for (const struct meta_asset *x = v->meta->assets; x; x = x->next)
        TRY(copy_asset(v, x));
    return NULL;
}

/* ---- the graph ---- */

static struct status *encode(struct saving *v, void **bytes, size_t *n)
{
    Wire__SavedModelParts m = WIRE__SAVED_MODEL_PARTS__INIT;
    ProtobufCBinaryData meta;
    void *meta_bytes;
    TRY(meta_export(session_graph(v->session), v->meta, &meta_bytes, &meta.len));
    meta.data = meta_bytes;
    m.saved_model_schema_version = SCHEMA;
    m.n_meta_graphs = 1;
    m.meta_graphs = &meta;
    struct status *st = wire_encode(&m.base, bytes, n);
    mem_free(meta_bytes);
    return st;
}

static struct status *to_text(struct arena *a, const void *bytes, size_t n, struct str *text)
{
    Wire__SavedModel *m;
    TRY(wire_decode_borrowed(a, &wire__saved_model__descriptor, bytes, n, &m));
    TRY(text_write(&m->base, text));
    return text->failed ? status_no_memory() : NULL;
}

static struct status *write_text(struct saving *v, const char *path, const void *bytes, size_t n)
{
    struct str text = { 0 };
    struct status *st = to_text(&v->arena, bytes, n, &text);
    if (!st)
        st = file_replace(path, str_text(&text), text.n);
    str_free(&text);
    return st;
}

static struct status *write_graph(struct saving *v, bool as_text)
{
    char *path = inside(v, as_text ? MODEL_TEXT : MODEL_FILE);
    void *bytes;
    size_t n;
    NEED(path);
    TRY(encode(v, &bytes, &n));
    struct status *st = as_text ? write_text(v, path, bytes, n) : file_replace(path, bytes, n);
    mem_free(bytes);
    return st;
}

/* ---- the directory ---- */

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    (void)s;
    (void)kind;
    (void)at;
    return remove(path);
}

/* What is left of an attempt; where it cannot be removed, the next one has another name. */
static void remove_tree(const char *dir) { nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static struct status *fill(struct saving *v, bool as_text)
{
    TRY(file_make_folder(v->temp));
    TRY(save_variables(v));
    TRY(copy_assets(v));
    TRY(write_graph(v, as_text));
    TRY(file_rename(v->temp, v->dir));
    return file_sync_folder(v->dir);
}

static struct status *name_folders(struct saving *v, const char *dir)
{
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    NEED(v->dir = arena_strndup(&v->arena, dir, n));
    NEED(v->temp = arena_printf(&v->arena, "%s.temp-%d", v->dir, (int)getpid()));
    return NULL;
}

static struct status *save(struct saving *v, const char *dir, bool as_text)
{
    TRY(name_folders(v, dir));
    TRY(status_copy(v->meta->error));
    if (file_exists(v->dir))
        return status_new(ALREADY_EXISTS, "Export directory already exists. Please specify a "
                          "different export directory: %s", v->dir);
    Wire__SaverDef *given = v->meta->m.saver_def;
    struct status *st = fill(v, as_text);
    v->meta->m.saver_def = given;       /* the own one is of this save alone */
    if (st)
        remove_tree(v->temp);
    return st;
}

struct status *saved_model_save(struct session *s, struct meta *m, const char *dir, bool as_text)
{
    struct saving v = { .session = s, .meta = m ? m : meta_new() };
    NEED(v.meta);
    struct status *st = save(&v, dir, as_text);
    if (!m)
        meta_free(v.meta);
    arena_free(&v.arena);
    return st;
}
