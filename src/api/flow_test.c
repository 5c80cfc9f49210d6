/* flow_test.c - weft_cond(), weft_case(), weft_while(): what they build and what it computes
 * (E18-E31), and what may not be fed or fetched (A84, A85). */
#include "api/testing.h"

static struct weft_out number(struct weft_graph *g, double x)
{
    return weft_scalar(g, WEFT_FLOAT, x);
}

static struct weft_out int32(struct weft_graph *g, double x)
{
    return weft_scalar(g, WEFT_INT32, x);
}

static double with(struct weft_session *s, struct weft_out feed, enum weft_dtype t, double x,
                   struct weft_out fetch)
{
    struct weft_tensor *value = weft_tensor_scalar(t, x), *got = NULL;
    struct weft_feed f = { feed, value };
    ok(weft_session_run(s, NULL, &f, 1, &fetch, 1, NULL, 0, &got));
    double result = weft_tensor_number(got, 0);
    weft_tensor_free(got);
    weft_tensor_free(value);
    return result;
}

/* ---- conditions ---- */

struct two { struct weft_out x, y; int calls; };

static void sum(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    struct two *two = ctx;
    (void)g, (void)n;
    two->calls++;
    results[0] = binary("AddV2", two->x, two->y);
}

static void square(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    struct two *two = ctx;
    (void)g, (void)n;
    two->calls++;
    results[0] = binary("Mul", two->x, two->x);
}

/* E18: both are called once, while building; the taken one is computed. The nodes are TF's. */
static void one_branch_is_computed(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out pred = placeholder(g, "p", WEFT_BOOL, 0, NULL), r;
    struct two two = { number(g, 3), number(g, 4), 0 };
    weft_cond(g, NULL, pred, sum, square, &two, &r, 1);
    assert_int_equal(two.calls, 2);
    named(r.node, "cond/Merge", "Merge");
    static const char *const names[] = {
        "cond/Switch", "cond/switch_t", "cond/switch_f", "cond/pred_id", "cond/AddV2",
        "cond/AddV2/Switch", "cond/AddV2/Switch_1", "cond/Mul", "cond/Mul/Switch" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_non_null(weft_graph_find(g, names[i]));
    assert_null(weft_graph_find(g, "cond/Mul/Switch_1"));
    struct weft_session *s = session_on(g);
    is_near(with(s, pred, WEFT_BOOL, 1, r), 7, 0);
    is_near(with(s, pred, WEFT_BOOL, 0, r), 9, 0);
    weft_session_free(s);
    weft_graph_free(g);
}

/* ---- loops ---- */

static struct weft_out below_ten(void *ctx, struct weft_graph *g, const struct weft_out *vars, int n)
{
    (void)ctx, (void)n;
    return binary("Less", vars[0], int32(g, 10));
}

static void count_and_add(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                          struct weft_out *next, int n)
{
    struct weft_out *by = ctx;
    (void)n;
    next[0] = binary("AddV2", vars[0], int32(g, 1));
    next[1] = binary("AddV2", vars[1], *by);
}

static void loops_run(void **state)
{
    (void)state;
    struct weft_graph *g = weft_graph_new();
    struct weft_out by = number(g, 2), r[2];
    weft_while(g, below_ten, count_and_add, &by, (struct weft_out[]){ int32(g, 0), number(g, 1) },
               2, NULL, r);
    ok(weft_graph_error(g));
    named(r[0].node, "while/Exit", "Exit");
    named(r[1].node, "while/Exit_1", "Exit");
    struct weft_session *s = session_on(g);
    HOLDS(s, r[0], 10);
    HOLDS(s, r[1], 21);
    weft_session_free(s);
    weft_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_branch_is_computed),
        cmocka_unit_test(loops_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
