/* band.c - several diagonals at once: MatrixDiagV2, MatrixDiagPartV2, MatrixSetDiagV2, and V3 of
 * them, which says at which end of its row a short diagonal stands.
 *
 * Diagonal d, above the main one where it is positive, begins at row max(-d, 0) and column
 * max(d, 0). Diagonals low..high are rows of a tensor, the highest one first, each as long as the
 * longest; what a shorter one leaves is padding. A single one needs no dimension for its number. */
#include "ops/array.h"

#include <stdio.h>
#include <string.h>

enum { LEFT_ABOVE = 1, LEFT_BELOW = 2 };        /* short diagonals that stand at the left */

struct band {
    int64_t n, rows, columns;   /* matrices */
    int64_t low, high, longest;
    unsigned left;
};

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t diagonal_length(int64_t rows, int64_t columns, int64_t d)
{
    return lesser(rows + lesser(d, 0), columns - greater(d, 0));
}

/* ---- reading inputs ---- */

static struct status *band_prepare(struct prep *p)
{
    unsigned *left;
    const struct attr *a = node_attr_find(p->node, "align");
    TRY(prep_state(p, sizeof *left, &left));
    *left = LEFT_ABOVE | LEFT_BELOW;
    if (a) {
        const char *align = node_attr_string(p->node, "align");
        *left = (strncmp(align, "LEFT", 4) ? 0 : LEFT_ABOVE) |
                (strcmp(strchr(align, '_'), "_LEFT") ? 0 : LEFT_BELOW);
    }
    return NULL;
}

/* Which diagonals: input `i`, one number or two. */
static struct status *band_read(const struct tensor *t, int64_t *low, int64_t *high)
{
    int64_t n = tensor_count(t);
    ENSURE(t->shape.rank <= 1, "diag_index must be a scalar or vector, received shape: %s",
           SHAPE_STR(&t->shape));
    ENSURE(n == 1 || n == 2, "diag_index must have only one or two elements, received %lld "
           "elements.", (long long)n);
    *low = tensor_int(t, 0);
    *high = tensor_int(t, n - 1);
    ENSURE(*low <= *high,
           "lower_diag_index must not be larger than upper_diag_index: %lld > %lld",
           (long long)*low, (long long)*high);
    return NULL;
}

static struct status *in_matrix(const char *which, int64_t d, int64_t rows, int64_t columns)
{
    ENSURE((d > -rows && d < columns) || !d, "%s_diag_index is out of bound: %lld. It must be "
           "between %lld and %lld", which, (long long)d, (long long)-rows, (long long)columns);
    return NULL;
}

/* The diagonals that input `i` names, of matrices of this shape. */
static struct status *band_of(struct kernel *k, int i, const struct shape *s, struct band *b)
{
    ENSURE(s->rank >= 2, "input must be at least 2-dim, received shape: %s", SHAPE_STR(s));
    *b = (struct band){ .rows = s->dim[s->rank - 2], .columns = s->dim[s->rank - 1],
                        .left = *(const unsigned *)k->state };
    b->n = shape_count(s) ? shape_span(s, 0, s->rank - 2) : 0;
    TRY(band_read(kernel_in(k, i), &b->low, &b->high));
    TRY(in_matrix("lower", b->low, b->rows, b->columns));
    TRY(in_matrix("upper", b->high, b->rows, b->columns));
    b->longest = lesser(b->rows + lesser(b->high, 0), b->columns - greater(b->low, 0));
    return NULL;
}

static struct status *want_scalar(const struct tensor *t, const char *name)
{
    ENSURE(t->shape.rank == 0, "%s must be a scalar, received shape: %s", name,
           SHAPE_STR(&t->shape));
    return NULL;
}

/* The shape of the diagonals low..high of matrices of shape s. */
static struct shape band_shape(const struct shape *s, int64_t low, int64_t high, int64_t longest)
{
    struct shape y = *s;
    y.rank -= low == high;
    y.dim[y.rank - 1] = longest;
    if (low != high)
        y.dim[y.rank - 2] = high - low + 1;
    return y;
}

