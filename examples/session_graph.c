/* A session has one graph for life; the default graph is the thread's and may change. */
#include "lesson.h"

int main(void)
{
    struct weft_out z = weft_add(NULL, weft_scalar(NULL, WEFT_INT32, 2),
                                 weft_scalar(NULL, WEFT_INT32, 3));
    struct weft_session *s = session_on(NULL);
    printf("the session's graph is the default one: %s\n",
           yes_no(weft_session_graph(s) == weft_default_graph()));
    printf("z = %g\n", eval(s, z));
    struct weft_graph *other = weft_graph_new();
    weft_check(weft_graph_enter(other));
    printf("inside another graph: %s\n", yes_no(weft_session_graph(s) == weft_default_graph()));
    weft_check(weft_graph_leave(other));
    printf("outside again: %s\n", yes_no(weft_session_graph(s) == weft_default_graph()));
    weft_graph_free(other);
    weft_session_free(s);
    return 0;
}
