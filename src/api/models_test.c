/* models_test.c - the real files of ../shared/models: each is imported, exported and imported again
 * to the same bytes; those that were run by TensorFlow give what it gave, where their ops are here
 * and they hold no variables.
 *
 *     api-models-test [PART OF A FILE'S NAME]...
 */
#include "api/api.h"
#include "base/mem.h"
#include "base/str.h"
#include "graph/graphdef.h"
#include "graph/proto.h"
#include "test/expect.h"
#include "test/file.h"
#include "test/npz.h"
#include "test/single.h"
#include "test/value.h"
#include "wire/meta.pb-c.h"

#include <stdio.h>
#include <stdlib.h>

static char **wanted;
static int n_wanted;
static struct { int files, graphs, unknown, ran, failed; } count;

/* ---- one graph ---- */

struct model {
    const char *path;
    const void *graph, *ops;            /* GraphDef, OpList; ops may be NULL */
    size_t n, n_ops;
};

static struct status *import_model(const struct model *m, bool allow_unknown, struct graph **g)
{
    struct import im = { .allow_unknown = allow_unknown, .ops = m->ops, .n_ops = m->n_ops };
    NEED(*g = graph_new());
    struct status *st = graph_import(*g, &im, m->graph, m->n);
    arena_free(&im.arena);
    return st;
}

static struct status *same_again(const struct model *m, struct graph *g)
{
    void *once = NULL, *twice = NULL;
    size_t n = 0, k = 0;
    struct graph *h = graph_new();
    struct import im = { .allow_unknown = true, .ops = m->ops, .n_ops = m->n_ops };
    struct status *st = graph_export(g, 0, &once, &n);
    if (!st)
        st = graph_import(h, &im, once, n);
    if (!st)
        st = graph_export(h, 0, &twice, &k);
    if (!st && (n != k || memcmp(once, twice, n)))
        st = status_new(INTERNAL, "%zu bytes became %zu others", n, k);
    mem_free(once);
    mem_free(twice);
    arena_free(&im.arena);
    graph_unref(h);
    return st;
}

/* Random numbers that nobody gave a seed are others each time. */
static bool is_random(const struct node *n)
{
    return node_attr_find(n, "seed2") && !node_attr(n, "seed") && !node_attr(n, "seed2");
}

static bool node_can_run(const struct node *n)
{
    return (!n->op->sig || n->op->flags & OP_CALL) && !is_random(n) &&
           strncmp(n->op->name, "Variable", 8) && strcmp(n->op->name, "VarHandleOp");
}

static bool can_run(const struct graph *g)
{
    bool can = true;
    for (int i = 0; i < g->n; i++)
        can &= node_can_run(g->node[i]);
    return can;
}

/* Each op has a kernel, but those that nobody knows and functions. */
static struct status *has_kernels(const struct graph *g)
{
    for (int i = 0; i < g->n; i++) {
        const struct op *op = g->node[i]->op;
        ENSURE(op->sig || op->flags & OP_CALL || node_kernel(g->node[i]) || op->prepare,
               "there is no kernel for %s", op->name);
    }
    return NULL;
}

/* ---- what TensorFlow gave ---- */

enum { MOST = 64 };

struct recorded {
    struct npz *values;
    struct out feed[MOST], fetch[MOST];
    struct tensor fed[MOST], want[MOST], got[MOST];
    int n_feeds, n_fetches;
};

static struct status *read_one(struct recorded *r, struct graph *g, const char *key)
{
    char name[256];
    bool in = !strncmp(key, "in|", 3);
    int *n = in ? &r->n_feeds : &r->n_fetches;
    struct out *o = in ? &r->feed[*n] : &r->fetch[*n];
    struct tensor *t = in ? &r->fed[*n] : &r->want[*n], as_it_is;
    ENSURE(*n < MOST, "more than %d values are recorded", MOST);
    snprintf(name, sizeof name, "%s", strchr(key, '|') + 1);
    for (char *p = name; *p; p++)
        *p = *p == '|' ? '/' : *p;
    TRY(graph_find_out(g, name, o));
    TRY(npz_read(r->values, key, &as_it_is));
    struct status *st = tensor_as(&as_it_is, out_dtype(*o), t);
    tensor_unref(&as_it_is);
    *n += !st;
    return st;
}

static struct status *read_all(struct recorded *r, struct graph *g)
{
    char key[256];
    for (int i = 0; i < npz_count(r->values); i++) {
        npz_name(r->values, i, key, sizeof key);
        if (strchr(key, '|'))
            TRY(read_one(r, g, key));
    }
    return NULL;
}

static struct status *run_and_compare(struct recorded *r, struct graph *g)
{
    struct session *s = NULL;
    struct plan_key key = { .feed = r->feed, .n_feeds = r->n_feeds, .fetch = r->fetch,
                            .n_fetches = r->n_fetches };
    struct status *st = session_new(g, NULL, &s);
    if (!st)
        st = session_run(s, &key, r->fed, r->got, NULL);
    for (int i = 0; i < r->n_fetches && !st; i++)
        st = status_prefix(tensor_differs(&r->got[i], &r->want[i],
                                          (struct tolerance){ 1e-4, 1e-5 }),
                           "%s:%d: ", r->fetch[i].node->name, r->fetch[i].index);
    session_free(s);
    return st;
}

