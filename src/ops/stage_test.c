/* stage_test.c - two nodes with one name that do not agree what the tuples of their map are. */
#include "ops/ops.h"
#include "test/stage.h"

static struct status *put(const int64_t *types, int n, const char *key, const char *index,
                          const char *part)
{
    struct out o = add("MapStage", OUTS(constant(key), constant(index), constant(part)),
                       ATTRS(attr_types("dtypes", types, n), attr_types("fake_dtypes", types, 1),
                             attr_string("shared_name", "area")));
    return stage_run(&(struct plan_key){ .target = &o.node, .n_targets = 1 }, NULL);
}

static void tuples_that_differ(void **unused)
{
    static const int64_t types[64] = { [0 ... 63] = DT_FLOAT };
    (void)unused;
    ok(put(types, 2, "int64{1}", "int32[1]{0}", "float{1}"));
    fails(put(types, 64, "int64{1}", "int32[1]{63}", "float{2}"), INVALID_ARGUMENT,
          "The tuple for key '1' has 2 parts, not 64");
    fails(put(types, 1, "int64{1}", "int32[1]{0}", "float{2}"), INVALID_ARGUMENT,
          "The tuple for key '1' has 2 parts, not 1");
    ok(put(types, 64, "int64{2}", "int32[1]{63}", "float{2}"));
    ok(put(types, 2, "int64{1}", "int32[1]{1}", "float{2}"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(tuples_that_differ) };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
