/* lrn.c - LRN, local response normalization: each pixel's channels divided by a power of what their
 * neighbours amount to; and LRNGrad. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "op/kernel.h"
#include "op/grad.h"

#include <math.h>

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

/* norm[c] = bias + alpha * the sum of squares of the channels within the radius of c. */
static void lrn_norms(const struct lrn *s, const float *x, int64_t depth, float *norm)
{
    for (int64_t c = 0; c < depth; c++) {
        float sum = 0;
        int64_t begin = c > s->radius ? c - s->radius : 0;
        int64_t end = s->radius < depth - c ? c + s->radius + 1 : depth;
        for (int64_t i = begin; i < end; i++)
            sum += x[i] * x[i];
        norm[c] = s->bias + s->alpha * sum;
    }
}

/* The whole gradient of a pixel. share[c] = dy y / norm, what each neighbour of c takes. */
static void lrn_back(const struct lrn *s, const float *dy, const float *x, const float *y,
                     int64_t depth, float *norm, float *share, float *dx)
{
    lrn_norms(s, x, depth, norm);
    for (int64_t c = 0; c < depth; c++)
        share[c] = dy[c] * y[c] / norm[c];
    for (int64_t c = 0; c < depth; c++) {
        float sum = 0;
        int64_t begin = c > s->radius ? c - s->radius : 0;
        int64_t end = s->radius < depth - c ? c + s->radius + 1 : depth;
        for (int64_t i = begin; i < end; i++)
            sum += share[i];
        dx[c] = dy[c] * powf(norm[c], -s->beta) - 2 * s->alpha * s->beta * x[c] * sum;
    }
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
