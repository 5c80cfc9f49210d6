/* conv_columns.c - convolutions as matrix products over gathered columns, a tile of pixels at a
 * time. The straightforward way: for types oneDNN does not take, and to hold oneDNN against. */
#include "num/conv_inner.h"
#include "num/gemm.h"

#include "base/pool.h"

#include <string.h>

enum { TILE_BYTES = 256 << 10 };        /* of columns: they stay in the cache */

struct steps {
    int64_t d, h, w, c;         /* elements from one plane, row, column, channel to the next */
    bool together;              /* all that a row of the filter sees lies without gaps */
};

static struct steps image_steps(const struct conv *g)
{
    struct steps s = { g->h * g->w * g->c, g->w * g->c, g->c, 1, g->dw == 1 && g->groups == 1 };
    if (g->nchw)
        s = (struct steps){ g->h * g->w, g->w, 1, conv_pixels(g), g->dw == 1 && g->c == 1 };
    return s;
}

/* The columns [from, to) of a filter that, at `left`, lie inside the image. */
struct span { int64_t from, to; };

static struct span inside(const struct conv *g, int64_t left)
{
    int64_t from = left < 0 ? (-left + g->dw - 1) / g->dw : 0;
    int64_t to = left < g->w ? (g->w - left + g->dw - 1) / g->dw : 0;
    to = to < g->kw ? to : g->kw;
    return (struct span){ from < to ? from : to, to };
}

/* Elements that one pixel of the output sees of one group. */
static int64_t columns_of(const struct conv *g)
{
    return g->kd * g->kh * g->kw * (g->c / g->groups);
}

/* Where a pixel of the output begins to look, and one place of the filter there. */
struct place { int64_t plane, row, column; };

static struct place place_of(const struct conv *g, int64_t pixel)
{
    return (struct place){ pixel / (g->oh * g->ow) * g->sd - g->front,
                           pixel / g->ow % g->oh * g->sh - g->top,
                           pixel % g->ow * g->sw - g->left };
}

/* Where in an image lies what row i of plane p of a filter that begins at `at` sees, the column to
 * be added; -1: it is padding. */
static int64_t row_seen(const struct conv *g, const struct steps *s, struct place at, int64_t p,
                        int64_t i)
{
    int64_t plane = at.plane + p * g->dd, row = at.row + i * g->dh;
    return plane >= 0 && plane < g->d && row >= 0 && row < g->h ? plane * s->d + row * s->h : -1;
}

static size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* ---- tiles: each group of each stretch of pixels of each image ---- */

struct tile { int64_t image, group, from, pixels; };
struct tiles { const struct conv_plan *p; int64_t next, end; };

static int64_t tiles_of_image(const struct conv_plan *p)
{
    return (conv_outputs(&p->g) + p->tile - 1) / p->tile * p->g.groups;
}

/* An image's gradient is added up by one part; anything else may be cut anywhere. */
static struct tiles tiles_of_part(const struct conv_plan *p, int64_t part)
{
    int64_t unit = p->kind == CONV_INPUT ? tiles_of_image(p) : 1;
    int64_t units = p->g.n * tiles_of_image(p) / unit;
    int64_t from = units * part / p->parts, to = units * (part + 1) / p->parts;
    return (struct tiles){ p, from * unit, to * unit };
}

static bool next_tile(struct tiles *all, struct tile *t)
{
    const struct conv_plan *p = all->p;
    if (all->next == all->end)
        return false;
    t->image = all->next / tiles_of_image(p);
    t->group = all->next % p->g.groups;
    t->from = all->next % tiles_of_image(p) / p->g.groups * p->tile;
    int64_t left = conv_outputs(&p->g) - t->from;
    t->pixels = left < p->tile ? left : p->tile;
    all->next++;
    return true;
}

/* ---- memory: a wide filter, then for each part: columns, a wide tile of y, a gradient ---- */

static size_t columns_bytes(const struct conv_plan *p, size_t size)
{
    return round_up((size_t)(p->tile * columns_of(&p->g)) * size);
}

static size_t tile_bytes(const struct conv_plan *p, size_t size, bool wide)
{
    size_t y = wide ? (size_t)(p->tile * (p->g.o / p->g.groups)) * size : 0;
    return columns_bytes(p, size) + round_up(y);
}

static size_t gradient_bytes(const struct conv_plan *p, size_t size, bool wide)
{
    if (p->kind == CONV_FILTER && (wide || p->parts > 1))
        return round_up((size_t)conv_filter_count(&p->g) * size);
    if (p->kind == CONV_INPUT && wide)
        return round_up((size_t)(conv_pixels(&p->g) * p->g.c) * size);
    return 0;
}

static int columns_parts(const struct conv_plan *p, int threads)
{
    double pieces = conv_work(&p->g) / 3e5;
    int64_t most = p->kind == CONV_INPUT ? p->g.n : p->g.n * tiles_of_image(p);
    if (threads == 1 || pieces < 2)
        return 1;
    threads = threads ? threads : pool_threads();
    threads = pieces < threads ? (int)pieces : threads;
    return most < threads ? (int)most : threads;
}

static void columns_layout(struct conv_plan *p, int threads, size_t size, bool wide)
{
    int64_t pixels = conv_outputs(&p->g);
    int64_t fit = TILE_BYTES / (columns_of(&p->g) * (int64_t)size);
    p->columns = true;
    p->tile = fit < 16 ? 16 : fit;
    if (p->tile > pixels)
        p->tile = pixels;
    p->parts = columns_parts(p, threads);
    p->part = tile_bytes(p, size, wide) + gradient_bytes(p, size, wide);
    size_t filter = round_up((size_t)conv_filter_count(&p->g) * size);
    p->common = wide && p->kind != CONV_FILTER ? filter : 0;
    p->scratch = p->common + p->part * (size_t)p->parts;
}

#define FN_(x, s) x##_##s
#define FN__(x, s) FN_(x, s)
#define FN(x) FN__(x, SUFFIX)

#define product_f32(m, a, b, c) gemm_f32(m, a, b, c, NULL)
#define product_f64(m, a, b, c) gemm_f64(m, a, b, c, NULL)
#define product_f16 product_f32
#define product_bf16 product_f32
#define ready_f32 gemm_ready_f32
#define ready_f64 gemm_ready_f64
#define ready_f16 gemm_ready_f32
#define ready_bf16 gemm_ready_f32
#define SAME(x) (x)

#define T float
#define A float
#define LOAD SAME
#define STORE SAME
#define WIDE false
#define SUFFIX f32
#include "num/conv_columns.inc"
#undef T
#undef A
#undef SUFFIX

#define T double
#define A double
#define SUFFIX f64
#include "num/conv_columns.inc"
#undef T
#undef A
#undef LOAD
#undef STORE
#undef WIDE
#undef SUFFIX

#define A float
#define WIDE true

#define T struct half
#define LOAD half_load
#define STORE half_store
#define SUFFIX f16
#include "num/conv_columns.inc"
#undef T
#undef LOAD
#undef STORE
#undef SUFFIX

#define T struct bfloat16
#define LOAD bfloat16_load
#define STORE bfloat16_store
#define SUFFIX bf16
#include "num/conv_columns.inc"
