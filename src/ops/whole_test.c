/* whole_test.c - the graphs of ../shared/golden as wholes: imported, run in a session with what was
 * fed then, and every recorded tensor compared. `make golden` prints what is compared, by op.
 *
 *     ops-whole-test [PART OF A CASE'S NAME]...      V=1: the table by op
 */
#include "graph/graphdef.h"
#include "ops/ops.h"
#include "session/session.h"
#include "test/file.h"
#include "test/golden.h"
#include "test/isolate.h"
#include "test/single.h"
#include "test/tally.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

enum { SECONDS_PER_CASE = 60 };

static char **wanted;
static int n_wanted;
static glob_t found;

/* ---- a case ---- */

struct whole {
    struct golden golden;
    struct graph *graph;
    struct session *session;
    bool *missing;                      /* by node: it, or what it needs, has no kernel */
    int *depth;                         /* by node: in how many loops its values are */
    struct out *feed, *fetch;
    struct tensor *fed, *got;
    int n_feeds, n_fetches;
};

/* A value that is given to the run: an input of then, or what is random. */
static bool is_given(const struct node *n)
{
    return n->op->flags & OP_FED || !golden_has_values(n->op->name);
}

static bool has_no_kernel(const struct node *n)
{
    return n->op->sig || !golden_runs(n->op->name);
}

/* Nothing in a loop can be fetched: there is a value for each iteration. */
static int loop_depth(const struct whole *w, const struct node *n)
{
    int depth = 0;
    for (int i = 0; i < n->n_in; i++)
        if (w->depth[n->in[i].node->id] > depth)
            depth = w->depth[n->in[i].node->id];
    for (int i = 0; i < n->n_control; i++)
        if (w->depth[n->control[i]->id] > depth)
            depth = w->depth[n->control[i]->id];
    return depth + !!(n->op->flags & OP_ENTER) - !!(n->op->flags & OP_EXIT);
}

static bool is_missing(const struct whole *w, const struct node *n)
{
    bool missing = has_no_kernel(n);
    for (int i = 0; i < n->n_in; i++)
        missing |= w->missing[n->in[i].node->id];
    for (int i = 0; i < n->n_control; i++)
        missing |= w->missing[n->control[i]->id];
    return missing;
}

/* Loops lead back: what is missing later may be missed before. */
static void find_missing(struct whole *w)
{
    for (bool again = true; again;) {
        again = false;
        for (int i = 0; i < w->graph->n; i++) {
            struct node *n = w->graph->node[i];
            bool missing = !is_given(n) && is_missing(w, n);
            again |= missing != w->missing[i];
            w->missing[i] = missing;
        }
    }
    for (int i = 0; i < w->graph->n; i++)
        w->depth[i] = loop_depth(w, w->graph->node[i]);
}

static struct status *take_output(struct whole *w, struct out o)
{
    char key[512];
    struct node *n = o.node;
    golden_key(n->name, o.index, key, sizeof key);
    if (!npz_has(w->golden.values, key) || !strcmp(n->op->name, "Const"))
        return NULL;
    if (is_given(n)) {
        struct tensor t;
        TRY(npz_read(w->golden.values, key, &t));
        struct status *st = tensor_as(&t, n->dtype[o.index], &w->fed[w->n_feeds]);
        tensor_unref(&t);
        TRY(st);
        w->feed[w->n_feeds++] = o;
    } else if (w->missing[n->id]) {
        tally_of(n->op->name)->missing++;
        progress->skipped++;
    } else if (w->depth[n->id]) {
        progress_note("(values in loops)");
    } else {
        w->fetch[w->n_fetches++] = o;
    }
    return NULL;
}

static struct status *take_outputs(struct whole *w)
{
    size_t n = 0;
    for (int i = 0; i < w->graph->n; i++)
        n += (size_t)w->graph->node[i]->n_out;
    struct arena *a = &w->golden.arena;
    NEED(w->missing = arena_array(a, bool, w->graph->n));
    NEED(w->depth = arena_array(a, int, w->graph->n));
    NEED(w->feed = arena_array(a, struct out, n));
    NEED(w->fetch = arena_array(a, struct out, n));
    NEED(w->fed = arena_array(a, struct tensor, n));
    NEED(w->got = arena_array(a, struct tensor, n));
    find_missing(w);
    for (int i = 0; i < w->graph->n; i++) {
        struct node *node = w->graph->node[i];
        if (has_no_kernel(node))
            progress_note(node->op->name);
        for (int k = 0; k < node->n_out; k++)
            TRY(take_output(w, (struct out){ node, k }));
    }
    return NULL;
}

