#include "ops/conv_shape.h"

#include <limits.h>
#include <string.h>

/* ---- attributes ---- */

const int *conv_layout(const struct conv_attrs *a)
{
    static const int nhwc[4] = { 0, 1, 2, 3 }, nchw[4] = { 0, 2, 3, 1 };
    return a->nchw ? nchw : nhwc;
}

/* A list of four values; TensorFlow keeps them in 32 bits. */
static struct status *four(const struct node *n, const char *attr, const char *text,
                           const int *layout, int64_t value[4])
{
    const struct attr *list = node_attr_find(n, attr);
    ENSURE(list && list->n == 4, "%s requires the %s attribute to contain 4 values, but got: %d",
           n->op->name, text, list ? list->n : 0);
    for (int i = 0; i < 4; i++) {
        value[i] = list->ints[layout[i]];
        ENSURE(value[i] <= INT_MAX && value[i] >= INT_MIN, "%s: %lld in the %s attribute is too "
               "large", n->op->name, (long long)value[i], text);
    }
    return NULL;
}

static struct status *explicit_padding(const struct node *n, struct conv_attrs *a)
{
    const struct attr *list = node_attr_find(n, "explicit_paddings");
    const int *layout = conv_layout(a);
    int count = list ? list->n : 0;

    ENSURE(a->padding == CONV_EXPLICIT || count == 0, "explicit_paddings attribute must be empty "
           "if the padding attribute is not EXPLICIT");
    if (a->padding != CONV_EXPLICIT)
        return NULL;
    ENSURE(count == 8, "explicit_paddings attribute must contain 8 values, but got: %d", count);
    for (int i = 0; i < 4; i++) {
        a->before[i] = list->ints[2 * layout[i]];
        a->after[i] = list->ints[2 * layout[i] + 1];
        ENSURE(a->before[i] >= 0 && a->after[i] >= 0,
               "All elements of explicit_paddings must be nonnegative");
        ENSURE(a->before[i] <= INT_MAX && a->after[i] <= INT_MAX,
               "explicit_paddings: a padding is too large");
    }
    ENSURE(!a->before[0] && !a->after[0] && !a->before[3] && !a->after[3],
           "Nonzero explicit padding in the batch or depth dimensions is not supported");
    return NULL;
}

struct status *conv_attrs_of(const struct node *n, struct conv_attrs *a)
{
    const char *padding = node_attr_string(n, "padding");
    *a = (struct conv_attrs){ .padding = !strcmp(padding, "SAME")       ? CONV_SAME
                                         : !strcmp(padding, "EXPLICIT") ? CONV_EXPLICIT
                                                                        : CONV_VALID,
                              .nchw = !strcmp(node_attr_string(n, "data_format"), "NCHW"),
                              .depthwise = !strncmp(n->op->name, "Depthwise", 9) };
    TRY(four(n, "strides", "stride", conv_layout(a), a->stride));
    TRY(four(n, "dilations", "dilation", conv_layout(a), a->dilation));
    for (int i = 1; i < 3; i++) {
        ENSURE(a->stride[i] > 0, "Stride must be > 0, but got %lld", (long long)a->stride[i]);
        ENSURE(a->dilation[i] > 0, "Dilation rate must be >= 1, but got %lld",
               (long long)a->dilation[i]);
    }
    return explicit_padding(n, a);
}

/* ---- sizes ---- */

static int64_t effective(const struct conv_attrs *a, int i, int64_t k)
{
    return (k - 1) * a->dilation[i] + 1;
}

/* The output's size along rows (i = 1) or columns (2) for an input of `in`; may be negative. */
static int64_t size_of(const struct conv_attrs *a, int i, int64_t in, int64_t k)
{
    int64_t s = a->stride[i];
    if (a->padding == CONV_SAME)
        return in / s + (in % s != 0);
    return (in + a->before[i] + a->after[i] - effective(a, i, k) + s) / s;
}

/* TF pads an uneven number by one more below and on the right. */
static void padding_of(const struct conv_attrs *a, int i, int64_t in, int64_t k, int64_t out,
                       int64_t *before, int64_t *after)
{
    *before = a->before[i];
    *after = a->after[i];
    if (a->padding != CONV_SAME)
        return;
    int64_t needed = out ? (out - 1) * a->stride[i] + effective(a, i, k) - in : 0;
    *before = needed > 0 ? needed / 2 : 0;
    *after = needed > 0 ? needed - needed / 2 : 0;
}

/* TensorFlow counts rows, columns and a filter in 32 bits; below, none of this can overflow. */
static struct status *size_check(int i, int64_t in, int64_t k)
{
    ENSURE(in <= INT_MAX && k <= INT_MAX, "Input or filter %s too large: %lld and %lld",
           i == 1 ? "rows" : "cols", (long long)in, (long long)k);
    return NULL;
}

