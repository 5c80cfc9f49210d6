/* ctc.h - what the ops on sequences without places in time check: inputs [time, batch, classes],
 * and the length of each sequence. */
#ifndef OPS_CTC_H
#define OPS_CTC_H

#include "op/kernel.h"
#include "op/shape_fn.h"

struct ctc { int64_t time, batch, classes; const float *x; const int32_t *length; };

/* Input `lengths` holds the lengths. */
MUST_CHECK struct status *ctc_check(const struct kernel *k, int lengths, struct ctc *c);
MUST_CHECK struct status *ctc_shape(struct shape_ctx *c, int lengths, int64_t *batch,
                                    struct shape *x);

static inline const float *ctc_frame(const struct ctc *c, int64_t t, int64_t b)
{
    return c->x + (t * c->batch + b) * c->classes;
}

#endif
