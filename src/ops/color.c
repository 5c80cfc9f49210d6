/* color.c - the colors of images: RGBToHSV, HSVToRGB, AdjustContrastv2, AdjustHue,
 * AdjustSaturation. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "op/kernel.h"

#include <math.h>

enum { GRAIN = 8 * 1024 };              /* pixels that are worth another thread */

/* `pixels` of three channels; `by` is what they are changed by. back: from HSV to RGB. */
struct colors { const void *x; void *y; int64_t pixels; float by; bool back; };

/* ---- one pixel, in float or double ---- */

#define EACH "ops/color_pixel.inc"
#include "op/each_double.h"

/* AdjustHue goes by way of a hue in [0, 6) and the least and greatest channel, as TensorFlow's
 * does: grey stays grey, to the last bit. */
struct hue { float h, least, most; };

/* For each sixth of the circle: the greatest channel, the middle and the least. */
static const int sectors[6][3] = { { 0, 1, 2 }, { 1, 0, 2 }, { 1, 2, 0 },
                                   { 2, 1, 0 }, { 2, 0, 1 }, { 0, 2, 1 } };

static struct hue hue_of(const float *p)
{
    float r = p[0], g = p[1], b = p[2];
    int sector = r < g ? (b < r ? 1 : b > g ? 3 : 2) : (b < g ? 0 : b > r ? 4 : 5);
    const int *o = sectors[sector];
    struct hue h = { 0, p[o[2]], p[o[0]] };
    if (h.most == h.least)
        return h;
    float share = (p[o[1]] - h.least) / (h.most - h.least);
    h.h = (float)sector + (sector & 1 ? 1 - share : share);
    return h;
}

static void hue_to_rgb(const struct hue *h, float *p)
{
    int sector = h->h >= 0 && h->h < 6 ? (int)h->h : 0;
    float share = h->h - (float)sector;
    const int *o = sectors[sector];
    p[o[0]] = h->most;
    p[o[1]] = h->least + (sector & 1 ? 1 - share : share) * (h->most - h->least);
    p[o[2]] = h->least;
}

static void adjust_hue_some(void *ctx, int64_t begin, int64_t end)
{
    const struct colors *c = ctx;
    for (int64_t i = begin; i < end; i++) {
        struct hue h = hue_of((const float *)c->x + 3 * i);
        h.h = fmodf(h.h + c->by * 6, 6);
        h.h += h.h < 0 ? 6 : 0;
        hue_to_rgb(&h, (float *)c->y + 3 * i);
    }
}

static void adjust_saturation_some(void *ctx, int64_t begin, int64_t end)
{
    const struct colors *c = ctx;
    for (int64_t i = begin; i < end; i++) {
        float hsv[3];
        to_hsv_f32((const float *)c->x + 3 * i, hsv);
        hsv[1] = fminf(1, fmaxf(0, hsv[1] * c->by));
        to_rgb_f32(hsv, (float *)c->y + 3 * i);
    }
}

/* ---- kernels ---- */

static struct status *colors_check(const struct tensor *x)
{
    ENSURE(x->shape.rank >= 1, "input must be at least 1D%s", SHAPE_STR(&x->shape));
    int64_t n = x->shape.dim[x->shape.rank - 1];
    if (n != 3)
        return status_new(FAILED_PRECONDITION, "input must have 3 channels but input only has %lld "
                          "channels.", (long long)n);
    return NULL;
}

static void colors_run(struct kernel *k, struct colors *c,
                       void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    c->y = kernel_out(k, 0)->data;
    c->pixels = tensor_count(kernel_out(k, 0)) / 3;
    pool_for(c->pixels, GRAIN, k->env->threads, fn, c);
}

#define EACH "ops/color.inc"
#include "op/each_float.h"

static struct status *adjust_check(const struct kernel *k, const char *by)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *s = &kernel_in(k, 1)->shape;
    ENSURE(x->rank >= 3, "input must be at least 3-D, got shape%s", SHAPE_STR(x));
    ENSURE(s->rank == 0, "%s must be scalar: %s", by, SHAPE_STR(s));
    return NULL;
}

