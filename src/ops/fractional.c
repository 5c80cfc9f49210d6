/* fractional.c - FractionalMaxPool and FractionalAvgPool, pooling over windows whose sizes are
 * drawn so that an image shrinks by a fraction, and their gradients. The numbers are TensorFlow's:
 * see sequence_pseudo(). */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "ops/array.h"
#include "ops/pool.h"
#include "ops/random.h"

#include <string.h>

struct fractional {
    struct generator *generator;        /* random.h wants it first; gradients have none */
    bool pseudo, overlapping, deterministic;
    float ratio[4];
    const struct pool_loops *loops;
};

/* Window i of rows or columns is [at[i], at[i+1]), or with the next one's first if they overlap. */
struct sequence { int64_t n, *at; };

/* ---- attributes and shapes ---- */

static struct status *ratios_of(const struct node *n, float ratio[4])
{
    const struct attr *a = node_attr_find(n, "pooling_ratio");
    ENSURE(a->n == 4, "pooling_ratio field must specify 4 dimensions");
    for (int i = 0; i < 4; i++) {
        ratio[i] = (float)a->floats[i];
        ENSURE(ratio[i] >= 1, "pooling_ratio cannot be smaller than 1, got: %g", ratio[i]);
    }
    if (ratio[0] != 1 || ratio[3] != 1)
        return status_new(UNIMPLEMENTED, "Fractional pooling is not yet supported on the batch "
                          "nor channel dimension.");
    return NULL;
}

static struct status *fractional_prepare(struct prep *p)
{
    struct fractional *s;
    TRY(random_prepare_bytes(p, sizeof *s, &s));
    s->pseudo = node_attr(p->node, "pseudo_random");
    s->overlapping = node_attr(p->node, "overlapping");
    s->deterministic = node_attr(p->node, "deterministic");
    s->loops = pool_loops(node_attr_type(p->node, "T"));
    return ratios_of(p->node, s->ratio);
}

static struct status *fractional_grad_prepare(struct prep *p)
{
    struct fractional *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->overlapping = node_attr(p->node, "overlapping");
    s->loops = pool_loops(node_attr_type(p->node, "T"));
    return NULL;
}

static int64_t shrunk(int64_t in, float ratio) { return (int64_t)floorf((float)in / ratio); }

/* That the lengths of the sequences stay unknown also keeps the op from being folded. */
static struct status *fractional_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    float ratio[4];
    TRY(shape_want_rank(x, 4));
    TRY(ratios_of(c->node, ratio));
    struct shape y = x->rank < 0 ? SHAPE(-1, -1, -1, -1) : *x;
    for (int i = 1; i < 3; i++) {
        ENSURE(y.dim[i] <= INT32_MAX, "%lld rows or columns are too many", (long long)y.dim[i]);
        y.dim[i] = y.dim[i] < 0 ? -1 : shrunk(y.dim[i], ratio[i]);
    }
    *shape_out(c, 0) = y;
    *shape_out(c, 1) = *shape_out(c, 2) = SHAPE(-1);
    return NULL;
}

static struct status *max_grad_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 4));
    return shape_merge(shape_in(c, 0), &SHAPE(-1, -1, -1, -1), shape_out(c, 0));
}

static struct status *mean_grad_shape(struct shape_ctx *c)
{
    struct shape *x = shape_out(c, 0);
    TRY(shape_in_shape(c, 0, x));
    TRY(shape_want_rank(x, 4));
    return shape_merge(x, &SHAPE(-1, -1, -1, -1), x);
}

/* ---- sequences ---- */

static uint64_t blocks_of(const struct fractional *s, int64_t windows)
{
    return s->pseudo ? 1 : (uint64_t)(windows + 3) / 4;         /* two words, or one each */
}

/* Graham's: multiples of alpha, shifted by a random u < 1 that leaves the first and the last window
 * k or k + 1 wide as all others. */
