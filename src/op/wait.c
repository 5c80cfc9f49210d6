#include "op/wait.h"

#include <time.h>

enum { LOOK_NS = 20000000 };

void wait_init(pthread_cond_t *changed)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(changed, &clock);
    pthread_condattr_destroy(&clock);
}

bool wait_is_over(const struct stop *s)
{
    for (; s; s = s->outer)
        if (stop_asked(*s) || (s->failed && atomic_load_explicit(s->failed, memory_order_relaxed)))
            return true;
    return false;
}

bool kernel_wait(const struct kernel *k, pthread_cond_t *changed, pthread_mutex_t *lock)
{
    return env_wait(k->env, changed, lock);
}

bool env_wait(const struct run_env *e, pthread_cond_t *changed, pthread_mutex_t *lock)
{
    struct timespec until;
    if (wait_is_over(&e->stop))
        return true;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(changed, lock, &until);
    return wait_is_over(&e->stop);
}
