/* Experiments in a loop, each with a graph of its own: nothing piles up. */
#include "lesson.h"

int main(void)
{
    size_t after_first = 0;
    for (int i = 0; i < 2; i++) {
        struct weft_graph *g = weft_graph_new();
        weft_check(weft_graph_enter(g));
        struct weft_out total = weft_add(NULL, weft_scalar(NULL, WEFT_INT32, 10),
                                         weft_scalar(NULL, WEFT_INT32, 20));
        weft_check(weft_graph_leave(g));
        struct weft_session *s = session_on(g);
        printf("experiment %d: %g, %d nodes\n", i + 1, eval(s, total), weft_graph_count(g));
        weft_session_free(s);
        weft_graph_free(g);
        if (i == 0)
            after_first = weft_memory_in_use();
    }
    printf("memory grew from one to the next: %s\n", yes_no(weft_memory_in_use() != after_first));
    return 0;
}
