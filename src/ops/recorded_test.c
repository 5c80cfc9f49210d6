/* recorded_test.c - graphs that the real TensorFlow ran, run by us: ../shared/recorded/ops.
 *
 *     ops-recorded-test [PART OF A CASE'S NAME]...      V=1: a table by op
 *
 * The runs of a case share one session's state, as they did there. Random, integer and text results
 * must be exact. A case with an op that is not registered is counted and named.
 */
#include "base/mem.h"
#include "graph/graphdef.h"
#include "graph/proto.h"
#include "ops/ops.h"
#include "plan/plan.h"
#include "test/file.h"
#include "test/golden.h"
#include "test/isolate.h"
#include "test/json.h"
#include "test/npz.h"
#include "test/tally.h"
#include "test/value.h"

#include <fnmatch.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { SECONDS_PER_CASE = 60, MOST = 256 };

static glob_t found;
static char **wanted;
static int n_wanted;

/* Cases that must run: an op of theirs that is not registered is a failure. */
static const char *const required[] = {
    "conv__*", "norm__*", "image__*", "pool__*", "grad__*", "scatter__*", "train__*",
    "random__Random*", "random__TruncatedNormal*", "random__Stateless*", "random__Multinomial*",
    "random__ParameterizedTruncatedNormal", "random__*Sampler", "string__AsString*",
};

/* Values that are whatever memory held there: inference computes no moments in 1.12, and the
 * gradient is recorded with those. */
static const struct { const char *name, *key; } uninitialized[] = {
    { "norm__FusedBatchNorm*_False", "y:[12]" }, { "norm__FusedBatchNorm*_False", "dx:[01]" },
};

struct recording {              /* one case */
    const char *name;
    struct arena arena;
    char *pb;
    size_t pb_size;
    struct npz *golden;
    const struct json *runs;    /* NULL: one run, of everything that is recorded */
    struct graph *graph;
    struct resources *resources;
};

struct request {
    struct out fetch[MOST];
    char key[MOST][256];
    struct node *target[MOST];
    int n, n_targets;
};

/* ---- reading ---- */

static struct status *open_recording(struct recording *r, const char *folder)
{
    char path[512];
    size_t n;
    *r = (struct recording){ .name = strrchr(folder, '/') + 1 };
    snprintf(path, sizeof path, "%s/graph.pb", folder);
    ENSURE(r->pb = file_read(path, &r->pb_size), "%s cannot be read", path);
    snprintf(path, sizeof path, "%s/golden.npz", folder);
    ENSURE(r->golden = npz_open(path), "%s cannot be read", path);
    snprintf(path, sizeof path, "%s/runs.json", folder);
    char *text = file_read(path, &n);
    if (text) {
        r->runs = json_parse(&r->arena, text);
        free(text);
        ENSURE(r->runs, "%s cannot be read", path);
    }
    return NULL;
}

static void close_recording(struct recording *r)
{
    graph_unref(r->graph);
    if (r->resources)
        resources_unref(r->resources);
    npz_close(r->golden);
    free(r->pb);
    arena_free(&r->arena);
}

/* The first op type that we do not have, or NULL. */
static const char *missing_op(struct recording *r)
{
    Wire__GraphDef *m;
    struct status *st = wire_decode(&r->arena, &wire__graph_def__descriptor, r->pb, r->pb_size, &m);
    const char *missing = NULL;
    for (size_t i = 0; !st && !missing && i < m->n_node; i++)
        if (!golden_runs(m->node[i]->op))
            missing = m->node[i]->op;
    status_free(st);
    return missing;
}

/* ---- what to fetch ---- */

/* "r2|scope|x:0" to "scope/x:0". */
static void tensor_name(const char *key, const char *prefix, char *to, size_t size)
{
    snprintf(to, size, "%s", key + strlen(prefix));
    for (char *p = to; *p; p++)
        if (*p == '|')
            *p = '/';
}

