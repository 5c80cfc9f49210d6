/* decompose.c - matrices as products: Qr, Svd, SelfAdjointEigV2 and their older forms, through
 * LAPACK. Signs (and phases) of vectors are LAPACK's, where TensorFlow's are Eigen's. Vectors that
 * were not asked for are, as there, a scalar that means nothing. */
#include "num/linalg.h"
#include "op/each.h"
#include "ops/array.h"
#include "ops/matrix.h"

#include <math.h>
#include <string.h>

struct decompose { bool full, vectors; };

static struct status *decompose_prepare(struct prep *p)
{
    struct decompose *s;
    const struct node *n = p->node;
    TRY(prep_state(p, sizeof *s, &s));
    s->full = node_attr(n, "full_matrices");
    s->vectors = node_attr(n, "compute_v") || node_attr(n, "compute_uv");
    return linalg_load();
}

/* ---- shapes ---- */

static struct shape with_matrix(const struct shape *x, int64_t rows, int64_t columns)
{
    struct shape s = *x;
    s.dim[s.rank - 2] = rows;
    s.dim[s.rank - 1] = columns;
    return s;
}

static struct shape with_vector(const struct shape *x, int64_t n)
{
    struct shape s = *x;
    s.rank--;
    s.dim[s.rank - 1] = n;
    return s;
}

/* Sizes of the matrices: m by n, of which `few` is the lesser, -1 where that is not known. */
struct sizes { int64_t m, n, few; };

static struct sizes sizes_of(const struct shape *x)
{
    struct sizes s = { x->dim[x->rank - 2], x->dim[x->rank - 1], -1 };
    if (s.m >= 0 && s.n >= 0)
        s.few = s.m < s.n ? s.m : s.n;
    return s;
}

static struct status *qr_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    TRY(shape_want_rank_at_least(x, 2));
    if (x->rank < 0)
        return NULL;
    struct sizes s = sizes_of(x);
    bool full = node_attr(c->node, "full_matrices");
    *shape_out(c, 0) = with_matrix(x, s.m, full ? s.m : s.few);
    *shape_out(c, 1) = with_matrix(x, full ? s.m : s.few, s.n);
    return NULL;
}

static struct status *svd_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    bool full = node_attr(c->node, "full_matrices");
    TRY(shape_want_rank_at_least(x, 2));
    if (!node_attr(c->node, "compute_uv"))
        *shape_out(c, 1) = *shape_out(c, 2) = SHAPE_SCALAR;
    if (x->rank < 0)
        return NULL;
    struct sizes s = sizes_of(x);
    *shape_out(c, 0) = with_vector(x, s.few);
    if (node_attr(c->node, "compute_uv")) {
        *shape_out(c, 1) = with_matrix(x, s.m, full ? s.m : s.few);
        *shape_out(c, 2) = with_matrix(x, s.n, full ? s.n : s.few);
    }
    return NULL;
}

static struct status *eig_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    int64_t n = -1;
    TRY(shape_want_rank_at_least(x, 2));
    if (x->rank >= 0) {
        TRY(dim_merge(x->dim[x->rank - 2], x->dim[x->rank - 1], &n));
        *shape_out(c, 0) = with_vector(x, n);
        *shape_out(c, 1) = with_matrix(x, n, n);
    }
    if (!node_attr(c->node, "compute_v"))
        *shape_out(c, 1) = SHAPE_SCALAR;
    return NULL;
}

static struct status *eig_joined_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    int64_t n = -1;
    TRY(shape_want_rank_at_least(x, 2));
    if (x->rank < 0)
        return NULL;
    TRY(dim_merge(x->dim[x->rank - 2], x->dim[x->rank - 1], &n));
    *shape_out(c, 0) = with_matrix(x, n < 0 || n == INT64_MAX ? -1 : n + 1, n);
    return NULL;
}

#define EACH "ops/decompose.inc"
#define EACH_SET (SET_F32 | SET_F64 | SET_COMPLEX)
#include "op/each.h"

/* ---- gradients ---- */

static struct out add(struct grad *g, struct out a, struct out b)
{ return grad2(g, "Add", a, b); }
static struct out sub(struct grad *g, struct out a, struct out b)
{ return grad2(g, "Sub", a, b); }
static struct out mul(struct grad *g, struct out a, struct out b)
{ return grad2(g, "Mul", a, b); }

