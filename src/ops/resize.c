/* resize.c - images of another size: ResizeBilinear, ResizeNearestNeighbor, ResizeBicubic,
 * ResizeArea, and the gradients of the first three.
 *
 * Where a pixel of the new image lies in the old one is worked out once for each row and column,
 * in float as TensorFlow does it; then pixels are mixed. */
#include "base/pool.h"
#include "num/loop.h"
#include "ops/array.h"
#include "ops/steps.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { GRAIN = 8 * 1024 };              /* pixels' channels that are worth another thread */

struct resize { bool align, half; };

static struct status *resize_prepare(struct prep *p)
{
    struct resize *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->align = node_attr(p->node, "align_corners");
    s->half = node_attr(p->node, "half_pixel_centers");
    ENSURE(!s->half || !s->align, "If half_pixel_centers is True, align_corners must be False.");
    return NULL;
}

/* ---- geometry ---- */

/* Images of `from` to images of `to`, channels innermost. */
struct sizes { int64_t batch, from_h, from_w, to_h, to_w, depth; };

static float scale_of(const struct resize *s, int64_t from, int64_t to)
{
    return s->align && to > 1 ? (float)(from - 1) / (float)(to - 1) : (float)from / (float)to;
}

static float place_of(const struct resize *s, int64_t i, float scale)
{
    return s->half ? ((float)i + 0.5f) * scale - 0.5f : (float)i * scale;
}

