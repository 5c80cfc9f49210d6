/* sparse_dense.c - sparse tensors beside dense ones: SparseToDense, SparseTensorDenseAdd,
 * SparseTensorDenseMatMul, SparseDenseCwiseMul, Div and Add. */
#include "ops/sparse.h"

#include "base/pool.h"

#include <string.h>

/* ---- SparseToDense ---- */

struct to_dense { bool validate; };

static struct status *to_dense_prepare(struct prep *p)
{
    struct to_dense *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->validate = node_attr(p->node, "validate_indices");
    return NULL;
}

static struct status *to_dense_shape(struct shape_ctx *c)
{
    return shape_in_shape(c, 1, shape_out(c, 0));
}

/* Indices may be a matrix, a vector of places in a vector, or a scalar. */
static struct status *to_dense_read(const struct kernel *k, struct sparse *s)
{
    const struct tensor *at = kernel_in(k, 0), *size = kernel_in(k, 1), *v = kernel_in(k, 2);
    const struct shape *a = &at->shape;
    ENSURE(a->rank <= 2, "sparse_indices should be a scalar, vector, or matrix, got shape %s",
           SHAPE_STR(a));
    int64_t n = a->rank ? a->dim[0] : 1, rank = a->rank == 2 ? a->dim[1] : 1;
    ENSURE(size->shape.rank == 1, "output_shape should be a vector, got shape %s",
           SHAPE_STR(&size->shape));
    ENSURE(size->shape.dim[0] == rank, "output_shape has incorrect number of elements: %lld should "
           "be: %lld", (long long)size->shape.dim[0], (long long)rank);
    ENSURE(v->shape.rank <= 1, "sparse_values should be a scalar or a vector, got shape %s",
           SHAPE_STR(&v->shape));
    ENSURE(v->shape.rank == 0 || v->shape.dim[0] == n, "sparse_values has incorrect shape %s, "
           "should be [] or [%lld]", SHAPE_STR(&v->shape), (long long)n);
    ENSURE(kernel_in(k, 3)->shape.rank == 0, "default_value should be a scalar.");
    *s = (struct sparse){ .indices = at, .values = v, .n = n };
    return array_read_shape(size, &s->shape);
}

static struct status *to_dense(struct kernel *k)
{
    struct sparse s;
    int64_t stride[MAX_RANK];
    TRY(to_dense_read(k, &s));
    TRY(sparse_check(&s, ((const struct to_dense *)k->state)->validate));
    TRY(kernel_new(k, 0, s.values->dtype, &s.shape));
    TRY(array_fill(k, kernel_out(k, 0), 0, shape_count(&s.shape), kernel_in(k, 3), 0));
    shape_strides(&s.shape, stride);
    for (int64_t i = 0; i < s.n; i++) {
        int64_t at = 0;
        for (int d = 0; d < s.shape.rank; d++)
            at += index_at(s.indices, i * s.shape.rank + d) * stride[d];
        TRY(tensor_copy_elements(kernel_out(k, 0), at, s.values, s.values->shape.rank ? i : 0, 1));
    }
    return NULL;
}

static struct out sum_all(struct grad *g, struct out x)
{
    struct out axes = grad_add(g, "Range", OUTS(grad_ints(g, 0), grad1(g, "Rank", x),
                                                grad_ints(g, 1)), NULL, 0);
    return grad2(g, "Sum", x, axes);
}

static void to_dense_grad(struct grad *g)
{
    g->dx[2] = grad2(g, "GatherNd", g->dy[0], g->x[0]);
    g->dx[3] = grad2(g, "Sub", sum_all(g, g->dy[0]), sum_all(g, g->dx[2]));
}

/* ---- SparseTensorDenseAdd ---- */

static struct status *add_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    TRY(sparse_shapes(c, 0, &n, &rank));
    *shape_out(c, 0) = *shape_in(c, 3);
    return NULL;
}