/* 1 / (x_j - x_i), and 0 on the diagonal. */
static struct out gaps(struct grad *g, struct out x)
{
    struct out d = sub(g, grad2(g, "ExpandDims", x, grad_ints(g, -2)),
                       grad2(g, "ExpandDims", x, grad_ints(g, -1)));
    return grad2(g, "MatrixSetDiag", grad1(g, "Reciprocal", d),
                 grad1(g, "ZerosLike", x));
}

/* x R^-*: what solves y R* = x. */
static struct out over_r(struct grad *g, struct out x, struct out r)
{
    return grad_adjoint(g, grad_add(g, "MatrixTriangularSolve", OUTS(r, grad_adjoint(g, x)),
                               ATTRS(attr_bool("lower", false))));
}

/* Where R is not square, which is known when it runs at the latest, it cannot be solved for. */
static void qr_grad(struct grad *g)
{
    struct out q = g->y[0], r = g->y[1], dq = g->dy[0], dr = g->dy[1];
    struct sizes s = { -1, -1, -1 };
    if (out_shape(g->x[0])->rank >= 2)
        s = sizes_of(out_shape(g->x[0]));
    bool full = node_attr(g->node, "full_matrices");
    if (dtype_is_complex(out_dtype(q)) || (s.few >= 0 && (s.m < s.n || (full && s.m != s.n)))) {
        grad_fail(g, UNIMPLEMENTED, "QrGrad not implemented when ncols > nrows or full_matrices is "
                  "true and ncols != nrows.");
        return;
    }
    struct out qdq = grad_product(g, q, dq, true, false), rdr = grad_product(g, r, dr, false, true);
    struct out skew = add(g, sub(g, qdq, grad_adjoint(g, qdq)), sub(g, rdr, grad_adjoint(g, rdr)));
    struct out inner = add(g, dr, over_r(g, grad_band(g, skew, -1, 0), r));
    struct out first = grad_product(g, q, inner, false, false);
    struct out rest = over_r(g, sub(g, dq, grad_product(g, q, qdq, false, false)), r);
    g->dx[0] = add(g, first, rest);
}

/* Made to be the gradient of the lower half, as that is what is read. */
static struct out halved(struct grad *g, struct out x)
{
    struct out both = grad_band(g, add(g, x, grad_adjoint(g, x)), -1, 0);
    struct out half = grad_scalar(g, out_dtype(x), 0.5);
    return grad2(g, "MatrixSetDiag", both,
                 mul(g, half, grad1(g, "MatrixDiagPart", both)));
}

static void eig_grad(struct grad *g)
{
    struct out e = g->y[0], v = g->y[1], inner = grad1(g, "MatrixDiag", g->dy[0]);
    if (node_attr(g->node, "compute_v"))
        inner = add(g, inner, mul(g, gaps(g, e), grad_product(g, v, g->dy[1], true, false)));
    else
        v = out_at(grad1(g, "SelfAdjointEigV2", g->x[0]), 1);
    g->dx[0] = halved(g, grad_product(g, v, grad_product(g, inner, v, false, true), false, false));
}

/* a b c*. */
static struct out thrice(struct grad *g, struct out a, struct out b, struct out c)
{
    return grad_product(g, grad_product(g, a, b, false, false), c, false, true);
}

/* What of a vector's gradient lies outside of the space of `v`: dv - v v* dv. */
static struct out outside(struct grad *g, struct out v, struct out dv)
{
    return sub(g, dv, grad_product(g, v, grad_product(g, v, dv, true, false), false, false));
}

/* u (ds + (f * du) s + s (f * dv)) v*: all there is of a square matrix. */
static struct out svd_inside(struct grad *g, struct out s, struct out u, struct out v)
{
    struct out f = gaps(g, grad1(g, "Square", g->y[0]));
    struct out fu = mul(g, f, grad_product(g, u, g->dy[1], true, false));
    struct out fv = mul(g, f, grad_product(g, v, g->dy[2], true, false));
    struct out inner = add(g, grad1(g, "MatrixDiag", g->dy[0]),
                           add(g, grad_product(g, add(g, fu, grad_adjoint(g, fu)), s, false, false),
                               grad_product(g, s, add(g, fv, grad_adjoint(g, fv)), false, false)));
    return thrice(g, u, inner, v);
}

