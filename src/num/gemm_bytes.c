#include "num/gemm_bytes.h"

#include "base/pool.h"

#include <string.h>

/* Of k at a time: 256 * 255 * 255 < 2^24. Rows of C at a time: as many as make the numbers in them
 * about PRODUCT. */
enum { BLOCK = 256, PRODUCT = 1 << 17, MOST_ROWS = 512, LEAST_ROWS = 32 };

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static size_t padded(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

static int64_t tile_rows(const struct gemm *g)
{
    int64_t rows = PRODUCT / (g->n ? g->n : 1);
    rows = rows < LEAST_ROWS ? LEAST_ROWS : least(rows, MOST_ROWS);
    return least(rows, g->m);
}

static int64_t tiles_of(const struct gemm *g)
{
    int64_t rows = tile_rows(g);
    return rows ? (g->m + rows - 1) / rows : 0;
}

/* Threads share out the tiles where there are enough for all, else each product. */
static int parts_of(const struct gemm *g)
{
    int threads = g->threads ? g->threads : pool_threads();
    return tiles_of(g) >= threads ? threads : 1;
}

/* The product of one tile by one block, as floats. */
static struct gemm inner(const struct gemm *g, int64_t rows, int64_t k)
{
    struct gemm f = gemm_dense(g->a, g->b, rows, g->n, k, parts_of(g) > 1 ? 1 : g->threads);
    f.ldb = g->b == GEMM_N ? g->n : g->k;
    return f;
}

struct status *gemm_bytes_ready(const struct gemm *g)
{
    struct gemm f = inner(g, tile_rows(g), least(g->k, BLOCK));
    return gemm_ready_f32(&f);
}

/* ---- scratch: B as floats, its columns' sums; for each part a tile of A and its product ---- */

struct layout { size_t sums, parts, product, inner, part; };

static struct layout layout_of(const struct gemm *g)
{
    struct gemm f = inner(g, tile_rows(g), BLOCK);
    struct layout l;
    l.sums = padded((size_t)(g->k * g->n) * sizeof(float));
    l.parts = l.sums + padded((size_t)g->n * sizeof(uint32_t));
    l.product = padded((size_t)f.m * BLOCK * sizeof(float));
    l.inner = l.product + padded((size_t)(f.m * g->n) * sizeof(float));
    l.part = l.inner + padded(gemm_scratch_f32(&f));
    return l;
}

size_t gemm_bytes_scratch(const struct gemm *g)
{
    struct layout l = layout_of(g);
    return l.parts + (size_t)parts_of(g) * l.part;
}

/* ---- one tile ---- */

struct job {
    const struct gemm *g;
    const uint8_t *a;
    const float *b;
    const uint32_t *sums;               /* of the columns of B */
    uint32_t zero_a, zero_b;
    int32_t *c;
    struct layout l;
    char *scratch;
    int64_t rows, tiles;
    int parts;
};

static void as_floats(const uint8_t *x, float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i];
}

/* A[i..i+f.m, p..p+f.k) in the order it has, and what it adds to its rows' sums. */
static void load(const struct job *j, const struct gemm *f, int64_t i, int64_t p, float *to,
                 uint32_t *sums)
{
    bool plain = f->a == GEMM_N;
    int64_t lines = plain ? f->m : f->k, n = plain ? f->k : f->m;
    for (int64_t r = 0; r < lines; r++) {
        const uint8_t *x = j->a + (plain ? (i + r) * j->g->k + p : (p + r) * j->g->m + i);
        uint32_t sum = 0;
        as_floats(x, to + r * n, n);
        for (int64_t c = 0; c < n; c++)
            if (plain)
                sum += x[c];
            else
                sums[c] += x[c];
        if (plain)
            sums[r] += sum;
    }
}

static void collect(const float *product, int32_t *c, int64_t n, bool first)
{
    if (first)
        for (int64_t i = 0; i < n; i++)
            c[i] = (int32_t)product[i];
    else
        for (int64_t i = 0; i < n; i++)
            c[i] = (int32_t)((uint32_t)c[i] + (uint32_t)product[i]);
}

/* sum (a - za)(b - zb) = sum ab - za sum b - zb sum a + k za zb, all of it modulo 2^32. */
static void center(const struct job *j, uint32_t row_sum, int32_t *c)
{
    uint32_t add = (uint32_t)j->g->k * j->zero_a * j->zero_b - j->zero_b * row_sum;
    for (int64_t i = 0; i < j->g->n; i++)
        c[i] = (int32_t)((uint32_t)c[i] + add - j->zero_a * j->sums[i]);
}

static void run_tile(const struct job *j, char *scratch, int64_t i, int64_t rows)
{
    const struct gemm *g = j->g;
    float *tile = (float *)scratch, *product = (float *)(scratch + j->l.product);
    int32_t *c = j->c + i * g->n;
    uint32_t sums[MOST_ROWS] = { 0 };
    for (int64_t p = 0; p < g->k; p += BLOCK) {
        struct gemm f = inner(g, rows, least(BLOCK, g->k - p));
        load(j, &f, i, p, tile, sums);
        gemm_f32(&f, tile, j->b + (g->b == GEMM_N ? p * g->n : p), product, scratch + j->l.inner);
        collect(product, c, rows * g->n, p == 0);
    }
    for (int64_t r = 0; r < rows; r++)
        center(j, sums[r], c + r * g->n);
}

static void run_parts(void *ctx, int64_t begin, int64_t end)
{
    const struct job *j = ctx;
    for (int64_t part = begin; part < end; part++)
        for (int64_t t = part; t < j->tiles; t += j->parts)
            run_tile(j, j->scratch + (size_t)part * j->l.part, t * j->rows,
                     least(j->rows, j->g->m - t * j->rows));
}

/* ---- all ---- */

static void sum_columns(const struct gemm *g, const uint8_t *b, uint32_t *sums)
{
    memset(sums, 0, (size_t)g->n * sizeof *sums);
    for (int64_t r = 0; r < (g->b == GEMM_N ? g->k : g->n); r++)
        if (g->b == GEMM_N)
            for (int64_t i = 0; i < g->n; i++)
                sums[i] += b[r * g->n + i];
        else
            for (int64_t p = 0; p < g->k; p++)
                sums[r] += b[r * g->k + p];
}

void gemm_bytes(const struct gemm *g, const uint8_t *a, int32_t zero_a, const uint8_t *b,
                int32_t zero_b, int32_t *c, void *scratch)
{
    struct job j = { .g = g, .a = a, .b = scratch, .zero_a = (uint32_t)zero_a,
                     .zero_b = (uint32_t)zero_b, .c = c, .l = layout_of(g),
                     .rows = tile_rows(g), .tiles = tiles_of(g), .parts = parts_of(g) };
    if (g->m == 0 || g->n == 0)
        return;
    if (g->k == 0) {
        memset(c, 0, (size_t)(g->m * g->n) * sizeof *c);
        return;
    }
    uint32_t *sums = (uint32_t *)((char *)scratch + j.l.sums);
    j.scratch = (char *)scratch + j.l.parts;
    j.sums = sums;
    as_floats(b, scratch, g->k * g->n);
    sum_columns(g, b, sums);
    pool_for(j.parts, 1, j.parts, run_parts, &j);
}
