/* nd.c - slices named by vectors of indices: GatherNd and its opposite ScatterNd, the same on the
 * value of a variable, and tensors with some slices changed (TensorScatterUpdate...). Every index
 * is checked before anything is read or written. */
#include "ops/variable.h"

#include "base/mem.h"
#include "op/each.h"
#include "ops/array.h"
#include "ops/nd.h"
#include "tensor/tstring.h"

#include <stdio.h>
#include <string.h>

/* ---- GatherNd ---- */

static struct status *gather_nd_out(const struct shape *params, const struct shape *indices,
                                    struct shape *out)
{
    int64_t depth = indices->dim[indices->rank - 1];
    ENSURE(depth <= params->rank, "index innermost dimension length must be <= params rank; saw: "
           "%lld vs. %d", (long long)depth, params->rank);
    int outer = indices->rank - 1, inner = params->rank - (int)depth;
    ENSURE(outer + inner <= MAX_RANK, "Gathering gives %d dimensions: at most %d are supported",
           outer + inner, MAX_RANK);
    out->rank = outer + inner;
    for (int i = 0; i < out->rank; i++)
        out->dim[i] = i < outer ? indices->dim[i] : params->dim[i - outer + depth];
    return NULL;
}

static struct status *gather_nd_shape(struct shape_ctx *c)
{
    const struct shape *params = shape_in(c, 0), *indices = shape_in(c, 1);
    TRY(shape_want_rank_at_least(indices, 1));
    if (params->rank < 0 || indices->rank < 0 || indices->dim[indices->rank - 1] < 0)
        return NULL;
    return gather_nd_out(params, indices, shape_out(c, 0));
}

/* Where index i, `depth` numbers, points to, in slices of `s`; -1: outside. */
static int64_t nd_at(const struct tensor *indices, int64_t i, int depth, const struct shape *s)
{
    int64_t at = 0;
    for (int d = 0; d < depth; d++) {
        int64_t j = index_at(indices, i * depth + d);
        if (j < 0 || j >= s->dim[d])
            return -1;
        at = at * s->dim[d] + j;
    }
    return at;
}

/* "indices[1] = [2, -1] does not index into `into` [10,7]". */
static struct status *nd_refuse(const struct tensor *indices, int64_t i, int depth,
                                const char *into, const struct shape *s)
{
    struct shape outer = indices->shape;
    char text[MAX_RANK * 24 + 1] = "";
    size_t n = 0;
    outer.rank--;
    for (int d = 0; d < depth; d++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%lld", d ? ", " : "",
                              (long long)index_at(indices, i * depth + d));
    return status_new(INVALID_ARGUMENT, "indices%s = [%s] does not index into %s %s",
                      INDEX_STR(&outer, i), text, into, SHAPE_STR(s));
}

static struct status *nd_check(const struct tensor *indices, int64_t n, int depth,
                               const char *into, const struct shape *s)
{
    for (int64_t i = 0; i < n; i++)
        if (nd_at(indices, i, depth, s) < 0)
            return nd_refuse(indices, i, depth, into, s);
    return NULL;
}

static struct status *gather_nd_take(struct kernel *k, const struct tensor *params, int64_t n,
                                     int depth)
{
    const struct tensor *indices = kernel_in(k, 1);
    struct tensor *y = kernel_out(k, 0);
    int64_t inner = shape_span(&params->shape, depth, params->shape.rank);
    size_t bytes = (size_t)inner * dtype_size(params->dtype);
    for (int64_t i = 0; i < n; i++) {
        int64_t at = nd_at(indices, i, depth, &params->shape);
        if (dtype_owns(params->dtype))
            TRY(tensor_copy_elements(y, i * inner, params, at * inner, inner));
        else
            memcpy((char *)y->data + (size_t)i * bytes,
                   (const char *)params->data + (size_t)at * bytes, bytes);
    }
    return NULL;
}

