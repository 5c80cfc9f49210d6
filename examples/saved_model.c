/* A model that leaves its program: saved as a directory with its variables and with names for what
 * goes in and comes out, and run by somebody who knows those names alone. */
#include "lesson.h"

#include <stdlib.h>

static void save(const char *dir)
{
    struct weft_graph *g = weft_graph_new();
    weft_check(weft_graph_enter(g));
    struct weft_out x = weft_op(g, "Placeholder", NULL, 0,
                                WEFT_ATTRS(weft_name("x"), weft_attr_type("dtype", WEFT_FLOAT),
                                           weft_attr_shape("shape", 1, (int64_t[]){ -1 })));
    struct weft_variable w = weft_variable_new(g, "w", weft_scalar(g, WEFT_FLOAT, 2), 0);
    struct weft_out y = weft_mul(g, x, w.value);
    struct weft_out learned = weft_variable_assign(w, weft_scalar(g, WEFT_FLOAT, 0.5));
    struct weft_session *s = session_on(g);
    weft_check(weft_session_do(s, learned.node));

    struct weft_meta_graph *m = weft_meta_graph_new();
    struct weft_named_out in = { "number", x }, out = { "product", y };
    weft_meta_graph_tag(m, "serve");
    weft_meta_graph_signature(m, NULL, NULL, &in, 1, &out, 1);
    weft_check(weft_saved_model_save(s, m, dir, false));
    print_error(weft_saved_model_save(s, m, "/tmp", false));
    weft_meta_graph_free(m);
    weft_session_free(s);
    weft_check(weft_graph_leave(g));
    weft_graph_free(g);
}

static void list(const struct weft_saved_model *m)
{
    for (int i = 0; i < weft_saved_model_signatures(m); i++) {
        const struct weft_signature *s = weft_saved_model_signature(m, i);
        struct weft_signature_value in = weft_signature_input(s, 0);
        struct weft_signature_value out = weft_signature_output(s, 0);
        printf("%s (%s): %s is %s, a %s of rank %d; %s is %s\n", weft_signature_key(s),
               weft_signature_method(s), in.key, in.name, weft_dtype_name(in.dtype),
               in.shape.rank, out.key, out.name);
    }
}

static void run(struct weft_saved_model *m)
{
    struct weft_tensor *x, *y;
    weft_check(weft_tensor_new(WEFT_FLOAT, 1, (int64_t[]){ 3 }, (float[]){ 1, 2, 5 }, &x));
    weft_check(weft_saved_model_run(m, NULL, NULL, &(struct weft_named_value){ "number", x }, 1,
                                    &y));
    char *text = weft_tensor_to_text(y, 10);
    printf("product of 1, 2, 5: %s\n", text);
    print_error(weft_saved_model_run(m, NULL, NULL, NULL, 0, &y));
    free(text);
    weft_tensor_free(x);
    weft_tensor_free(y);
}

int main(void)
{
    char parent[] = P_tmpdir "/weft-lesson-XXXXXX", dir[64], command[128];
    static const char *const serve = "serve", *const train = "train";
    struct weft_saved_model *m;
    if (!mkdtemp(parent))
        return 1;
    snprintf(dir, sizeof dir, "%s/model", parent);
    save(dir);
    weft_check(weft_saved_model_load(dir, &serve, 1, NULL, &m));
    list(m);
    run(m);
    weft_saved_model_free(m);
    print_error(weft_saved_model_load(dir, &train, 1, NULL, &m));
    snprintf(command, sizeof command, "rm -r %s", parent);
    return system(command) != 0;
}
