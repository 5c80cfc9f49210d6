/* topk.c - the greatest elements of rows: TopK, and whether a target is among them: InTopK. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/kernel.h"
#include "ops/elementwise.h"

#include <math.h>
#include <string.h>

enum { TASK = 1 << 14, SORT_MIN = 256 };

struct top_job {
    const void *x;
    void *values;
    int32_t *indices, *heap;
    int64_t n, k, room;                 /* room: in the heap for each row; k + 1, or 2 n to sort */
    bool sorted;
};

#define EACH "ops/topk.inc"
#include "op/each_real.h"

typedef void top_fn(void *ctx, int64_t begin, int64_t end);

struct top { top_fn *run; int64_t k; bool by_input, sorted; };

static struct status *top_prepare(struct prep *p)
{
    static top_fn *const table[DT_COUNT] = { REALS(top_rows) };
    struct top *t;
    TRY(prep_state(p, sizeof *t, &t));
    t->run = table[node_attr_type(p->node, "T")];
    t->by_input = p->node->n_in == 2;
    t->k = node_attr(p->node, "k");
    t->sorted = node_attr(p->node, "sorted");
    return NULL;
}

static struct status *top_count(const struct kernel *k, int64_t *n)
{
    const struct top *t = k->state;
    const struct tensor *x = kernel_in(k, 0);
    *n = t->k;
    if (t->by_input) {
        const struct tensor *at = kernel_in(k, 1);
        ENSURE(at->shape.rank == 0, "k must be scalar, got shape %s", SHAPE_STR(&at->shape));
        *n = tensor_int(at, 0);
    }
    ENSURE(*n >= 0, "Need k >= 0, got %lld", (long long)*n);
    ENSURE(x->shape.rank >= 1, "input must be >= 1-D, got shape %s", SHAPE_STR(&x->shape));
    int64_t cols = x->shape.dim[x->shape.rank - 1];
    ENSURE(cols >= *n, "input must have at least k columns. Had %lld, needed %lld",
           (long long)cols, (long long)*n);
    ENSURE(cols < INT32_MAX, "input must have fewer than 2^31 columns, got shape %s",
           SHAPE_STR(&x->shape));
    return NULL;
}

static struct status *top(struct kernel *k)
{
    const struct top *t = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct top_job j = { .x = x->data, .sorted = t->sorted };
    struct shape y = x->shape;
    TRY(top_count(k, &j.k));
    int64_t rows = shape_span(&y, 0, y.rank - 1);
    j.n = y.dim[y.rank - 1];
    y.dim[y.rank - 1] = j.k;
    TRY(kernel_new(k, 0, x->dtype, &y));
    TRY(kernel_new(k, 1, DT_INT32, &y));
    j.values = kernel_out(k, 0)->data;
    j.indices = kernel_out(k, 1)->data;
    j.room = j.k == j.n && j.n > SORT_MIN ? 2 * j.n : j.k + 1;
    TRY(kernel_temp(k, (size_t)rows * (size_t)j.room * sizeof *j.heap, &j.heap));
    if (rows * j.n <= TASK)
        t->run(&j, 0, j.k ? rows : 0);
    else
        pool_for(j.k ? rows : 0, TASK / j.n + 1, k->env->threads, t->run, &j);
    return NULL;
}

static struct status *top_shape_of(struct shape_ctx *c, int64_t k)
{
    const struct shape *x = shape_in(c, 0);
    TRY(shape_want_rank_at_least(x, 1));
    if (x->rank > 0) {
        struct shape *y = shape_out(c, 0);
        int64_t last = x->dim[x->rank - 1];
        ENSURE(last < 0 || k <= last, "input must have last dimension >= k = %lld but is %lld",
               (long long)k, (long long)last);
        *y = *x;
        y->dim[y->rank - 1] = k;
        *shape_out(c, 1) = *y;
    }
    return NULL;
}

static struct status *top_shape(struct shape_ctx *c)
{
    return top_shape_of(c, node_attr(c->node, "k"));
}

static struct status *top_v2_shape(struct shape_ctx *c)
{
    const struct tensor *k = shape_in_value(c, 1);
    TRY(shape_want_rank(shape_in(c, 1), 0));
    ENSURE(!k || tensor_int(k, 0) >= 0, "Need k >= 0, got %lld", (long long)tensor_int(k, 0));
    return top_shape_of(c, k ? tensor_int(k, 0) : -1);
}

/* ---- its gradient: back to where the elements were ---- */

static struct out vector_of(struct grad *g, struct out scalar)
{
    return grad2(g, "ExpandDims", scalar, grad_scalar(g, DT_INT32, 0));
}

/* The last dimension of x, a scalar. */
static struct out last_dim(struct grad *g, struct out x)
{
    const struct shape *s = out_shape(x);
    if (s->rank > 0 && s->dim[s->rank - 1] >= 0)
        return grad_scalar(g, DT_INT32, (double)s->dim[s->rank - 1]);
    struct out last = grad2(g, "Sub", grad1(g, "Rank", x), grad_scalar(g, DT_INT32, 1));
    return grad_add(g, "GatherV2", OUTS(grad1(g, "Shape", x), last, grad_scalar(g, DT_INT32, 0)),
                    NULL, 0);
}

