/* graph_test.c - names, lookups, seeds, types, shapes and errors of a growing graph. */
#include "graph/graph.h"
#include "base/mem.h"
#include "ops/ops.h"
#include "test/expect.h"

static struct out add(struct graph *g, const char *op, const char *name, const struct out *in,
                      int n_in, const struct attr *attr, int n_attr)
{
    struct node *n = NULL;
    ok(graph_add(g, &(struct node_def){ .op = op, .name = name, .in = in, .n_in = n_in,
                                        .attr = attr, .n_attr = n_attr }, &n));
    return (struct out){ n, 0 };
}

static struct out placeholder(struct graph *g, const char *name, enum dtype t, struct shape s)
{
    return add(g, "Placeholder", name, NULL, 0, ATTRS(attr_type("dtype", t),
                                                      attr_shape("shape", &s)));
}

/* A1-A6 */
static void names_are_made_unique(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    assert_string_equal(graph_unique_name(g, "foo", true), "foo");
    assert_string_equal(graph_unique_name(g, "Foo", false), "Foo_1");
    assert_string_equal(graph_unique_name(g, "Foo", true), "Foo_1");
    assert_string_equal(graph_unique_name(g, "foo_2", true), "foo_2");
    assert_string_equal(graph_unique_name(g, "foo", true), "foo_3");
    assert_string_equal(graph_unique_name(g, "foo_1", true), "foo_1_1");
    assert_string_equal(graph_unique_name(g, "foo_1", true), "foo_1_2");
    graph_unref(g);
}

/* Names that differ by case alone are different names, however they came to be. */
static void case_distinguishes_nodes(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    assert_string_equal(graph_unique_name(g, "Scope", true), "Scope");
    struct out low = placeholder(g, "scope", DT_FLOAT, SHAPE_SCALAR);
    struct out high = placeholder(g, "Scope", DT_FLOAT, SHAPE_SCALAR);
    struct out all = placeholder(g, "SCOPE", DT_FLOAT, SHAPE_SCALAR), found;
    assert_ptr_equal(graph_find(g, "scope"), low.node);
    assert_ptr_equal(graph_find(g, "Scope"), high.node);
    assert_ptr_equal(graph_find(g, "SCOPE"), all.node);
    assert_null(graph_find(g, "sCOPE"));
    assert_null(graph_find(g, "Scop"));
    ok(graph_find_out(g, "SCOPE:0", &found));
    assert_ptr_equal(found.node, all.node);
    struct node_def again = { .op = "NoOp", .name = "scope" };
    fails(graph_add(g, &again, NULL), INVALID_ARGUMENT, "Duplicate node name");
    assert_string_equal(graph_unique_name(g, "sCope", true), "sCope_1");
    graph_unref(g);
}

/* A9, A18 */
static void names_are_checked(void **state)
{
    (void)state;
    assert_true(name_is_valid("a.b-c/d_1", false));
    assert_true(name_is_valid(".x", false));
    const char *names[] = { "", "_x", "-x", "/x", "x:0", "a b", NULL };
    for (const char **bad = names; *bad; bad++)
        assert_false(name_is_valid(*bad, false));
    assert_true(name_is_valid("_x", true));
}

/* A8, A12, A52, A64-A67 */
static void nodes_are_found_and_refused(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = placeholder(g, "x", DT_FLOAT, SHAPE(2, -1)), o;
    struct node_def again = { .op = "NoOp", .name = "x" };
    fails(graph_add(g, &again, NULL), INVALID_ARGUMENT, "Duplicate node name in graph: 'x'");
    again.name = "_x";
    fails(graph_add(g, &again, NULL), INVALID_ARGUMENT, "is not a valid node name");
    again.op = "Nope";
    fails(graph_add(g, &again, NULL), NOT_FOUND, "Op type not registered 'Nope'");
    assert_ptr_equal(graph_find(g, "x"), x.node);
    assert_null(graph_find(g, "y"));
    ok(graph_find_out(g, "x:0", &o));
    assert_ptr_equal(o.node, x.node);
    fails(graph_find_out(g, "x", &o), INVALID_ARGUMENT, "refers to an Operation, not a Tensor.");
    fails(graph_find_out(g, "y", &o), INVALID_ARGUMENT, "looks like an (invalid) Operation name");
    fails(graph_find_out(g, "nope:0", &o), NOT_FOUND,
          "The operation, 'nope', does not exist in the graph.");
    fails(graph_find_out(g, "x:9", &o), NOT_FOUND, "exists but only has 1 outputs.");
    fails(graph_find_out(g, "x:a", &o), INVALID_ARGUMENT, "looks a like a Tensor name");
    fails(graph_find_out(g, "x:0:1", &o), INVALID_ARGUMENT, "looks a like a Tensor name");
    graph_finalize(g, true);
    again = (struct node_def){ .op = "NoOp", .name = "z" };
    fails(graph_add(g, &again, NULL), FAILED_PRECONDITION,
          "Graph is finalized and cannot be modified.");
    graph_unref(g);
}

