/* activation.c - Relu and its kin, and the ops of their gradients. */
#include "graph/graph.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"

HOT1(relu, CHEAP)
HOT1(relu6, CHEAP)
HOT1(elu, MODERATE)
HOT1(selu, MODERATE)
HOT1(softplus, MODERATE)
HOT1(softsign, CHEAP)
HOT2_SAME(relu_grad, CHEAP)
HOT2_SAME(relu6_grad, CHEAP)
HOT2_SAME(elu_grad, CHEAP)
HOT2_SAME(selu_grad, CHEAP)
HOT2_SAME(softplus_grad, MODERATE)
HOT2_SAME(softsign_grad, CHEAP)

#define EACH "ops/activation.inc"
#define EACH_SET SET_INTS
#include "op/each.h"

/* ---- LeakyRelu: the slope is an attribute ---- */

static struct status *leaky_prepare(struct prep *p)
{
    double *alpha;
    TRY(prep_state(p, sizeof *alpha, &alpha));
    *alpha = node_attr_float(p->node, "alpha");
    return NULL;
}

#define EACH "ops/leaky_relu.inc"
#include "op/each_float.h"

/* ---- gradients ---- */

static void relu_gradient(struct grad *g)
{ g->dx[0] = grad2(g, "ReluGrad", g->dy[0], g->y[0]); }
static void relu6_gradient(struct grad *g)
{ g->dx[0] = grad2(g, "Relu6Grad", g->dy[0], g->y[0]); }
static void elu_gradient(struct grad *g)
{ g->dx[0] = grad2(g, "EluGrad", g->dy[0], g->y[0]); }
static void selu_gradient(struct grad *g)
{ g->dx[0] = grad2(g, "SeluGrad", g->dy[0], g->y[0]); }
static void softplus_gradient(struct grad *g)
{ g->dx[0] = grad2(g, "SoftplusGrad", g->dy[0], g->x[0]); }
static void softsign_gradient(struct grad *g)
{ g->dx[0] = grad2(g, "SoftsignGrad", g->dy[0], g->x[0]); }

/* The ops of gradients are linear in their first input; most are flat in the second. */
static void linear_flat(struct grad *g)
{
    g->dx[0] = grad2(g, g->node->op->name, g->dy[0], g->x[1]);
    g->dx[1] = grad1(g, "ZerosLike", g->x[1]);
}

/* EluGrad, SeluGrad: where y < 0 they are dy (y + c). */
static void elu_grad_gradient(struct grad *g)
{
    struct out y = g->x[1], below = grad2(g, "Less", y, grad_scalar(g, out_dtype(y), 0));
    struct out slope = grad2(g, "Mul", g->dy[0], g->x[0]);
    g->dx[0] = grad2(g, g->node->op->name, g->dy[0], y);
    g->dx[1] = grad_add(g, "Select", OUTS(below, slope, grad1(g, "ZerosLike", y)), NULL, 0);
}

/* dy / (exp(-x) + 1) by x: dy / (exp(-x) + 2 + exp(x)). */
static void softplus_grad_gradient(struct grad *g)
{
    struct out x = g->x[1], minus = grad1(g, "Exp", grad1(g, "Neg", x));
    struct out d = grad2(g, "Add", minus, grad_scalar(g, out_dtype(x), 2));
    d = grad2(g, "Add", d, grad1(g, "Exp", x));
    g->dx[0] = grad2(g, "SoftplusGrad", g->dy[0], x);
    g->dx[1] = grad2(g, "RealDiv", grad2(g, "Mul", g->dy[0], g->x[0]), d);
}

static struct out leaky(struct grad *g, struct out dy, struct out x)
{
    double alpha = node_attr_float(g->node, "alpha");
    return grad_add(g, "LeakyReluGrad", OUTS(dy, x), ATTRS(attr_float("alpha", alpha)));
}

