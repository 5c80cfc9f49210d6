/* binary.c - arithmetic of two numbers, broadcast: Add, Mul, FloorDiv, Pow, Maximum... */
#include "graph/graph.h"
#include "num/quotient.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/broadcast.h"
#include "ops/elementwise.h"
#include "tensor/tstring.h"

#include <math.h>
#include <tgmath.h>

/* ---- kernels: the hot ones are loops of num/vec.h ---- */

HOT2(add, CHEAP)
HOT2(sub, CHEAP)
HOT2(mul, CHEAP)
HOT2(div, CHEAP)
HOT2(max, CHEAP)
HOT2(min, CHEAP)
HOT2(squared_difference, CHEAP)
HOT_INTS(add, map2)
HOT_INTS(sub, map2)
HOT_INTS(mul, map2)
HOT_INTS(max, map2)
HOT_INTS(min, map2)

#define EACH "ops/binary_float.inc"
#define EACH_SET (SET_F32 | SET_F64)
#include "op/each.h"

#define EACH "ops/binary_small.inc"
#define EACH_SET (SET_I8 | SET_I16 | SET_U8 | SET_U16)
#include "op/each.h"
#define EACH "ops/binary_large.inc"
#define EACH_SET (SET_I32 | SET_I64)
#include "op/each.h"

#define EACH "ops/binary_complex.inc"
#define EACH_SET SET_COMPLEX
#include "op/each.h"

HALVES2(floor_div, MODERATE)
HALVES2(truncate_div, MODERATE)
HALVES2(floor_mod, DEAR)
HALVES2(truncate_mod, DEAR)
HALVES2(pow, DEAR)
HALVES2(atan2, DEAR)
HALVES2(xdivy, CHEAP)
KERNEL(div_no_nan_f16, map2_half(k, div_no_nan_loop_f32, DT_HALF, CHEAP))
HALVES2(xlogy, DEAR)
KERNEL(mul_no_nan_f16, map2_half(k, mul_no_nan_loop_f32, DT_HALF, CHEAP))

/* Add of strings puts y after x. */
static struct status *string_join(struct tstring *z, const struct tstring *x,
                                  const struct tstring *y, char *room)
{
    size_t nx = tstring_len(x), ny = tstring_len(y);
    memcpy(room, tstring_data(x), nx);
    memcpy(room + nx, tstring_data(y), ny);
    return tstring_set(z, room, nx + ny) ? NULL : status_no_memory();
}

static size_t string_longest(const struct tensor *t)
{
    size_t most = 0;
    for (int64_t i = 0, n = tensor_count(t); i < n; i++) {
        size_t len = tstring_len((const struct tstring *)t->data + i);
        most = len > most ? len : most;
    }
    return most;
}

static struct status *add_str(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0), *y = kernel_in(k, 1);
    struct shape shape;
    char *room;
    TRY(shape_broadcast_of(&x->shape, &y->shape, &shape));
    TRY(kernel_new(k, 0, DT_STRING, &shape));
    TRY(kernel_temp(k, string_longest(x) + string_longest(y) + 1, &room));

    struct tstring *z = kernel_out(k, 0)->data;
    const struct tstring *xs = x->data, *ys = y->data;
    struct broadcast b;
    broadcast_plan(&b, &x->shape, &y->shape);
    struct broadcast_at at = { 0 };
    int64_t rows = broadcast_rows(&b);
    for (int64_t row = 0; row < rows; row++, broadcast_next(&b, &at))
        for (int64_t i = 0; i < b.dim[0]; i++)
            TRY(string_join(z++, &xs[at.x + i * b.x[0]], &ys[at.y + i * b.y[0]], room));
    return NULL;
}

/* ---- gradients ---- */

#define X grad_conj(g, g->x[0])
#define Y grad_conj(g, g->x[1])

static struct out neg(struct grad *g, struct out x) { return grad1(g, "Neg", x); }
static struct out mul(struct grad *g, struct out x, struct out y)
{ return grad2(g, "Mul", x, y); }
static struct out div_by(struct grad *g, struct out x, struct out y)
{ return grad2(g, "RealDiv", x, y); }
static struct out select_by(struct grad *g, struct out c, struct out t, struct out e)
{ return grad_add(g, "Select", OUTS(c, t, e), NULL, 0); }

static void add_grad(struct grad *g) { grad_binary(g, g->dy[0], g->dy[0]); }

static void sub_grad(struct grad *g)
{
    struct out dy = g->dy[0];
    g->dx[0] = dy;
    if (grad_alike(g->x[0], g->x[1])) {
        g->dx[1] = neg(g, dy);
        return;
    }
    struct repeats r = grad_repeats(g, g->x[0], g->x[1]);
    g->dx[0] = grad_sum_repeats(g, &r, 0, dy);
    struct out sum = grad2(g, "Sum", dy, out_at(r.axes, 1));
    g->dx[1] = grad2(g, "Reshape", neg(g, sum), r.shape[1]);
}

