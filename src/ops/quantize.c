/* quantize.c - floats to the steps of a range and back: QuantizeV2, Dequantize; and 32-bit sums to
 * 8 bits: Requantize, RequantizationRange, QuantizeDownAndShrinkRange. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "op/grad.h"
#include "ops/steps.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum mode { MIN_COMBINED, MIN_FIRST, SCALED };

struct how { enum dtype t; enum mode mode; enum rounding rounding; };

static struct status *mode_prepare(struct prep *p)
{
    struct how *h;
    const char *mode = node_attr_string(p->node, "mode");
    TRY(prep_state(p, sizeof *h, &h));
    h->t = node_attr_type(p->node, "T");
    h->mode = !strcmp(mode, "SCALED") ? SCALED : !strcmp(mode, "MIN_FIRST") ? MIN_FIRST
                                                                            : MIN_COMBINED;
    return NULL;
}

static struct status *quantize_prepare(struct prep *p)
{
    bool even = !strcmp(node_attr_string(p->node, "round_mode"), "HALF_TO_EVEN");
    TRY(mode_prepare(p));
    struct how *h = (struct how *)p->state;
    ENSURE(!even || h->mode == SCALED, "Round mode 'HALF_TO_EVEN' only supported for mode "
           "'SCALED', but mode is '%s'.", node_attr_string(p->node, "mode"));
    h->rounding = even ? ROUND_EVEN : ROUND_AWAY;
    return NULL;
}

/* ---- QuantizeV2 ---- */

/* TF: the range has 0 in it, and is at least a hundredth of its greater end (or of 1). */
static struct range widened(struct range r)
{
    float size = fmaxf(1, fmaxf(fabsf(r.min), fabsf(r.max)));
    struct range w = { r.min < 0 ? r.min : 0, r.max };
    w.max = w.max < w.min + size / 100 ? w.min + size / 100 : w.max;
    w.max = w.max < 0 ? 0 : w.max;
    return w;
}

static struct writing write_combined(struct range r, enum dtype t)
{
    struct ends e = ends_of(t);
    float scale = (float)((double)(e.high - e.low) / (double)(r.max - r.min));
    return (struct writing){ r.min, r.max, r.min, scale, -(float)e.low, 0,
                             e.low ? ROUND_AWAY : ROUND_UP };
}

/* 0 stays 0, and the end that needs the lesser scale decides; the other one moves. */
static struct writing write_scaled(struct range *r, const struct how *h)
{
    struct ends e = ends_of(h->t);
    float low = (float)e.low, high = (float)e.high;
    float below = low * r->min > 0 ? low / r->min : FLT_MAX;
    float above = high * r->max > 0 ? high / r->max : FLT_MAX;
    float scale = below < above ? below : above;
    *r = (struct range){ low / scale, high / scale };
    return (struct writing){ r->min, r->max, 0, scale, 0, 0, h->rounding };
}

static struct status *quantize(struct kernel *k)
{
    const struct how *h = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct conversion c = { .from = DT_FLOAT, .to = h->t };
    struct range r;
    TRY(range_in(k, 1, &r));
    ENSURE(!(r.max < r.min), "input_max_range must be larger than input_min_range.");
    r = widened(r);
    c.write = h->mode == SCALED ? write_scaled(&r, h)
            : h->mode == MIN_FIRST ? writing_of(r, h->t) : write_combined(r, h->t);
    TRY(kernel_new(k, 0, h->t, &x->shape));
    steps_convert(k, &c, x->data, kernel_out(k, 0)->data, tensor_count(x));
    return range_out(k, 1, r);
}

/* ---- Dequantize ---- */

static struct reading read_combined(struct range r, enum dtype t)
{
    struct ends e = ends_of(t);
    return (struct reading){ -(float)e.low, (r.max - r.min) / ((float)e.high - (float)e.low),
                             r.min };
}

static struct reading read_scaled(struct range r, enum dtype t)
{
    struct ends e = ends_of(t);
    float above = r.max / (float)e.high, below = e.low ? r.min / (float)e.low : above;
    return (struct reading){ 0, below > above ? below : above, 0 };
}

static struct status *dequantize(struct kernel *k)
{
    const struct how *h = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct conversion c = { .from = h->t, .to = DT_FLOAT };
    struct range r;
    TRY(range_in(k, 1, &r));
    c.read = h->mode == SCALED ? read_scaled(r, h->t)
           : h->mode == MIN_FIRST ? reading_of(r, h->t) : read_combined(r, h->t);
    TRY(kernel_new(k, 0, DT_FLOAT, &x->shape));
    steps_convert(k, &c, x->data, kernel_out(k, 0)->data, tensor_count(x));
    return NULL;
}

/* ---- 32 bits to 8 ---- */

/* From steps of one range to those of another, in TF's fixed-point arithmetic. */
struct rescale { int64_t scale, offset; const int32_t *x; uint8_t *y; };

static struct rescale rescale_of(struct range from, struct range to)
{
    float in = from.max - from.min, out = to.max - to.min, middle = (from.min + from.max) / 2;
    if (out == 0)
        return (struct rescale){ .offset = 1 << 15 };
    float ratio = (float)(255.0 / (double)out);
    int64_t begin = whole(65536 * ((double)to.min * 255.0) / (double)out);
    return (struct rescale){ .scale = whole(255.0 * 65536 * (double)in / (double)out),
                             .offset = whole((double)(middle * ratio * 65536)) - begin +
                                       (1 << 15) };
}