static void sequence_pseudo(struct philox at, int64_t in, struct sequence *q)
{
    double n = (double)q->n, alpha = (double)in / n, k = (double)(in / q->n);
    double most = fmin((k + 2) / alpha - 1, ((double)in + 1 - k) / alpha - (n - 1));
    uint32_t block[1][4];
    philox_blocks(&at, 1, block);
    double u = unit_f64(block[0]) * most;
    for (int64_t i = 1; i < q->n; i++)
        q->at[i] = (int64_t)ceil(alpha * ((double)i + u)) - 1;
    q->at[0] = 0;
    q->at[q->n] = in;
}

/* As many windows of k + 1 as make up for in / n, in random places. */
static void sequence_random(struct philox at, int64_t in, struct sequence *q, int64_t *order)
{
    int64_t k = in / q->n, wide = in % q->n;
    random_order(at, q->n, order);
    q->at[0] = 0;
    for (int64_t i = 0; i < q->n; i++)
        q->at[i + 1] = q->at[i] + k + (order[i] < wide);
}

static struct status *sequence_draw(struct kernel *k, struct philox at, int out, int64_t in,
                                    struct sequence *q)
{
    const struct fractional *s = k->state;
    int64_t *order;
    TRY(kernel_new(k, out, DT_INT64, &SHAPE(q->n + 1)));
    q->at = kernel_out(k, out)->data;
    if (s->pseudo) {
        sequence_pseudo(at, in, q);
        return NULL;
    }
    TRY(kernel_temp(k, (size_t)q->n * sizeof *order, &order));
    sequence_random(at, in, q, order);
    return NULL;
}

/* Outputs 1 and 2. `deterministic` draws the first numbers again in every run. */
static struct status *sequences_draw(struct kernel *k, const struct shape *x,
                                     struct sequence q[2])
{
    const struct fractional *s = k->state;
    for (int i = 0; i < 2; i++) {
        int64_t in = x->dim[1 + i];
        q[i].n = shrunk(in, s->ratio[1 + i]);
        ENSURE(q[i].n > 0 && in <= INT32_MAX, "Fractional pooling makes %lld of %lld %s",
               (long long)q[i].n, (long long)in, i ? "columns" : "rows");
    }
    uint64_t blocks = blocks_of(s, q[0].n);
    struct philox at = random_reserve(k, s->deterministic ? 0 : blocks + blocks_of(s, q[1].n));
    TRY(sequence_draw(k, at, 1, x->dim[1], &q[0]));
    philox_skip(&at, blocks);
    return sequence_draw(k, at, 2, x->dim[2], &q[1]);
}

/* A gradient's input i: the windows of n rows or columns, which lie in `in`. */
static struct status *sequence_read(const struct kernel *k, int i, int64_t n, int64_t in,
                                    struct sequence *q)
{
    const struct tensor *t = kernel_in(k, i);
    *q = (struct sequence){ n, t->data };
    ENSURE(t->shape.rank == 1 && t->shape.dim[0] == n + 1, "A pooling sequence of shape %s does "
           "not fit %lld rows or columns", SHAPE_STR(&t->shape), (long long)n);
    ENSURE(q->at[0] >= 0 && q->at[n] <= in, "A pooling sequence from %lld to %lld does not fit "
           "%lld rows or columns", (long long)q->at[0], (long long)q->at[n], (long long)in);
    for (int64_t w = 0; w < n; w++)
        ENSURE(q->at[w] < q->at[w + 1], "A pooling sequence must increase, but after %lld comes "
               "%lld", (long long)q->at[w], (long long)q->at[w + 1]);
    return NULL;
}

/* ---- windows ---- */

struct walk {
    struct pool_job j;
    struct pooling p;
    pool_fn *fn;
    const struct sequence *rows, *columns;
    bool overlapping;
};

/* How wide window i is. */
static int64_t width(const struct walk *w, const struct sequence *q, int64_t i, int64_t in)
{
    int64_t end = q->at[i + 1] + w->overlapping;
    return (end < in ? end : in) - q->at[i];
}

