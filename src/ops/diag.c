/* diag.c - diagonals and bands: Diag, DiagPart, MatrixDiag, MatrixDiagPart, MatrixSetDiag,
 * MatrixBandPart. */
#include "ops/array.h"

/* ---- Diag, DiagPart: y[i..., i...] = x[i...] ---- */

static struct status *diag_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    TRY(shape_want_rank_at_least(x, 1));
    if (x->rank < 0)
        return NULL;
    ENSURE(2 * x->rank <= MAX_RANK, "Shape must be at most rank %d but is rank %d", MAX_RANK / 2,
           x->rank);
    struct shape y = *x;
    for (int i = 0; i < x->rank; i++)
        y.dim[y.rank++] = x->dim[i];
    *shape_out(c, 0) = y;
    return NULL;
}

static struct status *diag(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct shape y = x->shape;
    int64_t n = tensor_count(x);
    ENSURE(x->shape.rank >= 1, "Input must be at least rank 1, got 0");
    ENSURE(2 * x->shape.rank <= MAX_RANK, "Input must be at most rank %d, got %d", MAX_RANK / 2,
           x->shape.rank);
    for (int i = 0; i < x->shape.rank; i++)
        y.dim[y.rank++] = x->shape.dim[i];
    TRY(kernel_new(k, 0, x->dtype, &y));
    array_zero(kernel_out(k, 0));
    struct layout l = { 1, { n }, { n + 1 }, { 1 } };
    return array_move(k, kernel_out(k, 0), 0, x, 0, &l);
}

static struct status *diag_part_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    if (x->rank < 0)
        return NULL;
    ENSURE(x->rank > 0 && x->rank % 2 == 0, "Input must have even and non-zero rank, input rank "
           "is %d", x->rank);
    struct shape y = shape_of_rank(x->rank / 2);
    for (int i = 0; i < y.rank; i++)
        TRY(dim_merge(x->dim[i], x->dim[i + y.rank], &y.dim[i]));
    *shape_out(c, 0) = y;
    return NULL;
}

static struct status *diag_part(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct shape y = x->shape;
    ENSURE(y.rank > 0 && y.rank % 2 == 0, "The rank of the tensor should be even and positive, "
           "got shape %s", SHAPE_STR(&y));
    y.rank /= 2;
    for (int i = 0; i < y.rank; i++)
        ENSURE(x->shape.dim[i] == x->shape.dim[i + y.rank],
               "Invalid shape %s: dimensions %d and %d do not match.", SHAPE_STR(&x->shape), i,
               i + y.rank);
    TRY(kernel_new(k, 0, x->dtype, &y));
    int64_t n = shape_count(&y);
    struct layout l = { 1, { n }, { 1 }, { n + 1 } };
    return array_move(k, kernel_out(k, 0), 0, x, 0, &l);
}

/* ---- matrices in the last two dimensions ---- */

struct matrices { int64_t n, rows, columns, diagonal; };

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

static struct matrices matrices_of(const struct shape *s)
{
    if (shape_count(s) == 0)            /* other dimensions may have no product */
        return (struct matrices){ 0 };
    int64_t rows = s->dim[s->rank - 2], columns = s->dim[s->rank - 1];
    return (struct matrices){ shape_span(s, 0, s->rank - 2), rows, columns,
                              lesser(rows, columns) };
}

/* Diagonals to the matrices `to`, or from the matrices `from`. */
static struct status *diagonals(struct kernel *k, struct matrices m, const struct tensor *from,
                                bool to_matrix)
{
    int64_t whole = m.rows * m.columns, step = m.columns + 1, n = m.diagonal;
    struct layout l = { 2, { m.n, n }, { n, 1 }, { whole, step } };
    if (to_matrix)
        l = (struct layout){ 2, { m.n, n }, { whole, step }, { n, 1 } };
    return array_move(k, kernel_out(k, 0), 0, from, 0, &l);
}

static struct status *matrix_diag_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    TRY(shape_want_rank_at_least(x, 1));
    if (x->rank < 0)
        return NULL;
    ENSURE(x->rank < MAX_RANK, "Shape must be at most rank %d but is rank %d", MAX_RANK - 1,
           x->rank);
    *shape_out(c, 0) = *x;
    shape_out(c, 0)->dim[shape_out(c, 0)->rank++] = x->dim[x->rank - 1];
    return NULL;
}

