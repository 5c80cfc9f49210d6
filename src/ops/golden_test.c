/* golden_test.c - 1,145 graphs that the real TensorFlow ran (../shared/golden) and 8,102 altered
 * inputs with what it answered (../shared/recorded/altered.jsonl.gz), node by node.
 *
 *     ops-golden-test [PART OF A CASE'S OR AN OP'S NAME]...      V=1: both messages
 *
 * A node is run alone, on the recorded value of each of its inputs, and must give the recorded
 * outputs; or, where TensorFlow refused an altered input, refuse it with the same code.
 */
#include "base/str.h"
#include "graph/graphdef.h"
#include "ops/ops.h"
#include "test/file.h"
#include "test/golden.h"
#include "test/isolate.h"
#include "test/json.h"
#include "test/npz.h"
#include "test/single.h"
#include "test/value.h"

#include <fnmatch.h>
#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>
#include <cmocka.h>

enum { SECONDS_PER_CASE = 60, MOST = SINGLE_MOST };

static char **wanted;
static int n_wanted;
static bool verbose;

/* ---- what differs on purpose ---- */

/* Answers to altered inputs that differ from ours on purpose; OK twice: in their values. */
static const struct { const char *op, *how; int theirs, ours; const char *why; } exceptions[] = {
    { "Conv2D", "*", UNIMPLEMENTED, OK, "NCHW on the CPU is 1.15's, with oneDNN" },
    { "Conv2DBackprop*", "*", INVALID_ARGUMENT, OK, "NCHW on the CPU is 1.15's, with oneDNN" },
    { "Conv3DBackprop*", "[eln]*", INVALID_ARGUMENT, OK, "NCDHW as NCHW" },
    { "MaxPool", "[elnw]*", INVALID_ARGUMENT, OK, "later ones pool NCHW on the CPU (GOLDEN.md)" },
    { "AvgPool", "[elnw]*", INVALID_ARGUMENT, OK, "later ones pool NCHW on the CPU (GOLDEN.md)" },
    { "FusedBatchNorm*", "*", INTERNAL, OK, "NCHW on the CPU is 1.15's, with oneDNN" },
    { "FusedBatchNorm*", "*", INTERNAL, INVALID_ARGUMENT, "NCHW, there never looked at" },
    { "Div", "*", INVALID_ARGUMENT, OK, "here int8 has a kernel" },
    { "TruncateDiv", "zero", INTERNAL, INVALID_ARGUMENT, "an accident there" },
    { "SegmentM*", "nan", OK, OK, "there NaN wins or loses by where it stands in a register" },
    { "SparseTensorDenseAdd", "longer", OK, INVALID_ARGUMENT, "fewer values than indices" },
    { "SparseTensorDenseAdd", "empty", OK, INVALID_ARGUMENT, "fewer values than indices" },
    { "MatrixDeterminant", "nan", OK, OK, "there NaN makes 0, or not" },
    { "LogMatrixDeterminant", "nan", OK, OK, "there NaN makes 0, or not" },
    { "RandomGamma", "nan", OK, INVALID_ARGUMENT, "no distribution has such a parameter" },
};

/* The recorded value, or the constant's. */
static struct status *input_value(const struct golden *g, const char *input, struct tensor *t)
{
    char key[512];
    golden_key(input, 0, key, sizeof key);
    const Wire__NodeDef *def = golden_node(g, input);
    for (size_t i = 0; def && !strcmp(def->op, "Const") && i < def->n_attr; i++)
        if (!strcmp(def->attr[i]->key, "value") && def->attr[i]->value->tensor)
            return tensor_from_proto(def->attr[i]->value->tensor, t);
    return npz_read(g->values, key, t);
}

/* False: an input was not recorded. */
static bool input_values(const struct golden *g, const Wire__NodeDef *def, struct tensor *in, int n)
{
    for (int i = 0; i < n; i++) {
        struct status *st = input_value(g, def->input[i], &in[i]);
        if (st) {
            status_free(st);
            tensors_unref(in, i);
            return false;
        }
    }
    return true;
}

/* ---- each node alone ---- */

static bool any_match(const char *a, const char *b)
{
    for (int i = 0; i < n_wanted; i++)
        if (strstr(a, wanted[i]) || strstr(b, wanted[i]))
            return true;
    return !n_wanted;
}

static bool is_source(const char *op)
{
    return !strcmp(op, "Const") || !strcmp(op, "NoOp") || !strncmp(op, "Placeholder", 11);
}

static struct status *check_node(const struct golden *g, const Wire__NodeDef *def,
                                 const struct tensor *in, int n_in)
{
    struct tensor out[MOST] = { 0 };
    int n_out;
    struct status *st = single_run(def, in, n_in, out, &n_out);
    for (int i = 0; !st && i < n_out; i++) {
        char key[512];
        struct tensor want;
        golden_key(def->name, i, key, sizeof key);
        if (!npz_has(g->values, key))
            continue;
        st = npz_read(g->values, key, &want);
        if (!st) {
            st = status_prefix(golden_compare(NULL, def, &out[i], &want), "output %d: ", i);
            tensor_unref(&want);
        }
    }
    tensors_unref(out, n_out);
    return st;
}

