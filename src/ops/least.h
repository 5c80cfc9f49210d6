/* least.h - the least finite number of each type, by the suffix that FN() gives it (op/each.h):
 * where TensorFlow's maxima over windows begin. */
#ifndef OPS_LEAST_H
#define OPS_LEAST_H

#include <float.h>
#include <stdint.h>

#define LEAST_f16 (-65504.0f)
#define LEAST_bf16 (-0x1.fep127f)
#define LEAST_f32 (-FLT_MAX)
#define LEAST_f64 (-DBL_MAX)
#define LEAST_i8 INT8_MIN
#define LEAST_i16 INT16_MIN
#define LEAST_i32 INT32_MIN
#define LEAST_i64 INT64_MIN
#define LEAST_u8 0
#define LEAST_u16 0
#define LEAST_u32 0
#define LEAST_u64 0

#endif
