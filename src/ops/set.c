/* set.c - tensors as rows of sets, along the last dimension: SetSize, and difference, intersection
 * and union of two: DenseToDenseSetOperation, DenseToSparseSetOperation and
 * SparseToSparseSetOperation.
 *
 * A side is walked row by row. Of each row the distinct values are sorted, as what comes out is,
 * so that two rows are joined by one walk along both. */
#include "ops/sparse.h"

#include "tensor/tstring.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- elements ---- */

/* One value of a row, and where it stands. */
struct element {
    union { int64_t number; const struct tstring *text; };
    const struct tensor *values;
    int64_t at;
};

static struct element element_at(const struct tensor *values, int64_t at)
{
    struct element e = { .values = values, .at = at };
    if (values->dtype == DT_STRING)
        e.text = (const struct tstring *)values->data + at;
    else
        e.number = tensor_int(values, at);
    return e;
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = ((const struct element *)a)->number, y = ((const struct element *)b)->number;
    return x < y ? -1 : x > y;
}

static int compare_texts(const void *a, const void *b)
{
    const struct tstring *x = ((const struct element *)a)->text;
    const struct tstring *y = ((const struct element *)b)->text;
    size_t m = tstring_len(x), n = tstring_len(y);
    int order = memcmp(tstring_data(x), tstring_data(y), m < n ? m : n);
    return order ? order : m < n ? -1 : m > n;
}

typedef int comparison(const void *a, const void *b);

static comparison *comparison_of(enum dtype t)
{
    return t == DT_STRING ? compare_texts : compare_numbers;
}

/* ---- sides ---- */

enum { NO_ROW = -1 };

/* One input; the row that is next is found by side_row(), read by side_read(). */
struct side {
    struct sparse s;            /* of a dense one: `values`, `shape` and n elements alone */
    int64_t width;              /* of a row of a dense one, 0 of a sparse one */
    const int64_t *order;       /* of entries; NULL: as they stand */
    int64_t at;                 /* the next entry */
    struct element *element;    /* room for any row */
};

static int64_t side_entry(const struct side *x, int64_t i) { return x->order ? x->order[i] : i; }

/* The number of the row that entry i is in. */
static int64_t row_of(const struct side *x, int64_t i)
{
    if (x->width)
        return i / x->width;
    const int64_t *at = x->s.index + side_entry(x, i) * x->s.shape.rank;
    int64_t row = 0;
    for (int d = 0; d < x->s.shape.rank - 1; d++)
        row = row * x->s.shape.dim[d] + at[d];
    return row;
}

static int64_t side_row(const struct side *x)
{
    return x->at < x->s.n ? row_of(x, x->at) : NO_ROW;
}

/* The distinct values of the row, sorted; where it is not the next one there are none. */
static int64_t side_read(struct side *x, int64_t row)
{
    comparison *compare = comparison_of(x->s.values->dtype);
    int64_t n = 0, kept = 0;
    for (; side_row(x) == row; x->at++)
        x->element[n++] = element_at(x->s.values, side_entry(x, x->at));
    qsort(x->element, (size_t)n, sizeof *x->element, compare);
    for (int64_t i = 0; i < n; i++)
        if (!i || compare(&x->element[i], &x->element[kept - 1]))
            x->element[kept++] = x->element[i];
    return kept;
}

static struct status *side_room(struct kernel *k, struct side *x)
{
    return kernel_temp(k, ((size_t)x->s.n + 1) * sizeof *x->element, &x->element);
}

static struct status *dense_side(struct kernel *k, int in, struct side *x)
{
    const struct tensor *t = kernel_in(k, in);
    ENSURE(t->shape.rank >= 2, "Shape %s has rank %d < 2", SHAPE_STR(&t->shape), t->shape.rank);
    *x = (struct side){ .s = { .values = t, .shape = t->shape, .n = tensor_count(t) } };
    x->width = t->shape.dim[t->shape.rank - 1];
    return side_room(k, x);
}

/* Where nobody is to check their order, entries are sorted here. */
static struct status *sparse_side(struct kernel *k, int in, struct side *x)
{
    bool ordered = *(const bool *)k->state;
    int64_t *order = NULL;
    *x = (struct side){ 0 };
    TRY(sparse_read(k, in, &x->s));
    ENSURE(x->s.shape.rank >= 2, "Invalid rank %d.", x->s.shape.rank);
    TRY(sparse_check(&x->s, ordered));
    if (!ordered)
        TRY(sparse_order(k, x->s.index, x->s.n, x->s.shape.rank, &order));
    x->order = order;
    return side_room(k, x);
}

