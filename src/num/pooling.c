#include "num/pooling.h"

#include "base/pool.h"
#include "num/isa.h"
#include "num/pooling_isa.h"

#include <string.h>

enum { TASK = 1 << 15 };        /* elements of input that are worth another thread */

static const struct pools *pools(void)
{
#if defined(__x86_64__)
    static const struct pools *const of[] = { &pools_base, &pools_avx2, &pools_avx512 };
    return of[isa_best()];
#else
    return &pools_base;
#endif
}

const struct pool_loops *pool_loops_f32(void) { return pools()->f32; }
const struct pool_loops *pool_loops_f64(void) { return pools()->f64; }

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* Output positions [first, last) whose windows lie inside the image, along one dimension. */
static void whole_windows(int64_t in, int64_t out, int64_t k, int64_t s, int64_t pad,
                          int64_t *first, int64_t *last)
{
    int64_t end = in + pad - k < 0 ? 0 : (in + pad - k) / s + 1;
    *first = least((pad + s - 1) / s, out);
    *last = most(least(end, out), *first);
}

/* The part of window `at` that lies inside the image, along dimension i. */
static int64_t clip(const struct pooling *p, int i, int64_t at, int64_t *begin)
{
    int64_t from = at * p->s[i] - p->pad[i];
    *begin = most(from, 0);
    return least(from + p->k[i], p->in[i]) - *begin;
}

/* Columns [from, to) of one row of windows, which all are alike. */
static void pool_part(const struct pool_job *j, pool_fn *fn, struct pool_run r, int64_t from,
                      int64_t to)
{
    const struct pooling *p = j->p;
    int64_t begin;
    if (from >= to)
        return;
    r.cols = clip(p, 2, from, &begin);
    r.x += begin * p->depth;
    r.y += from * p->depth;
    r.n = to - from;
    fn(j, &r);
}

/* One row of windows, counted over planes and images. */
static void pool_row(const struct pool_job *j, pool_fn *fn, int64_t row)
{
    const struct pooling *p = j->p;
    int64_t plane = row / p->out[1], image = plane / p->out[0], front, top, first, last;
    struct pool_run r = { .y = row * p->out[2] * p->depth, .step = p->s[2] * p->depth };
    r.planes = clip(p, 0, plane % p->out[0], &front);
    r.rows = clip(p, 1, row % p->out[1], &top);
    r.x = ((image * p->in[0] + front) * p->in[1] + top) * p->in[2] * p->depth;
    whole_windows(p->in[2], p->out[2], p->k[2], p->s[2], p->pad[2], &first, &last);
    for (int64_t i = 0; i < first; i++)
        pool_part(j, fn, r, i, i + 1);
    pool_part(j, fn, r, first, last);
    for (int64_t i = last; i < p->out[2]; i++)
        pool_part(j, fn, r, i, i + 1);
}

struct task { const struct pool_job *j; pool_fn *fn; size_t clear; };

static void pool_rows(void *ctx, int64_t begin, int64_t end)
{
    const struct task *t = ctx;
    for (int64_t i = begin; i < end; i++)
        pool_row(t->j, t->fn, i);
}

static int64_t image_size(const struct pooling *p)
{
    return p->in[0] * p->in[1] * p->in[2] * p->depth;
}

static void pool_images(void *ctx, int64_t begin, int64_t end)
{
    const struct task *t = ctx;
    const struct pooling *p = t->j->p;
    size_t image = (size_t)image_size(p) * t->clear;
    int64_t rows = p->out[0] * p->out[1];
    memset((char *)t->j->y + (size_t)begin * image, 0, (size_t)(end - begin) * image);
    pool_rows(ctx, begin * rows, end * rows);
}

/* `fn` for n pieces of all the work; of images without pixels or channels there is none. */
static void share(const struct task *t, void (*fn)(void *ctx, int64_t begin, int64_t end),
                  int64_t n, int threads)
{
    int64_t all = t->j->p->batch * image_size(t->j->p), piece = most(all / most(n, 1), 1);
    if (all)
        pool_for(n, most(TASK / piece, 1), all <= 2 * TASK ? 1 : threads, fn, (void *)t);
}

static int64_t rows_of(const struct pooling *p) { return p->batch * p->out[0] * p->out[1]; }

void pooling_run(const struct pool_job *j, pool_fn *fn, int threads)
{
    share(&(struct task){ j, fn, 0 }, pool_rows, rows_of(j->p), threads);
}

/* No pixel is in two windows, and every one is in one. */
static bool windows_tile(const struct pooling *p, int i)
{
    return p->k[i] == p->s[i] && p->out[i] * p->s[i] - p->pad[i] >= p->in[i];
}

void pooling_scatter(struct pool_job *j, pool_fn *fn, size_t size, int threads)
{
    const struct pooling *p = j->p;
    j->add = p->s[0] < p->k[0] || p->s[1] < p->k[1] || p->s[2] < p->k[2];
    if (windows_tile(p, 0) && windows_tile(p, 1) && windows_tile(p, 2))
        pooling_run(j, fn, threads);
    else
        share(&(struct task){ j, fn, size }, pool_images, p->batch, threads);
}
