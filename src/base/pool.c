/* pool.c - workers that take parts of loops, and tasks.
 *
 * Everything that is offered stands in two lists under one lock; `offered` counts it, so that
 * a spinning worker reads one word and takes the lock only when there is something to take. A
 * loop lives on its caller's stack: helpers enter and leave it under the lock, and the caller
 * returns when none is inside. Helpers only ever run pieces, so waits form a tree: no deadlock.
 */
#include "base/pool.h"
#include "base/clock.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { MOST_THREADS = 256, PIECES_A_THREAD = 4, SPIN_NS = 40000, SPINS_A_LOOK = 64 };

struct loop {
    void (*fn)(void *ctx, int64_t begin, int64_t end);
    void *ctx;
    int64_t n;
    int pieces, wanted;         /* wanted: helpers that may still enter */
    atomic_int piece;           /* the next one to run */
    atomic_int inside;          /* helpers; changed under the lock */
    bool waiting;               /* the caller sleeps until nobody is inside */
    struct loop *next, **link;  /* link is NULL once it is no longer offered */
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t offer, finished;
    struct loop *loops;
    struct pool_task *first, **last;
    int workers, sleeping;
    bool started;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .offer = PTHREAD_COND_INITIALIZER,
           .finished = PTHREAD_COND_INITIALIZER };

static atomic_int size;         /* threads, caller included; 0: not decided */
static atomic_int offered;      /* entries in both lists */
static _Thread_local int self;

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int cpus(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? n : 1;
}

void pool_size_hint(int threads)
{
    int undecided = 0, n = threads > 0 ? threads : cpus();
    atomic_compare_exchange_strong(&size, &undecided, n < MOST_THREADS ? n : MOST_THREADS);
}

int pool_threads(void)
{
    int n = atomic_load_explicit(&size, memory_order_relaxed);
    if (n)
        return n;
    pool_size_hint(0);
    return atomic_load(&size);
}

int pool_self(void) { return self; }

static void run_pieces(struct loop *l)
{
    for (;;) {
        int64_t i = atomic_fetch_add_explicit(&l->piece, 1, memory_order_relaxed);
        if (i >= l->pieces)
            return;
        l->fn(l->ctx, l->n * i / l->pieces, l->n * (i + 1) / l->pieces);
    }
}

/* ---- the lists; all under the lock ---- */

static void unlink_loop(struct loop *l)
{
    if (!l->link)
        return;
    *l->link = l->next;
    if (l->next)
        l->next->link = l->link;
    l->link = NULL;
    atomic_fetch_sub_explicit(&offered, 1, memory_order_relaxed);
}

static void link_loop(struct loop *l)
{
    l->next = pool.loops;
    l->link = &pool.loops;
    if (l->next)
        l->next->link = &l->next;
    pool.loops = l;
    atomic_fetch_add_explicit(&offered, 1, memory_order_relaxed);
}

static struct loop *enter_loop(void)
{
    struct loop *l = pool.loops;
    if (l) {
        atomic_fetch_add_explicit(&l->inside, 1, memory_order_relaxed);
        if (--l->wanted == 0)
            unlink_loop(l);
    }
    return l;
}

/* After the count is down the loop's memory may be gone. */
static void leave_loop(struct loop *l)
{
    unlink_loop(l);             /* no pieces are left for another helper */
    bool waiting = l->waiting;
    if (atomic_fetch_sub_explicit(&l->inside, 1, memory_order_release) == 1 && waiting)
        pthread_cond_broadcast(&pool.finished);
}

static struct pool_task *take_task(void)
{
    struct pool_task *t = pool.first;
    if (t) {
        pool.first = t->next;
        if (!pool.first)
            pool.last = &pool.first;
        atomic_fetch_sub_explicit(&offered, 1, memory_order_relaxed);
    }
    return t;
}

/* ---- workers ---- */

static bool spin_for_offer(void)
{
    for (int64_t end = clock_ns() + SPIN_NS; clock_ns() < end;)
        for (int i = 0; i < SPINS_A_LOOK; i++) {
            if (atomic_load_explicit(&offered, memory_order_relaxed))
                return true;
            relax();
        }
    return false;
}

/* Both are called and return with the lock held. */
static bool loop_once(void)
{
    struct loop *l = enter_loop();
    if (!l)
        return false;
    pthread_mutex_unlock(&pool.lock);
    run_pieces(l);
    pthread_mutex_lock(&pool.lock);
    leave_loop(l);
    return true;
}

static bool task_once(void)
{
    struct pool_task *t = take_task();
    if (!t)
        return false;
    pthread_mutex_unlock(&pool.lock);
    t->fn(t);
    pthread_mutex_lock(&pool.lock);
    return true;
}

