/* Two graphs in one process, each entered as the default while it is built; a session stays bound
 * to its graph after the block. */
#include "lesson.h"

static void print_matrix(struct weft_session *s, struct weft_out y)
{
    struct weft_tensor *t;
    weft_check(weft_session_eval(s, y, &t));
    printf("Graph 2 result: [[%g %g] [%g %g]]\n",
           weft_tensor_number(t, 0), weft_tensor_number(t, 1),
           weft_tensor_number(t, 2), weft_tensor_number(t, 3));
    weft_tensor_free(t);
}

static struct weft_out matrix(const float *values)
{
    struct weft_tensor *t;
    weft_check(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ 2, 2 }, values, &t));
    struct weft_out m = weft_const(NULL, t);
    weft_tensor_free(t);
    return m;
}

int main(void)
{
    struct weft_graph *g1 = weft_graph_new(), *g2 = weft_graph_new();
    weft_check(weft_graph_enter(g1));
    struct weft_out c = weft_add(NULL, weft_scalar(NULL, WEFT_FLOAT, 5),
                                 weft_scalar(NULL, WEFT_FLOAT, 10));
    struct weft_session *s1 = session_on(NULL);
    weft_check(weft_graph_leave(g1));
    printf("Graph 1 result: %.1f\n", eval(s1, c));

    weft_check(weft_graph_enter(g2));
    struct weft_out product = weft_mat_mul(NULL, matrix((float[]){ 1, 2, 3, 4 }),
                                           matrix((float[]){ 5, 6, 7, 8 }));
    struct weft_session *s2 = session_on(NULL);
    weft_check(weft_graph_leave(g2));
    print_matrix(s2, product);
    weft_session_free(s1);
    weft_session_free(s2);
    weft_graph_free(g1);
    weft_graph_free(g2);
    return 0;
}
