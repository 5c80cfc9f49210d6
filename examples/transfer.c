/* Weights taken over by name: a new model starts with what an old one has learned, as far as they
 * have variables of the same name and shape; the rest starts afresh. */
#include "lesson.h"

#include <stdlib.h>

/* What the old program saved. */
static void save(const char *prefix)
{
    static const char *const names[] = { "body/w", "body/b", "head/w" };
    struct weft_tensor *values[3];
    weft_check(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ 2, 2 }, (float[]){ 1, 2, 3, 4 },
                               &values[0]));
    weft_check(weft_tensor_new(WEFT_FLOAT, 1, (int64_t[]){ 2 }, (float[]){ 5, 6 }, &values[1]));
    weft_check(weft_tensor_new(WEFT_FLOAT, 2, (int64_t[]){ 2, 10 }, NULL, &values[2]));
    weft_check(weft_checkpoint_write(prefix, names, values, 3));
    for (int i = 0; i < 3; i++)
        weft_tensor_free(values[i]);
}

static int same_shape(struct weft_variable v, const struct weft_tensor *t)
{
    int64_t dims[WEFT_MAX_RANK];
    int rank = weft_out_shape(v.value, dims), same = rank == weft_tensor_rank(t);
    for (int i = 0; same && i < rank; i++)
        same = dims[i] == weft_tensor_dim(t, i);
    return same;
}

/* The value is fed to the node that assigns the variable its first one. */
static void take_over(struct weft_session *s, struct weft_variable v, struct weft_checkpoint *c)
{
    const char *name = weft_node_name(v.ref.node);
    int i = weft_checkpoint_find(c, name);
    struct weft_tensor *t = NULL;
    struct weft_out first = weft_node_input(v.initializer, 1);
    if (i >= 0)
        weft_check(weft_checkpoint_read(c, i, &t));
    if (i < 0)
        printf("%s: new\n", name);
    else if (!same_shape(v, t))
        printf("%s: of another shape\n", name);
    else {
        printf("%s: taken over\n", name);
        weft_check(weft_session_run(s, NULL, WEFT_FEEDS({ first, t }), NULL, 0,
                                    WEFT_NODES(v.initializer), NULL));
    }
    weft_tensor_free(t);
}

int main(void)
{
    char dir[] = P_tmpdir "/weft-lesson-XXXXXX", prefix[64], command[64];
    if (!mkdtemp(dir))
        return 1;
    snprintf(prefix, sizeof prefix, "%s/old", dir);
    save(prefix);

    struct weft_out two = weft_zeros(NULL, WEFT_FLOAT, 1, (int64_t[]){ 2 });
    struct weft_out square = weft_zeros(NULL, WEFT_FLOAT, 2, (int64_t[]){ 2, 2 });
    struct weft_out three = weft_zeros(NULL, WEFT_FLOAT, 2, (int64_t[]){ 2, 3 });
    struct weft_variable v[4] = {
        weft_variable_new(NULL, "body/w", square, 0), weft_variable_new(NULL, "body/b", two, 0),
        weft_variable_new(NULL, "head/w", three, 0), weft_variable_new(NULL, "head/b", two, 0),
    };
    struct weft_session *s = session_on(NULL);
    weft_check(weft_session_do(s, weft_variables_initializer(NULL)));
    struct weft_checkpoint *c;
    weft_check(weft_checkpoint_open(prefix, &c));
    for (int i = 0; i < 4; i++)
        take_over(s, v[i], c);
    weft_checkpoint_free(c);

    struct weft_tensor *w;
    weft_check(weft_session_eval(s, v[0].value, &w));
    char *text = weft_tensor_to_text(w, 10);
    printf("body/w:\n%s\n", text);
    free(text);
    weft_tensor_free(w);
    weft_session_free(s);
    print_error(weft_checkpoint_open("/nowhere/model", &c));
    snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) != 0;
}
