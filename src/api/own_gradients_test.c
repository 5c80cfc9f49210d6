/* own_gradients_test.c - weft_gradients() as a front end uses it: exact scopes, colocation, gates,
 * and gradients that the caller gives himself. */
#include "api/testing.h"
#include "base/mem.h"

static struct weft_out number(struct weft_graph *g, double x)
{
    return weft_scalar(g, WEFT_DOUBLE, x);
}

static struct weft_out gradient_with(struct weft_out y, struct weft_out x,
                                     const struct weft_gradients_options *o)
{
    struct weft_out dx;
    weft_gradients(weft_node_graph(y.node), &y, 1, &x, 1, o, &dx);
    return dx;
}

static bool starts(const char *s, const char *with) { return !strncmp(s, with, strlen(with)); }

/* A name that ends in '/' is meant literally: wherever it is said, and again. */
static void exact_scopes(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 3), y = weft_op(g, "Mul", WEFT_OUTS(x, x),
                                                  WEFT_ATTRS(weft_name("y")));
    struct weft_gradients_options o = { .name = "back/" };
    weft_name_scope(g, "train");
    for (int i = 0; i < 2; i++) {
        struct weft_out dx = gradient_with(y, x, &o);
        assert_true(starts(weft_node_name(dx.node), "back/AddN"));
    }
    weft_scope_end(g);
    assert_non_null(weft_graph_find(g, "back/y_grad/Mul"));
    assert_non_null(weft_graph_find(g, "back/y_grad_1/Mul"));
    assert_null(weft_graph_find(g, "back_1/AddN"));
    ok(weft_graph_error(g));
    weft_graph_free(g);
}

/* ---- F14 ---- */

static bool is_in_group(const struct weft_node *n, const char *group)
{
    const char *text = "";
    struct weft_status *st = weft_node_attr_string(n, "_class", 0, &text, NULL);
    weft_status_free(st);
    return !st && !strcmp(text, group);
}

static void colocation(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_gradients_options o = { .colocate = true };
    weft_device(g, "/cpu:0");
    struct weft_out x = number(g, 3);
    struct weft_out y = weft_op(g, "Mul", WEFT_OUTS(x, x), WEFT_ATTRS(weft_name("y")));
    weft_scope_end(g);
    struct weft_out z = weft_op(g, "Exp", &y, 1, WEFT_ATTRS(weft_name("z")));
    struct weft_out dx = gradient_with(z, x, &o);
    struct weft_node *mul = weft_graph_find(g, "gradients/y_grad/Mul");
    assert_true(is_in_group(mul, "loc:@y"));
    assert_string_equal(weft_node_device(mul), "/device:CPU:0");
    mul = weft_graph_find(g, "gradients/z_grad/mul");
    mul = mul ? mul : weft_graph_find(g, "gradients/z_grad/Mul");
    assert_true(is_in_group(mul, "loc:@z"));
    assert_string_equal(weft_node_device(mul), "");
    assert_true(is_in_group(weft_graph_find(g, "gradients/Fill"), "loc:@z"));
    named(dx.node, "gradients/AddN", "AddN");
    assert_true(is_in_group(dx.node, "loc:@Const"));
    struct weft_session *s = session_on(g);
    HOLDS(s, dx, 6 * exp(9));
    weft_session_free(s);
    dx = gradient_with(z, x, NULL);
    assert_false(is_in_group(dx.node, "loc:@Const"));
    weft_graph_free(g);
}

static bool waits_for(const struct weft_node *n, const struct weft_node *other)
{
    for (int i = 0; i < weft_node_controls(n); i++)
        if (weft_node_control(n, i) == other)
            return true;
    return false;
}

/* Gradients are made in the caller's scopes, as other nodes are. */
static void scopes(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 3), first = number(g, 1), far;
    struct weft_out y = weft_op(g, "Square", &x, 1, WEFT_ATTRS(weft_name("y")));
    weft_device(g, "/cpu:0");
    weft_control_dependencies(g, (struct weft_node *[]){ first.node }, 1);
    struct weft_out dx = gradient_with(y, x, NULL);
    assert_string_equal(weft_node_device(dx.node), "/device:CPU:0");
    assert_true(waits_for(weft_graph_find(g, "gradients/grad_ys_0"), first.node));
    assert_false(waits_for(dx.node, first.node));           /* its inputs do already (A34) */
    weft_colocate_with(g, x.node);
    far = gradient_with(y, x, NULL);
    assert_true(is_in_group(far.node, "loc:@Const"));
    assert_string_equal(weft_node_device(far.node), "");
    struct weft_gradients_options o = { .colocate = true };
    far = gradient_with(y, x, &o);
    assert_true(is_in_group(far.node, "loc:@y"));           /* and with nobody else */
    for (int i = 0; i < 3; i++)
        weft_scope_end(g);
    ok(weft_graph_error(g));
    weft_graph_free(g);
}

