/* dataset_join.c - several datasets as one: ZipDataset, ConcatenateDataset,
 * DirectedInterleaveDataset. */
#include "base/mem.h"
#include "graph/graph.h"
#include "op/shape_fn.h"
#include "ops/dataset.h"

/* A cursor of each; those that have come to their end are NULL. */
struct joined_cursor { struct cursor base; struct cursor **part; int left; };

static struct status *joined_begin(struct cursor *c, struct run_env *env)
{
    struct joined_cursor *j = (struct joined_cursor *)c;
    NEED(j->part = mem_array(struct cursor *, c->d->n_in));
    j->left = c->d->n_in;
    for (int i = 0; i < c->d->n_in; i++)
        TRY(cursor_new(c->d->in[i], env, &j->part[i]));
    return NULL;
}

static void joined_finish(struct cursor *c)
{
    struct joined_cursor *j = (struct joined_cursor *)c;
    for (int i = 0; i < c->d->n_in && j->part; i++)
        cursor_free(j->part[i]);
    mem_free(j->part);
    j->part = NULL;
}

/* ---- ZipDataset: components side by side, until one of them ends ---- */

static struct status *zip_next(struct cursor *c, struct run_env *env, struct tensor *out, bool *end)
{
    struct joined_cursor *z = (struct joined_cursor *)c;
    *end = !z->part;
    for (int i = 0, at = 0; i < c->d->n_in && !*end; at += c->d->in[i++]->n)
        TRY(cursor_next(z->part[i], env, out + at, end));
    if (*end)
        joined_finish(c);
    return NULL;
}

static int64_t zip_count(const struct dataset *d)
{
    int64_t least = COUNT_INFINITE;
    for (int i = 0; i < d->n_in; i++) {
        int64_t n = dataset_count(d->in[i]);
        if (n == COUNT_UNKNOWN)
            return n;
        if (n != COUNT_INFINITE && (least == COUNT_INFINITE || n < least))
            least = n;
    }
    return least;
}

static const struct dataset_kind ZIP = {
    .name = "Zip", .size = sizeof(struct dataset), .cursor = sizeof(struct joined_cursor),
    .many = true, .begin = joined_begin, .next = zip_next, .finish = joined_finish,
    .count = zip_count
};

static struct status *zip_run(struct kernel *k)
{
    struct dataset *d, *zip;
    enum dtype *dtype;
    struct shape *shape;
    int n = 0, at = 0;
    for (int i = 0; i < k->n_in; i++) {
        TRY(kernel_dataset(k, i, &d));
        n += d->n;
    }
    TRY(kernel_temp(k, (size_t)n * sizeof *dtype, &dtype));
    TRY(kernel_temp(k, (size_t)n * sizeof *shape, &shape));
    for (int i = 0; i < k->n_in; i++, at += d->n) {
        TRY(kernel_dataset(k, i, &d));
        memcpy(dtype + at, d->dtype, (size_t)d->n * sizeof *dtype);
        memcpy(shape + at, d->shape, (size_t)d->n * sizeof *shape);
    }
    return dataset_make_as(k, &ZIP, k->n_in, n, dtype, shape, &zip);
}

/* ---- ConcatenateDataset ---- */

/* The second one begins when the first has ended. */
struct concat_cursor { struct cursor base; int at; };

static struct status *concat_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                  bool *end)
{
    struct concat_cursor *both = (struct concat_cursor *)c;
    for (*end = true; *end && both->at < c->d->n_in;) {
        if (!c->in)
            TRY(cursor_new(c->d->in[both->at], env, &c->in));
        TRY(cursor_next_in(c, env, out, end));
        both->at += *end;
    }
    return NULL;
}

static int64_t concat_count(const struct dataset *d)
{
    int64_t a = dataset_count(d->in[0]), b = dataset_count(d->in[1]), sum;
    if (a == COUNT_INFINITE || b == COUNT_INFINITE)
        return COUNT_INFINITE;
    return a < 0 || b < 0 ? COUNT_UNKNOWN
           : __builtin_add_overflow(a, b, &sum) ? COUNT_INFINITE : sum;
}

static const struct dataset_kind CONCATENATE = {
    .name = "Concatenate", .size = sizeof(struct dataset), .cursor = sizeof(struct concat_cursor),
    .many = true, .next = concat_next, .count = concat_count
};

/* What fits both. */
static struct shape shape_common(const struct shape *a, const struct shape *b)
{
    struct shape both = *a;
    if (a->rank != b->rank)
        return SHAPE_UNKNOWN;
    for (int i = 0; i < both.rank; i++)
        if (a->dim[i] != b->dim[i])
            both.dim[i] = -1;
    return both;
}

