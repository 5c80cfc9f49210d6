/* ctc.h - what the ops on sequences without places in time share: inputs [time, batch, classes],
 * the length of each sequence, and decoded labels. */
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

/* What was decoded of one sequence. */
struct ctc_path { int64_t *label, n; float log_p; };

/* The paths of all sequences as a sparse matrix of labels: its indices, values and shape become
 * outputs `out`, out + step and out + 2 * step. */
MUST_CHECK struct status *ctc_put(struct kernel *k, int out, int step, int64_t batch,
                                  const struct ctc_path *path);

#endif