static void rescale_part(void *ctx, int64_t begin, int64_t end)
{
    const struct rescale *r = ctx;
    for (int64_t i = begin; i < end; i++) {
        int64_t v = (int64_t)((uint64_t)r->x[i] * (uint64_t)r->scale) >> 32;
        v = (int64_t)((uint64_t)v + (uint64_t)r->offset) >> 16;
        r->y[i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
    }
}

static struct status *rescale(struct kernel *k, struct range from, struct range to)
{
    const struct tensor *x = kernel_in(k, 0);
    struct rescale r = rescale_of(from, to);
    TRY(kernel_new(k, 0, DT_QUINT8, &x->shape));
    r.x = x->data;
    r.y = kernel_out(k, 0)->data;
    if (tensor_count(x))
        pool_for(tensor_count(x), 1 << 15, k->env->threads, rescale_part, &r);
    return range_out(k, 1, to);
}

/* The range that the values of input 0 take, which has 0 or less for its minimum. */
static struct range range_taken(const struct tensor *x, struct range r)
{
    const int32_t *q = x->data;
    int32_t low = INT32_MAX, high = INT32_MIN;
    for (int64_t i = 0; i < tensor_count(x); i++) {
        low = q[i] < low ? q[i] : low;
        high = q[i] > high ? q[i] : high;
    }
    float min = steps_value(low, r, DT_QINT32);
    return (struct range){ min < 0 ? min : 0, steps_value(high, r, DT_QINT32) };
}

static struct status *requantize(struct kernel *k)
{
    struct range from, to;
    TRY(range_in(k, 1, &from));
    TRY(range_in(k, 3, &to));
    ENSURE(to.min <= 0, "requested_output_min must be <= 0, but got %g", (double)to.min);
    ENSURE(to.max >= 0, "requested_output_max must be >= 0, but got %g", (double)to.max);
    return rescale(k, from, to);
}

static struct status *requantization_range(struct kernel *k)
{
    struct range r;
    TRY(range_in(k, 1, &r));
    return range_out(k, 0, range_taken(kernel_in(k, 0), r));
}

static struct status *shrink(struct kernel *k)
{
    struct range r;
    TRY(range_in(k, 1, &r));
    return rescale(k, r, range_taken(kernel_in(k, 0), r));
}

/* ---- rows ---- */

static struct status *steps_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 1));
    return shape_unchanged(c);
}

static struct status *range_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE_SCALAR;
    return ranges_shape(c, 1);
}

/* TF has kernels of these for 32-bit sums alone, which become 8 bits. */
static struct status *sums_prepare(struct prep *p, kernel_fn *run)
{
    bool fits = node_in_dtype(p->node, 0) == DT_QINT32 &&
                (p->node->dtype[0] == DT_QUINT8 || p->node->dtype[0] == DT_FLOAT);
    p->run = fits ? run : NULL;
    return NULL;
}

static struct status *requantize_prepare(struct prep *p) { return sums_prepare(p, requantize); }
static struct status *shrink_prepare(struct prep *p) { return sums_prepare(p, shrink); }
static struct status *range_prepare(struct prep *p)
{ return sums_prepare(p, requantization_range); }

#define STEPS(k) KERNELS([DT_QINT8] = k, [DT_QUINT8] = k, [DT_QINT16] = k, [DT_QUINT16] = k, \
                         [DT_QINT32] = k)
#define MODE "mode: {\"MIN_COMBINED\", \"MIN_FIRST\", \"SCALED\"} = \"MIN_COMBINED\""
#define SUMS "Tinput: " QUANTIZED_TYPES
#define DOWN SUMS "; out_type: " QUANTIZED_TYPES
#define QUANTIZED_OUT "output: out_type, output_min: float, output_max: float"

const struct op ops_quantize[] = {
    { .name = "QuantizeV2", .inputs = "input: float, min_range: float, max_range: float",
      .outputs = "output: T, output_min: float, output_max: float",
      .attrs = "T: " QUANTIZED_TYPES "; " MODE "; round_mode: {\"HALF_AWAY_FROM_ZERO\", "
               "\"HALF_TO_EVEN\"} = \"HALF_AWAY_FROM_ZERO\"",
      .doc = "The input as steps between min_range and max_range, and the range that they have.",
      .note = "What is too large for qint32 becomes its greatest (or least) step.",
      .shape = steps_shape, .grad = NO_GRADIENT, .prepare = quantize_prepare,
      .kernel = STEPS(quantize) },
    { .name = "Dequantize", .inputs = "input: T, min_range: float, max_range: float",
      .outputs = "output: float", .attrs = "T: " QUANTIZED_TYPES "; " MODE,
      .doc = "The numbers that steps between min_range and max_range stand for.",
      .shape = steps_shape, .grad = NO_GRADIENT, .prepare = mode_prepare,
      .kernel = STEPS(dequantize) },
    { .name = "Requantize", .inputs = "input: Tinput, input_min: float, input_max: float, "
                                      "requested_output_min: float, requested_output_max: float",
      .outputs = QUANTIZED_OUT, .attrs = DOWN,
      .doc = "Steps of one range as steps of another one, of fewer bits.",
      .shape = steps_shape, .grad = NO_GRADIENT, .prepare = requantize_prepare },
    { .name = "RequantizationRange", .inputs = "input: Tinput, input_min: float, input_max: float",
      .outputs = "output_min: float, output_max: float", .attrs = SUMS,
      .doc = "The range that the values of input really take.",
      .shape = range_shape, .grad = NO_GRADIENT, .prepare = range_prepare },
    { .name = "QuantizeDownAndShrinkRange",
      .inputs = "input: Tinput, input_min: float, input_max: float",
      .outputs = QUANTIZED_OUT, .attrs = DOWN,
      .doc = "Requantize to the range that the values of input really take.",
      .shape = steps_shape, .grad = NO_GRADIENT, .prepare = shrink_prepare },
    { 0 }
};