/* ---- two sides ---- */

struct operation {
    bool validate;              /* first: what sparse_side() reads */
    bool left, both, right;     /* are values of one side alone wanted, or of both? */
};

static struct status *operation_prepare(struct prep *p)
{
    static const struct { const char *name; bool left, both, right; } known[] = {
        { "a-b", true, false, false }, { "b-a", false, false, true },
        { "intersection", false, true, false }, { "union", true, true, true },
    };
    const char *name = node_attr_string(p->node, "set_operation");
    struct operation *o;
    TRY(prep_state(p, sizeof *o, &o));
    o->validate = node_attr(p->node, "validate_indices");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcasecmp(name, known[i].name)) {
            o->left = known[i].left;
            o->both = known[i].both;
            o->right = known[i].right;
            return NULL;
        }
    return status_new(INVALID_ARGUMENT, "Invalid set_operation %s.", name);
}

/* What comes out: elements, and the row of each. */
struct result {
    struct element *element;
    int64_t *row, n, most;
};

static void join_row(const struct operation *o, const struct side *a, int64_t n_a,
                     const struct side *b, int64_t n_b, int64_t row, struct result *r)
{
    comparison *compare = comparison_of(a->s.values->dtype);
    int64_t i = 0, j = 0, begin = r->n;
    while (i < n_a || j < n_b) {
        int order = j == n_b ? -1 : i == n_a ? 1 : compare(&a->element[i], &b->element[j]);
        if (order < 0 ? o->left : order > 0 ? o->right : o->both) {
            r->row[r->n] = row;
            r->element[r->n++] = order <= 0 ? a->element[i] : b->element[j];
        }
        i += order <= 0;
        j += order >= 0;
    }
    if (r->n - begin > r->most)
        r->most = r->n - begin;
}

/* Rows that neither side has give nothing. */
static void join(const struct operation *o, struct side *a, struct side *b, struct result *r)
{
    for (;;) {
        int64_t x = side_row(a), y = side_row(b);
        int64_t row = x == NO_ROW || (y != NO_ROW && y < x) ? y : x;
        if (row == NO_ROW)
            return;
        int64_t n_a = side_read(a, row), n_b = side_read(b, row);
        join_row(o, a, n_a, b, n_b, row, r);
    }
}

static struct status *put_result(struct kernel *k, const struct result *r,
                                 const struct shape *size, enum dtype dtype)
{
    int64_t *y, place = 0;
    TRY(sparse_new(k, 0, &SHAPE(r->n, size->rank), &y));
    TRY(kernel_new(k, 1, dtype, &SHAPE(r->n)));
    for (int64_t i = 0; i < r->n; i++, y += size->rank) {
        int64_t row = r->row[i];
        place = i && r->row[i - 1] == row ? place + 1 : 0;
        for (int d = size->rank - 2; d >= 0; row /= size->dim[d], d--)
            y[d] = row % size->dim[d];
        y[size->rank - 1] = place;
        TRY(tensor_copy_elements(kernel_out(k, 1), i, r->element[i].values, r->element[i].at, 1));
    }
    return sparse_put_shape(k, 2, size);
}

static struct status *operate(struct kernel *k, struct side *a, struct side *b)
{
    struct shape size = a->s.shape, other = b->s.shape;
    struct result r = { 0 };
    size_t room = (size_t)a->s.n + (size_t)b->s.n + 1;
    size.rank--;
    other.rank--;
    ENSURE(shape_equal(&size, &other), "Mismatched shapes %s vs %s", SHAPE_STR(&size),
           SHAPE_STR(&other));
    TRY(kernel_temp(k, room * sizeof *r.element, &r.element));
    TRY(kernel_temp(k, room * sizeof *r.row, &r.row));
    join(k->state, a, b, &r);
    size.dim[size.rank++] = r.most;
    return put_result(k, &r, &size, a->s.values->dtype);
}

static struct status *dense_to_dense(struct kernel *k)
{
    struct side a, b;
    TRY(dense_side(k, 0, &a));
    TRY(dense_side(k, 1, &b));
    return operate(k, &a, &b);
}

static struct status *dense_to_sparse(struct kernel *k)
{
    struct side a, b;
    TRY(dense_side(k, 0, &a));
    TRY(sparse_side(k, 1, &b));
    return operate(k, &a, &b);
}

