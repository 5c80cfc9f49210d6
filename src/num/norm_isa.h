/* norm_isa.h - the loops that norm_ISA.c make; norm.c chooses one set. Each works on the images
 * (or rows) [begin, end) of the outer dimension; `part` is one float a channel, and one more. */
#ifndef NUM_NORM_ISA_H
#define NUM_NORM_ISA_H

#include "num/norm.h"

enum { NORM_FEWEST = 32, NORM_BLOCK = 8192 };   /* rows, elements that are summed in float */

struct norm_loops {
    void (*moments)(const struct norm *n, const float *x, int64_t begin, int64_t end,
                    double *mean, double *squares, float *part);
    void (*apply)(const struct norm *n, int64_t begin, int64_t end, const float *x,
                  const float *mean, const float *scale, const float *offset, float *y);
    void (*products)(const struct norm *n, const float *dy, const float *x, const float *mean,
                     int64_t begin, int64_t end, double *sum, double *product, float *part);
    void (*combine)(const struct norm *n, int64_t begin, int64_t end, const float *dy,
                    const float *x, const float *mean, const float *a, const float *b,
                    const float *c, float *dx);
};

extern const struct norm_loops norm_loops_base, norm_loops_avx2, norm_loops_avx512;

#endif
