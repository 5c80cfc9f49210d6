/* unary.c - mathematics of one number: Abs, Neg, Exp, Log, Sin, Tanh, Floor, Erf... */
#include "graph/graph.h"
#include "num/special.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"

#include <math.h>
#include <tgmath.h>

/* ---- kernels: the hot ones are loops of num/vec.h ---- */

HOT1(neg, CHEAP)
HOT1(abs, CHEAP)
HOT1(square, CHEAP)
HOT1(sqrt, CHEAP)
HOT1(rsqrt, MODERATE)
HOT1(reciprocal, CHEAP)
HOT1(floor, CHEAP)
HOT1(ceil, CHEAP)
HOT1(rint, CHEAP)
HOT1(exp, MODERATE)
HOT1(expm1, MODERATE)
HOT1(log, MODERATE)
HOT1(log1p, MODERATE)
HOT1(tanh, MODERATE)
HOT1(sigmoid, MODERATE)
HOT1(sin, MODERATE)
HOT1(cos, MODERATE)
HOT1(erf, MODERATE)

#define EACH "ops/unary.inc"
#define EACH_SET (SET_F32 | SET_F64 | SET_I32 | SET_I64 | SET_C64 | SET_C128)
#include "op/each.h"

HALVES1(sign, CHEAP)
HALVES1(tan, DEAR)
HALVES1(asin, DEAR)
HALVES1(acos, DEAR)
HALVES1(atan, DEAR)
HALVES1(sinh, DEAR)
HALVES1(cosh, DEAR)
HALVES1(asinh, DEAR)
HALVES1(acosh, DEAR)
HALVES1(atanh, DEAR)
HALVES1(erfc, DEAR)
HALVES1(lgamma, DEAR)
HALVES1(digamma, DEAR)

static struct status *same(struct kernel *k)
{
    kernel_forward(k, 0, 0);
    return NULL;
}

/* ---- gradients: dx = dy * f'(conj(x)), written with y = f(x) where that is cheaper ---- */

#define X grad_conj(g, g->x[0])
#define Y grad_conj(g, g->y[0])

static struct out number(struct grad *g, double v)
{
    return grad_scalar(g, out_dtype(g->x[0]), v);
}

static struct out times_dy(struct grad *g, struct out x)
{
    return grad_mul(g, g->dy[0], x);
}

static void neg_grad(struct grad *g) { g->dx[0] = grad1(g, "Neg", g->dy[0]); }
static void abs_grad(struct grad *g) { g->dx[0] = times_dy(g, grad1(g, "Sign", g->x[0])); }
static void sign_grad(struct grad *g) { g->dx[0] = grad1(g, "ZerosLike", g->x[0]); }
static void square_grad(struct grad *g)
{
    struct out x = X, twice = grad2(g, "Mul", x, number(g, 2));
    g->dx[0] = grad2(g, "Mul", g->dy[0], twice);
}
static void exp_grad(struct grad *g) { g->dx[0] = times_dy(g, Y); }
static void expm1_grad(struct grad *g) { g->dx[0] = times_dy(g, grad1(g, "Exp", X)); }
static void log_grad(struct grad *g) { g->dx[0] = times_dy(g, grad1(g, "Reciprocal", X)); }
static void sin_grad(struct grad *g) { g->dx[0] = times_dy(g, grad1(g, "Cos", X)); }
static void sinh_grad(struct grad *g) { g->dx[0] = times_dy(g, grad1(g, "Cosh", X)); }
static void cosh_grad(struct grad *g) { g->dx[0] = times_dy(g, grad1(g, "Sinh", X)); }
static void rint_grad(struct grad *g) { g->dx[0] = grad1(g, "ZerosLike", g->dy[0]); }
static void lgamma_grad(struct grad *g) { g->dx[0] = times_dy(g, grad1(g, "Digamma", X)); }

/* These have ops of their own, that take y. */
static void reciprocal_grad(struct grad *g)
{ g->dx[0] = grad2(g, "ReciprocalGrad", g->y[0], g->dy[0]); }
static void sqrt_grad(struct grad *g) { g->dx[0] = grad2(g, "SqrtGrad", g->y[0], g->dy[0]); }
static void rsqrt_grad(struct grad *g) { g->dx[0] = grad2(g, "RsqrtGrad", g->y[0], g->dy[0]); }
static void tanh_grad(struct grad *g) { g->dx[0] = grad2(g, "TanhGrad", g->y[0], g->dy[0]); }
static void sigmoid_grad(struct grad *g)
{ g->dx[0] = grad2(g, "SigmoidGrad", g->y[0], g->dy[0]); }

