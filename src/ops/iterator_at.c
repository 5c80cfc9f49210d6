/* iterator_at.c - what an iterator holds: its position, and who takes the next element. */
#include "ops/iterator.h"

#include "base/mem.h"
#include "ops/dataset_thread.h"

struct position {
    struct pool_task later;
    atomic_int refs;
    pthread_mutex_t lock;
    pthread_cond_t free;
    bool busy;                          /* someone takes an element */
    struct cursor *cursor;
};

/* ---- positions ---- */

static void position_free(struct pool_task *later)
{
    struct position *p = (struct position *)later;
    cursor_free(p->cursor);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->free);
    mem_free(p);
}

/* A function that one of its own threads has called may be what ends it, say by closing the
 * session: then another thread waits for that one. */
static void position_unref(struct position *p)
{
    if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    p->later.fn = position_free;
    if (!crew_is_here() || !waiter_submit(&p->later))
        position_free(&p->later);
}

static struct status *position_new(struct dataset *d, struct run_env *env, struct position **p)
{
    struct cursor *c;
    TRY(cursor_new(d, env, &c));
    *p = mem_new(struct position);
    if (!*p) {
        cursor_free(c);
        return status_no_memory();
    }
    (*p)->cursor = c;
    atomic_init(&(*p)->refs, 1);
    pthread_mutex_init(&(*p)->lock, NULL);
    wait_init(&(*p)->free);
    return NULL;
}

/* It is this thread's alone until position_leave(). */
static struct status *position_enter(struct position *p, struct kernel *k)
{
    struct status *st = NULL;
    pthread_mutex_lock(&p->lock);
    if (!k->env->may_wait && (p->busy || !cursor_is_ready(p->cursor)))
        st = status_would_wait();
    while (!st && p->busy)
        if (kernel_wait(k, &p->free, &p->lock))
            st = status_new(CANCELLED, "The step was cancelled while it waited for an element");
    if (!st)
        p->busy = true;
    pthread_mutex_unlock(&p->lock);
    return st;
}

static void position_leave(struct position *p)
{
    pthread_mutex_lock(&p->lock);
    p->busy = false;
    pthread_cond_signal(&p->free);
    pthread_mutex_unlock(&p->lock);
}

/* Kernels below expect outputs of the types that nodes declare, whoever the elements come from. */
static struct status *check_element(const struct tensor *t, int n, const enum dtype *dtype)
{
    for (int i = 0; i < n; i++)
        ENSURE(t[i].dtype == dtype[i], "Data type mismatch at component %d: expected %s but got "
               "%s.", i, dtype_name(dtype[i]), dtype_name(t[i].dtype));
    return NULL;
}

/* What is computed on the way may wait: position_enter() saw to it that this thread may. */
static struct status *position_next(struct position *p, struct kernel *k, int n,
                                    const enum dtype *dtype, struct tensor *out, bool *end)
{
    ENSURE(p->cursor->d->n == n, "Number of components does not match: expected %d types but got "
           "%d.", n, p->cursor->d->n);
    TRY(position_enter(p, k));
    bool may_wait = k->env->may_wait;
    k->env->may_wait = true;
    struct status *st = cursor_next(p->cursor, k->env, out, end);
    k->env->may_wait = may_wait;
    position_leave(p);
    if (!st && !*end)
        st = check_element(out, n, dtype);
    return st;
}

/* ---- iterators ---- */

static bool iterator_init(struct resource *r)
{
    struct iterator *it = (struct iterator *)r;
    wait_init(&it->changed);
    return pthread_mutex_init(&it->lock, NULL) == 0;
}

/* Whoever takes an element at the moment goes on with the old one. */
static void replace(struct iterator *it, struct position *p)
{
    pthread_mutex_lock(&it->lock);
    struct position *old = it->at;
    it->at = p;
    pthread_mutex_unlock(&it->lock);
    position_unref(old);
}

static void iterator_clear(struct resource *r) { replace((struct iterator *)r, NULL); }

static void iterator_release(struct resource *r)
{
    struct iterator *it = (struct iterator *)r;
    iterator_clear(r);
    mem_free(it->dtype);
    mem_free(it->shape);
    pthread_mutex_destroy(&it->lock);
    pthread_cond_destroy(&it->changed);
}

const struct resource_kind ITERATOR = { "iterator", sizeof(struct iterator), iterator_init,
                                        iterator_clear, iterator_release };

struct status *iterator_in(const struct kernel *k, struct iterator **it)
{
    struct resource *r;
    TRY(kernel_resource(k, 0, &ITERATOR, &r));
    *it = (struct iterator *)r;
    return NULL;
}

struct status *iterator_check(const struct iterator *it, const struct dataset_types *t)
{
    if (!it->n)
        return NULL;
    ENSURE(it->n == t->n, "Number of components does not match: expected %d types but got %d.",
           it->n, t->n);
    for (int i = 0; i < it->n; i++)
        ENSURE(it->dtype[i] == t->dtype[i], "Data type mismatch at component %d: expected %s but "
               "got %s.", i, dtype_name(it->dtype[i]), dtype_name(t->dtype[i]));
    for (int i = 0; i < it->n; i++) {
        struct shape both;
        struct status *st = shape_merge(&it->shape[i], &t->shape[i], &both);
        status_free(st);
        ENSURE(!st, "Incompatible shapes at component %d: expected %s but got %s.", i,
               SHAPE_STR(&it->shape[i]), SHAPE_STR(&t->shape[i]));
    }
    return NULL;
}

static struct status *declare(struct iterator *it, const struct dataset_types *t)
{
    if (it->n)
        return iterator_check(it, t);
    it->dtype = mem_alloc((size_t)t->n * sizeof *it->dtype);
    it->shape = mem_alloc((size_t)t->n * sizeof *it->shape);
    if (!it->dtype || !it->shape) {
        mem_free(it->dtype);
        mem_free(it->shape);
        it->dtype = NULL;
        it->shape = NULL;
        return status_no_memory();
    }
    memcpy(it->dtype, t->dtype, (size_t)t->n * sizeof *it->dtype);
    memcpy(it->shape, t->shape, (size_t)t->n * sizeof *it->shape);
    it->n = t->n;
    return NULL;
}

struct status *iterator_declare(struct iterator *it, const struct dataset_types *t)
{
    pthread_mutex_lock(&it->lock);
    struct status *st = declare(it, t);
    pthread_mutex_unlock(&it->lock);
    return st;
}

struct status *iterator_begin(struct iterator *it, struct dataset *d, struct run_env *env)
{
    struct position *p;
    TRY(iterator_check(it, &(struct dataset_types){ d->n, d->dtype, d->shape }));
    TRY(position_new(d, env, &p));
    replace(it, p);
    return NULL;
}

struct status *iterator_next(struct iterator *it, struct kernel *k, int n,
                             const enum dtype *dtype, struct tensor *out, bool *end)
{
    pthread_mutex_lock(&it->lock);
    struct position *p = it->at;
    if (p)
        atomic_fetch_add(&p->refs, 1);
    pthread_mutex_unlock(&it->lock);
    if (!p)
        return status_new(FAILED_PRECONDITION, "GetNext() failed because the iterator has not "
                          "been initialized. Ensure that you have run the initializer operation "
                          "for this iterator before getting the next element.");
    struct status *st = position_next(p, k, n, dtype, out, end);
    position_unref(p);
    return st;
}