/* ---- moving ---- */

/* Diagonals to matrices, or from them. */
static struct status *band_move(struct kernel *k, const struct band *b, const struct tensor *from,
                                bool to_matrix)
{
    int64_t count = b->high - b->low + 1, whole = b->n ? b->rows * b->columns : 0;
    for (int64_t d = b->low; d <= b->high && b->n; d++) {
        int64_t n = greater(diagonal_length(b->rows, b->columns, d), 0);
        bool left = (d >= 0 && b->left & LEFT_ABOVE) || (d <= 0 && b->left & LEFT_BELOW);
        int64_t row = (b->high - d) * b->longest + (left ? 0 : b->longest - n);
        int64_t first = d < 0 ? -d * b->columns : d;
        struct layout l = { 2, { b->n, n }, { count * b->longest, 1 }, { whole, b->columns + 1 } };
        if (to_matrix)
            l = (struct layout){ 2, { b->n, n }, { whole, b->columns + 1 },
                                 { count * b->longest, 1 } };
        TRY(array_move(k, kernel_out(k, 0), to_matrix ? first : row, from,
                       to_matrix ? row : first, &l));
    }
    return NULL;
}

/* ---- MatrixDiagPart ---- */

static struct status *part_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    const struct tensor *index = shape_in_value(c, 1);
    int64_t low, high;
    TRY(shape_want_rank_at_least(x, 2));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    if (x->rank < 0 || !index)
        return NULL;
    TRY(band_read(index, &low, &high));
    int64_t rows = x->dim[x->rank - 2], columns = x->dim[x->rank - 1], longest = -1;
    if (rows >= 0 && columns >= 0) {
        TRY(in_matrix("lower", low, rows, columns));
        TRY(in_matrix("upper", high, rows, columns));
        longest = lesser(rows + lesser(high, 0), columns - greater(low, 0));
    }
    *shape_out(c, 0) = band_shape(x, low, high, longest);
    return NULL;
}

static struct status *part(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct band b;
    TRY(band_of(k, 1, &x->shape, &b));
    TRY(want_scalar(kernel_in(k, 2), "padding_value"));
    struct shape y = band_shape(&x->shape, b.low, b.high, b.longest);
    TRY(shape_check(&y));
    TRY(kernel_new(k, 0, x->dtype, &y));
    if (b.low != b.high)
        TRY(array_fill(k, kernel_out(k, 0), 0, shape_count(&y), kernel_in(k, 2), 0));
    return band_move(k, &b, x, false);
}

/* ---- MatrixSetDiag ---- */

static struct status *set_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    TRY(shape_want_rank_at_least(x, 2));
    TRY(shape_want_rank_at_least(shape_in(c, 1), 1));
    ENSURE(shape_in(c, 2)->rank <= 1, "Shape must be at most rank 1 but is rank %d",
           shape_in(c, 2)->rank);
    return shape_unchanged(c);
}

static struct status *set(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *d = kernel_in(k, 1);
    const struct shape s = x->shape;
    struct band b;
    TRY(band_of(k, 2, &s, &b));
    struct shape want = band_shape(&s, b.low, b.high, b.longest);
    ENSURE(shape_equal(&want, &d->shape), "Either first dimensions of diagonal don't match "
           "input.shape[:-2], or diagonal.shape[:-1] is not equal to the longests diagonal in "
           "range [lower_diag_index:upper_diag_index].\nInput shape: %s\nDiagonal shape: %s\n"
           "Expected diagonal shape: %s", SHAPE_STR(&s), SHAPE_STR(&d->shape), SHAPE_STR(&want));
    TRY(array_own(k, 0, 0));
    return band_move(k, &b, d, true);
}

/* ---- MatrixDiag ---- */

