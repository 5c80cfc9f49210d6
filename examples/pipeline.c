/* A pipeline: lines of a text file become pairs of numbers, shuffled, in batches, read ahead; a
 * line is fitted to them. Each walk through the data ends with OUT_OF_RANGE; another begins. */
#include "lesson.h"

#include <stdlib.h>
#include <unistd.h>

enum { POINTS = 200, BATCH = 20, EPOCHS = 200 };

static const enum weft_dtype pair[] = { WEFT_FLOAT, WEFT_FLOAT };
static const struct weft_shape scalars[2], columns[2] = { { 1, { -1 } }, { 1, { -1 } } };

/* What datasets and iterators are told of their elements. */
#define PAIRS(shapes) pair, 2, shapes, 2

static struct weft_out number(double v) { return weft_scalar(NULL, WEFT_INT64, v); }

static struct weft_out text(const char *s)
{
    struct weft_tensor *t = weft_tensor_text(s, strlen(s));
    struct weft_out o = weft_const(NULL, t);
    weft_tensor_free(t);
    return o;
}

static void write_points(char *path)
{
    FILE *f = fdopen(mkstemp(path), "w");
    for (int i = 0; i < POINTS; i++)
        fprintf(f, "%g,%g\n", i / (double)POINTS, 3 * i / (double)POINTS - 1);
    fclose(f);
}

/* The default graph gets a function: a line of text to two numbers. */
static void define_parse(void)
{
    struct weft_graph *body = weft_graph_new();
    struct weft_out line = weft_op(body, "Placeholder", NULL, 0,
                                   WEFT_ATTRS(weft_attr_type("dtype", WEFT_STRING),
                                              weft_attr_shape("shape", 0, NULL)));
    struct weft_out zero = weft_vector(body, WEFT_FLOAT, 1, (double[]){ 0 });
    struct weft_out x = weft_decode_csv(body, line, WEFT_OUTS(zero, zero));
    struct weft_out both[] = { x, weft_output(x, 1) };
    struct weft_bytes def;
    weft_check(weft_graph_define(body, &(struct weft_definition){
        .name = "parse", .inputs = &line, .n_inputs = 1, .outputs = both, .n_outputs = 2,
        .n_nodes = -1 }, &def));
    weft_check(weft_graph_add_function(weft_default_graph(), def.data, def.size, NULL));
    weft_bytes_free(&def);
    weft_graph_free(body);
}

static struct weft_out pipeline(const char *path)
{
    struct weft_out d = weft_text_line_dataset(NULL, text(path), text(""), number(0));
    define_parse();
    d = weft_map_dataset(NULL, d, NULL, 0, "parse", PAIRS(scalars));
    d = weft_shuffle_dataset(NULL, d, number(POINTS), number(1), number(2), PAIRS(scalars));
    d = weft_batch_dataset(NULL, d, number(BATCH), PAIRS(columns));
    return weft_prefetch_dataset(NULL, d, number(2), PAIRS(columns));
}

int main(void)
{
    char path[] = P_tmpdir "/weft-lesson-XXXXXX";
    write_points(path);
    struct weft_out it = weft_iterator_v2(NULL, "", "", PAIRS(columns));
    struct weft_node *begin = weft_make_iterator(NULL, pipeline(path), it).node;
    struct weft_out x = weft_iterator_get_next(NULL, it, PAIRS(columns));
    struct weft_out y = weft_output(x, 1), zero = weft_scalar(NULL, WEFT_FLOAT, 0);
    struct weft_variable w = weft_variable_new(NULL, "w", zero, 0);
    struct weft_variable b = weft_variable_new(NULL, "b", zero, 0);
    struct weft_out error = weft_sub(NULL, weft_add(NULL, weft_mul(NULL, x, w.value), b.value), y);
    struct weft_out loss = weft_mean(NULL, weft_square(NULL, error),
                                     weft_vector(NULL, WEFT_INT32, 1, (double[]){ 0 }));
    struct weft_optimizer *sgd = weft_gradient_descent(.2);
    struct weft_node *train = weft_minimize(sgd, loss, NULL, 0, NULL);
    struct weft_session *s = session_on(NULL);
    weft_check(weft_session_do(s, weft_variables_initializer(NULL)));
    int steps = 0;
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        struct weft_status *st;
        weft_check(weft_session_do(s, begin));
        while (!(st = weft_session_do(s, train)))
            steps++;
        if (epoch == 0)
            print_error(st);
        else
            weft_status_free(st);
    }
    printf("%d steps: w = %.2f, b = %.2f\n", steps, eval(s, w.value), eval(s, b.value));
    weft_optimizer_free(sgd);
    weft_session_free(s);
    unlink(path);
    return 0;
}
