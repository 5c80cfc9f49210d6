/* matmul.c - matrix products: MatMul, QuantizedMatMul, BatchMatMul and BatchMatMulV2, which
 * broadcasts. */
#include "base/pool.h"
#include "graph/graph.h"
#include "num/gemm.h"
#include "num/gemm_bytes.h"
#include "op/kernel.h"
#include "ops/broadcast.h"
#include "ops/matrix.h"
#include "ops/steps.h"

struct matmul { enum gemm_op a, b; bool broadcast; };       /* decoded once, when planned */

/* ---- shapes ---- */

/* [m,k] x [k,n] -> [m,n], either side possibly stored transposed. */
struct status *matmul_shape(struct shape_ctx *c)
{
    const struct shape *a = shape_in(c, 0), *b = shape_in(c, 1);
    bool ta = node_attr(c->node, "transpose_a"), tb = node_attr(c->node, "transpose_b");
    int64_t k;

    TRY(shape_want_rank(a, 2));
    TRY(shape_want_rank(b, 2));
    if (a->rank == 2 && b->rank == 2)
        TRY(dim_merge(a->dim[!ta], b->dim[tb], &k));
    *shape_out(c, 0) = SHAPE(a->rank < 0 ? -1 : a->dim[ta], b->rank < 0 ? -1 : b->dim[!tb]);
    return NULL;
}

/* The dimensions before the last two. */
static struct shape batch_of(const struct shape *s)
{
    struct shape batch = *s;
    batch.rank = s->rank < 0 ? -1 : s->rank - 2;
    return batch;
}

static struct status *batch_matmul_shape(struct shape_ctx *c, bool broadcast)
{
    const struct shape *a = shape_in(c, 0), *b = shape_in(c, 1);
    bool ta = node_attr(c->node, "adj_x"), tb = node_attr(c->node, "adj_y");
    struct shape batch_a = batch_of(a), batch_b = batch_of(b), batch;
    int64_t k;

    TRY(shape_want_rank_at_least(a, 2));
    TRY(shape_want_rank_at_least(b, 2));
    TRY(broadcast ? shape_broadcast_of(&batch_a, &batch_b, &batch)
                  : shape_merge(&batch_a, &batch_b, &batch));
    if (a->rank >= 0 && b->rank >= 0)
        TRY(dim_merge(a->dim[a->rank - 1 - ta], b->dim[b->rank - 2 + tb], &k));
    if (batch.rank < 0)
        return NULL;
    batch.dim[batch.rank++] = a->rank < 0 ? -1 : a->dim[a->rank - 2 + ta];
    batch.dim[batch.rank++] = b->rank < 0 ? -1 : b->dim[b->rank - 1 - tb];
    *shape_out(c, 0) = batch;
    return NULL;
}

static struct status *batch_matmul_shape_v1(struct shape_ctx *c)
{
    return batch_matmul_shape(c, false);
}

static struct status *batch_matmul_shape_v2(struct shape_ctx *c)
{
    return batch_matmul_shape(c, true);
}

/* ---- gradients ---- */

static struct out mm(struct grad *g, struct out a, struct out b, bool ta, bool tb)
{
    return grad_add(g, "MatMul", OUTS(a, b),
                    ATTRS(attr_bool("transpose_a", ta), attr_bool("transpose_b", tb)));
}

static void matmul_grad(struct grad *g)
{
    struct out a = grad_conj(g, g->x[0]), b = grad_conj(g, g->x[1]), dy = g->dy[0];
    bool ta = node_attr(g->node, "transpose_a"), tb = node_attr(g->node, "transpose_b");

    g->dx[0] = ta ? mm(g, b, dy, tb, true) : mm(g, dy, b, false, !tb);
    g->dx[1] = tb ? mm(g, dy, a, true, ta) : mm(g, a, dy, !ta, false);
}