static struct status *matrix_diag(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    struct shape y = x->shape;
    ENSURE(y.rank >= 1, "input must be at least 1-dim, received shape: %s", SHAPE_STR(&y));
    ENSURE(y.rank < MAX_RANK, "input must be at most %d-dim, received shape: %s", MAX_RANK - 1,
           SHAPE_STR(&y));
    y.dim[y.rank] = y.dim[y.rank - 1];
    y.rank++;
    TRY(kernel_new(k, 0, x->dtype, &y));
    array_zero(kernel_out(k, 0));
    return diagonals(k, matrices_of(&y), x, true);
}

static int64_t dim_lesser(int64_t a, int64_t b) { return a < 0 || b < 0 ? -1 : lesser(a, b); }

static struct status *matrix_part_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0);
    TRY(shape_want_rank_at_least(x, 2));
    if (x->rank < 0)
        return NULL;
    struct shape y = *x;
    y.rank--;
    y.dim[y.rank - 1] = dim_lesser(x->dim[x->rank - 2], x->dim[x->rank - 1]);
    *shape_out(c, 0) = y;
    return NULL;
}

static struct status *want_matrix(const struct shape *s)
{
    ENSURE(s->rank >= 2, "input must be at least 2-dim, received shape: %s", SHAPE_STR(s));
    return NULL;
}

static struct shape diagonal_shape(const struct shape *s)
{
    struct shape y = *s;
    y.rank--;
    y.dim[y.rank - 1] = lesser(s->dim[s->rank - 2], s->dim[s->rank - 1]);
    return y;
}

static struct status *matrix_diag_part(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(want_matrix(&x->shape));
    struct shape y = diagonal_shape(&x->shape);
    TRY(kernel_new(k, 0, x->dtype, &y));
    return diagonals(k, matrices_of(&x->shape), x, false);
}

static struct status *matrix_set_shape(struct shape_ctx *c)
{
    const struct shape *x = shape_in(c, 0), *d = shape_in(c, 1);
    TRY(shape_want_rank_at_least(x, 2));
    TRY(shape_want_rank_at_least(d, 1));
    struct shape y = *x;
    if (x->rank >= 0 && d->rank >= 0) {
        struct shape want = diagonal_shape(x);
        want.dim[want.rank - 1] = dim_lesser(x->dim[x->rank - 2], x->dim[x->rank - 1]);
        TRY(shape_merge(&want, d, &want));
        for (int i = 0; i < x->rank - 2; i++)
            y.dim[i] = want.dim[i];
    }
    *shape_out(c, 0) = y;
    return NULL;
}

static struct status *matrix_set_diag(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *d = kernel_in(k, 1);
    const struct shape s = x->shape;
    TRY(want_matrix(&s));
    struct shape want = diagonal_shape(&s);
    ENSURE(shape_equal(&want, &d->shape),
           "must have diagonal.shape == input.shape[:-2] + min(input.shape[-2:]), but received "
           "input shape: %s and diagonal shape: %s", SHAPE_STR(&s), SHAPE_STR(&d->shape));
    TRY(array_own(k, 0, 0));
    return diagonals(k, matrices_of(&s), d, true);
}

/* ---- MatrixBandPart ---- */

static struct status *band_limit(const struct tensor *t, const char *name, const char *of,
                                 int64_t most, int64_t *limit)
{
    ENSURE(t->shape.rank == 0, "%s must be scalar, got shape %s", name, SHAPE_STR(&t->shape));
    *limit = index_at(t, 0);
    ENSURE(*limit <= most, "%s must be negative or less or equal to number of %s (%lld) got: %lld",
           name, of, (long long)most, (long long)*limit);
    if (*limit < 0)
        *limit = most;
    return NULL;
}

static struct status *band_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 1), 0));
    TRY(shape_want_rank(shape_in(c, 2), 0));
    return shape_unchanged(c);
}

static struct status *matrix_band_part(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    int64_t lower, upper;
    TRY(want_matrix(&x->shape));
    const int64_t *last = x->shape.dim + x->shape.rank - 2;
    TRY(band_limit(kernel_in(k, 1), "num_lower", "rows", last[0], &lower));
    TRY(band_limit(kernel_in(k, 2), "num_upper", "columns", last[1], &upper));
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    array_zero(kernel_out(k, 0));
    struct matrices m = matrices_of(&x->shape);
    for (int64_t i = 0; i < m.n * m.rows; i++) {
        int64_t row = i % m.rows, begin = row > lower ? row - lower : 0;
        int64_t end = lesser(row + upper + 1, m.columns);
        if (begin < end)
            TRY(tensor_copy_elements(kernel_out(k, 0), i * m.columns + begin, x,
                                     i * m.columns + begin, end - begin));
    }
    return NULL;
}

