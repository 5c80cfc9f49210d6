/* matrix_function.c - functions of square matrices: MatrixExponential, MatrixLogarithm,
 * MatrixSquareRoot.
 *
 * All are computed in complex doubles. As f(A') = f(A)' it does not matter that LAPACK goes through
 * matrices column by column. */
#include "num/gemm.h"
#include "num/linalg.h"
#include "op/each.h"
#include "ops/array.h"
#include "ops/matrix.h"

#include <complex.h>
#include <math.h>
#include <string.h>

typedef double _Complex number;

/* One matrix at a time: x is what it is a function of, y becomes the result; the others are
 * scratch. `size` is of a side. */
enum { SPARE = 5 };
struct function {
    int64_t size;
    number *x, *y, *spare[SPARE];
    int *pivot;
    void *schur;
};

typedef struct status *function_fn(const struct function *f);

static struct status *function_prepare(struct prep *p)
{
    (void)p;
    return linalg_load();
}

static struct status *function_begin(struct kernel *k, struct function *f)
{
    const struct tensor *x = kernel_in(k, 0);
    TRY(matrix_square_check(x, "Input matrix must be square."));
    TRY(kernel_new(k, 0, x->dtype, &x->shape));
    if (!matrix_count(&x->shape))
        return NULL;
    f->size = x->shape.dim[x->shape.rank - 1];
    size_t n = (size_t)f->size, bytes = (n * n + 1) * sizeof(number);
    TRY(kernel_temp(k, bytes, &f->x));
    TRY(kernel_temp(k, bytes, &f->y));
    for (int i = 0; i < SPARE; i++)
        TRY(kernel_temp(k, bytes, &f->spare[i]));
    TRY(kernel_temp(k, (n + 1) * sizeof *f->pivot, &f->pivot));
    TRY(kernel_temp(k, linalg_schur_work((int)n), &f->schur));
    struct gemm g = gemm_dense(GEMM_N, GEMM_N, f->size, f->size, f->size, 0);
    return gemm_ready_c128(&g);
}

/* c = a b, or a b*, column by column: row by row it is seen as c' = b' a'. */
static void product(const struct function *f, const number *a, const number *b, bool adjoint,
                    number *c)
{
    struct gemm g = gemm_dense(adjoint ? GEMM_C : GEMM_N, GEMM_N, f->size, f->size, f->size, 0);
    gemm_c128(&g, b, a, c, NULL);
}

static bool all_finite(const number *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(creal(x[i])) || !isfinite(cimag(x[i])))
            return false;
    return true;
}

static struct status *no_number(const struct function *f)
{
    for (int64_t i = 0; i < f->size * f->size; i++)
        f->y[i] = (number)NAN;
    return NULL;
}

/* ---- exp: Pade's approximation of order 13, of A / 2^s, squared s times ---- */

enum { ORDER = 13 };
static const double EXACT_BELOW = 5.37;         /* the norm for which the order does */

static double norm(const number *x, int64_t n)
{
    double most = 0;
    for (int64_t j = 0; j < n; j++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += cabs(x[j * n + i]);
        most = fmax(most, sum);
    }
    return most;
}

/* c_0, c_1...: the numerator's coefficients; the denominator's differ in the odd ones' signs. */
static void pade(double c[ORDER + 1])
{
    c[0] = 1;
    for (int j = 1; j <= ORDER; j++)
        c[j] = c[j - 1] * (ORDER - j + 1) / (j * (2.0 * ORDER - j + 1));
}

/* y = c[first] + c[first + 2] q + c[first + 4] q^2 + ... of a matrix q. */
static void horner(const struct function *f, const double *c, int first, const number *q,
                   number *room, number *y)
{
    int64_t n = f->size;
    memset(y, 0, (size_t)(n * n) * sizeof *y);
    for (int j = first + ORDER - 1; j >= first; j -= 2) {
        product(f, y, q, false, room);
        memcpy(y, room, (size_t)(n * n) * sizeof *y);
        for (int64_t i = 0; i < n; i++)
            y[i * n + i] += c[j];
    }
}

