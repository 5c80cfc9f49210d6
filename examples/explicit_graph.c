/* A graph of one's own: built, run, and still there when the session is closed. */
#include "lesson.h"

int main(void)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_scalar(g, WEFT_INT32, 2), y = weft_scalar(g, WEFT_INT32, 3);
    struct weft_out z = weft_add(g, x, y);
    struct weft_session *s = session_on(g);
    printf("x + y = %g\n", eval(s, z));
    weft_session_free(s);
    printf("The session is gone; the graph has its %d nodes: %s, %s, %s.\n", weft_graph_count(g),
           weft_node_name(x.node), weft_node_name(y.node), weft_node_name(z.node));
    weft_graph_free(g);
    return 0;
}
