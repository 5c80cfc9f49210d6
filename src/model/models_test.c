/* models_test.c - the SavedModels and MetaGraphDefs of ../shared/models.
 *
 *     model-models-test [PART OF A PATH]
 *
 * Each is read, and has the signatures that MODELS.tsv lists; each is loaded, and gives what the
 * real TensorFlow recorded; meta graphs that have a checkpoint restore it.
 */
#include "base/mem.h"
#include "io/file.h"
#include "model/saved_model.h"
#include "ops/ops.h"
#include "test/expect.h"
#include "test/file.h"
#include "test/npz.h"
#include "test/value.h"

#include <stdio.h>
#include <stdlib.h>

#define MODELS "../shared/models/"
static const char *part;                /* of the paths that are wanted; NULL: all */

/* ---- the table ---- */

enum column { PATH, KIND = 4, SIGNATURES = 12, CHECKPOINT = 13, GOLDEN = 14, COLUMNS };

struct row { char *column[COLUMNS]; };

static bool next_row(char **at, struct row *r)
{
    char *line = strsep(at, "\n");
    for (int i = 0; i < COLUMNS; i++)
        if (!line || !(r->column[i] = strsep(&line, "\t")))
            return false;
    return true;
}

static void each_row(const char *kind, void (*check)(const struct row *r))
{
    size_t n;
    char *text = file_read(MODELS "MODELS.tsv", &n), *at = text;
    struct row r;
    if (!text) {
        print_message(MODELS " is not here: skipped\n");
        skip();
    }
    while (next_row(&at, &r))
        if (!strcmp(r.column[KIND], kind) && (!part || strstr(r.column[PATH], part)))
            check(&r);
    free(text);
}

/* Why a model is not loaded, though it is read. */
static const struct { const char *path; enum code code; const char *why; } excuses[] = {
    { "/mnist_model/", NOT_FOUND, "variables/variables" },      /* the data was never published */
    { "/sentiment_model/", NOT_FOUND, "variables/variables" },
};

static bool is_excused(const char *path, struct status *st)
{
    for (size_t i = 0; st && i < sizeof excuses / sizeof *excuses; i++)
        if (strstr(path, excuses[i].path) && status_code(st) == excuses[i].code &&
            strstr(status_message(st), excuses[i].why)) {
            print_message("%s: %s\n", path, status_message(st));
            status_free(st);
            return true;
        }
    return false;
}

/* ---- signatures, as the table writes them ---- */

/* "x:0:float[?,1]". It has numbers for some dtypes, and "?" or nothing where the shape or the dtype
 * is not known. */
static void print_value(const struct signature_value *v, char *to, size_t size)
{
    snprintf(to, size, "%s:%s%s", v->name, v->dtype ? dtype_name(v->dtype) : "?",
             v->shape.rank < 0 ? "" : SHAPE_STR(&v->shape));
}

static void normalize(char *item)
{
    char *colon = strrchr(item, ':'), rest[200];
    size_t n = strlen(item);
    if (n > 2 && item[n - 1] == '?' && item[n - 2] != ':')
        item[n - 1] = 0;
    if (colon && atoi(colon + 1) > DT_REF) {
        snprintf(rest, sizeof rest, "%s", colon + 1 + strspn(colon + 1, "0123456789"));
        sprintf(colon + 1, "%s%s", dtype_name((enum dtype)(atoi(colon + 1) - DT_REF)), rest);
    }
}

static bool takes(struct signature_value *list, int n, bool *taken, const char *want)
{
    for (int i = 0; i < n; i++) {
        char text[400];
        print_value(&list[i], text, sizeof text);
        if (!taken[i] && !strcmp(text, want))
            return taken[i] = true;
    }
    return false;
}

/* "a:0:float[],b:0:float[2,3]": commas within brackets are of shapes. */
static void check_list(const struct signature *s, struct signature_value *list, int n, char *text)
{
    bool taken[64] = { 0 };
    int found = 0, depth = 0;
    for (char *begin = text, *p = text; *text && begin; p++) {
        depth += *p == '[' ? 1 : *p == ']' ? -1 : 0;
        if (*p && (*p != ',' || depth))
            continue;
        bool last = !*p;
        char item[400];
        snprintf(item, sizeof item, "%.*s", (int)(p - begin), begin);
        normalize(item);
        if (!takes(list, n, taken, item))
            fail_msg("signature '%s' lacks %s", s->key, item);
        found++;
        begin = last ? NULL : p + 1;
        if (last)
            break;
    }
    assert_int_equal(found, n);
}

