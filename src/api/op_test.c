/* op_test.c - the ops there are, as front ends read them. */
#include "api/testing.h"

static void named_arg(struct weft_op_arg a, const char *name)
{
    assert_int_equal(a.name_length, strlen(name));
    assert_memory_equal(a.name, name, strlen(name));
}

static void matmul(void **state)
{
    (void)state;
    const struct weft_op_def *d = weft_op_find("MatMul");
    assert_non_null(d);
    assert_string_equal(weft_op_name(d), "MatMul");
    assert_true(strlen(weft_op_doc(d)) > 10);
    assert_false(weft_op_is_stateful(d));
    struct weft_bytes def, text;
    ok(weft_op_export(d, &def));
    ok(weft_message_to_text("OpDef", def.data, def.size, &text));
    assert_non_null(memmem(text.data, text.size, "transpose_a", 11));
    weft_bytes_free(&def);
    weft_bytes_free(&text);
    assert_string_equal(weft_op_inputs_text(d), "a: T, b: T");
    assert_string_equal(weft_op_outputs_text(d), "product: T");
    assert_non_null(strstr(weft_op_attrs_text(d), "transpose_a: bool = false"));
    assert_int_equal(weft_op_inputs(d), 2);
    assert_int_equal(weft_op_outputs(d), 1);
    assert_int_equal(weft_op_attrs(d), 3);
    named_arg(weft_op_input(d, 1), "b");
    named_arg(weft_op_output(d, 0), "product");
    assert_int_equal(weft_op_input(d, 0).type_attr, 2);
    assert_int_equal(weft_op_input(d, 0).number_attr, -1);
    struct weft_op_attr a = weft_op_attr(d, 0), t = weft_op_attr(d, 2);
    assert_string_equal(a.name, "transpose_a");
    assert_int_equal(a.kind, WEFT_ATTR_BOOL);
    assert_true(a.has_default && !a.is_inferred && a.fallback.i == 0);
    assert_true(t.is_inferred && t.kind == WEFT_ATTR_TYPE);
    assert_true(t.allowed & 1u << WEFT_FLOAT && !(t.allowed & 1u << WEFT_STRING));
}

static void lists_and_references(void **state)
{
    (void)state;
    const struct weft_op_def *pack = weft_op_find("Pack"), *assign = weft_op_find("Assign");
    const struct weft_op_def *many = weft_op_find("IdentityN"), *pool = weft_op_find("MaxPool");
    struct weft_op_arg values = weft_op_input(pack, 0);
    struct weft_op_attr n = weft_op_attr(pack, values.number_attr);
    assert_string_equal(n.name, "N");
    assert_true(n.has_minimum && n.minimum == 1 && n.is_inferred);
    assert_true(weft_op_input(assign, 0).is_ref && !weft_op_input(assign, 1).is_ref);
    assert_true(weft_op_input(many, 0).is_list);
    assert_int_equal(weft_op_attr(many, weft_op_input(many, 0).type_attr).kind, WEFT_ATTR_TYPES);
    assert_true(weft_op_is_stateful(weft_op_find("VariableV2")));
    for (int i = 0; i < weft_op_attrs(pool); i++) {
        struct weft_op_attr a = weft_op_attr(pool, i);
        if (!strcmp(a.name, "data_format"))
            assert_string_equal(a.fallback.p, "NHWC");
    }
}

static void what_there_is_not(void **state)
{
    (void)state;
    const struct weft_op_def *d = weft_op_find("MatMul");
    assert_null(weft_op_find("Nonsense"));
    assert_null(weft_op_at(-1));
    assert_null(weft_op_at(weft_op_count()));
    assert_null(weft_op_input(d, 2).name);
    assert_int_equal(weft_op_output(d, -1).type_attr, -1);
    assert_null(weft_op_attr(d, 3).name);
}

/* Every row can be read in full, and its text says of lists what weft_attr cannot show. */
static void all_of_them(void **state)
{
    (void)state;
    assert_true(weft_op_count() > 100);
    for (int i = 0; i < weft_op_count(); i++) {
        const struct weft_op_def *d = weft_op_at(i);
        assert_ptr_equal(weft_op_find(weft_op_name(d)), d);
        for (int k = 0; k < weft_op_inputs(d); k++)
            assert_true(weft_op_input(d, k).type_attr >= 0 || weft_op_input(d, k).dtype);
        for (int k = 0; k < weft_op_attrs(d); k++) {
            struct weft_op_attr a = weft_op_attr(d, k);
            assert_string_equal(a.fallback.name, a.name);
            assert_int_equal(a.fallback.kind, a.kind);
            if (a.has_default && a.kind == WEFT_ATTR_STRING)
                assert_non_null(a.fallback.p);
            if (a.has_default && a.kind == WEFT_ATTR_STRINGS)
                assert_int_equal(a.fallback.i, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matmul),
        cmocka_unit_test(lists_and_references),
        cmocka_unit_test(what_there_is_not),
        cmocka_unit_test(all_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
