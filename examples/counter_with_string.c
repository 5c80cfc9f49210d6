/* Values of two types from one session: a number that moves on, and text, which is bytes. */
#include "lesson.h"

#include <stdlib.h>

int main(void)
{
    struct weft_out zero = weft_scalar(NULL, WEFT_INT32, 0);
    struct weft_variable v = weft_variable_new(NULL, "counter", zero, 0);
    struct weft_out next = weft_variable_add(v, weft_scalar(NULL, WEFT_INT32, 1));
    struct weft_out hello = weft_text(NULL, "Hello");
    struct weft_session *s = session_on(NULL);
    weft_check(weft_session_do(s, weft_variables_initializer(NULL)));
    for (int i = 0; i < 3; i++) {
        struct weft_tensor *t;
        weft_check(weft_session_run(s, NULL, NULL, 0, &hello, 1, &next.node, 1, &t));
        char *text = weft_tensor_to_text(t, 10);
        printf("Counter: %g, Output: %s\n", eval(s, v.value), text);
        free(text);
        weft_tensor_free(t);
    }
    weft_session_free(s);
    return 0;
}
