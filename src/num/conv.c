#include "num/conv_inner.h"

#include "base/pool.h"

#include <stdatomic.h>
#include <string.h>

/* ---- a float convolution cut into pieces that are convolutions themselves ---- */

struct piece { struct conv g; int64_t image, output; };     /* where its elements begin */

/* By images: as many in each piece as there may be. */
static void piece_of_images(const struct conv_plan *p, int i, struct piece *piece)
{
    const struct conv *g = &p->g;
    int64_t first = g->n * i / p->parts;
    piece->g = *g;
    piece->g.n = g->n * (i + 1) / p->parts - first;
    piece->image = first * conv_pixels(g) * g->c;
    piece->output = first * conv_outputs(g) * g->o;
}

/* A dimension of a convolution, to be read or changed. */
struct along { int64_t *in, *out, *k, *s, *dilation, *before, *after; };

/* The outermost one: planes, of a flat image its rows. */
static struct along outermost(struct conv *g)
{
    if (g->d > 1 || g->od > 1)
        return (struct along){ &g->d, &g->od, &g->kd, &g->sd, &g->dd, &g->front, &g->back };
    return (struct along){ &g->h, &g->oh, &g->kh, &g->sh, &g->dh, &g->top, &g->bottom };
}

/* By slabs of one image's output, which lie together where channels come last: the planes or rows
 * of the image that they see, and padding where they look past its edges. */
static void piece_of_slab(const struct conv_plan *p, int i, struct piece *piece)
{
    const struct conv *g = &p->g;
    piece->g = *g;
    struct along a = outermost(&piece->g);
    int64_t in = *a.in, out = *a.out, n = i / p->slabs;
    int64_t first = out * (i % p->slabs) / p->slabs, end = out * (i % p->slabs + 1) / p->slabs;
    int64_t from = first * *a.s - *a.before;
    int64_t to = (end - 1) * *a.s - *a.before + (*a.k - 1) * *a.dilation + 1;

    piece->g.n = 1;
    *a.out = end - first;
    *a.before = from < 0 ? -from : 0;
    *a.after = to > in ? to - in : 0;
    from = from < 0 ? 0 : from;
    *a.in = (to > in ? in : to) - from;
    piece->image = (n * in + from) * (conv_pixels(g) / in) * g->c;
    piece->output = (n * out + first) * (conv_outputs(g) / out) * g->o;
}

static void piece_of(const struct conv_plan *p, int i, struct piece *piece)
{
    if (p->slabs)
        piece_of_slab(p, i, piece);
    else
        piece_of_images(p, i, piece);
}

/* A piece that sees nothing but padding is no convolution. */
static bool slabs_are_whole(const struct conv_plan *p)
{
    struct piece piece;
    for (int i = 0; i < p->slabs; i++) {
        piece_of_slab(p, i, &piece);
        if (piece.g.d <= 0 || piece.g.h <= 0)
            return false;
    }
    return true;
}

/* How many pieces: enough work in each, and where there are fewer images than threads, slabs.
 * An image's gradient is not cut, because what two slabs see overlaps. */
static void cut(struct conv_plan *p, int threads)
{
    struct conv *g = &p->g;
    double pieces = conv_work(g) / 1e6;

    p->parts = 1;
    p->slabs = 0;
    if (threads == 1 || pieces < 2)
        return;
    threads = threads ? threads : pool_threads();
    threads = pieces < threads ? (int)pieces : threads;
    p->parts = g->n < threads ? (int)g->n : threads;
    if (g->n >= threads || p->kind == CONV_INPUT || g->nchw)
        return;
    int64_t slabs = (threads + g->n - 1) / g->n, out = *outermost(g).out;
    p->slabs = (int)(slabs < out ? slabs : out);
    if (slabs_are_whole(p))
        p->parts = (int)g->n * p->slabs;
    else
        p->slabs = 0;
}

/* The gradient of a filter is summed up from one of each piece but the first. */
static size_t partial_bytes(const struct conv_plan *p)
{
    size_t n = (size_t)conv_filter_count(&p->g);
    return p->kind == CONV_FILTER && p->parts > 1 ? (n * sizeof(float) + 63) / 64 * 64 : 0;
}

