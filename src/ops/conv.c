/* conv.c - convolutions over two dimensions, whole and depthwise, and over three; and their
 * gradients, which are convolutions again. */
#include "graph/graph.h"
#include "num/conv.h"
#include "op/kernel.h"
#include "ops/array.h"
#include "ops/conv_shape.h"

#include <string.h>

/* ---- gradients: each of the three ops is linear in two inputs; the others compute theirs ---- */

enum family { CONV_2D, CONV_DEPTHWISE, CONV_3D };

static enum family family_of(const struct grad *g)
{
    const char *name = g->node->op->name;
    return !strncmp(name, "Depthwise", 9) ? CONV_DEPTHWISE : name[4] == '3' ? CONV_3D : CONV_2D;
}

/* One of the node's own family. They have the same attributes, but for Tshape, which comes last
 * and which the inputs bind. */
static struct out conv_add(struct grad *g, enum conv_kind kind, const struct out *in, int n_in)
{
    static const char *const names[][3] = {
        { "Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter" },
        { "DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput",
          "DepthwiseConv2dNativeBackpropFilter" },
        { "Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2" },
    };
    const struct sig *sig = op_sig(g->node->op);
    int n = sig->n_attr - (sig_attr(sig, "Tshape") >= 0);
    return grad_add(g, names[family_of(g)][kind], in, n_in, g->node->attr, n);
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
    if (family_of(g) == CONV_DEPTHWISE) {
        g->dx[0] = input_of(g, x, filter, dy);
        g->dx[1] = filter_of(g, x, filter, dy);
        return;
    }
    struct out sizes = grad2(g, "ShapeN", x, filter);     /* TF: both at once */
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
    if (a->stride[CONV_BATCH] != 1 || a->stride[CONV_CHANNELS] != 1)
        return status_new(code, "Current implementation does not yet support strides in the batch "
                          "and depth dimensions.");
    if (a->dilation[CONV_BATCH] != 1 || a->dilation[CONV_CHANNELS] != 1)
        return status_new(code, "Current implementation does not yet support dilations in the "
                          "batch and depth dimensions.");
    return NULL;
}

/* How deep the image is against the filter. */
static struct status *depths_check(const struct conv_attrs *a, const struct shape *x,
                                   const struct shape *f)
{
    int64_t depth = conv_image_dim(a, x, CONV_CHANNELS);
    int64_t want = conv_filter_dim(a, f, CONV_CHANNELS);
    if (a->depthwise)
        ENSURE(depth == want, "input and filter must have the same depth: %lld vs %lld",
               (long long)depth, (long long)want);
    else
        ENSURE(want ? depth % want == 0 : depth == 0, "input depth must be evenly divisible by "
               "filter depth: %lld vs %lld", (long long)depth, (long long)want);
    return NULL;
}

/* A filter for each group of channels: what TensorFlow does not run on a CPU either. */
static struct status *groups_check(const struct conv_attrs *a, const struct conv *g)
{
    if (a->depthwise || g->groups == 1)
        return NULL;
    return status_new(UNIMPLEMENTED, "Generic conv implementation does not support grouped "
                      "convolutions for now.");
}

static struct status *forward_check(struct kernel *k, struct conv *g)
{
    const struct conv_attrs *a = k->state;
    const struct shape *x = &kernel_in(k, 0)->shape, *f = &kernel_in(k, 1)->shape;
    ENSURE(x->rank == a->rank, "input must be %d-dimensional%s", a->rank, SHAPE_STR(x));
    ENSURE(f->rank == a->rank, "filter must be %d-dimensional: %s", a->rank, SHAPE_STR(f));
    TRY(depths_check(a, x, f));
    ENSURE(a->rank == 4 || x->dim[conv_layout(a)[CONV_CHANNELS]] == f->dim[3],
           "input and filter must have the same depth: %s and %s", SHAPE_STR(x), SHAPE_STR(f));
    return conv_geometry(a, x, f, g);
}

/* The shape that a vector input holds; the oldest ops have a tensor of that shape. */
static struct status *told(const struct kernel *k, int i, const char *what, struct shape *s)
{
    const struct conv_attrs *a = k->state;
    const struct tensor *sizes = kernel_in(k, i);
    const char *op = k->node->op->name;
    if (sizes->dtype != DT_INT32 && sizes->dtype != DT_INT64) {
        *s = sizes->shape;
        return NULL;
    }
    ENSURE(sizes->shape.rank == 1, "%s: %s_sizes input must be 1-dim, not %d", op, what,
           sizes->shape.rank);
    ENSURE(sizes->shape.dim[0] == a->rank, "%s: %s must be %d-dimensional", op, what, a->rank);
    return array_read_shape(sizes, s);
}

static struct status *dim_check(const struct kernel *k, int i, const struct conv *g,
                                int64_t actual)
{
    const struct conv_attrs *a = k->state;
    struct conv_along along = conv_along(g, i);
    ENSURE(actual == along.out,
           "%s: Size of out_backprop doesn't match computed: actual = %lld, computed = %lld, "
           "spatial_dim: %d input: %lld filter: %lld output: %lld stride: %lld dilation: %lld",
           k->node->op->name, (long long)actual, (long long)along.out, i - (a->rank == 4),
           (long long)along.in, (long long)along.k, (long long)actual, (long long)along.s,
           (long long)along.dilation);
    return NULL;
}

