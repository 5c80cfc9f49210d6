#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { N = 10000 };

struct seen { atomic_uchar hit[N]; atomic_int pieces; int64_t least; };

static void mark(void *ctx, int64_t begin, int64_t end)
{
    struct seen *s = ctx;
    atomic_fetch_add(&s->pieces, 1);
    if (end - begin < s->least)
        abort();
    for (int64_t i = begin; i < end; i++)
        atomic_fetch_add(&s->hit[i], 1);
}

static void check_once(struct seen *s, int64_t n, int64_t grain, int threads)
{
    memset(s, 0, sizeof *s);
    s->least = n < grain ? n : grain;
    pool_for(n, grain, threads, mark, s);
    for (int64_t i = 0; i < N; i++)
        assert_int_equal(atomic_load(&s->hit[i]), i < n);
}

static void every_item_once(void **state)
{
    (void)state;
    static struct seen s;
    for (int round = 0; round < 50; round++)
        for (int threads = 0; threads < 6; threads++)
            for (int64_t grain = 0; grain < 2000; grain = 7 * grain + 1)
                check_once(&s, (round * 977) % (N + 1), grain, threads);
    check_once(&s, N, N / 2 + 1, 0);            /* not enough for two */
    assert_int_equal(atomic_load(&s.pieces), 1);
    check_once(&s, N, 1, 1);
    assert_int_equal(atomic_load(&s.pieces), 1);
    check_once(&s, 0, 1, 0);
    assert_int_equal(atomic_load(&s.pieces), 0);
}

static void inner(void *ctx, int64_t begin, int64_t end)
{
    atomic_fetch_add((atomic_long *)ctx, end - begin);
}

static void outer(void *ctx, int64_t begin, int64_t end)
{
    for (int64_t i = begin; i < end; i++)
        pool_for(100, 1, 0, inner, ctx);
}

static void nested(void **state)
{
    (void)state;
    atomic_long sum = 0;
    for (int i = 0; i < 200; i++)
        pool_for(20, 1, 0, outer, &sum);
    assert_int_equal(sum, 200 * 20 * 100);
}

static void *loops(void *ctx)
{
    for (int i = 0; i < 200; i++)
        pool_for(16, 1, 0, outer, ctx);
    return NULL;
}

static void many_callers(void **state)
{
    (void)state;
    atomic_long sum = 0;
    pthread_t t[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&t[i], NULL, loops, &sum), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(sum, 8 * 200 * 16 * 100);
}

struct work { struct pool_task task; atomic_int *left; };

static void work_done(struct pool_task *t)
{
    struct work *w = (struct work *)t;
    atomic_fetch_sub(w->left, 1);
}

static void submit(void **state)
{
    (void)state;
    static struct work w[1000];
    atomic_int left = 1000;
    for (int i = 0; i < 1000; i++) {
        w[i] = (struct work){ { work_done, NULL }, &left };
        pool_submit(&w[i].task);
    }
    while (atomic_load(&left))
        sched_yield();
}

/* Withdrawn or done, never both, never neither. */
static void withdraw(void **state)
{
    (void)state;
    for (int round = 0; round < 500; round++) {
        struct work w[8];
        atomic_int left = 8;
        for (int i = 0; i < 8; i++) {
            w[i] = (struct work){ { work_done, NULL }, &left };
            pool_submit(&w[i].task);
        }
        for (int i = 7; i >= 0; i -= 2)
            if (pool_withdraw(&w[i].task))
                atomic_fetch_sub(&left, 1);
        while (atomic_load(&left) > 0)
            sched_yield();
        assert_int_equal(left, 0);
        assert_false(pool_withdraw(&w[0].task));
    }
}

static void wakes_sleepers(void **state)
{
    (void)state;
    atomic_long sum = 0;
    for (int i = 0; i < 20; i++) {
        usleep(2000);
        pool_for(1000, 1, 0, inner, &sum);
    }
    assert_int_equal(sum, 20000);
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

static void forked(void **state)
{
    (void)state;
#ifdef __SANITIZE_THREAD__
    skip();                     /* it cannot follow a child that starts threads */
#endif
    atomic_long sum = 0;
    pool_for(1000, 1, 0, inner, &sum);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        loops(&sum);
        _exit(sum == 1000 + 200 * 16 * 100 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void size_is_decided_once(void **state)
{
    (void)state;
    int n = pool_threads();
    assert_int_equal(n, 4);
    pool_size_hint(n + 3);
    assert_int_equal(pool_threads(), n);
    assert_int_equal(pool_self(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_is_decided_once), cmocka_unit_test(every_item_once),
        cmocka_unit_test(nested),               cmocka_unit_test(many_callers),
        cmocka_unit_test(submit),               cmocka_unit_test(withdraw),
        cmocka_unit_test(wakes_sleepers),       cmocka_unit_test(forked),
    };
    pool_size_hint(4);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