static struct status *add_check(const struct kernel *k)
{
    const struct tensor *at = kernel_in(k, 0), *v = kernel_in(k, 1), *size = kernel_in(k, 2);
    const struct shape *b = &kernel_in(k, 3)->shape;
    ENSURE(at->shape.rank == 2, "Input a_indices should be a matrix but received shape: %s",
           SHAPE_STR(&at->shape));
    ENSURE(v->shape.rank == 1 && size->shape.rank == 1, "Inputs a_values and a_shape should be "
           "vectors but received shapes: %s and %s", SHAPE_STR(&v->shape), SHAPE_STR(&size->shape));
    ENSURE(size->shape.dim[0] == b->rank, "Two operands have different ranks; received: %lld and "
           "%d", (long long)size->shape.dim[0], b->rank);
    for (int d = 0; d < b->rank; d++)
        ENSURE(index_at(size, d) == b->dim[d], "Dimension %d does not equal (no broadcasting is "
               "supported): sparse side %lld vs dense side %lld", d, (long long)index_at(size, d),
               (long long)b->dim[d]);
    ENSURE(at->shape.dim[1] == b->rank && at->shape.dim[0] <= v->shape.dim[0],
           "a_indices of shape %s do not fit a_values of shape %s and a dense tensor of shape %s",
           SHAPE_STR(&at->shape), SHAPE_STR(&v->shape), SHAPE_STR(b));
    return NULL;
}

/* Where entry i lies in the dense tensor, or which dimension is out of bounds. */
static struct status *add_place(const struct tensor *at, const struct shape *b, int64_t i,
                                int64_t *place)
{
    *place = 0;
    for (int d = 0; d < b->rank; d++) {
        int64_t v = index_at(at, i * b->rank + d);
        ENSURE(v >= 0 && v < b->dim[d], "Sparse tensor has some invalid index on dimension %d; "
               "dense tensor shape: %s", d, SHAPE_STR(b));
        *place = *place * b->dim[d] + v;
    }
    return NULL;
}

static void add_grad(struct grad *g)
{
    g->dx[1] = grad2(g, "GatherNd", g->dy[0], g->x[0]);
    g->dx[3] = g->dy[0];
}

/* ---- SparseTensorDenseMatMul ---- */

struct product {
    const struct tensor *at, *b;
    const void *values;
    void *y;
    int64_t n, m, k, columns;           /* a is [m, k] as it is used */
    bool adjoint_a, adjoint_b;
};

static struct status *product_prepare(struct prep *p)
{
    struct product *s;
    TRY(prep_state(p, sizeof *s, &s));
    s->adjoint_a = node_attr(p->node, "adjoint_a");
    s->adjoint_b = node_attr(p->node, "adjoint_b");
    return NULL;
}

static struct status *product_shape(struct shape_ctx *c)
{
    const struct tensor *size = shape_in_value(c, 2);
    const struct shape *b = shape_in(c, 3);
    bool adjoint_a = node_attr(c->node, "adjoint_a"), adjoint_b = node_attr(c->node, "adjoint_b");
    int64_t n, rank, inner = -1, rows = -1;
    TRY(sparse_shapes(c, 0, &n, &rank));
    TRY(dim_merge(rank, 2, &rank));
    TRY(shape_want_rank(b, 2));
    if (size) {
        rows = index_at(size, adjoint_a);
        inner = index_at(size, !adjoint_a);
    }
    if (b->rank == 2)
        TRY(dim_merge(inner, b->dim[adjoint_b], &inner));
    *shape_out(c, 0) = SHAPE(rows, b->rank < 0 ? -1 : b->dim[!adjoint_b]);
    return NULL;
}

