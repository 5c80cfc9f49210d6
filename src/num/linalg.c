#include "num/linalg.h"

#include "num/libs.h"

#include <float.h>
#include <string.h>

struct status *linalg_load(void) { return blas_load(); }

static int at_least(int a, int b) { return a > b ? a : b; }
static int at_most(int a, int b) { return a < b ? a : b; }

/* The routines that differ between real and complex matrices. */
typedef void gesdd_real(const char *job, const int *m, const int *n, void *a, const int *lda,
                        void *s, void *u, const int *ldu, void *vt, const int *ldvt, void *work,
                        const int *lwork, int *iwork, int *info, size_t);
typedef void gesdd_complex(const char *job, const int *m, const int *n, void *a, const int *lda,
                           void *s, void *u, const int *ldu, void *vt, const int *ldvt,
                           void *work, const int *lwork, void *rwork, int *iwork, int *info,
                           size_t);
typedef void syevd_real(const char *job, const char *part, const int *n, void *a, const int *lda,
                        void *w, void *work, const int *lwork, int *iwork, const int *liwork,
                        int *info, size_t, size_t);
typedef void syevd_complex(const char *job, const char *part, const int *n, void *a,
                           const int *lda, void *w, void *work, const int *lwork, void *rwork,
                           const int *lrwork, int *iwork, const int *liwork, int *info, size_t,
                           size_t);

typedef void gelsy_real(const int *m, const int *n, const int *k, void *a, const int *lda, void *b,
                        const int *ldb, int *order, const void *least, int *rank, void *work,
                        const int *lwork, int *info);
typedef void gelsy_complex(const int *m, const int *n, const int *k, void *a, const int *lda,
                           void *b, const int *ldb, int *order, const void *least, int *rank,
                           void *work, const int *lwork, void *rwork, int *info);
typedef void gees_complex(const char *vectors, const char *sort, void *select, const int *n,
                          void *a, const int *lda, int *chosen, void *w, void *v, const int *ldv,
                          void *work, const int *lwork, void *rwork, void *bwork, int *info,
                          size_t, size_t);

#define ROUND(bytes) (((bytes) + 63) / 64 * 64)

#define FN(x) x##_f32
#define T float
#define E float
#define R float
#define LAPACK lapack_s
#define TRSM blas.strsm
#define ONE 1
#define COMPLEX 0
#include "num/linalg.inc"

#define FN(x) x##_f64
#define T double
#define E double
#define R double
#define LAPACK lapack_d
#define TRSM blas.dtrsm
#define ONE 1
#define COMPLEX 0
#include "num/linalg.inc"

#define FN(x) x##_c64
#define T void
#define E float _Complex
#define R float
#define LAPACK lapack_c
#define TRSM blas.ctrsm
#define ONE &(float _Complex){ 1 }
#define COMPLEX 1
#include "num/linalg.inc"

#define FN(x) x##_c128
#define T void
#define E double _Complex
#define R double
#define LAPACK lapack_z
#define TRSM blas.ztrsm
#define ONE &(double _Complex){ 1 }
#define COMPLEX 1
#include "num/linalg.inc"

/* ---- Schur: the eigenvalues, then LAPACK's work, then rwork ---- */

static int schur_call(int n, void *a, void *w, void *v, void *work, int lwork, void *rwork)
{
    int info, chosen, ld = at_least(n, 1);
    blas_alone();
    ((gees_complex *)lapack_z.gees)("V", "N", NULL, &n, a, &ld, &chosen, w, v, &ld, work, &lwork,
                                    rwork, NULL, &info, 1, 1);
    blas_together();
    return info;
}

static int schur_lwork(int n)
{
    double want[2] = { 0 };
    schur_call(n, want, want, want, want, -1, want);
    return (int)want[0] + 64;
}

size_t linalg_schur_work(int n)
{
    return ((size_t)n * 2 + (size_t)schur_lwork(n)) * sizeof(double _Complex);
}

bool linalg_schur(int n, double _Complex *a, double _Complex *v, void *work)
{
    int lwork = schur_lwork(n);
    double _Complex *w = work, *rwork = w + n;
    return schur_call(n, a, w, v, w + 2 * (size_t)n, lwork, rwork) == 0;
}
