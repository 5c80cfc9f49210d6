/* sum.c - sums of whole tensors, and of biases: AddN, AccumulateNV2, BiasAdd, BiasAddV1,
 * QuantizedBiasAdd, BiasAddGrad. All of them are the loop that adds. */
#include "base/pool.h"
#include "graph/graph.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"
#include "ops/steps.h"
#include "ops/tensor_list.h"

#include <math.h>
#include <string.h>

#define EACH "ops/sum.inc"
#define EACH_SET (SET_I8 | SET_I16 | SET_U8 | SET_U16 | SET_U32 | SET_U64 | SET_COMPLEX)
#include "op/each.h"

vec_binary *add_loop(enum dtype t)
{
    const struct vec *v = vec_best();
    vec_binary *const loops[DT_COUNT] = {
        [DT_HALF] = v->add_f32, [DT_BFLOAT16] = v->add_f32, DOUBLES(v->add),
        [DT_INT32] = v->add_i32, [DT_INT64] = v->add_i64, [DT_INT8] = plus_loop_i8,
        [DT_INT16] = plus_loop_i16, [DT_UINT8] = plus_loop_u8, [DT_UINT16] = plus_loop_u16,
        [DT_UINT32] = plus_loop_u32, [DT_UINT64] = plus_loop_u64, COMPLEXES(plus_loop),
        [DT_QINT8] = plus_loop_i8, [DT_QUINT8] = plus_loop_u8, [DT_QINT32] = v->add_i32,
        [DT_QINT16] = plus_loop_i16, [DT_QUINT16] = plus_loop_u16,
    };
    return t < DT_COUNT ? loops[t] : NULL;
}

static bool is_half(enum dtype t) { return t == DT_HALF || t == DT_BFLOAT16; }

struct sum {
    vec_binary *add;
    bool channels_first;
    const struct shape *shape;          /* what AccumulateNV2 says its inputs are of; or NULL */
};

static struct status *sum_prepare(struct prep *p)
{
    struct sum *s;
    enum dtype t = node_attr_type(p->node, "T");
    if (t == DT_VARIANT) {
        p->run = tensor_list_sum;
        return NULL;
    }
    TRY(prep_state(p, sizeof *s, &s));
    s->add = add_loop(t);
    s->channels_first = !strcmp(node_attr_string(p->node, "data_format"), "NCHW");
    s->shape = node_attr_shape(p->node, "shape");
    return s->add ? NULL : status_new(UNIMPLEMENTED, "%s of %s is not supported",
                                      p->node->op->name, dtype_name(t));
}

/* ---- AddN ---- */

enum { TILE = 4096 };

struct add_n { const struct kernel *k; vec_binary *add; char *z; size_t size; };

/* Tile by tile, so that the sum stays in the cache while the inputs pass by. */
static void add_n_part(void *ctx, int64_t begin, int64_t end)
{
    const struct add_n *a = ctx;
    for (int64_t at = begin; at < end; at += TILE) {
        size_t n = (size_t)(end - at < TILE ? end - at : TILE), off = (size_t)at * a->size;
        const char *x = kernel_in(a->k, 0)->data;
        for (int i = 1; i < a->k->n_in; i++, x = a->z)
            a->add(a->z + off, x + off, (const char *)kernel_in(a->k, i)->data + off, n, VEC_VV);
    }
}

static void add_n_half_part(void *ctx, int64_t begin, int64_t end)
{
    const struct add_n *a = ctx;
    float sum[TILE / 8], x[TILE / 8];
    for (int64_t at = begin; at < end; at += TILE / 8) {
        size_t n = (size_t)(end - at < TILE / 8 ? end - at : TILE / 8), off = (size_t)at * a->size;
        enum dtype t = kernel_in(a->k, 0)->dtype;
        half_tile_load(t, sum, (const char *)kernel_in(a->k, 0)->data + off, n);
        for (int i = 1; i < a->k->n_in; i++) {
            half_tile_load(t, x, (const char *)kernel_in(a->k, i)->data + off, n);
            a->add(sum, sum, x, n, VEC_VV);
        }
        half_tile_store(t, a->z + off, sum, n);
    }
}

