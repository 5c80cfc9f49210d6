/* saver.c - weft.h: the saver. */
#include "api/api.h"
#include "base/mem.h"
#include "build/scope.h"
#include "model/checkpoint_state.h"
#include "model/saver.h"

static struct status *make(struct graph *g, const struct weft_variable *variables, int n,
                           const struct saver_options *o, struct saver **result)
{
    struct out *refs = mem_array(struct out, n + 1);
    NEED(refs);
    for (int i = 0; i < n; i++)
        refs[i] = out_in(variables[i].ref);
    struct status *st = saver_new(g, refs, n, o, result);
    mem_free(refs);
    return st;
}

struct weft_status *weft_saver_new(struct weft_graph *g, const struct weft_variable *variables,
                                   int n, const struct weft_saver_options *options,
                                   struct weft_saver **result)
{
    struct status *st = api_ready();
    struct graph *graph = st ? NULL : build_graph(graph_in(g), NULL, 0);
    struct saver_options o = { 0 };
    if (options)
        o = (struct saver_options){ options->max_to_keep, options->keep_every_n_hours,
                                    options->pad_step_number, options->no_meta_graph,
                                    options->latest_filename };
    if (st || !graph)
        return status_out(st ? st : status_no_memory());
    return status_out(make(graph, variables, n, &o, (struct saver **)result));
}

void weft_saver_free(struct weft_saver *s) { saver_free(saver_in(s)); }

static struct status *save(struct saver *s, struct session *session, const char *path,
                           int64_t step, struct weft_bytes *prefix)
{
    const char *name;
    TRY(saver_save(s, session, path, step, &name));
    if (!prefix)
        return NULL;
    NEED(prefix->data = mem_strdup(name));
    prefix->size = strlen(name);
    return NULL;
}

struct weft_status *weft_saver_save(struct weft_saver *s, struct weft_session *session,
                                    const char *path, int64_t step, struct weft_bytes *prefix)
{
    return status_out(save(saver_in(s), session_in(session), path, step, prefix));
}

struct weft_status *weft_saver_restore(struct weft_saver *s, struct weft_session *session,
                                       const char *prefix)
{
    return status_out(saver_restore(saver_in(s), session_in(session), prefix));
}

int weft_saver_checkpoints(const struct weft_saver *s) { return saver_count(saver_in(s)); }

const char *weft_saver_checkpoint(const struct weft_saver *s, int i)
{
    return saver_checkpoint(saver_in(s), i);
}

struct weft_status *weft_saver_recover(struct weft_saver *s, const char *const *prefixes, int n)
{
    return status_out(saver_recover(saver_in(s), prefixes, n));
}

static struct status *latest(const char *dir, struct weft_bytes *prefix)
{
    struct arena a = { 0 };
    char *name = NULL;
    *prefix = (struct weft_bytes){ 0 };
    struct status *st = checkpoint_latest(&a, dir, "checkpoint", &name);
    if (name && !(prefix->data = mem_strdup(name)))
        st = status_no_memory();
    prefix->size = name ? strlen(name) : 0;
    arena_free(&a);
    return st;
}

struct weft_status *weft_latest_checkpoint(const char *dir, struct weft_bytes *prefix)
{
    return status_out(latest(dir, prefix));
}