static struct status *gather_nd_of(struct kernel *k, const struct tensor *params)
{
    const struct tensor *indices = kernel_in(k, 1);
    struct shape out, outer = indices->shape;
    ENSURE(params->shape.rank > 0, "params must be at least a vector");
    ENSURE(outer.rank > 0, "indices must be at least a vector");
    TRY(gather_nd_out(&params->shape, &indices->shape, &out));
    TRY(shape_check_size(&out));
    int depth = (int)outer.dim[--outer.rank];
    int64_t n = shape_count(&outer);
    ENSURE(n == 0 || shape_count(&out) == 0 || tensor_count(params) > 0, "Requested more than 0 "
           "entries, but params is empty.  Params shape: %s", SHAPE_STR(&params->shape));
    TRY(nd_check(indices, depth ? n : 0, depth, "param shape", &params->shape));
    TRY(kernel_new(k, 0, params->dtype, &out));
    return shape_count(&out) ? gather_nd_take(k, params, n, depth) : NULL;
}

static struct status *gather_nd_any(struct kernel *k)
{
    return gather_nd_of(k, kernel_in(k, 0));
}

/* `shape`: of what was gathered from. */
static void gather_nd_back(struct grad *g, struct out shape)
{
    struct out ids = g->x[1], dy = grad_dense(g, g->dy[0], &g->dy_slices[0]);
    const struct shape *s = out_shape(ids);
    if (s->rank == 2 && s->dim[1] == 1) {
        int64_t last = -1;
        g->dx[0] = dy;
        g->dx_slices[0].indices = grad_add(g, "Squeeze", OUTS(ids),
                                           ATTRS(attr_ints("squeeze_dims", &last, 1)));
        g->dx_slices[0].dense_shape = shape;
    } else {
        g->dx[0] = grad_add(g, "ScatterNd", OUTS(ids, dy, shape), NULL, 0);
    }
}

static void gather_nd_grad(struct grad *g)
{
    gather_nd_back(g, grad_shape_of(g, g->x[0], out_dtype(g->x[1])));
}

/* ---- ResourceGatherNd ---- */

static struct status *resource_gather_nd_shape(struct shape_ctx *c)
{
    const struct shape *indices = shape_in(c, 1);
    struct shape params;
    TRY(variable_shape_in(c, 0, node_attr_type(c->node, "dtype"), &params));
    TRY(shape_want_rank_at_least(indices, 1));
    if (params.rank < 0 || indices->rank < 0 || indices->dim[indices->rank - 1] < 0)
        return NULL;
    return gather_nd_out(&params, indices, shape_out(c, 0));
}

static struct status *resource_gather_nd(struct kernel *k)
{
    struct variable *v;
    struct status *st = variable_begin(k, k->node->dtype[0], false, &v);
    return variable_end(k, v, st ? st : gather_nd_of(k, &v->value));
}

static void resource_gather_nd_grad(struct grad *g)
{
    gather_nd_back(g, grad_add(g, "VariableShape", OUTS(variable_handle(g->x[0])),
                               ATTRS(attr_type("out_type", out_dtype(g->x[1])))));
}

/* ---- ScatterNd ---- */

static struct status *scatter_nd_fits(const struct shape *indices, const struct shape *updates,
                                      const struct shape *out)
{
    ENSURE(indices->rank > 0, "Indices shape must have rank at least one. Found:%s",
           SHAPE_STR(indices));
    int outer = indices->rank - 1;
    for (int i = 0; i < outer; i++)
        ENSURE(i < updates->rank && (indices->dim[i] < 0 || updates->dim[i] < 0 ||
                                     indices->dim[i] == updates->dim[i]),
               "Outer dimensions of indices and update must match. Indices shape: %s, updates "
               "shape:%s", SHAPE_STR(indices), SHAPE_STR(updates));
    int64_t depth = indices->dim[outer];
    if (depth < 0)
        return NULL;
    ENSURE(updates->rank - outer == out->rank - depth, "Inner dimensions of output shape must "
           "match inner dimensions of updates shape. Output: %s updates: %s", SHAPE_STR(out),
           SHAPE_STR(updates));
    int inner = updates->rank - outer;
    for (int i = 0; i < inner; i++)
        ENSURE(updates->dim[outer + i] < 0 || out->dim[depth + i] < 0 ||
               updates->dim[outer + i] == out->dim[depth + i], "The inner %d dimensions of "
               "output.shape=%s must match the inner %d dimensions of updates.shape=%s", inner,
               SHAPE_STR(out), inner, SHAPE_STR(updates));
    return NULL;
}

