/* fake_quant.c - numbers rounded as if they had been quantized: FakeQuantWithMinMaxArgs, Vars and
 * VarsPerChannel, and their gradients. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/grad.h"
#include "op/kernel.h"

#include <math.h>

struct quant { float low, high, min, max; };            /* the steps there are, and the range */

static struct status *quant_prepare(struct prep *p)
{
    struct quant *q;
    int64_t bits = node_attr(p->node, "num_bits");
    ENSURE(bits >= 2 && bits <= 16, "num_bits must be between 2 and 16, inclusive");
    TRY(prep_state(p, sizeof *q, &q));
    q->low = node_attr(p->node, "narrow_range") ? 1 : 0;
    q->high = (float)((1 << bits) - 1);
    q->min = (float)node_attr_float(p->node, "min");
    q->max = (float)node_attr_float(p->node, "max");
    return NULL;
}

static struct status *args_prepare(struct prep *p)
{
    TRY(quant_prepare(p));
    const struct quant *q = p->state;
    ENSURE(q->min < q->max, "min has to be smaller than max, was: %g >= %g", q->min, q->max);
    return NULL;
}

/* The range, moved a little so that 0 is one of the steps. */
struct nudged { float min, max, scale, inverse; bool none; };

static struct nudged nudge(const struct quant *q, float min, float max)
{
    struct nudged n = { .scale = (max - min) / (q->high - q->low), .none = min == 0 && max == 0 };
    float zero = q->low - min / n.scale;
    zero = zero < q->low ? q->low : zero > q->high ? q->high : roundf(zero);
    n.min = (q->low - zero) * n.scale;
    n.max = (q->high - zero) * n.scale;
    n.inverse = 1 / n.scale;
    return n;
}

static inline float rounded(const struct nudged *n, float v)
{
    v = v > n->max ? n->max : v;
    v = v < n->min ? n->min : v;
    return n->none ? 0 : floorf((v - n->min) * n->inverse + 0.5f) * n->scale + n->min;
}

/* Rows of numbers, one for each range. */
struct quantizing { const struct nudged *range; int64_t ranges; const float *x; float *y; };

static void quantize_rows(void *ctx, int64_t begin, int64_t end)
{
    const struct quantizing *q = ctx;
    const struct nudged first = q->range[0];
    int64_t n = q->ranges;
    for (int64_t i = begin; n == 1 && i < end; i++)
        q->y[i] = rounded(&first, q->x[i]);
    for (int64_t row = begin; n > 1 && row < end; row++)
        for (int64_t i = 0; i < n; i++)
            q->y[row * n + i] = rounded(&q->range[i], q->x[row * n + i]);
}

/* Output 0 is input 0, quantized. */
static struct status *quantize(struct kernel *k, const struct nudged *range, int64_t ranges)
{
    struct quantizing q = { range, ranges, kernel_in(k, 0)->data, NULL };
    enum { GRAIN = 1 << 15 };
    int64_t n = tensor_count(kernel_in(k, 0));
    TRY(kernel_reuse(k, 0, 0));
    q.y = kernel_out(k, 0)->data;
    if (n)
        pool_for(n / ranges, 1 + GRAIN / ranges, k->env->threads, quantize_rows, &q);
    return NULL;
}

/* What is outside the range gives its gradient to the end of it. */
static void quantize_back(const struct nudged *q, const float *dy, const float *x, float *dx,
                          int64_t n, int64_t step, float ends[2])
{
    double below = 0, above = 0;
    for (int64_t i = 0; i < n; i += step) {
        bool inside = q->none || (x[i] >= q->min && x[i] <= q->max);
        below += !q->none && x[i] < q->min ? dy[i] : 0;
        above += !q->none && x[i] > q->max ? dy[i] : 0;
        dx[i] = dy[i] * (float)inside;
    }
    ends[0] = (float)below;
    ends[1] = (float)above;
}

/* ---- kernels ---- */

static struct status *args(struct kernel *k)
{
    const struct quant *q = k->state;
    struct nudged range = nudge(q, q->min, q->max);
    return quantize(k, &range, 1);
}

static struct status *back_check(const struct kernel *k)
{
    ENSURE(shape_equal(&kernel_in(k, 0)->shape, &kernel_in(k, 1)->shape),
           "gradient and input must be the same size");
    return NULL;
}

