/* select.c - from one tensor or the other. Select: by a condition that is a scalar, a vector over
 * the first dimension, or of the same shape; SelectV2: all three are broadcast. */
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

/* Runs of condition, then and else, and elements to the next of each. */
struct stepped { const bool *c; const void *t, *e; int64_t step[3]; };

typedef void choose_by_fn(void *z, const struct stepped *x, int64_t n);

#define EACH "ops/select.inc"
#define EACH_SET (SET_U8 | SET_U16 | SET_U32 | SET_U64 | SET_C128)
#include "op/each.h"

static choose_fn *choose_by_size(size_t size)
{
    return size == 1 ? choose_u8 : size == 2 ? choose_u16 : size == 4 ? choose_u32
         : size == 8 ? choose_u64 : choose_c128;
}

static choose_by_fn *choose_by_of(size_t size)
{
    return size == 1 ? choose_by_u8 : size == 2 ? choose_by_u16 : size == 4 ? choose_by_u32
         : size == 8 ? choose_by_u64 : choose_by_c128;
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

struct selection {
    choose_fn *run;
    size_t size;
    const bool *c;
    const char *t, *e;
    char *z;
};

static void choose_some(void *ctx, int64_t begin, int64_t end)
{
    const struct selection *j = ctx;
    size_t at = (size_t)begin * j->size;
    j->run(j->z + at, j->c + begin, j->t + at, j->e + at, end - begin);
}

static struct status *select_elements(struct kernel *k)
{
    const struct tensor *t = kernel_in(k, 1), *e = kernel_in(k, 2);
    const bool *c = kernel_in(k, 0)->data;
    TRY(inputs_alike(k));
    if (dtype_owns(t->dtype))
        return select_rows(k, tensor_count(t), 1);
    TRY(kernel_reuse(k, 0, kernel_can_reuse(k, 1, t->dtype, &t->shape) ? 1 : 2));
    size_t size = dtype_size(t->dtype);
    struct selection j = { choose_by_size(size), size, c, t->data, e->data,
                           kernel_out(k, 0)->data };
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

/* ---- SelectV2 ---- */

static struct status *select_v2_of(const struct shape *c, const struct shape *t,
                                   const struct shape *e, struct shape *z)
{
    struct shape data;
    TRY(shape_broadcast_of(t, e, &data));
    return shape_broadcast_of(c, &data, z);
}

static struct status *select_v2_shape(struct shape_ctx *c)
{
    return select_v2_of(shape_in(c, 0), shape_in(c, 1), shape_in(c, 2), shape_out(c, 0));
}

/* The result's dimensions, innermost first, and for each of the three the elements to the next one
 * along it; dimensions along which all three go on as before are one. */
struct walk { int rank; int64_t dim[MAX_RANK], step[3][MAX_RANK]; };

static bool walk_goes_on(const struct walk *w, const int64_t step[3])
{
    for (int i = 0; i < 3; i++)
        if (step[i] != w->step[i][w->rank - 1] * w->dim[w->rank - 1])
            return false;
    return true;
}

static void walk_add(struct walk *w, int64_t dim, const int64_t step[3])
{
    if (dim == 1 && w->rank)
        return;
    if (w->rank && walk_goes_on(w, step)) {
        w->dim[w->rank - 1] *= dim;
        return;
    }
    for (int i = 0; i < 3; i++)
        w->step[i][w->rank] = step[i];
    w->dim[w->rank++] = dim;
}

static void walk_plan(struct walk *w, const struct shape *z, const struct shape *const x[3])
{
    int64_t span[3] = { 1, 1, 1 }, step[3];
    *w = (struct walk){ 0 };
    for (int d = 0; d < z->rank; d++) {
        for (int i = 0; i < 3; i++) {
            int64_t own = d < x[i]->rank ? x[i]->dim[x[i]->rank - 1 - d] : 1;
            step[i] = own == 1 ? 0 : span[i];
            span[i] *= own;
        }
        walk_add(w, z->dim[z->rank - 1 - d], step);
    }
    if (!w->rank)
        walk_add(w, 1, (int64_t[3]){ 0 });
}

struct select_v2 {
    struct walk walk;
    const struct tensor *x[3];
    struct tensor *z;
    size_t size;
};

/* Where a run begins in each of the three. */
static void walk_seek(const struct walk *w, int64_t run, int64_t at[3])
{
    at[0] = at[1] = at[2] = 0;
    for (int d = 1; d < w->rank; d++, run /= w->dim[d - 1])
        for (int i = 0; i < 3; i++)
            at[i] += run % w->dim[d] * w->step[i][d];
}

static void select_runs(void *ctx, int64_t begin, int64_t end)
{
    const struct select_v2 *s = ctx;
    const struct walk *w = &s->walk;
    choose_by_fn *fn = choose_by_of(s->size);
    for (int64_t run = begin; run < end; run++) {
        int64_t at[3];
        walk_seek(w, run, at);
        struct stepped c = { (const bool *)s->x[0]->data + at[0],
                             (const char *)s->x[1]->data + (size_t)at[1] * s->size,
                             (const char *)s->x[2]->data + (size_t)at[2] * s->size,
                             { w->step[0][0], w->step[1][0], w->step[2][0] } };
        fn((char *)s->z->data + (size_t)(run * w->dim[0]) * s->size, &c, w->dim[0]);
    }
}

/* Strings, which own something. */
static struct status *select_owned(const struct select_v2 *s, int64_t n)
{
    const struct walk *w = &s->walk;
    for (int64_t i = 0; i < n; i++) {
        int64_t at[3], along = i % w->dim[0];
        walk_seek(w, i / w->dim[0], at);
        int from = ((const bool *)s->x[0]->data)[at[0] + along * w->step[0][0]] ? 1 : 2;
        TRY(tensor_copy_elements(s->z, i, s->x[from], at[from] + along * w->step[from][0], 1));
    }
    return NULL;
}

static struct status *select_v2_kernel(struct kernel *k)
{
    enum { GRAIN = 1 << 16 };           /* elements that are worth another thread */
    struct select_v2 s = { .x = { kernel_in(k, 0), kernel_in(k, 1), kernel_in(k, 2) } };
    const struct shape *const x[3] = { &s.x[0]->shape, &s.x[1]->shape, &s.x[2]->shape };
    struct shape z;
    if (shape_equal(x[0], x[1]) && shape_equal(x[1], x[2]))
        return select_elements(k);
    TRY(select_v2_of(x[0], x[1], x[2], &z));
    TRY(kernel_new(k, 0, s.x[1]->dtype, &z));
    int64_t n = shape_count(&z);
    if (!n)
        return NULL;
    walk_plan(&s.walk, &z, x);
    s.z = kernel_out(k, 0);
    s.size = dtype_size(s.z->dtype);
    if (dtype_owns(s.z->dtype))
        return select_owned(&s, n);
    pool_for(n / s.walk.dim[0], 1 + GRAIN / s.walk.dim[0], k->env->threads, select_runs, &s);
    return NULL;
}

/* `part` of dy, summed over what was repeated of input i. */
static struct out select_v2_back(struct grad *g, struct out part, int i)
{
    struct out shape = grad_shape_of(g, g->x[i], DT_INT32);
    struct out all = grad_shape_of(g, g->y[0], DT_INT32);
    struct out axes = grad2(g, "BroadcastGradientArgs", shape, all);
    struct out sum = grad_add(g, "Sum", OUTS(part, axes), ATTRS(attr_bool("keep_dims", true)));
    return grad2(g, "Reshape", sum, shape);
}

static void select_v2_grad(struct grad *g)
{
    struct out c = g->x[0], dy = g->dy[0];
    struct out zero = grad_named_scalar(g, "zeros", out_dtype(dy), 0);
    struct out t = grad_add(g, "SelectV2", OUTS(c, dy, zero), NULL, 0);
    g->dx[1] = select_v2_back(g, t, 1);
    struct out e = grad_add(g, "SelectV2", OUTS(c, zero, dy), NULL, 0);
    g->dx[2] = select_v2_back(g, e, 2);
}

const struct op ops_select[] = {
    { .name = "Select", .inputs = "condition: bool, t: T, e: T", .outputs = "output: T",
      .attrs = "T: type", .doc = "t where the condition holds, else e.", .shape = select_shape,
      .grad = select_grad, .kernel_any = select_kernel },
    { .name = "SelectV2", .inputs = "condition: bool, t: T, e: T", .outputs = "output: T",
      .attrs = "T: type", .doc = "t where the condition holds, else e, all three broadcast.",
      .shape = select_v2_shape, .grad = select_v2_grad, .kernel_any = select_v2_kernel },
    { 0 }
};
