#include "num/libs.h"

#include "base/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct dnnl dnnl;
struct blas blas;
struct lapack lapack_s, lapack_d, lapack_c, lapack_z;

static bool blas_has_no_locks;
static pthread_mutex_t blas_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *dnnl_missing, *blas_missing;     /* what could not be found; NULL: nothing */

#define COUNT(a) (sizeof(a) / sizeof *(a))

static int one_thread(void) { return 1; }
static void no_threads(int n) { (void)n; }

/* A oneDNN built for another threading runtime has no OpenMP to ask. */
static void dnnl_find_openmp(void *lib)
{
    *(void **)&dnnl.omp_get_max_threads = dlsym(lib, "omp_get_max_threads");
    *(void **)&dnnl.omp_set_num_threads = dlsym(lib, "omp_set_num_threads");
    if (!dnnl.omp_get_max_threads || !dnnl.omp_set_num_threads) {
        dnnl.omp_get_max_threads = one_thread;
        dnnl.omp_set_num_threads = no_threads;
    }
}

static bool dnnl_begin(void)
{
    return !dnnl.engine_create(&dnnl.engine, dnnl_cpu, 0) &&
           !dnnl.stream_create(&dnnl.stream, dnnl.engine, dnnl_stream_default_flags) &&
           !dnnl.primitive_attr_create(&dnnl.attr) &&
           !dnnl.primitive_attr_set_scratchpad_mode(dnnl.attr, dnnl_scratchpad_mode_user);
}

static void dnnl_open(void)
{
    static const char *const names[] = { "libdnnl.so.2", NULL };
    const struct library_symbol symbols[] = {
#define X(name) { "dnnl_" #name, (void **)&dnnl.name },
        DNNL_NAMES(X)
#undef X
    };
    void *lib;
    dnnl_missing = library_load(&lib, names, symbols, COUNT(symbols));
    if (dnnl_missing)
        return;
    dnnl_find_openmp(lib);
    if (!dnnl_begin())
        dnnl_missing = "a CPU engine";
}

/* The serial build first, by its place in Debian: the plain name may lead to one with threads
 * of its own. That one is told to use one, which others who share it will notice. */
static void blas_open(void)
{
    static const char *const names[] = {
#if defined __x86_64__
        "/usr/lib/x86_64-linux-gnu/openblas-serial/libopenblas.so.0",
#elif defined __aarch64__
        "/usr/lib/aarch64-linux-gnu/openblas-serial/libopenblas.so.0",
#endif
        "libopenblas.so.0", NULL
    };
    const struct library_symbol symbols[] = {
#define X(name) { "cblas_" #name, (void **)&blas.name },
        BLAS_NAMES(X)
#undef X
#define X(t, org, sy)                                                                      \
        { #t "getrf_", (void **)&lapack_##t.getrf }, { #t "getri_", (void **)&lapack_##t.getri }, \
        { #t "getrs_", (void **)&lapack_##t.getrs }, { #t "potrf_", (void **)&lapack_##t.potrf }, \
        { #t "geqrf_", (void **)&lapack_##t.geqrf }, { #t org "_", (void **)&lapack_##t.orgqr },  \
        { #t "gesdd_", (void **)&lapack_##t.gesdd }, { #t sy "_", (void **)&lapack_##t.syevd },   \
        { #t "gelsy_", (void **)&lapack_##t.gelsy },
        X(s, "orgqr", "syevd") X(d, "orgqr", "syevd") X(c, "ungqr", "heevd") X(z, "ungqr", "heevd")
#undef X
        { "zgees_", (void **)&lapack_z.gees },
    };
    void *lib;
    blas_missing = library_load(&lib, names, symbols, COUNT(symbols));
    int (*parallel)(void) = lib ? (int (*)(void))dlsym(lib, "openblas_get_parallel") : NULL;
    void (*threads)(int) = lib ? (void (*)(int))dlsym(lib, "openblas_set_num_threads") : NULL;
    if (parallel && threads && parallel() != 0)
        threads(1);
    blas_has_no_locks = !parallel || parallel() == 0;
    pthread_atfork(blas_alone, blas_together, blas_together);
}

void blas_alone(void)
{
    if (blas_has_no_locks)
        pthread_mutex_lock(&blas_lock);
}

void blas_together(void)
{
    if (blas_has_no_locks)
        pthread_mutex_unlock(&blas_lock);
}

struct status *dnnl_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, dnnl_open);
    if (!dnnl_missing)
        return NULL;
    return status_new(UNAVAILABLE, "oneDNN (libdnnl.so.2) is needed here: %s was not found; "
                      "on Debian install libdnnl2", dnnl_missing);
}

struct status *blas_load(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, blas_open);
    if (!blas_missing)
        return NULL;
    return status_new(UNAVAILABLE, "OpenBLAS (libopenblas.so.0) is needed here: %s was not found; "
                      "on Debian install libopenblas0-serial", blas_missing);
}

struct status *dnnl_status(dnnl_status_t st, const char *what)
{
    if (st == dnnl_success)
        return NULL;
    if (st == dnnl_out_of_memory)
        return status_new(RESOURCE_EXHAUSTED, "oneDNN: out of memory for %s", what);
    return status_new(INTERNAL, "oneDNN: %s failed with status %d", what, (int)st);
}