/* Slices for an empty tensor; and only ScatterNdNonAliasingAdd takes a scalar for the update. */
static struct status *scatter_nd_sane(const struct shape *indices, const struct shape *updates,
                                      const struct shape *out)
{
    ENSURE(indices->rank > 0, "Indices shape must have rank at least one. Found:[]");
    ENSURE(updates->rank > 0, "Updates shape must have rank at least one. Found:[]");
    ENSURE(shape_count(out) || (!shape_count(indices) && !shape_count(updates)),
           "Indices and updates specified for empty output shape");
    return NULL;
}

static struct status *scatter_nd_shape(struct shape_ctx *c)
{
    const struct shape *indices = shape_in(c, 0), *updates = shape_in(c, 1);
    struct shape *out = shape_out(c, 0);
    TRY(shape_want_rank_at_least(indices, 1));
    TRY(shape_want_rank_at_least(updates, 1));
    TRY(shape_in_shape(c, 2, out));
    if (indices->rank < 0 || updates->rank < 0 || out->rank < 0)
        return NULL;
    if (shape_is_known(out) && shape_is_known(indices) && shape_is_known(updates))
        ENSURE(shape_count(out) || !shape_count(indices) || !shape_count(updates),
               "Indices and updates specified for empty output shape");
    return scatter_nd_fits(indices, updates, out);
}

#define EACH "ops/nd.inc"
#include "op/each_number.h"

#define ADDS(x) NUMBERS(x), [DT_QINT8] = x##_i8, [DT_QUINT8] = x##_u8, [DT_QINT16] = x##_i16, \
                [DT_QUINT16] = x##_u16, [DT_QINT32] = x##_i32

static struct status *scatter_add_b8(struct tensor *y, int64_t at, const struct tensor *x,
                                     int64_t from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        ((bool *)y->data)[at + i] |= ((const bool *)x->data)[from + i];
    return NULL;
}

static bool string_append(struct tstring *y, const struct tstring *x)
{
    size_t a = tstring_len(y), b = tstring_len(x);
    char *both = mem_alloc(a + b + 1);
    if (!both)
        return false;
    memcpy(both, tstring_data(y), a);
    memcpy(both + a, tstring_data(x), b);
    bool done = tstring_set(y, both, a + b);
    mem_free(both);
    return done;
}

/* TF adds strings by joining them. */
static struct status *scatter_add_str(struct tensor *y, int64_t at, const struct tensor *x,
                                      int64_t from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!string_append((struct tstring *)y->data + at + i,
                           (const struct tstring *)x->data + from + i))
            return status_no_memory();
    return NULL;
}

static struct status *scatter_add_none(struct tensor *y, int64_t at, const struct tensor *x,
                                       int64_t from, int64_t n)
{
    (void)y, (void)at, (void)from, (void)n;
    return status_new(UNIMPLEMENTED, "Elements of type %s cannot be added", dtype_name(x->dtype));
}

scatter_fn *const scatter_add[DT_COUNT] = {
    ADDS(scatter_add), [DT_BOOL] = scatter_add_b8, [DT_STRING] = scatter_add_str,
    [DT_RESOURCE] = scatter_add_none, [DT_VARIANT] = scatter_add_none
};

scatter_fn *const scatter_sub[DT_COUNT] = {
    ADDS(scatter_sub), [DT_BOOL] = scatter_add_none, [DT_STRING] = scatter_add_none,
    [DT_RESOURCE] = scatter_add_none, [DT_VARIANT] = scatter_add_none
};

static struct status *scatter_nd_prepare(struct prep *p)
{
    p->state = &scatter_add[node_attr_type(p->node, "T")];
    return NULL;
}