static void leaky_relu_gradient(struct grad *g)
{
    g->dx[0] = leaky(g, g->dy[0], g->x[0]);
}

static void leaky_relu_grad_gradient(struct grad *g)
{
    g->dx[0] = leaky(g, g->dy[0], g->x[1]);
    g->dx[1] = grad1(g, "ZerosLike", g->x[1]);
}

/* ---- rows ---- */

#define ALL "T: realnumbertype"
#define ALL_QINT8 "T: {float, double, int32, uint8, int16, int8, int64, bfloat16, uint16, half, " \
                  "uint32, uint64, qint8}"
#define SOME "T: {half, bfloat16, float, double}"
#define SLOPE "alpha: float = 0.2; T: {half, bfloat16, float, double} = float"

#define FORWARD(op, types, kernels, gradient, text)                                     \
    { .name = op, .inputs = "features: T", .outputs = "activations: T", .attrs = types, \
      .doc = text, .shape = shape_unchanged, .grad = gradient, .kernel = KERNELS(kernels) }
#define BACK(op, second, types, kernels, gradient, text)                                \
    { .name = op, .inputs = "gradients: T, " second ": T", .outputs = "backprops: T",   \
      .attrs = types, .doc = text, .shape = shape_merged, .grad = gradient,             \
      .kernel = KERNELS(kernels) }
#define F(x) FLOATS(x)
#define R(x) FLOATS(x), INTS(x)
#define RQ(x) FLOATS(x), INTS(x), [DT_QINT8] = x##_i8

const struct op ops_activation[] = {
    FORWARD("Relu", ALL_QINT8, RQ(relu), relu_gradient, "max(x, 0)."),
    FORWARD("Relu6", ALL, R(relu6), relu6_gradient, "min(max(x, 0), 6)."),
    FORWARD("Elu", SOME, F(elu), elu_gradient, "exp(x) - 1 below 0, else x."),
    FORWARD("Selu", SOME, F(selu), selu_gradient,
            "Scaled exponential linear: keeps mean 0 and variance 1 from layer to layer."),
    FORWARD("Softplus", SOME, F(softplus), softplus_gradient, "log(exp(x) + 1)."),
    FORWARD("Softsign", SOME, F(softsign), softsign_gradient, "x / (|x| + 1)."),
    { .name = "LeakyRelu", .inputs = "features: T", .outputs = "activations: T", .attrs = SLOPE,
      .doc = "max(x, alpha * x).", .shape = shape_unchanged, .grad = leaky_relu_gradient,
      .prepare = leaky_prepare, .kernel = KERNELS(FLOATS(leaky_relu)) },

    BACK("ReluGrad", "features", ALL, R(relu_grad), linear_flat,
         "The gradients where the features (or outputs) are above 0, else 0."),
    BACK("Relu6Grad", "features", ALL, R(relu6_grad), linear_flat,
         "The gradients where the features are between 0 and 6, else 0."),
    BACK("EluGrad", "outputs", SOME, F(elu_grad), elu_grad_gradient,
         "The gradients, times output + 1 where the output is below 0."),
    BACK("SeluGrad", "outputs", SOME, F(selu_grad), elu_grad_gradient,
         "The gradients through Selu, from its outputs."),
    BACK("SoftplusGrad", "features", SOME, F(softplus_grad), softplus_grad_gradient,
         "gradients / (exp(-features) + 1)."),
    BACK("SoftsignGrad", "features", SOME, F(softsign_grad), NO_GRADIENT,
         "gradients / (|features| + 1)^2."),
    { .name = "LeakyReluGrad", .inputs = "gradients: T, features: T", .outputs = "backprops: T",
      .attrs = SLOPE, .doc = "The gradients, times alpha where the features are not above 0.",
      .shape = shape_merged, .grad = leaky_relu_grad_gradient, .prepare = leaky_prepare,
      .kernel = KERNELS(FLOATS(leaky_relu_grad)) },
    { 0 }
};