/* TF: the short way is taken for two types alone. */
static bool mul_is_plain(const struct grad *g)
{
    enum dtype t = out_dtype(g->dy[0]);
    return (t == DT_FLOAT || t == DT_INT32) && grad_alike(g->x[0], g->x[1]) &&
           grad_alike(g->x[0], g->dy[0]);
}

static void mul_grad(struct grad *g)
{
    if (mul_is_plain(g)) {
        g->dx[0] = mul(g, g->dy[0], g->x[1]);
        g->dx[1] = mul(g, g->dy[0], g->x[0]);
        return;
    }
    struct repeats r = grad_repeats(g, g->x[0], g->x[1]);
    struct out x = X, y = Y;
    g->dx[0] = grad_sum_repeats(g, &r, 0, mul(g, g->dy[0], y));
    g->dx[1] = grad_sum_repeats(g, &r, 1, mul(g, x, g->dy[0]));
}

/* TF: of Div the divisions are named "truediv". */
static struct out divided(struct grad *g, struct out x, struct out y)
{
    const char *name = strcmp(g->node->op->name, "Div") ? "RealDiv" : "truediv";
    return grad_add_named(g, "RealDiv", name, OUTS(x, y), NULL, 0);
}

static void div_grad(struct grad *g)
{
    struct repeats r = grad_repeats(g, g->x[0], g->x[1]);
    struct out x = X, y = Y, dy = g->dy[0];
    g->dx[0] = grad_sum_repeats(g, &r, 0, divided(g, dy, y));
    struct out slope = divided(g, divided(g, neg(g, x), y), y);
    g->dx[1] = grad_sum_repeats(g, &r, 1, grad_mul(g, dy, slope));
}

static void div_no_nan_grad(struct grad *g)
{
    struct out y = Y, dy = g->dy[0];
    struct out slope = grad2(g, "DivNoNan", grad2(g, "DivNoNan", neg(g, X), y), y);
    grad_binary(g, grad2(g, "DivNoNan", dy, y), mul(g, dy, slope));
}

static void next_after_grad(struct grad *g)
{
    grad_binary(g, g->dy[0], grad1(g, "ZerosLike", g->dy[0]));
}

static void mul_no_nan_grad(struct grad *g)
{
    struct out dx = grad2(g, "MulNoNan", g->dy[0], Y);
    grad_binary(g, dx, grad2(g, "MulNoNan", X, g->dy[0]));
}

static void floor_mod_grad(struct grad *g)
{
    struct out times = grad2(g, "FloorDiv", g->x[0], g->x[1]);
    grad_binary(g, g->dy[0], mul(g, g->dy[0], neg(g, times)));
}

/* By x it is y x^(y - 1). */
static struct out pow_by_x(struct grad *g, struct out x, struct out y)
{
    struct out scaled = grad_mul(g, g->dy[0], y);
    struct out one = grad_named_scalar(g, "sub/y", out_dtype(y), 1);
    struct out less = grad_add_named(g, "Sub", "sub", OUTS(y, one), NULL, 0);
    return grad_mul(g, scaled, grad2(g, "Pow", x, less));
}

static struct out ones_like(struct grad *g, struct out x)
{
    struct shape s = *out_shape(x);
    struct out shape = shape_is_known(&s)
        ? grad_named_vector(g, "ones_like/Shape", DT_INT32, s.dim, s.rank)
        : grad_add_named(g, "Shape", "ones_like/Shape", OUTS(x), NULL, 0);
    struct out one = grad_named_scalar(g, "ones_like/Const", out_dtype(x), 1);
    return grad_add_named(g, "Fill", "ones_like", OUTS(shape, one), NULL, 0);
}

/* By y it is z log(x), but 0 where x is not positive (complex: is 0). */
static struct out pow_by_y(struct grad *g, struct out x)
{
    enum dtype t = out_dtype(x);
    bool is_complex = dtype_is_complex(t);
    struct out z = grad_conj(g, g->y[0]);
    struct out zero = grad_named_scalar(g, is_complex ? "NotEqual/y" : "Greater/y", t, 0);
    struct out valid = grad2(g, is_complex ? "NotEqual" : "Greater", x, zero);
    struct out safe = select_by(g, valid, x, ones_like(g, x)), log = grad1(g, "Log", safe);
    struct out zeros = grad_add_named(g, "ZerosLike", "zeros_like", OUTS(x), NULL, 0);
    log = select_by(g, valid, log, zeros);
    return grad_mul(g, grad_mul(g, g->dy[0], z), log);
}

