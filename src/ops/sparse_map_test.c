/* sparse_map_test.c - sparse tensors put under numbers and taken again, in later runs. */
#include "ops/ops.h"
#include "test/stage.h"

static struct status *run(const struct out *fetch, int n, struct tensor *result)
{
    return stage_run(&(struct plan_key){ .fetch = fetch, .n_fetches = n }, result);
}

static void same(struct tensor *got, const char *text)
{
    struct tensor want = value(text);
    ok(tensor_differs(got, &want, (struct tolerance){ 0 }));
    tensor_unref(got);
    tensor_unref(&want);
}

static void gives(struct out o, const char *text)
{
    struct tensor got = { 0 };
    ok(run(&o, 1, &got));
    same(&got, text);
}

#define SHARED(type, t) ATTRS(attr_type(type, t), attr_string("shared_name", "shelf"))

static struct out put(const char *op, const char *indices, const char *values, const char *shape,
                      enum dtype t)
{
    return add(op, OUTS(constant(indices), constant(values), constant(shape)), SHARED("T", t));
}

static struct out take(const char *handles, enum dtype t)
{
    return add("TakeManySparseFromTensorsMap", OUTS(constant(handles)), SHARED("dtype", t));
}

static void takes(struct out o, const char *indices, const char *values, const char *shape)
{
    struct tensor got[3] = { 0 };
    ok(run((struct out[]){ o, { o.node, 1 }, { o.node, 2 } }, 3, got));
    same(&got[0], indices);
    same(&got[1], values);
    same(&got[2], shape);
}

/* Rows without entries are numbered last; what is taken is gone. */
static void rows_are_taken_once(void **unused)
{
    (void)unused;
    struct tensor none[3] = { 0 };
    struct out some = put("AddManySparseToTensorsMap", "int64[3,2]{0 1 2 0 2 3}",
                          "string[3]{\"a\" \"b\" \"c\"}", "int64[2]{3 4}", DT_STRING);
    struct out one = put("AddSparseToTensorsMap", "int64[1,1]{5}", "string[1]{\"d\"}",
                         "int64[1]{6}", DT_STRING);
    gives(some, "int64[3]{0 2 1}");
    gives(one, "int64{3}");
    gives(one, "int64{4}");
    takes(take("int64[3]{4 2 1}", DT_STRING), "int64[3,2]{0 5 2 0 2 3}",
          "string[3]{\"d\" \"b\" \"c\"}", "int64[2]{3 6}");
    struct out again = take("int64[1]{2}", DT_STRING);
    fails(run(&again, 1, none), INVALID_ARGUMENT, "Unable to find SparseTensor: 2 in map: shelf");
    struct out other = take("int64[1]{0}", DT_INT32);
    fails(run(&other, 1, none), INVALID_ARGUMENT,
          "Requested SparseTensor of type int32 but SparseTensor[0].values.dtype() == string");
}

/* Places that were taken are closed up, and numbers go on: row 99 has the only entry, and so the
 * first number. */
static void many_come_and_go(void **unused)
{
    (void)unused;
    struct tensor got = { 0 };
    struct out rows = put("AddManySparseToTensorsMap", "int64[1,2]{99 0}", "int32[1]{7}",
                          "int64[2]{100 1}", DT_INT32);
    for (int i = 0; i < 3; i++) {
        ok(run(&rows, 1, &got));
        tensor_unref(&got);
    }
    takes(take("int64[250]{249 248 ..}", DT_INT32), "int64[3,2]{49 0 149 0 249 0}",
          "int32[3]{7 ...}", "int64[2]{250 1}");
    takes(take("int64[2]{299 250}", DT_INT32), "int64[0,2]{}", "int32[0]{}", "int64[2]{2 1}");
    gives(put("AddSparseToTensorsMap", "int64[1,1]{0}", "int32[1]{1}", "int64[1]{1}", DT_INT32),
          "int64{300}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_taken_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_come_and_go, set_up, tear_down),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
