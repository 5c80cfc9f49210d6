/* queue_line.h - who wants something of a queue, from when it asks until it has it. */
#ifndef OPS_QUEUE_LINE_H
#define OPS_QUEUE_LINE_H

#include "ops/queue.h"

enum attempt_kind { ENQUEUE, ENQUEUE_MANY, CLOSE, CLOSE_NOW, DEQUEUE, DEQUEUE_MANY, DEQUEUE_UP_TO };

/* On the stack of the kernel that waits for it: the first four are what it asks. */
struct attempt {
    struct kernel *k;           /* an element's components are its inputs from the second on */
    enum attempt_kind kind;
    int64_t wanted;             /* elements */
    struct tensor *out;         /* where the components go that are dequeued */
    int64_t left;               /* of those wanted */
    struct tensor *held;        /* of a padding queue: what it has so far */
    struct status *st;
    bool done, sleeps;
    pthread_cond_t changed;
    struct attempt *next;
};

/* An element more, whatever the capacity; its parts are taken over if there is memory. */
MUST_CHECK struct status *queue_offer(struct queue *q, const struct tensor *part);
void queue_close(struct queue *q);                      /* without waiting for anybody */

/* CANCELLED where the run ends first. */
MUST_CHECK struct status *queue_attempt(struct queue *q, struct attempt *a);

#endif
