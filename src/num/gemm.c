#include "num/gemm.h"
#include "num/libs.h"

#include "base/pool.h"

#include <limits.h>
#include <string.h>

/* Multiplications that are worth a call of a library; the loop is slower when B is transposed. */
enum { LOOP_MAX = 4096, LOOP_MAX_DOTS = 256 };

enum { TILE_M = 128, TILE_N = 512, TILE_K = 256 };      /* of half-size floats */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Floats that a tile of A, of B and of C take, with room to begin the next on a cache line. */
static int64_t tile_a(const struct gemm *g)
{ return 16 + least(TILE_M, g->m) * least(TILE_K, g->k); }
static int64_t tile_b(const struct gemm *g)
{ return 16 + least(TILE_K, g->k) * least(TILE_N, g->n); }
static int64_t tile_c(const struct gemm *g)
{ return 16 + least(TILE_M, g->m) * least(TILE_N, g->n); }

static void clear(const struct gemm *g, size_t size, void *c)
{
    for (int64_t i = 0; i < g->m; i++)
        memset((char *)c + (size_t)(i * g->ldc) * size, 0, (size_t)g->n * size);
}

#define FN_(x, s) x##_##s
#define FN__(x, s) FN_(x, s)
#define FN(x) FN__(x, SUFFIX)

#define T float
#define U float
#define SUFFIX f32
#include "num/gemm_loop.inc"
#undef T
#undef U
#undef SUFFIX

#define T double
#define U double
#define SUFFIX f64
#include "num/gemm_loop.inc"
#undef T
#undef U
#undef SUFFIX

#define T int32_t
#define U uint32_t
#define SUFFIX i32
#include "num/gemm_loop.inc"
#undef T
#undef U
#undef SUFFIX

#define T int64_t
#define U uint64_t
#define SUFFIX i64
#include "num/gemm_loop.inc"
#undef T
#undef U
#undef SUFFIX

/* ---- each type on one thread ---- */

/* In doubles: a product of three sizes may not fit an integer. */
static double work(const struct gemm *g) { return (double)g->m * (double)g->n * (double)g->k; }

static bool is_small(const struct gemm *g)
{
    return work(g) <= (g->b == GEMM_N ? LOOP_MAX : LOOP_MAX_DOTS);
}

static void run_f32(const struct gemm *g, const void *a, const void *b, void *c, void *scratch)
{
    (void)scratch;
    if (is_small(g)) {
        loop_f32(g, a, b, c);
        return;
    }
    struct dnnl_alone alone;
    bool long_product = g->k > 64 && g->m > 1 && g->n > 1;      /* vectors go another way */
    dnnl_alone(&alone, long_product);
    dnnl_status_t st = dnnl.sgemm(g->a == GEMM_N ? 'N' : 'T', g->b == GEMM_N ? 'N' : 'T', g->m,
                                  g->n, g->k, 1, a, g->lda, b, g->ldb, (float)g->add, c, g->ldc);
    dnnl_together(&alone);
    if (st)                             /* no memory to rearrange the matrices: slow, but right */
        loop_f32(g, a, b, c);
}

static CBLAS_TRANSPOSE blas_op(enum gemm_op op)
{
    return op == GEMM_N ? CblasNoTrans : op == GEMM_T ? CblasTrans : CblasConjTrans;
}

/* What every cblas_?gemm is called with, up to the first scalar. */
#define BLAS_ARGS CblasRowMajor, blas_op(g->a), blas_op(g->b), (int)g->m, (int)g->n, (int)g->k

static void run_f64(const struct gemm *g, const void *a, const void *b, void *c, void *scratch)
{
    (void)scratch;
    if (is_small(g)) {
        loop_f64(g, a, b, c);
        return;
    }
    blas_alone();
    blas.dgemm(BLAS_ARGS, 1, a, (int)g->lda, b, (int)g->ldb, g->add, c, (int)g->ldc);
    blas_together();
}

static void run_c64(const struct gemm *g, const void *a, const void *b, void *c, void *scratch)
{
    const float one[2] = { 1, 0 }, add[2] = { (float)g->add, 0 };
    (void)scratch;
    blas_alone();
    blas.cgemm(BLAS_ARGS, one, a, (int)g->lda, b, (int)g->ldb, add, c, (int)g->ldc);
    blas_together();
}

static void run_c128(const struct gemm *g, const void *a, const void *b, void *c, void *scratch)
{
    const double one[2] = { 1, 0 }, add[2] = { g->add, 0 };
    (void)scratch;
    blas_alone();
    blas.zgemm(BLAS_ARGS, one, a, (int)g->lda, b, (int)g->ldb, add, c, (int)g->ldc);
    blas_together();
}

static void run_i32(const struct gemm *g, const void *a, const void *b, void *c, void *scratch)
{
    (void)scratch;
    loop_i32(g, a, b, c);
}

static void run_i64(const struct gemm *g, const void *a, const void *b, void *c, void *scratch)
{
    (void)scratch;
    loop_i64(g, a, b, c);
}

#define T struct half
#define LOAD half_load
#define STORE half_store
#define SUFFIX f16
#include "num/gemm_half.inc"
#undef T
#undef LOAD
#undef STORE
#undef SUFFIX

