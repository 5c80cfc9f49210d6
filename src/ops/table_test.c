/* table_test.c - lookup tables filled, asked and changed, by reference and by handle. */
#include "base/mem.h"
#include "ops/ops.h"
#include "test/stage.h"

#include <stdlib.h>
#include <unistd.h>

/* Fetches an output, or runs a node that has none. */
static struct status *run(struct out o, struct tensor *result)
{
    struct tensor ignored = { 0 };
    struct plan_key key = { .fetch = &o, .n_fetches = o.node->n_out > 0, .target = &o.node,
                            .n_targets = o.node->n_out == 0 };
    struct status *st = stage_run(&key, result ? result : &ignored);
    tensor_unref(&ignored);
    return st;
}

static void gives(struct out o, const char *text)
{
    struct tensor got = { 0 }, want = value(text);
    ok(run(o, &got));
    ok(tensor_differs(&got, &want, (struct tolerance){ 0 }));
    tensor_unref(&got);
    tensor_unref(&want);
}

/* "LookupTableFind" or its V2. */
static const char *called(const char *name, bool v2)
{
    static char text[64];
    snprintf(text, sizeof text, "%s%s", name, v2 ? "V2" : "");
    return text;
}

static struct out table(const char *name, bool v2, enum dtype key, enum dtype to)
{
    return add(called(name, v2), NULL, 0, ATTRS(attr_type("key_dtype", key),
                                                attr_type("value_dtype", to)));
}

static struct out ask(struct out t, bool v2, const char *keys, const char *fallback)
{
    return add(called("LookupTableFind", v2), OUTS(t, constant(keys), constant(fallback)), NULL,
               0);
}

static void a_table_is_filled_once(bool v2)
{
    struct out t = table("HashTable", v2, DT_INT64, DT_STRING);
    struct out found = ask(t, v2, "int64[2,2]{5 6 7 5}", "string{\"none\"}");
    struct out size = add(called("LookupTableSize", v2), &t, 1, NULL, 0);
    struct out fill = add(called("InitializeTable", v2),
                          OUTS(t, constant("int64[3]{5 6 5}"),
                               constant("string[3]{\"a\" \"b\" \"a\"}")), NULL, 0);
    struct out clash = add(called("InitializeTable", v2),
                           OUTS(t, constant("int64[2]{5 5}"),
                                constant("string[2]{\"a\" \"b\"}")), NULL, 0);
    struct tensor none = { 0 };
    assert_true(shape_equal(found.node->shape[0], &SHAPE(2, 2)));
    fails(run(found, &none), FAILED_PRECONDITION, "Table not initialized.");
    fails(run(clash, NULL), FAILED_PRECONDITION, "HashTable has different value for same key. Key "
          "5 has a and trying to add value b");
    ok(run(fill, NULL));
    gives(found, "string[2,2]{\"a\" \"b\" \"none\" \"a\"}");
    gives(size, "int64{2}");
    fails(run(fill, NULL), FAILED_PRECONDITION,
          "Table was already initialized with different data.");
    ok(run(add(called("LookupTableImport", v2),
               OUTS(t, constant("int64[2]{6 5}"), constant("string[2]{\"b\" \"a\"}")), NULL, 0),
           NULL));
    fails(run(ask(t, v2, "int64[1]{5}", "float{0}"), &none), INVALID_ARGUMENT,
          "Conflicting key/value dtypes int64->float with int64->string");
    fails(run(ask(t, v2, "int64[1]{5}", "string[1]{\"\"}"), &none), INVALID_ARGUMENT,
          "Expected shape [] for default value, got [1]");
}

static void tables_are_filled_once(void **unused)
{
    (void)unused;
    a_table_is_filled_once(false);
    a_table_is_filled_once(true);
}

static struct out put(const char *op, struct out t, bool v2, const char *keys, const char *values)
{
    return add(called(op, v2), OUTS(t, constant(keys), constant(values)), NULL, 0);
}

static void a_table_changes(bool v2)
{
    struct out t = table("MutableHashTable", v2, DT_STRING, DT_FLOAT);
    struct out found = ask(t, v2, "string[3]{\"a\" \"b\" \"c\"}", "float{-1}");
    gives(found, "float[3]{-1 -1 -1}");
    ok(run(put("LookupTableInsert", t, v2, "string[2]{\"a\" \"b\"}", "float[2]{1 2}"), NULL));
    ok(run(put("LookupTableInsert", t, v2, "string[2]{\"b\" \"c\"}", "float[2]{3 4}"), NULL));
    gives(found, "float[3]{1 3 4}");
    struct out all = add(called("LookupTableExport", v2), &t, 1,
                         ATTRS(attr_type("Tkeys", DT_STRING), attr_type("Tvalues", DT_FLOAT)));
    gives(all, "string[3]{\"a\" \"b\" \"c\"}");
    gives((struct out){ all.node, 1 }, "float[3]{1 3 4}");
    if (v2) {
        ok(run(add("LookupTableRemoveV2", OUTS(t, constant("string[2]{\"a\" \"z\"}")), NULL, 0),
               NULL));
        gives(found, "float[3]{-1 3 4}");
    }
    ok(run(put("LookupTableImport", t, v2, "string[1]{\"a\"}", "float[1]{9}"), NULL));
    gives(found, "float[3]{9 -1 -1}");
    fails(run(put("LookupTableInsert", t, v2, "string[1]{\"a\"}", "float[2]{1 2}"), NULL),
          INVALID_ARGUMENT, "Expected shape [1] for value, got [2]");
}

static void tables_change(void **unused)
{
    (void)unused;
    a_table_changes(false);
    a_table_changes(true);
}