static struct status *ask_for(struct recording *r, const char *name, const char *prefix,
                              struct request *q)
{
    ENSURE(q->n < MOST, "too many fetches");
    int n = snprintf(q->key[q->n], sizeof q->key[0], "%s%s", prefix, name);
    for (char *p = q->key[q->n]; *p; p++)
        if (*p == '/')
            *p = '|';
    ENSURE(n < (int)sizeof q->key[0], "a name too long");
    return graph_find_out(r->graph, name, &q->fetch[q->n++]);
}

static struct status *request_all(struct recording *r, struct request *q)
{
    char key[256], name[256];
    for (int i = 0; i < npz_count(r->golden); i++) {
        tensor_name(npz_name(r->golden, i, key, sizeof key), "", name, sizeof name);
        TRY(ask_for(r, name, "", q));
    }
    return NULL;
}

static struct status *request_run(struct recording *r, const struct json *run, int k,
                                  struct request *q)
{
    char prefix[16];
    snprintf(prefix, sizeof prefix, "r%d|", k);
    for (const struct json *t = json_get(run, "targets")->first; t; t = t->next) {
        ENSURE(q->n_targets < MOST, "too many targets");
        ENSURE(q->target[q->n_targets++] = graph_find(r->graph, t->text), "no node %s", t->text);
    }
    for (const struct json *t = json_get(run, "fetches")->first; t; t = t->next)
        TRY(ask_for(r, t->text, prefix, q));
    return NULL;
}

/* ---- comparing ---- */

static struct tolerance tolerance_for(const char *name, enum dtype t)
{
    struct tolerance tol = tolerance_of(t);
    if (!strncmp(name, "random__", 8) || !strncmp(name, "string__", 8))
        return (struct tolerance){ 0, 0 };
    if (!strncmp(name, "conv__", 6) || !strncmp(name, "norm__", 6))
        tol.relative = t == DT_HALF ? 2e-3 : 1e-4;
    else if (tol.relative > 0 && tol.relative < 1e-5)
        tol.relative = 1e-5;
    tol.absolute = tol.relative / 10;
    return tol;
}

static bool is_uninitialized(const char *name, const char *key)
{
    for (size_t i = 0; i < sizeof uninitialized / sizeof *uninitialized; i++)
        if (!fnmatch(uninitialized[i].name, name, 0) && !fnmatch(uninitialized[i].key, key, 0))
            return true;
    return false;
}

static struct status *compare(struct recording *r, const struct request *q,
                              const struct tensor *got, int *compared)
{
    for (int i = 0; i < q->n; i++) {
        struct tensor want;
        if (!npz_has(r->golden, q->key[i]) || is_uninitialized(r->name, q->key[i]))
            continue;
        TRY(npz_read(r->golden, q->key[i], &want));
        struct status *st = tensor_differs(&got[i], &want, tolerance_for(r->name, want.dtype));
        tensor_unref(&want);
        TRY(status_prefix(st, "%s: ", q->key[i]));
        ++*compared;
    }
    return NULL;
}

static bool anything_recorded(struct recording *r, const struct request *q)
{
    for (int i = 0; i < q->n; i++)
        if (npz_has(r->golden, q->key[i]))
            return true;
    return !q->n;
}

/* ---- running ---- */

static struct status *run_plan(struct recording *r, const struct request *q, struct tensor *got)
{
    struct plan_key key = { .fetch = q->fetch, .n_fetches = q->n,
                            .target = q->target, .n_targets = q->n_targets };
    struct plan *p = NULL;
    struct run *run = NULL;
    struct run_options o = { 0 };
    struct status *st = plan_compile(r->graph, &key, r->resources, 0, &p);
    if (!st && !(run = run_new(p, NULL)))
        st = status_no_memory();
    if (!st)
        st = plan_run(p, run, NULL, got, &o);
    if (run)
        run_free(run);
    if (p)
        plan_free(p);
    return st;
}

static struct status *run_request(struct recording *r, const struct request *q, int *compared)
{
    struct tensor got[MOST] = { 0 };
    struct status *st = run_plan(r, q, got);
    if (st && !anything_recorded(r, q)) {       /* it failed there, too */
        status_free(st);
        st = NULL;
    } else if (!st) {
        st = compare(r, q, got, compared);
    }
    for (int i = 0; i < q->n; i++)
        tensor_unref(&got[i]);
    return st;
}

