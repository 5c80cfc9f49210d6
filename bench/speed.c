/* speed.c - the workloads of peers.md through weft.h: speed [THREADS] [PART OF A NAME].
 * Values are microseconds unless the row's name says otherwise. */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <weft.h>
#include <weft_ops.h>

static int threads = 1;

#define DIMS(...) (int)(sizeof((int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t)), \
                  (const int64_t[]){ __VA_ARGS__ }

static struct weft_session *session_on(struct weft_graph *g)
{
    struct weft_session *s;
    weft_check(weft_session_new(g, NULL, &s));
    return s;
}

static struct weft_tensor *filled(int rank, const int64_t *dims)
{
    struct weft_tensor *t;
    unsigned state = 12345;
    weft_check(weft_tensor_new(WEFT_FLOAT, rank, dims, NULL, &t));
    float *p = weft_tensor_data(t);
    for (int64_t i = 0; i < weft_tensor_count(t); i++) {
        state = state * 1664525u + 1013904223u;
        p[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
    return t;
}

/* ---- one prepared call, again and again ---- */

enum { MOST = 4 };

struct work {
    struct weft_graph *g;
    struct weft_session *s;
    struct weft_call *call;
    struct weft_out feed[MOST], fetch[MOST];
    struct weft_tensor *value[MOST];
    int n_feeds, n_fetches;
};

static void feeds(struct work *w, struct weft_out to, struct weft_tensor *value)
{
    w->feed[w->n_feeds] = to;
    w->value[w->n_feeds++] = value;
}

static void call_once(void *ctx)
{
    struct work *w = ctx;
    struct weft_tensor *out[MOST];
    weft_check(weft_call_run(w->call, NULL, w->value, out));
    for (int i = 0; i < w->n_fetches; i++)
        weft_tensor_free(out[i]);
}

static void run_once(void *ctx)
{
    struct work *w = ctx;
    struct weft_tensor *out[MOST];
    struct weft_feed feed[MOST];
    for (int i = 0; i < w->n_feeds; i++)
        feed[i] = (struct weft_feed){ w->feed[i], w->value[i] };
    weft_check(weft_session_run(w->s, NULL, feed, w->n_feeds, w->fetch, w->n_fetches, NULL, 0,
                                out));
    for (int i = 0; i < w->n_fetches; i++)
        weft_tensor_free(out[i]);
}

static void prepare(struct work *w, struct weft_node *target)
{
    weft_check(weft_graph_error(w->g));
    w->s = session_on(w->g);
    weft_check(weft_session_do(w->s, weft_variables_initializer(w->g)));
    weft_check(weft_call_new(w->s, w->feed, w->n_feeds, w->fetch, w->n_fetches, &target,
                             target != NULL, &w->call));
}

static void finish(struct work *w)
{
    weft_call_free(w->call);
    weft_session_free(w->s);
    weft_graph_free(w->g);
    for (int i = 0; i < w->n_feeds; i++)
        weft_tensor_free(w->value[i]);
}

static void report(struct work *w, const char *name)
{
    char text[80];
    row(name, threads, measure_us(call_once, w));
    long before = allocations();
    for (int i = 0; i < 10; i++)
        call_once(w);
    snprintf(text, sizeof text, "%s:allocations_in_10_runs", name);
    row(text, threads, (double)(allocations() - before));
}

/* ---- a, b: dispatch ---- */

static void feed_add_fetch(const char *name)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    struct weft_out x = weft_placeholder(w.g, WEFT_FLOAT), y = weft_placeholder(w.g, WEFT_FLOAT);
    feeds(&w, x, weft_tensor_scalar(WEFT_FLOAT, 2));
    feeds(&w, y, weft_tensor_scalar(WEFT_FLOAT, 3));
    w.fetch[0] = weft_add(w.g, x, y);
    prepare(&w, NULL);
    report(&w, name);
    row("a_feed_add_fetch_general_run", threads, measure_us(run_once, &w));
    finish(&w);
}

static struct weft_out chain_of_adds(struct weft_graph *g, struct weft_out x, int n)
{
    struct weft_out one = weft_placeholder_with(g, WEFT_FLOAT, WEFT_ATTRS(weft_name("one")));
    for (int i = 0; i < n; i++)
        x = weft_add(g, x, one);
    return x;
}

static void chain(const char *name)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    struct weft_out x = weft_placeholder(w.g, WEFT_FLOAT);
    w.fetch[0] = chain_of_adds(w.g, x, 1000);
    feeds(&w, x, weft_tensor_scalar(WEFT_FLOAT, 0));
    struct weft_out one;
    weft_check(weft_graph_find_out(w.g, "one:0", &one));
    feeds(&w, one, weft_tensor_scalar(WEFT_FLOAT, .5));
    prepare(&w, NULL);
    report(&w, name);
    finish(&w);
}

