/* fill.c - tensors made from a few scalars: Fill, Range, LinSpace, OneHot. */
#include "ops/array.h"

#include <math.h>
#include <string.h>

/* ---- Fill ---- */

static struct status *fill_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    TRY(shape_want_rank(shape_in(c, 1), 0));
    return shape_in_shape(c, 0, shape_out(c, 0));
}

static struct status *fill_any(struct kernel *k)
{
    const struct tensor *dims = kernel_in(k, 0), *value = kernel_in(k, 1);
    struct shape s;
    ENSURE(dims->shape.rank == 1, "dims must be a vector, got shape %s", SHAPE_STR(&dims->shape));
    ENSURE(value->shape.rank == 0, "value must be a scalar, got shape %s",
           SHAPE_STR(&value->shape));
    TRY(array_read_shape(dims, &s));
    TRY(kernel_new(k, 0, value->dtype, &s));
    return array_fill(k, kernel_out(k, 0), 0, shape_count(&s), value, 0);
}

static void fill_grad(struct grad *g)
{
    struct out axes = grad_add(g, "Range", OUTS(grad_ints(g, 0), grad1(g, "Rank", g->dy[0]),
                                                grad_ints(g, 1)), NULL, 0);
    g->dx[1] = grad2(g, "Sum", g->dy[0], axes);
}

/* ---- Range ---- */

static struct status *range_scalars(const struct tensor *start, const struct tensor *limit,
                                    const struct tensor *delta)
{
    ENSURE(start->shape.rank == 0, "start must be a scalar, not shape %s",
           SHAPE_STR(&start->shape));
    ENSURE(limit->shape.rank == 0, "limit must be a scalar, not shape %s",
           SHAPE_STR(&limit->shape));
    ENSURE(delta->shape.rank == 0, "delta must be a scalar, not shape %s",
           SHAPE_STR(&delta->shape));
    return NULL;
}

static struct status *range_check(double start, double limit, double delta)
{
    ENSURE(delta != 0, "Requires delta != 0: 0");
    ENSURE(delta < 0 || start <= limit, "Requires start <= limit when delta > 0: %g/%g", start,
           limit);
    ENSURE(delta > 0 || start >= limit, "Requires start >= limit when delta < 0: %g/%g", start,
           limit);
    return NULL;
}

#define EACH "ops/range.inc"
#define EACH_SET (SET_BF16 | SET_F32 | SET_F64 | SET_I32 | SET_I64)
#include "op/each.h"

/* What can be said before a run, in the arithmetic of the run. */
static struct status *range_length(const struct tensor *const v[3], int64_t *n)
{
    TRY(range_scalars(v[0], v[1], v[2]));
    double start = tensor_double(v[0], 0), limit = tensor_double(v[1], 0);
    double delta = tensor_double(v[2], 0);
    TRY(range_check(start, limit, delta));
    switch (v[0]->dtype) {
    case DT_FLOAT: case DT_BFLOAT16:
        return range_count_f32((float)start, (float)limit, (float)delta, n);
    case DT_DOUBLE:
        return range_count_f64(start, limit, delta, n);
    default:
        return range_count_i64(index_at(v[0], 0), index_at(v[1], 0), index_at(v[2], 0), n);
    }
}

static struct status *range_shape(struct shape_ctx *c)
{
    const struct tensor *v[3];
    bool known = true;
    for (int i = 0; i < 3; i++) {
        TRY(shape_want_rank(shape_in(c, i), 0));
        v[i] = shape_in_value(c, i);
        known = known && v[i];
    }
    *shape_out(c, 0) = SHAPE(-1);
    return known ? range_length(v, &shape_out(c, 0)->dim[0]) : NULL;
}

/* ---- LinSpace ---- */

