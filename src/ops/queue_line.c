/* queue_line.c - the two lines before a queue, and how the first in each is served.
 *
 * As in TensorFlow: closing waits for those who came before it to add something, unless it cancels
 * them; a batch takes what comes bit by bit, and gives it back when there will not be enough.
 */
#include "ops/queue_line.h"

#include "base/mem.h"
#include "ops/array.h"

enum progress { STAYS, MOVES, ENDS };

static enum progress end(struct attempt *a, struct status *st)
{
    a->st = st;
    return ENDS;
}

static void drop(const struct queue *q, struct tensor *part)
{
    for (int i = 0; i < q->n; i++)
        tensor_unref(&part[i]);
}

/* ---- adding ---- */

static struct status *is_closed(const struct queue *q)
{
    return status_new(CANCELLED, "%s '%s' is closed.", q->type, shared_name(&q->handle));
}

static struct status *put_one(struct queue *q, struct attempt *a)
{
    struct status *st = NULL;
    memset(q->part, 0, sizeof *q->part * (size_t)q->n);
    for (int i = 0; i < q->n && !st; i++)
        st = kernel_keep(a->k, i + 1, &q->part[i]);
    if (!st)
        st = queue_push(q, q->part);
    if (st)
        drop(q, q->part);
    return st;
}

static struct status *put_row(struct queue *q, struct attempt *a, int64_t row)
{
    struct status *st = NULL;
    memset(q->part, 0, sizeof *q->part * (size_t)q->n);
    for (int i = 0; i < q->n && !st; i++)
        st = array_row(a->k->env->buffers, kernel_in(a->k, i + 1), row, &q->part[i]);
    if (!st)
        st = queue_push(q, q->part);
    if (st)
        drop(q, q->part);
    return st;
}

static enum progress put(struct queue *q, struct attempt *a)
{
    enum progress moved = STAYS;
    if (q->closed)
        return end(a, is_closed(q));
    for (; q->size < q->capacity; moved = MOVES) {
        struct status *st = a->kind == ENQUEUE ? put_one(q, a) : put_row(q, a, a->wanted - a->left);
        if (st || !--a->left)
            return end(a, st);
    }
    return moved;
}

static enum progress close_it(struct queue *q, struct attempt *a)
{
    if (q->closed)
        return end(a, status_new(CANCELLED, "%s '%s' is already closed.", q->type,
                                 shared_name(&q->handle)));
    q->closed = true;
    return ENDS;
}

/* ---- taking ---- */

static int64_t available(const struct queue *q)
{
    int64_t n = q->closed ? q->size : q->size - q->least;
    return n > 0 ? n : 0;
}

static struct status *too_few(const struct queue *q, int64_t wanted)
{
    return status_new(OUT_OF_RANGE, "%s '%s' is closed and has insufficient elements (requested "
                      "%lld, current size %lld)", q->type, shared_name(&q->handle),
                      (long long)wanted, (long long)q->size);
}

static enum progress take_one(struct queue *q, struct attempt *a)
{
    if (q->closed && !q->size)
        return end(a, too_few(q, 1));
    if (!available(q))
        return STAYS;
    queue_pop(q, a->out);
    return ENDS;
}

static struct status *make_batch(const struct queue *q, struct attempt *a)
{
    if (q->order == QUEUE_PADDING) {
        NEED(a->held = mem_array(struct tensor, a->wanted * q->n + 1));
        return NULL;
    }
    for (int i = 0; i < q->n; i++) {
        struct shape s;
        TRY(shape_with_rows(a->wanted, &q->shape[i], 0, &s));
        TRY(tensor_new(&a->out[i], a->k->env->buffers, q->dtype[i], &s));
    }
    return NULL;
}

/* The next element becomes row `row`. */
static struct status *add_row(struct queue *q, struct attempt *a, int64_t row)
{
    struct status *st = NULL;
    queue_pop(q, q->part);
    if (a->held) {
        memcpy(a->held + row * q->n, q->part, sizeof *q->part * (size_t)q->n);
        return NULL;
    }
    for (int i = 0; i < q->n && !st; i++) {
        int64_t n = tensor_count(&q->part[i]);
        st = tensor_copy_elements(&a->out[i], row * n, &q->part[i], 0, n);
    }
    drop(q, q->part);
    return st;
}

static void forget_batch(struct queue *q, struct attempt *a)
{
    for (int64_t i = 0; a->held && i < (a->wanted - a->left) * q->n; i++)
        tensor_unref(&a->held[i]);
    mem_free(a->held);
    a->held = NULL;
    drop(q, a->out);
}

static struct status *row_back(struct queue *q, struct attempt *a, int64_t row)
{
    struct status *st = NULL;
    memset(q->part, 0, sizeof *q->part * (size_t)q->n);
    for (int i = 0; i < q->n && !st; i++)
        if (a->held)
            q->part[i] = tensor_ref(&a->held[row * q->n + i]);
        else
            st = array_row(a->k->env->buffers, &a->out[i], row, &q->part[i]);
    if (!st)
        st = queue_push_back(q, q->part);
    if (st)
        drop(q, q->part);
    return st;
}

/* What was taken stands in the queue again, as if it had never left it. */
static struct status *give_back(struct queue *q, struct attempt *a)
{
    struct status *st = NULL;
    for (int64_t i = a->wanted - a->left - 1; i >= 0 && !st; i--)
        st = row_back(q, a, i);
    forget_batch(q, a);
    a->left = a->wanted;
    return st;
}

