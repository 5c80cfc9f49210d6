/* Quotients and rests against those of integers: pairs at the edges, and many others. */
#include "num/quotient.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void check(int64_t x, int64_t y)
{
    if (!y)
        return;
    int64_t q = x / y, r = x % y;
    if (r && (r < 0) != (y < 0)) {
        q--;
        r += y;
    }
    assert_int_equal(floor_bits(floor_over((double)x, (double)y)), (uint32_t)q);
    assert_true(floor_rest((double)x, (double)y) == (double)r);
}

static void at_the_edges(void **unused)
{
    (void)unused;
    const int64_t edge[] = { INT32_MIN, -65536, 0, 65536, INT32_MAX, UINT32_MAX };
    enum { N = sizeof edge / sizeof *edge, AROUND = 20 };
    for (int i = 0; i < N * AROUND; i++)
        for (int j = 0; j < N * AROUND; j++) {
            int64_t x = edge[i / AROUND] + i % AROUND - AROUND / 2;
            int64_t y = edge[j / AROUND] + j % AROUND - AROUND / 2;
            if ((x >= INT32_MIN && x <= INT32_MAX && y >= INT32_MIN && y <= INT32_MAX) ||
                (x >= 0 && x <= UINT32_MAX && y >= 0 && y <= UINT32_MAX))
                check(x, y);
        }
}

static void of_products_and_their_neighbours(void **unused)
{
    (void)unused;
    uint64_t state = 1;
    for (int i = 0; i < 1000000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int64_t y = (int32_t)(state >> 32) >> (i % 31), q = y ? INT32_MAX / y : 0;
        q = q ? (int64_t)(state & 0x7fffffff) % q : 0;
        for (int64_t x = q * y - 1; x <= q * y + 1; x++)
            check(x, y);
        check((int32_t)(state >> 16), y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_edges),
        cmocka_unit_test(of_products_and_their_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
