/* slide.h - windows that slide along a dimension, as pooling, convolutions, patches and dilations
 * have them. */
#ifndef OPS_SLIDE_H
#define OPS_SLIDE_H

#include "op/kernel.h"

/* How many places a window of `k` in steps of `s` has in a dimension of `in`, and what it sees of
 * padding before the first element and behind the last. `same`: as many places as steps fit, and
 * padding as needed; TF puts an uneven one behind. "Computed output size would be negative" */
struct slide { int64_t out, before, after; };
MUST_CHECK struct status *slide_over(int64_t in, int64_t k, int64_t s, bool same, struct slide *w);

/* The number of places alone, for shape functions: -1 where sizes are not known. "Negative
 * dimension size caused by subtracting 3 from 2" */
MUST_CHECK struct status *slide_shape(int64_t in, int64_t k, int64_t s, bool same, int64_t *out);

/* What a window of k elements, `rate` apart, spans. */
static inline int64_t slide_span(int64_t k, int64_t rate) { return (k - 1) * rate + 1; }

#endif
