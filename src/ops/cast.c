/* cast.c - Cast: any number type to any other.
 *
 * A float that an integer cannot hold becomes what x86 makes of it, and so TensorFlow: the least
 * int32 or int64, of which smaller types keep the low bits. */
#include "graph/graph.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"

#include <math.h>

/* Quantized types are the integers they are stored as. */
static enum dtype stored_as(enum dtype t)
{
    switch (t) {
    case DT_QINT8: return DT_INT8;
    case DT_QUINT8: return DT_UINT8;
    case DT_QINT16: return DT_INT16;
    case DT_QUINT16: return DT_UINT16;
    case DT_QINT32: return DT_INT32;
    default: return t;
    }
}

/* NaN too is not in range. */
static inline int32_t double_i32(double x)
{ return x > -2147483649.0 && x < 2147483648.0 ? (int32_t)x : INT32_MIN; }
/* The same for what was a float: half the work in a vector. */
static inline int32_t float_i32(float x)
{ return ((x >= -0x1p31f) & (x < 0x1p31f)) ? (int32_t)x : INT32_MIN; }
static inline int64_t double_i64(double x)
{ return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN; }

/* uint64 above the signed range; what is below 0 goes by way of int64. */
static inline uint64_t double_u64(double x)
{
    return x < 0x1p63 ? (uint64_t)double_i64(x)
         : x < 0x1p64 ? (uint64_t)double_i64(x - 0x1p63) ^ (uint64_t)INT64_MIN : 0;
}

static inline uint32_t double_u32(double x) { return (uint32_t)double_i64(x); }

/* One file gives a row of the table: from T to each type. */
#define EACH "ops/cast.inc"
#define EACH_SET (SET_FLOATS | SET_INTS | SET_COMPLEX)
#include "op/each.h"

/* Truth values are the bytes 0 and 1. */
#define ROW(sfx) &cast_from_##sfx
typedef vec_unary *const cast_row[DT_COUNT];
static cast_row *const casts[DT_COUNT] = {
    [DT_FLOAT] = ROW(f32), [DT_DOUBLE] = ROW(f64), [DT_HALF] = ROW(f16), [DT_BFLOAT16] = ROW(bf16),
    [DT_INT8] = ROW(i8), [DT_INT16] = ROW(i16), [DT_INT32] = ROW(i32), [DT_INT64] = ROW(i64),
    [DT_UINT8] = ROW(u8), [DT_UINT16] = ROW(u16), [DT_UINT32] = ROW(u32), [DT_UINT64] = ROW(u64),
    [DT_COMPLEX64] = ROW(c64), [DT_COMPLEX128] = ROW(c128), [DT_BOOL] = ROW(u8),
};

/* ---- Truncate=true: what does not fit a shorter mantissa is cut off, not rounded ---- */

static inline float cut_float(float x, int bits)
{
    return isfinite(x) ? bits_float(float_bits(x) >> bits << bits) : x;
}

static inline double cut_double(double x, int bits)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    u = isfinite(x) ? u >> bits << bits : u;
    memcpy(&x, &u, sizeof x);
    return x;
}

#define T float
#define A float
#define LOAD SAME
#define RESULT struct half
#define RESULT_STORE half_store
#define SUFFIX f32
static inline float truncate_half_of_f32(float x) { return cut_float(x, 13); }
static inline float truncate_bfloat16_of_f32(float x) { return cut_float(x, 16); }
#define OP truncate_half
#include "num/loop1.inc"
#undef OP
#undef RESULT
#undef RESULT_STORE
#define RESULT struct bfloat16
#define RESULT_STORE bfloat16_store
#define OP truncate_bfloat16
#include "num/loop1.inc"
#undef OP
#include "op/each_undef.h"
#undef RESULT
#undef RESULT_STORE

#define T double
#define A double
#define LOAD SAME
#define RESULT float
#define RESULT_STORE (float)
#define SUFFIX f64
static inline double truncate_float_of_f64(double x) { return cut_double(x, 29); }
static inline float truncate_half_of_f64(double x) { return (float)cut_double(x, 42); }
static inline float truncate_bfloat16_of_f64(double x) { return (float)cut_double(x, 45); }
#define OP truncate_float
#include "num/loop1.inc"
#undef OP
#undef RESULT
#undef RESULT_STORE
#define RESULT struct half
#define RESULT_STORE half_store
#define OP truncate_half
#include "num/loop1.inc"
#undef OP
#undef RESULT
#undef RESULT_STORE
#define RESULT struct bfloat16
#define RESULT_STORE bfloat16_store
#define OP truncate_bfloat16
#include "num/loop1.inc"
#undef OP
#include "op/each_undef.h"
#undef RESULT
#undef RESULT_STORE

static vec_unary *truncating(enum dtype from, enum dtype to)
{
    if (from == DT_FLOAT)
        return to == DT_HALF ? truncate_half_loop_f32
             : to == DT_BFLOAT16 ? truncate_bfloat16_loop_f32 : NULL;
    if (from == DT_DOUBLE)
        return to == DT_FLOAT ? truncate_float_loop_f64 : to == DT_HALF ? truncate_half_loop_f64
             : to == DT_BFLOAT16 ? truncate_bfloat16_loop_f64 : NULL;
    return NULL;
}

/* num/vec.h has the loops between float and float16. */
static vec_unary *quick(enum dtype from, enum dtype to)
{
    return from == DT_FLOAT && to == DT_HALF ? vec_best()->half_store
         : from == DT_HALF && to == DT_FLOAT ? vec_best()->half_load : NULL;
}

/* ---- the op ---- */

struct cast { vec_unary *loop; enum dtype to; };

static struct status *cast_run(struct kernel *k)
{
    const struct cast *c = k->state;
    return map1(k, c->loop, c->to, CHEAP);
}

static struct status *cast_same(struct kernel *k)
{
    kernel_forward(k, 0, 0);
    return NULL;
}

static struct status *cast_prepare(struct prep *p)
{
    enum dtype from = node_attr_type(p->node, "SrcT"), to = node_attr_type(p->node, "DstT");
    if (from == to) {
        p->run = cast_same;
        return NULL;
    }
    struct cast *c;
    TRY(prep_state(p, sizeof *c, &c));
    c->to = to;
    c->loop = node_attr(p->node, "Truncate") ? truncating(from, to) : quick(from, to);
    if (!c->loop && casts[stored_as(from)])
        c->loop = (*casts[stored_as(from)])[stored_as(to)];
    return c->loop ? NULL : status_new(UNIMPLEMENTED, "Cast %s to %s is not supported",
                                       dtype_name(from), dtype_name(to));
}

static bool has_gradient(enum dtype t)
{
    return dtype_is_floating(t) || dtype_is_complex(t);
}

static void cast_grad(struct grad *g)
{
    enum dtype from = out_dtype(g->x[0]);
    if (has_gradient(from) && has_gradient(out_dtype(g->y[0])))
        g->dx[0] = grad_add(g, "Cast", OUTS(g->dy[0]), ATTRS(attr_type("DstT", from)));
}

const struct op ops_cast[] = {
    { .name = "Cast", .inputs = "x: SrcT", .outputs = "y: DstT",
      .attrs = "SrcT: type; DstT: type; Truncate: bool = false",
      .doc = "x as numbers of another type.", .shape = shape_unchanged, .grad = cast_grad,
      .prepare = cast_prepare, .kernel_any = cast_run },
    { 0 }
};