/* The adjoints bring the conjugates along. */
static struct out bmm(struct grad *g, struct out a, struct out b, bool ta, bool tb)
{
    return grad_add(g, g->node->op->name, OUTS(a, b),
                    ATTRS(attr_bool("adj_x", ta), attr_bool("adj_y", tb)));
}

static void batch_matmul_grad(struct grad *g)
{
    struct out a = g->x[0], b = g->x[1], dy = g->dy[0];
    bool ta = node_attr(g->node, "adj_x"), tb = node_attr(g->node, "adj_y");

    g->dx[0] = ta ? bmm(g, b, dy, tb, true) : bmm(g, dy, b, false, !tb);
    g->dx[1] = tb ? bmm(g, dy, a, true, ta) : bmm(g, a, dy, !ta, false);
}

/* The batch dimensions of `x`: all of its shape but the last two. */
static struct out batch_shape(struct grad *g, struct out shape)
{
    const int64_t begin = 0, end = -2, stride = 1;
    return grad_add(g, "StridedSlice",
                    OUTS(shape, grad_vector(g, DT_INT32, &begin, 1),
                         grad_vector(g, DT_INT32, &end, 1), grad_vector(g, DT_INT32, &stride, 1)),
                    ATTRS(attr_int("begin_mask", 1)));
}

/* Sums of what broadcasting had repeated; nothing to do where it is known that nothing was. */
static void batch_matmul_grad_v2(struct grad *g)
{
    struct shape batch[2] = { batch_of(out_shape(g->x[0])), batch_of(out_shape(g->x[1])) };
    batch_matmul_grad(g);
    if (shape_is_known(&batch[0]) && shape_equal(&batch[0], &batch[1]))
        return;

    struct out shape[2] = { grad1(g, "Shape", g->x[0]),
                            grad1(g, "Shape", g->x[1]) };
    struct out axes = grad_add(g, "BroadcastGradientArgs",
                               OUTS(batch_shape(g, shape[0]), batch_shape(g, shape[1])), NULL, 0);
    for (int i = 0; i < 2; i++) {
        struct out sum = grad2(g, "Sum", g->dx[i], out_at(axes, i));
        g->dx[i] = grad2(g, "Reshape", sum, shape[i]);
    }
}

/* ---- kernels ---- */

static struct status *matmul_prepare(struct prep *p)
{
    struct matmul *m;
    TRY(prep_state(p, sizeof *m, &m));
    m->a = node_attr(p->node, "transpose_a") ? GEMM_T : GEMM_N;
    m->b = node_attr(p->node, "transpose_b") ? GEMM_T : GEMM_N;
    return NULL;
}

static struct status *batch_matmul_prepare(struct prep *p)
{
    struct matmul *m;
    TRY(prep_state(p, sizeof *m, &m));
    m->a = node_attr(p->node, "adj_x") ? GEMM_C : GEMM_N;
    m->b = node_attr(p->node, "adj_y") ? GEMM_C : GEMM_N;
    return NULL;
}

static struct status *batch_matmul_prepare_v2(struct prep *p)
{
    TRY(batch_matmul_prepare(p));
    ((struct matmul *)p->state)->broadcast = true;
    return NULL;
}

/* The product of the last two dimensions; false if they do not fit. */
static bool product_of(const struct matmul *m, const struct shape *a, const struct shape *b,
                       int threads, struct gemm *g)
{
    const int64_t *x = a->dim + a->rank - 2, *y = b->dim + b->rank - 2;
    *g = gemm_dense(m->a, m->b, x[m->a != GEMM_N], y[m->b == GEMM_N], x[m->a == GEMM_N], threads);
    return g->k == y[m->b != GEMM_N];
}

static struct status *matmul_check(struct kernel *k, struct gemm *g)
{
    const struct shape *a = &kernel_in(k, 0)->shape, *b = &kernel_in(k, 1)->shape;
    ENSURE(a->rank == 2, "In[0] is not a matrix. Instead it has shape %s", SHAPE_STR(a));
    ENSURE(b->rank == 2, "In[1] is not a matrix. Instead it has shape %s", SHAPE_STR(b));
    ENSURE(product_of(k->state, a, b, k->env->threads, g),
           "Matrix size-incompatible: In[0]: %s, In[1]: %s", SHAPE_STR(a), SHAPE_STR(b));
    return NULL;
}

