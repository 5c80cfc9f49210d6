/* watch.c - what a debugger puts in a graph to look at tensors: Copy, CopyHost, DebugIdentity,
 * DebugNanCount, DebugNumericSummary, and marks on gradients. Nobody is told of what passes:
 * attribute debug_urls must be empty. */
#include "graph/graph.h"
#include "op/each.h"
#include "op/kernel.h"
#include "op/shape_fn.h"

#include <math.h>

/* ---- passing on ---- */

static struct status *copy_run(struct kernel *k)
{
    if (dtype_owns(kernel_in(k, 0)->dtype)) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    return tensor_copy(kernel_out(k, 0), k->env->buffers, kernel_in(k, 0));
}

static struct status *forward_run(struct kernel *k)
{
    kernel_forward(k, 0, 0);
    return NULL;
}

static struct status *urls_check(struct prep *p)
{
    const struct attr *a = node_attr_find(p->node, "debug_urls");
    if (a && a->n)
        return status_new(UNIMPLEMENTED, "Publishing tensors to debug_urls is not supported");
    return NULL;
}

/* ---- counting ---- */

/* What there is in a tensor; infinite is what lies on or beyond the limits, too. */
struct counts {
    double n, nan, minus_inf, negative, zero, positive, plus_inf;
    double finite, least, greatest, mean, squares;  /* squares: of what is off the mean, summed */
};

struct limits { double low, high; bool mute; };

static void count_one(struct counts *c, const struct limits *l, double v)
{
    double *kind = isnan(v) ? &c->nan : v <= l->low ? &c->minus_inf : v >= l->high ? &c->plus_inf
                 : v < 0 ? &c->negative : v > 0 ? &c->positive : &c->zero;
    c->n++;
    ++*kind;
    if (!isfinite(v))
        return;
    double off = v - c->mean;
    c->mean += off / ++c->finite;
    c->squares += off * (v - c->mean);
    c->least = v < c->least ? v : c->least;
    c->greatest = v > c->greatest ? v : c->greatest;
}

static struct counts no_counts(void)
{
    return (struct counts){ .least = INFINITY, .greatest = -INFINITY };
}

#define EACH "ops/watch.inc"
#define EACH_SET (SET_FLOATS | SET_INTS | SET_BOOL)
#include "op/each.h"

typedef void count_fn(struct counts *c, const struct limits *l, const struct tensor *x);

static count_fn *const counters[DT_COUNT] = { REALS(count), [DT_BOOL] = count_b8 };

static struct status *nan_count_prepare(struct prep *p)
{
    ENSURE(counters[node_attr_type(p->node, "T")], "No OpKernel was registered to support Op '%s' "
           "with these attrs.", p->node->op->name);
    return urls_check(p);
}

static struct status *nan_count_run(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    const struct limits none = { -INFINITY, INFINITY, false };
    struct counts c = no_counts();
    counters[x->dtype](&c, &none, x);
    TRY(kernel_new(k, 0, DT_INT64, &SHAPE(1)));
    *(int64_t *)kernel_out(k, 0)->data = (int64_t)c.nan;
    return NULL;
}

static struct status *summary_prepare(struct prep *p)
{
    struct limits *l;
    TRY(nan_count_prepare(p));
    TRY(prep_state(p, sizeof *l, &l));
    *l = (struct limits){ node_attr_float(p->node, "lower_bound"),
                          node_attr_float(p->node, "upper_bound"),
                          node_attr(p->node, "mute_if_healthy") };
    return NULL;
}

enum { HEAD = 14 };

/* That it is there, how many of each kind, the least, the greatest, mean and variance of what is
 * finite, the type, the rank, the dimensions. */
static void summary_put(double *y, const struct counts *c, const struct tensor *x)
{
    const double head[HEAD] = {
        1, c->n, c->nan, c->minus_inf, c->negative, c->zero, c->positive, c->plus_inf, c->least,
        c->greatest, c->finite ? c->mean : NAN, c->finite ? c->squares / c->finite : NAN,
        x->dtype, x->shape.rank
    };
    memcpy(y, head, sizeof head);
    for (int i = 0; i < x->shape.rank; i++)
        y[HEAD + i] = (double)x->shape.dim[i];
}

