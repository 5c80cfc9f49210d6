/* conv_test.c - convolutions and both gradients against loops that spell out what they are, over
 * random sizes, strides, dilations, paddings, groups and layouts; every type, oneDNN and its twin
 * by columns, one thread and several. */
#include "num/conv.h"

#include "base/mem.h"
#include "base/pool.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct type {
    const char *name;
    size_t size;
    double tolerance;
    double (*get)(const void *x, int64_t i);
    void (*set)(void *x, int64_t i, double v);
    struct status *(*plan)(struct conv_plan *p, const struct conv *g, enum conv_kind kind,
                           int threads);
    struct status *(*run)(const struct conv_plan *p, const void *a, const void *b, void *to,
                          void *scratch);
};

#define SAME(x) (x)
#define ACCESS(s, T, LOAD, STORE, A)                                                           \
    static double get_##s(const void *x, int64_t i) { return (double)LOAD(((const T *)x)[i]); } \
    static void set_##s(void *x, int64_t i, double v) { ((T *)x)[i] = STORE((A)v); }           \
    static struct status *run_##s(const struct conv_plan *p, const void *a, const void *b,     \
                                  void *to, void *scratch)                                     \
    { return conv_##s(p, a, b, to, scratch); }
ACCESS(f32, float, SAME, SAME, float)
ACCESS(f64, double, SAME, SAME, double)
ACCESS(f16, struct half, half_load, half_store, float)
ACCESS(bf16, struct bfloat16, bfloat16_load, bfloat16_store, float)

static const struct type types[] = {
    { "float", 4, 1e-5, get_f32, set_f32, conv_plan_f32, run_f32 },
    { "float by columns", 4, 1e-5, get_f32, set_f32, conv_plan_columns_f32, run_f32 },
    { "double", 8, 1e-12, get_f64, set_f64, conv_plan_f64, run_f64 },
    { "half", 2, 3e-3, get_f16, set_f16, conv_plan_f16, run_f16 },
    { "bfloat16", 2, 1e-2, get_bf16, set_bf16, conv_plan_bf16, run_bf16 },
};

static uint32_t seed = 7;

static int64_t random_in(int64_t from, int64_t to)
{
    seed = seed * 1664525 + 1013904223;
    return from + (seed >> 8) % (to - from + 1);
}

static int64_t image_at(const struct conv *g, int64_t n, int64_t h, int64_t w, int64_t c)
{
    return g->nchw ? ((n * g->c + c) * g->h + h) * g->w + w
                   : ((n * g->h + h) * g->w + w) * g->c + c;
}

static int64_t output_at(const struct conv *g, int64_t n, int64_t h, int64_t w, int64_t o)
{
    return g->nchw ? ((n * g->o + o) * g->oh + h) * g->ow + w
                   : ((n * g->oh + h) * g->ow + w) * g->o + o;
}

struct sums { enum conv_kind kind; const double *a, *b; double *to; };

/* An element of x, of the filter and of y that a convolution ties together. */
static inline void add(const struct sums *s, int64_t x, int64_t f, int64_t y)
{
    if (s->kind == CONV_FORWARD)
        s->to[y] += s->a[x] * s->b[f];
    else if (s->kind == CONV_INPUT)
        s->to[x] += s->a[y] * s->b[f];
    else
        s->to[f] += s->a[x] * s->b[y];
}

static void add_output(const struct conv *g, int64_t n, int64_t oh, int64_t ow, int64_t o,
                       const struct sums *s)
{
    int64_t depth = g->c / g->groups, first = o / (g->o / g->groups) * depth;
    int64_t y = output_at(g, n, oh, ow, o);
    for (int64_t i = 0; i < g->kh; i++)
        for (int64_t j = 0; j < g->kw; j++) {
            int64_t h = oh * g->sh - g->top + i * g->dh, w = ow * g->sw - g->left + j * g->dw;
            if (h < 0 || h >= g->h || w < 0 || w >= g->w)
                continue;
            for (int64_t c = 0; c < depth; c++)
                add(s, image_at(g, n, h, w, first + c), ((i * g->kw + j) * depth + c) * g->o + o,
                    y);
        }
}

static void add_all(const struct conv *g, const struct sums *s)
{
    for (int64_t n = 0; n < g->n; n++)
        for (int64_t h = 0; h < g->oh; h++)
            for (int64_t w = 0; w < g->ow; w++)
                for (int64_t o = 0; o < g->o; o++)
                    add_output(g, n, h, w, o, s);
}

/* Quarters, which every type holds exactly. */
static double *random_values(int64_t n)
{
    double *x = mem_array(double, n);
    for (int64_t i = 0; i < n; i++)
        x[i] = (double)random_in(-8, 8) / 4;
    return x;
}

static void *as_type(const struct type *t, const double *x, int64_t n)
{
    void *y = mem_aligned((size_t)n * t->size);
    for (int64_t i = 0; i < n; i++)
        t->set(y, i, x[i]);
    return y;
}

static void check(const struct type *t, const struct conv_plan *p, const void *to,
                  const double *want, int64_t n)
{
    const struct conv *g = &p->g;
    double most = 1;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(want[i]));
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(t->get(to, i) - want[i]) <= t->tolerance * most))
            fail_msg("%s kind %d parts %d n %d image %dx%dx%d filter %dx%dx%d stride %d,%d "
                     "dilation %d,%d padding %d,%d,%d,%d groups %d nchw %d: element %d is %g, "
                     "not %g", t->name, p->kind, p->parts, (int)g->n, (int)g->h, (int)g->w,
                     (int)g->c, (int)g->kh, (int)g->kw, (int)g->o, (int)g->sh, (int)g->sw,
                     (int)g->dh, (int)g->dw, (int)g->top, (int)g->bottom, (int)g->left,
                     (int)g->right, (int)g->groups, (int)g->nchw, (int)i, t->get(to, i), want[i]);
}

