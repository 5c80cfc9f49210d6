/* norm.c - batch normalization: FusedBatchNorm and its two successors, with their gradients, in
 * NHWC and NCHW; and BatchNormWithGlobalNormalization, which came before them.
 *
 * As in TensorFlow on the CPU: batch_variance is the unbiased one, reserve_space_2 the one that
 * the gradient wants, and V3's reserve_space_3 is a scalar that nobody reads. */
#include "num/norm.h"

#include "graph/graph.h"
#include "op/each.h"
#include "op/kernel.h"
#include "ops/array.h"
#include "ops/floats.h"
#include "ops/norm_grad.h"

#include <math.h>
#include <string.h>

struct fused { float epsilon; bool nchw, training; };

static struct status *fused_prepare(struct prep *p)
{
    struct fused *f;
    TRY(prep_state(p, sizeof *f, &f));
    f->epsilon = (float)node_attr_float(p->node, "epsilon");
    f->nchw = !strcmp(node_attr_string(p->node, "data_format"), "NCHW");
    f->training = node_attr(p->node, "is_training");
    return NULL;
}

/* ---- shapes ---- */

static int channel_at(const struct node *n)
{
    return strcmp(node_attr_string(n, "data_format"), "NCHW") ? 3 : 1;
}

/* Inputs [from, to) are vectors of as many elements as there are channels. */
static struct status *channel_vectors(struct shape_ctx *c, int from, int to, int64_t *channels)
{
    for (int i = from; i < to; i++) {
        TRY(shape_want_rank(shape_in(c, i), 1));
        if (shape_in(c, i)->rank == 1)
            TRY(dim_merge(*channels, shape_in(c, i)->dim[0], channels));
    }
    return NULL;
}

static struct status *image_channels(struct shape_ctx *c, int i, struct shape *image,
                                     int64_t *channels)
{
    const struct shape *x = shape_in(c, i);
    TRY(shape_want_rank(x, 4));
    *image = x->rank < 0 ? SHAPE(-1, -1, -1, -1) : *x;
    return dim_merge(*channels, image->dim[channel_at(c->node)], channels);
}

static struct status *fused_shape(struct shape_ctx *c)
{
    struct shape image;
    int64_t channels = -1;
    TRY(image_channels(c, 0, &image, &channels));
    TRY(channel_vectors(c, 1, node_attr(c->node, "is_training") ? 3 : 5, &channels));
    image.dim[channel_at(c->node)] = channels;
    *shape_out(c, 0) = image;
    for (int i = 1; i < 5; i++)
        *shape_out(c, i) = SHAPE(channels);
    if (c->n_out > 5)
        *shape_out(c, 5) = SHAPE_SCALAR;
    return NULL;
}

static struct status *fused_grad_shape(struct shape_ctx *c)
{
    struct shape image;
    int64_t channels = -1;
    TRY(image_channels(c, 1, &image, &channels));
    TRY(image_channels(c, 0, &image, &channels));
    TRY(channel_vectors(c, 2, 5, &channels));
    image.dim[channel_at(c->node)] = channels;
    *shape_out(c, 0) = image;
    *shape_out(c, 1) = *shape_out(c, 2) = SHAPE(channels);
    *shape_out(c, 3) = *shape_out(c, 4) = SHAPE(node_attr(c->node, "is_training") ? 0 : channels);
    return NULL;
}

/* ---- checks ---- */

static struct status *want_vector(const struct tensor *t, const char *name)
{
    ENSURE(t->shape.rank == 1, "%s must be 1-dimensional%s", name, SHAPE_STR(&t->shape));
    return NULL;
}

static struct status *want_channels(const struct tensor *t, const struct norm *n, const char *name)
{
    ENSURE(t->shape.dim[0] == n->channels, "%s must have the same number of elements as the "
           "channels of x, got %lld and %lld", name, (long long)t->shape.dim[0],
           (long long)n->channels);
    return NULL;
}

/* Of one channel both layouts are the same, and long runs are the better one. */
static struct norm norm_of(const struct kernel *k, const struct shape *x)
{
    const struct fused *f = k->state;
    if (f->nchw)
        return (struct norm){ x->dim[0], x->dim[1], x->dim[2] * x->dim[3], k->env->threads };
    if (x->dim[3] == 1)
        return (struct norm){ x->dim[0], 1, x->dim[1] * x->dim[2], k->env->threads };
    return (struct norm){ shape_span(x, 0, 3), x->dim[3], 1, k->env->threads };
}

