/* reduce_test.c - reductions against plain loops, over shapes, axes, kinds, threads and
 * instruction sets. Threads must not change a single bit. */
#include "num/reduce.h"
#include "base/pool.h"
#include "num/reduce_isa.h"
#include "num/vec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct sample { int rank; int64_t dim[4]; };

/* Those past 65536 elements are cut up for threads: by outputs, by length and by width. */
static const struct sample sample[] = {
    { 0, { 0 } }, { 1, { 1 } }, { 1, { 7 } }, { 1, { 8 } }, { 1, { 127 } }, { 1, { 9000 } },
    { 1, { 140003 } }, { 2, { 5, 3 } }, { 2, { 3, 5 } }, { 2, { 1000, 3 } }, { 2, { 2000, 40 } },
    { 2, { 33, 600 } }, { 2, { 2, 40000 } }, { 2, { 40000, 2 } }, { 2, { 0, 4 } },
    { 3, { 4, 5, 6 } }, { 3, { 20, 1, 30 } }, { 3, { 3, 400, 65 } }, { 3, { 2, 3, 15000 } },
    { 4, { 3, 4, 5, 6 } }, { 4, { 2, 30, 20, 16 } }, { 4, { 3, 1, 40, 1 } },
};
enum { SAMPLES = sizeof sample / sizeof *sample };

static double unit(int kind)
{
    return kind == FOLD_PROD ? 1 : kind == FOLD_MAX ? -INFINITY : kind == FOLD_MIN ? INFINITY : 0;
}

static double take(int kind, double a, double x)
{
    switch (kind) {
    case FOLD_PROD: return a * x;
    case FOLD_MAX: return x > a ? x : a;
    case FOLD_MIN: return x < a ? x : a;
    case FOLD_SQUARES: return a + x * x;
    default: return a + x;
    }
}

/* y[place of each element among the kept dimensions] takes the element in. */
static void plainly(int kind, const struct sample *s, unsigned reduced, const double *x,
                    double *y, int64_t outputs)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= s->dim[i];
    for (int64_t i = 0; i < outputs; i++)
        y[i] = unit(kind);
    for (int64_t i = 0; i < n; i++) {
        int64_t rest = i, at = 0, stride = 1;
        for (int d = s->rank - 1; d >= 0; rest /= s->dim[d--])
            if (!(reduced >> d & 1)) {
                at += rest % s->dim[d] * stride;
                stride *= s->dim[d];
            }
        y[at] = take(kind, y[at], x[i]);
    }
}

/* Products of numbers near one stay in range. */
static double element(int64_t i, int kind)
{
    double a = (double)((i * 7919 + 13) % 1009) / 1009;
    return kind == FOLD_PROD ? 1 + (a - 0.5) * 1e-3 : a - 0.3;
}

static bool is_good(const struct fold *f, const void *acc, int64_t i, int64_t count, double want,
                    double tolerance)
{
    double got = f->acc_size == 4 ? (double)((const float *)acc)[i] : ((const double *)acc)[i];
    return want == got || fabs(want - got) <= tolerance * ((double)count + fabs(want) + 1);
}

static void compare(const struct fold *f, const char *name, const struct reduction *r,
                    const void *x, const double *want, double tolerance)
{
    size_t bytes = (size_t)r->outputs * f->acc_size;
    char *one = malloc(bytes + 1), *many = malloc(bytes + 1);
    char *scratch = malloc(reduce_scratch(f, r) + 1);
    reduce_run(f, r, x, one, scratch, 1);
    reduce_run(f, r, x, many, scratch, 0);
    assert_memory_equal(one, many, bytes);
    for (int64_t i = 0; i < r->outputs; i++)
        if (!is_good(f, one, i, r->count, want[i], tolerance))
            fail_msg("%s: output %d should be %g", name, (int)i, want[i]);
    free(one);
    free(many);
    free(scratch);
}

/* The loops that this machine can run. */
static int tables(const struct folds **table)
{
    int n = 0;
    table[n++] = &folds_base;
#ifdef __x86_64__
    if (vec_find("avx2"))
        table[n++] = &folds_avx2;
    if (vec_find("avx512"))
        table[n++] = &folds_avx512;
#endif
    return n;
}

static void compare_tables(const struct sample *s, int kind, unsigned reduced, const double *x,
                           const float *y)
{
    const struct folds *table[3];
    struct reduction r;
    reduce_simplify(&r, s->rank, s->dim, reduced);
    double *want = malloc((size_t)r.outputs * sizeof *want + 1);
    plainly(kind, s, reduced, x, want, r.outputs);
    for (int i = tables(table) - 1; i >= 0; i--) {
        char name[100];
        snprintf(name, sizeof name, "sample %d, axes %u, kind %d, table %d",
                 (int)(s - sample), reduced, kind, i);
        compare(&table[i]->f32[kind], name, &r, y, want, 1e-7);
        compare(&table[i]->f64[kind], name, &r, x, want, 1e-13);
    }
    free(want);
}

static void compare_sample(const struct sample *s, int kind)
{
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        n *= s->dim[i];
    double *x = malloc((size_t)n * sizeof *x + 1);
    float *y = malloc((size_t)n * sizeof *y + 1);
    for (int64_t i = 0; i < n; i++)
        x[i] = y[i] = (float)element(i, kind);
    for (unsigned reduced = 0; reduced < 1u << s->rank; reduced++)
        compare_tables(s, kind, reduced, x, y);
    free(x);
    free(y);
}

static void samples(void **state)
{
    (void)state;
    for (int k = 0; k < SAMPLES; k++)
        for (int kind = 0; kind < FOLD_COUNT; kind++)
            compare_sample(&sample[k], kind);
}

/* A million numbers: a plain float sum would be off in the fourth digit. */
static void long_sums_are_accurate(void **state)
{
    (void)state;
    int64_t n = 1000000;
    float *x = malloc((size_t)n * sizeof *x), sum, cols[2];
    for (int64_t i = 0; i < n; i++)
        x[i] = 0.1f;
    struct reduction r;
    reduce_simplify(&r, 1, &n, 1);
    char *scratch = malloc(reduce_scratch(folds_f32(), &r) + 1);
    reduce_run(folds_f32() + FOLD_SUM, &r, x, &sum, scratch, 0);
    assert_true(fabs(sum - 100000.00149) < 0.1);
    reduce_simplify(&r, 2, (int64_t[]){ n / 2, 2 }, 1);
    scratch = realloc(scratch, reduce_scratch(folds_f32(), &r) + 1);
    reduce_run(folds_f32() + FOLD_SUM, &r, x, cols, scratch, 0);
    assert_true(fabs(cols[0] - 50000.000745) < 0.05 && cols[0] == cols[1]);
    free(x);
    free(scratch);
}

static void simplified(void **state)
{
    (void)state;
    struct reduction r;
    reduce_simplify(&r, 6, (int64_t[]){ 2, 3, 1, 4, 5, 1 }, 1 << 1 | 1 << 3 | 1 << 5);
    assert_int_equal(r.n, 3);
    assert_int_equal(r.dim[0], 2);
    assert_int_equal(r.dim[1], 12);
    assert_int_equal(r.dim[2], 5);
    assert_false(r.last_reduced);
    assert_int_equal(r.outputs, 10);
    assert_int_equal(r.count, 12);
}

int main(void)
{
    pool_size_hint(4);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simplified),
        cmocka_unit_test(samples),
        cmocka_unit_test(long_sums_are_accurate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
