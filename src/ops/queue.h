/* queue.h - queues of tuples of tensors, each in its order, and how kernels take from them.
 *
 * Who cannot be served at once stands in one of two lines, for room or for elements; the first of
 * a line is served first, by whoever changes the queue, while it sleeps. The lock of the handle is
 * the queue's.
 */
#ifndef OPS_QUEUE_H
#define OPS_QUEUE_H

#include "num/philox.h"
#include "ops/shared.h"
#include "op/wait.h"

enum queue_order { QUEUE_FIFO, QUEUE_PADDING, QUEUE_SHUFFLE, QUEUE_PRIORITY };

struct attempt;

struct queue {
    struct variable handle;
    enum queue_order order;
    const char *type;                   /* "FIFOQueue"; NULL: nothing below is set yet */
    int n;                              /* components of an element */
    enum dtype *dtype;                  /* by component */
    struct shape *shape;                /* by component; NULL: they may have any */
    int64_t capacity, least;            /* least: how many stay there until it is closed */
    int64_t seed, seed2;
    struct philox_words random;
    bool closed;
    struct tensor *slot;                /* a ring of `room` elements, n tensors each */
    int64_t room, first, size;
    struct tensor *part;                /* of the element that is being moved */
    struct attempt *line[2];            /* for room, for elements */
};

extern const struct resource_kind QUEUE;

/* One element, its parts to part[0..n), or why there is none; waits where it may. */
MUST_CHECK struct status *queue_take(struct kernel *k, struct queue *q, struct tensor *part);

/* ---- queue_store.c: the elements, under the lock ---- */

/* The parts of one more, taken over if there is memory. */
MUST_CHECK struct status *queue_push(struct queue *q, const struct tensor *part);
/* One that was taken goes back to where it came from. */
MUST_CHECK struct status *queue_push_back(struct queue *q, const struct tensor *part);
void queue_pop(struct queue *q, struct tensor *part);       /* the next in its order */
void queue_empty(struct queue *q);

/* n elements with their parts together in `from` become out[0..q->n), each n in one, padded to the
 * largest. */
MUST_CHECK struct status *queue_pad(struct queue *q, struct buffer_pool *buffers, int64_t n,
                                    const struct tensor *from, struct tensor *out);

#endif