static void pow_grad(struct grad *g)
{
    struct repeats r = grad_repeats(g, g->x[0], g->x[1]);
    struct out x = X, y = Y;
    g->dx[0] = grad_sum_repeats(g, &r, 0, pow_by_x(g, x, y));
    g->dx[1] = grad_sum_repeats(g, &r, 1, pow_by_y(g, x));
}

/* Where both are equal, x has it all. */
static void choice_grad(struct grad *g, const char *x_wins)
{
    struct out x = g->x[0], y = g->x[1], dy = g->dy[0];
    struct repeats r = { .shape[0] = grad_shape_of(g, x, DT_INT32) };
    r.shape[1] = grad_shape_of(g, y, DT_INT32);
    struct out shape = grad_shape_of(g, dy, DT_INT32);
    struct out zero = grad_named_scalar(g, "zeros/Const", out_dtype(dy), 0);
    struct out zeros = grad_add_named(g, "Fill", "zeros", OUTS(shape, zero), NULL, 0);
    struct out mine = grad2(g, x_wins, x, y);
    r.axes = grad2(g, "BroadcastGradientArgs", r.shape[0], r.shape[1]);
    g->dx[0] = grad_sum_repeats(g, &r, 0, select_by(g, mine, dy, zeros));
    g->dx[1] = grad_sum_repeats(g, &r, 1, select_by(g, mine, zeros, dy));
}

static void maximum_grad(struct grad *g) { choice_grad(g, "GreaterEqual"); }
static void minimum_grad(struct grad *g) { choice_grad(g, "LessEqual"); }

static void squared_difference_grad(struct grad *g)
{
    struct out two = grad_named_scalar(g, "scalar", out_dtype(g->dy[0]), 2);
    struct out twice = mul(g, two, g->dy[0]);
    struct out d = grad_add_named(g, "Sub", "sub", OUTS(g->x[0], g->x[1]), NULL, 0);
    struct out dx = grad_mul(g, twice, d), dy = dx;
    grad_unbroadcast(g, g->x[0], g->x[1], &dx, &dy);
    g->dx[0] = dx;
    g->dx[1] = neg(g, dy);
}

static void atan2_grad(struct grad *g)
{
    struct out y = g->x[0], x = g->x[1];
    struct out r2 = grad2(g, "Add", grad1(g, "Square", x), grad1(g, "Square", y));
    struct out d = div_by(g, g->dy[0], r2);
    grad_binary(g, mul(g, x, d), mul(g, neg(g, y), d));
}

static struct out is_not_zero(struct grad *g, struct out x)
{
    struct out there = grad2(g, "NotEqual", x, grad_scalar(g, out_dtype(x), 0));
    return grad_add(g, "Cast", OUTS(there), ATTRS(attr_type("DstT", out_dtype(x))));
}

static void xdivy_grad(struct grad *g)
{
    struct out dx = grad2(g, "Xdivy", is_not_zero(g, g->x[0]), Y);
    struct out dy = grad2(g, "Xdivy", neg(g, X), grad1(g, "Square", Y));
    grad_binary(g, mul(g, dx, g->dy[0]), mul(g, dy, g->dy[0]));
}

static void xlogy_grad(struct grad *g)
{
    struct out dx = grad2(g, "Xlogy", is_not_zero(g, g->x[0]), Y);
    struct out dy = grad2(g, "Xdivy", X, Y);
    grad_binary(g, mul(g, dx, g->dy[0]), mul(g, dy, g->dy[0]));
}

#undef X
#undef Y

/* ---- rows ---- */

#define ADD_TYPES "bfloat16, half, float, double, uint8, int8, int16, int32, int64, " \
                  "complex64, complex128"
#define MUL_TYPES "T: {bfloat16, half, float, double, uint8, int8, uint16, int16, int32, " \
                  "int64, complex64, complex128}"
#define NO_NAN_TYPES "T: {half, float, double, complex64, complex128}"
#define MOD_TYPES "T: {int32, int64, bfloat16, half, float, double}"

#define TWO_INTS(x) [DT_INT32] = x##_i32, [DT_INT64] = x##_i64
#define SIX_INTS(x) TWO_INTS(x), [DT_INT8] = x##_i8, [DT_INT16] = x##_i16, \
                    [DT_UINT8] = x##_u8, [DT_UINT16] = x##_u16

#define BINARY_(op, in, types, gradient, bits, text, ...)                               \
    { .name = op, .inputs = in, .outputs = "z: T", .attrs = types, .doc = text,         \
      .shape = shape_broadcast, .grad = gradient, .flags = bits,                        \
      .kernel = KERNELS(__VA_ARGS__) }
