/* each.h - include the file EACH once for every dtype in EACH_SET, with
 *   T          the C type that is stored (struct half, float, int32_t, struct c64...)
 *   A          the type to compute in (float for the two halves, else T)
 *   LOAD(x)    A from T;  STORE(a)  T from A
 *   DT         its dtype
 *   FN(x)      x with the dtype's suffix: FN(matmul) is matmul_f32
 *   IS_FLOAT, IS_HALF, IS_INT, IS_SIGNED, IS_COMPLEX     0 or 1
 * Include each_float.h and its like, not this. No include guard, on purpose. */
#ifndef SET_F32
#define SET_F16 1
#define SET_BF16 2
#define SET_F32 4
#define SET_F64 8
#define SET_I8 16
#define SET_I16 32
#define SET_I32 64
#define SET_I64 128
#define SET_U8 256
#define SET_U16 512
#define SET_U32 1024
#define SET_U64 2048
#define SET_C64 4096
#define SET_C128 8192
#define SET_BOOL 16384

#define SET_FLOATS (SET_F16 | SET_BF16 | SET_F32 | SET_F64)
#define SET_INTS (SET_I8 | SET_I16 | SET_I32 | SET_I64 | SET_U8 | SET_U16 | SET_U32 | SET_U64)
#define SET_COMPLEX (SET_C64 | SET_C128)

#define FN_(x, s) x##_##s
#define FN__(x, s) FN_(x, s)
#define FN(x) FN__(x, SUFFIX)
#define SAME(x) (x)

#include "tensor/dtype.h"

static inline float _Complex c64_load(struct c64 z) { return __builtin_complex(z.re, z.im); }
static inline struct c64 c64_store(float _Complex z)
{ return (struct c64){ __real__ z, __imag__ z }; }
static inline double _Complex c128_load(struct c128 z) { return __builtin_complex(z.re, z.im); }
static inline struct c128 c128_store(double _Complex z)
{ return (struct c128){ __real__ z, __imag__ z }; }

/* Tables of what was made: .kernel = KERNELS(FLOATS(relu), INTS(relu)). */
#define KERNELS(...) (kernel_fn *const[DT_COUNT]){ __VA_ARGS__ }
#define HALVES(x)   [DT_HALF] = x##_f16, [DT_BFLOAT16] = x##_bf16
#define DOUBLES(x)  [DT_FLOAT] = x##_f32, [DT_DOUBLE] = x##_f64
#define FLOATS(x)   HALVES(x), DOUBLES(x)
#define INTS(x)     [DT_INT8] = x##_i8, [DT_INT16] = x##_i16, [DT_INT32] = x##_i32, \
                    [DT_INT64] = x##_i64, [DT_UINT8] = x##_u8, [DT_UINT16] = x##_u16, \
                    [DT_UINT32] = x##_u32, [DT_UINT64] = x##_u64
#define COMPLEXES(x) [DT_COMPLEX64] = x##_c64, [DT_COMPLEX128] = x##_c128
#define REALS(x)    FLOATS(x), INTS(x)
#define NUMBERS(x)  REALS(x), COMPLEXES(x)
#endif

#if EACH_SET & SET_F16
#define T struct half
#define A float
#define LOAD half_load
#define STORE half_store
#define DT DT_HALF
#define SUFFIX f16
#define IS_FLOAT 1
#define IS_HALF 1
#define IS_INT 0
#define IS_SIGNED 1
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_BF16
#define T struct bfloat16
#define A float
#define LOAD bfloat16_load
#define STORE bfloat16_store
#define DT DT_BFLOAT16
#define SUFFIX bf16
#define IS_FLOAT 1
#define IS_HALF 1
#define IS_INT 0
#define IS_SIGNED 1
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_F32
#define T float
#define A float
#define LOAD SAME
#define STORE SAME
#define DT DT_FLOAT
#define SUFFIX f32
#define IS_FLOAT 1
#define IS_HALF 0
#define IS_INT 0
#define IS_SIGNED 1
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_F64
#define T double
#define A double
#define LOAD SAME
#define STORE SAME
#define DT DT_DOUBLE
#define SUFFIX f64
#define IS_FLOAT 1
#define IS_HALF 0
#define IS_INT 0
#define IS_SIGNED 1
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_I8
#define T int8_t
#define A int8_t
#define LOAD SAME
#define STORE SAME
#define DT DT_INT8
#define SUFFIX i8
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 1
#define IS_SIGNED 1
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_I16
#define T int16_t
#define A int16_t
#define LOAD SAME
#define STORE SAME
#define DT DT_INT16
#define SUFFIX i16
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 1
#define IS_SIGNED 1
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_I32
#define T int32_t
#define A int32_t
#define LOAD SAME
#define STORE SAME
#define DT DT_INT32
#define SUFFIX i32
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 1
#define IS_SIGNED 1
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_I64
#define T int64_t
#define A int64_t
#define LOAD SAME
#define STORE SAME
#define DT DT_INT64
#define SUFFIX i64
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 1
#define IS_SIGNED 1
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_U8
#define T uint8_t
#define A uint8_t
#define LOAD SAME
#define STORE SAME
#define DT DT_UINT8
#define SUFFIX u8
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 1
#define IS_SIGNED 0
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_U16
#define T uint16_t
#define A uint16_t
#define LOAD SAME
#define STORE SAME
#define DT DT_UINT16
#define SUFFIX u16
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 1
#define IS_SIGNED 0
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_U32
#define T uint32_t
#define A uint32_t
#define LOAD SAME
#define STORE SAME
#define DT DT_UINT32
#define SUFFIX u32
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 1
#define IS_SIGNED 0
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_U64
#define T uint64_t
#define A uint64_t
#define LOAD SAME
#define STORE SAME
#define DT DT_UINT64
#define SUFFIX u64
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 1
#define IS_SIGNED 0
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_C64
#define T struct c64
#define A float _Complex
#define LOAD c64_load
#define STORE c64_store
#define DT DT_COMPLEX64
#define SUFFIX c64
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 0
#define IS_SIGNED 1
#define IS_COMPLEX 1
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_C128
#define T struct c128
#define A double _Complex
#define LOAD c128_load
#define STORE c128_store
#define DT DT_COMPLEX128
#define SUFFIX c128
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 0
#define IS_SIGNED 1
#define IS_COMPLEX 1
#include EACH
#include "op/each_undef.h"
#endif

#if EACH_SET & SET_BOOL
#define T bool
#define A bool
#define LOAD SAME
#define STORE SAME
#define DT DT_BOOL
#define SUFFIX b8
#define IS_FLOAT 0
#define IS_HALF 0
#define IS_INT 0
#define IS_SIGNED 0
#define IS_COMPLEX 0
#include EACH
#include "op/each_undef.h"
#endif

#undef EACH
#undef EACH_SET