static void check_signature(const struct saved_model *m, char *text)
{
    char *open = strchr(text, '('), *arrow = strstr(text, " -> ");
    assert_true(open && arrow);
    *open = *arrow = 0;
    const struct signature *s = saved_model_find(m, text);
    if (!s)
        fail_msg("signature '%s' is not there", text);
    check_list(s, s->in, s->n_in, open + 1);
    check_list(s, s->out, s->n_out, arrow + 4);
}

static void check_signatures(const struct saved_model *m, const char *listed)
{
    char *text = strdup(listed), *begin = text;
    int n = 0;
    for (char *end; *begin && (end = strchr(begin, ')')); n++) {
        *end = 0;
        check_signature(m, begin);
        begin = end + 1 + (end[1] == ' ');
    }
    assert_int_equal(n, m->n_signatures);
    free(text);
}

/* ---- recorded values ---- */

static const char *name_of(const char *key, char *to, size_t size)
{
    snprintf(to, size, "%s%s", strchr(key, '|') + 1, strchr(key, ':') ? "" : ":0");
    for (char *p = to; *p; p++)
        *p = *p == '|' ? '/' : *p;
    return to;
}

struct recorded {
    struct out in[32], out[32];
    struct tensor fed[32], want[32], got[32];
    int n_in, n_out;
};

static struct status *read_recorded(const struct npz *z, struct graph *g, struct recorded *r)
{
    char key[300], name[300];
    for (int i = 0; i < npz_count(z); i++) {
        npz_name(z, i, key, sizeof key);
        bool in = !strncmp(key, "in|", 3);
        struct out *o = in ? &r->in[r->n_in] : &r->out[r->n_out];
        struct tensor *t = in ? &r->fed[r->n_in++] : &r->want[r->n_out++];
        TRY(npz_read(z, key, t));
        TRY(graph_find_out(g, name_of(key, name, sizeof name), o));
    }
    return NULL;
}

static struct status *compare(const struct saved_model *m, const struct npz *z, struct recorded *r)
{
    TRY(read_recorded(z, m->graph, r));
    struct plan_key key = { .feed = r->in, .n_feeds = r->n_in, .fetch = r->out,
                            .n_fetches = r->n_out };
    TRY(session_run(m->session, &key, r->fed, r->got, NULL));
    for (int i = 0; i < r->n_out; i++)
        TRY(status_prefix(tensor_differs(&r->got[i], &r->want[i],
                                         (struct tolerance){ 1e-4, 1e-5 }),
                          "%s: ", r->out[i].node->name));
    return NULL;
}

static void check_recorded(const struct saved_model *m, const char *file)
{
    char path[500];
    struct recorded r = { 0 };
    snprintf(path, sizeof path, MODELS "%s", file);
    struct npz *z = npz_open(path);
    assert_non_null(z);
    ok(status_prefix(compare(m, z, &r), "%s: ", file));
    for (int i = 0; i < r.n_in; i++)
        tensor_unref(&r.fed[i]);
    for (int i = 0; i < r.n_out; i++) {
        tensor_unref(&r.want[i]);
        tensor_unref(&r.got[i]);
    }
    npz_close(z);
}

/* ---- half_plus_two and its family ---- */

static void check_half_plus_two(const struct saved_model *m, double more)
{
    const struct signature *s;
    struct arena a = { 0 };
    struct bound b;
    struct tensor x, y;
    ok(saved_model_need(m, "serving_default", &s));
    bool one = s->in[0].shape.rank == 1;
    int n = one ? 1 : 3;
    ok(tensor_new(&x, NULL, DT_FLOAT, one ? &SHAPE(1) : &SHAPE(3, 1)));
    for (int i = 0; i < n; i++)
        ((float *)x.data)[i] = (float)i * 5;
    ok(signature_bind(s, &a, &(struct named_tensor){ "x", &x }, 1, &b));
    ok(session_run(m->session, &(struct plan_key){ .feed = b.feed, .n_feeds = 1, .fetch = b.fetch,
                                                   .n_fetches = 1 }, &x, &y, NULL));
    for (int i = 0; i < n; i++)
        assert_float_equal(((float *)y.data)[i], i * 2.5 + more, 1e-6);
    tensor_unref(&x);
    tensor_unref(&y);
    arena_free(&a);
}

