#include "ops/elementwise.h"

#include "base/pool.h"
#include "graph/graph.h"
#include "ops/broadcast.h"

#include <string.h>

enum { TILE = 512 };

/* One call of a driver: a loop, and how far apart elements lie. */
struct pass {
    vec_unary *one;
    vec_binary *two;
    size_t in, out;             /* bytes of an element */
    enum dtype half, half_out;  /* DT_HALF, DT_BFLOAT16: the loop is float's; else 0 */
    int64_t grain;
    const char *x, *y;
    char *z;
    struct broadcast b;
};

static struct pass pass_of(const struct kernel *k, enum dtype out, int64_t grain, bool half)
{
    enum dtype in = kernel_in(k, 0)->dtype;
    return (struct pass){ .in = dtype_size(in), .out = dtype_size(out), .grain = grain,
                         .half = half ? in : DT_INVALID,
                         .half_out = half && out == in ? out : DT_INVALID };
}

/* ---- tiles of a half type ---- */

void half_tile_load(enum dtype t, float *to, const void *from, size_t n)
{
    const uint16_t *bits = from;        /* a struct of its own would keep them from being vectors */
    if (t == DT_HALF)
        vec_best()->half_load(to, bits, n);
    else
        for (size_t i = 0; i < n; i++)
            to[i] = bfloat16_load((struct bfloat16){ bits[i] });
}

void half_tile_store(enum dtype t, void *to, const float *from, size_t n)
{
    uint16_t *bits = to;
    if (t == DT_HALF)
        vec_best()->half_store(bits, from, n);
    else
        for (size_t i = 0; i < n; i++)
            bits[i] = bfloat16_store(from[i]).bits;
}

static void tiles1(const struct pass *m, char *y, const char *x, size_t n)
{
    float tile[TILE];
    for (size_t at = 0, step; at < n; at += step) {
        step = n - at < TILE ? n - at : TILE;
        half_tile_load(m->half, tile, x + at * m->in, step);
        m->one(m->half_out ? (void *)tile : y + at * m->out, tile, step);
        if (m->half_out)
            half_tile_store(m->half_out, y + at * m->out, tile, step);
    }
}

static void tiles2(const struct pass *m, char *z, const char *x, const char *y, size_t n,
                   enum vec_form form)
{
    float a[TILE], b[TILE];
    for (size_t at = 0, step; at < n; at += step) {
        step = n - at < TILE ? n - at : TILE;
        half_tile_load(m->half, a, form == VEC_SV ? x : x + at * m->in, form == VEC_SV ? 1 : step);
        half_tile_load(m->half, b, form == VEC_VS ? y : y + at * m->in, form == VEC_VS ? 1 : step);
        float *c = form == VEC_SV ? b : a;
        m->two(m->half_out ? (void *)c : z + at * m->out, a, b, step, form);
        if (m->half_out)
            half_tile_store(m->half_out, z + at * m->out, c, step);
    }
}

/* ---- one input ---- */

static void part1(void *ctx, int64_t begin, int64_t end)
{
    const struct pass *m = ctx;
    char *y = m->z + begin * (int64_t)m->out;
    const char *x = m->x + begin * (int64_t)m->in;
    if (m->half)
        tiles1(m, y, x, (size_t)(end - begin));
    else
        m->one(y, x, (size_t)(end - begin));
}

static struct status *run1(struct kernel *k, struct pass *m, enum dtype out)
{
    const struct tensor *x = kernel_in(k, 0);
    m->x = x->data;
    TRY(kernel_reuse_as(k, 0, 0, out, &x->shape));
    m->z = kernel_out(k, 0)->data;
    pool_for(tensor_count(x), m->grain, k->env->threads, part1, m);
    return NULL;
}

struct status *map1(struct kernel *k, vec_unary *loop, enum dtype out, int64_t grain)
{
    const struct tensor *x = kernel_in(k, 0);
    int64_t n = x->shape.rank ? tensor_count(x) : 1;
    if (n <= grain) {
        TRY(kernel_reuse_as(k, 0, 0, out, &x->shape));
        loop(kernel_out(k, 0)->data, x->data, (size_t)n);
        return NULL;
    }
    struct pass m = pass_of(k, out, grain, false);
    m.one = loop;
    return run1(k, &m, out);
}

