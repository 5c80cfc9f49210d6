/* sparse_math.c - arithmetic of sparse tensors: SparseAdd, SparseSparseMaximum and Minimum,
 * SparseSoftmax, and the gradients of SparseAdd, SparseSlice and SparseFillEmptyRows. */
#include "ops/sparse.h"

#include <math.h>
#include <string.h>

/* ---- two inputs in order, walked side by side ---- */

static struct status *pair_shape(struct shape_ctx *c)
{
    int64_t n[2], rank[2], both;
    TRY(sparse_shapes(c, 0, &n[0], &rank[0]));
    TRY(sparse_shapes(c, 3, &n[1], &rank[1]));
    TRY(dim_merge(rank[0], rank[1], &both));
    *shape_out(c, 0) = SHAPE(-1, both);
    *shape_out(c, 1) = SHAPE(-1);
    return NULL;
}

static struct status *pair_read(const struct kernel *k, struct sparse *a, struct sparse *b)
{
    TRY(sparse_read(k, 0, a));
    TRY(sparse_read(k, 3, b));
    ENSURE(a->shape.rank == b->shape.rank, "Ranks of input tensors must match, but saw ranks: %d "
           "and %d", a->shape.rank, b->shape.rank);
    for (int d = 0; d < a->shape.rank; d++)
        ENSURE(a->shape.dim[d] == b->shape.dim[d], "Input shapes do not match at dimension %d: "
               "%lld vs. %lld", d, (long long)a->shape.dim[d], (long long)b->shape.dim[d]);
    return NULL;
}

/* An entry of the result: one of a, one of b, or one of each; -1: none. */
struct pair { int64_t a, b; };

static int64_t pair_up(const struct sparse *a, const struct sparse *b, struct pair *to)
{
    int64_t i = 0, j = 0, n = 0;
    int rank = a->shape.rank;
    while (i < a->n || j < b->n) {
        int order = j == b->n ? -1 : i == a->n ? 1
                    : sparse_compare(a->index + i * rank, b->index + j * rank, rank);
        to[n++] = (struct pair){ order <= 0 ? i : -1, order >= 0 ? j : -1 };
        i += order <= 0;
        j += order >= 0;
    }
    return n;
}

/* Output 0 has the indices of the pairs. */
static struct status *put_pairs(struct kernel *k, const struct sparse *a, const struct sparse *b,
                                const struct pair *kept, int64_t n)
{
    int64_t *y;
    int rank = a->shape.rank;
    TRY(sparse_new(k, 0, &SHAPE(n, rank), &y));
    for (int64_t i = 0; i < n; i++)
        memcpy(y + i * rank, kept[i].a >= 0 ? a->index + kept[i].a * rank
                                            : b->index + kept[i].b * rank,
               (size_t)rank * sizeof *y);
    return NULL;
}

/* ---- SparseSparseMaximum, SparseSparseMinimum ---- */

static void extreme_grad(struct grad *g)
{
    grad_fail(g, UNIMPLEMENTED, "Gradient for %s is currently not implemented yet.",
              g->node->op->name);
}

/* ---- SparseAdd ---- */

static struct status *add_shape(struct shape_ctx *c)
{
    TRY(pair_shape(c));
    TRY(shape_want_rank(shape_in(c, 6), 0));
    *shape_out(c, 2) = SHAPE(shape_out(c, 0)->dim[1]);
    return NULL;
}

static struct status *add_check(const struct kernel *k, struct sparse *a, struct sparse *b)
{
    TRY(pair_read(k, a, b));
    ENSURE(kernel_in(k, 6)->shape.rank == 0, "The input threshold should be a scalar: got shape %s",
           SHAPE_STR(&kernel_in(k, 6)->shape));
    return NULL;
}

static void add_grad(struct grad *g)
{
    struct out d = grad_add(g, "SparseAddGrad", OUTS(g->dy[1], g->x[0], g->x[3], g->y[0]), NULL, 0);
    g->dx[1] = d;
    g->dx[4] = out_at(d, 1);
}

static struct status *add_back_shape(struct shape_ctx *c)
{
    for (int i = 0; i < 2; i++) {
        const struct shape *s = shape_in(c, 1 + i);
        TRY(shape_want_rank(s, 2));
        *shape_out(c, i) = SHAPE(s->rank < 0 ? -1 : s->dim[0]);
    }
    return NULL;
}

