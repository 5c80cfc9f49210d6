/* tiny.c - a whole program: two numbers are fed, added and fetched. Prints the
 * megabytes it then has resident; run.sh times it from start to end. */
#include "measure.h"

#include <weft.h>
#include <weft_ops.h>

int main(void)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_placeholder(g, WEFT_FLOAT), y = weft_placeholder(g, WEFT_FLOAT);
    struct weft_out z = weft_add(g, x, y);
    struct weft_session *s;
    weft_check(weft_session_new(g, NULL, &s));
    struct weft_tensor *a = weft_tensor_scalar(WEFT_FLOAT, 2);
    struct weft_tensor *b = weft_tensor_scalar(WEFT_FLOAT, 3);
    struct weft_tensor *sum;
    weft_check(weft_session_run(s, NULL, WEFT_FEEDS({ x, a }, { y, b }), &z, 1, NULL, 0, &sum));
    row("h_resident_mb_of_tiny_program", 1, resident_mb());
    int ok = weft_tensor_number(sum, 0) == 5;
    weft_tensor_free(a);
    weft_tensor_free(b);
    weft_tensor_free(sum);
    weft_session_free(s);
    weft_graph_free(g);
    return !ok;
}
