/* dataset_batch.c - elements put together, and rows taken apart: BatchDataset, PaddedBatchDataset,
 * DenseToSparseBatchDataset, UnbatchDataset. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/shape_fn.h"
#include "ops/array.h"
#include "ops/dataset.h"
#include "ops/sparse_parts.h"

/* What all of them are made with; `want` and `value`, a component each, are for padding. */
struct batch {
    struct dataset base;
    int64_t size;
    bool drop;                              /* a last batch that is smaller */
    struct shape *want;                     /* -1: as large as the largest */
    struct tensor *value;
};

static int64_t batch_count(const struct dataset *d)
{
    const struct batch *b = (const struct batch *)d;
    int64_t n = dataset_count(d->in[0]);
    return n < 0 ? n : n / b->size + (n % b->size != 0 && !b->drop);
}

static void batch_release(struct dataset *d)
{
    struct batch *b = (struct batch *)d;
    element_clear(b->value, b->value ? d->n : 0);
    mem_free(b->value);
    mem_free(b->want);
}

/* A tensor of n rows of this shape. */
static struct status *new_rows(struct tensor *t, struct run_env *env, enum dtype dtype, int64_t n,
                               const struct shape *s)
{
    struct shape all;
    ENSURE(s->rank < MAX_RANK, "A batch has at most %d dimensions", MAX_RANK);
    TRY(shape_with_rows(n, s, 0, &all));
    return tensor_new(t, env->buffers, dtype, &all);
}

/* A tensor gets `n` rows: more than before, or fewer; the first `keep` stay what they are. */
static struct status *resize(struct tensor *t, struct run_env *env, int64_t n, int64_t keep)
{
    struct tensor all = *t;
    struct shape s = t->shape;
    s.dim[0] = n;
    t->buf = NULL;
    struct status *st = tensor_new(t, env->buffers, all.dtype, &s);
    if (!st)
        st = tensor_copy_elements(t, 0, &all, 0, keep * shape_span(&s, 1, s.rank));
    tensor_unref(&all);
    return st;
}

/* ---- BatchDataset: each element goes to its row as it comes ---- */

/* A batch gets room for so many at first: its size may be more than there will ever be. */
enum { FIRST_ROWS = 4096 };

struct batch_cursor { struct cursor base; struct tensor *element; };

static struct status *batch_begin(struct cursor *c, struct run_env *env)
{
    (void)env;
    NEED(((struct batch_cursor *)c)->element = mem_array(struct tensor, c->d->n));
    return NULL;
}

static void batch_finish(struct cursor *c)
{
    struct batch_cursor *b = (struct batch_cursor *)c;
    element_clear(b->element, b->element ? c->d->n : 0);
    mem_free(b->element);
}

static struct status *put_row(struct tensor *to, int64_t at, const struct tensor *t, int component)
{
    bool same = to->shape.rank == t->shape.rank + 1 && to->dtype == t->dtype;
    for (int i = 0; same && i < t->shape.rank; i++)
        same = to->shape.dim[i + 1] == t->shape.dim[i];
    if (!same) {
        struct shape first = shape_of_row(&to->shape);
        ENSURE(false, "Cannot batch tensors with different shapes in component %d. First element "
               "had shape %s and element %lld had shape %s.", component, SHAPE_STR(&first),
               (long long)at, SHAPE_STR(&t->shape));
    }
    if (t->shape.rank == 0 && dtype_size(t->dtype) == 8 && !dtype_owns(t->dtype)) {
        ((uint64_t *)to->data)[at] = *(const uint64_t *)t->data;
        return NULL;
    }
    int64_t n = tensor_count(t);
    return tensor_copy_elements(to, at * n, t, 0, n);
}

