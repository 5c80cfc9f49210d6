/* transpose_test.c - moves of random layouts agree with moving element by element. */
#include "num/transpose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MOST = 1 << 16 };

static unsigned char from[MOST * 16], to[MOST * 16], want[MOST * 16];

static void move_plainly(const struct layout *l, int depth, size_t size, unsigned char *y,
                         const unsigned char *x)
{
    if (depth == l->rank) {
        memcpy(y, x, size);
        return;
    }
    for (int64_t i = 0; i < l->dim[depth]; i++)
        move_plainly(l, depth + 1, size, y + i * l->to[depth] * (int64_t)size,
                     x + i * l->from[depth] * (int64_t)size);
}

/* Dense on one side; on the other the dimensions are in another order, reversed or repeated. */
static struct layout random_layout(unsigned *seed, int64_t *from_at)
{
    struct layout l = { .rank = rand_r(seed) % 5 };
    int order[8];
    int64_t n = 1, m = 1;
    for (int i = 0; i < l.rank; i++) {
        l.dim[i] = 1 + rand_r(seed) % (l.rank > 3 ? 9 : l.rank == 3 ? 37 : 200);
        order[i] = i;
    }
    for (int i = 0; i < l.rank; i++) {
        int j = rand_r(seed) % l.rank, swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    *from_at = 0;
    for (int i = l.rank - 1; i >= 0; i--) {
        int j = order[i], kind = rand_r(seed) % 8;
        l.to[i] = n;
        n *= l.dim[i];
        l.from[j] = kind == 0 ? 0 : kind == 1 ? -m : m;
        *from_at += kind == 1 ? m * (l.dim[j] - 1) : 0;
        m *= l.dim[j];
    }
    return l;
}

static void moves_agree(void **state)
{
    (void)state;
    unsigned seed = 7;
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (unsigned char)rand_r(&seed);
    for (int i = 0; i < 2000; i++) {
        int64_t at, n;
        struct layout l = random_layout(&seed, &at), simple = l;
        size_t size = (size_t)1 << i % 5;
        n = layout_count(&l);
        assert_true(n <= MOST);
        move_plainly(&l, 0, size, want, from + at * (int64_t)size);
        layout_simplify(&simple);
        assert_int_equal(layout_count(&simple), n);
        transpose_move(&simple, size, to, from + at * (int64_t)size);
        assert_memory_equal(to, want, (size_t)n * size);
    }
}

static void layouts_are_simplified(void **state)
{
    (void)state;
    struct layout l = { 4, { 2, 1, 3, 4 }, { 12, 12, 4, 1 }, { 12, 5, 4, 1 } };
    layout_simplify(&l);
    assert_int_equal(l.rank, 1);
    assert_int_equal(l.dim[0], 24);
    l = (struct layout){ 3, { 2, 3, 4 }, { 12, 4, 1 }, { 1, 2, 6 } };
    layout_simplify(&l);
    assert_int_equal(l.rank, 3);
    assert_int_equal(l.from[1], 1);     /* read along the last but one, written along the last */
    assert_int_equal(l.to[2], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_agree), cmocka_unit_test(layouts_are_simplified)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
