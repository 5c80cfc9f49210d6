/* function_test.c - weft.h: a graph becomes a function, and another graph calls it. */
#include "api/testing.h"

/* x -> 2 * x, of a graph of its own, called `name` or after what it is. */
static struct weft_bytes doubling(const char *name, bool hashed)
{
    struct weft_bytes def;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 0, NULL);
    struct weft_out y = binary("Mul", x, weft_scalar(g, WEFT_FLOAT, 2));
    struct weft_attr noinline = weft_attr_bool("_noinline", true);
    const char *const out_names[] = { "twice" };
    struct weft_definition d = { .name = name, .hashed = hashed, .inputs = &x, .n_inputs = 1,
                                 .outputs = &y, .n_outputs = 1, .output_names = out_names,
                                 .n_nodes = -1, .attrs = &noinline, .n_attrs = 1 };
    ok(weft_graph_define(g, &d, &def));
    weft_graph_free(g);
    return def;
}

static double run_one(struct weft_graph *g, struct weft_out y)
{
    struct weft_session *s;
    struct weft_tensor *value;
    ok(weft_session_new(g, NULL, &s));
    ok(weft_session_run(s, NULL, NULL, 0, &y, 1, NULL, 0, &value));
    double number = weft_tensor_number(value, 0);
    weft_tensor_free(value);
    weft_session_free(s);
    return number;
}

static void defined_and_called(void **state)
{
    (void)state;
    struct weft_bytes def = doubling("double", false), again;
    struct weft_graph *g = weft_graph_new();
    enum weft_dtype type = WEFT_FLOAT;
    struct weft_out x = weft_scalar(g, WEFT_FLOAT, 4), dx;
    ok(weft_graph_add_function(g, def.data, def.size, NULL));
    assert_int_equal(weft_graph_functions(g), 1);
    assert_string_equal(weft_graph_function_name(g, 0), "double");
    assert_null(weft_graph_function_name(g, 1));
    assert_null(weft_graph_function_gradient(g, "double"));
    ok(weft_graph_function(g, "double", &again));
    assert_int_equal(again.size, def.size);
    assert_memory_equal(again.data, def.data, def.size);
    struct weft_out y = weft_op(g, "double", &x, 1, NULL, 0);
    struct weft_out z = weft_op(g, "PartitionedCall", &y, 1,
                                WEFT_ATTRS(weft_attr_types("Tout", &type, 1),
                                           weft_attr_func("f", "double")));
    assert_true(run_one(g, z) == 16);
    weft_gradients(g, &z, 1, &x, 1, NULL, &dx);
    assert_true(run_one(g, dx) == 4);
    fails(weft_graph_function(g, "nobody", &again), WEFT_NOT_FOUND, "nobody is not defined");
    weft_bytes_free(&def);
    weft_bytes_free(&again);
    weft_graph_free(g);
}

static void of_one_name(void **state)
{
    (void)state;
    struct weft_bytes def = doubling("f", false), hashed = doubling("f", true);
    struct weft_graph *g = weft_graph_new();
    ok(weft_graph_add_function(g, def.data, def.size, "f_grad"));
    ok(weft_graph_add_function(g, def.data, def.size, NULL));
    ok(weft_graph_add_function(g, hashed.data, hashed.size, NULL));
    assert_int_equal(weft_graph_functions(g), 2);
    assert_string_equal(weft_graph_function_gradient(g, "f"), "f_grad");
    assert_memory_equal(weft_graph_function_name(g, 1), "f_", 2);
    fails(weft_graph_add_function(g, "?", 1, NULL), WEFT_INVALID_ARGUMENT, "Invalid FunctionDef");
    weft_bytes_free(&def);
    weft_bytes_free(&hashed);
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defined_and_called),
        cmocka_unit_test(of_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
