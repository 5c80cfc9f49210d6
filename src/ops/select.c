/* select.c - Select: from one tensor or the other, by a condition that is a scalar, a vector over
 * the first dimension, or of the same shape. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"

#include <string.h>

static struct status *select_shape(struct shape_ctx *c)
{
    const struct shape *cond = shape_in(c, 0);
    struct shape data, merged;
    TRY(shape_merge(shape_in(c, 1), shape_in(c, 2), &data));
    *shape_out(c, 0) = data;
    if (cond->rank <= 0 || data.rank < 0)
        return NULL;
    if (cond->rank == 1 && data.rank > 0)
        return dim_merge(cond->dim[0], data.dim[0], &merged.dim[0]);
    TRY(shape_merge(&data, cond, &merged));
    *shape_out(c, 0) = merged;
    return NULL;
}

/* ---- kernels: only the size of an element matters, and whether it owns something ---- */

typedef void choose_fn(void *z, const bool *c, const void *t, const void *e, int64_t n);

#define EACH "ops/select.inc"
#define EACH_SET (SET_U8 | SET_U16 | SET_U32 | SET_U64 | SET_C128)
#include "op/each.h"

static choose_fn *choose_by_size(size_t size)
{
    return size == 1 ? choose_u8 : size == 2 ? choose_u16 : size == 4 ? choose_u32
         : size == 8 ? choose_u64 : choose_c128;
}

static struct status *check_branches(const struct shape *t, const struct shape *e)
{
    ENSURE(shape_equal(t, e),
           "'then' and 'else' must have the same size.  but received: %s vs. %s", SHAPE_STR(t),
           SHAPE_STR(e));
    return NULL;
}

static struct status *check_batch(int64_t n, const struct shape *t, const struct shape *e)
{
    ENSURE(t->rank >= 1, "'then' must be at least a vector, but saw shape: %s", SHAPE_STR(t));
    ENSURE(t->dim[0] == n,
           "Number of batches of 'then' must match size of 'cond', but saw: %lld vs. %lld",
           (long long)t->dim[0], (long long)n);
    return check_branches(t, e);
}

/* Elements one by one, or rows one by one. */
static struct status *select_rows(struct kernel *k, int64_t rows, int64_t each)
{
    const struct tensor *from[2] = { kernel_in(k, 2), kernel_in(k, 1) };
    const bool *c = kernel_in(k, 0)->data;
    TRY(kernel_new(k, 0, from[0]->dtype, &from[0]->shape));
    for (int64_t i = 0; i < rows; i++)
        TRY(tensor_copy_elements(kernel_out(k, 0), i * each, from[c[i]], i * each, each));
    return NULL;
}

struct choice {
    choose_fn *run;
    size_t size;
    const bool *c;
    const char *t, *e;
    char *z;
};

static void choose_some(void *ctx, int64_t begin, int64_t end)
{
    const struct choice *j = ctx;
    size_t at = (size_t)begin * j->size;
    j->run(j->z + at, j->c + begin, j->t + at, j->e + at, end - begin);
}

static struct status *select_elements(struct kernel *k)
{
    const struct tensor *t = kernel_in(k, 1), *e = kernel_in(k, 2);
    const bool *c = kernel_in(k, 0)->data;
    TRY(inputs_alike(k));
    if (t->dtype == DT_STRING || t->dtype == DT_RESOURCE || t->dtype == DT_VARIANT)
        return select_rows(k, tensor_count(t), 1);
    TRY(kernel_reuse(k, 0, kernel_can_reuse(k, 1, t->dtype, &t->shape) ? 1 : 2));
    size_t size = dtype_size(t->dtype);
    struct choice j = { choose_by_size(size), size, c, t->data, e->data, kernel_out(k, 0)->data };
    pool_for(tensor_count(t), CHEAP, k->env->threads, choose_some, &j);
    return NULL;
}

static struct status *select_kernel(struct kernel *k)
{
    const struct tensor *c = kernel_in(k, 0);
    const struct shape *t = &kernel_in(k, 1)->shape, *e = &kernel_in(k, 2)->shape;
    if (c->shape.rank == 0) {
        TRY(check_branches(t, e));
        kernel_forward(k, 0, *(const bool *)c->data ? 1 : 2);
        return NULL;
    }
    if (c->shape.rank == 1 && t->rank != 1) {
        TRY(check_batch(c->shape.dim[0], t, e));
        return select_rows(k, c->shape.dim[0], shape_span(t, 1, t->rank));
    }
    return select_elements(k);
}

static void select_grad(struct grad *g)
{
    struct out c = g->x[0], dy = g->dy[0], zeros;
    zeros = grad_add_named(g, "ZerosLike", "zeros_like", OUTS(g->x[1]), NULL, 0);
    g->dx[1] = grad_add(g, "Select", OUTS(c, dy, zeros), NULL, 0);
    g->dx[2] = grad_add(g, "Select", OUTS(c, zeros, dy), NULL, 0);
}

const struct op ops_select[] = {
    { .name = "Select", .inputs = "condition: bool, t: T, e: T", .outputs = "output: T",
      .attrs = "T: type", .doc = "t where the condition holds, else e.", .shape = select_shape,
      .grad = select_grad, .kernel_any = select_kernel },
    { 0 }
};
