#include "model/saver.h"
#include "base/mem.h"
#include "io/checkpoint.h"
#include "model/checkpoint_state.h"
#include "model/meta.h"
#include "model/save_nodes.h"

#include <glob.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct kept { char *prefix; double time; };

struct saver {
    struct arena arena;
    struct graph *graph;
    struct out *refs;
    int n_refs, most;               /* most: checkpoints; -1: all */
    struct saver_options options;
    Wire__SaverDef *def;
    struct kept *kept;              /* the oldest first */
    int n_kept, room;
    double spare_after;             /* when the next one that is spared must be from */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- its life ---- */

static struct status *find_variables(struct saver *s, const struct out *refs, int n)
{
    s->n_refs = n ? n : graph_collection(s->graph, "variables", NULL, 0);
    ENSURE(s->n_refs, "No variables to save");
    NEED(s->refs = arena_array(&s->arena, struct out, s->n_refs));
    if (n)
        memcpy(s->refs, refs, (size_t)n * sizeof *refs);
    else
        graph_collection(s->graph, "variables", s->refs, s->n_refs);
    return NULL;
}

static struct status *set_options(struct saver *s, const struct saver_options *o)
{
    if (o)
        s->options = *o;
    const char *name = s->options.latest_filename ? s->options.latest_filename : "checkpoint";
    ENSURE(!strchr(name, '/'), "'latest_filename' must not contain path components");
    NEED(s->options.latest_filename = arena_strdup(&s->arena, name));
    s->most = s->options.max_to_keep ? s->options.max_to_keep : 5;
    s->spare_after = now() + s->options.keep_every_n_hours * 3600;
    return NULL;
}

static struct status *begin(struct saver *s, const struct out *refs, int n,
                            const struct saver_options *o)
{
    TRY(set_options(s, o));
    TRY(find_variables(s, refs, n));
    TRY(save_nodes_add(s->graph, s->refs, s->n_refs, &s->arena, &s->def));
    s->def->max_to_keep = s->most < 0 ? 0 : s->most;
    if (s->options.keep_every_n_hours > 0)
        s->def->keep_checkpoint_every_n_hours = (float)s->options.keep_every_n_hours;
    return NULL;
}

struct status *saver_new(struct graph *g, const struct out *refs, int n,
                         const struct saver_options *o, struct saver **result)
{
    struct saver *s = mem_new(struct saver);
    NEED(s);
    s->graph = graph_ref(g);
    struct status *st = begin(s, refs, n, o);
    if (st) {
        saver_free(s);
        return st;
    }
    *result = s;
    return NULL;
}

void saver_free(struct saver *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->n_kept; i++)
        mem_free(s->kept[i].prefix);
    mem_free(s->kept);
    graph_unref(s->graph);
    arena_free(&s->arena);
    mem_free(s);
}

const Wire__SaverDef *saver_def(const struct saver *s) { return s->def; }
int saver_count(const struct saver *s) { return s->n_kept; }

const char *saver_checkpoint(const struct saver *s, int i)
{
    return i >= 0 && i < s->n_kept ? s->kept[i].prefix : NULL;
}

/* ---- which checkpoints there are ---- */

/* Saved again under its name, a checkpoint becomes the newest. */
static struct status *note(struct saver *s, const char *prefix, double time)
{
    char *copy = mem_strdup(prefix);
    NEED(copy);
    for (int i = 0; i < s->n_kept; i++)
        if (!strcmp(s->kept[i].prefix, prefix)) {
            mem_free(s->kept[i].prefix);
            memmove(&s->kept[i], &s->kept[i + 1], (size_t)(--s->n_kept - i) * sizeof *s->kept);
        }
    if (s->n_kept == s->room) {
        struct kept *more = mem_grow(s->kept, (size_t)(2 * s->room + 8) * sizeof *more);
        if (!more) {
            mem_free(copy);
            return status_no_memory();
        }
        s->kept = more;
        s->room = 2 * s->room + 8;
    }
    s->kept[s->n_kept++] = (struct kept){ copy, time };
    return NULL;
}

static void remove_like(const char *prefix, const char *ending)
{
    struct str s = { 0 };
    glob_t g;
    for (const char *p = prefix; *p; p++)
        str_printf(&s, strchr("*?[\\", *p) ? "\\%c" : "%c", *p);
    str_puts(&s, ending);
    if (!s.failed && !glob(s.text, GLOB_NOSORT, NULL, &g)) {
        for (size_t i = 0; i < g.gl_pathc; i++)
            (void)unlink(g.gl_pathv[i]);
        globfree(&g);
    }
    str_free(&s);
}

/* The index goes first: without it there is no checkpoint, and never half of one. */
static void remove_checkpoint(const char *prefix)
{
    remove_like(prefix, ".index*");
    remove_like(prefix, ".data-*-of-*");
    remove_like(prefix, ".meta");
}

/* G5. One in so many hours stays. */
static void remove_old(struct saver *s)
{
    while (s->most >= 0 && s->n_kept > s->most) {
        struct kept old = s->kept[0];
        memmove(s->kept, s->kept + 1, (size_t)--s->n_kept * sizeof old);
        if (s->options.keep_every_n_hours > 0 && old.time > s->spare_after)
            s->spare_after += s->options.keep_every_n_hours * 3600;
        else
            remove_checkpoint(old.prefix);
        mem_free(old.prefix);
    }
}

