/* conv.c - two-dimensional convolutions, whole and depthwise, and their gradients, which are
 * convolutions again. */
#include "graph/graph.h"
#include "num/conv.h"
#include "op/kernel.h"
#include "ops/conv_shape.h"

#include <string.h>

/* ---- gradients: each of the three ops is linear in two inputs; the others compute theirs ---- */

static bool is_depthwise(const struct grad *g)
{
    return !strncmp(g->node->op->name, "Depthwise", 9);
}

/* Which of Conv2D and DepthwiseConv2dNative this is about. */
static struct out conv_add(struct grad *g, enum conv_kind kind, const struct out *in, int n_in)
{
    static const char *const names[2][3] = {
        { "Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter" },
        { "DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput",
          "DepthwiseConv2dNativeBackpropFilter" },
    };
    /* All of them have the same attributes. */
    return grad_add(g, names[is_depthwise(g)][kind], in, n_in, g->node->attr,
                    op_sig(g->node->op)->n_attr);
}

static struct out sizes_of(struct grad *g, struct out x) { return grad_shape_of(g, x, DT_INT32); }

static struct out forward_of(struct grad *g, struct out x, struct out filter)
{
    return conv_add(g, CONV_FORWARD, OUTS(x, filter));
}

static struct out input_of(struct grad *g, struct out like, struct out filter, struct out dy)
{
    return conv_add(g, CONV_INPUT, OUTS(sizes_of(g, like), filter, dy));
}

static struct out filter_of(struct grad *g, struct out x, struct out like, struct out dy)
{
    return conv_add(g, CONV_FILTER, OUTS(x, sizes_of(g, like), dy));
}

static void conv_grad(struct grad *g)                   /* of (x, filter) */
{
    struct out x = g->x[0], filter = g->x[1], dy = g->dy[0];
    if (is_depthwise(g)) {
        g->dx[0] = input_of(g, x, filter, dy);
        g->dx[1] = filter_of(g, x, filter, dy);
        return;
    }
    struct out sizes = grad_add(g, "ShapeN", OUTS(x, filter), NULL, 0);     /* TF: both at once */
    g->dx[0] = conv_add(g, CONV_INPUT, OUTS(sizes, filter, dy));
    g->dx[1] = conv_add(g, CONV_FILTER, OUTS(x, out_at(sizes, 1), dy));
}

static void input_grad(struct grad *g)                  /* of (sizes of x, filter, dy) */
{
    g->dx[1] = filter_of(g, g->dy[0], g->x[1], g->x[2]);
    g->dx[2] = forward_of(g, g->dy[0], g->x[1]);
}

static void filter_grad(struct grad *g)                 /* of (x, sizes of filter, dy) */
{
    g->dx[0] = input_of(g, g->x[0], g->dy[0], g->x[2]);
    g->dx[2] = forward_of(g, g->x[0], g->dy[0]);
}

/* ---- kernels ---- */

/* TensorFlow's codes differ: what Conv2D has not been taught is an error in its gradients. */
static struct status *conv_prepare(struct prep *p)
{
    struct conv_attrs *a;
    enum code code = !strcmp(p->node->op->name, "Conv2D") ? UNIMPLEMENTED : INVALID_ARGUMENT;
    TRY(prep_state(p, sizeof *a, &a));
    TRY(conv_attrs_of(p->node, a));
    if (a->stride[0] != 1 || a->stride[3] != 1)
        return status_new(code, "Current implementation does not yet support strides in the batch "
                          "and depth dimensions.");
    if (a->dilation[0] != 1 || a->dilation[3] != 1)
        return status_new(code, "Current implementation does not yet support dilations in the "
                          "batch and depth dimensions.");
    return NULL;
}

/* How deep the image is against the filter. */
static struct status *depths_check(const struct conv_attrs *a, const struct shape *x,
                                   const struct shape *f)
{
    int64_t depth = x->dim[conv_layout(a)[3]];
    if (a->depthwise)
        ENSURE(depth == f->dim[2], "input and filter must have the same depth: %lld vs %lld",
               (long long)depth, (long long)f->dim[2]);
    else
        ENSURE(f->dim[2] ? depth % f->dim[2] == 0 : depth == 0, "input depth must be evenly "
               "divisible by filter depth: %lld vs %lld", (long long)depth, (long long)f->dim[2]);
    return NULL;
}

/* A filter for each group of channels: what TensorFlow does not run on a CPU either. */
static struct status *groups_check(const struct conv_attrs *a, const struct shape *x,
                                   const struct shape *f)
{
    if (a->depthwise || x->dim[conv_layout(a)[3]] == f->dim[2])
        return NULL;
    return status_new(UNIMPLEMENTED, "Generic conv implementation does not support grouped "
                      "convolutions for now.");
}

static struct status *forward_check(struct kernel *k, struct conv *g)
{
    const struct conv_attrs *a = k->state;
    const struct shape *x = &kernel_in(k, 0)->shape, *f = &kernel_in(k, 1)->shape;
    ENSURE(x->rank == 4, "input must be 4-dimensional%s", SHAPE_STR(x));
    ENSURE(f->rank == 4, "filter must be 4-dimensional: %s", SHAPE_STR(f));
    TRY(depths_check(a, x, f));
    TRY(conv_geometry(a, x, f, g));
    return groups_check(a, x, f);
}