struct status *map1_half(struct kernel *k, vec_unary *loop, enum dtype out, int64_t grain)
{
    struct pass m = pass_of(k, out, grain, true);
    m.one = loop;
    return run1(k, &m, out);
}

/* ---- two inputs ---- */

static void call2(const struct pass *m, char *z, const char *x, const char *y, int64_t n,
                  enum vec_form form)
{
    if (m->half)
        tiles2(m, z, x, y, (size_t)n, form);
    else
        m->two(z, x, y, (size_t)n, form);
}

/* Elements [begin, end) of a result that is one run. */
static void part2(void *ctx, int64_t begin, int64_t end)
{
    const struct pass *m = ctx;
    int64_t in = (int64_t)m->in;
    call2(m, m->z + begin * (int64_t)m->out, m->x + begin * in * m->b.x[0],
          m->y + begin * in * m->b.y[0], end - begin, broadcast_form(&m->b));
}

/* Runs [begin, end) of a result, each dim[0] long. */
static void rows2(void *ctx, int64_t begin, int64_t end)
{
    const struct pass *m = ctx;
    const struct broadcast *b = &m->b;
    int64_t in = (int64_t)m->in, z = begin * b->dim[0];
    struct broadcast_at at = broadcast_seek(b, begin);
    for (int64_t row = begin; row < end; row++, z += b->dim[0]) {
        call2(m, m->z + z * (int64_t)m->out, m->x + at.x * in, m->y + at.y * in, b->dim[0],
              broadcast_form(b));
        broadcast_next(b, &at);
    }
}

/* The result takes over an input's buffer if one may be had. */
static inline struct status *out_reusing(struct kernel *k, enum dtype out, const struct shape *s)
{
    if (kernel_can_reuse(k, 0, out, s))
        kernel_take(k, 0, 0, out, s);
    else if (kernel_can_reuse(k, 1, out, s))
        kernel_take(k, 0, 1, out, s);
    else
        return kernel_new(k, 0, out, s);
    return NULL;
}

/* [rows, few] with [few]: the short row is repeated in memory of its own, so that a call has
 * enough to do. Then dim[0] is the length of that, dim[1] what is left of the rows in all. */
static struct status *repeat_row(struct kernel *k, struct pass *m)
{
    struct broadcast *b = &m->b;
    int64_t few = b->dim[0], times = TILE / few;
    char *wide;
    TRY(kernel_temp(k, (size_t)(few * times) * m->in, &wide));
    for (int64_t i = 0; i < times; i++)
        memcpy(wide + (size_t)(i * few) * m->in, m->y, (size_t)few * m->in);
    m->y = wide;
    b->dim[1] *= few;
    b->dim[0] = few * times;
    return NULL;
}

static bool is_short_row(const struct broadcast *b)
{
    return b->rank == 2 && b->x[0] && b->y[0] && !b->y[1] && b->dim[0] && b->dim[0] <= TILE / 8 &&
           b->dim[1] > TILE / 8;
}

static void short_rows2(void *ctx, int64_t begin, int64_t end)
{
    const struct pass *m = ctx;
    const int64_t each = m->b.dim[0], all = m->b.dim[1];
    for (int64_t at = begin * each; at < end * each && at < all; at += each)
        call2(m, m->z + at * (int64_t)m->out, m->x + at * (int64_t)m->in, m->y,
              all - at < each ? all - at : each, VEC_VV);
}

static int64_t ceil_div(int64_t n, int64_t by) { return (n + by - 1) / by; }

