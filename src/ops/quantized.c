/* quantized.c - arithmetic on quantized numbers, element by element: QuantizedRelu, QuantizedRelu6,
 * QuantizedReluX, QuantizedAdd, QuantizedMul. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "op/grad.h"
#include "ops/broadcast.h"
#include "ops/steps.h"

#include <math.h>

/* ---- QuantizedRelu ---- */

enum { GRAIN = 1 << 16 };

/* Steps are kept within two: those of 0 and of the upper bound, if there is one. */
struct clamp { int64_t low, high; const void *x; void *y; };

#define EACH "ops/quantized.inc"
#define EACH_SET (SET_U8 | SET_I32)
#include "op/each.h"

static struct status *relu(struct kernel *k, int range_at, float most)
{
    const struct tensor *x = kernel_in(k, 0);
    enum dtype t = x->dtype;
    struct range r;
    TRY(range_in(k, range_at, &r));
    struct clamp c = { steps_of(0, r, t), most < INFINITY ? steps_of(most, r, t) : ends_of(t).high,
                       x->data, NULL };
    int64_t n = tensor_count(x);
    TRY(kernel_reuse(k, 0, 0));
    c.y = kernel_out(k, 0)->data;
    if (n)
        pool_for(n, GRAIN, k->env->threads, t == DT_QUINT8 ? clamp_u8 : clamp_i32, &c);
    return range_out(k, 1, r);
}

static struct status *relu_open(struct kernel *k) { return relu(k, 1, INFINITY); }
static struct status *relu_6(struct kernel *k) { return relu(k, 1, 6); }

static struct status *relu_x(struct kernel *k)
{
    const struct tensor *most = kernel_in(k, 1);
    ENSURE(tensor_count(most) == 1, "max_value must be a scalar, but got shape %s",
           SHAPE_STR(&most->shape));
    return relu(k, 2, *(const float *)most->data);
}

/* ---- QuantizedAdd, QuantizedMul: bytes as 32-bit numbers in which they add or multiply ---- */

/* base + v * step, kept within 32 bits: what becomes of byte v. */
struct widening { int64_t base, step; const uint8_t *x; int32_t *y; };

static void widen(void *ctx, int64_t begin, int64_t end)
{
    const struct widening *w = ctx;
    for (int64_t i = begin; i < end; i++) {
        int64_t v = w->base + w->x[i] * w->step;
        w->y[i] = (int32_t)(v < INT32_MIN ? INT32_MIN : v > INT32_MAX ? INT32_MAX : v);
    }
}

static struct status *widened(struct kernel *k, int i, struct widening w, const int32_t **y)
{
    int64_t n = tensor_count(kernel_in(k, i));
    w.x = kernel_in(k, i)->data;
    TRY(kernel_temp(k, (size_t)n * sizeof(int32_t), &w.y));
    if (n)
        pool_for(n, GRAIN, k->env->threads, widen, &w);
    *y = w.y;
    return NULL;
}

struct pairs { const int32_t *x, *y; int32_t *z; vec_binary *loop; struct broadcast b; };

static void pairs_rows(void *ctx, int64_t begin, int64_t end)
{
    const struct pairs *p = ctx;
    struct broadcast_at at = broadcast_seek(&p->b, begin);
    for (int64_t r = begin; r < end; r++) {
        p->loop(p->z + r * p->b.dim[0], p->x + at.x, p->y + at.y, (size_t)p->b.dim[0],
                broadcast_form(&p->b));
        broadcast_next(&p->b, &at);
    }
}

/* Output 0: the loop of x and y, the inputs in 32 bits, broadcast. (TF broadcasts vectors only.) */
static struct status *combine(struct kernel *k, const int32_t *x, const int32_t *y,
                              vec_binary *loop)
{
    const struct shape *a = &kernel_in(k, 0)->shape, *b = &kernel_in(k, 1)->shape;
    struct pairs p = { .x = x, .y = y, .loop = loop };
    struct shape z;
    TRY(shape_broadcast_of(a, b, &z));
    TRY(kernel_new(k, 0, DT_QINT32, &z));
    p.z = kernel_out(k, 0)->data;
    broadcast_plan(&p.b, a, b);
    if (shape_count(&z))
        pool_for(broadcast_rows(&p.b), 1 + GRAIN / p.b.dim[0], k->env->threads, pairs_rows, &p);
    return NULL;
}