static struct status *args_back(struct kernel *k)
{
    const struct quant *q = k->state;
    const float *dy = kernel_in(k, 0)->data, *x = kernel_in(k, 1)->data;
    int64_t n = tensor_count(kernel_in(k, 0));
    struct nudged range = nudge(q, q->min, q->max);
    float ends[2];
    TRY(back_check(k));
    TRY(kernel_reuse(k, 0, 0));
    quantize_back(&range, dy, x, kernel_out(k, 0)->data, n, 1, ends);
    return NULL;
}

/* min and max are inputs `at` and at + 1: scalars, or one for each channel. */
static struct status *range_check(const struct kernel *k, int at, bool channels, int64_t *n)
{
    static const char *const name[] = { "min", "max" };
    const struct shape *x = &kernel_in(k, at - 1)->shape;
    ENSURE(!channels || x->rank >= 1, "inputs must be at least 1-dimensional");
    *n = channels ? x->dim[x->rank - 1] : 1;
    for (int i = 0; i < 2; i++) {
        const struct tensor *t = kernel_in(k, at + i);
        int64_t size = channels && t->shape.rank ? t->shape.dim[0] : tensor_count(t);
        ENSURE(size == *n && tensor_count(t) == *n, "%s has incorrect size, expected %lld was %lld",
               name[i], (long long)*n, (long long)size);
    }
    return NULL;
}

static struct nudged range_of(const struct kernel *k, int at, int64_t channel)
{
    return nudge(k->state, ((const float *)kernel_in(k, at)->data)[channel],
                 ((const float *)kernel_in(k, at + 1)->data)[channel]);
}

static struct status *vars_run(struct kernel *k, bool per_channel)
{
    struct nudged *range;
    int64_t channels;
    TRY(range_check(k, 1, per_channel, &channels));
    TRY(kernel_temp(k, (size_t)(channels + 1) * sizeof *range, &range));
    for (int64_t c = 0; c < channels; c++)
        range[c] = range_of(k, 1, c);
    return quantize(k, range, channels);
}

static struct status *vars_back_run(struct kernel *k, bool per_channel)
{
    const float *dy = kernel_in(k, 0)->data, *x = kernel_in(k, 1)->data;
    int64_t n = tensor_count(kernel_in(k, 0)), channels;
    TRY(back_check(k));
    TRY(range_check(k, 2, per_channel, &channels));
    TRY(kernel_new(k, 0, DT_FLOAT, &kernel_in(k, 0)->shape));
    for (int i = 1; i < 3; i++)
        TRY(kernel_new(k, i, DT_FLOAT, per_channel ? &SHAPE(channels) : &SHAPE_SCALAR));
    float *dx = kernel_out(k, 0)->data;
    for (int64_t c = 0; c < channels; c++) {
        struct nudged range = range_of(k, 2, c);
        float ends[2];
        quantize_back(&range, dy + c, x + c, dx + c, n - c, channels, ends);
        for (int i = 0; i < 2; i++)
            ((float *)kernel_out(k, 1 + i)->data)[c] = ends[i];
    }
    return NULL;
}

static struct status *vars(struct kernel *k) { return vars_run(k, false); }
static struct status *vars_channels(struct kernel *k) { return vars_run(k, true); }
static struct status *vars_back(struct kernel *k) { return vars_back_run(k, false); }
static struct status *vars_channels_back(struct kernel *k) { return vars_back_run(k, true); }

/* ---- shapes ---- */

static struct status *args_back_shape(struct shape_ctx *c)
{
    return shape_merge(shape_in(c, 0), shape_in(c, 1), shape_out(c, 0));
}

static struct status *vars_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 1), 0));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    return shape_unchanged(c);
}

static struct status *vars_back_shape(struct shape_ctx *c)
{
    TRY(shape_merge(shape_in(c, 0), shape_in(c, 1), shape_out(c, 0)));
    for (int i = 1; i < 3; i++) {
        TRY(shape_want_rank(shape_in(c, 1 + i), 0));
        *shape_out(c, i) = SHAPE_SCALAR;
    }
    return NULL;
}

/* The last dimension of the input and those of min and max are one. */
static struct status *channels_of(struct shape_ctx *c, int x, struct shape *y, int64_t *channels)
{
    *y = *shape_in(c, x);
    *channels = -1;
    TRY(shape_want_rank_at_least(y, 1));
    if (y->rank >= 0)
        *channels = y->dim[y->rank - 1];
    for (int i = 1; i < 3; i++) {
        TRY(shape_want_rank(shape_in(c, x + i), 1));
        if (shape_in(c, x + i)->rank == 1)
            TRY(dim_merge(*channels, shape_in(c, x + i)->dim[0], channels));
    }
    if (y->rank >= 0)
        y->dim[y->rank - 1] = *channels;
    return NULL;
}