static struct status *put_element(struct batch_cursor *c, struct run_env *env, int64_t at,
                                  struct tensor *out)
{
    int64_t size = ((const struct batch *)c->base.d)->size;
    for (int i = 0; i < c->base.d->n; i++) {
        struct tensor *t = &c->element[i];
        if (at == 0)
            TRY(new_rows(&out[i], env, t->dtype, size < FIRST_ROWS ? size : FIRST_ROWS,
                         &t->shape));
        else if (at == out[i].shape.dim[0])
            TRY(resize(&out[i], env, size < 2 * at ? size : 2 * at, at));
        TRY(put_row(&out[i], at, t, i));
        tensor_unref(t);
    }
    return NULL;
}

/* The batch that could not be finished is what `out` holds then; its elements are gone (as TF). */
static struct status *batch_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                 bool *end)
{
    struct batch_cursor *b = (struct batch_cursor *)c;
    const struct batch *d = (const struct batch *)c->d;
    int64_t n = 0;
    for (bool over = false; n < d->size && !over; n += !over) {
        TRY(dataset_check_stop(env));
        TRY(cursor_next_in(c, env, b->element, &over));
        struct status *st = over ? NULL : put_element(b, env, n, out);
        if (st) {
            element_clear(b->element, c->d->n);
            return st;
        }
    }
    *end = n == 0 || (n < d->size && d->drop);
    for (int i = 0; i < c->d->n && !*end; i++)
        if (n < out[i].shape.dim[0])
            TRY(resize(&out[i], env, n, n));
    return NULL;
}

static const struct dataset_kind BATCH = {
    .name = "Batch", .size = sizeof(struct batch), .cursor = sizeof(struct batch_cursor),
    .begin = batch_begin, .next = batch_next, .finish = batch_finish, .release = batch_release,
    .count = batch_count
};

static struct status *check_size(int64_t size)
{
    ENSURE(size > 0, "Batch size must be greater than zero.");
    return NULL;
}

struct status *dataset_batch(struct kernel *k, struct dataset *in, int64_t size, bool drop,
                             const struct dataset_types *types)
{
    struct batch *b;
    TRY(check_size(size));
    TRY(dataset_new(&BATCH, &in, 1, in->n, in->dtype, types->n == in->n ? types->shape : NULL,
                    &b));
    b->size = size;
    b->drop = drop;
    return dataset_put(k, 0, &b->base);
}

/* An input that a V1 op does not have is false. */
static struct status *drop_remainder(const struct kernel *k, int i, bool *drop)
{
    int64_t v = 0;
    if (i < k->n_in)
        TRY(dataset_int(k, i, "drop_remainder", &v));
    *drop = v;
    return NULL;
}

static struct status *batch_run(struct kernel *k)
{
    struct dataset *in;
    struct dataset_types types;
    int64_t size;
    bool drop;
    TRY(kernel_dataset(k, 0, &in));
    TRY(dataset_int(k, 1, "batch_size", &size));
    TRY(drop_remainder(k, 2, &drop));
    TRY(dataset_types_of(k->node, &types));
    return dataset_batch(k, in, size, drop, &types);
}

/* ---- PaddedBatchDataset: rows as large as the largest, or as was asked for ---- */

struct padded_cursor { struct cursor base; struct elements elements; struct tensor *element; };

static struct status *padded_begin(struct cursor *c, struct run_env *env)
{
    struct padded_cursor *p = (struct padded_cursor *)c;
    (void)env;
    p->elements.n = c->d->n_in ? c->d->in[0]->n : c->d->n;
    NEED(p->element = mem_array(struct tensor, p->elements.n));
    return NULL;
}

static void padded_finish(struct cursor *c)
{
    struct padded_cursor *p = (struct padded_cursor *)c;
    elements_clear(&p->elements);
    mem_free(p->element);
}

static void forget(struct elements *e)
{
    element_clear(e->at, e->count * e->n);
    e->count = 0;
}

/* As many elements as there are, up to `size`. */
static struct status *gather(struct padded_cursor *p, struct run_env *env, int64_t size)
{
    forget(&p->elements);
    for (bool end = false; p->elements.count < size;) {
        TRY(dataset_check_stop(env));
        TRY(cursor_next_in(&p->base, env, p->element, &end));
        if (end)
            break;
        TRY(elements_add(&p->elements, p->element));
    }
    return NULL;
}

