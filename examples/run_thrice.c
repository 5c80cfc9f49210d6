/* A session runs again and again; nothing needs to be started anew. */
#include "lesson.h"

int main(void)
{
    struct weft_out sum = weft_add(NULL, weft_scalar(NULL, WEFT_INT32, 2),
                                   weft_scalar(NULL, WEFT_INT32, 3));
    struct weft_session *s = session_on(NULL);
    for (int i = 0; i < 3; i++)
        printf("Result: %g\n", eval(s, sum));
    weft_session_free(s);
    return 0;
}