static struct status *channels_shape(struct shape_ctx *c)
{
    int64_t channels;
    return channels_of(c, 0, shape_out(c, 0), &channels);
}

static struct status *channels_back_shape(struct shape_ctx *c)
{
    struct shape y;
    int64_t channels;
    TRY(channels_of(c, 1, &y, &channels));
    TRY(shape_merge(shape_in(c, 0), &y, shape_out(c, 0)));
    *shape_out(c, 1) = *shape_out(c, 2) = SHAPE(channels);
    return NULL;
}

/* ---- gradients ---- */

static void args_grad(struct grad *g)
{
    const struct node *n = g->node;
    g->dx[0] = grad_add(g, "FakeQuantWithMinMaxArgsGradient", OUTS(g->dy[0], g->x[0]),
                        ATTRS(attr_float("min", node_attr_float(n, "min")),
                              attr_float("max", node_attr_float(n, "max")),
                              attr_int("num_bits", node_attr(n, "num_bits")),
                              attr_bool("narrow_range", node_attr(n, "narrow_range"))));
}

static void vars_grad_by(struct grad *g, const char *op)
{
    const struct node *n = g->node;
    struct out d = grad_add(g, op, OUTS(g->dy[0], g->x[0], g->x[1], g->x[2]),
                            ATTRS(attr_int("num_bits", node_attr(n, "num_bits")),
                                  attr_bool("narrow_range", node_attr(n, "narrow_range"))));
    for (int i = 0; i < 3; i++)
        g->dx[i] = out_at(d, i);
}

static void vars_grad(struct grad *g) { vars_grad_by(g, "FakeQuantWithMinMaxVarsGradient"); }
static void channels_grad(struct grad *g)
{ vars_grad_by(g, "FakeQuantWithMinMaxVarsPerChannelGradient"); }

#define ARGS "min: float = -6; max: float = 6; "
#define BITS "num_bits: int = 8; narrow_range: bool = false"
#define BACK .outputs = "backprops_wrt_input: float, backprop_wrt_min: float, " \
                        "backprop_wrt_max: float", \
    .inputs = "gradients: float, inputs: float, min: float, max: float", .attrs = BITS, \
    .grad = NO_GRADIENT, .prepare = quant_prepare
#define VARS .inputs = "inputs: float, min: float, max: float", .outputs = "outputs: float", \
    .attrs = BITS, .prepare = quant_prepare

const struct op ops_fake_quant[] = {
    { .name = "FakeQuantWithMinMaxArgs", .inputs = "inputs: float", .outputs = "outputs: float",
      .attrs = ARGS BITS, .doc = "Numbers rounded to the steps that num_bits bits can say between "
                                 "min and max.",
      .shape = shape_unchanged, .grad = args_grad, .prepare = args_prepare, .kernel_any = args },
    { .name = "FakeQuantWithMinMaxArgsGradient", .inputs = "gradients: float, inputs: float",
      .outputs = "backprops: float", .attrs = ARGS BITS,
      .doc = "The gradient of FakeQuantWithMinMaxArgs.",
      .shape = args_back_shape, .grad = NO_GRADIENT, .prepare = args_prepare,
      .kernel_any = args_back },
    { .name = "FakeQuantWithMinMaxVars", VARS,
      .doc = "FakeQuantWithMinMaxArgs whose range is two inputs.",
      .shape = vars_shape, .grad = vars_grad, .kernel_any = vars },
    { .name = "FakeQuantWithMinMaxVarsGradient", BACK,
      .doc = "The gradients of FakeQuantWithMinMaxVars.",
      .shape = vars_back_shape, .kernel_any = vars_back },
    { .name = "FakeQuantWithMinMaxVarsPerChannel", VARS,
      .doc = "FakeQuantWithMinMaxVars with a range for each channel.",
      .shape = channels_shape, .grad = channels_grad, .kernel_any = vars_channels },
    { .name = "FakeQuantWithMinMaxVarsPerChannelGradient", BACK,
      .doc = "The gradients of FakeQuantWithMinMaxVarsPerChannel.",
      .shape = channels_back_shape, .kernel_any = vars_channels_back },
    { 0 }
};