static struct status *adjust(struct kernel *k, const char *by,
                             void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    const struct tensor *x = kernel_in(k, 0);
    struct colors c = { .x = x->data };
    TRY(adjust_check(k, by));
    ENSURE(x->shape.dim[x->shape.rank - 1] == 3, "input must have 3 channels but instead has %lld "
           "channels.", (long long)x->shape.dim[x->shape.rank - 1]);
    c.by = *(const float *)kernel_in(k, 1)->data;
    TRY(kernel_reuse(k, 0, 0));
    colors_run(k, &c, fn);
    return NULL;
}

static struct status *adjust_hue(struct kernel *k) { return adjust(k, "delta", adjust_hue_some); }
static struct status *adjust_saturation(struct kernel *k)
{ return adjust(k, "scale", adjust_saturation_some); }

/* Each channel of each image is brought nearer to its mean, or further from it. */
static struct status *adjust_contrast(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    double *mean;
    TRY(adjust_check(k, "contrast_factor"));
    float by = *(const float *)kernel_in(k, 1)->data;
    const struct shape s = x->shape;
    const float *from = x->data;
    TRY(kernel_reuse(k, 0, 0));
    if (shape_count(&s) == 0)
        return NULL;
    float *to = kernel_out(k, 0)->data;
    int64_t depth = s.dim[s.rank - 1], all = shape_count(&s);
    int64_t each = shape_span(&s, s.rank - 3, s.rank);
    TRY(kernel_temp(k, (size_t)depth * sizeof *mean, &mean));
    for (int64_t image = 0; image < all; image += each) {
        for (int64_t c = 0; c < depth; c++)
            mean[c] = 0;
        for (int64_t i = image; i < image + each; i += depth)
            for (int64_t c = 0; c < depth; c++)
                mean[c] += from[i + c];
        for (int64_t c = 0; c < depth; c++)
            mean[c] /= (double)(each / depth);
        for (int64_t i = image; i < image + each; i += depth)
            for (int64_t c = 0; c < depth; c++)
                to[i + c] = (from[i + c] - (float)mean[c]) * by + (float)mean[c];
    }
    return NULL;
}

/* ---- shapes ---- */

static struct status *colors_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    int64_t three = 3;
    TRY(shape_want_rank_at_least(x, 1));
    *shape_out(c, 0) = *x;
    if (x->rank > 0)
        TRY(dim_merge(x->dim[x->rank - 1], three, &shape_out(c, 0)->dim[x->rank - 1]));
    return NULL;
}

static struct status *adjust_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank_at_least(shape_in(c, 0), 3));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return shape_unchanged(c);
}

#define COLORS .inputs = "images: T", .outputs = "output: T", \
    .attrs = "T: {half, bfloat16, float, double} = float", .shape = colors_shape, \
    .grad = NO_GRADIENT
#define ADJUST(by, fn) .inputs = "images: T, " by ": float", .outputs = "output: T", \
    .attrs = "T: {half, float} = float", .shape = adjust_shape, .grad = NO_GRADIENT, \
    .kernel = KERNELS([DT_FLOAT] = fn)

const struct op ops_color[] = {
    { .name = "RGBToHSV", COLORS,
      .doc = "Red, green and blue in [0, 1] as hue, saturation and value.",
      .kernel = KERNELS(FLOATS(rgb_to_hsv)) },
    { .name = "HSVToRGB", COLORS,
      .doc = "Hue, saturation and value in [0, 1] as red, green and blue.",
      .kernel = KERNELS(FLOATS(hsv_to_rgb)) },
    { .name = "AdjustContrastv2", ADJUST("contrast_factor", adjust_contrast),
      .doc = "Images whose distances from the mean of each channel are multiplied." },
    { .name = "AdjustHue", ADJUST("delta", adjust_hue),
      .doc = "Images whose hue is moved on by delta, a part of the whole circle." },
    { .name = "AdjustSaturation", ADJUST("scale", adjust_saturation),
      .doc = "Images whose saturation is multiplied, up to 1." },
    { 0 }
};
