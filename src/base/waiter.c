#include "base/waiter.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

enum { STAYS_S = 5 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t offer;               /* on the monotonic clock */
    struct pool_task *first, **last;
    int offered, idle, starting;        /* tasks; threads */
    bool started;
} waiters = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- a thread; all under the lock ---- */

static struct pool_task *take_task(void)
{
    struct pool_task *t = waiters.first;
    waiters.first = t->next;
    if (!waiters.first)
        waiters.last = &waiters.first;
    waiters.offered--;
    return t;
}

/* Is there a task, sooner or later? */
static bool await_task(void)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STAYS_S;
    waiters.idle++;
    for (int late = 0; !waiters.offered && !late;)
        late = pthread_cond_timedwait(&waiters.offer, &waiters.lock, &until);
    waiters.idle--;
    return waiters.offered;
}

static void *waiter_main(void *unused)
{
    pthread_mutex_lock(&waiters.lock);
    waiters.starting--;
    while (await_task()) {
        struct pool_task *t = take_task();
        pthread_mutex_unlock(&waiters.lock);
        t->fn(t);
        pthread_mutex_lock(&waiters.lock);
    }
    pthread_mutex_unlock(&waiters.lock);
    return unused;
}

/* Like the pool's workers they never see the process's signals. */
static bool start_thread(void)
{
    sigset_t all, old;
    pthread_attr_t attr;
    pthread_t t;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool made = pthread_create(&t, &attr, waiter_main, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    waiters.starting += made;
    return made;
}

/* ---- at the beginning, and in a child ---- */

static void before_fork(void) { pthread_mutex_lock(&waiters.lock); }
static void after_fork(void) { pthread_mutex_unlock(&waiters.lock); }

static void begin(void)
{
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&waiters.offer, &clock);
    pthread_condattr_destroy(&clock);
    waiters.first = NULL;
    waiters.last = &waiters.first;
    waiters.offered = waiters.idle = waiters.starting = 0;
}

static void in_child(void)
{
    pthread_mutex_init(&waiters.lock, NULL);
    begin();
}

static void begin_once(void)
{
    if (waiters.started)
        return;
    waiters.started = true;
    begin();
    pthread_atfork(before_fork, after_fork, in_child);
}

bool waiter_submit(struct pool_task *t)
{
    pthread_mutex_lock(&waiters.lock);
    begin_once();
    bool served = waiters.offered < waiters.idle + waiters.starting || start_thread();
    if (served) {
        t->next = NULL;
        *waiters.last = t;
        waiters.last = &t->next;
        waiters.offered++;
        pthread_cond_signal(&waiters.offer);
    }
    pthread_mutex_unlock(&waiters.lock);
    return served;
}
