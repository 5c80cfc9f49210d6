/* half.h - float16 and bfloat16, which are stored but never computed with:
 * a kernel loads to float and rounds (to nearest even) when it stores. */
#ifndef BASE_HALF_H
#define BASE_HALF_H

#include <stdint.h>
#include <string.h>

struct half { uint16_t bits; };
struct bfloat16 { uint16_t bits; };

static inline uint32_t float_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static inline float bits_float(uint32_t u)
{
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* Branch-free: shifting the exponent by a multiplication also makes subnormals right. */
static inline float half_load(struct half h)
{
    uint32_t sign = (uint32_t)(h.bits & 0x8000) << 16, rest = (uint32_t)(h.bits & 0x7fff) << 13;
    float f = bits_float(rest) * bits_float(0x77800000);        /* * 2^112 */
    uint32_t special = (h.bits & 0x7c00) == 0x7c00 ? 0x7f800000 : 0;
    return bits_float(sign | special | float_bits(f));
}

/* Without branches, so that loops of it become vectors: all three cases are worked out. */
static inline struct half half_store(float f)
{
    uint32_t bits = float_bits(f), sign = bits >> 16 & 0x8000;
    int32_t u = bits & 0x7fffffff;
    uint32_t special = u > 0x7f800000 ? 0x7e00 : 0x7c00;        /* too large, infinite or NaN */
    uint32_t small = float_bits(bits_float((uint32_t)u) + .5f) - 0x3f000000; /* the adder rounds */
    uint32_t normal = ((uint32_t)u + 0xc8000fff + ((uint32_t)u >> 13 & 1)) >> 13;   /* to even */
    uint32_t rest = u < 0x38800000 ? small : normal;
    return (struct half){ (uint16_t)(sign | (u >= 0x47800000 ? special : rest)) };
}

static inline float bfloat16_load(struct bfloat16 b)
{
    return bits_float((uint32_t)b.bits << 16);
}

static inline struct bfloat16 bfloat16_store(float f)
{
    uint32_t u = float_bits(f), nan = u >> 16 | 0x40, rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;
    return (struct bfloat16){ (uint16_t)(f != f ? nan : rounded) };
}

#endif