static void walk_row(const struct walk *w, int64_t image, int64_t row)
{
    const struct pooling *p = &w->p;
    int64_t top = (image * p->in[1] + w->rows->at[row]) * p->in[2];
    int64_t first = (image * w->rows->n + row) * w->columns->n;
    for (int64_t i = 0; i < w->columns->n; i++) {
        struct pool_run r = { .x = (top + w->columns->at[i]) * p->depth,
                              .y = (first + i) * p->depth,
                              .planes = 1, .rows = width(w, w->rows, row, p->in[1]),
                              .cols = width(w, w->columns, i, p->in[2]), .n = 1 };
        w->fn(&w->j, &r);
    }
}

/* Images share no windows. */
static void walk_images(void *ctx, int64_t begin, int64_t end)
{
    const struct walk *w = ctx;
    for (int64_t image = begin; image < end; image++)
        for (int64_t row = 0; row < w->rows->n; row++)
            walk_row(w, image, row);
}

static void walk(struct kernel *k, struct walk *w, const struct shape *x,
                 const struct sequence q[2])
{
    enum { WORTH = 1 << 15 };
    int64_t image = shape_span(x, 1, 4);
    w->p = (struct pooling){ .batch = x->dim[0], .depth = x->dim[3],
                             .in = { 1, x->dim[1], x->dim[2] } };
    w->j.p = &w->p;
    w->rows = &q[0];
    w->columns = &q[1];
    w->overlapping = ((const struct fractional *)k->state)->overlapping;
    pool_for(x->dim[0], image < WORTH ? WORTH / (image + 1) + 1 : 1, k->env->threads, walk_images,
             w);
}

/* ---- kernels ---- */

static struct status *want_image(const struct tensor *t, const char *name)
{
    ENSURE(t->shape.rank == 4, "%s must be 4-dimensional, but is of shape %s", name,
           SHAPE_STR(&t->shape));
    return NULL;
}

static struct status *fractional_pool(struct kernel *k, pool_fn *fn)
{
    const struct tensor *x = kernel_in(k, 0);
    struct sequence q[2];
    TRY(want_image(x, "tensor_in"));
    TRY(sequences_draw(k, &x->shape, q));
    TRY(kernel_new(k, 0, x->dtype, &SHAPE(x->shape.dim[0], q[0].n, q[1].n, x->shape.dim[3])));
    walk(k, &(struct walk){ .j = { .x = x->data, .y = kernel_out(k, 0)->data }, .fn = fn },
         &x->shape, q);
    return NULL;
}

static struct status *fractional_max(struct kernel *k)
{
    return fractional_pool(k, ((const struct fractional *)k->state)->loops->max);
}

static struct status *fractional_mean(struct kernel *k)
{
    return fractional_pool(k, ((const struct fractional *)k->state)->loops->mean);
}

/* The windows that inputs `at` and `at` + 1 tell, of an image of shape x and a gradient dy. */
static struct status *sequences_read(const struct kernel *k, int at, const struct shape *x,
                                     const struct tensor *dy, struct sequence q[2])
{
    TRY(want_image(dy, "out_backprop"));
    ENSURE(dy->shape.dim[0] == x->dim[0] && dy->shape.dim[3] == x->dim[3], "out_backprop of shape "
           "%s does not fit an input of shape %s", SHAPE_STR(&dy->shape), SHAPE_STR(x));
    for (int i = 0; i < 2; i++)
        TRY(sequence_read(k, at + i, dy->shape.dim[1 + i], x->dim[1 + i], &q[i]));
    return NULL;
}

static struct status *fractional_max_grad(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *y = kernel_in(k, 1), *dy = kernel_in(k, 2);
    struct sequence q[2];
    TRY(want_image(x, "orig_input"));
    TRY(sequences_read(k, 3, &x->shape, dy, q));
    ENSURE(shape_equal(&y->shape, &dy->shape), "orig_output of shape %s and out_backprop of shape "
           "%s must be alike", SHAPE_STR(&y->shape), SHAPE_STR(&dy->shape));
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    struct tensor *dx = kernel_out(k, 0);
    memset(dx->data, 0, tensor_bytes(dx));
    walk(k, &(struct walk){ .j = { .x = x->data, .g = dy->data, .y = dx->data, .add = true },
                            .fn = ((const struct fractional *)k->state)->loops->max_grad },
         &x->shape, q);
    return NULL;
}