static struct status *summary_run(struct kernel *k)
{
    const struct limits *l = k->state;
    const struct tensor *x = kernel_in(k, 0);
    struct counts c = no_counts();
    counters[x->dtype](&c, l, x);
    bool ill = c.nan || c.minus_inf || c.plus_inf;
    TRY(kernel_new(k, 0, DT_DOUBLE, l->mute && !ill ? &SHAPE(0) : &SHAPE(HEAD + x->shape.rank)));
    if (ill || !l->mute)
        summary_put(kernel_out(k, 0)->data, &c, x);
    return NULL;
}

static struct status *nan_count_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE(1);
    return NULL;
}

static struct status *summary_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE(-1);
    return NULL;
}

#define COPY .inputs = "input: T", .outputs = "output: T",                                      \
             .attrs = "T: type; tensor_name: string = \"\"; debug_ops_spec: list(string) = []", \
             .shape = shape_unchanged, .grad = NO_GRADIENT, .kernel_any = copy_run,             \
             .flags = OP_UNINITIALIZED
#define WATCHED "T: type; device_name: string = \"\"; tensor_name: string = \"\"; "             \
                "debug_urls: list(string) = []; "

const struct op ops_watch[] = {
    { .name = "Copy", COPY, .doc = "The input in memory of its own, for a debugger to look at." },
    { .name = "CopyHost", COPY, .doc = "As Copy, in the memory of the host." },
    { .name = "DebugIdentity", .inputs = "input: T", .outputs = "output: T",
      .attrs = WATCHED "gated_grpc: bool = false",
      .doc = "The input, unchanged, seen by a debugger.",
      .note = "debug_urls are refused: nobody listens there.",
      .shape = shape_unchanged,
      .grad = NO_GRADIENT, .prepare = urls_check, .kernel_any = forward_run,
      .flags = OP_UNINITIALIZED },
    { .name = "DebugNanCount", .inputs = "input: T", .outputs = "output: int64",
      .attrs = WATCHED "gated_grpc: bool = false",
      .doc = "How many elements of the input are NaN.",
      .note = "debug_urls are refused: nobody listens there.",
      .shape = nan_count_shape,
      .grad = NO_GRADIENT, .prepare = nan_count_prepare, .kernel_any = nan_count_run,
      .flags = OP_UNINITIALIZED },
    { .name = "DebugNumericSummary", .inputs = "input: T", .outputs = "output: double",
      .attrs = WATCHED "lower_bound: float = -inf; upper_bound: float = inf; "
               "mute_if_healthy: bool = false; gated_grpc: bool = false",
      .doc = "How many elements are NaN, infinite, out of bounds, negative, 0 and positive, their "
             "extremes, mean and variance, and the type and shape.",
      .note = "debug_urls are refused: nobody listens there.",
      .shape = summary_shape, .grad = NO_GRADIENT, .prepare = summary_prepare,
      .kernel_any = summary_run, .flags = OP_UNINITIALIZED },
    { .name = "DebugGradientIdentity", .inputs = "input: T", .outputs = "output: T",
      .attrs = "T: type", .doc = "The input, unchanged: where a debugger looks for its gradient.",
      .shape = shape_unchanged, .grad = grad_passed, .kernel_any = forward_run,
      .flags = OP_UNINITIALIZED | OP_SLICES },
    { .name = "DebugGradientRefIdentity", .inputs = "input: Ref(T)", .outputs = "output: Ref(T)",
      .attrs = "T: type",
      .doc = "The reference, unchanged: where a debugger looks for its gradient.",
      .shape = shape_unchanged, .grad = grad_passed, .kernel_any = kernel_pass_ref,
      .flags = OP_UNINITIALIZED | OP_SLICES },
    { 0 }
};
