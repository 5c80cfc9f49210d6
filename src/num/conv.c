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
    piece->image = first * g->h * g->w * g->c;
    piece->output = first * g->oh * g->ow * g->o;
}

/* By rows of the output, of one image: the rows of the image that they see, and padding where
 * they look past its edges. Only where channels come last, so that rows lie together. */
static void piece_of_rows(const struct conv_plan *p, int i, struct piece *piece)
{
    const struct conv *g = &p->g;
    int64_t n = i / p->rows, first = g->oh * (i % p->rows) / p->rows;
    int64_t end = g->oh * (i % p->rows + 1) / p->rows;
    int64_t from = first * g->sh - g->top;
    int64_t to = (end - 1) * g->sh - g->top + (g->kh - 1) * g->dh + 1;

    piece->g = *g;
    piece->g.n = 1;
    piece->g.oh = end - first;
    piece->g.top = from < 0 ? -from : 0;
    piece->g.bottom = to > g->h ? to - g->h : 0;
    from = from < 0 ? 0 : from;
    piece->g.h = (to > g->h ? g->h : to) - from;
    piece->image = (n * g->h + from) * g->w * g->c;
    piece->output = (n * g->oh + first) * g->ow * g->o;
}

static void piece_of(const struct conv_plan *p, int i, struct piece *piece)
{
    if (p->rows)
        piece_of_rows(p, i, piece);
    else
        piece_of_images(p, i, piece);
}

/* A piece that sees nothing but padding is no convolution. */
static bool rows_are_whole(const struct conv_plan *p)
{
    struct piece piece;
    for (int i = 0; i < p->rows; i++) {
        piece_of_rows(p, i, &piece);
        if (piece.g.h <= 0)
            return false;
    }
    return true;
}

/* How many pieces: enough work in each, and where there are fewer images than threads, rows. An
 * image's gradient is not cut by rows, because what two rows see overlaps. */
static void cut(struct conv_plan *p, int threads)
{
    const struct conv *g = &p->g;
    double pieces = conv_work(g) / 1e6;

    p->parts = 1;
    p->rows = 0;
    if (threads == 1 || pieces < 2)
        return;
    threads = threads ? threads : pool_threads();
    threads = pieces < threads ? (int)pieces : threads;
    p->parts = g->n < threads ? (int)g->n : threads;
    if (g->n >= threads || p->kind == CONV_INPUT || g->nchw)
        return;
    int64_t rows = (threads + g->n - 1) / g->n;
    p->rows = (int)(rows < g->oh ? rows : g->oh);
    if (rows_are_whole(p))
        p->parts = (int)g->n * p->rows;
    else
        p->rows = 0;
}

/* The gradient of a filter is summed up from one of each piece but the first. */
static size_t partial_bytes(const struct conv_plan *p)
{
    const struct conv *g = &p->g;
    size_t n = (size_t)(g->kh * g->kw * (g->c / g->groups) * g->o);
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
    const struct conv *g = &j->p->g;
    int64_t n = g->kh * g->kw * (g->c / g->groups) * g->o;
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
