/* crc32c.c - a checksum is the remainder of a polynomial over GF(2); that of two pieces joined is
 * the first one's times x^(8 * length of the second), plus the second one's. So long input is cut
 * in three, which the instruction's latency of three leaves room for, and joined by tables. */
#include "io/crc32c.h"

#include <pthread.h>
#include <string.h>

enum { LONG = 8192, SHORT = 256 };      /* bytes of a stream before three are joined */

#define POLY 0x82f63b78u                /* bits reversed: the highest is x^0 */

static uint32_t byte_table[8][256], long_table[4][256], short_table[4][256];

static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
        product ^= a & bit ? b : 0;
        b = b >> 1 ^ (b & 1 ? POLY : 0);
    }
    return product;
}

/* x^(8 n) */
static uint32_t power(uint64_t n)
{
    uint32_t result = 1u << 31, square = 1u << 23;
    for (; n; n >>= 1, square = multiply(square, square))
        if (n & 1)
            result = multiply(result, square);
    return result;
}

static void fill_shift(uint32_t table[4][256], uint64_t n)
{
    uint32_t by = power(n);
    for (int k = 0; k < 4; k++)
        for (uint32_t i = 0; i < 256; i++)
            table[k][i] = multiply(by, i << 8 * k);
}

static void fill_tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t v = i;
        for (int bit = 0; bit < 8; bit++)
            v = v >> 1 ^ (v & 1 ? POLY : 0);
        byte_table[0][i] = v;
    }
    for (int k = 1; k < 8; k++)
        for (uint32_t i = 0; i < 256; i++)
            byte_table[k][i] = byte_table[k - 1][i] >> 8 ^
                               byte_table[0][byte_table[k - 1][i] & 255];
    fill_shift(long_table, LONG);
    fill_shift(short_table, SHORT);
}

static void need_tables(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_tables);
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Eight bytes at a time through eight tables. */
uint32_t crc32c_extend_plain(uint32_t crc, const void *data, size_t n)
{
    const unsigned char *p = data;
    uint32_t c = ~crc;
    need_tables();
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v = load64(p) ^ c;
        c = 0;
        for (int k = 0; k < 8; k++)
            c ^= byte_table[7 - k][v >> 8 * k & 255];
    }
    while (n--)
        c = c >> 8 ^ byte_table[0][(c ^ *p++) & 255];
    return ~c;
}

uint32_t crc32c_combine(uint32_t a, uint32_t b, uint64_t n_b)
{
    return multiply(power(n_b), a) ^ b;
}

#ifdef __x86_64__

static uint32_t shift(uint32_t table[4][256], uint32_t c)
{
    return table[0][c & 255] ^ table[1][c >> 8 & 255] ^ table[2][c >> 16 & 255] ^ table[3][c >> 24];
}

/* Three streams of `each` bytes, one after the other in memory. */
__attribute__((target("sse4.2")))
static uint32_t three(uint32_t c, const unsigned char *p, size_t each, uint32_t table[4][256])
{
    uint64_t a = c, b = 0, d = 0;
    for (size_t i = 0; i < each; i += 8) {
        a = __builtin_ia32_crc32di(a, load64(p + i));
        b = __builtin_ia32_crc32di(b, load64(p + each + i));
        d = __builtin_ia32_crc32di(d, load64(p + 2 * each + i));
    }
    return shift(table, shift(table, (uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)d;
}

__attribute__((target("sse4.2")))
static uint32_t extend_fast(uint32_t crc, const unsigned char *p, size_t n)
{
    uint32_t c = ~crc;
    for (; n >= 3 * LONG; n -= 3 * LONG, p += 3 * LONG)
        c = three(c, p, LONG, long_table);
    for (; n >= 3 * SHORT; n -= 3 * SHORT, p += 3 * SHORT)
        c = three(c, p, SHORT, short_table);
    for (; n >= 8; n -= 8, p += 8)
        c = (uint32_t)__builtin_ia32_crc32di(c, load64(p));
    while (n--)
        c = __builtin_ia32_crc32qi(c, *p++);
    return ~c;
}

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t n)
{
    if (!__builtin_cpu_supports("sse4.2"))
        return crc32c_extend_plain(crc, data, n);
    if (n >= 3 * SHORT)
        need_tables();
    return extend_fast(crc, data, n);
}

#else

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t n)
{
    return crc32c_extend_plain(crc, data, n);
}

#endif
