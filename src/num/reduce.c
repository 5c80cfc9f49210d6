#include "num/reduce.h"

#include "base/pool.h"
#include "num/isa.h"
#include "num/reduce_isa.h"

#include <string.h>

enum {
    TASK = 1 << 16,             /* elements that are worth another thread */
    FEW = 32,                   /* outputs that are not enough to share out as they are */
    STRIP = 4096                /* least columns in a piece */
};

static const struct folds *folds(void)
{
#if defined(__x86_64__)
    static const struct folds *const of[] = { &folds_base, &folds_avx2, &folds_avx512 };
    return of[isa_best()];
#else
    return &folds_base;
#endif
}

const struct fold *folds_f32(void) { return folds()->f32; }
const struct fold *folds_f64(void) { return folds()->f64; }

void reduce_simplify(struct reduction *r, int rank, const int64_t *dim, unsigned reduced)
{
    *r = (struct reduction){ .outputs = 1, .count = 1 };
    for (int i = 0; i < rank; i++) {
        bool goes = reduced >> i & 1;
        *(goes ? &r->count : &r->outputs) *= dim[i];
        if (dim[i] == 1)
            continue;
        if (r->n && r->last_reduced == goes)
            r->dim[r->n - 1] *= dim[i];
        else
            r->dim[r->n++] = dim[i];
        r->last_reduced = goes;
    }
}

/* A unit is what a single call of row() or cols() can give: one output where the last dimension
 * is reduced, a row of them where it is kept. Outside of it there are kept dimensions (which
 * count units) and reduced ones (which a unit must walk through). Where units are few, each is
 * cut along its reduced length into parts, or along its width into strips. */
struct job {
    const struct fold *f;
    const struct reduction *r;
    const char *x;
    char *acc, *scratch;
    int outer;                          /* dimensions outside of a unit */
    int64_t stride[REDUCE_RANK];
    int64_t length, width, units, walk, parts, strips;
};

static void job_layout(struct job *j)
{
    const struct reduction *r = j->r;
    int64_t stride = 1;
    for (int i = r->n - 1; i >= 0; i--) {
        j->stride[i] = stride;
        stride *= r->dim[i];
    }
    int inner = r->last_reduced ? 1 : r->n < 2 ? r->n : 2;
    j->outer = r->n - inner;
    j->width = r->last_reduced || !r->n ? 1 : r->dim[r->n - 1];
    j->length = r->last_reduced ? r->dim[r->n - 1] : inner == 2 ? r->dim[r->n - 2] : 1;
    j->units = j->width == 1 ? r->outputs : r->outputs / j->width;
    j->walk = j->outer < 2 && r->last_reduced ? 1 : r->count / j->length;
}

static int64_t at_least_one(int64_t a) { return a > 1 ? a : 1; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void job_cut(struct job *j)
{
    const struct reduction *r = j->r;
    int64_t most = least(FEW / at_least_one(j->units), r->outputs * r->count / (TASK / 2));
    j->parts = j->strips = 1;
    if (most < 2)
        return;
    j->strips = least(most, at_least_one(j->width / STRIP));
    if (j->strips == 1)
        j->parts = least(most, at_least_one(j->length / 8));
}

/* Where the i-th place among dimensions `last`, last - 2, ... begins. */
static int64_t job_offset(const struct job *j, int64_t i, int last)
{
    int64_t at = 0;
    for (int d = last; d >= 0; d -= 2) {
        int64_t here = d < 2 ? i : i % j->r->dim[d];
        at += here * j->stride[d];
        i = d < 2 ? 0 : i / j->r->dim[d];
    }
    return at;
}

/* Take in [begin, end) of the length and columns [from, from + n) of a unit. */
static void fold_unit(const struct job *j, int64_t unit, void *acc, int64_t begin, int64_t end,
                      int64_t from, int64_t n)
{
    const struct fold *f = j->f;
    bool row = j->r->last_reduced;
    int64_t at = job_offset(j, unit, j->outer - 1) + from + begin * (row ? 1 : j->width);
    for (int64_t w = 0; w < j->walk; w++) {
        int64_t here = at + (w ? job_offset(j, w, j->outer - 2) : 0);
        const char *x = j->x + (size_t)here * f->x_size;
        if (row)
            f->row(acc, x, end - begin);
        else
            f->cols(acc, x, end - begin, j->width, n);
    }
}

static void fold_units(void *ctx, int64_t begin, int64_t end)
{
    const struct job *j = ctx;
    size_t bytes = (size_t)j->width * j->f->acc_size;
    char *acc = j->acc + (size_t)begin * bytes;
    j->f->init(acc, (end - begin) * j->width);
    for (int64_t u = begin; u < end; u++, acc += bytes)
        fold_unit(j, u, acc, 0, j->length, 0, j->width);
}

/* The k-th piece of a unit: a part into scratch memory, a strip where it belongs. */
static void fold_piece(const struct job *j, int64_t unit, int64_t k)
{
    size_t size = j->f->acc_size;
    if (j->parts > 1) {
        int64_t begin = j->length * k / j->parts, end = j->length * (k + 1) / j->parts;
        char *acc = j->scratch + (size_t)((unit * j->parts + k) * j->width) * size;
        j->f->init(acc, j->width);
        fold_unit(j, unit, acc, begin, end, 0, j->width);
    } else {
        int64_t from = j->width * k / j->strips, n = j->width * (k + 1) / j->strips - from;
        char *acc = j->acc + (size_t)(unit * j->width + from) * size;
        j->f->init(acc, n);
        fold_unit(j, unit, acc, 0, j->length, from, n);
    }
}

static void fold_pieces(void *ctx, int64_t begin, int64_t end)
{
    const struct job *j = ctx;
    int64_t pieces = j->parts * j->strips;
    for (int64_t i = begin; i < end; i++)
        fold_piece(j, i / pieces, i % pieces);
}

static void merge_parts(const struct job *j)
{
    size_t bytes = (size_t)j->width * j->f->acc_size;
    for (int64_t u = 0; u < j->units; u++) {
        char *acc = j->acc + (size_t)u * bytes;
        const char *part = j->scratch + (size_t)(u * j->parts) * bytes;
        memcpy(acc, part, bytes);
        for (int64_t p = 1; p < j->parts; p++)
            j->f->merge(acc, part + (size_t)p * bytes, j->width);
    }
}

size_t reduce_scratch(const struct fold *f, const struct reduction *r)
{
    struct job j = { .f = f, .r = r };
    if (!r->outputs || !r->count)
        return 0;
    job_layout(&j);
    job_cut(&j);            /* as reduce_run() will cut it */
    return j.parts > 1 ? (size_t)(r->outputs * j.parts) * f->acc_size : 0;
}

void reduce_run(const struct fold *f, const struct reduction *r, const void *x, void *acc,
                void *scratch, int threads)
{
    struct job j = { .f = f, .r = r, .x = x, .acc = acc, .scratch = scratch };
    if (!r->outputs || !r->count) {
        f->init(acc, r->outputs);
        return;
    }
    job_layout(&j);
    job_cut(&j);
    int64_t work = r->outputs * r->count, pieces = j.parts * j.strips;
    if (pieces > 1)
        pool_for(j.units * pieces, 1, threads, fold_pieces, &j);
    else if (work > TASK)
        pool_for(j.units, at_least_one(TASK / (work / j.units)), threads, fold_units, &j);
    else
        fold_units(&j, 0, j.units);
    if (j.parts > 1)
        merge_parts(&j);
}
