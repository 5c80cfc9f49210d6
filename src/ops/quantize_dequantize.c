/* quantize_dequantize.c - floats rounded to the steps that some bits can say, 0 being one of them,
 * and still floats: QuantizeAndDequantize, QuantizeAndDequantizeV2, V3. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/grad.h"
#include "op/kernel.h"
#include "op/shape_fn.h"

#include <float.h>
#include <math.h>
#include <string.h>

struct how {
    bool is_signed, given, narrow, up;
    int64_t bits;                       /* -1: input 3 says how many */
    float min, max;                     /* where attributes give the range */
    bool by_attrs;
};

enum { GRAIN = 1 << 15, SIDE = 16 };

static struct status *bits_check(const struct how *h, int64_t bits)
{
    ENSURE(bits > 0 && bits < (h->is_signed ? 62 : 63),
           "num_bits is out of range: %lld with signed_input_ %d", (long long)bits, h->is_signed);
    return NULL;
}

static struct status *range_check(double min, double max)
{
    ENSURE(min <= max, "Invalid range: input_min %g > input_max %g", min, max);
    return NULL;
}

static struct status *v3_prepare(struct prep *p)
{
    struct how *h;
    TRY(prep_state(p, sizeof *h, &h));
    h->is_signed = node_attr(p->node, "signed_input");
    h->given = node_attr(p->node, "range_given");
    h->bits = -1;
    const struct attr *narrow = node_attr_find(p->node, "narrow_range");
    h->narrow = narrow && narrow->i;
    return NULL;
}

static struct status *v2_prepare(struct prep *p)
{
    TRY(v3_prepare(p));
    struct how *h = (struct how *)p->state;
    h->bits = node_attr(p->node, "num_bits");
    h->up = !strcmp(node_attr_string(p->node, "round_mode"), "HALF_UP");
    return bits_check(h, h->bits);
}

static struct status *v1_prepare(struct prep *p)
{
    TRY(v3_prepare(p));
    struct how *h = (struct how *)p->state;
    h->bits = node_attr(p->node, "num_bits");
    h->by_attrs = true;
    h->min = (float)node_attr_float(p->node, "input_min");
    h->max = (float)node_attr_float(p->node, "input_max");
    TRY(bits_check(h, h->bits));
    return h->given ? range_check((double)h->min, (double)h->max) : NULL;
}

static struct status *bits_now(const struct kernel *k, int64_t *bits)
{
    const struct how *h = k->state;
    *bits = h->bits;
    if (h->bits >= 0)
        return NULL;
    ENSURE(tensor_count(kernel_in(k, 3)) == 1, "num_bits must be a scalar, but got shape %s",
           SHAPE_STR(&kernel_in(k, 3)->shape));
    *bits = *(const int32_t *)kernel_in(k, 3)->data;
    return bits_check(h, *bits);
}

static struct status *ends_check(const struct kernel *k)
{
    static const char *const name[] = { "input_min", "input_max" };
    for (int i = 0; i < 2; i++)
        ENSURE(tensor_count(kernel_in(k, 1 + i)) == 1, "%s must be a scalar, but got shape %s",
               name[i], SHAPE_STR(&kernel_in(k, 1 + i)->shape));
    return NULL;
}

#define EACH "ops/quantize_dequantize.inc"
#define EACH_SET (SET_F32 | SET_F64)
#include "op/each.h"

/* ---- rows ---- */

static struct status *scalars_shape(struct shape_ctx *c)
{
    for (int i = 1; i < c->n_in; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    return shape_unchanged(c);
}

/* As if nothing had been rounded; the ends of the range get none. */
static void pass_grad(struct grad *g) { g->dx[0] = g->dy[0]; }

#define SIGNED "signed_input: bool = true; "
#define FLOATS_ONLY "T: {bfloat16, half, float, double}"

const struct op ops_quantize_dequantize[] = {
    { .name = "QuantizeAndDequantize", .inputs = "input: T", .outputs = "output: T",
      .attrs = SIGNED "num_bits: int = 8; range_given: bool = false; input_min: float = 0; "
               "input_max: float = 0; " FLOATS_ONLY,
      .doc = "QuantizeAndDequantizeV2 whose range is attributes.",
      .shape = shape_unchanged, .grad = pass_grad, .prepare = v1_prepare,
      .kernel = KERNELS(DOUBLES(round_trip)) },
    { .name = "QuantizeAndDequantizeV2", .inputs = "input: T, input_min: T, input_max: T",
      .outputs = "output: T",
      .attrs = SIGNED "num_bits: int = 8; range_given: bool = false; " FLOATS_ONLY "; "
               "round_mode: {\"HALF_TO_EVEN\", \"HALF_UP\"} = \"HALF_TO_EVEN\"; "
               "narrow_range: bool = false",
      .doc = "The input rounded to the steps that num_bits say between two numbers, or between its "
             "own least and greatest.",
      .shape = scalars_shape, .grad = pass_grad, .prepare = v2_prepare,
      .kernel = KERNELS(DOUBLES(round_trip)) },
    { .name = "QuantizeAndDequantizeV3",
      .inputs = "input: T, input_min: T, input_max: T, num_bits: int32", .outputs = "output: T",
      .attrs = SIGNED "range_given: bool = true; " FLOATS_ONLY "; narrow_range: bool = false",
      .doc = "QuantizeAndDequantizeV2 with num_bits as an input.",
      .shape = scalars_shape, .grad = pass_grad, .prepare = v3_prepare,
      .kernel = KERNELS(DOUBLES(round_trip)) },
    { 0 }
};
