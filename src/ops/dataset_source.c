/* dataset_source.c - datasets of what is in memory: TensorDataset, TensorSliceDataset,
 * SparseTensorSliceDataset, RangeDataset, RandomDataset. */
#include "base/mem.h"
#include "graph/graph.h"
#include "num/philox.h"
#include "op/shape_fn.h"
#include "ops/array.h"
#include "ops/dataset.h"
#include "ops/random.h"

/* ---- TensorDataset, TensorSliceDataset: components that are kept ---- */

struct kept { struct dataset base; struct tensor *tensor; int n; int64_t rows; };
struct kept_cursor { struct cursor base; int64_t at; };

static void kept_release(struct dataset *d)
{
    struct kept *kept = (struct kept *)d;
    for (int i = 0; i < kept->n; i++)
        tensor_unref(&kept->tensor[i]);
    mem_free(kept->tensor);
}

static int64_t kept_count(const struct dataset *d) { return ((const struct kept *)d)->rows; }

static struct status *tensor_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    struct kept_cursor *at = (struct kept_cursor *)c;
    const struct kept *kept = (const struct kept *)c->d;
    (void)env;
    *end = at->at++ > 0;
    for (int i = 0; i < kept->n && !*end; i++)
        out[i] = tensor_ref(&kept->tensor[i]);
    return NULL;
}

static struct status *slice_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                 bool *end)
{
    struct kept_cursor *at = (struct kept_cursor *)c;
    const struct kept *kept = (const struct kept *)c->d;
    *end = at->at == kept->rows;
    if (*end)
        return NULL;
    for (int i = 0; i < kept->n; i++)
        TRY(array_row(env->buffers, &kept->tensor[i], at->at, &out[i]));
    at->at++;
    return NULL;
}

static const struct dataset_kind TENSOR = {
    .name = "Tensor", .size = sizeof(struct kept), .cursor = sizeof(struct kept_cursor),
    .next = tensor_next, .release = kept_release, .count = kept_count
};

static const struct dataset_kind SLICE = {
    .name = "TensorSlice", .size = sizeof(struct kept), .cursor = sizeof(struct kept_cursor),
    .next = slice_next, .release = kept_release, .count = kept_count
};

static struct status *keep_inputs(struct kernel *k, struct kept *kept)
{
    kept->rows = 1;
    NEED(kept->tensor = mem_array(struct tensor, k->n_in));
    for (kept->n = 0; kept->n < k->n_in; kept->n++)
        TRY(kernel_keep(k, kept->n, &kept->tensor[kept->n]));
    return NULL;
}

static struct status *tensor_run(struct kernel *k)
{
    struct kept *kept;
    TRY(dataset_make(k, &TENSOR, 0, &kept));
    return keep_inputs(k, kept);
}

static struct status *slice_run(struct kernel *k)
{
    struct kept *kept;
    ENSURE(kernel_in(k, 0)->shape.rank > 0,
           "All components must be at least 1-dimensional");
    for (int i = 0; i < k->n_in; i++) {
        const struct shape *s = &kernel_in(k, i)->shape, *first = &kernel_in(k, 0)->shape;
        ENSURE(s->rank > 0, "All components must be at least 1-dimensional");
        ENSURE(s->dim[0] == first->dim[0], "All components must have the same size in the 0th "
               "dimension, but component %d has %lld where the first one has %lld", i,
               (long long)s->dim[0], (long long)first->dim[0]);
    }
    TRY(dataset_make(k, &SLICE, 0, &kept));
    TRY(keep_inputs(k, kept));
    kept->rows = kept->tensor[0].shape.dim[0];
    return NULL;
}

/* ---- SparseTensorSliceDataset: the rows of a sparse tensor, each sparse ---- */

/* Its cursor's `at` is a row; `entry` the first one that no row has had yet. */
struct sparse_cursor { struct cursor base; int64_t at, entry; };

static struct status *sparse_part(const struct kept *kept, int64_t from, int64_t n, int rank,
                                  struct run_env *env, struct tensor *out)
{
    const int64_t *index = kept->tensor[0].data, *dense = kept->tensor[2].data;
    TRY(tensor_new(&out[0], env->buffers, DT_INT64, &SHAPE(n, rank)));
    TRY(tensor_new(&out[1], env->buffers, kept->tensor[1].dtype, &SHAPE(n)));
    TRY(tensor_new(&out[2], env->buffers, DT_INT64, &SHAPE(rank)));
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < rank; d++)
            ((int64_t *)out[0].data)[i * rank + d] = index[(from + i) * (rank + 1) + d + 1];
    for (int d = 0; d < rank; d++)
        ((int64_t *)out[2].data)[d] = dense[d + 1];
    return tensor_copy_elements(&out[1], 0, &kept->tensor[1], from, n);
}