/* ---- c, d: training steps ---- */

static struct weft_out variable(struct weft_graph *g, int rank, const int64_t *dims, double scale)
{
    struct weft_out first = rank == 1 ? weft_zeros(g, WEFT_FLOAT, rank, dims)
                                      : weft_normal(g, WEFT_FLOAT, rank, dims, 0, scale, 1);
    return weft_variable_new(g, "v", first, 0).value;
}

static struct weft_out full(struct weft_graph *g, struct weft_out x, int64_t from, int64_t to)
{
    struct weft_out y = weft_mat_mul(g, x, variable(g, DIMS(from, to), .03));
    return weft_bias_add(g, y, variable(g, DIMS(to), 0));
}

static struct weft_out labels_fed(struct work *w, int batch)
{
    struct weft_out y = weft_placeholder(w->g, WEFT_INT32);
    struct weft_tensor *t;
    weft_check(weft_tensor_new(WEFT_INT32, DIMS(batch), NULL, &t));
    for (int i = 0; i < batch; i++)
        ((int32_t *)weft_tensor_data(t))[i] = i % 10;
    feeds(w, y, t);
    return y;
}

static struct weft_out fed(struct work *w, int rank, const int64_t *dims)
{
    struct weft_out x = weft_placeholder_with(
        w->g, WEFT_FLOAT, WEFT_ATTRS(weft_attr_shape("shape", rank, dims)));
    feeds(w, x, filled(rank, dims));
    return x;
}

static struct weft_node *sgd_step(struct work *w, struct weft_out logits, struct weft_out labels)
{
    struct weft_out each = weft_sparse_softmax_cross_entropy_with_logits(w->g, logits, labels);
    w->fetch[0] = weft_mean(w->g, each, weft_vector(w->g, WEFT_INT32, 1, (double[]){ 0 }));
    w->n_fetches = 1;
    struct weft_optimizer *o = weft_gradient_descent(1e-4);
    struct weft_node *train = weft_minimize(o, w->fetch[0], NULL, 0, NULL);
    weft_optimizer_free(o);
    return train;
}

static struct weft_out mlp(struct weft_graph *g, struct weft_out x)
{
    return full(g, weft_relu(g, full(g, x, 784, 128)), 128, 10);
}

static void mlp_forward(const char *name, int batch)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    w.fetch[0] = weft_softmax(w.g, mlp(w.g, fed(&w, DIMS(batch, 784))));
    prepare(&w, NULL);
    report(&w, name);
    finish(&w);
}

static void mlp_step(const char *name, int batch)
{
    struct work w = { .g = weft_graph_new() };
    struct weft_out logits = mlp(w.g, fed(&w, DIMS(batch, 784)));
    prepare(&w, sgd_step(&w, logits, labels_fed(&w, batch)));
    report(&w, name);
    finish(&w);
}

