/* dilation.c - Dilation2D, the greatest sum of a filter and what it covers of each channel of an
 * image, and its gradients: each goes to the pixel, or the place of the filter, that was in that
 * sum, to the first where several are as great. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/array.h"
#include "ops/least.h"
#include "ops/slide.h"

#include <string.h>

enum { SIDE = 16, WORTH = 1 << 14 };    /* channels at once; sums that are worth another thread */

struct dilation {
    int64_t s[2], r[2];                 /* along rows and columns: strides and rates */
    bool same;
};

/* One run. */
struct dilate {
    const struct dilation *d;
    int64_t n, h, w, depth, kh, kw;
    struct slide rows, columns;
    const void *x, *filter, *dy;
    void *to;
};

/* ---- attributes and shapes ---- */

static struct status *pair_of(const struct node *n, const char *attr, const char *what,
                              int64_t v[2])
{
    const struct attr *a = node_attr_find(n, attr);
    ENSURE(a->n == 4, "%s requires the %s attribute to contain 4 values, but got: %d",
           n->op->name, attr, a->n);
    if (a->ints[0] != 1 || a->ints[3] != 1)
        return status_new(UNIMPLEMENTED, "%s is only supported across spatial dimensions.", what);
    for (int i = 0; i < 2; i++) {
        v[i] = a->ints[1 + i];
        ENSURE(v[i] > 0 && v[i] <= INT32_MAX, "%s must be positive, got %lld", attr,
               (long long)v[i]);
    }
    return NULL;
}

static struct status *dilation_of(const struct node *n, struct dilation *d)
{
    TRY(pair_of(n, "strides", "Stride", d->s));
    TRY(pair_of(n, "rates", "Rate", d->r));
    d->same = !strcmp(node_attr_string(n, "padding"), "SAME");
    return NULL;
}

static struct status *dilation_prepare(struct prep *p)
{
    struct dilation *d;
    TRY(prep_state(p, sizeof *d, &d));
    return dilation_of(p->node, d);
}

static struct status *dilation_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *f = shape_in(c, 1);
    struct shape y = SHAPE(-1, -1, -1, -1);
    struct dilation d;
    TRY(shape_want_rank(x, 4));
    TRY(shape_want_rank(f, 3));
    TRY(dilation_of(c->node, &d));
    y = x->rank < 0 ? y : *x;
    for (int i = 0; i < 2; i++) {
        int64_t k = f->rank < 0 || f->dim[i] < 0 ? -1 : slide_span(f->dim[i], d.r[i]);
        TRY(slide_shape(y.dim[1 + i], k, d.s[i], d.same, &y.dim[1 + i]));
    }
    if (f->rank == 3)
        TRY(dim_merge(y.dim[3], f->dim[2], &y.dim[3]));
    *shape_out(c, 0) = y;
    return NULL;
}

static struct status *filter_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = *shape_in(c, 1);
    return NULL;
}

/* ---- kernels ---- */

static struct status *dilate_slide(const struct dilate *d, int i, int64_t in, int64_t k,
                                   struct slide *w)
{
    ENSURE(in <= INT32_MAX && k <= INT32_MAX, "input or filter too large: %lld and %lld",
           (long long)in, (long long)k);
    return slide_over(in, slide_span(k, d->d->r[i]), d->d->s[i], d->d->same, w);
}

static struct status *dilate_init(const struct kernel *k, struct dilate *d)
{
    const struct tensor *x = kernel_in(k, 0), *f = kernel_in(k, 1);
    const int64_t *in = x->shape.dim, *size = f->shape.dim;
    TRY(array_want_image(&x->shape));
    ENSURE(f->shape.rank == 3, "filter must be 3-dimensional: %s", SHAPE_STR(&f->shape));
    ENSURE(in[3] == size[2], "input and filter must have the same depth: %lld vs %lld",
           (long long)in[3], (long long)size[2]);
    *d = (struct dilate){ .d = k->state, .n = in[0], .h = in[1], .w = in[2], .depth = in[3],
                          .kh = size[0], .kw = size[1], .x = x->data, .filter = f->data };
    TRY(dilate_slide(d, 0, d->h, d->kh, &d->rows));
    return dilate_slide(d, 1, d->w, d->kw, &d->columns);
}

static struct status *dilate_back_init(const struct kernel *k, struct dilate *d)
{
    const struct tensor *dy = kernel_in(k, 2);
    TRY(dilate_init(k, d));
    struct shape y = SHAPE(d->n, d->rows.out, d->columns.out, d->depth);
    ENSURE(dy->shape.rank == 4, "out_backprop must be 4-dimensional%s", SHAPE_STR(&dy->shape));
    ENSURE(shape_equal(&dy->shape, &y), "out_backprop has incompatible size: %s instead of %s",
           SHAPE_STR(&dy->shape), SHAPE_STR(&y));
    d->dy = dy->data;
    return NULL;
}

/* `fn` for n pieces of all the work. */
static void dilate_run(struct dilate *d, int64_t n, int threads,
                       void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    double sums = (double)(d->n * d->rows.out * d->columns.out) *
                  (double)(d->kh * d->kw * d->depth) / (double)(n > 0 ? n : 1);
    pool_for(n, sums > WORTH ? 1 : (int64_t)(WORTH / (sums + 1)) + 1, threads, fn, d);
}

static int64_t sides(const struct dilate *d) { return (d->depth + SIDE - 1) / SIDE; }

#define LEAST FN(LEAST)
#define EACH "ops/dilation.inc"
#include "op/each_real.h"

/* ---- rows ---- */

static void dilation_grad(struct grad *g)
{
    static const char *const name[] = { "strides", "rates", "padding" };
    struct attr attr[3];
    for (int i = 0; i < 3; i++)
        attr[i] = *node_attr_find(g->node, name[i]);
    g->dx[0] = grad_add(g, "Dilation2DBackpropInput", OUTS(g->x[0], g->x[1], g->dy[0]), attr, 3);
    g->dx[1] = grad_add(g, "Dilation2DBackpropFilter", OUTS(g->x[0], g->x[1], g->dy[0]), attr, 3);
}

#define ATTRS_DILATION "T: realnumbertype; strides: list(int) >= 4; rates: list(int) >= 4; " \
                       "padding: {\"SAME\", \"VALID\"}"
#define BACK "input: T, filter: T, out_backprop: T"

const struct op ops_dilation[] = {
    { .name = "Dilation2D", .inputs = "input: T, filter: T", .outputs = "output: T",
      .attrs = ATTRS_DILATION,
      .doc = "The greatest sum of a filter and what it covers, of each channel at each place.",
      .shape = dilation_shape, .grad = dilation_grad, .prepare = dilation_prepare,
      .kernel = KERNELS(REALS(dilation)), .flags = OP_EXPENSIVE },
    { .name = "Dilation2DBackpropInput", .inputs = BACK, .outputs = "in_backprop: T",
      .attrs = ATTRS_DILATION,
      .doc = "The gradient of Dilation2D by its images.",
      .shape = shape_unchanged, .grad = NO_GRADIENT, .prepare = dilation_prepare,
      .kernel = KERNELS(REALS(dilation_input)), .flags = OP_EXPENSIVE },
    { .name = "Dilation2DBackpropFilter", .inputs = BACK, .outputs = "filter_backprop: T",
      .attrs = ATTRS_DILATION,
      .doc = "The gradient of Dilation2D by its filter.",
      .shape = filter_shape, .grad = NO_GRADIENT, .prepare = dilation_prepare,
      .kernel = KERNELS(REALS(dilation_filter)), .flags = OP_EXPENSIVE },
    { 0 }
};