/* TF reckons from where the first two steps come to lie. */
static struct widening widening_into(struct range from, struct range to)
{
    int64_t first = steps_unclamped(steps_value(0, from, DT_QUINT8), to, DT_QINT32);
    int64_t second = steps_unclamped(steps_value(1, from, DT_QUINT8), to, DT_QINT32);
    return (struct widening){ .base = first, .step = (int32_t)(uint32_t)(second - first) };
}

static struct status *ranges_in(struct kernel *k, struct range *x, struct range *y)
{
    TRY(range_in(k, 2, x));
    TRY(range_in(k, 4, y));
    ENSURE(x->max > x->min, "max_x must be larger than min_x.");
    ENSURE(y->max > y->min, "max_y must be larger than min_y.");
    return NULL;
}

static struct status *add(struct kernel *k)
{
    struct range x, y;
    const int32_t *wide[2];
    TRY(ranges_in(k, &x, &y));
    float most = fmaxf(fabsf(fminf(x.min, y.min)), fabsf(fmaxf(x.max, y.max))) * (1 << 14);
    struct range z = { -most, most };
    TRY(widened(k, 0, widening_into(x, z), &wide[0]));
    TRY(widened(k, 1, widening_into(y, z), &wide[1]));
    TRY(combine(k, wide[0], wide[1], vec_best()->add_i32));
    return range_out(k, 1, z);
}

static struct status *mul(struct kernel *k)
{
    struct range x, y;
    const int32_t *wide[2];
    TRY(ranges_in(k, &x, &y));
    TRY(steps_centered(k, 0, x, &wide[0]));
    TRY(steps_centered(k, 1, y, &wide[1]));
    TRY(combine(k, wide[0], wide[1], vec_best()->mul_i32));
    return range_out(k, 1, range_of_products(x, DT_QUINT8, y, DT_QUINT8));
}

/* ---- rows ---- */

static struct status *relu_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 1));
    return shape_unchanged(c);
}

static struct status *pair_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 2));
    return shape_broadcast(c);
}

static struct status *relu_prepare(struct prep *p)
{
    enum dtype in = node_attr_type(p->node, "Tinput"), out = node_attr_type(p->node, "out_type");
    if (in != out || (in != DT_QUINT8 && in != DT_QINT32))
        p->run = NULL;
    return NULL;
}

static struct status *pair_prepare(struct prep *p)
{
    steps_only_bytes(p, "T1", "T2", "Toutput");
    return NULL;
}

#define RELU(op, more, run, text)                                                         \
    { .name = op, .inputs = "features: Tinput, " more "min_features: float, max_features: float", \
      .outputs = "activations: out_type, min_activations: float, max_activations: float", \
      .attrs = "Tinput: " QUANTIZED_TYPES "; out_type: " QUANTIZED_TYPES " = quint8",     \
      .doc = text, .shape = relu_shape, .grad = NO_GRADIENT, .prepare = relu_prepare,     \
      .kernel_any = run }
#define PAIR(op, run, text)                                                               \
    { .name = op, .inputs = "x: T1, y: T2, min_x: float, max_x: float, min_y: float, "     \
                            "max_y: float",                                               \
      .outputs = "z: Toutput, min_z: float, max_z: float",                                \
      .attrs = "T1: " QUANTIZED_TYPES "; T2: " QUANTIZED_TYPES "; Toutput: "              \
               QUANTIZED_TYPES " = qint32",                                               \
      .doc = text, .note = "They broadcast as those of Add do.", .shape = pair_shape,     \
      .grad = NO_GRADIENT, .prepare = pair_prepare,                                       \
      .kernel_any = run, .flags = OP_COMMUTATIVE }

const struct op ops_quantized[] = {
    RELU("QuantizedRelu", "", relu_open, "Relu of quantized numbers."),
    RELU("QuantizedRelu6", "", relu_6, "Relu6 of quantized numbers."),
    RELU("QuantizedReluX", "max_value: float, ", relu_x,
         "Quantized numbers, but none below 0 or above max_value."),
    PAIR("QuantizedAdd", add, "The sum of quantized numbers, in 32 bits."),
    PAIR("QuantizedMul", mul, "The product of quantized numbers, in 32 bits."),
    { 0 }
};
