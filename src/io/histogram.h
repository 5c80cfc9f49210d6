/* histogram.h - how values are distributed, over TensorFlow's buckets: their limits are 0 and, on
 * both sides of it, 1e-12 growing by a tenth each time up to 1e20, then the largest double.
 * One is its owner's; one thread at a time. */
#ifndef IO_HISTOGRAM_H
#define IO_HISTOGRAM_H

#include "base/arena.h"
#include "base/status.h"
#include "wire/event.pb-c.h"

struct histogram { double *bucket, min, max, num, sum, sum_squares; };

MUST_CHECK struct status *histogram_init(struct histogram *h);
void histogram_release(struct histogram *h);
void histogram_add(struct histogram *h, double v);              /* no NaN */
/* Runs of empty buckets become one. */
MUST_CHECK struct status *histogram_to_proto(const struct histogram *h, struct arena *a,
                                             Wire__HistogramProto **m);

#endif