/* How many rows and columns, where they are asked for (-1: as few as will do). */
static struct status *matrix_size(int64_t low, int64_t high, int64_t longest, int64_t *rows,
                                  int64_t *columns)
{
    int64_t least_rows = longest - lesser(high, 0), least_columns = longest + greater(low, 0);
    int64_t least = greater(least_rows, least_columns);
    bool square = *rows == -1 && *columns == -1;
    *rows = square ? least : *rows == -1 ? least_rows : *rows;
    *columns = square ? least : *columns == -1 ? least_columns : *columns;
    ENSURE(*rows >= least_rows, "num_rows is too small, expected at least %lld",
           (long long)least_rows);
    ENSURE(*columns >= least_columns, "num_cols is too small, expected at least %lld",
           (long long)least_columns);
    ENSURE(*rows == least_rows || *columns == least_columns, "num_rows and num_cols are not "
           "consistent with lower_diag_index, upper_diag_index, and the length of the given "
           "diagonals.\nnum_rows = %lld != min_num_rows = %lld, num_cols = %lld != min_num_cols = "
           "%lld", (long long)*rows, (long long)least_rows, (long long)*columns,
           (long long)least_columns);
    return NULL;
}

/* The shape of matrices that have these diagonals, sizes being known or -1. */
static struct status *matrix_of(const struct shape *d, int64_t low, int64_t high, int64_t rows,
                                int64_t columns, struct shape *y)
{
    int batch = d->rank - (low == high ? 1 : 2);
    ENSURE(batch >= 0, "diagonal must be at least 2-dim, received shape: %s", SHAPE_STR(d));
    ENSURE(batch + 2 <= MAX_RANK, "diagonal must be at most %d-dim, received shape: %s",
           MAX_RANK - 1, SHAPE_STR(d));
    ENSURE(low == high || d->dim[batch] < 0 || d->dim[batch] == high - low + 1, "The number of "
           "diagonals provided in the input does not match the lower_diag_index and "
           "upper_diag_index range.");
    *y = *d;
    y->rank = batch + 2;
    y->dim[batch] = y->dim[batch + 1] = -1;
    if (d->dim[d->rank - 1] < 0)
        return NULL;
    ENSURE(d->dim[d->rank - 1] < INT64_MAX / 2, "diagonal is too long: %s", SHAPE_STR(d));
    TRY(matrix_size(low, high, d->dim[d->rank - 1], &rows, &columns));
    y->dim[batch] = rows;
    y->dim[batch + 1] = columns;
    return NULL;
}

