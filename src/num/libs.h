/* libs.h - oneDNN and OpenBLAS, loaded when something first needs them.
 *
 * They are not linked, because every process would pay for them, measured on a 2.5 GHz Xeon as
 * milliseconds before main() and resident memory: nothing 0.45 ms, 1.3 MB; oneDNN 1.9 ms, 5.9 MB;
 * OpenBLAS 2.2 ms, 3.9 MB; both 3.9 ms, 8.2 MB. (oneDNN's first sgemm costs another 43 ms and
 * 7 MB for the kernels it writes, which is why small products never get there.) Loading later
 * costs the same once, only where it is used, and keeps OpenBLAS out of the global scope, so
 * that it and one that NumPy brought do not answer each other's calls. Any thread.
 */
#ifndef NUM_LIBS_H
#define NUM_LIBS_H

#include "base/pool.h"
#include "base/status.h"

#include <cblas.h>
#include <dnnl.h>
#include <signal.h>

#define DNNL_NAMES(X)                                                                       \
    X(sgemm) X(engine_create) X(stream_create) X(memory_desc_init_by_tag)                   \
    X(memory_desc_get_size) X(memory_desc_equal) X(memory_create) X(memory_destroy)         \
    X(primitive_attr_create) X(primitive_attr_set_scratchpad_mode)                          \
    X(primitive_desc_create) X(primitive_desc_destroy) X(primitive_desc_query_md)           \
    X(primitive_create) X(primitive_destroy) X(primitive_get_primitive_desc)                \
    X(primitive_execute) X(reorder_primitive_desc_create)                                   \
    X(dilated_convolution_forward_desc_init) X(dilated_convolution_backward_data_desc_init) \
    X(dilated_convolution_backward_weights_desc_init)

#define BLAS_NAMES(X) X(sgemm) X(dgemm) X(cgemm) X(zgemm) X(strsm) X(dtrsm) X(ctrsm) X(ztrsm)

/* LAPACK lies in OpenBLAS. Its routines are Fortran's: everything by pointer, and the lengths of
 * texts at the end, which nobody reads. Those of one type are a set; what real matrices call
 * orthogonal and symmetric, complex ones call unitary and Hermitian. */
struct lapack {
    void (*getrf)(const int *m, const int *n, void *a, const int *lda, int *pivot, int *info);
    void (*getri)(const int *n, void *a, const int *lda, const int *pivot, void *work,
                  const int *lwork, int *info);
    void (*getrs)(const char *trans, const int *n, const int *k, const void *a, const int *lda,
                  const int *pivot, void *b, const int *ldb, int *info, size_t);
    void (*potrf)(const char *part, const int *n, void *a, const int *lda, int *info, size_t);
    void (*geqrf)(const int *m, const int *n, void *a, const int *lda, void *tau, void *work,
                  const int *lwork, int *info);
    void (*orgqr)(const int *m, const int *n, const int *k, void *a, const int *lda,
                  const void *tau, void *work, const int *lwork, int *info);
    void (*gesdd)(void);                        /* these differ from real to complex */
    void (*syevd)(void);
    void (*gelsy)(void);
    void (*gees)(void);                         /* of lapack_z alone */
};

struct dnnl {
#define X(name) __typeof__(&dnnl_##name) name;
    DNNL_NAMES(X)
#undef X
    int (*omp_get_max_threads)(void);           /* those of the OpenMP it was built with */
    void (*omp_set_num_threads)(int n);
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_attr_t attr;                 /* the caller brings the scratch memory */
};

struct blas {
#define X(name) __typeof__(&cblas_##name) name;
    BLAS_NAMES(X)
#undef X
};

/* Load it if it is not there yet; UNAVAILABLE when it cannot be, saying what to install. */
MUST_CHECK struct status *dnnl_load(void);
MUST_CHECK struct status *blas_load(void);

/* What was loaded; only after the function above has said so. */
extern struct dnnl dnnl;
extern struct blas blas;
extern struct lapack lapack_s, lapack_d, lapack_c, lapack_z;

/* Splitting work is ours: between these two oneDNN has one thread. OpenMP keeps that number per
 * calling thread, so nobody else notices and the caller's own setting comes back.
 *
 * Signals may have to wait as well. Long products (oneDNN 2.6: of more than 84 terms, with AVX-512)
 * move the stack pointer into a heap buffer of theirs, and a signal handler's frame would overwrite
 * whatever lies in front of that. The pool's workers take no signals anyway. */
struct dnnl_alone { int threads; bool signals_wait; sigset_t signals; };

static inline void dnnl_alone(struct dnnl_alone *a, bool signals_wait)
{
    a->signals_wait = signals_wait && !pool_self();
    if (a->signals_wait) {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &a->signals);
    }
    a->threads = dnnl.omp_get_max_threads();
    if (a->threads != 1)
        dnnl.omp_set_num_threads(1);
}

static inline void dnnl_together(const struct dnnl_alone *a)
{
    if (a->threads != 1)
        dnnl.omp_set_num_threads(a->threads);
    if (a->signals_wait)
        pthread_sigmask(SIG_SETMASK, &a->signals, NULL);
}

/* An OpenBLAS built without threads has no locks either: two callers at a time get the same scratch
 * memory, and wrong results. Between these two there is one caller, where that is the build. */
void blas_alone(void);
void blas_together(void);

/* NULL, RESOURCE_EXHAUSTED or INTERNAL, naming what was tried. */
MUST_CHECK struct status *dnnl_status(dnnl_status_t st, const char *what);

#endif
