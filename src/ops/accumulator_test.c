/* accumulator_test.c - means of more gradients than their type can count, and of no rows at all. */
#include "ops/ops.h"
#include "test/stage.h"

static void run(struct out o)
{
    ok(stage_run(&(struct plan_key){ .target = &o.node, .n_targets = 1 }, NULL));
}

static void gives(struct out o, int n, const char *const *text)
{
    struct tensor got[3] = { { 0 } };
    struct out fetch[] = { o, out_at(o, 1), out_at(o, 2) };
    ok(stage_run(&(struct plan_key){ .fetch = fetch, .n_fetches = n }, got));
    for (int i = 0; i < n; i++) {
        struct tensor want = value(text[i]);
        ok(tensor_differs(&got[i], &want, (struct tolerance){ 0 }));
        tensor_unref(&want);
        tensor_unref(&got[i]);
    }
}

static void mean_of(enum dtype t, const char *gradient, int n, const char *mean)
{
    struct out a = add("ConditionalAccumulator", NULL, 0,
                       ATTRS(attr_type("dtype", t), attr_shape("shape", &SHAPE_SCALAR)));
    struct out put = add("AccumulatorApplyGradient",
                         OUTS(a, constant("int64{0}"), constant(gradient)), NULL, 0);
    for (int i = 0; i < n; i++)
        run(put);
    gives(add("AccumulatorTakeGradient", OUTS(a, constant("int32{1}")),
              ATTRS(attr_type("dtype", t))), 1, &mean);
}

static void more_than_the_type_can_count(void **unused)
{
    (void)unused;
    mean_of(DT_UINT8, "uint8{1}", 256, "uint8{0}");
    mean_of(DT_UINT8, "uint8{1}", 255, "uint8{1}");
    mean_of(DT_INT8, "int8{-1}", 128, "int8{-1}");
    mean_of(DT_UINT64, "uint64{9223372036854775807}", 2, "uint64{9223372036854775807}");
}

static struct out put_rows(struct out a, const char *index, const char *values)
{
    return add("SparseAccumulatorApplyGradient",
               OUTS(a, constant("int64{0}"), constant(index), constant(values),
                    constant("int64[0]{}")),
               ATTRS(attr_type("dtype", DT_FLOAT), attr_bool("has_known_shape", false)));
}

static void no_rows(void **unused)
{
    (void)unused;
    for (int more = 0; more < 3; more++) {
        struct out a = add("SparseConditionalAccumulator", NULL, 0,
                           ATTRS(attr_type("dtype", DT_FLOAT),
                                 attr_shape("shape", &SHAPE_UNKNOWN)));
        run(put_rows(a, "int64[0]{}", "float[0,2]{}"));
        run(put_rows(a, "int64[0]{}", "float[0,2]{}"));
        for (int i = 0; i < more; i++)
            run(put_rows(a, "int64[1]{5}", "float[1,2]{1 2}"));
        const char *const none[] = { "int64[0]{}", "float[0,2]{}", "int64[2]{-1 2}" };
        const char *const one[] = { "int64[1]{5}", "float[1,2]{1 2}", "int64[2]{-1 2}" };
        gives(add("SparseAccumulatorTakeGradient", OUTS(a, constant("int32{1}")),
                  ATTRS(attr_type("dtype", DT_FLOAT))), 3, more ? one : none);
    }
}

/* Rows that hold nothing are rows. */
static void empty_rows(void **unused)
{
    (void)unused;
    struct out a = add("SparseConditionalAccumulator", NULL, 0,
                       ATTRS(attr_type("dtype", DT_FLOAT), attr_shape("shape", &SHAPE_UNKNOWN)));
    run(put_rows(a, "int64[2]{7 3}", "float[2,0]{}"));
    const char *const want[] = { "int64[2]{3 7}", "float[2,0]{}", "int64[2]{-1 0}" };
    gives(add("SparseAccumulatorTakeGradient", OUTS(a, constant("int32{1}")),
              ATTRS(attr_type("dtype", DT_FLOAT))), 3, want);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(more_than_the_type_can_count), TEST(no_rows), TEST(empty_rows),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