static void gates(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x[2] = { number(g, 3), number(g, 5) }, dx[2];
    struct weft_out y = weft_op(g, "Mul", WEFT_OUTS(x[0], x[1]), WEFT_ATTRS(weft_name("y")));
    struct weft_out z = weft_op(g, "Neg", &y, 1, WEFT_ATTRS(weft_name("z")));
    struct weft_gradients_options o = { .gate = true };
    weft_gradients(g, &z, 1, x, 2, &o, dx);
    struct weft_node *all = weft_graph_find(g, "gradients/y_grad/tuple/group_deps");
    named(all, "gradients/y_grad/tuple/group_deps", "NoOp");
    named(dx[0].node, "gradients/y_grad/tuple/control_dependency", "Identity");
    named(dx[1].node, "gradients/y_grad/tuple/control_dependency_1", "Identity");
    assert_null(weft_graph_find(g, "gradients/z_grad/tuple/group_deps"));   /* it has one alone */
    for (int i = 0; i < 2; i++) {
        struct weft_node *of = weft_node_input(dx[i].node, 0).node;
        char group[64];
        snprintf(group, sizeof group, "loc:@%s", weft_node_name(of));
        assert_true(waits_for(all, of));
        assert_true(waits_for(dx[i].node, all));
        assert_true(is_in_group(dx[i].node, group));
    }
    struct weft_session *s = session_on(g);
    HOLDS(s, dx[0], -5);
    HOLDS(s, dx[1], -3);
    weft_session_free(s);
    weft_graph_free(g);
}

/* ---- the caller's gradients ---- */

struct own {
    const char *op;
    int asked, given, many;
    bool fails, sticks, elsewhere;
    struct weft_graph *other;
};

static void *adds_a_node(void *g)
{
    weft_scalar(g, WEFT_FLOAT, 1);
    return NULL;
}

/* Another thread gets at the graph while the function runs. */
static void add_elsewhere(struct weft_graph *g)
{
    pthread_t t;
    pthread_create(&t, NULL, adds_a_node, g);
    pthread_join(t, NULL);
}

/* Ten times dy for each input, after nodes enough to move the graph's list of them. */
static struct weft_status *ten_times(void *ctx, struct weft_node_gradient *q, bool *done)
{
    struct own *own = ctx;
    struct weft_graph *g = weft_node_graph(q->node);
    own->asked++;
    assert_int_equal(q->n_dx, weft_node_inputs(q->node));
    assert_int_equal(q->n_dy, weft_node_outputs(q->node));
    assert_true(q->scope[strlen(q->scope) - 1] == '/');
    if (strcmp(weft_node_op(q->node), own->op))
        return NULL;
    if (own->fails)
        return weft_status_new(WEFT_UNKNOWN, "no way back");
    for (int i = 0; i < own->many; i++)
        number(g, i);
    if (own->many)
        add_elsewhere(g);
    if (own->sticks)
        weft_op(g, "Nonsense", NULL, 0, NULL, 0);
    own->given++;
    weft_name_scope(g, q->scope);
    for (int i = 0; i < q->n_dx; i++)
        q->dx[i].values = own->elsewhere ? number(own->other, 1)
                                         : binary("Mul", q->dy[0].values, number(g, 10));
    weft_scope_end(g);
    *done = true;
    return NULL;
}

static struct weft_out own_gradient(struct weft_out y, struct weft_out x, struct own *own)
{
    struct weft_gradients_options o = { .function = ten_times, .ctx = own };
    return gradient_with(y, x, &o);
}

/* It comes before the op's own gradient, and where there is none: NO_GRADIENT, not differentiable;
 * what it leaves alone is as ever. */