/* The shape that component i of all elements is padded to. */
static struct status *padded_shape(const struct padded_cursor *p, int i, struct shape *s)
{
    const struct shape *want = &((const struct batch *)p->base.d)->want[i];
    *s = *want;
    for (int d = 0; d < s->rank; d++)
        s->dim[d] = s->dim[d] < 0 ? 0 : s->dim[d];
    for (int64_t e = 0; e < p->elements.count; e++) {
        const struct shape *has = &elements_at(&p->elements, e)[i].shape;
        ENSURE(has->rank == want->rank, "All elements in a batch must have the same rank as the "
               "padded shape for component%d: expected rank %d but got element with rank %d", i,
               want->rank, has->rank);
        for (int d = 0; d < s->rank; d++) {
            if (want->dim[d] < 0 && has->dim[d] > s->dim[d])
                s->dim[d] = has->dim[d];
            if (has->dim[d] > s->dim[d])
                return status_new(DATA_LOSS, "Attempted to pad to a smaller size than the input "
                                  "element.");
        }
    }
    return NULL;
}

static struct status *fill_with(struct tensor *t, const struct tensor *value)
{
    int64_t n = tensor_count(t);
    if (n)
        TRY(tensor_copy_elements(t, 0, value, 0, 1));
    for (int64_t done = 1; done < n; done *= 2)
        TRY(tensor_copy_elements(t, done, t, 0, done < n - done ? done : n - done));
    return NULL;
}

static struct status *padded_component(struct padded_cursor *p, struct run_env *env, int i,
                                       struct tensor *out)
{
    const struct batch *d = (const struct batch *)p->base.d;
    const struct elements *e = &p->elements;
    struct shape s;
    bool all = true;
    TRY(padded_shape(p, i, &s));
    TRY(new_rows(out, env, d->value[i].dtype, e->count, &s));
    for (int64_t row = 0; row < e->count; row++) {
        const struct tensor *t = &elements_at(e, row)[i];
        ENSURE(t->dtype == out->dtype, "Component %d: expected type %s, got %s", i,
               dtype_name(out->dtype), dtype_name(t->dtype));
        all = all && shape_equal(&t->shape, &s);
    }
    if (!all)
        TRY(fill_with(out, &d->value[i]));
    for (int64_t row = 0; row < e->count; row++)
        TRY(array_put_padded(out, row, &elements_at(e, row)[i]));
    return NULL;
}

static struct status *padded_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    struct padded_cursor *p = (struct padded_cursor *)c;
    const struct batch *d = (const struct batch *)c->d;
    TRY(gather(p, env, d->size));
    *end = p->elements.count == 0 || (p->elements.count < d->size && d->drop);
    for (int i = 0; i < c->d->n && !*end; i++)
        TRY(padded_component(p, env, i, &out[i]));
    forget(&p->elements);
    return NULL;
}

static const struct dataset_kind PADDED = {
    .name = "PaddedBatch", .size = sizeof(struct batch), .cursor = sizeof(struct padded_cursor),
    .begin = padded_begin, .next = padded_next, .finish = padded_finish, .release = batch_release,
    .count = batch_count
};

static struct status *read_padding(struct kernel *k, struct batch *b, int n)
{
    NEED(b->want = mem_array(struct shape, n));
    NEED(b->value = mem_array(struct tensor, n));
    for (int i = 0; i < n; i++) {
        const struct tensor *want = kernel_in(k, 2 + i), *value = kernel_in(k, 2 + n + i);
        ENSURE(want->shape.rank == 1, "All padded shapes must be vectors");
        ENSURE(want->shape.dim[0] <= MAX_RANK, "A padded shape has at most %d dimensions",
               MAX_RANK);
        b->want[i].rank = (int)want->shape.dim[0];
        for (int d = 0; d < b->want[i].rank; d++) {
            b->want[i].dim[d] = tensor_int(want, d);
            ENSURE(b->want[i].dim[d] >= -1, "Dimension %lld must be >= -1",
                   (long long)b->want[i].dim[d]);
        }
        ENSURE(value->shape.rank == 0, "All padding values must be scalars");
        ENSURE(value->dtype == b->base.dtype[i], "Mismatched type between padding value %d and "
               "input dataset's component %d: %s vs. %s", i, i, dtype_name(value->dtype),
               dtype_name(b->base.dtype[i]));
        TRY(kernel_keep(k, 2 + n + i, &b->value[i]));
    }
    return NULL;
}