static struct status *fused_check(struct kernel *k, struct norm *n)
{
    static const char *const name[] = { "", "scale", "offset", "estimated_mean",
                                        "estimated_variance" };
    const struct fused *f = k->state;
    TRY(array_want_image(&kernel_in(k, 0)->shape));
    *n = norm_of(k, &kernel_in(k, 0)->shape);
    for (int i = 1; i < 5; i++)
        TRY(want_vector(kernel_in(k, i), name[i]));
    for (int i = 1; i < 3; i++)
        TRY(want_channels(kernel_in(k, i), n, name[i]));
    for (int i = 3; i < 5; i++) {
        const struct tensor *t = kernel_in(k, i);
        if (f->training)
            ENSURE(t->shape.dim[0] == 0 || t->shape.dim[0] == n->channels,
                   "%s must be empty for training%s", name[i], SHAPE_STR(&t->shape));
        else
            TRY(want_channels(t, n, name[i]));
    }
    return NULL;
}

/* ---- forward ---- */

static void fill(float *y, float v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = v;
}

/* Outputs 1 to 4. Those of a batch of nothing are NaN. */
static struct status *fused_moments(struct kernel *k, const struct norm *n, const float *x)
{
    const struct fused *f = k->state;
    float *out[4];
    void *scratch;
    int64_t count = norm_count(n);
    for (int i = 0; i < 4; i++) {
        TRY(kernel_new(k, i + 1, DT_FLOAT, &SHAPE(n->channels)));
        out[i] = kernel_out(k, i + 1)->data;
    }
    TRY(kernel_temp(k, norm_scratch(n), &scratch));
    if (f->training && count)
        norm_moments(n, x, out[2], out[3], scratch);
    for (int i = 2; i < 4; i++)
        if (!count)
            fill(out[i], NAN, n->channels);
        else if (!f->training)
            memcpy(out[i], kernel_in(k, i + 1)->data, (size_t)n->channels * sizeof(float));
    float unbiased = f->training && count > 1 ? (float)count / (float)(count - 1) : 1;
    for (int64_t i = 0; i < n->channels; i++) {
        out[0][i] = out[2][i];
        out[1][i] = out[3][i] * unbiased;
    }
    return NULL;
}

static struct status *fused_norm(struct kernel *k)
{
    const struct fused *f = k->state;
    struct norm n;
    const float *x;
    float *scale, *y;
    TRY(fused_check(k, &n));
    TRY(floats_in(k, 0, &x));
    TRY(fused_moments(k, &n, x));
    TRY(kernel_temp(k, (size_t)(n.channels + 1) * sizeof *scale, &scale));
    const float *mean = kernel_out(k, 3)->data, *variance = kernel_out(k, 4)->data;
    for (int64_t i = 0; i < n.channels; i++)
        scale[i] = ((const float *)kernel_in(k, 1)->data)[i] / sqrtf(variance[i] + f->epsilon);
    TRY(floats_reuse(k, 0, 0, x, &y));
    norm_apply(&n, x, mean, scale, kernel_in(k, 2)->data, y);
    floats_store(k, 0, y);
    if (k->node->n_out > 5) {
        TRY(kernel_new(k, 5, DT_FLOAT, &SHAPE_SCALAR));
        *(float *)kernel_out(k, 5)->data = 0;
    }
    return NULL;
}

/* ---- backward ---- */

static struct status *fused_grad_check(struct kernel *k, struct norm *n)
{
    static const char *const name[] = { "", "", "scale", "saved mean", "saved variance" };
    const struct tensor *dy = kernel_in(k, 0), *x = kernel_in(k, 1);
    TRY(array_want_image(&dy->shape));
    TRY(array_want_image(&x->shape));
    for (int i = 2; i < 5; i++)
        TRY(want_vector(kernel_in(k, i), name[i]));
    ENSURE(shape_equal(&x->shape, &dy->shape), "x and y_backprop must have same shape, but x has "
           "shape %s and y_backprop has shape %s", SHAPE_STR(&x->shape), SHAPE_STR(&dy->shape));
    *n = norm_of(k, &x->shape);
    for (int i = 2; i < 5; i++)
        TRY(want_channels(kernel_in(k, i), n, name[i]));
    return NULL;
}

static struct status *fused_grad_outputs(struct kernel *k, const struct norm *n)
{
    const struct fused *f = k->state;
    for (int i = 1; i < 5; i++) {
        struct shape s = SHAPE(i > 2 && f->training ? 0 : n->channels);
        TRY(kernel_new(k, i, DT_FLOAT, &s));
        fill(kernel_out(k, i)->data, 0, s.dim[0]);
    }
    return NULL;
}

