/* gemm_test.c - every type of product against three loops, over random shapes, transposes and
 * gaps between rows, on one thread and on several. */
#include "num/gemm.h"

#include "base/mem.h"
#include "base/pool.h"

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

struct type {
    const char *name;
    size_t size;
    double tolerance;
    double _Complex (*get)(const void *x, int64_t i);
    void (*set)(void *x, int64_t i, double _Complex v);
    struct status *(*ready)(const struct gemm *g);
    size_t (*scratch)(const struct gemm *g);
    void (*run)(const struct gemm *g, const void *a, const void *b, void *c, void *scratch);
};

static double _Complex get_f16(const void *x, int64_t i)
{ return half_load(((const struct half *)x)[i]); }
static void set_f16(void *x, int64_t i, double _Complex v)
{ ((struct half *)x)[i] = half_store((float)creal(v)); }
static double _Complex get_bf16(const void *x, int64_t i)
{ return bfloat16_load(((const struct bfloat16 *)x)[i]); }
static void set_bf16(void *x, int64_t i, double _Complex v)
{ ((struct bfloat16 *)x)[i] = bfloat16_store((float)creal(v)); }

#define PLAIN(s, T)                                                                           \
    static double _Complex get_##s(const void *x, int64_t i) { return ((const T *)x)[i]; }    \
    static void set_##s(void *x, int64_t i, double _Complex v) { ((T *)x)[i] = (T)v; }
PLAIN(f32, float)
PLAIN(f64, double)
PLAIN(i32, int32_t)
PLAIN(i64, int64_t)
PLAIN(c64, float _Complex)
PLAIN(c128, double _Complex)

#define X(s, T)                                                                               \
    static void run_##s(const struct gemm *g, const void *a, const void *b, void *c, void *m) \
    { gemm_##s(g, a, b, c, m); }
GEMM_TYPES(X)
#undef X

#define TYPE(s, size, tolerance) \
    { #s, size, tolerance, get_##s, set_##s, gemm_ready_##s, gemm_scratch_##s, run_##s }
static const struct type types[] = {
    TYPE(f32, 4, 1e-5), TYPE(f64, 8, 1e-13), TYPE(i32, 4, 0), TYPE(i64, 8, 0),
    TYPE(f16, 2, 2e-3), TYPE(bf16, 2, 1e-2), TYPE(c64, 8, 1e-5), TYPE(c128, 16, 1e-13),
};

static uint32_t seed = 1;

static int64_t random_below(int64_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void *random_matrix(const struct type *t, int64_t n)
{
    void *x = mem_aligned((size_t)n * t->size + 1);
    for (int64_t i = 0; i < n; i++)
        t->set(x, i, (double)(random_below(17) - 8) + (double)(random_below(17) - 8) * I);
    return x;
}

static double _Complex element(const struct type *t, enum gemm_op op, const void *x, int64_t ld,
                               int64_t row, int64_t col)
{
    double _Complex v = t->get(x, op == GEMM_N ? row * ld + col : col * ld + row);
    return op == GEMM_C ? conj(v) : v;
}

/* C before and after: every element is right and what lies between the rows is untouched. */
static void check(const struct type *t, const struct gemm *g, const void *a, const void *b,
                  const void *before, const void *c)
{
    int64_t step = g->m * g->n > 5000 ? 23 : 1;         /* of large ones a part */
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t j = i % step; j < g->ldc; j += step) {
            double _Complex want = j >= g->n || g->add ? t->get(before, i * g->ldc + j) : 0;
            for (int64_t p = 0; p < g->k && j < g->n; p++)
                want += element(t, g->a, a, g->lda, i, p) * element(t, g->b, b, g->ldb, p, j);
            double _Complex got = t->get(c, i * g->ldc + j);
            if (!(cabs(got - want) <= t->tolerance * (20 + cabs(want))))
                fail_msg("%s %lldx%lldx%lld ops %d %d add %d threads %d at %lld,%lld: %g, not %g",
                         t->name, (long long)g->m, (long long)g->k, (long long)g->n, g->a, g->b,
                         g->add, g->threads, (long long)i, (long long)j, creal(got),
                         creal(want));
        }
}

static void try_one(const struct type *t, struct gemm g)
{
    int64_t gap = random_below(2) * random_below(5);
    g.lda += gap, g.ldb += gap, g.ldc += gap;
    void *a = random_matrix(t, g.lda * (g.a == GEMM_N ? g.m : g.k));
    void *b = random_matrix(t, g.ldb * (g.b == GEMM_N ? g.k : g.n));
    void *before = random_matrix(t, g.m * g.ldc);
    void *c = mem_aligned((size_t)(g.m * g.ldc) * t->size + 1);
    memcpy(c, before, (size_t)(g.m * g.ldc) * t->size);
    assert_null(t->ready(&g));
    void *scratch = mem_aligned(t->scratch(&g));
    t->run(&g, a, b, c, scratch);
    check(t, &g, a, b, before, c);
    mem_free(a), mem_free(b), mem_free(c), mem_free(before), mem_free(scratch);
}

static void random_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (int n = 0; n < 60; n++) {
            int64_t most = n < 40 ? 20 : 90;
            enum gemm_op a = (enum gemm_op)random_below(3), b = (enum gemm_op)random_below(3);
            struct gemm g = gemm_dense(a, b, random_below(most), random_below(most),
                                       random_below(most), 1 + n % 2);
            g.add = random_below(2);
            try_one(&types[i], g);
        }
}

/* Large enough to be split, along either dimension, and to take several tiles. */
static void large_shapes(void **state)
{
    static const int64_t sizes[][3] = { { 300, 70, 280 }, { 33, 530, 300 }, { 1, 600, 700 },
                                        { 140, 1, 300 } };
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (int n = 0; n < 8; n++) {
            const int64_t *s = sizes[n % 4];
            struct gemm g = gemm_dense(n & 1 ? GEMM_T : GEMM_N, n & 2 ? GEMM_T : GEMM_N, s[0],
                                       s[1], s[2], n < 4 ? 3 : 1);
            try_one(&types[i], g);
        }
}

/* What C held does not matter unless asked for, not even a NaN. */
static void never_reads_c(void **state)
{
    static const int64_t sizes[] = { 2, 50 };
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct gemm g = gemm_dense(GEMM_N, GEMM_N, sizes[i], sizes[i], sizes[i], 1);
        float x[50 * 50] = { 0 }, c[50 * 50];
        for (int j = 0; j < 50 * 50; j++)
            c[j] = NAN;
        assert_null(gemm_ready_f32(&g));
        gemm_f32(&g, x, x, c, NULL);
        for (int64_t j = 0; j < sizes[i] * sizes[i]; j++)
            assert_true(c[j] == 0);
        c[0] = NAN, g.k = 0, g.lda = 1;
        gemm_f32(&g, x, x, c, NULL);
        assert_true(c[0] == 0);
    }
}