static struct status *padded_run(struct kernel *k)
{
    struct dataset *in;
    struct dataset_types types;
    struct batch *b;
    int64_t size;
    bool drop;
    TRY(kernel_dataset(k, 0, &in));
    TRY(dataset_int(k, 1, "batch_size", &size));
    TRY(check_size(size));
    int n = in->n;
    ENSURE(n == node_attr(k->node, "N"), "Number of padded shapes (%lld) must match the number "
           "of components in the input dataset's elements (%d)",
           (long long)node_attr(k->node, "N"), n);
    TRY(drop_remainder(k, 2 + 2 * n, &drop));
    TRY(dataset_types_of(k->node, &types));
    TRY(dataset_make_as(k, &PADDED, 1, n, in->dtype, types.n == n ? types.shape : NULL, &b));
    b->size = size;
    b->drop = drop;
    return read_padding(k, b, n);
}

/* ---- DenseToSparseBatchDataset: rows of any size as one sparse tensor ---- */

static struct status *count_entries(const struct padded_cursor *p, int64_t *n)
{
    const struct shape *row = ((const struct batch *)p->base.d)->want;
    *n = 0;
    for (int64_t e = 0; e < p->elements.count; e++) {
        const struct shape *has = &elements_at(&p->elements, e)->shape;
        ENSURE(has->rank == row->rank, "Input element had shape (%s) that is incompatible with "
               "the row shape (%s).", SHAPE_STR(has), SHAPE_STR(row));
        for (int d = 0; d < row->rank; d++)
            if (row->dim[d] >= 0 && has->dim[d] > row->dim[d])
                return status_new(DATA_LOSS, "Input element had shape (%s) that is incompatible "
                                  "with the row shape (%s).", SHAPE_STR(has), SHAPE_STR(row));
        *n += shape_count(has);
    }
    return NULL;
}

/* Where the elements of a row stand, one after another. */
static void put_places(int64_t *index, int64_t row, const struct shape *s)
{
    int64_t at[MAX_RANK] = { 0 };
    for (int64_t i = 0, n = shape_count(s); i < n; i++) {
        *index++ = row;
        for (int d = 0; d < s->rank; d++)
            *index++ = at[d];
        for (int d = s->rank - 1; d >= 0 && ++at[d] == s->dim[d]; d--)
            at[d] = 0;
    }
}

/* Space for n entries, and how large the whole is. */
static struct status *new_part(const struct padded_cursor *p, struct run_env *env, int64_t n,
                               struct sparse_part *part)
{
    const struct shape *want = ((const struct batch *)p->base.d)->want;
    const struct elements *e = &p->elements;
    TRY(tensor_new(&part->indices, env->buffers, DT_INT64, &SHAPE(n, want->rank + 1)));
    TRY(tensor_new(&part->values, env->buffers, p->base.d->in[0]->dtype[0], &SHAPE(n)));
    TRY(tensor_new(&part->shape, env->buffers, DT_INT64, &SHAPE(want->rank + 1)));
    int64_t *dense = part->shape.data;
    dense[0] = e->count;
    for (int i = 0; i < want->rank; i++) {
        dense[i + 1] = want->dim[i] < 0 ? 0 : want->dim[i];
        for (int64_t row = 0; row < e->count; row++)
            if (elements_at(e, row)->shape.dim[i] > dense[i + 1])
                dense[i + 1] = elements_at(e, row)->shape.dim[i];
    }
    return NULL;
}

