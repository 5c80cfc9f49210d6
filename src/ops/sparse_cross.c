/* sparse_cross.c - SparseCross: of each row all combinations of one feature a column, as joined
 * strings or as hashes.
 *
 * Rows are walked twice, to count and to write, with a cursor in each column, so that no memory is
 * needed but the result's. Only rows that the first sparse column has can give anything. */
#include "ops/hash.h"
#include "ops/sparse.h"
#include "base/str.h"
#include "tensor/tstring.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct cross {
    bool hashed;
    int n_sparse, n_dense;
    enum dtype within;                  /* TF: what features are while they are joined */
    uint64_t buckets, key;
};

static struct status *cross_prepare(struct prep *p)
{
    struct cross *c;
    int64_t buckets = node_attr(p->node, "num_buckets"), n = node_attr(p->node, "N");
    int n_values = node_attr_find(p->node, "sparse_types")->n;
    ENSURE(n_values == n, "Expected %lld input values, got %d", (long long)n, n_values);
    TRY(prep_state(p, sizeof *c, &c));
    c->hashed = node_attr_type(p->node, "out_type") == DT_INT64;
    c->n_sparse = n_values;
    c->n_dense = node_attr_find(p->node, "dense_types")->n;
    c->within = node_attr_type(p->node, "internal_type");
    c->buckets = buckets > 0 ? (uint64_t)buckets : INT64_MAX;
    c->key = (uint64_t)node_attr(p->node, "hash_key");
    return NULL;
}

static struct status *cross_shape(struct shape_ctx *c)
{
    *shape_out(c, 0) = SHAPE(-1, 2);
    *shape_out(c, 1) = SHAPE(-1);
    *shape_out(c, 2) = SHAPE(2);
    return NULL;
}

/* ---- columns ---- */

/* A column, and which of its values are those of the row. */
struct column {
    const struct tensor *values;
    const int64_t *index;               /* of a sparse one: pairs of row and place */
    int64_t n, at;                      /* its entries; the first that is not behind us */
    int64_t begin, count;
    int64_t chosen;                     /* of `count`: in the combination that is made */
};

struct columns { struct column *at; int n, n_sparse; int64_t rows; };

/* TF: an entry whose row is not there, or behind us, ends its column. */
static void column_seek(struct column *c, int64_t row)
{
    while (c->at < c->n && c->index[2 * c->at] < row &&
           (c->at ? c->index[2 * c->at] >= c->index[2 * (c->at - 1)] : c->index[0] >= 0))
        c->at++;
    for (c->begin = c->at; c->at < c->n && c->index[2 * c->at] == row;)
        c->at++;
    c->count = c->at - c->begin;
}

/* The next row after `row` that may give something; `rows` if there is none. */
static int64_t next_row(const struct columns *c, int64_t row)
{
    const struct column *first = &c->at[0];
    if (!c->n_sparse)
        return row + 1;
    if (first->at == first->n || first->index[2 * first->at] <= row ||
        first->index[2 * first->at] > c->rows)
        return c->rows;
    return first->index[2 * first->at];
}

static void columns_rewind(struct columns *c)
{
    for (int i = 0; i < c->n_sparse; i++)
        c->at[i].at = 0;
}

/* How many combinations the row has. */
static struct status *columns_seek(struct columns *c, int64_t row, int64_t *n)
{
    *n = 1;
    for (int i = 0; i < c->n; i++) {
        struct column *column = &c->at[i];
        if (i < c->n_sparse)
            column_seek(column, row);
        else
            column->begin = row * column->count;
        column->chosen = 0;
        ENSURE(!__builtin_mul_overflow(*n, column->count, n), "Row %lld has too many crosses",
               (long long)row);
    }
    return NULL;
}

/* The last column changes fastest. */
static void columns_next(struct columns *c)
{
    for (int i = c->n - 1; i >= 0; i--) {
        if (++c->at[i].chosen < c->at[i].count)
            return;
        c->at[i].chosen = 0;
    }
}

/* ---- reading them ---- */

static struct status *check_within(const struct cross *c, const struct tensor *t, int i)
{
    ENSURE(c->within != DT_STRING || t->dtype == DT_STRING, "Input values should be of internal "
           "type %s but received %s at position %d", dtype_name(c->within), dtype_name(t->dtype),
           i);
    return NULL;
}

static struct status *read_sparse(const struct kernel *k, const struct cross *c, int i,
                                  struct columns *to)
{
    const struct tensor *at = kernel_in(k, i), *v = kernel_in(k, c->n_sparse + i);
    const struct tensor *size = kernel_in(k, 2 * c->n_sparse + i);
    ENSURE(at->shape.rank == 2, "Input indices should be a matrix but received shape %s at "
           "position %d", SHAPE_STR(&at->shape), i);
    ENSURE(at->shape.dim[1] == 2, "Expected D2 of index to be 2 got %lld at position %d",
           (long long)at->shape.dim[1], i);
    TRY(check_within(c, v, i));
    ENSURE(v->shape.rank == 1, "Input values should be a vector but received shape %s at position "
           "%d", SHAPE_STR(&v->shape), i);
    ENSURE(at->shape.dim[0] == v->shape.dim[0], "Expected size of values to be %lld got %lld at "
           "position %d", (long long)at->shape.dim[0], (long long)v->shape.dim[0], i);
    ENSURE(size->shape.rank == 1, "Input shapes should be a vector but received shape %s at "
           "position %d", SHAPE_STR(&size->shape), i);
    ENSURE(size->shape.dim[0] == 2, "shape should imply a 2D tensor, but got %s at position %d",
           SHAPE_STR(&size->shape), i);
    int64_t rows = index_at(size, 0);
    ENSURE(rows >= 0, "Expected a batch size of at least 0, got %lld at position %d",
           (long long)rows, i);
    ENSURE(i == 0 || rows == to->rows, "Expected batch size %lld got %lld at position %d",
           (long long)to->rows, (long long)rows, i);
    to->rows = rows;
    to->at[i] = (struct column){ .values = v, .index = at->data, .n = v->shape.dim[0] };
    return NULL;
}