static struct status *linspace_shape(struct shape_ctx *c)
{
    const struct tensor *num = shape_in_value(c, 2);
    for (int i = 0; i < 3; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    *shape_out(c, 0) = SHAPE(-1);
    if (!num)
        return NULL;
    ENSURE(index_at(num, 0) > 0, "Requires num > 0: %lld", (long long)index_at(num, 0));
    shape_out(c, 0)->dim[0] = index_at(num, 0);
    return NULL;
}

static struct status *linspace_count(struct kernel *k, int64_t *n)
{
    static const char *const name[] = { "start", "stop", "num" };
    for (int i = 0; i < 3; i++)
        ENSURE(kernel_in(k, i)->shape.rank == 0, "%s must be a scalar, not shape %s", name[i],
               SHAPE_STR(&kernel_in(k, i)->shape));
    *n = index_at(kernel_in(k, 2), 0);
    ENSURE(*n > 0, "Requires num > 0: %lld", (long long)*n);
    return NULL;
}

#define EACH "ops/linspace.inc"
#define EACH_SET (SET_BF16 | SET_F32 | SET_F64)
#include "op/each.h"

/* ---- OneHot ---- */

static struct status *one_hot_axis(int64_t axis, int rank, int *at)
{
    ENSURE(axis == -1 || (axis >= 0 && axis <= rank), "Expected axis to be -1 or between [0, %d).  "
           "But received: %lld", rank + 1, (long long)axis);
    ENSURE(rank < MAX_RANK, "OneHot of %d dimensions: at most %d are supported", rank,
           MAX_RANK - 1);
    *at = axis < 0 ? rank : (int)axis;
    return NULL;
}

static void one_hot_insert(const struct shape *in, int at, int64_t depth, struct shape *out)
{
    out->rank = in->rank + 1;
    for (int i = 0; i < out->rank; i++)
        out->dim[i] = i < at ? in->dim[i] : i == at ? depth : in->dim[i - 1];
}

static struct status *one_hot_shape(struct shape_ctx *c)
{
    const struct tensor *depth = shape_in_value(c, 1);
    int at = 0;
    for (int i = 1; i < 4; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    if (depth)
        ENSURE(index_at(depth, 0) >= 0, "depth must be non-negative, got: %lld",
               (long long)index_at(depth, 0));
    if (shape_in(c, 0)->rank < 0)
        return NULL;
    TRY(one_hot_axis(node_attr(c->node, "axis"), shape_in(c, 0)->rank, &at));
    one_hot_insert(shape_in(c, 0), at, depth ? index_at(depth, 0) : -1, shape_out(c, 0));
    return NULL;
}

static struct status *one_hot_check(struct kernel *k)
{
    static const char *const name[] = { "indices", "depth", "on_value", "off_value" };
    for (int i = 1; i < 4; i++)
        ENSURE(kernel_in(k, i)->shape.rank == 0, "%s must be a scalar, but got: %s", name[i],
               SHAPE_STR(&kernel_in(k, i)->shape));
    ENSURE(index_at(kernel_in(k, 1), 0) >= 0, "depth must be non-negative, got: %lld",
           (long long)index_at(kernel_in(k, 1), 0));
    return NULL;
}

struct one_hot {
    int64_t axis;
    int64_t (*index)(const void *data, int64_t i);
};

static int64_t index_u8(const void *data, int64_t i) { return ((const uint8_t *)data)[i]; }
static int64_t index_i32(const void *data, int64_t i) { return ((const int32_t *)data)[i]; }
static int64_t index_i64(const void *data, int64_t i) { return ((const int64_t *)data)[i]; }

static struct status *one_hot_prepare(struct prep *p)
{
    struct one_hot *h;
    enum dtype t = node_attr_type(p->node, "TI");
    TRY(prep_state(p, sizeof *h, &h));
    h->axis = node_attr(p->node, "axis");
    h->index = t == DT_UINT8 ? index_u8 : t == DT_INT32 ? index_i32 : index_i64;
    return NULL;
}

/* The indices as [before, after]; an index that is no depth is off everywhere. */
static struct status *one_hot_on(struct kernel *k, int64_t before, int64_t depth, int64_t after)
{
    const struct one_hot *h = k->state;
    const struct tensor *indices = kernel_in(k, 0), *on = kernel_in(k, 2);
    struct tensor *y = kernel_out(k, 0);
    for (int64_t b = 0; b < before; b++)
        for (int64_t a = 0; a < after; a++) {
            int64_t i = h->index(indices->data, b * after + a);
            if (i >= 0 && i < depth)
                TRY(tensor_copy_elements(y, (b * depth + i) * after + a, on, 0, 1));
        }
    return NULL;
}

static struct status *one_hot_any(struct kernel *k)
{
    const struct one_hot *h = k->state;
    const struct shape in = kernel_in(k, 0)->shape;
    int at = 0;
    TRY(one_hot_check(k));
    TRY(one_hot_axis(h->axis, in.rank, &at));
    struct shape out;
    int64_t depth = index_at(kernel_in(k, 1), 0);
    one_hot_insert(&in, at, depth, &out);
    TRY(kernel_new(k, 0, kernel_in(k, 2)->dtype, &out));
    if (shape_count(&out) == 0)
        return NULL;
    TRY(array_fill(k, kernel_out(k, 0), 0, shape_count(&out), kernel_in(k, 3), 0));
    return one_hot_on(k, shape_span(&in, 0, at), depth, shape_span(&in, at, in.rank));
}

#define RANGES(x) KERNELS([DT_BFLOAT16] = x##_bf16, DOUBLES(x), [DT_INT32] = x##_i32, \
                          [DT_INT64] = x##_i64)

const struct op ops_fill[] = {
    { .name = "Fill", .inputs = "dims: index_type, value: T", .outputs = "output: T",
      .attrs = "T: type; index_type: {int32, int64} = int32",
      .doc = "A tensor of shape dims whose every element is value.",
      .shape = fill_shape, .grad = fill_grad, .kernel_any = fill_any },
    { .name = "Range", .inputs = "start: Tidx, limit: Tidx, delta: Tidx",
      .outputs = "output: Tidx",
      .attrs = "Tidx: {bfloat16, float, double, int32, int64} = int32",
      .doc = "The numbers from start up to but not limit, delta apart.",
      .shape = range_shape, .grad = NOT_DIFFERENTIABLE, .kernel = RANGES(range), .by = "Tidx" },
    { .name = "LinSpace", .inputs = "start: T, stop: T, num: Tidx", .outputs = "output: T",
      .attrs = "T: {bfloat16, float, double}; Tidx: {int32, int64} = int32",
      .doc = "Num numbers from start to stop, both among them, equally far apart.",
      .shape = linspace_shape, .grad = NOT_DIFFERENTIABLE,
      .kernel = KERNELS([DT_BFLOAT16] = linspace_bf16, DOUBLES(linspace)) },
    { .name = "OneHot", .inputs = "indices: TI, depth: int32, on_value: T, off_value: T",
      .outputs = "output: T",
      .attrs = "axis: int = -1; T: type; TI: {uint8, int32, int64} = int64",
      .doc = "For each index a vector, along axis, that is on_value there and off_value elsewhere.",
      .shape = one_hot_shape, .grad = NOT_DIFFERENTIABLE,
      .prepare = one_hot_prepare, .kernel_any = one_hot_any },
    { 0 }
};