static void run_node(const struct golden *g, const Wire__NodeDef *def)
{
    struct tensor in[MOST];
    int n_in = node_data_inputs(def);
    if (is_source(def->op) || n_in > MOST || !any_match(g->name, def->op))
        return;
    if (!golden_runs_alone(def->op)) {
        progress_note(def->op);
        progress->skipped++;
        return;
    }
    if (!input_values(g, def, in, n_in))
        return;
    struct status *st = check_node(g, def, in, n_in);
    tensors_unref(in, n_in);
    if (st && golden_is_wrong(def->op, g->name)) {
        status_free(st);
        st = NULL;
    }
    progress->passed += !st;
    progress->failures += st != NULL;
    if (st)
        printf("%s: %s %s: %.500s\n", g->name, def->op, def->name, status_message(st));
    status_free(st);
}

static glob_t found;

static void run_cases(void *ctx, int from)
{
    (void)ctx;
    for (size_t i = (size_t)from - 1; i < found.gl_pathc; i++) {
        struct golden g;
        const char *name = strrchr(found.gl_pathv[i], '/') + 1;
        struct status *st = golden_open(&g, name);
        progress_at((int)i + 1, name);
        for (size_t k = 0; !st && k < g.graph->n_node; k++)
            run_node(&g, g.graph->node[k]);
        if (st)
            printf("%s: %s\n", name, status_message(st));
        status_free(st);
        golden_close(&g);
    }
}

static void conclude(const char *what)
{
    progress_print_notes("not yet: ");
    printf("%s: %d passed, %d failed, %d not yet\n", what, progress->passed, progress->failures,
           progress->skipped);
    assert_int_equal(progress->failures, 0);
}

static void golden_nodes(void **state)
{
    (void)state;
    if (glob("../shared/golden/*/graph.pb", 0, NULL, &found)) {
        printf("../shared/golden is not here: skipped\n");
        skip();
    }
    for (size_t i = 0; i < found.gl_pathc; i++)
        *strrchr(found.gl_pathv[i], '/') = 0;
    isolate("golden", SECONDS_PER_CASE, run_cases, NULL);
    globfree(&found);
    conclude("nodes of golden graphs");
}

/* ---- altered inputs ---- */

static enum dtype numpy_dtype(const char *name)
{
    if (!strcmp(name, "float32"))
        return DT_FLOAT;
    if (!strcmp(name, "float64"))
        return DT_DOUBLE;
    if (!strcmp(name, "float16"))
        return DT_HALF;
    return dtype_parse(name, strlen(name));
}

static void set_element(struct tensor *t, int64_t i, const struct json *v)
{
    if (t->dtype == DT_BOOL)
        ((bool *)t->data)[i] = v->kind == JSON_TRUE || v->number != 0;
    else if (t->dtype == DT_INT64)
        ((int64_t *)t->data)[i] = strtoll(v->text, NULL, 10);
    else if (t->dtype == DT_UINT64)
        ((uint64_t *)t->data)[i] = strtoull(v->text, NULL, 10);
    else
        tensor_set_double(t, i, v->kind == JSON_STRING ? strtod(v->text, NULL) : v->number);
}

static struct status *tensor_from_json(const struct json *j, struct tensor *t)
{
    const struct json *shape = json_get(j, "shape"), *values = json_get(j, "values");
    struct shape s = SHAPE_SCALAR;
    int64_t i = 0;
    *t = (struct tensor){ 0 };
    ENSURE(shape && shape->n <= MAX_RANK, "a shape of too many dimensions");
    for (const struct json *d = shape->first; d; d = d->next)
        s.dim[s.rank++] = (int64_t)d->number;
    enum dtype dtype = numpy_dtype(json_get(j, "dtype")->text);
    ENSURE(dtype && dtype != DT_STRING, "dtype %s", json_get(j, "dtype")->text);
    TRY(tensor_new(t, NULL, dtype, &s));
    for (const struct json *v = values ? values->first : NULL; v; v = v->next, i++)
        if (i < tensor_count(t))
            set_element(t, i, v);
    ENSURE(i == tensor_count(t), "%lld values recorded", (long long)i);
    return NULL;
}

static struct status *compare_answer(const Wire__NodeDef *def, const struct json *answer,
                                     struct tensor *out, int n_out)
{
    int i = 0;
    const struct json *outputs = json_get(answer, "outputs");
    for (const struct json *j = outputs ? outputs->first : NULL; j; j = j->next, i++) {
        struct tensor want;
        if (i >= n_out || j->kind != JSON_OBJECT || !json_get(j, "values"))
            continue;
        struct status *st = tensor_from_json(j, &want);
        if (st)                         /* resources, text */
            status_free(st);
        else
            TRY(status_prefix(golden_compare(NULL, def, &out[i], &want), "output %d: ", i));
        tensor_unref(&want);
    }
    return NULL;
}