static struct status *exponential(const struct function *f)
{
    int64_t n = f->size, all = n * n;
    number *square = f->spare[0], *even = f->spare[1], *odd = f->spare[2], *room = f->spare[3];
    double c[ORDER + 1], size = norm(f->x, n);
    if (!isfinite(size))
        return no_number(f);
    int s = size > EXACT_BELOW ? (int)ceil(log2(size / EXACT_BELOW)) : 0;
    for (int64_t i = 0; i < all; i++)
        f->x[i] *= exp2(-s);
    pade(c);
    product(f, f->x, f->x, false, square);
    horner(f, c, 0, square, room, even);
    horner(f, c, 1, square, room, f->y);
    product(f, f->x, f->y, false, odd);
    for (int64_t i = 0; i < all; i++) {
        room[i] = even[i] - odd[i];
        f->y[i] = even[i] + odd[i];
    }
    ENSURE(n == 0 || linalg_lu_c128((int)n, room, f->pivot), "Input has no exponential.");
    linalg_lu_solve_c128((int)n, (int)n, room, f->pivot, f->y);
    for (; s > 0; s--) {
        product(f, f->y, f->y, false, room);
        memcpy(f->y, room, (size_t)all * sizeof *room);
    }
    return NULL;
}

/* ---- roots and logarithms: of Schur's triangle t, where x = v t v* ---- */

/* In place: column by column, from the diagonal upwards. */
static void triangle_root(int64_t n, number *t)
{
    for (int64_t j = 0; j < n; j++) {
        t[j * n + j] = csqrt(t[j * n + j]);
        for (int64_t i = j - 1; i >= 0; i--) {
            number rest = t[j * n + i], two = t[i * n + i] + t[j * n + j];
            for (int64_t m = i + 1; m < j; m++)
                rest -= t[m * n + i] * t[j * n + m];
            t[j * n + i] = rest == 0 ? 0 : rest / two;
        }
    }
}

enum { NODES = 8, MOST_ROOTS = 64 };

/* Gauss and Legendre's nodes in [0, 1] and their weights: Newton's steps to the zeros of the
 * polynomial that a recurrence gives. */
static void gauss(double x[NODES], double w[NODES])
{
    for (int k = 0; k < NODES; k++) {
        double z = cos(M_PI * (k + 0.75) / (NODES + 0.5)), slope = 1;
        for (int step = 0; step < 20; step++) {
            double p = z, before = 1;
            for (int j = 2; j <= NODES; j++) {
                double next = ((2 * j - 1) * z * p - (j - 1) * before) / j;
                before = p;
                p = next;
            }
            slope = NODES * (z * p - before) / (z * z - 1);
            z -= p / slope;
        }
        x[k] = (1 + z) / 2;
        w[k] = 1 / ((1 - z * z) * slope * slope);
    }
}

/* sum += weight (1 + at t)^-1 t, of triangles. */
static void add_quotient(int64_t n, const number *t, double at, double weight, number *column,
                         number *sum)
{
    for (int64_t j = 0; j < n; j++) {
        memcpy(column, t + j * n, (size_t)(j + 1) * sizeof *column);
        for (int64_t i = j; i >= 0; i--) {
            column[i] /= 1 + at * t[i * n + i];
            for (int64_t m = 0; m < i; m++)
                column[m] -= at * t[i * n + m] * column[i];
            sum[j * n + i] += weight * column[i];
        }
    }
}

static double distance_from_one(number *t, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        t[i * n + i] -= 1;
    double d = norm(t, n);
    for (int64_t i = 0; i < n; i++)
        t[i * n + i] += 1;
    return d;
}

/* The root is taken until the matrix is near 1, where the integral of t / (1 + x t) over [0, 1],
 * which is log(1 + t), is a short sum; then as often doubled. `log` begins as zeros. */
