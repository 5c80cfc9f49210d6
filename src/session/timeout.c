#include "session/timeout.h"
#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;             /* on the monotonic clock */
    struct watch *first;
    int64_t wakes_ns;                   /* when the thread will look again */
    bool running;
} watcher = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void expire(int64_t now)
{
    watcher.wakes_ns = INT64_MAX;
    for (struct watch *w = watcher.first; w; w = w->next)
        if (w->expired) {
            continue;
        } else if (w->deadline_ns <= now) {
            w->expired = true;
            atomic_store(&w->cancelled, 1);
        } else if (w->deadline_ns < watcher.wakes_ns) {
            watcher.wakes_ns = w->deadline_ns;
        }
}

static void *watcher_main(void *unused)
{
    pthread_mutex_lock(&watcher.lock);
    for (;;) {
        expire(clock_ns());
        if (watcher.wakes_ns == INT64_MAX) {
            pthread_cond_wait(&watcher.changed, &watcher.lock);
        } else {
            struct timespec t = { (time_t)(watcher.wakes_ns / 1000000000),
                                  (long)(watcher.wakes_ns % 1000000000) };
            pthread_cond_timedwait(&watcher.changed, &watcher.lock, &t);
        }
    }
    return unused;
}

static void before_fork(void) { pthread_mutex_lock(&watcher.lock); }
static void after_fork(void) { pthread_mutex_unlock(&watcher.lock); }

static void in_child(void)
{
    pthread_mutex_init(&watcher.lock, NULL);
    watcher.first = NULL;
    watcher.running = false;
}

static bool start_thread(void)
{
    static bool watched;
    pthread_condattr_t clock;
    pthread_attr_t attr;
    pthread_t t;
    sigset_t all, old;
    if (!watched)
        pthread_atfork(before_fork, after_fork, in_child);
    watched = true;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&watcher.changed, &clock);
    pthread_condattr_destroy(&clock);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    watcher.running = pthread_create(&t, &attr, watcher_main, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    return watcher.running;
}

static void link_watch(struct watch *w)
{
    w->next = watcher.first;
    w->link = &watcher.first;
    if (w->next)
        w->next->link = &w->next;
    watcher.first = w;
    if (w->deadline_ns < watcher.wakes_ns)
        pthread_cond_signal(&watcher.changed);
}

struct status *watch_begin(struct watch *w, const void *owner, int64_t timeout_ms)
{
    const int64_t most = INT64_MAX / 4;
    int64_t ns = timeout_ms > most / 1000000 ? most : timeout_ms * 1000000;
    *w = (struct watch){ .owner = owner, .deadline_ns = clock_ns() + ns };
    pthread_mutex_lock(&watcher.lock);
    bool there = watcher.running || start_thread();
    if (there)
        link_watch(w);
    pthread_mutex_unlock(&watcher.lock);
    return there ? NULL : status_new(RESOURCE_EXHAUSTED, "No thread could be made to watch the "
                                     "run's timeout");
}

bool watch_end(struct watch *w)
{
    pthread_mutex_lock(&watcher.lock);
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    bool expired = w->expired;
    pthread_mutex_unlock(&watcher.lock);
    return expired;
}

void watch_cancel(const void *owner)
{
    pthread_mutex_lock(&watcher.lock);
    for (struct watch *w = watcher.first; w; w = w->next)
        if (w->owner == owner)
            atomic_store(&w->cancelled, 1);
    pthread_mutex_unlock(&watcher.lock);
}
