/* linalg.c - what LU and Cholesky factors give: MatrixInverse, MatrixDeterminant,
 * LogMatrixDeterminant, MatrixSolve, MatrixTriangularSolve, Lu, Cholesky, and their older forms.
 * Matrices lie in the last two dimensions, one for each index of the others. */
#include "num/linalg.h"
#include "op/each.h"
#include "ops/array.h"
#include "ops/broadcast.h"
#include "ops/matrix.h"

#include <complex.h>
#include <math.h>
#include <string.h>
#include <tgmath.h>

struct linalg { bool adjoint, lower, wide; };

static struct status *linalg_prepare(struct prep *p)
{
    struct linalg *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->adjoint = node_attr(p->node, "adjoint");
    s->lower = node_attr(p->node, "lower");
    s->wide = node_attr(p->node, "output_idx_type") == DT_INT64;
    return linalg_load();
}

/* ---- shapes ---- */

static struct status *determinant_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(matrix_square_shape(shape_in(c, 0), &s));
    s.rank -= s.rank < 0 ? 0 : 2;
    for (int i = 0; i < c->n_out; i++)
        *shape_out(c, i) = s;
    return NULL;
}

static struct status *lu_shape(struct shape_ctx *c)
{
    TRY(matrix_square_shape(shape_in(c, 0), shape_out(c, 0)));
    *shape_out(c, 1) = *shape_out(c, 0);
    shape_out(c, 1)->rank -= shape_out(c, 0)->rank > 0;
    return NULL;
}

static struct status *cholesky_back_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(matrix_square_shape(shape_in(c, 0), &s));
    return shape_merge(&s, shape_in(c, 1), shape_out(c, 0));
}

static struct status *solve_shape(struct shape_ctx *c)
{
    const struct shape *b = shape_in(c, 1);
    struct shape a, y = *b;
    TRY(matrix_square_shape(shape_in(c, 0), &a));
    TRY(shape_want_rank_at_least(b, 2));
    if (a.rank >= 0 && b->rank >= 0) {
        int64_t columns = b->dim[b->rank - 1];
        a.dim[a.rank - 1] = -1;
        y.dim[b->rank - 1] = -1;
        TRY(shape_merge(&a, &y, &y));
        y.dim[y.rank - 1] = columns;
    }
    *shape_out(c, 0) = y;
    return NULL;
}

/* ---- checks ---- */

static struct status *solve_check(const struct kernel *k)
{
    const struct shape *a = &kernel_in(k, 0)->shape, *b = &kernel_in(k, 1)->shape;
    TRY(matrix_pair_check(k));
    TRY(matrix_square_check(kernel_in(k, 0), "First input (lhs) must be a square matrix."));
    ENSURE(a->dim[a->rank - 1] == b->dim[b->rank - 2], "Input matrix and rhs are incompatible.");
    ENSURE(b->dim[b->rank - 1] <= INT32_MAX, "Input matrix and rhs are incompatible.");
    return NULL;
}

/* The determinant of nothing is 1, and of as many nothings as there are. */
static int64_t determinants(const struct shape *s) { return shape_span(s, 0, s->rank - 2); }

/* Row i of the product of the factors is row order[i] of the matrix: LAPACK's list of swaps, from
 * 1, as they were made. */
static void order_of_swaps(const int *swap, int64_t n, int64_t *order)
{
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t i = 0; i < n; i++) {
        int64_t other = swap[i] - 1, row = order[i];
        order[i] = order[other];
        order[other] = row;
    }
}

static void order_store(const int64_t *order, int64_t n, bool wide, struct tensor *to, int64_t at)
{
    for (int64_t i = 0; i < n; i++)
        if (wide)
            ((int64_t *)to->data)[at + i] = order[i];
        else
            ((int32_t *)to->data)[at + i] = (int32_t)order[i];
}

#define EACH "ops/linalg.inc"
#define EACH_SET (SET_F32 | SET_F64 | SET_COMPLEX)
#include "op/each.h"

/* ---- gradients ---- */