static struct status *pieces_size(struct conv_plan *p, bool *able)
{
    struct piece piece;
    size_t most = 0, bytes;

    *able = true;
    for (int i = 0; i < p->parts && *able; i++) {
        piece_of(p, i, &piece);
        TRY(dnnl_conv_size(&piece.g, p->kind, able, &bytes));
        most = bytes > most ? bytes : most;
    }
    p->part = most + partial_bytes(p);
    p->scratch = p->part * (size_t)p->parts;
    return NULL;
}

struct status *conv_plan_columns_f32(struct conv_plan *p, const struct conv *g,
                                     enum conv_kind kind, int threads)
{
    *p = (struct conv_plan){ .g = *g, .kind = kind };
    return columns_plan_f32(p, threads);
}

struct status *conv_plan_f32(struct conv_plan *p, const struct conv *g, enum conv_kind kind,
                             int threads)
{
    bool able = kind != CONV_INPUT || g->c > 1;

    *p = (struct conv_plan){ .g = *g, .kind = kind };
    if (able) {
        cut(p, threads);
        TRY(pieces_size(p, &able));
    }
    return able ? NULL : columns_plan_f32(p, threads);
}

/* ---- running the pieces ---- */

struct job {
    const struct conv_plan *p;
    const float *a, *b;
    float *to;
    char *scratch;
    atomic_bool failed;
};

static float *partial(const struct job *j, int i)
{
    return (float *)(void *)(j->scratch + j->p->part * (size_t)(i + 1) - partial_bytes(j->p));
}

static bool run_piece(const struct job *j, int i)
{
    struct piece s;
    void *scratch = j->scratch + j->p->part * (size_t)i;
    piece_of(j->p, i, &s);
    switch (j->p->kind) {
    case CONV_FORWARD:
        return dnnl_conv_run(&s.g, CONV_FORWARD, j->a + s.image, j->b, j->to + s.output, scratch);
    case CONV_INPUT:
        return dnnl_conv_run(&s.g, CONV_INPUT, j->a + s.output, j->b, j->to + s.image, scratch);
    default:
        return dnnl_conv_run(&s.g, CONV_FILTER, j->a + s.image, j->b + s.output,
                             i ? partial(j, i) : j->to, scratch);
    }
}

static void run_pieces(void *ctx, int64_t begin, int64_t end)
{
    struct job *j = ctx;
    for (int64_t i = begin; i < end; i++)
        if (!run_piece(j, (int)i))
            atomic_store(&j->failed, true);
}

static void add_partials(const struct job *j)
{
    int64_t n = conv_filter_count(&j->p->g);
    for (int i = 1; i < j->p->parts; i++) {
        const float *x = partial(j, i);
        for (int64_t e = 0; e < n; e++)
            j->to[e] += x[e];
    }
}

struct status *conv_f32(const struct conv_plan *p, const float *a, const float *b, float *to,
                        void *scratch)
{
    struct job j = { p, a, b, to, scratch, false };
    if (p->columns) {
        columns_run_f32(p, a, b, to, scratch);
        return NULL;
    }
    pool_for(p->parts, 1, p->parts, run_pieces, &j);
    if (atomic_load(&j.failed))
        return status_new(RESOURCE_EXHAUSTED, "oneDNN could not run a convolution");
    if (p->kind == CONV_FILTER)
        add_partials(&j);
    return NULL;
}

/* ---- the other types ---- */

#define BY_COLUMNS(s, T)                                                                        \
    struct status *conv_plan_##s(struct conv_plan *p, const struct conv *g, enum conv_kind kind, \
                                 int threads)                                                   \
    {                                                                                           \
        *p = (struct conv_plan){ .g = *g, .kind = kind };                                       \
        return columns_plan_##s(p, threads);                                                    \
    }                                                                                           \
    struct status *conv_##s(const struct conv_plan *p, const T *a, const T *b, T *to,           \
                            void *scratch)                                                      \
    {                                                                                           \
        columns_run_##s(p, a, b, to, scratch);                                                  \
        return NULL;                                                                            \
    }

BY_COLUMNS(f64, double)
BY_COLUMNS(f16, struct half)
BY_COLUMNS(bf16, struct bfloat16)
