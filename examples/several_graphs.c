/* Two graphs, a session on each, and the default graph beside them. */
#include "lesson.h"

static struct weft_out two_constants(struct weft_graph *g, double a, double b, int product)
{
    struct weft_out x = weft_scalar(g, WEFT_INT32, a), y = weft_scalar(g, WEFT_INT32, b);
    return product ? weft_mul(g, x, y) : weft_add(g, x, y);
}

int main(void)
{
    struct weft_graph *g1 = weft_graph_new(), *g2 = weft_graph_new();
    struct weft_out z1 = two_constants(g1, 2, 3, 0), z2 = two_constants(g2, 5, 10, 1);
    struct weft_session *s1 = session_on(g1), *s2 = session_on(g2);
    printf("on the default graph: %s, %s\n",
           yes_no(weft_session_graph(s1) == weft_default_graph()),
           yes_no(weft_session_graph(s2) == weft_default_graph()));
    printf("on their own: %s, %s\n", yes_no(weft_session_graph(s1) == g1),
           yes_no(weft_session_graph(s2) == g2));
    printf("%g\n%g\n", eval(s1, z1), eval(s2, z2));
    print_error(weft_session_do(s1, z2.node));
    weft_session_free(s1);
    weft_session_free(s2);

    struct weft_out z3 = two_constants(NULL, 15, 5, 0);
    struct weft_session *s3 = session_on(NULL);
    printf("%g\n", eval(s3, z3));
    weft_session_free(s3);
    weft_graph_free(g1);
    weft_graph_free(g2);
    return 0;
}