static void inverse_grad(struct grad *g)
{
    bool adjoint = node_attr(g->node, "adjoint");
    struct out y = g->y[0], dy = g->dy[0];
    struct out inner = grad_product(g, y, grad_product(g, dy, y, false, true), true, false);
    if (adjoint)                        /* y is the inverse of the adjoint: so is the gradient */
        inner = grad_product(g, grad_product(g, y, dy, false, true), y, false, false);
    g->dx[0] = grad1(g, "Neg", inner);
}

static struct out adjoint_inverse(struct grad *g, struct out x)
{
    return grad_add(g, "MatrixInverse", OUTS(x), ATTRS(attr_bool("adjoint", true)));
}

/* One number for each matrix, fit to be multiplied by matrices. */
static struct out for_matrices(struct grad *g, struct out x)
{
    struct out last = grad_ints(g, -1);
    return grad2(g, "ExpandDims", grad2(g, "ExpandDims", x, last), last);
}

static void determinant_grad(struct grad *g)
{
    struct out factor = grad2(g, "Mul", g->dy[0], grad_conj(g, g->y[0]));
    g->dx[0] = grad2(g, "Mul", for_matrices(g, factor), adjoint_inverse(g, g->x[0]));
}

/* The sign is taken as given, as in TensorFlow. */
static void log_determinant_grad(struct grad *g)
{
    g->dx[0] = grad2(g, "Mul", for_matrices(g, g->dy[1]), adjoint_inverse(g, g->x[0]));
}

static void solve_grad(struct grad *g)
{
    bool adjoint = node_attr(g->node, "adjoint"), lower = node_attr(g->node, "lower");
    bool triangle = node_attr_find(g->node, "lower");
    struct attr attrs[] = { attr_bool("adjoint", !adjoint), attr_bool("lower", lower) };
    struct out db = grad_add(g, g->node->op->name, OUTS(g->x[0], g->dy[0]), attrs, 1 + triangle);
    struct out da = grad1(g, "Neg", adjoint ? grad_product(g, g->y[0], db, false, true)
                                            : grad_product(g, db, g->y[0], false, true));
    g->dx[0] = !triangle ? da : lower ? grad_band(g, da, -1, 0) : grad_band(g, da, 0, -1);
    g->dx[1] = db;
}

/* L^-* (half of the lower triangle of L* dL) L^-1, made Hermitian. */
static void cholesky_grad(struct grad *g)
{
    struct out l = g->y[0], middle = grad_product(g, l, g->dy[0], true, false);
    struct out half = grad_scalar(g, out_dtype(l), 0.5);
    struct out diagonal = grad2(g, "Mul", half, grad1(g, "MatrixDiagPart", middle));
    middle = grad_band(g, grad2(g, "MatrixSetDiag", middle, diagonal), -1, 0);
    struct out left = grad_lower_solve(g, l, middle, true);
    struct out both = grad_lower_solve(g, l, grad_adjoint(g, left), true);
    both = grad_adjoint(g, both);
    g->dx[0] = grad2(g, "Mul", half, grad2(g, "Add", both, grad_adjoint(g, both)));
}

#define BATCH(op, in, types, shapes, kernels, text)                                         \
    { .name = op, .inputs = in, .outputs = "output: T", .attrs = types, .doc = text,        \
      .shape = shapes, .grad = NO_GRADIENT, .prepare = linalg_prepare,                      \
      .kernel = KERNELS(kernels), .flags = OP_EXPENSIVE }
#define BOTH(x) DOUBLES(x), COMPLEXES(x)
#define TWO "T: {double, float}"
#define FOUR "T: {double, float, complex64, complex128}"

