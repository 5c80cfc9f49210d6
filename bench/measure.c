#include "measure.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 2001, LEAST = 7 };

double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double timed(void (*fn)(void *ctx), void *ctx, long batch)
{
    double start = now_us();
    for (long i = 0; i < batch; i++)
        fn(ctx);
    return now_us() - start;
}

double measure_us(void (*fn)(void *ctx), void *ctx)
{
    static double sample[SAMPLES];
    const char *seconds = getenv("BENCH_SECONDS");
    double limit = (seconds ? atof(seconds) : 1) * 1e6;
    long batch = 1;
    int n = 0;
    timed(fn, ctx, 2);
    while (timed(fn, ctx, batch) < 30 && batch < 1 << 24)
        batch *= 2;
    for (double start = now_us(); n < SAMPLES && (n < LEAST || now_us() - start < limit); n++)
        sample[n] = timed(fn, ctx, batch) / (double)batch;
    qsort(sample, (size_t)n, sizeof *sample, by_value);
    return sample[n / 2];
}

double resident_mb(void)
{
    long ignored, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &ignored, &pages) != 2)
        pages = 0;
    if (f)
        fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

void row(const char *workload, int threads, double value)
{
    printf("weft\t%s\t%d\t%.4g\n", workload, threads, value);
    fflush(stdout);
}

/* ---- the allocator's doors, counted: these stand before the C library's own ---- */

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static atomic_long calls;

long allocations(void) { return atomic_load(&calls); }

void *malloc(size_t n)
{
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return __libc_realloc(p, n);
}

void *aligned_alloc(size_t align, size_t n)
{
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    return __libc_memalign(align, n);
}