static struct status *geometry_dim(const struct conv_attrs *a, int i, int64_t in, int64_t k,
                                   int64_t *out, int64_t *before, int64_t *after)
{
    TRY(size_check(i, in, k));
    *out = size_of(a, i, in, k);
    ENSURE(*out >= 0, "Computed output size would be negative: %lld [input_size: %lld, "
           "effective_filter_size: %lld, stride: %lld]", (long long)*out, (long long)in,
           (long long)effective(a, i, k), (long long)a->stride[i]);
    padding_of(a, i, in, k, *out, before, after);
    return NULL;
}

struct status *conv_geometry(const struct conv_attrs *a, const struct shape *x,
                             const struct shape *f, struct conv *g)
{
    const int *at = conv_layout(a);
    *g = (struct conv){ .n = x->dim[at[0]], .h = x->dim[at[1]], .w = x->dim[at[2]],
                        .c = x->dim[at[3]], .kh = f->dim[0], .kw = f->dim[1],
                        .o = a->depthwise ? f->dim[2] * f->dim[3] : f->dim[3],
                        .sh = a->stride[1], .sw = a->stride[2], .dh = a->dilation[1],
                        .dw = a->dilation[2], .groups = a->depthwise ? x->dim[at[3]] : 1,
                        .nchw = a->nchw };
    TRY(geometry_dim(a, 1, g->h, g->kh, &g->oh, &g->top, &g->bottom));
    return geometry_dim(a, 2, g->w, g->kw, &g->ow, &g->left, &g->right);
}

/* ---- shape functions ---- */

static struct status *shape_dim(const struct conv_attrs *a, int i, int64_t in, int64_t k,
                                int64_t *out)
{
    *out = -1;
    if (in < 0 || (k < 0 && a->padding != CONV_SAME))
        return NULL;
    TRY(size_check(i, in, k));
    int64_t padded = in + a->before[i] + a->after[i];
    ENSURE(a->padding == CONV_SAME || padded >= effective(a, i, k),
           "Negative dimension size caused by subtracting %lld from %lld",
           (long long)effective(a, i, k), (long long)padded);
    *out = size_of(a, i, in, k);
    return NULL;
}

static int64_t dim_of(const struct shape *s, int i) { return s->rank < 0 ? -1 : s->dim[i]; }

/* All but the channels of the output. */
static struct status *image_shape(struct shape_ctx *c, struct conv_attrs *a)
{
    const struct shape *x = shape_in(c, 0), *f = shape_in(c, 1);
    struct shape *y = shape_out(c, 0);
    TRY(shape_want_rank(x, 4));
    TRY(shape_want_rank(f, 4));
    TRY(conv_attrs_of(c->node, a));
    const int *at = conv_layout(a);
    *y = (struct shape){ 4, { -1, -1, -1, -1 } };
    y->dim[at[0]] = dim_of(x, at[0]);
    TRY(shape_dim(a, 1, dim_of(x, at[1]), dim_of(f, 0), &y->dim[at[1]]));
    return shape_dim(a, 2, dim_of(x, at[2]), dim_of(f, 1), &y->dim[at[2]]);
}

struct status *conv_shape(struct shape_ctx *c)
{
    struct conv_attrs a;
    const struct shape *f = shape_in(c, 1);
    TRY(image_shape(c, &a));
    int64_t depth = dim_of(shape_in(c, 0), conv_layout(&a)[3]), want = dim_of(f, 2);
    ENSURE(depth < 0 || want < 0 || (want ? depth % want == 0 : depth == 0),
           "Depth of input (%lld) is not a multiple of input depth of filter (%lld)",
           (long long)depth, (long long)want);
    shape_out(c, 0)->dim[conv_layout(&a)[3]] = dim_of(f, 3);
    return NULL;
}

struct status *depthwise_shape(struct shape_ctx *c)
{
    struct conv_attrs a;
    const struct shape *f = shape_in(c, 1);
    int64_t depth;
    TRY(image_shape(c, &a));
    TRY(dim_merge(dim_of(shape_in(c, 0), conv_layout(&a)[3]), dim_of(f, 2), &depth));
    int64_t *out = &shape_out(c, 0)->dim[conv_layout(&a)[3]];
    ENSURE(depth < 0 || dim_of(f, 3) < 0 || !__builtin_mul_overflow(depth, f->dim[3], out),
           "Depth of %lld times %lld is too large", (long long)depth, (long long)f->dim[3]);
    *out = depth < 0 || dim_of(f, 3) < 0 ? -1 : *out;
    return NULL;
}

static struct status *told_shape(struct shape_ctx *c, int i)
{
    struct shape *s = shape_out(c, 0);
    TRY(shape_in_shape(c, i, s));
    TRY(shape_want_rank(s, 4));
    if (s->rank < 0)
        *s = SHAPE(-1, -1, -1, -1);
    return NULL;
}

struct status *conv_input_shape(struct shape_ctx *c) { return told_shape(c, 0); }
struct status *conv_filter_shape(struct shape_ctx *c) { return told_shape(c, 1); }