/* More than one growth, and values that are tensors. */
static void tables_grow(void **unused)
{
    (void)unused;
    struct out t = add("MutableHashTableOfTensorsV2", NULL, 0,
                       ATTRS(attr_type("key_dtype", DT_INT64), attr_type("value_dtype", DT_INT32),
                             attr_shape("value_shape", &SHAPE(2))));
    ok(run(put("LookupTableInsert", t, true, "int64[1000]{0 1 ..}", "int32[1000,2]{0 1 ..}"),
           NULL));
    gives(ask(t, true, "int64[3]{999 500 1000}", "int32[2]{-1 -2}"),
          "int32[3,2]{1998 1999 1000 1001 -1 -2}");
    gives(add("LookupTableSizeV2", &t, 1, NULL, 0), "int64{1000}");
}

static struct out dense_table(const char *empty, const char *deleted)
{
    return add("MutableDenseHashTableV2", OUTS(constant(empty), constant(deleted)),
               ATTRS(attr_type("value_dtype", DT_FLOAT)));
}

static void dense_tables_have_keys_of_any_shape(void **unused)
{
    (void)unused;
    struct tensor none = { 0 };
    struct out t = dense_table("int64[2]{0 0}", "int64[2]{0 1}");
    ok(run(put("LookupTableInsert", t, true, "int64[3,2]{1 2 3 4 7 7}", "float[3]{5 6 7}"), NULL));
    gives(ask(t, true, "int64[2,2]{3 4 4 3}", "float{-1}"), "float[2]{6 -1}");
    ok(run(add("LookupTableRemoveV2", OUTS(t, constant("int64[2,2]{1 2 9 9}")), NULL, 0), NULL));
    gives(ask(t, true, "int64[3,2]{1 2 3 4 7 7}", "float{-1}"), "float[3]{-1 6 7}");
    gives(add("LookupTableSizeV2", &t, 1, NULL, 0), "int64{2}");
    fails(run(put("LookupTableInsert", t, true, "int64[1,2]{0 0}", "float[1]{5}"), NULL),
          INVALID_ARGUMENT, "Using the empty_key as a table key is not allowed");
    fails(run(put("LookupTableInsert", t, true, "int64[1,2]{0 1}", "float[1]{5}"), NULL),
          INVALID_ARGUMENT, "Using the deleted_key as a table key is not allowed");
    fails(run(ask(t, true, "int64[1,2]{0 1}", "float{-1}"), &none), INVALID_ARGUMENT,
          "Using the deleted_key as a table key is not allowed");
    fails(run(add("LookupTableRemoveV2", OUTS(t, constant("int64[1,2]{0 0}")), NULL, 0), NULL),
          INVALID_ARGUMENT, "Using the empty_key as a table key is not allowed");
    fails(run(dense_table("string{\"x\"}", "string{\"x\"}"), &none), INVALID_ARGUMENT,
          "Empty and deleted keys cannot be equal");
    fails(run(dense_table("int64[2]{1 2}", "int64[3]{1 2 3}"), &none), INVALID_ARGUMENT,
          "Empty and deleted keys must have same shape, got shapes: [2] and [3]");
}

/* ---- from files ---- */

static char path[] = P_tmpdir "/weft-table-XXXXXX";

static struct out from_file(struct out t, bool v2, int key, int to, int lines)
{
    char text[64];
    snprintf(text, sizeof text, "string{\"%s\"}", path);
    return add(called("InitializeTableFromTextFile", v2), OUTS(t, constant(text)),
               ATTRS(attr_int("key_index", key), attr_int("value_index", to),
                     attr_int("vocab_size", lines)));
}

static void lines_become_entries(bool v2)
{
    struct out ids = table("HashTable", v2, DT_STRING, DT_INT64);
    fails(run(from_file(ids, v2, -2, -1, 5), NULL), INVALID_ARGUMENT, "expected 5 but got 2");
    fails(run(from_file(ids, v2, 0, 0, -1), NULL), INVALID_ARGUMENT,
          "Field brain in line 0 is not a valid int64.");
    fails(run(from_file(ids, v2, 0, 2, -1), NULL), INVALID_ARGUMENT, "expected at least 3 got 2");
    ok(run(from_file(ids, v2, 0, 1, -1), NULL));
    gives(ask(ids, v2, "string[3]{\"brain\" \"surgery\" \"x\"}", "int64{-1}"),
          "int64[3]{10 20 -1}");
    struct out words = table("HashTable", v2, DT_INT64, DT_STRING);
    ok(run(from_file(words, v2, -1, -2, 1), NULL));
    gives(ask(words, v2, "int64[2]{0 1}", "string{\"\"}"), "string[2]{\"brain\\x0910\" \"\"}");
    fails(run(from_file(table("HashTable", v2, DT_STRING, DT_FLOAT), v2, -2, -1, -1), NULL),
          INVALID_ARGUMENT, "Value index for line number requires table Value dtype of int64");
}

static void files_become_tables(void **unused)
{
    (void)unused;
    FILE *f = fdopen(mkstemp(path), "w");
    assert_non_null(f);
    fputs("brain\t10\nsurgery\t20\n", f);
    fclose(f);
    lines_become_entries(false);
    lines_become_entries(true);
    unlink(path);
    fails(run(from_file(table("HashTable", true, DT_STRING, DT_INT64), true, -2, -1, -1), NULL),
          NOT_FOUND, "; No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tables_are_filled_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tables_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tables_grow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dense_tables_have_keys_of_any_shape, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_become_tables, set_up, tear_down),
    };
    ok(ops_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