static struct status *sparse_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    struct sparse_cursor *at = (struct sparse_cursor *)c;
    const struct kept *kept = (const struct kept *)c->d;
    const struct tensor *indices = &kept->tensor[0];
    int rank = (int)indices->shape.dim[1];
    int64_t n = 0, entries = indices->shape.dim[0];
    const int64_t *index = indices->data;
    *end = at->at == kept->rows;
    if (*end)
        return NULL;
    while (at->entry + n < entries && index[(at->entry + n) * rank] == at->at)
        n++;
    TRY(sparse_part(kept, at->entry, n, rank - 1, env, out));
    at->entry += n;
    at->at++;
    return NULL;
}

static const struct dataset_kind SPARSE = {
    .name = "SparseTensorSlice", .size = sizeof(struct kept),
    .cursor = sizeof(struct sparse_cursor), .next = sparse_next, .release = kept_release,
    .count = kept_count
};

/* Its rows come in order, and each index lies in the tensor. */
static struct status *slices_check(const struct tensor *indices, const struct tensor *values,
                                   const struct tensor *dense)
{
    ENSURE(indices->shape.rank == 2, "Input indices should be a matrix but received shape %s",
           SHAPE_STR(&indices->shape));
    ENSURE(values->shape.rank == 1, "Input values should be a vector but received shape %s",
           SHAPE_STR(&values->shape));
    ENSURE(dense->shape.rank == 1, "Input shape should be a vector but received shape %s",
           SHAPE_STR(&dense->shape));
    int64_t n = indices->shape.dim[0], rank = indices->shape.dim[1], before = 0;
    ENSURE(values->shape.dim[0] == n, "Number of values must match first dimension of indices. "
           "Got %lld values, indices shape: %s", (long long)values->shape.dim[0],
           SHAPE_STR(&indices->shape));
    ENSURE(dense->shape.dim[0] == rank, "Number of dimensions must match second dimension of "
           "indices. Got %lld dimensions, indices shape: %s", (long long)dense->shape.dim[0],
           SHAPE_STR(&indices->shape));
    ENSURE(rank > 0 && rank <= MAX_RANK, "The dense_shape argument should have from 1 to %d "
           "elements, got %lld", MAX_RANK, (long long)rank);
    for (int64_t i = 0; i < n * rank; i++) {
        int64_t at = ((const int64_t *)indices->data)[i];
        ENSURE(at >= 0 && at < ((const int64_t *)dense->data)[i % rank],
               "indices[%lld] is out of bounds: element %lld is %lld", (long long)(i / rank),
               (long long)(i % rank), (long long)at);
        if (i % rank)
            continue;
        if (at < before)
            return status_new(UNIMPLEMENTED, "The SparseTensor must be ordered in the batch "
                              "dimension; handling arbitrarily ordered input is not currently "
                              "supported.");
        before = at;
    }
    return NULL;
}

static struct status *sparse_run(struct kernel *k)
{
    enum dtype types[] = { DT_INT64, kernel_in(k, 1)->dtype, DT_INT64 };
    struct kept *kept;
    TRY(slices_check(kernel_in(k, 0), kernel_in(k, 1), kernel_in(k, 2)));
    int64_t rank = kernel_in(k, 2)->shape.dim[0];
    struct shape shapes[] = { SHAPE(-1, rank - 1), SHAPE(-1), SHAPE(rank - 1) };
    TRY(dataset_make_as(k, &SPARSE, 0, 3, types, shapes, &kept));
    TRY(keep_inputs(k, kept));
    kept->rows = *(const int64_t *)kept->tensor[2].data;
    ENSURE(kept->rows >= 0, "dense_shape must not be negative, got %lld", (long long)kept->rows);
    return NULL;
}

/* ---- RangeDataset ---- */

struct range { struct dataset base; int64_t start, count, step; };
struct range_cursor { struct cursor base; int64_t at; };

static struct status *range_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                 bool *end)
{
    struct range_cursor *at = (struct range_cursor *)c;
    const struct range *r = (const struct range *)c->d;
    *end = at->at == r->count;
    if (*end)
        return NULL;
    uint64_t value = (uint64_t)r->start + (uint64_t)r->step * (uint64_t)at->at;
    TRY(element_int64(out, env, (int64_t)value));
    at->at++;
    return NULL;
}

static int64_t range_count(const struct dataset *d) { return ((const struct range *)d)->count; }

static const struct dataset_kind RANGE = {
    .name = "Range", .size = sizeof(struct range), .cursor = sizeof(struct range_cursor),
    .next = range_next, .count = range_count
};

