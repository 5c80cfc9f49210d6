/* reduce.c - dimensions folded away: Sum, Mean, Prod, Max, Min, All, Any, L2Loss. */
#include "num/reduce.h"
#include "num/vec.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/reduce_grad.h"

#include <string.h>

/* Folds of the types that num/ has none for. */
#define EACH "num/reduce.inc"
#define EACH_SET (SET_F16 | SET_BF16 | SET_INTS | SET_COMPLEX)
#include "op/each.h"

#define EACH "ops/reduce.inc"
#include "op/each_number.h"

/* The axes as bits. TF: one that is given twice counts once. */
static struct status *axes_mask(const struct tensor *axes, int rank, unsigned *mask)
{
    *mask = 0;
    for (int64_t i = 0; i < tensor_count(axes); i++) {
        int64_t axis = tensor_int(axes, i);
        ENSURE(axis >= -rank && axis < rank,
               "Invalid reduction dimension (%lld for input with %d dimension(s)",
               (long long)axis, rank);
        *mask |= 1u << (axis < 0 ? axis + rank : axis);
    }
    return NULL;
}

static struct shape shape_reduced(const struct shape *x, unsigned mask, bool keep_dims)
{
    struct shape y = { 0, { 0 } };
    for (int i = 0; i < x->rank; i++)
        if (!(mask >> i & 1))
            y.dim[y.rank++] = x->dim[i];
        else if (keep_dims)
            y.dim[y.rank++] = 1;
    return y;
}

static struct status *reduce_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    const struct tensor *axes = shape_in_value(c, 1);
    bool keep_dims = node_attr(c->node, "keep_dims");
    ENSURE(shape_in(c, 1)->rank < 2, "Shape must be at most rank 1 but is rank %d",
           shape_in(c, 1)->rank);
    if (x->rank < 0)
        return NULL;
    if (axes) {
        unsigned mask;
        TRY(axes_mask(axes, x->rank, &mask));
        *shape_out(c, 0) = shape_reduced(x, mask, keep_dims);
    } else if (keep_dims) {
        struct shape *y = shape_out(c, 0);
        y->rank = x->rank;
        for (int i = 0; i < x->rank; i++)
            y->dim[i] = -1;
    }
    return NULL;
}

struct reduce {
    const struct fold *fold;
    void (*divide)(void *y, const void *acc, int64_t n, int64_t by);
                                    /* NULL: accumulators are outputs already */
    int64_t by;                     /* 0: the number of elements folded into one */
    vec_unary *finish;              /* what is done to accumulators before; NULL: nothing */
    bool keep_dims;
};

static const struct fold *fold_find(enum fold_kind kind, enum dtype t)
{
    static const struct fold *const fold[DT_COUNT] = {
        HALVES(fold), INTS(fold), COMPLEXES(fold), [DT_BOOL] = fold_u8
    };
    const struct fold *all = t == DT_FLOAT ? folds_f32() : t == DT_DOUBLE ? folds_f64() : fold[t];
    return all ? all + kind : NULL;         /* NULL: no kernel either, as for quantized numbers */
}

static struct status *reduce_prepare(struct prep *p, enum fold_kind kind, int64_t by)
{
    static void (*const divide[DT_COUNT])(void *, const void *, int64_t, int64_t) = {
        NUMBERS(divide)
    };
    struct reduce *r;
    enum dtype t = p->node->dtype[0];
    TRY(prep_state(p, sizeof *r, &r));
    r->fold = fold_find(kind, t);
    r->by = by;
    if (by != 1 || t == DT_HALF || t == DT_BFLOAT16)
        r->divide = divide[t];
    r->keep_dims = node_attr(p->node, "keep_dims");
    return NULL;
}

static struct status *sum_prepare(struct prep *p) { return reduce_prepare(p, FOLD_SUM, 1); }
static struct status *mean_prepare(struct prep *p) { return reduce_prepare(p, FOLD_MEAN, 0); }
static struct status *prod_prepare(struct prep *p) { return reduce_prepare(p, FOLD_PROD, 1); }
static struct status *max_prepare(struct prep *p) { return reduce_prepare(p, FOLD_MAX, 1); }
static struct status *min_prepare(struct prep *p) { return reduce_prepare(p, FOLD_MIN, 1); }
static struct status *l2_loss_prepare(struct prep *p)
{ return reduce_prepare(p, FOLD_SQUARES, 2); }

static struct status *norm_prepare(struct prep *p)
{
    TRY(reduce_prepare(p, FOLD_SQUARES, 1));
    ((struct reduce *)(uintptr_t)p->state)->finish =
        p->node->dtype[0] == DT_DOUBLE ? vec_best()->sqrt_f64 : vec_best()->sqrt_f32;
    return NULL;
}

/* Output 0 of shape `y` is the reduction `d` of input 0. */
static struct status *reduce_to(struct kernel *k, const struct reduction *d, const struct shape *y)
{
    const struct reduce *r = k->state;
    const struct tensor *x = kernel_in(k, 0);
    void *scratch = NULL, *acc;
    size_t bytes = reduce_scratch(r->fold, d);
    if (bytes)
        TRY(kernel_temp(k, bytes, &scratch));
    TRY(kernel_new(k, 0, x->dtype, y));
    acc = kernel_out(k, 0)->data;
    if (r->divide && r->fold->acc_size != r->fold->x_size)
        TRY(kernel_temp(k, (size_t)d->outputs * r->fold->acc_size, &acc));
    reduce_run(r->fold, d, x->data, acc, scratch, k->env->threads);
    if (r->finish)
        r->finish(acc, acc, (size_t)d->outputs);
    if (r->divide)
        r->divide(kernel_out(k, 0)->data, acc, d->outputs, r->by ? r->by : d->count);
    return NULL;
}