struct status *saver_recover(struct saver *s, const char *const *prefixes, int n)
{
    for (int i = 0; i < n; i++) {
        struct stat file;
        struct str index = { 0 };
        str_printf(&index, "%s.index", prefixes[i]);
        double time = !stat(str_text(&index), &file) ? (double)file.st_mtime : now();
        str_free(&index);
        if (checkpoint_exists(prefixes[i]))
            TRY(note(s, prefixes[i], time));
    }
    return NULL;
}

/* ---- saving ---- */

static struct status *write_meta(struct saver *s, struct arena *a, const char *prefix)
{
    char *path = arena_printf(a, "%s.meta", prefix);
    struct meta *m = meta_new();
    void *bytes = NULL;
    size_t n;
    struct status *st = path && m ? NULL : status_no_memory();
    if (m)
        meta_set_saver(m, s->def);
    if (!st)
        st = meta_export(s->graph, m, &bytes, &n);
    if (!st)
        st = file_replace(path, bytes, n);
    mem_free(bytes);
    meta_free(m);
    return st;
}

static struct status *write_state(const struct saver *s, struct arena *a, const char *prefix)
{
    const char **all = arena_array(a, const char *, s->n_kept);
    char *folder = arena_strndup(a, prefix, file_folder(prefix));
    char *path = arena_printf(a, "%s%s%s", folder, *folder ? "/" : "", s->options.latest_filename);
    NEED(all && path ? path : NULL);
    for (int i = 0; i < s->n_kept; i++)
        all[i] = s->kept[i].prefix;
    return checkpoint_state_write(a, path, all, s->n_kept);
}

/* G6 */
static struct status *check_path(const struct saver *s, struct arena *a, const char *path)
{
    size_t n = file_folder(path);
    const char *base = n > 1 || *path == '/' ? path + n + (n > 1) : path;
    char *folder = arena_strndup(a, path, n);
    NEED(folder);
    ENSURE(strcmp(base, s->options.latest_filename),
           "'latest_filename' collides with 'save_path': '%s' and '%s'",
           s->options.latest_filename, path);
    ENSURE(!n || file_exists(folder), "Parent directory of %s doesn't exist, can't save.", path);
    return NULL;
}

static struct status *save(struct saver *s, struct arena *a, struct session *session,
                           const char *path, int64_t step)
{
    char *prefix = step < 0 ? arena_strdup(a, path)
                   : arena_printf(a, s->options.pad_step_number ? "%s-%08lld" : "%s-%lld", path,
                                  (long long)step);
    struct path_feed feed = { s->def->filename_tensor_name, prefix };
    NEED(prefix);
    TRY(check_path(s, a, prefix));
    TRY(run_named(session, NULL, s->def->save_tensor_name, &feed, 1));
    if (!s->options.no_meta_graph)
        TRY(write_meta(s, a, prefix));
    TRY(note(s, prefix, now()));
    TRY(write_state(s, a, prefix));
    remove_old(s);
    return NULL;
}

struct status *saver_save(struct saver *s, struct session *session, const char *path,
                          int64_t step, const char **prefix)
{
    struct arena a = { 0 };
    struct status *st = save(s, &a, session, path, step);
    arena_free(&a);
    *prefix = st ? NULL : s->n_kept ? s->kept[s->n_kept - 1].prefix : path;
    return st;
}

/* ---- restoring ---- */

/* Assignments run side by side, and one that fails would leave the others done. */
static struct status *check_shapes(const struct saver *s, const struct checkpoint *c)
{
    for (int i = 0; i < s->n_refs; i++) {
        struct variable_nodes v = variable_of(s->refs[i]);
        const struct shape *want = variable_shape(&v);
        const struct saved *e = checkpoint_find(c, piece_of(s->refs[i].node->name));
        ENSURE(!e || e->shape.rank < 0 || shape_accepts(want, &e->shape),
               "Assign requires shapes of both tensors to match. lhs shape= %s rhs shape= %s: %s",
               SHAPE_STR(want), SHAPE_STR(&e->shape), s->refs[i].node->name);
    }
    return NULL;
}

static struct status *restore(struct saver *s, struct session *session, const char *prefix)
{
    struct path_feed feed = { s->def->filename_tensor_name, prefix };
    struct checkpoint *c;
    TRY(checkpoint_open(prefix, &c));
    struct status *st = check_shapes(s, c);
    checkpoint_free(c);
    return st ? st : run_named(session, NULL, s->def->restore_op_name, &feed, 1);
}

#define FAILED "Restoring from checkpoint failed. This is most likely due to "

struct status *saver_restore(struct saver *s, struct session *session, const char *prefix)
{
    ENSURE(prefix, "Can't load save_path when it is None.");
    ENSURE(checkpoint_exists(prefix), "The passed save_path is not a valid checkpoint: %s", prefix);
    struct status *st = restore(s, session, prefix);
    if (status_code(st) == NOT_FOUND)           /* G9 */
        return status_prefix(st, FAILED "a Variable name or other graph key that is missing from "
                             "the checkpoint. Please ensure that you have not altered the graph "
                             "expected based on the checkpoint. Original error:\n\n");
    if (status_code(st) == INVALID_ARGUMENT)    /* G10 */
        return status_prefix(st, FAILED "a mismatch between the current graph and the graph from "
                             "the checkpoint. Please ensure that you have not altered the graph "
                             "expected based on the checkpoint. Original error:\n\n");
    return st;
}
