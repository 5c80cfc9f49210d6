#include "ops/dataset_thread.h"

struct status *crew_init(struct crew *c)
{
    NEED(c->buffers = buffer_pool_new());
    pthread_mutex_init(&c->lock, NULL);
    wait_init(&c->given);
    wait_init(&c->taken);
    return NULL;
}

static _Thread_local bool here;

bool crew_is_here(void) { return here; }

static void work(struct pool_task *task)
{
    struct crew_thread *t = (struct crew_thread *)task;
    struct crew *c = t->crew;
    struct run_env env = { .buffers = c->buffers, .stop = { .cancelled = &c->stop }, .inter = 1,
                           .may_wait = true };
    here = true;
    t->work(t, &env);
    here = false;
    run_env_tidy(&env);
    pthread_mutex_lock(&c->lock);
    c->threads--;
    pthread_cond_broadcast(&c->given);
    pthread_mutex_unlock(&c->lock);
}

struct status *crew_start(struct crew *c, struct crew_thread *t)
{
    t->task.fn = work;
    t->crew = c;
    pthread_mutex_lock(&c->lock);
    c->threads++;
    pthread_mutex_unlock(&c->lock);
    if (waiter_submit(&t->task))
        return NULL;
    pthread_mutex_lock(&c->lock);
    c->threads--;
    pthread_mutex_unlock(&c->lock);
    return status_new(RESOURCE_EXHAUSTED, "No thread could be made for a dataset");
}

void crew_stop(struct crew *c)
{
    pthread_mutex_lock(&c->lock);
    atomic_store(&c->stop, 1);
    pthread_cond_broadcast(&c->taken);
    while (c->threads)
        pthread_cond_wait(&c->given, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

void crew_release(struct crew *c)
{
    if (!c->buffers)
        return;
    crew_stop(c);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->given);
    pthread_cond_destroy(&c->taken);
    buffer_pool_free(c->buffers);
}