static void types_and_attributes_are_checked(void **state)
{
    (void)state;
    struct graph *g = graph_new(), *other = graph_new();
    struct out x = placeholder(g, "x", DT_FLOAT, SHAPE_SCALAR);
    struct out far = placeholder(other, "x", DT_FLOAT, SHAPE_SCALAR);
    struct node_def d = { .op = "Identity", .name = "y", .in = &far, .n_in = 1 };
    fails(graph_add(g, &d, NULL), INVALID_ARGUMENT, "must be from the same graph");     /* A80 */
    d.n_in = 0;
    fails(graph_add(g, &d, NULL), INVALID_ARGUMENT, "do not match 0 inputs specified");
    d = (struct node_def){ .op = "Identity", .name = "y", .in = &x, .n_in = 1,
                           .n_attr = 1,
                           .attr = &(struct attr){ .name = "nope", .kind = ATTR_INT } };
    fails(graph_add(g, &d, NULL), INVALID_ARGUMENT, "NodeDef mentions attr 'nope'");
    struct attr wrong = attr_type("T", DT_INT32);
    d.attr = &wrong;
    fails(graph_add(g, &d, NULL), INVALID_ARGUMENT,
          "Input 'input' of 'Identity' Op has type float32 that does not match expected type of "
          "int32.");
    d.n_attr = 0;
    d.in = &(struct out){ x.node, 1 };
    fails(graph_add(g, &d, NULL), OUT_OF_RANGE, "Connecting to invalid output 1");
    struct node_def p = { .op = "Placeholder", .name = "p" };
    fails(graph_add(g, &p, NULL), INVALID_ARGUMENT, "NodeDef missing attr 'dtype'");
    struct out xs[2] = { x, x };
    struct out n = add(g, "IdentityN", "n", xs, 2, NULL, 0);
    assert_int_equal(n.node->n_out, 2);
    assert_int_equal(n.node->attr[0].n, 2);
    graph_unref(g);
    graph_unref(other);
}

/* A57-A61 */
static void seeds_are_paired(void **state)
{
    (void)state;
    int64_t a, b;
    struct graph *g = graph_new();
    graph_seed_pair(g, false, 0, &a, &b);
    assert_true(a == 0 && b == 0);
    graph_seed_pair(g, true, 7, &a, &b);
    assert_true(a == 87654321 && b == 7);
    g->has_seed = true;
    g->seed = 5;
    placeholder(g, "x", DT_FLOAT, SHAPE_SCALAR);
    graph_seed_pair(g, false, 0, &a, &b);
    assert_true(a == 5 && b == 1);
    g->seed = 0;
    graph_seed_pair(g, true, 0x7fffffff, &a, &b);
    assert_true(a == 0 && b == 0x7fffffff);
    graph_unref(g);
}

/* A41-A45 */
static void collections_keep_order(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = placeholder(g, "x", DT_FLOAT, SHAPE_SCALAR), items[4];
    ok(graph_collect(g, "losses", x));
    ok(graph_collect(g, "losses", x));
    assert_int_equal(graph_collection(g, "losses", items, 4), 2);
    assert_ptr_equal(items[1].node, x.node);
    assert_int_equal(graph_collection(g, "none", items, 4), 0);
    ok(graph_clear_collection(g, "losses"));
    assert_int_equal(graph_collection(g, "losses", items, 4), 0);
    graph_unref(g);
}

/* F2, F4: no path is no gradient, Identity passes it on, StopGradient ends it. */
static void gradients_flow(void **state)
{
    (void)state;
    struct graph *g = graph_new();
    struct out x = placeholder(g, "x", DT_FLOAT, SHAPE_SCALAR);
    struct out z = placeholder(g, "z", DT_FLOAT, SHAPE_SCALAR), dx[2];
    struct out y = add(g, "Identity", "y", &x, 1, NULL, 0);
    struct out s = add(g, "StopGradient", "s", &x, 1, NULL, 0), w = { 0 };
    struct out dy = placeholder(g, "dy", DT_FLOAT, SHAPE_SCALAR);
    struct gradients q = { .y = &s, .x = (struct out[]){ x, z }, .n_y = 1, .n_x = 2,
                           .grad_y = &dy };
    ok(graph_gradients(g, &q, dx, NULL));
    assert_null(dx[0].node);
    q.y = &y;
    ok(graph_gradients(g, &q, dx, NULL));
    assert_ptr_equal(dx[0].node, dy.node);
    assert_null(dx[1].node);
    w = add(g, "PreventGradient", "w", &x, 1, NULL, 0);
    q.y = &w;
    fails(graph_gradients(g, &q, dx, NULL), NOT_FOUND, "Gradient explicitly disabled");
    graph_unref(g);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    size_t before = mem_live();
    for (int n = 0; n < 40; n++) {
        mem_fail_after(n, 0);
        struct graph *g = graph_new();
        struct node *node;
        struct status *st = g ? graph_add(g, &(struct node_def){ .op = "NoOp", .name = "a" }, &node)
                              : NULL;
        mem_fail_after(-1, 0);
        assert_true(!st || status_code(st) == RESOURCE_EXHAUSTED);
        status_free(st);
        graph_unref(g);
        assert_int_equal(mem_live(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_made_unique),
        cmocka_unit_test(case_distinguishes_nodes),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(nodes_are_found_and_refused),
        cmocka_unit_test(types_and_attributes_are_checked),
        cmocka_unit_test(seeds_are_paired),
        cmocka_unit_test(collections_keep_order),
        cmocka_unit_test(gradients_flow),
        cmocka_unit_test(every_allocation_may_fail),
    };
    struct status *st = ops_init();
    if (st)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