static struct status *add_n(struct kernel *k)
{
    const struct sum *s = k->state;
    const struct tensor *x = kernel_in(k, 0);
    TRY(inputs_alike(k));
    ENSURE(!s->shape || shape_accepts(s->shape, &x->shape), "inputs of shape %s where attribute "
           "shape says %s", SHAPE_STR(&x->shape), SHAPE_STR(s->shape));
    if (k->n_in == 1) {
        kernel_forward(k, 0, 0);
        return NULL;
    }
    bool again = false;           /* the first input's buffer is written before the third is read */
    for (int i = 2; i < k->n_in; i++)
        again |= kernel_in(k, i)->data == x->data;
    TRY(again ? kernel_new(k, 0, x->dtype, &x->shape) : kernel_reuse(k, 0, 0));
    struct add_n a = { k, s->add, kernel_out(k, 0)->data, dtype_size(x->dtype) };
    pool_for(tensor_count(x), CHEAP, k->env->threads,
             is_half(x->dtype) ? add_n_half_part : add_n_part, &a);
    return NULL;
}

static void add_n_grad(struct grad *g)
{
    for (int i = 0; i < g->n_in; i++)
        g->dx[i] = g->dy[0];
}

/* ---- BiasAdd ---- */

/* Where the channels are: last, or right after the batch. */
static int channel_axis(const struct shape *s, bool channels_first)
{
    return channels_first ? 1 : s->rank - 1;
}

static bool node_channels_first(const struct node *n)
{
    return !strcmp(node_attr_string(n, "data_format"), "NCHW");
}

static struct status *bias_shape(struct shape_ctx *c)
{
    struct shape value = *shape_in(c, 0);
    const struct shape *bias = shape_in(c, 1);
    bool first = node_channels_first(c->node);
    TRY(shape_want_rank_at_least(&value, first ? 3 : 2));
    TRY(shape_want_rank(bias, 1));
    if (value.rank >= 0 && bias->rank == 1) {
        int at = channel_axis(&value, first);
        TRY(dim_merge(value.dim[at], bias->dim[0], &value.dim[at]));
    }
    *shape_out(c, 0) = value;
    return NULL;
}

static struct status *bias_check(const struct shape *x, const struct shape *b, bool first)
{
    ENSURE(x->rank >= 2, "Input tensor must be at least 2D: %s", SHAPE_STR(x));
    ENSURE(b->rank == 1, "Biases must be 1D: %s", SHAPE_STR(b));
    ENSURE(!first || x->rank >= 3, "Input tensor must be at least 3D for NCHW: %s", SHAPE_STR(x));
    ENSURE(b->dim[0] == x->dim[channel_axis(x, first)],
           "Must provide as many biases as the %s dimension of the input tensor: %s vs. %s",
           first ? "channel" : "last", SHAPE_STR(b), SHAPE_STR(x));
    return NULL;
}

static struct status *bias_add(struct kernel *k)
{
    const struct sum *s = k->state;
    const struct tensor *x = kernel_in(k, 0);
    const struct shape *b = &kernel_in(k, 1)->shape, value = x->shape;
    TRY(bias_check(&value, b, s->channels_first));
    struct shape column = SHAPE(b->dim[0], 1);
    struct shape seen = s->channels_first
        ? SHAPE(value.dim[0], value.dim[1], shape_span(&value, 2, value.rank)) : value;
    const struct shape *bias = s->channels_first ? &column : b;
    return is_half(x->dtype)
        ? map2_half_as(k, s->add, x->dtype, CHEAP, &seen, bias, &value)
        : map2_as(k, s->add, x->dtype, CHEAP, &seen, bias, &value);
}

/* ---- QuantizedBiasAdd: both brought to 32-bit steps of one range, with room for the sum ---- */

static struct status *quantized_bias_shape(struct shape_ctx *c)
{
    TRY(ranges_shape(c, 2));
    return bias_shape(c);
}

