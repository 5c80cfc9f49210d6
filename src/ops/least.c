/* least.c - MatrixSolveLs: the x with the least ||matrix x - rhs||^2 + l2 ||x||^2; of the many that
 * a wide matrix leaves, the shortest. Matrices lie in the last two dimensions. */
#include "num/gemm.h"
#include "num/linalg.h"
#include "op/each.h"
#include "ops/array.h"
#include "ops/matrix.h"

#include <string.h>

static struct status *least_prepare(struct prep *p)
{
    bool *fast;
    TRY(prep_state(p, sizeof *fast, &fast));
    *fast = node_attr(p->node, "fast");
    return linalg_load();
}

static struct status *least_shape(struct shape_ctx *c)
{
    const struct shape *a = shape_in(c, 0), *b = shape_in(c, 1);
    struct shape rows = *a, y = *b;
    TRY(shape_want_rank_at_least(a, 2));
    TRY(shape_want_rank_at_least(b, 2));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    if (a->rank >= 0 && b->rank >= 0) {
        int64_t columns = b->dim[b->rank - 1];
        rows.dim[a->rank - 1] = -1;
        y.dim[b->rank - 1] = -1;
        TRY(shape_merge(&rows, &y, &y));
        y.dim[y.rank - 2] = a->dim[a->rank - 1];
        y.dim[y.rank - 1] = columns;
    } else if (b->rank >= 0) {
        y.dim[y.rank - 2] = -1;
    }
    *shape_out(c, 0) = y;
    return NULL;
}

/* Matrices of m by n, right sides of m by `columns`, `count` of each. */
struct least {
    bool fast, tall;
    int threads;
    int64_t m, n, columns, count;
    double l2;
    struct shape shape;                 /* of the output */
};

static struct status *least_check(const struct kernel *k, struct least *s)
{
    const struct shape *a = &kernel_in(k, 0)->shape, *b = &kernel_in(k, 1)->shape;
    const struct tensor *l2 = kernel_in(k, 2);
    TRY(matrix_pair_check(k));
    TRY(matrix_check(kernel_in(k, 0)));
    ENSURE(a->dim[a->rank - 2] == b->dim[b->rank - 2], "Input matrix and rhs are incompatible.");
    ENSURE(l2->shape.rank == 0, "l2_regularizer must be scalar, got shape %s",
           SHAPE_STR(&l2->shape));
    *s = (struct least){ .fast = *(const bool *)k->state, .threads = k->env->threads,
                         .m = a->dim[a->rank - 2], .n = a->dim[a->rank - 1],
                         .columns = b->dim[b->rank - 1], .count = shape_span(a, 0, a->rank - 2),
                         .l2 = *(const double *)l2->data, .shape = *b };
    ENSURE(s->l2 >= 0, "l2_regularizer must be >= 0.");
    ENSURE(s->columns <= INT32_MAX, "right-hand sides of more than %d columns are not supported, "
           "got %s", INT32_MAX, SHAPE_STR(b));
    s->tall = s->m >= s->n;
    s->shape.dim[b->rank - 2] = s->n;
    return NULL;
}

#define EACH "ops/least.inc"
#define EACH_SET (SET_F32 | SET_F64 | SET_COMPLEX)
#include "op/each.h"

/* ---- gradients ---- */

static struct out add(struct grad *g, struct out a, struct out b)
{ return grad2(g, "Add", a, b); }

/* The Cholesky factor of A* A, or of A A*, with l2 on its diagonal. */
static struct out gramian(struct grad *g, bool tall)
{
    struct out a = g->x[0], square = grad_product(g, a, a, tall, !tall);
    struct out diagonal = grad1(g, "MatrixDiagPart", square);
    diagonal = add(g, diagonal, grad_cast(g, g->x[2], out_dtype(a)));
    return grad1(g, "Cholesky", grad2(g, "MatrixSetDiag", square, diagonal));
}

static struct out solved(struct grad *g, struct out l, struct out b)
{
    return grad_lower_solve(g, l, grad_lower_solve(g, l, b, false), true);
}

/* With z = (A* A + l2)^-1 dx:  dA = b z* - A (x z* + z x*),  db = A z. */
static void tall_grad(struct grad *g)
{
    struct out a = g->x[0], b = g->x[1], x = g->y[0];
    struct out z = solved(g, gramian(g, true), g->dy[0]);
    struct out xz = grad_product(g, x, z, false, true);
    struct out both = add(g, xz, grad_adjoint(g, xz));
    g->dx[0] = add(g, grad1(g, "Neg", grad_product(g, a, both, false, false)),
                   grad_product(g, b, z, false, true));
    g->dx[1] = grad_product(g, a, z, false, false);
}

/* With db = (A A* + l2)^-1 A dx and y = (A A* + l2)^-1 b:  dA = y (dx - A* db)* - db (A* y)*. */
static void wide_grad(struct grad *g)
{
    struct out a = g->x[0], l = gramian(g, false);
    struct out db = solved(g, l, grad_product(g, a, g->dy[0], false, false));
    struct out y = solved(g, l, g->x[1]), ya = grad_product(g, y, a, true, false);
    struct out rest = grad2(g, "Sub", g->dy[0], grad_product(g, a, db, true, false));
    g->dx[0] = add(g, grad1(g, "Neg", grad_product(g, db, ya, false, false)),
                   grad_product(g, y, rest, false, true));
    g->dx[1] = db;
}

/* Which of the two must be known: TensorFlow decides during the run, by a condition. */
static void least_grad(struct grad *g)
{
    const struct shape *a = out_shape(g->x[0]);
    if (!node_attr(g->node, "fast")) {
        grad_fail(g, INVALID_ARGUMENT, "Gradient not defined for fast=False");
        return;
    }
    if (a->rank < 2 || a->dim[a->rank - 2] < 0 || a->dim[a->rank - 1] < 0) {
        grad_fail(g, UNIMPLEMENTED, "the gradient of MatrixSolveLs needs to know how many rows and "
                  "columns the matrix has, but its shape is %s", SHAPE_STR(a));
        return;
    }
    (a->dim[a->rank - 2] >= a->dim[a->rank - 1] ? tall_grad : wide_grad)(g);
}

#define LEAST .inputs = "matrix: T, rhs: T, l2_regularizer: double", .outputs = "output: T", \
    .shape = least_shape, .prepare = least_prepare, .flags = OP_EXPENSIVE

const struct op ops_least[] = {
    { .name = "MatrixSolveLs", LEAST, .grad = least_grad,
      .attrs = "T: {double, float, complex64, complex128}; fast: bool = true",
      .doc = "The x with the least ||matrix x - rhs||^2 + l2_regularizer ||x||^2: by normal "
             "equations, or, not so fast, without l2_regularizer, by an orthogonal factorization.",
      .kernel = KERNELS(DOUBLES(least), COMPLEXES(least)) },
    { .name = "BatchMatrixSolveLs", LEAST, .grad = NO_GRADIENT,
      .attrs = "T: {double, float}; fast: bool = true", .doc = "MatrixSolveLs under its old name.",
      .kernel = KERNELS(DOUBLES(least)) },
    { 0 }
};
