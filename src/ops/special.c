/* special.c - special functions: Zeta, Polygamma, the incomplete gamma and beta functions with
 * what their gradients are made of, Bessel's functions. */
#include "base/pool.h"
#include "graph/graph.h"
#include "num/special.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"

#include <float.h>

enum { VERY_DEAR = 1 << 8 };            /* series and continued fractions */

/* ---- Betainc: inputs of one shape, or numbers ---- */

struct betainc { const void *in[3]; void *z; int64_t step[3]; };

static const char beta_input[] = "abx";

static struct status *betainc_check(const struct kernel *k, struct shape *all)
{
    for (int i = 0; i < 2; i++)
        for (int j = i + 1; j < 3; j++) {
            const struct shape *x = &kernel_in(k, i)->shape, *y = &kernel_in(k, j)->shape;
            ENSURE(!x->rank || !y->rank || shape_equal(x, y), "Shapes of %c and %c are "
                   "inconsistent: %s vs. %s", beta_input[i], beta_input[j], SHAPE_STR(x),
                   SHAPE_STR(y));
        }
    *all = SHAPE_SCALAR;
    for (int i = 0; i < 3; i++)
        if (kernel_in(k, i)->shape.rank)
            *all = kernel_in(k, i)->shape;
    return NULL;
}

static struct status *betainc_shape(struct shape_ctx *c)
{
    struct shape all = SHAPE_UNKNOWN;
    bool numbers = true;
    for (int i = 0; i < 3; i++) {
        numbers &= shape_in(c, i)->rank == 0;
        if (shape_in(c, i)->rank)
            TRY(shape_merge(&all, shape_in(c, i), &all));
    }
    *shape_out(c, 0) = numbers ? SHAPE_SCALAR : all;
    return NULL;
}

#define EACH "ops/special.inc"
#include "op/each_double.h"

HALVES1(bessel_i0e, DEAR)
HALVES1(bessel_i1e, DEAR)

/* ---- gradients ---- */

static struct out number(struct grad *g, double v)
{
    return grad_scalar(g, out_dtype(g->x[0]), v);
}

static struct out mul(struct grad *g, struct out x, struct out y)
{ return grad2(g, "Mul", x, y); }

/* By x TF has no gradient of zeta, nor by a of polygamma. */
static void zeta_grad(struct grad *g)
{
    struct out x = g->x[0];
    struct out next = grad2(g, "Zeta", grad2(g, "Add", x, number(g, 1)), g->x[1]);
    struct out dq = mul(g, g->dy[0], mul(g, grad1(g, "Neg", x), next));
    grad_unbroadcast(g, x, g->x[1], NULL, &dq);
    g->dx[1] = dq;
}

static void polygamma_grad(struct grad *g)
{
    struct out a = g->x[0];
    struct out next = grad2(g, "Polygamma", grad2(g, "Add", a, number(g, 1)), g->x[1]);
    struct out dx = mul(g, g->dy[0], next);
    grad_unbroadcast(g, a, g->x[1], NULL, &dx);
    g->dx[1] = dx;
}

/* By x: exp(-x + (a - 1) log x - lgamma(a)). */
static void igamma_grad_of(struct grad *g, bool complement)
{
    struct out a = g->x[0], x = g->x[1];
    struct out by_a = grad2(g, "IgammaGradA", a, x);
    struct out power = mul(g, grad2(g, "Sub", a, number(g, 1)), grad1(g, "Log", x));
    struct out log = grad2(g, "Sub", grad2(g, "Add", grad1(g, "Neg", x), power),
                           grad1(g, "Lgamma", a));
    struct out da = mul(g, by_a, g->dy[0]), dx = mul(g, grad1(g, "Exp", log), g->dy[0]);
    grad_binary(g, complement ? grad1(g, "Neg", da) : da, complement ? grad1(g, "Neg", dx) : dx);
}

static void igamma_grad(struct grad *g) { igamma_grad_of(g, false); }
static void igammac_grad(struct grad *g) { igamma_grad_of(g, true); }