static struct status *read_dense(const struct kernel *k, const struct cross *c, int i,
                                 struct columns *to)
{
    const struct tensor *v = kernel_in(k, 3 * c->n_sparse + i);
    TRY(check_within(c, v, i));
    ENSURE(v->shape.rank == 2, "Dense inputs should be a matrix but received shape %s at position "
           "%d", SHAPE_STR(&v->shape), i);
    if (c->n_sparse + i == 0)
        to->rows = v->shape.dim[0];
    ENSURE(v->shape.dim[0] == to->rows, "Expected batch size %lld got %lld at dense tensor %d",
           (long long)to->rows, (long long)v->shape.dim[0], i);
    to->at[c->n_sparse + i] = (struct column){ .values = v, .count = v->shape.dim[1] };
    return NULL;
}

static struct status *read_columns(struct kernel *k, const struct cross *c, struct columns *to)
{
    *to = (struct columns){ .n = c->n_sparse + c->n_dense, .n_sparse = c->n_sparse };
    TRY(kernel_temp(k, (size_t)to->n * sizeof *to->at + 1, &to->at));
    for (int i = 0; i < c->n_sparse; i++)
        TRY(read_sparse(k, c, i, to));
    for (int i = 0; i < c->n_dense; i++)
        TRY(read_dense(k, c, i, to));
    return NULL;
}

/* ---- one combination ---- */

static uint64_t feature_hash(const struct column *c)
{
    int64_t i = c->begin + c->chosen;
    if (c->values->dtype != DT_STRING)
        return (uint64_t)((const int64_t *)c->values->data)[i];
    const struct tstring *s = (const struct tstring *)c->values->data + i;
    return hash_text(tstring_data(s), tstring_len(s));
}

static int64_t cross_hash(const struct columns *c, const struct cross *x)
{
    uint64_t h = x->key;
    for (int i = 0; i < c->n; i++)
        h = hash_join(h, feature_hash(&c->at[i]));
    return (int64_t)(h % x->buckets);
}

static void feature_text(const struct column *c, struct str *to)
{
    int64_t i = c->begin + c->chosen;
    const struct tstring *s = (const struct tstring *)c->values->data + i;
    if (c->values->dtype == DT_STRING)
        str_add(to, tstring_data(s), tstring_len(s));
    else
        str_printf(to, "%" PRId64, ((const int64_t *)c->values->data)[i]);
}

static bool cross_text(const struct columns *c, struct tstring *to)
{
    struct str s = { 0 };
    for (int i = 0; i < c->n; i++) {
        str_puts(&s, i ? "_X_" : "");
        feature_text(&c->at[i], &s);
    }
    bool done = !s.failed && tstring_set(to, str_text(&s), s.n);
    str_free(&s);
    return done;
}

/* ---- all rows ---- */

static struct status *count_rows(struct columns *c, int64_t *all, int64_t *most)
{
    *all = *most = 0;
    columns_rewind(c);
    for (int64_t row = next_row(c, -1); row < c->rows; row = next_row(c, row)) {
        int64_t n;
        TRY(columns_seek(c, row, &n));
        ENSURE(!__builtin_add_overflow(*all, n, all), "There are too many crosses");
        *most = n > *most ? n : *most;
    }
    return NULL;
}

static struct status *put_rows(struct kernel *k, const struct cross *x, struct columns *c,
                               int64_t *index)
{
    int64_t *hash = kernel_out(k, 1)->data;
    struct tstring *text = kernel_out(k, 1)->data;
    columns_rewind(c);
    for (int64_t row = next_row(c, -1), n; row < c->rows; row = next_row(c, row)) {
        TRY(columns_seek(c, row, &n));
        for (int64_t i = 0; i < n; i++, columns_next(c)) {
            *index++ = row;
            *index++ = i;
            if (x->hashed)
                *hash++ = cross_hash(c, x);
            else if (!cross_text(c, text++))
                return status_no_memory();
        }
    }
    return NULL;
}

static struct status *cross(struct kernel *k)
{
    const struct cross *x = k->state;
    struct columns c;
    int64_t all, most, *index;
    TRY(read_columns(k, x, &c));
    TRY(count_rows(&c, &all, &most));
    TRY(sparse_new(k, 0, &SHAPE(all, 2), &index));
    TRY(kernel_new(k, 1, x->hashed ? DT_INT64 : DT_STRING, &SHAPE(all)));
    TRY(put_rows(k, x, &c, index));
    return sparse_put_shape(k, 2, &SHAPE(c.rows, most));
}

#define KINDS "{int64, string}"

const struct op ops_sparse_cross[] = {
    { .name = "SparseCross",
      .inputs = "indices: N * int64, values: list(sparse_types), shapes: N * int64, "
                "dense_inputs: list(dense_types)",
      .outputs = "output_indices: int64, output_values: out_type, output_shape: int64",
      .attrs = "N: int >= 0; hashed_output: bool; num_buckets: int >= 0; hash_key: int; "
               "sparse_types: list(" KINDS ") >= 0; dense_types: list(" KINDS ") >= 0; "
               "out_type: " KINDS "; internal_type: " KINDS,
      .doc = "Of each row all combinations of one value a column, joined or hashed.",
      .shape = cross_shape, .grad = NOT_DIFFERENTIABLE, .prepare = cross_prepare,
      .kernel_any = cross },
    { 0 }
};
