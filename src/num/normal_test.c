/* Every word that there is, against libm, with each instruction set. */
#include "num/normal.h"

#include "num/normal_isa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { N = NORMAL_LANES };

typedef void try_fn(const uint32_t *w, float *y, uint32_t *doubt);

/* All radii and all angles, each with one of the other; how many were in doubt. */
static uint32_t doubts_of(try_fn *f)
{
    uint32_t w[2 * N], doubt[N], doubts = 0, differ = 0;
    float y[2 * N], want[2];
    for (uint32_t i = 0; i < 1u << 23; i += N) {
        for (uint32_t j = 0; j < N; j++) {
            w[2 * j] = i + j;
            w[2 * j + 1] = (i + j) * 2654435761u;
        }
        f(w, y, doubt);
        for (int j = 0; j < N; j++) {
            normal_pair(w + 2 * j, want);
            doubts += doubt[j] != 0;
            differ += !doubt[j] && memcmp(y + 2 * j, want, sizeof want) != 0;
        }
    }
    assert_int_equal(differ, 0);
    return doubts;
}

static void what_is_not_in_doubt_is_what_libm_makes(void **unused)
{
    (void)unused;
    assert_true(doubts_of(normal_try_base) < (1u << 23) / 4);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        assert_true(doubts_of(normal_try_avx2) < (1u << 23) / 4);
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        assert_true(doubts_of(normal_try_avx512) < (1u << 23) / 4);
#endif
}

static void any_number_of_pairs_is_right(void **unused)
{
    (void)unused;
    for (int n = 0; n <= 3 * N; n++) {
        uint32_t w[6 * N];
        float y[6 * N + 1], want[2];
        for (int i = 0; i < 2 * n; i++)
            w[i] = (uint32_t)(i * n) * 2654435761u;
        y[2 * n] = 7;
        normal_pairs(w, n, y);
        for (int i = 0; i < n; i++) {
            normal_pair(w + 2 * i, want);
            assert_memory_equal(y + 2 * i, want, sizeof want);
        }
        assert_true(y[2 * n] == 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_in_doubt_is_what_libm_makes),
        cmocka_unit_test(any_number_of_pairs_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