static struct status *as_recorded(struct graph *g, const char *path)
{
    char file[1024];
    int n = snprintf(file, sizeof file, "../shared/models/recorded/");
    struct recorded *r = calloc(1, sizeof *r);
    for (; *path; path++)
        n += snprintf(file + n, sizeof file - (size_t)n, *path == '/' ? "__" : "%c", *path);
    snprintf(file + n, sizeof file - (size_t)n, ".npz");
    r->values = npz_open(file);
    struct status *st = r->values ? read_all(r, g) : NULL;
    if (!st && r->n_fetches) {
        st = run_and_compare(r, g);
        count.ran += !st;
    }
    for (int i = 0; i < MOST; i++) {
        tensor_unref(&r->fed[i]);
        tensor_unref(&r->want[i]);
        tensor_unref(&r->got[i]);
    }
    npz_close(r->values);
    free(r);
    return st;
}

/* tfcompile was to add a node to this one; TensorFlow itself refuses it, too. */
static bool is_refused_rightly(const struct model *m, const struct status *st)
{
    return strstr(m->path, "test_graph_tfadd") &&
           strstr(status_message(st), "Node 'y_reshape': Unknown input node 'y_shape'");
}

static void check_model(const struct model *m)
{
    struct graph *g = NULL;
    struct status *st = import_model(m, false, &g);
    if (st && is_refused_rightly(m, st)) {
        status_free(st);
        graph_unref(g);
        return;
    }
    if (st) {                           /* ops that nobody knows, or attributes */
        printf("  (%s: %.200s)\n", m->path, status_message(st));
        status_free(st);
        graph_unref(g);
        count.unknown++;
        st = import_model(m, true, &g);
    }
    if (!st)
        st = same_again(m, g);
    if (!st)
        st = has_kernels(g);
    if (!st && can_run(g))
        st = as_recorded(g, m->path);
    if (st)
        printf("%s: %.500s\n", m->path, status_message(st));
    count.graphs++;
    count.failed += st != NULL;
    status_free(st);
    graph_unref(g);
}

/* ---- the files ---- */

static struct status *check_meta(const char *path, const Wire__MetaGraphDef *meta)
{
    struct model m = { .path = path };
    void *graph = NULL, *ops = NULL;
    const Wire__OpList *list = meta->meta_info_def ? meta->meta_info_def->stripped_op_list : NULL;
    ENSURE(meta->graph_def, "a MetaGraphDef without a graph");
    struct status *st = wire_encode(&meta->graph_def->base, &graph, &m.n);
    if (!st && list)
        st = wire_encode(&list->base, &ops, &m.n_ops);
    m.graph = graph;
    m.ops = ops;
    if (!st)
        check_model(&m);
    mem_free(graph);
    mem_free(ops);
    return st;
}

static struct status *check_bytes(struct arena *a, const char *path, const char *kind,
                                  const void *bytes, size_t n)
{
    Wire__SavedModel *saved;
    Wire__MetaGraphDef *meta;
    if (!strcmp(kind, "GraphDef")) {
        check_model(&(struct model){ .path = path, .graph = bytes, .n = n });
        return NULL;
    }
    if (!strcmp(kind, "MetaGraphDef")) {
        TRY(wire_decode(a, &wire__meta_graph_def__descriptor, bytes, n, &meta));
        return check_meta(path, meta);
    }
    TRY(wire_decode(a, &wire__saved_model__descriptor, bytes, n, &saved));
    for (size_t i = 0; i < saved->n_meta_graphs; i++)
        TRY(check_meta(path, saved->meta_graphs[i]));
    return NULL;
}

static bool is_wanted(const char *path)
{
    for (int i = 0; i < n_wanted; i++)
        if (strstr(path, wanted[i]))
            return true;
    return !n_wanted;
}

static void check_file(const char *path, const char *kind)
{
    struct arena a = { 0 };
    char file[1024];
    size_t n;
    snprintf(file, sizeof file, "../shared/models/%s", path);
    char *bytes = is_wanted(path) ? file_read(file, &n) : NULL;
    if (!bytes)
        return;
    count.files++;
    struct status *st = check_bytes(&a, path, kind, bytes, n);
    if (st)
        printf("%s: %.500s\n", path, status_message(st));
    count.failed += st != NULL;
    status_free(st);
    free(bytes);
    arena_free(&a);
}

static void real_files(void **state)
{
    size_t n;
    char *table = file_read("../shared/models/MODELS.tsv", &n), *save = NULL;
    (void)state;
    if (!table) {
        printf("../shared/models is not here: skipped\n");
        skip();
    }
    for (char *line = strtok_r(table, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *path = strsep(&line, "\t"), *kind = NULL;
        for (int i = 0; i < 4 && line; i++)
            kind = strsep(&line, "\t");
        if (kind && (strstr(kind, "Graph") || !strcmp(kind, "SavedModel")))
            check_file(path, kind);
    }
    free(table);
    printf("%d files, %d graphs; %d hold what nobody knows; %d gave the recorded values; "
           "%d failed\n", count.files, count.graphs, count.unknown, count.ran, count.failed);
    assert_int_equal(count.failed, 0);
    assert_int_equal(count.unknown, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(real_files) };
    wanted = argv + 1;
    n_wanted = argc - 1;
    struct status *st = api_ready();
    if (st)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