struct problem { double *a, *b, *to, *want; int64_t na, nb, n; };

static void try_type(const struct type *t, const struct conv *g, enum conv_kind kind, int threads,
                     const struct problem *q)
{
    void *a = as_type(t, q->a, q->na), *b = as_type(t, q->b, q->nb), *to = as_type(t, q->to, q->n);
    struct conv_plan p;
    assert_null(t->plan(&p, g, kind, threads));
    void *scratch = mem_aligned(p.scratch);
    assert_null(t->run(&p, a, b, to, scratch));
    check(t, &p, to, q->want, q->n);
    mem_free(a), mem_free(b), mem_free(to), mem_free(scratch);
}

/* Every step-th type, against the same sums. */
static void try_one(const struct conv *g, enum conv_kind kind, int threads, size_t step)
{
    int64_t x = g->n * g->h * g->w * g->c, f = g->kh * g->kw * (g->c / g->groups) * g->o;
    int64_t y = g->n * g->oh * g->ow * g->o;
    struct problem q = { .na = kind == CONV_INPUT ? y : x, .nb = kind == CONV_FILTER ? y : f,
                         .n = kind == CONV_FORWARD ? y : kind == CONV_INPUT ? x : f };
    q.a = random_values(q.na), q.b = random_values(q.nb), q.to = random_values(q.n);
    q.want = mem_array(double, q.n);
    add_all(g, &(struct sums){ kind, q.a, q.b, q.want });
    for (size_t t = 0; t < sizeof types / sizeof *types; t += step)
        try_type(&types[t], g, kind, threads, &q);
    mem_free(q.a), mem_free(q.b), mem_free(q.to), mem_free(q.want);
}

static void set_outputs(struct conv *g)
{
    g->oh = (g->h + g->top + g->bottom - (g->kh - 1) * g->dh - 1) / g->sh + 1;
    g->ow = (g->w + g->left + g->right - (g->kw - 1) * g->dw - 1) / g->sw + 1;
}