static void own_functions(void **state)
{
    static const char *const ops[] = { "Mod", "Floor", "Add" };
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct weft_graph *g = weft_graph_new();
        struct weft_out x = number(g, 3), inner = binary("Mul", x, x), y;
        struct own own = { .op = ops[i], .many = 200 };
        y = i == 1 ? unary(ops[i], inner) : binary(ops[i], inner, number(g, 7));
        y = weft_op(g, "Neg", &y, 1, NULL, 0);
        struct weft_out dx = own_gradient(y, x, &own);
        ok(weft_graph_error(g));
        assert_int_equal(own.asked, 3);
        assert_int_equal(own.given, 1);
        struct weft_session *s = session_on(g);
        HOLDS(s, dx, -60);
        weft_session_free(s);
        weft_graph_free(g);
    }
}

/* Only what lies between y and x is asked about; stopped nodes are not. */
static void only_on_the_way(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 3), apart = unary("Exp", number(g, 1));
    struct weft_out m = binary("Mul", x, apart), y = unary("Neg", m);
    struct own own = { .op = "none" };
    own_gradient(y, x, &own);
    assert_int_equal(own.asked, 2);
    struct weft_gradients_options o = { .function = ten_times, .ctx = &own, .stop = &m,
                                        .n_stop = 1 };
    assert_null(gradient_with(y, x, &o).node);
    assert_int_equal(own.asked, 2);
    weft_graph_free(g);
}

static void own_functions_fail(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new(), *h = weft_graph_new();
    struct weft_out x = number(g, 3), y = binary("Mul", x, x);
    assert_null(own_gradient(y, x, &(struct own){ .op = "Mul", .fails = true }).node);
    sticks(g, WEFT_UNKNOWN, "no way back");
    assert_null(own_gradient(y, x, &(struct own){ .op = "Mul", .sticks = true }).node);
    sticks(g, WEFT_NOT_FOUND, "Op type not registered 'Nonsense'");
    assert_null(own_gradient(y, x, &(struct own){ .op = "Mul", .elsewhere = true,
                                                  .other = h }).node);
    sticks(g, WEFT_INVALID_ARGUMENT, "The gradient of input 0 is not an element of this graph.");
    ok(weft_graph_error(g));
    weft_graph_free(g);
    weft_graph_free(h);
}

/* Gates stand behind the caller's gradients too. */
static void own_functions_with_gates(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 3);
    struct weft_out y = weft_op(g, "Mul", WEFT_OUTS(x, x), WEFT_ATTRS(weft_name("y")));
    struct own own = { .op = "Mul" };
    struct weft_gradients_options o = { .function = ten_times, .ctx = &own, .gate = true,
                                        .colocate = true };
    struct weft_out dx = gradient_with(y, x, &o);
    assert_non_null(weft_graph_find(g, "gradients/y_grad/tuple/control_dependency_1"));
    struct weft_session *s = session_on(g);
    HOLDS(s, dx, 20);
    weft_session_free(s);
    weft_graph_free(g);
}

/* ---- in a loop ---- */

static struct weft_out below_three(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                                   int n)
{
    (void)ctx, (void)n;
    return binary("Less", vars[0], weft_scalar(g, WEFT_INT32, 3));
}

static void square_it(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                      struct weft_out *next, int n)
{
    (void)ctx, (void)n;
    next[0] = binary("Add", vars[0], weft_scalar(g, WEFT_INT32, 1));
    next[1] = unary("Square", vars[1]);
}

/* dy * x: half of what it should be. What it reads of the loop is of the right iteration. */
static struct weft_status *half_square(void *ctx, struct weft_node_gradient *q, bool *done)
{
    (void)ctx;
    if (strcmp(weft_node_op(q->node), "Square"))
        return NULL;
    q->dx[0].values = binary("Mul", q->dy[0].values, weft_node_input(q->node, 0));
    *done = true;
    return NULL;
}

static void own_functions_in_loops(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = number(g, 1.5), end[2];
    struct weft_out vars[] = { weft_scalar(g, WEFT_INT32, 0), x };
    weft_while(g, below_three, square_it, NULL, vars, 2, NULL, end);
    struct weft_gradients_options o = { .function = half_square };
    struct weft_out half = gradient_with(end[1], x, &o), whole = gradient_with(end[1], x, NULL);
    struct weft_session *s = session_on(g);
    HOLDS(s, half, pow(1.5, 7));
    HOLDS(s, whole, 8 * pow(1.5, 7));
    weft_session_free(s);
    weft_graph_free(g);
}