static struct weft_out conv(struct weft_graph *g, struct weft_out x, int64_t from, int64_t to)
{
    const int64_t one[] = { 1, 1, 1, 1 }, two[] = { 1, 2, 2, 1 };
    struct weft_out y = weft_conv2d(g, x, variable(g, DIMS(5, 5, from, to), .04), one, 4, "SAME");
    y = weft_relu(g, weft_bias_add(g, y, variable(g, DIMS(to), 0)));
    return weft_max_pool(g, y, two, 4, two, 4, "SAME");
}

static struct weft_out lenet(struct weft_graph *g, struct weft_out x)
{
    x = conv(g, conv(g, x, 1, 32), 32, 64);
    x = weft_reshape(g, x, weft_vector(g, WEFT_INT32, 2, (double[]){ -1, 3136 }));
    return full(g, weft_relu(g, full(g, x, 3136, 1024)), 1024, 10);
}

static void lenet_forward(const char *name, int batch)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    w.fetch[0] = weft_softmax(w.g, lenet(w.g, fed(&w, DIMS(batch, 28, 28, 1))));
    prepare(&w, NULL);
    report(&w, name);
    finish(&w);
}

static void lenet_step(const char *name, int batch)
{
    struct work w = { .g = weft_graph_new() };
    struct weft_out logits = lenet(w.g, fed(&w, DIMS(batch, 28, 28, 1)));
    prepare(&w, sgd_step(&w, logits, labels_fed(&w, batch)));
    report(&w, name);
    finish(&w);
}

/* ---- e: branches and loops ---- */

static struct weft_out is_below(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                                int n)
{
    (void)n;
    return weft_less(g, vars[0], weft_scalar(g, WEFT_INT32, *(int *)ctx));
}

static void count_up(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                     struct weft_out *next, int n)
{
    (void)ctx, (void)n;
    next[0] = weft_add(g, vars[0], weft_scalar(g, WEFT_INT32, 1));
}

/* An iteration, in nanoseconds. */
static void empty_loop(const char *name, int n)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    struct weft_out zero = weft_placeholder_with(w.g, WEFT_INT32,
                                                 WEFT_ATTRS(weft_attr_shape("shape", 0, NULL)));
    feeds(&w, zero, weft_tensor_scalar(WEFT_INT32, 0));
    weft_while(w.g, is_below, count_up, &n, &zero, 1, NULL, w.fetch);
    prepare(&w, NULL);
    row(name, threads, measure_us(call_once, &w) * 1e3 / n);
    finish(&w);
}

static void square_row(void *ctx, struct weft_graph *g, const struct weft_out *state,
                       const struct weft_out *x, struct weft_out *results)
{
    (void)ctx, (void)state;
    results[0] = weft_mul(g, x[0], x[0]);
}

/* An element, in nanoseconds. */
static void map_elements(const char *name, int n)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    struct weft_out x = fed(&w, DIMS(n));
    weft_map_fn(w.g, square_row, NULL, &x, 1, NULL, w.fetch, 1);
    prepare(&w, NULL);
    row(name, threads, measure_us(call_once, &w) * 1e3 / n);
    finish(&w);
}

static void sum_of_two(void *ctx, struct weft_graph *g, struct weft_out *results, int n)
{
    const struct work *w = ctx;
    (void)n;
    results[0] = weft_add(g, w->feed[1], w->feed[2]);
}

static double sum_us(bool choose)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    feeds(&w, weft_placeholder(w.g, WEFT_BOOL), weft_tensor_scalar(WEFT_BOOL, 1));
    for (int i = 0; i < 2; i++)
        feeds(&w, weft_placeholder(w.g, WEFT_FLOAT), weft_tensor_scalar(WEFT_FLOAT, 2));
    if (choose)
        weft_cond(w.g, NULL, w.feed[0], sum_of_two, sum_of_two, &w, w.fetch, 1);
    else
        sum_of_two(&w, w.g, w.fetch, 1);
    prepare(&w, NULL);
    double us = measure_us(call_once, &w);
    finish(&w);
    return us;
}

/* What the choice of a branch costs, in nanoseconds. */
static void condition(const char *name, int n)
{
    (void)n;
    row(name, threads, (sum_us(true) - sum_us(false)) * 1e3);
}

