#include "ops/matrix.h"

#include "ops/array.h"

/* ---- shapes ---- */

struct status *matrix_square_shape(const struct shape *x, struct shape *y)
{
    TRY(shape_want_rank_at_least(x, 2));
    *y = *x;
    if (x->rank < 0)
        return NULL;
    int64_t n;
    TRY(dim_merge(x->dim[x->rank - 2], x->dim[x->rank - 1], &n));
    y->dim[x->rank - 2] = y->dim[x->rank - 1] = n;
    return NULL;
}

struct status *matrix_same_shape(struct shape_ctx *c)
{
    return matrix_square_shape(shape_in(c, 0), shape_out(c, 0));
}

/* ---- checks ---- */

struct status *matrix_check(const struct tensor *x)
{
    const struct shape *s = &x->shape;
    ENSURE(s->rank >= 2, "Input tensor 0 must have rank >= 2, got %d", s->rank);
    ENSURE(s->dim[s->rank - 1] <= MATRIX_MOST && s->dim[s->rank - 2] <= MATRIX_MOST,
           "matrices of more than %d rows or columns are not supported, got %s", MATRIX_MOST,
           SHAPE_STR(s));
    return NULL;
}

struct status *matrix_square_check(const struct tensor *x, const char *message)
{
    const struct shape *s = &x->shape;
    ENSURE(s->rank < 2 || s->dim[s->rank - 1] == s->dim[s->rank - 2], "%s", message);
    return matrix_check(x);
}

struct status *matrix_pair_check(const struct kernel *k)
{
    const struct shape *a = &kernel_in(k, 0)->shape, *b = &kernel_in(k, 1)->shape;
    ENSURE(a->rank >= 2, "Input tensor 0 must have rank >= 2, got %d", a->rank);
    ENSURE(a->rank == b->rank, "All input tensors must have the same rank.");
    for (int i = 0; i < a->rank - 2; i++)
        ENSURE(a->dim[i] == b->dim[i], "All input tensors must have the same outer dimensions.");
    return NULL;
}

/* ---- gradients ---- */

struct out grad_product(struct grad *g, struct out a, struct out b, bool adj_a, bool adj_b)
{
    return grad_add(g, "BatchMatMul", OUTS(a, b),
                    ATTRS(attr_bool("adj_x", adj_a), attr_bool("adj_y", adj_b)));
}

struct out grad_adjoint(struct grad *g, struct out x)
{
    struct out outer = grad2(g, "Sub", grad1(g, "Rank", x), grad_ints(g, 2));
    struct out first = grad_add(g, "Range", OUTS(grad_ints(g, 0), outer, grad_ints(g, 1)), NULL, 0);
    struct out last = grad2(g, "Add", outer, grad_vector(g, DT_INT32, (int64_t[]){ 1, 0 }, 2));
    struct out swap = grad_concat(g, OUTS(first, last), grad_ints(g, 0));
    return grad2(g, dtype_is_complex(out_dtype(x)) ? "ConjugateTranspose" : "Transpose", x, swap);
}

struct out grad_band(struct grad *g, struct out x, int64_t lower, int64_t upper)
{
    return grad_add(g, "MatrixBandPart", OUTS(x, grad_scalar(g, DT_INT64, (double)lower),
                                              grad_scalar(g, DT_INT64, (double)upper)), NULL, 0);
}

struct out grad_lower_solve(struct grad *g, struct out l, struct out b, bool adjoint)
{
    return grad_add(g, "MatrixTriangularSolve", OUTS(l, b),
                    ATTRS(attr_bool("adjoint", adjoint), attr_bool("lower", true)));
}
