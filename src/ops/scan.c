/* scan.c - running sums and products along a dimension: Cumsum, Cumprod. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/kernel.h"

enum { SCAN_TILE = 1024, TASK = 1 << 15 };

/* The input as [outer, n, inner], scanned along n. */
struct scan_job {
    const void *x;
    void *y;
    int64_t n, inner;
    bool exclusive, reverse;
};

#define EACH "ops/scan.inc"
#include "op/each_number.h"

typedef void scan_fn(void *ctx, int64_t begin, int64_t end);

struct scan { scan_fn *run; bool exclusive, reverse; };

static struct status *scan_prepare(struct prep *p, scan_fn *const table[DT_COUNT])
{
    struct scan *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->run = table[node_attr_type(p->node, "T")];
    s->exclusive = node_attr(p->node, "exclusive");
    s->reverse = node_attr(p->node, "reverse");
    return NULL;
}

static struct status *sum_prepare(struct prep *p)
{
    static scan_fn *const table[DT_COUNT] = { NUMBERS(scan_sum) };
    return scan_prepare(p, table);
}

static struct status *prod_prepare(struct prep *p)
{
    static scan_fn *const table[DT_COUNT] = { NUMBERS(scan_prod) };
    return scan_prepare(p, table);
}

static struct status *scan_run(struct kernel *k)
{
    const struct scan *s = k->state;
    const struct tensor *x = kernel_in(k, 0), *at = kernel_in(k, 1);
    struct shape shape = x->shape;
    struct scan_job j = { .x = x->data, .exclusive = s->exclusive, .reverse = s->reverse };
    ENSURE(at->shape.rank == 0, "ScanOp: axis must be a scalar, not %s", SHAPE_STR(&at->shape));
    int64_t axis = tensor_int(at, 0);
    axis += axis < 0 ? shape.rank : 0;
    ENSURE(axis >= 0 && axis < shape.rank,
           "ScanOp: Expected scan axis in the range [%d, %d), but got %lld", -shape.rank,
           shape.rank, (long long)axis);
    j.n = shape.dim[axis];
    j.inner = shape_span(&shape, (int)axis + 1, shape.rank);
    TRY(kernel_reuse(k, 0, 0));
    j.y = kernel_out(k, 0)->data;
    int64_t outer = shape_span(&shape, 0, (int)axis), each = j.n * j.inner;
    if (outer * each <= TASK)
        s->run(&j, 0, outer);
    else
        pool_for(outer, TASK / each + 1, k->env->threads, s->run, &j);
    return NULL;
}

/* ---- gradients ---- */

static struct out scan(struct grad *g, const char *op, struct out x, bool reverse)
{
    bool exclusive = node_attr(g->node, "exclusive");
    return grad_add(g, op, OUTS(x, g->x[1]), ATTRS(attr_bool("exclusive", exclusive),
                                                   attr_bool("reverse", reverse)));
}

/* Each element went into all sums behind it. */
static void cumsum_grad(struct grad *g)
{
    g->dx[0] = scan(g, "Cumsum", g->dy[0], !node_attr(g->node, "reverse"));
}

/* As TF: not defined where an element is zero. */
static void cumprod_grad(struct grad *g)
{
    bool reverse = node_attr(g->node, "reverse");
    struct out product = scan(g, "Cumprod", g->x[0], reverse);
    struct out weighted = grad2(g, "Mul", product, g->dy[0]);
    struct out sums = scan(g, "Cumsum", weighted, !reverse);
    g->dx[0] = grad2(g, "RealDiv", sums, g->x[0]);
}

#define NUMBER_KERNELS KERNELS(                                                                 \
    [DT_HALF] = scan_run, [DT_BFLOAT16] = scan_run, [DT_FLOAT] = scan_run,                      \
    [DT_DOUBLE] = scan_run, [DT_INT8] = scan_run, [DT_INT16] = scan_run, [DT_INT32] = scan_run, \
    [DT_INT64] = scan_run, [DT_UINT8] = scan_run, [DT_UINT16] = scan_run,                       \
    [DT_UINT32] = scan_run, [DT_UINT64] = scan_run, [DT_COMPLEX64] = scan_run,                  \
    [DT_COMPLEX128] = scan_run)

#define ROW .inputs = "x: T, axis: Tidx", .outputs = "out: T",                                  \
            .attrs = "exclusive: bool = false; reverse: bool = false; T: numbertype; " \
                     "Tidx: {int32, int64} = int32",                                            \
            .shape = shape_unchanged, .kernel = NUMBER_KERNELS

const struct op ops_scan[] = {
    { .name = "Cumsum", ROW, .grad = cumsum_grad, .prepare = sum_prepare,
      .doc = "The sums of all elements up to each along a dimension." },
    { .name = "Cumprod", ROW, .grad = cumprod_grad, .prepare = prod_prepare,
      .doc = "The products of all elements up to each along a dimension." },
    { 0 }
};