#define T struct bfloat16
#define LOAD bfloat16_load
#define STORE bfloat16_store
#define SUFFIX bf16
#include "num/gemm_half.inc"
#undef T
#undef LOAD
#undef STORE
#undef SUFFIX

/* ---- over threads ---- */

struct kind {
    size_t size;                        /* of an element */
    double grain;                       /* multiplications worth a thread, some 20 microseconds */
    bool tiles;                         /* a thread needs memory for tiles */
    void (*run)(const struct gemm *g, const void *a, const void *b, void *c, void *scratch);
};

struct split {
    const struct gemm *g;
    const struct kind *kind;
    const char *a, *b;
    char *c, *scratch;
    int parts;
};

static size_t scratch_of(const struct gemm *g, const struct kind *kind)
{
    int64_t floats = kind->tiles ? tile_a(g) + tile_b(g) + tile_c(g) : 0;
    return (size_t)floats * sizeof(float) / 64 * 64;
}

static int parts_of(const struct gemm *g, const struct kind *kind)
{
    double pieces = work(g) / kind->grain;
    if (g->threads == 1 || pieces < 2)
        return 1;
    int threads = g->threads ? g->threads : pool_threads();
    return pieces < threads ? (int)pieces : threads;
}

/* Where part p of a dimension begins: on whole vectors. */
static int64_t cut(int64_t dim, int p, int parts)
{
    return p == parts ? dim : dim * p / parts / 16 * 16;
}

static void run_part(const struct split *s, int p)
{
    struct gemm g = *s->g;
    size_t size = s->kind->size;
    const char *a = s->a, *b = s->b;
    char *c = s->c;

    if (g.m >= g.n) {
        int64_t at = cut(g.m, p, s->parts);
        g.m = cut(g.m, p + 1, s->parts) - at;
        a += (size_t)(g.a == GEMM_N ? at * g.lda : at) * size;
        c += (size_t)(at * g.ldc) * size;
    } else {
        int64_t at = cut(g.n, p, s->parts);
        g.n = cut(g.n, p + 1, s->parts) - at;
        b += (size_t)(g.b == GEMM_N ? at : at * g.ldb) * size;
        c += (size_t)at * size;
    }
    size_t scratch = scratch_of(s->g, s->kind);
    if (g.m && g.n)
        s->kind->run(&g, a, b, c, scratch ? s->scratch + (size_t)p * scratch : NULL);
}

static void run_parts(void *ctx, int64_t begin, int64_t end)
{
    for (int64_t p = begin; p < end; p++)
        run_part(ctx, (int)p);
}

static void run(const struct kind *kind, const struct gemm *g, const void *a, const void *b,
                void *c, void *scratch)
{
    struct split s = { g, kind, a, b, c, scratch, parts_of(g, kind) };

    if (g->m == 0 || g->n == 0)
        return;
    if (g->k > 0 && s.parts > 1)
        pool_for(s.parts, 1, s.parts, run_parts, &s);
    else if (g->k > 0)
        kind->run(g, a, b, c, scratch);
    else if (!g->add)
        clear(g, kind->size, c);
}

/* ---- the door ---- */

static struct status *need_nothing(const struct gemm *g)
{
    (void)g;
    return NULL;
}

static struct status *need_dnnl(const struct gemm *g)
{
    return is_small(g) ? NULL : dnnl_load();
}

static struct status *need_blas(const struct gemm *g)
{
    const int64_t sizes[] = { g->m, g->n, g->k, g->lda, g->ldb, g->ldc };
    for (int i = 0; i < 6; i++)
        if (sizes[i] > INT_MAX)
            return status_new(UNIMPLEMENTED, "A product of matrices with a dimension of %lld: "
                              "expected at most %d", (long long)sizes[i], INT_MAX);
    return blas_load();
}

static struct status *need_blas_real(const struct gemm *g)
{
    return is_small(g) ? NULL : need_blas(g);
}

static const struct kind
    kind_f32 = { sizeof(float), 1e6, false, run_f32 },
    kind_f64 = { sizeof(double), 5e5, false, run_f64 },
    kind_i32 = { sizeof(int32_t), 5e4, false, run_i32 },
    kind_i64 = { sizeof(int64_t), 2e4, false, run_i64 },
    kind_f16 = { sizeof(struct half), 5e5, true, run_f16 },
    kind_bf16 = { sizeof(struct bfloat16), 5e5, true, run_bf16 },
    kind_c64 = { 2 * sizeof(float), 2e5, false, run_c64 },
    kind_c128 = { 2 * sizeof(double), 1e5, false, run_c128 };

#define DOOR(s, T, need)                                                                \
    struct status *gemm_ready_##s(const struct gemm *g) { return need(g); }             \
    size_t gemm_scratch_##s(const struct gemm *g)                                       \
    { return scratch_of(g, &kind_##s) * (size_t)parts_of(g, &kind_##s); }                       \
    void gemm_##s(const struct gemm *g, const T *a, const T *b, T *c, void *scratch)    \
    { run(&kind_##s, g, a, b, c, scratch); }

DOOR(f32, float, need_dnnl)
DOOR(f64, double, need_blas_real)
DOOR(i32, int32_t, need_nothing)
DOOR(i64, int64_t, need_nothing)
DOOR(f16, struct half, need_dnnl)
DOOR(bf16, struct bfloat16, need_dnnl)
DOOR(c64, void, need_blas)
DOOR(c128, void, need_blas)
