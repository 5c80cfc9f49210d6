/* boxes.h - boxes by falling score, without those that overlap one picked before too much. */
#ifndef OPS_BOXES_H
#define OPS_BOXES_H

#include "op/kernel.h"

struct candidate { float score; int32_t box; int64_t seen; };

struct suppress {
    const float *box, *score;
    const float *overlaps;              /* of all pairs; NULL: those of the boxes */
    int64_t n, most;
    float overlap, least, sigma;
    struct candidate *heap;
    int32_t *picked;                    /* what was picked, and with which score */
    float *picked_score;
    int64_t n_picked;
};

/* Input i, which must be a scalar and goes by `name`, as a float. */
MUST_CHECK struct status *boxes_scalar(const struct kernel *k, int i, const char *name, float *v);

/* Memory for n boxes, which picking may use again and again. */
MUST_CHECK struct status *suppress_room(struct kernel *k, struct suppress *s);
void suppress_pick(struct suppress *s);

#endif