static void top_grad(struct grad *g)
{
    struct out x = g->x[0], at = out_at(g->y[0], 1), zero = grad_scalar(g, DT_INT32, 0);
    struct out n = last_dim(g, x), k = last_dim(g, at), size = grad1(g, "Size", x);
    struct out all = grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1);
    struct out column = grad_vector(g, DT_INT32, (int64_t[]){ -1, 1 }, 2);
    struct out rows = grad_add(g, "ConcatV2", OUTS(all, vector_of(g, k), zero), NULL, 0);

    /* Places in the flattened x: those in the row, and where each row begins. */
    struct out begin = grad_add(g, "Range", OUTS(zero, size, n), NULL, 0);
    struct out places = grad2(g, "Add", grad2(g, "Reshape", at, rows),
                              grad2(g, "Reshape", begin, column));
    struct out flat = grad_add(g, "ScatterNd", OUTS(grad2(g, "Reshape", places, column),
                                                    grad2(g, "Reshape", g->dy[0], all),
                                                    vector_of(g, size)), NULL, 0);
    g->dx[0] = grad2(g, "Reshape", flat, grad1(g, "Shape", x));
}

/* ---- InTopK ---- */

static struct status *in_top_inputs(const struct kernel *k, int64_t *most)
{
    const struct tensor *x = kernel_in(k, 0), *target = kernel_in(k, 1);
    *most = k->n_in == 2 ? node_attr(k->node, "k") : 0;
    if (k->n_in == 3) {
        const struct tensor *at = kernel_in(k, 2);
        ENSURE(at->shape.rank == 0, "k must be 0-D, got shape %s", SHAPE_STR(&at->shape));
        *most = tensor_int(at, 0);
    }
    ENSURE(x->shape.rank == 2, "predictions must be 2-dimensional");
    ENSURE(target->shape.rank == 1, "targets must be 1-dimensional");
    ENSURE(x->shape.dim[0] == target->shape.dim[0],
           "First dimension of predictions %lld must match length of targets %lld",
           (long long)x->shape.dim[0], (long long)target->shape.dim[0]);
    return NULL;
}

/* Equals count as the target does; a row with a number that is not finite says nothing. */
static bool in_top(const float *x, int64_t n, int64_t target, int64_t most)
{
    int64_t better = 0;
    bool finite = true;
    for (int64_t i = 0; i < n; i++) {
        finite &= isfinite(x[i]) != 0;
        better += x[i] > x[target];
    }
    return finite && better < most;
}

static struct status *in_top_k(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *target = kernel_in(k, 1);
    int64_t most;
    TRY(in_top_inputs(k, &most));
    TRY(kernel_new(k, 0, DT_BOOL, &target->shape));
    int64_t n = x->shape.dim[1];
    bool *y = kernel_out(k, 0)->data;
    for (int64_t i = 0; i < x->shape.dim[0]; i++) {
        int64_t at = tensor_int(target, i);
        ENSURE(at >= 0 && at < n, "targets[%lld] is out of range", (long long)i);
        y[i] = in_top((const float *)x->data + i * n, n, at, most);
    }
    return NULL;
}

static struct status *in_top_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *target = shape_in(c, 1);
    int64_t batch;
    TRY(shape_want_rank(x, 2));
    TRY(shape_want_rank(target, 1));
    if (c->n_in == 3)
        TRY(shape_want_rank(shape_in(c, 2), 0));
    TRY(dim_merge(x->rank < 0 ? -1 : x->dim[0], target->rank < 0 ? -1 : target->dim[0], &batch));
    *shape_out(c, 0) = SHAPE(batch);
    return NULL;
}

#define REAL_KERNELS KERNELS(                                                   \
    [DT_HALF] = top, [DT_BFLOAT16] = top, [DT_FLOAT] = top, [DT_DOUBLE] = top,  \
    [DT_INT8] = top, [DT_INT16] = top, [DT_INT32] = top, [DT_INT64] = top,      \
    [DT_UINT8] = top, [DT_UINT16] = top, [DT_UINT32] = top, [DT_UINT64] = top)

const struct op ops_topk[] = {
    { .name = "TopK", .inputs = "input: T", .outputs = "values: T, indices: int32",
      .attrs = "k: int >= 0; sorted: bool = true; T: realnumbertype",
      .shape = top_shape, .grad = top_grad, .prepare = top_prepare, .kernel = REAL_KERNELS,
      .doc = "The k greatest elements of each row, and where they are." },
    { .name = "TopKV2", .inputs = "input: T, k: int32", .outputs = "values: T, indices: int32",
      .attrs = "sorted: bool = true; T: realnumbertype",
      .shape = top_v2_shape, .grad = top_grad, .prepare = top_prepare, .kernel = REAL_KERNELS,
      .doc = "The k greatest elements of each row, and where they are." },
    { .name = "InTopK", .inputs = "predictions: float, targets: T", .outputs = "precision: bool",
      .attrs = "k: int; T: {int32, int64} = int32",
      .shape = in_top_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = in_top_k,
      .doc = "Whether each row's prediction for its target is among the k greatest." },
    { .name = "InTopKV2", .inputs = "predictions: float, targets: T, k: T",
      .outputs = "precision: bool", .attrs = "T: {int32, int64} = int32",
      .shape = in_top_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = in_top_k,
      .doc = "Whether each row's prediction for its target is among the k greatest." },
    { 0 }
};