static int64_t within(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

/* Two neighbours, the second of which has a share of what comes. */
struct mix { int64_t a, b; float share; };

static struct mix mix_at(const struct resize *s, int64_t i, int64_t from, int64_t to)
{
    float at = place_of(s, i, scale_of(s, from, to)), low = floorf(at);
    return (struct mix){ within((int64_t)low, from), within((int64_t)low + 1, from), at - low };
}

static int64_t nearest_at(const struct resize *s, int64_t i, int64_t from, int64_t to)
{
    float scale = scale_of(s, from, to);
    float at = s->half ? ((float)i + 0.5f) * scale : (float)i * scale;
    return within((int64_t)(s->align ? roundf(at) : floorf(at)), from);
}

/* Four neighbours and their weights: a table of the cubic in 1024 steps. */
struct cubic { int64_t at[4]; float weight[4]; };

enum { TABLE = 1024 };

/* The weight at distance x (up to 1) and at x + 1. */
static float cubic_near(float x, float a) { return ((a + 2) * x - (a + 3)) * x * x + 1; }
static float cubic_far(float x, float a)
{
    x += 1;
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
}

static struct cubic cubic_at(const struct resize *s, int64_t i, int64_t from, int64_t to)
{
    struct cubic c;
    float at = place_of(s, i, scale_of(s, from, to)), low = floorf(at);
    float a = s->half ? -0.5f : -0.75f;
    float x = (float)lrintf((at - low) * TABLE) / TABLE;
    const float weight[4] = { cubic_far(x, a), cubic_near(x, a), cubic_near(1 - x, a),
                              cubic_far(1 - x, a) };
    float sum = 0;
    for (int j = 0; j < 4; j++) {
        int64_t place = (int64_t)low - 1 + j;
        c.at[j] = within(place, from);
        c.weight[j] = s->half && c.at[j] != place ? 0 : weight[j];
        sum += c.weight[j];
    }
    for (int j = 0; j < 4 && s->half && fabsf(sum) >= 1000 * FLT_MIN; j++)
        c.weight[j] /= sum;
    return c;
}

/* Rows (or columns) that pixel i covers, and how much of row j: TensorFlow's arithmetic. */
struct area { float begin, end, scale; int64_t first, last; };

static struct area area_at(const struct resize *s, int64_t i, int64_t from, int64_t to)
{
    float scale = scale_of(s, from, to);
    struct area a = { (float)i * scale, (float)(i + 1) * scale, scale, 0, 0 };
    a.first = (int64_t)floorf(a.begin);
    a.last = (int64_t)ceilf(a.end);
    return a;
}

static float area_share(const struct area *a, int64_t j)
{
    float at = (float)j;
    if (at < a->begin)
        return at + 1 > a->end ? a->scale : at + 1 - a->begin;
    return at + 1 > a->end ? a->end - at : 1;
}

/* ---- checks and shapes ---- */

static struct status *size_check(const struct tensor *size)
{
    ENSURE(size->shape.rank == 1, "shape_t must be 1-dimensional%s", SHAPE_STR(&size->shape));
    ENSURE(size->shape.dim[0] == 2, "shape_t must have two elements%s", SHAPE_STR(&size->shape));
    return NULL;
}

static struct status *want_image(const struct tensor *t)
{
    ENSURE(t->shape.rank == 4, "input must be 4-dimensional%s", SHAPE_STR(&t->shape));
    return NULL;
}

static struct status *resize_begin(struct kernel *k, enum dtype out, struct sizes *s)
{
    const struct shape *x = &kernel_in(k, 0)->shape;
    const struct tensor *size = kernel_in(k, 1);
    TRY(want_image(kernel_in(k, 0)));
    TRY(size_check(size));
    *s = (struct sizes){ x->dim[0], x->dim[1], x->dim[2], index_at(size, 0), index_at(size, 1),
                         x->dim[3] };
    ENSURE(s->to_h > 0 && s->to_w > 0, "output dimensions must be positive");
    ENSURE(s->from_h > 0 && s->from_w > 0, "input image must be of non-zero size");
    return kernel_new(k, 0, out, &SHAPE(s->batch, s->to_h, s->to_w, s->depth));
}

/* The gradient of an image like input 1, which became one like input 0. */
static struct status *back_begin(struct kernel *k, struct sizes *s)
{
    const struct shape *dy = &kernel_in(k, 0)->shape, *x = &kernel_in(k, 1)->shape;
    TRY(want_image(kernel_in(k, 0)));
    TRY(want_image(kernel_in(k, 1)));
    ENSURE(dy->dim[0] == x->dim[0] && dy->dim[3] == x->dim[3], "grads of shape %s do not fit an "
           "image of shape %s", SHAPE_STR(dy), SHAPE_STR(x));
    *s = (struct sizes){ x->dim[0], x->dim[1], x->dim[2], dy->dim[1], dy->dim[2], x->dim[3] };
    TRY(kernel_new(k, 0, kernel_in(k, 1)->dtype, x));
    array_zero(kernel_out(k, 0));
    return NULL;
}

static struct status *resize_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    const struct tensor *size = shape_in_value(c, 1);
    struct shape two = SHAPE(2);
    TRY(shape_want_rank(x, 4));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    TRY(shape_merge(&two, shape_in(c, 1), &two));
    *shape_out(c, 0) = SHAPE(x->rank < 0 ? -1 : x->dim[0], size ? index_at(size, 0) : -1,
                             size ? index_at(size, 1) : -1, x->rank < 0 ? -1 : x->dim[3]);
    for (int i = 0; size && i < 2; i++)
        ENSURE(index_at(size, i) > 0, "output dimensions must be positive");
    return NULL;
}

static struct status *back_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 4));
    TRY(shape_want_rank(shape_in(c, 1), 4));
    *shape_out(c, 0) = *shape_in(c, 1);
    return NULL;
}

/* ---- running: rows of the output are shared out, or images where they are added to ---- */

struct job {
    const struct resize *how;
    struct sizes s;
    const void *x;
    void *y;
    size_t size;                        /* bytes of an element, for those that only move */
    const struct mix *across;           /* how columns are mixed, for bilinear rows */
};

static struct job job_of(const struct kernel *k, const struct sizes *s)
{
    return (struct job){ k->state, *s, kernel_in(k, 0)->data, k->to[k->out].data,
                         dtype_size(kernel_in(k, 0)->dtype), NULL };
}

static void share_rows(const struct kernel *k, struct job *j,
                       void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    const struct sizes *s = &j->s;
    pool_for(s->batch * s->to_h, 1 + GRAIN / (s->to_w * s->depth), k->env->threads, fn, j);
}

static void run_rows(const struct kernel *k, const struct sizes *s,
                     void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    struct job j = job_of(k, s);
    if (s->batch && s->depth)
        share_rows(k, &j, fn);
}