/* ---- gradients ---- */

static void diag_grad(struct grad *g) { g->dx[0] = grad1(g, "DiagPart", g->dy[0]); }
static void diag_part_grad(struct grad *g) { g->dx[0] = grad1(g, "Diag", g->dy[0]); }

static void matrix_diag_grad(struct grad *g)
{
    g->dx[0] = grad1(g, "MatrixDiagPart", g->dy[0]);
}

/* Square matrices are made anew; of others, zeros get a diagonal. */
static void matrix_part_grad(struct grad *g)
{
    const struct shape *s = out_shape(g->x[0]);
    if (s->rank >= 2 && s->dim[s->rank - 1] >= 0 && s->dim[s->rank - 1] == s->dim[s->rank - 2])
        g->dx[0] = grad1(g, "MatrixDiag", g->dy[0]);
    else
        g->dx[0] = grad2(g, "MatrixSetDiag", grad1(g, "ZerosLike", g->x[0]), g->dy[0]);
}

static void matrix_set_grad(struct grad *g)
{
    g->dx[0] = grad2(g, "MatrixSetDiag", g->dy[0], grad1(g, "ZerosLike", g->x[1]));
    g->dx[1] = grad1(g, "MatrixDiagPart", g->dy[0]);
}

static void band_grad(struct grad *g)
{
    g->dx[0] = grad_add(g, "MatrixBandPart", OUTS(g->dy[0], g->x[1], g->x[2]), NULL, 0);
}

#define DIAG_TYPES "T: {bfloat16, half, float, double, int32, int64, complex64, complex128}"

#define MATRIX_DIAG .inputs = "diagonal: T", .outputs = "output: T", .attrs = "T: type",         \
    .doc = "Square matrices whose diagonals are the last dimension of the input.",              \
    .shape = matrix_diag_shape, .grad = matrix_diag_grad, .kernel_any = matrix_diag
#define MATRIX_DIAG_PART .inputs = "input: T", .outputs = "diagonal: T", .attrs = "T: type",    \
    .doc = "The diagonals of the matrices in the last two dimensions.",                         \
    .shape = matrix_part_shape, .grad = matrix_part_grad, .kernel_any = matrix_diag_part
#define MATRIX_SET_DIAG .inputs = "input: T, diagonal: T", .outputs = "output: T",              \
    .attrs = "T: type", .doc = "The matrices of the input with other diagonals.",               \
    .shape = matrix_set_shape, .grad = matrix_set_grad, .kernel_any = matrix_set_diag
#define MATRIX_BAND_PART .outputs = "band: T",                                                  \
    .doc = "The matrices of the input, 0 but for so many diagonals below and above the main "   \
           "one; a negative number keeps them all.",                                            \
    .shape = band_shape, .grad = band_grad, .kernel_any = matrix_band_part

const struct op ops_diag[] = {
    { .name = "Diag", .inputs = "diagonal: T", .outputs = "output: T", .attrs = DIAG_TYPES,
      .doc = "A tensor of twice the rank whose diagonal is the input; all else is 0.",
      .shape = diag_shape, .grad = diag_grad, .kernel_any = diag },
    { .name = "DiagPart", .inputs = "input: T", .outputs = "diagonal: T", .attrs = DIAG_TYPES,
      .doc = "The diagonal of a tensor whose second half of dimensions is like the first.",
      .shape = diag_part_shape, .grad = diag_part_grad, .kernel_any = diag_part },
    { .name = "MatrixDiag", MATRIX_DIAG },
    { .name = "MatrixDiagPart", MATRIX_DIAG_PART },
    { .name = "MatrixSetDiag", MATRIX_SET_DIAG },
    { .name = "MatrixBandPart", .inputs = "input: T, num_lower: Tindex, num_upper: Tindex",
      .attrs = "T: type; Tindex: {int32, int64} = int64", MATRIX_BAND_PART },
    /* Until GraphDef version 14 these had names of their own. */
    { .name = "BatchMatrixDiag", MATRIX_DIAG },
    { .name = "BatchMatrixDiagPart", MATRIX_DIAG_PART },
    { .name = "BatchMatrixSetDiag", MATRIX_SET_DIAG },
    { .name = "BatchMatrixBandPart", .inputs = "input: T, num_lower: int64, num_upper: int64",
      .attrs = "T: type", MATRIX_BAND_PART },
    { 0 }
};
