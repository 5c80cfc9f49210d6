/* conv_fused.c - FusedPadConv2D and FusedResizeAndPadConv2D: convolutions of images that are
 * padded by a mirror, and resized before that. The image is made as the convolution wants it, in
 * one go. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/array.h"
#include "ops/conv_shape.h"
#include "ops/mirror.h"
#include "ops/slide.h"

#include <math.h>
#include <string.h>

struct fused {
    struct conv_attrs conv;             /* conv_run wants it first */
    int64_t edge;                       /* see mirror_dim() */
    bool resize, align;
};

/* ---- attributes ---- */

static bool resizes(const struct node *n) { return strstr(n->op->name, "Resize"); }

static struct status *fused_of(const struct node *n, struct fused *f)
{
    const struct attr *strides = node_attr_find(n, "strides");
    ENSURE(strides->n == 4, "%s requires the stride attribute to contain 4 values, but got: %d",
           n->op->name, strides->n);
    ENSURE(strides->ints[0] == 1 && strides->ints[3] == 1, "Current implementation does not yet "
           "support strides in the batch and depth dimensions.");
    *f = (struct fused){ .conv = { .rank = 4, .stride = { 1, 1, 1, 1, 1 },
                                   .dilation = { 1, 1, 1, 1, 1 } },
                         .edge = !strcmp(node_attr_string(n, "mode"), "REFLECT"),
                         .resize = resizes(n),
                         .align = resizes(n) && node_attr(n, "resize_align_corners") };
    if (!strcmp(node_attr_string(n, "padding"), "SAME"))
        f->conv.padding = CONV_SAME;
    for (int i = 0; i < 2; i++) {
        int64_t s = f->conv.stride[CONV_ROWS + i] = strides->ints[1 + i];
        ENSURE(s > 0 && s <= INT32_MAX, "Stride must be > 0, but got %lld", (long long)s);
    }
    return NULL;
}

static struct status *fused_prepare(struct prep *p)
{
    struct fused *f;
    TRY(prep_state(p, sizeof *f, &f));
    return fused_of(p->node, f);
}

/* ---- shapes ---- */

static struct status *paddings_shape(struct shape_ctx *c, int i)
{
    const struct shape *s = shape_in(c, i);
    struct shape want = SHAPE(4, 2);
    return shape_merge(s, &want, &want);
}

/* The image, resized and padded, as far as it is known. */
static struct status *padded_shape(struct shape_ctx *c, const struct fused *f, struct shape *x)
{
    const struct tensor *size = f->resize ? shape_in_value(c, 1) : NULL;
    const struct tensor *pads = shape_in_value(c, 1 + f->resize);
    *x = shape_in(c, 0)->rank < 0 ? shape_of_rank(4) : *shape_in(c, 0);
    for (int i = 1; i < 3; i++) {
        if (f->resize)
            x->dim[i] = size && tensor_count(size) == 2 ? index_at(size, i - 1) : -1;
        ENSURE(!size || x->dim[i] >= 0, "Dimension size, given by scalar input %d, must be "
               "non-negative but is %lld", i, (long long)x->dim[i]);
        if (pads && x->dim[i] >= 0) {
            TRY(mirror_dim(index_at(pads, 2 * i), index_at(pads, 2 * i + 1), x->dim[i], f->edge));
            x->dim[i] += index_at(pads, 2 * i) + index_at(pads, 2 * i + 1);
        } else
            x->dim[i] = -1;
    }
    return NULL;
}

static struct status *fused_shape(struct shape_ctx *c)
{
    const struct shape *filter = shape_in(c, c->n_in - 1);
    struct shape *y = shape_out(c, 0);
    struct fused f;
    int64_t depth;
    TRY(shape_want_rank(shape_in(c, 0), 4));
    TRY(shape_want_rank(filter, 4));
    TRY(fused_of(c->node, &f));
    if (f.resize) {
        TRY(shape_want_rank(shape_in(c, 1), 1));
        TRY(shape_merge(shape_in(c, 1), &SHAPE(2), y));
    }
    TRY(paddings_shape(c, 1 + f.resize));
    TRY(padded_shape(c, &f, y));
    for (int i = 1; i < 3; i++)
        TRY(slide_shape(y->dim[i], filter->rank < 0 ? -1 : filter->dim[i - 1],
                        f.conv.stride[CONV_PLANES + i], f.conv.padding == CONV_SAME,
                        &y->dim[i]));
    if (filter->rank == 4)
        TRY(dim_merge(y->dim[3], filter->dim[2], &depth));
    y->dim[3] = filter->rank < 0 ? -1 : filter->dim[3];
    return NULL;
}

/* ---- one run ---- */

/* Along rows or columns: `in` elements are seen as `resized`, mirrored before them, and of all that
 * the convolution gets `count` from element `skip` on. */
struct axis { int64_t in, resized, before, padded, skip, count, edge; float scale; };

/* Two elements of the input, the second of which has a share of what comes. */
struct mix { int64_t a, b; float share; };

static struct mix mix_at(const struct axis *a, int64_t i)
{
    int64_t at = i + a->skip - a->before;
    if (at < 0)
        at = -(at + 1 - a->edge);
    else if (at >= a->resized)
        at = 2 * a->resized - (at + 1 + a->edge);
    float place = (float)at * a->scale, low = floorf(place), high = ceilf(place);
    struct mix m = { (int64_t)low, (int64_t)high, place - low };
    m.a = m.a < a->in ? m.a : a->in - 1;
    m.b = m.b < a->in ? m.b : a->in - 1;
    return m;
}

