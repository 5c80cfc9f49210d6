/* elementwise.h - kernels whose every output element is a function of one element of each input.
 *
 * A kernel is one line: map1() or map2() of a loop over contiguous numbers, either one of num/vec.h
 * or one made of a scalar function by ops/map1.inc, ops/map2.inc. The drivers here broadcast, take
 * over an input's buffer where they can, and split large work.
 */
#ifndef OPS_ELEMENTWISE_H
#define OPS_ELEMENTWISE_H

#include "num/loop.h"
#include "num/vec.h"
#include "op/kernel.h"

/* From how many elements on a loop is worth another thread: about 50 microseconds of it. */
enum { CHEAP = 1 << 17, MODERATE = 1 << 15, DEAR = 1 << 12 };

/* out[0] = loop(in[0]). */
MUST_CHECK struct status *map1(struct kernel *k, vec_unary *loop, enum dtype out, int64_t grain);

/* out[0] = loop(in[0], in[1]), broadcast; map2_same() refuses inputs of different shapes. */
MUST_CHECK struct status *map2(struct kernel *k, vec_binary *loop, enum dtype out, int64_t grain);
MUST_CHECK struct status *map2_same(struct kernel *k, vec_binary *loop, enum dtype out,
                                    int64_t grain);

/* As map2(), the inputs seen in the shapes x and y (of as many elements); the result has `z`. */
MUST_CHECK struct status *map2_as(struct kernel *k, vec_binary *loop, enum dtype out,
                                  int64_t grain, const struct shape *x, const struct shape *y,
                                  const struct shape *z);

/* For half and bfloat16 inputs: float's loop, on tiles that are converted on the way. */
MUST_CHECK struct status *map1_half(struct kernel *k, vec_unary *loop, enum dtype out,
                                    int64_t grain);
MUST_CHECK struct status *map2_half(struct kernel *k, vec_binary *loop, enum dtype out,
                                    int64_t grain);
MUST_CHECK struct status *map2_half_same(struct kernel *k, vec_binary *loop, enum dtype out,
                                         int64_t grain);
MUST_CHECK struct status *map2_half_as(struct kernel *k, vec_binary *loop, enum dtype out,
                                       int64_t grain, const struct shape *x,
                                       const struct shape *y, const struct shape *z);

/* The loop that adds numbers of type t; of float for the halves; NULL if t is no number. */
vec_binary *add_loop(enum dtype t);

/* n elements of half or bfloat16 from or to floats. */
void half_tile_load(enum dtype t, float *to, const void *from, size_t n);
void half_tile_store(enum dtype t, void *to, const float *from, size_t n);

/* "Inputs to operation NAME of type OP must have the same size and shape. ..." */
MUST_CHECK struct status *inputs_alike(const struct kernel *k);

/* A kernel by name. */
#define KERNEL(name, call) static struct status *name(struct kernel *k) { return call; }

/* The kernels of `op` that run a loop of num/vec.h, whatever the driver. */
#define HOT_DOUBLES(op, map, grain)                                                     \
    KERNEL(op##_f32, map(k, vec_best()->op##_f32, DT_FLOAT, grain))                     \
    KERNEL(op##_f64, map(k, vec_best()->op##_f64, DT_DOUBLE, grain))
#define HOT_HALVES(op, map, grain)                                                      \
    KERNEL(op##_f16, map(k, vec_best()->op##_f32, DT_HALF, grain))                      \
    KERNEL(op##_bf16, map(k, vec_best()->op##_f32, DT_BFLOAT16, grain))
#define HOT_INTS(op, map)                                                               \
    KERNEL(op##_i32, map(k, vec_best()->op##_i32, DT_INT32, CHEAP))                     \
    KERNEL(op##_i64, map(k, vec_best()->op##_i64, DT_INT64, CHEAP))
#define HOT1(op, grain) HOT_DOUBLES(op, map1, grain) HOT_HALVES(op, map1_half, grain)
#define HOT2(op, grain) HOT_DOUBLES(op, map2, grain) HOT_HALVES(op, map2_half, grain)
#define HOT2_SAME(op, grain)                                                            \
    HOT_DOUBLES(op, map2_same, grain) HOT_HALVES(op, map2_half_same, grain)

/* The kernels of `op` for the halves, by way of the loop that map1.inc or map2.inc made. */
#define HALVES1(op, grain)                                                              \
    KERNEL(op##_f16, map1_half(k, op##_loop_f32, DT_HALF, grain))                       \
    KERNEL(op##_bf16, map1_half(k, op##_loop_f32, DT_BFLOAT16, grain))
#define HALVES2(op, grain)                                                              \
    KERNEL(op##_f16, map2_half(k, op##_loop_f32, DT_HALF, grain))                       \
    KERNEL(op##_bf16, map2_half(k, op##_loop_f32, DT_BFLOAT16, grain))
#define HALVES1_BOOL(op)                                                                \
    KERNEL(op##_f16, map1_half(k, op##_loop_f32, DT_BOOL, CHEAP))                       \
    KERNEL(op##_bf16, map1_half(k, op##_loop_f32, DT_BOOL, CHEAP))
#define HALVES2_BOOL(op)                                                                \
    KERNEL(op##_f16, map2_half(k, op##_loop_f32, DT_BOOL, CHEAP))                       \
    KERNEL(op##_bf16, map2_half(k, op##_loop_f32, DT_BOOL, CHEAP))

/* The number type that wraps where T is an integer: wide enough that nothing is promoted. */
#define WRAP(T) __typeof__(__builtin_choose_expr(sizeof(T) == 8, (uint64_t)0, (uint32_t)0))

#endif
