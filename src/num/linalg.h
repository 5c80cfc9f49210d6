/* linalg.h - factorizations of single matrices: the door to LAPACK, which lies in OpenBLAS.
 *
 * linalg_load() must have returned NULL before anything else is called. Matrices are LAPACK's,
 * column by column, but where it is said otherwise; what a row-major matrix looks like from
 * there is its transpose, which is often all that is needed. Elements of c64 and c128 are pairs.
 * Any thread.
 */
#ifndef NUM_LINALG_H
#define NUM_LINALG_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MUST_CHECK struct status *linalg_load(void);

enum { LINALG_WORK = 64 };      /* times n elements: the scratch memory `work` that is wanted */

/* X(suffix, type of elements, type of their parts) */
#define LINALG_TYPES(X) X(f32, float, float) X(f64, double, double) X(c64, void, float) \
                        X(c128, void, double)

#define X(s, T, R)                                                                          \
    /* P L U in place of a [n,n]; false: a pivot is 0 (and the factors are there all the same) */ \
    bool linalg_lu_##s(int n, T *a, int *pivot);                                            \
    /* From those the inverse in place, and x of a x = b in place of b [n,k]. */            \
    void linalg_lu_inverse_##s(int n, T *a, const int *pivot, T *work);                     \
    void linalg_lu_solve_##s(int n, int k, const T *a, const int *pivot, T *b);             \
    /* Row by row: x of a x = b, or of a's adjoint, in place of b [n,k]; a is a triangle. */ \
    void linalg_triangle_##s(bool lower, bool adjoint, int n, int k, const T *a, T *b);     \
    /* Row by row: the lower triangle L of L L* in place of a's; false: not positive. */    \
    bool linalg_cholesky_##s(int n, T *a);                                                  \
    /* R above the diagonal of a [m,n], reflectors below; then q [m,k] from its first columns. */ \
    void linalg_qr_##s(int m, int n, T *a, T *tau, T *work);                                \
    void linalg_qr_vectors_##s(int m, int k, int reflectors, T *q, const T *tau, T *work);  \
    /* a [m,n] = u s v*: job 'N' no vectors, 'S' the first min(m,n), 'A' all. vt is v*. Bytes of \
     * scratch memory by linalg_svd_work(); false: it did not converge. */                  \
    size_t linalg_svd_work_##s(char job, int m, int n);                                     \
    bool linalg_svd_##s(char job, int m, int n, T *a, R *sv, T *u, T *vt, void *work);      \
    /* Eigenvalues, ascending, of the Hermitian matrix whose upper triangle a has; with `vectors` \
     * those in place of a. */                                                              \
    size_t linalg_eig_work_##s(bool vectors, int n);                                        \
    bool linalg_eig_##s(bool vectors, int n, T *a, R *w, void *work);                       \
    /* The shortest of the x with the least |a x - b|, a [m,n] of any rank (and overwritten), in \
     * the first n rows of b [max(m,n),k]. */                                               \
    size_t linalg_least_work_##s(int m, int n, int k);                                      \
    void linalg_least_##s(int m, int n, int k, T *a, T *b, void *work);                     \
    /* x [m,n], row by row, to its transpose; so many elements from one row to the next. */ \
    void linalg_transpose_##s(int64_t m, int64_t n, const T *x, int64_t x_row, T *y,        \
                              int64_t y_row);
LINALG_TYPES(X)
#undef X

/* Of complex a [n,n] the triangle t in place of it, and v with a = v t v*; false: it did not
 * converge. */
size_t linalg_schur_work(int n);
bool linalg_schur(int n, double _Complex *a, double _Complex *v, void *work);

#endif