/* ---- each ---- */

static void folder_of(const struct row *r, char *to, size_t size)
{
    snprintf(to, size, MODELS "%.*s", (int)file_folder(r->column[PATH]), r->column[PATH]);
}

static void check_reading(const struct row *r)
{
    char dir[500];
    struct saved_model *m;
    folder_of(r, dir, sizeof dir);
    ok(status_prefix(saved_model_open(dir, (struct tag_list){ 0 }, MODEL_READ, NULL, &m),
                     "%s: ", dir));
    check_signatures(m, r->column[SIGNATURES]);
    saved_model_free(m);
}

static void check_loading(const struct row *r)
{
    char dir[500];
    struct saved_model *m;
    static const char *const serve = "serve";
    static const struct session_options soft = { .allow_soft_placement = true };
    folder_of(r, dir, sizeof dir);
    struct status *st = saved_model_open(dir, (struct tag_list){ &serve, 1 }, MODEL_RUN, &soft, &m);
    if (is_excused(r->column[PATH], st))
        return;
    ok(status_prefix(st, "%s: ", dir));
    if (*r->column[GOLDEN])
        check_recorded(m, r->column[GOLDEN]);
    if (strstr(dir, "half_plus_t"))
        check_half_plus_two(m, strstr(dir, "three") ? 3 : 2);
    saved_model_free(m);
}

static void models_are_read(void **state)
{
    (void)state;
    each_row("SavedModel", check_reading);
}

static void models_are_loaded(void **state)
{
    (void)state;
    each_row("SavedModel", check_loading);
}

/* ---- meta graphs ---- */

/* Of DIR/x.meta: DIR/x where there is an index, else the file that the table names. */
static bool checkpoint_of(const struct row *r, char *to, size_t size)
{
    const char *files = strchr(r->column[CHECKPOINT], ' ');
    size_t stem = strlen(r->column[PATH]) - strlen(".meta");
    if (!files || !files[1])
        return false;
    if (strstr(files, ".index"))
        snprintf(to, size, MODELS "%.*s", (int)stem, r->column[PATH]);
    else
        snprintf(to, size, MODELS "%.*s/%s", (int)file_folder(r->column[PATH]), r->column[PATH],
                 files + 1);
    return true;
}

static struct status *restore(struct graph *g, const char *bytes, size_t n, const char *path)
{
    struct arena a = { 0 };
    Wire__MetaGraphParts *m;
    struct session *s = NULL;
    struct status *st = meta_decode(&a, bytes, n, &m);
    if (!st)
        st = meta_add(g, &(struct meta_import){ .allow_unknown = true }, m);
    if (!st)
        st = session_new(g, NULL, &s);
    if (!st && path)
        st = meta_restore(s, NULL, m, path, NULL, 0);
    session_free(s);
    arena_free(&a);
    return st;
}

static void check_meta(const struct row *r)
{
    char path[500], checkpoint[500];
    size_t n;
    snprintf(path, sizeof path, MODELS "%s", r->column[PATH]);
    char *bytes = file_read(path, &n);
    assert_non_null(bytes);
    struct graph *g = graph_new();
    bool has = checkpoint_of(r, checkpoint, sizeof checkpoint);
    ok(status_prefix(restore(g, bytes, n, has ? checkpoint : NULL), "%s: ", path));
    graph_unref(g);
    free(bytes);
}

static void meta_graphs_are_imported(void **state)
{
    (void)state;
    each_row("MetaGraphDef", check_meta);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_read),
        cmocka_unit_test(models_are_loaded),
        cmocka_unit_test(meta_graphs_are_imported),
    };
    part = argc > 1 ? argv[1] : NULL;
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