static void triangle_log(int64_t n, number *t, number *column, number *eigen, number *log)
{
    double x[NODES], w[NODES], twice = 1;
    gauss(x, w);
    for (int64_t i = 0; i < n; i++)
        eigen[i] = clog(t[i * n + i]);
    for (int k = 0; k < MOST_ROOTS && distance_from_one(t, n) > 0.25; k++, twice *= 2)
        triangle_root(n, t);
    for (int64_t i = 0; i < n; i++)
        t[i * n + i] -= 1;
    for (int k = 0; k < NODES; k++)
        add_quotient(n, t, x[k], w[k] * twice, column, log);
    for (int64_t i = 0; i < n; i++)
        log[i * n + i] = eigen[i];
}

/* What lies below a triangle's diagonal is no part of it. */
static void clear_below(int64_t n, number *t)
{
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = j + 1; i < n; i++)
            t[j * n + i] = 0;
}

static struct status *by_schur(const struct function *f, bool logarithm)
{
    int64_t n = f->size;
    number *v = f->spare[0], *room = f->spare[1], *log = f->spare[2], *t = f->x;
    if (!all_finite(f->x, n * n))
        return no_number(f);
    ENSURE(n == 0 || linalg_schur((int)n, f->x, v, f->schur),
           "Schur decomposition was not successful. The input might not be valid.");
    clear_below(n, t);
    if (logarithm) {
        memset(log, 0, (size_t)(n * n) * sizeof *log);
        triangle_log(n, t, f->spare[3], f->spare[4], log);
        t = log;
    } else {
        triangle_root(n, t);
    }
    product(f, v, t, false, room);
    product(f, room, v, true, f->y);
    return NULL;
}

static struct status *logarithm(const struct function *f) { return by_schur(f, true); }
static struct status *square_root(const struct function *f) { return by_schur(f, false); }

#define EACH "ops/matrix_function.inc"
#define EACH_SET (SET_F32 | SET_F64 | SET_COMPLEX)
#include "op/each.h"

/* ---- gradients ---- */

static struct out side_by_side(struct grad *g, struct out a, struct out b, int axis)
{
    return grad_add(g, "ConcatV2", OUTS(a, b, grad_ints(g, axis)), NULL, 0);
}

static struct out half(struct grad *g, struct out x, int axis, int which)
{
    return out_at(grad_add(g, "Split", OUTS(grad_ints(g, axis), x),
                           ATTRS(attr_int("num_split", 2))), which);
}

/* exp of [A* dy; 0 A*] has the derivative in its upper right. */
static void exponential_grad(struct grad *g)
{
    struct out a = grad_adjoint(g, g->x[0]);
    struct out top = side_by_side(g, a, g->dy[0], -1);
    struct out low = side_by_side(g, grad1(g, "ZerosLike", a), a, -1);
    struct out all = grad1(g, "MatrixExponential", side_by_side(g, top, low, -2));
    g->dx[0] = half(g, half(g, all, -2, 0), -1, 1);
}

#define FUNCTION .inputs = "input: T", .outputs = "output: T", .shape = matrix_same_shape, \
    .prepare = function_prepare, .flags = OP_EXPENSIVE
#define FOUR "T: {double, float, complex64, complex128}"

const struct op ops_matrix_function[] = {
    { .name = "MatrixExponential", FUNCTION, .attrs = FOUR,
      .doc = "The exponentials of square matrices: the sums of their powers X^k / k!.",
      .note = "It has a gradient.",
      .grad = exponential_grad, .kernel = KERNELS(DOUBLES(exponential), COMPLEXES(exponential)) },
    { .name = "MatrixLogarithm", FUNCTION, .attrs = "T: {complex64, complex128}",
      .doc = "The principal logarithms of square matrices, whose exponentials they are.",
      .grad = NO_GRADIENT, .kernel = KERNELS(COMPLEXES(logarithm)) },
    { .name = "MatrixSquareRoot", FUNCTION, .attrs = FOUR,
      .doc = "The principal square roots of square matrices.",
      .grad = NO_GRADIENT, .kernel = KERNELS(DOUBLES(square_root), COMPLEXES(square_root)) },
    { 0 }
};