static double branches_us(struct work *w, int inter)
{
    struct weft_session_options *o = weft_session_options_new();
    weft_session_options_threads(o, 1, inter);
    weft_check(weft_session_new(w->g, o, &w->s));
    weft_session_options_free(o);
    double us = measure_us(run_once, w);
    weft_session_free(w->s);
    return us;
}

/* Products of matrices, 10 ms or so in each branch: how many times as fast as on one core. */
static void two_branches(const char *name, int n)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 2 };
    for (int i = 0; i < 2; i++) {
        struct weft_out x = fed(&w, DIMS(n, n));
        struct weft_out y = weft_mat_mul(w.g, weft_mat_mul(w.g, x, x), x);
        w.fetch[i] = weft_sum(w.g, y, weft_vector(w.g, WEFT_INT32, 2, (double[]){ 0, 1 }));
    }
    if (threads > 1)
        row(name, threads, branches_us(&w, 1) / branches_us(&w, 2));
    weft_graph_free(w.g);
    for (int i = 0; i < 2; i++)
        weft_tensor_free(w.value[i]);
}

/* ---- f: a recurrent network, 128 units, 28 steps ---- */

enum { STEPS = 28, UNITS = 128 };

/* Every step's output, of BlockLSTM, as straight C has it: no peepholes, nothing clipped. */
static struct weft_out lstm_block(struct weft_graph *g, const struct weft_out x[3], int batch)
{
    struct weft_out zero = weft_zeros(g, WEFT_FLOAT, DIMS(batch, UNITS));
    struct weft_out none = weft_zeros(g, WEFT_FLOAT, DIMS(UNITS));
    struct weft_out steps = weft_scalar(g, WEFT_INT64, STEPS);
    struct weft_out block = weft_block_lstm_with(
        g, steps, x[0], zero, zero, x[1], none, none, none, x[2],
        WEFT_ATTRS(weft_attr_float("cell_clip", 0), weft_attr_float("forget_bias", 0)));
    return (struct weft_out){ block.node, 6 };
}

/* x, the weights, the bias. */
static void lstm_feeds(struct work *w, int batch)
{
    fed(w, DIMS(STEPS, batch, UNITS));
    fed(w, DIMS(2 * UNITS, 4 * UNITS));
    fed(w, DIMS(4 * UNITS));
    float *weight = weft_tensor_data(w->value[1]);
    for (int64_t i = 0; i < weft_tensor_count(w->value[1]); i++)
        weight[i] *= .05f;
}

/* The same step by step, as a cell in a loop over arrays. */
struct cell { int steps; struct weft_array x, y; struct weft_out weights, bias; };

/* Of the variables: the step, the array that is written, the state and the output before. */
static void cell_step(void *ctx, struct weft_graph *g, const struct weft_out *vars,
                      struct weft_out *next, int n)
{
    const struct cell *k = ctx;
    struct weft_out one = weft_scalar(g, WEFT_INT32, 1);
    struct weft_out in[] = { weft_array_read(k->x, vars[0]), vars[3] };
    struct weft_out gates = weft_bias_add(
        g, weft_mat_mul(g, weft_concat_v2(g, in, 2, one), k->weights), k->bias);
    struct weft_out part = weft_split(g, one, gates, 4);
    struct weft_out fresh = weft_mul(g, weft_sigmoid(g, part),
                                     weft_tanh(g, weft_output(part, 1)));
    struct weft_out kept = weft_mul(g, vars[2], weft_sigmoid(g, weft_output(part, 2)));
    (void)n;
    next[0] = weft_add(g, vars[0], one);
    next[2] = weft_add(g, kept, fresh);
    next[3] = weft_mul(g, weft_tanh(g, next[2]), weft_sigmoid(g, weft_output(part, 3)));
    next[1] = weft_array_write(weft_array_at(k->y, vars[1]), vars[0], next[3]).flow;
}

