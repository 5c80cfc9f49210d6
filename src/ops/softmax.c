/* softmax.c - rows of numbers as probabilities, and how far they are from labels: Softmax,
 * LogSoftmax, and the cross entropies (which give their gradient as a second output). */
#include "base/pool.h"
#include "base/str.h"
#include "graph/graph.h"
#include "num/reduce.h"
#include "num/vec.h"
#include "op/kernel.h"

#include <math.h>
#include <string.h>

/* `rows` rows of n numbers each. */
struct rows {
    const void *x, *labels;
    void *y, *loss;                 /* y may be x */
    int64_t rows, n;
    bool wide_labels;               /* int64, not int32 */
};

static int64_t row_label(const struct rows *r, int64_t i)
{
    return r->wide_labels ? ((const int64_t *)r->labels)[i] : ((const int32_t *)r->labels)[i];
}

static float log_of_f32(float x) { return logf(x); }
static double log_of_f64(double x) { return log(x); }

#define EACH "ops/softmax.inc"
#include "op/each_double.h"

#define EACH "ops/softmax_half.inc"
#define EACH_SET (SET_F16 | SET_BF16)
#include "op/each.h"

/* How a type goes through: its rows as they are, or widened to float and back. */
struct way {
    void (*rows)(void *ctx, int64_t begin, int64_t end);
    void (*widen)(float *y, const void *x, int64_t n);
    void (*narrow)(void *y, const float *x, int64_t n);
};

typedef void rows_fn(void *ctx, int64_t begin, int64_t end);

static struct status *way_prepare(struct prep *p, rows_fn *f32, rows_fn *f64)
{
    struct way *w;
    enum dtype t = node_attr_type(p->node, "T");
    TRY(prep_state(p, sizeof *w, &w));
    w->rows = t == DT_DOUBLE ? f64 : f32;
    w->widen = t == DT_HALF ? widen_f16 : t == DT_BFLOAT16 ? widen_bf16 : NULL;
    w->narrow = t == DT_HALF ? narrow_f16 : narrow_bf16;
    return NULL;
}

static struct status *softmax_prepare(struct prep *p)
{ return way_prepare(p, softmax_rows_f32, softmax_rows_f64); }
static struct status *log_softmax_prepare(struct prep *p)
{ return way_prepare(p, log_softmax_rows_f32, log_softmax_rows_f64); }
static struct status *cross_prepare(struct prep *p)
{ return way_prepare(p, cross_rows_f32, cross_rows_f64); }
static struct status *sparse_prepare(struct prep *p)
{ return way_prepare(p, sparse_rows_f32, sparse_rows_f64); }

enum { TASK = 1 << 14 };            /* numbers that are worth another thread */

static void rows_run(const struct way *w, struct rows *r, int threads)
{
    if (r->rows * r->n <= TASK)
        w->rows(r, 0, r->rows);
    else
        pool_for(r->rows, TASK / r->n + 1, threads, w->rows, r);
}

/* *x becomes a float copy of its `n` elements. */
static struct status *widen(struct kernel *k, const void **x, int64_t n)
{
    const struct way *w = k->state;
    float *wide;
    TRY(kernel_temp(k, (size_t)n * sizeof *wide, &wide));
    w->widen(wide, *x, n);
    *x = wide;
    return NULL;
}

/* Runs r, whose x, y and loss (and labels, if `real_labels`) are of the node's type T. */
static struct status *rows_of_type(struct kernel *k, struct rows *r, bool real_labels)
{
    const struct way *w = k->state;
    int64_t n = r->rows * r->n;
    if (!w->widen || !n) {
        if (n)
            rows_run(w, r, k->env->threads);
        return NULL;
    }
    struct rows wide = *r;
    TRY(widen(k, &wide.x, n));
    if (real_labels)
        TRY(widen(k, &wide.labels, n));
    wide.y = (void *)wide.x;
    TRY(kernel_temp(k, (size_t)r->rows * sizeof(float), &wide.loss));
    rows_run(w, &wide, k->env->threads);
    w->narrow(r->y, wide.y, n);
    if (r->loss)
        w->narrow(r->loss, wide.loss, r->rows);
    return NULL;
}