/* Does dy fit an image of shape `x` and a filter of shape `f`? */
static struct status *backprop_check(struct kernel *k, const struct shape *x,
                                     const struct shape *f, struct conv *g)
{
    const struct conv_attrs *a = k->state;
    const struct shape *dy = &kernel_in(k, 2)->shape;
    const char *op = k->node->op->name;

    ENSURE(x->rank == a->rank, "%s: input must be %d-dimensional", op, a->rank);
    ENSURE(f->rank == a->rank, "%s: filter must be %d-dimensional", op, a->rank);
    ENSURE(dy->rank == a->rank, "%s: out_backprop must be %d-dimensional", op, a->rank);
    int64_t batch = conv_image_dim(a, x, CONV_BATCH), n = conv_image_dim(a, dy, CONV_BATCH);
    ENSURE(batch == n, "%s: input and out_backprop must have the same batch size. Input batch: "
           "%lld, outbackprop batch: %lld", op, (long long)batch, (long long)n);
    TRY(depths_check(a, x, f));
    TRY(conv_geometry(a, x, f, g));
    int64_t depth = conv_image_dim(a, dy, CONV_CHANNELS);
    ENSURE(g->o == depth, "%s: filter and out_backprop must have the same out_depth: %lld vs "
           "%lld", op, (long long)g->o, (long long)depth);
    for (int i = CONV_PLANES; i < CONV_CHANNELS; i++)
        TRY(dim_check(k, i, g, conv_image_dim(a, dy, i)));
    return NULL;
}

/* Nothing goes in, or nothing comes out: what comes out is zeros. */
static bool is_empty(const struct conv *g)
{
    return !(g->n && g->d && g->h && g->w && g->c && g->kd && g->kh && g->kw && g->od && g->oh &&
             g->ow && g->o);
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
#define ATTRS_3D "strides: list(int) >= 5; padding: {\"SAME\", \"VALID\"}; "
#define FORMAT_3D "data_format: {\"NDHWC\", \"NCDHW\"} = \"NDHWC\"; "
#define DILATED_3D "dilations: list(int) = [1, 1, 1, 1, 1]"
#define ATTRS_CONV3D "T: {half, bfloat16, float, double}; " ATTRS_3D FORMAT_3D DILATED_3D
#define ATTRS_CONV3D_V1 "T: {half, float, double}; " ATTRS_3D DILATED_3D

const struct op ops_conv[] = {
    { .name = "Conv2D", .inputs = "input: T, filter: T", .outputs = "output: T",
      .attrs = ATTRS_CONV,
      .doc = "Slides a filter over images: at each place, its product with what it covers.",
      .note = "Images may be NCHW on the CPU too.",
      .shape = conv_shape, .grad = conv_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_forward)), .flags = OP_EXPENSIVE },
    { .name = "Conv2DBackpropInput",
      .inputs = "input_sizes: int32, filter: T, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_CONV,
      .doc = "The gradient of a Conv2D by its images, from that of its output.",
      .note = "Images may be NCHW on the CPU too.",
      .shape = conv_input_shape, .grad = input_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_input)), .flags = OP_EXPENSIVE },
    { .name = "Conv2DBackpropFilter",
      .inputs = "input: T, filter_sizes: int32, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_CONV,
      .doc = "The gradient of a Conv2D by its filter, from that of its output.",
      .note = "Images may be NCHW on the CPU too.",
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
    { .name = "Conv3D", .inputs = "input: T, filter: T", .outputs = "output: T",
      .attrs = ATTRS_CONV3D,
      .doc = "Slides a filter over volumes: at each place, its product with what it covers.",
      .note = "Volumes may be NCDHW on the CPU too.",
      .shape = conv_shape, .grad = conv_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_forward)), .flags = OP_EXPENSIVE },
    { .name = "Conv3DBackpropInputV2",
      .inputs = "input_sizes: Tshape, filter: T, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_CONV3D "; Tshape: {int32, int64} = int32",
      .doc = "The gradient of a Conv3D by its volumes, from that of its output.",
      .note = "Volumes may be NCDHW on the CPU too.",
      .shape = conv_input_shape, .grad = input_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_input)), .flags = OP_EXPENSIVE },
    { .name = "Conv3DBackpropFilterV2",
      .inputs = "input: T, filter_sizes: int32, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_CONV3D,
      .doc = "The gradient of a Conv3D by its filter, from that of its output.",
      .note = "Volumes may be NCDHW on the CPU too.",
      .shape = conv_filter_shape, .grad = filter_grad, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_filter)), .flags = OP_EXPENSIVE },
    { .name = "Conv3DBackpropInput",
      .inputs = "input: T, filter: T, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_CONV3D_V1,
      .doc = "Conv3DBackpropInputV2 with a tensor of the volumes' shape in place of the shape.",
      .shape = conv_input_shape, .grad = NO_GRADIENT, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_input)), .flags = OP_EXPENSIVE },
    { .name = "Conv3DBackpropFilter",
      .inputs = "input: T, filter: T, out_backprop: T", .outputs = "output: T",
      .attrs = ATTRS_CONV3D_V1,
      .doc = "Conv3DBackpropFilterV2 with a tensor of the filter's shape in place of the shape.",
      .shape = conv_filter_shape, .grad = NO_GRADIENT, .prepare = conv_prepare,
      .kernel = KERNELS(FLOATS(conv_filter)), .flags = OP_EXPENSIVE },
    { 0 }
};