static struct status *finish_batch(struct queue *q, struct attempt *a)
{
    if (q->order != QUEUE_PADDING)
        return NULL;
    struct status *st = queue_pad(q, a->k->env->buffers, a->wanted, a->held, a->out);
    for (int64_t i = 0; i < a->wanted * q->n; i++)
        tensor_unref(&a->held[i]);
    mem_free(a->held);
    a->held = NULL;
    return st;
}

static enum progress fail_batch(struct queue *q, struct attempt *a, struct status *st)
{
    forget_batch(q, a);
    return end(a, st);
}

static enum progress fill_batch(struct queue *q, struct attempt *a)
{
    enum progress moved = STAYS;
    struct status *st = NULL;
    int64_t n = available(q);
    if (!a->out[0].buf && !a->held && (n || !a->left))
        st = make_batch(q, a);
    for (; n > 0 && a->left && !st; n--, moved = MOVES) {
        st = add_row(q, a, a->wanted - a->left);
        a->left--;
    }
    if (st)
        return fail_batch(q, a, st);
    return a->left ? moved : end(a, finish_batch(q, a));
}

static enum progress take_many(struct queue *q, struct attempt *a)
{
    if (q->closed && q->size < a->left) {
        struct status *why = too_few(q, a->left), *st = give_back(q, a);
        if (st || a->kind == DEQUEUE_MANY || !q->size) {
            status_free(st ? why : NULL);
            return end(a, st ? st : why);
        }
        status_free(why);
        a->wanted = a->left = q->size;
    }
    return fill_batch(q, a);
}

/* ---- the lines ---- */

static int line_of(const struct attempt *a) { return a->kind >= DEQUEUE; }

static enum progress advance(struct queue *q, struct attempt *a)
{
    switch (a->kind) {
    case ENQUEUE:
    case ENQUEUE_MANY:
        return put(q, a);
    case CLOSE:
        return close_it(q, a);
    case DEQUEUE:
        return take_one(q, a);
    default:
        return take_many(q, a);
    }
}

static void leave(struct queue *q, struct attempt *a)
{
    struct attempt **at = &q->line[line_of(a)];
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    a->done = true;
    if (a->sleeps)
        pthread_cond_signal(&a->changed);
}

static bool serve_line(struct queue *q, int line)
{
    bool moved = false;
    for (struct attempt *a; (a = q->line[line]); moved = true) {
        enum progress how = advance(q, a);
        if (how != ENDS)
            return moved || how == MOVES;
        leave(q, a);
    }
    return moved;
}

static void serve(struct queue *q)
{
    bool moved = true;
    while (moved) {
        moved = serve_line(q, 0);
        moved |= serve_line(q, 1);
    }
}

static void cancel_enqueues(struct queue *q)
{
    for (struct attempt *a; (a = q->line[0]); leave(q, a))
        a->st = status_new(CANCELLED, "Enqueue operation was cancelled");
    q->closed = true;
}

/* ---- asking ---- */

/* It would not be served at once, or not wholly. */
static bool would_wait(const struct queue *q, const struct attempt *a)
{
    if (q->line[line_of(a)])
        return true;
    if (a->kind >= DEQUEUE)
        return !q->closed && available(q) < a->wanted;
    return !q->closed && a->kind != CLOSE && q->size + a->wanted > q->capacity;
}

static void stand_in_line(struct queue *q, struct attempt *a)
{
    struct attempt **at = &q->line[line_of(a)];
    while (*at)
        at = &(*at)->next;
    *at = a;
    serve(q);
}

static void cancel(struct queue *q, struct attempt *a)
{
    leave(q, a);
    if (a->kind >= DEQUEUE_MANY)
        status_free(give_back(q, a));       /* without memory they are lost */
    a->st = status_new(CANCELLED, "%s operation was cancelled",
                       a->kind >= DEQUEUE ? "Dequeue" : "Enqueue");
    serve(q);
}

static void sleep_in_line(struct queue *q, struct attempt *a)
{
    wait_init(&a->changed);
    a->sleeps = true;
    bool over = false;
    while (!a->done && !over)
        over = kernel_wait(a->k, &a->changed, &q->handle.lock);
    if (!a->done)
        cancel(q, a);
    pthread_cond_destroy(&a->changed);
}

static struct status *attempt_locked(struct queue *q, struct attempt *a)
{
    a->left = a->wanted;
    if (a->kind == CLOSE_NOW) {
        cancel_enqueues(q);
        serve(q);
        return NULL;
    }
    if (!a->wanted && a->kind >= DEQUEUE) {         /* TF: it need not stand in line */
        (void)advance(q, a);
        return a->st;
    }
    if (!a->k->env->may_wait && would_wait(q, a))
        return status_would_wait();
    stand_in_line(q, a);
    if (!a->done)
        sleep_in_line(q, a);
    return a->st;
}

struct status *queue_offer(struct queue *q, const struct tensor *part)
{
    pthread_mutex_lock(&q->handle.lock);
    struct status *st = queue_push(q, part);
    if (!st)
        serve(q);
    pthread_mutex_unlock(&q->handle.lock);
    return st;
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->handle.lock);
    q->closed = true;
    serve(q);
    pthread_mutex_unlock(&q->handle.lock);
}

struct status *queue_attempt(struct queue *q, struct attempt *a)
{
    pthread_mutex_lock(&q->handle.lock);
    struct status *st = attempt_locked(q, a);
    pthread_mutex_unlock(&q->handle.lock);
    return st;
}

struct status *queue_take(struct kernel *k, struct queue *q, struct tensor *part)
{
    return queue_attempt(q, &(struct attempt){ .k = k, .kind = DEQUEUE, .wanted = 1, .out = part });
}