static struct status *quantized_bias_prepare(struct prep *p)
{
    enum dtype t = node_attr_type(p->node, "T1");
    bool fits = (t == DT_QUINT8 || t == DT_QINT8) && node_attr_type(p->node, "T2") == t &&
                node_attr_type(p->node, "out_type") == DT_QINT32;
    p->run = fits ? p->run : NULL;
    return NULL;
}

static void to_sums(const struct kernel *k, int i, struct range from, struct range to, int32_t *y)
{
    const struct tensor *x = kernel_in(k, i);
    struct conversion c = { x->dtype, DT_QINT32, reading_of(from, x->dtype),
                            writing_of(to, DT_QINT32) };
    steps_convert(k, &c, x->data, y, tensor_count(x));
}

static struct status *quantized_bias_add(struct kernel *k)
{
    const struct shape value = kernel_in(k, 0)->shape;
    struct range x, b;
    int32_t *bias;
    TRY(range_in(k, 2, &x));
    TRY(range_in(k, 4, &b));
    TRY(bias_check(&value, &kernel_in(k, 1)->shape, false));
    float most = fmaxf(fmaxf(x.max, -x.min), fmaxf(b.max, -b.min)) * (1 << 17);
    struct range sum = { -most, most };
    int64_t depth = value.dim[value.rank - 1], rows = depth ? shape_count(&value) / depth : 0;
    TRY(kernel_temp(k, (size_t)depth * sizeof *bias, &bias));
    TRY(kernel_new(k, 0, DT_QINT32, &value));
    int32_t *y = kernel_out(k, 0)->data, zero = (int32_t)steps_of(0, sum, DT_QINT32);
    to_sums(k, 1, b, sum, bias);
    to_sums(k, 0, x, sum, y);
    vec_binary *plus = vec_best()->add_i32;
    plus(bias, bias, &zero, (size_t)depth, VEC_VS);
    for (int64_t r = 0; r < rows; r++)
        plus(y + r * depth, y + r * depth, bias, (size_t)depth, VEC_VV);
    return range_out(k, 1, sum);
}

static struct out bias_sum(struct grad *g, struct out dy)
{
    const char *format = node_attr_string(g->node, "data_format");
    return grad_add(g, "BiasAddGrad", OUTS(dy),
                    ATTRS(attr_string("data_format", *format ? format : "NHWC")));
}

static void bias_grad(struct grad *g)
{
    g->dx[0] = g->dy[0];
    g->dx[1] = bias_sum(g, g->dy[0]);
}

/* ---- BiasAddGrad: the sum over everything but the channels ---- */

static struct status *bias_grad_shape(struct shape_ctx *c)
{
    const struct shape *dy = shape_in(c, 0);
    bool first = node_channels_first(c->node);
    TRY(shape_want_rank_at_least(dy, first ? 3 : 2));
    *shape_out(c, 0) = SHAPE(dy->rank < 0 ? -1 : dy->dim[channel_axis(dy, first)]);
    return NULL;
}

/* A stream of rows of c numbers is summed in `wide`, as many rows side by side as make a good
 * run, and then folded. Halves are summed as floats. */
struct fold {
    vec_binary *add;
    enum dtype half;            /* or 0 */
    size_t in, size;            /* bytes of an element as it comes, and as it is summed */
    int64_t c, width;           /* columns; a multiple of them */
};

enum { WIDE = 512 };

static struct fold fold_of(const struct sum *s, enum dtype t, int64_t c)
{
    int64_t times = c && c < WIDE ? WIDE / c : 1;
    size_t in = dtype_size(t);
    return (struct fold){ s->add, is_half(t) ? t : DT_INVALID, in, is_half(t) ? sizeof(float) : in,
                          c, c * times };
}