static struct status *product_check(const struct kernel *k, struct product *p)
{
    static const char *const name[] = { "a_indices", "a_values", "a_shape", "b" };
    static const int rank[] = { 2, 1, 1, 2 };
    *p = *(const struct product *)k->state;
    for (int i = 0; i < 4; i++)
        ENSURE(kernel_in(k, i)->shape.rank == rank[i], "Tensor '%s' is not a %s", name[i],
               rank[i] == 2 ? "matrix" : "vector");
    const struct tensor *at = kernel_in(k, 0), *v = kernel_in(k, 1), *size = kernel_in(k, 2);
    const struct shape *b = &kernel_in(k, 3)->shape;
    ENSURE(size->shape.dim[0] == 2, "Tensor 'a_shape' must have 2 elements");
    ENSURE(at->shape.dim[0] == v->shape.dim[0], "Number of rows of a_indices does not match number "
           "of entries in a_values");
    ENSURE(at->shape.dim[1] == 2, "Number of columns of a_indices does not match number of entries "
           "in a_shape");
    int64_t outer = index_at(size, p->adjoint_a), inner = index_at(size, !p->adjoint_a);
    ENSURE(inner == b->dim[p->adjoint_b], "Cannot multiply A and B because inner dimension does "
           "not match: %lld vs. %lld.  Did you forget a transpose?  Dimensions of A: [%lld, "
           "%lld).  Dimensions of B: %s", (long long)inner, (long long)b->dim[p->adjoint_b],
           (long long)index_at(size, 0), (long long)index_at(size, 1), SHAPE_STR(b));
    ENSURE(outer >= 0, "a_shape must not be negative, got %lld", (long long)outer);
    p->at = at;
    p->b = kernel_in(k, 3);
    p->values = v->data;
    p->n = v->shape.dim[0];
    p->m = outer;
    p->k = inner;
    p->columns = b->dim[!p->adjoint_b];
    return NULL;
}

static struct status *product_bounds(const struct product *p)
{
    const int64_t most[2] = { p->m, p->k };
    for (int64_t i = 0; i < p->n; i++)
        for (int j = 0; j < 2; j++) {
            int64_t v = index_at(p->at, 2 * i + (j ^ p->adjoint_a));
            ENSURE(v >= 0 && v < most[j], "%s (%lld) from index[%lld,%d] out of bounds (>=%lld)",
                   j ? "k" : "m", (long long)v, (long long)i, j ^ p->adjoint_a,
                   (long long)most[j]);
        }
    return NULL;
}

/* ---- SparseDenseCwise: the dense side broadcasts ---- */

/* Steps of the dense tensor for each dimension of the sparse one; 0 where it is repeated. */
static struct status *cwise_check(const struct kernel *k, struct sparse *s,
                                  int64_t step[MAX_RANK])
{
    const struct shape *dense = &kernel_in(k, 3)->shape;
    int64_t stride[MAX_RANK];
    TRY(sparse_read(k, 0, s));
    int extra = s->shape.rank - dense->rank;
    bool fits = extra >= 0;
    for (int d = 0; d < dense->rank && fits; d++)
        fits = dense->dim[d] == 1 || dense->dim[d] == s->shape.dim[d + extra];
    ENSURE(fits, "SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible "
           "shapes: %s vs. %s", SHAPE_STR(&s->shape), SHAPE_STR(dense));
    TRY(sparse_check(s, false));
    shape_strides(dense, stride);
    for (int d = 0; d < s->shape.rank; d++)
        step[d] = d < extra || dense->dim[d - extra] == 1 ? 0 : stride[d - extra];
    return NULL;
}

#define EACH "ops/sparse_dense.inc"
#include "op/each_number.h"

/* ---- gradients ---- */

/* Rows of dy and of b, as each entry joins them. */
static void product_grad(struct grad *g)
{
    bool adjoint_a = node_attr(g->node, "adjoint_a"), adjoint_b = node_attr(g->node, "adjoint_b");
    struct out dy = g->dy[0], b = g->x[3], rows, columns;
    struct out swap = grad_vector(g, DT_INT32, (int64_t[]){ 1, 0 }, 2);
    if (dtype_is_complex(out_dtype(dy))) {
        grad_fail(g, UNIMPLEMENTED, "SparseTensorDenseMatMul op does not support gradients for "
                  "complex types.");
        return;
    }
    struct out db = grad_add(g, "SparseTensorDenseMatMul", OUTS(g->x[0], g->x[1], g->x[2], dy),
                             ATTRS(attr_bool("adjoint_a", !adjoint_a)));
    struct out parts = grad_add(g, "Unpack", OUTS(g->x[0]),
                                ATTRS(attr_int("num", 2), attr_int("axis", 1)));
    rows = out_at(parts, adjoint_a);
    columns = out_at(parts, !adjoint_a);
    g->dx[3] = adjoint_b ? grad2(g, "Transpose", db, swap) : db;
    if (adjoint_b)
        b = grad2(g, "Transpose", b, swap);
    struct out joined = grad2(g, "Mul", grad2(g, "Gather", dy, rows),
                              grad2(g, "Gather", b, columns));
    g->dx[1] = grad2(g, "Sum", joined, grad_ints(g, 1));
}