static bool is_exception(const char *op, const char *how, int theirs, int ours)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (!fnmatch(exceptions[i].op, op, 0) && !fnmatch(exceptions[i].how, how, 0) &&
            exceptions[i].theirs == theirs && exceptions[i].ours == ours)
            return true;
    return false;
}

static const char *text_of(const struct json *j, const char *key)
{
    const struct json *v = json_get(j, key);
    return v && v->text ? v->text : "";
}

/* NULL, or how our answer to one record differs. Takes `st` over. */
static struct status *judge(const struct json *j, const Wire__NodeDef *def, struct status *st,
                            struct tensor *out, int n_out)
{
    int theirs = (int)json_get(j, "code")->number, ours = (int)status_code(st);
    struct status *wrong = NULL;
    if (verbose)
        printf("%s %s\n  theirs %d %s\n  ours   %d %s\n", def->op, text_of(j, "how"), theirs,
               text_of(j, "message"), ours, status_message(st));
    if (is_exception(def->op, text_of(j, "how"), theirs, ours))
        wrong = NULL;
    else if (ours == theirs)
        wrong = st ? NULL : compare_answer(def, j, out, n_out);
    else
        wrong = status_new(INTERNAL, "\n    TensorFlow: %s %s\n    ours:       %s %s",
                           code_name((enum code)theirs), text_of(j, "message"),
                           code_name((enum code)ours), status_message(st));
    status_free(st);
    return wrong;
}

static struct status *replay(const struct golden *g, const struct json *j, bool *done)
{
    struct tensor in[MOST], out[MOST] = { 0 }, feed;
    int input = (int)json_get(j, "input")->number, n_out;
    const Wire__NodeDef *def = golden_node(g, text_of(j, "node"));
    ENSURE(def, "no node %s", text_of(j, "node"));
    int n_in = node_data_inputs(def);
    if (input >= n_in || n_in > MOST || !input_values(g, def, in, n_in))
        return NULL;
    struct status *st = tensor_from_json(json_get(j, "feed"), &feed);
    if (!st) {
        for (int i = 0; i < n_in; i++)      /* a tensor was fed: wherever it is read */
            if (!strcmp(def->input[i], def->input[input])) {
                tensor_unref(&in[i]);
                in[i] = tensor_ref(&feed);
            }
        struct status *answer = single_run(def, in, n_in, out, &n_out);
        st = judge(j, def, answer, out, n_out);
        tensors_unref(out, n_out);
        *done = true;
    }
    tensor_unref(&feed);
    tensors_unref(in, n_in);
    return st;
}

static void replay_line(const char *line, int number, struct golden *g)
{
    struct arena a = { 0 };
    const struct json *j = json_parse(&a, line);
    bool done = false;
    struct status *st = NULL;
    if (!j) {
        printf("altered:%d: not JSON\n", number);
    } else if (!any_match(text_of(j, "op"), text_of(j, "case"))) {
        ;
    } else if (!golden_runs_alone(text_of(j, "op"))) {
        progress->skipped++;
        progress_note(text_of(j, "op"));
    } else {
        if (strcmp(g->name, text_of(j, "case"))) {
            golden_close(g);
            st = golden_open(g, text_of(j, "case"));
        }
        progress_at(number, text_of(j, "op"));
        if (!st)
            st = replay(g, j, &done);
        if (st)
            printf("altered:%d: %s %s of input %s: %.600s\n", number, text_of(j, "op"),
                   text_of(j, "how"), text_of(j, "input"), status_message(st));
    }
    progress->passed += done && !st;
    progress->failures += st != NULL;
    status_free(st);
    arena_free(&a);
}

static const char ALTERED[] = "../shared/recorded/altered.jsonl.gz";

static void replay_lines(void *ctx, int from)
{
    enum { LONGEST = 1 << 22 };
    gzFile f = gzopen(ALTERED, "rb");
    char *line = malloc(LONGEST);
    struct golden g = { 0 };
    (void)ctx;
    for (int number = 1; line && f && gzgets(f, line, LONGEST); number++)
        if (number >= from)
            replay_line(line, number, &g);
    golden_close(&g);
    free(line);
    if (f)
        gzclose(f);
}

static void altered_inputs(void **state)
{
    (void)state;
    FILE *f = fopen(ALTERED, "rb");
    if (!f) {
        printf("%s is not here: skipped\n", ALTERED);
        skip();
    }
    fclose(f);
    isolate("altered", SECONDS_PER_CASE, replay_lines, NULL);
    conclude("altered inputs");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_nodes),
        cmocka_unit_test(altered_inputs),
    };
    verbose = getenv("V") != NULL;
    wanted = argv + 1;
    n_wanted = argc - 1;
    struct status *st = ops_init();
    if (st) {
        printf("%s\n", status_message(st));
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