static struct status *check_alike(const struct dataset *a, const struct dataset *b,
                                  const char *what)
{
    bool same = a->n == b->n;
    for (int i = 0; i < a->n && same; i++)
        same = a->dtype[i] == b->dtype[i];
    ENSURE(same, "%s have different output_types", what);
    return NULL;
}

static struct status *concat_run(struct kernel *k)
{
    struct dataset *a, *b, *both;
    struct shape *shape;
    TRY(kernel_dataset(k, 0, &a));
    TRY(kernel_dataset(k, 1, &b));
    TRY(check_alike(a, b, "input dataset and another dataset"));
    TRY(kernel_temp(k, (size_t)a->n * sizeof *shape, &shape));
    for (int i = 0; i < a->n; i++)
        shape[i] = shape_common(&a->shape[i], &b->shape[i]);
    return dataset_make_as(k, &CONCATENATE, 2, a->n, a->dtype, shape, &both);
}

/* ---- DirectedInterleaveDataset: the first dataset says which of the others is next ---- */

/* The choice, given back: its shape may not be what its dataset says. */
static struct status *choose(const struct cursor *c, struct tensor *choice, int64_t *at)
{
    bool scalar = !choice->shape.rank;
    *at = scalar ? tensor_int(choice, 0) : -1;
    tensor_unref(choice);
    ENSURE(scalar, "The selector input must be a dataset of scalar int64 elements.");
    ENSURE(*at >= 0 && *at < c->d->n_in - 1, "Selector index out of range: %lld >= %d",
           (long long)*at, c->d->n_in - 1);
    return NULL;
}

/* A choice of one that has ended is passed over; it is over when they all have. */
static struct status *directed_next(struct cursor *c, struct run_env *env, struct tensor *out,
                                    bool *end)
{
    struct joined_cursor *j = (struct joined_cursor *)c;
    for (*end = !j->part; !*end;) {
        struct tensor choice = { 0 };
        TRY(dataset_check_stop(env));
        TRY(cursor_next(j->part[0], env, &choice, end));
        int64_t at = 0;
        if (!*end)
            TRY(choose(c, &choice, &at));
        bool over = *end || !j->part[at + 1];
        if (!over) {
            TRY(cursor_next(j->part[at + 1], env, out, &over));
            if (!over)
                return NULL;
            cursor_free(j->part[at + 1]);
            j->part[at + 1] = NULL;
            *end = --j->left == 1;
        }
    }
    joined_finish(c);
    return NULL;
}

static const struct dataset_kind DIRECTED = {
    .name = "DirectedInterleave", .size = sizeof(struct dataset),
    .cursor = sizeof(struct joined_cursor), .many = true, .begin = joined_begin,
    .next = directed_next, .finish = joined_finish
};

static struct status *directed_run(struct kernel *k)
{
    struct dataset *choice, *first, *other, *d;
    TRY(kernel_dataset(k, 0, &choice));
    ENSURE(choice->n == 1 && choice->dtype[0] == DT_INT64 && choice->shape[0].rank <= 0,
           "The selector input must be a dataset of scalar int64 elements.");
    TRY(kernel_dataset(k, 1, &first));
    for (int i = 2; i < k->n_in; i++) {
        TRY(kernel_dataset(k, i, &other));
        TRY(check_alike(first, other, "all input datasets must be alike: they"));
    }
    return dataset_make_as(k, &DIRECTED, k->n_in, first->n, first->dtype, NULL, &d);
}

/* ---- the rows ---- */

#define TYPES "output_types: list(type) >= 1; output_shapes: list(shape) >= 1"

#define JOIN(op_name, in, attributes, run, sentence)                                        \
    { .name = op_name, .inputs = in, .outputs = "handle: variant",                          \
      .attrs = TYPES attributes, .doc = sentence, .shape = shape_scalar,                    \
      .grad = NO_GRADIENT, .kernel_any = run }

#define DIRECTED_IN "selector_input_dataset: variant, data_input_datasets: N * variant"

const struct op ops_dataset_join[] = {
    JOIN("ZipDataset", "input_datasets: N * variant", "; N: int >= 1", zip_run,
         "Elements of several datasets side by side, until one of them ends."),
    JOIN("ConcatenateDataset", "input_dataset: variant, another_dataset: variant", "",
         concat_run, "The elements of one dataset, then those of another."),
    JOIN("DirectedInterleaveDataset", DIRECTED_IN, "; N: int >= 1", directed_run,
         "Elements of several datasets, in the order that another one chooses."),
    JOIN("ExperimentalDirectedInterleaveDataset", DIRECTED_IN, "; N: int >= 1", directed_run,
         "Elements of several datasets, in the order that another one chooses."),
    { 0 }
};
