/* Closing a session gives back what the session owned. The graph stays, and grows on. */
#include "lesson.h"

int main(void)
{
    struct weft_out a = weft_scalar(NULL, WEFT_INT32, 1), b = weft_scalar(NULL, WEFT_INT32, 2);
    struct weft_session *s = session_on(NULL);
    struct weft_out sum = weft_add(NULL, a, b);
    printf("a + b = %g\n", eval(s, sum));
    weft_session_close(s);
    printf("The session is closed; the default graph has %d nodes.\n",
           weft_graph_count(weft_default_graph()));
    weft_scalar(NULL, WEFT_INT32, 3);
    printf("One more constant: %d nodes.\n", weft_graph_count(weft_default_graph()));
    print_error(weft_session_do(s, sum.node));
    weft_session_free(s);
    return 0;
}
