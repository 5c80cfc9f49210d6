#include "model/checkpoint_state.h"
#include "base/mem.h"
#include "io/checkpoint.h"
#include "wire/text.h"

/* A name beside the file, without the directory that both are in. */
static const char *relative(const char *name, const char *path)
{
    size_t n = file_folder(path);
    bool same = *name != '/' && file_folder(name) == n && n && !strncmp(name, path, n);
    return same ? name + n + 1 : name;
}

static struct status *write_text(const Wire__CheckpointState *m, const char *path)
{
    struct str text = { 0 };
    struct status *st = text_write(&m->base, &text);
    if (!st)
        st = text.failed ? status_no_memory() : file_replace(path, text.text, text.n);
    str_free(&text);
    return st;
}

struct status *checkpoint_state_write(struct arena *a, const char *path, const char *const *all,
                                      int n)
{
    Wire__CheckpointState m = WIRE__CHECKPOINT_STATE__INIT;
    NEED(m.all_model_checkpoint_paths = arena_array(a, char *, n));
    for (int i = 0; i < n; i++)
        m.all_model_checkpoint_paths[i] = (char *)(uintptr_t)relative(all[i], path);
    m.n_all_model_checkpoint_paths = (size_t)n;
    m.model_checkpoint_path = n ? m.all_model_checkpoint_paths[n - 1] : (char *)"";
    return write_text(&m, path);
}

static struct status *read_state(struct arena *a, const char *path, Wire__CheckpointState **m)
{
    char *text;
    size_t n;
    TRY(file_load(path, &text, &n));
    struct status *st = text_read(a, &wire__checkpoint_state__descriptor, text, n, m);
    mem_free(text);
    return status_prefix(st, "%s: ", path);
}

struct status *checkpoint_latest(struct arena *a, const char *dir, const char *filename,
                                 char **prefix)
{
    Wire__CheckpointState *m;
    const char *between = *dir ? "/" : "";
    char *path = arena_printf(a, "%s%s%s", dir, between, filename);
    NEED(path);
    *prefix = NULL;
    if (!file_exists(path))
        return NULL;
    TRY(read_state(a, path, &m));
    if (!m->model_checkpoint_path || !*m->model_checkpoint_path)
        return NULL;
    char *latest = *m->model_checkpoint_path == '/' ? m->model_checkpoint_path
                   : arena_printf(a, "%s%s%s", dir, between, m->model_checkpoint_path);
    NEED(latest);
    if (checkpoint_exists(latest))
        *prefix = latest;
    return NULL;
}
