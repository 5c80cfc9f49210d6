#include "num/norm.h"

#include "base/pool.h"
#include "num/isa.h"
#include "num/norm_isa.h"

/* Elements that are worth another thread, and the most parts whose sums are kept apart. */
enum { GRAIN = 64 * 1024, MOST_PARTS = 32 };

static const struct norm_loops *loops(void)
{
#ifdef __x86_64__
    static const struct norm_loops *const of[] = { &norm_loops_base, &norm_loops_avx2,
                                                   &norm_loops_avx512 };
    return of[isa_best()];
#else
    return &norm_loops_base;
#endif
}

/* ---- sums, in parts ---- */

struct parts {
    const struct norm *n;
    const float *dy, *x, *mean;
    double *sums;               /* for each part: two a channel */
    float *scratch;             /* for each part: two a channel */
    int64_t parts;
};

static int64_t parts_of(const struct norm *n)
{
    int64_t parts = n->outer * n->channels * n->inner / GRAIN;
    if (parts > n->outer)
        parts = n->outer;
    return parts < 1 ? 1 : parts > MOST_PARTS ? MOST_PARTS : parts;
}

size_t norm_scratch(const struct norm *n)
{
    return (size_t)(parts_of(n) * n->channels) * 2 * (sizeof(double) + sizeof(float)) + 1;
}

static struct parts parts_new(const struct norm *n, void *scratch)
{
    struct parts p = { .n = n, .sums = scratch, .parts = parts_of(n) };
    p.scratch = (float *)(p.sums + p.parts * n->channels * 2);
    memset(p.sums, 0, (size_t)(p.parts * n->channels) * 2 * sizeof *p.sums);
    return p;
}

static int64_t part_begin(const struct parts *p, int64_t i) { return p->n->outer * i / p->parts; }

static void moments_parts(void *ctx, int64_t begin, int64_t end)
{
    const struct parts *p = ctx;
    int64_t c = p->n->channels;
    for (int64_t i = begin; i < end; i++)
        loops()->moments(p->n, p->x, part_begin(p, i), part_begin(p, i + 1), p->sums + 2 * c * i,
                         p->sums + 2 * c * i + c, p->scratch + 2 * c * i);
}

void norm_moments(const struct norm *n, const float *x, float *mean, float *variance,
                  void *scratch)
{
    struct parts p = parts_new(n, scratch);
    int64_t c = n->channels, inner = n->inner;
    p.x = x;
    pool_for(p.parts, 1, n->threads, moments_parts, &p);
    double *all = p.sums;
    for (int64_t i = 1; i < p.parts; i++) {
        const double *part = p.sums + 2 * c * i;
        double before = (double)(part_begin(&p, i) * inner);
        double count = (double)(part_begin(&p, i + 1) * inner) - before;
        double share = count / (before + count);
        for (int64_t j = 0; j < c; j++) {
            double delta = part[j] - all[j];
            all[j] += delta * share;
            all[c + j] += part[c + j] + delta * delta * before * share;
        }
    }
    for (int64_t j = 0; j < c; j++) {
        mean[j] = (float)all[j];
        variance[j] = (float)(all[c + j] / (double)norm_count(n));
    }
}

static void products_parts(void *ctx, int64_t begin, int64_t end)
{
    const struct parts *p = ctx;
    int64_t c = p->n->channels;
    for (int64_t i = begin; i < end; i++)
        loops()->products(p->n, p->dy, p->x, p->mean, part_begin(p, i), part_begin(p, i + 1),
                          p->sums + 2 * c * i, p->sums + 2 * c * i + c, p->scratch + 2 * c * i);
}

void norm_products(const struct norm *n, const float *dy, const float *x, const float *mean,
                   double *sum, double *product, void *scratch)
{
    struct parts p = parts_new(n, scratch);
    int64_t c = n->channels;
    p.dy = dy;
    p.x = x;
    p.mean = mean;
    pool_for(p.parts, 1, n->threads, products_parts, &p);
    for (int64_t j = 0; j < c; j++) {
        sum[j] = product[j] = 0;
        for (int64_t i = 0; i < p.parts; i++) {
            sum[j] += p.sums[2 * c * i + j];
            product[j] += p.sums[2 * c * i + c + j];
        }
    }
}

/* ---- element by element ---- */

struct each {
    const struct norm *n;
    const float *dy, *x, *mean, *a, *b, *c;
    float *y;
};

static void apply_some(void *ctx, int64_t begin, int64_t end)
{
    const struct each *e = ctx;
    loops()->apply(e->n, begin, end, e->x, e->mean, e->a, e->b, e->y);
}

static void combine_some(void *ctx, int64_t begin, int64_t end)
{
    const struct each *e = ctx;
    loops()->combine(e->n, begin, end, e->dy, e->x, e->mean, e->a, e->b, e->c, e->y);
}

static void each_run(struct each *e, void (*fn)(void *ctx, int64_t begin, int64_t end))
{
    int64_t width = e->n->channels * e->n->inner;
    if (width && e->n->outer)
        pool_for(e->n->outer, 1 + GRAIN / width, e->n->threads, fn, e);
}

void norm_apply(const struct norm *n, const float *x, const float *mean, const float *scale,
                const float *offset, float *y)
{
    struct each e = { .n = n, .x = x, .mean = mean, .a = scale, .b = offset, .y = y };
    each_run(&e, apply_some);
}

void norm_combine(const struct norm *n, const float *dy, const float *x, const float *mean,
                  const float *a, const float *b, const float *c, float *dx)
{
    struct each e = { n, dy, x, mean, a, b, c, dx };
    each_run(&e, combine_some);
}
