/* tridiagonal.c - matrices of three diagonals: TridiagonalSolve, TridiagonalMatMul. Element i of
 * each diagonal is in row i: the last one of the upper diagonal and the first one of the lower are
 * not looked at. */
#include "base/pool.h"
#include "op/each.h"
#include "ops/array.h"
#include "ops/broadcast.h"
#include "ops/matrix.h"

#include <string.h>
#include <tgmath.h>

/* ---- TridiagonalSolve ---- */

struct tridiagonal { bool pivoting; int64_t n, columns, count; };

static struct status *tridiagonal_prepare(struct prep *p)
{
    bool *pivoting;
    TRY(prep_state(p, sizeof *pivoting, &pivoting));
    *pivoting = node_attr(p->node, "partial_pivoting");
    return NULL;
}

/* The right side's shape, whose rows are as many as a diagonal's elements. */
static struct status *solution_shape(struct shape *diagonals, int64_t rows, const struct shape *b,
                                     struct shape *y)
{
    int64_t unused;
    TRY(shape_want_rank_at_least(diagonals, 2));
    TRY(shape_want_rank_at_least(b, 2));
    *y = *b;
    if (diagonals->rank < 0)
        return NULL;
    int64_t n = diagonals->dim[diagonals->rank - 1];
    TRY(dim_merge(diagonals->dim[diagonals->rank - 2], rows, &unused));
    diagonals->dim[diagonals->rank - 2] = n;
    diagonals->dim[diagonals->rank - 1] = b->rank < 0 ? -1 : b->dim[b->rank - 1];
    return shape_merge(diagonals, b, y);
}

static struct status *tridiagonal_shape(struct shape_ctx *c)
{
    struct shape diagonals = *shape_in(c, 0);
    return solution_shape(&diagonals, 3, shape_in(c, 1), shape_out(c, 0));
}

static struct status *tridiagonal_check(const struct kernel *k, struct tridiagonal *s)
{
    const struct shape *d = &kernel_in(k, 0)->shape, *b = &kernel_in(k, 1)->shape;
    TRY(matrix_pair_check(k));
    ENSURE(d->dim[d->rank - 2] == 3, "Expected diagonals to have 3 rows, got %lld.",
           (long long)d->dim[d->rank - 2]);
    ENSURE(d->dim[d->rank - 1] == b->dim[b->rank - 2], "Expected the same number of diagonal "
           "elements and right-hand side rows, got %lld and %lld.",
           (long long)d->dim[d->rank - 1], (long long)b->dim[b->rank - 2]);
    *s = (struct tridiagonal){ *(const bool *)k->state, d->dim[d->rank - 1], b->dim[b->rank - 1],
                               shape_span(d, 0, d->rank - 2) };
    return NULL;
}

/* ---- TridiagonalMatMul ---- */

struct tridiagonal_product { const void *in[4]; void *y; int64_t n, columns, count; };

static struct status *tridiagonal_product_shape(struct shape_ctx *c)
{
    struct shape diagonals = SHAPE_UNKNOWN;
    for (int i = 0; i < 3; i++)
        TRY(shape_merge(&diagonals, shape_in(c, i), &diagonals));
    return solution_shape(&diagonals, 1, shape_in(c, 3), shape_out(c, 0));
}

static struct status *tridiagonal_product_check(const struct kernel *k,
                                                struct tridiagonal_product *s)
{
    const struct shape *b = &kernel_in(k, 3)->shape;
    ENSURE(b->rank >= 2, "Input tensor 3 must have rank >= 2, got %d", b->rank);
    struct shape diagonal = *b;
    diagonal.dim[b->rank - 2] = 1;
    diagonal.dim[b->rank - 1] = b->dim[b->rank - 2];
    for (int i = 0; i < 3; i++)
        ENSURE(shape_equal(&kernel_in(k, i)->shape, &diagonal), "Expected diagonal %d to have "
               "shape %s, got %s", i, SHAPE_STR(&diagonal), SHAPE_STR(&kernel_in(k, i)->shape));
    s->n = b->dim[b->rank - 2];
    s->columns = b->dim[b->rank - 1];
    s->count = shape_span(b, 0, b->rank - 2);
    return NULL;
}

#define EACH "ops/tridiagonal.inc"
#define EACH_SET (SET_F32 | SET_F64 | SET_COMPLEX)
#include "op/each.h"

/* ---- gradients ---- */