static void *worker_main(void *index)
{
    self = (int)(intptr_t)index;
    pthread_mutex_lock(&pool.lock);
    for (;;) {
        while (loop_once() || task_once())      /* loops first: someone waits for them */
            ;
        pthread_mutex_unlock(&pool.lock);
        bool offer = spin_for_offer();
        pthread_mutex_lock(&pool.lock);
        while (!offer && !atomic_load_explicit(&offered, memory_order_relaxed)) {
            pool.sleeping++;
            pthread_cond_wait(&pool.offer, &pool.lock);
            pool.sleeping--;
        }
    }
    return NULL;
}

static void before_fork(void) { pthread_mutex_lock(&pool.lock); }
static void after_fork(void) { pthread_mutex_unlock(&pool.lock); }

/* The child has one thread: its pool starts anew, and what others had offered is not its. */
static void in_child(void)
{
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.offer, NULL);
    pthread_cond_init(&pool.finished, NULL);
    pool.loops = NULL;
    pool.first = NULL;
    pool.last = &pool.first;
    pool.workers = pool.sleeping = 0;
    pool.started = false;
    atomic_store(&offered, 0);
    self = 0;
}

/* Workers never see the process's signals: those are for threads that the user knows of. */
static void start_workers(void)
{
    static bool watched;
    if (!watched)
        pthread_atfork(before_fork, after_fork, in_child);
    watched = pool.started = true;
    pool.last = &pool.first;
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_t t;
    while (pool.workers < pool_threads() - 1 &&
           pthread_create(&t, &attr, worker_main, (void *)(intptr_t)(pool.workers + 1)) == 0)
        pool.workers++;
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void lock_started(void)
{
    pthread_mutex_lock(&pool.lock);
    if (!pool.started)
        start_workers();
}

static void unlock_and_wake(int most)
{
    int n = pool.sleeping < most ? pool.sleeping : most;
    pthread_mutex_unlock(&pool.lock);
    for (; n > 0; n--)
        pthread_cond_signal(&pool.offer);
}

/* ---- what others call ---- */

static void wait_until_left(struct loop *l)
{
    for (int64_t end = 0, spins = 0; atomic_load_explicit(&l->inside, memory_order_acquire);) {
        relax();
        if (++spins % SPINS_A_LOOK)
            continue;
        end = end ? end : clock_ns() + SPIN_NS;
        if (clock_ns() < end)
            continue;
        pthread_mutex_lock(&pool.lock);
        l->waiting = true;
        while (atomic_load_explicit(&l->inside, memory_order_acquire))
            pthread_cond_wait(&pool.finished, &pool.lock);
        pthread_mutex_unlock(&pool.lock);
    }
}

static void loop_together(struct loop *l)
{
    lock_started();
    link_loop(l);
    unlock_and_wake(l->wanted);
    run_pieces(l);
    pthread_mutex_lock(&pool.lock);
    unlink_loop(l);
    pthread_mutex_unlock(&pool.lock);
    wait_until_left(l);
}

void pool_for(int64_t n, int64_t grain, int max_threads,
              void (*fn)(void *ctx, int64_t begin, int64_t end), void *ctx)
{
    if (n <= 0)
        return;
    int threads = max_threads == 1 ? 1 : pool_threads();
    if (max_threads > 0 && threads > max_threads)
        threads = max_threads;
    int64_t pieces = grain > 1 ? n / grain : n;
    if (threads > pieces)
        threads = (int)pieces;
    if (threads <= 1) {
        fn(ctx, 0, n);
        return;
    }
    if (pieces > threads * PIECES_A_THREAD)
        pieces = threads * PIECES_A_THREAD;
    struct loop l = { .fn = fn, .ctx = ctx, .n = n, .pieces = (int)pieces, .wanted = threads - 1 };
    loop_together(&l);
}

void pool_submit(struct pool_task *t)
{
    lock_started();
    if (pool.workers == 0) {
        pthread_mutex_unlock(&pool.lock);
        t->fn(t);
        return;
    }
    t->next = NULL;
    *pool.last = t;
    pool.last = &t->next;
    atomic_fetch_add_explicit(&offered, 1, memory_order_relaxed);
    unlock_and_wake(1);
}

bool pool_withdraw(struct pool_task *t)
{
    pthread_mutex_lock(&pool.lock);
    struct pool_task **at = &pool.first;
    while (*at && *at != t)
        at = &(*at)->next;
    bool there = *at;
    if (there) {
        *at = t->next;
        if (!*at)
            pool.last = at;
        atomic_fetch_sub_explicit(&offered, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&pool.lock);
    return there;
}

bool pool_help(void)
{
    relax();
    if (!atomic_load_explicit(&offered, memory_order_relaxed))
        return false;
    pthread_mutex_lock(&pool.lock);
    bool helped = loop_once();
    pthread_mutex_unlock(&pool.lock);
    return helped;
}