static struct status *run_all(struct recording *r)
{
    struct request *q = arena_new(&r->arena, struct request);
    int k = 0, compared = 0;
    NEED(r->graph = graph_new());
    NEED(r->resources = resources_new());
    TRY(graph_import(r->graph, NULL, r->pb, r->pb_size));
    if (!r->runs) {
        TRY(request_all(r, q));
        TRY(run_request(r, q, &compared));
    }
    for (const struct json *run = r->runs ? r->runs->first : NULL; run; run = run->next, k++) {
        memset(q, 0, sizeof *q);
        TRY(request_run(r, run, k, q));
        TRY(status_prefix(run_request(r, q, &compared), "run %d: ", k));
    }
    ENSURE(compared, "nothing was compared");
    return NULL;
}

static bool is_required(const char *name)
{
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (!fnmatch(required[i], name, 0))
            return true;
    return false;
}

static struct status *run_folder(const char *folder, bool *skipped)
{
    struct recording r;
    const char *missing = NULL;
    struct status *st = open_recording(&r, folder);
    if (!st)
        missing = missing_op(&r);
    *skipped = missing && !is_required(r.name);
    if (missing && !*skipped)
        st = status_new(NOT_FOUND, "%s is not registered", missing);
    else if (missing)
        progress_note(missing);
    else if (!st)
        st = run_all(&r);
    close_recording(&r);
    return st;
}

/* "conv__conv2d_float_..." counts as "conv2d". */
static struct tally *tally_of_case(const char *name)
{
    char op[64];
    const char *from = strstr(name, "__");
    from = from ? from + 2 : name;
    snprintf(op, sizeof op, "%.*s", (int)strcspn(from, "_"), from);
    return tally_of(op);
}

static bool is_wanted(const char *name)
{
    for (int i = 0; i < n_wanted; i++)
        if (strstr(name, wanted[i]))
            return true;
    return !n_wanted;
}

static void run_folders(void *ctx, int from)
{
    (void)ctx;
    for (size_t i = (size_t)from - 1; i < found.gl_pathc; i++) {
        const char *folder = found.gl_pathv[i], *name = strrchr(folder, '/') + 1;
        bool skipped = false;
        if (!is_wanted(name))
            continue;
        progress_at((int)i + 1, name);
        size_t before = mem_live();
        struct status *st = run_folder(folder, &skipped);
        if (!st && mem_live() != before) {      /* what is made once is made now */
            before = mem_live();
            st = run_folder(folder, &skipped);
            if (!st && mem_live() != before)
                st = status_new(INTERNAL, "%ld bytes were not given back",
                                (long)(mem_live() - before));
        }
        struct tally *tally = tally_of_case(name);
        tally->missing += skipped;
        tally->passed += !st && !skipped;
        tally->failed += st != NULL;
        progress->skipped += skipped;
        progress->passed += !st && !skipped;
        progress->failures += st != NULL;
        if (st)
            printf("%s: %.600s\n", name, status_message(st));
        status_free(st);
    }
}

static void recorded_ops(void **state)
{
    (void)state;
    if (glob("../shared/recorded/ops/*", 0, NULL, &found)) {
        printf("../shared/recorded/ops is not here: skipped\n");
        skip();
    }
    assert_true(tally_start());
    isolate("recorded", SECONDS_PER_CASE, run_folders, NULL);
    globfree(&found);
    tally_end(getenv("V"));
    progress_print_notes("not yet: ");
    printf("%d recorded cases: %d passed, %d failed, %d not yet\n", progress->done,
           progress->passed, progress->failures, progress->skipped);
    assert_int_equal(progress->failures, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(recorded_ops) };
    wanted = argv + 1;
    n_wanted = argc - 1;
    struct status *st = ops_init();
    if (st) {
        printf("%s\n", status_message(st));
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
