/* A variable keeps its value from run to run, for as long as its session is open. */
#include "lesson.h"

int main(void)
{
    struct weft_out one = weft_scalar(NULL, WEFT_INT32, 1);
    struct weft_variable v = weft_variable_new(NULL, "counter", one, 0);
    struct weft_out next = weft_variable_add(v, weft_scalar(NULL, WEFT_INT32, 1));
    struct weft_node *init = weft_variables_initializer(NULL);
    struct weft_session *s = session_on(NULL);
    print_error(weft_session_do(s, next.node));
    weft_check(weft_session_do(s, init));
    for (int i = 0; i < 3; i++)
        printf("Counter: %g\n", eval(s, next));
    weft_check(weft_session_do(s, init));
    printf("Initialized again: %g\n", eval(s, v.value));
    weft_session_free(s);
    return 0;
}
