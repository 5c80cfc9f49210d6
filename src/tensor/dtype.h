/* dtype.h - element types; the numbers are TensorFlow's and never change. */
#ifndef TENSOR_DTYPE_H
#define TENSOR_DTYPE_H

#include "base/half.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string element: TensorFlow's 24-byte layout, see tensor/tstring.h. */
struct tstring { uint64_t word[3]; };

struct c64 { float re, im; };
struct c128 { double re, im; };
struct resource;                /* op/resource.h: a counted reference */
struct variant;                 /* tensor/variant.h: a counted value */

/* The one list of element types. X(number, NAME, text name, C type, suffix) */
#define DTYPES(X)                                               \
    X(1,  FLOAT,      "float",      float,             f32)     \
    X(2,  DOUBLE,     "double",     double,            f64)     \
    X(3,  INT32,      "int32",      int32_t,           i32)     \
    X(4,  UINT8,      "uint8",      uint8_t,           u8)      \
    X(5,  INT16,      "int16",      int16_t,           i16)     \
    X(6,  INT8,       "int8",       int8_t,            i8)      \
    X(7,  STRING,     "string",     struct tstring,    str)     \
    X(8,  COMPLEX64,  "complex64",  struct c64,        c64)     \
    X(9,  INT64,      "int64",      int64_t,           i64)     \
    X(10, BOOL,       "bool",       bool,              b8)      \
    X(11, QINT8,      "qint8",      int8_t,            qi8)     \
    X(12, QUINT8,     "quint8",     uint8_t,           qu8)     \
    X(13, QINT32,     "qint32",     int32_t,           qi32)    \
    X(14, BFLOAT16,   "bfloat16",   struct bfloat16,   bf16)    \
    X(15, QINT16,     "qint16",     int16_t,           qi16)    \
    X(16, QUINT16,    "quint16",    uint16_t,          qu16)    \
    X(17, UINT16,     "uint16",     uint16_t,          u16)     \
    X(18, COMPLEX128, "complex128", struct c128,       c128)    \
    X(19, HALF,       "half",       struct half,       f16)     \
    X(20, RESOURCE,   "resource",   struct resource *, res)     \
    X(21, VARIANT,    "variant",    struct variant *,  var)     \
    X(22, UINT32,     "uint32",     uint32_t,          u32)     \
    X(23, UINT64,     "uint64",     uint64_t,          u64)

enum dtype {
    DT_INVALID,
#define X(n, NAME, text, ctype, sfx) DT_##NAME = n,
    DTYPES(X)
#undef X
    DT_COUNT,
    DT_REF = 100            /* added to a dtype: a reference to a variable of it */
};

const char *dtype_name(enum dtype t);                   /* "float", "float_ref", "invalid" */
const char *dtype_py_name(enum dtype t);                /* "float32", "float16": as Python has it */
enum dtype dtype_parse(const char *name, size_t len);   /* DT_INVALID if unknown */

/* Bytes of an element; 0 for an unknown dtype. Kernels ask it at each call. */
static inline size_t dtype_size(enum dtype t)
{
    static const uint8_t size[DT_REF + DT_COUNT] = {
#define X(n, NAME, text, ctype, sfx) [n] = sizeof(ctype), [DT_REF + n] = sizeof(ctype),
        DTYPES(X)
#undef X
    };
    return (unsigned)t < sizeof size ? size[t] : 0;
}

/* Do elements own something besides their bytes? Their buffers know it (buffer->content). */
static inline bool dtype_owns(enum dtype t)
{ return t == DT_STRING || t == DT_RESOURCE || t == DT_VARIANT; }

static inline bool dtype_is_ref(enum dtype t) { return t >= DT_REF; }
static inline enum dtype dtype_base(enum dtype t)
{ return dtype_is_ref(t) ? (enum dtype)(t - DT_REF) : t; }

bool dtype_is_floating(enum dtype t);                   /* half, bfloat16, float, double */
bool dtype_is_complex(enum dtype t);
bool dtype_is_integer(enum dtype t);                    /* not bool, not quantized */

/* Sets of dtypes, as bits. */
#define DTYPE_BIT(t) (1u << (t))

#endif
