/* quantized_conv.c - QuantizedConv2D: bytes gathered into columns of 32-bit numbers, which are
 * multiplied to sums that wrap around. */
#include "base/pool.h"
#include "num/gemm.h"
#include "op/kernel.h"
#include "ops/conv_shape.h"
#include "ops/steps.h"

#include <string.h>

static struct status *check(const struct conv_attrs *a)
{
    ENSURE(a->stride[1] == a->stride[2], "Current implementation only supports equal length "
           "strides in the row and column dimensions.");
    ENSURE(a->stride[0] == 1 && a->stride[3] == 1, "Current implementation does not yet support "
           "strides in the batch and depth dimensions.");
    ENSURE(a->dilation[1] == 1 && a->dilation[2] == 1, "Current implementation only supports "
           "dilated rate as 1 in the row and column dimensions.");
    ENSURE(a->dilation[0] == 1 && a->dilation[3] == 1, "Current implementation does not yet "
           "support dilations in the batch and depth dimensions.");
    return NULL;
}

static struct status *prepare(struct prep *p)
{
    struct conv_attrs *a;
    bool fits = node_attr_type(p->node, "Tinput") == DT_QUINT8 &&
                node_attr_type(p->node, "Tfilter") == DT_QUINT8 &&
                node_attr_type(p->node, "out_type") == DT_QINT32;
    p->run = fits ? p->run : NULL;
    TRY(prep_state(p, sizeof *a, &a));
    TRY(conv_attrs_of(p->node, a));
    return check(a);
}

static struct status *geometry(const struct kernel *k, struct conv *g)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *f = &kernel_in(k, 1)->shape;
    ENSURE(x->rank == 4, "input must be 4-dimensional%s", SHAPE_STR(x));
    ENSURE(f->rank == 4, "filter must be 4-dimensional: %s", SHAPE_STR(f));
    ENSURE(x->dim[3] == f->dim[2], "input and filter must have the same depth: %lld vs %lld",
           (long long)x->dim[3], (long long)f->dim[2]);
    TRY(conv_geometry(k->state, x, f, g));
    /* TF centers the windows, whatever the padding: strides that leave pixels out begin later. */
    g->top = ((g->oh - 1) * g->sh + g->kh - g->h) / 2;
    g->left = ((g->ow - 1) * g->sw + g->kw - g->w) / 2;
    return NULL;
}

/* ---- columns: a row for each pixel of the output, from pixel `first` on ---- */

struct columns {
    const struct conv *g;
    const uint8_t *x;
    int32_t *to, zero;
    int64_t first;
};

/* `n` numbers of a row of the image from x on, or zeros where there is no image. */
static void gather(const struct columns *c, const uint8_t *x, int32_t *to, int64_t n)
{
    if (!x)
        memset(to, 0, (size_t)n * sizeof *to);
    for (int64_t i = 0; x && i < n; i++)
        to[i] = (int32_t)(x[i] - (uint32_t)c->zero);
}

/* The filter's row that lies on row y of the image, from column x on. */
static void gather_row(const struct columns *c, int64_t image, int64_t y, int64_t x, int32_t *to)
{
    const struct conv *g = c->g;
    bool inside = y >= 0 && y < g->h;
    int64_t from = x < 0 ? -x : 0, end = g->w - x < g->kw ? g->w - x : g->kw;
    from = !inside || from > g->kw ? g->kw : from;
    end = end < from ? from : end;
    gather(c, NULL, to, from * g->c);
    if (end > from)
        gather(c, c->x + ((image * g->h + y) * g->w + x + from) * g->c, to + from * g->c,
               (end - from) * g->c);
    gather(c, NULL, to + end * g->c, (g->kw - end) * g->c);
}

static void columns_part(void *ctx, int64_t begin, int64_t end)
{
    const struct columns *c = ctx;
    const struct conv *g = c->g;
    for (int64_t i = begin; i < end; i++) {
        int64_t pixel = c->first + i, row = pixel / g->ow;
        for (int64_t r = 0; r < g->kh; r++)
            gather_row(c, row / g->oh, row % g->oh * g->sh - g->top + r,
                       pixel % g->ow * g->sw - g->left, c->to + (i * g->kh + r) * g->kw * g->c);
    }
}

/* ---- the product ---- */

enum { TILE = 1 << 20, GRAIN = 1 << 15 };       /* numbers in columns at a time; worth a thread */

static int64_t at_least_1(int64_t n) { return n < 1 ? 1 : n; }

static struct status *multiply(struct kernel *k, const struct conv *g, const int32_t *filter,
                               int32_t zero)
{
    int64_t size = g->kh * g->kw * g->c, pixels = g->n * g->oh * g->ow;
    int64_t tile = at_least_1(TILE / at_least_1(size));
    struct columns c = { .g = g, .x = kernel_in(k, 0)->data, .zero = zero };
    struct gemm whole = gemm_dense(GEMM_N, GEMM_N, tile, g->o, size, k->env->threads);
    int32_t *y = kernel_out(k, 0)->data;
    void *scratch;
    TRY(gemm_ready_i32(&whole));
    TRY(kernel_temp(k, (size_t)(tile * size) * sizeof *c.to, &c.to));
    TRY(kernel_temp(k, gemm_scratch_i32(&whole), &scratch));
    for (; c.first < pixels; c.first += tile) {
        int64_t n = pixels - c.first < tile ? pixels - c.first : tile;
        struct gemm part = gemm_dense(GEMM_N, GEMM_N, n, g->o, size, k->env->threads);
        pool_for(n, 1 + GRAIN / at_least_1(size), k->env->threads, columns_part, &c);
        gemm_i32(&part, c.to, filter, y + c.first * g->o, scratch);
    }
    return NULL;
}

static struct status *convolve(struct kernel *k)
{
    struct range x, f;
    struct conv g;
    const int32_t *filter;
    TRY(range_in(k, 2, &x));
    TRY(range_in(k, 4, &f));
    TRY(geometry(k, &g));
    TRY(kernel_new(k, 0, DT_QINT32, &SHAPE(g.n, g.oh, g.ow, g.o)));
    if (tensor_count(kernel_out(k, 0))) {
        TRY(steps_centered(k, 1, f, &filter));
        TRY(multiply(k, &g, filter, steps_zero(x, DT_QUINT8)));
    }
    return range_out(k, 1, range_of_products(x, DT_QUINT8, f, DT_QUINT8));
}

static struct status *quantized_conv_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 2));
    return conv_shape(c);
}

const struct op ops_quantized_conv[] = {
    { .name = "QuantizedConv2D",
      .inputs = "input: Tinput, filter: Tfilter, min_input: float, max_input: float, "
                "min_filter: float, max_filter: float",
      .outputs = "output: out_type, min_output: float, max_output: float",
      .attrs = "Tinput: " QUANTIZED_TYPES "; Tfilter: " QUANTIZED_TYPES "; out_type: "
               QUANTIZED_TYPES " = qint32; strides: list(int); padding: {\"SAME\", \"VALID\"}; "
               "dilations: list(int) = [1, 1, 1, 1]",
      .doc = "Conv2D of quantized numbers, to 32-bit sums.",
      .shape = quantized_conv_shape, .grad = NO_GRADIENT, .prepare = prepare,
      .kernel_any = convolve, .flags = OP_EXPENSIVE },
    { 0 }
};
