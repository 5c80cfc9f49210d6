/* strided.h - what a slice specification x[b:e:s, ..., None, i] means for a shape: shared by
 * StridedSlice, its gradient, and assignment to a slice of a variable. */
#ifndef OPS_STRIDED_H
#define OPS_STRIDED_H

#include "ops/array.h"

struct strided_masks { unsigned begin, end, ellipsis, new_axis, shrink; };

/* One dimension of the input after another. */
struct strided {
    int rank;                           /* of the input */
    int64_t begin[MAX_RANK], stride[MAX_RANK];
    int64_t count[MAX_RANK];            /* elements taken; -1: not known while building */
    struct shape out;                   /* without shrunk axes, with new ones */
};

struct strided_masks strided_masks_of(const struct node *n);

/* begin, end and strides are vectors of one length (int32 or int64); begin or end NULL: not known
 * yet. `in` may have unknown dimensions. */
MUST_CHECK struct status *strided_resolve(const struct strided_masks *m, const struct shape *in,
                                          const struct tensor *begin, const struct tensor *end,
                                          const struct tensor *strides, struct strided *s);

/* "Expected begin, end, and strides to be 1D equal size tensors, but got shapes ..." */
MUST_CHECK struct status *strided_check_spec(const struct shape *begin, const struct shape *end,
                                             const struct shape *strides);

/* The elements taken as a move between a dense side and the sliced one; *at: the first of them.
 * The sliced side is `to` if `into`. Everything in `s` is known and something is taken. */
void strided_layout(const struct strided *s, const struct shape *in, bool into, struct layout *l,
                    int64_t *at);

#endif