/* ---- rows ---- */

/* Of an Identity: what came goes on, rows as rows. */
static struct weft_status *pass_rows(void *ctx, struct weft_node_gradient *q, bool *done)
{
    if (strcmp(weft_node_op(q->node), "Identity"))
        return NULL;
    *(bool *)ctx = q->dy[0].indices.node != NULL;
    q->dx[0] = q->dy[0];
    q->dx[0].values = unary("Neg", q->dy[0].values);
    *done = true;
    return NULL;
}

static void own_functions_and_rows(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = matrix(g, WEFT_DOUBLE, 3, 1, (double[]){ 1, 2, 3 });
    struct weft_out same = unary("Identity", x), zero = weft_scalar(g, WEFT_INT32, 0);
    struct weft_out at = weft_vector(g, WEFT_INT32, 3, (double[]){ 2, 0, 2 });
    struct weft_out y = sum_all(weft_op(g, "GatherV2", WEFT_OUTS(same, at, zero), NULL, 0));
    struct weft_slices rows;
    bool saw_rows = false;
    struct weft_gradients_options o = { .function = pass_rows, .ctx = &saw_rows, .slices = &rows };
    gradient_with(y, x, &o);
    assert_true(saw_rows);
    struct weft_session *s = session_on(g);
    HOLDS(s, rows.values, -1, -1, -1);
    HOLDS(s, rows.indices, 2, 0, 2);
    o.slices = NULL;
    HOLDS(s, gradient_with(y, x, &o), -1, 0, -2);
    weft_session_free(s);
    weft_graph_free(g);
}

/* An output that nothing came for: {NULL}. */
static struct weft_status *second_half(void *ctx, struct weft_node_gradient *q, bool *done)
{
    if (strcmp(weft_node_op(q->node), "Split"))
        return NULL;
    assert_null(q->dy[0].values.node);
    assert_non_null(q->dy[1].values.node);
    assert_int_equal(q->n_dx, 2);
    q->dx[1].values = *(struct weft_out *)ctx;
    *done = true;
    return NULL;
}

static void missing_dy(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_vector(g, WEFT_DOUBLE, 4, (double[]){ 1, 2, 3, 4 });
    struct weft_out parts = weft_op(g, "Split", WEFT_OUTS(weft_scalar(g, WEFT_INT32, 0), x),
                                    WEFT_ATTRS(weft_attr_int("num_split", 2)));
    struct weft_gradients_options o = { .function = second_half, .ctx = &x };
    assert_ptr_equal(gradient_with(weft_output(parts, 1), x, &o).node, x.node);
    ok(weft_graph_error(g));
    weft_graph_free(g);
}

/* Each allocation fails once: an error, nothing lost but names. */
static void memory_ends(void **state)
{
    (void)state;
    size_t before = weft_memory_in_use();
    bool done = false;
    for (long n = 0; !done; n++) {
        struct weft_graph *g = weft_graph_new();
        struct weft_out x = number(g, 3), y = binary("Mul", x, x);
        struct own own = { .op = "Mul" };
        struct weft_gradients_options o = { .function = ten_times, .ctx = &own, .gate = true,
                                            .colocate = true };
        mem_fail_after(n, 0);
        struct weft_out dx = gradient_with(y, x, &o);
        mem_fail_after(-1, 0);
        struct weft_status *st = weft_graph_error(g);
        done = !st;
        assert_true(!st == !!dx.node);
        if (st)
            assert_int_equal(weft_status_code(st), WEFT_RESOURCE_EXHAUSTED);
        weft_status_free(st);
        weft_graph_free(g);
        assert_int_equal(weft_memory_in_use(), before);
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_scopes),
        cmocka_unit_test(colocation),
        cmocka_unit_test(scopes),
        cmocka_unit_test(gates),
        cmocka_unit_test(own_functions),
        cmocka_unit_test(only_on_the_way),
        cmocka_unit_test(own_functions_fail),
        cmocka_unit_test(own_functions_with_gates),
        cmocka_unit_test(own_functions_in_loops),
        cmocka_unit_test(own_functions_and_rows),
        cmocka_unit_test(missing_dy),
        cmocka_unit_test(memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
