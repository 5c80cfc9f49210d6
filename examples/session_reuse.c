/* One session, many inputs: the graph is compiled once, at the first of them. The weights are zero,
 * so that every class is as likely as the others. */
#include "lesson.h"

enum { PIXELS = 784, CLASSES = 10 };

int main(void)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_out x = weft_placeholder_with(g, WEFT_FLOAT, WEFT_ATTRS(
        weft_name("x"), weft_attr_shape("shape", 2, (int64_t[]){ -1, PIXELS })));
    struct weft_variable w = weft_variable_new(
        g, "W", weft_zeros(g, WEFT_FLOAT, 2, (int64_t[]){ PIXELS, CLASSES }), 0);
    struct weft_variable b = weft_variable_new(
        g, "b", weft_zeros(g, WEFT_FLOAT, 1, (int64_t[]){ CLASSES }), 0);
    struct weft_out y = weft_softmax(g, weft_add(g, weft_mat_mul(g, x, w.value), b.value));
    struct weft_session *s = session_on(g);
    weft_check(weft_session_do(s, weft_variables_initializer(g)));
    for (int64_t n = 1; n <= 3; n++) {
        struct weft_tensor *input, *output;
        weft_check(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ n, PIXELS }, NULL, &input));
        weft_check(weft_session_run(s, NULL, WEFT_FEEDS({ x, input }), &y, 1, NULL, 0, &output));
        printf("%lld input%s: [%lld,%lld], each %.1f\n", (long long)n, n > 1 ? "s" : "",
               (long long)weft_tensor_dim(output, 0), (long long)weft_tensor_dim(output, 1),
               weft_tensor_number(output, n * CLASSES - 1));
        weft_tensor_free(input);
        weft_tensor_free(output);
    }
    weft_session_free(s);
    weft_graph_free(g);
    return 0;
}
