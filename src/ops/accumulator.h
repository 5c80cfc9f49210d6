/* accumulator.h - gradients that several workers add up until one takes what there is.
 *
 * Who wants more than there are waits; the lock of the handle is the accumulator's.
 */
#ifndef OPS_ACCUMULATOR_H
#define OPS_ACCUMULATOR_H

#include "op/wait.h"
#include "ops/shared.h"

struct accumulator {
    struct variable handle;
    const char *type;                   /* its op's name; NULL: nothing below is set yet */
    enum dtype dtype;
    struct shape shape;                 /* of the gradients, as far as it is known */
    bool mean;                          /* or else their sum */
    int64_t step, count;                /* older gradients are left out; how many there are */
    pthread_cond_t changed;
    struct tensor sum;                  /* of a sparse one: rows, with room for more */
    int64_t *index, *times;             /* of a sparse one: which rows, sorted; the gradients that
                                         * each is the sum of */
    int64_t n, room;                    /* rows */
};

extern const struct resource_kind ACCUMULATOR;

MUST_CHECK struct status *accumulator_prepare(struct prep *p);      /* a whole one */

/* Call fn with the accumulator of input 0, which is of the node's dtype, and its lock. */
typedef struct status *accumulator_fn(struct kernel *k, struct accumulator *a);
MUST_CHECK struct status *accumulator_locked(struct kernel *k, accumulator_fn *fn);

/* Until there are as many gradients as input 1 asks for. */
MUST_CHECK struct status *accumulator_wait(struct kernel *k, struct accumulator *a);
/* What there was has been taken: the next step begins. */
void accumulator_next(struct accumulator *a);

/* Was the gradient computed for an earlier step (input 1)? */
MUST_CHECK struct status *accumulator_is_stale(const struct kernel *k,
                                               const struct accumulator *a, bool *stale);

/* to[0..n) += from[0..n); to[0..n) /= by. */
void accumulator_add(enum dtype t, void *to, const void *from, int64_t n);
void accumulator_divide(enum dtype t, void *to, int64_t n, int64_t by);

#endif