static struct status *softmax(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    const void *from = x->data;
    int rank = x->shape.rank;
    ENSURE(rank >= 1, "logits must have >= 1 dimension, got %d", rank);
    struct rows r = { .rows = shape_span(&x->shape, 0, rank - 1), .n = x->shape.dim[rank - 1] };
    TRY(kernel_reuse(k, 0, 0));
    r.x = from;
    r.y = kernel_out(k, 0)->data;
    return rows_of_type(k, &r, false);
}

/* ---- cross entropies: output 0 the losses, output 1 the gradient ---- */

/* Losses where there are no classes, and so no rows to compute. */
static void no_losses(struct tensor *loss)
{
    memset(loss->data, 0, tensor_bytes(loss));
}

/* Row- and columnwise broadcasting of a matrix, a row or a scalar to [rows, n]. */
static struct status *broadcast(struct kernel *k, const struct tensor *t, const struct shape *to,
                                const void **data)
{
    size_t size = dtype_size(t->dtype);
    int rank = t->shape.rank;
    int64_t n = to->dim[1], cols = rank < 1 ? 1 : t->shape.dim[rank - 1];
    int64_t rows = rank < 2 ? 1 : t->shape.dim[rank - 2];
    char *copy;
    *data = t->data;
    if (rows == to->dim[0] && cols == n)
        return NULL;
    TRY(kernel_temp(k, (size_t)shape_count(to) * size, &copy));
    *data = copy;
    for (int64_t i = 0; i < to->dim[0]; i++)
        for (int64_t j = 0; j < n; j++, copy += size)
            memcpy(copy, (const char *)t->data +
                   (size_t)((rows == 1 ? 0 : i) * cols + (cols == 1 ? 0 : j)) * size, size);
    return NULL;
}

static struct status *cross_entropy_shape_of(const struct shape *x, const struct shape *labels,
                                             struct shape *both)
{
    struct status *st = shape_broadcast_of(x, labels, both);
    if (st) {
        status_free(st);
        return status_new(INVALID_ARGUMENT, "logits and labels must be broadcastable: "
                          "logits_size=%s labels_size=%s", SHAPE_STR(x), SHAPE_STR(labels));
    }
    ENSURE(both->rank == 2, "logits and labels must be either 2-dimensional, or broadcasted to "
           "2-dimensional, got %s and %s", SHAPE_STR(x), SHAPE_STR(labels));
    return NULL;
}

static struct status *cross_entropy(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *labels = kernel_in(k, 1);
    struct shape both;
    struct rows r = { 0 };
    TRY(cross_entropy_shape_of(&x->shape, &labels->shape, &both));
    r.rows = both.dim[0];
    r.n = both.dim[1];
    TRY(broadcast(k, x, &both, &r.x));
    TRY(broadcast(k, labels, &both, &r.labels));
    TRY(kernel_new(k, 0, x->dtype, &SHAPE(r.rows)));
    if (shape_equal(&x->shape, &both) && x->data != labels->data)
        TRY(kernel_reuse(k, 1, 0));
    else
        TRY(kernel_new(k, 1, x->dtype, &both));
    r.loss = kernel_out(k, 0)->data;
    r.y = kernel_out(k, 1)->data;
    if (!r.n)
        no_losses(kernel_out(k, 0));
    return rows_of_type(k, &r, true);
}

static struct status *bad_label(const struct rows *r, int64_t label)
{
    enum { SHOWN = 1000 };
    struct str all = { 0 };
    for (int64_t i = 0; i < r->rows && i < SHOWN; i++)
        str_printf(&all, "%s%lld", i ? " " : "", (long long)row_label(r, i));
    if (r->rows > SHOWN)
        str_puts(&all, "...");
    struct status *st = status_new(INVALID_ARGUMENT, "Received a label value of %lld which is "
                                   "outside the valid range of [0, %lld).  Label values: %s",
                                   (long long)label, (long long)r->n, str_text(&all));
    str_free(&all);
    return st;
}

