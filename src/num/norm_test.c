/* norm_test.c - batch normalization against plain loops, over layouts, threads and instruction
 * sets. */
#include "num/norm.h"
#include "num/norm_isa.h"
#include "num/vec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct norm sample[] = {
    { 1, 1, 1, 1 }, { 7, 3, 1, 1 }, { 1000, 5, 1, 0 }, { 20000, 17, 1, 0 }, { 3, 300, 1, 1 },
    { 2, 3, 25, 1 }, { 5, 4, 9000, 0 }, { 40, 33, 121, 0 }, { 1, 2, 20000, 1 },
};
enum { SAMPLES = sizeof sample / sizeof *sample };

struct values {
    float *x, *dy, *y, *mean, *var, *ones;
    double *sum, *product;
    void *scratch;
};

static float *floats(int64_t n, float base, float step)
{
    float *x = malloc((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++)
        x[i] = base + step * (float)((i * 7919 + i / 13) % 1009) / 1009;
    return x;
}

static struct values values_new(const struct norm *n)
{
    int64_t all = n->outer * n->channels * n->inner, c = n->channels;
    struct values v = { floats(all, 100, 2), floats(all, -0.5f, 1), floats(all, 0, 0),
                        floats(c, 0, 0), floats(c, 0, 0), floats(c, 1, 0),
                        malloc((size_t)c * sizeof(double)), malloc((size_t)c * sizeof(double)),
                        malloc(norm_scratch(n)) };
    return v;
}

static void values_free(struct values *v)
{
    void *all[] = { v->x, v->dy, v->y, v->mean, v->var, v->ones, v->sum, v->product,
                    v->scratch };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* The sum over one channel of a, or of a * (b - at). */
static double plain(const struct norm *n, int64_t c, const float *a, const float *b, double at)
{
    double sum = 0;
    for (int64_t o = 0; o < n->outer; o++)
        for (int64_t i = 0; i < n->inner; i++) {
            int64_t k = (o * n->channels + c) * n->inner + i;
            sum += b ? a[k] * (b[k] - at) : a[k];
        }
    return sum;
}

static double squares(const struct norm *n, int64_t c, const float *x, double mean)
{
    double sum = 0;
    for (int64_t o = 0; o < n->outer; o++)
        for (int64_t i = 0; i < n->inner; i++) {
            double d = x[(o * n->channels + c) * n->inner + i] - mean;
            sum += d * d;
        }
    return sum;
}

static void near(double got, double want, double scale)
{
    if (fabs(got - want) > 2e-5 * (fabs(want) + scale))
        fail_msg("%.9g came, %.9g was wanted", got, want);
}

static void check(const struct norm *n)
{
    struct values v = values_new(n);
    double count = (double)norm_count(n);
    norm_moments(n, v.x, v.mean, v.var, v.scratch);
    norm_products(n, v.dy, v.x, v.mean, v.sum, v.product, v.scratch);
    norm_apply(n, v.x, v.mean, v.ones, v.ones, v.y);
    for (int64_t c = 0; c < n->channels; c++) {
        double mean = plain(n, c, v.x, NULL, 0) / count;
        near(v.mean[c], mean, 1);
        near(v.var[c], squares(n, c, v.x, mean) / count, 0.1);
        near(v.sum[c], plain(n, c, v.dy, NULL, 0), count / 10);
        near(v.product[c], plain(n, c, v.dy, v.x, v.mean[c]), count / 10);
        near(plain(n, c, v.y, NULL, 0), count, count);
    }
    norm_combine(n, v.dy, v.x, v.mean, v.ones, v.ones, v.ones, v.y);
    for (int64_t c = 0; c < n->channels; c++)
        near(plain(n, c, v.y, NULL, 0), v.sum[c] - count - plain(n, c, v.x, NULL, 0) +
             v.mean[c] * count, count);
    values_free(&v);
}

static void against_plain(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++)
        check(&sample[i]);
}

/* Threads never change the sums. */
static void threads_agree(void **state)
{
    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        struct norm one = sample[i], many = sample[i];
        one.threads = 1;
        many.threads = 8;
        struct values a = values_new(&one), b = values_new(&many);
        norm_moments(&one, a.x, a.mean, a.var, a.scratch);
        norm_moments(&many, b.x, b.mean, b.var, b.scratch);
        assert_memory_equal(a.mean, b.mean, (size_t)one.channels * sizeof(float));
        assert_memory_equal(a.var, b.var, (size_t)one.channels * sizeof(float));
        values_free(&a);
        values_free(&b);
    }
}

/* Every set of loops that this machine can run. */
static void loops_agree(void **state)
{
    const struct { const char *isa; const struct norm_loops *loops; } set[] = {
        { "base", &norm_loops_base },
#ifdef __x86_64__
        { "avx2", &norm_loops_avx2 }, { "avx512", &norm_loops_avx512 },
#endif
    };
    (void)state;
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        for (int k = 0; k < SAMPLES && vec_find(set[i].isa); k++) {
            const struct norm *n = &sample[k];
            struct values v = values_new(n);
            double *sums = calloc((size_t)n->channels * 2, sizeof *sums);
            float *part = malloc((size_t)n->channels * 2 * sizeof *part);
            set[i].loops->moments(n, v.x, 0, n->outer, sums, sums + n->channels, part);
            for (int64_t c = 0; c < n->channels; c++)
                near(sums[c], plain(n, c, v.x, NULL, 0) / (double)norm_count(n), 1);
            free(sums);
            free(part);
            values_free(&v);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_plain),
        cmocka_unit_test(threads_agree),
        cmocka_unit_test(loops_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