static struct status *add_back_check(const struct kernel *k)
{
    const struct shape *dy = &kernel_in(k, 0)->shape, *sum = &kernel_in(k, 3)->shape;
    for (int i = 1; i < 4; i++)
        ENSURE(kernel_in(k, i)->shape.rank == 2, "Input indices should be matrices but received "
               "shape: %s", SHAPE_STR(&kernel_in(k, i)->shape));
    for (int i = 1; i < 3; i++)
        ENSURE(kernel_in(k, i)->shape.dim[1] == sum->dim[1], "The densified operands should have "
               "the same ndims: %lld and %lld", (long long)kernel_in(k, i)->shape.dim[1],
               (long long)sum->dim[1]);
    ENSURE(dy->rank == 1 && dy->dim[0] == sum->dim[0], "# elements and # of indices in sum do not "
           "match: %s vs. %s", SHAPE_STR(dy), SHAPE_STR(sum));
    return NULL;
}

/* ---- SparseSoftmax: rows are runs of entries that differ in the last dimension only ---- */

static struct status *softmax_check(const struct kernel *k, struct sparse *s)
{
    TRY(sparse_read(k, 0, s));
    ENSURE(s->shape.rank >= 2, "Input should have rank >= 2, but received: %s",
           SHAPE_STR(&s->shape));
    return sparse_check(s, true);
}

/* The end of the row that begins at entry i. */
static int64_t softmax_end(const struct sparse *s, int64_t i)
{
    int rank = s->shape.rank;
    int64_t end = i + 1;
    while (end < s->n &&
           !sparse_compare(s->index + i * rank, s->index + end * rank, rank - 1))
        end++;
    return end;
}

static void softmax_grad(struct grad *g)
{
    struct out y = g->y[0], dy = g->dy[0], last = grad_vector(g, DT_INT32, (int64_t[]){ -1 }, 1);
    struct out sum = grad_add(g, "SparseReduceSum",
                              OUTS(g->x[0], grad2(g, "Mul", y, dy), g->x[2], last),
                              ATTRS(attr_bool("keep_dims", true)));
    struct out rest = grad_add(g, "SparseDenseCwiseAdd",
                               OUTS(g->x[0], dy, g->x[2], grad1(g, "Neg", sum)), NULL, 0);
    g->dx[1] = grad2(g, "Mul", rest, y);
}

/* ---- SparseSliceGrad ---- */

static struct status *slice_back_shape(struct shape_ctx *c)
{
    const struct shape *in = shape_in(c, 1);
    TRY(shape_want_rank(shape_in(c, 0), 1));
    TRY(shape_want_rank(in, 2));
    *shape_out(c, 0) = SHAPE(in->rank < 0 ? -1 : in->dim[0]);
    return NULL;
}

static struct status *slice_back_check(const struct kernel *k)
{
    const struct shape *dy = &kernel_in(k, 0)->shape, *in = &kernel_in(k, 1)->shape;
    const struct shape *start = &kernel_in(k, 2)->shape, *out = &kernel_in(k, 3)->shape;
    ENSURE(in->rank == 2 && out->rank == 2, "Input and output indices should be matrices but "
           "received shapes: %s and %s", SHAPE_STR(in), SHAPE_STR(out));
    ENSURE(start->rank == 1, "Input start should be a vector but received shape %s",
           SHAPE_STR(start));
    ENSURE(in->dim[1] == out->dim[1] && in->dim[1] == start->dim[0], "The input, output and start "
           "should have the same ndims: %s, %s, %s", SHAPE_STR(in), SHAPE_STR(out),
           SHAPE_STR(start));
    ENSURE(dy->rank == 1 && dy->dim[0] == out->dim[0], "# elements and # of indices in the sliced "
           "output do not match: %s vs. %s", SHAPE_STR(dy), SHAPE_STR(out));
    return NULL;
}

/* Does entry `in` lie where entry `out` of the part that begins at `start` does? */
static bool is_part(const int64_t *in, const int64_t *out, const int64_t *start, int rank)
{
    for (int d = 0; d < rank; d++)
        if (in[d] - start[d] != out[d])
            return false;
    return true;
}