/* Columns [from, to) of matrices, or rows; to = 0: the end. */
static struct out part(struct grad *g, struct out x, int64_t from, int64_t to, bool rows)
{
    const int64_t begin[] = { 0, from, 0 }, end[] = { 0, to, 0 }, step[] = { 1, 1, 1 };
    int n = 2 + rows, all = rows ? 4 : 0;
    return grad_add(g, "StridedSlice",
                    OUTS(x, grad_vector(g, DT_INT32, begin, n), grad_vector(g, DT_INT32, end, n),
                         grad_vector(g, DT_INT32, step, n)),
                    ATTRS(attr_int("begin_mask", all), attr_int("end_mask", all | (to ? 0 : 2)),
                          attr_int("ellipsis_mask", 1)));
}

/* The next one comes to each place (or the one before), 0 to the last (first). */
static struct out shifted(struct grad *g, struct out x, bool next, bool rows)
{
    struct out axis = grad_ints(g, rows ? -2 : -1);
    struct out zero = grad1(g, "ZerosLike", part(g, x, 0, 1, rows));
    struct out rest = next ? part(g, x, 1, 0, rows) : part(g, x, 0, -1, rows);
    return next ? grad_add(g, "ConcatV2", OUTS(rest, zero, axis), NULL, 0)
                : grad_add(g, "ConcatV2", OUTS(zero, rest, axis), NULL, 0);
}

/* One diagonal of dy x*, with or without a dimension of 1 for its row. */
static struct out diagonal_of(struct grad *g, struct out dy, struct out x, int which)
{
    struct out at = which == 1 ? x : shifted(g, x, which == 0, true);
    return grad2(g, "Sum", grad2(g, "Mul", dy, grad_conj(g, at)), grad_ints(g, -1));
}

static void tridiagonal_grad(struct grad *g)
{
    struct out d = g->x[0], row[3];
    for (int i = 0; i < 3; i++)
        row[i] = grad_conj(g, part(g, d, i, i + 1, true));
    struct out upper = shifted(g, row[2], true, false), lower = shifted(g, row[0], false, false);
    d = grad_add(g, "ConcatV2", OUTS(upper, row[1], lower, grad_ints(g, -2)), NULL, 0);
    struct out db = grad_add(g, "TridiagonalSolve", OUTS(d, g->dy[0]),
                             ATTRS(attr_bool("partial_pivoting",
                                             node_attr(g->node, "partial_pivoting"))));
    for (int i = 0; i < 3; i++)
        row[i] = diagonal_of(g, db, g->y[0], i);
    d = grad_add(g, "Pack", OUTS(row[0], row[1], row[2]), ATTRS(attr_int("axis", -2)));
    g->dx[0] = grad1(g, "Neg", d);
    g->dx[1] = db;
}

static void tridiagonal_product_grad(struct grad *g)
{
    struct out upper = grad_conj(g, shifted(g, g->x[2], true, false));
    struct out lower = grad_conj(g, shifted(g, g->x[0], false, false));
    struct out main = grad_conj(g, g->x[1]);
    for (int i = 0; i < 3; i++)
        g->dx[i] = grad2(g, "ExpandDims", diagonal_of(g, g->dy[0], g->x[3], i),
                         grad_ints(g, -2));
    g->dx[3] = grad_add(g, "TridiagonalMatMul", OUTS(upper, main, lower, g->dy[0]), NULL, 0);
}

#define FOUR "T: {double, float, complex64, complex128}"

const struct op ops_tridiagonal[] = {
    { .name = "TridiagonalSolve", .inputs = "diagonals: T, rhs: T", .outputs = "output: T",
      .attrs = "partial_pivoting: bool = true; " FOUR,
      .doc = "The x with A x = rhs, where A has the upper, the main and the lower diagonal that "
             "are the rows of diagonals.",
      .shape = tridiagonal_shape, .grad = tridiagonal_grad, .prepare = tridiagonal_prepare,
      .kernel = KERNELS(DOUBLES(tridiagonal_solve), COMPLEXES(tridiagonal_solve)),
      .flags = OP_EXPENSIVE },
    { .name = "TridiagonalMatMul", .inputs = "superdiag: T, maindiag: T, subdiag: T, rhs: T",
      .outputs = "output: T", .attrs = FOUR,
      .doc = "The products of matrices of three diagonals, each a row, and other matrices.",
      .shape = tridiagonal_product_shape, .grad = tridiagonal_product_grad,
      .kernel = KERNELS(DOUBLES(tridiagonal_product), COMPLEXES(tridiagonal_product)),
      .flags = OP_EXPENSIVE },
    { 0 }
};