static struct status *sparse_to_sparse(struct kernel *k)
{
    struct side a, b;
    TRY(sparse_side(k, 0, &a));
    TRY(sparse_side(k, 3, &b));
    return operate(k, &a, &b);
}

/* ---- SetSize ---- */

static struct status *size_prepare(struct prep *p)
{
    bool *validate;
    TRY(prep_state(p, sizeof *validate, &validate));
    *validate = node_attr(p->node, "validate_indices");
    return NULL;
}

static struct status *set_size(struct kernel *k)
{
    struct side x;
    TRY(sparse_side(k, 0, &x));
    struct shape rows = x.s.shape;
    rows.rank--;
    TRY(kernel_new(k, 0, DT_INT32, &rows));
    array_zero(kernel_out(k, 0));
    int32_t *y = kernel_out(k, 0)->data;
    for (int64_t row; (row = side_row(&x)) != NO_ROW;)
        y[row] = (int32_t)side_read(&x, row);
    return NULL;
}

/* ---- shapes ---- */

/* The shape of input `in`, or what the shape of a sparse one says; its last size is left open. */
static struct status *set_shape(struct shape_ctx *c, int in, bool sparse, struct shape *s)
{
    *s = *shape_in(c, in);
    if (sparse) {
        int64_t n, rank;
        TRY(sparse_shapes(c, in, &n, &rank));
        TRY(shape_in_shape(c, in + 2, s));
        if (s->rank < 0 && rank >= 0 && rank <= MAX_RANK)
            *s = shape_of_rank((int)rank);
    }
    ENSURE(s->rank < 0 || s->rank >= 2, "Input %d, expected rank >= 2, got %d.", in, s->rank);
    if (s->rank > 0)
        s->dim[s->rank - 1] = -1;
    return NULL;
}

static struct status *operation_shape(struct shape_ctx *c, bool a_sparse, bool b_sparse)
{
    struct shape a, b;
    TRY(set_shape(c, 0, a_sparse, &a));
    TRY(set_shape(c, a_sparse ? 3 : 1, b_sparse, &b));
    TRY(shape_merge(&a, &b, &a));
    *shape_out(c, 0) = SHAPE(-1, a.rank);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(a.rank);
    return NULL;
}

static struct status *dense_to_dense_shape(struct shape_ctx *c)
{
    return operation_shape(c, false, false);
}

static struct status *dense_to_sparse_shape(struct shape_ctx *c)
{
    return operation_shape(c, false, true);
}

static struct status *sparse_to_sparse_shape(struct shape_ctx *c)
{
    return operation_shape(c, true, true);
}

static struct status *size_shape(struct shape_ctx *c)
{
    struct shape s;
    TRY(set_shape(c, 0, true, &s));
    if (s.rank > 0)
        s.rank--;
    *shape_out(c, 0) = s;
    return NULL;
}

#define TYPES "validate_indices: bool = true; " \
              "T: {int8, int16, int32, int64, uint8, uint16, string}"
#define OPERATION .attrs = "set_operation: string; " TYPES, .prepare = operation_prepare, \
    .outputs = "result_indices: int64, result_values: T, result_shape: int64", \
    .grad = NOT_DIFFERENTIABLE

const struct op ops_set[] = {
    { .name = "DenseToDenseSetOperation", OPERATION, .inputs = "set1: T, set2: T",
      .doc = "Difference, intersection or union of the rows of two tensors, as sorted sets.",
      .shape = dense_to_dense_shape, .kernel_any = dense_to_dense },
    { .name = "DenseToSparseSetOperation", OPERATION,
      .inputs = "set1: T, set2_indices: int64, set2_values: T, set2_shape: int64",
      .doc = "Difference, intersection or union of the rows of a dense and a sparse tensor.",
      .shape = dense_to_sparse_shape, .kernel_any = dense_to_sparse },
    { .name = "SparseToSparseSetOperation", OPERATION,
      .inputs = "set1_indices: int64, set1_values: T, set1_shape: int64, set2_indices: int64, "
                "set2_values: T, set2_shape: int64",
      .doc = "Difference, intersection or union of the rows of two sparse tensors.",
      .shape = sparse_to_sparse_shape, .kernel_any = sparse_to_sparse },
    { .name = "SetSize", .inputs = "set_indices: int64, set_values: T, set_shape: int64",
      .outputs = "size: int32", .attrs = TYPES,
      .doc = "How many distinct values each row of a sparse tensor has.",
      .shape = size_shape, .grad = NOT_DIFFERENTIABLE, .prepare = size_prepare,
      .kernel_any = set_size },
    { 0 }
};