const struct op ops_linalg[] = {
    { .name = "MatrixInverse", .inputs = "input: T", .outputs = "output: T",
      .attrs = "adjoint: bool = false; " FOUR,
      .doc = "The inverses of square matrices, or of their adjoints.",
      .shape = matrix_same_shape, .grad = inverse_grad, .prepare = linalg_prepare,
      .kernel = KERNELS(BOTH(inverse)), .flags = OP_EXPENSIVE },
    { .name = "MatrixDeterminant",
      .note = "NaN in a matrix always makes NaN.",
      .inputs = "input: T", .outputs = "output: T",
      .attrs = "T: {float, double, complex64, complex128}",
      .doc = "The determinants of square matrices.",
      .shape = determinant_shape, .grad = determinant_grad, .prepare = linalg_prepare,
      .kernel = KERNELS(BOTH(determinant)), .flags = OP_EXPENSIVE },
    { .name = "LogMatrixDeterminant",
      .note = "NaN in a matrix always makes NaN.",
      .inputs = "input: T",
      .outputs = "sign: T, log_abs_determinant: T",
      .attrs = "T: {float, double, complex64, complex128}",
      .doc = "The signs of determinants and the logarithms of their absolute values.",
      .shape = determinant_shape, .grad = log_determinant_grad, .prepare = linalg_prepare,
      .kernel = KERNELS(BOTH(log_determinant)), .flags = OP_EXPENSIVE },
    { .name = "MatrixSolve", .inputs = "matrix: T, rhs: T", .outputs = "output: T",
      .attrs = "adjoint: bool = false; " FOUR,
      .doc = "The x for which matrix x = rhs, or the matrix's adjoint.",
      .shape = solve_shape, .grad = solve_grad, .prepare = linalg_prepare,
      .kernel = KERNELS(BOTH(solve)), .flags = OP_EXPENSIVE },
    { .name = "MatrixTriangularSolve", .inputs = "matrix: T, rhs: T", .outputs = "output: T",
      .attrs = "lower: bool = true; adjoint: bool = false; " FOUR,
      .doc = "MatrixSolve of triangular matrices, whose other half is not looked at.",
      .shape = solve_shape, .grad = solve_grad, .prepare = linalg_prepare,
      .kernel = KERNELS(BOTH(triangular_solve)), .flags = OP_EXPENSIVE },
    { .name = "Cholesky", .inputs = "input: T", .outputs = "output: T", .attrs = FOUR,
      .doc = "The lower triangles L of L L* for positive definite matrices, of which the lower "
             "half is read.",
      .shape = matrix_same_shape, .grad = cholesky_grad, .prepare = linalg_prepare,
      .kernel = KERNELS(BOTH(cholesky)), .flags = OP_EXPENSIVE },
    { .name = "CholeskyGrad", .inputs = "l: T, grad: T", .outputs = "output: T",
      .attrs = "T: {float, double}",
      .doc = "The gradient of Cholesky, given its output l: symmetric matrices.",
      .shape = cholesky_back_shape, .grad = NO_GRADIENT, .prepare = linalg_prepare,
      .kernel = KERNELS(DOUBLES(cholesky_back)), .flags = OP_EXPENSIVE },
    { .name = "Lu", .inputs = "input: T", .outputs = "lu: T, p: output_idx_type",
      .attrs = FOUR "; output_idx_type: {int32, int64} = int32",
      .doc = "Square matrices with their rows in the order p as products of a lower triangle L, "
             "whose diagonal of ones is left out, and an upper one.",
      .shape = lu_shape, .grad = NO_GRADIENT, .prepare = linalg_prepare,
      .kernel = KERNELS(BOTH(lu)), .flags = OP_EXPENSIVE },
    BATCH("BatchMatrixInverse", "input: T", "adjoint: bool = false; " TWO, matrix_same_shape,
          DOUBLES(inverse), "MatrixInverse under its old name."),
    BATCH("BatchMatrixDeterminant", "input: T", "T: {float, double, complex64, complex128}",
          determinant_shape, BOTH(determinant), "MatrixDeterminant under its old name."),
    BATCH("BatchMatrixSolve", "matrix: T, rhs: T", "adjoint: bool = false; " TWO, solve_shape,
          DOUBLES(solve), "MatrixSolve under its old name."),
    BATCH("BatchMatrixTriangularSolve", "matrix: T, rhs: T",
          "lower: bool = true; adjoint: bool = false; " TWO, solve_shape,
          DOUBLES(triangular_solve), "MatrixTriangularSolve under its old name."),
    BATCH("BatchCholesky", "input: T", TWO, matrix_same_shape, DOUBLES(cholesky),
          "Cholesky under its old name."),
    BATCH("BatchCholeskyGrad", "l: T, grad: T", "T: {float, double}", cholesky_back_shape,
          DOUBLES(cholesky_back), "CholeskyGrad under its old name."),
    { 0 }
};