static struct status *run2(struct kernel *k, struct pass *m, enum dtype out,
                           const struct shape *x, const struct shape *y, const struct shape *z)
{
    m->x = kernel_in(k, 0)->data;
    m->y = kernel_in(k, 1)->data;
    TRY(out_reusing(k, out, z));
    m->z = kernel_out(k, 0)->data;

    struct broadcast *b = &m->b;
    broadcast_plan(b, x, y);
    bool short_row = is_short_row(b);
    if (short_row)
        TRY(repeat_row(k, m));
    int64_t rows_each = m->grain / (b->dim[0] ? b->dim[0] : 1) + 1;
    if (short_row)
        pool_for(ceil_div(b->dim[1], b->dim[0]), rows_each, k->env->threads, short_rows2, m);
    else if (b->rank == 1)
        pool_for(b->dim[0], m->grain, k->env->threads, part2, m);
    else
        pool_for(broadcast_rows(b), rows_each, k->env->threads, rows2, m);
    return NULL;
}

struct status *map2_as(struct kernel *k, vec_binary *loop, enum dtype out, int64_t grain,
                       const struct shape *x, const struct shape *y, const struct shape *z)
{
    struct pass m = pass_of(k, out, grain, false);
    m.two = loop;
    return run2(k, &m, out, x, y, z);
}

struct status *map2_half_as(struct kernel *k, vec_binary *loop, enum dtype out, int64_t grain,
                            const struct shape *x, const struct shape *y, const struct shape *z)
{
    struct pass m = pass_of(k, out, grain, true);
    m.two = loop;
    return run2(k, &m, out, x, y, z);
}

/* What most calls are: small, and both of one shape or one of them a scalar. The result has the
 * shape s. */
static inline struct status *map2_small(struct kernel *k, vec_binary *loop, enum dtype out,
                                        const struct shape *s, enum vec_form form)
{
    const void *x = kernel_in(k, 0)->data, *y = kernel_in(k, 1)->data;
    size_t n = s->rank ? (size_t)shape_count(s) : 1;
    TRY(out_reusing(k, out, s));
    loop(kernel_out(k, 0)->data, x, y, n, form);
    return NULL;
}

static bool is_small(const struct shape *s, int64_t grain)
{
    return !s->rank || shape_count(s) <= grain;
}

static struct status *map2_large(struct kernel *k, vec_binary *loop, enum dtype out,
                                 int64_t grain, const struct shape *x, const struct shape *y)
{
    struct shape z;
    TRY(shape_broadcast_of(x, y, &z));
    return map2_as(k, loop, out, grain, x, y, &z);
}

struct status *map2(struct kernel *k, vec_binary *loop, enum dtype out, int64_t grain)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *y = &kernel_in(k, 1)->shape;
    if (!(x->rank | y->rank))
        return map2_small(k, loop, out, x, VEC_VV);
    if (is_small(x, grain) && (!y->rank || shape_equal(x, y)))
        return map2_small(k, loop, out, x, y->rank ? VEC_VV : VEC_VS);
    if (!x->rank && is_small(y, grain))
        return map2_small(k, loop, out, y, VEC_SV);
    return map2_large(k, loop, out, grain, x, y);
}

struct status *map2_half(struct kernel *k, vec_binary *loop, enum dtype out, int64_t grain)
{
    const struct shape *x = &kernel_in(k, 0)->shape, *y = &kernel_in(k, 1)->shape;
    struct shape z;
    TRY(shape_broadcast_of(x, y, &z));
    return map2_half_as(k, loop, out, grain, x, y, &z);
}

struct status *inputs_alike(const struct kernel *k)
{
    const struct shape *first = &kernel_in(k, 0)->shape;
    for (int i = 1; i < k->n_in; i++)
        ENSURE(shape_equal(first, &kernel_in(k, i)->shape),
               "Inputs to operation %s of type %s must have the same size and shape.  "
               "Input 0: %s != input %d: %s", k->node->name, k->node->op->name, SHAPE_STR(first),
               i, SHAPE_STR(&kernel_in(k, i)->shape));
    return NULL;
}

struct status *map2_same(struct kernel *k, vec_binary *loop, enum dtype out, int64_t grain)
{
    TRY(inputs_alike(k));
    return map2(k, loop, out, grain);
}

struct status *map2_half_same(struct kernel *k, vec_binary *loop, enum dtype out, int64_t grain)
{
    TRY(inputs_alike(k));
    return map2_half(k, loop, out, grain);
}