static struct status *reduce_any(struct kernel *k)
{
    const struct reduce *r = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct reduction d;
    unsigned mask;
    TRY(axes_mask(kernel_in(k, 1), x->shape.rank, &mask));
    struct shape y = shape_reduced(&x->shape, mask, r->keep_dims);
    reduce_simplify(&d, x->shape.rank, x->shape.dim, mask);
    if (d.count != 1 || r->finish)
        return reduce_to(k, &d, &y);
    kernel_view(k, 0, 0, &y);           /* folding one element gives that element */
    return NULL;
}

static struct status *l2_loss(struct kernel *k)
{
    const struct shape *x = &kernel_in(k, 0)->shape;
    struct reduction d;
    reduce_simplify(&d, x->rank, x->dim, (1u << x->rank) - 1);
    return reduce_to(k, &d, &SHAPE_SCALAR);
}

/* A bool is a byte that is 0 or 1: All is the least of them, Any the greatest. Only the unit of
 * the least is no bool. */
static struct status *all(struct kernel *k)
{
    TRY(reduce_any(k));
    uint8_t *y = kernel_out(k, 0)->data;
    int64_t n = tensor_count(kernel_out(k, 0));
    if (n && y[0] > 1)
        memset(y, 1, (size_t)n);
    return NULL;
}

/* The same kernel for each type: what differs is in the state. */
#define EACH_FLOAT(k) [DT_HALF] = k, [DT_BFLOAT16] = k, [DT_FLOAT] = k, [DT_DOUBLE] = k
#define EACH_INT(k) [DT_INT8] = k, [DT_INT16] = k, [DT_INT32] = k, [DT_INT64] = k, \
                    [DT_UINT8] = k, [DT_UINT16] = k, [DT_UINT32] = k, [DT_UINT64] = k
#define EACH_COMPLEX(k) [DT_COMPLEX64] = k, [DT_COMPLEX128] = k

#define AXES ", reduction_indices: Tidx"
#define NUMBERTYPE "keep_dims: bool = false; T: numbertype; Tidx: {int32, int64} = int32"
#define BOOL "keep_dims: bool = false; Tidx: {int32, int64} = int32"
#define OF_NUMBERS .inputs = "input: T" AXES, .outputs = "output: T", .attrs = NUMBERTYPE, \
                   .shape = reduce_shape,                                                  \
                   .kernel = KERNELS(EACH_FLOAT(reduce_any), EACH_INT(reduce_any),         \
                                     EACH_COMPLEX(reduce_any))
#define OF_REALS .inputs = "input: T" AXES, .outputs = "output: T", .attrs = NUMBERTYPE,   \
                 .shape = reduce_shape,                                                    \
                 .kernel = KERNELS(EACH_FLOAT(reduce_any), EACH_INT(reduce_any))
#define OF_BOOLS .inputs = "input: bool" AXES, .outputs = "output: bool", .attrs = BOOL,   \
                 .shape = reduce_shape, .grad = NOT_DIFFERENTIABLE

const struct op ops_reduce[] = {
    { .name = "Sum", OF_NUMBERS, .grad = sum_grad, .prepare = sum_prepare,
      .doc = "The sum of the elements along the given dimensions." },
    { .name = "Mean", OF_NUMBERS, .grad = mean_grad, .prepare = mean_prepare,
      .doc = "The mean of the elements along the given dimensions." },
    { .name = "Prod", OF_NUMBERS, .grad = prod_grad, .prepare = prod_prepare,
      .doc = "The product of the elements along the given dimensions." },
    { .name = "Max", OF_REALS, .grad = extreme_grad, .prepare = max_prepare,
      .doc = "The greatest of the elements along the given dimensions." },
    { .name = "Min", OF_REALS, .grad = extreme_grad, .prepare = min_prepare,
      .doc = "The least of the elements along the given dimensions." },
    { .name = "All", OF_BOOLS, .prepare = min_prepare, .kernel_any = all,
      .doc = "Whether all elements along the given dimensions are true." },
    { .name = "Any", OF_BOOLS, .prepare = max_prepare, .kernel_any = reduce_any,
      .doc = "Whether any element along the given dimensions is true." },
    { .name = "EuclideanNorm", .inputs = "input: T" AXES, .outputs = "output: T",
      .attrs = "keep_dims: bool = false; T: {half, bfloat16, float, double}; "
               "Tidx: {int32, int64} = int32",
      .shape = reduce_shape, .grad = euclidean_grad, .prepare = norm_prepare,
      .kernel = KERNELS(EACH_FLOAT(reduce_any)),
      .doc = "The root of the sum of squares of the elements along the given dimensions." },
    { .name = "L2Loss", .inputs = "t: T", .outputs = "output: T",
      .attrs = "T: {half, bfloat16, float, double}", .shape = shape_scalar,
      .grad = l2_loss_grad, .prepare = l2_loss_prepare, .kernel = KERNELS(EACH_FLOAT(l2_loss)),
      .doc = "Half the sum of the squares of all elements." },
    { 0 }
};