/* The part of the dense side that each entry met, and where it lies. */
struct met { struct out at, value; };

static struct met cwise_met(struct grad *g)
{
    struct out size = grad_shape_of(g, g->x[3], DT_INT64);
    struct out scale = grad2(g, "FloorDiv", g->x[2], size);
    struct met m = { .at = grad2(g, "FloorDiv", g->x[0], scale) };
    m.value = grad2(g, "GatherNd", g->x[3], m.at);
    return m;
}

static struct out cwise_dense(struct grad *g, struct met m, struct out values)
{
    return grad_add(g, "SparseTensorDenseAdd",
                    OUTS(m.at, values, grad_shape_of(g, g->x[3], DT_INT64),
                         grad1(g, "ZerosLike", g->x[3])), NULL, 0);
}

static void cwise_mul_grad(struct grad *g)
{
    struct met m = cwise_met(g);
    g->dx[1] = grad2(g, "Mul", g->dy[0], m.value);
    g->dx[3] = cwise_dense(g, m, grad2(g, "Mul", g->dy[0], g->x[1]));
}

static void cwise_div_grad(struct grad *g)
{
    struct met m = cwise_met(g);
    struct out share = grad2(g, "RealDiv", g->dy[0], m.value);
    struct out quotient = grad2(g, "RealDiv", g->x[1], m.value);
    g->dx[1] = share;
    g->dx[3] = cwise_dense(g, m, grad1(g, "Neg", grad2(g, "Mul", share, quotient)));
}

static void cwise_add_grad(struct grad *g)
{
    grad_fail(g, UNIMPLEMENTED, "Gradient for SparseDenseCwiseAdd is currently not implemented "
              "yet.");
}

#define CWISE(op) .inputs = "sp_indices: int64, sp_values: T, sp_shape: int64, dense: T", \
    .outputs = "output: T", .attrs = "T: numbertype", .shape = sparse_values_shape, \
    .kernel = KERNELS(NUMBERS(op))

const struct op ops_sparse_dense[] = {
    { .name = "SparseToDense",
      .inputs = "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, "
                "default_value: T",
      .outputs = "dense: T",
      .attrs = "validate_indices: bool = true; T: type; Tindices: {int32, int64}",
      .doc = "A dense tensor of default_value, but for sparse_values at sparse_indices.",
      .shape = to_dense_shape, .grad = to_dense_grad, .prepare = to_dense_prepare,
      .kernel_any = to_dense },
    { .name = "SparseTensorDenseAdd",
      .note = "As many values as indices are asked for.",
      .inputs = "a_indices: Tindices, a_values: T, a_shape: Tindices, b: T",
      .outputs = "output: T", .attrs = "T: numbertype; Tindices: {int32, int64}",
      .doc = "The sum of a sparse and a dense tensor.",
      .shape = add_shape, .grad = add_grad, .kernel = KERNELS(NUMBERS(sparse_add_dense)) },
    { .name = "SparseTensorDenseMatMul",
      .inputs = "a_indices: Tindices, a_values: T, a_shape: int64, b: T",
      .outputs = "product: T",
      .attrs = "T: type; Tindices: {int32, int64} = int64; adjoint_a: bool = false; "
               "adjoint_b: bool = false",
      .doc = "The product of a sparse and a dense matrix, either conjugated and transposed first.",
      .shape = product_shape, .grad = product_grad, .prepare = product_prepare,
      .kernel = KERNELS(NUMBERS(product)), .flags = OP_EXPENSIVE },
    { .name = "SparseDenseCwiseMul", CWISE(cwise_mul), .grad = cwise_mul_grad,
      .doc = "The values of a sparse tensor times a dense one, which is broadcast." },
    { .name = "SparseDenseCwiseDiv", CWISE(cwise_div), .grad = cwise_div_grad,
      .doc = "The values of a sparse tensor divided by a dense one, which is broadcast." },
    { .name = "SparseDenseCwiseAdd", CWISE(cwise_add), .grad = cwise_add_grad,
      .doc = "The values of a sparse tensor plus a dense one, which is broadcast." },
    { 0 }
};
