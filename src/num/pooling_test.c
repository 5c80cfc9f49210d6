/* pooling_test.c - pooling against plain loops, over sizes, windows, strides, paddings, threads and
 * instruction sets. */
#include "num/pooling.h"
#include "base/pool.h"
#include "num/pooling_isa.h"
#include "num/vec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* batch, height, width, depth, window, stride, same; then of three dimensions planes, window and
 * stride along them */
static const int sample[][12] = {
    { 1, 1, 1, 1, 1, 1, 1, 1, 0 },   { 2, 5, 6, 3, 2, 2, 2, 2, 0 },  { 2, 5, 6, 3, 2, 2, 2, 2, 1 },
    { 1, 8, 8, 2, 3, 3, 1, 1, 1 },   { 3, 7, 9, 16, 3, 2, 2, 1, 1 }, { 2, 9, 7, 17, 2, 3, 1, 2, 0 },
    { 1, 6, 6, 33, 5, 5, 1, 1, 1 },  { 2, 6, 6, 4, 1, 1, 2, 2, 0 },  { 1, 3, 3, 5, 3, 3, 3, 3, 1 },
    { 4, 28, 28, 32, 2, 2, 2, 2, 0 }, { 2, 4, 4, 3, 7, 7, 1, 1, 1 }, { 2, 4, 5, 3, 4, 5, 1, 1, 0 },
    { 0, 4, 4, 3, 2, 2, 2, 2, 0 },    { 2, 4, 5, 3, 2, 2, 2, 2, 0, 6, 2, 2 },
    { 1, 5, 6, 17, 3, 2, 2, 1, 1, 4, 2, 1 },    { 2, 3, 3, 2, 3, 3, 1, 1, 1, 5, 3, 2 },
    { 3, 12, 12, 16, 2, 2, 2, 2, 0, 12, 2, 2 }, { 1, 4, 4, 3, 2, 2, 2, 2, 0, 5, 1, 2 },
};
enum { SAMPLES = sizeof sample / sizeof *sample };

static int64_t out_dim(int64_t in, int64_t k, int64_t s, bool same, int64_t *pad)
{
    int64_t out = same ? (in + s - 1) / s : (in - k + s) / s, need = (out - 1) * s + k - in;
    *pad = same && need > 0 ? need / 2 : 0;
    return out;
}

static struct pooling geometry(const int *s)
{
    struct pooling p = { s[0], s[3], .in = { s[9], s[1], s[2] }, .k = { s[10], s[4], s[5] },
                         .s = { s[11], s[6], s[7] } };
    if (!s[9])
        p.in[0] = p.k[0] = p.s[0] = 1;
    for (int i = 0; i < 3; i++)
        p.out[i] = out_dim(p.in[i], p.k[i], p.s[i], s[8], &p.pad[i]);
    return p;
}

/* -1: padding. */
static int64_t in_at(const struct pooling *p, int64_t b, const int64_t at[3], int64_t c)
{
    for (int i = 0; i < 3; i++)
        if (at[i] < 0 || at[i] >= p->in[i])
            return -1;
    return (((b * p->in[0] + at[0]) * p->in[1] + at[1]) * p->in[2] + at[2]) * p->depth + c;
}

static int64_t in_count(const struct pooling *p)
{
    return p->batch * p->in[0] * p->in[1] * p->in[2] * p->depth;
}

static int64_t out_count(const struct pooling *p)
{
    return p->batch * p->out[0] * p->out[1] * p->out[2] * p->depth;
}

/* Where pixel k of window o lies in the input. */
static int64_t window_at(const struct pooling *p, int64_t o, int64_t k)
{
    int64_t c = o % p->depth, at[3];
    o /= p->depth;
    for (int i = 2; i >= 0; i--) {
        at[i] = o % p->out[i] * p->s[i] - p->pad[i] + k % p->k[i];
        o /= p->out[i];
        k /= p->k[i];
    }
    return in_at(p, o, at, c);
}

/* What every loop should give; dx and dmean begin as zeros. */
struct wanted { double *max, *mean, *dmax, *dshare, *dmean; int64_t *at; };

static void plain_window(const struct pooling *p, const double *x, const double *dy,
                         struct wanted *y, int64_t o)
{
    int64_t n = 0, window = p->k[0] * p->k[1] * p->k[2];
    double sum = 0;
    y->at[o] = -1;
    for (int64_t k = 0; k < window; k++) {
        int64_t at = window_at(p, o, k);
        if (at < 0)
            continue;
        n++;
        sum += x[at];
        if (y->at[o] < 0 || x[at] > x[y->at[o]])
            y->at[o] = at;
    }
    y->max[o] = x[y->at[o]];
    y->mean[o] = sum / (double)n;
    y->dmax[y->at[o]] += dy[o];
    for (int64_t k = 0; k < window; k++) {
        int64_t at = window_at(p, o, k);
        if (at < 0)
            continue;
        y->dmean[at] += dy[o] / (double)n;
        y->dshare[at] += x[at] == y->max[o] ? dy[o] : 0;
    }
}