static void log1p_grad(struct grad *g)
{
    struct out x = X, one = grad_named_scalar(g, "add/x", out_dtype(x), 1);
    x = grad_add_named(g, "AddV2", "add", OUTS(one, x), NULL, 0);
    g->dx[0] = times_dy(g, grad1(g, "Reciprocal", x));
}

static void cos_grad(struct grad *g)
{
    g->dx[0] = grad1(g, "Neg", times_dy(g, grad1(g, "Sin", X)));
}

static void tan_grad(struct grad *g)
{
    struct out secant = grad1(g, "Reciprocal", grad1(g, "Cos", X));
    g->dx[0] = times_dy(g, grad1(g, "Square", secant));
}

static struct out one_minus_square(struct grad *g)
{
    return grad2(g, "Sub", number(g, 1), grad1(g, "Square", X));
}

static void asin_grad(struct grad *g)
{
    g->dx[0] = times_dy(g, grad1(g, "Reciprocal", grad1(g, "Sqrt", one_minus_square(g))));
}

static void acos_grad(struct grad *g)
{
    asin_grad(g);
    g->dx[0] = grad1(g, "Neg", g->dx[0]);
}

static void atan_grad(struct grad *g)
{
    struct out d = grad2(g, "Add", number(g, 1), grad1(g, "Square", X));
    g->dx[0] = times_dy(g, grad1(g, "Reciprocal", d));
}

static void asinh_grad(struct grad *g)
{ g->dx[0] = grad2(g, "RealDiv", g->dy[0], grad1(g, "Cosh", Y)); }

static void acosh_grad(struct grad *g)
{ g->dx[0] = grad2(g, "RealDiv", g->dy[0], grad1(g, "Sinh", Y)); }

static void atanh_grad(struct grad *g)
{ g->dx[0] = times_dy(g, grad1(g, "Reciprocal", one_minus_square(g))); }

static void erf_scaled(struct grad *g, double two_over_root_pi)
{
    struct out bell = grad1(g, "Exp", grad1(g, "Neg", grad1(g, "Square", g->x[0])));
    g->dx[0] = times_dy(g, grad_scale(g, two_over_root_pi, bell));
}

static void erf_grad(struct grad *g) { erf_scaled(g, M_2_SQRTPI); }
static void erfc_grad(struct grad *g) { erf_scaled(g, -M_2_SQRTPI); }

static void digamma_grad(struct grad *g)
{
    g->dx[0] = times_dy(g, grad2(g, "Polygamma", number(g, 1), g->x[0]));
}

#undef X
#undef Y

/* ---- rows ---- */

#define REAL_FLOATS "T: {bfloat16, half, float, double}"
#define FLOATS_COMPLEX "T: {bfloat16, half, float, double, complex64, complex128}"
#define WITH_INTS "T: {bfloat16, half, float, double, int32, int64, complex64, complex128}"
#define FLOAT_INT "T: {bfloat16, half, float, double, int32, int64}"

#define TWO_INTS(x) [DT_INT32] = x##_i32, [DT_INT64] = x##_i64

/* Name, kernels' name, their types, the attribute, gradient, sentence. */
#define UNARY(op, types, kernels, gradient, text)                                       \
    { .name = op, .inputs = "x: T", .outputs = "y: T", .attrs = types, .doc = text,     \
      .shape = shape_unchanged, .grad = gradient, .kernel = KERNELS(kernels) }
#define F(x) FLOATS(x)
#define FC(x) FLOATS(x), COMPLEXES(x)
#define FIC(x) FLOATS(x), TWO_INTS(x), COMPLEXES(x)
#define FI(x) FLOATS(x), TWO_INTS(x)
#define UNCHANGED [DT_INT32] = same, [DT_INT64] = same

