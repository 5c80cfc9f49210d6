/* debug_test.c - what Print and PrintV2 write, and how often. */
#include "ops/ops.h"
#include "test/probe.h"
#include "plan/plan.h"
#include "tensor/tstring.h"

#include <unistd.h>

static struct tensor vector(int n)
{
    struct tensor t;
    ok(tensor_new(&t, NULL, DT_FLOAT, &SHAPE(n)));
    for (int i = 0; i < n; i++)
        ((float *)t.data)[i] = (float)i / 2;
    return t;
}

static struct out constant(struct graph *g, struct tensor t)
{
    struct node *c = test_node(g, &(struct node_def){
        .op = "Const", .n_attr = 2,
        .attr = (struct attr[]){ attr_tensor("value", &t), attr_type("dtype", t.dtype) } });
    tensor_unref(&t);
    return (struct out){ c, 0 };
}

/* What is written to standard error while `n` runs, of two plans by turns, execute the node. */
static void written(struct node *node, int n, char *text, size_t size)
{
    FILE *file = tmpfile();
    int old = dup(STDERR_FILENO);
    struct resources *r = resources_new();
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    for (int i = 0; i < n; i++) {
        struct plan *p;
        ok(plan_compile(node->graph, &(struct plan_key){ .target = &node, .n_targets = 1 }, r,
                             i % 2 ? PLAN_FLOW : PLAN_SERIAL, &p));
        struct run *run = run_new(p, NULL);
        ok(plan_run(p, run, NULL, NULL, &(struct run_options){ 0 }));
        run_free(run);
        plan_free(p);
    }
    dup2(old, STDERR_FILENO);
    close(old);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = 0;
    fclose(file);
    resources_unref(r);
}

static struct node *print_node(struct graph *g, int64_t first_n, int64_t summarize)
{
    struct out x = constant(g, vector(1)), y = constant(g, vector(5));
    return test_node(g, &(struct node_def){
        .op = "Print", .in = (struct out[]){ x, y, x }, .n_in = 3, .n_attr = 3,
        .attr = (struct attr[]){ attr_string("message", "y and x: "), attr_int("first_n", first_n),
                                 attr_int("summarize", summarize) } });
}

static void writes_message_and_data(void **unused)
{
    (void)unused;
    struct graph *g = graph_new();
    char text[200];
    written(print_node(g, -1, 3), 2, text, sizeof text);
    assert_string_equal(text, "y and x: [0 0.5 1...][0]\ny and x: [0 0.5 1...][0]\n");
    written(print_node(g, -1, 10), 1, text, sizeof text);
    assert_string_equal(text, "y and x: [0 0.5 1 1.5 2][0]\n");
    graph_unref(g);
}

static void writes_the_first_few_times(void **unused)
{
    (void)unused;
    struct graph *g = graph_new();
    char text[200];
    written(print_node(g, 2, 1), 5, text, sizeof text);
    assert_string_equal(text, "y and x: [0...][0]\ny and x: [0...][0]\n");
    written(print_node(g, 0, 1), 5, text, sizeof text);
    assert_string_equal(text, "");
    graph_unref(g);
}

static void writes_a_string_as_it_is(void **unused)
{
    (void)unused;
    struct graph *g = graph_new();
    struct tensor t;
    char text[200];
    ok(tensor_new(&t, NULL, DT_STRING, &SHAPE_SCALAR));
    assert_true(tstring_set(t.data, "a\tb", 3));
    struct node *n = test_node(g, &(struct node_def){
        .op = "PrintV2", .in = (struct out[]){ constant(g, t) }, .n_in = 1 });
    written(n, 2, text, sizeof text);
    assert_string_equal(text, "a\tb\na\tb\n");
    graph_unref(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_message_and_data),
        cmocka_unit_test(writes_the_first_few_times),
        cmocka_unit_test(writes_a_string_as_it_is),
    };
    ok(ops_init());
    ok(ops_register(test_ops));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