static void fold_add(const struct fold *f, char *sum, const char *x, int64_t n)
{
    float tile[WIDE];
    for (int64_t at = 0, step; at < n; at += step) {
        step = f->half && n - at > WIDE ? WIDE : n - at;
        const void *from = x + (size_t)at * f->in;
        if (f->half) {
            half_tile_load(f->half, tile, from, (size_t)step);
            from = tile;
        }
        char *to = sum + (size_t)at * f->size;
        f->add(to, to, from, (size_t)step, VEC_VV);
    }
}

/* sum[c] += rows of x; `wide` is f->width elements of room. */
static void fold_rows(const struct fold *f, char *sum, char *wide, const char *x, int64_t n)
{
    memset(wide, 0, (size_t)f->width * f->size);
    for (int64_t at = 0, step; at < n; at += step) {
        step = n - at < f->width ? n - at : f->width;
        fold_add(f, wide, x + (size_t)at * f->in, step);
    }
    for (int64_t at = 0; at < f->width; at += f->c)
        f->add(sum, sum, wide + (size_t)at * f->size, (size_t)f->c, VEC_VV);
}

/* Large sums are made in blocks of a fixed size, so that threads do not change the result. */
struct blocks { struct fold f; const char *x; char *sum, *wide; int64_t n, each; };

static void fold_blocks(void *ctx, int64_t begin, int64_t end)
{
    const struct blocks *b = ctx;
    const struct fold *f = &b->f;
    for (int64_t i = begin; i < end; i++) {
        int64_t at = i * b->each, n = b->n - at < b->each ? b->n - at : b->each;
        fold_rows(f, b->sum + (size_t)(i * f->c) * f->size,
                  b->wide + (size_t)(i * f->width) * f->size, b->x + (size_t)at * f->in, n);
    }
}

/* `n` numbers, in rows of f.c, are summed to sum[c]. */
static struct status *sum_last(struct kernel *k, struct fold f, const char *x, int64_t n,
                               char *sum)
{
    struct blocks b = { .f = f, .x = x, .n = n };
    b.each = f.width * (CHEAP / f.width + 1);
    int64_t blocks = (n + b.each - 1) / b.each;
    TRY(kernel_temp(k, (size_t)(blocks * f.c) * f.size, &b.sum));
    TRY(kernel_temp(k, (size_t)(blocks * f.width) * f.size, &b.wide));
    memset(b.sum, 0, (size_t)(blocks * f.c) * f.size);
    pool_for(blocks, 1, k->env->threads, fold_blocks, &b);
    for (int64_t i = 0; i < blocks; i++)
        f.add(sum, sum, b.sum + (size_t)(i * f.c) * f.size, (size_t)f.c, VEC_VV);
    return NULL;
}

/* [n, c, rest]: runs of `rest` numbers, each summed to one. */
struct runs { struct fold f; const char *x; char *sum; int64_t n, c, rest; };

static void sum_runs(void *ctx, int64_t begin, int64_t end)
{
    const struct runs *r = ctx;
    char wide[WIDE * sizeof(struct c128)];
    for (int64_t c = begin; c < end; c++)
        for (int64_t i = 0; i < r->n; i++)
            fold_rows(&r->f, r->sum + (size_t)c * r->f.size, wide,
                      r->x + (size_t)((i * r->c + c) * r->rest) * r->f.in, r->rest);
}

static struct status *sum_first(struct kernel *k, struct fold f, const struct tensor *x, char *sum)
{
    const struct shape *s = &x->shape;
    struct runs r = { f, x->data, sum, s->dim[0], s->dim[1], shape_span(s, 2, s->rank) };
    int64_t each = r.n * r.rest;
    pool_for(r.c, each ? CHEAP / each + 1 : r.c, k->env->threads, sum_runs, &r);
    return NULL;
}

