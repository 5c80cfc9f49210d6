/* gemm_bytes_test.c - products of bytes against three loops: shapes on either side of a block and
 * of a tile, transposes, zeros that are no bytes, one thread and several. */
#include "num/gemm_bytes.h"

#include "base/mem.h"
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static uint32_t one(const struct gemm *g, const uint8_t *a, int32_t zero_a, const uint8_t *b,
                    int32_t zero_b, int64_t i, int64_t j)
{
    uint32_t sum = 0;
    for (int64_t p = 0; p < g->k; p++) {
        uint32_t x = a[g->a == GEMM_N ? i * g->k + p : p * g->m + i];
        uint32_t y = b[g->b == GEMM_N ? p * g->n + j : j * g->k + p];
        sum += (x - (uint32_t)zero_a) * (y - (uint32_t)zero_b);
    }
    return sum;
}

static uint8_t *bytes(int64_t n, bool most)
{
    uint8_t *x = mem_alloc((size_t)n + 1);
    for (int64_t i = 0; i < n; i++)
        x[i] = most ? 255 : (uint8_t)(rand() >> 8);
    return x;
}

static void check(int64_t m, int64_t n, int64_t k, int32_t zero_a, int32_t zero_b, bool most)
{
    for (int way = 0; way < 8; way++) {
        struct gemm g = gemm_dense(way & 1 ? GEMM_T : GEMM_N, way & 2 ? GEMM_T : GEMM_N, m, n, k,
                                   way & 4 ? 0 : 1);
        uint8_t *a = bytes(m * k, most), *b = bytes(k * n, most);
        int32_t *c = mem_alloc((size_t)(m * n) * sizeof *c + 1);
        void *scratch = aligned_alloc(64, gemm_bytes_scratch(&g) + 64 -
                                              gemm_bytes_scratch(&g) % 64);
        assert_null(gemm_bytes_ready(&g));
        gemm_bytes(&g, a, zero_a, b, zero_b, c, scratch);
        for (int64_t i = 0; i < m * n; i++)
            assert_int_equal((uint32_t)c[i], one(&g, a, zero_a, b, zero_b, i / n, i % n));
        free(scratch);
        mem_free(a);
        mem_free(b);
        mem_free(c);
    }
}

static void products(void **state)
{
    (void)state;
    check(2, 3, 4, 0, 0, false);
    check(1, 1, 1, 7, 255, false);
    check(5, 0, 3, 1, 2, false);
    check(0, 5, 3, 1, 2, false);
    check(3, 4, 0, 1, 2, false);
    check(37, 19, 257, 128, 3, false);
    check(600, 40, 70, 17, 200, false);
    check(70, 5000, 3, 17, 200, false);
    check(9, 33, 700, -1000000000, 300, false);
    check(3, 3, 512, 0, 0, true);
    check(40, 70, 1000, INT32_MIN, INT32_MAX, true);
}

int main(void)
{
    pool_size_hint(4);
    const struct CMUnitTest tests[] = { cmocka_unit_test(products) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
