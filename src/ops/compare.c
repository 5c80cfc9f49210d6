/* compare.c - questions about numbers: Less, Equal, ApproximateEqual, IsNan... */
#include "graph/graph.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/elementwise.h"
#include "tensor/tstring.h"

#include <math.h>
#include <tgmath.h>

#define RESULT bool
#define RESULT_STORE SAME
#define RESULT_DT DT_BOOL

#define EACH "ops/compare.inc"
#define EACH_SET (SET_F32 | SET_F64 | SET_INTS)
#include "op/each.h"

#define EACH "ops/equal.inc"
#define EACH_SET (SET_F32 | SET_F64 | SET_INTS | SET_COMPLEX | SET_BOOL)
#include "op/each.h"

#define EACH "ops/is_finite.inc"
#include "op/each_double.h"

HALVES2_BOOL(less)
HALVES2_BOOL(less_equal)
HALVES2_BOOL(greater)
HALVES2_BOOL(greater_equal)
HALVES2_BOOL(equal)
HALVES2_BOOL(not_equal)
HALVES1_BOOL(is_nan)
HALVES1_BOOL(is_inf)
HALVES1_BOOL(is_finite)

/* Strings are compared where they lie. */
typedef const struct tstring *string_at;
static inline bool equal_of_str(string_at x, string_at y) { return tstring_equal(x, y); }
static inline bool not_equal_of_str(string_at x, string_at y) { return !tstring_equal(x, y); }

#define T struct tstring
#define A string_at
#define LOAD(x) (&(x))
#define SUFFIX str
#define OP equal
#include "ops/map2.inc"
#define OP not_equal
#include "ops/map2.inc"
#include "op/each_undef.h"

/* ---- Equal, NotEqual: shapes that do not fit may be an answer, too (1.15) ---- */

static struct status *equal_shape(struct shape_ctx *c)
{
    struct status *st = shape_broadcast(c);
    if (!st || node_attr(c->node, "incompatible_shape_error"))
        return st;
    status_free(st);
    *shape_out(c, 0) = SHAPE_SCALAR;
    return NULL;
}

struct equal { kernel_fn *run; bool differ; };

static struct status *equal_or_not(struct kernel *k)
{
    const struct equal *e = k->state;
    struct shape s;
    struct status *st = shape_broadcast_of(&kernel_in(k, 0)->shape, &kernel_in(k, 1)->shape, &s);
    if (!st)
        return e->run(k);
    status_free(st);
    TRY(kernel_new(k, 0, DT_BOOL, &SHAPE_SCALAR));
    *(bool *)kernel_out(k, 0)->data = e->differ;
    return NULL;
}

static struct status *equal_prepare(struct prep *p)
{
    struct equal *e;
    if (node_attr(p->node, "incompatible_shape_error") || !p->run)
        return NULL;
    TRY(prep_state(p, sizeof *e, &e));
    e->run = p->run;
    e->differ = !strcmp(p->node->op->name, "NotEqual");
    p->run = equal_or_not;
    return NULL;
}

/* ---- ApproximateEqual: the tolerance is an attribute ---- */

static struct status *approximate_prepare(struct prep *p)
{
    double *tolerance;
    TRY(prep_state(p, sizeof *tolerance, &tolerance));
    *tolerance = node_attr_float(p->node, "tolerance");
    return NULL;
}

#define EACH "ops/approximate.inc"
#include "op/each_number.h"

/* ---- rows ---- */

#define EQUALS "T: {bfloat16, half, float, double, uint8, int8, int16, int32, int64, " \
               "complex64, quint8, qint8, qint32, string, bool, complex128}; " \
               "incompatible_shape_error: bool = true"

#define ORDER(op, kernels, text)                                                        \
    { .name = op, .inputs = "x: T, y: T", .outputs = "z: bool",                             \
      .attrs = "T: realnumbertype",                                                         \
      .doc = text, .shape = shape_broadcast, .grad = NOT_DIFFERENTIABLE,                \
      .kernel = KERNELS(REALS(kernels)) }

#define SAMENESS(op, x, text)                                                           \
    { .name = op, .inputs = "x: T, y: T", .outputs = "z: bool", .attrs = EQUALS,        \
      .doc = text, .shape = equal_shape, .grad = NOT_DIFFERENTIABLE,                    \
      .prepare = equal_prepare, .flags = OP_COMMUTATIVE,                                \
      .kernel = KERNELS(NUMBERS(x), QUANTIZED_OF(x), [DT_BOOL] = x##_b8,             \
                        [DT_STRING] = x##_str) }
#define QUANTIZED_OF(x) \
    [DT_QINT8] = x##_i8, [DT_QUINT8] = x##_u8, [DT_QINT32] = x##_i32

#define QUESTION(op, kernels, text)                                                     \
    { .name = op, .inputs = "x: T", .outputs = "y: bool",                               \
      .attrs = "T: {bfloat16, half, float, double}", .doc = text,                       \
      .shape = shape_unchanged, .grad = NOT_DIFFERENTIABLE,                             \
      .kernel = KERNELS(FLOATS(kernels)) }

const struct op ops_compare[] = {
    ORDER("Less", less, "Whether x < y."),
    ORDER("LessEqual", less_equal, "Whether x <= y."),
    ORDER("Greater", greater, "Whether x > y."),
    ORDER("GreaterEqual", greater_equal, "Whether x >= y."),
    SAMENESS("Equal", equal, "Whether x equals y."),
    SAMENESS("NotEqual", not_equal, "Whether x differs from y."),
    { .name = "ApproximateEqual", .inputs = "x: T, y: T", .outputs = "z: bool",
      .attrs = "T: numbertype; tolerance: float = 0.00001",
      .doc = "Whether |x - y| is below the tolerance.", .shape = shape_merged,
      .grad = NOT_DIFFERENTIABLE, .flags = OP_COMMUTATIVE, .prepare = approximate_prepare,
      .kernel = KERNELS(NUMBERS(approximate), QUANTIZED_OF(approximate)) },
    QUESTION("IsNan", is_nan, "Whether x is NaN."),
    QUESTION("IsInf", is_inf, "Whether x is infinite."),
    QUESTION("IsFinite", is_finite, "Whether x is neither infinite nor NaN."),
    { 0 }
};