static struct status *scatter_nd_check(struct kernel *k, struct shape *out)
{
    const struct tensor *indices = kernel_in(k, 0), *updates = kernel_in(k, 1);
    TRY(array_read_shape(kernel_in(k, 2), out));
    TRY(scatter_nd_sane(&indices->shape, &updates->shape, out));
    TRY(scatter_nd_fits(&indices->shape, &updates->shape, out));
    ENSURE(kernel_in(k, 2)->shape.rank == 1, "Shape must be a vector");
    return NULL;
}

/* All of them, once nd_check() has passed the indices. */
static struct status *scatter_all(struct tensor *y, int depth, const struct tensor *indices,
                                  const struct tensor *updates, scatter_fn *fn)
{
    int64_t inner = shape_span(&y->shape, depth, y->shape.rank);
    int64_t n = inner ? tensor_count(updates) / inner : 0;
    for (int64_t i = 0; i < n; i++)
        TRY(fn(y, nd_at(indices, i, depth, &y->shape) * inner, updates, i * inner, inner));
    return NULL;
}

static struct status *scatter_nd_any(struct kernel *k)
{
    const struct tensor *indices = kernel_in(k, 0), *updates = kernel_in(k, 1);
    scatter_fn *add = *(scatter_fn *const *)k->state;
    struct shape out, outer = indices->shape;
    TRY(scatter_nd_check(k, &out));
    int depth = (int)outer.dim[--outer.rank];
    int64_t n = shape_count(&outer);
    TRY(nd_check(indices, n, depth, "shape", &out));
    TRY(kernel_new(k, 0, updates->dtype, &out));
    array_zero(kernel_out(k, 0));
    return scatter_all(kernel_out(k, 0), depth, indices, updates, add);
}

static void scatter_nd_grad(struct grad *g)
{
    g->dx[1] = grad2(g, "GatherNd", g->dy[0], g->x[0]);
}

/* ---- TensorScatterUpdate and its kin, ScatterNdNonAliasingAdd ---- */

static struct status *tensor_scatter_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *indices = shape_in(c, 1), *updates = shape_in(c, 2);
    TRY(shape_want_rank_at_least(indices, 1));
    if (x->rank >= 0 && indices->rank >= 0 && updates->rank >= 0)
        TRY(scatter_nd_fits(indices, updates, x));
    return shape_unchanged(c);
}

static struct status *tensor_scatter(struct kernel *k, scatter_fn *fn)
{
    const struct tensor *indices = kernel_in(k, 1), *updates = kernel_in(k, 2);
    const struct shape x = kernel_in(k, 0)->shape;
    struct shape outer = indices->shape;
    TRY(scatter_nd_fits(&indices->shape, &updates->shape, &x));
    int depth = (int)outer.dim[--outer.rank];
    TRY(nd_check(indices, shape_count(&outer), depth, "shape", &x));
    TRY(array_own(k, 0, 0));
    return scatter_all(kernel_out(k, 0), depth, indices, updates, fn);
}

static struct status *tensor_scatter_by(struct kernel *k, scatter_fn *fn)
{
    TRY(scatter_nd_sane(&kernel_in(k, 1)->shape, &kernel_in(k, 2)->shape,
                        &kernel_in(k, 0)->shape));
    return tensor_scatter(k, fn);
}

static struct status *tensor_scatter_update(struct kernel *k)
{
    return tensor_scatter_by(k, tensor_copy_elements);
}

static struct status *tensor_scatter_add(struct kernel *k)
{
    return tensor_scatter_by(k, *(scatter_fn *const *)k->state);
}

static struct status *tensor_scatter_sub_prepare(struct prep *p)
{
    p->state = &scatter_sub[node_attr_type(p->node, "T")];
    return NULL;
}

static struct status *scatter_nd_non_aliasing(struct kernel *k)
{
    return tensor_scatter(k, *(scatter_fn *const *)k->state);
}

