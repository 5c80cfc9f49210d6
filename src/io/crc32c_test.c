/* crc32c_test.c - checksums of known bytes, both ways, of every length and alignment, joined. */
#include "io/crc32c.h"
#include "test/expect.h"

#include <stdlib.h>

static void known_values(void **state)
{
    unsigned char bytes[32];
    (void)state;
    assert_int_equal(crc32c("123456789", 9), 0xe3069283);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(crc32c(bytes, 32), 0x8a9136aa);
    memset(bytes, 255, sizeof bytes);
    assert_int_equal(crc32c(bytes, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(crc32c(bytes, 32), 0x46dd794e);
    assert_int_equal(crc32c(NULL, 0), 0);
}

static void masks_undo(void **state)
{
    (void)state;
    assert_int_equal(crc32c_mask(0), 0xa282ead8);
    for (uint32_t v = 1; v; v <<= 1) {
        assert_int_equal(crc32c_unmask(crc32c_mask(v)), v);
        assert_true(crc32c_mask(v) != v);
    }
}

static void both_ways_agree(void **state)
{
    static unsigned char bytes[100000];
    (void)state;
    srand(7);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)rand();
    for (size_t n = 0; n < 2000; n++)
        assert_int_equal(crc32c_extend(3, bytes + n % 9, n),
                         crc32c_extend_plain(3, bytes + n % 9, n));
    assert_int_equal(crc32c(bytes, sizeof bytes), crc32c_extend_plain(0, bytes, sizeof bytes));
    assert_int_equal(crc32c(bytes + 1, 99998), crc32c_extend_plain(0, bytes + 1, 99998));
}

static void pieces_join(void **state)
{
    static unsigned char bytes[70000];
    size_t cuts[] = { 0, 1, 7, 300, 33333, 69999, 70000 };
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * i >> 3);
    uint32_t whole = crc32c(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        uint32_t a = crc32c(bytes, cuts[i]), b = crc32c(bytes + cuts[i], sizeof bytes - cuts[i]);
        assert_int_equal(crc32c_combine(a, b, sizeof bytes - cuts[i]), whole);
        assert_int_equal(crc32c_extend(a, bytes + cuts[i], sizeof bytes - cuts[i]), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(masks_undo),
        cmocka_unit_test(both_ways_agree),
        cmocka_unit_test(pieces_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
