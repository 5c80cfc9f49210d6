/* One graph, two sessions: each has its own copy of the variable. That both print 15 after one
 * addition each does not mean that they share it; another addition in the first decides. */
#include "lesson.h"

int main(void)
{
    weft_name_scope(NULL, "shared_scope");
    struct weft_variable v = weft_variable_new(NULL, "shared_var",
                                               weft_scalar(NULL, WEFT_FLOAT, 10), 0);
    struct weft_out add = weft_variable_add(v, weft_scalar(NULL, WEFT_FLOAT, 5));
    weft_scope_end(NULL);
    struct weft_session *s1 = session_on(NULL), *s2 = session_on(NULL);
    weft_check(weft_session_do(s1, weft_variables_initializer(NULL)));
    printf("without an initializer of its own, session 2 cannot add:\n");
    print_error(weft_session_do(s2, add.node));
    weft_check(weft_session_do(s2, weft_variables_initializer(NULL)));

    printf("Initial value: %.1f\n", eval(s1, v.value));
    weft_check(weft_session_do(s1, add.node));
    printf("Session1 Value: %.1f\n", eval(s1, v.value));
    weft_check(weft_session_do(s2, add.node));
    printf("Session2 Value: %.1f\n", eval(s2, v.value));
    printf("equal: %s\n", yes_no(eval(s1, v.value) == eval(s2, v.value)));

    weft_check(weft_session_do(s1, add.node));
    printf("one more addition in session 1: %.1f and %.1f, equal: %s\n", eval(s1, v.value),
           eval(s2, v.value), yes_no(eval(s1, v.value) == eval(s2, v.value)));
    weft_session_free(s1);
    weft_session_free(s2);
    return 0;
}