static struct status *batch_check_dims(const struct shape *a, const struct shape *b,
                                       bool broadcast, struct shape *batch)
{
    struct shape x = batch_of(a), y = batch_of(b);
    if (broadcast) {
        struct status *st = shape_broadcast_of(&x, &y, batch);
        status_free(st);
        ENSURE(!st, "In[0] and In[1] must have compatible batch dimensions: %s vs. %s",
               SHAPE_STR(a), SHAPE_STR(b));
        return NULL;
    }
    ENSURE(a->rank == b->rank, "In[0] and In[1] has different ndims: %s vs. %s", SHAPE_STR(a),
           SHAPE_STR(b));
    for (int i = 0; i < x.rank; i++)
        ENSURE(x.dim[i] == y.dim[i], "In[0].dim(%d) and In[1].dim(%d) must be the same: %s vs %s",
               i, i, SHAPE_STR(a), SHAPE_STR(b));
    *batch = x;
    return NULL;
}

/* `out` becomes the shape of the result, batch dimensions first. */
static struct status *batch_check(struct kernel *k, struct gemm *g, struct shape *out)
{
    const struct matmul *m = k->state;
    const struct shape *a = &kernel_in(k, 0)->shape, *b = &kernel_in(k, 1)->shape;
    if (!m->broadcast)
        ENSURE(a->rank == b->rank, "In[0] and In[1] has different ndims: %s vs. %s", SHAPE_STR(a),
               SHAPE_STR(b));
    ENSURE(a->rank >= 2, "In[0] ndims must be >= 2: %d", a->rank);
    ENSURE(b->rank >= 2, "In[1] ndims must be >= 2: %d", b->rank);
    TRY(batch_check_dims(a, b, m->broadcast, out));
    ENSURE(product_of(m, a, b, k->env->threads, g),
           "In[0] mismatch In[1] shape: %lld vs. %lld: %s %s %d %d",
           (long long)g->k, (long long)b->dim[b->rank - 2 + (m->b != GEMM_N)], SHAPE_STR(a),
           SHAPE_STR(b), m->a != GEMM_N, m->b != GEMM_N);
    out->dim[out->rank++] = g->m;
    out->dim[out->rank++] = g->n;
    return NULL;
}

/* Which matrix of an input belongs to matrix `i` of the output: dimensions of size 1 repeat. */
static int64_t matrix_at(const struct shape *out, const struct shape *in, int64_t i)
{
    int64_t at = 0, step = 1;
    for (int d = 3; d <= in->rank; d++) {
        int64_t index = i % out->dim[out->rank - d];
        i /= out->dim[out->rank - d];
        at += in->dim[in->rank - d] == 1 ? 0 : index * step;
        step *= in->dim[in->rank - d];
    }
    return at;
}

/* A batch in parts: each part has its own scratch memory and does some of the matrices. */
struct batch {
    struct gemm g;
    const struct tensor *a, *b;
    struct tensor *c;
    char *scratch;
    size_t scratch_part;
    int64_t count;
    int parts;
};

/* Many small products share the threads; a few large ones each take all of them. */
static void batch_split(struct batch *s)
{
    double work = (double)s->g.m * (double)s->g.n * (double)s->g.k * (double)s->count;
    int threads = s->g.threads ? s->g.threads : pool_threads();
    s->parts = s->count < threads || work < 2e5 ? 1 : threads;
    if (s->count >= threads)
        s->g.threads = 1;
}

#define EACH "ops/matmul.inc"
#define EACH_SET (SET_FLOATS | SET_I32 | SET_I64 | SET_COMPLEX)
#include "op/each.h"

/* ---- QuantizedMatMul: bytes, to 32-bit sums that wrap around ---- */

