/* scatter.c - rows of a variable. ResourceGather reads them; ScatterAdd and its kin write them, and
 * ScatterNdAdd and its kin slices by their first few indices, each on references and on handles.
 *
 * All writing is one loop: index i is `depth` integers, which give the place of `width` elements.
 * All of them are checked before the first write, so that a bad index leaves the variable as it
 * was. Duplicates are applied one after the other. */
#include "ops/variable.h"

#include <stdio.h>

struct where {
    const struct tensor *indices;
    struct shape all;           /* of the indices, each counted once */
    const struct shape *params;
    int depth;                  /* integers an index */
    int64_t width;              /* elements a slice */
    bool scalar;                /* one update for all */
    bool nd;
};

/* ---- shapes ---- */

static struct status *fits(const struct shape *params, const struct shape *indices,
                           const struct shape *updates)
{
    if (updates->rank == 0 || indices->rank < 0 || updates->rank < 0 || params->rank < 0)
        return NULL;
    bool alike = updates->rank == indices->rank + params->rank - 1;
    for (int i = 0; i < updates->rank && alike; i++) {
        int64_t d = i < indices->rank ? indices->dim[i] : params->dim[i - indices->rank + 1];
        alike = d == updates->dim[i] || d < 0 || updates->dim[i] < 0;
    }
    ENSURE(alike, "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = "
           "[], got updates.shape %s, indices.shape %s, params.shape %s", SHAPE_STR(updates),
           SHAPE_STR(indices), SHAPE_STR(params));
    return NULL;
}

/* Do n dimensions of a from `at` agree with those of b from `from`, as far as they are known? */
static bool dims_agree(const struct shape *a, int at, const struct shape *b, int from, int n)
{
    for (int i = 0; i < n; i++)
        if (a->dim[at + i] != b->dim[from + i] && a->dim[at + i] >= 0 && b->dim[from + i] >= 0)
            return false;
    return true;
}

static struct status *fits_nd(const struct shape *params, const struct shape *indices,
                              const struct shape *updates)
{
    TRY(shape_want_rank_at_least(indices, 1));
    TRY(shape_want_rank_at_least(params, 1));
    if (indices->rank < 0 || updates->rank < 0 || params->rank < 0)
        return NULL;
    int outer = indices->rank - 1;
    ENSURE(updates->rank >= outer && dims_agree(indices, 0, updates, 0, outer),
           "The outer %d dimensions of indices.shape=%s must match the outer %d dimensions of "
           "updates.shape=%s", outer, SHAPE_STR(indices), outer, SHAPE_STR(updates));
    int64_t depth = indices->dim[outer];
    if (depth < 0)
        return NULL;
    ENSURE(depth <= params->rank, "index innermost dimension length must be <= params rank; saw: "
           "%lld vs. %d", (long long)depth, params->rank);
    int inner = params->rank - (int)depth;
    ENSURE(updates->rank == outer + inner && dims_agree(params, (int)depth, updates, outer, inner),
           "The inner %d dimensions of input.shape=%s must match the inner %d dimensions of "
           "updates.shape=%s", inner, SHAPE_STR(params), updates->rank - outer,
           SHAPE_STR(updates));
    return NULL;
}

/* The dtype attribute is "T" on references and where TensorFlow forgot. */
static enum dtype own_dtype(const struct node *n)
{
    return node_in_dtype(n, 2);
}

static struct status *scatter_shape(struct shape_ctx *c)
{
    struct shape params;
    TRY(variable_shape_in(c, 0, own_dtype(c->node), &params));
    TRY(shape_want_rank_at_least(&params, 1));
    TRY(fits(&params, shape_in(c, 1), shape_in(c, 2)));
    if (c->n_out)
        *shape_out(c, 0) = params;
    return NULL;
}

static struct status *scatter_nd_shape(struct shape_ctx *c)
{
    struct shape params;
    TRY(variable_shape_in(c, 0, own_dtype(c->node), &params));
    TRY(fits_nd(&params, shape_in(c, 1), shape_in(c, 2)));
    if (c->n_out)
        *shape_out(c, 0) = params;
    return NULL;
}

/* ---- the loop ---- */

/* Elements before the slice that index i means, or -1 where it is out of range. */
static int64_t place(const struct where *w, int64_t i)
{
    int64_t at = 0;
    for (int d = 0; d < w->depth; d++) {
        int64_t x = index_at(w->indices, i * w->depth + d);
        if (x < 0 || x >= w->params->dim[d])
            return -1;
        at = at * w->params->dim[d] + x;
    }
    return at * w->width;
}

