/* mutex.c - locks that a session's runs share: MutexV2, MutexLock, which waits until it has the
 * lock, and ConsumeMutexLock. A lock that is held is a variant: who gives back the last of it gives
 * back the lock. */
#include "op/wait.h"
#include "ops/shared.h"
#include "tensor/variant.h"

#include "base/mem.h"

/* ---- the lock, and one who holds it ---- */

struct mutex {
    struct variable handle;             /* its lock is for `held` alone */
    pthread_cond_t changed;
    bool held;
};

struct hold {
    struct variant base;
    struct mutex *mutex;                /* a reference; NULL: given back */
};

static bool mutex_init(struct resource *r)
{
    struct mutex *m = (struct mutex *)r;
    wait_init(&m->changed);
    return shared_init(&m->handle);
}

static void mutex_release(struct resource *r)
{
    struct mutex *m = (struct mutex *)r;
    pthread_cond_destroy(&m->changed);
    shared_release(&m->handle);
}

static const struct resource_kind MUTEX = { "mutex", sizeof(struct mutex), mutex_init, NULL,
                                            mutex_release };

static void give_back(struct mutex *m)
{
    if (!m)
        return;
    pthread_mutex_lock(&m->handle.lock);
    m->held = false;
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->handle.lock);
    resource_unref(&m->handle.base);
}

static void hold_free(struct variant *v)
{
    give_back(((struct hold *)v)->mutex);
    mem_free(v);
}

static const struct variant_kind HOLD = { "lock of a mutex", hold_free };

/* ---- kernels ---- */

static struct status *mutex_prepare(struct prep *p)
{
    struct mutex *m;
    return shared_prepare(p, &MUTEX, &m);
}

static struct status *wait_for(const struct kernel *k, struct mutex *m)
{
    bool over = false;
    if (m->held && !k->env->may_wait)
        return status_would_wait();
    while (m->held && !over)
        over = kernel_wait(k, &m->changed, &m->handle.lock);
    if (m->held)
        return status_new(CANCELLED, "Lock acquisition cancelled.");
    m->held = true;
    return NULL;
}

static struct status *lock_run(struct kernel *k)
{
    struct mutex *m;
    TRY(shared_in(k, 0, &MUTEX, &m));
    struct hold *h = mem_new(struct hold);
    NEED(h);
    variant_init(&h->base, &HOLD);
    pthread_mutex_lock(&m->handle.lock);
    struct status *st = wait_for(k, m);
    pthread_mutex_unlock(&m->handle.lock);
    if (!st) {
        resource_ref(&m->handle.base);
        h->mutex = m;
        st = kernel_new(k, 0, DT_VARIANT, &SHAPE_SCALAR);
    }
    if (st)
        variant_unref(&h->base);
    else
        *(struct variant **)kernel_out(k, 0)->data = &h->base;
    return st;
}

/* Given back now, whoever else still has the variant. */
static struct status *consume_run(struct kernel *k)
{
    const struct tensor *x = kernel_in(k, 0);
    ENSURE(x->shape.rank == 0, "Expected input to be a scalar, but saw shape %s",
           SHAPE_STR(&x->shape));
    struct hold *h = *(struct hold **)x->data;
    ENSURE(h && h->base.kind == &HOLD, "Expected input to contain a SharedLockReleaser object, but "
           "saw variant: '%s'", h ? h->base.kind->name : "<empty>");
    give_back(__atomic_exchange_n(&h->mutex, NULL, __ATOMIC_ACQ_REL));
    return NULL;
}

static struct status *lock_shape(struct shape_ctx *c)
{
    TRY(shape_want_rank(shape_in(c, 0), 0));
    return shape_scalar(c);
}

static struct status *consume_shape(struct shape_ctx *c)
{
    return shape_want_rank(shape_in(c, 0), 0);
}

const struct op ops_mutex[] = {
    { .name = "MutexV2", .outputs = "resource: resource",
      .attrs = "container: string = \"\"; shared_name: string = \"\"",
      .doc = "A handle of a lock.", .shape = shape_scalar, .grad = NO_GRADIENT,
      .prepare = mutex_prepare, .kernel_any = kernel_handle, .flags = OP_STATEFUL },
    { .name = "MutexLock", .inputs = "mutex: resource", .outputs = "mutex_lock: variant",
      .doc = "Waits until nobody holds a lock, and holds it until the output is given back.",
      .shape = lock_shape, .grad = NO_GRADIENT, .kernel_any = lock_run,
      .flags = OP_STATEFUL | OP_BLOCKING },
    { .name = "ConsumeMutexLock", .inputs = "mutex_lock: variant",
      .doc = "Gives a lock back that MutexLock gave.", .shape = consume_shape,
      .grad = NO_GRADIENT, .kernel_any = consume_run, .flags = OP_STATEFUL },
    { 0 }
};
