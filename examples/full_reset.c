/* What a reset really leaves: sessions, their variables' values, and what belongs to other
 * graphs. Running an initializer deletes nothing, and a session opened afterwards on the new,
 * empty graph never saw the old variable. */
#include "lesson.h"

int main(void)
{
    weft_default_graph();                       /* the library's own tables are there from now on */
    weft_check(weft_reset_default_graph());
    size_t before = weft_memory_in_use();
    struct weft_variable v = weft_variable_new(NULL, "my_var", weft_scalar(NULL, WEFT_FLOAT, 1), 0);
    struct weft_node *init = weft_variables_initializer(NULL);
    struct weft_session *held = session_on(NULL);
    weft_check(weft_session_do(held, init));

    weft_check(weft_reset_default_graph());
    struct weft_node *empty = weft_variables_initializer(NULL);
    printf("after the reset the initializer is '%s', a %s with %d control inputs\n",
           weft_node_name(empty), weft_node_op(empty), weft_node_controls(empty));
    struct weft_session *fresh = session_on(NULL);
    weft_check(weft_session_do(fresh, empty));
    weft_session_free(fresh);
    printf("the held session still has my_var = %g\n", eval(held, v.value));

    struct weft_out one = weft_scalar(NULL, WEFT_FLOAT, 1);
    weft_add(NULL, one, v.value);
    print_error(weft_graph_error(weft_node_graph(one.node)));

    weft_session_free(held);                    /* this gives the values back ... */
    weft_check(weft_reset_default_graph());     /* ... this the graph */
    printf("memory is back where it began: %s\n", yes_no(weft_memory_in_use() <= before));
    return 0;
}