/* The shape that a vector input holds. */
static struct status *told(const struct kernel *k, int i, const char *what, struct shape *s)
{
    const struct tensor *sizes = kernel_in(k, i);
    const char *op = k->node->op->name;
    ENSURE(sizes->shape.rank == 1, "%s: %s_sizes input must be 1-dim, not %d", op, what,
           sizes->shape.rank);
    ENSURE(sizes->shape.dim[0] == 4, "%s: %s must be 4-dimensional", op, what);
    s->rank = 4;
    for (int d = 0; d < 4; d++)
        s->dim[d] = ((const int32_t *)sizes->data)[d];
    return shape_check(s);
}

static struct status *dim_check(const struct kernel *k, int i, const struct conv *g,
                                int64_t actual)
{
    ENSURE(actual == (i == 1 ? g->oh : g->ow),
           "%s: Size of out_backprop doesn't match computed: actual = %lld, computed = %lld, "
           "spatial_dim: %d input: %lld filter: %lld output: %lld stride: %lld dilation: %lld",
           k->node->op->name, (long long)actual, (long long)(i == 1 ? g->oh : g->ow), i,
           (long long)(i == 1 ? g->h : g->w), (long long)(i == 1 ? g->kh : g->kw),
           (long long)actual, (long long)(i == 1 ? g->sh : g->sw),
           (long long)(i == 1 ? g->dh : g->dw));
    return NULL;
}

/* Does dy fit an image of shape `x` and a filter of shape `f`? */
static struct status *backprop_check(struct kernel *k, const struct shape *x,
                                     const struct shape *f, struct conv *g)
{
    const struct conv_attrs *a = k->state;
    const struct shape *dy = &kernel_in(k, 2)->shape;
    const int *at = conv_layout(a);
    const char *op = k->node->op->name;

    ENSURE(x->rank == 4, "%s: input must be 4-dimensional", op);
    ENSURE(f->rank == 4, "%s: filter must be 4-dimensional", op);
    ENSURE(dy->rank == 4, "%s: out_backprop must be 4-dimensional", op);
    ENSURE(x->dim[at[0]] == dy->dim[at[0]], "%s: input and out_backprop must have the same batch "
           "size. Input batch: %lld, outbackprop batch: %lld", op, (long long)x->dim[at[0]],
           (long long)dy->dim[at[0]]);
    TRY(depths_check(a, x, f));
    TRY(conv_geometry(a, x, f, g));
    ENSURE(g->o == dy->dim[at[3]], "%s: filter and out_backprop must have the same out_depth: "
           "%lld vs %lld", op, (long long)g->o, (long long)dy->dim[at[3]]);
    TRY(dim_check(k, 1, g, dy->dim[at[1]]));
    TRY(dim_check(k, 2, g, dy->dim[at[2]]));
    return groups_check(a, x, f);
}

/* Nothing goes in, or nothing comes out: what comes out is zeros. */
static bool is_empty(const struct conv *g)
{
    return !(g->n && g->h && g->w && g->c && g->kh && g->kw && g->oh && g->ow && g->o);
}

#define EACH "ops/conv.inc"
#include "op/each_float.h"

#define ATTRS_CONV "T: {half, bfloat16, float, double}; strides: list(int);"                \
                   "use_cudnn_on_gpu: bool = true; padding: {\"SAME\", \"VALID\", \"EXPLICIT\"};" \
                   "explicit_paddings: list(int) = []; data_format: {\"NHWC\", \"NCHW\"} = "     \
                   "\"NHWC\"; dilations: list(int) = [1, 1, 1, 1]"
#define ATTRS_DEPTHWISE "T: {half, bfloat16, float, double}; strides: list(int);"                \
                        "padding: {\"SAME\", \"VALID\"}; data_format: {\"NHWC\", \"NCHW\"} = "   \
                        "\"NHWC\"; dilations: list(int) = [1, 1, 1, 1]"

const struct op ops_conv[] = {
    { .name = "Conv2D", .inputs = "input: T, filter: T", .outputs = "output: T",
      .attrs = ATTRS_CONV,
      .doc = "Slides a filter over images: at each place, its product with what it covers.",
      .shape = conv_shape, .grad = conv_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_forward)), .flags = OP_EXPENSIVE },
    { .name = "Conv2DBackpropInput",
      .inputs = "input_sizes: int32, filter: T, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_CONV,
      .doc = "The gradient of a Conv2D by its images, from that of its output.",
      .shape = conv_input_shape, .grad = input_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_input)), .flags = OP_EXPENSIVE },
    { .name = "Conv2DBackpropFilter",
      .inputs = "input: T, filter_sizes: int32, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_CONV,
      .doc = "The gradient of a Conv2D by its filter, from that of its output.",
      .shape = conv_filter_shape, .grad = filter_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_filter)), .flags = OP_EXPENSIVE },
    { .name = "DepthwiseConv2dNative", .inputs = "input: T, filter: T", .outputs = "output: T",
      .attrs = ATTRS_DEPTHWISE,
      .doc = "Slides filters over images, each over one channel of its own.",
      .shape = depthwise_shape, .grad = conv_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_forward)), .flags = OP_EXPENSIVE },
    { .name = "DepthwiseConv2dNativeBackpropInput",
      .inputs = "input_sizes: int32, filter: T, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_DEPTHWISE,
      .doc = "The gradient of a DepthwiseConv2dNative by its images, from that of its output.",
      .shape = conv_input_shape, .grad = input_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_input)), .flags = OP_EXPENSIVE },
    { .name = "DepthwiseConv2dNativeBackpropFilter",
      .inputs = "input: T, filter_sizes: int32, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_DEPTHWISE,
      .doc = "The gradient of a DepthwiseConv2dNative by its filter, from that of its output.",
      .shape = conv_filter_shape, .grad = filter_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_filter)), .flags = OP_EXPENSIVE },
    { 0 }
};
