/* vec.h - loops over contiguous numbers, one table per instruction set.
 *
 * vec_best() is the table for this CPU, chosen once; WEFT_ISA=base|avx2|avx512 asks for a lesser
 * one. A result may lie exactly on an input, and on no other part of one. Any thread.
 *
 * The functions are right to 4 ulp or better, infinities, NaNs and subnormals included, whatever
 * the table; tables may differ from one another by that much.
 */
#ifndef NUM_VEC_H
#define NUM_VEC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum vec_form { VEC_VV, VEC_VS, VEC_SV };       /* S: one number, used for every element */

typedef void vec_unary(void *y, const void *x, size_t n);
typedef void vec_binary(void *z, const void *x, const void *y, size_t n, enum vec_form form);

/* For float and double: exp_f32, exp_f64... */
#define VEC_UNARY(X)                                                                    \
    X(neg) X(abs) X(square) X(sqrt) X(rsqrt) X(reciprocal) X(floor) X(ceil) X(rint)     \
    X(exp) X(expm1) X(log) X(log1p) X(tanh) X(sigmoid) X(sin) X(cos) X(erf)             \
    X(relu) X(relu6) X(elu) X(selu) X(softplus) X(softsign)

/* The gradients take their arguments in the order of their ops: relu_grad(dy, x),
 * tanh_grad(y, dy). */
#define VEC_BINARY(X)                                                                   \
    X(add) X(sub) X(mul) X(div) X(max) X(min) X(squared_difference)                     \
    X(relu_grad) X(relu6_grad) X(elu_grad) X(selu_grad) X(softplus_grad) X(softsign_grad) \
    X(tanh_grad) X(sigmoid_grad) X(sqrt_grad) X(rsqrt_grad) X(reciprocal_grad)

/* For int32 and int64, wrapping: add_i32, add_i64... */
#define VEC_INT(X) X(add) X(sub) X(mul) X(max) X(min)

struct vec {
    const char *isa;
#define X(op) vec_unary *op##_f32, *op##_f64;
    VEC_UNARY(X)
#undef X
#define X(op) vec_binary *op##_f32, *op##_f64;
    VEC_BINARY(X)
#undef X
#define X(op) vec_binary *op##_i32, *op##_i64;
    VEC_INT(X)
#undef X
    void (*axpy_f32)(float *y, const float *x, float a, size_t n);      /* y += a * x */
    void (*axpy_f64)(double *y, const double *x, double a, size_t n);
    vec_unary *half_load, *half_store;              /* float16, its bits, to and from float */
};

/* NULL where this build or this CPU has no such table. */
const struct vec *vec_find(const char *isa);

extern _Atomic(const struct vec *) vec_chosen;
const struct vec *vec_choose(void);

static inline const struct vec *vec_best(void)
{
    const struct vec *v = atomic_load_explicit(&vec_chosen, memory_order_acquire);
    return v ? v : vec_choose();
}

#endif
