#include "num/fft.h"

#include "base/library.h"
#include "base/mem.h"

#include <fftw3.h>
#include <string.h>

/* ---- the library, in its two precisions ---- */

#define NAMES(X) \
    X(plan_many_dft) X(plan_many_dft_r2c) X(plan_many_dft_c2r) X(destroy_plan) \
    X(execute_dft) X(execute_dft_r2c) X(execute_dft_c2r)

static struct {
#define X(name) __typeof__(&fftw_##name) name;
    NAMES(X)
#undef X
} wide;

static struct {
#define X(name) __typeof__(&fftwf_##name) name;
    NAMES(X)
#undef X
} narrow;

static const struct library_symbol wide_symbols[] = {
#define X(name) { "fftw_" #name, (void **)&wide.name },
    NAMES(X)
#undef X
};

static const struct library_symbol narrow_symbols[] = {
#define X(name) { "fftwf_" #name, (void **)&narrow.name },
    NAMES(X)
#undef X
};

static struct library wide_library =
    LIBRARY("FFTW", "libfftw3.so.3", "libfftw3-double3", wide_symbols);
static struct library narrow_library =
    LIBRARY("FFTW", "libfftw3f.so.3", "libfftw3-single3", narrow_symbols);

/* ---- plans: the last ones are kept ---- */

enum { KEPT = 64 };

struct fft_plan {
    struct fft what;
    void *plan;
    int users;                  /* those who took it, and the table where it stands there */
    unsigned long last;         /* when it was taken last */
};

/* Held while a plan is made, too: the planner is one thread's at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct fft_plan *kept[KEPT];
static unsigned long now;

static void hold(void) { pthread_mutex_lock(&lock); }
static void release(void) { pthread_mutex_unlock(&lock); }
static void guard_forks(void) { pthread_atfork(hold, release, release); }

/* Stand for input and output while a plan is made: it is only estimated, so that nobody looks. */
static _Alignas(64) char place[2][64];

#define FN(x) x##_f64
#define LIB wide
#include "num/fft.inc"

#define FN(x) x##_f32
#define LIB narrow
#include "num/fft.inc"

/* ---- the table ---- */

static bool same(const struct fft *a, const struct fft *b)
{
    return a->kind == b->kind && a->wide == b->wide && a->in_place == b->in_place &&
           a->aligned == b->aligned && a->rank == b->rank && a->many == b->many &&
           !memcmp(a->n, b->n, (size_t)a->rank * sizeof *a->n);
}

static void drop(struct fft_plan *p)
{
    if (--p->users)
        return;
    if (p->plan)
        (p->what.wide ? destroy_f64 : destroy_f32)(p->plan);
    mem_free(p);
}

/* Where it stands, or where it may: the place that was not asked for the longest time. */
static int find(const struct fft *f)
{
    int oldest = 0;
    for (int i = 0; i < KEPT; i++) {
        if (!kept[i])
            return i;
        if (same(&kept[i]->what, f))
            return i;
        if (kept[i]->last < kept[oldest]->last)
            oldest = i;
    }
    return oldest;
}

static struct status *make_at(int i, const struct fft *f)
{
    struct fft_plan *p = mem_new(struct fft_plan);
    NEED(p);
    *p = (struct fft_plan){ .what = *f, .users = 1 };
    p->plan = (f->wide ? make_f64 : make_f32)(f);
    if (!p->plan) {
        drop(p);
        return status_new(INTERNAL, "FFTW has no plan for this transform");
    }
    if (kept[i])
        drop(kept[i]);
    kept[i] = p;
    return NULL;
}

struct status *fft_take(const struct fft *f, struct fft_plan **plan)
{
    struct status *st = NULL;
    TRY(library_need(f->wide ? &wide_library : &narrow_library));
    pthread_once(&once, guard_forks);
    hold();
    int i = find(f);
    if (!kept[i] || !same(&kept[i]->what, f))
        st = make_at(i, f);
    if (!st) {
        *plan = kept[i];
        (*plan)->users++;
        (*plan)->last = ++now;
    }
    release();
    return st;
}

void fft_give(struct fft_plan *plan)
{
    hold();
    drop(plan);
    release();
}

void fft_run(const struct fft_plan *plan, void *in, void *out)
{
    (plan->what.wide ? run_f64 : run_f32)(plan, in, out);
}
