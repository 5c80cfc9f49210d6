#include "ops/steps.h"

#include "base/pool.h"
#include "graph/graph.h"

#include <math.h>

struct ends ends_of(enum dtype t)
{
    int64_t n = 1ll << (8 * dtype_size(t));
    bool is_signed = t == DT_QINT8 || t == DT_QINT16 || t == DT_QINT32;
    return is_signed ? (struct ends){ -n / 2, n / 2 - 1 } : (struct ends){ 0, n - 1 };
}

/* ---- inputs, outputs, shapes ---- */

static struct status *number_in(const struct kernel *k, int i, float *x)
{
    const struct tensor *t = kernel_in(k, i);
    const struct sig *s = op_sig(k->node->op);
    struct text name = s->n_in == k->n_in ? s->in[i].name : (struct text){ "range", 5 };
    ENSURE(tensor_count(t) == 1, "%.*s must be a scalar, but got shape %s", (int)name.n,
           name.s, SHAPE_STR(&t->shape));
    *x = *(const float *)t->data;
    return NULL;
}

struct status *range_in(const struct kernel *k, int at, struct range *r)
{
    TRY(number_in(k, at, &r->min));
    return number_in(k, at + 1, &r->max);
}

struct status *range_out(struct kernel *k, int at, struct range r)
{
    TRY(kernel_new(k, at, DT_FLOAT, &SHAPE_SCALAR));
    TRY(kernel_new(k, at + 1, DT_FLOAT, &SHAPE_SCALAR));
    *(float *)kernel_out(k, at)->data = r.min;
    *(float *)kernel_out(k, at + 1)->data = r.max;
    return NULL;
}

struct status *range_pass(struct kernel *k, int at)
{
    struct range r;
    TRY(range_in(k, at, &r));
    return range_out(k, 1, r);
}

struct status *ranges_shape(struct shape_ctx *c, int from)
{
    for (int i = from; i < c->n_in; i++)
        TRY(shape_want_rank(shape_in(c, i), 0));
    for (int i = 1; i < c->n_out; i++)
        *shape_out(c, i) = SHAPE_SCALAR;
    return NULL;
}

void steps_only_bytes(struct prep *p, const char *a, const char *b, const char *out)
{
    const struct node *n = p->node;
    if (node_attr_type(n, a) != DT_QUINT8 || node_attr_type(n, b) != DT_QUINT8 ||
        node_attr_type(n, out) != DT_QINT32)
        p->run = NULL;
}

/* ---- one number ---- */

int64_t whole(double x)
{
    return x >= 0x1p61 ? 1ll << 61 : x <= -0x1p61 ? -(1ll << 61) : x == x ? (int64_t)x : 0;
}

static double steps_count(enum dtype t) { return (double)(1ll << (8 * dtype_size(t))); }

/* All but the last step lie within the range; adjusted, all of them do. */
static double adjusted(struct range r, double n) { return (double)(r.max - r.min) * (n / (n - 1)); }

int64_t steps_unclamped(float x, struct range r, enum dtype t)
{
    if (r.min == r.max)
        return ends_of(t).low;
    double n = steps_count(t), scale = n / adjusted(r, n);
    return whole(round((double)x * scale) - round((double)r.min * scale)) + ends_of(t).low;
}

int64_t steps_of(float x, struct range r, enum dtype t)
{
    struct ends e = ends_of(t);
    int64_t q = steps_unclamped(x, r, t);
    return q < e.low ? e.low : q > e.high ? e.high : q;
}

float steps_value(int64_t steps, struct range r, enum dtype t)
{
    if (r.min == r.max)
        return r.min;
    double n = steps_count(t), scale = adjusted(r, n) / n;
    float low = roundf(r.min / (float)scale) * (float)scale;
    return (float)((double)low + (double)(steps - ends_of(t).low) * scale);
}

int32_t steps_zero(struct range r, enum dtype t)
{
    return (int32_t)(uint32_t)(uint64_t)steps_unclamped(0, r, t);
}

static float one_step(struct range r, enum dtype t)
{
    struct ends e = ends_of(t);
    return (r.max - r.min) / (float)(e.high - e.low);
}

