#include "ops/conv_shape.h"

#include "ops/array.h"
#include "ops/slide.h"

#include <limits.h>
#include <string.h>

/* ---- attributes ---- */

const int *conv_layout(const struct conv_attrs *a)
{
    static const int layout[2][2][CONV_DIMS] = { { { 0, -1, 1, 2, 3 }, { 0, -1, 2, 3, 1 } },
                                                 { { 0, 1, 2, 3, 4 }, { 0, 2, 3, 4, 1 } } };
    return layout[a->rank == 5][a->nchw];
}

/* A list of a value for each dimension of an image; TensorFlow keeps them in 32 bits. */
static struct status *list_of(const struct node *n, const char *attr, const char *text,
                              const struct conv_attrs *a, int64_t value[CONV_DIMS])
{
    const struct attr *list = node_attr_find(n, attr);
    const int *layout = conv_layout(a);
    ENSURE(list && list->n == a->rank, "%s requires the %s attribute to contain %d values, but "
           "got: %d", n->op->name, text, a->rank, list ? list->n : 0);
    for (int i = 0; i < CONV_DIMS; i++) {
        value[i] = layout[i] < 0 ? 1 : list->ints[layout[i]];
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
    for (int i = 0; i < CONV_DIMS; i++) {
        if (layout[i] < 0)
            continue;
        a->before[i] = list->ints[2 * layout[i]];
        a->after[i] = list->ints[2 * layout[i] + 1];
        ENSURE(a->before[i] >= 0 && a->after[i] >= 0,
               "All elements of explicit_paddings must be nonnegative");
        ENSURE(a->before[i] <= INT_MAX && a->after[i] <= INT_MAX,
               "explicit_paddings: a padding is too large");
    }
    ENSURE(!a->before[CONV_BATCH] && !a->after[CONV_BATCH] && !a->before[CONV_CHANNELS] &&
           !a->after[CONV_CHANNELS],
           "Nonzero explicit padding in the batch or depth dimensions is not supported");
    return NULL;
}

static int image_rank(const struct node *n) { return strncmp(n->op->name, "Conv3D", 6) ? 4 : 5; }

static bool channels_first(const struct node *n)
{
    const struct attr *format = node_attr_find(n, "data_format");
    return format && !strncmp(node_attr_string(n, "data_format"), "NC", 2);
}

struct status *conv_attrs_of(const struct node *n, struct conv_attrs *a)
{
    const char *padding = node_attr_string(n, "padding");
    *a = (struct conv_attrs){ .padding = !strcmp(padding, "SAME")       ? CONV_SAME
                                         : !strcmp(padding, "EXPLICIT") ? CONV_EXPLICIT
                                                                        : CONV_VALID,
                              .nchw = channels_first(n),
                              .depthwise = !strncmp(n->op->name, "Depthwise", 9),
                              .rank = image_rank(n) };
    TRY(list_of(n, "strides", "stride", a, a->stride));
    TRY(list_of(n, "dilations", "dilation", a, a->dilation));
    for (int i = CONV_PLANES; i < CONV_CHANNELS; i++) {
        ENSURE(a->stride[i] > 0, "Stride must be > 0, but got %lld", (long long)a->stride[i]);
        ENSURE(a->dilation[i] > 0, "Dilation rate must be >= 1, but got %lld",
               (long long)a->dilation[i]);
    }
    return explicit_padding(n, a);
}

/* ---- sizes ---- */

/* TensorFlow counts rows, columns and a filter in 32 bits; below, none of this can overflow. */
static struct status *size_check(int i, int64_t in, int64_t k)
{
    static const char *const name[] = { "batch", "planes", "rows", "cols" };
    ENSURE(in <= INT_MAX && k <= INT_MAX, "Input or filter %s too large: %lld and %lld", name[i],
           (long long)in, (long long)k);
    return NULL;
}

static struct status *geometry_dim(const struct conv_attrs *a, int i, int64_t in, int64_t k,
                                   struct slide *w)
{
    TRY(size_check(i, in, k));
    TRY(slide_over(in + a->before[i] + a->after[i], slide_span(k, a->dilation[i]), a->stride[i],
                   a->padding == CONV_SAME, w));
    w->before += a->before[i];
    w->after += a->after[i];
    return NULL;
}

int64_t conv_image_dim(const struct conv_attrs *a, const struct shape *x, int i)
{
    int at = conv_layout(a)[i];
    return at < 0 ? 1 : x->rank < 0 ? -1 : x->dim[at];
}

int64_t conv_filter_dim(const struct conv_attrs *a, const struct shape *f, int i)
{
    int at = i - CONV_PLANES - (a->rank == 4);
    return at < 0 ? 1 : f->rank < 0 ? -1 : f->dim[at];
}

/* What goes out of a filter. */
static int64_t filter_outputs(const struct conv_attrs *a, const struct shape *f)
{
    return f->rank < 0 ? -1 : f->dim[a->rank - 1];
}

struct status *conv_geometry(const struct conv_attrs *a, const struct shape *x,
                             const struct shape *f, struct conv *g)
{
    int64_t depth = conv_filter_dim(a, f, CONV_CHANNELS);
    int64_t in[CONV_DIMS], k[CONV_DIMS];
    struct slide w[CONV_DIMS];
    for (int i = CONV_BATCH; i < CONV_DIMS; i++)
        in[i] = conv_image_dim(a, x, i);
    for (int i = CONV_PLANES; i < CONV_CHANNELS; i++) {
        k[i] = conv_filter_dim(a, f, i);
        TRY(geometry_dim(a, i, in[i], k[i], &w[i]));
    }
    *g = (struct conv){
        .n = in[0], .d = in[1], .h = in[2], .w = in[3], .c = in[4],
        .kd = k[1], .kh = k[2], .kw = k[3],
        .o = filter_outputs(a, f) * (a->depthwise ? depth : 1),
        .od = w[1].out, .oh = w[2].out, .ow = w[3].out,
        .sd = a->stride[1], .sh = a->stride[2], .sw = a->stride[3],
        .dd = a->dilation[1], .dh = a->dilation[2], .dw = a->dilation[3],
        .front = w[1].before, .back = w[1].after, .top = w[2].before, .bottom = w[2].after,
        .left = w[3].before, .right = w[3].after, .nchw = a->nchw,
        .groups = a->depthwise ? depth : depth ? in[4] / depth : 1,
    };
    return NULL;
}

struct conv_along conv_along(const struct conv *g, int i)
{
    if (i == CONV_PLANES)
        return (struct conv_along){ g->d, g->kd, g->od, g->sd, g->dd };
    if (i == CONV_ROWS)
        return (struct conv_along){ g->h, g->kh, g->oh, g->sh, g->dh };
    return (struct conv_along){ g->w, g->kw, g->ow, g->sw, g->dw };
}

struct shape conv_output(const struct conv_attrs *a, const struct conv *g)
{
    const int64_t size[CONV_DIMS] = { g->n, g->od, g->oh, g->ow, g->o };
    struct shape y = { .rank = a->rank };
    for (int i = 0; i < CONV_DIMS; i++)
        if (conv_layout(a)[i] >= 0)
            y.dim[conv_layout(a)[i]] = size[i];
    return y;
}

/* ---- shape functions ---- */

static struct status *shape_dim(const struct conv_attrs *a, int i, int64_t in, int64_t k,
                                int64_t *out)
{
    TRY(size_check(i, in, k));
    return slide_shape(in < 0 ? in : in + a->before[i] + a->after[i],
                       k < 0 ? k : slide_span(k, a->dilation[i]), a->stride[i],
                       a->padding == CONV_SAME, out);
}

/* All but the channels of the output. */
static struct status *image_shape(struct shape_ctx *c, struct conv_attrs *a)
{
    const struct shape *x = shape_in(c, 0), *f = shape_in(c, 1);
    struct shape *y = shape_out(c, 0);
    TRY(conv_attrs_of(c->node, a));
    TRY(shape_want_rank(x, a->rank));
    TRY(shape_want_rank(f, a->rank));
    const int *at = conv_layout(a);
    *y = shape_of_rank(a->rank);
    y->dim[at[CONV_BATCH]] = conv_image_dim(a, x, CONV_BATCH);
    for (int i = CONV_PLANES; i < CONV_CHANNELS; i++)
        if (at[i] >= 0)
            TRY(shape_dim(a, i, conv_image_dim(a, x, i), conv_filter_dim(a, f, i),
                          &y->dim[at[i]]));
    return NULL;
}

struct status *conv_shape(struct shape_ctx *c)
{
    struct conv_attrs a;
    TRY(image_shape(c, &a));
    int64_t depth = conv_image_dim(&a, shape_in(c, 0), CONV_CHANNELS);
    int64_t want = conv_filter_dim(&a, shape_in(c, 1), CONV_CHANNELS);
    if (a.rank == 5)
        TRY(dim_merge(depth, want, &depth));
    ENSURE(depth < 0 || want < 0 || (want ? depth % want == 0 : depth == 0),
           "Depth of input (%lld) is not a multiple of input depth of filter (%lld)",
           (long long)depth, (long long)want);
    shape_out(c, 0)->dim[conv_layout(&a)[CONV_CHANNELS]] = filter_outputs(&a, shape_in(c, 1));
    return NULL;
}

struct status *depthwise_shape(struct shape_ctx *c)
{
    struct conv_attrs a;
    int64_t depth;
    TRY(image_shape(c, &a));
    int64_t each = filter_outputs(&a, shape_in(c, 1));
    TRY(dim_merge(conv_image_dim(&a, shape_in(c, 0), CONV_CHANNELS),
                  conv_filter_dim(&a, shape_in(c, 1), CONV_CHANNELS), &depth));
    int64_t *out = &shape_out(c, 0)->dim[conv_layout(&a)[CONV_CHANNELS]];
    ENSURE(depth < 0 || each < 0 || !__builtin_mul_overflow(depth, each, out),
           "Depth of %lld times %lld is too large", (long long)depth, (long long)each);
    *out = depth < 0 || each < 0 ? -1 : *out;
    return NULL;
}

/* Input i is the shape, or of the oldest ops a tensor of that shape. */
static struct status *told_shape(struct shape_ctx *c, int i)
{
    struct shape *s = shape_out(c, 0);
    enum dtype t = node_in_dtype(c->node, i);
    int rank = image_rank(c->node);
    if (t == DT_INT32 || t == DT_INT64)
        TRY(shape_in_shape(c, i, s));
    else
        *s = *shape_in(c, i);
    TRY(shape_want_rank(s, rank));
    if (s->rank < 0)
        *s = shape_of_rank(rank);
    return NULL;
}

struct status *conv_input_shape(struct shape_ctx *c) { return told_shape(c, 0); }
struct status *conv_filter_shape(struct shape_ctx *c) { return told_shape(c, 1); }
