#include "num/pool2d.h"

#include "base/pool.h"
#include "num/isa.h"
#include "num/pool2d_isa.h"

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

/* Columns [from, to) of one row of windows, which all are alike. */
static void pool_part(const struct pool_job *j, pool_fn *fn, struct pool_run r, int64_t from,
                      int64_t to)
{
    const struct pool2d *p = j->p;
    int64_t left = from * p->s_w - p->pad_w, begin = most(left, 0);
    if (from >= to)
        return;
    r.x += begin * p->depth;
    r.y += from * p->depth;
    r.cols = least(left + p->k_w, p->in_w) - begin;
    r.n = to - from;
    fn(j, &r);
}

static void pool_row(const struct pool_job *j, pool_fn *fn, int64_t image, int64_t row)
{
    const struct pool2d *p = j->p;
    int64_t top = row * p->s_h - p->pad_h, begin = most(top, 0), first, last;
    struct pool_run r = {
        .x = (image * p->in_h + begin) * p->in_w * p->depth,
        .y = (image * p->out_h + row) * p->out_w * p->depth,
        .rows = least(top + p->k_h, p->in_h) - begin,
        .step = p->s_w * p->depth,
    };
    whole_windows(p->in_w, p->out_w, p->k_w, p->s_w, p->pad_w, &first, &last);
    for (int64_t i = 0; i < first; i++)
        pool_part(j, fn, r, i, i + 1);
    pool_part(j, fn, r, first, last);
    for (int64_t i = last; i < p->out_w; i++)
        pool_part(j, fn, r, i, i + 1);
}

struct task { const struct pool_job *j; pool_fn *fn; size_t clear; };

static void pool_images(void *ctx, int64_t begin, int64_t end)
{
    const struct task *t = ctx;
    const struct pool2d *p = t->j->p;
    size_t image = (size_t)(p->in_h * p->in_w * p->depth) * t->clear;
    if (t->clear)
        memset((char *)t->j->y + (size_t)begin * image, 0, (size_t)(end - begin) * image);
    for (int64_t i = begin; i < end; i++)
        for (int64_t row = 0; row < p->out_h; row++)
            pool_row(t->j, t->fn, i, row);
}

static void pool_start(struct task *t, int threads)
{
    const struct pool2d *p = t->j->p;
    int64_t image = p->in_h * p->in_w * p->depth;
    pool_for(p->batch, most(TASK / most(image, 1), 1), p->batch * image <= 2 * TASK ? 1 : threads,
             pool_images, t);
}

void pool2d_run(const struct pool_job *j, pool_fn *fn, int threads)
{
    pool_start(&(struct task){ j, fn, 0 }, threads);
}

static bool windows_tile(int64_t in, int64_t out, int64_t k, int64_t s, int64_t pad)
{
    return k == s && out * s - pad >= in;
}

void pool2d_scatter(struct pool_job *j, pool_fn *fn, size_t size, int threads)
{
    const struct pool2d *p = j->p;
    bool each_once = windows_tile(p->in_h, p->out_h, p->k_h, p->s_h, p->pad_h) &&
                     windows_tile(p->in_w, p->out_w, p->k_w, p->s_w, p->pad_w);
    j->add = p->s_h < p->k_h || p->s_w < p->k_w;
    pool_start(&(struct task){ j, fn, each_once ? 0 : size }, threads);
}
