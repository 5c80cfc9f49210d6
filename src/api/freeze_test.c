/* Parts of graphs: what outputs need, and variables frozen to constants (G23, G24). */
#include "api/testing.h"

/* A GraphDef's nodes as a graph. */
static struct weft_graph *graph_of(struct weft_bytes *def)
{
    struct weft_graph *g = weft_graph_new();
    ok(weft_graph_import(g, NULL, def->data, def->size));
    weft_bytes_free(def);
    return g;
}

static struct weft_out out_named(struct weft_graph *g, const char *name)
{
    struct weft_out o = { 0 };
    ok(weft_graph_find_out(g, name, &o));
    return o;
}

static void is(struct weft_graph *g, const char *name, const char *op)
{
    named(weft_graph_find(g, name), name, op);
}

static struct weft_bytes frozen(struct weft_session *s, const char *output,
                                const struct weft_freeze_options *o)
{
    struct weft_bytes def;
    ok(weft_freeze(s, NULL, 0, &output, 1, o, &def));
    return def;
}

/* y = x w + b, initialized to x [2,1] + 10. */
static struct weft_graph *linear(unsigned flags)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = placeholder(g, "x", WEFT_FLOAT, 2, (int64_t[]){ -1, 2 });
    struct weft_variable w = weft_variable_new(
        g, "w", matrix(g, WEFT_FLOAT, 2, 1, (double[]){ 2, 1 }), flags);
    struct weft_variable b =
        weft_variable_new(g, "b", weft_vector(g, WEFT_FLOAT, 1, (double[]){ 10 }), flags);
    struct weft_out xw = binary("MatMul", x, w.value);
    weft_op(g, "Add", WEFT_OUTS(xw, b.value), WEFT_ATTRS(weft_name("y")));
    weft_variables_initializer(g);
    return g;
}

static struct weft_session *running(struct weft_graph *g)
{
    struct weft_session *s = session_on(g);
    ok(weft_session_do(s, weft_graph_find(g, "init")));
    return s;
}

static void gives(struct weft_graph *g, const char *y, double want)
{
    struct weft_session *s = session_on(g);
    struct weft_tensor *x, *value = NULL;
    struct weft_out fetch = out_named(g, y);
    ok(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ 1, 2 }, (float[]){ 3, 4 }, &x));
    ok(weft_session_run(s, NULL, WEFT_FEEDS({ out_named(g, "x:0"), x }), &fetch, 1, NULL, 0,
                        &value));
    is_near(weft_tensor_number(value, 0), want, 1e-6);
    weft_tensor_free(value);
    weft_tensor_free(x);
    weft_session_free(s);
}

static void freeze_gives_the_same(unsigned flags)
{
    struct weft_graph *g = linear(flags);
    struct weft_session *s = running(g);
    struct weft_bytes def = frozen(s, "y", NULL);
    struct weft_graph *f = graph_of(&def);
    is(f, "w", "Const");
    is(f, "b", "Const");
    is(f, flags ? "w/Read/ReadVariableOp" : "w/read", "Identity");
    assert_null(weft_graph_find(f, "init"));
    assert_null(weft_graph_find(f, "w/Assign"));
    gives(f, "y:0", 20);
    weft_graph_free(f);
    weft_session_free(s);
    weft_graph_free(g);
}

static void variables_become_constants(void **state)
{
    (void)state;
    freeze_gives_the_same(0);
    freeze_gives_the_same(WEFT_USE_RESOURCE);
}

static void some_variables_stay(void **state)
{
    (void)state;
    struct weft_graph *g = linear(WEFT_USE_RESOURCE);
    struct weft_session *s = running(g);
    const char *w = "w";
    struct weft_bytes def = frozen(s, "y", &(struct weft_freeze_options){ .only = &w,
                                                                          .n_only = 1 });
    struct weft_graph *f = graph_of(&def);
    is(f, "w", "Const");
    is(f, "b", "VarHandleOp");
    is(f, "b/Read/ReadVariableOp", "ReadVariableOp");
    weft_graph_free(f);
    def = frozen(s, "y", &(struct weft_freeze_options){ .except = &w, .n_except = 1 });
    f = graph_of(&def);
    is(f, "w", "VarHandleOp");
    is(f, "b", "Const");
    weft_graph_free(f);
    weft_session_free(s);
    weft_graph_free(g);
}

