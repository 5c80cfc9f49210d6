/* complex.c - complex numbers and their parts: Complex, Real, Imag, ComplexAbs, Angle, Conj. */
#include "graph/graph.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"

#include <math.h>
#include <tgmath.h>

#define EACH "ops/complex.inc"
#define EACH_SET SET_COMPLEX
#include "op/each.h"

/* complex64 is made of floats, complex128 of doubles; TF has an attribute for each and no kernel
 * where they do not go together. */
static struct status *complex_prepare(struct prep *p)
{
    enum dtype t = node_attr_type(p->node, "T"), out = node_attr_type(p->node, "Tout");
    bool wide = t == DT_COMPLEX128 || t == DT_DOUBLE;
    ENSURE(wide == (out == DT_COMPLEX128 || out == DT_DOUBLE),
           "No OpKernel was registered to support Op '%s' with T=%s, Tout=%s", p->node->op->name,
           dtype_name(t), dtype_name(out));
    return NULL;
}

/* ---- gradients ---- */

static struct out zero_like(struct grad *g, struct out x)
{
    return grad_scalar(g, out_dtype(x), 0);
}

static enum dtype complex_of(struct out x)
{
    return out_dtype(x) == DT_DOUBLE ? DT_COMPLEX128 : DT_COMPLEX64;
}

static struct out complex_from(struct grad *g, struct out re, struct out im)
{
    enum dtype t = complex_of(out_dtype(re) == DT_DOUBLE ? re : im);
    return grad_add(g, "Complex", OUTS(re, im), ATTRS(attr_type("Tout", t)));
}

static struct out part(struct grad *g, const char *op, struct out z)
{
    enum dtype t = out_dtype(z) == DT_COMPLEX128 ? DT_DOUBLE : DT_FLOAT;
    return grad_add(g, op, OUTS(z), ATTRS(attr_type("Tout", t)));
}

static void real_grad(struct grad *g)
{ g->dx[0] = complex_from(g, g->dy[0], zero_like(g, g->dy[0])); }
static void imag_grad(struct grad *g)
{ g->dx[0] = complex_from(g, zero_like(g, g->dy[0]), g->dy[0]); }
static void conj_grad(struct grad *g) { g->dx[0] = grad1(g, "Conj", g->dy[0]); }

static void complex_grad(struct grad *g)
{
    grad_binary(g, part(g, "Real", g->dy[0]), part(g, "Imag", g->dy[0]));
}

static void complex_abs_grad(struct grad *g)
{
    struct out dy = complex_from(g, g->dy[0], zero_like(g, g->dy[0]));
    g->dx[0] = grad2(g, "Mul", dy, grad1(g, "Sign", g->x[0]));
}

static void angle_grad(struct grad *g)
{
    struct out x = g->x[0], swapped = complex_from(g, part(g, "Imag", x), part(g, "Real", x));
    struct out dy = complex_from(g, g->dy[0], zero_like(g, g->dy[0]));
    g->dx[0] = grad1(g, "Neg", grad2(g, "Mul", dy, grad1(g, "Reciprocal", swapped)));
}

/* ---- rows ---- */

static struct status *conj_variant(struct kernel *k)
{
    (void)k;
    return status_new(UNIMPLEMENTED, "Conj of a variant is not supported");
}

#define TO_REAL(op, in, out_name, kernels, gradient, text)                              \
    { .name = op, .inputs = in ": T", .outputs = out_name ": Tout",                     \
      .attrs = "T: {complex64, complex128} = complex64; Tout: {float, double} = float", \
      .doc = text, .shape = shape_unchanged, .grad = gradient,                          \
      .prepare = complex_prepare, .kernel = KERNELS(COMPLEXES(kernels)) }

const struct op ops_complex[] = {
    { .name = "Complex", .inputs = "real: T, imag: T", .outputs = "out: Tout",
      .attrs = "T: {float, double} = float; Tout: {complex64, complex128} = complex64",
      .doc = "The complex numbers of the given parts.", .shape = shape_broadcast,
      .grad = complex_grad, .prepare = complex_prepare,
      .kernel = KERNELS([DT_FLOAT] = compose_c64, [DT_DOUBLE] = compose_c128) },
    TO_REAL("Real", "input", "output", real, real_grad, "The real part."),
    TO_REAL("Imag", "input", "output", imag, imag_grad, "The imaginary part."),
    TO_REAL("ComplexAbs", "x", "y", complex_abs, complex_abs_grad, "The distance from 0."),
    TO_REAL("Angle", "input", "output", angle, angle_grad, "The angle in the complex plane."),
    { .name = "Conj", .inputs = "input: T", .outputs = "output: T",
      .attrs = "T: {complex64, complex128, variant} = complex64",
      .doc = "The conjugate: the imaginary part with its sign changed.",
      .shape = shape_unchanged, .grad = conj_grad,
      .kernel = KERNELS(COMPLEXES(conj), [DT_VARIANT] = conj_variant) },
    { 0 }
};