static void tensor_scatter_update_grad(struct grad *g)
{
    struct out dy = g->dy[0], ids = g->x[1];
    g->dx[2] = grad2(g, "GatherNd", dy, ids);
    struct out zeros = grad_add_named(g, "ZerosLike", "zeros_like", OUTS(g->x[2]), NULL, 0);
    struct out all = grad1(g, "Identity", dy);
    g->dx[0] = grad_add(g, "TensorScatterUpdate", OUTS(all, ids, zeros), NULL, 0);
}

static void tensor_scatter_add_grad(struct grad *g)
{
    g->dx[2] = grad2(g, "GatherNd", g->dy[0], g->x[1]);
    g->dx[0] = grad1(g, "Identity", g->dy[0]);
}

static void tensor_scatter_sub_grad(struct grad *g)
{
    struct out part = grad2(g, "GatherNd", g->dy[0], g->x[1]);
    g->dx[0] = grad1(g, "Identity", g->dy[0]);
    g->dx[2] = grad1(g, "Neg", part);
}

static void scatter_nd_non_aliasing_grad(struct grad *g)
{
    g->dx[0] = g->dy[0];
    g->dx[2] = grad2(g, "GatherNd", g->dy[0], g->x[1]);
}

#define TENSOR_SCATTER .inputs = "tensor: T, indices: Tindices, updates: T",                    \
                       .outputs = "output: T", .attrs = "T: type; Tindices: {int32, int64}",    \
                       .shape = tensor_scatter_shape

const struct op ops_nd[] = {
    { .name = "GatherNd", .inputs = "params: Tparams, indices: Tindices",
      .outputs = "output: Tparams", .attrs = "Tparams: type; Tindices: {int32, int64}",
      .doc = "The slices of params that the innermost vectors of indices name.",
      .shape = gather_nd_shape, .grad = gather_nd_grad, .kernel_any = gather_nd_any,
      .flags = OP_SLICES },
    { .name = "ScatterNd", .inputs = "indices: Tindices, updates: T, shape: Tindices",
      .outputs = "output: T", .attrs = "T: type; Tindices: {int32, int64}",
      .doc = "Zeros of this shape, to which updates are added where the innermost vectors of "
             "indices say.",
      .shape = scatter_nd_shape, .grad = scatter_nd_grad,
      .prepare = scatter_nd_prepare, .kernel_any = scatter_nd_any },
    { .name = "ResourceGatherNd", .inputs = "resource: resource, indices: Tindices",
      .outputs = "output: dtype", .attrs = "dtype: type; Tindices: {int32, int64}",
      .doc = "The slices of a variable that the innermost vectors of indices name.",
      .shape = resource_gather_nd_shape, .grad = resource_gather_nd_grad,
      .kernel_any = resource_gather_nd, .flags = OP_STATEFUL | OP_SLICES },
    { .name = "TensorScatterUpdate", TENSOR_SCATTER,
      .doc = "The tensor with other values in the slices that the innermost vectors of indices "
             "name.",
      .grad = tensor_scatter_update_grad, .kernel_any = tensor_scatter_update },
    { .name = "TensorScatterAdd", TENSOR_SCATTER,
      .doc = "The tensor with updates added to the slices that indices name.",
      .grad = tensor_scatter_add_grad, .prepare = scatter_nd_prepare,
      .kernel_any = tensor_scatter_add },
    { .name = "TensorScatterSub", TENSOR_SCATTER,
      .doc = "The tensor with updates subtracted from the slices that indices name.",
      .grad = tensor_scatter_sub_grad, .prepare = tensor_scatter_sub_prepare,
      .kernel_any = tensor_scatter_add },
    { .name = "ScatterNdNonAliasingAdd", .inputs = "input: T, indices: Tindices, updates: T",
      .outputs = "output: T",
      .attrs = "T: {float, double, int32, uint8, int16, int8, complex64, int64, qint8, quint8, "
               "qint32, bfloat16, uint16, complex128, half, uint32, uint64, bool}; "
               "Tindices: {int32, int64}",
      .doc = "The input with updates added to the slices that indices name.",
      .shape = tensor_scatter_shape, .grad = scatter_nd_non_aliasing_grad,
      .prepare = scatter_nd_prepare, .kernel_any = scatter_nd_non_aliasing },
    { 0 }
};