/* By x alone: exp((b - 1) log(1 - x) + (a - 1) log x - lbeta(a, b)). */
static void betainc_grad(struct grad *g)
{
    struct out a = g->x[0], b = g->x[1], x = g->x[2];
    struct out log_beta = grad2(g, "Sub", grad2(g, "Add", grad1(g, "Lgamma", a),
                                                grad1(g, "Lgamma", b)),
                                grad1(g, "Lgamma", grad2(g, "Add", a, b)));
    struct out low = mul(g, grad2(g, "Sub", a, number(g, 1)), grad1(g, "Log", x));
    struct out high = mul(g, grad2(g, "Sub", b, number(g, 1)),
                          grad1(g, "Log", grad2(g, "Sub", number(g, 1), x)));
    struct out slope = grad1(g, "Exp", grad2(g, "Sub", grad2(g, "Add", high, low), log_beta));
    struct out dx = mul(g, slope, g->dy[0]);
    grad_unbroadcast(g, x, g->y[0], &dx, NULL);
    g->dx[2] = dx;
}

static void bessel_i0e_grad(struct grad *g)
{
    struct out x = g->x[0], i1e = grad1(g, "BesselI1e", x);
    struct out slope = grad2(g, "Sub", i1e, mul(g, grad1(g, "Sign", x), g->y[0]));
    g->dx[0] = mul(g, g->dy[0], slope);
}

/* i0e - y (sign(x) + 1/x), and 1/2 next to 0. */
static void bessel_i1e_grad(struct grad *g)
{
    struct out x = g->x[0], y = g->y[0], zeros = grad1(g, "ZerosLike", x);
    enum dtype t = out_dtype(x);
    double tiny = t == DT_DOUBLE ? DBL_EPSILON : t == DT_FLOAT ? FLT_EPSILON
                : t == DT_HALF ? 0x1p-10 : 0x1p-7;
    struct out small = grad2(g, "Add", number(g, tiny), zeros);
    struct out away = grad2(g, "Greater", grad1(g, "Abs", x), small);
    struct out safe = grad_add(g, "Select", OUTS(away, x, small), NULL, 0);
    struct out turn = grad2(g, "Add", grad1(g, "Sign", safe), grad1(g, "Reciprocal", safe));
    struct out slope = grad2(g, "Sub", grad1(g, "BesselI0e", safe), mul(g, y, turn));
    struct out half = grad2(g, "Add", number(g, 0.5), zeros);
    g->dx[0] = mul(g, g->dy[0], grad_add(g, "Select", OUTS(away, slope, half), NULL, 0));
}

#define DOUBLE_TYPES "T: {float, double}"
#define SPECIAL(op, in, out_name, gradient, kernels, text)                              \
    { .name = op, .inputs = in, .outputs = out_name ": T", .attrs = DOUBLE_TYPES,       \
      .doc = text, .shape = shape_broadcast, .grad = gradient,                          \
      .kernel = KERNELS(DOUBLES(kernels)) }
#define BESSEL(op, kernels, text)                                                       \
    { .name = op, .inputs = "x: T", .outputs = "y: T",                                  \
      .attrs = "T: {bfloat16, half, float, double}", .doc = text,                       \
      .shape = shape_unchanged, .grad = kernels##_grad, .kernel = KERNELS(FLOATS(kernels)) }

const struct op ops_special[] = {
    SPECIAL("Zeta", "x: T, q: T", "z", zeta_grad, zeta,
            "Hurwitz's zeta function: the sum of (q + k)^-x for k = 0, 1, 2..."),
    SPECIAL("Polygamma", "a: T, x: T", "z", polygamma_grad, polygamma,
            "The a-th derivative of digamma at x."),
    SPECIAL("Igamma", "a: T, x: T", "z", igamma_grad, igamma,
            "The regularized lower incomplete gamma function: the part of gamma(a) up to x."),
    SPECIAL("Igammac", "a: T, x: T", "z", igammac_grad, igammac,
            "1 - Igamma(a, x): the part of gamma(a) from x on."),
    SPECIAL("IgammaGradA", "a: T, x: T", "z", NO_GRADIENT, igamma_by_a,
            "The derivative of Igamma(a, x) by a."),
    SPECIAL("RandomGammaGrad", "alpha: T, sample: T", "output", NO_GRADIENT, gamma_by_alpha,
            "The derivatives of samples of gamma distributions by their alpha."),
    { .name = "Betainc", .inputs = "a: T, b: T, x: T", .outputs = "z: T",
      .attrs = DOUBLE_TYPES,
      .doc = "The regularized incomplete beta function: the part of beta(a, b) up to x.",
      .shape = betainc_shape, .grad = betainc_grad, .kernel = KERNELS(DOUBLES(betainc)) },
    BESSEL("BesselI0e", bessel_i0e, "exp(-|x|) times Bessel's modified function of order 0."),
    BESSEL("BesselI1e", bessel_i1e, "exp(-|x|) times Bessel's modified function of order 1."),
    { 0 }
};