/* Columns are mixed alike in all rows: that is worked out once. */
static struct status *run_bilinear(struct kernel *k, const struct sizes *s,
                                   void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    struct job j = job_of(k, s);
    struct mix *across;
    if (!s->batch || !s->depth)
        return NULL;
    TRY(kernel_temp(k, (size_t)s->to_w * sizeof *across, &across));
    for (int64_t i = 0; i < s->to_w; i++)
        across[i] = mix_at(j.how, i, s->from_w, s->to_w);
    j.across = across;
    share_rows(k, &j, fn);
    return NULL;
}

static void run_images(const struct kernel *k, const struct sizes *s,
                       void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    struct job j = job_of(k, s);
    int64_t work = s->to_h * s->to_w * s->depth;
    if (s->batch && work && s->from_h && s->from_w)
        pool_for(s->batch, 1 + GRAIN / work, k->env->threads, fn, &j);
}

static void nearest_rows(void *ctx, int64_t begin, int64_t end)
{
    const struct job *j = ctx;
    const struct sizes *s = &j->s;
    size_t pixel = (size_t)s->depth * j->size;
    for (int64_t r = begin; r < end; r++) {
        int64_t y = nearest_at(j->how, r % s->to_h, s->from_h, s->to_h);
        const char *row = (const char *)j->x +
                          (size_t)((r / s->to_h * s->from_h + y) * s->from_w) * pixel;
        char *to = (char *)j->y + (size_t)(r * s->to_w) * pixel;
        for (int64_t i = 0; i < s->to_w; i++)
            memcpy(to + (size_t)i * pixel,
                   row + (size_t)nearest_at(j->how, i, s->from_w, s->to_w) * pixel, pixel);
    }
}

static struct status *nearest(struct kernel *k)
{
    struct sizes s;
    TRY(resize_begin(k, kernel_in(k, 0)->dtype, &s));
    run_rows(k, &s, nearest_rows);
    return NULL;
}

static struct status *nearest_back_begin(struct kernel *k, struct sizes *s)
{
    const struct tensor *dy = kernel_in(k, 0), *size = kernel_in(k, 1);
    TRY(want_image(dy));
    TRY(size_check(size));
    *s = (struct sizes){ dy->shape.dim[0], index_at(size, 0), index_at(size, 1), dy->shape.dim[1],
                         dy->shape.dim[2], dy->shape.dim[3] };
    ENSURE(s->from_h > 0 && s->from_w > 0, "shape_t's elements must be positive");
    TRY(kernel_new(k, 0, dy->dtype, &SHAPE(s->batch, s->from_h, s->from_w, s->depth)));
    array_zero(kernel_out(k, 0));
    return NULL;
}

#define EACH "ops/resize.inc"
#define EACH_SET (SET_FLOATS | SET_I8 | SET_U8 | SET_I16 | SET_U16 | SET_I32 | SET_I64)
#include "op/each.h"

#define EACH "ops/resize_more.inc"
#define EACH_SET (SET_F16 | SET_F32 | SET_F64 | SET_I8 | SET_U8 | SET_I16 | SET_U16 | SET_I32 | \
                  SET_I64)
#include "op/each.h"

/* ---- QuantizedResizeBilinear: in integers, with as many bits of a pixel's share as fit ---- */

#define SHARE_u8 7
#define SHARE_i32 30
#define EACH "ops/resize_steps.inc"
#define EACH_SET (SET_U8 | SET_I32)
#include "op/each.h"

static struct status *plain_bilinear(struct kernel *k)
{
    TRY(bilinear_f32(k));
    return range_pass(k, 2);
}

static struct status *quantized_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 2));
    return resize_shape(c);
}

/* ---- gradients ---- */

#define HOW(g) ATTRS(attr_bool("align_corners", node_attr((g)->node, "align_corners")), \
                     attr_bool("half_pixel_centers", node_attr((g)->node, "half_pixel_centers")))

static void bilinear_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "ResizeBilinearGrad", OUTS(g->dy[0], g->x[0]), HOW(g));
}

static void nearest_grad(struct grad *g)
{
    struct out size = grad_part(g, grad_shape_of(g, g->x[0], DT_INT32), 1, 3);
    g->dx[0] = grad_add(g, "ResizeNearestNeighborGrad", OUTS(g->dy[0], size), HOW(g));
}

