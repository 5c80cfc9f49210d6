/* flow_test.c - Switch and Merge in a graph, both ways, and back; dead values are not fetched. */
#include "api/testing.h"

struct branch {
    struct weft_graph *g;
    struct weft_session *s;
    struct weft_out x, pred, neg, y, dx;
};

/* y is -x where pred is false, x * x where it is true. */
static struct branch branch_new(void)
{
    struct branch b = { .g = weft_graph_new() };
    b.x = placeholder(b.g, "x", WEFT_FLOAT, 0, NULL);
    b.pred = placeholder(b.g, "pred", WEFT_BOOL, 0, NULL);
    struct weft_out way = binary("Switch", b.x, b.pred);
    b.neg = unary("Neg", way);
    b.y = binary("Merge", b.neg, unary("Square", weft_output(way, 1)));
    weft_gradients(b.g, &b.y, 1, &b.x, 1, NULL, &b.dx);
    b.s = session_on(b.g);
    return b;
}

static void branch_end(struct branch *b)
{
    weft_session_free(b->s);
    weft_graph_free(b->g);
}

static struct weft_status *fetch(const struct branch *b, bool taken, struct weft_out o, double *v)
{
    struct weft_tensor *x = weft_tensor_scalar(WEFT_FLOAT, 3), *t = NULL;
    struct weft_tensor *pred = weft_tensor_scalar(WEFT_BOOL, taken);
    const struct weft_feed feeds[] = { { b->x, x }, { b->pred, pred } };
    struct weft_status *st = weft_session_run(b->s, NULL, feeds, 2, &o, 1, NULL, 0, &t);
    *v = t ? weft_tensor_number(t, 0) : 0;
    weft_tensor_free(x);
    weft_tensor_free(pred);
    weft_tensor_free(t);
    return st;
}

static void both_ways(void **state)
{
    static const struct { bool taken; double y, which, dx; } want[] = { { false, -3, 0, -1 },
                                                                        { true, 9, 1, 6 } };
    struct branch b = branch_new();
    (void)state;
    for (int i = 0; i < 2; i++) {
        double y, which, dx;
        ok(fetch(&b, want[i].taken, b.y, &y));
        ok(fetch(&b, want[i].taken, weft_output(b.y, 1), &which));
        ok(fetch(&b, want[i].taken, b.dx, &dx));
        is_near(y, want[i].y, 0);
        is_near(which, want[i].which, 0);
        is_near(dx, want[i].dx, 1e-6);
    }
    branch_end(&b);
}

/* E22 */
static void dead_values(void **state)
{
    struct branch b = branch_new();
    double v;
    (void)state;
    ok(fetch(&b, false, b.neg, &v));
    fails(fetch(&b, true, b.neg, &v), WEFT_INVALID_ARGUMENT, "Retval");
    branch_end(&b);
}

static void references(void **state)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_variable v = weft_variable_new(g, "v", weft_scalar(g, WEFT_FLOAT, 5), 0);
    struct weft_tensor *yes = weft_tensor_scalar(WEFT_BOOL, 1);
    struct weft_out way = binary("RefSwitch", v.ref, weft_const(g, yes));
    struct weft_out more = binary("AssignAdd", weft_output(way, 1), weft_scalar(g, WEFT_FLOAT, 2));
    struct weft_session *s = session_on(g);
    (void)state;
    ok(weft_session_do(s, weft_variables_initializer(g)));
    HOLDS(s, more, 7);
    HOLDS(s, v.value, 7);
    weft_tensor_free(yes);
    weft_session_free(s);
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(dead_values),
        cmocka_unit_test(references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
