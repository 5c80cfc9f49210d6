/* norm.h - batch normalization of floats: the moments of each channel, and what is made of them.
 *
 * Values lie as [outer][channels][inner]: of NHWC images inner is 1, of NCHW ones outer counts the
 * images. Each function reads every array once; sums are kept in double and put together in an
 * order that depends on the shape alone, never on how many threads there are. Any thread.
 */
#ifndef NUM_NORM_H
#define NUM_NORM_H

#include <stddef.h>
#include <stdint.h>

struct norm { int64_t outer, channels, inner; int threads; };

static inline int64_t norm_count(const struct norm *n) { return n->outer * n->inner; }

/* Bytes that norm_moments() and norm_products() need besides. */
size_t norm_scratch(const struct norm *n);

/* The mean of each channel and the mean of squared deviations from it. */
void norm_moments(const struct norm *n, const float *x, float *mean, float *variance,
                  void *scratch);

/* y = (x - mean) * scale + offset; y may be x. */
void norm_apply(const struct norm *n, const float *x, const float *mean, const float *scale,
                const float *offset, float *y);

/* The sums, for each channel, of dy and of dy * (x - mean). */
void norm_products(const struct norm *n, const float *dy, const float *x, const float *mean,
                   double *sum, double *product, void *scratch);

/* dx = a * (dy - b - (x - mean) * c); dx may be dy. */
void norm_combine(const struct norm *n, const float *dy, const float *x, const float *mean,
                  const float *a, const float *b, const float *c, float *dx);

#endif
