/* What a training run tells of itself goes into an event file, which TensorBoard shows; it can be
 * read here as well. */
#include "lesson.h"

#include <stdlib.h>
#include <unistd.h>

/* One step of gradient descent on (w - 3)^2 after another, the loss written as a summary. */
static void train(struct weft_event_writer *w)
{
    struct weft_variable v = weft_variable_new(NULL, "w", weft_scalar(NULL, WEFT_FLOAT, 0), 0);
    struct weft_out three = weft_scalar(NULL, WEFT_FLOAT, 3);
    struct weft_out loss = weft_squared_difference(NULL, v.value, three);
    struct weft_out summary = weft_scalar_summary(NULL, weft_text(NULL, "loss"), loss);
    struct weft_optimizer *descent = weft_gradient_descent(0.25);
    struct weft_node *step = weft_minimize(descent, loss, NULL, 0, NULL);
    struct weft_node *init = weft_variables_initializer(NULL);
    struct weft_session *s = session_on(NULL);
    weft_check(weft_event_writer_graph(w, weft_default_graph(), 0));
    weft_check(weft_session_do(s, init));
    for (int i = 1; i <= 4; i++) {
        struct weft_tensor *t;
        size_t n;
        weft_check(weft_session_eval(s, summary, &t));
        const char *bytes = weft_tensor_string(t, 0, &n);
        weft_check(weft_event_writer_summary(w, bytes, n, i));
        weft_tensor_free(t);
        weft_check(weft_session_do(s, step));
    }
    weft_check(weft_event_writer_text(w, "note", "w is near **3** now", 4));
    weft_session_free(s);
    weft_optimizer_free(descent);
}

static void show(const struct weft_event *e)
{
    if (e->kind == WEFT_EVENT_VERSION)
        printf("version: %s\n", e->text);
    else if (e->kind == WEFT_EVENT_GRAPH)
        printf("step %d: a graph\n", (int)e->step);
    else if (e->kind == WEFT_EVENT_SCALAR)
        printf("step %d: %s = %g\n", (int)e->step, e->tag, e->number);
    else if (e->kind == WEFT_EVENT_TENSOR)
        printf("step %d: %s, for the plugin \"%s\"\n", (int)e->step, e->tag, e->text);
}

static void read_back(const char *path)
{
    struct weft_event_reader *r;
    struct weft_event e;
    bool done = false;
    weft_check(weft_event_reader_new(path, &r));
    while (!done) {
        weft_check(weft_event_reader_next(r, &e, &done));
        if (!done)
            show(&e);
    }
    weft_event_reader_free(r);
}

int main(void)
{
    char dir[] = P_tmpdir "/weft_lesson_XXXXXX", path[512];
    struct weft_event_writer *w;
    if (!mkdtemp(dir))
        return 1;
    weft_check(weft_event_writer_new(dir, NULL, &w));
    train(w);
    snprintf(path, sizeof path, "%s", weft_event_writer_path(w));
    weft_check(weft_event_writer_close(w));
    read_back(path);
    printf("For pictures of it: tensorboard --logdir FOLDER\n");
    unlink(path);
    rmdir(dir);
    return 0;
}
