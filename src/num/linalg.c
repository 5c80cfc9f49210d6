#include "num/linalg.h"

#include "num/libs.h"

struct status *linalg_load(void) { return blas_load(); }

static int at_least(int a, int b) { return a > b ? a : b; }
static int at_most(int a, int b) { return a < b ? a : b; }

/* The two routines that differ between real and complex matrices. */
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