static struct status *resized_to(const struct kernel *k, int64_t size[2])
{
    const struct fused *f = k->state;
    const struct tensor *t = kernel_in(k, 1);
    for (int i = 0; i < 2; i++)
        size[i] = kernel_in(k, 0)->shape.dim[1 + i];
    if (!f->resize)
        return NULL;
    ENSURE(t->shape.rank == 1, "shape_t must be 1-dimensional%s", SHAPE_STR(&t->shape));
    ENSURE(t->shape.dim[0] == 2, "shape_t must have two elements%s", SHAPE_STR(&t->shape));
    for (int i = 0; i < 2; i++) {
        size[i] = index_at(t, i);
        ENSURE(size[i] > 0, "output dimensions must be positive");
    }
    return NULL;
}

static struct status *paddings_check(const struct tensor *pads)
{
    ENSURE(pads->shape.rank == 2 && pads->shape.dim[1] == 2,
           "paddings must be a matrix with 2 columns: %s", SHAPE_STR(&pads->shape));
    ENSURE(pads->shape.dim[0] == 4, "The first dimension of paddings must be the rank of inputs: 4 "
           "%s", SHAPE_STR(&pads->shape));
    for (int i = 0; i < 8; i++)
        ENSURE((i >= 2 && i < 6) || index_at(pads, i) == 0, "Fused mirror padding only support "
               "spatial padding, not %s", i < 2 ? "batches" : "channels");
    return NULL;
}

static struct status *axes_of(const struct kernel *k, struct axis axis[2])
{
    const struct fused *f = k->state;
    const struct tensor *pads = kernel_in(k, 1 + f->resize);
    int64_t size[2];
    TRY(resized_to(k, size));
    TRY(paddings_check(pads));
    for (int i = 0; i < 2; i++) {
        int64_t in = kernel_in(k, 0)->shape.dim[1 + i], before = index_at(pads, 2 * (i + 1));
        int64_t after = index_at(pads, 2 * (i + 1) + 1);
        TRY(mirror_dim(before, after, size[i], f->edge));
        axis[i] = (struct axis){ .in = in, .resized = size[i], .before = before,
                                 .padded = before + size[i] + after, .edge = f->edge,
                                 .scale = (float)in / (float)size[i] };
        if (f->align && size[i] > 1)
            axis[i].scale = (float)(in - 1) / (float)(size[i] - 1);
    }
    return NULL;
}

/* TF centers the windows: what strides leave over is not only at the end. */
static void center(struct axis *a, int64_t *in, struct conv_along along, bool same)
{
    int64_t over = a->padded - ((along.out - 1) * along.s + along.k);
    a->skip = over > 0 ? (same ? over : over - 1) / 2 : 0;
    a->count = *in = a->padded - a->skip;
}

/* What the convolution is of; its image has the shape x. */
static struct status *fused_geometry(const struct kernel *k, struct axis axis[2],
                                     struct shape *x, struct conv *g)
{
    const struct fused *f = k->state;
    const struct shape *filter = &kernel_in(k, k->n_in - 1)->shape;
    *x = kernel_in(k, 0)->shape;
    ENSURE(x->rank == 4, "Fused mirror padding only supports four-dimensional inputs, but %d "
           "requested", x->rank);
    ENSURE(shape_count(x) > 0, "Input tensor can't be empty");
    TRY(axes_of(k, axis));
    ENSURE(filter->rank == 4, "filter must be 4-dimensional: %s", SHAPE_STR(filter));
    ENSURE(x->dim[3] == filter->dim[2], "input and filter must have the same depth: %lld vs %lld",
           (long long)x->dim[3], (long long)filter->dim[2]);
    for (int i = 0; i < 2; i++)
        x->dim[1 + i] = axis[i].padded;
    TRY(shape_check(x));
    ENSURE(shape_count(x) < (int64_t)1 << 56, "Padded images are too large: %s", SHAPE_STR(x));
    TRY(conv_geometry(&f->conv, x, filter, g));
    ENSURE(g->n * g->oh * g->ow * g->o > 0, "Output tensor can't be empty");
    bool same = f->conv.padding == CONV_SAME;
    center(&axis[0], &g->h, conv_along(g, CONV_ROWS), same);
    center(&axis[1], &g->w, conv_along(g, CONV_COLUMNS), same);
    return NULL;
}

/* The image being made; rows of all images are items of work. */
struct making { const struct axis *axis; const struct shape *x; const void *from; void *to; };

#define EACH "ops/conv_fused.inc"
#define EACH_SET (SET_F16 | SET_F32 | SET_F64)
#include "op/each.h"

#define ATTRS_FUSED "mode: {\"REFLECT\", \"SYMMETRIC\"}; strides: list(int); " \
                    "padding: {\"SAME\", \"VALID\"}"
#define FUSED_KERNELS KERNELS([DT_HALF] = fused_conv_f16, DOUBLES(fused_conv))

const struct op ops_conv_fused[] = {
    { .name = "FusedPadConv2D", .inputs = "input: T, paddings: int32, filter: T",
      .outputs = "output: T", .attrs = "T: {half, float, double}; " ATTRS_FUSED,
      .doc = "A Conv2D of images that are padded by a mirror.",
      .shape = fused_shape, .grad = NO_GRADIENT, .prepare = fused_prepare,
      .kernel = FUSED_KERNELS, .flags = OP_EXPENSIVE },
    { .name = "FusedResizeAndPadConv2D",
      .inputs = "input: T, size: int32, paddings: int32, filter: T", .outputs = "output: T",
      .attrs = "T: {half, float, double}; resize_align_corners: bool = false; " ATTRS_FUSED,
      .doc = "A Conv2D of images that are resized (bilinearly), then padded by a mirror.",
      .shape = fused_shape, .grad = NO_GRADIENT, .prepare = fused_prepare,
      .kernel = FUSED_KERNELS, .flags = OP_EXPENSIVE },
    { 0 }
};
