/* edit.c - EditDistance: how far sequences, kept as sparse tensors, are from each other. */
#include "ops/key.h"
#include "ops/sparse.h"

#include <math.h>
#include <string.h>

/* A sparse tensor in order, and where its group at hand begins and ends. */
struct sequences {
    struct sparse s;
    int64_t *order, begin, end;
};

static struct status *edit_read(struct kernel *k, int first, const char *what,
                                struct sequences *q)
{
    const struct shape *indices = &kernel_in(k, first)->shape;
    const struct shape *values = &kernel_in(k, first + 1)->shape;
    const struct shape *shape = &kernel_in(k, first + 2)->shape;
    ENSURE(indices->rank == 2, "%s_indices should be a matrix, but got shape: %s", what,
           SHAPE_STR(indices));
    ENSURE(values->rank == 1, "%s_values should be a vector, but got shape: %s", what,
           SHAPE_STR(values));
    ENSURE(shape->rank == 1, "%s_shape should be a vector, but got shape: %s", what,
           SHAPE_STR(shape));
    ENSURE(shape->dim[0] >= 2, "Input %s SparseTensors must have rank at least 2, but %s_shape "
           "rank is: %lld", what, what, (long long)shape->dim[0]);
    ENSURE(shape->dim[0] == indices->dim[1], "%s_shape has %lld elements, but %s_indices has %lld "
           "columns", what, (long long)shape->dim[0], what, (long long)indices->dim[1]);
    TRY(sparse_read(k, first, &q->s));
    TRY(sparse_check(&q->s, false));
    q->begin = q->end = 0;
    return sparse_order(k, q->s.index, q->s.n, q->s.shape.rank, &q->order);
}

static const int64_t *edit_index(const struct sequences *q, int64_t i)
{
    return q->s.index + q->order[i] * q->s.shape.rank;
}

/* The group at hand ends where another begins: all coordinates but the last one are a group's. */
static void edit_close(struct sequences *q)
{
    int rank = q->s.shape.rank - 1;
    q->end = q->begin;
    while (q->end < q->s.n &&
           !sparse_compare(edit_index(q, q->begin), edit_index(q, q->end), rank))
        q->end++;
}

struct edit {
    struct sequences hypothesis, truth;
    key_fn *key;
    int64_t *row;               /* of the table of distances */
    bool normalize;
};

static bool edit_same(const struct edit *e, int64_t i, int64_t j)
{
    const struct tensor *h = e->hypothesis.s.values, *t = e->truth.s.values;
    return key_same(e->key, h->dtype, h->data, e->hypothesis.order[e->hypothesis.begin + i],
                    t->data, e->truth.order[e->truth.begin + j]);
}

/* Levenshtein's distance of the two groups at hand. */
static int64_t edit_distance(const struct edit *e)
{
    int64_t n = e->hypothesis.end - e->hypothesis.begin, m = e->truth.end - e->truth.begin;
    int64_t *row = e->row;
    for (int64_t j = 0; j <= m; j++)
        row[j] = j;
    for (int64_t i = 0; i < n; i++) {
        int64_t corner = row[0];
        row[0] = i + 1;
        for (int64_t j = 0; j < m; j++) {
            int64_t changed = corner + !edit_same(e, i, j);
            int64_t longer = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            corner = row[j + 1];
            row[j + 1] = changed < longer ? changed : longer;
        }
    }
    return row[m];
}

/* Of a group that only one has, the other's is empty. */
static float edit_result(const struct edit *e)
{
    int64_t m = e->truth.end - e->truth.begin;
    int64_t d = edit_distance(e);
    if (!e->normalize)
        return (float)d;
    return m ? (float)d / (float)m : d ? INFINITY : 0;
}

/* Groups one by one, in order, whichever has the next. */
static void edit_groups(struct edit *e, const struct shape *y, float *to)
{
    struct sequences *h = &e->hypothesis, *t = &e->truth;
    int64_t stride[MAX_RANK];
    shape_strides(y, stride);
    while (h->begin < h->s.n || t->begin < t->s.n) {
        int order = h->begin == h->s.n ? 1 : t->begin == t->s.n ? -1
                  : sparse_compare(edit_index(h, h->begin), edit_index(t, t->begin), y->rank);
        const int64_t *index = order <= 0 ? edit_index(h, h->begin) : edit_index(t, t->begin);
        int64_t at = 0;
        h->end = h->begin, t->end = t->begin;
        if (order <= 0)
            edit_close(h);
        if (order >= 0)
            edit_close(t);
        for (int d = 0; d < y->rank; d++)
            at += index[d] * stride[d];
        to[at] = edit_result(e);
        h->begin = h->end, t->begin = t->end;
    }
}

/* All groups that either may have: all dimensions but the last one. */
static struct status *edit_out(const struct shape *h, const struct shape *t, struct shape *y)
{
    ENSURE(h->rank == t->rank, "Expected hypothesis_shape and truth_shape to have the same size, "
           "but got %d and %d", h->rank, t->rank);
    y->rank = h->rank - 1;
    for (int d = 0; d < y->rank; d++)
        y->dim[d] = h->dim[d] > t->dim[d] ? h->dim[d] : t->dim[d];
    return shape_check(y);
}

static struct status *edit_run(struct kernel *k)
{
    struct edit e = { .key = key_of(kernel_in(k, 1)->dtype),
                      .normalize = node_attr(k->node, "normalize") };
    struct shape y;
    TRY(edit_read(k, 0, "hypothesis", &e.hypothesis));
    TRY(edit_read(k, 3, "truth", &e.truth));
    TRY(edit_out(&e.hypothesis.s.shape, &e.truth.s.shape, &y));
    TRY(kernel_temp(k, ((size_t)e.truth.s.n + 1) * sizeof *e.row, &e.row));
    TRY(kernel_new(k, 0, DT_FLOAT, &y));
    array_zero(kernel_out(k, 0));
    edit_groups(&e, &y, kernel_out(k, 0)->data);
    return NULL;
}

static struct status *edit_shape(struct shape_ctx *c)
{
    int64_t n, rank;
    struct shape h, t;
    TRY(sparse_shapes(c, 0, &n, &rank));
    TRY(sparse_shapes(c, 3, &n, &rank));
    TRY(shape_in_shape(c, 2, &h));
    TRY(shape_in_shape(c, 5, &t));
    if (h.rank < 1 || t.rank < 1 || !shape_is_known(&h) || !shape_is_known(&t))
        return NULL;
    return edit_out(&h, &t, shape_out(c, 0));
}

const struct op ops_edit[] = {
    { .name = "EditDistance",
      .inputs = "hypothesis_indices: int64, hypothesis_values: T, hypothesis_shape: int64, "
                "truth_indices: int64, truth_values: T, truth_shape: int64",
      .outputs = "output: float", .attrs = "normalize: bool = true; T: type",
      .doc = "How many elements are to be inserted, deleted and replaced to make each sequence of "
             "the truth of one of the hypothesis; as a part of the truth's length.",
      .shape = edit_shape, .grad = NOT_DIFFERENTIABLE, .kernel_any = edit_run },
    { 0 }
};