/* How many steps there are from start to before stop, with no sum that could overflow. */
static int64_t range_length(int64_t start, int64_t stop, int64_t step)
{
    if (step > 0 ? start >= stop : start <= stop)
        return 0;
    uint64_t way = step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    uint64_t one = step > 0 ? (uint64_t)step : -(uint64_t)step, n = (way - 1) / one + 1;
    return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static struct status *range_run(struct kernel *k)
{
    struct range *r;
    int64_t start, stop, step;
    TRY(dataset_int(k, 0, "start", &start));
    TRY(dataset_int(k, 1, "stop", &stop));
    TRY(dataset_int(k, 2, "step", &step));
    ENSURE(step != 0, "step must be a non-zero integer.");
    TRY(dataset_make(k, &RANGE, 0, &r));
    ENSURE(r->base.n == 1 && r->base.dtype[0] == DT_INT64,
           "RangeDataset has one component of type int64");
    r->start = start;
    r->step = step;
    r->count = range_length(start, stop, step);
    return NULL;
}

/* ---- RandomDataset: the words of a random stream ---- */

struct words { struct dataset base; struct philox at; };
struct words_cursor { struct cursor base; struct philox_words words; };

static struct status *random_dataset_begin(struct cursor *c, struct run_env *env)
{
    (void)env;
    ((struct words_cursor *)c)->words = philox_words(((const struct words *)c->d)->at);
    return NULL;
}

static struct status *random_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    *end = false;
    return element_int64(out, env, philox_next(&((struct words_cursor *)c)->words));
}

static int64_t random_count(const struct dataset *d)
{
    (void)d;
    return COUNT_INFINITE;
}

static const struct dataset_kind RANDOM = {
    .name = "Random", .size = sizeof(struct words), .cursor = sizeof(struct words_cursor),
    .begin = random_dataset_begin, .next = random_next, .count = random_count
};

static struct status *random_run(struct kernel *k)
{
    struct words *r;
    int64_t seed, seed2;
    TRY(dataset_int(k, 0, "seed", &seed));
    TRY(dataset_int(k, 1, "seed2", &seed2));
    TRY(dataset_make(k, &RANDOM, 0, &r));
    ENSURE(r->base.n == 1 && r->base.dtype[0] == DT_INT64,
           "RandomDataset has one component of type int64");
    r->at = random_from_seeds(seed, seed2);
    return NULL;
}

/* ---- the rows ---- */

#define TYPES "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"
#define KEPT_TYPES "Toutput_types: list(type) >= 1; output_shapes: list(shape) >= 1"

#define RANDOM_DATASET(op_name)                                                             \
    { .name = op_name, .inputs = "seed: int64, seed2: int64", .outputs = "handle: variant", \
      .attrs = TYPES, .doc = "Random numbers of 32 bits, without end.",                     \
      .shape = dataset_shape, .grad = NO_GRADIENT, .kernel_any = random_run,                \
      .flags = OP_STATEFUL }

const struct op ops_dataset_source[] = {
    { .name = "TensorDataset", .inputs = "components: Toutput_types",
      .outputs = "handle: variant", .attrs = KEPT_TYPES,
      .doc = "A dataset of one element: the given tensors.", .shape = shape_scalar,
      .grad = NO_GRADIENT, .kernel_any = tensor_run, .flags = OP_STATEFUL },
    { .name = "TensorSliceDataset", .inputs = "components: Toutput_types",
      .outputs = "handle: variant", .attrs = KEPT_TYPES,
      .doc = "A dataset of the rows of the given tensors.", .shape = shape_scalar,
      .grad = NO_GRADIENT, .kernel_any = slice_run, .flags = OP_STATEFUL },
    { .name = "SparseTensorSliceDataset",
      .inputs = "indices: int64, values: Tvalues, dense_shape: int64",
      .outputs = "handle: variant", .attrs = "Tvalues: type",
      .doc = "A dataset of the rows of a sparse tensor, each as a sparse tensor.",
      .shape = shape_scalar, .grad = NO_GRADIENT, .kernel_any = sparse_run,
      .flags = OP_STATEFUL },
    { .name = "RangeDataset", .inputs = "start: int64, stop: int64, step: int64",
      .outputs = "handle: variant", .attrs = TYPES,
      .doc = "The numbers from start to before stop, by steps.", .shape = dataset_shape,
      .grad = NO_GRADIENT, .kernel_any = range_run, .flags = OP_STATEFUL },
    RANDOM_DATASET("RandomDataset"),
    RANDOM_DATASET("ExperimentalRandomDataset"),
    { 0 }
};