static struct status *out_of_range(const struct where *w, int64_t i)
{
    char at[INDEX_TEXT], got[INDEX_TEXT];
    variable_index_text(&w->all, i, at);
    if (!w->nd)
        return status_new(INVALID_ARGUMENT, "%s = %lld is not in [0, %lld)", at,
                          (long long)index_at(w->indices, i), (long long)w->params->dim[0]);
    int n = 0;
    for (int d = 0; d < w->depth; d++)
        n += snprintf(got + n, sizeof got - (size_t)n, "%s%lld", d ? ", " : "",
                      (long long)index_at(w->indices, i * w->depth + d));
    return status_new(INVALID_ARGUMENT, "%s = [%s] does not index into param shape %s", at, got,
                      SHAPE_STR(w->params));
}

static struct status *where(const struct kernel *k, const struct shape *params, bool nd,
                            struct where *w)
{
    const struct tensor *indices = kernel_in(k, 1), *updates = kernel_in(k, 2);
    TRY(shape_want_rank_at_least(params, 1));
    TRY((nd ? fits_nd : fits)(params, &indices->shape, &updates->shape));
    *w = (struct where){ indices, indices->shape, params, .depth = 1, .nd = nd };
    if (nd)
        w->depth = (int)indices->shape.dim[--w->all.rank];
    w->width = shape_span(params, w->depth, params->rank);
    w->scalar = !nd && updates->shape.rank == 0;
    for (int64_t i = 0, n = shape_count(&w->all); i < n; i++)
        if (place(w, i) < 0)
            return out_of_range(w, i);
    return NULL;
}

/* What is done to n elements: `step` 0 takes the same update for all of them, 1 the next. */
typedef void slice_fn(void *to, int64_t at, const void *from, int64_t from_at, int64_t n,
                      int step);

static void slices(const struct where *w, struct tensor *to, const struct tensor *from,
                   slice_fn *fn)
{
    for (int64_t i = 0, n = shape_count(&w->all); i < n; i++)
        fn(to->data, place(w, i), from->data, w->scalar ? 0 : i * w->width, w->width, !w->scalar);
}

static struct status *scatter(struct kernel *k, bool nd, slice_fn *fn)
{
    struct variable *v;
    struct where w;
    struct status *st = variable_begin(k, kernel_in(k, 2)->dtype, true, &v);
    if (!st)
        st = where(k, &v->value.shape, nd, &w);
    if (!st)
        slices(&w, &v->value, kernel_in(k, 2), fn);
    return variable_end(k, v, st);
}

#define EACH "ops/scatter.inc"
#include "op/each_number.h"

#define QUANTIZED(x) [DT_QINT8] = x##_i8, [DT_QUINT8] = x##_u8, [DT_QINT32] = x##_i32

/* ---- updates: any dtype is only copied ---- */

static struct status *copy_slices(const struct where *w, struct tensor *to,
                                  const struct tensor *from)
{
    for (int64_t i = 0, n = shape_count(&w->all); i < n; i++) {
        int64_t at = place(w, i);
        if (!w->scalar)
            TRY(tensor_copy_elements(to, at, from, i * w->width, w->width));
        for (int64_t j = 0; w->scalar && j < w->width; j++)
            TRY(tensor_copy_elements(to, at + j, from, 0, 1));
    }
    return NULL;
}

static struct status *scatter_copy(struct kernel *k, bool nd)
{
    struct variable *v;
    struct where w;
    struct status *st = variable_begin(k, kernel_in(k, 2)->dtype, true, &v);
    if (!st)
        st = where(k, &v->value.shape, nd, &w);
    if (!st)
        st = copy_slices(&w, &v->value, kernel_in(k, 2));
    return variable_end(k, v, st);
}

static struct status *scatter_update(struct kernel *k)
{
    return scatter_copy(k, false);
}

static struct status *scatter_nd_update(struct kernel *k)
{
    return scatter_copy(k, true);
}

/* ---- ResourceGather ---- */