static struct status *fill_part(const struct elements *e, int64_t rank, struct sparse_part *part)
{
    for (int64_t row = 0, at = 0; row < e->count; row++) {
        const struct tensor *t = elements_at(e, row);
        ENSURE(t->dtype == part->values.dtype, "Expected elements of type %s, got %s",
               dtype_name(part->values.dtype), dtype_name(t->dtype));
        put_places((int64_t *)part->indices.data + at * rank, row, &t->shape);
        TRY(tensor_copy_elements(&part->values, at, t, 0, tensor_count(t)));
        at += tensor_count(t);
    }
    return NULL;
}

static struct status *sparse_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    struct padded_cursor *p = (struct padded_cursor *)c;
    const struct batch *d = (const struct batch *)c->d;
    struct sparse_part part = { 0 };
    int64_t n;
    TRY(gather(p, env, d->size));
    *end = !p->elements.count;
    if (*end)
        return NULL;
    TRY(count_entries(p, &n));
    struct status *st = new_part(p, env, n, &part);
    if (!st)
        st = fill_part(&p->elements, d->want->rank + 1, &part);
    if (!st)
        st = tensor_new(&out[0], env->buffers, DT_VARIANT, &SHAPE(3));
    if (!st)
        st = sparse_part_put(&part, &out[0], 0);
    sparse_part_release(&part);
    forget(&p->elements);
    return st;
}

static const struct dataset_kind SPARSE = {
    .name = "DenseToSparseBatch", .size = sizeof(struct batch),
    .cursor = sizeof(struct padded_cursor), .begin = padded_begin, .next = sparse_next,
    .finish = padded_finish, .release = batch_release, .count = batch_count
};

static struct status *sparse_run(struct kernel *k)
{
    struct dataset *in;
    struct batch *b;
    int64_t size;
    const struct tensor *row = kernel_in(k, 2);
    TRY(kernel_dataset(k, 0, &in));
    TRY(dataset_int(k, 1, "batch_size", &size));
    TRY(check_size(size));
    ENSURE(row->shape.rank == 1 && row->shape.dim[0] < MAX_RANK,
           "row_shape must be a vector of less than %d sizes", MAX_RANK);
    ENSURE(in->n == 1, "DenseToSparseBatchDataset only supports inputs with a single component.");
    TRY(dataset_make_as(k, &SPARSE, 1, 1, &(enum dtype){ DT_VARIANT }, &SHAPE(3), &b));
    b->size = size;
    NEED(b->want = mem_array(struct shape, 1));
    b->want->rank = (int)row->shape.dim[0];
    for (int i = 0; i < b->want->rank; i++) {
        b->want->dim[i] = tensor_int(row, i);
        ENSURE(b->want->dim[i] >= -1, "row_shape must not be negative but for -1");
    }
    return NULL;
}

/* ---- UnbatchDataset ---- */

struct unbatch_cursor { struct cursor base; struct tensor *whole; int64_t at, rows; };

static struct status *unbatch_begin(struct cursor *c, struct run_env *env)
{
    (void)env;
    NEED(((struct unbatch_cursor *)c)->whole = mem_array(struct tensor, c->d->n));
    return NULL;
}

static void unbatch_finish(struct cursor *c)
{
    struct unbatch_cursor *u = (struct unbatch_cursor *)c;
    element_clear(u->whole, u->whole ? c->d->n : 0);
    mem_free(u->whole);
}

static struct status *next_whole(struct unbatch_cursor *u, struct run_env *env, bool *end)
{
    int n = u->base.d->n;
    element_clear(u->whole, n);
    u->at = u->rows = 0;
    TRY(cursor_next_in(&u->base, env, u->whole, end));
    for (int i = 0; i < n && !*end; i++) {
        const struct shape *s = &u->whole[i].shape;
        ENSURE(s->rank > 0, "Cannot unbatch a scalar: component %d", i);
        ENSURE(s->dim[0] == u->whole[0].shape.dim[0], "Input element must have the same batch "
               "size in each component. Component 0 had size %lld but component %d had size, "
               "%lld.", (long long)u->whole[0].shape.dim[0], i, (long long)s->dim[0]);
    }
    u->rows = *end ? 0 : u->whole[0].shape.dim[0];
    return NULL;
}

