/* A loop and, in it, a condition: halve an even number, treble an odd one and add one, until it is
 * 1. Both are built once, by functions; how often the loop goes round is decided in the run. */
#include "lesson.h"

static struct weft_out number(struct weft_graph *g, double x)
{
    return weft_scalar(g, WEFT_INT32, x);
}

/* The two branches see the loop's variable through `ctx`, as they would see anything else. */
static void halve(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)n;
    results[0] = weft_floor_div(g, *(struct weft_out *)ctx, number(g, 2));
}

static void treble(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    (void)n;
    results[0] = weft_add(g, weft_mul(g, *(struct weft_out *)ctx, number(g, 3)), number(g, 1));
}

static struct weft_out not_yet_one(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                                   int n)
{
    (void)ctx, (void)n;
    return weft_greater(g, vars[0], number(g, 1));
}

static void step(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                 struct weft_out *next, int n)
{
    struct weft_out x = vars[0];
    struct weft_out even = weft_equal(g, weft_floor_mod(g, x, number(g, 2)), number(g, 0));
    (void)ctx, (void)n;
    weft_cond(g, NULL, even, halve, treble, &x, &next[0], 1);
    next[1] = weft_add(g, vars[1], number(g, 1));
}

int main(void)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out start = weft_placeholder_with(
        g, WEFT_INT32, WEFT_ATTRS(weft_name("start"), weft_attr_shape("shape", 0, NULL)));
    struct weft_out vars[2] = { start, number(g, 0) }, results[2];
    weft_while(g, not_yet_one, step, NULL, vars, 2, NULL, results);

    struct weft_session *s = session_on(g);
    for (int i = 1; i <= 27; i += 13) {
        struct weft_tensor *from = weft_tensor_scalar(WEFT_INT32, i), *steps;
        weft_check(weft_session_run(s, NULL, WEFT_FEEDS({ start, from }), &results[1], 1, NULL, 0,
                                    &steps));
        printf("from %d: %g steps\n", i, weft_tensor_number(steps, 0));
        weft_tensor_free(steps);
        weft_tensor_free(from);
    }
    printf("A value of the loop has no meaning outside of it:\n");
    weft_neg(g, weft_node_input(results[1].node, 0));
    print_error(weft_graph_error(g));
    weft_session_free(s);
    weft_graph_free(g);
    return 0;
}
