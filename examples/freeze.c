/* A trained graph frozen: its variables become constants, and what training needed stays behind.
 * The bytes are all that another program needs; it has no variables to restore. */
#include "lesson.h"

/* The line through (1, 5) and (2, 7), found by gradient descent. */
static struct weft_bytes trained(void)
{
    struct weft_graph *g = weft_graph_new();
    weft_check(weft_graph_enter(g));
    struct weft_out x = weft_placeholder_with(g, WEFT_FLOAT, WEFT_ATTRS(weft_name("x")));
    struct weft_out points = weft_vector(g, WEFT_FLOAT, 2, (double[]){ 1, 2 });
    struct weft_out wanted = weft_vector(g, WEFT_FLOAT, 2, (double[]){ 5, 7 });
    struct weft_variable w = weft_variable_new(g, "w", weft_scalar(g, WEFT_FLOAT, 0), 0);
    struct weft_variable b = weft_variable_new(g, "b", weft_scalar(g, WEFT_FLOAT, 0), 0);
    struct weft_out y = weft_add_with(g, weft_mul(g, x, w.value), b.value,
                                      WEFT_ATTRS(weft_name("y")));
    struct weft_out error = weft_sub(g, weft_add(g, weft_mul(g, points, w.value), b.value), wanted);
    struct weft_out loss = weft_sum(g, weft_square(g, error),
                                    weft_vector(g, WEFT_INT32, 1, (double[]){ 0 }));
    struct weft_optimizer *o = weft_gradient_descent(0.1);
    struct weft_node *step = weft_minimize(o, loss, NULL, 0, NULL);
    struct weft_session *s = session_on(g);
    weft_check(weft_session_do(s, weft_variables_initializer(g)));
    for (int i = 0; i < 500; i++)
        weft_check(weft_session_do(s, step));

    struct weft_bytes frozen;
    const char *output = weft_node_name(y.node);
    weft_check(weft_freeze(s, NULL, 0, &output, 1, NULL, &frozen));
    weft_optimizer_free(o);
    weft_session_free(s);
    weft_check(weft_graph_leave(g));
    printf("The graph that was trained has over 50 nodes: %s. The frozen one:\n",
           yes_no(weft_graph_count(g) > 50));
    weft_graph_free(g);
    return frozen;
}

int main(void)
{
    struct weft_bytes frozen = trained();
    struct weft_graph *g = weft_graph_new();
    weft_check(weft_graph_import(g, NULL, frozen.data, frozen.size));
    weft_bytes_free(&frozen);
    for (int i = 0; i < weft_graph_count(g); i++)
        printf("%s is a %s\n", weft_node_name(weft_graph_node(g, i)),
               weft_node_op(weft_graph_node(g, i)));

    struct weft_out x, y;
    struct weft_tensor *ten = weft_tensor_scalar(WEFT_FLOAT, 10), *value;
    weft_check(weft_graph_find_out(g, "x:0", &x));
    weft_check(weft_graph_find_out(g, "y:0", &y));
    struct weft_session *s = session_on(g);
    weft_check(weft_session_run(s, NULL, WEFT_FEEDS({ x, ten }), &y, 1, NULL, 0, &value));
    printf("y at 10: %.3f\n", weft_tensor_number(value, 0));
    weft_tensor_free(value);
    weft_tensor_free(ten);
    weft_session_free(s);
    weft_graph_free(g);
    return 0;
}