/* Outputs 1 and 2, and the a, b, c of norm_combine(). */
static struct status *fused_grad_sums(struct kernel *k, const struct norm *n, const float *dy,
                                      const float *x, float *abc)
{
    const struct fused *f = k->state;
    const float *mean = kernel_in(k, 3)->data, *variance = kernel_in(k, 4)->data;
    const float *scale = kernel_in(k, 2)->data;
    float *dscale = kernel_out(k, 1)->data, *doffset = kernel_out(k, 2)->data;
    double *sum, count = (double)norm_count(n);
    void *scratch;
    TRY(kernel_temp(k, norm_scratch(n), &scratch));
    TRY(kernel_temp(k, (size_t)(2 * n->channels + 1) * sizeof *sum, &sum));
    norm_products(n, dy, x, mean, sum, sum + n->channels, scratch);
    for (int64_t i = 0; i < n->channels; i++) {
        double r = 1 / sqrt((double)variance[i] + f->epsilon), product = sum[n->channels + i];
        dscale[i] = (float)(product * r);
        doffset[i] = (float)sum[i];
        abc[i] = (float)(scale[i] * r);
        abc[n->channels + i] = f->training ? (float)(sum[i] / count) : 0;
        abc[2 * n->channels + i] = f->training ? (float)(product * r * r / count) : 0;
    }
    return NULL;
}

static struct status *fused_norm_back(struct kernel *k)
{
    struct norm n;
    const float *dy, *x;
    float *abc, *dx;
    TRY(fused_grad_check(k, &n));
    TRY(floats_in(k, 0, &dy));
    TRY(floats_in(k, 1, &x));
    TRY(fused_grad_outputs(k, &n));
    if (norm_count(&n) * n.channels == 0)
        return kernel_new(k, 0, kernel_in(k, 0)->dtype, &kernel_in(k, 0)->shape);
    TRY(kernel_temp(k, (size_t)(3 * n.channels) * sizeof *abc, &abc));
    TRY(fused_grad_sums(k, &n, dy, x, abc));
    const float *mean = kernel_in(k, 3)->data;
    TRY(floats_reuse(k, 0, 0, dy, &dx));
    norm_combine(&n, dy, x, mean, abc, abc + n.channels, abc + 2 * n.channels, dx);
    floats_store(k, 0, dx);
    return NULL;
}

/* ---- BatchNormWithGlobalNormalization: t, mean, variance, beta, gamma ---- */

struct global { double epsilon; bool scale; };

static struct status *global_prepare(struct prep *p)
{
    struct global *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->epsilon = node_attr_float(p->node, "variance_epsilon");
    s->scale = node_attr(p->node, "scale_after_normalization");
    return NULL;
}

static struct status *global_shape(struct shape_ctx *c)
{
    const struct shape *t = shape_in(c, 0);
    int64_t depth = -1;
    bool back = c->n_out > 1;
    TRY(shape_want_rank(t, 4));
    struct shape y = t->rank < 0 ? SHAPE(-1, -1, -1, -1) : *t;
    if (back) {
        TRY(shape_want_rank(shape_in(c, 4), 4));
        TRY(shape_merge(&y, shape_in(c, 4), &y));
    }
    TRY(dim_merge(depth, y.dim[3], &depth));
    TRY(channel_vectors(c, 1, back ? 4 : 5, &depth));
    y.dim[3] = depth;
    *shape_out(c, 0) = y;
    for (int i = 1; i < c->n_out; i++)
        *shape_out(c, i) = SHAPE(depth);
    return NULL;
}

static struct status *global_check(const struct kernel *k, bool back)
{
    static const char *const name[2][5] = { { "input", "mean", "var", "beta", "gamma" },
                                            { "input", "mean", "var", "gamma", "out_backprop" } };
    for (int i = 0; i < 5; i++) {
        const struct shape *s = &kernel_in(k, i)->shape, *t = &kernel_in(k, 0)->shape;
        bool image = i == 0 || (back && i == 4);
        ENSURE(s->rank == (image ? 4 : 1), "%s must be %d-dimensional%s", name[back][i],
               image ? 4 : 1, SHAPE_STR(s));
        ENSURE(image ? shape_equal(s, t) : s->dim[0] == t->dim[3], "%s of shape %s does not fit "
               "input of shape %s", name[back][i], SHAPE_STR(s), SHAPE_STR(t));
    }
    return NULL;
}

#define EACH "ops/norm.inc"
#include "op/each_float.h"

#define NCHW "Images may be NCHW on the CPU too."
#define FUSED_KERNELS(x) KERNELS([DT_HALF] = x, [DT_BFLOAT16] = x, [DT_FLOAT] = x)
#define REST "epsilon: float = 0.0001; data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\"; " \
             "is_training: bool = true"
