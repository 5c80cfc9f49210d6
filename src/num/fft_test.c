/* FFTW's plans: kept, dropped when there are too many, and shared by threads. What transforms give
 * is ops/fft.cases'. */
#include "base/mem.h"
#include "num/fft.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct fft of_size(int n, bool wide)
{
    return (struct fft){ .kind = FFT_FORWARD, .wide = wide, .rank = 1, .n = { n }, .many = 1 };
}

static struct fft_plan *take(int n, bool wide)
{
    struct fft f = of_size(n, wide);
    struct fft_plan *p = NULL;
    struct status *st = fft_take(&f, &p);
    assert_null(st);
    return p;
}

static void the_same_is_planned_once(void **state)
{
    (void)state;
    struct fft_plan *a = take(8, true), *b = take(8, true), *c = take(8, false);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    fft_give(a);
    fft_give(b);
    fft_give(c);
}

/* 1 at place 1 becomes exp(-2 pi i k / n). */
static void check(const struct fft_plan *p, int n)
{
    double in[2 * 300] = { 0 }, out[2 * 300];
    in[2] = 1;
    fft_run(p, in, out);
    for (int k = 0; k < n; k++)
        assert_true(fabs(out[2 * k] - cos(2 * M_PI * k / n)) < 1e-12 &&
                    fabs(out[2 * k + 1] + sin(2 * M_PI * k / n)) < 1e-12);
}

static void a_plan_outlives_its_place(void **state)
{
    (void)state;
    struct fft_plan *first = take(9, true);
    for (int n = 10; n < 300; n++)
        fft_give(take(n, true));
    size_t held = mem_live();
    for (int n = 10; n < 300; n++)
        fft_give(take(n, true));
    assert_int_equal(mem_live(), held);
    check(first, 9);
    fft_give(first);
    assert_true(mem_live() < held);
}

static void *many(void *from)
{
    for (int i = 0; i < 300; i++) {
        int n = 2 + (*(int *)from + i * 7) % 150;
        struct fft_plan *p = take(n, true);
        check(p, n);
        fft_give(p);
    }
    return NULL;
}

static void threads_plan_side_by_side(void **state)
{
    (void)state;
    pthread_t thread[4];
    int from[4] = { 0, 1, 50, 99 };
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, many, &from[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_planned_once),
        cmocka_unit_test(a_plan_outlives_its_place),
        cmocka_unit_test(threads_plan_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