#define BINARY(op, ...) BINARY_(op, "x: T, y: T", __VA_ARGS__)
#define ALL(x) FLOATS(x), SIX_INTS(x), COMPLEXES(x)

const struct op ops_binary[] = {
    BINARY("Add", "T: {" ADD_TYPES ", string}", add_grad, 0,
           "x + y; strings are put one after the other.", ALL(add), [DT_STRING] = add_str),
    BINARY("AddV2", "T: {" ADD_TYPES "}", add_grad, OP_AGGREGATE | OP_COMMUTATIVE, "x + y.",
           ALL(add)),
    BINARY("Sub", MUL_TYPES, sub_grad, 0, "x - y.", ALL(sub)),
    BINARY("Mul", MUL_TYPES, mul_grad, OP_COMMUTATIVE, "x * y.", ALL(mul)),
    BINARY("Div", MUL_TYPES, div_grad, 0, "x / y; of integers, towards zero.", ALL(div)),
    BINARY("RealDiv", MUL_TYPES, div_grad, 0, "x / y.", ALL(div)),
    BINARY("FloorDiv", MUL_TYPES, NOT_DIFFERENTIABLE, 0, "x / y, down to the next integer.",
           ALL(floor_div)),
    BINARY("TruncateDiv", MUL_TYPES, NOT_DIFFERENTIABLE, 0, "x / y, to the integer towards zero.",
           FLOATS(truncate_div), SIX_INTS(div), COMPLEXES(truncate_div)),
    BINARY("Mod", "T: {int32, int64, half, half, bfloat16, float, double}", NO_GRADIENT, 0,
           "The rest of x / y, with the sign of x.", FLOATS(truncate_mod), TWO_INTS(truncate_mod)),
    BINARY("FloorMod", MOD_TYPES, floor_mod_grad, 0, "The rest of x / y, with the sign of y.",
           FLOATS(floor_mod), TWO_INTS(floor_mod)),
    BINARY("TruncateMod", MOD_TYPES, NO_GRADIENT, 0, "The rest of x / y, with the sign of x.",
           FLOATS(truncate_mod), TWO_INTS(truncate_mod)),
    BINARY("Pow", "T: {bfloat16, float, half, double, int32, int64, complex64, complex128}",
           pow_grad, 0, "x to the power y.", FLOATS(pow), TWO_INTS(pow), COMPLEXES(pow)),
    BINARY("Maximum", "T: {bfloat16, half, float, double, int32, int64}", maximum_grad,
           OP_COMMUTATIVE, "The greater of x and y.", FLOATS(max), TWO_INTS(max)),
    BINARY("Minimum", "T: {bfloat16, half, float, double, int32, int64}", minimum_grad,
           OP_COMMUTATIVE, "The lesser of x and y.", FLOATS(min), TWO_INTS(min)),
    BINARY("SquaredDifference",
           "T: {bfloat16, half, float, double, int32, int64, complex64, complex128}",
           squared_difference_grad, OP_COMMUTATIVE, "(x - y)^2.", FLOATS(squared_difference),
           TWO_INTS(squared_difference), COMPLEXES(squared_difference)),
    BINARY_("Atan2", "y: T, x: T", "T: {bfloat16, half, float, double}", atan2_grad, 0,
            "The angle of the point (x, y).", FLOATS(atan2)),
    BINARY("DivNoNan", NO_NAN_TYPES, div_no_nan_grad, 0, "x / y, and 0 where y is 0.",
           [DT_HALF] = div_no_nan_f16, DOUBLES(div_no_nan), COMPLEXES(div_no_nan)),
    { .name = "NextAfter", .inputs = "x1: T, x2: T", .outputs = "output: T",
      .attrs = "T: {double, float} = float",
      .doc = "The number next to x1 on the way to x2.", .shape = shape_broadcast,
      .grad = next_after_grad, .kernel = KERNELS(DOUBLES(next_after)) },
    BINARY("MulNoNan", NO_NAN_TYPES, mul_no_nan_grad, 0,
           "x * y, and 0 where y is 0, whatever x is.", [DT_HALF] = mul_no_nan_f16,
           DOUBLES(mul_no_nan), COMPLEXES(mul_no_nan)),
    BINARY("Xdivy", "T: {half, float, double, complex64, complex128}", xdivy_grad, 0,
           "x / y, and 0 where x is 0.", FLOATS(xdivy), COMPLEXES(xdivy)),
    BINARY("Xlogy", "T: {half, float, double, complex64, complex128}", xlogy_grad, 0,
           "x * log(y), and 0 where x is 0.", FLOATS(xlogy), COMPLEXES(xlogy)),
    { 0 }
};