static struct status *labels_check(const struct rows *r)
{
    for (int64_t i = 0; i < r->rows; i++) {
        int64_t label = row_label(r, i);
        if (label < 0 || label >= r->n)
            return bad_label(r, label);
    }
    return NULL;
}

static struct status *sparse_cross_entropy(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *labels = kernel_in(k, 1);
    ENSURE(x->shape.rank == 2, "logits must be 2-D, but got shape %s", SHAPE_STR(&x->shape));
    ENSURE(labels->shape.rank == 1, "labels must be 1-D, but got shape %s",
           SHAPE_STR(&labels->shape));
    ENSURE(x->shape.dim[0] == labels->shape.dim[0], "logits and labels must have the same first "
           "dimension, got logits shape %s and labels shape %s", SHAPE_STR(&x->shape),
           SHAPE_STR(&labels->shape));
    ENSURE(x->shape.dim[1] > 0, "Must have at least one class, but got logits shape %s",
           SHAPE_STR(&x->shape));
    struct rows r = { .x = x->data, .labels = labels->data, .rows = x->shape.dim[0],
                      .n = x->shape.dim[1], .wide_labels = labels->dtype == DT_INT64 };
    TRY(labels_check(&r));
    TRY(kernel_new(k, 0, x->dtype, &labels->shape));
    TRY(kernel_reuse(k, 1, 0));
    r.loss = kernel_out(k, 0)->data;
    r.y = kernel_out(k, 1)->data;
    return rows_of_type(k, &r, false);
}

/* ---- shapes ---- */

static struct status *softmax_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank_at_least(shape_in(c, 0), 1));
    return shape_unchanged(c);
}

static struct status *cross_entropy_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *labels = shape_in(c, 1);
    struct shape *loss = shape_out(c, 0), *y = shape_out(c, 1);
    if (x->rank < 0 || labels->rank < 0) {
        const struct shape *known = x->rank < 0 ? labels : x;
        *y = (struct shape){ 2, { -1, -1 } };
        for (int i = 0; known->rank == 2 && i < 2; i++)
            y->dim[i] = known->dim[i] == 1 ? -1 : known->dim[i];
    } else {
        TRY(shape_broadcast(c));
        *y = *loss;
    }
    ENSURE(y->rank == 2, "Shape must be broadcasted with rank 2, but is rank %d", y->rank);
    *loss = SHAPE(y->dim[0]);
    return NULL;
}

static struct status *sparse_cross_entropy_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *labels = shape_in(c, 1);
    int64_t batch;
    TRY(shape_want_rank(x, 2));
    TRY(shape_want_rank(labels, 1));
    TRY(dim_merge(x->rank < 0 ? -1 : x->dim[0], labels->rank < 0 ? -1 : labels->dim[0], &batch));
    *shape_out(c, 0) = SHAPE(batch);
    *shape_out(c, 1) = SHAPE(batch, x->rank < 0 ? -1 : x->dim[1]);
    return NULL;
}

/* ---- gradients ---- */

/* Sums along rows, which stay as columns of one. */
static struct out row_sums(struct grad *g, struct out x)
{
    struct out last = grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1);
    return grad_add(g, "Sum", OUTS(x, last), ATTRS(attr_bool("keep_dims", true)));
}

static void softmax_grad(struct grad *g)
{
    struct out y = g->y[0], dy = g->dy[0];
    g->dx[0] = grad2(g, "Mul", grad2(g, "Sub", dy, row_sums(g, grad2(g, "Mul", dy, y))), y);
}

