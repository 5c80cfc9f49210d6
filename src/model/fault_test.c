/* Memory that ends at any moment: models are read, written and frozen, or an error says why not,
 * and nothing is kept. */
#include "base/mem.h"
#include "io/file.h"
#include "model/saved_model.h"
#include "model/subgraph.h"
#include "ops/ops.h"
#include "test/expect.h"
#include "test/file.h"

#include <stdio.h>
#include <stdlib.h>

#define MODEL "fuzz/corpus/saved_model/whole"
static char dir[] = P_tmpdir "/weft-fault-XXXXXX", file[64];

/* What is tried; a success ends it. */
static void each_failure(struct status *(*attempt)(void *ctx), void *ctx)
{
    ok(attempt(ctx));                   /* what is made once, is there now */
    size_t held = mem_live();
    bool done = false;
    for (long n = 0; !done && n < 100000; n++) {
        mem_fail_after(n, 0);
        struct status *st = attempt(ctx);
        mem_fail_after(-1, 0);
        done = !st;
        if (st && status_code(st) != RESOURCE_EXHAUSTED)
            fail_msg("allocation %ld: %s", n, status_message(st));
        status_free(st);
        assert_int_equal(mem_live(), held);
    }
    assert_true(done);
}

static struct status *open_it(void *ctx)
{
    struct saved_model *m;
    (void)ctx;
    TRY(saved_model_open(dir, (struct tag_list){ 0 }, MODEL_READ, NULL, &m));
    saved_model_free(m);
    return NULL;
}

static struct status *export_it(void *ctx)
{
    struct saved_model *m = ctx;
    void *bytes;
    size_t n;
    TRY(meta_export(m->graph, NULL, &bytes, &n));
    mem_free(bytes);
    return NULL;
}

static struct status *freeze_it(void *ctx)
{
    struct saved_model *m = ctx;
    static const char *const output = "Mul";
    struct freeze f = { .session = m->session, .outputs = { &output, 1 } };
    void *bytes;
    size_t n;
    TRY(subgraph_freeze(&f, NULL, 0, &bytes, &n));
    mem_free(bytes);
    return NULL;
}

static void reading(void **state)
{
    (void)state;
    each_failure(open_it, NULL);
}

static void writing(void **state)
{
    (void)state;
    struct saved_model *m;
    ok(saved_model_open(dir, (struct tag_list){ 0 }, MODEL_READ, NULL, &m));
    each_failure(export_it, m);
    saved_model_free(m);
}

static void freezing(void **state)
{
    (void)state;
    struct saved_model *m;
    ok(saved_model_open(dir, (struct tag_list){ 0 }, MODEL_READ, NULL, &m));
    ok(session_new(m->graph, NULL, &m->session));
    ok(run_named(m->session, NULL, "w/Assign", NULL, 0));
    each_failure(freeze_it, m);
    saved_model_free(m);
}

static int prepare(void **state)
{
    size_t n;
    char *bytes = file_read(MODEL, &n);
    (void)state;
    if (!bytes || !mkdtemp(dir))
        return -1;
    snprintf(file, sizeof file, "%s/" MODEL_FILE, dir);
    ok(file_replace(file, bytes, n));
    free(bytes);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    return remove(file) || remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),
        cmocka_unit_test(writing),
        cmocka_unit_test(freezing),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, prepare, clean);
}