static struct status *quantized_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 2));
    return matmul_shape(c);
}

static struct status *quantized_prepare(struct prep *p)
{
    steps_only_bytes(p, "T1", "T2", "Toutput");
    return matmul_prepare(p);
}

static struct status *quantized_matmul(struct kernel *k)
{
    struct range a, b;
    struct gemm g;
    void *scratch;
    TRY(range_in(k, 2, &a));
    TRY(range_in(k, 4, &b));
    ENSURE(a.max > a.min, "max_a must be larger than min_a.");
    ENSURE(b.max > b.min, "max_b must be larger than min_b.");
    TRY(matmul_check(k, &g));
    TRY(gemm_bytes_ready(&g));
    TRY(kernel_new(k, 0, DT_QINT32, &SHAPE(g.m, g.n)));
    TRY(kernel_temp(k, gemm_bytes_scratch(&g), &scratch));
    gemm_bytes(&g, kernel_in(k, 0)->data, steps_zero(a, DT_QUINT8), kernel_in(k, 1)->data,
               steps_zero(b, DT_QUINT8), kernel_out(k, 0)->data, scratch);
    return range_out(k, 1, range_of_products(a, DT_QUINT8, b, DT_QUINT8));
}

#define TYPES(x) FLOATS(x), COMPLEXES(x), [DT_INT32] = x##_i32, [DT_INT64] = x##_i64

const struct op ops_matmul[] = {
    { .name = "MatMul", .inputs = "a: T, b: T", .outputs = "product: T",
      .attrs = "transpose_a: bool = false; transpose_b: bool = false;"
               "T: {bfloat16, half, float, double, int32, int64, complex64, complex128}",
      .doc = "The product of two matrices, either of which may be transposed first.",
      .shape = matmul_shape, .grad = matmul_grad, .prepare = matmul_prepare,
      .kernel = KERNELS(TYPES(matmul)), .flags = OP_EXPENSIVE },
    { .name = "QuantizedMatMul",
      .inputs = "a: T1, b: T2, min_a: float, max_a: float, min_b: float, max_b: float",
      .outputs = "out: Toutput, min_out: float, max_out: float",
      .attrs = "T1: " QUANTIZED_TYPES "; T2: " QUANTIZED_TYPES "; Toutput: " QUANTIZED_TYPES
               " = qint32; transpose_a: bool = false; transpose_b: bool = false; Tactivation: "
               QUANTIZED_TYPES " = quint8",
      .doc = "MatMul of quantized numbers, to 32-bit sums.",
      .shape = quantized_shape, .grad = NO_GRADIENT, .prepare = quantized_prepare,
      .kernel_any = quantized_matmul, .flags = OP_EXPENSIVE },
    { .name = "BatchMatMul", .inputs = "x: T, y: T", .outputs = "output: T",
      .attrs = "T: {bfloat16, half, float, double, int32, int64, complex64, complex128};"
               "adj_x: bool = false; adj_y: bool = false",
      .doc = "Products of the matrices in the last two dimensions, one for each index of the "
             "others; either side may be conjugated and transposed first.",
      .shape = batch_matmul_shape_v1, .grad = batch_matmul_grad, .prepare = batch_matmul_prepare,
      .kernel = KERNELS(TYPES(batch_matmul)), .flags = OP_EXPENSIVE },
    { .name = "BatchMatMulV2", .inputs = "x: T, y: T", .outputs = "output: T",
      .attrs = "T: {bfloat16, half, float, double, int32, int64, complex64, complex128};"
               "adj_x: bool = false; adj_y: bool = false",
      .doc = "BatchMatMul whose other dimensions are broadcast against each other.",
      .shape = batch_matmul_shape_v2, .grad = batch_matmul_grad_v2,
      .prepare = batch_matmul_prepare_v2, .kernel = KERNELS(TYPES(batch_matmul)),
      .flags = OP_EXPENSIVE },
    { 0 }
};