struct range range_of_products(struct range a, enum dtype of_a, struct range b, enum dtype of_b)
{
    float step = one_step(a, of_a) * one_step(b, of_b);
    return (struct range){ step * (float)INT32_MIN, step * (float)INT32_MAX };
}

/* ---- many ---- */

struct reading reading_of(struct range r, enum dtype t)
{
    float scale = (float)((double)(r.max - r.min) / (steps_count(t) - 1));
    float low = r.max == r.min ? r.min : roundf(r.min / scale) * scale;
    return (struct reading){ 0, scale, low - (float)ends_of(t).low * scale };
}

struct writing writing_of(struct range r, enum dtype t)
{
    float scale = r.max == r.min ? 0 : (float)((steps_count(t) - 1) / (double)(r.max - r.min));
    float offset = roundf(r.min * scale) - (float)ends_of(t).low;
    return (struct writing){ -INFINITY, INFINITY, 0, scale, 0, offset, ROUND_AWAY };
}

/* The compiler makes vectors of this, and not of roundf() and rintf(). From 2^23 on there are no
 * fractions, and adding as much leaves none. ROUND_UP is of what is positive. */
static inline __attribute__((always_inline)) float rounded(float x, enum rounding how)
{
    float size = fabsf(x), part = size < 0x1p23f ? size : 0, y;
    if (how == ROUND_EVEN)
        y = (part + 0x1p23f) - 0x1p23f;
    else
        y = (float)(int32_t)(part + (how == ROUND_UP ? 0.5f : 0x1.fffffep-2f));
    return copysignf(size < 0x1p23f ? y : size, x);
}

#define EACH "ops/steps.inc"
#define EACH_SET (SET_I8 | SET_U8 | SET_I16 | SET_U16 | SET_I32)
#include "op/each.h"

#define OF_STEPS(x) [DT_QINT8] = x##_i8, [DT_QUINT8] = x##_u8, [DT_QINT16] = x##_i16, \
                    [DT_QUINT16] = x##_u16, [DT_QINT32] = x##_i32

enum { TILE = 512, GRAIN = 1 << 15 };

struct job { const struct conversion *c; const char *x; char *y; };

static void convert_part(void *ctx, int64_t begin, int64_t end)
{
    static void (*const read[DT_COUNT])(const struct reading *r, const void *x, float *y,
                                        int64_t n) = { OF_STEPS(read) };
    static void (*const write[DT_COUNT])(const struct writing *w, const float *x, void *y,
                                         int64_t n) = { OF_STEPS(write) };
    const struct job *j = ctx;
    const struct conversion *c = j->c;
    float tile[TILE];
    for (int64_t at = begin; at < end; at += TILE) {
        int64_t n = end - at < TILE ? end - at : TILE;
        const void *x = j->x + at * (int64_t)dtype_size(c->from);
        void *y = j->y + at * (int64_t)dtype_size(c->to);
        float *middle = c->to == DT_FLOAT ? y : tile;
        if (c->from != DT_FLOAT)
            read[c->from](&c->read, x, middle, n);
        if (c->to != DT_FLOAT)
            write[c->to](&c->write, c->from == DT_FLOAT ? x : middle, y, n);
    }
}

void steps_convert(const struct kernel *k, const struct conversion *c, const void *x, void *y,
                   int64_t n)
{
    struct job j = { c, x, y };
    if (n)
        pool_for(n, GRAIN, k->env->threads, convert_part, &j);
}

struct centering { const uint8_t *x; int32_t *y; int32_t zero; };

static void center_part(void *ctx, int64_t begin, int64_t end)
{
    const struct centering *c = ctx;
    for (int64_t i = begin; i < end; i++)
        c->y[i] = (int32_t)(c->x[i] - (uint32_t)c->zero);
}

struct status *steps_centered(struct kernel *k, int i, struct range r, const int32_t **y)
{
    const struct tensor *x = kernel_in(k, i);
    struct centering c = { .x = x->data, .zero = steps_zero(r, DT_QUINT8) };
    int64_t n = tensor_count(x);
    TRY(kernel_temp(k, (size_t)n * sizeof *c.y, &c.y));
    if (n)
        pool_for(n, GRAIN, k->env->threads, center_part, &c);
    *y = c.y;
    return NULL;
}
