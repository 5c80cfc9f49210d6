/* conv_test.c - convolutions and both gradients against loops that spell out what they are, over
 * random sizes in two and three dimensions, strides, dilations, paddings, groups and layouts;
 * every type, oneDNN and its twin by columns, one thread and several. */
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

/* Element (image, channel c of `depth`, pixel of `pixels`). */
static int64_t element(const struct conv *g, int64_t n, int64_t pixels, int64_t depth, int64_t c,
                       int64_t pixel)
{
    return g->nchw ? (n * depth + c) * pixels + pixel : (n * pixels + pixel) * depth + c;
}

/* Along one dimension: which place the filter's place `i` meets, -1 for padding. */
static int64_t meets(int64_t out, int64_t s, int64_t before, int64_t i, int64_t dilation,
                     int64_t in)
{
    int64_t at = out * s - before + i * dilation;
    return at < in ? at : -1;
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

static void add_output(const struct conv *g, int64_t n, int64_t pixel, int64_t o,
                       const struct sums *s)
{
    int64_t depth = g->c / g->groups, first = o / (g->o / g->groups) * depth;
    int64_t y = element(g, n, g->od * g->oh * g->ow, g->o, o, pixel);
    int64_t od = pixel / g->ow / g->oh, oh = pixel / g->ow % g->oh, ow = pixel % g->ow;
    for (int64_t k = 0; k < g->kd * g->kh * g->kw; k++) {
        int64_t d = meets(od, g->sd, g->front, k / g->kw / g->kh, g->dd, g->d);
        int64_t h = meets(oh, g->sh, g->top, k / g->kw % g->kh, g->dh, g->h);
        int64_t w = meets(ow, g->sw, g->left, k % g->kw, g->dw, g->w);
        for (int64_t c = 0; d >= 0 && h >= 0 && w >= 0 && c < depth; c++)
            add(s, element(g, n, g->d * g->h * g->w, g->c, first + c, (d * g->h + h) * g->w + w),
                (k * depth + c) * g->o + o, y);
    }
}

static void add_all(const struct conv *g, const struct sums *s)
{
    for (int64_t n = 0; n < g->n; n++)
        for (int64_t pixel = 0; pixel < g->od * g->oh * g->ow; pixel++)
            for (int64_t o = 0; o < g->o; o++)
                add_output(g, n, pixel, o, s);
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
            fail_msg("%s kind %d parts %d n %d image %dx%dx%dx%d filter %dx%dx%dx%d stride "
                     "%d,%d,%d dilation %d,%d,%d padding %d,%d,%d,%d,%d,%d groups %d nchw %d: "
                     "element %d is %g, not %g", t->name, p->kind, p->parts, (int)g->n, (int)g->d,
                     (int)g->h, (int)g->w, (int)g->c, (int)g->kd, (int)g->kh, (int)g->kw,
                     (int)g->o, (int)g->sd, (int)g->sh, (int)g->sw, (int)g->dd, (int)g->dh,
                     (int)g->dw, (int)g->front, (int)g->back, (int)g->top, (int)g->bottom,
                     (int)g->left, (int)g->right, (int)g->groups, (int)g->nchw, (int)i,
                     t->get(to, i), want[i]);
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
    int64_t x = g->n * g->d * g->h * g->w * g->c, y = g->n * g->od * g->oh * g->ow * g->o;
    int64_t f = g->kd * g->kh * g->kw * (g->c / g->groups) * g->o;
    struct problem q = { .na = kind == CONV_INPUT ? y : x, .nb = kind == CONV_FILTER ? y : f,
                         .n = kind == CONV_FORWARD ? y : kind == CONV_INPUT ? x : f };
    q.a = random_values(q.na), q.b = random_values(q.nb), q.to = random_values(q.n);
    q.want = mem_array(double, q.n);
    add_all(g, &(struct sums){ kind, q.a, q.b, q.want });
    for (size_t t = 0; t < sizeof types / sizeof *types; t += step)
        try_type(&types[t], g, kind, threads, &q);
    mem_free(q.a), mem_free(q.b), mem_free(q.to), mem_free(q.want);
}

/* Of two dimensions where there is no `d`. */
static void set_outputs(struct conv *g)
{
    if (!g->d)
        g->d = g->kd = g->sd = g->dd = 1;
    g->od = (g->d + g->front + g->back - (g->kd - 1) * g->dd - 1) / g->sd + 1;
    g->oh = (g->h + g->top + g->bottom - (g->kh - 1) * g->dh - 1) / g->sh + 1;
    g->ow = (g->w + g->left + g->right - (g->kw - 1) * g->dw - 1) / g->sw + 1;
}

static struct conv random_conv(bool planes)
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
    if (planes) {
        g.groups = 1, g.kd = random_in(1, 3), g.sd = random_in(1, 3), g.dd = random_in(1, 2);
        g.front = random_in(0, 2), g.back = random_in(0, 2);
        int64_t d = (g.kd - 1) * g.dd + 1 - g.front - g.back;
        g.d = random_in(d > 1 ? d : 1, 7);
    }
    set_outputs(&g);
    return g;
}

static void random_convolutions(void **state)
{
    (void)state;
    for (int i = 0; i < 80; i++) {
        struct conv g = random_conv(i >= 40);
        for (int kind = CONV_FORWARD; kind <= CONV_FILTER; kind++)
            try_one(&g, (enum conv_kind)kind, 1 + i % 2, 1);
    }
}

/* Enough work to be cut, by images, planes and rows, evenly and not, with padding at the edges. */
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
        { .n = 1, .d = 9, .h = 10, .w = 11, .c = 16, .kd = 3, .kh = 3, .kw = 3, .o = 16, .sd = 1,
          .sh = 1, .sw = 1, .dd = 1, .dh = 1, .dw = 1, .front = 1, .back = 1, .top = 1,
          .bottom = 1, .left = 1, .right = 1, .groups = 1 },
        { .n = 2, .d = 8, .h = 12, .w = 9, .c = 8, .kd = 3, .kh = 2, .kw = 3, .o = 24, .sd = 2,
          .sh = 1, .sw = 2, .dd = 2, .dh = 1, .dw = 1, .front = 2, .back = 2, .top = 1,
          .groups = 1 },
        { .n = 1, .d = 1, .h = 30, .w = 21, .c = 16, .kd = 3, .kh = 3, .kw = 3, .o = 16, .sd = 1,
          .sh = 1, .sw = 1, .dd = 1, .dh = 1, .dw = 1, .front = 2, .back = 2, .groups = 1 },
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