static struct status *run(struct whole *w, const struct out *fetch, int n, struct tensor *got)
{
    struct plan_key key = { .feed = w->feed, .n_feeds = w->n_feeds, .fetch = fetch,
                            .n_fetches = n };
    return session_run(w->session, &key, w->fed, got, NULL);
}

static struct status *compare(struct whole *w, struct out o, const struct tensor *got)
{
    char key[512];
    struct tensor want;
    golden_key(o.node->name, o.index, key, sizeof key);
    TRY(npz_read(w->golden.values, key, &want));
    struct status *st = golden_compare(&w->golden, golden_node(&w->golden, o.node->name), got,
                                       &want);
    tensor_unref(&want);
    return st;
}

/* Takes `st` over: what the run said, if it did not give the value. */
static void judge(struct whole *w, struct out o, struct tensor *got, struct status *st)
{
    const char *op = o.node->op->name;
    if (!st)
        st = compare(w, o, got);
    if (st && golden_is_wrong(op, w->golden.name)) {
        status_free(st);
        st = NULL;
    }
    if (st)
        printf("%s: %s %s:%d: %.400s\n", w->golden.name, op, o.node->name, o.index,
               status_message(st));
    tally_of(op)->passed += !st;
    tally_of(op)->failed += st != NULL;
    progress->passed += !st;
    progress->failures += st != NULL;
    status_free(st);
}

/* All at once; if that fails, one by one, to know which. */
static void run_all(struct whole *w)
{
    struct status *st = w->n_fetches ? run(w, w->fetch, w->n_fetches, w->got) : NULL;
    for (int i = 0; i < w->n_fetches; i++)
        judge(w, w->fetch[i], &w->got[i], st ? run(w, &w->fetch[i], 1, &w->got[i]) : NULL);
    tensors_unref(w->got, w->n_fetches);
    status_free(st);
}

static struct status *open_whole(struct whole *w, const char *name)
{
    char path[512];
    size_t n;
    struct import im = { .allow_unknown = true };
    TRY(golden_open(&w->golden, name));
    snprintf(path, sizeof path, "../shared/golden/%s/graph.pb", name);
    NEED(w->graph = graph_new());
    char *bytes = file_read(path, &n);
    struct status *st = graph_import(w->graph, &im, bytes, n);
    free(bytes);
    arena_free(&im.arena);
    TRY(st);
    TRY(session_new(w->graph, NULL, &w->session));
    return take_outputs(w);
}

/* Graphs that assign to what is no variable can run nowhere (GOLDEN.md). */
static bool is_refused_rightly(const struct status *st)
{
    return strstr(status_message(st), "incompatible with expected") &&
           strstr(status_message(st), "_ref.");
}

static void run_case(const char *name)
{
    struct whole w = { 0 };
    struct status *st = open_whole(&w, name);
    if (!st) {
        run_all(&w);
    } else if (is_refused_rightly(st)) {
        progress->passed++;
    } else {
        printf("%s: %.400s\n", name, status_message(st));
        progress->failures++;
    }
    status_free(st);
    tensors_unref(w.fed, w.n_feeds);
    session_free(w.session);
    graph_unref(w.graph);
    golden_close(&w.golden);
}

static bool is_wanted(const char *name)
{
    for (int i = 0; i < n_wanted; i++)
        if (strstr(name, wanted[i]))
            return true;
    return !n_wanted;
}

static void run_cases(void *ctx, int from)
{
    (void)ctx;
    for (size_t i = (size_t)from - 1; i < found.gl_pathc; i++) {
        const char *name = strrchr(found.gl_pathv[i], '/') + 1;
        progress_at((int)i + 1, name);
        if (is_wanted(name))
            run_case(name);
    }
}

static void whole_graphs(void **state)
{
    (void)state;
    if (glob("../shared/golden/*/graph.pb", 0, NULL, &found)) {
        printf("../shared/golden is not here: skipped\n");
        skip();
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        *strrchr(found.gl_pathv[i], '/') = 0;
    assert_true(tally_start());
    isolate("golden", SECONDS_PER_CASE, run_cases, NULL);
    globfree(&found);
    tally_end(getenv("V"));
    progress_print_notes("not run: ");
    printf("golden graphs: %d tensors passed, %d failed, %d not supported\n", progress->passed,
           progress->failures, progress->skipped);
    assert_int_equal(progress->failures, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(whole_graphs) };
    wanted = argv + 1;
    n_wanted = argc - 1;
    struct status *st = ops_init();
    if (st) {
        printf("%s\n", status_message(st));
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