static struct status *bias_add_grad(struct kernel *k)
{
    const struct sum *s = k->state;
    const struct tensor *x = kernel_in(k, 0);
    ENSURE(x->shape.rank >= (s->channels_first ? 3 : 2), "Input tensor must be at least %dD: %s",
           s->channels_first ? 3 : 2, SHAPE_STR(&x->shape));
    int64_t c = x->shape.dim[channel_axis(&x->shape, s->channels_first)], n = tensor_count(x);
    TRY(kernel_new(k, 0, x->dtype, &SHAPE(c)));
    char *out = kernel_out(k, 0)->data, *sum = out;
    struct fold f = fold_of(s, x->dtype, s->channels_first ? 1 : c);
    if (f.half)
        TRY(kernel_temp(k, (size_t)c * f.size, &sum));
    memset(sum, 0, (size_t)c * f.size);
    if (n)
        TRY(s->channels_first ? sum_first(k, f, x, sum) : sum_last(k, f, x->data, n, sum));
    if (f.half)
        half_tile_store(f.half, out, (float *)sum, (size_t)c);
    return NULL;
}

/* What came to a channel goes to all of its places: it is added to zeros. */
static void bias_add_grad_grad(struct grad *g)
{
    struct out zeros = grad1(g, "ZerosLike", g->x[0]);
    g->dx[0] = grad_add(g, "BiasAdd", OUTS(zeros, g->dy[0]),
                        ATTRS(attr_string("data_format",
                                          node_attr_string(g->node, "data_format"))));
}

/* ---- rows ---- */

#define NUMBER_TYPES "float, double, int32, uint8, int16, int8, complex64, int64, qint8, " \
                     "quint8, qint32, bfloat16, uint16, complex128, half, uint32, uint64"
#define ANY_NUMBER "T: {" NUMBER_TYPES "}"
#define FORMAT "; data_format: {\"NHWC\", \"NCHW\"} = \"NHWC\""

const struct op ops_sum[] = {
    { .name = "AddN", .inputs = "inputs: N * T", .outputs = "sum: T",
      .attrs = "N: int >= 1; T: {" NUMBER_TYPES ", variant}",
      .doc = "The sum of all inputs, element by element.", .shape = shape_merged,
      .grad = add_n_grad, .prepare = sum_prepare, .kernel_any = add_n,
      .flags = OP_AGGREGATE | OP_COMMUTATIVE },
    { .name = "AccumulateNV2", .inputs = "inputs: N * T", .outputs = "sum: T",
      .attrs = "N: int >= 1; " ANY_NUMBER "; shape: shape",
      .doc = "The sum of all inputs, which are of the given shape.", .shape = shape_attr,
      .grad = add_n_grad, .prepare = sum_prepare, .kernel_any = add_n,
      .flags = OP_AGGREGATE | OP_COMMUTATIVE },
    { .name = "BiasAdd", .inputs = "value: T, bias: T", .outputs = "output: T",
      .attrs = ANY_NUMBER FORMAT, .doc = "value with bias[c] added all over channel c.",
      .shape = bias_shape, .grad = bias_grad, .prepare = sum_prepare, .kernel_any = bias_add },
    { .name = "BiasAddV1", .inputs = "value: T, bias: T", .outputs = "output: T",
      .attrs = ANY_NUMBER, .doc = "BiasAdd with the channels last.", .shape = bias_shape,
      .grad = bias_grad, .prepare = sum_prepare, .kernel_any = bias_add },
    { .name = "QuantizedBiasAdd",
      .inputs = "input: T1, bias: T2, min_input: float, max_input: float, min_bias: float, "
                "max_bias: float",
      .outputs = "output: out_type, min_out: float, max_out: float",
      .attrs = "T1: " QUANTIZED_TYPES "; T2: " QUANTIZED_TYPES "; out_type: " QUANTIZED_TYPES,
      .doc = "BiasAdd of quantized numbers, in 32 bits.", .shape = quantized_bias_shape,
      .grad = NO_GRADIENT, .prepare = quantized_bias_prepare, .kernel_any = quantized_bias_add },
    { .name = "BiasAddGrad", .inputs = "out_backprop: T", .outputs = "output: T",
      .attrs = ANY_NUMBER FORMAT, .doc = "The sum over everything but the channels.",
      .shape = bias_grad_shape, .grad = bias_add_grad_grad, .prepare = sum_prepare,
      .kernel_any = bias_add_grad },
    { 0 }
};