static struct weft_out lstm_loop(struct weft_graph *g, const struct weft_out x[3], int batch)
{
    const struct weft_shape shape = { 2, { batch, UNITS } };
    const struct weft_array_options o = { .shape = &shape };
    struct weft_out n = weft_scalar(g, WEFT_INT32, STEPS);
    struct weft_out zero = weft_zeros(g, WEFT_FLOAT, 2, shape.dims);
    struct cell k = { STEPS, weft_array_new(g, WEFT_FLOAT, n, &o),
                      weft_array_new(g, WEFT_FLOAT, n, &o), x[1], x[2] };
    struct weft_out vars[] = { weft_scalar(g, WEFT_INT32, 0), k.y.flow, zero, zero }, end[4];
    k.x = weft_array_unstack(k.x, x[0]);
    weft_while(g, is_below, cell_step, &k, vars, 4, NULL, end);
    return weft_array_stack(weft_array_at(k.y, end[1]));
}

typedef struct weft_out lstm_of(struct weft_graph *g, const struct weft_out x[3], int batch);

static void forward(const char *name, int batch, lstm_of *lstm)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    lstm_feeds(&w, batch);
    w.fetch[0] = lstm(w.g, w.feed, batch);
    prepare(&w, NULL);
    report(&w, name);
    finish(&w);
}

static void backward(const char *name, int batch, lstm_of *lstm)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 3 };
    lstm_feeds(&w, batch);
    struct weft_out y = lstm(w.g, w.feed, batch), dy = fed(&w, DIMS(STEPS, batch, UNITS));
    weft_gradients(w.g, &y, 1, w.feed, 3, &(struct weft_gradients_options){ .grad_ys = &dy },
                   w.fetch);
    prepare(&w, NULL);
    report(&w, name);
    finish(&w);
}

static void block_forward(const char *name, int batch) { forward(name, batch, lstm_block); }
static void block_backward(const char *name, int batch) { backward(name, batch, lstm_block); }
static void loop_forward(const char *name, int batch) { forward(name, batch, lstm_loop); }
static void loop_backward(const char *name, int batch) { backward(name, batch, lstm_loop); }

/* ---- g: elementwise ---- */

static void elementwise(const char *name, int n)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    struct weft_out x = fed(&w, DIMS(n)), two = weft_scalar(w.g, WEFT_FLOAT, 2);
    struct weft_out y = weft_add(w.g, weft_mul(w.g, x, two), weft_scalar(w.g, WEFT_FLOAT, 1));
    y = weft_tanh(w.g, weft_relu(w.g, y));
    w.fetch[0] = weft_sum(w.g, y, weft_vector(w.g, WEFT_INT32, 1, (double[]){ 0 }));
    prepare(&w, NULL);
    report(&w, name);
    finish(&w);
}

/* ---- i: building; j: a new session; k: nothing grows ---- */

static void build_graph(const char *name, int n)
{
    double build = 1e9, end = 1e9, bytes = 0;
    for (int i = 0; i < 5; i++) {
        size_t before = weft_memory_in_use();
        double start = now_us();
        struct weft_graph *g = weft_graph_new();
        chain_of_adds(g, weft_placeholder(g, WEFT_FLOAT), n);
        double built = now_us();
        bytes = (double)(weft_memory_in_use() - before);
        weft_check(weft_graph_error(g));
        double from = now_us();
        weft_graph_free(g);
        double freed = now_us();
        build = built - start < build ? built - start : build;
        end = freed - from < end ? freed - from : end;
    }
    row(name, threads, build / 1e3);
    row("i_free_100000_adds_ms", threads, end / 1e3);
    row("i_memory_of_100000_adds_mb", threads, bytes / 1e6);
}

static void new_session(void *ctx)
{
    struct work *w = ctx;
    w->s = session_on(w->g);
    run_once(w);
    weft_session_free(w->s);
}