/* ---- SparseFillEmptyRowsGrad ---- */

static struct status *fill_back_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 1));
    TRY(shape_want_rank(shape_in(c, 1), 1));
    *shape_out(c, 0) = shape_in(c, 0)->rank < 0 ? SHAPE(-1) : *shape_in(c, 0);
    *shape_out(c, 1) = SHAPE_SCALAR;
    return NULL;
}

static struct status *fill_back_check(const struct kernel *k)
{
    const struct tensor *map = kernel_in(k, 0), *dy = kernel_in(k, 1);
    ENSURE(map->shape.rank == 1, "reverse_index_map must be a vector, saw: %s",
           SHAPE_STR(&map->shape));
    ENSURE(dy->shape.rank == 1, "grad_values must be a vector, saw: %s", SHAPE_STR(&dy->shape));
    for (int64_t i = 0; i < map->shape.dim[0]; i++)
        ENSURE(index_at(map, i) >= 0 && index_at(map, i) < dy->shape.dim[0], "Elements in reverse "
               "index must be in [0, %lld) but got %lld", (long long)dy->shape.dim[0],
               (long long)index_at(map, i));
    return NULL;
}

#define EACH "ops/sparse_math.inc"
#include "op/each_number.h"

#define PAIR .inputs = "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, " \
                       "b_values: T, b_shape: int64", \
    .outputs = "output_indices: int64, output_values: T", .shape = pair_shape, \
    .grad = extreme_grad

const struct op ops_sparse_math[] = {
    { .name = "SparseAdd",
      .inputs = "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, "
                "b_shape: int64, thresh: Treal",
      .outputs = "sum_indices: int64, sum_values: T, sum_shape: int64",
      .attrs = "T: numbertype; Treal: realnumbertype",
      .doc = "The sum of two sparse tensors, without the values that are less than thresh.",
      .shape = add_shape, .grad = add_grad, .kernel = KERNELS(NUMBERS(sparse_add)) },
    { .name = "SparseAddGrad",
      .inputs = "backprop_val_grad: T, a_indices: int64, b_indices: int64, sum_indices: int64",
      .outputs = "a_val_grad: T, b_val_grad: T", .attrs = "T: numbertype",
      .doc = "The gradients of SparseAdd for the values of both inputs.",
      .shape = add_back_shape, .grad = NOT_DIFFERENTIABLE,
      .kernel = KERNELS(NUMBERS(sparse_add_back)) },
    { .name = "SparseSparseMaximum", PAIR, .attrs = "T: realnumbertype",
      .doc = "The greater values of two sparse tensors; what is not there is 0.",
      .kernel = KERNELS(REALS(sparse_max)) },
    { .name = "SparseSparseMinimum", PAIR, .attrs = "T: numbertype",
      .doc = "The lesser values of two sparse tensors; what is not there is 0.",
      .kernel = KERNELS(REALS(sparse_min)) },
    { .name = "SparseSoftmax", .inputs = "sp_indices: int64, sp_values: T, sp_shape: int64",
      .outputs = "output: T", .attrs = "T: {float, double}",
      .doc = "Softmax over the last dimension of a sparse tensor, as if what is not there were "
             "-inf.",
      .shape = sparse_values_shape, .grad = softmax_grad,
      .kernel = KERNELS(DOUBLES(sparse_softmax)) },
    { .name = "SparseSliceGrad",
      .inputs = "backprop_val_grad: T, input_indices: int64, input_start: int64, "
                "output_indices: int64",
      .outputs = "val_grad: T", .attrs = "T: numbertype",
      .doc = "The gradient of SparseSlice for the values of its input.",
      .shape = slice_back_shape, .grad = NO_GRADIENT, .kernel = KERNELS(NUMBERS(slice_back)) },
    { .name = "SparseFillEmptyRowsGrad", .inputs = "reverse_index_map: int64, grad_values: T",
      .outputs = "d_values: T, d_default_value: T", .attrs = "T: type",
      .doc = "The gradients of SparseFillEmptyRows for its values and the default.",
      .shape = fill_back_shape, .grad = NO_GRADIENT, .kernel = KERNELS(NUMBERS(fill_back)) },
    { 0 }
};
