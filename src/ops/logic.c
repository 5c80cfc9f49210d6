/* logic.c - truth values and bits: LogicalAnd, LogicalOr, LogicalNot, BitwiseAnd, LeftShift... */
#include "graph/graph.h"
#include "op/each.h"
#include "op/shape_fn.h"
#include "ops/elementwise.h"

#define EACH "ops/logic.inc"
#define EACH_SET SET_BOOL
#include "op/each.h"

#define EACH "ops/bits.inc"
#include "op/each_int.h"

#define LOGICAL(op, k, text)                                                            \
    { .name = op, .inputs = "x: bool, y: bool", .outputs = "z: bool", .doc = text,      \
      .shape = shape_broadcast, .grad = NOT_DIFFERENTIABLE, .flags = OP_COMMUTATIVE,    \
      .kernel_any = k##_b8 }

#define INTEGERS "T: {int8, int16, int32, int64, uint8, uint16, uint32, uint64}"
#define BITWISE(op, k, text)                                                            \
    { .name = op, .inputs = "x: T, y: T", .outputs = "z: T", .attrs = INTEGERS,         \
      .doc = text, .shape = shape_broadcast, .grad = NOT_DIFFERENTIABLE,                \
      .flags = OP_COMMUTATIVE, .kernel = KERNELS(INTS(k)) }

const struct op ops_logic[] = {
    LOGICAL("LogicalAnd", logical_and, "x and y."),
    LOGICAL("LogicalOr", logical_or, "x or y."),
    { .name = "LogicalNot", .inputs = "x: bool", .outputs = "y: bool", .doc = "not x.",
      .shape = shape_unchanged, .grad = NOT_DIFFERENTIABLE, .kernel_any = logical_not_b8 },
    BITWISE("BitwiseAnd", bitwise_and, "The bits set in both x and y."),
    BITWISE("BitwiseOr", bitwise_or, "The bits set in x or y."),
    BITWISE("BitwiseXor", bitwise_xor, "The bits set in one of x and y."),
    /* That shifts commute is what TF registered. */
    BITWISE("LeftShift", left_shift, "x with its bits moved up by y, at most all but one."),
    BITWISE("RightShift", right_shift, "x with its bits moved down by y, the sign kept."),
    { .name = "Invert", .inputs = "x: T", .outputs = "y: T", .attrs = INTEGERS,
      .doc = "The bits not set in x.", .shape = shape_unchanged, .grad = NOT_DIFFERENTIABLE,
      .kernel = KERNELS(INTS(invert)) },
    { 0 }
};