static struct status *gathered(const struct shape *indices, const struct shape *params,
                               struct shape *s)
{
    *s = SHAPE_UNKNOWN;
    TRY(shape_want_rank_at_least(params, 1));
    if (indices->rank < 0 || params->rank < 0)
        return NULL;
    ENSURE(indices->rank + params->rank - 1 <= MAX_RANK, "rank %d of the result is too large",
           indices->rank + params->rank - 1);
    *s = *indices;
    for (int i = 1; i < params->rank; i++)
        s->dim[s->rank++] = params->dim[i];
    return NULL;
}

static struct status *gather_shape(struct shape_ctx *c)
{
    struct shape params;
    TRY(variable_shape_in(c, 0, node_attr_type(c->node, "dtype"), &params));
    return gathered(shape_in(c, 1), &params, shape_out(c, 0));
}

static void gather_grad(struct grad *g)
{
    struct out shape = grad1(g, "VariableShape", variable_handle(g->x[0]));
    struct out zero = grad_scalar(g, DT_INT32, 0);
    struct out one = grad_vector(g, DT_INT32, (int64_t[]){ 1 }, 1);
    struct out end = grad_vector(g, DT_INT32, (int64_t[]){ 0 }, 1);
    struct out size = grad1(g, "Size", g->x[1]);
    struct out n = grad2(g, "ExpandDims", size, zero);
    struct out row = grad_add(g, "StridedSlice", OUTS(shape, one, end, one),
                              ATTRS(attr_int("end_mask", 1)));
    struct out rows = grad_add(g, "ConcatV2", OUTS(n, row, zero), NULL, 0);

    struct out dy = grad_dense(g, g->dy[0], &g->dy_slices[0]);
    g->dx[0] = grad2(g, "Reshape", dy, rows);
    g->dx_slices[0].indices = grad2(g, "Reshape", g->x[1], n);
    g->dx_slices[0].dense_shape = shape;
}

static struct status *gather(struct kernel *k, const struct tensor *params)
{
    const struct tensor *indices = kernel_in(k, 1);
    struct shape s;
    TRY(gathered(&indices->shape, &params->shape, &s));
    TRY(kernel_new(k, 0, params->dtype, &s));
    struct tensor *out = kernel_out(k, 0);
    int64_t rows = params->shape.dim[0], width = shape_span(&params->shape, 1, params->shape.rank);
    size_t bytes = (size_t)width * dtype_size(params->dtype);
    for (int64_t i = 0, n = tensor_count(indices); i < n; i++) {
        int64_t from = index_at(indices, i);
        ENSURE(from >= 0 && from < rows, "%s = %lld is not in [0, %lld)",
               variable_index_text(&indices->shape, i, (char[INDEX_TEXT]){ 0 }),
               (long long)from, (long long)rows);
        if (dtype_owns(params->dtype))
            TRY(tensor_copy_elements(out, i * width, params, from * width, width));
        else
            memcpy((char *)out->data + (size_t)i * bytes,
                   (const char *)params->data + (size_t)from * bytes, bytes);
    }
    return NULL;
}

static struct status *gather_run(struct kernel *k)
{
    struct variable *v;
    struct status *st = variable_begin(k, k->node->dtype[0], false, &v);
    return variable_end(k, v, st ? st : gather(k, &v->value));
}

/* ---- rows ---- */

#define REFS(types, locking) \
    .inputs  = "ref: Ref(T), indices: Tindices, updates: T", \
    .outputs = "output_ref: Ref(T)", \
    .attrs   = "T: " types "; Tindices: {int32, int64}; use_locking: bool = " locking
#define HANDLE(types) \
    .inputs  = "resource: resource, indices: Tindices, updates: dtype", \
    .attrs   = "dtype: " types "; Tindices: {int32, int64}", \
    .by      = "dtype", \
    .flags   = OP_STATEFUL
#define HANDLE_ND \
    .inputs  = "ref: resource, indices: Tindices, updates: T", \
    .attrs   = "T: type; Tindices: {int32, int64}; use_locking: bool = true", \
    .flags   = OP_STATEFUL

#define ALL(x) KERNELS(NUMBERS(x), QUANTIZED(x))
#define ORDERED(x) KERNELS(REALS(x), QUANTIZED(x))

