/* Resetting drops the thread's default graph; the next use makes a fresh one. The old graph is not
 * cleared: who still holds it, such as a session, goes on with it. */
#include "lesson.h"

int main(void)
{
    struct weft_out x = weft_scalar(NULL, WEFT_FLOAT, 7);
    struct weft_session *old = session_on(NULL);
    printf("before: %s, %d node\n", weft_node_name(x.node), weft_graph_count(weft_default_graph()));
    weft_check(weft_reset_default_graph());
    printf("after: %d nodes\n", weft_graph_count(weft_default_graph()));
    struct weft_out y = weft_scalar(NULL, WEFT_FLOAT, 8);
    printf("names begin anew: %s\n", weft_node_name(y.node));
    printf("the old session still computes %g\n", eval(old, x));
    print_error(weft_session_do(old, y.node));
    weft_session_free(old);

    weft_name_scope(NULL, "layer");
    print_error(weft_reset_default_graph());
    weft_scope_end(NULL);
    weft_check(weft_reset_default_graph());
    return 0;
}