static struct conv random_conv(void)
{
    struct conv g = { .groups = random_in(0, 3) ? 1 : random_in(2, 3),
                      .nchw = random_in(0, 3) == 0 };
    g.n = random_in(1, 4), g.kh = random_in(1, 4), g.kw = random_in(1, 4);
    g.c = random_in(1, 5) * g.groups, g.o = random_in(1, 9) * g.groups;
    g.sh = random_in(1, 3), g.sw = random_in(1, 3), g.dh = random_in(1, 2), g.dw = random_in(1, 2);
    g.top = random_in(0, 3), g.bottom = random_in(0, 3);
    g.left = random_in(0, 3), g.right = random_in(0, 3);
    int64_t h = (g.kh - 1) * g.dh + 1 - g.top - g.bottom;
    int64_t w = (g.kw - 1) * g.dw + 1 - g.left - g.right;
    g.h = random_in(h > 1 ? h : 1, 12), g.w = random_in(w > 1 ? w : 1, 12);
    set_outputs(&g);
    return g;
}

static void random_convolutions(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        struct conv g = random_conv();
        for (int kind = CONV_FORWARD; kind <= CONV_FILTER; kind++)
            try_one(&g, (enum conv_kind)kind, 1 + i % 2, 1);
    }
}

/* Enough work to be cut, by images and by rows, evenly and not, with padding at the edges. */
static void large_convolutions(void **state)
{
    static const struct conv all[] = {
        { .n = 5, .h = 10, .w = 12, .c = 16, .kh = 3, .kw = 5, .o = 16, .sh = 1, .sw = 1, .dh = 1,
          .dw = 1, .top = 1, .bottom = 1, .left = 2, .right = 2, .groups = 1 },
        { .n = 1, .h = 31, .w = 22, .c = 12, .kh = 5, .kw = 3, .o = 40, .sh = 2, .sw = 1, .dh = 1,
          .dw = 1, .top = 2, .bottom = 1, .left = 1, .right = 1, .groups = 1 },
        { .n = 2, .h = 20, .w = 21, .c = 1, .kh = 5, .kw = 5, .o = 100, .sh = 1, .sw = 1, .dh = 2,
          .dw = 1, .top = 4, .bottom = 4, .left = 2, .right = 2, .groups = 1 },
        { .n = 2, .h = 44, .w = 42, .c = 64, .kh = 3, .kw = 3, .o = 64, .sh = 1, .sw = 1, .dh = 1,
          .dw = 1, .top = 1, .bottom = 1, .left = 1, .right = 1, .groups = 64 },
        { .n = 4, .h = 14, .w = 14, .c = 32, .kh = 3, .kw = 3, .o = 16, .sh = 1, .sw = 1, .dh = 1,
          .dw = 1, .groups = 1, .nchw = 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct conv g = all[i];
        set_outputs(&g);
        for (int kind = CONV_FORWARD; kind <= CONV_FILTER; kind++)
            try_one(&g, (enum conv_kind)kind, 3, 1);
    }
}

/* More shapes than are kept: the oldest make room. */
static void many_shapes(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct conv g = { .n = 1, .h = 1 + i % 20, .w = 1 + i / 20, .c = 2, .kh = 1, .kw = 1,
                          .o = 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 1 };
        set_outputs(&g);
        try_one(&g, CONV_FORWARD, 1, sizeof types / sizeof *types);
    }
}

static void run_some(void *ctx, int64_t begin, int64_t end)
{
    (void)ctx;
    for (int64_t i = begin; i < end; i++) {
        struct conv g = { .n = 1, .h = 5 + i % 7, .w = 6, .c = 2, .kh = 3, .kw = 2, .o = 3,
                          .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 1 };
        float x[1000] = { 1 }, f[36] = { 1 }, y[1000];
        struct conv_plan p;
        char scratch[1 << 16] __attribute__((aligned(64)));
        set_outputs(&g);
        assert_null(conv_plan_f32(&p, &g, CONV_FORWARD, 1));
        assert_true(p.scratch <= sizeof scratch);
        assert_null(conv_f32(&p, x, f, y, scratch));
        assert_true(y[0] == 1);
    }
}

/* The same few shapes by several threads at the same time. */
static void threads_share(void **state)
{
    (void)state;
    pool_for(400, 1, 0, run_some, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_convolutions), cmocka_unit_test(large_convolutions),
        cmocka_unit_test(many_shapes), cmocka_unit_test(threads_share),
    };
    pool_size_hint(3);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
