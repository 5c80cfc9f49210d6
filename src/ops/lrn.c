/* lrn.c - LRN, local response normalization: each pixel's channels divided by a power of what their
 * neighbours amount to; and LRNGrad. */
#include "base/pool.h"
#include "graph/graph.h"
#include "num/vec.h"
#include "op/each.h"
#include "op/kernel.h"
#include "op/grad.h"

#include <string.h>

enum { LRN_SCRATCH = 6 };            /* floats a part has for each channel */

struct lrn { int64_t radius; float bias, alpha, beta; };

/* A run: pixels of `depth` channels. Each part has scratch memory. */
struct lrn_job {
    const struct lrn *s;
    const void *dy, *x, *y;
    void *to;
    float *scratch;
    int64_t pixels, depth, parts;
};

static struct status *lrn_prepare(struct prep *p)
{
    struct lrn *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->radius = node_attr(p->node, "depth_radius");
    s->bias = (float)node_attr_float(p->node, "bias");
    s->alpha = (float)node_attr_float(p->node, "alpha");
    s->beta = (float)node_attr_float(p->node, "beta");
    ENSURE(s->radius >= 0, "depth_radius must not be negative, got %lld", (long long)s->radius);
    return NULL;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* sum[c] = the sum of x over the channels within the radius of c, in their order: one neighbour of
 * all channels after the other, so that the loops are vectors. */
static void lrn_sums(int64_t radius, const float *x, int64_t depth, float *restrict sum)
{
    int64_t most = least(radius, depth - 1);
    memset(sum, 0, (size_t)depth * sizeof *sum);
    for (int64_t d = -most; d <= most; d++)
        for (int64_t c = d < 0 ? -d : 0; c < least(depth, depth - d); c++)
            sum[c] += x[c + d];
}

/* norm[c] = bias + alpha * the sum of squares around c; `squares` is room for them. */
static void lrn_norms(const struct lrn *s, const float *x, int64_t depth, float *squares,
                      float *norm)
{
    vec_best()->square_f32(squares, x, (size_t)depth);
    lrn_sums(s->radius, squares, depth, norm);
    for (int64_t c = 0; c < depth; c++)
        norm[c] = s->bias + s->alpha * norm[c];
}

/* y = x to the power of -beta; y may be x. */
static void lrn_powers(const struct lrn *s, float *y, const float *x, int64_t depth)
{
    const struct vec *v = vec_best();
    const float power = -s->beta;
    size_t n = (size_t)depth;
    if (power == -1) {
        v->reciprocal_f32(y, x, n);
        return;
    }
    v->log_f32(y, x, n);
    v->mul_f32(y, y, &power, n, VEC_VS);
    v->exp_f32(y, y, n);
}

/* The whole gradient of a pixel. share[c] = dy y / norm, what each neighbour of c takes. */
static void lrn_back(const struct lrn *s, const float *dy, const float *x, const float *y,
                     int64_t depth, float *norm, float *share, float *dx)
{
    float twice = 2 * s->alpha * s->beta;
    lrn_norms(s, x, depth, share, norm);
    for (int64_t c = 0; c < depth; c++)
        share[c] = dy[c] * y[c] / norm[c];
    lrn_sums(s->radius, share, depth, dx);
    lrn_powers(s, norm, norm, depth);
    for (int64_t c = 0; c < depth; c++)
        dx[c] = dy[c] * norm[c] - twice * x[c] * dx[c];
}

static struct status *lrn_run(struct kernel *k, void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    const struct shape *x = &kernel_in(k, 0)->shape;
    enum { MOST_PARTS = 64, WORTH = 4096 };
    struct lrn_job j = { .s = k->state, .pixels = shape_span(x, 0, 3), .depth = x->dim[3] };
    TRY(kernel_new(k, 0, kernel_in(k, 0)->dtype, x));
    if (shape_count(x) == 0)
        return NULL;
    j.parts = least(1 + shape_count(x) / WORTH, MOST_PARTS);
    TRY(kernel_temp(k, (size_t)(j.parts * j.depth) * LRN_SCRATCH * sizeof(float), &j.scratch));
    j.dy = kernel_in(k, 0)->data;
    j.x = kernel_in(k, k->n_in > 1)->data;
    j.y = kernel_in(k, k->n_in - 1)->data;
    j.to = kernel_out(k, 0)->data;
    pool_for(j.parts, 1, k->env->threads, fn, &j);
    return NULL;
}

static struct status *lrn_check(const struct kernel *k)
{
    ENSURE(kernel_in(k, 0)->shape.rank == 4, "in must be 4-dimensional");
    return NULL;
}

static struct status *lrn_grad_check(const struct kernel *k)
{
    const struct shape *a = &kernel_in(k, 0)->shape;
    for (int i = 0; i < 3; i++)
        ENSURE(kernel_in(k, i)->shape.rank == 4,
               "inputs should be 4-dimensional, but input %d has shape %s", i,
               SHAPE_STR(&kernel_in(k, i)->shape));
    for (int i = 1; i < 3; i++)
        ENSURE(shape_equal(a, &kernel_in(k, i)->shape), "input_grads, input_image, and out_image "
               "should have the same shape: %s vs. %s", SHAPE_STR(a),
               SHAPE_STR(&kernel_in(k, i)->shape));
    return NULL;
}

#define EACH "ops/lrn.inc"
#define EACH_SET (SET_F16 | SET_BF16 | SET_F32)
#include "op/each.h"

static struct status *lrn_shape(struct shape_ctx *c)
{
    struct shape s = SHAPE(-1, -1, -1, -1);
    for (int i = 0; i < c->n_in; i++) {
        TRY(shape_want_rank(shape_in(c, i), 4));
        TRY(shape_merge(&s, shape_in(c, i), &s));
    }
    *shape_out(c, 0) = s;
    return NULL;
}

static void lrn_gradient(struct grad *g)
{
    const struct node *n = g->node;
    g->dx[0] = grad_add(g, "LRNGrad", OUTS(g->dy[0], g->x[0], g->y[0]),
                        ATTRS(attr_int("depth_radius", node_attr(n, "depth_radius")),
                              attr_float("bias", node_attr_float(n, "bias")),
                              attr_float("alpha", node_attr_float(n, "alpha")),
                              attr_float("beta", node_attr_float(n, "beta"))));
}

#define LRN_ATTRS "depth_radius: int = 5; bias: float = 1; alpha: float = 1; beta: float = 0.5; " \
                  "T: {half, bfloat16, float} = float"
#define LRN_KERNELS(x) KERNELS(HALVES(x), [DT_FLOAT] = x##_f32)

const struct op ops_lrn[] = {
    { .name = "LRN", .inputs = "input: T", .outputs = "output: T", .attrs = LRN_ATTRS,
      .doc = "Images whose channels are divided by (bias + alpha * the squares of the channels "
             "nearby) ** beta.",
      .shape = lrn_shape, .grad = lrn_gradient, .prepare = lrn_prepare,
      .kernel = LRN_KERNELS(lrn), .flags = OP_EXPENSIVE },
    { .name = "LRNGrad", .inputs = "input_grads: T, input_image: T, output_image: T",
      .outputs = "output: T", .attrs = LRN_ATTRS, .doc = "The gradient of LRN.",
      .shape = lrn_shape, .grad = NO_GRADIENT, .prepare = lrn_prepare,
      .kernel = LRN_KERNELS(lrn_grad), .flags = OP_EXPENSIVE },
    { 0 }
};