static struct status *diag_shape(struct shape_ctx *c)
{
    const struct shape *d = shape_in(c, 0);
    const struct tensor *index = shape_in_value(c, 1);
    const struct tensor *rows = shape_in_value(c, 2), *columns = shape_in_value(c, 3);
    int64_t low, high;
    TRY(shape_want_rank_at_least(d, 1));
    for (int i = 2; i < 5; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    if (d->rank < 0 || !index)
        return NULL;
    TRY(band_read(index, &low, &high));
    if (rows && columns)
        return matrix_of(d, low, high, tensor_int(rows, 0), tensor_int(columns, 0),
                         shape_out(c, 0));
    *shape_out(c, 0) = *d;
    shape_out(c, 0)->rank = d->rank + (low == high);
    if (d->rank < MAX_RANK && shape_out(c, 0)->rank >= 2)
        for (int i = 1; i <= 2; i++)
            shape_out(c, 0)->dim[shape_out(c, 0)->rank - i] = -1;
    else
        *shape_out(c, 0) = SHAPE_UNKNOWN;
    return NULL;
}

static struct status *diag(struct kernel *k)
{
    static const char *const name[] = { "num_rows", "num_cols", "padding_value" };
    const struct tensor *d = kernel_in(k, 0);
    int64_t low, high;
    struct shape y;
    struct band b;
    ENSURE(d->shape.rank >= 1, "diagonal must be at least 1-dim, received shape: %s",
           SHAPE_STR(&d->shape));
    TRY(band_read(kernel_in(k, 1), &low, &high));
    for (int i = 0; i < 3; i++)
        TRY(want_scalar(kernel_in(k, 2 + i), name[i]));
    TRY(matrix_of(&d->shape, low, high, tensor_int(kernel_in(k, 2), 0),
                  tensor_int(kernel_in(k, 3), 0), &y));
    TRY(shape_check(&y));
    TRY(band_of(k, 1, &y, &b));
    ENSURE(b.longest == d->shape.dim[d->shape.rank - 1], "The diagonals, of length %lld, do not "
           "fit in matrices of shape %s", (long long)d->shape.dim[d->shape.rank - 1],
           SHAPE_STR(&y));
    TRY(kernel_new(k, 0, d->dtype, &y));
    TRY(array_fill(k, kernel_out(k, 0), 0, shape_count(&y), kernel_in(k, 4), 0));
    return band_move(k, &b, d, true);
}

/* ---- gradients: nodes of the same version ---- */

static struct out band_add(struct grad *g, const char *op, const struct out *in, int n)
{
    char name[32];
    const struct attr *align = node_attr_find(g->node, "align");
    snprintf(name, sizeof name, "%sV%d", op, align ? 3 : 2);
    return grad_add(g, name, in, n, align, align ? 1 : 0);
}

static struct out part_of(struct grad *g, struct out x, struct out index)
{
    struct out zero = grad_scalar(g, out_dtype(x), 0);
    return band_add(g, "MatrixDiagPart", OUTS(x, index, zero));
}

static void diag_grad(struct grad *g)
{
    g->dx[0] = part_of(g, g->dy[0], g->x[1]);
}

static void part_grad(struct grad *g)
{
    const struct shape *s = out_shape(g->x[0]);
    struct out dy = g->dy[0], index = g->x[1];
    int64_t rows = s->rank >= 2 ? s->dim[s->rank - 2] : -1;
    int64_t columns = s->rank >= 2 ? s->dim[s->rank - 1] : -1;
    if (rows >= 0 && columns >= 0)
        g->dx[0] = band_add(g, "MatrixDiag",
                            OUTS(dy, index, grad_ints(g, rows), grad_ints(g, columns),
                                 grad_scalar(g, out_dtype(dy), 0)));
    else
        g->dx[0] = band_add(g, "MatrixSetDiag", OUTS(grad1(g, "ZerosLike", g->x[0]), dy, index));
}

static void set_grad(struct grad *g)
{
    struct out dy = g->dy[0], index = g->x[2];
    g->dx[0] = band_add(g, "MatrixSetDiag", OUTS(dy, grad1(g, "ZerosLike", g->x[1]), index));
    g->dx[1] = part_of(g, dy, index);
}

/* ---- rows ---- */

#define DIAG .inputs = "diagonal: T, k: int32, num_rows: int32, num_cols: int32, "              \
                       "padding_value: T", .outputs = "output: T", .shape = diag_shape,         \
             .doc = "Matrices of this size with these diagonals; all else is padding.",         \
             .grad = diag_grad, .prepare = band_prepare, .kernel_any = diag
#define PART .inputs = "input: T, k: int32, padding_value: T", .outputs = "diagonal: T",        \
             .doc = "Some of the diagonals of matrices, those shorter than the longest padded.", \
             .shape = part_shape, .grad = part_grad, .prepare = band_prepare, .kernel_any = part
#define SET .inputs = "input: T, diagonal: T, k: int32", .outputs = "output: T",                \
            .doc = "The matrices of the input with some of their diagonals replaced.",          \
            .shape = set_shape, .grad = set_grad, .prepare = band_prepare, .kernel_any = set
#define ALIGNED "T: type; align: {\"LEFT_RIGHT\", \"RIGHT_LEFT\", \"LEFT_LEFT\", "              \
                "\"RIGHT_RIGHT\"} = \"RIGHT_LEFT\""

const struct op ops_band[] = {
    { .name = "MatrixDiagV2", .attrs = "T: type", DIAG },
    { .name = "MatrixDiagPartV2", .attrs = "T: type", PART },
    { .name = "MatrixSetDiagV2", .attrs = "T: type", SET },
    { .name = "MatrixDiagV3", .attrs = ALIGNED, DIAG },
    { .name = "MatrixDiagPartV3", .attrs = ALIGNED, PART },
    { .name = "MatrixSetDiagV3", .attrs = ALIGNED, SET },
    { 0 }
};
