/* quotient.h - floor(x / y) of integers of at most 32 bits, in double: exact, and a vector where
 * the processor divides integers one by one. */
#ifndef NUM_QUOTIENT_H
#define NUM_QUOTIENT_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define FLOOR_BASE 0x1.8p52             /* what is added to it is an integer in the low bits */

/* FLOOR_BASE + floor(x / y): (x + 1/2) / y for y > 0, (x - 1/2) / y else, is no integer, nor so
 * near to one that its rounding errors reach there. */
static inline double floor_over(double x, double y)
{
    return (x + copysign(.5, y)) * (1 / y) - .5 + FLOOR_BASE;
}

static inline double floor_rest(double x, double y)
{
    return x - (floor_over(x, y) - FLOOR_BASE) * y;
}

static inline uint32_t floor_bits(double sum)
{
    uint64_t u;
    memcpy(&u, &sum, sizeof u);
    return (uint32_t)u;
}

#endif
