/* unary_grad.c - the ops that gradients of unary functions are made of: TanhGrad(y, dy)... Their
 * own gradients make second derivatives. */
#include "graph/graph.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"

HOT2_SAME(tanh_grad, CHEAP)
HOT2_SAME(sigmoid_grad, CHEAP)
HOT2_SAME(sqrt_grad, CHEAP)
HOT2_SAME(rsqrt_grad, CHEAP)
HOT2_SAME(reciprocal_grad, CHEAP)

#define EACH "ops/unary_grad.inc"
#define EACH_SET SET_COMPLEX
#include "op/each.h"

/* Of z = f(y, dy): input 0 is y, input 1 is dy; dz comes in. */
#define Y grad_conj(g, g->x[0])
#define DY grad_conj(g, g->x[1])

static struct out times_dz(struct grad *g, struct out x)
{
    return grad2(g, "Mul", g->dy[0], x);
}

/* z = dy (1 - y^2) */
static void tanh_grad_grad(struct grad *g)
{
    struct out y = Y;
    g->dx[0] = grad2(g, "Mul", times_dz(g, grad_scale(g, -2, DY)), y);
    g->dx[1] = grad2(g, "TanhGrad", y, g->dy[0]);
}

/* z = dy y (1 - y) */
static void sigmoid_grad_grad(struct grad *g)
{
    struct out y = Y, b = times_dz(g, DY);
    g->dx[0] = grad2(g, "Sub", b, grad2(g, "Mul", grad_scale(g, 2, b), y));
    g->dx[1] = grad2(g, "SigmoidGrad", y, g->dy[0]);
}

/* z = dy / (2 y); here z itself is at hand. */
static void sqrt_grad_grad(struct grad *g)
{
    struct out a = grad2(g, "RealDiv", g->dy[0], g->x[0]);
    g->dx[0] = grad2(g, "Mul", grad1(g, "Neg", grad_conj(g, a)), g->y[0]);
    g->dx[1] = grad_scale(g, 0.5, a);
}

/* z = -dy y^3 / 2 */
static void rsqrt_grad_grad(struct grad *g)
{
    struct out y = Y, cg = grad_conj(g, g->dy[0]);
    struct out a = grad2(g, "Mul", grad_scale(g, -1.5, cg), g->x[1]);
    g->dx[0] = grad2(g, "Mul", a, grad1(g, "Square", y));
    g->dx[1] = grad2(g, "RsqrtGrad", y, g->dy[0]);
}

/* z = -dy y^2 */
static void reciprocal_grad_grad(struct grad *g)
{
    struct out y = Y, cg = grad_conj(g, g->dy[0]);
    g->dx[0] = grad2(g, "Mul", grad2(g, "Mul", grad_scale(g, -2, cg), g->x[1]), y);
    g->dx[1] = grad2(g, "ReciprocalGrad", y, g->dy[0]);
}

#undef Y
#undef DY

#define UNARY_GRAD(op, kernels, gradient, text)                                         \
    { .name = op, .inputs = "y: T, dy: T", .outputs = "z: T",                           \
      .attrs = "T: {bfloat16, half, float, double, complex64, complex128}",             \
      .doc = text, .shape = shape_unchanged, .grad = gradient,                          \
      .kernel = KERNELS(FLOATS(kernels), COMPLEXES(kernels)) }

const struct op ops_unary_grad[] = {
    UNARY_GRAD("TanhGrad", tanh_grad, tanh_grad_grad, "dy * (1 - y * y): through y = Tanh(x)."),
    UNARY_GRAD("SigmoidGrad", sigmoid_grad, sigmoid_grad_grad,
               "dy * y * (1 - y): through y = Sigmoid(x)."),
    UNARY_GRAD("SqrtGrad", sqrt_grad, sqrt_grad_grad, "dy / 2 / y: through y = Sqrt(x)."),
    UNARY_GRAD("RsqrtGrad", rsqrt_grad, rsqrt_grad_grad,
               "-dy / 2 * y^3: through y = Rsqrt(x)."),
    UNARY_GRAD("ReciprocalGrad", reciprocal_grad, reciprocal_grad_grad,
               "-dy * y * y: through y = Reciprocal(x)."),
    UNARY_GRAD("InvGrad", reciprocal_grad, reciprocal_grad_grad,
               "-dy * y * y: through y = Inv(x)."),
    { 0 }
};