static void log_softmax_grad(struct grad *g)
{
    struct out softmax = grad1(g, "Exp", g->y[0]);
    g->dx[0] = grad2(g, "Sub", g->dy[0], grad2(g, "Mul", row_sums(g, g->dy[0]), softmax));
}

/* Each row of `rows` times its loss's gradient. */
static struct out weighted(struct grad *g, struct out dloss, struct out rows)
{
    struct out dim = grad_named_scalar(g, "ExpandDims/dim", DT_INT32, -1);
    struct out column = grad2(g, "ExpandDims", dloss, dim);
    return grad_add_named(g, "Mul", "mul", OUTS(column, rows), NULL, 0);
}

/* What comes back through the gradient output, if anything: the softmax's own gradient. */
static struct out through_backprop(struct grad *g, struct out dy)
{
    struct out p = grad1(g, "Softmax", g->x[0]);
    return grad2(g, "Mul", grad2(g, "Sub", dy, row_sums(g, grad2(g, "Mul", dy, p))), p);
}

static void cross_entropy_grad(struct grad *g)
{
    struct out dloss = g->dy[0], dback = g->dy[1];
    g->dx[0] = weighted(g, dloss, out_at(g->y[0], 1));
    if (dback.node && strcmp(dback.node->op->name, "ZerosLike"))
        g->dx[0] = grad2(g, "Add", g->dx[0], through_backprop(g, dback));
    struct out log_p = grad1(g, "LogSoftmax", g->x[0]);
    g->dx[1] = weighted(g, dloss, grad1(g, "Neg", log_p));
}

static void sparse_cross_entropy_grad(struct grad *g)
{
    struct out back = grad_add(g, "PreventGradient", OUTS(out_at(g->y[0], 1)), ATTRS(
        attr_string("message", "Currently there is no way to take the second derivative of "
                    "sparse_softmax_cross_entropy_with_logits: its gradient is computed with "
                    "its value")));
    g->dx[0] = weighted(g, g->dy[0], back);
}

#define FLOATTYPE "T: {half, bfloat16, float, double}"
#define EACH_FLOAT(k) KERNELS([DT_HALF] = k, [DT_BFLOAT16] = k, [DT_FLOAT] = k, [DT_DOUBLE] = k)

const struct op ops_softmax[] = {
    { .name = "Softmax", .inputs = "logits: T", .outputs = "softmax: T", .attrs = FLOATTYPE,
      .shape = softmax_shape, .grad = softmax_grad, .prepare = softmax_prepare,
      .kernel = EACH_FLOAT(softmax),
      .doc = "exp(logits) along the last dimension, scaled so that it sums to one." },
    { .name = "LogSoftmax", .inputs = "logits: T", .outputs = "logsoftmax: T", .attrs = FLOATTYPE,
      .shape = softmax_shape, .grad = log_softmax_grad, .prepare = log_softmax_prepare,
      .kernel = EACH_FLOAT(softmax),
      .doc = "The logarithm of Softmax." },
    { .name = "SoftmaxCrossEntropyWithLogits", .inputs = "features: T, labels: T",
      .outputs = "loss: T, backprop: T", .attrs = FLOATTYPE, .shape = cross_entropy_shape,
      .grad = cross_entropy_grad, .prepare = cross_prepare, .kernel = EACH_FLOAT(cross_entropy),
      .doc = "The cross entropy between each row's Softmax and its labels, and the gradient." },
    { .name = "SparseSoftmaxCrossEntropyWithLogits", .inputs = "features: T, labels: Tlabels",
      .outputs = "loss: T, backprop: T",
      .attrs = FLOATTYPE "; Tlabels: {int32, int64} = int64",
      .shape = sparse_cross_entropy_shape, .grad = sparse_cross_entropy_grad,
      .prepare = sparse_prepare, .kernel = EACH_FLOAT(sparse_cross_entropy),
      .doc = "SoftmaxCrossEntropyWithLogits where each row has one label, given by its number." },
    { 0 }
};