static volatile int ticks;

static void on_tick(int signal)
{
    (void)signal;
    ticks++;
}

/* However often a signal comes, memory is what it should be. */
static void signals(void **state)
{
    enum { N = 100, K = 300, BLOCKS = 64, BLOCK = 4000 };
    struct itimerval often = { { 0, 100 }, { 0, 100 } }, never = { 0 };
    struct gemm g = gemm_dense(GEMM_N, GEMM_N, N, N, K, 1);
    static float x[N * K], c[N * N];
    char *block[BLOCKS];
    (void)state;
    assert_null(gemm_ready_f32(&g));
    signal(SIGALRM, on_tick);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 5000 && ticks < 200; i++) {
        for (int k = 0; k < BLOCKS; k++)
            block[k] = memset(malloc(BLOCK), k, BLOCK);
        for (int k = 0; k < BLOCKS; k += 2)
            free(block[k]);
        gemm_f32(&g, x, x, c, NULL);
        for (int k = 1; k < BLOCKS; k += 2) {
            assert_true(block[k][0] == k && !memcmp(block[k], block[k] + 1, BLOCK - 1));
            free(block[k]);
        }
    }
    setitimer(ITIMER_REAL, &never, NULL);
    assert_true(ticks > 0);
}

static void integers_wrap(void **state)
{
    const int32_t a[2] = { INT32_MAX, 2 }, b[2] = { 3, INT32_MAX };
    const int64_t x[1] = { INT64_MAX }, y[1] = { 2 };
    struct gemm g = gemm_dense(GEMM_N, GEMM_N, 1, 1, 2, 1);
    int32_t c;
    int64_t z;
    (void)state;
    gemm_i32(&g, a, b, &c, NULL);
    assert_int_equal(c, (int32_t)(5u * INT32_MAX));
    g.k = 1;
    gemm_i64(&g, x, y, &z, NULL);
    assert_true(z == -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_shapes), cmocka_unit_test(large_shapes),
        cmocka_unit_test(never_reads_c), cmocka_unit_test(signals),
        cmocka_unit_test(integers_wrap),
    };
    pool_size_hint(3);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