static void bicubic_grad(struct grad *g)
{
    enum dtype t = out_dtype(g->x[0]);
    if (t == DT_FLOAT || t == DT_DOUBLE)
        g->dx[0] = grad_add(g, "ResizeBicubicGrad", OUTS(g->dy[0], g->x[0]), HOW(g));
}

#define CORNERS "align_corners: bool = false"
#define CENTERS CORNERS "; half_pixel_centers: bool = false"
#define PLAIN "int8, uint8, int16, uint16, int32, int64"
#define RESIZED(x) [DT_INT8] = x##_i8, [DT_UINT8] = x##_u8, [DT_INT16] = x##_i16, \
                   [DT_UINT16] = x##_u16, [DT_INT32] = x##_i32, [DT_INT64] = x##_i64, \
                   [DT_HALF] = x##_f16, DOUBLES(x)
#define RESIZE .inputs = "images: T, size: int32", .outputs = "resized_images: float", \
    .shape = resize_shape, .prepare = resize_prepare, .flags = OP_EXPENSIVE

const struct op ops_resize[] = {
    { .name = "ResizeBilinear", RESIZE,
      .attrs = "T: {" PLAIN ", bfloat16, half, float, double}; " CENTERS,
      .doc = "Images of another size, each pixel mixed of the four nearest.",
      .grad = bilinear_grad, .kernel = KERNELS(RESIZED(bilinear), [DT_BFLOAT16] = bilinear_bf16) },
    { .name = "ResizeBilinearGrad", .inputs = "grads: float, original_image: T",
      .outputs = "output: T", .attrs = "T: {float, bfloat16, half, double}; " CENTERS,
      .doc = "The gradient of ResizeBilinear.",
      .shape = back_shape, .grad = NO_GRADIENT, .prepare = resize_prepare,
      .kernel = KERNELS(FLOATS(bilinear_back)) },
    { .name = "QuantizedResizeBilinear",
      .inputs = "images: T, size: int32, min: float, max: float",
      .outputs = "resized_images: T, out_min: float, out_max: float",
      .attrs = "T: {quint8, qint32, float}; " CENTERS,
      .doc = "ResizeBilinear of quantized numbers, whose range stays.",
      .shape = quantized_shape, .grad = NO_GRADIENT, .prepare = resize_prepare,
      .kernel = KERNELS([DT_QUINT8] = mix_u8, [DT_QINT32] = mix_i32, [DT_FLOAT] = plain_bilinear),
      .flags = OP_EXPENSIVE },
    { .name = "ResizeNearestNeighbor", .inputs = "images: T, size: int32",
      .outputs = "resized_images: T", .attrs = "T: {" PLAIN ", half, float, double}; " CENTERS,
      .doc = "Images of another size, each pixel that of the old image which lies nearest.",
      .shape = resize_shape, .grad = nearest_grad, .prepare = resize_prepare,
      .kernel_any = nearest, .flags = OP_EXPENSIVE },
    { .name = "ResizeNearestNeighborGrad", .inputs = "grads: T, size: int32",
      .outputs = "output: T", .attrs = "T: {uint8, int8, int32, half, float, double}; " CENTERS,
      .doc = "The gradient of ResizeNearestNeighbor, for images of this size.",
      .shape = resize_shape, .grad = NO_GRADIENT, .prepare = resize_prepare,
      .kernel = KERNELS(RESIZED(nearest_back)) },
    { .name = "ResizeBicubic", RESIZE, .attrs = "T: {" PLAIN ", half, float, double}; " CENTERS,
      .doc = "Images of another size, each pixel mixed of the sixteen nearest.",
      .grad = bicubic_grad, .kernel = KERNELS(RESIZED(bicubic)) },
    { .name = "ResizeBicubicGrad", .inputs = "grads: float, original_image: T",
      .outputs = "output: T", .attrs = "T: {float, double}; " CENTERS,
      .doc = "The gradient of ResizeBicubic.",
      .shape = back_shape, .grad = NO_GRADIENT, .prepare = resize_prepare,
      .kernel = KERNELS(DOUBLES(bicubic_back)) },
    { .name = "ResizeArea", RESIZE, .attrs = "T: {" PLAIN ", half, float, double}; " CORNERS,
      .doc = "Images of another size, each pixel the mean of all that it covers.",
      .grad = NO_GRADIENT, .kernel = KERNELS(RESIZED(area)) },
    { 0 }
};
