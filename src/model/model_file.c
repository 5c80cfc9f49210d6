#include "model/model_file.h"
#include "base/mem.h"
#include "io/file.h"
#include "wire/text.h"

/* ---- reading ---- */

static struct status *read_metas(struct arena *a, struct model_file *f)
{
    TRY(wire_decode_borrowed(a, &wire__saved_model_parts__descriptor, f->bytes, f->n, &f->model));
    ENSURE(f->model->n_meta_graphs, "it holds no MetaGraphDef");
    NEED(f->meta = arena_array(a, Wire__MetaGraphParts *, f->model->n_meta_graphs));
    for (size_t i = 0; i < f->model->n_meta_graphs; i++)
        TRY(meta_decode(a, f->model->meta_graphs[i].data, f->model->meta_graphs[i].len,
                        &f->meta[f->n_metas++]));
    return NULL;
}

static char *path_in(struct arena *a, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    return arena_printf(a, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}

/* The text becomes the bytes that it stands for: what follows is one way. */
static struct status *load_text(struct arena *a, const char *path, struct model_file *f)
{
    char *text;
    size_t n;
    void *bytes = NULL;
    Wire__SavedModel *m;
    TRY(file_load(path, &text, &n));
    struct status *st = text_read(a, &wire__saved_model__descriptor, text, n, &m);
    if (!st)
        st = wire_encode(&m->base, &bytes, &f->n);
    f->bytes = bytes;
    mem_free(text);
    return status_prefix(st, "Cannot parse file %s: ", path);
}

static struct status *load(struct arena *a, const char *dir, struct model_file *f,
                           const char **path)
{
    NEED(*path = path_in(a, dir, MODEL_FILE));
    if (file_exists(*path))
        return file_load(*path, &f->bytes, &f->n);
    NEED(*path = path_in(a, dir, MODEL_TEXT));
    if (file_exists(*path))
        return load_text(a, *path, f);
    return status_new(NOT_FOUND, "SavedModel file does not exist at: %s/{%s|%s}", dir, MODEL_TEXT,
                      MODEL_FILE);
}

struct status *model_file_load(struct arena *a, const char *dir, struct model_file *f)
{
    const char *path;
    *f = (struct model_file){ 0 };
    struct status *st = load(a, dir, f, &path);
    if (!st)
        st = status_prefix(read_metas(a, f), "Cannot parse file %s: ", path);
    if (st)
        model_file_release(f);
    return st;
}

void model_file_release(struct model_file *f)
{
    mem_free(f->bytes);
    *f = (struct model_file){ 0 };
}

/* ---- choosing ---- */

static const Wire__MetaGraphDef__MetaInfoDef *info_of(const struct model_file *f, int i)
{
    static const Wire__MetaGraphDef__MetaInfoDef none = WIRE__META_GRAPH_DEF__META_INFO_DEF__INIT;
    const Wire__MetaGraphDef__MetaInfoDef *info = f->meta[i]->meta_info_def;
    return info ? info : &none;
}

static bool has_tag(const Wire__MetaGraphDef__MetaInfoDef *info, const char *tag)
{
    for (size_t i = 0; i < info->n_tags; i++)
        if (!strcmp(info->tags[i], tag))
            return true;
    return false;
}

static bool asks_for(struct tag_list tags, const char *tag)
{
    for (int i = 0; i < tags.n; i++)
        if (!strcmp(tags.tag[i], tag))
            return true;
    return false;
}

/* As sets. */
static bool has_tags(const Wire__MetaGraphDef__MetaInfoDef *info, struct tag_list tags)
{
    for (int i = 0; i < tags.n; i++)
        if (!has_tag(info, tags.tag[i]))
            return false;
    for (size_t i = 0; i < info->n_tags; i++)
        if (!asks_for(tags, info->tags[i]))
            return false;
    return true;
}

void model_file_print_tags(const struct model_file *f, const char *before, const char *after,
                           struct str *to)
{
    for (int i = 0; i < f->n_metas; i++) {
        const Wire__MetaGraphDef__MetaInfoDef *info = info_of(f, i);
        str_puts(to, before);
        for (size_t k = 0; k < info->n_tags; k++)
            str_printf(to, "%s%s", k ? ", " : "", info->tags[k]);
        str_puts(to, after);
    }
}

/* `st` with the tags that there are. */
static struct status *with_tags(struct status *st, const struct model_file *f)
{
    struct str text = { 0 };
    str_puts(&text, status_message(st));
    model_file_print_tags(f, " { ", " }", &text);
    struct status *full = status_new(status_code(st), "%s", str_text(&text));
    status_free(st);
    str_free(&text);
    return full;
}

static struct status *no_such_tags(const struct model_file *f, struct tag_list tags)
{
    struct str asked = { 0 };
    for (int i = 0; i < tags.n; i++)
        str_printf(&asked, "%s%s", i ? ", " : "", tags.tag[i]);
    struct status *st = status_new(NOT_FOUND, "MetaGraphDef associated with tags { %s } could not "
                                   "be found in SavedModel. The tag sets there:",
                                   str_text(&asked));
    str_free(&asked);
    return with_tags(st, f);
}

struct status *model_file_choose(const struct model_file *f, struct tag_list tags, int *at)
{
    *at = 0;
    if (!tags.tag && f->n_metas > 1)
        return with_tags(status_new(INVALID_ARGUMENT, "The SavedModel has %d MetaGraphDefs; name "
                                    "the tags of one:", f->n_metas), f);
    if (!tags.tag)
        return NULL;
    for (int i = 0; i < f->n_metas; i++)
        if (has_tags(info_of(f, i), tags)) {
            *at = i;
            return NULL;
        }
    return no_such_tags(f, tags);
}
