/* steps.h - numbers said in steps: what the quantized ops share.
 *
 * A quantized tensor is integers and a range: the least integer of its type stands for `min`, the
 * greatest for `max`. TensorFlow works out some of it in float and some in double; as a step more
 * or less shows, so do we, here and nowhere else. Any thread.
 */
#ifndef OPS_STEPS_H
#define OPS_STEPS_H

#include "op/kernel.h"
#include "op/shape_fn.h"

#define QUANTIZED_TYPES "{qint8, quint8, qint32, qint16, quint16}"

struct range { float min, max; };

/* The least and the greatest integer of a quantized type. */
struct ends { int64_t low, high; };
struct ends ends_of(enum dtype t);

/* ---- inputs, outputs, shapes ---- */

/* Inputs `at` and `at` + 1, of one number each, are a range; outputs `at`, `at` + 1 become one. */
MUST_CHECK struct status *range_in(const struct kernel *k, int at, struct range *r);
MUST_CHECK struct status *range_out(struct kernel *k, int at, struct range r);

/* The range that is inputs `at` and `at` + 1, handed on as outputs 1 and 2. */
MUST_CHECK struct status *range_pass(struct kernel *k, int at);

/* For shape functions: inputs from `from` on are scalars, and so are the outputs but the first. */
MUST_CHECK struct status *ranges_shape(struct shape_ctx *c, int from);

/* For prepare(): of bytes to 32 bits there is a kernel, of other types there is none. The attrs
 * name the types of the inputs (a and b may be one) and of the output. */
void steps_only_bytes(struct prep *p, const char *a, const char *b, const char *out);

/* ---- one number ---- */

/* A double as an integer: NaN is 0, and what is too large the largest that can be added to. */
int64_t whole(double x);

int64_t steps_unclamped(float x, struct range r, enum dtype t);
int64_t steps_of(float x, struct range r, enum dtype t);
float steps_value(int64_t steps, struct range r, enum dtype t);

/* The step that 0 is at, in 32 bits as TensorFlow keeps it. */
int32_t steps_zero(struct range r, enum dtype t);

/* The range of int32 sums of products of steps of a and b. */
struct range range_of_products(struct range a, enum dtype of_a, struct range b, enum dtype of_b);

/* ---- many ---- */

/* ((float)x + add) * scale + base */
struct reading { float add, scale, base; };

/* round((x kept within [min, max] - from) * scale - half) - offset, kept within the type. */
enum rounding { ROUND_AWAY, ROUND_EVEN, ROUND_UP };
struct writing { float min, max, from, scale, half, offset; enum rounding rounding; };

/* As steps_value() and steps_of() do, but all of it in float. */
struct reading reading_of(struct range r, enum dtype t);
struct writing writing_of(struct range r, enum dtype t);

/* n elements of type `from` become those of type `to`: either may be DT_FLOAT, which needs no
 * reading or writing. */
struct conversion {
    enum dtype from, to;
    struct reading read;
    struct writing write;
};
void steps_convert(const struct kernel *k, const struct conversion *c, const void *x, void *y,
                   int64_t n);

/* Input i, bytes that have range r, as 32-bit numbers that are 0 where they stand for 0. */
MUST_CHECK struct status *steps_centered(struct kernel *k, int i, struct range r,
                                         const int32_t **y);

#endif
