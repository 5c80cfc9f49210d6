/* special.c - special functions of two numbers: Zeta, Polygamma. */
#include "graph/graph.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"
#include "ops/special.h"

#include <math.h>

/* Hurwitz: the sum of (q + k)^-x for k >= 0. The first terms are added up, the rest follows from
 * Euler and Maclaurin: an integral, half a term, and derivatives with Bernoulli's numbers. */
static double zeta(double x, double q)
{
    static const double bernoulli[] = {         /* B_2k / (2k)! */
        1 / 12.0, -1 / 720.0, 1 / 30240.0, -1 / 1209600.0, 1 / 47900160.0,
        -691 / 1307674368000.0, 1 / 74724249600.0, -3617 / 10670622842880000.0,
    };
    if (x == 1 || (q <= 0 && q == floor(q)))
        return INFINITY;
    if (!(x > 1) || (q <= 0 && x != floor(x)))
        return NAN;
    double sum = 0;
    for (int k = 0; k < 10 || q < 10; k++, q += 1)
        sum += pow(q, -x);
    sum += pow(q, 1 - x) / (x - 1) + 0.5 * pow(q, -x);
    double term = x * pow(q, -x - 1);
    for (int k = 0; k < 8; k++) {
        sum += bernoulli[k] * term;
        term *= (x + 2 * k + 1) * (x + 2 * k + 2) / (q * q);
    }
    return sum;
}

/* The n-th derivative of digamma. */
static double polygamma(double n, double x)
{
    if (n == 0)
        return digamma(x);
    if (!(n > 0) || n != floor(n))
        return NAN;
    return (fmod(n, 2) == 0 ? -1 : 1) * tgamma(n + 1) * zeta(n + 1, x);
}

#define EACH "ops/special.inc"
#include "op/each_double.h"

/* By x TF has no gradient of zeta, nor by a of polygamma. */
static void zeta_grad(struct grad *g)
{
    struct out x = g->x[0], one = grad_scalar(g, out_dtype(x), 1);
    struct out next = grad2(g, "Zeta", grad2(g, "Add", x, one), g->x[1]);
    struct out dq = grad2(g, "Mul", g->dy[0], grad2(g, "Mul", grad1(g, "Neg", x), next));
    grad_unbroadcast(g, x, g->x[1], NULL, &dq);
    g->dx[1] = dq;
}

static void polygamma_grad(struct grad *g)
{
    struct out a = g->x[0], one = grad_scalar(g, out_dtype(a), 1);
    struct out next = grad2(g, "Polygamma", grad2(g, "Add", a, one), g->x[1]);
    struct out dx = grad2(g, "Mul", g->dy[0], next);
    grad_unbroadcast(g, a, g->x[1], NULL, &dx);
    g->dx[1] = dx;
}

const struct op ops_special[] = {
    { .name = "Zeta", .inputs = "x: T, q: T", .outputs = "z: T", .attrs = "T: {float, double}",
      .doc = "Hurwitz's zeta function: the sum of (q + k)^-x for k = 0, 1, 2...",
      .shape = shape_broadcast, .grad = zeta_grad, .kernel = KERNELS(DOUBLES(zeta)) },
    { .name = "Polygamma", .inputs = "a: T, x: T", .outputs = "z: T",
      .attrs = "T: {float, double}", .doc = "The a-th derivative of digamma at x.",
      .shape = shape_broadcast, .grad = polygamma_grad, .kernel = KERNELS(DOUBLES(polygamma)) },
    { 0 }
};