static void *array(int64_t n, size_t size) { return calloc((size_t)n + 1, size); }

static double element(const void *x, bool wide, int64_t i)
{
    return wide ? ((const double *)x)[i] : (double)((const float *)x)[i];
}

static void same(const void *got, bool wide, const double *want, int64_t n, const char *what)
{
    for (int64_t i = 0; i < n; i++)
        if (fabs(element(got, wide, i) - want[i]) > 1e-5 * (1 + fabs(want[i])))
            fail_msg("%s[%d] is %g, wanted %g", what, (int)i, element(got, wide, i), want[i]);
}

/* Once on one thread and once on all: the same bits. */
static void run(struct pool_job *j, pool_fn *fn, bool scatter, bool wide, int64_t n, void *y)
{
    size_t size = wide ? sizeof(double) : sizeof(float);
    void *again = array(n, size);
    memset(y, 0xff, (size_t)n * size);
    memset(again, 0xff, (size_t)n * size);
    for (int threads = 1; threads >= 0; threads--) {
        j->y = threads ? y : again;
        if (scatter)
            pooling_scatter(j, fn, size, threads);
        else
            pooling_run(j, fn, threads);
    }
    assert_memory_equal(y, again, (size_t)n * size);
    free(again);
}

static void compare(const struct pool_loops *l, bool wide, const struct pooling *p,
                    const double *x, const double *dy, const struct wanted *want)
{
    int64_t in = in_count(p), out = out_count(p);
    size_t size = wide ? sizeof(double) : sizeof(float);
    void *tx = array(in, size), *tdy = array(out, size), *y = array(in + out, size);
    int64_t *at = array(out, sizeof *at);
    double *picked = array(out, sizeof *picked);
    for (int64_t i = 0; i < in; i++)
        wide ? (((double *)tx)[i] = x[i]) : (((float *)tx)[i] = (float)x[i]);
    for (int64_t i = 0; i < out; i++)
        wide ? (((double *)tdy)[i] = dy[i]) : (((float *)tdy)[i] = (float)dy[i]);
    struct pool_job j = { .p = p, .x = tx, .g = tdy, .argmax = at };
    run(&j, l->max, false, wide, out, y);
    same(y, wide, want->max, out, "max");
    run(&j, l->max_at, false, wide, out, y);
    same(y, wide, want->max, out, "max_at");
    assert_memory_equal(at, want->at, (size_t)out * sizeof *at);
    run(&j, l->mean, false, wide, out, y);
    same(y, wide, want->mean, out, "mean");
    run(&j, l->max_grad, true, wide, in, y);
    same(y, wide, want->dmax, in, "max_grad");
    run(&j, l->max_share, true, wide, in, y);
    same(y, wide, want->dshare, in, "max_share");
    run(&j, l->mean_grad, true, wide, in, y);
    same(y, wide, want->dmean, in, "mean_grad");
    j.g = tx;
    run(&j, l->max_pick, false, wide, out, y);
    for (int64_t i = 0; i < out; i++)
        picked[i] = x[want->at[i]];
    same(y, wide, picked, out, "max_pick");
    free(tx);
    free(tdy);
    free(y);
    free(at);
    free(picked);
}

static void compare_sample(const struct pools *t, const int *s)
{
    struct pooling p = geometry(s);
    int64_t in = in_count(&p), out = out_count(&p);
    double *x = array(in, sizeof *x), *dy = array(out, sizeof *dy);
    struct wanted w = { array(out, sizeof(double)), array(out, sizeof(double)),
                        array(in, sizeof(double)), array(in, sizeof(double)),
                        array(in, sizeof(double)), array(out, sizeof(int64_t)) };
    for (int64_t i = 0; i < in; i++)            /* few values, so that there are equals */
        x[i] = (double)(i * 7919 % 23) - 11;
    for (int64_t i = 0; i < out; i++)
        dy[i] = (double)(i * 104729 % 1009) / 1009 - 0.4;
    for (int64_t i = 0; i < out; i++)
        plain_window(&p, x, dy, &w, i);
    compare(t->f32, false, &p, x, dy, &w);
    compare(t->f64, true, &p, x, dy, &w);
    free(x);
    free(dy);
    free(w.max);
    free(w.mean);
    free(w.dmax);
    free(w.dshare);
    free(w.dmean);
    free(w.at);
}

static void compare_table(const struct pools *t)
{
    for (int i = 0; i < SAMPLES; i++)
        compare_sample(t, sample[i]);
}

static void base(void **state) { (void)state; compare_table(&pools_base); }

#ifdef __x86_64__
static void avx2(void **state)
{
    (void)state;
    if (vec_find("avx2"))
        compare_table(&pools_avx2);
}

static void avx512(void **state)
{
    (void)state;
    if (vec_find("avx512"))
        compare_table(&pools_avx512);
}
#endif

int main(void)
{
    pool_size_hint(4);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base),
#ifdef __x86_64__
        cmocka_unit_test(avx2),
        cmocka_unit_test(avx512),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