static void first_run(const char *name, int n)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    struct weft_out x = weft_placeholder(w.g, WEFT_FLOAT), one;
    w.fetch[0] = chain_of_adds(w.g, x, n);
    weft_check(weft_graph_find_out(w.g, "one:0", &one));
    feeds(&w, x, weft_tensor_scalar(WEFT_FLOAT, 0));
    feeds(&w, one, weft_tensor_scalar(WEFT_FLOAT, 1));
    row(name, threads, measure_us(new_session, &w));
    weft_graph_free(w.g);
    weft_tensor_free(w.value[0]);
    weft_tensor_free(w.value[1]);
}

static void reset_once(void *ctx)
{
    (void)ctx;
    weft_add(NULL, weft_scalar(NULL, WEFT_FLOAT, 1), weft_scalar(NULL, WEFT_FLOAT, 2));
    weft_check(weft_reset_default_graph());
}

static void growth(const char *name, void (*fn)(void *), void *ctx, int n)
{
    for (int i = 0; i < n / 100; i++)
        fn(ctx);
    double before = resident_mb();
    size_t held = weft_memory_in_use();
    for (int i = 0; i < n; i++)
        fn(ctx);
    if (weft_memory_in_use() != held)
        printf("# %s: the library holds %zd bytes more\n", name,
               (ssize_t)(weft_memory_in_use() - held));
    row(name, threads, resident_mb() - before);
}

static void nothing_grows(const char *name, int n)
{
    struct work w = { .g = weft_graph_new(), .n_fetches = 1 };
    struct weft_out x = weft_placeholder(w.g, WEFT_FLOAT);
    feeds(&w, x, weft_tensor_scalar(WEFT_FLOAT, 2));
    w.fetch[0] = weft_add(w.g, x, x);
    w.s = session_on(w.g);
    growth(name, run_once, &w, n);
    weft_session_free(w.s);
    growth("k_growth_mb_100000_sessions", new_session, &w, n / 10);
    growth("k_growth_mb_100000_resets", reset_once, NULL, n / 10);
    weft_graph_free(w.g);
    weft_tensor_free(w.value[0]);
}

static void dispatch(const char *name, int n) { (void)n; feed_add_fetch(name); }
static void chained(const char *name, int n) { (void)n; chain(name); }

static const struct { const char *name; void (*run)(const char *name, int n); int n; } all[] = {
    { "a_feed_add_fetch", dispatch, 0 },
    { "b_chain1000", chained, 0 },
    { "c_mlp_fwd_b1", mlp_forward, 1 },
    { "c_mlp_fwd_b32", mlp_forward, 32 },
    { "c_mlp_sgd_step_b32", mlp_step, 32 },
    { "c_mlp_sgd_step_b128", mlp_step, 128 },
    { "d_lenet_fwd_b64", lenet_forward, 64 },
    { "d_lenet_sgd_step_b64", lenet_step, 64 },
    { "e_empty_loop_iteration_ns", empty_loop, 1000000 },
    { "e_map_fn_element_ns", map_elements, 100000 },
    { "e_cond_over_its_branch_ns", condition, 0 },
    { "e_two_branches_over_one_core_x", two_branches, 760 },
    { "f_lstm28_fwd_b128", block_forward, 128 },
    { "f_lstm28_fwd_bwd_b128", block_backward, 128 },
    { "f_loop_lstm28_fwd_b128", loop_forward, 128 },
    { "f_loop_lstm28_fwd_bwd_b128", loop_backward, 128 },
    { "g_elementwise_1M", elementwise, 1 << 20 },
    { "i_build_100000_adds_ms", build_graph, 100000 },
    { "j_new_session_first_run_1000_nodes", first_run, 1000 },
    { "k_growth_mb_1000000_runs", nothing_grows, 1000000 },
};

int main(int argc, char **argv)
{
    const char *only = argc > 2 ? argv[2] : "";
    threads = argc > 1 ? atoi(argv[1]) : 1;
    weft_set_threads(threads);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strstr(all[i].name, only))
            all[i].run(all[i].name, all[i].n);
    return 0;
}