const struct op ops_unary[] = {
    UNARY("Abs", FLOAT_INT, FI(abs), abs_grad, "The absolute value |x|."),
    UNARY("Neg", WITH_INTS, FIC(neg), neg_grad, "The negative -x."),
    UNARY("Sign", WITH_INTS, FIC(sign), sign_grad,
          "-1, 0 or 1 by the sign of x; x / |x| where x is complex."),
    UNARY("Square", WITH_INTS, FIC(square), square_grad, "The square x * x."),
    UNARY("Sqrt", FLOATS_COMPLEX, FC(sqrt), sqrt_grad, "The square root of x."),
    UNARY("Rsqrt", FLOATS_COMPLEX, FC(rsqrt), rsqrt_grad, "1 / sqrt(x)."),
    UNARY("Exp", FLOATS_COMPLEX, FC(exp), exp_grad, "e to the power x."),
    UNARY("Expm1", FLOATS_COMPLEX, FC(expm1), expm1_grad, "exp(x) - 1, exact for small x."),
    UNARY("Log", FLOATS_COMPLEX, FC(log), log_grad, "The natural logarithm of x."),
    UNARY("Log1p", FLOATS_COMPLEX, FC(log1p), log1p_grad, "log(1 + x), exact for small x."),
    UNARY("Sin", FLOATS_COMPLEX, FC(sin), sin_grad, "The sine of x, in radians."),
    UNARY("Cos", FLOATS_COMPLEX, FC(cos), cos_grad, "The cosine of x, in radians."),
    UNARY("Tan", WITH_INTS, FIC(tan), tan_grad, "The tangent of x, in radians."),
    UNARY("Asin", WITH_INTS, FIC(asin), asin_grad, "The angle whose sine is x."),
    UNARY("Acos", WITH_INTS, FIC(acos), acos_grad, "The angle whose cosine is x."),
    UNARY("Atan", WITH_INTS, FIC(atan), atan_grad, "The angle whose tangent is x."),
    UNARY("Sinh", FLOATS_COMPLEX, FC(sinh), sinh_grad, "The hyperbolic sine of x."),
    UNARY("Cosh", FLOATS_COMPLEX, FC(cosh), cosh_grad, "The hyperbolic cosine of x."),
    UNARY("Tanh", FLOATS_COMPLEX, FC(tanh), tanh_grad, "The hyperbolic tangent of x."),
    UNARY("Asinh", FLOATS_COMPLEX, FC(asinh), asinh_grad, "The number whose sinh is x."),
    UNARY("Acosh", FLOATS_COMPLEX, FC(acosh), acosh_grad, "The number whose cosh is x."),
    UNARY("Atanh", FLOATS_COMPLEX, FC(atanh), atanh_grad, "The number whose tanh is x."),
    UNARY("Sigmoid", FLOATS_COMPLEX, FC(sigmoid), sigmoid_grad, "1 / (1 + exp(-x))."),
    UNARY("Floor", REAL_FLOATS, F(floor), NOT_DIFFERENTIABLE, "The next integer below or at x."),
    UNARY("Ceil", REAL_FLOATS, F(ceil), NOT_DIFFERENTIABLE, "The next integer above or at x."),
    UNARY("Rint", REAL_FLOATS, F(rint), rint_grad, "The nearest integer, halves to even."),
    { .name = "Round", .inputs = "x: T", .outputs = "y: T", .attrs = WITH_INTS,
      .doc = "The nearest integer, halves to even; of both parts where x is complex.",
      .shape = shape_unchanged, .grad = NOT_DIFFERENTIABLE,
      .kernel = KERNELS(FLOATS(rint), COMPLEXES(round), UNCHANGED) },
    UNARY("Reciprocal", WITH_INTS, FIC(reciprocal), reciprocal_grad, "1 / x."),
    UNARY("Inv", WITH_INTS, FIC(reciprocal), reciprocal_grad, "1 / x; the old name."),
    UNARY("Erf", REAL_FLOATS, F(erf), erf_grad, "The error function of x."),
    UNARY("Erfc", REAL_FLOATS, F(erfc), erfc_grad, "1 - erf(x), exact for large x."),
    UNARY("Lgamma", REAL_FLOATS, F(lgamma), lgamma_grad, "The logarithm of |gamma(x)|."),
    UNARY("Digamma", REAL_FLOATS, F(digamma), digamma_grad, "The derivative of lgamma at x."),
    { 0 }
};
