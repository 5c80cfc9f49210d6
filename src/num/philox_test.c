/* The generator's published answers, and that skipping is the same as counting. */
#include "num/philox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void answers_as_published(void **unused)
{
    (void)unused;
    const struct { struct philox at; uint32_t want[4]; } known[] = {
        { { { 0, 0 }, 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { { 0xffffffff, 0xffffffff }, ~0ull, ~0ull },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { { 0xa4093822, 0x299f31d0 }, 0x85a308d3243f6a88, 0x0370734413198a2e },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t one[1][4], lanes[32][4];
        struct philox p = known[i].at, q = p;
        philox_blocks(&p, 1, one);
        philox_blocks(&q, 32, lanes);
        assert_memory_equal(one[0], known[i].want, sizeof one[0]);
        assert_memory_equal(lanes[0], known[i].want, sizeof one[0]);
    }
}

static void many_are_the_same_as_one_by_one(void **unused)
{
    (void)unused;
    uint32_t all[77][4], each[77][4];
    struct philox p = philox_seed(5, 6), q;
    p.low = ~0ull - 10;                 /* the carry falls among the lanes */
    q = p;
    philox_blocks(&p, 77, all);
    for (int i = 0; i < 77; i++)
        philox_blocks(&q, 1, &each[i]);
    assert_memory_equal(all, each, sizeof all);
    assert_int_equal(p.low, 66);
    assert_int_equal(p.high, 7);
    assert_memory_equal(&p, &q, sizeof p);
}

static void words_follow_the_blocks(void **unused)
{
    (void)unused;
    uint32_t block[3][4];
    struct philox p = philox_seed(1, 2);
    struct philox_words w = philox_words(p);
    philox_skip(&w.at, 1);
    philox_blocks(&p, 3, block);
    for (int i = 0; i < 8; i++)
        assert_int_equal(philox_next(&w), block[1 + i / 4][i % 4]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_published),
        cmocka_unit_test(many_are_the_same_as_one_by_one),
        cmocka_unit_test(words_follow_the_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