const struct op ops_scatter[] = {
    { .name = "ScatterUpdate", REFS("type", "true"),
      .doc = "Rows of the variable become those of updates.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel_any = scatter_update },
    { .name = "ScatterAdd", REFS("numbertype", "false"),
      .doc = "Adds updates to rows of the variable.",
      .shape = scatter_shape, .grad = NOT_DIFFERENTIABLE, .kernel = ALL(scatter_add) },
    { .name = "ScatterSub", REFS("numbertype", "false"),
      .doc = "Subtracts updates from rows of the variable.",
      .shape = scatter_shape, .grad = NOT_DIFFERENTIABLE, .kernel = ALL(scatter_sub) },
    { .name = "ScatterMul", REFS("numbertype", "false"),
      .doc = "Multiplies rows of the variable by updates.",
      .shape = scatter_shape, .grad = NOT_DIFFERENTIABLE, .kernel = ALL(scatter_mul) },
    { .name = "ScatterDiv", REFS("numbertype", "false"),
      .doc = "Divides rows of the variable by updates.",
      .shape = scatter_shape, .grad = NOT_DIFFERENTIABLE, .kernel = ALL(scatter_div) },
    { .name = "ScatterMin", REFS("{half, bfloat16, float, double, int32, int64}", "false"),
      .doc = "The lesser of each element of rows of the variable and its update.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel = ORDERED(scatter_min) },
    { .name = "ScatterMax", REFS("{half, bfloat16, float, double, int32, int64}", "false"),
      .doc = "The greater of each element of rows of the variable and its update.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel = ORDERED(scatter_max) },

    { .name = "ResourceScatterUpdate", HANDLE("type"),
      .doc = "Rows of the variable become those of updates.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel_any = scatter_update },
    { .name = "ResourceScatterAdd", HANDLE("numbertype"),
      .doc = "Adds updates to rows of the variable.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel = ALL(scatter_add) },
    { .name = "ResourceScatterSub", HANDLE("numbertype"),
      .doc = "Subtracts updates from rows of the variable.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel = ALL(scatter_sub) },
    { .name = "ResourceScatterMul", HANDLE("numbertype"),
      .doc = "Multiplies rows of the variable by updates.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel = ALL(scatter_mul) },
    { .name = "ResourceScatterDiv", HANDLE("numbertype"),
      .doc = "Divides rows of the variable by updates.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel = ALL(scatter_div) },
    { .name = "ResourceScatterMin", HANDLE("numbertype"),
      .doc = "The lesser of each element of rows of the variable and its update.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel = ORDERED(scatter_min) },
    { .name = "ResourceScatterMax", HANDLE("numbertype"),
      .doc = "The greater of each element of rows of the variable and its update.",
      .shape = scatter_shape, .grad = NO_GRADIENT, .kernel = ORDERED(scatter_max) },

    { .name = "ScatterNdUpdate", REFS("type", "true"),
      .doc = "Slices of the variable become those of updates.",
      .shape = scatter_nd_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = scatter_nd_update },
    { .name = "ScatterNdAdd", REFS("numbertype", "false"),
      .doc = "Adds updates to slices of the variable.",
      .shape = scatter_nd_shape, .grad = NOT_DIFFERENTIABLE, .kernel = ALL(scatter_nd_add) },
    { .name = "ScatterNdSub", REFS("numbertype", "false"),
      .doc = "Subtracts updates from slices of the variable.",
      .shape = scatter_nd_shape, .grad = NOT_DIFFERENTIABLE, .kernel = ALL(scatter_nd_sub) },
    { .name = "ResourceScatterNdUpdate", HANDLE_ND,
      .doc = "Slices of the variable become those of updates.",
      .shape = scatter_nd_shape, .grad = NO_GRADIENT, .kernel_any = scatter_nd_update },
    { .name = "ResourceScatterNdAdd", HANDLE_ND,
      .doc = "Adds updates to slices of the variable.",
      .shape = scatter_nd_shape, .grad = NO_GRADIENT, .kernel = ALL(scatter_nd_add) },
    { .name = "ResourceScatterNdSub", HANDLE_ND,
      .doc = "Subtracts updates from slices of the variable.",
      .shape = scatter_nd_shape, .grad = NO_GRADIENT, .kernel = ALL(scatter_nd_sub) },
    { .name     = "ResourceGather",
      .inputs   = "resource: resource, indices: Tindices",
      .outputs  = "output: dtype",
      .attrs    = "validate_indices: bool = true; dtype: type; Tindices: {int32, int64}",
      .doc      = "Rows of the variable, by their indices.",
      .shape    = gather_shape,
      .grad     = gather_grad,
      .kernel_any = gather_run,
      .flags    = OP_STATEFUL | OP_SLICES },
    { 0 }
};
