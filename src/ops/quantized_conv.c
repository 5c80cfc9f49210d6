/* quantized_conv.c - QuantizedConv2D: bytes gathered into columns, which are multiplied to 32-bit
 * sums that wrap around. */
#include "base/pool.h"
#include "num/gemm_bytes.h"
#include "op/kernel.h"
#include "ops/array.h"
#include "ops/conv_shape.h"
#include "ops/steps.h"

#include <string.h>

static struct status *check(const struct conv_attrs *a)
{
    const int64_t *s = a->stride, *d = a->dilation;
    ENSURE(s[CONV_ROWS] == s[CONV_COLUMNS], "Current implementation only supports equal length "
           "strides in the row and column dimensions.");
    ENSURE(s[CONV_BATCH] == 1 && s[CONV_CHANNELS] == 1, "Current implementation does not yet "
           "support strides in the batch and depth dimensions.");
    ENSURE(d[CONV_ROWS] == 1 && d[CONV_COLUMNS] == 1, "Current implementation only supports "
           "dilated rate as 1 in the row and column dimensions.");
    ENSURE(d[CONV_BATCH] == 1 && d[CONV_CHANNELS] == 1, "Current implementation does not yet "
           "support dilations in the batch and depth dimensions.");
    return NULL;
}

static struct status *prepare(struct prep *p)
{
    struct conv_attrs *a;
    steps_only_bytes(p, "Tinput", "Tfilter", "out_type");
    TRY(prep_state(p, sizeof *a, &a));
    TRY(conv_attrs_of(p->node, a));
    return check(a);
}

static struct status *geometry(const struct kernel *k, struct conv *g)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *f = &kernel_in(k, 1)->shape;
    TRY(array_want_image(x));
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
    uint8_t *to, pad;
    bool places;                        /* not the image's bytes but ones where it is */
    int64_t first;
};

/* `n` bytes of the image from x on; NULL: of what is around it. */
static void gather(const struct columns *c, const uint8_t *x, uint8_t *to, int64_t n)
{
    if (x && !c->places)
        memcpy(to, x, (size_t)n);
    else if (n)
        memset(to, x ? 1 : c->pad, (size_t)n);
}

/* The filter's row that lies on row y of the image, from column x on. */
static void gather_row(const struct columns *c, int64_t image, int64_t y, int64_t x, uint8_t *to)
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

enum { TILE = 1 << 20, GRAIN = 1 << 17 };       /* bytes in columns at a time; worth a thread */

struct product {
    struct columns columns;
    struct gemm gemm;                   /* of as many pixels as are gathered at a time */
    const uint8_t *filter;
    int32_t zero, filter_zero, *inside;
    void *scratch;
};

static int64_t at_least_1(int64_t n) { return n < 1 ? 1 : n; }

static bool is_byte(int32_t x) { return x >= 0 && x <= UINT8_MAX; }

static void multiply(struct product *p, int64_t pixels, int32_t zero, int32_t *y)
{
    struct gemm g = p->gemm;
    g.m = pixels;
    if (g.k)
        pool_for(pixels, 1 + GRAIN / g.k, g.threads, columns_part, &p->columns);
    gemm_bytes(&g, p->columns.to, zero, p->filter, p->filter_zero, y, p->scratch);
}

/* Around the image is what stands for 0. Where that is no byte, it is zeros, and what was to be
 * subtracted from the image's bytes is made up for by a product of the places where it is. */
static void multiply_tile(struct product *p, int64_t pixels, int32_t *y)
{
    if (is_byte(p->zero)) {
        multiply(p, pixels, p->zero, y);
        return;
    }
    multiply(p, pixels, 0, y);
    p->columns.places = true;
    multiply(p, pixels, 0, p->inside);
    p->columns.places = false;
    for (int64_t i = 0; i < pixels * p->gemm.n; i++)
        y[i] = (int32_t)((uint32_t)y[i] - (uint32_t)p->zero * (uint32_t)p->inside[i]);
}

static struct status *run(struct kernel *k, const struct conv *g, struct product *p)
{
    int64_t size = g->kh * g->kw * g->c, pixels = g->n * g->oh * g->ow;
    int64_t tile = at_least_1(TILE / at_least_1(size));
    tile = tile < pixels ? tile : pixels;
    p->columns = (struct columns){ .g = g, .x = kernel_in(k, 0)->data,
                                   .pad = is_byte(p->zero) ? (uint8_t)p->zero : 0 };
    p->filter = kernel_in(k, 1)->data;
    p->gemm = gemm_dense(GEMM_N, GEMM_N, tile, g->o, size, k->env->threads);
    TRY(gemm_bytes_ready(&p->gemm));
    TRY(kernel_temp(k, gemm_bytes_scratch(&p->gemm), &p->scratch));
    TRY(kernel_temp(k, (size_t)(tile * size), &p->columns.to));
    if (!is_byte(p->zero))
        TRY(kernel_temp(k, (size_t)(tile * g->o) * sizeof *p->inside, &p->inside));
    for (int64_t *at = &p->columns.first; *at < pixels; *at += tile)
        multiply_tile(p, pixels - *at < tile ? pixels - *at : tile,
                      (int32_t *)kernel_out(k, 0)->data + *at * g->o);
    return NULL;
}

static struct status *convolve(struct kernel *k)
{
    struct range x, f;
    struct conv g;
    TRY(range_in(k, 2, &x));
    TRY(range_in(k, 4, &f));
    TRY(geometry(k, &g));
    TRY(kernel_new(k, 0, DT_QINT32, &SHAPE(g.n, g.oh, g.ow, g.o)));
    struct product p = { .zero = steps_zero(x, DT_QUINT8),
                         .filter_zero = steps_zero(f, DT_QUINT8) };
    if (tensor_count(kernel_out(k, 0)))
        TRY(run(k, &g, &p));
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