#define FUSED .prepare = fused_prepare, .shape = fused_shape, .grad = fused_norm_grad, \
              .kernel = FUSED_KERNELS(fused_norm), .flags = OP_EXPENSIVE, .note = NCHW
#define FUSED_GRAD .prepare = fused_prepare, .shape = fused_grad_shape, \
                   .grad = fused_norm_grad_grad, .kernel = FUSED_KERNELS(fused_norm_back), \
                   .flags = OP_EXPENSIVE, .note = NCHW

const struct op ops_norm[] = {
    { .name = "FusedBatchNorm", .inputs = "x: T, scale: T, offset: T, mean: T, variance: T",
      .outputs = "y: T, batch_mean: T, batch_variance: T, reserve_space_1: T, reserve_space_2: T",
      .attrs = "T: {float}; " REST,
      .doc = "Images whose channels are brought to mean 0 and variance 1, then scaled and "
             "shifted; by the moments of the batch in training, else by those given.",
      FUSED },
    { .name = "FusedBatchNormV2", .inputs = "x: T, scale: U, offset: U, mean: U, variance: U",
      .outputs = "y: T, batch_mean: U, batch_variance: U, reserve_space_1: U, reserve_space_2: U",
      .attrs = "T: {half, bfloat16, float}; U: {float}; " REST,
      .doc = "FusedBatchNorm of images of any floating type; the moments are float.",
      FUSED },
    { .name = "FusedBatchNormV3", .inputs = "x: T, scale: U, offset: U, mean: U, variance: U",
      .outputs = "y: T, batch_mean: U, batch_variance: U, reserve_space_1: U, reserve_space_2: U, "
                 "reserve_space_3: U",
      .attrs = "T: {half, bfloat16, float}; U: {float}; " REST,
      .doc = "FusedBatchNormV2 with one more output for its gradient, which on the CPU is 0.",
      FUSED },
    { .name = "FusedBatchNormGrad",
      .inputs = "y_backprop: T, x: T, scale: T, reserve_space_1: T, reserve_space_2: T",
      .outputs = "x_backprop: T, scale_backprop: T, offset_backprop: T, reserve_space_3: T, "
                 "reserve_space_4: T",
      .attrs = "T: {float}; " REST,
      .doc = "The gradients of FusedBatchNorm for x, scale and offset.",
      FUSED_GRAD },
    { .name = "FusedBatchNormGradV2",
      .inputs = "y_backprop: T, x: T, scale: float, reserve_space_1: U, reserve_space_2: U",
      .outputs = "x_backprop: T, scale_backprop: U, offset_backprop: U, reserve_space_3: U, "
                 "reserve_space_4: U",
      .attrs = "T: {half, bfloat16, float}; U: {float}; " REST,
      .doc = "The gradients of FusedBatchNormV2 for x, scale and offset.",
      FUSED_GRAD },
    { .name = "FusedBatchNormGradV3",
      .inputs = "y_backprop: T, x: T, scale: float, reserve_space_1: U, reserve_space_2: U, "
                "reserve_space_3: U",
      .outputs = "x_backprop: T, scale_backprop: U, offset_backprop: U, reserve_space_4: U, "
                 "reserve_space_5: U",
      .attrs = "T: {half, bfloat16, float}; U: {float}; " REST,
      .doc = "The gradients of FusedBatchNormV3 for x, scale and offset.",
      FUSED_GRAD },
    { .name = "BatchNormWithGlobalNormalization",
      .inputs = "t: T, m: T, v: T, beta: T, gamma: T", .outputs = "result: T",
      .attrs = "T: numbertype; variance_epsilon: float; scale_after_normalization: bool",
      .doc = "Images whose channels are normalized by the mean m and the variance v, perhaps "
             "scaled by gamma, and shifted by beta.",
      .shape = global_shape, .grad = global_norm_grad, .prepare = global_prepare,
      .kernel = KERNELS(FLOATS(global_norm)) },
    { .name = "BatchNormWithGlobalNormalizationGrad",
      .inputs = "t: T, m: T, v: T, gamma: T, backprop: T",
      .outputs = "dx: T, dm: T, dv: T, db: T, dg: T",
      .attrs = "T: numbertype; variance_epsilon: float; scale_after_normalization: bool",
      .doc = "The gradients of BatchNormWithGlobalNormalization.",
      .shape = global_shape, .grad = NO_GRADIENT, .prepare = global_prepare,
      .kernel = KERNELS(FLOATS(global_norm_back)) },
    { 0 }
};