/* Inputs: the shape of what was pooled, dy, two sequences. */
static struct status *mean_grad_inputs(struct kernel *k, struct shape *x, struct sequence q[2])
{
    const struct tensor *dims = kernel_in(k, 0);
    ENSURE(dims->shape.rank == 1 && dims->shape.dim[0] == 4, "original input tensor shape must be "
           "1-dimensional and 4 elements, but is of shape %s", SHAPE_STR(&dims->shape));
    TRY(array_read_shape(dims, x));
    return sequences_read(k, 2, x, kernel_in(k, 1), q);
}

#define EACH "ops/fractional.inc"
#define EACH_SET (SET_F32 | SET_F64 | SET_I32 | SET_I64)
#include "op/each.h"

/* ---- rows ---- */

static void fractional_max_gradient(struct grad *g)
{
    g->dx[0] = grad_add(g, "FractionalMaxPoolGrad",
                        OUTS(g->x[0], g->y[0], g->dy[0], g->y[1], g->y[2]),
                        node_attr_find(g->node, "overlapping"), 1);
}

static void fractional_mean_gradient(struct grad *g)
{
    g->dx[0] = grad_add(g, "FractionalAvgPoolGrad",
                        OUTS(grad_shape_of(g, g->x[0], DT_INT64), g->dy[0], g->y[1], g->y[2]),
                        node_attr_find(g->node, "overlapping"), 1);
}

#define OF_FOUR(x) KERNELS([DT_FLOAT] = x, [DT_DOUBLE] = x, [DT_INT32] = x, [DT_INT64] = x)
#define FOUR_TYPES "T: {float, double, int32, int64}"
#define DRAWN "pooling_ratio: list(float) >= 4; pseudo_random: bool = false; " \
              "overlapping: bool = false; deterministic: bool = false; seed: int = 0; " \
              "seed2: int = 0; " FOUR_TYPES
#define SEQUENCES "row_pooling_sequence: int64, col_pooling_sequence: int64"

const struct op ops_fractional[] = {
    { .name = "FractionalMaxPool", .inputs = "value: T", .outputs = "output: T, " SEQUENCES,
      .attrs = DRAWN, .shape = fractional_shape, .grad = fractional_max_gradient,
      .prepare = fractional_prepare, .kernel = OF_FOUR(fractional_max), .flags = OP_EXPENSIVE,
      .doc = "The greatest of each channel in windows of random sizes, and where those begin." },
    { .name = "FractionalAvgPool", .inputs = "value: T", .outputs = "output: T, " SEQUENCES,
      .attrs = DRAWN, .shape = fractional_shape, .grad = fractional_mean_gradient,
      .prepare = fractional_prepare, .kernel = OF_FOUR(fractional_mean), .flags = OP_EXPENSIVE,
      .doc = "The mean of each channel in windows of random sizes, and where those begin." },
    { .name = "FractionalMaxPoolGrad",
      .inputs = "orig_input: T, orig_output: T, out_backprop: T, " SEQUENCES,
      .outputs = "output: T", .attrs = "overlapping: bool = false; " FOUR_TYPES,
      .shape = max_grad_shape, .grad = NO_GRADIENT, .prepare = fractional_grad_prepare,
      .kernel = OF_FOUR(fractional_max_grad), .flags = OP_EXPENSIVE,
      .doc = "The gradient of FractionalMaxPool." },
    { .name = "FractionalAvgPoolGrad",
      .inputs = "orig_input_tensor_shape: int64, out_backprop: T, " SEQUENCES,
      .outputs = "output: T", .attrs = "overlapping: bool = false; " FOUR_TYPES,
      .shape = mean_grad_shape, .grad = NO_GRADIENT, .prepare = fractional_grad_prepare,
      .kernel = KERNELS(DOUBLES(fractional_mean_grad), [DT_INT32] = fractional_mean_grad_i32,
                        [DT_INT64] = fractional_mean_grad_i64), .flags = OP_EXPENSIVE,
      .doc = "The gradient of FractionalAvgPool." },
    { 0 }
};
