/* functions.c - part of a graph under a name: called, differentiated, and run as long as needed.
 *
 * Newton's step towards the square root of 2 is built once, in a graph of its own, and becomes a
 * function. Another graph calls it, asks for its slope, and has a While run it until the square is
 * near enough; what is near enough says a second function.
 */
#include <stdio.h>
#include <weft.h>
#include <weft_ops.h>

static struct weft_out number(struct weft_graph *g, double v)
{
    return weft_scalar(g, WEFT_DOUBLE, v);
}

/* Everything in `body` between x and y becomes a function of `g`; `body` has done its part. */
static void define(struct weft_graph *g, const char *name, struct weft_graph *body,
                   struct weft_out x, struct weft_out y)
{
    struct weft_definition d = { .name = name, .inputs = &x, .n_inputs = 1, .outputs = &y,
                                 .n_outputs = 1, .n_nodes = -1 };
    struct weft_bytes function;
    weft_check(weft_graph_define(body, &d, &function));
    weft_check(weft_graph_add_function(g, function.data, function.size, NULL));
    weft_bytes_free(&function);
    weft_graph_free(body);
}

static void define_step(struct weft_graph *g)
{
    struct weft_graph *body = weft_graph_new();
    struct weft_out x = weft_placeholder(body, WEFT_DOUBLE);
    struct weft_out y = weft_mul(body, number(body, 0.5),
                                 weft_add(body, x, weft_real_div(body, number(body, 2), x)));
    define(g, "Step", body, x, y);
}

static void define_is_far(struct weft_graph *g)
{
    struct weft_graph *body = weft_graph_new();
    struct weft_out x = weft_placeholder(body, WEFT_DOUBLE);
    struct weft_out error = weft_abs(body, weft_sub(body, weft_mul(body, x, x), number(body, 2)));
    define(g, "IsFar", body, x, weft_greater(body, error, number(body, 1e-12)));
}

int main(void)
{
    const enum weft_dtype type = WEFT_DOUBLE;
    struct weft_graph *g = weft_graph_new();
    define_step(g);
    define_is_far(g);

    struct weft_out x = weft_placeholder(g, WEFT_DOUBLE), slope;
    struct weft_out once = weft_partitioned_call(g, &x, 1, &type, 1, "Step");
    struct weft_out root = weft_stateless_while(g, &x, 1, "IsFar", "Step");
    weft_gradients(g, &once, 1, &x, 1, NULL, &slope);

    struct weft_session *s;
    struct weft_tensor *one = weft_tensor_scalar(WEFT_DOUBLE, 1), *value[3];
    weft_check(weft_session_new(g, NULL, &s));
    weft_check(weft_session_run(s, NULL, WEFT_FEEDS({ x, one }), WEFT_OUTS(once, slope, root),
                                NULL, 0, value));
    printf("from 1, one step leads to %g, with slope %g\n", weft_tensor_number(value[0], 0),
           weft_tensor_number(value[1], 0));
    printf("as many as are needed: %.12f\n", weft_tensor_number(value[2], 0));

    for (int i = 0; i < 3; i++)
        weft_tensor_free(value[i]);
    weft_tensor_free(one);
    weft_session_free(s);
    weft_graph_free(g);
    return 0;
}
