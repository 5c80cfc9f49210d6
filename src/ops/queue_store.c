/* queue_store.c - what queues hold: elements in a ring, that of a priority queue a heap. */
#include "ops/queue.h"

#include "base/mem.h"
#include "ops/array.h"

static struct tensor *at(const struct queue *q, int64_t i)
{
    int64_t place = q->first + i;
    return q->slot + (place < q->room ? place : place - q->room) * q->n;
}

static void move(const struct queue *q, struct tensor *to, const struct tensor *from)
{
    memcpy(to, from, sizeof *to * (size_t)q->n);
}

static struct status *make_room(struct queue *q)
{
    if (q->size < q->room)
        return NULL;
    int64_t room = 2 * q->room + 4;
    struct tensor *slot = mem_array(struct tensor, room * q->n);
    NEED(slot);
    for (int64_t i = 0; i < q->size; i++)
        move(q, slot + i * q->n, at(q, i));
    mem_free(q->slot);
    q->slot = slot;
    q->room = room;
    q->first = 0;
    return NULL;
}

void queue_empty(struct queue *q)
{
    for (int64_t i = 0; i < q->size; i++)
        for (int j = 0; j < q->n; j++)
            tensor_unref(&at(q, i)[j]);
    q->size = q->first = 0;
}

/* ---- by priority: the heap of the C++ library, whose order of equals TensorFlow has ---- */

static int64_t priority(const struct tensor *part) { return *(const int64_t *)part[0].data; }

/* Place i is free: `part` comes there, or above. */
static void sift_up(struct queue *q, int64_t i, const struct tensor *part)
{
    while (i > 0 && priority(at(q, (i - 1) / 2)) > priority(part)) {
        move(q, at(q, i), at(q, (i - 1) / 2));
        i = (i - 1) / 2;
    }
    move(q, at(q, i), part);
}

/* The first of n + 1 has gone; the last has no place yet. */
static void heap_mend(struct queue *q, int64_t n)
{
    int64_t hole = 0, child = 0;
    while (child < (n - 1) / 2) {
        child = 2 * (child + 1);
        if (priority(at(q, child)) > priority(at(q, child - 1)))
            child--;
        move(q, at(q, hole), at(q, child));
        hole = child;
    }
    if (n > 1 && n % 2 == 0 && child == (n - 2) / 2) {
        move(q, at(q, hole), at(q, 2 * child + 1));
        hole = 2 * child + 1;
    }
    sift_up(q, hole, at(q, n));
}

/* ---- in and out ---- */

struct status *queue_push(struct queue *q, const struct tensor *part)
{
    TRY(make_room(q));
    if (q->order == QUEUE_PRIORITY)
        sift_up(q, q->size, part);
    else
        move(q, at(q, q->size), part);
    q->size++;
    return NULL;
}

struct status *queue_push_back(struct queue *q, const struct tensor *part)
{
    if (q->order == QUEUE_SHUFFLE || q->order == QUEUE_PRIORITY)
        return queue_push(q, part);
    TRY(make_room(q));
    q->first = (q->first ? q->first : q->room) - 1;
    q->size++;
    move(q, at(q, 0), part);
    return NULL;
}

void queue_pop(struct queue *q, struct tensor *part)
{
    int64_t i = q->order == QUEUE_SHUFFLE ? philox_next(&q->random) % q->size : 0;
    move(q, part, at(q, i));
    q->size--;
    if (q->order == QUEUE_SHUFFLE)
        move(q, at(q, i), at(q, q->size));
    else if (q->order == QUEUE_PRIORITY && q->size)
        heap_mend(q, q->size);
    else if (q->order != QUEUE_PRIORITY)
        q->first = q->first + 1 < q->room ? q->first + 1 : 0;
}

/* ---- batches of different shapes ---- */

static struct shape largest(const struct queue *q, int part, int64_t n, const struct tensor *from)
{
    struct shape s = { q->shape[part].rank + 1, { n } };
    for (int d = 1; d < s.rank; d++) {
        s.dim[d] = q->shape[part].dim[d - 1] < 0 ? 0 : q->shape[part].dim[d - 1];
        for (int64_t i = 0; i < n; i++)
            if (from[i * q->n + part].shape.dim[d - 1] > s.dim[d])
                s.dim[d] = from[i * q->n + part].shape.dim[d - 1];
    }
    return s;
}

struct status *queue_pad(struct queue *q, struct buffer_pool *buffers, int64_t n,
                         const struct tensor *from, struct tensor *out)
{
    for (int j = 0; j < q->n; j++) {
        struct shape s = largest(q, j, n, from);
        TRY(tensor_new(&out[j], buffers, q->dtype[j], &s));
        array_zero(&out[j]);
        for (int64_t i = 0; i < n; i++)
            TRY(array_put_padded(&out[j], i, &from[i * q->n + j]));
    }
    return NULL;
}