static void svd_grad(struct grad *g)
{
    struct out s = grad1(g, "MatrixDiag", g->y[0]), u = g->y[1], v = g->y[2];
    struct sizes size = { -1, -1, -1 };
    if (out_shape(g->x[0])->rank >= 2)
        size = sizes_of(out_shape(g->x[0]));
    if (!node_attr(g->node, "compute_uv")) {
        struct out again = grad1(g, "Svd", g->x[0]);
        struct out ds = grad1(g, "MatrixDiag", g->dy[0]);
        g->dx[0] = thrice(g, out_at(again, 1), ds, out_at(again, 2));
        return;
    }
    if (dtype_is_complex(out_dtype(u)) ||
        (node_attr(g->node, "full_matrices") && size.few >= 0 && size.m != size.n)) {
        grad_fail(g, UNIMPLEMENTED, "SVD gradient has not been implemented for complex inputs or "
                  "full_matrices of matrices that are not square.");
        return;
    }
    struct out dx = svd_inside(g, s, u, v);
    struct out over = grad1(g, "MatrixDiag", grad1(g, "Reciprocal", g->y[0]));
    if (size.few < 0 || size.m > size.n)
        dx = add(g, dx, thrice(g, outside(g, u, g->dy[1]), over, v));
    if (size.few < 0 || size.m < size.n)
        dx = add(g, dx, thrice(g, u, over, outside(g, v, g->dy[2])));
    g->dx[0] = dx;
}

#define FOUR "T: {double, float, complex64, complex128}"
#define DECOMPOSE .inputs = "input: T", .prepare = decompose_prepare, .flags = OP_EXPENSIVE

#define EIG_JOINED DECOMPOSE, .outputs = "output: T", .attrs = "T: {double, float}", \
    .shape = eig_joined_shape, .grad = NO_GRADIENT, .kernel = KERNELS(DOUBLES(eig_joined))

const struct op ops_decompose[] = {
    { .name = "Qr", DECOMPOSE, .outputs = "q: T, r: T",
      .attrs = "full_matrices: bool = false; " FOUR,
      .doc = "Matrices as products of one with orthonormal columns and an upper triangle.",
      .shape = qr_shape, .grad = qr_grad, .kernel = KERNELS(DOUBLES(qr), COMPLEXES(qr)) },
    { .name = "Svd", DECOMPOSE, .outputs = "s: T, u: T, v: T",
      .attrs = "compute_uv: bool = true; full_matrices: bool = false; " FOUR,
      .doc = "The singular values of matrices, falling, and the vectors of input = u diag(s) v*.",
      .shape = svd_shape, .grad = svd_grad, .kernel = KERNELS(DOUBLES(svd), COMPLEXES(svd)) },
    { .name = "SelfAdjointEigV2", DECOMPOSE, .outputs = "e: T, v: T",
      .attrs = "compute_v: bool = true; " FOUR,
      .doc = "The eigenvalues of self-adjoint matrices, ascending, and the eigenvectors as "
             "columns; the lower half is read.",
      .shape = eig_shape, .grad = eig_grad, .kernel = KERNELS(DOUBLES(eig), COMPLEXES(eig)) },
    { .name = "BatchSvd", DECOMPOSE, .outputs = "s: T, u: T, v: T",
      .attrs = "compute_uv: bool = true; full_matrices: bool = false; " FOUR,
      .doc = "Svd under its old name.", .shape = svd_shape, .grad = NO_GRADIENT,
      .kernel = KERNELS(DOUBLES(svd), COMPLEXES(svd)) },
    { .name = "BatchSelfAdjointEigV2", DECOMPOSE, .outputs = "e: T, v: T",
      .attrs = "compute_v: bool = true; T: {double, float}",
      .doc = "SelfAdjointEigV2 under its old name.", .shape = eig_shape, .grad = NO_GRADIENT,
      .kernel = KERNELS(DOUBLES(eig)) },
    { .name = "SelfAdjointEig", EIG_JOINED, .doc = "The eigenvalues of self-adjoint matrices, "
      "ascending, in a row above the eigenvectors as columns; the lower half is read." },
    { .name = "BatchSelfAdjointEig", EIG_JOINED, .doc = "SelfAdjointEig under its old name." },
    { 0 }
};