/* As recorded of 1.15: an axis is added, of the indices' type. */
static void a_gather_reads_the_constant(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = weft_variable_new(
        g, "v", weft_vector(g, WEFT_FLOAT, 3, (double[]){ 5, 6, 7 }), WEFT_USE_RESOURCE);
    struct weft_out i = weft_vector(g, WEFT_INT64, 2, (double[]){ 2, 0 });
    weft_op(g, "ResourceGather", WEFT_OUTS(v.ref, i),
            WEFT_ATTRS(weft_name("rows"), weft_attr_type("dtype", WEFT_FLOAT)));
    weft_variables_initializer(g);
    struct weft_session *s = running(g);
    struct weft_bytes def = frozen(s, "rows", NULL);
    struct weft_graph *f = graph_of(&def);
    is(f, "rows", "GatherV2");
    is(f, "rows/axis", "Const");
    struct weft_session *t = session_on(f);
    HOLDS(t, out_named(f, "rows:0"), 7, 5);
    weft_session_free(t);
    weft_graph_free(f);
    weft_session_free(s);
    weft_graph_free(g);
}

static void what_needs_a_handle_is_refused(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v =
        weft_variable_new(g, "v", weft_scalar(g, WEFT_FLOAT, 5), WEFT_USE_RESOURCE);
    weft_op(g, "VarIsInitializedOp", &v.ref, 1, WEFT_ATTRS(weft_name("there")));
    weft_variables_initializer(g);
    struct weft_session *s = running(g);
    struct weft_bytes def;
    const char *there = "there", *nowhere = "nowhere", *value = "v/Read/ReadVariableOp";
    fails(weft_freeze(s, NULL, 0, &there, 1, NULL, &def), WEFT_INVALID_ARGUMENT,
          "Variable 'v' cannot be frozen: node 'there' (VarIsInitializedOp) needs more");
    assert_null(def.data);
    fails(weft_freeze(s, NULL, 0, &nowhere, 1, NULL, &def), WEFT_NOT_FOUND,
          "nowhere is not in graph");
    weft_session_free(s);
    s = session_on(g);
    fails(weft_freeze(s, NULL, 0, &value, 1, NULL, &def), WEFT_FAILED_PRECONDITION, "v");
    weft_session_free(s);
    weft_graph_free(g);
}

static void a_subgraph_is_what_its_nodes_need(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_tensor *one = weft_tensor_scalar(WEFT_FLOAT, 1);
    struct weft_out a = weft_const_named(g, "a", one);
    weft_tensor_free(one);
    struct weft_out b = weft_op(g, "Neg", &a, 1, WEFT_ATTRS(weft_name("b")));
    weft_op(g, "Neg", &b, 1, WEFT_ATTRS(weft_name("not_needed")));
    struct weft_out c = weft_op(g, "Neg", &a, 1, WEFT_ATTRS(weft_name("c"), weft_after(b.node)));
    ok(weft_graph_error(g));
    struct weft_bytes all, part;
    const char *want = weft_node_name(c.node), *nowhere = "B";
    ok(weft_graph_export(g, 0, &all));
    ok(weft_extract_subgraph(all.data, all.size, &want, 1, &part));
    struct weft_graph *f = graph_of(&part);
    assert_int_equal(weft_graph_count(f), 3);
    is(f, "b", "Neg");
    assert_string_equal(weft_node_name(weft_graph_node(f, 0)), "a");
    weft_graph_free(f);
    fails(weft_extract_subgraph(all.data, all.size, &nowhere, 1, &part), WEFT_NOT_FOUND,
          "B is not in graph");
    fails(weft_extract_subgraph("graph", 5, &want, 1, &part), WEFT_INVALID_ARGUMENT,
          "Invalid GraphDef");
    weft_bytes_free(&all);
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_become_constants),
        cmocka_unit_test(some_variables_stay),
        cmocka_unit_test(a_gather_reads_the_constant),
        cmocka_unit_test(what_needs_a_handle_is_refused),
        cmocka_unit_test(a_subgraph_is_what_its_nodes_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