static struct status *unbatch_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                   bool *end)
{
    struct unbatch_cursor *u = (struct unbatch_cursor *)c;
    for (*end = false; u->at == u->rows && !*end;) {
        TRY(dataset_check_stop(env));
        TRY(next_whole(u, env, end));
    }
    for (int i = 0; i < c->d->n && !*end; i++)
        TRY(array_row(env->buffers, &u->whole[i], u->at, &out[i]));
    u->at += !*end;
    return NULL;
}

static const struct dataset_kind UNBATCH = {
    .name = "Unbatch", .size = sizeof(struct dataset), .cursor = sizeof(struct unbatch_cursor),
    .begin = unbatch_begin, .next = unbatch_next, .finish = unbatch_finish
};

static struct status *unbatch_run(struct kernel *k)
{
    struct dataset *in, *d;
    struct shape *shape;
    TRY(kernel_dataset(k, 0, &in));
    TRY(kernel_temp(k, (size_t)in->n * sizeof *shape, &shape));
    for (int i = 0; i < in->n; i++) {
        const struct shape *s = &in->shape[i];
        ENSURE(s->rank != 0, "Cannot unbatch an input with scalar components.");
        shape[i] = shape_of_row(s);
    }
    return dataset_make_as(k, &UNBATCH, 1, in->n, in->dtype, shape, &d);
}

/* ---- the rows ---- */

#define TYPES "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"

#define BATCH_OP(op_name, in, attributes, shape_fn, run, sentence)                          \
    { .name = op_name, .inputs = "input_dataset: variant, batch_size: int64" in,            \
      .outputs = "handle: variant", .attrs = attributes, .doc = sentence,                   \
      .shape = shape_fn, .grad = NO_GRADIENT, .kernel_any = run }

#define PADDING ", padded_shapes: N * int64, padding_values: Toutput_types"
#define PADDED_TYPES \
    "Toutput_types: list(type) >= 1; output_shapes: list(shape) >= 1; N: int >= 1"

#define UNBATCH_OP(op_name)                                                                 \
    { .name = op_name, .inputs = "input_dataset: variant", .outputs = "handle: variant",    \
      .attrs = TYPES, .doc = "The rows of a dataset's elements.", .shape = shape_scalar,    \
      .grad = NO_GRADIENT, .kernel_any = unbatch_run }

const struct op ops_dataset_batch[] = {
    BATCH_OP("BatchDataset", "", TYPES, dataset_shape, batch_run,
             "So many elements of a dataset as one; the last one may be smaller."),
    BATCH_OP("BatchDatasetV2", ", drop_remainder: bool", TYPES "; parallel_copy: bool = false",
             dataset_shape, batch_run, "So many elements of a dataset as one."),
    BATCH_OP("PaddedBatchDataset", PADDING, PADDED_TYPES, shape_scalar, padded_run,
             "So many elements of a dataset as one, padded to one shape."),
    BATCH_OP("PaddedBatchDatasetV2", PADDING ", drop_remainder: bool",
             PADDED_TYPES "; parallel_copy: bool = false", shape_scalar, padded_run,
             "So many elements of a dataset as one, padded to one shape."),
    BATCH_OP("DenseToSparseBatchDataset", ", row_shape: int64", TYPES, shape_scalar, sparse_run,
             "So many elements of a dataset as one sparse tensor."),
    BATCH_OP("ExperimentalDenseToSparseBatchDataset", ", row_shape: int64", TYPES, shape_scalar,
             sparse_run, "So many elements of a dataset as one sparse tensor."),
    UNBATCH_OP("UnbatchDataset"),
    UNBATCH_OP("ExperimentalUnbatchDataset"),
    { 0 }
};
