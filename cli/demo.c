/* demo.c - the main job: the life of graphs and sessions in a few lines, then a convolutional
 * network that learns handwritten digits in one session, is evaluated in a second one, and
 * gives everything back. */
#include "digits.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <weft.h>
#include <weft_ops.h>

enum { BATCH = 100, VARIABLES = 8 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double resident_mb(void)
{
    long pages = 0, ignored;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &ignored, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static double number(struct weft_session *s, struct weft_out y)
{
    struct weft_tensor *t;
    weft_check(weft_session_eval(s, y, &t));
    double v = weft_tensor_number(t, 0);
    weft_tensor_free(t);
    return v;
}

/* ---- a tour of the lifecycle ---- */

static void tour(void)
{
    struct weft_graph *g = weft_graph_new();
    struct weft_session *a, *b;
    struct weft_variable v = weft_variable_new(g, "v", weft_scalar(g, WEFT_FLOAT, 10), 0);
    struct weft_out more = weft_variable_add(v, weft_scalar(g, WEFT_FLOAT, 5));
    struct weft_node *init = weft_variables_initializer(g);
    weft_check(weft_session_new(g, NULL, &a));
    weft_check(weft_session_new(g, NULL, &b));
    printf("A graph of %d nodes, built once; two sessions run it.\n", weft_graph_count(g));
    weft_check(weft_session_do(a, init));
    weft_check(weft_session_do(b, init));
    weft_check(weft_session_do(a, more.node));
    printf("  v starts at 10; one session added 5: it has %g, the other still %g.\n",
           number(a, v.value), number(b, v.value));
    weft_session_close(a);
    struct weft_status *st = weft_session_do(a, more.node);
    printf("  The first is closed (\"%s\"), the second has %g.\n", weft_status_message(st),
           number(b, v.value));
    weft_status_free(st);
    weft_session_free(a);
    weft_session_free(b);
    printf("  Both are closed; the graph still has its %d nodes. A new session starts anew:\n",
           weft_graph_count(g));
    weft_check(weft_session_new(g, NULL, &a));
    st = weft_session_do(a, v.value.node);
    printf("  \"%.*s\"\n", (int)strcspn(weft_status_message(st), "\n"), weft_status_message(st));
    weft_status_free(st);
    weft_session_free(a);
    weft_graph_free(g);
}

/* ---- the network ---- */

struct model {
    struct weft_graph *graph;
    struct weft_out images, labels, loss, correct;
    struct weft_node *init, *train;
    struct weft_variable var[VARIABLES];
    struct weft_out loaded[VARIABLES];          /* placeholders of their values ... */
    struct weft_node *load[VARIABLES];          /* ... and what assigns them */
    int n;
};

static struct weft_out weights(struct model *m, const char *name, int rank, const int64_t *dims,
                               double stddev)
{
    struct weft_out first = rank == 1
        ? weft_zeros(m->graph, WEFT_FLOAT, rank, dims)
        : weft_normal_truncated(m->graph, WEFT_FLOAT, rank, dims, 0, stddev, m->n + 1);
    struct weft_variable v = weft_variable_new(m->graph, name, first, 0);
    m->var[m->n] = v;
    m->loaded[m->n] = weft_placeholder(m->graph, WEFT_FLOAT);
    m->load[m->n] = weft_variable_assign(v, m->loaded[m->n]).node;
    m->n++;
    return v.value;
}

#define DIMS(...) (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), \
                  (const int64_t[]){ __VA_ARGS__ }

static struct weft_out conv_layer(struct model *m, struct weft_out x, int64_t from, int64_t to)
{
    struct weft_graph *g = m->graph;
    const int64_t one[] = { 1, 1, 1, 1 }, two[] = { 1, 2, 2, 1 };
    weft_name_scope(g, "conv");
    struct weft_out w = weights(m, "w", DIMS(5, 5, from, to), .1), b = weights(m, "b", DIMS(to), 0);
    struct weft_out y = weft_conv2d(g, x, w, one, 4, "SAME");
    y = weft_relu(g, weft_bias_add(g, y, b));
    y = weft_max_pool(g, y, two, 4, two, 4, "SAME");
    weft_scope_end(g);
    return y;
}

static struct weft_out full_layer(struct model *m, struct weft_out x, int64_t from, int64_t to,
                                  const char *name)
{
    struct weft_graph *g = m->graph;
    weft_name_scope(g, name);
    struct weft_out w = weights(m, "w", DIMS(from, to), .05), b = weights(m, "b", DIMS(to), 0);
    struct weft_out y = weft_bias_add(g, weft_mat_mul(g, x, w), b);
    weft_scope_end(g);
    return y;
}

static struct weft_out mean(struct weft_graph *g, struct weft_out x)
{
    return weft_mean(g, x, weft_vector(g, WEFT_INT32, 1, (double[]){ 0 }));
}

static void build(struct model *m)
{
    struct weft_graph *g = m->graph = weft_graph_new();
    struct weft_attr batch = weft_attr_shape("shape", DIMS(-1));
    struct weft_attr image = weft_attr_shape("shape", DIMS(-1, SIDE, SIDE, 1));
    m->images = weft_placeholder_with(g, WEFT_FLOAT, WEFT_ATTRS(weft_name("images"), image));
    m->labels = weft_placeholder_with(g, WEFT_INT32, WEFT_ATTRS(weft_name("labels"), batch));
    struct weft_out x = conv_layer(m, m->images, 1, 16);
    x = conv_layer(m, x, 16, 32);
    x = weft_reshape(g, x, weft_vector(g, WEFT_INT32, 2, (double[]){ -1, 7 * 7 * 32 }));
    x = weft_relu(g, full_layer(m, x, 7 * 7 * 32, 128, "hidden"));
    struct weft_out logits = full_layer(m, x, 128, 10, "logits");
    m->loss = mean(g, weft_sparse_softmax_cross_entropy_with_logits(g, logits, m->labels));
    struct weft_out best = weft_arg_max_with(g, logits, weft_scalar(g, WEFT_INT32, 1),
                                             WEFT_ATTRS(weft_attr_type("output_type", WEFT_INT32)));
    m->correct = mean(g, weft_cast(g, weft_equal(g, best, m->labels), WEFT_FLOAT));
    struct weft_optimizer *adam = weft_adam(.001, .9, .999, 1e-8);
    m->train = weft_minimize(adam, m->loss, NULL, 0, NULL);
    weft_optimizer_free(adam);
    m->init = weft_variables_initializer(g);
    weft_check(weft_graph_error(g));
}

/* ---- running it ---- */

struct figures { double loss, accuracy; };

static void copy_batch(const struct digits *d, const int *order, int at, float *images,
                       int32_t *labels)
{
    for (int i = 0; i < BATCH; i++) {
        int k = order ? order[at + i] : at + i;
        memcpy(images + (size_t)i * PIXELS, d->image + (size_t)k * PIXELS, PIXELS * sizeof *images);
        labels[i] = d->label[k];
    }
}

/* One batch through a prepared call; what is fed belongs to the call until it returns. */
static struct figures step(struct weft_call *c, const struct digits *d, const int *order, int at)
{
    struct weft_tensor *feed[2], *out[2];
    weft_check(weft_tensor_new(WEFT_FLOAT, DIMS(BATCH, SIDE, SIDE, 1), NULL, &feed[0]));
    weft_check(weft_tensor_new(WEFT_INT32, DIMS(BATCH), NULL, &feed[1]));
    copy_batch(d, order, at, weft_tensor_data(feed[0]), weft_tensor_data(feed[1]));
    weft_check(weft_call_run(c, NULL, feed, out));
    struct figures f = { weft_tensor_number(out[0], 0), weft_tensor_number(out[1], 0) };
    for (int i = 0; i < 2; i++) {
        weft_tensor_free(feed[i]);
        weft_tensor_free(out[i]);
    }
    return f;
}

static struct weft_call *prepare(struct weft_session *s, const struct model *m,
                                 struct weft_node *target)
{
    struct weft_call *c;
    weft_check(weft_call_new(s, WEFT_OUTS(m->images, m->labels), WEFT_OUTS(m->loss, m->correct),
                             &target, target ? 1 : 0, &c));
    return c;
}

/* The test digits; a last part smaller than a batch is left out. */
static struct figures evaluate(struct weft_session *s, const struct model *m,
                               const struct digits *d)
{
    struct weft_call *c = prepare(s, m, NULL);
    struct figures sum = { 0, 0 };
    int batches = d->n / BATCH;
    for (int i = 0; i < batches; i++) {
        struct figures f = step(c, d, NULL, i * BATCH);
        sum.loss += f.loss / batches;
        sum.accuracy += f.accuracy / batches;
    }
    weft_call_free(c);
    return sum;
}

static void shuffle(int *order, int n, unsigned seed)
{
    uint64_t state = seed;
    for (int i = n - 1; i > 0; i--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int k = (int)((state >> 33) % (uint64_t)(i + 1)), t = order[i];
        order[i] = order[k];
        order[k] = t;
    }
}

static void progress(int epoch, int done, int n, struct figures f, double seconds)
{
    static double shown;
    if (!isatty(STDOUT_FILENO) || (now() - shown < .1 && done < n))
        return;
    shown = now();
    printf("\r  epoch %d  %3d%%  loss %.4f  accuracy %6.2f%%  %6.0f examples/s ", epoch,
           done * 100 / n, f.loss, 100 * f.accuracy, done / seconds);
    fflush(stdout);
}

static void train_epoch(struct weft_call *c, const struct digits *d, int *order, int epoch)
{
    struct figures mean_so_far = { 0, 0 };
    int batches = d->n / BATCH;
    double start = now();
    shuffle(order, d->n, (unsigned)epoch);
    for (int i = 0; i < batches; i++) {
        struct figures f = step(c, d, order, i * BATCH);
        mean_so_far.loss += (f.loss - mean_so_far.loss) / (i + 1);
        mean_so_far.accuracy += (f.accuracy - mean_so_far.accuracy) / (i + 1);
        progress(epoch, (i + 1) * BATCH, batches * BATCH, mean_so_far, now() - start);
    }
    printf("%s  epoch %d  loss %.4f  accuracy %.2f%%  %.0f examples/s%-12s\n",
           isatty(STDOUT_FILENO) ? "\r" : "", epoch, mean_so_far.loss, 100 * mean_so_far.accuracy,
           batches * BATCH / (now() - start), "");
}

/* The trained values go from one session to the other as tensors, without a file. */
static void hand_over(const struct model *m, struct weft_session *from, struct weft_session *to)
{
    struct weft_out values[VARIABLES];
    struct weft_tensor *t[VARIABLES];
    struct weft_feed feed[VARIABLES];
    for (int i = 0; i < m->n; i++)
        values[i] = m->var[i].value;
    weft_check(weft_session_run(from, NULL, NULL, 0, values, m->n, NULL, 0, t));
    for (int i = 0; i < m->n; i++)
        feed[i] = (struct weft_feed){ m->loaded[i], t[i] };
    weft_check(weft_session_run(to, NULL, feed, m->n, NULL, 0, m->load, m->n, NULL));
    for (int i = 0; i < m->n; i++)
        weft_tensor_free(t[i]);
}

static bool load_digits(struct digits *train, struct digits *test, int *epochs, double *goal)
{
    const char *dir = getenv("MNIST");
    *epochs = dir && *dir ? 2 : 3;
    *goal = dir && *dir ? .985 : .97;
    if (dir && *dir) {
        printf("Digits: MNIST, from %s", dir);
        if (!digits_read(dir, "train", train) || !digits_read(dir, "t10k", test))
            return false;
    } else {
        printf("Digits: drawn here (MNIST=dir would use MNIST's)");
        if (!digits_draw(12000, 1, train) || !digits_draw(4000, 2, test))
            return false;
    }
    printf(": %d to learn from, %d to test.\n", train->n, test->n);
    return true;
}

static double learn(const struct digits *train, const struct digits *test, int epochs)
{
    struct model m = { 0 };
    struct weft_session *first, *second;
    int *order = malloc((size_t)train->n * sizeof *order);
    if (!order)
        return 0;
    for (int i = 0; i < train->n; i++)
        order[i] = i;
    build(&m);
    printf("The network: %d nodes, training included. One session trains:\n",
           weft_graph_count(m.graph));
    weft_check(weft_session_new(m.graph, NULL, &first));
    weft_check(weft_session_do(first, m.init));
    struct weft_call *c = prepare(first, &m, m.train);
    for (int epoch = 1; epoch <= epochs; epoch++)
        train_epoch(c, train, order, epoch);
    weft_call_free(c);
    weft_check(weft_session_new(m.graph, NULL, &second));
    hand_over(&m, first, second);
    weft_session_free(first);
    struct figures f = evaluate(second, &m, test);
    printf("A second session was handed the values; the first is closed.\n"
           "  test loss %.4f  test accuracy %.2f%%\n", f.loss, 100 * f.accuracy);
    printf("  held now: %.1f MB\n", (double)weft_memory_in_use() / 1e6);
    weft_session_free(second);
    weft_graph_free(m.graph);
    free(order);
    return f.accuracy;
}

int demo(int argc, char **argv)
{
    struct digits train, test;
    int epochs;
    double goal;
    (void)argv;
    if (argc > 1) {
        fprintf(stderr, "usage: [MNIST=dir] weft demo\n");
        return 2;
    }
    double resident = resident_mb();
    tour();
    size_t before = weft_memory_in_use();       /* the library's own tables */
    printf("\n");
    if (!load_digits(&train, &test, &epochs, &goal))
        return 1;
    double accuracy = learn(&train, &test, epochs);
    digits_free(&train);
    digits_free(&test);
    size_t after = weft_memory_in_use();
    printf("Sessions and graph are freed: the library holds %zu bytes for itself, %s.\n"
           "  The process is at %.0f MB resident; it began with %.0f.\n", after,
           after <= before ? "as before" : "more than before", resident_mb(), resident);
    if (accuracy < goal)
        printf("The accuracy aimed at was %.1f%%.\n", 100 * goal);
    return accuracy >= goal && after <= before ? 0 : 1;
}
